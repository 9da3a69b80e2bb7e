//! The body in an image: which cells it takes, its surface, and how far a place is from that.

use nalgebra::Vector3;

use super::image::Image;
use crate::geometry::{Patient, Point, Vector};
use crate::volume::Unit;

/// Body and bed end, and air begins, at this value of CT.
const AIR_HU: f32 = -400.0;

/// Parts of an image smaller than this part of the largest are not body but bed, tubes and noise.
const LEAST_PART: f64 = 0.05;

/// One point of the surface.
#[derive(Debug, Clone, Copy)]
pub(super) struct SurfacePoint {
    pub place: Point<Patient>,
    /// Out of the body, of length 1.
    pub normal: Vector<Patient>,
}

/// The body and its surface.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    /// Whether each cell of the image is body; holes within slices are filled.
    pub inside: Vec<bool>,
    /// Only where the surface was scanned: not where the field of view cuts through the body.
    pub surface: Vec<SurfacePoint>,
    /// For each cell, the surface point nearest to it.
    nearest: Vec<u32>,
    /// Least and greatest x, y, z of the body, LPS in mm.
    pub bounds: [Point<Patient>; 2],
    /// Mean place of the body.
    pub center: Point<Patient>,
}

/// No surface point is known.
const NONE: u32 = u32::MAX;

impl Outline {
    /// Finds the body in an image of some millimetres a cell; `None` when nothing stands out.
    pub fn new(image: &Image, unit: &Unit) -> Option<Self> {
        let level = match unit {
            Unit::Hounsfield => AIR_HU,
            _ => two_classes(&image.values)?,
        };
        let body: Vec<bool> = image.values.iter().map(|value| *value > level).collect();
        let size = image.grid.size();
        let inside = filled(large_parts(body, size), size);
        if !inside.contains(&true) {
            return None;
        }
        let surface = surface(image, &inside, level);
        let nearest = nearest(image, &surface);
        let (bounds, center) = extent(image, &inside);
        Some(Self {
            inside,
            surface,
            nearest,
            bounds,
            center,
        })
    }

    /// The eight corners of the box around the body.
    pub fn corners(&self) -> [Point<Patient>; 8] {
        std::array::from_fn(|corner| {
            let of = |axis: usize| self.bounds[corner >> axis & 1][axis];
            Point::new(of(0), of(1), of(2))
        })
    }

    /// The surface point nearest to the cell that a place lies in; `None` outside the image, and where it has no value.
    pub fn nearest(&self, image: &Image, place: Point<Patient>) -> Option<&SurfacePoint> {
        let at = image.grid.voxel(place);
        let size = image.grid.size();
        let mut index = 0;
        for axis in (0..3).rev() {
            let cell = (at[axis] + 0.5).floor();
            if !(cell >= 0.0 && cell < size[axis] as f64) {
                return None;
            }
            index = index * size[axis] + cell as usize;
        }
        if !image.values[index].is_finite() {
            return None;
        }
        self.surface.get(self.nearest[index] as usize)
    }
}

/// The value that parts an image into dark and bright best (Otsu, IEEE Trans. SMC 9 (1979) 62), judged on square
/// roots: the bright of PET and MR is far from even.
fn two_classes(values: &[f32]) -> Option<f32> {
    const BINS: usize = 128;
    let mut finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.is_empty() {
        return None;
    }
    finite.sort_unstable_by(f32::total_cmp);
    let rank = |part: f64| finite[((finite.len() - 1) as f64 * part) as usize];
    let (low, high) = (rank(0.001), rank(0.99));
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return None;
    }
    let mut counts = [0f64; BINS];
    for value in &finite {
        let part = ((value - low) / span).clamp(0.0, 1.0).sqrt();
        counts[((part * BINS as f32) as usize).min(BINS - 1)] += 1.0;
    }
    let all: f64 = counts.iter().sum();
    let total: f64 = counts.iter().enumerate().map(|(n, c)| n as f64 * c).sum();
    let (mut below, mut sum, mut best) = (0.0, 0.0, (0.0, 0));
    for (n, count) in counts.iter().enumerate().take(BINS - 1) {
        below += count;
        sum += n as f64 * count;
        let above = all - below;
        if below > 0.0 && above > 0.0 {
            let apart = sum / below - (total - sum) / above;
            let variance = below * above * apart * apart;
            if variance > best.0 {
                best = (variance, n + 1);
            }
        }
    }
    let part = best.1 as f32 / BINS as f32;
    (best.0 > 0.0).then_some(low + part * part * span)
}

