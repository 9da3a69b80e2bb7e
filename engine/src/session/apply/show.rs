//! What is shown where: layouts, desks, series, ways of showing.

use std::sync::Arc;

use crate::colormap::Role;
use crate::geometry::{Patient, Point};
use crate::presentation::hanging::MAX_SCREENS;
use crate::presentation::{CurveError, Layout};
use crate::session::apply::{Work, at_most};
use crate::session::command::{Command, Spot};
use crate::session::error::{Refusal, within};
use crate::session::sight::{components, looking_from, numbers, stack_axes, vector};
use crate::session::stage::Turn;
use crate::session::state::{Axis, Desk, KeyImage, Kind, Shown, State, ViewLayer, Viewport};

/// Most layers of a view.
const MAX_LAYERS: usize = crate::render::MAX_LAYERS;
/// Most desks that are kept.
const MAX_DESKS: usize = 64;
/// Most key images.
pub(super) const MAX_KEY_IMAGES: usize = 10_000;
/// Most rows and columns of tiles.
const MAX_TILES: u32 = 12;

impl Work<'_> {
    pub(super) fn show(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::SetLayout { layout, screen } => {
                self.state.hanging = None;
                self.set_layout(layout, *screen)?;
            }
            Command::UseDesk { name } => self.use_desk(name)?,
            Command::SaveDesk { name } => self.save_desk(name)?,
            Command::Maximize { viewport } => {
                if let Some(n) = viewport {
                    self.view(*n)?;
                }
                Arc::make_mut(&mut self.state.desk).maximized = *viewport;
            }
            Command::Show {
                viewport,
                kind,
                series,
                axis,
            } => {
                self.state.hanging = None;
                self.show_series(*viewport, kind, series, *axis)?;
            }
            Command::Clear { viewport } => {
                self.view(*viewport)?;
                let desk = Arc::make_mut(&mut self.state.desk);
                desk.viewports.insert(*viewport, Arc::default());
            }
            Command::ShowCurve {
                viewport,
                from,
                points,
                straightened,
            } => {
                self.state.hanging = None;
                self.show_curve(*viewport, *from, points, *straightened)?;
            }
            Command::SetKind { viewport, kind } => self.set_kind(*viewport, kind)?,
            Command::Reset { viewport } => self.reset(*viewport)?,
            Command::MarkKeyImage { viewport } => self.mark_key_image(*viewport)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn view(&self, viewport: u32) -> Result<&Arc<Viewport>, Refusal> {
        let view = self.state.desk.viewports.get(&viewport);
        view.ok_or(Refusal::NoViewport(viewport))
    }

    fn set_layout(&mut self, layout: &Layout, screen: u32) -> Result<(), Refusal> {
        let desk = Arc::make_mut(&mut self.state.desk);
        let screens = desk.screens().count();
        match (screen as usize).checked_sub(1) {
            None => desk.layout = layout.clone(),
            Some(at) if at < desk.further_screens.len() => desk.further_screens[at] = layout.clone(),
            Some(at) if at == desk.further_screens.len() && screens < MAX_SCREENS => {
                desk.further_screens.push(layout.clone());
            }
            Some(at) => {
                return Err(Refusal::Count {
                    what: "as the screen, from 0",
                    expected: format!("0 to {}", screens.min(MAX_SCREENS - 1)),
                    found: at + 1,
                });
            }
        }
        if desk
            .maximized
            .is_some_and(|n| Desk::screen_of(n) == screen as usize)
        {
            desk.maximized = None;
        }
        desk.fill();
        Ok(())
    }

    fn save_desk(&mut self, name: &str) -> Result<(), Refusal> {
        let name = named(name)?;
        let others = self.state.desks.keys().filter(|known| **known != name).count();
        at_most("desks", MAX_DESKS, others + 1)?;
        self.state.desks.insert(name.clone(), self.state.desk.clone());
        self.state.desk_name = name;
        Ok(())
    }

    /// The desk that is left keeps how it was left.
    fn use_desk(&mut self, name: &str) -> Result<(), Refusal> {
        let wanted = self
            .state
            .desks
            .get(name)
            .cloned()
            .ok_or_else(|| Refusal::Unknown {
                what: "desk",
                found: name.to_owned(),
            })?;
        let State {
            desk,
            desk_name,
            desks,
            hanging,
            ..
        } = self.state;
        if desk_name == name {
            return Ok(());
        }
        // What was saved was arranged by a person: a look does not hang it anew.
        *hanging = None;
        let left = std::mem::replace(desk, wanted);
        let left_name = std::mem::replace(desk_name, name.to_owned());
        desks.insert(left_name, left);
        Ok(())
    }

    fn show_series(
        &mut self,
        viewport: u32,
        kind: &Kind,
        series: &[String],
        axis: Option<Axis>,
    ) -> Result<(), Refusal> {
        self.view(viewport)?;
        let mut shown = self.fresh(kind, series, axis)?;
        self.wear_look(&mut shown)?;
        let view = Viewport {
            home: Some(Box::new(shown.clone())),
            shown: Some(shown),
        };
        Arc::make_mut(&mut self.state.desk)
            .viewports
            .insert(viewport, Arc::new(view));
        Ok(())
    }

    /// Lays a curved plane along points of another view's plane; its columns run towards the feet, or to the back.
    fn show_curve(
        &mut self,
        viewport: u32,
        from: u32,
        points: &[Spot],
        straightened: bool,
    ) -> Result<(), Refusal> {
        let source = self.shown(from, "a curve")?;
        if !source.kind.is_plane() {
            return Err(Refusal::NotShown {
                what: "a curve",
                expected: "a plane",
                found: source.kind.title(),
            });
        }
        let away = source.away();
        let down = if away[2] > 0.0 || (away[2] == 0.0 && away[1] < 0.0) {
            -away
        } else {
            away
        };
        let series: Vec<String> = source.layers.iter().map(|layer| layer.series.clone()).collect();
        let places = points.iter().map(|spot| Ok(numbers(self.place_of(from, *spot)?)));
        let kind = Kind::Curved {
            points_mm: places.collect::<Result<_, Refusal>>()?,
            down: components(down),
            straightened,
        };
        self.show_series(viewport, &kind, &series, None)?;
        // A curve that cannot be is refused now, not when it is drawn.
        let size = crate::presentation::Size {
            width: 64,
            height: 64,
        };
        self.shown(viewport, "a curve")?.curved(size).map(|_| ())
    }

    /// How series are shown at first.
    pub(super) fn fresh(
        &mut self,
        kind: &Kind,
        series: &[String],
        axis: Option<Axis>,
    ) -> Result<Shown, Refusal> {
        if !(1..=MAX_LAYERS).contains(&series.len()) {
            return Err(Refusal::Count {
                what: "series of a view",
                expected: format!("1 to {MAX_LAYERS}"),
                found: series.len(),
            });
        }
        check_kind(kind)?;
        let base = self.stage.facts(&series[0])?.clone();
        if base.planar.is_some() {
            check_planar(kind, series.len())?;
        }
        if *kind != Kind::Interleaved {
            for key in &series[1..] {
                self.may_fuse(&base.key, key)?;
            }
        }
        let palette = |n: usize, key: &str| {
            let modality = self.stage.facts(key).map_or("", |facts| facts.modality());
            let role = if n == 0 { Role::Single } else { Role::Overlay };
            self.department.own_palette(modality, role)
        };
        let layer = |(n, key): (usize, &String)| ViewLayer {
            series: key.clone(),
            window: None,
            table: None,
            stated: 0,
            percent_of_max: None,
            palette: palette(n, key),
            is_inverted: false,
            ratio: if n == 0 { 1.0 } else { 0.5 },
            is_interpolated: true,
        };
        let axes = match kind {
            Kind::Stack | Kind::Tiles { .. } | Kind::Interleaved => stack_axes(&base.grid),
            Kind::Curved { down, .. } => curved_axes(*down)?,
            Kind::Plane => axis.unwrap_or(Axis::Axial).axes()?,
            Kind::Projection { .. } | Kind::Rendering { .. } => looking_from(0.0, 0.0),
        };
        let mut shown = Shown {
            kind: kind.clone(),
            layers: series.iter().enumerate().map(layer).collect(),
            axes,
            focus_mm: numbers(base.grid.center()),
            zoom: 1.0,
            crosshair_mm: None,
            phase: 0,
            turn: 0,
            slab: None,
            shutter: None,
            sharpening: 0.0,
            comparing: None,
            motion: None,
            since_step_s: 0.0,
            is_linked: true,
            groups: None,
        };
        match kind {
            // Tiles begin with the first slice, a stack in the middle of the body.
            Kind::Tiles { .. } => shown.focus_mm = numbers(shown.on_slice(&base.grid, 0)),
            Kind::Stack if base.planar.is_some() => shown.focus_mm = numbers(shown.on_slice(&base.grid, 0)),
            Kind::Stack => {
                let slice = shown.slice(&base.grid);
                shown.focus_mm = numbers(shown.on_slice(&base.grid, slice));
            }
            Kind::Interleaved => {
                let middle = shown.focus();
                shown = self.nearest_turn(&shown, middle)?;
            }
            _ => {}
        }
        Ok(shown)
    }

    /// The view at the slice of its interleaved series that lies nearest to a place.
    pub(super) fn nearest_turn(&self, shown: &Shown, place: Point<Patient>) -> Result<Shown, Refusal> {
        let turns = self.stage.turns(&self.state.joints, shown)?;
        let along_mm = shown.away().dot(place - self.grid(shown)?.center());
        let apart = |turn: &Turn| (turn.along_mm - along_mm).abs();
        let nearest = (0..turns.len()).min_by(|a, b| apart(&turns[*a]).total_cmp(&apart(&turns[*b])));
        self.at_turn(shown, &turns, nearest.unwrap_or(0))
    }

    /// The view at one of the slices of its interleaved series.
    pub(super) fn at_turn(&self, shown: &Shown, turns: &[Turn], turn: usize) -> Result<Shown, Refusal> {
        let Some(to) = turns.get(turn) else {
            return Err(Refusal::Waiting(shown.layers[0].series.clone()));
        };
        let (normal, middle) = (shown.away(), self.grid(shown)?.center());
        let now_mm = normal.dot(shown.focus() - middle);
        Ok(Shown {
            turn: turn as u32,
            focus_mm: numbers(shown.focus() + normal * (to.along_mm - now_mm)),
            ..shown.clone()
        })
    }

    /// Laid over each other is only what shares a frame of reference or was registered.
    pub(super) fn may_fuse(&mut self, fixed: &str, moving: &str) -> Result<(), Refusal> {
        let [fixed_space, moving_space] = [
            self.stage.facts(fixed)?.space(),
            self.stage.facts(moving)?.space(),
        ];
        let way = self.stage.way(&self.state.joints, &fixed_space, &moving_space);
        match way {
            Some(way) if !way.is_offset => Ok(()),
            _ => Err(Refusal::NotJoined(fixed.to_owned(), moving.to_owned())),
        }
    }

    fn set_kind(&mut self, viewport: u32, kind: &Kind) -> Result<(), Refusal> {
        let before = self.shown(viewport, "another way of showing")?.clone();
        let keys: Vec<String> = before.layers.iter().map(|layer| layer.series.clone()).collect();
        let mut shown = self.fresh(kind, &keys, None)?;
        let grid = self.grid(&before)?;
        let has_own_axes = matches!(
            kind,
            Kind::Stack | Kind::Tiles { .. } | Kind::Interleaved | Kind::Curved { .. }
        );
        if before.kind.is_plane() == kind.is_plane() && !has_own_axes {
            shown.axes = before.axes;
        }
        shown.layers.clone_from(&before.layers);
        shown.phase = before.phase;
        shown.is_linked = before.is_linked;
        shown.shutter.clone_from(&before.shutter);
        shown.groups.clone_from(&before.groups);
        if kind.is_plane() {
            shown.focus_mm = numbers(before.crosshair());
            shown.slab = before.slab;
            shown.sharpening = before.sharpening;
        }
        if matches!(kind, Kind::Stack | Kind::Tiles { .. }) {
            let slice = shown.slice(&grid);
            // The middle of the picture is that of the stack; the slice is the one of the place.
            shown.focus_mm = numbers(grid.center());
            shown.focus_mm = numbers(shown.on_slice(&grid, slice));
        }
        if *kind == Kind::Interleaved {
            shown = self.nearest_turn(&shown, before.crosshair())?;
        }
        *self.shown_mut(viewport, "another way of showing")? = shown;
        Ok(())
    }

    fn reset(&mut self, viewport: Option<u32>) -> Result<(), Refusal> {
        if let Some(n) = viewport {
            self.view(n)?;
        }
        let desk = Arc::make_mut(&mut self.state.desk);
        for (n, view) in &mut desk.viewports {
            if viewport.is_none_or(|only| only == *n) && view.shown.as_ref() != view.home.as_deref() {
                let view = Arc::make_mut(view);
                view.shown = view.home.as_deref().cloned();
            }
        }
        if viewport.is_none() {
            desk.maximized = None;
        }
        Ok(())
    }

    fn mark_key_image(&mut self, viewport: u32) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a key image")?;
        if !shown.kind.is_plane() {
            return Err(Refusal::NotShown {
                what: "a key image",
                expected: "a plane",
                found: shown.kind.title(),
            });
        }
        let grid = self.grid(shown)?;
        let image = KeyImage {
            series: shown.layers[0].series.clone(),
            slice: shown.slice(&grid) as u32,
            phase: shown.phase,
        };
        let marked = &mut self.state.key_images;
        match marked.iter().position(|known| *known == image) {
            Some(at) => {
                marked.remove(at);
            }
            None => {
                at_most("key images", MAX_KEY_IMAGES, marked.len() + 1)?;
                marked.push(image);
            }
        }
        Ok(())
    }
}

