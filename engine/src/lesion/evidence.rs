//! What is known of each basin before it is judged: place in the body, form, contrast, what the CT shows.

use nalgebra::{Matrix3, SymmetricEigen};

use crate::geometry::{Patient, Point, Vector, Voxel};
use crate::lesion::basins::Basin;
use crate::lesion::body::Body;
use crate::volume::Volume;

/// How far around a maximum its CT number is measured: within what a small node fills.
const HU_REACH_MM: f64 = 4.0;

/// A basin with its evidence.
#[derive(Debug, Clone)]
pub(super) struct Hot {
    /// Its voxels, maximum and passes.
    pub basin: Basin,
    /// The cube of each voxel.
    pub cells: Vec<usize>,
    /// Height below the top of the head of its maximum, mm in a body of 170 cm; `None` when unknown.
    pub height: Option<f64>,
    /// How far left of the middle, mm in such a body; the right is negative.
    pub side_mm: f64,
    /// How far back: 0 at the front of the trunk, 1 at its back.
    pub depth: f64,
    /// Whether head, trunk or legs hold it; else an arm, or nothing.
    pub in_trunk: bool,
    /// Extents along its own axes, mm, the longest first: those of the ellipsoid of the same moments.
    pub extents_mm: [f64; 3],
    /// Second moments of the voxels' places about their mean, mm2.
    pub moments: Matrix3<f64>,
    /// How much of its longest axis is along the body: 1 upright, 0 across.
    pub upright: f64,
    /// Largest mean over 1 mL or so around the maximum.
    pub peak: f64,
    /// Mean of what surrounds it: no candidate's voxels, up to 12 mm away.
    pub surroundings: f64,
    /// Share of lung and of bone around the maximum, 0 without CT.
    pub lung: f64,
    pub bone: f64,
    /// Mean CT number within 4 mm of the maximum; `None` without CT.
    pub hu: Option<f64>,
    /// Whether the maximum lies in the image's outermost slices.
    pub at_end: bool,
}

impl Hot {
    /// Peak over surroundings.
    pub fn contrast(&self) -> f64 {
        self.peak / self.surroundings.max(0.05)
    }

    /// The highest pass to basins that `of` names, as a share of this basin's own maximum; 0 without.
    pub fn pass_to(&self, of: impl Fn(usize) -> bool) -> f64 {
        let passes = self.basin.passes.iter().filter(|pass| of(pass.0));
        passes.map(|pass| pass.1 / self.basin.max).fold(0.0, f64::max)
    }

    /// Whether a set of cubes holds its maximum or most of its voxels.
    pub fn is_mostly_in(&self, body: &Body, cells: &[bool]) -> bool {
        let held = self.cells.iter().filter(|cell| cells[**cell]).count();
        body.holds(cells, self.basin.max_at) || 2 * held > self.cells.len()
    }

    /// Whether its height lies between two.
    pub fn between(&self, upper_mm: f64, lower_mm: f64) -> bool {
        self.height.is_some_and(|h| h >= upper_mm && h <= lower_mm)
    }
}

/// All basins in their body.
pub(super) struct Scene<'a> {
    pub body: &'a Body,
    pub hot: Vec<Hot>,
    /// Mean uptake of the liver, where it was found.
    pub liver: Option<f64>,
}

impl<'a> Scene<'a> {
    /// Gathers the evidence of every basin.
    pub fn new(
        pet: &Volume,
        ct: Option<&Volume>,
        body: &'a Body,
        basins: Vec<Basin>,
        liver: Option<f64>,
    ) -> Self {
        let mut candidate = vec![false; body.lattice.cells()];
        for basin in &basins {
            cells(pet, body, basin).for_each(|cell| candidate[cell] = true);
        }
        let hot = basins
            .into_iter()
            .map(|basin| evidence(pet, ct, body, &candidate, basin))
            .collect();
        Self { body, hot, liver }
    }
}

fn cells<'a>(pet: &'a Volume, body: &'a Body, basin: &'a Basin) -> impl Iterator<Item = usize> + 'a {
    let lattice = &body.lattice;
    places(pet, &basin.voxels).filter_map(|place| lattice.at(place).map(|cell| lattice.index(cell)))
}

fn places<'a>(pet: &'a Volume, voxels: &'a [usize]) -> impl Iterator<Item = Point<Patient>> + 'a {
    let [columns, rows, _] = pet.grid().size();
    voxels.iter().map(move |n| {
        let at = [n % columns, n / columns % rows, n / (columns * rows)];
        pet.grid().patient(Point::<Voxel>::from(at.map(|v| v as f64)))
    })
}

