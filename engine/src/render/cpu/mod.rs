//! The renderer without a GPU: what a server without one, and a browser without WebGPU, run on.
//!
//! An image is cut into bands of rows, which run in parallel, and bands into spans of pixels. Of each span
//! every layer is read, coloured and mixed in while it is in cache. `kernel` holds the inner loops.

mod cut;
mod kernel;
mod locate;
mod ramp;
mod rendering;
mod shade;

use crate::geometry::{Affine, Patient, Plane};
use crate::presentation::{ImagePlane, Size};
use crate::render::cells::CellsCache;
use crate::render::{
    Cancel, Error, Image, Layer, MAX_SIDE, Renderer, Scene, Statistics, Values, View, Volumes,
};
use cut::{Cut, Row};
use kernel::Lanes;
use locate::{SPAN, Scratch};
use ramp::Ramp;
use shade::Paint;

/// Rows that one task works on: with [`SPAN`] they make tiles whose voxels mostly stay in cache.
const BAND: usize = 32;

/// Renders on the processor, in parallel with feature `parallel`.
#[derive(Debug, Clone, Default)]
pub struct CpuRenderer {
    lanes: Lanes,
    cells: CellsCache,
    renderings: rendering::Kept,
    statistics: Statistics,
}

impl CpuRenderer {
    /// A renderer that uses what this processor can do; the pixels do not depend on it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Renderer for CpuRenderer {
    fn render_until(
        &mut self,
        scene: &Scene,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Image, Error> {
        not_cancelled(cancel)?;
        check_size(size)?;
        if let View::Rendering(rendering) = &scene.view {
            return rendering::render(
                self.lanes,
                &mut self.cells,
                &mut self.renderings,
                &mut self.statistics,
                rendering,
                scene,
                volumes,
                size,
                cancel,
            );
        }
        let plane = plane_of(&scene.view)?;
        let mut layers = Vec::with_capacity(scene.layers.len());
        for layer in &scene.layers {
            let cut = self.cut(layer, volumes, &plane.patient_from_plane)?;
            let ramp = Ramp::new(layer.window, &layer.color_map)?;
            let weight = layer.weight()?;
            layers.push((cut, Paint { ramp, weight }));
        }
        layers.retain(|(_, paint)| paint.weight.of_256() > 0);
        let [red, green, blue] = scene.background;
        let background = [red, green, blue, u8::MAX];
        let mut pixels = vec![background; size.width as usize * size.height as usize];
        for_each_band(&mut pixels, size, |first_row, band| {
            draw_band(self.lanes, &layers, first_row, size, band);
        });
        Ok(Image {
            width: size.width,
            height: size.height,
            rgba: pixels.into_flattened(),
        })
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    fn values_until(
        &mut self,
        scene: &Scene,
        layer: usize,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Values, Error> {
        not_cancelled(cancel)?;
        let plane = plane_of(&scene.view)?;
        check_size(size)?;
        let layers = scene.layers.len();
        let found = scene
            .layers
            .get(layer)
            .ok_or(Error::NoLayer { layers, found: layer })?;
        let cut = self.cut(found, volumes, &plane.patient_from_plane)?;
        let mut values = vec![f32::NAN; size.width as usize * size.height as usize];
        for_each_band(&mut values, size, |first_row, band| {
            read_band(self.lanes, &cut, first_row, size, band);
        });
        Ok(Values {
            width: size.width,
            height: size.height,
            values,
        })
    }
}

impl CpuRenderer {
    fn cut<'a>(
        &self,
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
}

/// Asked before a plane is drawn, not within: on a screen it takes less than the 20 ms in which a stop must be heard.
fn not_cancelled(cancel: &Cancel) -> Result<(), Error> {
    let goes_on = !cancel.is_cancelled();
    goes_on.then_some(()).ok_or(Error::Cancelled)
}

/// The plane of a view; other views are not drawn here yet.
fn plane_of(view: &View) -> Result<&ImagePlane, Error> {
    match view {
        View::Plane(plane) => Ok(plane),
        View::Curved(_) => Err(Error::View("a plane along a curve")),
        View::Projection(_) => Err(Error::View("a projection")),
        View::Rendering(_) => Err(Error::View("a volume rendering")),
    }
}

fn check_size(size: Size) -> Result<(), Error> {
    let usable = 1..=MAX_SIDE;
    let fits = usable.contains(&size.width) && usable.contains(&size.height);
    fits.then_some(()).ok_or(Error::Size(size))
}

/// Calls `work` with the first row and the pixels of every band.
fn for_each_band<T: Send>(pixels: &mut [T], size: Size, work: impl Fn(u32, &mut [T]) + Send + Sync) {
    let per_band = size.width as usize * BAND;
    let numbered = |(n, band): (usize, &mut [T])| work((n * BAND) as u32, band);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        pixels.par_chunks_mut(per_band).enumerate().for_each(numbered);
    }
    #[cfg(not(feature = "parallel"))]
    pixels.chunks_mut(per_band).enumerate().for_each(numbered);
}

/// Draws all layers into a band, span by span.
fn draw_band(lanes: Lanes, layers: &[(Cut<'_>, Paint)], first_row: u32, size: Size, band: &mut [[u8; 4]]) {
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
                let holes = kernel::read(lanes, cut, &rows[y], from as u32, to - from, &mut scratch);
                kernel::shade(lanes, paint, &scratch.values, holes, &mut pixels[from..to]);
            }
        }
    }
}

/// Reads one layer into a band.
fn read_band(lanes: Lanes, cut: &Cut<'_>, first_row: u32, size: Size, band: &mut [f32]) {
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

#[cfg(test)]
mod tests;
