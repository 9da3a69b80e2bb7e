//! A whole-body FDG PET-CT of one patient: two series on different grids in one frame of reference.

mod ct;
mod pet;
mod truth;

use engine::dicom::write::{CharacterSet, Code};
use engine::dicom::write::{
    DateTime, Equipment, Patient, Radiopharmaceutical, Series, Sex, Study, derived_uid,
};
use engine::volume::Volume;

use crate::anatomy::Body;
use crate::elementary::{exp, ln};
use crate::lesion::{self, Lesion};
use crate::output::{Output, Result};
use crate::paint::Pose;
use crate::{Options, Size};

pub use pet::Pet;

/// Blur of the PET scanner: full width at half maximum, mm.
const PSF_FWHM_MM: f64 = 6.0;

/// Everything that fixes a study.
#[derive(Debug, Clone)]
pub struct PetCt {
    options: Options,
    body: Body,
    lesions: Vec<Lesion>,
    /// How the patient lies during the PET; the CT sees the patient at rest.
    pose: Pose,
}

impl PetCt {
    /// The study of a seed, the patient at rest in both scans.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self::moved(options, Pose::REST)
    }

    /// The study of a seed, the patient moved between CT and PET: a registration's known answer.
    #[must_use]
    pub fn moved(options: &Options, pose: Pose) -> Self {
        let body = Body::new(options.seed);
        let lesions = lesion::lesions(&body, options.seed);
        Self {
            options: *options,
            body,
            lesions,
            pose,
        }
    }

    /// The lesions, in the body at rest.
    #[must_use]
    pub fn lesions(&self) -> &[Lesion] {
        &self.lesions
    }

    /// The CT in memory: stored i16, HU by rescale.
    #[must_use]
    pub fn ct_volume(&self) -> Volume {
        ct::volume(self)
    }

    /// The PET in memory: SUV by body weight as f32, without the rounding of stored values.
    #[must_use]
    pub fn pet_volume(&self) -> Volume {
        pet::volume(self)
    }

    /// Writes both series, the lesions' segmentation and the truth.
    pub(crate) fn write(&self, output: &mut Output<'_>) -> Result<()> {
        ct::write(self, output)?;
        let pet = Pet::scan(self);
        pet::write(self, &pet, output)?;
        truth::write(self, &pet, output)
    }

    /// Number of steps of [`PetCt::write`].
    pub(crate) fn steps(size: Size) -> u64 {
        (size.ct_grid().size()[2] + size.pet_grid().size()[2]) as u64
    }

    fn uid(&self, names: &[&str]) -> String {
        let seed = self.options.seed.to_string();
        let own = ["petct", self.options.size.name(), &seed];
        derived_uid(&own.into_iter().chain(names.iter().copied()).collect::<Vec<_>>())
    }

    fn study(&self) -> Study {
        Study {
            character_set: CharacterSet::Utf8,
            patient: Patient {
                name: "Phantom^Whole Body=体模^全身=".to_owned(),
                id: format!("PETCT{:04}", self.options.seed % 10_000),
                birth_date: Some(DateTime::new(1961, 3, 14, 0, 0, 0)),
                sex: Some(Sex::Male),
                weight_kg: Some(WEIGHT_KG),
                height_m: Some(1.75),
            },
            study_instance_uid: self.uid(&["study"]),
            start: STUDY_START,
            id: "1".to_owned(),
            accession_number: format!("A{:07}", self.options.seed % 10_000_000),
            description: "PET-CT whole body FDG (synthetic)".to_owned(),
        }
    }

    fn series(&self, name: &str, number: i64, description: &str, start: DateTime) -> Series {
        Series {
            series_instance_uid: self.uid(&["series", name]),
            number,
            description: description.to_owned(),
            start,
            frame_of_reference_uid: Some(self.uid(&["frame of reference"])),
            patient_position: "HFS",
            body_part: "WHOLEBODY",
            equipment: Equipment {
                manufacturer: "Uptake".to_owned(),
                model: "Synthetic PET-CT".to_owned(),
                serial_number: "1".to_owned(),
                software: env!("CARGO_PKG_VERSION").to_owned(),
            },
        }
    }
}

const WEIGHT_KG: f64 = 74.0;
/// Injected activity, Bq at the time of injection.
const ACTIVITY_BQ: f64 = 296_000_000.0;
/// Half-life of fluorine-18, s.
const HALF_LIFE_S: f64 = 6586.2;
const STUDY_START: DateTime = DateTime::new(2024, 6, 7, 8, 45, 0);
const INJECTED: DateTime = DateTime::new(2024, 6, 7, 8, 51, 30);
const CT_START: DateTime = DateTime::new(2024, 6, 7, 9, 51, 5);
/// Start of the PET series and of its first bed position: what activity is decay-corrected to.
const PET_START: DateTime = DateTime::new(2024, 6, 7, 9, 53, 20);

/// Decay constant of fluorine-18, 1/s.
fn decay_per_s() -> f64 {
    ln(2.0) / HALF_LIFE_S
}

/// SUV by body weight of 1 Bq/mL.
fn suv_per_bq_ml() -> f64 {
    let uptake_s = PET_START.seconds_since(INJECTED);
    WEIGHT_KG * 1000.0 / (ACTIVITY_BQ * exp(-decay_per_s() * uptake_s))
}

fn radiopharmaceutical() -> Radiopharmaceutical {
    Radiopharmaceutical {
        name: "Fluorodeoxyglucose F^18^".to_owned(),
        radionuclide: Code::new("77004003", "SCT", "^18^Fluorine"),
        tracer: Code::new("35321007", "SCT", "Fluorodeoxyglucose F^18^"),
        activity_bq: ACTIVITY_BQ,
        half_life_s: HALF_LIFE_S,
        positron_fraction: 0.967,
        injected: INJECTED,
    }
}
