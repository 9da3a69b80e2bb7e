//! Radioactive decay: the constant, the remaining fraction, and what a frame averages over.

use std::f64::consts::LN_2;

/// Gives the decay constant λ in 1/s of a half-life in seconds.
///
/// The half-life must be positive; it is Radionuclide Half Life, PS3.3 C.8.9.2.
///
/// ```
/// let f18 = engine::suv::decay::constant_per_s(6586.2);
/// assert!((engine::suv::decay::remaining(f18, 3600.0) - 0.684633).abs() < 1e-6);
/// ```
#[must_use]
pub fn constant_per_s(half_life_s: f64) -> f64 {
    LN_2 / half_life_s
}

/// Gives the fraction of an activity that is left after `elapsed_s` seconds: exp(−λt).
///
/// Above 1 for a negative time: what there was before.
#[must_use]
pub fn remaining(constant_per_s: f64, elapsed_s: f64) -> f64 {
    (-constant_per_s * elapsed_s).exp()
}

/// Gives T_ave in seconds from a frame's start: when a decaying activity has its mean over the frame.
///
/// A little before the middle. Zero half-life constants and zero durations give the limit, half of the
/// duration. Formula: PS3.3 C.8.9.4.1.5, example 2.
#[must_use]
pub fn average_time_s(constant_per_s: f64, frame_duration_s: f64) -> f64 {
    let decays = constant_per_s * frame_duration_s;
    if decays < 1e-4 {
        // Two terms of the series: the logarithm would lose its digits to cancellation.
        return frame_duration_s * (0.5 - decays / 24.0);
    }
    frame_correction(constant_per_s, frame_duration_s).ln() / constant_per_s
}

/// Gives λT/(1−e^(−λT)): the activity at a frame's start over its mean during the frame, at least 1.
///
/// Takes what was counted over a frame of `frame_duration_s` seconds back to the frame's start.
#[must_use]
pub fn frame_correction(constant_per_s: f64, frame_duration_s: f64) -> f64 {
    let decays = constant_per_s * frame_duration_s;
    if decays == 0.0 {
        1.0
    } else {
        decays / -(-decays).exp_m1()
    }
}

/// Gives by what fraction an activity is misjudged if a time is wrong by `error_s` seconds; never negative.
pub(super) fn effect(constant_per_s: f64, error_s: f64) -> f64 {
    (constant_per_s * error_s.abs()).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_time_is_continuous_where_its_formula_changes() {
        let (below, above) = (average_time_s(1e-4, 0.999_999), average_time_s(1e-4, 1.000_001));
        assert!((above - below - 1e-6).abs() < 1e-6, "{below} {above}");
        assert_eq!(average_time_s(0.0, 120.0), 60.0);
        assert_eq!(frame_correction(0.0, 120.0), 1.0);
    }

    #[test]
    fn effect_is_the_relative_error_of_the_activity() {
        assert!((effect(LN_2 / 100.0, 100.0) - 1.0).abs() < 1e-12);
        assert_eq!(effect(LN_2 / 100.0, -100.0), effect(LN_2 / 100.0, 100.0));
    }

    proptest::proptest! {
        #[test]
        fn a_frame_is_the_mean_of_its_short_parts(half_life in 60.0..1e6, duration in 1.0..2_000.0) {
            let constant = constant_per_s(half_life);
            let parts = 2_000;
            let mean = (0..parts)
                .map(|part| remaining(constant, (f64::from(part) + 0.5) / f64::from(parts) * duration))
                .sum::<f64>() / f64::from(parts);
            proptest::prop_assert!((frame_correction(constant, duration) * mean - 1.0).abs() < 1e-4);
            let at_average_time = remaining(constant, average_time_s(constant, duration));
            proptest::prop_assert!((at_average_time / mean - 1.0).abs() < 1e-4);
        }
    }
}