/// The parts of a body that hang together by faces, without small ones.
fn large_parts(body: Vec<bool>, size: [usize; 3]) -> Vec<bool> {
    let mut part_of = vec![0u32; body.len()];
    let mut counts = vec![0usize];
    let mut stack = Vec::new();
    for seed in 0..body.len() {
        if !body[seed] || part_of[seed] != 0 {
            continue;
        }
        let part = counts.len() as u32;
        counts.push(0);
        part_of[seed] = part;
        stack.push(seed);
        while let Some(index) = stack.pop() {
            counts[part as usize] += 1;
            for (beside, _) in beside(index, size) {
                if body[beside] && part_of[beside] == 0 {
                    part_of[beside] = part;
                    stack.push(beside);
                }
            }
        }
    }
    let largest = counts.iter().max().copied().unwrap_or(0);
    let least = (LEAST_PART * largest as f64).max(1.0);
    let mut kept = body;
    for (kept, part) in kept.iter_mut().zip(part_of) {
        *kept = part != 0 && counts[part as usize] as f64 >= least;
    }
    kept
}

/// The cells that share a face with one, and along which axis (0, 1, 2) up (true) or down.
fn beside(index: usize, size: [usize; 3]) -> impl Iterator<Item = (usize, (usize, bool))> {
    let at = [
        index % size[0],
        index / size[0] % size[1],
        index / (size[0] * size[1]),
    ];
    let stride = [1, size[0], size[0] * size[1]];
    (0..6).filter_map(move |n| {
        let (axis, up) = (n / 2, n % 2 == 1);
        match up {
            true if at[axis] + 1 < size[axis] => Some((index + stride[axis], (axis, true))),
            false if at[axis] > 0 => Some((index - stride[axis], (axis, false))),
            _ => None,
        }
    })
}

/// With what air cannot reach within its slice: lungs and gut are body.
fn filled(mut inside: Vec<bool>, size: [usize; 3]) -> Vec<bool> {
    let [columns, rows, _] = size;
    let mut outside = vec![false; columns * rows];
    let mut stack = Vec::new();
    for slice in inside.chunks_exact_mut(columns * rows) {
        outside.fill(false);
        let edge = |n: usize| {
            let (column, row) = (n % columns, n / columns);
            column == 0 || column == columns - 1 || row == 0 || row == rows - 1
        };
        stack.extend((0..slice.len()).filter(|n| edge(*n) && !slice[*n]));
        for index in &stack {
            outside[*index] = true;
        }
        while let Some(index) = stack.pop() {
            for (beside, _) in beside(index, [columns, rows, 1]) {
                if !slice[beside] && !outside[beside] {
                    outside[beside] = true;
                    stack.push(beside);
                }
            }
        }
        for (inside, outside) in slice.iter_mut().zip(&outside) {
            *inside = !outside;
        }
    }
    inside
}

/// Where body ends within the image, to a part of a cell.
fn surface(image: &Image, inside: &[bool], level: f32) -> Vec<SurfacePoint> {
    let size = image.grid.size();
    let mut surface = Vec::new();
    for (index, _) in inside.iter().enumerate().filter(|(_, inside)| **inside) {
        let mut step = Vector3::zeros();
        let mut normal = Vector3::zeros();
        let mut faces = 0.0;
        for (beside, (axis, up)) in beside(index, size) {
            let outer = image.values[beside];
            if inside[beside] || !outer.is_finite() {
                continue;
            }
            let sign = if up { 1.0 } else { -1.0 };
            let along = image.grid.patient_from_voxel().axis(axis).xyz * sign;
            let (here, there) = (image.values[index], outer);
            // Where the value passes the level, as far as a filled cell has a value above it.
            let part = if here > level && there < here {
                f64::from((here - level) / (here - there)).clamp(0.0, 1.0)
            } else {
                0.5
            };
            step += along * part;
            normal += along.normalize();
            faces += 1.0;
        }
        if let (Some(normal), true) = (Vector::<Patient>::from(normal).normalized(), faces > 0.0) {
            surface.push(SurfacePoint {
                place: image.place(index) + Vector::from(step / faces),
                normal,
            });
        }
    }
    smoothed_normals(image, surface, inside)
}

