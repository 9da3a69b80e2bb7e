use proptest::prelude::*;

use crate::lesion::response::{
    DeauvilleInput, FivePoint, Needed, PeakDefinition, QpetInput, Reason, Warning, deauville, qpet,
};

fn residual(uptake: f64) -> DeauvilleInput {
    DeauvilleInput {
        residual: Some(uptake),
        above_background: true,
        blood_pool: Some(1.5),
        liver: Some(2.0),
        liver_max: Some(2.5),
        markedly: 2.0,
        new_lesions: 0,
    }
}

fn check(input: DeauvilleInput, score: FivePoint, sentences: &[&str]) {
    let found = deauville(&input);
    assert_eq!(
        (found.category, found.sentences()),
        (score, sentences.iter().map(|s| (*s).to_owned()).collect())
    );
}

#[test]
fn a_score_says_what_was_compared() {
    let above = "uptake of 4.50 is above that of the liver, 2.00.";
    check(
        residual(4.5),
        FivePoint::Four,
        &[
            above,
            "uptake of 4.50 is less than 2 times that of the liver, 2.50.",
        ],
    );
    let thrice = DeauvilleInput {
        markedly: 3.0,
        ..residual(7.5)
    };
    let above = "uptake of 7.50 is above that of the liver, 2.00.";
    check(
        thrice,
        FivePoint::Five,
        &[
            above,
            "uptake of 7.50 is at least 3 times that of the liver, 2.50.",
        ],
    );
    let new = DeauvilleInput {
        new_lesions: 2,
        ..residual(0.5)
    };
    check(new, FivePoint::Five, &["there are 2 new lesions."]);
}

#[test]
fn a_score_is_not_guessed() {
    let missing = |input: DeauvilleInput, needed| {
        let found = deauville(&input);
        assert_eq!(
            (found.category, found.reasons),
            (FivePoint::NotEvaluable, vec![Reason::Missing(needed)])
        );
    };
    let full = residual(3.0);
    missing(
        DeauvilleInput {
            residual: None,
            ..full
        },
        Needed::ResidualUptake,
    );
    missing(
        DeauvilleInput {
            blood_pool: None,
            ..full
        },
        Needed::BloodPool,
    );
    missing(DeauvilleInput { liver: None, ..full }, Needed::LiverMean);
    missing(
        DeauvilleInput {
            liver_max: None,
            ..full
        },
        Needed::LiverMax,
    );
    for value in [f64::NAN, -1.0] {
        assert_eq!(deauville(&residual(value)).category, FivePoint::NotEvaluable);
    }
}

#[test]
fn what_makes_qpet_doubtful_is_said() {
    let input = QpetInput {
        residual: Some(2.1),
        peak: PeakDefinition::Sphere,
        liver_mean: Some(1.2),
        new_lesions: 0,
    };
    let found = qpet(&input);
    assert_eq!(
        (found.category.score, found.category.value),
        (FivePoint::Four, Some(2.1 / 1.2))
    );
    assert_eq!(
        found.warnings,
        [Warning::SpherePeak, Warning::LiverRange { mean: 1.2 }]
    );
    assert_eq!(
        found.sentences(),
        ["peak of the residual over mean of the liver is 1.750: from 1.3 to less than 2."]
    );
    let none = qpet(&QpetInput {
        liver_mean: None,
        ..input
    });
    assert_eq!(
        (none.category.score, none.category.value),
        (FivePoint::NotEvaluable, None)
    );
    let new = qpet(&QpetInput {
        new_lesions: 1,
        ..input
    });
    assert_eq!(new.category.score, FivePoint::Five);
    for liver in [0.0, -2.0, f64::NAN] {
        let found = qpet(&QpetInput {
            liver_mean: Some(liver),
            ..input
        });
        assert_eq!(found.category.score, FivePoint::NotEvaluable);
    }
}

proptest! {
    #[test]
    fn more_uptake_is_never_a_lower_score(a in 0.0..20.0f64, b in 0.0..20.0f64, liver in 0.5..5.0f64) {
        let of = |residual| qpet(&QpetInput {
            residual: Some(residual), peak: PeakDefinition::FourVoxels, liver_mean: Some(liver), new_lesions: 0,
        }).category.score;
        let five = |uptake| deauville(&DeauvilleInput { liver: Some(liver), liver_max: Some(liver), ..residual(uptake) }).category;
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(of(low).code() <= of(high).code());
        prop_assert!(five(low).code() <= five(high).code());
    }
}
