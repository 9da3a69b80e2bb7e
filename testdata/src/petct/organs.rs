//! The organs as a label map: what a segmentation of the CT would say.

use std::collections::BTreeMap;

use engine::geometry::Grid;
use engine::nifti::{self, Packing};
use engine::volume::{Rescale, Unit, Volume, Voxels};
use rayon::prelude::*;

use super::PetCt;
use crate::anatomy::Organ;
use crate::output::{Output, Result};
use crate::paint::{Painter, Pose, Quantity, Slice, voxel_mm};

/// The label of each voxel of the CT, patient at rest; 0 outside the body.
pub fn volume(petct: &PetCt) -> Volume {
    let grid = petct.identity.options.size.ct_grid();
    let painter = Painter::new(&petct.body, Quantity::Hounsfield, voxel_mm(&grid));
    let [_, _, slices] = grid.size();
    let labels: Vec<Vec<u8>> = (0..slices)
        .into_par_iter()
        .map(|k| slice(&painter, &grid, k))
        .collect();
    Volume::new(
        grid,
        Voxels::U8(labels.concat().into()),
        Rescale::IDENTITY,
        Unit::Unspecified,
    )
    .expect("a label a voxel")
}

fn slice(painter: &Painter<'_>, grid: &Grid, k: usize) -> Vec<u8> {
    let [columns, rows, _] = grid.size();
    let mut values = vec![0.0; columns * rows];
    let mut labels = vec![Organ::None as u8; columns * rows];
    painter.paint(&Slice::of(grid, k, &Pose::REST), &mut values, Some(&mut labels));
    labels
}

/// Writes the label map and its names.
pub fn write(petct: &PetCt, output: &mut Output<'_>) -> Result<()> {
    let bytes = nifti::write(&volume(petct), Packing::Gzip).expect("an even grid of few voxels");
    output.put("organs.nii.gz", bytes)?;
    let names: BTreeMap<u8, &str> = Organ::ALL
        .iter()
        .map(|organ| (*organ as u8, organ.name()))
        .collect();
    output.put_json("organs.json", &names)
}
