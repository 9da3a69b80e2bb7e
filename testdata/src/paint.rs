//! Implicit bodies on grids: one slice of voxels at a time, edges blended over a voxel.

use engine::geometry::{Grid, Point, Voxel};

use crate::anatomy::vector::{V3, add, scale};
use crate::anatomy::{Body, Organ, Solid, Texture, Tissue};
use crate::random::NoiseField;

/// What is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// CT numbers, HU.
    Hounsfield,
    /// Uptake of FDG, SUV by body weight.
    Uptake,
    /// Uptake of a bone tracer three hours after injection, in units of soft tissue.
    BoneTracer,
}

/// A rigid motion of the patient: a point of the body at rest goes to `rotation * p + shift_mm`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Rows of the rotation.
    pub rotation: [[f64; 3]; 3],
    /// Shift, LPS in mm.
    pub shift_mm: [f64; 3],
}

impl Pose {
    /// The patient at rest.
    pub const REST: Self = Self {
        rotation: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        shift_mm: [0.0; 3],
    };

    /// Where in the scanner a point of the body at rest lies.
    pub fn scanner_from_body(&self, p: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|a| {
            (0..3)
                .map(|column| self.rotation[a][column] * p[column])
                .sum::<f64>()
                + self.shift_mm[a]
        })
    }

    /// Where in the body at rest a point of the scanner lies.
    pub fn body_from_scanner(&self, p: [f64; 3]) -> [f64; 3] {
        let d = [0, 1, 2].map(|a| p[a] - self.shift_mm[a]);
        [0, 1, 2].map(|a| (0..3).map(|row| self.rotation[row][a] * d[row]).sum())
    }
}

/// The voxel centres of one slice, in body space.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    first: V3,
    column_step: V3,
    row_step: V3,
    columns: usize,
    rows: usize,
}

impl Slice {
    /// Slice `k` of a grid, seen from a body in a pose.
    pub fn of(grid: &Grid, k: usize, pose: &Pose) -> Self {
        Self::at(grid, k as f64, pose)
    }

    /// The plane at slice coordinate `k` of a grid, between its slices too.
    pub fn at(grid: &Grid, k: f64, pose: &Pose) -> Self {
        let [columns, rows, _] = grid.size();
        let at = |i: f64, j: f64| {
            let patient = grid.patient(Point::<Voxel>::new(i, j, k));
            pose.body_from_scanner([patient[0], patient[1], patient[2]])
        };
        let (first, right, down) = (at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0));
        let step = |to: [f64; 3]| [0, 1, 2].map(|a| (to[a] - first[a]) as f32);
        Self {
            first: first.map(|v| v as f32),
            column_step: step(right),
            row_step: step(down),
            columns,
            rows,
        }
    }

    fn row_start(&self, j: usize) -> V3 {
        add(self.first, scale(self.row_step, j as f32))
    }

    /// The range of rows that may meet a box: conservative.
    fn rows_of(&self, low: V3, high: V3) -> std::ops::Range<usize> {
        let across = scale(self.column_step, self.columns as f32 - 1.0);
        let mut range = (0.0f32, self.rows as f32 - 1.0);
        for a in 0..3 {
            let (from, to) = (
                self.first[a].min(self.first[a] + across[a]),
                self.first[a].max(self.first[a] + across[a]),
            );
            clip(&mut range, self.row_step[a], low[a] - to, high[a] - from);
        }
        whole(range)
    }

    /// The range of columns of a row that lie in a box.
    fn columns_of(&self, start: V3, low: V3, high: V3) -> std::ops::Range<usize> {
        let mut range = (0.0f32, self.columns as f32 - 1.0);
        for a in 0..3 {
            clip(
                &mut range,
                self.column_step[a],
                low[a] - start[a],
                high[a] - start[a],
            );
        }
        whole(range)
    }
}

/// Narrows `range` to where `low <= step * t <= high`.
fn clip(range: &mut (f32, f32), step: f32, low: f32, high: f32) {
    if step.abs() < 1e-6 {
        if low > 0.0 || high < 0.0 {
            *range = (0.0, -1.0);
        }
        return;
    }
    let (a, b) = (low / step, high / step);
    range.0 = range.0.max(a.min(b));
    range.1 = range.1.min(a.max(b));
}

fn whole((from, to): (f32, f32)) -> std::ops::Range<usize> {
    if to < from {
        0..0
    } else {
        from.ceil() as usize..(to.floor() + 1.0).max(0.0) as usize
    }
}

/// Paints bodies.
pub struct Painter<'a> {
    body: &'a Body,
    quantity: Quantity,
    /// Width over which an edge is blended, mm.
    edge_mm: f32,
    noise: NoiseField,
}

impl<'a> Painter<'a> {
    /// A painter of one quantity whose edges are `edge_mm` wide.
    pub fn new(body: &'a Body, quantity: Quantity, edge_mm: f64) -> Self {
        Self {
            body,
            quantity,
            edge_mm: edge_mm as f32,
            noise: NoiseField::new(body.seed, "texture"),
        }
    }

    /// Paints one slice over what is in `values`; `labels` gets the organ of each voxel where given.
    pub fn paint(&self, slice: &Slice, values: &mut [f32], mut labels: Option<&mut [u8]>) {
        for solid in &self.body.solids {
            self.paint_solid(solid, slice, values, labels.as_deref_mut());
        }
    }

