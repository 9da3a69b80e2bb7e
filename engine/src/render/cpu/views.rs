//! From a scene's view to pixels: what is read of each layer, and how it is put together.

use std::ops::Range;

use crate::fusion::Weight;
use crate::presentation::{Camera, CurvedPlane, Size};
use crate::render::cells::CellsCache;
use crate::render::check::{at_most, number};
use crate::render::cpu::curved::{Columns, upright};
use crate::render::cpu::cut::Cut;
use crate::render::cpu::kernel::{self, Lanes};
use crate::render::cpu::locate::{SPAN, Scratch};
use crate::render::cpu::projection::{Body, Course, Projected, SIDE, Sight, TILE, check_regular};
use crate::render::cpu::shade::{Paint, shade_weighted};
use crate::render::cpu::sharpen::sharpen;
use crate::render::cpu::watch::{Counter, Stages, Tally};
use crate::render::cpu::{contours, filled, for_each_band, planes, rendering};
use crate::render::{Cancel, Error, Layer, MAX_LAYERS, Projection, Scene, Sharpening, Slab, View, Volumes};

/// What an image is made with.
pub(super) struct Work<'w> {
    pub lanes: Lanes,
    pub cells: &'w mut CellsCache,
    pub renderings: &'w mut rendering::Kept,
    pub counter: &'w Counter,
    pub stages: Stages,
    pub extra_bytes: usize,
    pub size: Size,
    pub cancel: &'w Cancel,
}

/// The layers of a view, ready to be read.
pub(super) enum Source<'a> {
    Plane(Vec<Cut<'a>>),
    Curved(Vec<Columns<'a>>),
    Projected(Projected<'a>),
}

impl Work<'_> {
    /// Makes layers ready.
    ///
    /// # Errors
    ///
    /// [`Error`] for what of the view or the layers cannot be used.
    pub(super) fn sources<'a>(
        &mut self,
        scene: &'a Scene,
        volumes: &'a Volumes,
        layers: &'a [Layer],
    ) -> Result<Source<'a>, Error> {
        for layer in layers {
            check_regular(&layer.scene_from_volume, "a layer's registration")?;
        }
        match &scene.view {
            View::Plane(plane) => {
                let cut = |layer| planes::cut(layer, volumes, &plane.patient_from_plane);
                Ok(Source::Plane(layers.iter().map(cut).collect::<Result<_, _>>()?))
            }
            View::Curved(curved) => match curved.slab {
                None => self.columns(&curved.plane, volumes, layers),
                Some(slab) => {
                    let course = curved_course(slab, scene, volumes)?;
                    self.projected(Sight::Curved(&curved.plane), &course, scene, volumes, layers)
                }
            },
            View::Projection(projection) => {
                at_most("layers of a projection", MAX_LAYERS, scene.layers.len())?;
                check_camera(&projection.camera)?;
                let course = camera_course(projection, scene, volumes)?;
                self.projected(Sight::Camera(projection.camera), &course, scene, volumes, layers)
            }
            View::Rendering(_) => Err(Error::NoValues),
        }
    }

    fn columns<'a>(
        &self,
        plane: &'a CurvedPlane,
        volumes: &'a Volumes,
        layers: &[Layer],
    ) -> Result<Source<'a>, Error> {
        let columns = layers.iter().map(|layer| {
            let volume = volumes.get(layer.volume)?;
            let volume_from_scene = layer.scene_from_volume.inverse().expect("it was checked");
            Ok(Columns {
                plane,
                volume,
                interpolation: layer.interpolation,
                voxel_from_scene: *volume.grid().voxel_from_patient() * volume_from_scene,
                lanes: self.lanes,
            })
        });
        Ok(Source::Curved(columns.collect::<Result<_, Error>>()?))
    }

    fn projected<'a>(
        &mut self,
        sight: Sight<'a>,
        course: &Course,
        scene: &Scene,
        volumes: &Volumes,
        layers: &[Layer],
    ) -> Result<Source<'a>, Error> {
        let mut bodies = Vec::with_capacity(layers.len());
        for layer in layers {
            let volume = volumes.get(layer.volume)?;
            let mut body = Body::new(volume, layer, course)?;
            body.check_samples()?;
            if body.wants_cells() {
                let cells = self.cells.get(layer.volume, volume, self.cancel)?;
                self.extra_bytes += cells.bytes();
                body = body.with_cells(cells);
            }
            bodies.push(body);
        }
        self.stages.end("cells");
        let jitter = scene.quality.jitter;
        let projected = Projected::new(sight, bodies, jitter, self.size, self.lanes);
        Ok(Source::Projected(projected))
    }
}

