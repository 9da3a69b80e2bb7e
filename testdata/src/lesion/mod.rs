//! Lesions: where they are put, how hot they are, and which voxels they fill.

mod place;
mod surroundings;

use engine::geometry::{Grid, Patient, Point};
use rayon::prelude::*;

use crate::anatomy::{Body, Shape, Solid, Tissue};
use crate::elementary::ellipsoid_ml;
use crate::paint::Pose;

pub use place::lesions;
pub use surroundings::{nearest_physiological, surroundings};

/// A spherical lesion in the body at rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesion {
    /// Number from 1.
    pub number: usize,
    /// Where it lies, in words.
    pub site: &'static str,
    /// Centre, LPS in mm.
    pub centre_mm: [f64; 3],
    /// Diameter, mm.
    pub diameter_mm: f64,
    /// Uptake before the scanner blurs it, SUV by body weight.
    pub suv: f64,
    /// A core that takes up less: its diameter in mm and its SUV.
    pub core: Option<(f64, f64)>,
    /// CT number, HU.
    pub hu: f64,
}

impl Lesion {
    /// Volume of the sphere, mL.
    pub fn volume_ml(&self) -> f64 {
        ellipsoid_ml([self.diameter_mm / 2.0; 3])
    }

    /// Whether a point of the body at rest lies in the lesion.
    pub fn contains(&self, p: [f64; 3]) -> bool {
        self.distance_squared(p) <= self.diameter_mm * self.diameter_mm / 4.0
    }

    fn distance_squared(&self, p: [f64; 3]) -> f64 {
        (0..3)
            .map(|a| (p[a] - self.centre_mm[a]) * (p[a] - self.centre_mm[a]))
            .sum()
    }

    /// Uptake at a point of the body at rest; `None` outside the lesion.
    fn uptake(&self, p: [f64; 3]) -> Option<f64> {
        let squared = self.distance_squared(p);
        if squared > self.diameter_mm * self.diameter_mm / 4.0 {
            return None;
        }
        Some(match self.core {
            Some((diameter_mm, suv)) if squared <= diameter_mm * diameter_mm / 4.0 => suv,
            _ => self.suv,
        })
    }

    /// The lesion as CT sees it.
    fn solid(&self) -> Solid {
        let centre = self.centre_mm.map(|v| v as f32);
        let tissue = Tissue {
            hu: self.hu as f32,
            ..Tissue::PLAIN_MUSCLE
        };
        let core = Tissue { hu: 18.0, ..tissue };
        let mut layers = vec![(0.0, tissue)];
        if let Some((diameter_mm, _)) = self.core {
            layers.push((((self.diameter_mm - diameter_mm) / 2.0) as f32, core));
        }
        Solid::layered(Shape::ball(centre, self.diameter_mm as f32 / 2.0), &layers)
    }
}

/// The body with its lesions as CT shows them.
pub fn body_with(body: &Body, lesions: &[Lesion]) -> Body {
    let mut body = body.clone();
    body.solids.extend(lesions.iter().map(Lesion::solid));
    body
}

/// Paints the lesions' uptake over a volume; each voxel gets the mean of 64 samples.
pub fn paint(lesions: &[Lesion], grid: &Grid, pose: &Pose, values: &mut [f32]) {
    let [columns, rows, _] = grid.size();
    values
        .par_chunks_mut(columns * rows)
        .enumerate()
        .for_each(|(k, slice)| {
            for lesion in lesions {
                paint_slice(lesion, grid, pose, k, slice);
            }
        });
}

fn paint_slice(lesion: &Lesion, grid: &Grid, pose: &Pose, k: usize, slice: &mut [f32]) {
    let [columns, rows, _] = grid.size();
    let middle = grid.voxel(Point::from(pose.scanner_from_body(lesion.centre_mm)));
    let spacing = grid.spacing_mm();
    let reach = |axis: usize| (lesion.diameter_mm / 2.0) / spacing[axis] + 1.0;
    if (middle[2] - k as f64).abs() > reach(2) {
        return;
    }
    let range = |axis: usize, count: usize| {
        let low = (middle[axis] - reach(axis)).floor().max(0.0) as usize;
        let high = (middle[axis] + reach(axis)).ceil().clamp(0.0, count as f64 - 1.0) as usize;
        low..=high
    };
    for j in range(1, rows) {
        for i in range(0, columns) {
            let value = &mut slice[j * columns + i];
            *value = mean_uptake(lesion, grid, pose, [i, j, k], f64::from(*value)) as f32;
        }
    }
}

fn mean_uptake(lesion: &Lesion, grid: &Grid, pose: &Pose, voxel: [usize; 3], background: f64) -> f64 {
    const SAMPLES: u32 = 4;
    let mut sum = 0.0;
    for n in 0..SAMPLES * SAMPLES * SAMPLES {
        let offset = |sample: u32| (f64::from(sample % SAMPLES) + 0.5) / f64::from(SAMPLES) - 0.5;
        let offsets = [offset(n), offset(n / SAMPLES), offset(n / SAMPLES / SAMPLES)];
        let at = [0, 1, 2].map(|a| voxel[a] as f64 + offsets[a]);
        let p: Point<Patient> = grid.patient(at.into());
        sum += lesion
            .uptake(pose.body_from_scanner([p[0], p[1], p[2]]))
            .unwrap_or(background);
    }
    sum / f64::from(SAMPLES * SAMPLES * SAMPLES)
}
