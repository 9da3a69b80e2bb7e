//! The modules that all objects share: patient, study, series, equipment, image plane.

use dicom_dictionary_std::tags;

use super::{Code, Dataset, DateTime};
use crate::geometry::{Patient as PatientSpace, Point, Vector};

/// Specific Character Set (0008,0005): how text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CharacterSet {
    /// UTF-8, `ISO_IR 192`.
    #[default]
    Utf8,
    /// Chinese, `GB18030`.
    Gb18030,
    /// Western European, `ISO_IR 100`.
    Latin1,
}

impl CharacterSet {
    /// The defined term.
    #[must_use]
    pub const fn term(self) -> &'static str {
        match self {
            Self::Utf8 => "ISO_IR 192",
            Self::Gb18030 => "GB18030",
            Self::Latin1 => "ISO_IR 100",
        }
    }
}

/// Patient's Sex (0010,0040).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Sex {
    Male,
    Female,
    Other,
}

impl Sex {
    /// The defined term.
    #[must_use]
    pub const fn term(self) -> &'static str {
        match self {
            Self::Male => "M",
            Self::Female => "F",
            Self::Other => "O",
        }
    }
}

/// The patient (PS3.3 C.7.1.1), with what a study says of the body (C.7.2.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// Patient's Name in PN form: `Zhang^San=张^三`.
    pub name: String,
    /// Patient ID.
    pub id: String,
    /// Patient's Birth Date; its time of day is not written.
    pub birth_date: Option<DateTime>,
    /// Patient's Sex.
    pub sex: Option<Sex>,
    /// Patient's Weight, kg.
    pub weight_kg: Option<f64>,
    /// Patient's Size, m.
    pub height_m: Option<f64>,
}

/// The study (PS3.3 C.7.2) and its patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// How text is stored in all objects of the study.
    pub character_set: CharacterSet,
    /// Who was examined.
    pub patient: Patient,
    /// Study Instance UID.
    pub study_instance_uid: String,
    /// Study Date and Time.
    pub start: DateTime,
    /// Study ID, at most 16 characters.
    pub id: String,
    /// Accession Number, at most 16 characters.
    pub accession_number: String,
    /// Study Description.
    pub description: String,
}

impl Study {
    fn put(&self, dataset: &mut Dataset) {
        let patient = &self.patient;
        let birth_date = patient.birth_date.map(DateTime::date);
        dataset
            .text(tags::SPECIFIC_CHARACTER_SET, self.character_set.term())
            .text(tags::PATIENT_NAME, &patient.name)
            .text(tags::PATIENT_ID, &patient.id)
            .text_or_empty(tags::PATIENT_BIRTH_DATE, birth_date.as_deref())
            .text_or_empty(tags::PATIENT_SEX, patient.sex.map(Sex::term))
            .text(tags::STUDY_INSTANCE_UID, &self.study_instance_uid)
            .text(tags::STUDY_DATE, self.start.date())
            .text(tags::STUDY_TIME, self.start.time())
            .text(tags::STUDY_ID, &self.id)
            .text(tags::ACCESSION_NUMBER, &self.accession_number)
            .text(tags::STUDY_DESCRIPTION, &self.description)
            .empty(tags::REFERRING_PHYSICIAN_NAME);
        if let Some(weight_kg) = patient.weight_kg {
            dataset.decimals(tags::PATIENT_WEIGHT, &[weight_kg]);
        }
        if let Some(height_m) = patient.height_m {
            dataset.decimals(tags::PATIENT_SIZE, &[height_m]);
        }
    }
}

/// What made the images (PS3.3 C.7.5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Equipment {
    /// Manufacturer.
    pub manufacturer: String,
    /// Manufacturer's Model Name.
    pub model: String,
    /// Device Serial Number.
    pub serial_number: String,
    /// Software Versions.
    pub software: String,
}

/// A series (PS3.3 C.7.3) and the equipment that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Series Instance UID.
    pub series_instance_uid: String,
    /// Series Number.
    pub number: i64,
    /// Series Description.
    pub description: String,
    /// Series Date and Time.
    pub start: DateTime,
    /// Frame of Reference UID; `None` for images that lie nowhere in the patient.
    pub frame_of_reference_uid: Option<String>,
    /// Patient Position, such as `HFS`; written only with a frame of reference.
    pub patient_position: &'static str,
    /// Body Part Examined, an upper case term such as `WHOLEBODY`; empty for phantoms.
    pub body_part: &'static str,
    /// What made the images.
    pub equipment: Equipment,
}

