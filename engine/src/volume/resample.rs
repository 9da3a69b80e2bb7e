//! A volume on the grid of another.

use crate::geometry::{Grid, Patient, Point, Voxel};
use crate::volume::{Interpolation, Rescale, Volume, VolumeError, Voxels, sample};

/// Gives the values of `volume` at the voxel centres of `grid`, as f32 real values.
///
/// Centres outside the volume get `outside`. Both lie in one patient space: the caller compares frames
/// of reference first.
///
/// # Errors
///
/// [`VolumeError`] never for a valid `volume`; it is passed on from [`Volume::new`].
pub fn resample(
    volume: &Volume,
    grid: &Grid,
    interpolation: Interpolation,
    outside: f32,
) -> Result<Volume, VolumeError> {
    let resampled = read_at(volume, grid, interpolation, outside, |at| at)?;
    Ok(resampled.in_frame_of_reference(volume.frame_of_reference_uid().map(str::to_owned)))
}

/// The values of `volume` where `place` takes the voxel centres of `grid`, in no named frame of reference.
pub(super) fn read_at(
    volume: &Volume,
    grid: &Grid,
    interpolation: Interpolation,
    outside: f32,
    place: impl Fn(Point<Patient>) -> Point<Patient> + Sync,
) -> Result<Volume, VolumeError> {
    let [columns, rows, _] = grid.size();
    let mut values = vec![outside; grid.voxels()];
    let fill = |(row_index, row): (usize, &mut [f32])| {
        let (j, k) = (row_index % rows, row_index / rows);
        for (i, value) in row.iter_mut().enumerate() {
            let at = place(grid.patient(Point::<Voxel>::new(i as f64, j as f64, k as f64)));
            if let Some(real) = sample(volume, volume.grid().voxel(at), interpolation) {
                *value = real as f32;
            }
        }
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        values.par_chunks_mut(columns).enumerate().for_each(fill);
    }
    #[cfg(not(feature = "parallel"))]
    values.chunks_mut(columns).enumerate().for_each(fill);
    let voxels = Voxels::F32(values.into());
    Volume::new(grid.clone(), voxels, Rescale::IDENTITY, volume.unit().clone())
}
