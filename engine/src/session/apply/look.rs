//! How layers look: windows, palettes, mixes, slabs, texts, links.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::colormap::{ColorMap, Window, WindowFunction};
use crate::presentation::WindowPresets;
use crate::session::apply::show::{check_preset, named};
use crate::session::apply::{Work, at_most};
use crate::session::command::{Command, Link};
use crate::session::error::{Refusal, within};
use crate::session::sheet::window_of;
use crate::session::source::SeriesFacts;
use crate::session::state::{
    Comparing, Groups, Kind, SlabKind, ViewFunction, ViewLayer, ViewSlab, ViewWindow,
};
use crate::volume::{Unit, Volume};

/// A window's width grows by this much of itself a pixel of the pointer's way.
const PER_PIXEL: f64 = 1.0 / 256.0;
/// Most modalities with corner fields of their own, and most fields of a corner.
const MAX_FIELDS: usize = 64;

impl Work<'_> {
    pub(super) fn look(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::SetWindow {
                viewport,
                layer,
                window,
            } => self.set_window(*viewport, *layer, *window)?,
            Command::PresetWindow {
                viewport,
                layer,
                name,
            } => {
                let window = self.preset(*viewport, *layer, name)?;
                self.set_window(*viewport, *layer, Some(window))?;
            }
            Command::DragWindow { viewport, layer, by } => self.drag_window(*viewport, *layer, *by)?,
            Command::Invert { viewport, layer } => {
                let layer = self.layer_mut(*viewport, *layer, "inverting")?;
                layer.is_inverted = !layer.is_inverted;
            }
            Command::SetPalette {
                viewport,
                layer,
                name,
            } => self.set_palette(*viewport, *layer, name)?,
            Command::SetRatio { viewport, ratio } => self.set_ratio(*viewport, *ratio)?,
            Command::SetInterpolation { viewport, on } => {
                for layer in &mut self.shown_mut(*viewport, "interpolation")?.layers {
                    layer.is_interpolated = *on;
                }
            }
            Command::SetSlab {
                viewport,
                thickness_mm,
                kind,
            } => self.set_slab(*viewport, *thickness_mm, *kind)?,
            Command::Sharpen { viewport, amount } => {
                let amount = within("the sharpening", "0 to 10", 0.0..=10.0, *amount)?;
                self.shown_mut(*viewport, "sharpening")?.sharpening = amount;
            }
            Command::SetPreset { viewport, name } => {
                check_preset(name)?;
                let shown = self.shown_mut(*viewport, "a rendering preset")?;
                let Kind::Rendering { preset } = &mut shown.kind else {
                    return Err(Refusal::NotShown {
                        what: "a rendering preset",
                        expected: "a volume rendering",
                        found: shown.kind.title(),
                    });
                };
                *preset = Some(name.clone());
            }
            Command::Compare { viewport, how } => self.compare(*viewport, *how)?,
            Command::SetLink { link, on } => {
                if *on {
                    self.state.links.insert(*link);
                } else {
                    self.state.links.remove(link);
                }
            }
            Command::SetLinked { viewport, on } => self.shown_mut(*viewport, "a link")?.is_linked = *on,
            Command::SetGroups { viewport, groups } => self.set_groups(*viewport, groups.as_ref())?,
            Command::SetTexts { texts } => self.state.texts = *texts,
            Command::SetCorners { modality, fields } => self.set_corners(modality.as_deref(), fields)?,
            Command::Deidentify { on } => self.state.is_deidentified = *on,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_window(&mut self, viewport: u32, layer: u32, window: Option<ViewWindow>) -> Result<(), Refusal> {
        if let Some(window) = window {
            within(
                "the window's center",
                "-1e12 to 1e12",
                -1e12..=1e12,
                window.center,
            )?;
            within(
                "the window's width",
                "above 0, to 1e12",
                1e-9..=1e12,
                window.width,
            )?;
        }
        let changed = self.layer_mut(viewport, layer, "a window")?;
        changed.set_window(window);
        let series = changed.series.clone();
        let facts = self.stage.facts(&series)?;
        if facts.planar.as_ref().is_some_and(|planar| planar.is_colour) {
            return Err(Refusal::NotShown {
                what: "a window",
                expected: "grey images",
                found: "images of colour",
            });
        }
        let unit = facts.unit.clone();
        for n in self.alike(viewport, Link::Window)? {
            let keys: Vec<String> = self
                .shown(n, "a window")?
                .layers
                .iter()
                .map(|l| l.series.clone())
                .collect();
            for (at, key) in keys.iter().enumerate() {
                if may_share_window(&unit, &series, &self.stage.facts(key)?.unit, key) {
                    self.layer_mut(n, at as u32, "a window")?.set_window(window);
                }
            }
        }
        Ok(())
    }

    fn preset(&self, viewport: u32, layer: u32, name: &str) -> Result<ViewWindow, Refusal> {
        let shown = self.shown(viewport, "a window")?;
        let layer = shown.layers.get(layer as usize).ok_or(Refusal::NoLayer {
            layers: shown.layers.len(),
            found: layer as usize,
        })?;
        let facts = self.stage.facts(&layer.series)?;
        let window = preset_window(facts, name, &self.department.windows).or_else(|| suv_range(facts, name));
        window.map(ViewWindow::from).ok_or_else(|| Refusal::Unknown {
            what: "window preset for values of this unit",
            found: name.to_owned(),
        })
    }

    fn drag_window(&mut self, viewport: u32, layer: u32, [right, down]: [f64; 2]) -> Result<(), Refusal> {
        within("the way to the right", "within 100000 pixels", -1e5..=1e5, right)?;
        within("the way down", "within 100000 pixels", -1e5..=1e5, down)?;
        let (window, is_uptake) = self.window_now(viewport, layer)?;
        let (low, high) = window.limits();
        let next = if is_uptake && low == 0.0 {
            // What is read from nothing up keeps its lower limit.
            let high = high * (down * PER_PIXEL).clamp(-20.0, 20.0).exp();
            ViewWindow::from(Window::between(0.0, high.clamp(1e-6, 1e9)))
        } else {
            let now = ViewWindow::from(window);
            let width = now.width * (right * PER_PIXEL).clamp(-20.0, 20.0).exp();
            ViewWindow {
                // The pointer goes down: brighter.
                center: (now.center - down * PER_PIXEL * now.width).clamp(-1e12, 1e12),
                width: width.clamp(1e-6, 1e12),
                ..now
            }
        };
        self.set_window(viewport, layer, Some(next))
    }

    /// The window of a layer as it is shown, and whether the layer is uptake.
    fn window_now(&self, viewport: u32, layer: u32) -> Result<(Window, bool), Refusal> {
        let shown = self.shown(viewport, "a window")?;
        let phase = shown.phase;
        let layer = shown.layers.get(layer as usize).ok_or(Refusal::NoLayer {
            layers: shown.layers.len(),
            found: layer as usize,
        })?;
        let facts = self.stage.facts(&layer.series)?;
        let is_uptake = facts.hanging.is_emission;
        if facts.planar.is_some() {
            let slice = shown.slice(&facts.grid);
            let sheet = self.stage.sheet(&layer.series, slice)?;
            let sheet = sheet.ok_or_else(|| Refusal::Waiting(layer.series.clone()))?;
            return Ok((window_of(&layer.curve(&sheet)), is_uptake));
        }
        let known = layer.window.map(Window::from).or(facts.window);
        let window = match (layer.window, layer.percent_of_max, known, &facts.unit) {
            (None, Some(_), ..) => {
                let volume = self.stage.whole(&layer.series, phase)?;
                let found = layer.window_in(&volume).or(known);
                found.unwrap_or_else(|| crate::fusion::window_for(&volume))
            }
            (_, _, Some(window), _) => window,
            (_, _, None, Unit::Hounsfield) => Window::linear(40.0, 400.0),
            (_, _, None, Unit::SuvBw) => Window::between(0.0, 5.0),
            (_, _, None, _) => crate::fusion::window_for(&self.stage.whole(&layer.series, phase)?),
        };
        Ok((window, is_uptake))
    }

    fn set_palette(&mut self, viewport: u32, layer: u32, name: &str) -> Result<(), Refusal> {
        ColorMap::named(name).map_err(|_| Refusal::Unknown {
            what: "palette",
            found: name.to_owned(),
        })?;
        self.layer_mut(viewport, layer, "a palette")?.palette = Some(name.to_owned());
        let shown = self.shown(viewport, "a palette")?;
        let modality = self
            .stage
            .facts(&shown.layers[layer as usize].series)?
            .hanging
            .modality
            .clone();
        let is_overlay = layer > 0;
        for n in self.alike(viewport, Link::Palette)? {
            let keys: Vec<String> = self
                .shown(n, "a palette")?
                .layers
                .iter()
                .map(|l| l.series.clone())
                .collect();
            for (at, key) in keys.iter().enumerate() {
                // Uptake by itself and uptake over anatomy have palettes of their own.
                if self.stage.facts(key)?.modality() == modality && (at > 0) == is_overlay {
                    self.layer_mut(n, at as u32, "a palette")?.palette = Some(name.to_owned());
                }
            }
        }
        Ok(())
    }

    fn set_groups(&mut self, viewport: Option<u32>, groups: Option<&Groups>) -> Result<(), Refusal> {
        for name in groups.into_iter().flat_map(BTreeMap::values) {
            named(name)?;
        }
        let groups = groups.map(|groups| Arc::new(groups.clone()));
        if let Some(n) = viewport {
            self.shown_mut(n, "a group")?.groups.clone_from(&groups);
            return Ok(());
        }
        for view in Arc::make_mut(&mut self.state.desk).viewports.values_mut() {
            if let Some(shown) = &mut Arc::make_mut(view).shown {
                shown.groups.clone_from(&groups);
            }
        }
        Ok(())
    }

    fn set_ratio(&mut self, viewport: u32, ratio: f64) -> Result<(), Refusal> {
        let ratio = within("the ratio", "0 to 1", 0.0..=1.0, ratio)?;
        let shown = self.shown_mut(viewport, "a mix")?;
        if shown.layers.len() < 2 {
            return Err(Refusal::NotShown {
                what: "a mix",
                expected: "two layers",
                found: "one",
            });
        }
        shown.layers[1..].iter_mut().for_each(|layer| layer.ratio = ratio);
        for n in self.alike(viewport, Link::Window)? {
            let other = self.shown_mut(n, "a mix")?;
            other
                .layers
                .iter_mut()
                .skip(1)
                .for_each(|layer| layer.ratio = ratio);
        }
        Ok(())
    }

    fn set_slab(&mut self, viewport: u32, thickness_mm: f64, kind: SlabKind) -> Result<(), Refusal> {
        let thickness_mm = within("the thickness", "0 to 10000 mm", 0.0..=10_000.0, thickness_mm)?;
        let series = self.shown(viewport, "a slab")?.layers[0].series.clone();
        if thickness_mm > 0.0 && self.stage.facts(&series)?.planar.is_some() {
            return Err(Refusal::NoVolume(series));
        }
        let shown = self.shown_mut(viewport, "a slab")?;
        if !shown.kind.is_plane() {
            return Err(Refusal::NotShown {
                what: "a slab",
                expected: "a plane",
                found: shown.kind.title(),
            });
        }
        shown.slab = (thickness_mm > 0.0).then_some(ViewSlab { thickness_mm, kind });
        Ok(())
    }

    fn compare(&mut self, viewport: u32, how: Option<Comparing>) -> Result<(), Refusal> {
        match how {
            Some(Comparing::Checkerboard { cell_mm }) => {
                within("a cell's side", "1 to 1000 mm", 1.0..=1000.0, cell_mm)?;
            }
            Some(Comparing::Swipe { place, towards_rad }) => {
                within("the line's place", "0 to 1", 0.0..=1.0, place)?;
                within("the line's direction", "-7 to 7 radians", -7.0..=7.0, towards_rad)?;
            }
            None => {}
        }
        let shown = self.shown_mut(viewport, "a comparison")?;
        if how.is_some() && (shown.layers.len() < 2 || !matches!(shown.kind, Kind::Stack | Kind::Plane)) {
            return Err(Refusal::NotShown {
                what: "a comparison",
                expected: "a plane of two layers",
                found: shown.kind.title(),
            });
        }
        shown.comparing = how;
        Ok(())
    }

    fn set_corners(&mut self, modality: Option<&str>, fields: &[Vec<String>; 4]) -> Result<(), Refusal> {
        for corner in fields {
            at_most("fields of a corner", MAX_FIELDS, corner.len())?;
            for field in corner {
                named(field)?;
            }
        }
        let corners = Arc::make_mut(&mut self.state.corners);
        corners.insert(modality.unwrap_or_default().to_owned(), fields.clone());
        at_most("modalities with fields of their own", MAX_FIELDS, corners.len())
    }
}

