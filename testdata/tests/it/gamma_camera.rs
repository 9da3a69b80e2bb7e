//! Gamma camera objects: counts by frame, and places.

use engine::geometry::Point;
use serde_json::Value;

use crate::{Part, decoded, files, numbers, truth};

const OBJECTS: [&str; 7] = [
    "static",
    "whole_body",
    "renogram",
    "gated",
    "projections",
    "slices",
    "gated_slices",
];

#[test]
fn frames_hold_the_stated_counts() {
    let truth = truth("nm");
    for name in OBJECTS {
        let object = &truth[name]["object"];
        let file = format!("nm/{}", object["file"].as_str().unwrap());
        let (frames, _, _) = decoded(&files()[&file]);
        let sum = |frame: &Vec<u8>| -> u64 {
            frame
                .chunks_exact(2)
                .map(|pair| u64::from(u16::from_le_bytes([pair[0], pair[1]])))
                .sum()
        };
        let counts: Vec<u64> = frames.iter().map(sum).collect();
        let expected: Vec<u64> = object["counts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_u64().unwrap())
            .collect();
        assert_eq!(counts, expected, "{name}");
        assert!(counts.iter().all(|count| *count > 0), "{name}");
    }
}

#[test]
fn the_ejection_fraction_is_that_of_the_counts() {
    let truth = truth("nm");
    let ventricle = numbers(&truth["gated"]["ventricle"]);
    let largest = ventricle.iter().copied().fold(0.0, f64::max);
    let smallest = ventricle.iter().copied().fold(f64::INFINITY, f64::min);
    let expected = truth["gated"]["ejection_fraction"].as_f64().unwrap();
    assert!(((largest - smallest) / largest - expected).abs() < 1e-12);
    // The counts follow it: the whole frame loses what the ventricle loses, up to noise.
    let counts = numbers(&truth["gated"]["object"]["counts"]);
    let lost = counts[0] - counts[ventricle.len() / 2];
    assert!((lost / (largest - smallest) - 1.0).abs() < 0.1, "{lost}");
}

#[test]
fn curves_carry_the_split() {
    let renogram = &truth("nm")["renogram"];
    let (left, right) = (numbers(&renogram["left"]), numbers(&renogram["right"]));
    let times = numbers(&renogram["times_s"]);
    let early = |curve: &[f64]| {
        times
            .iter()
            .zip(curve)
            .filter(|(t, _)| (60.0..150.0).contains(*t))
            .map(|(_, v)| v)
            .sum::<f64>()
    };
    let share = early(&left) / (early(&left) + early(&right));
    assert!(
        (share - renogram["left_share"].as_f64().unwrap()).abs() < 0.06,
        "{share}"
    );
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
}

/// Brightest voxel within a ball's reach of its place.
fn check_balls(volume: &engine::volume::Volume, balls: &Value) {
    let grid = volume.grid();
    for ball in balls.as_array().unwrap() {
        let place: [f64; 3] = numbers(&ball["centre_mm"]).try_into().unwrap();
        let value = |p: Point<_>| {
            let voxel = grid.voxel(p);
            volume
                .value([0, 1, 2].map(|a| voxel[a].round() as usize))
                .unwrap()
        };
        let inside = value(Point::from(place));
        let background = value(Point::new(-20.0, -70.0, 60.0));
        assert!(inside > 2.5 * background, "{ball}: {inside} over {background}");
        for axis in (0..3).filter(|axis| place[*axis].abs() > 12.0) {
            let mut flipped = place;
            flipped[axis] = -flipped[axis];
            let other = value(Point::from(flipped));
            assert!(
                inside > 2.0 * other,
                "{ball}: {inside} over {other} at {flipped:?}"
            );
        }
    }
}

#[test]
fn slices_lie_where_the_detector_says() {
    let truth = truth("nm");
    let part = Part::open("nm");
    let slices = &truth["slices"];
    let volume = part.volume(&slices["object"]["series_instance_uid"]);
    let first = volume.grid().patient(Point::new(0.0, 0.0, 0.0));
    let expected = numbers(&slices["first_voxel_mm"]);
    assert!(
        (0..3).all(|a| (first[a] - expected[a]).abs() < 1e-6),
        "{first:?} {expected:?}"
    );
    check_balls(&volume, &slices["balls"]);
    check_balls(
        &part.volume(&truth["spect_as_pt"]["series_instance_uid"]),
        &truth["spect_as_pt"]["balls"],
    );
}

#[test]
fn balls_cross_the_projections_where_stated() {
    let truth = truth("nm");
    let projections = &truth["projections"];
    let (frames, description, _) = decoded(&files()["nm/projections.dcm"]);
    for (frame, centres) in frames.iter().zip(projections["centres"].as_array().unwrap()) {
        let count = |i: usize, j: usize| {
            let n = 2 * (j * description.columns as usize + i);
            f64::from(u16::from_le_bytes([frame[n], frame[n + 1]]))
        };
        let mean = frame
            .chunks_exact(2)
            .map(|p| f64::from(u16::from_le_bytes([p[0], p[1]])))
            .sum::<f64>()
            / description.pixels() as f64;
        for centre in centres.as_array().unwrap() {
            let at = numbers(centre);
            let around = (0..9).map(|n| {
                count(
                    at[0].round() as usize + n % 3 - 1,
                    at[1].round() as usize + n / 3 - 1,
                )
            });
            assert!(around.sum::<f64>() / 9.0 > 1.4 * mean, "{at:?}");
        }
    }
}
