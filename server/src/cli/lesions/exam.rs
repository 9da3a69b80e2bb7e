//! One exam: its PET in SUV, the CT beside it, and what was detected.

use std::path::PathBuf;

use anyhow::Context;
use engine::dicom::read::{Series, Stack};
use engine::lesion::{Detection, LabelMap, Options, detect};
use engine::local::Opened;
use engine::suv::{Conversion, SuvKind};
use engine::volume::Volume;

use crate::cli::emission::Emission;
use crate::cli::open;

/// What was opened of one exam.
pub struct Exam {
    opened: Opened,
    series_instance_uid: String,
    pub pet: Volume,
    pub ct: Option<Volume>,
    pub conversion: Conversion,
}

impl Exam {
    /// Opens the PET of that UID, or the only one, and the CT beside it.
    pub fn open(paths: &[PathBuf], uid: Option<&str>) -> anyhow::Result<Self> {
        let opened = open::studies(paths)?;
        let emission = Emission::load(&opened, uid)?;
        let ct = emission.ct_beside(&opened)?;
        let series_instance_uid = emission.series.series_instance_uid.clone();
        let (pet, conversion) = (emission.volume, emission.conversion);
        let conversion =
            conversion.with_context(|| format!("series {series_instance_uid}: lesions need SUV"))?;
        Ok(Self {
            opened,
            series_instance_uid,
            pet,
            ct,
            conversion,
        })
    }

    /// The PET's series and stack.
    pub fn series(&self) -> (&Series, &Stack) {
        let mut all = self.opened.studies.iter().flat_map(|study| &study.series);
        let series = all
            .find(|series| series.series_instance_uid == self.series_instance_uid)
            .expect("the series was opened from these");
        (series, &series.sorted.stacks[0])
    }

    /// SUL of an SUVbw of 1 where the body's measures allow it.
    pub fn sul_per_suv(&self) -> Option<f64> {
        self.conversion.multiplier(SuvKind::SUL).ok()
    }
}

/// The lesions of an exam.
pub fn detected(exam: &Exam, labels: Option<&LabelMap>, options: &Options) -> anyhow::Result<Detection> {
    let options = Options {
        sul_per_suv: exam.sul_per_suv(),
        ..options.clone()
    };
    Ok(detect(&exam.pet, exam.ct.as_ref(), labels, &options)?)
}
