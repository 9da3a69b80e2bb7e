//! Ratios of counts: a target against a reference, early against late.

use crate::scintigraphy::Error;
use crate::scintigraphy::error::{not_negative, positive};
use crate::suv::decay;

/// Gives the ratio of a target's mean counts to a reference's, such as heart to mediastinum or tumour to
/// background; a background is taken off both where one is given.
///
/// All are counts per pixel, or per second and pixel, of one image (heart to mediastinum in I-123 MIBG:
/// Flotats et al. 2010, Eur J Nucl Med Mol Imaging 37:1802, which takes no background off).
///
/// # Errors
///
/// [`Error::Negative`] for counts below 0 or below the background, [`Error::NotPositive`] for a reference
/// without counts.
pub fn count_ratio(target: f64, reference: f64, background: Option<f64>) -> Result<f64, Error> {
    let background = not_negative("counts of the background", background.unwrap_or(0.0))?;
    let target = not_negative("counts of the target over the background", target - background)?;
    Ok(target
        / positive(
            "counts of the reference over the background",
            reference - background,
        )?)
}

/// Heart and mediastinum early and late: what of the tracer the heart gives back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Washout {
    /// Mean counts per pixel and second of the heart, early and late.
    pub heart: [f64; 2],
    /// Mean counts per pixel and second of the mediastinum, early and late.
    pub mediastinum: [f64; 2],
    /// From the early to the late image, s.
    pub elapsed_s: f64,
    /// Half-life of the nuclide, s.
    pub half_life_s: f64,
}

impl Washout {
    /// Heart to mediastinum, early and late.
    ///
    /// # Errors
    ///
    /// As [`count_ratio`].
    pub fn ratios(&self) -> Result<[f64; 2], Error> {
        let of = |n: usize| count_ratio(self.heart[n], self.mediastinum[n], None);
        Ok([of(0)?, of(1)?])
    }

    /// Part of the early counts over the mediastinum that has left by the late image, decay taken out;
    /// negative where the heart took up more.
    ///
    /// # Errors
    ///
    /// [`Error::NotPositive`] for an early heart without counts over the mediastinum or a half-life that is
    /// none, [`Error::Negative`] for counts or a time below 0.
    pub fn fraction(&self) -> Result<f64, Error> {
        let net = |n: usize| -> Result<f64, Error> {
            let heart = not_negative("counts of the heart", self.heart[n])?;
            Ok(heart - not_negative("counts of the mediastinum", self.mediastinum[n])?)
        };
        let constant = decay::constant_per_s(positive("half-life", self.half_life_s)?);
        let elapsed_s = not_negative("time between the images", self.elapsed_s)?;
        let left = positive("decay between the images", decay::remaining(constant, elapsed_s))?;
        let early = positive("early counts of the heart over the mediastinum", net(0)?)?;
        Ok((early - net(1)? / left) / early)
    }
}

#[cfg(test)]
mod tests {
    use super::{Washout, count_ratio};
    use crate::scintigraphy::Error;

    #[test]
    fn ratios_are_of_what_is_over_the_background() {
        assert_eq!(count_ratio(90.0, 45.0, None), Ok(2.0));
        assert_eq!(count_ratio(90.0, 50.0, Some(10.0)), Ok(2.0));
        assert!(matches!(
            count_ratio(90.0, 0.0, None),
            Err(Error::NotPositive { .. })
        ));
        assert!(matches!(
            count_ratio(90.0, 10.0, Some(10.0)),
            Err(Error::NotPositive { .. })
        ));
        assert!(matches!(
            count_ratio(9.0, 50.0, Some(10.0)),
            Err(Error::Negative { .. })
        ));
        assert!(matches!(
            count_ratio(9.0, 50.0, Some(-1.0)),
            Err(Error::Negative { .. })
        ));
    }

    #[test]
    fn washout_is_without_decay() {
        // After a half-life the same heart has half of its counts: nothing was washed out.
        let still = Washout {
            heart: [80.0, 40.0],
            mediastinum: [30.0, 15.0],
            elapsed_s: 47_604.0,
            half_life_s: 47_604.0,
        };
        assert!(still.fraction().unwrap().abs() < 1e-12);
        let washed = Washout {
            heart: [80.0, 30.0],
            ..still
        };
        assert!((washed.fraction().unwrap() - 0.4).abs() < 1e-12);
        let ratios = washed.ratios().unwrap();
        assert!((ratios[0] - 80.0 / 30.0).abs() < 1e-12 && (ratios[1] - 2.0).abs() < 1e-12);
        let cold = Washout {
            heart: [30.0, 30.0],
            ..still
        };
        assert!(matches!(cold.fraction(), Err(Error::NotPositive { .. })));
        assert!(
            Washout {
                half_life_s: 0.0,
                ..still
            }
            .fraction()
            .is_err()
        );
    }
}