fn check_camera(camera: &Camera) -> Result<(), Error> {
    check_regular(&camera.plane.patient_from_plane, "a view's plane")?;
    let coordinates = camera.eye.iter().flat_map(|eye| eye.xyz.iter().copied());
    match coordinates
        .into_iter()
        .find(|value| value.is_nan() || value.abs() >= 1e100)
    {
        Some(found) => Err(number("an eye's coordinate", "finite", found)),
        None => Ok(()),
    }
}

fn camera_course(projection: &Projection, scene: &Scene, volumes: &Volumes) -> Result<Course, Error> {
    Ok(Course {
        kind: projection.kind,
        depth_mm: projection.depth_mm,
        step_mm: scene.step_mm(volumes)?,
        sight: projection.camera.sight().map(|sight| sight.xyz.into()),
        skips: scene.quality.skips_empty_space,
        clips: true,
    })
}

fn curved_course(slab: Slab, scene: &Scene, volumes: &Volumes) -> Result<Course, Error> {
    let Slab { thickness_mm, kind } = slab;
    if !(thickness_mm.is_finite() && thickness_mm >= 0.0) {
        return Err(number("a slab's thickness", "0 mm or more", thickness_mm));
    }
    Ok(Course {
        kind,
        depth_mm: Some([-thickness_mm / 2.0, thickness_mm / 2.0]),
        step_mm: scene.step_mm(volumes)?,
        sight: None,
        skips: scene.quality.skips_empty_space,
        clips: false,
    })
}

impl Source<'_> {
    /// Draws all layers over what is there.
    pub(super) fn draw(
        &self,
        work: &mut Work<'_>,
        paints: &[Paint],
        sharpening: Option<Sharpening>,
        pixels: &mut [[u8; 4]],
    ) {
        // Layers without lines between them are drawn together: mostly all.
        let mut first = 0;
        for together in paints.chunk_by(|a, b| a.lines.is_none() && b.lines.is_none()) {
            let layers = first..first + together.len();
            first = layers.end;
            match &together[0].lines {
                None => self.fill(work, layers, paints, sharpening, pixels),
                Some(_) if together[0].is_clear() => {}
                Some(lines) => {
                    let values = self.values(work, layers.start);
                    contours::draw(&together[0], lines, &values, work.size, work.cancel, pixels);
                }
            }
        }
        work.stages.end("picture");
    }

    /// Draws the colours of some layers.
    fn fill(
        &self,
        work: &mut Work<'_>,
        layers: Range<usize>,
        paints: &[Paint],
        sharpening: Option<Sharpening>,
        pixels: &mut [[u8; 4]],
    ) {
        match (self, sharpening) {
            (Self::Plane(cuts), None) => draw_planes(work, &cuts[layers.clone()], &paints[layers], pixels),
            (Self::Projected(projected), _) if !projected.is_curved() || sharpening.is_none() => {
                draw_projected(work, projected, layers, paints, pixels);
            }
            _ => {
                for (paint, n) in paints[layers.clone()].iter().zip(layers) {
                    if paint.is_clear() {
                        continue;
                    }
                    let mut values = self.values(work, n);
                    if let Some(sharpening) = sharpening {
                        sharpen(&mut values, work.size.width as usize, sharpening);
                    }
                    paint_values(work, paint, &values, pixels);
                }
            }
        }
    }

    /// Values of one layer, not a number where it is not.
    pub(super) fn values(&self, work: &mut Work<'_>, layer: usize) -> Vec<f32> {
        let mut values = filled(f32::NAN, work.size, work.cancel);
        match self {
            Self::Plane(cuts) => read_plane(work, &cuts[layer], &mut values),
            Self::Curved(columns) => values = read_columns(work, &columns[layer], values),
            Self::Projected(projected) => read_projected(work, projected, layer, &mut values),
        }
        work.stages.end("values");
        values
    }
}

