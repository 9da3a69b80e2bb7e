//! An emission scan: uptake blurred by the scanner, made noisy, stored with a slope a slice, written.

use codec::TransferSyntax;
use engine::dicom::write::{
    DecayCorrection, ImagePlane, PetFrame, PetImage, PetSeries, Pixels, Series, decimal_string, pet_image,
};
use engine::geometry::{Grid, Point, Vector, Voxel};
use rayon::prelude::*;

use crate::blur;
use crate::elementary::{exp, ln};
use crate::identity::Identity;
use crate::injection::Injection;
use crate::output::{Output, Result};
use crate::random::NoiseField;

/// Time at one bed position, and until the next begins, s.
const BED_S: f64 = 120.0;
const BED_STEP_S: f64 = 124.0;
/// Length of a bed position, mm.
const BED_MM: f64 = 153.0;

/// What a scanner does to the uptake.
#[derive(Debug, Clone, Copy)]
pub struct Scanner {
    /// Its blur: full width at half maximum, mm.
    pub psf_fwhm_mm: f64,
    /// Noise of 1 SUV before the grain's filter; that of an uptake goes with its square root.
    pub noise: f32,
}

/// What a scan stores.
pub struct Scan {
    /// Where the voxels lie.
    pub grid: Grid,
    /// Blurred uptake without noise, SUV.
    pub noise_free: Vec<f32>,
    /// Stored values.
    pub stored: Vec<i16>,
    /// Rescale slope of each slice, Bq/mL, as its decimal string reads.
    pub slopes: Vec<f64>,
    suv_per_bq_ml: f64,
}

impl Scan {
    /// Scans an uptake given in SUV.
    pub fn of(uptake: Vec<f32>, grid: Grid, scanner: Scanner, seed: u64, injection: &Injection) -> Self {
        let noise_free = blurred(uptake, &grid, scanner);
        let noisy = noisy(&noise_free, &grid, scanner, seed);
        let [columns, rows, _] = grid.size();
        let suv_per_bq_ml = injection.suv_per_bq_ml();
        let slices: Vec<(f64, Vec<i16>)> = noisy
            .par_chunks(columns * rows)
            .map(|slice| stored_slice(slice, suv_per_bq_ml))
            .collect();
        Self {
            slopes: slices.iter().map(|slice| slice.0).collect(),
            stored: slices.into_iter().flat_map(|slice| slice.1).collect(),
            grid,
            noise_free,
            suv_per_bq_ml,
        }
    }

    /// SUV of a voxel as a reader computes it: stored value, slope of its slice, factor.
    pub fn suv(&self, index: usize) -> f64 {
        let [columns, rows, _] = self.grid.size();
        f64::from(self.stored[index]) * self.slopes[index / (columns * rows)] * self.suv_per_bq_ml
    }

    /// Instance number of slice `k`: instances count from the head, slices from the feet.
    pub fn number(&self, k: usize) -> usize {
        self.grid.size()[2] - k
    }
}

/// The uptake after the scanner's blur.
pub fn blurred(mut uptake: Vec<f32>, grid: &Grid, scanner: Scanner) -> Vec<f32> {
    let weights = grid
        .spacing_mm()
        .map(|spacing| blur::gaussian(scanner.psf_fwhm_mm, spacing));
    blur::volume(&mut uptake, grid.size(), [&weights[0], &weights[1], &weights[2]]);
    uptake
}

/// Adds noise whose variance goes with the uptake and whose grain is that of a filtered reconstruction.
pub fn noisy(noise_free: &[f32], grid: &Grid, scanner: Scanner, seed: u64) -> Vec<f32> {
    /// FWHM of the grain in voxels: a Gaussian of standard deviation 0.7.
    const GRAIN_VOXELS: f64 = 0.7 * 2.354_82;
    let field = NoiseField::new(seed, "emission noise");
    let mut values: Vec<f32> = (0..noise_free.len() as u64)
        .into_par_iter()
        .map(|n| field.normal(n))
        .collect();
    let weights = blur::gaussian(GRAIN_VOXELS, 1.0);
    blur::volume(&mut values, grid.size(), [&weights, &weights, &weights]);
    values.par_iter_mut().zip(noise_free).for_each(|(value, suv)| {
        *value = (suv + *value * scanner.noise * (suv + 0.02).sqrt()).max(0.0);
    });
    values
}

