//! What can be set of a view, as data: a window's panel and a page draw the same from it.

use serde::Serialize;

use crate::colormap::Window;
use crate::colormap::names;
use crate::dicom::read::planar::StatedWindow;
use crate::presentation::WindowPresets;
use crate::render::presets;
use crate::session::error::Refusal;
use crate::session::state::{Kind, MarkKind, Shown};
use crate::session::{SeriesFacts, Session, apply};
use crate::volume::Unit;

/// What can be set of one view, and what can be done in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Controls {
    /// Settings with their present values, in the order in which panels show them.
    pub controls: Vec<Control>,
    /// Tools for the pointer.
    pub tools: Vec<&'static str>,
    /// What can be drawn.
    pub marks: Vec<MarkKind>,
    /// Whether there is something to take back, and to do again.
    pub can_undo: bool,
    /// Whether there is something to do again.
    pub can_redo: bool,
}

/// One thing that can be set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Control {
    /// Name of the command that sets it.
    pub command: &'static str,
    /// The layer that it is about; none for the view.
    pub layer: Option<u32>,
    /// What may be set, and what is.
    pub setting: Setting,
}

/// What may be set, and what is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// A number between two.
    Number {
        /// What it is now.
        value: f64,
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
        /// Its unit.
        unit: String,
    },
    /// One of several names.
    Choice {
        /// The present one; none for what is usual.
        value: Option<String>,
        /// All.
        choices: Vec<String>,
    },
    /// Whether.
    Switch {
        /// Now.
        value: bool,
    },
    /// A window.
    Window {
        /// Lower and upper limit; none for what is usual.
        value: Option<[f64; 2]>,
        /// Unit of the values.
        unit: String,
        /// Names of presets.
        presets: Vec<String>,
    },
}

impl Session {
    /// What can be set of a view.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an unknown view or one that shows nothing.
    pub fn controls(&self, viewport: u32) -> Result<Controls, Refusal> {
        let shown = apply::shown(&self.state, viewport, "settings")?;
        let view = |command, setting| Control {
            command,
            layer: None,
            setting,
        };
        let mut controls = Vec::new();
        for (n, layer) in shown.layers.iter().enumerate() {
            let facts = self.stage.facts(&layer.series)?;
            let of_layer = |command, setting| Control {
                command,
                layer: Some(n as u32),
                setting,
            };
            controls.push(of_layer(
                "set_window",
                Setting::Window {
                    value: layer.window.map(|window| Window::from(window).limits().into()),
                    unit: facts.unit.label().to_owned(),
                    presets: window_presets(facts, &self.department.windows),
                },
            ));
            if let Some(choices) = self.stated_views(shown, &layer.series)? {
                let value = choices.get(layer.stated as usize).cloned();
                let value = value.filter(|_| layer.window.is_none() && layer.table.is_none());
                controls.push(of_layer("use_stated_window", Setting::Choice { value, choices }));
            }
            controls.push(of_layer(
                "set_palette",
                Setting::Choice {
                    value: layer.palette.clone(),
                    choices: names(),
                },
            ));
            controls.push(of_layer(
                "invert",
                Setting::Switch {
                    value: layer.is_inverted,
                },
            ));
        }
        if let Some(upper) = shown.layers.get(1) {
            controls.push(view("set_ratio", number(upper.ratio, 0.0, 1.0, "1")));
        }
        controls.push(view("set_zoom", number(shown.zoom, 0.02, 200.0, "1")));
        if shown.kind.is_plane() {
            let slab_mm = shown.slab.map_or(0.0, |slab| slab.thickness_mm);
            let has_volume = self.stage.facts(&shown.layers[0].series)?.planar.is_none();
            if has_volume {
                controls.push(view("set_slab", number(slab_mm, 0.0, 500.0, "mm")));
            }
            controls.push(view("sharpen", number(shown.sharpening, 0.0, 10.0, "1")));
            let value = shown.layers.iter().all(|layer| layer.is_interpolated);
            controls.push(view("set_interpolation", Setting::Switch { value }));
        }
        if let Kind::Rendering { preset } = &shown.kind {
            let choices = presets().map(|preset| preset.name.to_owned()).collect();
            controls.push(view(
                "set_preset",
                Setting::Choice {
                    value: preset.clone(),
                    choices,
                },
            ));
        }
        controls.push(view(
            "set_linked",
            Setting::Switch {
                value: shown.is_linked,
            },
        ));
        Ok(Controls {
            controls,
            tools: tools(&shown.kind),
            marks: match shown.kind {
                Kind::Curved { .. } => Vec::new(),
                Kind::Rendering { .. } => MARKS.into_iter().filter(|kind| kind.is_spatial()).collect(),
                _ => MARKS.to_vec(),
            },
            can_undo: self.can_undo(),
            can_redo: self.can_redo(),
        })
    }
}

