//! Views to pictures.

mod cine;
mod hit;
mod lines;
mod planar;
mod scene;
mod texts;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::colormap::Window;
use crate::geometry::Grid;
use crate::presentation::{Annotations, Drawing, Size};
use crate::render::{
    Cancel, Contours, Curved, DrawnAs, Image, Layer, Lens, Renderer, Scene, View, VolumeId, compared, magnify,
};
use crate::session::Session;
use crate::session::apply::shown;
use crate::session::error::Refusal;
use crate::session::sheet;
use crate::session::sight::tile_size;
use crate::session::state::{Comparing, Kind, Shown, ViewShutter};
use crate::volume::Volume;

use scene::{comparison, solid};

pub use hit::Hit;
pub use lines::Line;
pub(in crate::session) use lines::words;
pub(in crate::session) use planar::usual_colors;
pub(in crate::session) use scene::{layer, material, scene};
pub(in crate::session) use texts::readable;

/// How finely a picture is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sharpness {
    /// While something moves: renderings with half their samples along each ray. How many pixels there are is the
    /// host's choice.
    Moving,
    /// In full.
    Still,
}

/// A picture of a view with what is written and drawn on it, which hosts draw as they like.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The pixels, bare.
    pub image: Image,
    /// Letters, texts, ruler, colour bar.
    pub annotations: Annotations,
    /// Measurements, crosshair, lines of other planes, in pixels.
    pub lines: Vec<Line>,
    /// How much of the voxels has come, 0 to 1.
    pub fraction: f64,
    /// What is to be read beside the picture.
    pub remarks: Vec<String>,
}

impl Picture {
    /// All that is written and drawn on it as one drawing, at so many pixels a point: for an export, or for a host that
    /// draws vectors itself.
    #[must_use]
    pub fn drawing(&self, scale: f64) -> Drawing {
        let size = Size {
            width: self.image.width,
            height: self.image.height,
        };
        drawing(&self.annotations, &self.lines, size, scale)
    }
}

/// What is written and drawn on a view's picture, for hosts that draw it before the picture has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Letters, texts, ruler, colour bar.
    pub annotations: Annotations,
    /// Measurements, crosshair, lines of other planes, in pixels.
    pub lines: Vec<Line>,
    /// The windows that layers are drawn with, set or usual, by the layer's number from 0. There is none of a layer
    /// nothing of which has come, nor of colours.
    pub windows: BTreeMap<usize, Window>,
    /// How much of the voxels has come, 0 to 1.
    pub fraction: f64,
    /// What is to be read beside the picture.
    pub remarks: Vec<String>,
}

impl Written {
    /// Nothing, on a view that shows nothing.
    fn nothing() -> Self {
        Self {
            annotations: Annotations::default(),
            lines: Vec::new(),
            windows: BTreeMap::new(),
            fraction: 1.0,
            remarks: Vec::new(),
        }
    }

    /// As one drawing for a picture of the size that it was asked for, at so many pixels a point.
    #[must_use]
    pub fn drawing(&self, size: Size, scale: f64) -> Drawing {
        drawing(&self.annotations, &self.lines, size, scale)
    }

    fn on(self, image: Image) -> Picture {
        Picture {
            image,
            annotations: self.annotations,
            lines: self.lines,
            fraction: self.fraction,
            remarks: self.remarks,
        }
    }
}

fn drawing(annotations: &Annotations, lines: &[Line], size: Size, scale: f64) -> Drawing {
    let mut drawing = annotations.drawing(size, scale);
    for line in lines {
        line.draw(&mut drawing);
    }
    drawing
}

/// The last picture of each view: what has not changed is not drawn again.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    last: BTreeMap<u32, (Wanted, Size, Sharpness, Image)>,
    /// How many small volumes were ever made of volumes of interest.
    made: u64,
    /// Those that are drawn now.
    outlines: BTreeMap<u64, (Arc<crate::session::state::Voi>, VolumeId, Volume)>,
}

