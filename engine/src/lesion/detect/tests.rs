use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::lesion::{Detection, Error, LabelMap, Options, Organ, Region, Side, UptakeThreshold, detect};
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// A ball of uptake: center, radius in mm, SUV.
type Ball = ([f64; 3], f64, f32);

const STEP_MM: f64 = 4.0;

/// A man of boxes and balls from 0 (top of the head) to -1100 mm: head, neck, trunk, two legs.
fn is_body([x, y, z]: [f64; 3]) -> bool {
    let oval = |half: f64, deep: f64| (x / half).powi(2) + (y / deep).powi(2) < 1.0;
    match -z {
        h if h < 0.0 => false,
        // The head closes at its top.
        h if h < 40.0 => oval(75.0 * (h / 40.0).sqrt(), 95.0 * (h / 40.0).sqrt()),
        h if h < 220.0 => oval(75.0, 95.0),
        h if h < 275.0 => oval(58.0, 58.0),
        h if h < 945.0 => oval(160.0, 105.0),
        _ => (12.0..120.0).contains(&x.abs()) && y.abs() < 70.0,
    }
}

fn is_lung([x, y, z]: [f64; 3]) -> bool {
    (320.0..590.0).contains(&-z) && ((x.abs() - 85.0) / 50.0).powi(2) + (y / 75.0).powi(2) < 1.0
}

fn is_spine([x, y, z]: [f64; 3]) -> bool {
    (200.0..830.0).contains(&-z) && x.abs() < 20.0 && (45.0..85.0).contains(&y)
}

fn is_liver([x, y, z]: [f64; 3]) -> bool {
    (500.0..640.0).contains(&-z) && (-130.0..-20.0).contains(&x) && y.abs() < 70.0 && !is_lung([x, y, z])
}

/// Organs that take up more than 4: brain, heart, kidneys, bladder.
const ORGANS: [(Ball, Organ); 5] = [
    (([0.0, 0.0, -75.0], 62.0, 9.0), Organ::Brain),
    (([45.0, -35.0, -480.0], 30.0, 6.0), Organ::Heart),
    (([65.0, 45.0, -650.0], 26.0, 7.0), Organ::Kidney),
    (([-65.0, 45.0, -660.0], 26.0, 7.0), Organ::Kidney),
    (([0.0, -25.0, -850.0], 30.0, 20.0), Organ::UrinaryTract),
];

fn grid(step_mm: f64) -> Grid {
    let size = [400.0, 280.0, 1160.0].map(|length| (length / step_mm) as usize);
    let axes = [
        Vector::new(step_mm, 0.0, 0.0),
        Vector::new(0.0, step_mm, 0.0),
        Vector::new(0.0, 0.0, step_mm),
    ];
    let first = Point::new(-199.0, -139.0, -1121.0);
    Grid::new(size, Affine::from_axes(axes, first)).unwrap()
}

fn volume(grid: Grid, unit: Unit, value: impl Fn([f64; 3]) -> f32) -> Volume {
    let [columns, rows, _] = grid.size();
    let values = (0..grid.voxels())
        .map(|n| {
            let at = [n % columns, n / columns % rows, n / (columns * rows)].map(|v| v as f64);
            let p: Point<Patient> = grid.patient(Point::<Voxel>::from(at));
            value([p[0], p[1], p[2]])
        })
        .collect();
    Volume::new(grid, Voxels::F32(values), Rescale::IDENTITY, unit).unwrap()
}

/// Uptake that falls off from a ball's edge over 8 mm, as a scanner shows it.
fn uptake(balls: &[Ball], p: [f64; 3]) -> f32 {
    let tissue = match p {
        p if !is_body(p) => 0.0,
        p if is_lung(p) => 0.4,
        p if is_liver(p) => 2.0,
        p if is_spine(p) => 1.2,
        _ => 0.6,
    };
    balls.iter().fold(tissue, |most, (center, radius, suv)| {
        let distance = Point::<Patient>::from(p).distance(Point::from(*center));
        let share = ((radius + 4.0 - distance) / 8.0).clamp(0.0, 1.0) as f32;
        most.max(tissue + (suv - tissue) * share)
    })
}

fn pet(lesions: &[Ball]) -> Volume {
    let balls: Vec<Ball> = ORGANS
        .iter()
        .map(|o| o.0)
        .chain(lesions.iter().copied())
        .collect();
    volume(grid(STEP_MM), Unit::SuvBw, |p| uptake(&balls, p))
}

fn ct() -> Volume {
    volume(grid(3.0), Unit::Hounsfield, |p| match p {
        p if !is_body(p) => -1000.0,
        p if is_lung(p) => -850.0,
        p if is_spine(p) => 400.0,
        _ => 40.0,
    })
}

