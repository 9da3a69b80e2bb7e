//! The boundary of a lesion by a threshold rule.

use crate::voi::blurred_sphere::BlurredSphere;
use crate::voi::threshold::{finite, known};
use crate::voi::{
    GrowError, Growing, Grown, Mask, Measured, Neighbours, Scale, Statistics, StatisticsError, Threshold,
    ThresholdError, grow,
};
use crate::volume::Volume;

/// How often a rule may be repeated before it counts as unstable.
const MOST_ROUNDS: usize = 100;

/// Where the search for the level of a blurred sphere begins, above the background as a part of the
/// contrast: below the least level that any sphere has.
const LOWEST_EDGE_LEVEL: f64 = 0.3;

/// A lesion as a rule bounds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// The voxels connected with the hottest one that reach the threshold.
    pub mask: Mask,
    /// The threshold, in the unit of the volume.
    pub at_least: f64,
    /// Whether growth was stopped at the cap: the mask then is not the whole region.
    pub capped: bool,
}

/// Why a lesion has no boundary.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundaryError {
    /// The rule gives no threshold.
    #[error(transparent)]
    Threshold(#[from] ThresholdError),
    /// The region cannot grow.
    #[error(transparent)]
    Grow(#[from] GrowError),
    /// The region has no mean.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// Repeating the rule leads nowhere.
    #[error("the threshold must settle within {0} rounds, found none")]
    Unstable(usize),
    /// The resolution is not a positive length.
    #[error("the resolution must be positive, found {0} mm")]
    Resolution(f64),
}

/// How far a lesion may reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Which voxels are connected.
    pub neighbours: Neighbours,
    /// Where growth stops, mL; `None` lets it reach the ends of the volume.
    pub most_ml: Option<f64>,
}

/// Bounds the lesion around its hottest voxel (column, row, slice): the threshold of the rule, then the part
/// connected with that voxel.
///
/// The voxel's own value is the rule's maximum, whatever `measured.max` says.
///
/// # Errors
///
/// [`BoundaryError`] when the rule lacks a measure or does not settle, when the voxel lies outside the volume,
/// is no number or does not reach the threshold itself.
pub fn boundary(
    volume: &Volume,
    hottest: [usize; 3],
    rule: &Threshold,
    measured: &Measured,
    extent: &Extent,
) -> Result<Boundary, BoundaryError> {
    let max = volume.value(hottest).ok_or(GrowError::SeedOutside {
        seed: hottest,
        size: volume.grid().size(),
    })?;
    if !max.is_finite() {
        return Err(GrowError::SeedNotFinite(max).into());
    }
    let lesion = Lesion {
        volume,
        hottest,
        max,
        extent,
    };
    let background = || known(measured.background, "background");
    let at_least = match *rule {
        Threshold::OfHotMean {
            hot_fraction,
            mean_factor,
            background_factor,
        } => {
            let hot = lesion.grown(hot_fraction * max)?;
            mean_factor * mean(volume, &hot.mask)? + background_factor * background()?
        }
        Threshold::OfOwnMean { factor, offset } => lesion.own_mean_level(factor, offset)?,
        Threshold::BlurredSphere { fwhm_mm } => lesion.sphere_level(fwhm_mm, background()?)?,
        _ => rule.level(&Measured {
            max: Some(max),
            ..*measured
        })?,
    };
    let at_least = finite(at_least)?;
    let Grown { mask, capped } = lesion.grown(at_least)?;
    Ok(Boundary {
        mask,
        at_least,
        capped,
    })
}

struct Lesion<'a> {
    volume: &'a Volume,
    hottest: [usize; 3],
    max: f64,
    extent: &'a Extent,
}

impl Lesion<'_> {
    fn grown(&self, at_least: f64) -> Result<Grown, BoundaryError> {
        let rule = Growing {
            at_least: finite(at_least)?,
            neighbours: self.extent.neighbours,
            most_ml: self.extent.most_ml,
        };
        Ok(grow(self.volume, self.hottest, &rule)?)
    }

    /// Starts from half of the largest value and repeats until the region stays.
    fn own_mean_level(&self, factor: f64, offset: f64) -> Result<f64, BoundaryError> {
        let mut region = self.grown(self.max / 2.0)?.mask;
        for _ in 0..MOST_ROUNDS {
            let level = factor * mean(self.volume, &region)? + offset;
            let next = self.grown(level)?.mask;
            if next.runs() == region.runs() {
                return Ok(level);
            }
            region = next;
        }
        Err(BoundaryError::Unstable(MOST_ROUNDS))
    }

    /// The lowest value of the lesion that is no lower than the level of the sphere with the volume from
    /// that value up.
    ///
    /// From below there is always one: the last is the maximum itself.
    fn sphere_level(&self, fwhm_mm: f64, background: f64) -> Result<f64, BoundaryError> {
        if !fwhm_mm.is_finite() || fwhm_mm <= 0.0 {
            return Err(BoundaryError::Resolution(fwhm_mm));
        }
        let contrast = self.max - background;
        let widest = self.grown(background + LOWEST_EDGE_LEVEL * contrast)?.mask;
        let mut rising = values_ml(self.volume, &widest);
        rising.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut above_ml: f64 = rising.iter().map(|(_, ml)| ml).sum();
        for (value, ml) in rising {
            let sphere = BlurredSphere::of_volume(above_ml, fwhm_mm);
            if (value - background) >= sphere.edge_level() * contrast {
                return Ok(value);
            }
            above_ml -= ml;
        }
        Ok(self.max)
    }
}

