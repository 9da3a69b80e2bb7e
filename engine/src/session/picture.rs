//! Views to pictures.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::colormap::{ColorMap, Window};
use crate::fusion::{overlay_color_map, single_color_map, window_for};
use crate::geometry::{Affine, Grid, Patient, Point};
use crate::presentation::{
    Annotations, Camera, ColorBar, Corners, ImagePlane, Letters, Size, scale_bar,
};
use crate::render::{
    Cancel, Comparison, Contours, Curved, DrawnAs, Image, Layer, Lens, Projection, Rendering, Renderer, Scene, Sharpening, Slab,
    View, VolumeId, compared, draft, magnify, preset,
};
use crate::session::apply::{shown, step_mm};
use crate::session::error::Refusal;
use crate::session::figures::{Figure, geometry};
use crate::session::sight::{point, tile_size};
use crate::session::source::PATIENT_FIELDS;
use crate::session::state::{Comparing, Kind, Mark, Shown, ViewLayer};
use crate::session::{Session, command::Spot};
use crate::volume::{Interpolation, Rescale, Unit, Volume, Voxels};

/// How finely a picture is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sharpness {
    /// While something moves: projections and renderings at half their pixels each way.
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

/// A line on a picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Its points: column and row; integers are pixel centres.
    pub points: Vec<[f64; 2]>,
    /// Whether the last joins the first.
    pub is_closed: bool,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// The mark that it belongs to.
    pub mark: Option<u64>,
    /// Whether its points are handles.
    pub has_handles: bool,
    /// What is written beside it.
    pub text: String,
}

/// The last picture of each view: what has not changed is not drawn again.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    last: BTreeMap<u32, (Vec<Scene>, Size, Sharpness, Image)>,
    /// Volumes of interest as small volumes to be drawn.
    outlines: BTreeMap<u64, (Arc<crate::session::state::Voi>, VolumeId, Volume)>,
}

/// Fields that no person is found by: all that a de-identified session shows. Descriptions are typed by people, and
/// names have been seen in them.
const SAFE_FIELDS: &[&str] = &[
    "Slice",
    "Phase",
    "Place",
    "Window",
    "Zoom",
    "BodyPartExamined",
    "SliceThickness",
    "KVP",
    "Manufacturer",
];
/// Numbers of volumes that are made here, far from those of the source.
const FIRST_OUTLINE: u64 = 1 << 62;
/// Most lines of marks on one picture.
const MAX_LINES: usize = 2000;
/// Colours of reference lines and the crosshair.
const LINE_COLOR: [u8; 3] = [90, 200, 255];
/// The crosshair's.
const CROSS_COLOR: [u8; 3] = [110, 255, 110];