/// What a picture is made of.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    /// Of volumes: scenes, how they are compared, and what is covered.
    Scenes(Vec<Scene>, Option<Comparing>, Option<Arc<ViewShutter>>),
    /// Of images without a volume, each with the place of its upper left corner.
    Sheets(Vec<(sheet::Drawing, [u32; 2])>),
}

impl Drawn {
    /// The last picture of a view, when it is the one that is wanted.
    fn known(
        &self,
        viewport: Option<u32>,
        wanted: &Wanted,
        size: Size,
        sharpness: Sharpness,
    ) -> Option<Image> {
        let (known, of_size, as_sharp, image) = self.last.get(&viewport?)?;
        (known == wanted && *of_size == size && *as_sharp >= sharpness).then(|| image.clone())
    }

    fn keep(
        &mut self,
        viewport: Option<u32>,
        wanted: Wanted,
        size: Size,
        sharpness: Sharpness,
        image: &Image,
    ) {
        if let Some(n) = viewport {
            self.last.insert(n, (wanted, size, sharpness, image.clone()));
        }
    }
}

#[cfg(test)]
impl Drawn {
    pub(super) fn outline_ids(&self) -> Vec<VolumeId> {
        self.outlines.values().map(|(_, id, _)| *id).collect()
    }
}

/// The layers of a view whose voxels have begun to come.
struct Come {
    layers: Vec<Layer>,
    /// Their windows by their numbers in the view.
    windows: BTreeMap<usize, Window>,
    /// How much of all voxels has come, 0 to 1.
    fraction: f64,
}

/// Numbers of volumes that are made here, far from those of the source.
const FIRST_OUTLINE: u64 = 1 << 62;

impl Session {
    /// The picture of a view.
    ///
    /// A renderer serves one session: volumes are named by numbers that another session uses for others. What has come
    /// of the voxels is shown; a view without any is black.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an unknown view, a series that cannot be had, series that nothing joins, or a size of none.
    pub fn image(
        &mut self,
        viewport: u32,
        size: Size,
        sharpness: Sharpness,
        renderer: &mut dyn Renderer,
        cancel: &Cancel,
    ) -> Result<Picture, Refusal> {
        let state = self.state.clone();
        let Ok(shown) = shown(&state, viewport, "a picture") else {
            state
                .desk
                .viewports
                .get(&viewport)
                .ok_or(Refusal::NoViewport(viewport))?;
            return Ok(Written::nothing().on(black(size)?));
        };
        self.picture(Some(viewport), shown, size, sharpness, renderer, cancel)
    }

    /// What is written and drawn on a view's picture of this size, without the picture: what a pointer does to marks is
    /// seen before anything is rendered.
    ///
    /// # Errors
    ///
    /// As [`Session::image`].
    pub fn written(&mut self, viewport: u32, size: Size) -> Result<Written, Refusal> {
        let state = self.state.clone();
        let Ok(shown) = shown(&state, viewport, "a picture") else {
            let is_known = state.desk.viewports.contains_key(&viewport);
            return is_known
                .then(Written::nothing)
                .ok_or(Refusal::NoViewport(viewport));
        };
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let grid = facts.grid.clone();
        if facts.planar.is_some() {
            return Ok(self.planar_written(Some(viewport), shown, &grid, size)?.1);
        }
        let mut remarks = Vec::new();
        let come = self.layers(shown, &mut remarks)?;
        self.volume_written(Some(viewport), shown, &grid, size, come, remarks)
    }

    fn volume_written(
        &mut self,
        viewport: Option<u32>,
        shown: &Shown,
        grid: &Grid,
        size: Size,
        come: Come,
        remarks: Vec<String>,
    ) -> Result<Written, Refusal> {
        Ok(Written {
            annotations: self.annotations(shown, grid, size, &come.layers)?,
            lines: self.lines(viewport, shown, grid, size)?,
            windows: come.windows,
            fraction: come.fraction,
            remarks,
        })
    }

