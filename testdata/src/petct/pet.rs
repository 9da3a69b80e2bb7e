//! The PET: the body's uptake with its lesions, scanned.

use engine::geometry::Grid;
use engine::volume::{Rescale, Unit, Volume, Voxels};
use rayon::prelude::*;

use super::{INJECTION, PetCt, SCANNER};
use crate::lesion;
use crate::output::{Output, Result};
use crate::paint::{Painter, Quantity, Slice, voxel_mm};
use crate::scan::{self, Scan};

/// The uptake with lesions before the scanner's blur, SUV.
fn uptake(petct: &PetCt, grid: &Grid) -> Vec<f32> {
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
    values
}

/// Scans the patient.
pub fn scan(petct: &PetCt) -> Scan {
    let grid = petct.identity.options.size.pet_grid();
    let uptake = uptake(petct, &grid);
    Scan::of(uptake, grid, SCANNER, petct.identity.options.seed, &INJECTION)
}

/// The PET in memory, SUV.
pub fn volume(petct: &PetCt) -> Volume {
    let grid = petct.identity.options.size.pet_grid();
    let values = scan::noisy(
        &noise_free(petct, &grid),
        &grid,
        SCANNER,
        petct.identity.options.seed,
    );
    in_memory(petct, grid, values)
}

/// The PET in memory without noise, SUV.
pub fn noise_free_volume(petct: &PetCt) -> Volume {
    let grid = petct.identity.options.size.pet_grid();
    let values = noise_free(petct, &grid);
    in_memory(petct, grid, values)
}

fn noise_free(petct: &PetCt, grid: &Grid) -> Vec<f32> {
    scan::blurred(uptake(petct, grid), grid, SCANNER)
}

fn in_memory(petct: &PetCt, grid: Grid, values: Vec<f32>) -> Volume {
    Volume::new(grid, Voxels::F32(values.into()), Rescale::IDENTITY, Unit::SuvBw)
        .expect("one value a voxel")
        .in_frame_of_reference(Some(petct.identity.frame_of_reference_uid()))
}

/// Writes the series.
pub fn write(petct: &PetCt, pet: &Scan, output: &mut Output<'_>) -> Result<()> {
    let series = petct
        .identity
        .series("pet", 3, "PET WB AC", INJECTION.image_start);
    scan::write(&petct.identity, "pet", &series, pet, &INJECTION, output)
}
