//! The CT: slices are painted, made noisy and written a batch at a time.

use codec::TransferSyntax;
use engine::dicom::write::{CtImage, Pixels, ct_image};
use engine::geometry::Grid;
use engine::volume::{Rescale, Unit, Volume, Voxels};
use rayon::prelude::*;

use super::{CT_START, PetCt};
use crate::anatomy::{Body, Shape, Solid, Tissue};
use crate::lesion;
use crate::output::{Output, Result};
use crate::paint::{Painter, Pose, Quantity, Slice, voxel_mm};
use crate::random::NoiseField;
use crate::scan::plane_of;

/// Stored value = HU + 1024.
const RESCALE: Rescale = Rescale {
    slope: 1.0,
    intercept: -1024.0,
};
/// Noise of soft tissue in the middle of the field of view, HU.
const NOISE_HU: f32 = 11.0;
/// Slices painted at a time.
const BATCH: usize = 16;

/// The couch under the patient: a shell with foam inside.
fn couch() -> Solid {
    let cradle = Shape::ellipsoid([0.0, -304.0, 300.0], [441.0, 441.0, 1e5]).shell(11.0);
    let couch = cradle.within([Shape::slab([0.0, 128.0, 300.0], [206.0, 60.0, 1e4], 5.0)]);
    let (carbon, foam) = (
        Tissue {
            hu: -120.0,
            ..Tissue::AIR
        },
        Tissue {
            hu: -925.0,
            ..Tissue::AIR
        },
    );
    Solid::layered(couch, &[(0.0, carbon), (1.8, foam)])
}

/// What the CT sees: couch, body, lesions.
fn scene(petct: &PetCt) -> Body {
    let mut body = lesion::body_with(&petct.body, &petct.lesions);
    body.solids.insert(0, couch());
    body
}

struct Scanner<'a> {
    painter: Painter<'a>,
    grid: Grid,
    noise: NoiseField,
}

impl Scanner<'_> {
    /// Stored values of slice `k`.
    fn slice(&self, k: usize) -> Vec<i16> {
        let [columns, rows, _] = self.grid.size();
        let mut values = self.painted(k as f64 - 0.25);
        // A slice is as thick as its distance: two planes in it, or round edges show steps in 3D.
        for (value, other) in values.iter_mut().zip(self.painted(k as f64 + 0.25)) {
            *value = 0.5 * (*value + other);
        }
        self.add_noise(k, &mut values);
        let intercept = RESCALE.intercept as f32;
        let stored = |hu: f32| (hu - intercept).round().clamp(0.0, 4095.0) as i16;
        let (cx, cy) = ((columns as f32 - 1.0) / 2.0, (rows as f32 - 1.0) / 2.0);
        let radius = cx.min(cy) + 0.5;
        let outside = |index: usize| {
            let (x, y) = ((index % columns) as f32 - cx, (index / columns) as f32 - cy);
            x * x + y * y > radius * radius
        };
        values
            .iter()
            .enumerate()
            .map(|(n, hu)| if outside(n) { 0 } else { stored(*hu) })
            .collect()
    }

    /// CT numbers of the plane at slice coordinate `k`.
    fn painted(&self, k: f64) -> Vec<f32> {
        let [columns, rows, _] = self.grid.size();
        let mut values = vec![-1000.0f32; columns * rows];
        let plane = Slice::at(&self.grid, k, &Pose::REST);
        self.painter.paint(&plane, &mut values, None);
        values
    }

    /// Adds noise with the grain of a reconstruction: white noise under a 3 x 3 filter, less of it in air.
    fn add_noise(&self, k: usize, values: &mut [f32]) {
        /// Standard deviation that the filter leaves of white noise: 3/8.
        const LEFT: f32 = 0.375;
        let [columns, rows, _] = self.grid.size();
        let plane = columns * rows;
        let mut noise: Vec<f32> = (0..plane)
            .map(|n| self.noise.normal((k * plane + n) as u64))
            .collect();
        crate::blur::plane(&mut noise, columns, &[0.5, 0.25]);
        let scale = 1.0 / (columns.max(rows) as f32 * 0.5);
        for (n, (value, noise)) in values.iter_mut().zip(noise).enumerate() {
            let x = (n % columns) as f32 * scale - 1.0;
            let y = (n / columns) as f32 * scale - 1.0;
            let amount = (1.2 - 0.9 * (x * x + y * y)).max(0.35) * if *value < -900.0 { 0.6 } else { 1.0 };
            *value += NOISE_HU / LEFT * amount * noise;
        }
    }
}

fn with_scanner<T>(petct: &PetCt, use_it: impl FnOnce(&Scanner<'_>) -> T) -> T {
    let scene = scene(petct);
    let grid = petct.identity.options.size.ct_grid();
    let painter = Painter::new(&scene, Quantity::Hounsfield, voxel_mm(&grid));
    use_it(&Scanner {
        painter,
        grid,
        noise: NoiseField::new(petct.identity.options.seed, "ct noise"),
    })
}

/// The CT in memory.
pub fn volume(petct: &PetCt) -> Volume {
    with_scanner(petct, |scanner| {
        let slices = scanner.grid.size()[2];
        let stored: Vec<i16> = (0..slices)
            .into_par_iter()
            .flat_map_iter(|k| scanner.slice(k))
            .collect();
        Volume::new(
            scanner.grid.clone(),
            Voxels::I16(stored.into()),
            RESCALE,
            Unit::Hounsfield,
        )
        .expect("one value a voxel and a slope of 1")
        .in_frame_of_reference(Some(petct.identity.frame_of_reference_uid()))
    })
}

/// Writes the series.
pub fn write(petct: &PetCt, output: &mut Output<'_>) -> Result<()> {
    with_scanner(petct, |scanner| {
        let slices = scanner.grid.size()[2];
        for first in (0..slices).step_by(BATCH) {
            let batch: Vec<Vec<u8>> = (first..slices.min(first + BATCH))
                .into_par_iter()
                .map(|k| file(petct, scanner, k))
                .collect::<Result<_>>()?;
            for (n, bytes) in batch.into_iter().enumerate() {
                output.put(&format!("ct/{:04}.dcm", slices - (first + n)), bytes)?;
            }
        }
        Ok(())
    })
}

/// Instances count from the head, slices from the feet: order follows from geometry only.
fn file(petct: &PetCt, scanner: &Scanner<'_>, k: usize) -> Result<Vec<u8>> {
    let [columns, rows, slices] = scanner.grid.size();
    let number = (slices - k) as i64;
    let series = petct.identity.series("ct", 2, "CT WB 120 kV", CT_START);
    let image = CtImage {
        sop_instance_uid: petct.identity.uid(&["ct", &number.to_string()]),
        instance_number: number,
        acquired: CT_START.plus_s((slices - 1 - k) as f64 * 18.0 / slices as f64),
        plane: plane_of(&scanner.grid, k),
        rescale: RESCALE,
        window: [40.0, 400.0],
        tube_voltage_kv: 120.0,
        tube_current_ma: 110,
        gantry_tilt_degrees: 0.0,
        pixels: Pixels::from_i16(columns as u32, rows as u32, &scanner.slice(k)),
    };
    Ok(ct_image(&petct.identity.study(), &series, image).encode(TransferSyntax::ExplicitLittleEndian)?)
}