impl Series {
    /// The attributes of the study and this series, to start an object with.
    pub(super) fn begin(&self, study: &Study, modality: &str) -> Dataset {
        let mut dataset = Dataset::new();
        study.put(&mut dataset);
        dataset
            .text(tags::MODALITY, modality)
            .text(tags::SERIES_INSTANCE_UID, &self.series_instance_uid)
            .integers(tags::SERIES_NUMBER, &[self.number])
            .text(tags::SERIES_DESCRIPTION, &self.description)
            .text(tags::SERIES_DATE, self.start.date())
            .text(tags::SERIES_TIME, self.start.time())
            .text(tags::MANUFACTURER, &self.equipment.manufacturer)
            .text(tags::MANUFACTURER_MODEL_NAME, &self.equipment.model)
            .text(tags::DEVICE_SERIAL_NUMBER, &self.equipment.serial_number)
            .text(tags::SOFTWARE_VERSIONS, &self.equipment.software);
        // Laterality is asked for (type 2C) where no body part says that there is none.
        if self.body_part.is_empty() {
            dataset.empty(tags::LATERALITY);
        } else {
            dataset.text(tags::BODY_PART_EXAMINED, self.body_part);
        }
        if let Some(uid) = &self.frame_of_reference_uid {
            dataset
                .text(tags::FRAME_OF_REFERENCE_UID, uid)
                .empty(tags::POSITION_REFERENCE_INDICATOR);
        }
        dataset
    }

    /// Sets when and where in the series an image belongs.
    pub(super) fn put_image(&self, dataset: &mut Dataset, instance_number: i64, acquired: DateTime) {
        dataset
            .integers(tags::INSTANCE_NUMBER, &[instance_number])
            .text(tags::ACQUISITION_DATE, acquired.date())
            .text(tags::ACQUISITION_TIME, acquired.time())
            .text(tags::CONTENT_DATE, acquired.date())
            .text(tags::CONTENT_TIME, acquired.time());
        if self.frame_of_reference_uid.is_some() {
            dataset.text(tags::PATIENT_POSITION, self.patient_position);
        }
    }
}

/// Says how the patient lies, in codes (PS3.3 C.8.4.6): on the back, head first.
///
/// Objects of nuclear medicine carry these in the place of Patient Position.
pub(super) fn put_patient_orientation(dataset: &mut Dataset) {
    let mut recumbent = Code::new("102538003", "SCT", "recumbent").item();
    recumbent.code(
        tags::PATIENT_ORIENTATION_MODIFIER_CODE_SEQUENCE,
        Code::new("40199007", "SCT", "supine"),
    );
    dataset
        .remove(tags::PATIENT_POSITION)
        .item(tags::PATIENT_ORIENTATION_CODE_SEQUENCE, recumbent)
        .code(
            tags::PATIENT_GANTRY_RELATIONSHIP_CODE_SEQUENCE,
            Code::new("102540008", "SCT", "headfirst"),
        );
}

/// Where an image lies (PS3.3 C.7.6.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImagePlane {
    /// Image Position (Patient): the centre of the first pixel, LPS in mm.
    pub position: Point<PatientSpace>,
    /// Direction in which columns count up, of length 1.
    pub row_direction: Vector<PatientSpace>,
    /// Direction in which rows count up, of length 1.
    pub column_direction: Vector<PatientSpace>,
    /// Distance between rows, then between columns, mm.
    pub pixel_spacing_mm: [f64; 2],
    /// Slice Thickness, mm.
    pub slice_thickness_mm: f64,
}

impl ImagePlane {
    /// Image Orientation (Patient): row direction, column direction.
    #[must_use]
    pub fn orientation(&self) -> [f64; 6] {
        let (row, column) = (self.row_direction, self.column_direction);
        [row[0], row[1], row[2], column[0], column[1], column[2]]
    }

    pub(super) fn put(&self, dataset: &mut Dataset) {
        let position = [self.position[0], self.position[1], self.position[2]];
        dataset
            .decimals(tags::IMAGE_POSITION_PATIENT, &position)
            .decimals(tags::IMAGE_ORIENTATION_PATIENT, &self.orientation())
            .decimals(tags::PIXEL_SPACING, &self.pixel_spacing_mm)
            .decimals(tags::SLICE_THICKNESS, &[self.slice_thickness_mm]);
    }
}
