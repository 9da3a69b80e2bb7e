//! The PET: uptake painted, blurred by the scanner, made noisy, stored with a slope a slice.

use codec::TransferSyntax;
use engine::dicom::write::{
    DecayCorrection, PetFrame, PetImage, PetSeries, Pixels, decimal_string, pet_image,
};
use engine::geometry::Grid;
use engine::volume::{Rescale, Unit, Volume, Voxels};
use rayon::prelude::*;

use super::ct::plane_of;
use super::{PET_START, PSF_FWHM_MM, PetCt, decay_per_s, radiopharmaceutical, suv_per_bq_ml};
use crate::blur;
use crate::elementary::{exp, ln};
use crate::lesion;
use crate::output::{Output, Result};
use crate::paint::{Painter, Quantity, Slice, voxel_mm};
use crate::random::NoiseField;

/// Time at one bed position, and until the next begins, s.
const BED_S: f64 = 120.0;
const BED_STEP_S: f64 = 124.0;
/// Length of a bed position, mm.
const BED_MM: f64 = 153.0;
/// Noise of 1 SUV before the grain's filter; that of an uptake goes with its square root.
const NOISE: f32 = 0.12 * 2.6;

/// A scan: what the scanner would see without noise, and what is stored.
pub struct Pet {
    /// Where the voxels lie.
    pub grid: Grid,
    /// Blurred uptake without noise, SUV.
    pub noise_free: Vec<f32>,
    /// Stored values.
    pub stored: Vec<i16>,
    /// Rescale slope of each slice, Bq/mL, as its decimal string reads.
    pub slopes: Vec<f64>,
}

impl Pet {
    /// Scans the patient.
    pub fn scan(petct: &PetCt) -> Self {
        let grid = petct.options.size.pet_grid();
        let noise_free = blurred_uptake(petct, &grid);
        let noisy = noisy(petct, &grid, &noise_free);
        let [columns, rows, _] = grid.size();
        let slices: Vec<(f64, Vec<i16>)> = noisy.par_chunks(columns * rows).map(stored_slice).collect();
        let slopes = slices.iter().map(|slice| slice.0).collect();
        let stored = slices.into_iter().flat_map(|slice| slice.1).collect();
        Self {
            grid,
            noise_free,
            stored,
            slopes,
        }
    }

    /// SUV of a voxel as a reader computes it: stored value, slope of its slice, factor.
    pub fn suv(&self, index: usize) -> f64 {
        let [columns, rows, _] = self.grid.size();
        f64::from(self.stored[index]) * self.slopes[index / (columns * rows)] * suv_per_bq_ml()
    }
}

/// Uptake with lesions after the scanner's blur, SUV.
fn blurred_uptake(petct: &PetCt, grid: &Grid) -> Vec<f32> {
    let [columns, rows, _] = grid.size();
    let painter = Painter::new(&petct.body, Quantity::Uptake, voxel_mm(grid));
    let mut values = vec![0.0f32; grid.voxels()];
    values
        .par_chunks_mut(columns * rows)
        .enumerate()
        .for_each(|(k, slice)| {
            painter.paint(&Slice::of(grid, k, &petct.pose), slice, None);
        });
    lesion::paint(&petct.lesions, grid, &petct.pose, &mut values);
    let weights = grid
        .spacing_mm()
        .map(|spacing| blur::gaussian(PSF_FWHM_MM, spacing));
    blur::volume(&mut values, grid.size(), [&weights[0], &weights[1], &weights[2]]);
    values
}

