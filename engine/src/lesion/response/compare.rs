//! Comparisons with thresholds, in which rounding does not decide.

use super::reason::{Needed, Reason};

/// Numbers this close lie on the threshold: 3.0 less 30 % is 2.1, which floating point misses by 4e-16.
const TIE: f64 = 1e-9;

fn slack(threshold: f64) -> f64 {
    TIE * threshold.abs().max(1.0)
}

/// ≥
pub(super) fn at_least(value: f64, threshold: f64) -> bool {
    value >= threshold - slack(threshold)
}

/// >
pub(super) fn above(value: f64, threshold: f64) -> bool {
    value > threshold + slack(threshold)
}

/// <
pub(super) fn below(value: f64, threshold: f64) -> bool {
    !at_least(value, threshold)
}

/// Change in percent of `from`, which is above 0; a rise is positive.
pub(super) fn percent(from: f64, to: f64) -> f64 {
    (to - from) / from * 100.0
}

/// A number that is there, finite and above 0.
pub(super) fn positive(value: Option<f64>, needed: Needed) -> Result<f64, Reason> {
    match value {
        None => Err(Reason::Missing(needed)),
        Some(value) if value.is_finite() && value > 0.0 => Ok(value),
        Some(value) => Err(Reason::Impossible { needed, value }),
    }
}

/// A number that is there, finite and not below 0.
pub(super) fn not_negative(value: Option<f64>, needed: Needed) -> Result<f64, Reason> {
    match value {
        Some(0.0) => Ok(0.0),
        value => positive(value, needed),
    }
}

#[cfg(test)]
mod tests {
    use super::{above, at_least, below, percent};

    #[test]
    fn rounding_does_not_decide() {
        assert!(at_least(-percent(3.0, 2.1), 30.0));
        assert!(!above(-percent(3.0, 2.1), 30.0));
        assert!(above(-percent(3.0, 2.0999), 30.0));
        assert!(below(-percent(3.0, 2.1001), 30.0));
        assert!(!at_least(f64::NAN, 30.0) && !above(f64::NAN, 30.0));
    }
}
