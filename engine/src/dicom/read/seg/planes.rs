//! The planes that frames lie in, and the steps between them.

use std::sync::Arc;

use codec::Warning;
use dicom_dictionary_std::tags;

use super::groups::Groups;
use crate::dicom::{Error, Result};
use crate::geometry::{Affine, Grid, Patient, Voxel};

/// Planes closer than this are one plane, mm: positions are often rounded to hundredths.
pub(super) const SAME_PLANE_MM: f64 = 0.01;

/// Planes lie evenly when none is further from its place than this part of a step, or than 0.02 mm.
const EVEN_STEPS: f64 = 0.005;
const EVEN_MM: f64 = 0.02;

/// Most planes of an even grid; planes further apart than that keep positions of their own.
const MAX_EVEN_PLANES: f64 = 65_536.0;

/// Planes along a normal, in steps that are even where they can be.
pub(super) struct Planes {
    pub step_mm: f64,
    /// Positions in steps, for uneven planes; their number otherwise.
    pub positions: Option<Vec<f64>>,
    pub count: usize,
    /// The plane of every frame.
    pub of_frame: Vec<usize>,
    /// A frame in the first and one in the last plane.
    pub first: usize,
    pub last: usize,
}

impl Planes {
    pub(super) fn of(along_mm: &[f64], groups: &Groups<'_>, warnings: &mut Vec<Warning>) -> Result<Self> {
        let mut order: Vec<usize> = (0..along_mm.len()).collect();
        order.sort_by(|a, b| along_mm[*a].total_cmp(&along_mm[*b]));
        let (first, last) = (order[0], order[order.len() - 1]);
        let mut of_frame = vec![0; along_mm.len()];
        let mut planes_mm: Vec<f64> = Vec::new();
        for frame in order {
            let at_mm = along_mm[frame] - along_mm[first];
            if planes_mm.last().is_none_or(|plane| at_mm - plane > SAME_PLANE_MM) {
                planes_mm.push(at_mm);
            }
            of_frame[frame] = planes_mm.len() - 1;
        }
        let stated = groups.measure(tags::SPACING_BETWEEN_SLICES);
        let mut planes = Self {
            step_mm: 1.0,
            positions: None,
            count: 1,
            of_frame,
            first,
            last,
        };
        if planes_mm.len() == 1 {
            planes.step_mm = thickness_mm(stated, groups, warnings);
            return Ok(planes);
        }
        let gaps = planes_mm.windows(2).map(|pair| pair[1] - pair[0]);
        let smallest = gaps.fold(f64::INFINITY, f64::min);
        match stated
            .into_iter()
            .chain([smallest])
            .find_map(|step_mm| even_step(&planes_mm, step_mm))
        {
            Some(step_mm) => {
                let index = |mm: f64| (mm / step_mm).round() as usize;
                planes
                    .of_frame
                    .iter_mut()
                    .for_each(|plane| *plane = index(planes_mm[*plane]));
                planes.step_mm = step_mm;
                planes.count = index(planes_mm[planes_mm.len() - 1]) + 1;
            }
            None => {
                let text = format!(
                    "expected planes at multiples of {smallest:.3} mm, found others; each keeps its position"
                );
                warnings.push(Warning::new("uneven-spacing", text));
                planes.step_mm = smallest;
                planes.count = planes_mm.len();
                planes.positions = Some(planes_mm.iter().map(|mm| mm / smallest).collect());
            }
        }
        Ok(planes)
    }

    pub(super) fn grid(
        &self,
        [columns, rows]: [usize; 2],
        affine: Affine<Patient, Voxel>,
    ) -> Result<Arc<Grid>> {
        let size = [columns, rows, self.count];
        let voxels = columns.checked_mul(rows).and_then(|n| n.checked_mul(self.count));
        if voxels.is_none_or(|n| n > isize::MAX as usize) {
            return Err(Error::NoVolume(format!(
                "{columns} x {rows} x {} voxels are too many",
                self.count
            )));
        }
        let grid = match &self.positions {
            Some(positions) => Grid::with_slice_positions(size, affine, positions.clone())?,
            None => Grid::new(size, affine)?,
        };
        Ok(Arc::new(grid))
    }
}

/// The step close to `step_mm` of which all planes are multiples, if there is one.
fn even_step(planes_mm: &[f64], step_mm: f64) -> Option<f64> {
    let span_mm = planes_mm[planes_mm.len() - 1];
    let steps = (span_mm / step_mm).round();
    if !(1.0..MAX_EVEN_PLANES).contains(&steps) {
        return None;
    }
    let step_mm = span_mm / steps;
    let allowed_mm = EVEN_MM.max(EVEN_STEPS * step_mm).min(step_mm / 4.0);
    let even = planes_mm
        .iter()
        .all(|mm| (mm - (mm / step_mm).round() * step_mm).abs() <= allowed_mm);
    let apart = planes_mm
        .windows(2)
        .all(|pair| (pair[0] / step_mm).round() < (pair[1] / step_mm).round());
    (even && apart).then_some(step_mm)
}

fn thickness_mm(stated: Option<f64>, groups: &Groups<'_>, warnings: &mut Vec<Warning>) -> f64 {
    stated.or_else(|| groups.measure(tags::SLICE_THICKNESS)).unwrap_or_else(|| {
        let text = "expected the thickness of a single plane, found none; taken as 1 mm, no volume can be measured";
        warnings.push(Warning::new("no-slice-thickness", text));
        1.0
    })
}
