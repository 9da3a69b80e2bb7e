//! The renogram measured by the engine: its curves, split and times against the truth.

use engine::dicom::read::{View, dynamic, with_pixels};
use engine::scintigraphy::{Curve, Dynamic, FrameTime, drainage, split_by_integral, split_by_patlak};
use engine::voi::Mask;
use serde_json::Value;

use crate::{Part, numbers, truth};

/// The demo's rims are soft: all of a kidney lies within this many of its half widths.
const WHOLE: f64 = 1.2;

fn study(truth: &Value) -> Dynamic {
    let part = Part::open("nm");
    let series = part.series(&truth["object"]["series_instance_uid"]);
    let instance = &series.instances[0];
    let mut buffer = Vec::new();
    let ((study, warnings), odd) = with_pixels(instance, &part.opened.files, &mut buffer, |pixels| {
        dynamic(instance, pixels, View::default())
    })
    .unwrap();
    assert!(warnings.is_empty() && odd.is_empty(), "{warnings:?} {odd:?}");
    study
}

/// Distance from the middle of an ellipse, in its half widths.
fn distance(ellipse: &Value, [i, j, _]: [usize; 3]) -> f64 {
    let (middle, half) = (numbers(&ellipse[0]), numbers(&ellipse[1]));
    ((i as f64 - middle[0]) / half[0]).hypot((j as f64 - middle[1]) / half[1])
}

/// A kidney, and a ring around it.
fn regions(study: &Dynamic, ellipse: &Value) -> [Mask; 2] {
    let grid = study.frames()[0].grid();
    let within = |from: f64, to: f64| {
        Mask::from_predicate(grid.clone(), |at| (from..to).contains(&distance(ellipse, at)))
    };
    [within(0.0, WHOLE), within(1.3, 1.7)]
}

fn true_curve(study: &Dynamic, counts: Vec<f64>) -> Curve {
    Curve::new(study.times().to_vec(), counts).unwrap()
}

#[test]
fn frames_have_the_stated_times() {
    let truth = &truth("nm")["renogram"];
    let study = study(truth);
    let middles: Vec<f64> = study.times().iter().map(|time| time.middle_s()).collect();
    assert_eq!(middles, numbers(&truth["times_s"]));
    let ends = |time: &FrameTime| [time.start_s, time.duration_s];
    assert_eq!(ends(&study.times()[0]), [0.0, 2.0]);
    assert_eq!(ends(&study.times()[10]), [20.0, 60.0]);
}

#[test]
fn kidneys_have_their_curves_split_and_times() {
    let truth = &truth("nm")["renogram"];
    let study = study(truth);
    let sides = ["left", "right"].map(|side| {
        let [kidney, ring] = regions(&study, &truth[format!("{side}_ellipse")]);
        let found = study.curve_less_background(&kidney, &ring).unwrap();
        let expected = true_curve(&study, numbers(&truth[side]));
        // From a minute on there are enough counts to compare frame by frame.
        for n in 11..found.counts().len() {
            let (found, expected) = (found.counts()[n], expected.counts()[n]);
            assert!(
                (found / expected - 1.0).abs() < 0.05,
                "{side} {n}: {found} for {expected}"
            );
        }
        (found, expected, study.curve(&ring).unwrap())
    });
    let [(left, true_left, blood), (right, true_right, _)] = &sides;

    for window in [[60.0, 120.0], [120.0, 180.0]] {
        let found = split_by_integral(left, right, window).unwrap().left;
        let expected = split_by_integral(true_left, true_right, window).unwrap().left;
        assert!((found - expected).abs() < 0.01, "{found} for {expected}");
        let share = truth["left_share"].as_f64().unwrap();
        assert!((found - share).abs() < 0.06, "{found} for {share}");
    }

    let rate = |time: &FrameTime| (900.0 * (-time.middle_s() / 250.0).exp() + 150.0) * time.duration_s;
    let true_blood = true_curve(&study, study.times().iter().map(rate).collect());
    let window = [100.0, 300.0];
    let found = split_by_patlak(left, right, blood, window).unwrap();
    let expected = split_by_patlak(true_left, true_right, &true_blood, window).unwrap();
    assert!(
        (found.split.left - expected.split.left).abs() < 0.03,
        "{found:?} {expected:?}"
    );

    for (found, expected) in [(left, true_left), (right, true_right)] {
        let (found, expected) = (drainage(found).unwrap(), drainage(expected).unwrap());
        assert!(
            (found.peak_s - expected.peak_s).abs() <= 60.0,
            "{found:?} {expected:?}"
        );
        assert!(
            (found.peak_rate / expected.peak_rate - 1.0).abs() < 0.03,
            "{found:?} {expected:?}"
        );
        assert_eq!(
            found.half_after_peak_s.is_some(),
            expected.half_after_peak_s.is_some()
        );
        if let (Some(found), Some(expected)) = (found.half_after_peak_s, expected.half_after_peak_s) {
            assert!((found - expected).abs() < 90.0, "{found} {expected}");
        }
    }
}
