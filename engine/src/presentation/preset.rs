//! Windows by name.

use crate::colormap::Window;

/// A window and what it is called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NamedWindow {
    /// Lower-case name.
    pub name: &'static str,
    /// In HU.
    pub window: Window,
}

const fn named(name: &'static str, width: f64, level: f64) -> NamedWindow {
    NamedWindow {
        name,
        window: Window::linear(level, width),
    }
}

/// Usual windows for CT, in HU.
pub const CT_WINDOWS: &[NamedWindow] = &[
    named("soft tissue", 400.0, 40.0),
    named("brain", 110.0, 35.0),
    named("abdomen", 320.0, 50.0),
    named("mediastinum", 400.0, 80.0),
    named("bone", 2000.0, 350.0),
    named("lung", 1500.0, -500.0),
    named("mip", 380.0, 120.0),
];

/// The window of a name of [`CT_WINDOWS`]; case does not matter, `-` and `_` count as spaces.
#[must_use]
pub fn ct_window(name: &str) -> Option<Window> {
    let wanted = name.trim().to_ascii_lowercase().replace(['-', '_'], " ");
    let found = CT_WINDOWS.iter().find(|preset| preset.name == wanted)?;
    Some(found.window)
}

#[cfg(test)]
mod tests {
    use super::ct_window;
    use crate::colormap::Window;

    #[test]
    fn presets_are_found_by_name() {
        assert_eq!(ct_window("Lung"), Some(Window::linear(-500.0, 1500.0)));
        assert_eq!(ct_window("soft_tissue"), Some(Window::linear(40.0, 400.0)));
        assert_eq!(ct_window("liver of a fish"), None);
    }
}
