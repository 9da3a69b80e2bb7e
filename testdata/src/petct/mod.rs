//! A whole-body FDG PET-CT of one patient: two series on different grids in one frame of reference.

mod ct;
mod lesion_masks;
mod organs;
mod pet;
mod truth;

use engine::dicom::write::{CharacterSet, DateTime};
use engine::volume::Volume;

use crate::anatomy::Body;
use crate::identity::Identity;
use crate::injection::{FDG, Injection};
use crate::lesion::{self, Lesion};
use crate::output::{Output, Result};
use crate::paint::Pose;
use crate::scan::Scanner;
use crate::{Options, Size};

/// The PET scanner.
const SCANNER: Scanner = Scanner {
    psf_fwhm_mm: 6.0,
    noise: 0.12 * 2.6,
};

const CT_START: DateTime = DateTime::new(2024, 6, 7, 9, 51, 5);

/// Weight, activity and times are those of an ordinary patient an hour after injection.
const INJECTION: Injection = Injection {
    tracer: FDG,
    activity_bq: 296_000_000.0,
    injected: DateTime::new(2024, 6, 7, 8, 51, 30),
    image_start: DateTime::new(2024, 6, 7, 9, 53, 20),
    weight_kg: 74.0,
};

/// Everything that fixes a study.
#[derive(Debug, Clone)]
pub struct PetCt {
    identity: Identity,
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
        let identity = Identity {
            name: "petct",
            patient: "Phantom^Whole Body=体模^全身",
            character_set: CharacterSet::Utf8,
            description: "PET-CT whole body FDG (synthetic)",
            start: DateTime::new(2024, 6, 7, 8, 45, 0),
            body_part: "WHOLEBODY",
            weight_kg: INJECTION.weight_kg,
            options: *options,
        };
        Self {
            identity,
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

    /// The PET in memory before its noise: what the scanner's blur leaves of the uptake, SUV by body weight.
    #[must_use]
    pub fn noise_free_pet_volume(&self) -> Volume {
        pet::noise_free_volume(self)
    }

    /// Mean and largest uptake of the lesion-free body in the 10 mm around a lesion, SUV before the blur.
    #[must_use]
    pub fn surroundings(&self, lesion: &Lesion) -> (f64, f64) {
        lesion::surroundings(&self.body, lesion)
    }

    /// The organ of each voxel of the CT, by [`crate::anatomy::Organ`]'s numbers; 0 outside the body.
    #[must_use]
    pub fn organs_volume(&self) -> Volume {
        organs::volume(self)
    }

    /// Writes both series, the lesions' masks, the organs and the truth.
    pub(crate) fn write(&self, output: &mut Output<'_>) -> Result<()> {
        ct::write(self, output)?;
        let scan = pet::scan(self);
        pet::write(self, &scan, output)?;
        lesion_masks::write(self, &scan, output)?;
        organs::write(self, output)?;
        truth::write(self, &scan, output)
    }

    /// Number of files that [`PetCt::write`] makes.
    pub(crate) fn files(size: Size) -> u64 {
        (size.ct_grid().size()[2] + size.pet_grid().size()[2]) as u64 + 5
    }
}