/// Whether two layers are windowed together: one unit, and for units that say nothing, one series.
fn may_share_window(unit: &Unit, series: &str, other_unit: &Unit, other_series: &str) -> bool {
    series == other_series || (unit == other_unit && matches!(unit, Unit::Hounsfield | Unit::SuvBw))
}

/// A preset of the series' modality where its values have the presets' unit: HU of CT, SUV of PET.
pub(super) fn preset_window(facts: &SeriesFacts, name: &str, presets: &WindowPresets) -> Option<Window> {
    let has_unit = match facts.modality() {
        "CT" => facts.unit == Unit::Hounsfield,
        "PT" => facts.unit == Unit::SuvBw,
        _ => false,
    };
    presets
        .named(facts.modality(), name)
        .filter(|_| has_unit)
        .map(|preset| preset.window)
}

/// SUV windows are also called by their limits: `0-5`, `0-12.5`.
fn suv_range(facts: &SeriesFacts, name: &str) -> Option<Window> {
    let (low, high) = name.split_once('-').filter(|_| facts.unit == Unit::SuvBw)?;
    let [low, high]: [f64; 2] = [low.trim().parse().ok()?, high.trim().parse().ok()?];
    let is_usable = low.is_finite() && high.is_finite() && low >= 0.0 && high > low && high <= 1000.0;
    is_usable.then(|| Window::between(low, high))
}

