//! Reference volumes placed by themselves: liver and blood pool.

use std::sync::Arc;

use crate::geometry::{Grid, Patient, Point, Vector};
use crate::lesion::basins::mask_of;
use crate::lesion::body::Body;
use crate::lesion::lattice::{Cells, Lattice};
use crate::lesion::options::UptakeThreshold;
use crate::voi::{Mask, Scale, Statistics};
use crate::volume::Volume;

/// PERCIST's sphere in the right lobe, and its cylinder in the descending aorta.
const LIVER_DIAMETER_MM: f64 = 30.0;
const AORTA_DIAMETER_MM: f64 = 10.0;
const AORTA_LENGTH_MM: f64 = 20.0;
/// What the EANM's guidelines expect of a liver (Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328).
const LIVER_SUV: std::ops::RangeInclusive<f64> = 1.3..=3.0;
/// Blood an hour after FDG.
const BLOOD_SUV: std::ops::RangeInclusive<f64> = 0.7..=3.0;
/// A liver that varies more than this is diseased, or noise hides it.
const MOST_VARIATION: f64 = 0.25;

/// A reference volume and what it measures.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Its center.
    pub center: Point<Patient>,
    /// Its voxels.
    pub mask: Mask,
    /// What they measure.
    pub statistics: Statistics,
    /// What is doubtful; empty when nothing is.
    pub doubts: Vec<String>,
}

/// The reference volumes of a study, each `None` where it was not found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct References {
    /// A sphere of 3 cm in the right lobe of the liver.
    pub liver: Option<Reference>,
    /// A cylinder of 1 cm by 2 cm in the descending aorta.
    pub blood_pool: Option<Reference>,
}

/// The liver's sphere, and the cubes that take up as it does.
pub(super) fn liver(pet: &Volume, body: &Body, sul_per_suv: Option<f64>) -> Option<(Reference, Cells)> {
    let lattice = &body.lattice;
    let tissue = liver_tissue(body)?;
    let (core, depth) = deepest(lattice, &tissue);
    let places = (0..lattice.cells())
        .filter(|n| core[*n])
        .map(|n| lattice.place(lattice.cell(n)));
    let radius = LIVER_DIAMETER_MM / 2.0;
    let sphere = |center| measured(pet, center, [radius; 3], |step| step.norm() <= radius);
    let (center, mask, statistics) = steadiest(thinned(places.collect(), 60), sphere)?;
    let mut doubts = liver_doubts(&statistics, sul_per_suv);
    if depth < 3 {
        doubts.push("little room in the liver for its sphere".to_owned());
    }
    if body.hu.is_none() {
        doubts.push("placed without CT".to_owned());
    }
    let reference = Reference {
        center,
        mask,
        statistics,
        doubts,
    };
    Some((reference, tissue))
}

/// The largest body of even uptake on the right under the diaphragm.
fn liver_tissue(body: &Body) -> Option<Cells> {
    let zone = zone(body, (470.0, 690.0), |side, depth| {
        (-160.0..-8.0).contains(&side) && (0.05..0.9).contains(&depth)
    })?;
    let level = usual_level(&body.suv, &zone)?;
    let is_liver = |n: usize| {
        let dense = body.hu.as_ref().is_none_or(|hu| is_liver_hu(hu[n]));
        zone[n] && dense && (body.suv[n] / level - 1.0).abs() < 0.25
    };
    let tissue: Cells = (0..zone.len()).map(is_liver).collect();
    Some(body.lattice.largest(&body.lattice.opened(&tissue, 1)))
}

/// What is left of a set after it was shrunk as often as it stands, five times at most, and how often.
fn deepest(lattice: &Lattice, cells: &[bool]) -> (Cells, usize) {
    let mut core = cells.to_vec();
    for depth in 0..5 {
        let deeper = lattice.shrunk(&core, 1);
        if !deeper.contains(&true) {
            return (core, depth);
        }
        core = deeper;
    }
    (core, 5)
}

