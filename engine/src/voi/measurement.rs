//! One VOI measured on two modalities at once.

use crate::geometry::Point;
use crate::suv::{Conversion, Refusal, SuvKind};
use crate::voi::{Mask, Scale, Statistics, StatisticsError};
use crate::volume::{Harmonisation, Unit, Volume};

/// A VOI's measures on the volume it was drawn on and on the CT beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Unit of [`Self::statistics`].
    pub unit: Unit,
    /// Measures of the volume's own values.
    pub statistics: Statistics,
    /// Measures of the CT's own voxels whose centres lie in the VOI, HU; `None` without a CT, or with the
    /// reason among the warnings.
    pub hu: Option<Statistics>,
    /// What was done to the measured volume's resolution; its name belongs beside every number of
    /// [`Self::statistics`].
    pub harmonisation: Option<Harmonisation>,
    /// What is to be shown beside the numbers.
    pub warnings: Vec<MeasurementWarning>,
}

/// What makes a measurement doubtful, or a part of it missing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasurementWarning {
    /// Values that are no numbers were left out.
    #[error("{excluded} of {voxels} voxels in the VOI have no finite value and were left out")]
    Excluded {
        /// Voxels left out.
        excluded: usize,
        /// Voxels of the VOI.
        voxels: usize,
    },
    /// Nothing was taken up, or nothing was recorded.
    #[error("all values in the VOI are 0")]
    AllZero,
    /// The values are not SUV; what was measured is in [`Measurement::unit`].
    #[error("no SUV: {0}")]
    NoSuv(Refusal),
    /// The CT is not in the same patient space, so no HU was measured.
    #[error("the CT has another frame of reference; no HU was measured")]
    OtherFrameOfReference,
    /// One of the images does not say which patient space it is in.
    #[error("the images do not say that they share a frame of reference; HU holds only if they do")]
    FrameOfReferenceUnknown,
    /// The VOI lies beyond the CT.
    #[error("the VOI lies outside the CT; no HU was measured")]
    OutsideCt,
    /// A part of the VOI lies beyond the CT.
    #[error("{outside} of {voxels} voxels of the VOI lie outside the CT; HU is of the rest")]
    PartlyOutsideCt {
        /// Voxels of the VOI whose centre lies outside.
        outside: usize,
        /// Voxels of the VOI.
        voxels: usize,
    },
    /// The CT has voxels too coarse for the VOI, or no finite value there.
    #[error("no HU: {0}")]
    NoHu(StatisticsError),
}

/// Measures a VOI on its own volume and on the CT's grid, at once.
///
/// HU is never of the nearest PET voxel: the VOI is carried to the CT ([`Mask::carry_to`]), and the CT's
/// own voxels are measured. Only the box around the VOI is touched.
///
/// # Errors
///
/// [`StatisticsError`] when the mask is empty, lies elsewhere or holds no finite value of `measured`.
/// What is wrong with the CT is a warning.
pub fn measure(mask: &Mask, measured: &Volume, ct: Option<&Volume>) -> Result<Measurement, StatisticsError> {
    let statistics = Statistics::inside(measured, mask, Scale::Factor(1.0))?;
    let mut warnings = Vec::new();
    if statistics.excluded_voxels > 0 {
        warnings.push(MeasurementWarning::Excluded {
            excluded: statistics.excluded_voxels,
            voxels: statistics.excluded_voxels + statistics.voxels,
        });
    }
    if statistics.min == 0.0 && statistics.max == 0.0 {
        warnings.push(MeasurementWarning::AllZero);
    }
    let hu = ct.and_then(|ct| match of_ct(mask, measured, ct, &mut warnings) {
        Ok(hu) => Some(hu),
        Err(warning) => {
            warnings.push(warning);
            None
        }
    });
    Ok(Measurement {
        unit: measured.unit().clone(),
        statistics,
        hu,
        harmonisation: None,
        warnings,
    })
}

impl Measurement {
    /// The same beside the record that the measured volume came from [`Harmonisation::apply`].
    #[must_use]
    pub fn harmonised(mut self, by: Harmonisation) -> Self {
        self.harmonisation = Some(by);
        self
    }

    /// The same beside the reason why there is no SUV, such as a missing weight: what was measured stays.
    #[must_use]
    pub fn without_suv(mut self, refusal: Refusal) -> Self {
        self.warnings.push(MeasurementWarning::NoSuv(refusal));
        self
    }
}

/// Gives every kind of SUV from the measures of SUVbw, each with the formula that its kind names, or with
/// the reason why it cannot be had.
#[must_use]
pub fn suv_kinds(
    suv_bw: &Statistics,
    conversion: &Conversion,
) -> Vec<(SuvKind, Result<Statistics, Refusal>)> {
    let of = |kind| {
        let multiplier = conversion.multiplier(kind);
        (kind, multiplier.map(|multiplier| suv_bw.times(multiplier)))
    };
    SuvKind::ALL.map(of).into()
}

fn of_ct(
    mask: &Mask,
    measured: &Volume,
    ct: &Volume,
    warnings: &mut Vec<MeasurementWarning>,
) -> Result<Statistics, MeasurementWarning> {
    match (measured.frame_of_reference_uid(), ct.frame_of_reference_uid()) {
        (Some(a), Some(b)) if a != b => return Err(MeasurementWarning::OtherFrameOfReference),
        (Some(_), Some(_)) => {}
        _ => warnings.push(MeasurementWarning::FrameOfReferenceUnknown),
    }
    let (voxels, outside) = (mask.count(), outside(mask, ct));
    if outside == voxels {
        return Err(MeasurementWarning::OutsideCt);
    }
    let on_ct = mask.carry_to(ct.grid().clone());
    let hu = Statistics::inside(ct, &on_ct, Scale::Factor(1.0)).map_err(MeasurementWarning::NoHu)?;
    if outside > 0 {
        warnings.push(MeasurementWarning::PartlyOutsideCt { outside, voxels });
    }
    Ok(hu)
}

/// Voxels of the mask whose centres lie in no voxel of the CT.
fn outside(mask: &Mask, ct: &Volume) -> usize {
    let [columns, rows, _] = mask.grid().size();
    let size = ct.grid().size();
    let is_outside = |index: &usize| {
        let at = [index % columns, index / columns % rows, index / (columns * rows)];
        let place = mask.grid().patient(Point::from(at.map(|n| n as f64)));
        let on_ct = ct.grid().voxel(place);
        !(0..3).all(|axis| on_ct[axis] >= -0.5 && on_ct[axis] < size[axis] as f64 - 0.5)
    };
    let indices = mask.runs().iter().flat_map(|run| run.start..run.end);
    indices.filter(is_outside).count()
}

#[cfg(test)]
mod tests;