/// Images without a volume stand by themselves.
fn check_planar(kind: &Kind, series: usize) -> Result<(), Refusal> {
    if !matches!(kind, Kind::Stack | Kind::Tiles { .. }) {
        return Err(Refusal::NotShown {
            what: "a series of images without a volume",
            expected: "a stack or tiles",
            found: kind.title(),
        });
    }
    if series != 1 {
        return Err(Refusal::Count {
            what: "series of a view of images without a volume",
            expected: "1".to_owned(),
            found: series,
        });
    }
    Ok(())
}

fn check_kind(kind: &Kind) -> Result<(), Refusal> {
    match kind {
        Kind::Tiles { rows, columns } => {
            for found in [*rows, *columns] {
                if !(1..=MAX_TILES).contains(&found) {
                    return Err(Refusal::Count {
                        what: "rows and columns of tiles",
                        expected: format!("1 to {MAX_TILES}"),
                        found: found as usize,
                    });
                }
            }
            Ok(())
        }
        Kind::Rendering { preset: Some(name) } => check_preset(name),
        Kind::Curved { points_mm, .. } => {
            at_most("points of a curve", 256, points_mm.len())?;
            for part in points_mm.iter().flatten() {
                within("a place", "within 100 m", -1e5..=1e5, *part)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Axes of a curved plane's middle: only its direction down is known.
fn curved_axes(down: [f64; 3]) -> Result<[[f64; 3]; 3], Refusal> {
    let down = vector(down).normalized().ok_or(CurveError::Side)?;
    let any = if down[0].abs() < 0.9 {
        [1.0, 0.0, 0.0]
    } else {
        [0.0, 1.0, 0.0]
    };
    let away = down.cross(vector(any)).normalized().ok_or(CurveError::Side)?;
    Ok([down.cross(away), down, away].map(components))
}

/// Whether there is a rendering preset of that name.
pub(super) fn check_preset(name: &str) -> Result<(), Refusal> {
    let known = crate::render::preset(name);
    known.map(|_| ()).ok_or_else(|| Refusal::Unknown {
        what: "rendering preset",
        found: name.to_owned(),
    })
}

/// A name that people can read.
pub(super) fn named(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 128 {
        return Err(Refusal::Count {
            what: "characters of a name",
            expected: "1 to 128".to_owned(),
            found: name.chars().count(),
        });
    }
    Ok(name.to_owned())
}