fn is_liver_hu(hu: f32) -> bool {
    hu.is_nan() || (-25.0..220.0).contains(&hu)
}

fn liver_doubts(statistics: &Statistics, sul_per_suv: Option<f64>) -> Vec<String> {
    let mut doubts = Vec::new();
    if !LIVER_SUV.contains(&statistics.mean) {
        doubts.push(format!(
            "liver SUVmean {:.2} lies outside {:.1} to {:.1}",
            statistics.mean,
            LIVER_SUV.start(),
            LIVER_SUV.end()
        ));
    }
    if statistics.sd > MOST_VARIATION * statistics.mean {
        doubts.push(format!(
            "liver varies by {:.0} % within its sphere",
            100.0 * statistics.sd / statistics.mean
        ));
    }
    if let Some(factor) = sul_per_suv
        && statistics.mean * factor < 0.8
    {
        doubts.push(format!("liver SULmean {:.2} is low", statistics.mean * factor));
    }
    doubts
}

/// The aorta's cylinder: beside the spine on the left, between carina and diaphragm.
pub(super) fn blood_pool(pet: &Volume, body: &Body) -> Option<Reference> {
    let (radius, half) = (AORTA_DIAMETER_MM / 2.0, AORTA_LENGTH_MM / 2.0);
    let cylinder = |center| {
        measured(pet, center, [radius, radius, half], |step| {
            step[0].hypot(step[1]) <= radius && step[2].abs() <= half
        })
    };
    let (center, mask, statistics) = steadiest(thinned(aorta_places(body)?, 80), cylinder)?;
    let mut doubts = Vec::new();
    if statistics.sd > MOST_VARIATION * statistics.mean {
        doubts.push(format!(
            "blood pool varies by {:.0} % within its cylinder",
            100.0 * statistics.sd / statistics.mean
        ));
    }
    if !BLOOD_SUV.contains(&statistics.mean) {
        doubts.push(format!("blood pool SUVmean {:.2} is unusual", statistics.mean));
    }
    if body.hu.is_none() {
        doubts.push("placed without CT".to_owned());
    }
    Some(Reference {
        center,
        mask,
        statistics,
        doubts,
    })
}

/// Where the aorta's axis may run: soft tissue all around, and uptake in the upper quarter there, as blood takes
/// up more than the fat, gullet and lung beside it.
fn aorta_places(body: &Body) -> Option<Vec<Point<Patient>>> {
    let lattice = &body.lattice;
    let zone = aorta_zone(body)?;
    let is_soft = |n: usize| match &body.hu {
        Some(hu) => !body.bone[n] && !body.lungs[n] && (15.0..400.0).contains(&hu[n]),
        None => true,
    };
    let reach = lattice.cells_in(10.0);
    let is_roomy = |cell: usize| disc(lattice.size, cell, reach).all(|n| n.is_some_and(is_soft));
    let places: Vec<usize> = (0..lattice.cells())
        .filter(|n| zone[*n] && (0.4..5.0).contains(&body.raw[*n]) && is_roomy(*n))
        .collect();
    let means: Vec<f32> = places.iter().map(|n| body.suv[*n]).collect();
    let floor = upper_quarter(&means)?;
    let places = places.into_iter().filter(|n| body.suv[*n] >= floor);
    Some(places.map(|n| lattice.place(lattice.cell(n))).collect())
}

/// Where the descending aorta may be: left of the vertebrae's front where a CT shows them.
fn aorta_zone(body: &Body) -> Option<Cells> {
    let (upper_mm, lower_mm) = (405.0, 520.0);
    if body.hu.is_none() {
        return zone(body, (upper_mm, lower_mm), |side, depth| {
            (8.0..36.0).contains(&side) && (0.52..0.7).contains(&depth)
        });
    }
    let mut beside = zone(body, (upper_mm, lower_mm), |side, depth| {
        (4.0..42.0).contains(&side) && (0.35..0.85).contains(&depth)
    })?;
    let lattice = &body.lattice;
    let plane = lattice.size[0] * lattice.size[1];
    for k in 0..lattice.size[2] {
        let front = vertebra_front(body, k);
        for (n, beside) in beside[k * plane..][..plane].iter_mut().enumerate() {
            let y = lattice.place([0, n / lattice.size[0], k])[1];
            *beside &= front.is_some_and(|front| y > front - 26.0 && y < front + 16.0);
        }
    }
    beside.contains(&true).then_some(beside)
}

