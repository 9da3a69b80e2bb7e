//! A volume on the grid of another.

use crate::geometry::{Grid, Point, Voxel};
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
    let [columns, rows, slices] = grid.size();
    let mut values = vec![outside; grid.voxels()];
    let fill = |(row_index, row): (usize, &mut [f32])| {
        let (j, k) = (row_index % rows, row_index / rows);
        for (i, value) in row.iter_mut().enumerate() {
            let at = grid.patient(Point::<Voxel>::new(i as f64, j as f64, k as f64));
            if let Some(real) = sample(volume, volume.grid().voxel(at), interpolation) {
                *value = real as f32;
            }
        }
    };
    debug_assert_eq!(values.len(), columns * rows * slices);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        values.par_chunks_mut(columns).enumerate().for_each(fill);
    }
    #[cfg(not(feature = "parallel"))]
    values.chunks_mut(columns).enumerate().for_each(fill);
    Ok(Volume::new(
        grid.clone(),
        Voxels::F32(values.into()),
        Rescale::IDENTITY,
        volume.unit().clone(),
    )?
    .in_frame_of_reference(volume.frame_of_reference_uid().map(str::to_owned)))
}
