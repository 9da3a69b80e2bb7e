//! A smooth closed curve through points.

use crate::geometry::{Patient, Point, Vector};
use crate::voi::CaliperError;

/// Most points that the curve is drawn with.
const MOST: usize = 2048;
/// Sweeps of the solution; each leaves at most half of what is wrong.
const SWEEPS: usize = 60;

/// Places of the closed cubic spline through points, by the lengths of its chords: the smoothest curve whose direction
/// and bend run on evenly.
///
/// # Errors
///
/// [`CaliperError::NoDirection`] where a point lies on the next.
pub(super) fn smooth(points: &[Point<Patient>]) -> Result<Vec<Point<Patient>>, CaliperError> {
    let count = points.len();
    let next = |n: usize| (n + 1) % count;
    let before = |n: usize| (n + count - 1) % count;
    let step = |n: usize| points[next(n)] - points[n];
    let chords: Vec<f64> = (0..count).map(|n| step(n).norm()).collect();
    if !chords.iter().all(|chord| *chord > 0.0) {
        return Err(CaliperError::NoDirection("a piece of the curve"));
    }
    // How the direction turns at each point: h' M' + 2 (h' + h) M + h M" = 6 (s / h - s' / h'), by Gauss and Seidel.
    let mut bends = vec![Vector::new(0.0, 0.0, 0.0); count];
    for _ in 0..SWEEPS {
        for n in 0..count {
            let (behind, ahead) = (chords[before(n)], chords[n]);
            let turn = step(n) * (6.0 / ahead) - step(before(n)) * (6.0 / behind);
            let beside = bends[before(n)] * behind + bends[next(n)] * ahead;
            bends[n] = (turn - beside) * (0.5 / (behind + ahead));
        }
    }
    let pieces = (MOST / count).clamp(1, 32);
    let piece = |n: usize| {
        let (from, to) = (bends[n], bends[next(n)]);
        let chord = chords[n];
        let place = move |m: usize| {
            let part = m as f64 / pieces as f64;
            let left = 1.0 - part;
            let square = chord * chord / 6.0;
            let bent = from * (square * (left.powi(3) - left)) + to * (square * (part.powi(3) - part));
            points[n] + step(n) * part + bent
        };
        (0..pieces).map(place)
    };
    Ok((0..count).flat_map(piece).collect())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::smooth;
    use crate::geometry::{Patient, Point};
    use crate::voi::Caliper;

    fn on_circle(angles: &[f64]) -> Vec<Point<Patient>> {
        let place = |angle: &f64| Point::new(40.0 + 25.0 * angle.cos(), -7.0, 25.0 * angle.sin());
        angles.iter().map(place).collect()
    }

    fn check(angles: &[f64], within: f64) {
        let curve = smooth(&on_circle(angles)).unwrap();
        let area = Caliper::PATIENT.area(&curve).unwrap().value;
        let around = Caliper::PATIENT.perimeter(&curve).unwrap().value;
        assert!((area / (PI * 625.0) - 1.0).abs() < within, "{area}");
        assert!((around / (TAU * 25.0) - 1.0).abs() < within, "{around}");
    }

    #[test]
    fn eight_points_of_a_circle_make_the_circle() {
        let even: Vec<f64> = (0..8).map(|n| f64::from(n) * TAU / 8.0).collect();
        check(&even, 0.002);
        // As a hand sets them.
        check(&[0.0, 0.6, 1.5, 2.1, 3.0, 3.9, 4.5, 5.5], 0.005);
    }

    #[test]
    fn it_passes_its_points() {
        let points = on_circle(&[0.0, 0.6, 1.5, 4.0]);
        let curve = smooth(&points).unwrap();
        for point in points {
            assert!(curve.iter().any(|place| place.distance(point) < 1e-9));
        }
    }

    #[test]
    fn a_point_on_the_next_is_refused() {
        let points = on_circle(&[0.0, 1.0, 1.0, 2.0]);
        let error = smooth(&points).unwrap_err().to_string();
        assert_eq!(error, "a piece of the curve needs two different ends");
    }
}
