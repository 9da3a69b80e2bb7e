//! Polygons sorted into parallel planes.

use crate::geometry::{Grid, Patient, Point, Vector, Voxel};
use crate::voi::ContourWarning;

/// Polygons whose planes lie closer than this are of one plane: rounded coordinates, never two slices.
const SAME_PLANE_MM: f64 = 0.1;

/// Planes further apart than any clinical slice distance belong to different parts of a volume.
const LARGEST_SLAB_MM: f64 = 10.0;

/// A neighbour within this many slabs is the next slice, further ones have empty slices between.
const NEIGHBOUR_SLABS: f64 = 1.5;

/// The edges of one plane's polygons, and how far along the normal the plane reaches.
pub(super) struct ContourPlane {
    /// Where the slab begins (this place is inside), mm along the normal.
    pub low: f64,
    /// Where it ends (this place is not inside).
    pub high: f64,
    /// Pairs of corners in the plane's two coordinates, the lower second coordinate first, mm.
    pub edges: Vec<[[f64; 2]; 2]>,
}

/// Parallel planes of polygons and their common coordinates: along the rows of a grid, across, normal.
pub(super) struct Planes {
    pub origin: Point<Patient>,
    /// Unit vectors; the first along the grid's rows as far as the planes allow.
    pub axes: [Vector<Patient>; 3],
    /// Sorted along the normal.
    pub planes: Vec<ContourPlane>,
}

type Polygon<'a> = &'a [Point<Patient>];

impl Planes {
    /// Sorts polygons into planes; `None` when none is left.
    pub(super) fn of(
        polygons: &[Vec<Point<Patient>>],
        slab_mm: Option<f64>,
        grid: &Grid,
        warnings: &mut Vec<ContourWarning>,
    ) -> Option<Self> {
        let usable = usable(polygons, warnings);
        let origin = *usable.first()?.1.first()?;
        let axes = axes(grid, normal_of(&usable, grid));
        let slice_mm = distance_along(grid, axes[2]);
        let flat = flat(&usable, origin, axes[2], slice_mm / 2.0, warnings);
        let mut stack = Self {
            origin,
            axes,
            planes: Vec::new(),
        };
        let groups: Vec<&[(f64, Polygon)]> = flat.chunk_by(|a, b| b.0 - a.0 < SAME_PLANE_MM).collect();
        let heights: Vec<f64> = groups
            .iter()
            .map(|group| group.iter().map(|p| p.0).sum::<f64>() / group.len() as f64)
            .collect();
        let slab_mm = slab_mm.or_else(|| usual_distance(&heights)).unwrap_or(slice_mm);
        for (index, group) in groups.iter().enumerate() {
            let (low, high) = reach(&heights, index, slab_mm);
            let edges = group
                .iter()
                .flat_map(|(_, polygon)| stack.edges(polygon))
                .collect();
            stack.planes.push(ContourPlane { low, high, edges });
        }
        stack.warn(grid, &heights, slab_mm, slice_mm, warnings);
        (!stack.planes.is_empty()).then_some(stack)
    }

    /// Place in the planes' coordinates: along the rows, across, along the normal; mm.
    pub(super) fn coordinates(&self, place: Point<Patient>) -> [f64; 3] {
        self.axes.map(|axis| axis.dot(place - self.origin))
    }

    fn edges(&self, polygon: Polygon) -> Vec<[[f64; 2]; 2]> {
        let corner = |n: usize| {
            let [x, y, _] = self.coordinates(polygon[n % polygon.len()]);
            [x, y]
        };
        let edge = |n: usize| {
            let (a, b) = (corner(n), corner(n + 1));
            if a[1] <= b[1] { [a, b] } else { [b, a] }
        };
        (0..polygon.len()).map(edge).collect()
    }

    fn warn(
        &self,
        grid: &Grid,
        heights: &[f64],
        slab_mm: f64,
        slice_mm: f64,
        warnings: &mut Vec<ContourWarning>,
    ) {
        if heights.len() > 1 && slab_mm > NEIGHBOUR_SLABS * slice_mm {
            warnings.push(ContourWarning::SlabsFilled {
                thickness_mm: slab_mm,
                slice_mm,
            });
        }
        let corners = grid.corners().map(|corner| self.coordinates(corner)[2]);
        let low = corners.iter().copied().fold(f64::INFINITY, f64::min);
        let high = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let outside = heights.iter().filter(|at| **at < low || **at > high).count();
        if outside > 0 {
            warnings.push(ContourWarning::OutsideGrid {
                outside,
                planes: heights.len(),
            });
        }
    }
}

/// Polygons that have an inside and only numbers, with their positions in the stack.
fn usable<'a>(
    polygons: &'a [Vec<Point<Patient>>],
    warnings: &mut Vec<ContourWarning>,
) -> Vec<(usize, Polygon<'a>)> {
    let mut usable = Vec::new();
    for (contour, polygon) in polygons.iter().enumerate() {
        if polygon.len() < 3 {
            let points = polygon.len();
            warnings.push(ContourWarning::TooFewPoints { contour, points });
        } else if polygon.iter().any(|p| !p.xyz.iter().all(|c| c.is_finite())) {
            warnings.push(ContourWarning::NotFinite { contour });
        } else {
            usable.push((contour, polygon.as_slice()));
        }
    }
    usable
}

