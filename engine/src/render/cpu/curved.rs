//! Values of planes that follow a curve: each column is a straight line of pixels.

use nalgebra::Matrix3;

use crate::geometry::{Affine, Patient, Plane, Voxel};
use crate::presentation::{CurvedPlane, Size, Straight};
use crate::render::cpu::cut::Cut;
use crate::render::cpu::kernel::{self, Lanes};
use crate::render::cpu::locate::{SPAN, Scratch};
use crate::volume::{Interpolation, Volume};

/// A volume cut by the line of each column.
pub(super) struct Columns<'a> {
    pub plane: &'a CurvedPlane,
    pub volume: &'a Volume,
    pub interpolation: Interpolation,
    /// The third coordinate is in steps of the third axis, as in an even stack.
    pub voxel_from_scene: Affine<Voxel, Patient>,
    pub lanes: Lanes,
}

impl Columns<'_> {
    /// Reads a column from its top; what lies outside the volume stays as it is. Gives how much was inside.
    pub(super) fn read(&self, column: usize, values: &mut [f32], scratch: &mut Scratch) -> u64 {
        let Some(straight) = self.plane.columns().get(column) else {
            return 0;
        };
        let voxel_from_plane = self.voxel_from_scene * rows_along(straight);
        let cut = Cut::new(self.volume, self.interpolation, voxel_from_plane);
        let row = cut.row(0, values.len() as u32);
        let (mut from, end) = (row.inside.start, row.inside.end);
        while from < end {
            let count = ((end - from) as usize).min(SPAN);
            kernel::read(self.lanes, &cut, &row, from, count, scratch);
            values[from as usize..][..count].copy_from_slice(&scratch.values[..count]);
            from += count as u32;
        }
        row.inside.len() as u64
    }
}

/// A plane whose first row runs down a column.
fn rows_along(straight: &Straight) -> Affine<Patient, Plane> {
    let (down, away) = (straight.down.xyz, straight.away.xyz);
    Affine::new(
        Matrix3::from_columns(&[down, away.cross(&down), away]),
        straight.top.xyz,
    )
}

/// Columns side by side instead of one after the other.
pub(super) fn upright(columns: &[f32], size: Size) -> Vec<f32> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut values = vec![0.0; columns.len()];
    for (y, row) in values.chunks_mut(width).enumerate() {
        for (x, value) in row.iter_mut().enumerate() {
            *value = columns[x * height + y];
        }
    }
    values
}
