use proptest::prelude::*;

use super::{GastricImage, PowerExponential, Retention, retention};
use crate::scintigraphy::Error;

/// Half-life of Tc-99m, s.
const TC99M_S: f64 = 21_624.0;

fn image(hours: f64, anterior_cps: f64, posterior_cps: f64) -> GastricImage {
    GastricImage {
        at_s: hours * 3600.0,
        anterior_cps,
        posterior_cps,
    }
}

#[test]
fn decay_is_no_emptying() {
    let decayed = |hours: f64, left: f64| {
        let cps = left * 0.5f64.powf(hours * 3600.0 / TC99M_S);
        image(hours, 400.0 * cps, 100.0 * cps)
    };
    let images = [
        decayed(0.0, 1.0),
        decayed(1.0, 0.8),
        decayed(2.0, 0.4),
        decayed(4.0, 0.06),
    ];
    let found = retention(&images, TC99M_S).unwrap();
    for (found, expected) in found.fractions.iter().zip([1.0, 0.8, 0.4, 0.06]) {
        assert!((found - expected).abs() < 1e-12);
    }
    assert!((found.at(3600.0).unwrap() - 0.8).abs() < 1e-12);
    assert!((found.at(1.5 * 3600.0).unwrap() - 0.6).abs() < 1e-12);
    assert_eq!((found.at(-1.0), found.at(5.0 * 3600.0)), (None, None));
    assert!((found.half_s().unwrap() - 1.75 * 3600.0).abs() < 1e-6);
    let slow = Retention {
        times_s: vec![0.0, 60.0],
        fractions: vec![1.0, 0.9],
    };
    assert_eq!(slow.half_s(), None);
}

#[test]
fn images_that_cannot_be_are_refused() {
    let refused = |images: &[GastricImage], half_life_s: f64| retention(images, half_life_s).unwrap_err();
    assert!(matches!(refused(&[], TC99M_S), Error::TooFew { .. }));
    assert!(matches!(
        refused(&[image(0.0, 0.0, 5.0)], TC99M_S),
        Error::NotPositive { .. }
    ));
    assert!(matches!(
        refused(&[image(0.0, 4.0, -5.0)], TC99M_S),
        Error::Negative { .. }
    ));
    assert!(matches!(
        refused(&[image(0.0, 4.0, 5.0)], 0.0),
        Error::NotPositive { .. }
    ));
    assert!(matches!(
        refused(&[image(-1.0, 4.0, 5.0)], TC99M_S),
        Error::Times(_)
    ));
    let twice = [image(1.0, 4.0, 5.0), image(1.0, 4.0, 5.0)];
    assert!(matches!(refused(&twice, TC99M_S), Error::Times(_)));
    let two = Retention {
        times_s: vec![0.0, 60.0],
        fractions: vec![1.0, 0.5],
    };
    assert!(matches!(two.exponential(), Err(Error::TooFew { .. })));
    assert!(matches!(two.power_exponential(), Err(Error::TooFew { .. })));
    let still = Retention {
        times_s: vec![0.0, 60.0, 120.0, 180.0],
        fractions: vec![1.0; 4],
    };
    assert!(matches!(
        still.half_of_exponential_s(),
        Err(Error::NotPositive { .. })
    ));
    assert!(matches!(
        still.power_exponential(),
        Err(Error::NotPositive { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fits_find_the_curve(half_min in 20.0..150.0f64, power in 1.0..3.0f64) {
        let times_s: Vec<f64> = (0..17).map(|n| f64::from(n) * 900.0).collect();
        let rate_per_s = std::f64::consts::LN_2 / (half_min * 60.0);
        let liquid = times_s.iter().map(|at_s| (-rate_per_s * at_s).exp()).collect();
        let liquid = Retention { times_s: times_s.clone(), fractions: liquid };
        prop_assert!((liquid.half_of_exponential_s().unwrap() / (half_min * 60.0) - 1.0).abs() < 1e-9);
        let truth = PowerExponential { rate_per_s, power };
        let fractions = times_s.iter().map(|at_s| truth.at(*at_s)).collect();
        let found = Retention { times_s, fractions }.power_exponential().unwrap();
        prop_assert!((truth.at(truth.half_s()) - 0.5).abs() < 1e-12);
        prop_assert!((found.half_s() / truth.half_s() - 1.0).abs() < 1e-3, "{found:?} {truth:?}");
        prop_assert!((found.power / truth.power - 1.0).abs() < 1e-2, "{found:?} {truth:?}");
        prop_assert!((found.lag_s() - truth.lag_s()).abs() < 0.01 * truth.half_s());
    }
}