/// The common normal of all polygons: that of the grid's slices when most of them lie in such planes,
/// else the mean of their own, weighted by their areas.
///
/// A small polygon's own normal is only as good as its rounded coordinates, which would place polygons
/// of one slice, far from each other, in different planes.
fn normal_of(polygons: &[(usize, Polygon)], grid: &Grid) -> Vector<Patient> {
    let slice_normal = grid.row_direction().cross(grid.column_direction());
    let slice_normal = slice_normal
        .normalized()
        .expect("rows and columns of a grid span its slices");
    let in_slices = |polygon: Polygon| {
        let (low, high) = extent(polygon, polygon[0], slice_normal);
        high - low < SAME_PLANE_MM
    };
    let sliced = polygons.iter().filter(|(_, polygon)| in_slices(polygon)).count();
    if 2 * sliced > polygons.len() {
        return slice_normal;
    }
    let areas: Vec<Vector<Patient>> = polygons.iter().map(|(_, polygon)| area(polygon)).collect();
    let largest = areas.iter().copied().max_by(|a, b| a.norm().total_cmp(&b.norm()));
    let largest = largest.unwrap_or(slice_normal);
    let aligned = areas
        .iter()
        .map(|area| if area.dot(largest) < 0.0 { -*area } else { *area });
    aligned
        .reduce(|a, b| a + b)
        .and_then(Vector::normalized)
        .unwrap_or(slice_normal)
}

/// Twice the area of a polygon along its normal (Newell's sum).
fn area(polygon: Polygon) -> Vector<Patient> {
    let spokes = |n: usize| polygon[n % polygon.len()] - polygon[0];
    (0..polygon.len())
        .map(|n| spokes(n).cross(spokes(n + 1)))
        .fold(Vector::new(0.0, 0.0, 0.0), |a, b| a + b)
}

/// Lowest and highest place of a polygon along a direction, mm from `origin`.
fn extent(polygon: Polygon, origin: Point<Patient>, direction: Vector<Patient>) -> (f64, f64) {
    polygon
        .iter()
        .map(|p| direction.dot(*p - origin))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
            (low.min(at), high.max(at))
        })
}

/// Coordinates of planes with this normal: the first along the grid's rows, the second towards its columns.
fn axes(grid: &Grid, normal: Vector<Patient>) -> [Vector<Patient>; 3] {
    let within = |direction: Vector<Patient>| direction - normal * normal.dot(direction);
    let along = within(grid.row_direction());
    // Rows along the normal have no direction within the planes: then the columns give it.
    let along = if along.norm() > 1e-6 {
        along
    } else {
        within(grid.column_direction())
    };
    let along = along
        .normalized()
        .expect("rows and columns are not both along one normal");
    let across = normal.cross(along);
    let across = if across.dot(grid.column_direction()) < 0.0 {
        -across
    } else {
        across
    };
    [along, across, normal]
}

/// Distance of neighbouring voxel centres as seen along a direction: the largest over the grid's axes.
fn distance_along(grid: &Grid, direction: Vector<Patient>) -> f64 {
    let spacing = grid.spacing_mm();
    let unit = [
        grid.row_direction(),
        grid.column_direction(),
        grid.slice_direction(),
    ];
    (0..3)
        .map(|axis| (unit[axis].dot(direction) * spacing[axis]).abs())
        .fold(0.0, f64::max)
}

/// Polygons with their mean place along the normal, sorted by it; those not flat are left out.
fn flat<'a>(
    polygons: &[(usize, Polygon<'a>)],
    origin: Point<Patient>,
    normal: Vector<Patient>,
    allowed_mm: f64,
    warnings: &mut Vec<ContourWarning>,
) -> Vec<(f64, Polygon<'a>)> {
    let mut flat = Vec::new();
    for (contour, polygon) in polygons {
        let (low, high) = extent(polygon, origin, normal);
        let found_mm = (high - low) / 2.0;
        if found_mm > allowed_mm {
            warnings.push(ContourWarning::NotPlanar {
                contour: *contour,
                allowed_mm,
                found_mm,
            });
        } else {
            flat.push(((low + high) / 2.0, *polygon));
        }
    }
    flat.sort_by(|a, b| a.0.total_cmp(&b.0));
    flat
}

/// The usual distance between neighbouring planes; `None` when no two are near each other.
fn usual_distance(heights: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = heights
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|gap| *gap <= LARGEST_SLAB_MM)
        .collect();
    gaps.sort_by(f64::total_cmp);
    (!gaps.is_empty()).then(|| gaps[(gaps.len() - 1) / 2])
}

/// Where the slab of plane `index` begins and ends.
fn reach(heights: &[f64], index: usize, slab_mm: f64) -> (f64, f64) {
    let at = heights[index];
    let towards = |neighbour: Option<&f64>, sign: f64| match neighbour {
        // The same sum from both sides, so that neighbours meet without a gap.
        Some(other) if (other - at).abs() <= NEIGHBOUR_SLABS * slab_mm => {
            (at.min(*other) + at.max(*other)) / 2.0
        }
        _ => at + sign * slab_mm / 2.0,
    };
    let below = index.checked_sub(1).and_then(|n| heights.get(n));
    (towards(below, -1.0), towards(heights.get(index + 1), 1.0))
}

/// One step of voxel coordinate `axis` as seen in the planes' coordinates.
pub(super) fn step(planes: &Planes, grid: &Grid, axis: usize) -> [f64; 3] {
    let step: Vector<Patient> = grid.patient_from_voxel().axis(axis);
    planes.axes.map(|unit| unit.dot(step))
}

/// Where a slice's first voxel lies in the planes' coordinates.
pub(super) fn start(planes: &Planes, grid: &Grid, slice: usize) -> [f64; 3] {
    planes.coordinates(grid.patient(Point::<Voxel>::new(0.0, 0.0, slice as f64)))
}