impl Session {
    /// What the maker of images without a volume calls their views, where they have come.
    fn stated_views(&self, shown: &Shown, key: &str) -> Result<Option<Vec<String>>, Refusal> {
        let facts = self.stage.facts(key)?;
        if facts.planar.is_none() {
            return Ok(None);
        }
        let sheet = self.stage.sheet(key, shown.slice(&facts.grid)).ok().flatten();
        let views = sheet.map(|sheet| {
            let windows = sheet.image.planar.windows().iter().enumerate();
            let name = |(n, window): (usize, &StatedWindow)| {
                let own = window.explanation.clone().filter(|name| !name.trim().is_empty());
                own.unwrap_or_else(|| (n + 1).to_string())
            };
            windows.map(name).collect::<Vec<_>>()
        });
        Ok(views.filter(|views| !views.is_empty()))
    }
}

const MARKS: [MarkKind; 15] = [
    MarkKind::Length,
    MarkKind::Polyline,
    MarkKind::Angle,
    MarkKind::Cobb,
    MarkKind::Bidirectional,
    MarkKind::Cardiothoracic,
    MarkKind::Rectangle,
    MarkKind::Ellipse,
    MarkKind::Circle,
    MarkKind::Polygon,
    MarkKind::Freehand,
    MarkKind::Spline,
    MarkKind::Arrow,
    MarkKind::Text,
    MarkKind::Probe,
];

fn number(value: f64, low: f64, high: f64, unit: &str) -> Setting {
    Setting::Number {
        value,
        low,
        high,
        unit: unit.to_owned(),
    }
}

fn tools(kind: &Kind) -> Vec<&'static str> {
    match kind {
        Kind::Stack => vec![
            "scroll",
            "drag_window",
            "pan",
            "zoom",
            "crosshair",
            "brush",
            "move_voi",
            "livewire",
        ],
        Kind::Tiles { .. } | Kind::Interleaved => {
            vec![
                "scroll",
                "drag_window",
                "pan",
                "zoom",
                "crosshair",
                "brush",
                "move_voi",
            ]
        }
        Kind::Plane => vec![
            "scroll",
            "drag_window",
            "pan",
            "zoom",
            "crosshair",
            "turn",
            "brush",
            "move_voi",
            "livewire",
        ],
        Kind::Projection { .. } => vec!["turn", "drag_window", "pan", "zoom", "jump_to_maximum"],
        Kind::Curved { .. } => vec!["drag_window", "zoom"],
        Kind::Rendering { .. } => vec!["turn", "drag_window", "pan", "zoom"],
    }
}

/// Names of the presets for the part of the body first, then the modality's others, where the values have the presets'
/// unit: a series of the whole body is read with the windows of all its parts.
fn window_presets(facts: &SeriesFacts, presets: &WindowPresets) -> Vec<String> {
    if !matches!(facts.unit, Unit::Hounsfield | Unit::SuvBw) {
        return Vec::new();
    }
    let modality = facts.modality();
    let mut names: Vec<String> = Vec::new();
    let fitting = presets.for_body_part(modality, &facts.hanging.body_part);
    for preset in fitting.into_iter().chain(presets.of_modality(modality)) {
        if !names.contains(&preset.name) {
            names.push(preset.name.clone());
        }
    }
    names
}