impl ViewLayer {
    /// Sets the window; none is the usual one of the values.
    pub(in crate::session) fn set_window(&mut self, window: Option<ViewWindow>) {
        self.window = window;
        self.percent_of_max = None;
        self.table = None;
    }

    /// The window that was set, in a volume's values; none for the usual one.
    pub(in crate::session) fn window_in(&self, volume: &Volume) -> Option<Window> {
        let of_max = || {
            let [low, high] = self.percent_of_max?;
            let (_, max) = volume.range()?;
            let window = Window::between(low / 100.0 * max, high / 100.0 * max);
            Some(window).filter(|window| window.is_valid() && window.width > 0.0)
        };
        self.window.map(Window::from).or_else(of_max)
    }
}

impl From<Window> for ViewWindow {
    fn from(window: Window) -> Self {
        Self {
            center: window.center,
            width: window.width,
            function: match window.function {
                WindowFunction::Linear => ViewFunction::Linear,
                WindowFunction::Sigmoid => ViewFunction::Sigmoid,
                _ => ViewFunction::LinearExact,
            },
        }
    }
}

impl From<ViewWindow> for Window {
    fn from(window: ViewWindow) -> Self {
        Self {
            center: window.center,
            width: window.width,
            function: match window.function {
                ViewFunction::Linear => WindowFunction::Linear,
                ViewFunction::LinearExact => WindowFunction::LinearExact,
                ViewFunction::Sigmoid => WindowFunction::Sigmoid,
            },
        }
    }
}