fn found(lesions: &[Ball], ct: Option<&Volume>) -> Detection {
    detect(&pet(lesions), ct, None, &Options::default()).unwrap()
}

const NODE: Ball = ([-40.0, 10.0, -420.0], 9.0, 8.0);

#[test]
fn organs_are_set_aside_and_a_lesion_is_not() {
    let ct = ct();
    for ct in [None, Some(&ct)] {
        let detection = found(&[NODE], ct);
        let lesions: Vec<_> = detection.lesions().collect();
        assert_eq!(lesions.len(), 1, "{:?} {:#?}", ct.is_some(), detection.warnings);
        assert!(lesions[0].center.distance(Point::from(NODE.0)) < 2.0);
        assert_eq!(lesions[0].id, 1);
        for ((center, ..), organ) in ORGANS {
            let finding = detection
                .findings
                .iter()
                .find(|f| f.center.distance(Point::from(center)) < 12.0);
            let why = finding.and_then(|f| f.physiological.as_ref());
            assert_eq!(why.map(|why| why.organ), Some(organ), "at {center:?}");
            assert!(why.is_some_and(|why| !why.reason.is_empty()));
        }
    }
}

/// A node 3 mm from the kidney has its own maximum, and is judged by itself.
#[test]
fn a_lesion_that_touches_an_organ_does_not_vanish_with_it() {
    let beside_kidney: Ball = ([28.0, 22.0, -650.0], 9.0, 10.0);
    let beside_bladder: Ball = ([-50.0, -25.0, -850.0], 8.0, 9.0);
    let detection = found(&[beside_kidney, beside_bladder], Some(&ct()));
    for (center, ..) in [beside_kidney, beside_bladder] {
        let found = detection
            .lesions()
            .any(|f| f.center.distance(Point::from(center)) < 6.0);
        assert!(
            found,
            "{center:?} {:#?}",
            detection
                .findings
                .iter()
                .map(|f| (f.center, &f.physiological))
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn restoring_and_setting_aside_move_the_totals() {
    let mut detection = found(&[NODE], None);
    let before = detection.totals();
    assert_eq!(before.lesions, 1);
    let bladder = detection
        .findings
        .iter()
        .find(|f| {
            f.physiological
                .as_ref()
                .is_some_and(|why| why.organ == Organ::UrinaryTract)
        })
        .unwrap();
    let (id, volume_ml) = (bladder.id, bladder.statistics.volume_ml);
    detection.restore(id).unwrap();
    let restored = detection.totals();
    assert_eq!(restored.lesions, 2);
    // At 4.0, where the candidates end, its boundary is the candidate.
    assert!((restored.by_rule[0].1 - before.by_rule[0].1 - volume_ml).abs() < 1e-9);
    let measured = detection.findings.iter().find(|f| f.id == id).unwrap();
    assert!(
        measured
            .measures
            .as_ref()
            .is_some_and(|m| m.peaks.local.value > 15.0)
    );
    detection.set_aside(id, Organ::UrinaryTract).unwrap();
    assert_eq!(detection.totals(), before);
    let error = detection.restore(99).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "expected one of {} findings, found number 99",
            detection.findings.len()
        )
    );
}

#[test]
fn references_are_found_and_doubted() {
    let detection = found(&[], Some(&ct()));
    let liver = detection.references.liver.as_ref().unwrap();
    assert!(
        (liver.statistics.mean - 2.0).abs() < 0.05 && liver.doubts.is_empty(),
        "{liver:?}"
    );
    assert!((liver.mask.volume_ml() - 14.1).abs() < 1.5);
    assert!(is_liver([liver.center[0], liver.center[1], liver.center[2]]));
    // PERCIST: 1.5 times the mean and two standard deviations.
    let expected = 1.5 * liver.statistics.mean + 2.0 * liver.statistics.sd;
    assert_eq!(detection.references.liver_threshold(), Some(expected));
    let without = found(&[], None);
    assert!(
        without
            .references
            .liver
            .unwrap()
            .doubts
            .contains(&"placed without CT".to_owned())
    );
    assert!(without.warnings.iter().any(|w| w.starts_with("no CT")));
}

#[test]
fn sites_are_named() {
    let lung: Ball = ([85.0, 0.0, -450.0], 12.0, 8.0);
    let vertebra: Ball = ([0.0, 65.0, -700.0], 10.0, 8.0);
    let groin: Ball = ([-70.0, -75.0, -880.0], 9.0, 8.0);
    let detection = found(
        &[lung, vertebra, groin, ([0.0, 0.0, -255.0], 9.0, 8.0)],
        Some(&ct()),
    );
    let site = |at: [f64; 3]| {
        let found = detection
            .lesions()
            .find(|f| f.center.distance(Point::from(at)) < 6.0);
        found.map(|f| (f.site.region, f.site.side))
    };
    assert_eq!(site(lung.0), Some((Region::Lung, Some(Side::Left))));
    assert_eq!(site(vertebra.0), Some((Region::LumbarSpine, None)));
    assert_eq!(site(groin.0), Some((Region::Inguinal, Some(Side::Right))));
    assert_eq!(site([0.0, 0.0, -255.0]), Some((Region::Neck, None)));
}

/// A map that knows the bladder elsewhere, and a heart where the node is.
#[test]
fn labels_override_the_rules() {
    let ball =
        |p: [f64; 3], center: [f64; 3], mm: f64| Point::<Patient>::from(p).distance(Point::from(center)) < mm;
    let labels = volume(grid(6.0), Unit::Unspecified, |p| match p {
        p if ball(p, NODE.0, 14.0) => 1.0,
        p if ball(p, [0.0, -25.0, -850.0], 40.0) => 2.0,
        _ => 0.0,
    });
    let names = BTreeMap::from([
        (1, "heart".to_owned()),
        (2, "prostate".to_owned()),
        (3, "urinary_bladder".to_owned()),
    ]);
    let map = LabelMap { labels, names };
    let detection = detect(&pet(&[NODE]), None, Some(&map), &Options::default()).unwrap();
    let at = |center: [f64; 3]| {
        let found = detection
            .findings
            .iter()
            .find(|f| f.center.distance(Point::from(center)) < 8.0);
        found
            .unwrap()
            .physiological
            .as_ref()
            .map(|why| (why.organ, why.reason.as_str()))
    };
    assert_eq!(at(NODE.0), Some((Organ::Heart, "labelled heart")));
    assert_eq!(at([0.0, -25.0, -850.0]), None);
    // The map knows the heart elsewhere: the rules may not find it where it says nothing.
    assert_eq!(at([45.0, -35.0, -480.0]), None);
    assert_eq!(at([65.0, 45.0, -650.0]).map(|why| why.0), Some(Organ::Kidney));
}

#[test]
fn boundaries_stand_side_by_side() {
    let options = Options {
        mtv: vec![
            UptakeThreshold::Fixed { suv: 4.0 },
            UptakeThreshold::OfMax { fraction: 0.41 },
            UptakeThreshold::Liver,
        ],
        ..Options::default()
    };
    let detection = detect(&pet(&[NODE]), None, None, &options).unwrap();
    let lesion = detection.lesions().next().unwrap();
    let [fixed, share, liver] = &lesion.boundaries[..] else {
        panic!("three rules")
    };
    assert!((share.threshold - 0.41 * lesion.statistics.max).abs() < 1e-12);
    assert!((liver.threshold - 3.0).abs() < 0.1, "{}", liver.threshold);
    // The lower the threshold, the larger; the masks say the same as the numbers.
    assert!(fixed.mtv_ml < share.mtv_ml && share.mtv_ml <= liver.mtv_ml * 1.1);
    for boundary in &lesion.boundaries {
        assert!((boundary.mask.volume_ml() - boundary.mtv_ml).abs() < 1e-12 && !boundary.ran_out);
    }
    let totals = detection.totals();
    assert_eq!(totals.by_rule[1].1, share.mtv_ml);
}

#[test]
fn small_ones_are_left_out_by_their_largest_boundary() {
    let small: Ball = ([-40.0, 10.0, -420.0], 3.0, 8.0);
    let detection = found(&[small], None);
    let lesion = detection.lesions().next().unwrap();
    // Above the threshold alone it would be too small.
    assert!(lesion.statistics.volume_ml < 0.3 && lesion.boundaries[1].mtv_ml >= 0.3);
    let strict = detect(&pet(&[small]), None, None, &Options::benchmark()).unwrap();
    assert_eq!(strict.lesions().count(), 0);
}

fn refused(pet: &Volume, options: &Options, expected: &str) {
    assert_eq!(
        detect(pet, None, None, options).unwrap_err().to_string(),
        expected
    );
}

#[test]
fn bad_input_is_refused_or_warned_of() {
    let plain = Options::default();
    let fixed = |suv: f64| Options {
        candidates: UptakeThreshold::Fixed { suv },
        ..Options::default()
    };
    let none = volume(grid(8.0), Unit::SuvBw, |_| 0.0);
    let empty = detect(&none, None, None, &plain).unwrap();
    assert!(empty.findings.is_empty());
    assert!(
        empty
            .warnings
            .contains(&"the PET shows no uptake at all".to_owned())
    );
    let by_share = Options {
        candidates: UptakeThreshold::OfMax { fraction: 0.4 },
        ..Options::default()
    };
    assert!(detect(&none, None, None, &by_share).unwrap().findings.is_empty());
    refused(
        &none,
        &fixed(0.0),
        "a threshold must be a positive number, found 0",
    );
    refused(
        &none,
        &fixed(f64::NAN),
        "a threshold must be a positive number, found NaN",
    );
    let low = detect(&pet(&[]), None, None, &fixed(0.1)).unwrap_err();
    assert!(matches!(low, Error::ThresholdTooLow { percent, .. } if percent > 30.0));
    let liver = Options {
        candidates: UptakeThreshold::Liver,
        ..Options::default()
    };
    refused(
        &none,
        &liver,
        "the rule needs the liver's uptake, and its reference volume was not found",
    );
    let counts = volume(grid(8.0), Unit::BecquerelPerMl, |_| 1.0);
    refused(
        &counts,
        &plain,
        "a threshold in SUV needs a PET in SUV, found Bq/ml",
    );
    let no_rule = Options {
        mtv: Vec::new(),
        ..Options::default()
    };
    refused(
        &none,
        &no_rule,
        "a detection needs at least one rule of metabolic volume",
    );
}

#[test]
fn other_frames_are_refused() {
    let framed = |uid: &str| {
        let volume = volume(grid(8.0), Unit::SuvBw, |_| 0.0);
        volume.in_frame_of_reference(Some(uid.to_owned()))
    };
    let error = detect(&framed("1.2"), Some(&framed("1.3")), None, &Options::default()).unwrap_err();
    assert!(matches!(error, Error::OtherFrame { what: "CT", .. }));
}

/// Nothing that cannot be a value is found, measured or joins what lies beside it.
#[test]
fn voxels_without_a_finite_value_are_left_out() {
    let clean = pet(&[NODE]);
    let Voxels::F32(values) = clean.voxels() else {
        panic!()
    };
    let mut values = values.to_vec();
    let hottest = found(&[NODE], None).lesions().next().unwrap().statistics.max_at;
    let size = clean.grid().size();
    let index = |[i, j, k]: [usize; 3]| (k * size[1] + j) * size[0] + i;
    let [i, j, k] = hottest;
    values[index([i, j, k + 1])] = f32::NAN;
    values[index([i, j + 1, k])] = f32::INFINITY;
    values[0] = f32::INFINITY;
    let spoiled = Volume::new(
        clean.grid().clone(),
        Voxels::F32(values.into()),
        Rescale::IDENTITY,
        Unit::SuvBw,
    )
    .unwrap();
    let detection = detect(&spoiled, None, None, &Options::default()).unwrap();
    assert!(
        detection
            .warnings
            .contains(&"3 voxels without a finite value were left out".to_owned())
    );
    let lesions: Vec<_> = detection.lesions().collect();
    assert_eq!(lesions.len(), 1);
    assert!(lesions[0].statistics.max.is_finite() && lesions[0].statistics.mean.is_finite());
    assert_eq!(lesions[0].statistics.excluded_voxels, 0);
}

#[test]
fn legs_alone_have_no_organs() {
    let legs = volume(grid(STEP_MM), Unit::SuvBw, |[x, y, z]| {
        uptake(
            &[([60.0, 0.0, -500.0], 30.0, 9.0)],
            [x, y, -1000.0 - (z + 1121.0).abs() * 0.01],
        )
        .max(uptake(&[([60.0, 0.0, -500.0], 30.0, 9.0)], [x, y, z]) - 2.1)
    });
    let detection = detect(&legs, None, None, &Options::default()).unwrap();
    assert_eq!(detection.lesions().count(), detection.findings.len());
    assert!(
        detection
            .warnings
            .iter()
            .any(|w| w.contains("nothing could be set aside"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Whatever is added anywhere: findings are apart, above the threshold, and numbered from 1 without a gap.
    #[test]
    fn findings_are_apart_and_complete(x in -150.0..150.0f64, y in -90.0..90.0f64, z in -1100.0..-10.0f64, radius in 2.0..40.0f64, suv in 3.0..30.0f32) {
        let detection = found(&[([x, y, z], radius, suv)], None);
        let pet = pet(&[([x, y, z], radius, suv)]);
        let mut seen = std::collections::BTreeSet::new();
        for (n, finding) in detection.findings.iter().enumerate() {
            prop_assert_eq!(finding.id, n + 1);
            for run in finding.mask.runs() {
                for voxel in run.start..run.end {
                    prop_assert!(seen.insert(voxel));
                    prop_assert!(pet.voxels().get(voxel).unwrap() >= 4.0);
                }
            }
        }
    }
}