/// A slice in Bq/mL scaled to its own maximum: slope, stored values.
fn stored_slice(suv: &[f32], suv_per_bq_ml: f64) -> (f64, Vec<i16>) {
    let largest = suv.iter().copied().fold(0.0f32, f32::max);
    let wanted = f64::from(largest).max(1e-6) / suv_per_bq_ml / 32_767.0;
    // The slope is what its decimal string says; rounding up a little keeps the maximum in range.
    let slope: f64 = decimal_string(wanted * (1.0 + 1e-9))
        .parse()
        .expect("a decimal string is a number");
    let factor = 1.0 / (suv_per_bq_ml * slope);
    let stored = suv
        .iter()
        .map(|v| (f64::from(*v) * factor).round().min(32_767.0) as i16)
        .collect();
    (slope, stored)
}

/// Where slice `k` of an upright grid lies.
pub fn plane_of(grid: &Grid, k: usize) -> ImagePlane {
    let spacing = grid.spacing_mm();
    ImagePlane {
        position: grid.patient(Point::<Voxel>::new(0.0, 0.0, k as f64)),
        row_direction: Vector::new(1.0, 0.0, 0.0),
        column_direction: Vector::new(0.0, 1.0, 0.0),
        pixel_spacing_mm: [spacing[1], spacing[0]],
        slice_thickness_mm: spacing[2],
    }
}

/// When slice `k` was scanned, bed by bed from the feet, and how it was corrected for decay.
fn frame_of(grid: &Grid, k: usize, injection: &Injection) -> PetFrame {
    let bed = (k as f64 * grid.spacing_mm()[2] / BED_MM).floor();
    let (decay, offset_s) = (injection.decay_per_s(), bed * BED_STEP_S);
    let during = decay * BED_S / (1.0 - exp(-decay * BED_S));
    PetFrame {
        acquired: injection.image_start.plus_s(offset_s),
        duration_s: BED_S,
        reference_s: offset_s + ln(during) / decay,
        decay_factor: exp(decay * offset_s) * during,
    }
}

/// SOP Instance UID of slice `k` of a scan.
pub fn instance_uid(identity: &Identity, series: &str, scan: &Scan, k: usize) -> String {
    identity.uid(&[series, &scan.number(k).to_string()])
}

/// Writes a scan as a PET series into the folder of its name.
pub fn write(
    identity: &Identity,
    name: &str,
    series: &Series,
    scan: &Scan,
    injection: &Injection,
    output: &mut Output<'_>,
) -> Result<()> {
    let [columns, rows, slices] = scan.grid.size();
    let study = identity.study();
    let shared = PetSeries {
        units: "BQML",
        decay_correction: DecayCorrection::Start,
        radiopharmaceutical: injection.radiopharmaceutical(),
        kind: "WHOLE BODY",
        slices: slices as u16,
        corrected: vec!["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"],
    };
    for (k, stored) in scan.stored.chunks_exact(columns * rows).enumerate() {
        let number = scan.number(k);
        let image = PetImage {
            sop_instance_uid: instance_uid(identity, name, scan, k),
            instance_number: number as i64,
            image_index: number as u16,
            plane: plane_of(&scan.grid, k),
            frame: frame_of(&scan.grid, k, injection),
            gated: None,
            slope: scan.slopes[k],
            window: [3.0, 6.0].map(|suv| (suv / scan.suv_per_bq_ml).round()),
            pixels: Pixels::from_i16(columns as u32, rows as u32, stored),
        };
        let bytes = pet_image(&study, series, &shared, image).encode(TransferSyntax::ExplicitLittleEndian)?;
        output.put(&format!("{name}/{number:04}.dcm"), bytes)?;
    }
    Ok(())
}
