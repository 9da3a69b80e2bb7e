//! What is shown where: layouts, desks, series, ways of showing.

use std::sync::Arc;

use crate::presentation::Layout;
use crate::session::apply::{Work, at_most};
use crate::session::command::Command;
use crate::session::error::Refusal;
use crate::session::sight::{looking_from, numbers, stack_axes};
use crate::session::state::{Axis, Desk, Kind, KeyImage, Shown, State, ViewLayer, Viewport};

/// Most layers of a view.
const MAX_LAYERS: usize = crate::render::MAX_LAYERS;
/// Most desks that are kept.
const MAX_DESKS: usize = 64;
/// Most key images.
const MAX_KEY_IMAGES: usize = 10_000;
/// Most rows and columns of tiles.
const MAX_TILES: u32 = 12;

impl Work<'_> {
    pub(super) fn show(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::SetLayout { layout } => self.set_layout(layout),
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
            } => self.show_series(*viewport, kind, series, *axis)?,
            Command::Clear { viewport } => {
                self.view(*viewport)?;
                let desk = Arc::make_mut(&mut self.state.desk);
                desk.viewports.insert(*viewport, Arc::default());
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

    fn set_layout(&mut self, layout: &Layout) {
        let desk = Arc::make_mut(&mut self.state.desk);
        desk.layout = layout.clone();
        desk.maximized = None;
        for n in 1..=layout.cells().len() as u32 {
            desk.viewports.entry(n).or_default();
        }
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
        let wanted = self.state.desks.get(name).cloned().ok_or_else(|| Refusal::Unknown {
            what: "desk",
            found: name.to_owned(),
        })?;
        let State { desk, desk_name, desks, .. } = self.state;
        if desk_name == name {
            return Ok(());
        }
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
        let shown = self.fresh(kind, series, axis)?;
        let view = Viewport {
            home: Some(Box::new(shown.clone())),
            shown: Some(shown),
        };
        Arc::make_mut(&mut self.state.desk).viewports.insert(viewport, Arc::new(view));
        Ok(())
    }

    /// How series are shown at first.
    fn fresh(&mut self, kind: &Kind, series: &[String], axis: Option<Axis>) -> Result<Shown, Refusal> {
        if !(1..=MAX_LAYERS).contains(&series.len()) {
            return Err(Refusal::Count {
                what: "series of a view",
                expected: format!("1 to {MAX_LAYERS}"),
                found: series.len(),
            });
        }
        check_kind(kind)?;
        let base = self.stage.facts(&series[0])?.clone();
        for key in &series[1..] {
            self.may_fuse(&base.key, key)?;
        }
        let layer = |(n, key): (usize, &String)| ViewLayer {
            series: key.clone(),
            window: None,
            palette: None,
            is_inverted: false,
            ratio: if n == 0 { 1.0 } else { 0.5 },
            is_interpolated: true,
        };
        let axes = match kind {
            Kind::Stack | Kind::Tiles { .. } => stack_axes(&base.grid),
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
            slab: None,
            sharpening: 0.0,
            comparing: None,
            motion: None,
            since_step_s: 0.0,
            is_linked: true,
        };
        match kind {
            // Tiles begin with the first slice, a stack in the middle of the body.
            Kind::Tiles { .. } => shown.focus_mm = numbers(shown.on_slice(&base.grid, 0)),
            Kind::Stack => {
                let slice = shown.slice(&base.grid);
                shown.focus_mm = numbers(shown.on_slice(&base.grid, slice));
            }
            _ => {}
        }
        Ok(shown)
    }

    /// Laid over each other is only what shares a frame of reference or was registered.
    fn may_fuse(&mut self, fixed: &str, moving: &str) -> Result<(), Refusal> {
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
        if before.kind.is_plane() == kind.is_plane() && !matches!(kind, Kind::Stack | Kind::Tiles { .. }) {
            shown.axes = before.axes;
        }
        shown.layers.clone_from(&before.layers);
        shown.phase = before.phase;
        shown.is_linked = before.is_linked;
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
        _ => Ok(()),
    }
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

impl Desk {
    /// Numbers of the views that are seen.
    #[must_use]
    pub fn visible(&self) -> Vec<u32> {
        match self.maximized {
            Some(n) => vec![n],
            None => (1..=self.layout.cells().len() as u32).collect(),
        }
    }
}
