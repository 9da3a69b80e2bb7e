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
mod tests;
