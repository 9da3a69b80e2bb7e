//! Two kidneys over time: how they share the work, and how they drain.

use crate::scintigraphy::error::{not_negative, positive};
use crate::scintigraphy::fit::{Line, line};
use crate::scintigraphy::{Curve, Error};

/// Share of each kidney in the work of both.
///
/// Values come from curves less their background (IAEA/ISCORN consensus, Prigent et al. 1999, Semin Nucl
/// Med 29:146; EANM/SNMMI procedure, Taylor et al. 2018, Semin Nucl Med 48:377).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// The left kidney's share, 0 to 1.
    pub left: f64,
    /// The right kidney's share, 0 to 1.
    pub right: f64,
}

impl Split {
    /// Shares of two uptakes in any one unit.
    ///
    /// # Errors
    ///
    /// [`Error::Negative`] for an uptake below 0, [`Error::NotPositive`] when neither kidney takes up.
    fn of(what: [&'static str; 3], left: f64, right: f64) -> Result<Self, Error> {
        let (left, right) = (not_negative(what[0], left)?, not_negative(what[1], right)?);
        let both = positive(what[2], left + right)?;
        Ok(Self {
            left: left / both,
            right: right / both,
        })
    }
}

/// Gives the split by the counts between two times, s after the injection: 1 to 2 or 2 to 3 minutes.
///
/// Nothing must have left the kidneys by then. Curves are less their background, with times counted from
/// the injection ([`Curve::from_moment`]).
///
/// # Errors
///
/// [`Error::NotCovered`] when a frame is missing, [`Error::Negative`] when more background was taken off
/// than there was, [`Error::NotPositive`] when neither kidney takes up.
pub fn split_by_integral(left: &Curve, right: &Curve, window_s: [f64; 2]) -> Result<Split, Error> {
    left.require_frames_of(right)?;
    let what = [
        "counts of the left kidney",
        "counts of the right kidney",
        "counts of both kidneys",
    ];
    Split::of(
        what,
        left.counts_between(window_s)?,
        right.counts_between(window_s)?,
    )
}

/// A split with the lines that it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatlakSplit {
    /// The shares of the slopes.
    pub split: Split,
    /// The left kidney's line: its slope is the uptake in 1/s for each count of blood, its intercept the
    /// part of blood in the region.
    pub left: Line,
    /// The right kidney's line.
    pub right: Line,
}

/// Gives the split by the slopes of Patlak and Rutland between two times, s: R(t)/B(t) against ∫B/B(t).
///
/// The line takes apart what the kidney has taken up and the blood in it (Rutland 1985, Nucl Med Commun
/// 6:11; Patlak et al. 1983, J Cereb Blood Flow Metab 3:1). `blood` is a curve over the heart or aorta from
/// the injection on; frames whose middle lies in the window are fitted.
///
/// # Errors
///
/// [`Error::TooFew`] for fewer than three frames in the window, [`Error::NotPositive`] for blood without
/// counts there or kidneys without uptake, [`Error::Negative`] for a falling line.
pub fn split_by_patlak(
    left: &Curve,
    right: &Curve,
    blood: &Curve,
    window_s: [f64; 2],
) -> Result<PatlakSplit, Error> {
    let [left, right] = [left, right].map(|kidney| patlak(kidney, blood, window_s));
    let (left, right) = (left?, right?);
    let what = [
        "slope of the left kidney",
        "slope of the right kidney",
        "slopes of both kidneys",
    ];
    Ok(PatlakSplit {
        split: Split::of(what, left.slope, right.slope)?,
        left,
        right,
    })
}

fn patlak(kidney: &Curve, blood: &Curve, [from_s, to_s]: [f64; 2]) -> Result<Line, Error> {
    kidney.require_frames_of(blood)?;
    let mut so_far = 0.0;
    let mut points = Vec::new();
    let rates = kidney.rates().zip(blood.rates());
    for ((kidney, rate), (counts, time)) in rates.zip(blood.counts().iter().zip(blood.times())) {
        // What was counted up to the middle of this frame.
        let integral = so_far + counts / 2.0;
        so_far += counts;
        if (from_s..=to_s).contains(&time.middle_s()) {
            let blood = positive("counts of blood", rate)?;
            points.push((integral / blood, kidney / blood));
        }
    }
    line("frames of the Patlak window", 3, &points)
}

/// How a kidney fills and drains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drainage {
    /// Tmax: middle of the frame with most counts per second, s after the moment that times count from.
    pub peak_s: f64,
    /// Counts per second at the peak.
    pub peak_rate: f64,
    /// T½: from the peak until half of its counts per second are left, s; `None` when the study ends before.
    pub half_after_peak_s: Option<f64>,
    /// Counts per second at 20 minutes as a part of the peak's; `None` when the study ends before.
    pub at_20_min: Option<f64>,
}

