//! Who and what a synthetic study is: patient, study, series, and UIDs that follow from names.

use engine::dicom::write::{CharacterSet, DateTime, Equipment, Patient, Series, Sex, Study, derived_uid};

use crate::Options;

/// A synthetic patient's study.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Name of the study's folder; part of every UID.
    pub name: &'static str,
    /// Patient's name in PN form.
    pub patient: &'static str,
    /// How text is stored.
    pub character_set: CharacterSet,
    /// Study Description.
    pub description: &'static str,
    /// Study Date and Time.
    pub start: DateTime,
    /// Body Part Examined.
    pub body_part: &'static str,
    /// Patient's Weight.
    pub weight_kg: f64,
    /// What was asked for.
    pub options: Options,
}

impl Identity {
    /// The UID of a list of names in this study.
    pub fn uid(&self, names: &[&str]) -> String {
        let seed = self.options.seed.to_string();
        let own = ["uptake testdata", self.name, self.options.size.name(), &seed];
        derived_uid(&own.into_iter().chain(names.iter().copied()).collect::<Vec<_>>())
    }

    /// The one frame of reference of the study.
    pub fn frame_of_reference_uid(&self) -> String {
        self.uid(&["frame of reference"])
    }

    /// The study.
    pub fn study(&self) -> Study {
        Study {
            character_set: self.character_set,
            patient: Patient {
                name: self.patient.to_owned(),
                id: format!("{}{:04}", self.name.to_uppercase(), self.options.seed % 10_000),
                birth_date: Some(DateTime::new(1961, 3, 14, 0, 0, 0)),
                sex: Some(Sex::Male),
                weight_kg: Some(self.weight_kg),
                height_m: Some(1.75),
            },
            study_instance_uid: self.uid(&["study"]),
            start: Some(self.start),
            id: "1".to_owned(),
            accession_number: format!("A{:07}", self.options.seed % 10_000_000),
            description: self.description.to_owned(),
        }
    }

    /// The UID of a series by its name.
    pub fn series_uid(&self, name: &str) -> String {
        self.uid(&["series", name])
    }

    /// A series in the frame of reference of the study.
    pub fn series(&self, name: &str, number: i64, description: &str, start: DateTime) -> Series {
        Series {
            series_instance_uid: self.series_uid(name),
            number,
            description: description.to_owned(),
            start,
            frame_of_reference_uid: Some(self.frame_of_reference_uid()),
            patient_position: "HFS",
            body_part: self.body_part,
            equipment: Equipment {
                manufacturer: "Uptake".to_owned(),
                model: "Synthetic scanner".to_owned(),
                serial_number: "1".to_owned(),
                software: "1".to_owned(),
            },
        }
    }

    /// A series without a place in the patient.
    pub fn unplaced_series(&self, name: &str, number: i64, description: &str, start: DateTime) -> Series {
        Series {
            frame_of_reference_uid: None,
            ..self.series(name, number, description, start)
        }
    }
}