    /// The picture of an item of the film.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuch`] for an item that is none; else as [`Session::image`].
    pub fn film_image(
        &mut self,
        item: u64,
        size: Size,
        renderer: &mut dyn Renderer,
        cancel: &Cancel,
    ) -> Result<Picture, Refusal> {
        let state = self.state.clone();
        let found = state.film.iter().find(|known| known.number == item);
        let found = found.ok_or(Refusal::NoSuch {
            what: "item of the film",
            found: item,
        })?;
        self.picture(None, &found.shown, size, Sharpness::Still, renderer, cancel)
    }

    /// The picture of something that a view shows, would show, or showed: an item of the film, a step of a cine.
    ///
    /// # Errors
    ///
    /// As [`Session::image`].
    pub fn picture_of(
        &mut self,
        shown: &Shown,
        size: Size,
        renderer: &mut dyn Renderer,
        cancel: &Cancel,
    ) -> Result<Picture, Refusal> {
        self.picture(None, shown, size, Sharpness::Still, renderer, cancel)
    }

    fn picture(
        &mut self,
        viewport: Option<u32>,
        shown: &Shown,
        size: Size,
        sharpness: Sharpness,
        renderer: &mut dyn Renderer,
        cancel: &Cancel,
    ) -> Result<Picture, Refusal> {
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let grid = facts.grid.clone();
        if facts.planar.is_some() {
            return self.planar_picture(viewport, shown, &grid, size, sharpness);
        }
        let mut remarks = Vec::new();
        let come = self.layers(shown, &mut remarks)?;
        let mut scenes = self.scenes(shown, &grid, &come.layers, size)?;
        self.stress(&mut scenes, viewport);
        let image = self.drawn(viewport, &scenes, shown, size, sharpness, renderer, cancel)?;
        let written = self.volume_written(viewport, shown, &grid, size, come, remarks)?;
        Ok(written.on(image))
    }

    /// The layers of a view whose voxels have begun to come.
    fn layers(&mut self, shown: &Shown, remarks: &mut Vec<String>) -> Result<Come, Refusal> {
        let joints = self.state.joints.clone();
        // Of interleaved series one is shown at a time.
        let only = match shown.kind {
            Kind::Interleaved => {
                let turns = self.stage.turns(&joints, shown)?;
                turns.get(shown.turn as usize).map(|turn| turn.layer)
            }
            _ => None,
        };
        let base_space = self.stage.facts(&shown.layers[0].series)?.space();
        let mut come = Come {
            layers: Vec::new(),
            windows: BTreeMap::new(),
            fraction: 0.0,
        };
        let count = if only.is_some() { 1 } else { shown.layers.len() };
        let wanted = |n: &usize| only.is_none_or(|only| only == *n);
        for (n, view_layer) in shown.layers.iter().enumerate().filter(|(n, _)| wanted(n)) {
            let space = self.stage.facts(&view_layer.series)?.space();
            let way = self.stage.way(&joints, &base_space, &space);
            let Some(way) = way.filter(|way| n == 0 || only.is_some() || !way.is_offset) else {
                return Err(Refusal::NotJoined(base_space, space));
            };
            if n > 0 && way.is_joined && only.is_none() {
                remarks.push(self.joined_by(&base_space, &space));
            }
            let facts = self.stage.facts(&view_layer.series)?;
            remarks.extend(facts.remarks.iter().cloned());
            let facts_window = facts.window;
            let Some(drawable) = self.stage.drawable(&view_layer.series, shown.phase)? else {
                continue;
            };
            come.fraction += drawable.fraction / count as f64;
            let at = if only.is_some() { 0 } else { n };
            let mut layer = layer(view_layer, at, drawable.id, &drawable.volume, facts_window)?;
            layer.scene_from_volume = way.fixed_from_moving;
            if let Kind::Rendering { preset: Some(name) } = &shown.kind {
                layer.material = material(name, &drawable.volume, layer.window);
            }
            come.windows.insert(n, layer.window);
            come.layers.push(layer);
        }
        if come.fraction < 1.0 {
            let percent = come.fraction * 100.0;
            remarks.push(format!("{percent:.0} % of the images have come"));
        }
        Ok(come)
    }

