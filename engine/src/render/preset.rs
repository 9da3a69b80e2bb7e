//! Volume-rendering presets: what tissues of body parts look like, as data in `engine/presets`.
//!
//! A file has lines `# key: value` (names in Chinese and English, modality, body part, scale, shading,
//! gradient opacity) and then rows of value, colour and opacity of a millimetre. The numbers are ours.

use crate::colormap::{TransferError, TransferFunction, Window};
use crate::render::{Classification, Material, Shading};

/// A way of rendering a volume, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// What it is called in commands: `ct-bone`.
    pub name: &'static str,
    /// What people read, in Chinese.
    pub title_zh: &'static str,
    /// What people read, in English.
    pub title_en: &'static str,
    /// Modality (0008,0060) of the volumes that it is for.
    pub modality: &'static str,
    /// Part of the body that it is for; `any` for all.
    pub body_part: &'static str,
    /// What its values are.
    pub scale: Scale,
    rows: Vec<Row>,
    shading: Option<Shading>,
    gradient_opacity: Option<Vec<(f64, f64)>>,
}

/// What the values of a preset are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scale {
    /// Hounsfield units.
    Hounsfield,
    /// Standardized uptake values, g/mL.
    Suv,
    /// Parts of the layer's window, 0 at its lower limit and 1 at its upper: for values without a unit
    /// that holds from scanner to scanner.
    OfWindow,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    value: f64,
    color: [u8; 3],
    opacity: f64,
}

impl Preset {
    /// The material of a volume that is shown with `window` (used by presets of [`Scale::OfWindow`] only).
    ///
    /// # Errors
    ///
    /// [`TransferError`] when the window is not finite.
    pub fn material(&self, window: Window) -> Result<Material, TransferError> {
        let (low, high) = window.limits();
        let (offset, scale) = match self.scale {
            Scale::OfWindow => (low, high - low),
            Scale::Hounsfield | Scale::Suv => (0.0, 1.0),
        };
        let placed = |row: &Row| offset + scale * row.value;
        let opacity = self.rows.iter().map(|row| (placed(row), row.opacity)).collect();
        let color = self.rows.iter().map(|row| (placed(row), row.color)).collect();
        let mut transfer = TransferFunction::new(opacity, color, 1.0)?;
        if let Some(factor) = &self.gradient_opacity {
            transfer = transfer.with_gradient_opacity(factor.clone())?;
        }
        Ok(Material {
            classification: Classification::Tissue { transfer, tint: None },
            shading: self.shading,
        })
    }

    /// Reads the text of a preset's file; `None` for one that is not written as the module says.
    fn read(name: &'static str, text: &'static str) -> Option<Self> {
        let field = |key: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix("# "));
            let mut found = lines.filter_map(|line| line.split_once(": "));
            found.find(|(found, _)| *found == key).map(|(_, value)| value)
        };
        let shading = match field("shading") {
            Some(numbers) => Some(read_shading(numbers)?),
            None => None,
        };
        let gradient_opacity = match field("gradient opacity") {
            Some(points) => Some(points.split(", ").map(read_pair).collect::<Option<_>>()?),
            None => None,
        };
        let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
        Some(Self {
            name,
            title_zh: field("zh")?,
            title_en: field("en")?,
            modality: field("modality")?,
            body_part: field("body part")?,
            scale: match field("scale")? {
                "HU" => Scale::Hounsfield,
                "SUV" => Scale::Suv,
                "window" => Scale::OfWindow,
                _ => return None,
            },
            rows: rows.map(read_row).collect::<Option<_>>()?,
            shading,
            gradient_opacity,
        })
    }
}

fn read_shading(text: &str) -> Option<Shading> {
    let numbers: Option<Vec<f64>> = text.split(' ').map(|number| number.parse().ok()).collect();
    let [ambient, diffuse, specular, shininess, even_below] = numbers?.try_into().ok()?;
    Some(Shading {
        ambient,
        diffuse,
        specular,
        shininess,
        even_below,
    })
}

fn read_pair(text: &str) -> Option<(f64, f64)> {
    let (a, b) = text.split_once(' ')?;
    Some((a.parse().ok()?, b.parse().ok()?))
}

