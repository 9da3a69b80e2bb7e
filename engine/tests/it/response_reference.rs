//! Response criteria against the tables and examples that were published.

use engine::lesion::response::{
    Anatomic, Conditions, Cycles, DeauvilleInput, EortcInput, Exam, FivePoint, Lesion, Measured, NonTargets,
    PeakDefinition, PercistInput, QpetInput, RecipInput, RecistInput, ReferenceRegion, TargetLesion,
    UptakeChange, deauville, eortc, lugano, percist, qpet, recip, recist,
};

const OVERALL: &str = include_str!("../../../testdata/reference/response_recist_overall.csv");
const SUMS: &str = include_str!("../../../testdata/reference/response_recist_sums.csv");
const METABOLIC: &str = include_str!("../../../testdata/reference/response_metabolic.csv");
const LYMPHOMA: &str = include_str!("../../../testdata/reference/response_lymphoma.csv");
const RECIP: &str = include_str!("../../../testdata/reference/response_recip.csv");

/// Fields of the rows of a table, without comments and heading.
fn rows<const FIELDS: usize>(table: &'static str) -> Vec<[&'static str; FIELDS]> {
    let lines = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    let rows: Vec<_> = lines
        .map(|line| {
            let fields: Vec<&str> = line.splitn(FIELDS, ',').collect();
            <[&str; FIELDS]>::try_from(fields).unwrap_or_else(|_| panic!("not {FIELDS} fields: {line}"))
        })
        .collect();
    assert!(rows.len() >= 10);
    rows
}

fn number(text: &str) -> Option<f64> {
    (!text.is_empty() && text != "-").then(|| text.parse().unwrap())
}

fn target(baseline_mm: f64, now: Measured) -> TargetLesion {
    TargetLesion {
        is_node: false,
        baseline_mm,
        now,
    }
}

#[test]
fn recist_overall() {
    for [targets, non_targets, new, expected, source] in rows::<5>(OVERALL) {
        let now = match targets {
            "CR" => Measured::Absent,
            "PR" => Measured::Mm(50.0),
            "SD" => Measured::Mm(100.0),
            "PD" => Measured::Mm(150.0),
            "NE" => Measured::NotAssessed,
            _ => Measured::Absent,
        };
        let lesions = [target(100.0, now)];
        let lesions = if targets == "none" {
            &[]
        } else {
            lesions.as_slice()
        };
        let non_targets = match non_targets {
            "CR" => NonTargets::Complete,
            "Non-CR/Non-PD" => NonTargets::Neither,
            "not all assessed" => NonTargets::NotAllAssessed,
            "PD" => NonTargets::Progressive,
            _ => NonTargets::None,
        };
        let found = recist(&RecistInput {
            targets: lesions,
            smallest_sum_mm: None,
            non_targets,
            new_lesions: usize::from(new == "yes"),
            partial_before: false,
        });
        assert_eq!(
            found.category.code(),
            expected,
            "{targets} {non_targets} {new}: {source}"
        );
    }
}

#[test]
fn recist_sums() {
    for [baseline, smallest, now, before, expected, source] in rows::<6>(SUMS) {
        let now = match number(now).unwrap() {
            0.0 => Measured::Absent,
            mm => Measured::Mm(mm),
        };
        let found = recist(&RecistInput {
            targets: &[target(number(baseline).unwrap(), now)],
            smallest_sum_mm: number(smallest),
            non_targets: NonTargets::None,
            new_lesions: 0,
            partial_before: before == "yes",
        });
        assert_eq!(
            found.category.code(),
            expected,
            "{baseline} {smallest} {now:?}: {source}"
        );
        assert_ne!(found.category, Anatomic::NotEvaluable);
    }
}