    fn paint_solid(&self, solid: &Solid, slice: &Slice, values: &mut [f32], mut labels: Option<&mut [u8]>) {
        let reach = solid.bounds.grown(self.edge_mm * 0.5);
        for j in slice.rows_of(reach.low, reach.high) {
            let start = slice.row_start(j);
            for i in slice.columns_of(start, reach.low, reach.high) {
                let p = add(start, scale(slice.column_step, i as f32));
                let depth = -solid.shape.distance(p);
                if depth <= -0.5 * self.edge_mm {
                    continue;
                }
                let index = j * slice.columns + i;
                for (begins, tissue) in &solid.layers {
                    let share = (0.5 + (depth - begins) / self.edge_mm).clamp(0.0, 1.0);
                    if share <= 0.0 {
                        break;
                    }
                    let value = self.value(tissue, p, depth);
                    values[index] += share * (value - values[index]);
                    if let Some(labels) = labels.as_deref_mut().filter(|_| share >= 0.5) {
                        labels[index] = tissue.organ as u8;
                    }
                }
            }
        }
    }

    /// The quantity of a tissue at a place `depth` mm under the surface of its solid.
    fn value(&self, tissue: &Tissue, p: V3, depth: f32) -> f32 {
        let base = match self.quantity {
            Quantity::Hounsfield => tissue.hu,
            Quantity::Uptake => tissue.suv,
            Quantity::BoneTracer => return bone_tracer(tissue),
        };
        match tissue.texture {
            Texture::Even => base,
            Texture::Patchy { hu, uptake, size_mm } => {
                let q = scale(p, 1.0 / size_mm);
                let wave = self.noise.smooth(q[0], q[1], q[2]);
                match self.quantity {
                    Quantity::Hounsfield => base + hu * wave,
                    _ => base * (1.0 + uptake * wave),
                }
            }
            Texture::Bundles { size_mm } => self.bundles(base, p, size_mm),
            Texture::Gyri => self.gyri(base, p, depth),
        }
    }

    /// Muscle bundles along the body with fat where the noise changes sign.
    fn bundles(&self, base: f32, p: V3, size_mm: f32) -> f32 {
        let (fat, even) = match self.quantity {
            Quantity::Hounsfield => (Tissue::FAT.hu, 5.0),
            _ => (Tissue::FAT.suv, 0.05),
        };
        let q = [p[0] / size_mm, p[1] / size_mm, p[2] / (size_mm * 4.0)];
        let wave = self.noise.smooth(q[0], q[1], q[2]);
        let fine = self.noise.smooth(q[0] * 2.7 + 40.0, q[1] * 2.7, q[2] * 2.7);
        let share = 0.75 * (1.0 - (wave + 0.25 * fine).abs() / 0.055).max(0.0);
        base + even * fine + share * (fat - base)
    }

    /// Grey matter in a folded ribbon under the surface and along the folds that run into the white.
    fn gyri(&self, white: f32, p: V3, depth: f32) -> f32 {
        let (grey, fluid) = match self.quantity {
            Quantity::Hounsfield => (Tissue::GREY_MATTER.hu, Tissue::FLUID.hu),
            _ => (Tissue::GREY_MATTER.suv, Tissue::FLUID.suv),
        };
        let q = scale([p[0].abs(), p[1], p[2]], 1.0 / 13.0);
        let fold =
            self.noise.smooth(q[0], q[1], q[2]) + 0.4 * self.noise.smooth(2.1 * q[0], 2.1 * q[1], 2.1 * q[2]);
        let sulcus = (1.0 - fold.abs() / 0.16).max(0.0) * (1.0 - depth / 20.0).clamp(0.0, 1.0);
        let ribbon = 4.5 + 12.0 * (1.0 - fold.abs() / 0.62).max(0.0);
        let in_grey = ((ribbon - depth) / 2.5 + 0.5).clamp(0.0, 1.0);
        let matter = white + in_grey * (grey - white);
        matter + 0.7 * sulcus * (fluid - matter)
    }

    /// The quantity at one point without blended edges; `air` around the body.
    pub fn at(&self, p: V3, air: f32) -> f32 {
        let found = self.body.solids.iter().rev().find_map(|solid| {
            if !solid.bounds.contains(p) {
                return None;
            }
            let depth = -solid.shape.distance(p);
            let (_, tissue) = solid.layers.iter().rev().find(|(begins, _)| depth >= *begins)?;
            Some(self.value(tissue, p, depth))
        });
        found.unwrap_or(air)
    }
}

/// Uptake of a bone tracer: mineral more than marrow, urine most.
const fn bone_tracer(tissue: &Tissue) -> f32 {
    match tissue.organ {
        Organ::Bone if tissue.hu > 0.0 => 11.0,
        Organ::Kidney => 6.0,
        Organ::UrinaryTract if tissue.suv > 10.0 => 24.0,
        Organ::UrinaryTract => 4.0,
        Organ::Lung | Organ::Airway => 0.3,
        _ => 1.0,
    }
}

/// The largest extent of a grid's voxel, mm: what an edge should be blended over.
pub fn voxel_mm(grid: &Grid) -> f64 {
    let [x, y, z] = grid.spacing_mm();
    // A thick slice blurs along one direction only; its share is kept small so that plates stay sharp in plane.
    (x + y) * 0.5 * 0.85 + 0.15 * z
}
