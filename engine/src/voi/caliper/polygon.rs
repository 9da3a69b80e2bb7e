//! The area that a closed polygon encloses by the even-odd rule.

use crate::geometry::{Point, Space, Vector};
use crate::voi::CaliperError;

/// Corners this much of their extent off a plane do not lie in one.
const FLAT: f64 = 1e-3;

/// Corners as coordinates in their plane.
pub(super) fn flattened<S: Space>(corners: &[Point<S>]) -> Result<Vec<[f64; 2]>, CaliperError> {
    let origin = corners[0];
    let furthest = |distance: &dyn Fn(Vector<S>) -> f64| {
        let steps = corners.iter().map(|corner| *corner - origin);
        steps.fold(Vector::new(0.0, 0.0, 0.0), |best, step| {
            if distance(step) > distance(best) {
                step
            } else {
                best
            }
        })
    };
    let long = furthest(&|step| step.norm());
    let Some(along) = long.normalized() else {
        return Ok(vec![[0.0; 2]; corners.len()]);
    };
    let off = |step: Vector<S>| step - along * along.dot(step);
    let across = off(furthest(&|step| off(step).norm()));
    let across = across.normalized().unwrap_or(Vector::new(0.0, 0.0, 0.0));
    let normal = along.cross(across);
    let found_mm = furthest(&|step| normal.dot(step).abs());
    let (found_mm, allowed_mm) = (normal.dot(found_mm).abs(), FLAT * long.norm());
    if found_mm > allowed_mm {
        return Err(CaliperError::NotPlanar { allowed_mm, found_mm });
    }
    let flat = corners
        .iter()
        .map(|corner| [along.dot(*corner - origin), across.dot(*corner - origin)]);
    Ok(flat.collect())
}

/// Area inside by the even-odd rule, exact for polygons that cross themselves too.
///
/// Between the heights of corners and crossings edges run side by side: there the inside is trapezia.
pub(in crate::voi) fn area(corners: &[[f64; 2]]) -> f64 {
    let edges: Vec<[[f64; 2]; 2]> = (0..corners.len())
        .map(|n| [corners[n], corners[(n + 1) % corners.len()]])
        .filter(|[a, b]| a[1] != b[1])
        .map(|[a, b]| if a[1] < b[1] { [a, b] } else { [b, a] })
        .collect();
    let mut heights: Vec<f64> = corners.iter().map(|corner| corner[1]).collect();
    for (n, edge) in edges.iter().enumerate() {
        heights.extend(edges[..n].iter().filter_map(|other| crossing_height(edge, other)));
    }
    heights.sort_by(f64::total_cmp);
    let bands = heights.windows(2).filter(|band| band[0] < band[1]);
    bands
        .map(|band| (band[1] - band[0]) * width_inside(&edges, (band[0] + band[1]) / 2.0))
        .sum()
}

/// Length inside along one height, which no corner has.
fn width_inside(edges: &[[[f64; 2]; 2]], height: f64) -> f64 {
    let spanning = edges
        .iter()
        .filter(|[low, high]| low[1] < height && height < high[1]);
    let mut crossings: Vec<f64> = spanning.map(|edge| at_height(edge, height)).collect();
    crossings.sort_by(f64::total_cmp);
    crossings.chunks_exact(2).map(|pair| pair[1] - pair[0]).sum()
}

fn at_height([low, high]: &[[f64; 2]; 2], height: f64) -> f64 {
    low[0] + (high[0] - low[0]) * ((height - low[1]) / (high[1] - low[1]))
}

/// The height at which two edges cross between their ends.
fn crossing_height(a: &[[f64; 2]; 2], b: &[[f64; 2]; 2]) -> Option<f64> {
    let (low, high) = (a[0][1].max(b[0][1]), a[1][1].min(b[1][1]));
    if low >= high {
        return None;
    }
    let apart = |height: f64| at_height(a, height) - at_height(b, height);
    let (below, above) = (apart(low), apart(high));
    ((below < 0.0) != (above < 0.0) && below != above).then(|| low + (high - low) * (below / (below - above)))
}