fn read_row(line: &str) -> Option<Row> {
    let mut parts = line.split(',');
    let value = parts.next()?.parse().ok()?;
    let mut color = [0; 3];
    for part in &mut color {
        *part = parts.next()?.parse().ok()?;
    }
    let opacity = parts.next()?.parse().ok()?;
    Some(Row {
        value,
        color,
        opacity,
    })
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../presets/", $name, ".csv")))),+]
    };
}

const FILES: &[(&str, &str)] = files![
    "ct-bone",
    "ct-bone-solid",
    "ct-bone-contrast",
    "ct-metal",
    "ct-skull",
    "ct-teeth",
    "ct-spine",
    "ct-skin",
    "ct-muscle",
    "ct-fat",
    "ct-lung",
    "ct-lung-vessels",
    "ct-airway",
    "ct-colon",
    "ct-vessels",
    "ct-cardiac",
    "ct-coronary",
    "ct-abdomen",
    "ct-liver",
    "ct-kidneys",
    "ct-xray",
    "mr-brain",
    "mr-angio",
    "mr-fluid",
    "mr-soft",
    "pet-hot",
    "pet-lesions",
    "pet-body",
    "pet-brain",
    "spect-bone",
    "spect-heart",
    "spect-glow",
];

/// All presets, CT first.
pub fn presets() -> impl Iterator<Item = Preset> {
    FILES
        .iter()
        .map(|(name, text)| Preset::read(name, text).expect("a test reads every preset"))
}

/// The preset of a name; case does not matter, `_` and spaces count as `-`.
#[must_use]
pub fn preset(name: &str) -> Option<Preset> {
    let wanted = name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    let (name, text) = FILES.iter().find(|(name, _)| *name == wanted)?;
    Preset::read(name, text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FILES, Preset, Scale, preset, presets};
    use crate::colormap::Window;
    use crate::presentation::hanging::{self, ViewKind};
    use crate::render::Classification;

    #[test]
    fn hanging_protocols_name_presets_that_exist() {
        let mut renderings = 0;
        for protocol in hanging::protocols() {
            for view in protocol.views {
                if let ViewKind::VolumeRendering { preset: name } = view.kind {
                    assert!(preset(&name).is_some(), "{}: {name}", protocol.name);
                    renderings += 1;
                }
            }
        }
        assert!(renderings > 0);
    }

    #[test]
    fn every_preset_is_a_material_and_names_its_body_part() {
        for (name, text) in FILES {
            let preset = Preset::read(name, text).unwrap_or_else(|| panic!("{name} does not read"));
            let material = preset.material(Window::between(0.0, 100.0)).unwrap();
            let Classification::Tissue { transfer, .. } = material.classification else {
                panic!("{name} shows no tissue");
            };
            let most = transfer.opacity().points().iter().map(|(_, part)| *part);
            assert!(most.fold(0.0, f64::max) > 0.0, "{name} shows nothing");
            let lowest = transfer.opacity().points()[0];
            assert_eq!(lowest.1, 0.0, "{name} shows air");
            for text in [preset.title_zh, preset.title_en, preset.body_part] {
                assert!(!text.is_empty(), "{name}");
            }
            assert!(
                preset.title_zh.chars().any(|letter| letter > '\u{2e80}'),
                "{name}"
            );
        }
        let names: BTreeSet<_> = presets().map(|preset| preset.name).collect();
        assert_eq!(names.len(), FILES.len());
        let modalities: BTreeSet<_> = presets().map(|preset| preset.modality).collect();
        assert_eq!(modalities, ["CT", "MR", "NM", "PT"].into());
        assert!(names.len() >= 20);
    }

    #[test]
    fn presets_are_found_by_name_and_follow_the_window() {
        assert_eq!(preset("CT Bone").unwrap().title_zh, "骨骼");
        assert_eq!(preset("liver of a fish"), None);
        let brain = preset("mr-brain").unwrap();
        assert_eq!(brain.scale, Scale::OfWindow);
        let material = brain.material(Window::between(100.0, 300.0)).unwrap();
        let Classification::Tissue { transfer, .. } = material.classification else {
            unreachable!("a preset is tissue");
        };
        assert!((transfer.opacity().at(200.0) - 0.25).abs() < 1e-12);
        let step = brain.material(Window::between(5.0, 5.0)).unwrap();
        assert!(matches!(step.classification, Classification::Tissue { .. }));
    }
}