fn mean(volume: &Volume, mask: &Mask) -> Result<f64, BoundaryError> {
    Ok(Statistics::inside(volume, mask, Scale::Factor(1.0))?.mean)
}

/// The finite values inside a mask, each with the volume of its voxel in mL.
fn values_ml(volume: &Volume, mask: &Mask) -> Vec<(f64, f64)> {
    let [columns, rows, _] = volume.grid().size();
    let rescale = volume.rescale();
    let real = |index: usize| volume.voxels().get(index).map(|stored| rescale.real(stored));
    let runs = mask.runs().iter();
    runs.flat_map(|run| {
        let voxel_ml = volume.grid().voxel_ml(run.start / (columns * rows));
        (run.start..run.end)
            .filter_map(real)
            .filter(|value| value.is_finite())
            .map(move |value| (value, voxel_ml))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Boundary, BoundaryError, Extent, boundary};
    use crate::voi::phantom::{FWHM_MM, Noise, blurred};
    use crate::voi::{GrowError, Measured, Neighbours, Threshold, ThresholdError};
    use crate::volume::Volume;

    const EXTENT: Extent = Extent {
        neighbours: Neighbours::TwentySix,
        most_ml: Some(100.0),
    };

    fn bounded(volume: &Volume, rule: Threshold, background: f64) -> Result<Boundary, BoundaryError> {
        let measured = Measured {
            background: Some(background),
            ..Measured::default()
        };
        boundary(volume, volume.argmax().unwrap(), &rule, &measured, &EXTENT)
    }

    fn sphere(diameter_mm: f64, uptake: f64, background: f64) -> Volume {
        let quiet = Noise {
            seed: 0,
            of_root: 0.0,
        };
        blurred(2.0, &[([0.3, -0.4, 0.9], diameter_mm, uptake)], background, quiet)
    }

    #[test]
    fn the_level_of_the_blurred_sphere_gives_its_volume() {
        for (diameter_mm, uptake, background) in [
            (12.0, 8.0, 1.0),
            (15.0, 4.0, 1.0),
            (25.0, 10.0, 0.5),
            (40.0, 3.0, 0.5),
        ] {
            let volume = sphere(diameter_mm, uptake, background);
            let found = bounded(&volume, Threshold::BlurredSphere { fwhm_mm: FWHM_MM }, background).unwrap();
            let true_ml = std::f64::consts::PI * f64::powi(diameter_mm, 3) / 6000.0;
            let ratio = found.mask.volume_ml() / true_ml;
            assert!((ratio - 1.0).abs() < 0.05, "{diameter_mm} mm: {ratio}");
            assert!(!found.capped);
        }
    }

    #[test]
    fn the_mean_of_the_lesion_settles_at_its_own_threshold() {
        let volume = sphere(25.0, 8.0, 1.0);
        let rule = Threshold::OfOwnMean {
            factor: 0.307,
            offset: 0.588,
        };
        let found = bounded(&volume, rule, 1.0).unwrap();
        let mean = super::mean(&volume, &found.mask).unwrap();
        assert!((found.at_least - (0.307 * mean + 0.588)).abs() < 1e-12);
    }

    #[test]
    fn the_hot_mean_and_the_background_add_up() {
        let volume = sphere(25.0, 8.0, 1.0);
        let rule = Threshold::OfHotMean {
            hot_fraction: 0.7,
            mean_factor: 0.15,
            background_factor: 1.0,
        };
        let found = bounded(&volume, rule, 1.0).unwrap();
        let hot = bounded(&volume, Threshold::OfMax { fraction: 0.7 }, 1.0).unwrap();
        let expected = 0.15 * super::mean(&volume, &hot.mask).unwrap() + 1.0;
        assert!((found.at_least - expected).abs() < 1e-12);
        assert!(found.mask.count() > hot.mask.count());
    }

    #[test]
    fn says_what_is_missing_or_does_not_fit() {
        let volume = sphere(15.0, 8.0, 1.0);
        let hottest = volume.argmax().unwrap();
        let sphere_rule = |fwhm_mm| Threshold::BlurredSphere { fwhm_mm };
        let none = boundary(&volume, hottest, &sphere_rule(6.0), &Measured::default(), &EXTENT);
        assert_eq!(none, Err(ThresholdError::Missing("background").into()));
        let outside = boundary(
            &volume,
            [0, 0, 99],
            &sphere_rule(6.0),
            &Measured::default(),
            &EXTENT,
        );
        assert!(matches!(
            outside,
            Err(BoundaryError::Grow(GrowError::SeedOutside { .. }))
        ));
        assert_eq!(
            bounded(&volume, sphere_rule(0.0), 1.0),
            Err(BoundaryError::Resolution(0.0))
        );
        let cold = bounded(&volume, Threshold::Fixed { value: 50.0 }, 1.0);
        assert!(matches!(
            cold,
            Err(BoundaryError::Grow(GrowError::SeedBelow { .. }))
        ));
    }
}