impl Session {
    /// The picture of a view.
    ///
    /// What has come of the voxels is shown; a view without any is black.
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
            state.desk.viewports.get(&viewport).ok_or(Refusal::NoViewport(viewport))?;
            return Ok(Picture {
                image: black(size)?,
                annotations: Annotations::default(),
                lines: Vec::new(),
                fraction: 1.0,
                remarks: Vec::new(),
            });
        };
        self.picture(Some(viewport), shown, size, sharpness, renderer, cancel)
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

    fn picture(
        &mut self,
        viewport: Option<u32>,
        shown: &Shown,
        size: Size,
        sharpness: Sharpness,
        renderer: &mut dyn Renderer,
        cancel: &Cancel,
    ) -> Result<Picture, Refusal> {
        let grid = self.stage.facts(&shown.layers[0].series)?.grid.clone();
        let mut remarks = Vec::new();
        let (layers, fraction) = self.layers(shown, &mut remarks)?;
        let scenes = self.scenes(shown, &grid, &layers, size)?;
        let image = self.drawn(viewport, &scenes, shown, size, sharpness, renderer, cancel)?;
        let annotations = self.annotations(shown, &grid, size, &layers)?;
        let lines = self.lines(viewport, shown, &grid, size)?;
        Ok(Picture {
            image,
            annotations,
            lines,
            fraction,
            remarks,
        })
    }

    /// The layers of a view whose voxels have begun to come, and how much of all has.
    fn layers(&mut self, shown: &Shown, remarks: &mut Vec<String>) -> Result<(Vec<Layer>, f64), Refusal> {
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
        let (mut layers, mut fraction) = (Vec::new(), 0.0);
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
            let facts_window = self.stage.facts(&view_layer.series)?.window;
            let Some(drawable) = self.stage.drawable(&view_layer.series, shown.phase)? else {
                continue;
            };
            fraction += drawable.fraction / count as f64;
            let at = if only.is_some() { 0 } else { n };
            let mut layer = layer(view_layer, at, drawable.id, &drawable.volume, facts_window)?;
            layer.scene_from_volume = way.fixed_from_moving;
            if let Kind::Rendering { preset: Some(name) } = &shown.kind {
                layer.material = material(name, &drawable.volume, layer.window);
            }
            layers.push(layer);
        }
        if fraction < 1.0 {
            remarks.push(format!("{:.0} % of the images have come", fraction * 100.0));
        }
        Ok((layers, fraction))
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
    fn scenes(&mut self, shown: &Shown, grid: &Grid, layers: &[Layer], size: Size) -> Result<Vec<Scene>, Refusal> {
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
                let Ok(volume) = self.stage.whole(&voi.series, voi.phase) else { continue };
                let Ok((mask, _)) = self.vois.mask(voi, &volume) else { continue };
                let Some(small) = solid(&mask) else { continue };
                let id = VolumeId(FIRST_OUTLINE + self.drawn.next_outline());
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
        let last = viewport.and_then(|n| self.drawn.last.get(&n));
        if let Some((known, of_size, as_sharp, image)) = last {
            if known == scenes && *of_size == size && *as_sharp >= sharpness {
                return Ok(image.clone());
            }
        }
        let volumes = &self.stage.volumes;
        let image = match (&shown.kind, scenes) {
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
            (Kind::Projection { .. } | Kind::Rendering { .. }, [scene]) if sharpness == Sharpness::Moving => {
                draft(renderer, scene, volumes, size, 2, cancel)?
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
        let kept = (scenes.to_vec(), size, sharpness, image.clone());
        if let Some(n) = viewport {
            self.drawn.last.insert(n, kept);
        }
        Ok(image)
    }

    fn annotations(&self, shown: &Shown, grid: &Grid, size: Size, layers: &[Layer]) -> Result<Annotations, Refusal> {
        let texts = self.state.texts;
        let panel = match shown.kind {
            Kind::Tiles { rows, columns } => tile_size(size, [rows, columns]),
            _ => size,
        };
        let plane = match shown.kind {
            Kind::Curved { .. } => None,
            _ => Some(shown.plane(grid, panel)?),
        };
        let top = layers.len().min(shown.layers.len()).checked_sub(1);
        let bar = top.map(|top| ColorBar {
            color_map: layers[top].color_map.clone(),
            window: layers[top].window,
            unit: self.stage.facts(&shown.layers[top].series).map_or(String::new(), |facts| {
                facts.unit.label().to_owned()
            }),
        });
        Ok(Annotations {
            letters: plane.filter(|_| texts.letters).map(|plane| Letters::of(&plane)),
            corners: if texts.corners {
                self.corners(shown, grid, layers)?
            } else {
                Corners::default()
            },
            scale_bar: plane.filter(|_| texts.scale_bar).and_then(|plane| scale_bar(&plane, panel.width)),
            color_bar: bar.filter(|_| texts.color_bar),
            cross: None,
        })
    }

    fn corners(&self, shown: &Shown, grid: &Grid, layers: &[Layer]) -> Result<Corners, Refusal> {
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let fields = self.state.corners.get(&facts.hanging.modality).or_else(|| self.state.corners.get(""));
        let is_hidden = |field: &str| {
            let is_safe = SAFE_FIELDS.contains(&field);
            let names_patient = PATIENT_FIELDS.contains(&field);
            (self.state.is_deidentified && !is_safe) || (!self.state.texts.patient && names_patient)
        };
        let lines = |field: &String| -> Vec<String> {
            if is_hidden(field) {
                return Vec::new();
            }
            let one = |text: String| vec![text];
            match field.as_str() {
                "Slice" if shown.kind == Kind::Interleaved => self.turn_text(shown).into_iter().collect(),
                "Slice" if shown.is_by_slices() => one(format!("{} / {}", shown.slice(grid) + 1, grid.size()[2])),
                "Phase" if facts.phases > 1 => one(format!("{} / {}", shown.phase + 1, facts.phases)),
                "Place" => {
                    let place = shown.crosshair();
                    one(format!("{:.1}, {:.1}, {:.1} mm", place[0], place[1], place[2]))
                }
                "Window" => {
                    let shown_layers = layers.iter().take(shown.layers.len());
                    let window = |layer: &Layer| {
                        let Window { center, width, .. } = layer.window;
                        format!("W {} L {}", rounded(width), rounded(center))
                    };
                    shown_layers.map(window).collect()
                }
                "Zoom" => one(format!("{:.0} %", shown.zoom * 100.0)),
                "SeriesDescription" => one(facts.hanging.description.clone()),
                other => facts.texts.get(other).cloned().into_iter().collect(),
            }
        };
        let corner = |n: usize| -> Vec<String> {
            let all = fields.into_iter().flat_map(|all| &all[n]).flat_map(lines);
            all.filter(|text| !text.is_empty()).collect()
        };
        Ok(Corners {
            top_left: corner(0),
            top_right: corner(1),
            bottom_left: corner(2),
            bottom_right: corner(3),
        })
    }

    /// Which slice of which of the interleaved series is shown.
    fn turn_text(&self, shown: &Shown) -> Option<String> {
        let turns = self.stage.turns(&self.state.joints, shown).ok()?;
        let turn = turns.get(shown.turn as usize)?;
        let facts = self.stage.facts(&shown.layers[turn.layer].series).ok()?;
        let (slice, slices) = (turn.slice + 1, facts.grid.size()[2]);
        Some(format!("{} {slice} / {slices}", facts.modality()))
    }

    /// Marks, crosshair and the lines of other planes.
    fn lines(&self, viewport: Option<u32>, shown: &Shown, grid: &Grid, size: Size) -> Result<Vec<Line>, Refusal> {
        let mut lines = Vec::new();
        if matches!(shown.kind, Kind::Tiles { .. } | Kind::Curved { .. }) {
            return Ok(lines);
        }
        let plane = shown.plane(grid, size)?;
        let texts = self.state.texts;
        if texts.marks {
            for (n, mark) in &self.state.marks {
                lines.extend(self.of_mark(*n, mark, shown, grid, &plane)?);
                if lines.len() > MAX_LINES {
                    break;
                }
            }
        }
        if texts.reference_lines {
            lines.extend(self.reference_lines(viewport, shown, &plane, size)?);
        }
        if texts.crosshair && shown.crosshair_mm.is_some() {
            if let Some([x, y]) = plane.pixel(shown.crosshair()) {
                let arms = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]];
                lines.extend(arms.map(|[right, down]| Line {
                    points: [6.0, 18.0].map(|along| [x + right * along, y + down * along]).to_vec(),
                    ..plain(CROSS_COLOR)
                }));
            }
        }
        Ok(lines)
    }

    /// A mark on a picture: on the plane that it lies on, or where its points are seen in space.
    fn of_mark(
        &self,
        n: u64,
        mark: &Mark,
        shown: &Shown,
        grid: &Grid,
        plane: &ImagePlane,
    ) -> Result<Vec<Line>, Refusal> {
        let space = self.stage.facts(&shown.layers[0].series)?.space();
        let Some(way) = self.stage.way(&self.state.joints, &space, &mark.space) else {
            return Ok(Vec::new());
        };
        let here = |place: Point<Patient>| way.fixed_from_moving * place;
        if shown.kind.is_plane() {
            let normal = shown.away();
            let near_mm = step_mm(grid, normal) / 2.0 + 1e-6;
            let is_near = |place: &[f64; 3]| normal.dot(here(point(*place)) - shown.focus()).abs() <= near_mm;
            if mark.phase != shown.phase || !mark.points_mm.iter().all(is_near) {
                return Ok(Vec::new());
            }
        } else if !mark.is_in_space {
            return Ok(Vec::new());
        }
        let pixels = |places: &[Point<Patient>]| -> Vec<[f64; 2]> {
            places.iter().filter_map(|place| plane.pixel(here(*place))).collect()
        };
        let Ok(geometry) = geometry(mark) else { return Ok(Vec::new()) };
        let line = Line {
            mark: Some(n),
            ..plain(mark.color)
        };
        let mut lines: Vec<Line> = geometry
            .lines
            .iter()
            .map(|(places, is_closed)| Line {
                points: pixels(places),
                is_closed: *is_closed,
                ..line.clone()
            })
            .collect();
        let handles: Vec<Point<Patient>> = mark.points_mm.iter().map(|place| point(*place)).collect();
        lines.push(Line {
            points: pixels(&handles),
            has_handles: true,
            text: words(mark, &geometry.figures),
            ..line
        });
        Ok(lines)
    }

    /// Where the planes of the other visible views cut this one.
    fn reference_lines(
        &self,
        viewport: Option<u32>,
        shown: &Shown,
        plane: &ImagePlane,
        size: Size,
    ) -> Result<Vec<Line>, Refusal> {
        let mut lines = Vec::new();
        let space = self.stage.facts(&shown.layers[0].series)?.space();
        for n in self.state.desk.visible() {
            let other = self.state.desk.viewports.get(&n).and_then(|view| view.shown.as_ref());
            let Some(other) = other.filter(|other| Some(n) != viewport && other.kind.is_plane()) else {
                continue;
            };
            let theirs = self.stage.facts(&other.layers[0].series)?.space();
            let Some(way) = self.stage.way(&self.state.joints, &space, &theirs) else {
                continue;
            };
            let cut = cut_line(plane, size, way.fixed_from_moving * other.focus(), way.fixed_from_moving * other.away());
            lines.extend(cut.map(|points| Line {
                points: points.to_vec(),
                ..plain(LINE_COLOR)
            }));
        }
        Ok(lines)
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
        let grid = self.stage.facts(&shown.layers[0].series)?.grid.clone();
        let (layers, _) = self.layers(shown, &mut Vec::new())?;
        if let [scene] = self.scenes(shown, &grid, &layers, size)?.as_slice() {
            magnify(renderer, scene, &self.stage.volumes, &mut picture.image, lens, cancel)?;
        }
        Ok(picture)
    }

    /// The mark under a spot, and which of its points; the nearest within `reach_pixels`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a view or a spot that is none.
    pub fn hit(&self, viewport: u32, spot: Spot, reach_pixels: f64) -> Result<Option<(u64, Option<u32>)>, Refusal> {
        let shown = shown(&self.state, viewport, "a mark")?;
        let grid = &self.stage.facts(&shown.layers[0].series)?.grid;
        let size = crate::session::sight::size_of(spot)?;
        let lines = self.lines(Some(viewport), shown, grid, size)?;
        let at = [spot.x, spot.y];
        let apart = |[x, y]: [f64; 2]| (x - at[0]).hypot(y - at[1]);
        let mut best: Option<(f64, u64, Option<u32>)> = None;
        let mut take = |distance: f64, mark: u64, handle: Option<u32>| {
            if distance <= reach_pixels && best.is_none_or(|(known, _, _)| distance < known) {
                best = Some((distance, mark, handle));
            }
        };
        for line in &lines {
            let Some(mark) = line.mark else { continue };
            if line.has_handles {
                for (n, point) in line.points.iter().enumerate() {
                    // A handle wins over the line that it is on.
                    take(apart(*point) * 0.5, mark, Some(n as u32));
                }
                continue;
            }
            let ends = line.points.iter().zip(line.points.iter().cycle().skip(1));
            let count = line.points.len() - usize::from(!line.is_closed);
            for (a, b) in ends.take(count) {
                take(to_stretch(at, *a, *b), mark, None);
            }
        }
        Ok(best.map(|(_, mark, handle)| (mark, handle)))
    }
}