    fn joined_by(&self, fixed: &str, moving: &str) -> String {
        use crate::session::state::Origin;
        let is_it = |joint: &&Arc<crate::session::state::Joint>| {
            [(&*joint.fixed, &*joint.moving), (&*joint.moving, &*joint.fixed)].contains(&(fixed, moving))
        };
        match self.state.joints.iter().find(is_it).map(|joint| &joint.origin) {
            Some(Origin::Hand) => "fused by a registration made by hand",
            Some(Origin::Search) => "fused by an automatic registration",
            Some(Origin::SearchToCheck(_)) => "fused by an automatic registration that is to be checked",
            Some(Origin::Object) => "fused by a stored registration",
            _ => "fused by a chain of registrations",
        }
        .to_owned()
    }

    /// The scenes of a picture: one, or one a tile.
    fn scenes(
        &mut self,
        shown: &Shown,
        grid: &Grid,
        layers: &[Layer],
        size: Size,
    ) -> Result<Vec<Scene>, Refusal> {
        if let Kind::Tiles { rows, columns } = shown.kind {
            let tile = tile_size(size, [rows, columns]);
            let first = shown.slice(grid);
            let slices = grid.size()[2];
            let tiles = (first..slices).take((rows * columns) as usize);
            return tiles
                .map(|slice| {
                    let plane = shown.plane_at(shown.on_slice(grid, slice), grid, tile)?;
                    Ok(scene(shown, plane, layers.to_vec()))
                })
                .collect();
        }
        if let Kind::Curved { .. } = shown.kind {
            let curved = Curved {
                plane: shown.curved(size)?,
                slab: None,
            };
            return Ok(vec![Scene::new(View::Curved(curved), layers.to_vec())]);
        }
        let plane = shown.plane(grid, size)?;
        let mut layers = layers.to_vec();
        if shown.kind.is_plane() && self.state.texts.marks {
            layers.extend(self.outlines(shown)?);
        }
        Ok(vec![scene(shown, plane, layers)])
    }

    /// Volumes of interest as outlines.
    fn outlines(&mut self, shown: &Shown) -> Result<Vec<Layer>, Refusal> {
        let state = self.state.clone();
        self.drawn.outlines.retain(|n, (voi, id, _)| {
            let is_kept = state.vois.get(n).is_some_and(|now| Arc::ptr_eq(now, voi));
            if !is_kept {
                self.stage.volumes.remove(*id);
            }
            is_kept
        });
        let base_space = self.stage.facts(&shown.layers[0].series)?.space();
        let mut layers = Vec::new();
        for (n, voi) in &state.vois {
            if voi.phase != shown.phase {
                continue;
            }
            let space = self.stage.facts(&voi.series)?.space();
            let Some(way) = self.stage.way(&state.joints, &base_space, &space) else {
                continue;
            };
            if !self.drawn.outlines.contains_key(n) {
                // What cannot be found now (the voxels are still coming) is drawn later.
                let Ok(volume) = self.stage.whole(&voi.series, voi.phase) else {
                    continue;
                };
                let Ok((mask, _)) = self.vois.mask(voi, &volume) else {
                    continue;
                };
                let Some(small) = solid(&mask) else { continue };
                // A number names the same voxels for ever: renderers keep what they made of them.
                let id = VolumeId(FIRST_OUTLINE + self.drawn.made);
                self.drawn.made += 1;
                self.stage.volumes.insert(id, small.clone());
                self.drawn.outlines.insert(*n, (voi.clone(), id, small));
            }
            if let Some((_, id, small)) = self.drawn.outlines.get(n) {
                let mut layer = Layer::single(*id, small);
                layer.scene_from_volume = way.fixed_from_moving;
                layer.drawn_as = DrawnAs::Contours(Contours {
                    levels: vec![0.5],
                    color: voi.color,
                    width_pixels: 1.5,
                });
                layers.push(layer);
            }
        }
        Ok(layers)
    }