fn by_percist(
    before: f64,
    now: Option<f64>,
    tlg: (Option<f64>, Option<f64>),
    new_lesions: usize,
) -> &'static str {
    let region = |mean, sd| ReferenceRegion { mean, sd, max: mean };
    let conditions = Conditions {
        liver_sul: Some(region(1.0, 0.1)),
        blood_pool_sul: Some(region(0.9, 0.1)),
        ..Conditions::default()
    };
    let lesion = |track, sul_peak, tlg| Lesion {
        track,
        sul_peak: Some(sul_peak),
        tlg,
        ..Lesion::default()
    };
    let baseline = [lesion(1, before, tlg.0)];
    let new = (2..2 + new_lesions as u32).map(|track| Lesion {
        is_new: true,
        ..lesion(track, 0.5, None)
    });
    let follow_up: Vec<Lesion> = now
        .map(|now| lesion(1, now, tlg.1))
        .into_iter()
        .chain(new)
        .collect();
    let exam = |lesions| Exam {
        lesions,
        conditions: &conditions,
    };
    let input = PercistInput {
        baseline: exam(&baseline),
        follow_up: exam(&follow_up),
        best_sul_peak: None,
        unequivocal_progression: false,
    };
    percist(&input).category.code()
}

#[test]
fn metabolic() {
    for [criterion, before, now, tlg, new, cycles, expected, source] in rows::<8>(METABOLIC) {
        let (before, now, new_lesions) = (number(before).unwrap(), number(now), new.parse().unwrap());
        let tlg = tlg
            .split_once('/')
            .map_or((None, None), |(a, b)| (number(a), number(b)));
        let found = match criterion {
            "PERCIST" => by_percist(before, now, tlg, new_lesions),
            _ => {
                let input = EortcInput {
                    baseline_suv: Some(before),
                    follow_up_suv: now,
                    baseline_extent_mm: None,
                    follow_up_extent_mm: None,
                    resolved: now.is_none(),
                    new_lesions,
                    cycles: match cycles {
                        "one" => Some(Cycles::One),
                        "more" => Some(Cycles::More),
                        _ => None,
                    },
                };
                eortc(&input).category.code()
            }
        };
        assert_eq!(found, expected, "{criterion} {before} {now:?}: {source}");
    }
}

fn by_five_point(input: &str) -> &'static str {
    let values: Vec<Option<f64>> = input.split('/').map(number).collect();
    let input = DeauvilleInput {
        residual: values[0],
        above_background: values[0].is_some(),
        blood_pool: values[1],
        liver: values[2],
        liver_max: values[3],
        markedly: 2.0,
        new_lesions: 0,
    };
    deauville(&input).category.code()
}

fn by_qpet(input: &str) -> &'static str {
    let input = QpetInput {
        residual: number(input).map(|quotient| quotient * 2.0),
        peak: PeakDefinition::FourVoxels,
        liver_mean: Some(2.0),
        new_lesions: 0,
    };
    qpet(&input).category.score.code()
}

fn by_lugano(input: &str) -> &'static str {
    let fields: Vec<&str> = input.split('/').collect();
    let score = match fields[0] {
        "1" => FivePoint::One,
        "2" => FivePoint::Two,
        "3" => FivePoint::Three,
        "4" => FivePoint::Four,
        _ => FivePoint::Five,
    };
    let change = match fields[1] {
        "reduced" => Some(UptakeChange::Reduced),
        "unchanged" => Some(UptakeChange::Unchanged),
        "increased" => Some(UptakeChange::Increased),
        _ => None,
    };
    lugano(score, change, fields[2].parse().unwrap()).category.code()
}

#[test]
fn lymphoma() {
    for [scale, input, expected, source] in rows::<4>(LYMPHOMA) {
        let found = match scale {
            "five-point" => by_five_point(input),
            "qpet" => by_qpet(input),
            _ => by_lugano(input),
        };
        assert_eq!(found, expected, "{scale} {input}: {source}");
    }
}

#[test]
fn psma() {
    for [baseline, now, uptake, new, expected, source] in rows::<6>(RECIP) {
        let input = RecipInput {
            baseline_ml: number(baseline),
            follow_up_ml: number(now),
            uptake_left: uptake == "yes",
            new_lesions: new.parse().unwrap(),
        };
        assert_eq!(
            recip(&input).category.code(),
            expected,
            "{baseline} {now} {new}: {source}"
        );
    }
}
