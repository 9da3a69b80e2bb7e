//! Outlines with holes as single polygons: joined by a channel without width (PS3.3 C.8.8.6.3).
//!
//! CLOSEDPLANAR_XOR says holes too, but readers from before 2019 refuse it; a keyhole is read by all of them.

use crate::geometry::{Grid, Patient, Point};

/// A corner: its place, and its column and row on the grid.
#[derive(Clone, Copy)]
struct Corner {
    place: Point<Patient>,
    at: [f64; 2],
}

type Polygon = Vec<Corner>;

/// The polygons of a mask's contours, each hole joined to the outline around it.
///
/// Polygons of fewer than three corners stay as they are.
pub(super) fn keyholed(polygons: &[Vec<Point<Patient>>], grid: &Grid) -> Vec<Vec<Point<Patient>>> {
    let slice =
        |polygon: &Vec<Point<Patient>>| polygon.first().map_or(0.0, |point| grid.voxel(*point)[2].round());
    let mut sorted: Vec<&Vec<Point<Patient>>> = polygons.iter().collect();
    sorted.sort_by(|a, b| slice(a).total_cmp(&slice(b)));
    let corner = |place: &Point<Patient>| {
        let voxel = grid.voxel(*place);
        Corner {
            place: *place,
            at: [voxel[0], voxel[1]],
        }
    };
    let slices = sorted.chunk_by(|a, b| slice(a) == slice(b));
    let joined = slices.flat_map(|of_slice| {
        join(
            of_slice
                .iter()
                .map(|polygon| polygon.iter().map(corner).collect())
                .collect(),
        )
    });
    joined
        .map(|polygon| polygon.iter().map(|corner| corner.place).collect())
        .collect()
}

/// Joins the polygons of one slice; those at an odd depth are holes of the one that holds them.
fn join(polygons: Vec<Polygon>) -> Vec<Polygon> {
    let holders: Vec<Vec<usize>> = (0..polygons.len()).map(|n| holders_of(n, &polygons)).collect();
    let mut joined: Vec<Option<Polygon>> = polygons.iter().cloned().map(Some).collect();
    for (n, around) in holders.iter().enumerate() {
        let outline = around.iter().find(|m| holders[**m].len() + 1 == around.len());
        let Some(outline) = outline.filter(|_| around.len() % 2 == 1) else {
            continue;
        };
        if let (Some(hole), Some(whole)) = (joined[n].take(), joined[*outline].take()) {
            joined[*outline] = Some(with_hole(whole, hole));
        }
    }
    joined.into_iter().flatten().collect()
}

/// The polygons that polygon `n` lies in; contours of one mask never cross.
fn holders_of(n: usize, polygons: &[Polygon]) -> Vec<usize> {
    let [a, b, ..] = polygons[n].as_slice() else {
        return Vec::new();
    };
    // The middle of a side is no corner of another polygon.
    let point = [0, 1].map(|axis| (a.at[axis] + b.at[axis]) / 2.0);
    (0..polygons.len())
        .filter(|m| *m != n && contains(&polygons[*m], point))
        .collect()
}

/// Whether a point lies within a polygon, by the crossings of a ray.
fn contains(polygon: &Polygon, [x, y]: [f64; 2]) -> bool {
    let crossings = sides(polygon)
        .filter(|(a, b)| (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]);
    crossings.count() % 2 == 1
}

fn sides(polygon: &Polygon) -> impl Iterator<Item = ([f64; 2], [f64; 2])> + '_ {
    let following = polygon.iter().cycle().skip(1);
    polygon.iter().zip(following).map(|(a, b)| (a.at, b.at))
}

/// Twice the area, positive for one sense of turning.
fn turned_area(polygon: &Polygon) -> f64 {
    sides(polygon).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum()
}

/// The outline, from its corner nearest to the hole into the hole, around it the other way, and back.
fn with_hole(outline: Polygon, mut hole: Polygon) -> Polygon {
    if turned_area(&outline) * turned_area(&hole) > 0.0 {
        hole.reverse();
    }
    let from = hole[0].at;
    let distance = |corner: &Corner| (corner.at[0] - from[0]).hypot(corner.at[1] - from[1]);
    let nearest = (0..outline.len()).min_by(|a, b| distance(&outline[*a]).total_cmp(&distance(&outline[*b])));
    let nearest = nearest.unwrap_or(0);
    let there = outline[..=nearest].iter();
    let around = hole.iter().chain(hole.first());
    there.chain(around).chain(&outline[nearest..]).copied().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::keyholed;
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::voi::{Mask, PolygonStack};

    fn grid() -> Grid {
        let axes = [
            Vector::new(1.5, 0.2, 0.0),
            Vector::new(-0.2, 1.5, 0.0),
            Vector::new(0.0, 0.0, 3.0),
        ];
        Grid::new([9, 8, 2], Affine::from_axes(axes, Point::new(-4.0, 3.0, 1.0))).unwrap()
    }

    proptest! {
        /// Any mask: parts within holes of parts, parts that touch at corners.
        #[test]
        fn keyholes_enclose_the_same_voxels(inside in prop::collection::vec(prop::bool::weighted(0.7), 144)) {
            let mask = Mask::from_dense(grid(), &inside).unwrap();
            let contours = mask.contours();
            let joined = keyholed(contours.polygons(), mask.grid());
            prop_assert!(joined.len() <= contours.polygons().len());
            let filled = PolygonStack::new(joined).with_slab_mm(3.0).rasterise(mask.grid().clone()).0;
            prop_assert_eq!(filled.runs(), mask.runs());
        }
    }

    #[test]
    fn a_ring_is_one_polygon() {
        let mask = Mask::from_predicate(grid(), |[i, j, k]| k == 1 && i < 5 && j < 5 && [i, j] != [2, 2]);
        assert_eq!(mask.contours().polygons().len(), 2);
        let joined = keyholed(mask.contours().polygons(), mask.grid());
        assert_eq!(joined.iter().map(Vec::len).collect::<Vec<_>>(), [4 + 4 + 2]);
    }
}
