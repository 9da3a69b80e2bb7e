//! Pictures of flat planes, and the values that they show.

use std::ops::Range;

use crate::fusion::Weight;
use crate::geometry::{Affine, Patient, Plane};
use crate::presentation::Size;
use crate::render::cpu::cut::{Cut, Row};
use crate::render::cpu::kernel::{self, Lanes};
use crate::render::cpu::locate::{SPAN, Scratch};
use crate::render::cpu::shade::{Paint, shade_weighted};
use crate::render::shown_in::Cover;
use crate::render::{Error, Layer, Volumes};

/// Rows that one task works on: with [`SPAN`] they make tiles whose voxels mostly stay in cache.
pub(super) const BAND: usize = 32;

/// Cuts a layer's volume.
///
/// # Errors
///
/// [`Error::UnknownVolume`], [`Error::Singular`].
pub(super) fn cut<'a>(
    layer: &Layer,
    volumes: &'a Volumes,
    patient_from_plane: &Affine<Patient, Plane>,
) -> Result<Cut<'a>, Error> {
    let volume = volumes.get(layer.volume)?;
    patient_from_plane
        .inverse()
        .map_err(|_| Error::Singular("a view's plane"))?;
    let volume_from_scene = layer
        .scene_from_volume
        .inverse()
        .map_err(|_| Error::Singular("a layer's registration"))?;
    let voxel_from_plane = *volume.grid().voxel_from_patient() * volume_from_scene * *patient_from_plane;
    let finite = |values: &[f64]| values.iter().all(|value| value.abs() < 1e100);
    if !finite(voxel_from_plane.linear.as_slice()) || !finite(voxel_from_plane.origin.as_slice()) {
        return Err(Error::Singular("a view's plane"));
    }
    Ok(Cut::new(volume, layer.interpolation, voxel_from_plane))
}

/// Pixels of an image that lie inside a cut's volume.
pub(super) fn pixels_inside(cut: &Cut<'_>, size: Size) -> u64 {
    (0..size.height)
        .map(|y| cut.row(y, size.width).inside.len() as u64)
        .sum()
}

/// Draws all layers into a band, span by span.
pub(super) fn draw_band(
    lanes: Lanes,
    layers: &[(&Cut<'_>, &Paint)],
    first_row: u32,
    size: Size,
    band: &mut [[u8; 4]],
) {
    let width = size.width as usize;
    let rows: Vec<Vec<Row>> = layers
        .iter()
        .map(|(cut, _)| rows(cut, first_row, size, band.len()))
        .collect();
    let mut scratch = Scratch::default();
    for left in (0..width).step_by(SPAN) {
        for (y, pixels) in band.chunks_mut(width).enumerate() {
            let right = (left + SPAN).min(width);
            for ((cut, paint), rows) in layers.iter().zip(&rows) {
                let Some((from, to)) = overlap(&rows[y], left, right) else {
                    continue;
                };
                let row = first_row as usize + y;
                let weights = paint
                    .cover
                    .as_ref()
                    .map(|cover| weights(paint, cover, from..to, row));
                if weights.is_some_and(|weights| weights.iter().all(|weight| weight.of_256() == 0)) {
                    continue;
                }
                let holes = kernel::read(lanes, cut, &rows[y], from as u32, to - from, &mut scratch);
                let pixels = &mut pixels[from..to];
                match &weights {
                    None => kernel::shade(lanes, paint, &scratch.values, holes, pixels),
                    Some(weights) => shade_weighted(paint, &scratch.values, holes, weights, pixels),
                }
            }
        }
    }
}

/// The weights of at most [`SPAN`] pixels of a row; none behind them.
fn weights(paint: &Paint, cover: &Cover, columns: Range<usize>, row: usize) -> [Weight; SPAN] {
    let mut weights = [Weight::NONE; SPAN];
    for (weight, x) in weights.iter_mut().zip(columns) {
        *weight = paint.weight.of_part(cover.of_256(x, row));
    }
    weights
}

/// Reads one layer into a band.
pub(super) fn read_band(lanes: Lanes, cut: &Cut<'_>, first_row: u32, size: Size, band: &mut [f32]) {
    let width = size.width as usize;
    let rows = rows(cut, first_row, size, band.len());
    let mut scratch = Scratch::default();
    for left in (0..width).step_by(SPAN) {
        for (row, values) in rows.iter().zip(band.chunks_mut(width)) {
            if let Some((from, to)) = overlap(row, left, (left + SPAN).min(width)) {
                kernel::read(lanes, cut, row, from as u32, to - from, &mut scratch);
                values[from..to].copy_from_slice(&scratch.values[..to - from]);
            }
        }
    }
}

fn rows(cut: &Cut<'_>, first_row: u32, size: Size, pixels: usize) -> Vec<Row> {
    let count = (pixels / size.width as usize) as u32;
    (first_row..first_row + count)
        .map(|y| cut.row(y, size.width))
        .collect()
}

/// The pixels of a row that are inside the volume and in `left..right`.
fn overlap(row: &Row, left: usize, right: usize) -> Option<(usize, usize)> {
    let (from, to) = (
        left.max(row.inside.start as usize),
        right.min(row.inside.end as usize),
    );
    (from < to).then_some((from, to))
}
