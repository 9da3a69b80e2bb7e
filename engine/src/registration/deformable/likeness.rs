//! How alike two images are under displacements, and what each control point would change.

use nalgebra::Matrix3;

use super::lattice::{Control, Lattice, Near};
use super::windows::{Place, Windows};
use crate::geometry::{Affine, Patient, Point, Vector};
use crate::registration::image::{Image, Sample};
use crate::registration::options::Region;
use crate::registration::random::Random;
use crate::registration::readings::in_pieces;

/// What is compared, and where.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub fixed: &'a Image,
    pub moving: &'a Image,
    pub moving_from_fixed: &'a Affine<Patient, Patient>,
    /// Which places of the fixed volume's patient space count.
    pub counts: Region<'a>,
    /// The box around them.
    pub bounds: [Point<Patient>; 2],
    /// Edge of the cells that the box is cut into.
    pub cell_mm: f64,
}

/// A place of the fixed image.
struct Spot {
    place: Place,
    near: Near,
    /// Where it lies in the moving image before it is displaced, in cells of that.
    at: [f32; 3],
}

/// The similarity of one resolution as a function of a lattice's control points.
pub(super) struct Likeness<'a> {
    windows: Windows,
    spots: Vec<Spot>,
    moving: &'a Image,
    /// Cells of the moving image per mm of displacement.
    cells_from_mm: Matrix3<f32>,
    /// Of the cells with a place.
    pub volume_mm3: f64,
}

impl<'a> Likeness<'a> {
    /// For lattices of the place, spacing and size of `lattice`; `None` where too little of the images overlaps.
    ///
    /// Each cell has one place, somewhere in it: places on a lattice would beat with the moving image's.
    pub fn new(scene: &Scene<'a>, lattice: &Lattice, seed: u64) -> Option<Self> {
        let [low, high] = scene.bounds;
        let size = [0, 1, 2].map(|axis| ((high[axis] - low[axis]) / scene.cell_mm).ceil().max(1.0) as usize);
        let cells_from_fixed = *scene.moving.grid.voxel_from_patient() * *scene.moving_from_fixed;
        let mut random = Random(seed);
        let spot = |cell: usize| {
            let at = [
                cell % size[0],
                cell / size[0] % size[1],
                cell / (size[0] * size[1]),
            ];
            let step = at.map(|n| (n as f64 + random.next()) * scene.cell_mm);
            let place = low + Vector::from(step);
            let near = lattice.near(lattice.coordinate(place))?;
            let single = |place: Point<_>| place.xyz.map(|v| v as f32).into();
            let at = single(cells_from_fixed * place);
            let fixed = scene
                .fixed
                .at(single(*scene.fixed.grid.voxel_from_patient() * place))?
                .value;
            let moving = scene.moving.at(at)?.value;
            (scene.counts)(place).then_some(Spot {
                place: Place { cell, fixed, moving },
                near,
                at,
            })
        };
        let mut spots: Vec<Spot> = (0..size.iter().product()).filter_map(spot).collect();
        // Neighbours read the same control points, and a piece of work touches few.
        spots.sort_by_key(|spot| spot.near.first);
        let places: Vec<Place> = spots.iter().map(|spot| spot.place).collect();
        Some(Self {
            windows: Windows::new(size, &places)?,
            volume_mm3: spots.len() as f64 * scene.cell_mm.powi(3),
            spots,
            moving: scene.moving,
            cells_from_mm: cells_from_fixed.linear.map(|v| v as f32),
        })
    }

    /// The similarity under a lattice's displacements, 0 to 1, and how it changes with each control point, per mm.
    pub fn judge(&self, lattice: &Lattice) -> (f64, Vec<Control>) {
        let met = in_pieces(self.spots.len(), |range| {
            self.spots[range]
                .iter()
                .map(|spot| self.meet(spot, lattice))
                .collect::<Vec<_>>()
        });
        let met = met.concat();
        let moving: Vec<f32> = met.iter().map(|sample| sample.value).collect();
        let (value, by_moving) = self.windows.correlation(&moving);
        let pieces = in_pieces(self.spots.len(), |range| {
            self.collected(
                &self.spots[range.clone()],
                &met[range.clone()],
                &by_moving[range],
                lattice,
            )
        });
        let mut by_control = vec![[0.0; 4]; lattice.controls.len()];
        for (from, collected) in pieces {
            let there = by_control[from..].iter_mut().flatten();
            for (sum, value) in there.zip(collected.iter().flatten()) {
                *sum += value;
            }
        }
        (value, by_control)
    }

    /// What a spot meets in the moving image; slopes are per mm of displacement.
    ///
    /// Places that are pushed out of the image keep the value of its rim. Were they left out, the similarity would rise
    /// by pushing out what is least alike.
    fn meet(&self, spot: &Spot, lattice: &Lattice) -> Sample {
        let [x, y, z, _] = lattice.displacement(&spot.near);
        let m = &self.cells_from_mm;
        let last = self.moving.grid.size().map(|n| (n - 1) as f32);
        let to: [f32; 3] = std::array::from_fn(|axis| {
            spot.at[axis] + m[(axis, 0)] * x + m[(axis, 1)] * y + m[(axis, 2)] * z
        });
        let held: [f32; 3] = std::array::from_fn(|axis| to[axis].clamp(0.0, last[axis]));
        // Beside a cell without a value, the place keeps the one that it had.
        let still = Sample {
            value: spot.place.moving,
            slope: [0.0; 3],
        };
        let Sample { value, slope } = self.moving.at(held).unwrap_or(still);
        let free: [f32; 3] =
            std::array::from_fn(|axis| if held[axis] == to[axis] { slope[axis] } else { 0.0 });
        let per_mm = |c: usize| free[0] * m[(0, c)] + free[1] * m[(1, c)] + free[2] * m[(2, c)];
        Sample {
            value,
            slope: [per_mm(0), per_mm(1), per_mm(2)],
        }
    }

    /// What some spots mean for control points, from the first one that they touch.
    fn collected(
        &self,
        spots: &[Spot],
        met: &[Sample],
        by_moving: &[f32],
        lattice: &Lattice,
    ) -> (usize, Vec<Control>) {
        let (Some(first), Some(last)) = (spots.first(), spots.last()) else {
            return (0, Vec::new());
        };
        let from = first.near.first;
        let mut collected = vec![[0.0; 4]; last.near.first + lattice.span() - from];
        for ((spot, sample), weight) in spots.iter().zip(met).zip(by_moving) {
            let [x, y, z] = sample.slope.map(|slope| slope * weight);
            lattice.collect(&spot.near, [x, y, z, 0.0], from, &mut collected);
        }
        (from, collected)
    }
}
