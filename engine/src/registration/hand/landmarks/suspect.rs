//! The pair that was most likely placed wrong.

use super::fit::{Fitted, fit};
use super::{LandmarkPair, Model};

/// How rarely chance alone may make any pair stand out.
const SIGNIFICANCE: f64 = 0.05;
/// Nearer than this to where the others want it, no pair is wrong, mm.
const LEAST_MM: f64 = 0.5;
/// More pairs are not looked at one by one.
const MOST_PAIRS: usize = 200;

/// A pair without which the others agree much better than chance explains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suspect {
    /// Position of the pair in the list, from 0.
    pub pair: usize,
    /// How far it is from where the others would lay it, mm.
    pub off_mm: f64,
    /// Root mean square of the residuals of the others without it, mm.
    pub others_rms_mm: f64,
}

/// Leaves out each pair in turn; gives the one whose absence lowers the residuals most, when an F test holds that drop
/// for no chance (three coordinates; the significance shared among the pairs, after Bonferroni).
pub(super) fn suspect(pairs: &[LandmarkPair], model: Model, all: &Fitted) -> Option<Suspect> {
    if pairs.len() > MOST_PAIRS {
        return None;
    }
    let counting = (0..pairs.len()).filter(|at| pairs[*at].weight > 0.0);
    let without = counting.filter_map(|at| {
        let mut others = pairs.to_vec();
        others.remove(at);
        let fitted = fit(&others, model).ok()?;
        Some((at, fitted.mean_square(model)?, fitted))
    });
    let (at, others, fitted) = without.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let freedom = fitted.freedom(model);
    let drop = (all.mean_square(model)? * (freedom + 3) as f64 - others * freedom as f64) / 3.0;
    let off_mm = fitted.residual_mm(&pairs[at]);
    let chance = chance_of(drop / others, freedom) * all.pairs as f64;
    let stands_out = chance < SIGNIFICANCE && off_mm >= LEAST_MM;
    stands_out.then(|| Suspect {
        pair: at,
        off_mm,
        others_rms_mm: (fitted.squares / fitted.spread.weight).sqrt(),
    })
}

impl Fitted {
    /// Variance of one coordinate, mm², by the weights of the heaviest pair; `None` when none is left to tell.
    fn mean_square(&self, model: Model) -> Option<f64> {
        let freedom = self.freedom(model);
        (freedom > 0).then(|| self.squares / freedom as f64)
    }
}

/// How often a ratio of variances, the upper of 3 degrees of freedom, is above `ratio` by chance.
///
/// With `sin² t = freedom / (freedom + 3 ratio)` it is the part up to t of the integral of `sin^(freedom - 1) cos²`
/// over a quarter turn (the incomplete beta function): Simpson's rule.
fn chance_of(ratio: f64, freedom: usize) -> f64 {
    if ratio.is_nan() || ratio <= 0.0 {
        return 1.0;
    }
    let freedom = freedom as f64;
    let integral = |end: f64| {
        const HALVES: u32 = 200;
        let value = |n: u32| {
            let t = end * f64::from(n) / f64::from(2 * HALVES);
            t.sin().powf(freedom - 1.0) * t.cos().powi(2)
        };
        let inner: f64 = (1..2 * HALVES)
            .map(|n| value(n) * if n % 2 == 1 { 4.0 } else { 2.0 })
            .sum();
        (value(0) + inner + value(2 * HALVES)) * end / f64::from(6 * HALVES)
    };
    let end = (freedom / (freedom + 3.0 * ratio)).sqrt().asin();
    integral(end) / integral(std::f64::consts::FRAC_PI_2)
}

#[cfg(test)]
mod tests {
    use super::chance_of;

    fn check(ratio: f64, freedom: usize, chance: f64) {
        let found = chance_of(ratio, freedom);
        assert!(
            (found / chance - 1.0).abs() < 0.01,
            "F(3, {freedom}) above {ratio}: {found}"
        );
    }

    /// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.3: upper critical values of F for 3 degrees above.
    #[test]
    fn chances_are_those_of_the_tables() {
        check(9.277, 3, 0.05);
        check(4.757, 6, 0.05);
        check(29.457, 3, 0.01);
        check(6.992, 9, 0.01);
        check(4.938, 20, 0.01);
    }
}
