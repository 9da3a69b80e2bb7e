use proptest::prelude::*;

use crate::lesion::response::{Anatomic, Measured, NonTargets, RecistInput, TargetLesion, recist};

fn node(baseline_mm: f64, now: f64) -> TargetLesion {
    TargetLesion {
        is_node: true,
        ..mass(baseline_mm, Measured::Mm(now))
    }
}

fn mass(baseline_mm: f64, now: Measured) -> TargetLesion {
    TargetLesion {
        is_node: false,
        baseline_mm,
        now,
    }
}

fn input(targets: &[TargetLesion]) -> RecistInput<'_> {
    RecistInput {
        targets,
        smallest_sum_mm: None,
        non_targets: NonTargets::None,
        new_lesions: 0,
        partial_before: false,
    }
}

fn check(input: RecistInput, category: Anatomic, sentences: &[&str]) {
    let found = recist(&input);
    assert_eq!(
        (found.category, found.sentences()),
        (category, sentences.iter().map(|s| (*s).to_owned()).collect())
    );
}

#[test]
fn complete_leaves_nodes_below_10_mm() {
    let gone = "all targets are gone, and target nodes are below 10 mm in the short axis.";
    check(
        input(&[node(20.0, 9.9), mass(30.0, Measured::Absent)]),
        Anatomic::Complete,
        &[gone, "targets: CR; other lesions: none; no new lesion."],
    );
    assert_eq!(recist(&input(&[node(20.0, 10.0)])).category, Anatomic::Partial);
    assert_eq!(
        recist(&input(&[mass(20.0, Measured::Mm(1.0))])).category,
        Anatomic::Partial
    );
    // A node that grows but stays below 10 mm is not diseased, however small the smallest sum was.
    let small = [node(20.0, 9.5)];
    let grown = RecistInput {
        smallest_sum_mm: Some(4.0),
        ..input(&small)
    };
    assert_eq!(recist(&grown).category, Anatomic::Complete);
}

#[test]
fn too_small_to_measure_is_5_mm() {
    let fall = "the sum of target diameters fell from 10.0 mm to 5.0 mm (-50.00 %): a fall of at least 30 % from baseline is reached.";
    check(
        input(&[mass(10.0, Measured::TooSmall)]),
        Anatomic::Partial,
        &[fall, "targets: PR; other lesions: none; no new lesion."],
    );
}

#[test]
fn progression_counts_from_the_smallest_sum() {
    let rise = "the sum of target diameters rose from 50.0 mm to 62.0 mm (+24.00 %): a rise of at least 20 % and 5 mm above the smallest sum on study is reached.";
    let targets = [mass(100.0, Measured::Mm(62.0))];
    let progressed = RecistInput {
        smallest_sum_mm: Some(50.0),
        ..input(&targets)
    };
    check(
        progressed,
        Anatomic::Progressive,
        &[
            "the sum of target diameters was 50.0 mm at its best, from which progression counts.",
            rise,
            "targets: PD; other lesions: none; no new lesion.",
        ],
    );
    let of = |smallest, mm| {
        let targets = [mass(100.0, Measured::Mm(mm))];
        recist(&RecistInput {
            smallest_sum_mm: Some(smallest),
            ..input(&targets)
        })
        .category
    };
    assert_eq!(of(0.0, 5.0), Anatomic::Progressive);
    assert_eq!(of(0.0, 4.9), Anatomic::Partial);
    // A "smallest" sum above the baseline is none.
    assert_eq!(of(120.0, 120.0), Anatomic::Progressive);
}

/// Remembered of Eisenhauer 2009, 4.4.2: three targets of 50 mm, of which two alone are 80 mm later.
#[test]
fn missing_targets_do_not_hide_progression() {
    let targets = |mm| {
        [
            mass(20.0, Measured::Mm(mm)),
            mass(20.0, Measured::Mm(40.0)),
            mass(10.0, Measured::NotAssessed),
        ]
    };
    assert_eq!(recist(&input(&targets(40.0))).category, Anatomic::Progressive);
    check(
        input(&targets(10.0)),
        Anatomic::NotEvaluable,
        &[
            "a target was not measured, and what was does not decide.",
            "targets: NE; other lesions: none; no new lesion.",
        ],
    );
}

#[test]
fn nothing_is_guessed() {
    for baseline in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            recist(&input(&[mass(baseline, Measured::Mm(1.0))])).category,
            Anatomic::NotEvaluable
        );
    }
    for now in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            recist(&input(&[mass(10.0, Measured::Mm(now))])).category,
            Anatomic::NotEvaluable
        );
    }
    let targets = [mass(10.0, Measured::Mm(10.0))];
    let smallest = RecistInput {
        smallest_sum_mm: Some(f64::NAN),
        ..input(&targets)
    };
    check(
        smallest,
        Anatomic::NotEvaluable,
        &[
            "not evaluable: the smallest sum of diameters so far cannot be NaN.",
            "targets: NE; other lesions: none; no new lesion.",
        ],
    );
    assert_eq!(recist(&input(&[])).category, Anatomic::NotEvaluable);
}

proptest! {
    /// The definition in plain words, on whole millimetres, where nothing lies between.
    #[test]
    fn sums_follow_the_definition(baseline in 1..200u32, smallest in prop::option::of(1..200u32), now in 1..300u32) {
        let targets = [mass(f64::from(baseline), Measured::Mm(f64::from(now)))];
        let found = recist(&RecistInput { smallest_sum_mm: smallest.map(f64::from), ..input(&targets) }).category;
        let smallest = smallest.map_or(baseline, |smallest| smallest.min(baseline));
        let expected = if now * 10 >= smallest * 12 && now >= smallest + 5 {
            Anatomic::Progressive
        } else if now * 10 <= baseline * 7 {
            Anatomic::Partial
        } else {
            Anatomic::Stable
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn the_order_of_targets_does_not_matter(
        (targets, shuffled) in prop::collection::vec((any::<bool>(), 10..90u32, 0..90u32), 1..6)
            .prop_flat_map(|targets| (Just(targets.clone()), Just(targets).prop_shuffle())),
    ) {
        let of = |targets: Vec<(bool, u32, u32)>| {
            let targets: Vec<TargetLesion> = targets.into_iter().map(|(is_node, before, now)| TargetLesion {
                is_node, ..mass(f64::from(before), Measured::Mm(f64::from(now)))
            }).collect();
            recist(&input(&targets))
        };
        prop_assert_eq!(of(targets), of(shuffled));
    }
}
