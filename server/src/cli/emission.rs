//! A PET or SPECT series as what is measured on it, and the CT beside it.

use engine::dicom::read::{Series, in_suv, suv_conversion};
use engine::local::Opened;
use engine::suv::{Conversion, Refusal};
use engine::volume::Volume;

use super::open;

/// A PET or SPECT series, loaded.
pub struct Emission<'a> {
    pub series: &'a Series,
    /// Values in SUV by body weight; as stored where that cannot be had.
    pub volume: Volume,
    pub conversion: Result<Conversion, Refusal>,
}

impl<'a> Emission<'a> {
    /// Loads the series of that UID, or the only one of PET or SPECT.
    pub fn load(opened: &'a Opened, uid: Option<&str>) -> anyhow::Result<Self> {
        let series = open::choose(opened, uid, "PET or SPECT series", Series::is_emission)?;
        let stack = open::main_stack(series)?;
        let stored = open::volume(opened, series, stack)?;
        let conversion = suv_conversion(series, stack);
        let volume = match &conversion {
            Ok(conversion) => in_suv(stored, &conversion.factors_bw)?,
            Err(_) => stored,
        };
        Ok(Self {
            series,
            volume,
            conversion,
        })
    }

    /// The largest CT of the same study in the same frame of reference; `None` where there is none.
    pub fn ct_beside(&self, opened: &Opened) -> anyhow::Result<Option<Volume>> {
        let frame = self.volume.frame_of_reference_uid();
        let study = opened.studies.iter().find(|study| {
            let uids = study.series.iter().map(|series| &series.series_instance_uid);
            uids.into_iter()
                .any(|uid| *uid == self.series.series_instance_uid)
        });
        let all = study.into_iter().flat_map(|study| &study.series);
        let beside = all.filter(|series| {
            let stack = series.sorted.stacks.first();
            series.modality == "CT"
                && frame.is_some()
                && stack.is_some_and(|stack| stack.frame_of_reference_uid.as_deref() == frame)
        });
        let Some(ct) = beside.max_by_key(|series| open::slices(series)) else {
            return Ok(None);
        };
        open::volume(opened, ct, open::main_stack(ct)?).map(Some)
    }
}