fn draw_planes(work: &Work<'_>, cuts: &[Cut<'_>], paints: &[Paint], pixels: &mut [[u8; 4]]) {
    let seen = cuts.iter().zip(paints).filter(|(_, paint)| !paint.is_clear());
    let layers: Vec<(&Cut<'_>, &Paint)> = seen.collect();
    for (cut, _) in &layers {
        count_pixels(work.counter, planes::pixels_inside(cut, work.size));
    }
    for_each_band(pixels, work.size, planes::BAND, |first_row, band| {
        if !work.cancel.is_cancelled() {
            planes::draw_band(work.lanes, &layers, first_row, work.size, band);
        }
    });
}

fn read_plane(work: &Work<'_>, cut: &Cut<'_>, values: &mut [f32]) {
    count_pixels(work.counter, planes::pixels_inside(cut, work.size));
    for_each_band(values, work.size, planes::BAND, |first_row, band| {
        if !work.cancel.is_cancelled() {
            planes::read_band(work.lanes, cut, first_row, work.size, band);
        }
    });
}

/// Reads columns as if they were rows, and sets them upright.
fn read_columns(work: &Work<'_>, columns: &Columns<'_>, mut values: Vec<f32>) -> Vec<f32> {
    let Size { width, height } = work.size;
    let lying = Size {
        width: height,
        height: width,
    };
    for_each_band(&mut values, lying, SIDE, |first, band| {
        let mut scratch = Scratch::default();
        for (n, column) in band.chunks_mut(height as usize).enumerate() {
            if !work.cancel.is_cancelled() {
                let inside = columns.read(first as usize + n, column, &mut scratch);
                count_pixels(work.counter, inside);
            }
        }
    });
    upright(&values, work.size)
}

fn count_pixels(counter: &Counter, pixels: u64) {
    counter.add(Tally {
        rays: pixels,
        samples: pixels,
        skipped: 0,
    });
}

/// Colours a whole image of values, span by span.
fn paint_values(work: &Work<'_>, paint: &Paint, values: &[f32], pixels: &mut [[u8; 4]]) {
    let width = work.size.width as usize;
    for (n, (values, pixels)) in values.chunks(SPAN).zip(pixels.chunks_mut(SPAN)).enumerate() {
        let mut span = [f32::NAN; SPAN];
        span[..values.len()].copy_from_slice(values);
        let place = |lane: usize| [(n * SPAN + lane) % width, (n * SPAN + lane) / width];
        shade_places(work.lanes, paint, &span, pixels, |lane| {
            (lane < values.len()).then(|| place(lane))
        });
    }
}

/// Mixes the colours of values into pixels, each where `place` says it lies in the picture.
fn shade_places(
    lanes: Lanes,
    paint: &Paint,
    values: &[f32; SPAN],
    pixels: &mut [[u8; 4]],
    place: impl Fn(usize) -> Option<[usize; 2]>,
) {
    if paint.cover.is_none() {
        kernel::shade(lanes, paint, values, true, pixels);
        return;
    }
    let weight = |lane: usize| place(lane).map_or(Weight::NONE, |[x, y]| paint.weight_at(x, y));
    shade_weighted(paint, values, true, &std::array::from_fn(weight), pixels);
}

fn draw_projected(
    work: &mut Work<'_>,
    projected: &Projected<'_>,
    layers: Range<usize>,
    paints: &[Paint],
    pixels: &mut [[u8; 4]],
) {
    const { assert!(TILE == SPAN, "a tile is painted as a span is") };
    let width = work.size.width as usize;
    let is_seen = |layer: usize| layers.contains(&layer) && !paints[layer].is_clear();
    for_each_tile(
        work,
        projected,
        pixels,
        is_seen,
        |first_row, band, places, layer, values| {
            let mut tile = places.map(|at| at.map_or([0; 4], |at| band[at]));
            let place = |lane: usize| places[lane].map(|at| [at % width, first_row as usize + at / width]);
            shade_places(work.lanes, &paints[layer], values, &mut tile, place);
            for (at, pixel) in places.iter().zip(&tile) {
                if let Some(at) = at {
                    band[*at] = *pixel;
                }
            }
        },
    );
    work.extra_bytes += projected.bytes();
}

fn read_projected(work: &mut Work<'_>, projected: &Projected<'_>, layer: usize, values: &mut [f32]) {
    for_each_tile(
        work,
        projected,
        values,
        |n| n == layer,
        |_, band, places, _, tile| {
            for (at, value) in places.iter().zip(tile) {
                if let Some(at) = at {
                    band[*at] = *value;
                }
            }
        },
    );
    work.extra_bytes += projected.bytes();
}

/// Hands the values of every tile and layer to `show`, with the first row and the pixels of a band, and the
/// places of the tile in it.
fn for_each_tile<T: Send>(
    work: &Work<'_>,
    projected: &Projected<'_>,
    pixels: &mut [T],
    is_seen: impl Fn(usize) -> bool + Send + Sync,
    show: impl Fn(u32, &mut [T], &[Option<usize>; TILE], usize, &[f32; TILE]) + Send + Sync,
) {
    let width = work.size.width as usize;
    let (shape, cancel) = (projected.shape, work.cancel);
    let [columns, rows] = shape.size();
    for_each_band(pixels, work.size, SIDE, |first_row, band| {
        projected.with_room(|scratch| {
            for top in (0..band.len() / width).step_by(rows) {
                for left in (0..width).step_by(columns) {
                    if cancel.is_cancelled() {
                        break;
                    }
                    let in_band = |lane: usize| {
                        let [column, row] = shape.pixel(lane);
                        let at = (top + row) * width + left + column;
                        (left + column < width && at < band.len()).then_some(at)
                    };
                    let places: [Option<usize>; TILE] = std::array::from_fn(in_band);
                    let corner = [left as u32, first_row + top as u32];
                    projected.tile(corner, &is_seen, cancel, scratch, |layer, values| {
                        show(first_row, band, &places, layer, values);
                    });
                }
            }
            work.counter.add(std::mem::take(&mut scratch.tally));
        });
    });
}
