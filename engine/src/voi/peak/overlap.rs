//! How much of a voxel lies inside a sphere, in closed form.

use nalgebra::Vector3;

/// Volume, mm³, that a ball of `radius_mm` around the origin shares with the parallelepiped of edges
/// `edges` around `center`.
///
/// The voxel is cut from the origin: its volume is the signed sum of the cones over its faces, each face
/// that of the right triangles between the foot of the origin on its plane, the foot on an edge, and a
/// corner. The part of such a corner piece inside the ball has a closed form, [`corner_piece`]. So
/// sheared and oblique voxels are exact too; rounding stays below 1e-12 of the ball's volume.
pub(super) fn overlap_mm3(radius_mm: f64, center: Vector3<f64>, edges: &[Vector3<f64>; 3]) -> f64 {
    let turn = edges[0].cross(&edges[1]).dot(&edges[2]).signum();
    let mut volume = 0.0;
    for axis in 0..3 {
        let (u, v) = (edges[(axis + 1) % 3], edges[(axis + 2) % 3]);
        let normal = u.cross(&v).normalize() * turn;
        for side in [-1.0, 1.0] {
            let middle = center + edges[axis] * (0.5 * side);
            // Corners in the order that turns to the left as seen along the outward normal.
            let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)];
            let corners = corners.map(|(a, b)| middle + u * a + v * b);
            volume += turn * side * face_cone(radius_mm, normal * side, &corners);
        }
    }
    volume.max(0.0)
}

/// Signed volume inside the ball of the cone from the origin over one face, whose corners turn to the
/// left about `normal` or all to the right: the caller knows and gives the sign.
fn face_cone(radius: f64, normal: Vector3<f64>, corners: &[Vector3<f64>; 4]) -> f64 {
    let height = normal.dot(&corners[0]);
    let mut cone = 0.0;
    for n in 0..4 {
        let (from, to) = (corners[n], corners[(n + 1) % 4]);
        let along = (to - from).normalize();
        let distance = along.cross(&normal).dot(&from);
        let piece = |end: f64| end.signum() * corner_piece(radius, height.abs(), distance.abs(), end.abs());
        cone += distance.signum() * (piece(along.dot(&to)) - piece(along.dot(&from)));
    }
    cone * height.signum()
}

/// Volume inside a ball around O of the tetrahedron O, F, E, V with |OF| = `h`, |FE| = `d`, |EV| = `l`
/// and right angles between them.
///
/// In polar coordinates about F the cone over the triangle F E V is an integral over the angle; where the
/// triangle reaches beyond the ball (`angle` from `inner` to `outer`) the ball bounds it.
fn corner_piece(radius: f64, h: f64, d: f64, l: f64) -> f64 {
    if h == 0.0 || d == 0.0 || l == 0.0 {
        return 0.0;
    }
    let edge_square = h * h + d * d;
    let corner = (edge_square + l * l).sqrt();
    if corner <= radius {
        return h * d * l / 6.0;
    }
    let cube = radius * radius * radius / 3.0;
    let outer = l.atan2(d);
    let outer_sine = (h * l).atan2(d * corner);
    if h >= radius {
        return cube * (outer - outer_sine);
    }
    let circle_square = radius * radius - h * h;
    let within = (circle_square - d * d).max(0.0).sqrt().min(l);
    let inner = within.atan2(d);
    let inner_sine = (h * within).atan2(d * (edge_square + within * within).sqrt());
    h * d * within / 6.0 + h / 3.0 * (circle_square / 2.0 + radius * radius) * (outer - inner)
        - cube * (outer_sine - inner_sine)
}

#[cfg(test)]
mod tests {
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
}