/// Normals from the slope of the body's share of the cells around: those of single faces come in steps.
fn smoothed_normals(image: &Image, mut surface: Vec<SurfacePoint>, inside: &[bool]) -> Vec<SurfacePoint> {
    let size = image.grid.size();
    let to_patient = image.grid.voxel_from_patient().linear.transpose();
    for point in &mut surface {
        let at = image.grid.voxel(point.place);
        let mut slope = Vector3::zeros();
        for n in 0..125 {
            let step = [n % 5, n / 5 % 5, n / 25].map(|s| s as f64 - 2.0);
            let cell: [f64; 3] = std::array::from_fn(|axis| (at[axis] + 0.5).floor() + step[axis]);
            if (0..3).any(|axis| cell[axis] < 0.0 || cell[axis] >= size[axis] as f64) {
                continue;
            }
            let [i, j, k] = cell.map(|c| c as usize);
            let share = if inside[(k * size[1] + j) * size[0] + i] {
                1.0
            } else {
                -1.0
            };
            slope -= Vector3::from(step) * share;
        }
        if let Some(normal) = Vector::<Patient>::from(to_patient * slope).normalized() {
            point.normal = normal;
        }
    }
    surface
}

/// For each cell the nearest surface point, by sweeps that hand it on (Danielsson, CGIP 14 (1980) 227).
fn nearest(image: &Image, surface: &[SurfacePoint]) -> Vec<u32> {
    let size = image.grid.size();
    let mut nearest = vec![NONE; image.values.len()];
    // Cells and points in mm along the grid's own axes: distances without a transform a cell.
    for (number, point) in surface.iter().enumerate() {
        let at = image.grid.voxel(point.place);
        let cell: [usize; 3] =
            std::array::from_fn(|axis| ((at[axis] + 0.5).floor().max(0.0) as usize).min(size[axis] - 1));
        nearest[(cell[2] * size[1] + cell[1]) * size[0] + cell[0]] = number as u32;
    }
    let metric = image.grid.patient_from_voxel().linear;
    let points: Vec<Vector3<f64>> = surface.iter().map(|p| image.grid.voxel(p.place).xyz).collect();
    let distance = |cell: [usize; 3], number: u32| match points.get(number as usize) {
        Some(point) => (metric * (Vector3::from(cell.map(|n| n as f64)) - point)).norm_squared(),
        None => f64::INFINITY,
    };
    for _ in 0..2 {
        for (axis, up) in [
            (2, true),
            (2, false),
            (1, true),
            (1, false),
            (0, true),
            (0, false),
        ] {
            hand_on(&mut nearest, size, axis, up, &distance);
        }
    }
    nearest
}

/// Lets each cell have its neighbour's point where that is nearer, from one end of an axis to the other.
fn hand_on(
    nearest: &mut [u32],
    size: [usize; 3],
    axis: usize,
    up: bool,
    distance: &impl Fn([usize; 3], u32) -> f64,
) {
    let stride = [1, size[0], size[0] * size[1]][axis];
    let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
    for v in 0..size[b] {
        for u in 0..size[a] {
            let mut cell = [0; 3];
            (cell[a], cell[b]) = (u, v);
            for n in 1..size[axis] {
                cell[axis] = if up { n } else { size[axis] - 1 - n };
                let index = (cell[2] * size[1] + cell[1]) * size[0] + cell[0];
                let from = if up { index - stride } else { index + stride };
                let (own, other) = (nearest[index], nearest[from]);
                if other != NONE && other != own && distance(cell, other) < distance(cell, own) {
                    nearest[index] = other;
                }
            }
        }
    }
}

/// The box around the body's cell centres, and their mean.
fn extent(image: &Image, inside: &[bool]) -> ([Point<Patient>; 2], Point<Patient>) {
    let (mut low, mut high) = (Vector3::repeat(f64::INFINITY), Vector3::repeat(f64::NEG_INFINITY));
    let (mut sum, mut count) = (Vector3::zeros(), 0.0);
    for (index, _) in inside.iter().enumerate().filter(|(_, inside)| **inside) {
        let place = image.place(index).xyz;
        low = low.inf(&place);
        high = high.sup(&place);
        sum += place;
        count += 1.0;
    }
    ([low.into(), high.into()], (sum / count).into())
}
