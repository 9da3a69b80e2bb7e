use super::{Body, KidneyDepth, SyringeCounts, gates};
use crate::scintigraphy::Error;
use crate::scintigraphy::curve::tests::sampled;

const BODY: Body = Body {
    weight_kg: 70.0,
    height_m: 1.75,
};
const SYRINGE: SyringeCounts = SyringeCounts {
    full_cps: 20_500.0,
    empty_cps: 500.0,
};

/// A man of 70 kg and 1.75 m: W/H = 0.4.
#[test]
fn depths_are_those_of_the_formulas() {
    let check = |depth: KidneyDepth, expected: [f64; 2]| {
        let found = depth.left_right_mm().unwrap();
        assert!(
            (0..2).all(|n| (found[n] - expected[n]).abs() < 1e-9),
            "{found:?} {expected:?}"
        );
    };
    check(KidneyDepth::Tonnesen(BODY), [59.8, 60.2]);
    let age_years = 50.0;
    check(
        KidneyDepth::Taylor {
            body: BODY,
            age_years,
        },
        [78.88, 70.75],
    );
    let (left_mm, right_mm) = (71.0, 74.0);
    check(KidneyDepth::Measured { left_mm, right_mm }, [71.0, 74.0]);
    let flat = Body {
        weight_kg: 0.0,
        ..BODY
    };
    assert!(matches!(
        KidneyDepth::Tonnesen(flat).left_right_mm(),
        Err(Error::NotPositive { what: "weight", .. })
    ));
    assert!(
        KidneyDepth::Measured {
            left_mm,
            right_mm: f64::NAN
        }
        .left_right_mm()
        .is_err()
    );
}

/// By hand: counts of 1.2 % and 0.8 % of 20 000 per second; at 60 mm each is e^0.918 = 2.504277 times
/// as much, so both take up 5.008554 %, and filter 9.8127 x 5.008554 - 6.82519 = 42.322249 mL/min.
#[test]
fn filtration_is_that_of_the_formula() {
    let (left, right) = (sampled(12, 20.0, |_| 240.0), sampled(12, 20.0, |_| 160.0));
    let depth = KidneyDepth::Measured {
        left_mm: 60.0,
        right_mm: 60.0,
    };
    let found = gates(&left, &right, SYRINGE, &depth).unwrap();
    assert!((found.total_ml_min - 42.322_249).abs() < 1e-4, "{found:?}");
    assert!((found.left_ml_min - 0.6 * found.total_ml_min).abs() < 1e-9);
    assert!((found.left_ml_min + found.right_ml_min - found.total_ml_min).abs() < 1e-9);
    assert!((found.uptake[0] - 0.012 * 2.504_277).abs() < 1e-7);
    assert!((found.for_standard_surface_ml_min(1.8481).unwrap() - 42.322_249 * 1.73 / 1.8481).abs() < 1e-4);
    let codes = |depth: &KidneyDepth| {
        let warnings = gates(&left, &right, SYRINGE, depth).unwrap().warnings;
        warnings.iter().map(|warning| warning.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&depth), ["gates-estimate"]);
    assert_eq!(
        codes(&KidneyDepth::Tonnesen(BODY)),
        ["gates-estimate", "tonnesen-depth"]
    );
}

#[test]
fn what_would_be_guessed_is_refused() {
    let kidney = sampled(12, 20.0, |_| 240.0);
    let depth = KidneyDepth::Tonnesen(BODY);
    let refused = |left: &crate::scintigraphy::Curve, full_cps: f64, empty_cps: f64| {
        gates(left, &kidney, SyringeCounts { full_cps, empty_cps }, &depth).unwrap_err()
    };
    for (full, empty) in [(0.0, 0.0), (500.0, 500.0), (400.0, 500.0)] {
        let error = refused(&kidney, full, empty);
        assert!(
            matches!(
                error,
                Error::NotPositive {
                    what: "counts injected",
                    ..
                }
            ),
            "{error:?}"
        );
    }
    assert!(matches!(refused(&kidney, f64::NAN, 0.0), Error::Negative { .. }));
    let error = refused(&sampled(12, 20.0, |_| -1.0), 20_000.0, 0.0);
    assert!(
        matches!(
            error,
            Error::Negative {
                what: "counts of the left kidney",
                ..
            }
        ),
        "{error:?}"
    );
    assert!(matches!(
        refused(&sampled(7, 20.0, |_| 9.0), 2e4, 0.0),
        Error::NotCovered { .. }
    ));
    let faint = sampled(12, 20.0, |_| 1.0);
    let error = gates(&faint, &faint, SYRINGE, &depth).unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotPositive {
                what: "filtration by Gates' formula",
                ..
            }
        ),
        "{error:?}"
    );
}