/// The front of the vertebra in a plane, patient y in mm.
fn vertebra_front(body: &Body, k: usize) -> Option<f64> {
    let lattice = &body.lattice;
    let section = body.sections[k].as_ref()?;
    let plane = lattice.size[0] * lattice.size[1];
    (k * plane..(k + 1) * plane)
        .filter(|n| body.bone[*n])
        .map(|n| lattice.place(lattice.cell(n)))
        .filter(|p| (p[0] - section.middle_x).abs() < 14.0 && section.depth(p[1]) > 0.42)
        .map(|p| p[1])
        .min_by(f64::total_cmp)
}

/// The cubes of the trunk between two heights whose side in mm and depth satisfy `within`.
fn zone(body: &Body, heights: (f64, f64), within: impl Fn(f64, f64) -> bool) -> Option<Cells> {
    let (low, high) = body.heights.z_range(heights.0, heights.1)?;
    let lattice = &body.lattice;
    let stretch = body.heights.stretch();
    let mut zone = vec![false; lattice.cells()];
    let plane = lattice.size[0] * lattice.size[1];
    for k in 0..lattice.size[2] {
        let z = lattice.place([0, 0, k])[2];
        let Some(section) = body.sections[k].as_ref().filter(|_| z >= low && z <= high) else {
            continue;
        };
        for (n, zone) in zone[k * plane..][..plane].iter_mut().enumerate() {
            let place = lattice.place([n % lattice.size[0], n / lattice.size[0], k]);
            let side = (place[0] - section.middle_x) * stretch;
            let n = k * plane + n;
            let soft = body.trunk[n] && !body.lungs[n] && !body.bone[n];
            *zone = soft && within(side, section.depth(place[1]));
        }
    }
    zone.contains(&true).then_some(zone)
}

/// The uptake that most cubes of a zone have, above what muscle and fat have; `None` when few are above.
fn usual_level(suv: &[f32], zone: &[bool]) -> Option<f32> {
    const BINS: usize = 60;
    let mut counts = [0usize; BINS];
    for (suv, _) in suv.iter().zip(zone).filter(|(_, zone)| **zone) {
        // From 0.9 up in steps of a twelfth.
        let bin = ((suv - 0.9) * 12.0).floor();
        if bin >= 0.0 && (bin as usize) < BINS {
            counts[bin as usize] += 1;
        }
    }
    let smooth = |n: usize| {
        counts[n.saturating_sub(1)..(n + 2).min(BINS)]
            .iter()
            .sum::<usize>()
    };
    let level = |n: usize| 0.9 + (n as f32 + 0.5) / 12.0;
    // Weighed by the level: of two usual ones the liver's is the higher.
    let weight = |n: &usize| smooth(*n) as f32 * level(*n);
    let best = (0..BINS).max_by(|a, b| weight(a).total_cmp(&weight(b)))?;
    (smooth(best) > 100).then(|| level(best))
}

fn upper_quarter(values: &[f32]) -> Option<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() * 3 / 4).copied()
}

/// The cubes of an axial disc; `None` for those outside.
fn disc(size: [usize; 3], cell: usize, reach: usize) -> impl Iterator<Item = Option<usize>> {
    let [columns, rows, _] = size;
    let (i, j, k) = (cell % columns, cell / columns % rows, cell / (columns * rows));
    let side = 2 * reach + 1;
    (0..side * side).filter_map(move |n| {
        let (di, dj) = (n % side, n / side);
        let (x, y) = (di as i64 - reach as i64, dj as i64 - reach as i64);
        if x * x + y * y > (reach * reach) as i64 {
            return None;
        }
        let at = (i + di).checked_sub(reach).zip((j + dj).checked_sub(reach));
        Some(
            at.filter(|(i, j)| *i < columns && *j < rows)
                .map(|(i, j)| (k * rows + j) * columns + i),
        )
    })
}

