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
