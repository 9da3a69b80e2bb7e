use nalgebra::Vector3;
use proptest::prelude::*;

use super::overlap_mm3;

/// The definition by halving: parts wholly inside count, parts wholly outside do not, and the rest,
/// when small, counts half; the second number bounds what that can be wrong by.
fn by_halving(radius: f64, center: Vector3<f64>, edges: &[Vector3<f64>; 3], depth: u32) -> (f64, f64) {
    let volume = edges[0].cross(&edges[1]).dot(&edges[2]).abs();
    let corners = (0..8).map(|n| {
        (0..3).fold(center, |at, axis| {
            at + edges[axis] * (f64::from(n >> axis & 1) - 0.5)
        })
    });
    let reach: f64 = edges.iter().map(|edge| edge.norm() / 2.0).sum();
    if corners.clone().all(|corner| corner.norm() <= radius) {
        return (volume, 0.0);
    }
    if center.norm() - reach > radius {
        return (0.0, 0.0);
    }
    if depth == 0 {
        return (volume / 2.0, volume / 2.0);
    }
    let halves = edges.map(|edge| edge / 2.0);
    (0..8)
        .map(|n| {
            (0..3).fold(center, |at, axis| {
                at + halves[axis] * (f64::from(n >> axis & 1) - 0.5)
            })
        })
        .map(|part| by_halving(radius, part, &halves, depth - 1))
        .fold((0.0, 0.0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
}

fn upright(x: f64, y: f64, z: f64) -> [Vector3<f64>; 3] {
    [
        Vector3::new(x, 0.0, 0.0),
        Vector3::new(0.0, y, 0.0),
        Vector3::new(0.0, 0.0, z),
    ]
}

#[test]
fn known_parts_of_a_ball() {
    let ball = 4.0 / 3.0 * std::f64::consts::PI * 8.0;
    let check = |center: [f64; 3], size: f64, expected: f64| {
        let found = overlap_mm3(2.0, Vector3::from(center), &upright(size, size, size));
        assert!(
            (found - expected).abs() < 1e-12 * ball,
            "{found}, expected {expected}"
        );
    };
    check([0.0, 0.0, 0.0], 10.0, ball);
    check([5.0, 0.0, 0.0], 10.0, ball / 2.0);
    check([5.0, -5.0, 5.0], 10.0, ball / 8.0);
    check([0.0, 0.0, 0.0], 1.0, 1.0);
    check([9.0, 0.0, 0.0], 10.0, 0.0);
    // A cap of height 0.5: π h² (3 r - h) / 3.
    check([6.5, 0.0, 0.0], 10.0, std::f64::consts::PI * 0.25 * 5.5 / 3.0);
    // The cube whose edges touch the ball from inside: the ball less its six caps.
    let cap = std::f64::consts::PI * (2.0 - 2f64.sqrt()).powi(2) * (4.0 + 2f64.sqrt()) / 3.0;
    check([0.0; 3], 8f64.sqrt(), ball - 6.0 * cap);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn agrees_with_halving(
        center in prop::array::uniform3(-6.0..6.0f64),
        size in prop::array::uniform3(0.5..6.0f64),
        shear in prop::array::uniform3(-0.6..0.6f64),
        flip in any::<bool>(),
    ) {
        let mut edges = upright(size[0], size[1], size[2]);
        edges[1] += edges[0] * shear[0];
        edges[2] += edges[0] * shear[1] + edges[1] * shear[2];
        if flip {
            edges.swap(0, 2);
        }
        let center = Vector3::from(center);
        let (expected, bound) = by_halving(4.0, center, &edges, 5);
        let found = overlap_mm3(4.0, center, &edges);
        prop_assert!((found - expected).abs() <= bound + 1e-9, "{found} {expected} {bound}");
    }

    #[test]
    fn parts_make_the_whole(
        center in prop::array::uniform3(-6.0..6.0f64),
        size in prop::array::uniform3(0.1..9.0f64),
        shear in -0.9..0.9f64,
    ) {
        let mut edges = upright(size[0], size[1], size[2]);
        edges[2] += edges[1] * shear;
        let center = Vector3::from(center);
        let halves = edges.map(|edge| edge / 2.0);
        let parts: f64 = (0..8)
            .map(|n| (0..3).fold(center, |at, axis| at + halves[axis] * (f64::from(n >> axis & 1) - 0.5)))
            .map(|part| overlap_mm3(4.0, part, &halves))
            .sum();
        prop_assert!((parts - overlap_mm3(4.0, center, &edges)).abs() < 1e-9);
    }
}