/// Gives the times of a renogram from a curve less its background, between frames linearly.
///
/// The first of several equal peaks counts. T½ is found after the peak; some print it from the injection,
/// which is the peak's time more.
///
/// # Errors
///
/// [`Error::NotPositive`] when there is no peak above 0.
pub fn drainage(kidney: &Curve) -> Result<Drainage, Error> {
    let rates: Vec<f64> = kidney.rates().collect();
    let top = (0..rates.len()).fold(0, |top, n| if rates[n] > rates[top] { n } else { top });
    let peak_rate = positive("counts per second at the peak", rates[top])?;
    let middle = |n: usize| kidney.times()[n].middle_s();
    let half = peak_rate / 2.0;
    let fallen = (top + 1..rates.len()).find(|n| rates[*n] <= half).map(|n| {
        let part = (rates[n - 1] - half) / (rates[n - 1] - rates[n]);
        middle(n - 1) + part * (middle(n) - middle(n - 1)) - middle(top)
    });
    Ok(Drainage {
        peak_s: middle(top),
        peak_rate,
        half_after_peak_s: fallen,
        at_20_min: kidney.rate_at(1200.0).map(|rate| rate / peak_rate),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{drainage, split_by_integral, split_by_patlak};
    use crate::scintigraphy::Error;
    use crate::scintigraphy::curve::tests::sampled;

    #[test]
    fn the_split_is_that_of_the_counts() {
        let (left, right) = (sampled(9, 20.0, |t| 3.0 * t), sampled(9, 20.0, |t| t));
        for window in [[60.0, 120.0], [120.0, 180.0]] {
            let found = split_by_integral(&left, &right, window).unwrap();
            assert!((found.left - 0.75).abs() < 1e-12 && (found.right - 0.25).abs() < 1e-12);
        }
        let refused = split_by_integral(&left, &right, [120.0, 240.0]);
        assert!(matches!(refused, Err(Error::NotCovered { .. })), "{refused:?}");
    }

    #[test]
    fn kidneys_below_their_background_are_refused() {
        let (good, over, none) = (
            sampled(9, 20.0, |t| t),
            sampled(9, 20.0, |_| -0.1),
            sampled(9, 20.0, |_| 0.0),
        );
        let refused = split_by_integral(&good, &over, [60.0, 120.0]);
        assert!(
            matches!(
                refused,
                Err(Error::Negative {
                    what: "counts of the right kidney",
                    ..
                })
            ),
            "{refused:?}"
        );
        assert_eq!(split_by_integral(&good, &none, [60.0, 120.0]).unwrap().left, 1.0);
        assert!(matches!(
            split_by_integral(&none, &none, [60.0, 120.0]),
            Err(Error::NotPositive { .. })
        ));
        assert!(matches!(drainage(&over), Err(Error::NotPositive { .. })));
        assert!(matches!(
            split_by_patlak(&good, &good, &none, [60.0, 120.0]),
            Err(Error::NotPositive { .. })
        ));
        assert!(matches!(
            split_by_patlak(&good, &good, &good, [60.0, 90.0]),
            Err(Error::TooFew { found: 2, .. })
        ));
        let other = sampled(9, 10.0, |t| t);
        assert_eq!(
            split_by_integral(&good, &other, [60.0, 70.0]),
            Err(Error::OtherFrames)
        );
    }

    #[test]
    fn a_renogram_has_its_times() {
        // Rises by 2 a second to 240 s, then falls by 1 a second; frames of 20 s have their middles at 10, 30, ...
        let kidney = sampled(
            80,
            20.0,
            |t| if t < 240.0 { 2.0 * t } else { (720.0 - t).max(0.0) },
        );
        let found = drainage(&kidney).unwrap();
        assert_eq!((found.peak_s, found.peak_rate), (250.0, 470.0));
        // Half of 470 is reached at 485 s.
        assert!((found.half_after_peak_s.unwrap() - 235.0).abs() < 1e-9);
        assert_eq!(found.at_20_min, Some(0.0));
        let blocked = drainage(&sampled(20, 20.0, |t| t)).unwrap();
        assert_eq!(
            (blocked.peak_s, blocked.half_after_peak_s, blocked.at_20_min),
            (390.0, None, None)
        );
    }

    proptest! {
        /// Kidneys made of uptake from blood and blood itself give their constants back.
        #[test]
        fn patlak_finds_the_constants(
            uptake in prop::array::uniform2(1e-4..2e-2f64),
            volume in prop::array::uniform2(0.0..0.5f64),
            fall_s in 50.0..400.0f64,
        ) {
            let rate = |t: f64| 900.0 * (-t / fall_s).exp() + 100.0;
            let blood = sampled(40, 5.0, rate);
            let kidney = |n: usize| {
                // The integral as it is counted: whole frames before, half of the own one.
                sampled(40, 5.0, |t| {
                    let before: f64 = (0..((t / 5.0) as usize)).map(|k| rate(5.0 * k as f64 + 2.5) * 5.0).sum();
                    uptake[n] * (before + rate(t) * 2.5) + volume[n] * rate(t)
                })
            };
            let found = split_by_patlak(&kidney(0), &kidney(1), &blood, [60.0, 150.0]).unwrap();
            for (line, n) in [(found.left, 0), (found.right, 1)] {
                prop_assert!((line.slope / uptake[n] - 1.0).abs() < 1e-6);
                prop_assert!((line.intercept - volume[n]).abs() < 1e-6);
                prop_assert!(line.r_squared > 1.0 - 1e-9);
            }
            let expected = uptake[0] / (uptake[0] + uptake[1]);
            prop_assert!((found.split.left - expected).abs() < 1e-6);
        }
    }
}
