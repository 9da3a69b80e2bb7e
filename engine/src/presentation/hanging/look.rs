//! Manners of working, as data.

use serde::{Deserialize, Serialize};

use super::protocol::{Title, WindowRule, read_json};
use super::{HangingError, check};
use crate::colormap::Role;
use crate::presentation::{Layout, WindowPresets};

/// Palettes, windows, arrangements and bindings that belong together.
///
/// Looks named after workstations are our own choices for readers who come from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// What it is called in commands.
    pub name: String,
    /// What people read.
    pub title: Title,
    /// Palettes by modality.
    #[serde(default)]
    pub palettes: Vec<PaletteChoice>,
    /// Windows by modality and part of the body.
    #[serde(default)]
    pub windows: Vec<WindowChoice>,
    /// Share of overlays, 0 to 1.
    #[serde(default)]
    pub fusion_ratio: Option<f64>,
    /// Layouts in place of protocols' own.
    #[serde(default)]
    pub arrangements: Vec<Arrangement>,
    /// What the mouse does.
    #[serde(default)]
    pub mouse: Vec<MouseBinding>,
    /// What keys do.
    #[serde(default)]
    pub keys: Vec<KeyBinding>,
}

/// Palettes of a modality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaletteChoice {
    /// Modality.
    pub modality: String,
    /// Alone, or below others.
    #[serde(default)]
    pub single: Option<String>,
    /// Over another.
    #[serde(default)]
    pub overlay: Option<String>,
}

/// A window of a modality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowChoice {
    /// Modality.
    pub modality: String,
    /// Body Part Examined; left out, all parts without a choice of their own.
    #[serde(default)]
    pub body_part: Option<String>,
    /// The window.
    pub window: WindowRule,
}

/// A layout for the views of a protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrangement {
    /// Name of the protocol.
    pub protocol: String,
    /// The layout.
    pub layout: Layout,
    /// For each view of the protocol its cell, or `null` where it is not shown.
    pub cells: Vec<Option<usize>>,
}

/// A part of a mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Button {
    /// Left, drawn.
    Left,
    /// Middle, drawn.
    Middle,
    /// Right, drawn.
    Right,
    /// Wheel, turned.
    Wheel,
}

/// A key that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Modifier {
    /// Shift.
    Shift,
    /// Control.
    Ctrl,
    /// Alt or Option.
    Alt,
    /// Command or Windows.
    Meta,
}

/// What a mouse does to a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tool {
    /// Changes the window.
    Window,
    /// Shifts the image.
    Pan,
    /// Magnifies.
    Zoom,
    /// Goes through slices.
    Scroll,
    /// Places the cross.
    Crosshair,
    /// Turns a rendering or a plane.
    Rotate,
    /// Nothing.
    None,
}

/// A mouse's part and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MouseBinding {
    /// The part.
    pub button: Button,
    /// Keys held with it.
    #[serde(default)]
    pub modifiers: Vec<Modifier>,
    /// What it does.
    pub tool: Tool,
}

/// A key and the command that it gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyBinding {
    /// Name of the key as in the W3C's UI Events (`r`, `F1`, `ArrowUp`); case does not matter.
    pub key: String,
    /// Keys held with it.
    #[serde(default)]
    pub modifiers: Vec<Modifier>,
    /// Name of the command; hosts say which there are.
    pub command: String,
}

impl Look {
    /// Reads a document.
    ///
    /// `windows` are the presets that it may name.
    ///
    /// # Errors
    ///
    /// [`HangingError`] for bytes that are too many, are not such a document, or name what does not exist.
    pub fn read(bytes: &[u8], windows: &WindowPresets) -> Result<Self, HangingError> {
        let look: Self = read_json("a look", bytes)?;
        look.check(windows)?;
        Ok(look)
    }

    /// Checks that names refer to what exists and nothing is said twice.
    ///
    /// # Errors
    ///
    /// [`HangingError::Invalid`] with the first problem.
    pub fn check(&self, windows: &WindowPresets) -> Result<(), HangingError> {
        check::look(self, windows).map_err(|problem| HangingError::Invalid {
            what: "look",
            name: self.name.clone(),
            problem,
        })
    }

    /// What a part of the mouse does with keys held; nothing where that is not said.
    #[must_use]
    pub fn tool(&self, button: Button, modifiers: &[Modifier]) -> Tool {
        let same = |binding: &&MouseBinding| {
            binding.button == button && check::sorted(&binding.modifiers) == check::sorted(modifiers)
        };
        self.mouse
            .iter()
            .find(same)
            .map_or(Tool::None, |binding| binding.tool)
    }

    /// The command of a key with others held.
    #[must_use]
    pub fn command(&self, key: &str, modifiers: &[Modifier]) -> Option<&str> {
        let same = |binding: &&KeyBinding| {
            binding.key.eq_ignore_ascii_case(key)
                && check::sorted(&binding.modifiers) == check::sorted(modifiers)
        };
        self.keys
            .iter()
            .find(same)
            .map(|binding| binding.command.as_str())
    }

    /// The palette of a modality, where it has a choice.
    #[must_use]
    pub fn palette(&self, modality: &str, role: Role) -> Option<&str> {
        let choice = self
            .palettes
            .iter()
            .find(|choice| choice.modality.eq_ignore_ascii_case(modality))?;
        match role {
            Role::Single => choice.single.as_deref(),
            Role::Overlay => choice.overlay.as_deref(),
        }
    }

    /// The window of a modality and part of the body, where it has a choice.
    #[must_use]
    pub fn window(&self, modality: &str, body_part: &str) -> Option<&WindowRule> {
        let of_modality = |choice: &&WindowChoice| choice.modality.eq_ignore_ascii_case(modality);
        let of_part = |choice: &&WindowChoice| {
            let part = choice.body_part.as_deref();
            part.is_some_and(|part| part.eq_ignore_ascii_case(body_part.trim()))
        };
        let mut choices = self.windows.iter().filter(of_modality);
        let own = choices.clone().find(of_part);
        own.or_else(|| choices.find(|choice| choice.body_part.is_none()))
            .map(|choice| &choice.window)
    }

    /// The arrangement of a protocol, where it has one.
    #[must_use]
    pub fn arrangement(&self, protocol: &str) -> Option<&Arrangement> {
        self.arrangements
            .iter()
            .find(|choice| choice.protocol == protocol)
    }
}
