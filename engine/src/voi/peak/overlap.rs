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
mod tests;