impl Drawn {
    fn next_outline(&self) -> u64 {
        let taken = self.outlines.values().map(|(_, id, _)| id.0 - FIRST_OUTLINE + 1);
        taken.max().unwrap_or(0)
    }
}

/// What is written beside a mark: its text and its first two numbers.
pub(super) fn words(mark: &Mark, figures: &[Figure]) -> String {
    let figures = figures.iter().take(2).map(|figure| match figure.unit.as_str() {
        "deg" => format!("{:.1}°", figure.value),
        "mm2" => format!("{:.1} mm²", figure.value),
        "1" => format!("{:.3}", figure.value),
        unit => format!("{:.1} {unit}", figure.value),
    });
    let words = std::iter::once(mark.text.clone()).chain(figures).filter(|text| !text.is_empty());
    words.collect::<Vec<_>>().join("  ")
}

fn plain(color: [u8; 3]) -> Line {
    Line {
        points: Vec::new(),
        is_closed: false,
        color,
        mark: None,
        has_handles: false,
        text: String::new(),
    }
}

/// A number with two digits behind the point at most.
fn rounded(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
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

fn layer(
    view_layer: &ViewLayer,
    n: usize,
    id: VolumeId,
    volume: &Volume,
    stated: Option<Window>,
) -> Result<Layer, Refusal> {
    let mut layer = if n == 0 {
        Layer::single(id, volume)
    } else {
        Layer::overlay(id, volume, view_layer.ratio)
    };
    layer.window = view_layer.window.map(Window::from).or(stated).unwrap_or_else(|| window_for(volume));
    let usual = if n == 0 {
        single_color_map(volume.unit())
    } else {
        overlay_color_map()
    };
    let colors = match &view_layer.palette {
        None => usual,
        Some(name) => ColorMap::named(name).map_err(|_| Refusal::Unknown {
            what: "palette",
            found: name.clone(),
        })?,
    };
    layer.color_map = if view_layer.is_inverted {
        colors.inverted()
    } else {
        colors
    };
    layer.interpolation = if view_layer.is_interpolated {
        Interpolation::Linear
    } else {
        Interpolation::Nearest
    };
    Ok(layer)
}

/// The material of a preset where it is made for the values of the volume.
fn material(name: &str, volume: &Volume, window: Window) -> Option<crate::render::Material> {
    use crate::render::Scale;
    let preset = preset(name)?;
    let suits = match preset.scale {
        Scale::Hounsfield => *volume.unit() == Unit::Hounsfield,
        Scale::Suv => *volume.unit() == Unit::SuvBw,
        _ => true,
    };
    suits.then(|| preset.material(window).ok()).flatten()
}

fn scene(shown: &Shown, plane: ImagePlane, mut layers: Vec<Layer>) -> Scene {
    let view = match &shown.kind {
        Kind::Stack | Kind::Tiles { .. } | Kind::Interleaved | Kind::Curved { .. } | Kind::Plane => match shown.slab {
            None => View::Plane(plane),
            Some(slab) => View::Projection(Projection::slab(
                plane,
                Slab {
                    thickness_mm: slab.thickness_mm,
                    kind: slab.kind.kind(),
                },
            )),
        },
        Kind::Projection { of } => View::Projection(Projection::new(Camera { plane, eye: None }, of.kind())),
        Kind::Rendering { .. } => View::Rendering(Rendering::new(Camera { plane, eye: None })),
    };
    if !matches!(view, View::Plane(_)) {
        layers.retain(|layer| matches!(layer.drawn_as, DrawnAs::Colors));
    }
    let mut scene = Scene::new(view, layers);
    let sharpens = shown.sharpening > 0.0 && shown.kind.is_plane();
    scene.sharpening = sharpens.then_some(Sharpening {
        amount: shown.sharpening,
        radius_pixels: 1,
    });
    scene
}

fn comparison(shown: &Shown) -> Option<Comparison> {
    Some(match shown.comparing? {
        Comparing::Checkerboard { cell_mm } => Comparison::Checkerboard {
            cell_mm,
            shift: [0.0; 2],
        },
        Comparing::Swipe { place, towards_rad } => Comparison::Swipe { place, towards_rad },
    })
}

/// A mask as 0 and 1 on its box and a voxel around it.
fn solid(mask: &crate::voi::Mask) -> Option<Volume> {
    let found = mask.bounding_box()?;
    let size = mask.grid().size();
    let low: [usize; 3] = std::array::from_fn(|axis| found[axis].start.saturating_sub(1));
    let high: [usize; 3] = std::array::from_fn(|axis| (found[axis].end + 1).min(size[axis]));
    let sides: [usize; 3] = std::array::from_fn(|axis| high[axis] - low[axis]);
    let mut inside = vec![0_u8; sides.iter().product()];
    for run in mask.runs() {
        for index in run.start..run.end {
            let at = [index % size[0], index / size[0] % size[1], index / (size[0] * size[1])];
            let [i, j, k] = std::array::from_fn(|axis| at[axis] - low[axis]);
            inside[(k * sides[1] + j) * sides[0] + i] = 1;
        }
    }
    let grid = cropped(mask.grid(), low, sides)?;
    Volume::new(grid, Voxels::U8(inside.into()), Rescale::IDENTITY, Unit::Unspecified).ok()
}

fn cropped(grid: &Grid, low: [usize; 3], sides: [usize; 3]) -> Option<Grid> {
    let axes = [0, 1, 2].map(|axis| grid.patient_from_voxel().axis(axis));
    let origin = grid.patient(Point::from(low.map(|n| n as f64)));
    if let Some(positions) = grid.slice_positions() {
        // Uneven slices: the first of the box is the new zero.
        let first = *positions.get(low[2])?;
        let part = positions.get(low[2]..low[2] + sides[2])?;
        let part: Vec<f64> = part.iter().map(|position| position - first).collect();
        return Grid::with_slice_positions(sides, Affine::from_axes(axes, origin), part).ok();
    }
    Grid::new(sides, Affine::from_axes(axes, origin)).ok()
}

/// Where a plane through `place` cuts the picture: from edge to edge; `None` where it does not.
fn cut_line(
    plane: &ImagePlane,
    size: Size,
    place: Point<Patient>,
    normal: crate::geometry::Vector<Patient>,
) -> Option<[[f64; 2]; 2]> {
    let axis = |n: usize| normal.dot(plane.patient_from_plane.axis(n));
    let (a, b) = (axis(0), axis(1));
    let c = normal.dot(place - plane.patient(0.0, 0.0));
    // a x + b y = c over the picture's pixels.
    let [width, height] = [size.width, size.height].map(|side| f64::from(side) - 0.5);
    let mut ends = Vec::new();
    let smallest = 1e-9 * (a.hypot(b)).max(axis(2).abs());
    if b.abs() > smallest {
        ends.extend([-0.5, width].map(|x| [x, (c - a * x) / b]));
    }
    if a.abs() > smallest {
        ends.extend([-0.5, height].map(|y| [(c - b * y) / a, y]));
    }
    ends.retain(|[x, y]| (-0.5..=width).contains(x) && (-0.5..=height).contains(y));
    let first = *ends.first()?;
    let far = |end: &[f64; 2]| (end[0] - first[0]).hypot(end[1] - first[1]);
    let last = *ends.iter().max_by(|one, other| far(one).total_cmp(&far(other)))?;
    (far(&last) > 1.0).then_some([first, last])
}

fn to_stretch(at: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        (((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (a[0] + along * dx - at[0]).hypot(a[1] + along * dy - at[1])
}
