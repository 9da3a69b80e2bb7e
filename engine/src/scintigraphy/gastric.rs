//! How fast the stomach empties.

use crate::scintigraphy::error::positive;
use crate::scintigraphy::fit::{Line, line};
use crate::scintigraphy::{Error, geometric_mean};
use crate::suv::decay;

/// Steps to each side of the best that a fit tries along each parameter.
const STEPS: i32 = 12;

/// How often a fit narrows its search; each time to a quarter.
const ROUNDS: u32 = 18;

/// The stomach in one pair of images, counts per second less background.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GastricImage {
    /// Middle of the images after the meal was eaten, s.
    pub at_s: f64,
    /// From the front.
    pub anterior_cps: f64,
    /// From the back.
    pub posterior_cps: f64,
}

/// What is left in the stomach over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Retention {
    /// Times of the images, s.
    pub times_s: Vec<f64>,
    /// Part of the first image's activity that is left, 1 at first; people read percent.
    pub fractions: Vec<f64>,
}

/// Gives what is left of a meal: geometric means of front and back, without decay, as parts of the first
/// (Abell et al. 2008, consensus on gastric emptying scintigraphy, J Nucl Med Technol 36:44).
///
/// # Errors
///
/// [`Error::Negative`] for counts below 0, [`Error::NotPositive`] for a first image without counts or a
/// half-life that is none, [`Error::Times`] unless times rise from 0 or later, [`Error::TooFew`] without
/// images.
pub fn retention(images: &[GastricImage], half_life_s: f64) -> Result<Retention, Error> {
    let constant = decay::constant_per_s(positive("half-life", half_life_s)?);
    let times_s: Vec<f64> = images.iter().map(|image| image.at_s).collect();
    let rising = times_s.windows(2).all(|pair| pair[0] < pair[1]);
    if !rising || !times_s.iter().all(|at_s| at_s.is_finite() && *at_s >= 0.0) {
        return Err(Error::Times("gastric images"));
    }
    let content = |image: &GastricImage| {
        let counts = geometric_mean(image.anterior_cps, image.posterior_cps)?;
        let left = positive("decay since the meal", decay::remaining(constant, image.at_s))?;
        Ok(counts / left)
    };
    let contents: Vec<f64> = images.iter().map(content).collect::<Result<_, Error>>()?;
    let first = contents.first().ok_or(Error::TooFew {
        what: "gastric images",
        needed: 1,
        found: 0,
    })?;
    let first = positive("counts of the first image", *first)?;
    Ok(Retention {
        times_s,
        fractions: contents.iter().map(|content| content / first).collect(),
    })
}

impl Retention {
    /// What is left at a time, s, linear between images; `None` before the first and after the last.
    #[must_use]
    pub fn at(&self, at_s: f64) -> Option<f64> {
        let above = self.times_s.partition_point(|time_s| *time_s < at_s);
        if *self.times_s.get(above)? == at_s {
            return Some(self.fractions[above]);
        }
        let below = above.checked_sub(1)?;
        let part = (at_s - self.times_s[below]) / (self.times_s[above] - self.times_s[below]);
        Some(self.fractions[below] + part * (self.fractions[above] - self.fractions[below]))
    }

    /// When half is left, linear between images, s; `None` when more than half is left at the end.
    #[must_use]
    pub fn half_s(&self) -> Option<f64> {
        let after = self.fractions.iter().position(|fraction| *fraction <= 0.5)?;
        let below = after.checked_sub(1)?;
        let part = (self.fractions[below] - 0.5) / (self.fractions[below] - self.fractions[after]);
        Some(self.times_s[below] + part * (self.times_s[after] - self.times_s[below]))
    }