/// At most `count` of some places, evenly over their order.
fn thinned(places: Vec<Point<Patient>>, count: usize) -> Vec<Point<Patient>> {
    let step = places.len().div_ceil(count).max(1);
    places.into_iter().step_by(step).collect()
}

/// The place whose volume varies least for its mean.
fn steadiest(
    places: Vec<Point<Patient>>,
    volume_at: impl Fn(Point<Patient>) -> Option<(Mask, Statistics)>,
) -> Option<(Point<Patient>, Mask, Statistics)> {
    let variation = |s: &Statistics| s.sd / s.mean.max(1e-6);
    places
        .into_iter()
        .filter_map(|place| volume_at(place).map(|(mask, statistics)| (place, mask, statistics)))
        .min_by(|a, b| variation(&a.2).total_cmp(&variation(&b.2)))
}

/// The voxels whose centers lie within a form around a center, and what they measure.
fn measured(
    pet: &Volume,
    center: Point<Patient>,
    reach_mm: [f64; 3],
    inside: impl Fn(Vector<Patient>) -> bool,
) -> Option<(Mask, Statistics)> {
    let grid = Arc::new(pet.grid().clone());
    let mask = mask_of(&grid, &voxels_near(&grid, center, reach_mm, inside));
    let statistics = Statistics::inside(pet, &mask, Scale::Factor(1.0)).ok()?;
    Some((mask, statistics))
}

/// Indices of the voxels within a box around a place whose step from it satisfies `inside`.
fn voxels_near(
    grid: &Grid,
    center: Point<Patient>,
    reach_mm: [f64; 3],
    inside: impl Fn(Vector<Patient>) -> bool,
) -> Vec<usize> {
    let (size, spacing, middle) = (grid.size(), grid.spacing_mm(), grid.voxel(center));
    // The box must hold the form however the grid lies.
    let reach = reach_mm.iter().map(|r| r * r).sum::<f64>().sqrt();
    let range = |axis: usize| {
        let low = (middle[axis] - reach / spacing[axis]).floor().max(0.0) as usize;
        let high = (middle[axis] + reach / spacing[axis] + 2.0).max(0.0) as usize;
        low..high.min(size[axis])
    };
    let mut voxels = Vec::new();
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                let place = grid.patient(Point::new(i as f64, j as f64, k as f64));
                if inside(place - center) {
                    voxels.push((k * size[1] + j) * size[0] + i);
                }
            }
        }
    }
    voxels
}

impl References {
    /// PERCIST's threshold by the liver: 1.5 times its mean plus two standard deviations.
    #[must_use]
    pub fn liver_threshold(&self) -> Option<f64> {
        self.liver
            .as_ref()
            .map(|r| 1.5 * r.statistics.mean + 2.0 * r.statistics.sd)
    }

    /// PERCIST's threshold by the blood pool: twice its mean plus two standard deviations.
    #[must_use]
    pub fn blood_pool_threshold(&self) -> Option<f64> {
        self.blood_pool
            .as_ref()
            .map(|r| 2.0 * r.statistics.mean + 2.0 * r.statistics.sd)
    }

    /// The threshold of a rule for a lesion of maximum `max`; `None` when its reference was not found.
    pub(super) fn mtv_threshold(&self, rule: UptakeThreshold, max: f64) -> Option<f64> {
        match rule {
            UptakeThreshold::Fixed { suv } => Some(suv),
            UptakeThreshold::OfMax { fraction } => Some(fraction * max),
            UptakeThreshold::Liver => self.liver_threshold(),
            UptakeThreshold::BloodPool => self.blood_pool_threshold(),
        }
    }
}
