//! Windows by name, for parts of the body and for uptake.

mod standard;

use crate::colormap::Window;

/// Most presets that a set may have: more is no menu.
pub const MAX_PRESETS: usize = 512;

/// Why presets make no set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowPresetError {
    /// Too many.
    #[error("a set of window presets holds at most {MAX_PRESETS}, found {0}")]
    Count(usize),
    /// A name or title without letters.
    #[error("a window preset needs a modality, a name and two titles, found {0:?} without")]
    Unnamed(String),
    /// The same name twice for a modality.
    #[error("window presets of a modality need different names, found {0:?} twice")]
    Twice(String),
    /// A window that shows nothing.
    #[error("the window of preset {name:?} must be finite and its width positive, found width {width}")]
    Window {
        /// The preset.
        name: String,
        /// Its width.
        width: f64,
    },
}

/// A window, what it is called and what it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowPreset {
    /// Lower-case name, words parted by `_`: `soft_tissue`.
    pub name: String,
    /// What people read, in Chinese.
    pub title_zh: String,
    /// What people read, in English.
    pub title_en: String,
    /// Modality (0008,0060) that it is for.
    pub modality: String,
    /// Body Part Examined (0018,0015) that it is for, the most important first, as in DICOM PS3.16 Annex L;
    /// none for all.
    pub body_parts: Vec<String>,
    /// In HU for CT, in SUV by body weight for PT.
    pub window: Window,
}

/// Presets that a department works with, in the order of its menus.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowPresets {
    presets: Vec<WindowPreset>,
}

impl Default for WindowPresets {
    fn default() -> Self {
        Self {
            presets: standard::presets(),
        }
    }
}

impl WindowPresets {
    /// Makes a set of its presets.
    ///
    /// # Errors
    ///
    /// [`WindowPresetError`] for more than [`MAX_PRESETS`], a name twice in a modality, an empty name or
    /// title, or a window that is not finite or has no width.
    pub fn new(presets: Vec<WindowPreset>) -> Result<Self, WindowPresetError> {
        if presets.len() > MAX_PRESETS {
            return Err(WindowPresetError::Count(presets.len()));
        }
        for (n, preset) in presets.iter().enumerate() {
            let texts = [&preset.name, &preset.modality, &preset.title_zh, &preset.title_en];
            if texts.iter().any(|text| text.trim().is_empty()) {
                return Err(WindowPresetError::Unnamed(preset.name.clone()));
            }
            if !preset.window.is_valid() || preset.window.width <= 0.0 {
                return Err(WindowPresetError::Window {
                    name: preset.name.clone(),
                    width: preset.window.width,
                });
            }
            let same = |other: &WindowPreset| {
                same_modality(&other.modality, &preset.modality) && plain(&other.name) == plain(&preset.name)
            };
            if presets[..n].iter().any(same) {
                return Err(WindowPresetError::Twice(preset.name.clone()));
            }
        }
        Ok(Self { presets })
    }

    /// All of them, in order.
    #[must_use]
    pub fn presets(&self) -> &[WindowPreset] {
        &self.presets
    }

    /// The preset of a modality by name; case does not matter, spaces and `-` count as `_`.
    #[must_use]
    pub fn named(&self, modality: &str, name: &str) -> Option<&WindowPreset> {
        let wanted = plain(name);
        self.of_modality(modality)
            .find(|preset| plain(&preset.name) == wanted)
    }

    /// The presets of a modality, in order.
    pub fn of_modality(&self, modality: &str) -> impl Iterator<Item = &WindowPreset> {
        self.presets
            .iter()
            .filter(move |preset| same_modality(&preset.modality, modality))
    }

    /// The presets for a part of the body: those that name it, the ones that name it earliest first, then
    /// those for all parts.
    ///
    /// Body Part Examined is compared without case, spaces, `_` and `-`; one that nobody names, or that is
    /// empty, gives those for all parts.
    ///
    /// ```
    /// use engine::presentation::WindowPresets;
    /// let presets = WindowPresets::default();
    /// let liver = presets.for_body_part("CT", "LIVER");
    /// assert_eq!(liver[0].name, "liver");
    /// assert_eq!(liver[1].name, "abdomen");
    /// ```
    #[must_use]
    pub fn for_body_part(&self, modality: &str, body_part: &str) -> Vec<&WindowPreset> {
        let wanted = plain_part(body_part);
        let rank = |preset: &&WindowPreset| {
            if preset.body_parts.is_empty() {
                return Some(usize::MAX);
            }
            preset
                .body_parts
                .iter()
                .position(|part| plain_part(part) == wanted)
        };
        let mut ranked: Vec<_> = self
            .of_modality(modality)
            .filter_map(|preset| Some((rank(&preset)?, preset)))
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, preset)| preset).collect()
    }
}

/// The CT window of a name of [`WindowPresets::default`], in HU.
#[must_use]
pub fn ct_window(name: &str) -> Option<Window> {
    let wanted = plain(name);
    let found = standard::presets()
        .into_iter()
        .find(|preset| preset.modality == "CT" && preset.name == wanted)?;
    Some(found.window)
}

fn same_modality(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace([' ', '-'], "_")
}

fn plain_part(part: &str) -> String {
    part.replace([' ', '_', '-'], "").to_ascii_uppercase()
}

#[cfg(test)]
mod tests;