/// Noise whose variance goes with the uptake and whose grain is that of a filtered reconstruction.
fn noisy(petct: &PetCt, grid: &Grid, noise_free: &[f32]) -> Vec<f32> {
    /// FWHM of the grain in voxels: a Gaussian of standard deviation 0.7.
    const GRAIN_VOXELS: f64 = 0.7 * 2.354_82;
    let field = NoiseField::new(petct.options.seed, "pet noise");
    let mut values: Vec<f32> = (0..grid.voxels() as u64)
        .into_par_iter()
        .map(|n| field.normal(n))
        .collect();
    let weights = blur::gaussian(GRAIN_VOXELS, 1.0);
    blur::volume(&mut values, grid.size(), [&weights, &weights, &weights]);
    values.par_iter_mut().zip(noise_free).for_each(|(value, suv)| {
        *value = (suv + *value * NOISE * (suv + 0.02).sqrt()).max(0.0);
    });
    values
}

/// A slice in Bq/mL scaled to its own maximum: slope, stored values.
fn stored_slice(suv: &[f32]) -> (f64, Vec<i16>) {
    let bq_ml_per_suv = 1.0 / suv_per_bq_ml();
    let largest = suv.iter().copied().fold(0.0f32, f32::max);
    let wanted = f64::from(largest).max(1e-6) * bq_ml_per_suv / 32_767.0;
    // The slope is what its decimal string says; rounding up a little keeps the maximum in range.
    let slope: f64 = decimal_string(wanted * (1.0 + 1e-9))
        .parse()
        .expect("a decimal string is a number");
    let factor = bq_ml_per_suv / slope;
    let stored = suv
        .iter()
        .map(|v| (f64::from(*v) * factor).round().min(32_767.0) as i16)
        .collect();
    (slope, stored)
}

/// The PET in memory, SUV.
pub fn volume(petct: &PetCt) -> Volume {
    let grid = petct.options.size.pet_grid();
    let values = noisy(petct, &grid, &blurred_uptake(petct, &grid));
    Volume::new(grid, Voxels::F32(values.into()), Rescale::IDENTITY, Unit::SuvBw)
        .expect("one value a voxel")
        .in_frame_of_reference(Some(petct.uid(&["frame of reference"])))
}

/// Bed position of slice `k`, 0 at the thighs, where the scan begins.
fn bed_of(grid: &Grid, k: usize) -> usize {
    (k as f64 * grid.spacing_mm()[2] / BED_MM) as usize
}

/// When a bed position was scanned and how its values were corrected for decay.
fn frame_of(bed: usize) -> PetFrame {
    let (decay, offset_s) = (decay_per_s(), bed as f64 * BED_STEP_S);
    let during = decay * BED_S / (1.0 - exp(-decay * BED_S));
    PetFrame {
        acquired: PET_START.plus_s(offset_s),
        duration_s: BED_S,
        reference_s: offset_s + ln(during) / decay,
        decay_factor: exp(decay * offset_s) * during,
    }
}

/// Writes the series; instances count from the head.
pub fn write(petct: &PetCt, pet: &Pet, output: &mut Output<'_>) -> Result<()> {
    let [columns, rows, slices] = pet.grid.size();
    let study = petct.study();
    let series = petct.series("pet", 3, "PET WB AC", PET_START);
    let shared = PetSeries {
        units: "BQML",
        decay_correction: DecayCorrection::Start,
        radiopharmaceutical: radiopharmaceutical(),
        kind: "WHOLE BODY",
        slices: slices as u16,
        corrected: vec!["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"],
    };
    for (k, stored) in pet.stored.chunks_exact(columns * rows).enumerate() {
        let number = slices - k;
        let image = PetImage {
            sop_instance_uid: petct.uid(&["pet", &number.to_string()]),
            instance_number: number as i64,
            image_index: number as u16,
            plane: plane_of(&pet.grid, k),
            frame: frame_of(bed_of(&pet.grid, k)),
            gated: None,
            slope: pet.slopes[k],
            window: [3.0 / suv_per_bq_ml(), 6.0 / suv_per_bq_ml()],
            pixels: Pixels::from_i16(columns as u32, rows as u32, stored),
        };
        let bytes =
            pet_image(&study, &series, &shared, image).encode(TransferSyntax::ExplicitLittleEndian)?;
        output.put(&format!("pet/{number:04}.dcm"), bytes)?;
    }
    Ok(())
}