fn evidence(pet: &Volume, ct: Option<&Volume>, body: &Body, candidate: &[bool], basin: Basin) -> Hot {
    let at = basin.max_at;
    let stretch = body.heights.stretch();
    let section = body.section(at);
    let moments = moments(pet, &basin);
    let (extents_mm, axis) = extents(moments);
    let radius_mm = radius_of(basin.volume_ml);
    Hot {
        cells: cells(pet, body, &basin).collect(),
        height: body.heights.at(at[2]),
        side_mm: section.map_or(0.0, |s| (at[0] - s.middle_x) * stretch),
        depth: section.map_or(0.5, |s| s.depth(at[1])),
        in_trunk: body.holds(&body.trunk, at),
        extents_mm,
        moments,
        upright: axis[2].abs(),
        peak: mean_within(pet, at, 6.2),
        surroundings: surroundings(body, candidate, &basin, radius_mm),
        lung: body.share(&body.lungs, at, radius_mm + 6.0),
        bone: body.share(&body.bone, at, 6.0),
        hu: ct
            .map(|ct| mean_within(ct, at, HU_REACH_MM))
            .filter(|_| body.holds_hu(at)),
        at_end: at_end(pet, at),
        basin,
    }
}

/// Radius of a ball of a volume, mm.
pub(super) fn radius_of(volume_ml: f64) -> f64 {
    (volume_ml * 1000.0 * 0.75 / std::f64::consts::PI).cbrt()
}

/// Whether a maximum lies in the two outermost slices, where a scanner counts little and noise is high.
fn at_end(pet: &Volume, at: Point<Patient>) -> bool {
    let slice = pet.grid().voxel(at)[2].round();
    let last = pet.grid().size()[2] as f64 - 1.0;
    last >= 8.0 && (slice < 2.0 || slice > last - 2.0)
}

/// Mean of the cubes around a basin that hold no candidate's voxel.
fn surroundings(body: &Body, candidate: &[bool], basin: &Basin, radius_mm: f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    body.each_near(basin.center, radius_mm + 14.0, |n| {
        let distance = body.lattice.place(body.lattice.cell(n)).distance(basin.center);
        if !candidate[n] && body.inside[n] && distance > radius_mm + 4.0 {
            sum += f64::from(body.raw[n]);
            count += 1;
        }
    });
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

/// Mean of the voxels whose centers lie within `radius_mm` of a place.
pub(super) fn mean_within(pet: &Volume, at: Point<Patient>, radius_mm: f64) -> f64 {
    let grid = pet.grid();
    let (middle, spacing, size) = (grid.voxel(at), grid.spacing_mm(), grid.size());
    let range = |axis: usize| {
        let reach = radius_mm / spacing[axis] + 1.0;
        let low = (middle[axis] - reach).max(0.0) as usize;
        low..((middle[axis] + reach + 1.0).max(0.0) as usize).min(size[axis])
    };
    let (mut sum, mut count) = (0.0, 0);
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                let place = grid.patient(Point::new(i as f64, j as f64, k as f64));
                let value = pet.value([i, j, k]).filter(|v| v.is_finite());
                if let Some(value) = value.filter(|_| place.distance(at) <= radius_mm) {
                    sum += value;
                    count += 1;
                }
            }
        }
    }
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

fn moments(pet: &Volume, basin: &Basin) -> Matrix3<f64> {
    let mut moments = Matrix3::zeros();
    for place in places(pet, &basin.voxels) {
        let step = (place - basin.center).xyz;
        moments += step * step.transpose();
    }
    // A voxel has an extent of its own.
    let own = pet.grid().spacing_mm().map(|s| s * s / 12.0);
    moments / basin.voxels.len() as f64 + Matrix3::from_diagonal(&own.into())
}

/// Extents of the ellipsoid of some moments, and the direction of the longest.
fn extents(moments: Matrix3<f64>) -> ([f64; 3], Vector<Patient>) {
    let eigen = SymmetricEigen::new(moments);
    let mut order = [0, 1, 2];
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let extents = order.map(|n| 4.472 * eigen.eigenvalues[n].max(0.0).sqrt());
    (extents, eigen.eigenvectors.column(order[0]).into_owned().into())
}