    #[allow(clippy::too_many_arguments, reason = "what a picture depends on, once")]
    fn drawn(
        &mut self,
        viewport: Option<u32>,
        scenes: &[Scene],
        shown: &Shown,
        size: Size,
        sharpness: Sharpness,
        renderer: &mut dyn Renderer,
        cancel: &Cancel,
    ) -> Result<Image, Refusal> {
        let wanted = Wanted::Scenes(scenes.to_vec(), shown.comparing, shown.shutter.clone());
        if let Some(image) = self.drawn.known(viewport, &wanted, size, sharpness) {
            return Ok(image);
        }
        let volumes = &self.stage.volumes;
        let mut image = match (&shown.kind, scenes) {
            (Kind::Tiles { rows, columns }, _) => {
                let tile = tile_size(size, [*rows, *columns]);
                let mut whole = black(size)?;
                for (n, scene) in scenes.iter().enumerate() {
                    let image = renderer.render_until(scene, volumes, tile, cancel)?;
                    let at = [n as u32 % columns * tile.width, n as u32 / columns * tile.height];
                    place(&mut whole, &image, at);
                }
                whole
            }
            (Kind::Rendering { .. }, [scene]) if sharpness == Sharpness::Moving => {
                let mut coarse = scene.clone();
                coarse.quality.step_mm = Some(2.0 * scene.step_mm(volumes)?);
                renderer.render_until(&coarse, volumes, size, cancel)?
            }
            (_, [scene]) => match comparison(shown) {
                Some(how) => {
                    let scenes = compared(scene, &how, size)?;
                    renderer.render_until(&scenes[0], volumes, size, cancel)?
                }
                None => renderer.render_until(scene, volumes, size, cancel)?,
            },
            _ => black(size)?,
        };
        if let (Some(shutter), true) = (&shown.shutter, shown.is_by_slices()) {
            let grid = self.stage.facts(&shown.layers[0].series)?.grid.clone();
            planar::cover_slices(&mut image, shown, &grid, size, &shutter.shutter())?;
        }
        self.drawn.keep(viewport, wanted, size, sharpness, &image);
        Ok(image)
    }

    /// A picture of a view with a round part of it magnified, read from the voxels anew.
    ///
    /// # Errors
    ///
    /// As [`Session::image`]; [`Refusal::Render`] for a lens beyond its limits.
    pub fn magnified(
        &mut self,
        viewport: u32,
        size: Size,
        lens: &Lens,
        renderer: &mut dyn Renderer,
        cancel: &Cancel,
    ) -> Result<Picture, Refusal> {
        let mut picture = self.image(viewport, size, Sharpness::Still, renderer, cancel)?;
        let state = self.state.clone();
        let shown = shown(&state, viewport, "a lens")?;
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let grid = facts.grid.clone();
        if facts.planar.is_some() {
            self.magnified_sheet(shown, &grid, size, lens, &mut picture.image)?;
            return Ok(picture);
        }
        let come = self.layers(shown, &mut Vec::new())?;
        let mut scenes = self.scenes(shown, &grid, &come.layers, size)?;
        self.stress(&mut scenes, Some(viewport));
        if let [scene] = scenes.as_slice() {
            magnify(
                renderer,
                scene,
                &self.stage.volumes,
                &mut picture.image,
                lens,
                cancel,
            )?;
        }
        Ok(picture)
    }
}

fn black(size: Size) -> Result<Image, Refusal> {
    let most = crate::render::MAX_SIDE;
    if !(1..=most).contains(&size.width) || !(1..=most).contains(&size.height) {
        return Err(crate::presentation::PlaneError::Size(size.width, size.height).into());
    }
    Ok(Image {
        width: size.width,
        height: size.height,
        rgba: [0, 0, 0, 255].repeat(size.width as usize * size.height as usize),
    })
}

/// Copies a tile into a picture.
fn place(whole: &mut Image, tile: &Image, [left, top]: [u32; 2]) {
    for row in 0..tile.height.min(whole.height.saturating_sub(top)) {
        let columns = tile.width.min(whole.width.saturating_sub(left)) as usize * 4;
        let from = row as usize * tile.width as usize * 4;
        let to = ((top + row) as usize * whole.width as usize + left as usize) * 4;
        whole.rgba[to..to + columns].copy_from_slice(&tile.rgba[from..from + columns]);
    }
}