    /// The line of least squares through the logarithms of what is left, for liquids, which empty without a
    /// lag; its half-time is [`half_of_exponential_s`](Self::half_of_exponential_s).
    ///
    /// # Errors
    ///
    /// [`Error::TooFew`] for fewer than three images with anything left.
    pub fn exponential(&self) -> Result<Line, Error> {
        let points = self.times_s.iter().zip(&self.fractions);
        let points = points.filter(|(_, fraction)| **fraction > 0.0);
        let points: Vec<(f64, f64)> = points.map(|(at_s, fraction)| (*at_s, fraction.ln())).collect();
        line("images of an exponential", 3, &points)
    }

    /// Half-time of the exponential, s.
    ///
    /// # Errors
    ///
    /// As [`Self::exponential`]; [`Error::NotPositive`] when nothing leaves.
    pub fn half_of_exponential_s(&self) -> Result<f64, Error> {
        let rate = positive("rate of emptying", -self.exponential()?.slope)?;
        Ok(std::f64::consts::LN_2 / rate)
    }

    /// The curve 1 − (1 − e^(−kt))^β of least squares, for solids, which empty after a lag (Siegel et al.
    /// 1988, Gut 29:85).
    ///
    /// # Errors
    ///
    /// [`Error::TooFew`] for fewer than four images; [`Error::NotPositive`] when less than a tenth has left,
    /// which fixes no curve.
    pub fn power_exponential(&self) -> Result<PowerExponential, Error> {
        if self.times_s.len() < 4 {
            return Err(Error::TooFew {
                what: "images of a power exponential",
                needed: 4,
                found: self.times_s.len(),
            });
        }
        let least = self.fractions.iter().copied().fold(f64::INFINITY, f64::min);
        positive("part that has left, less a tenth", 0.9 - least)?;
        Ok(self.fitted())
    }

    /// Searches the logarithms of both parameters on ever finer lattices around the best.
    fn fitted(&self) -> PowerExponential {
        let last_s = self.times_s[self.times_s.len() - 1];
        let made = |logs: [f64; 2]| PowerExponential {
            rate_per_s: logs[0].exp() / last_s,
            power: logs[1].exp(),
        };
        let (mut best, mut reach) = ([0.0, 0.0], [5.0, 3.0]);
        for _ in 0..ROUNDS {
            let around = best;
            let mut least = self.squares(&made(best));
            for n in 0..(2 * STEPS + 1).pow(2) {
                let step = [n % (2 * STEPS + 1) - STEPS, n / (2 * STEPS + 1) - STEPS];
                let logs = [0, 1].map(|p| around[p] + reach[p] * f64::from(step[p]) / f64::from(STEPS));
                let squares = self.squares(&made(logs));
                if squares < least {
                    (least, best) = (squares, logs);
                }
            }
            reach = reach.map(|reach| reach / 4.0);
        }
        made(best)
    }

    fn squares(&self, curve: &PowerExponential) -> f64 {
        let points = self.times_s.iter().zip(&self.fractions);
        points
            .map(|(at_s, fraction)| (curve.at(*at_s) - fraction).powi(2))
            .sum()
    }
}

/// 1 − (1 − e^(−kt))^β: what is left of a meal at t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerExponential {
    /// k: how fast it empties in the end, 1/s.
    pub rate_per_s: f64,
    /// β: above 1 for a lag at first.
    pub power: f64,
}

impl PowerExponential {
    /// What is left at a time, s.
    #[must_use]
    pub fn at(&self, at_s: f64) -> f64 {
        1.0 - (1.0 - (-self.rate_per_s * at_s).exp()).powf(self.power)
    }

    /// When half is left, s.
    #[must_use]
    pub fn half_s(&self) -> f64 {
        -(-(0.5f64.powf(1.0 / self.power))).ln_1p() / self.rate_per_s
    }

    /// The lag, s: when the curve bends from falling faster to falling slower; 0 without one.
    #[must_use]
    pub fn lag_s(&self) -> f64 {
        (self.power.ln() / self.rate_per_s).max(0.0)
    }
}

#[cfg(test)]
mod tests;
