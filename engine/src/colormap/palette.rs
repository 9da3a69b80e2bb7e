//! What is known of a named colour map besides its colours.

use super::catalog;
use super::color_map::{ColorMap, ColorMapError};

/// What kind of map a palette is: the headings of a menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// The well-known palettes of DICOM PS3.6 Annex B, entry for entry.
    Dicom,
    /// Published maps whose steps look even.
    Perceptual,
    /// Two colours that part from a middle: differences, parametric maps with a sign.
    Diverging,
    /// The last colour meets the first: phases, directions.
    Cyclic,
    /// Ramps by formula, grey ones first.
    Ramp,
    /// Black through one hue to white.
    Hue,
    /// A few even steps of another palette.
    Steps,
    /// Our own colours in the manner of a workstation that readers are used to.
    Style,
}

impl Family {
    /// All of them, in the order of a menu.
    pub const ALL: [Self; 8] = [
        Self::Dicom,
        Self::Perceptual,
        Self::Diverging,
        Self::Cyclic,
        Self::Ramp,
        Self::Hue,
        Self::Steps,
        Self::Style,
    ];

    /// The heading in Chinese.
    #[must_use]
    pub const fn title_zh(self) -> &'static str {
        match self {
            Self::Dicom => "DICOM 标准",
            Self::Perceptual => "感知均匀",
            Self::Diverging => "双向",
            Self::Cyclic => "循环",
            Self::Ramp => "渐变",
            Self::Hue => "单色",
            Self::Steps => "分级",
            Self::Style => "工作站风格",
        }
    }

    /// The heading in English.
    #[must_use]
    pub const fn title_en(self) -> &'static str {
        match self {
            Self::Dicom => "DICOM",
            Self::Perceptual => "Perceptual",
            Self::Diverging => "Diverging",
            Self::Cyclic => "Cyclic",
            Self::Ramp => "Ramps",
            Self::Hue => "Single hues",
            Self::Steps => "Steps",
            Self::Style => "Workstation styles",
        }
    }
}

/// Where the colours of a palette come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// Lines `red,green,blue` after a comment of origin and a heading.
    Table(&'static str),
    /// A formula of the fraction.
    Formula(fn(f64) -> [f64; 3]),
    /// Straight lines between colours at fractions from 0 to 1.
    Knots(&'static [(f64, [u8; 3])]),
    /// Even steps of another palette, first and last colour included.
    Steps(&'static str, u16),
}

/// A named colour map with what people read about it.
///
/// ```
/// use engine::colormap::{Family, palettes};
/// let dicom = palettes().filter(|palette| palette.family == Family::Dicom);
/// assert_eq!(dicom.count(), 8);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Lower-case name, as [`ColorMap::named`] takes it.
    pub name: &'static str,
    /// What people read, in Chinese.
    pub title_zh: &'static str,
    /// What people read, in English.
    pub title_en: &'static str,
    /// Its kind.
    pub family: Family,
    /// Who made it, where it is published.
    pub origin: &'static str,
    /// Under which licence it may be passed on, an SPDX name where there is one.
    pub licence: &'static str,
    pub(super) source: Source,
}

impl Palette {
    /// Its 256 colours.
    ///
    /// # Panics
    ///
    /// Never: a test makes the map of every palette.
    #[must_use]
    pub fn color_map(&self) -> ColorMap {
        self.made().expect("a test makes the map of every palette")
    }

    pub(super) fn made(&self) -> Result<ColorMap, ColorMapError> {
        match self.source {
            Source::Table(csv) => ColorMap::new(parse(csv)),
            Source::Formula(formula) => Ok(ColorMap::from_formula(formula)),
            Source::Knots(knots) => Ok(ColorMap::from_formula(|t| between(knots, t))),
            Source::Steps(name, steps) => {
                let base = ColorMap::named(name)?;
                let last = f64::from(steps.max(2) - 1);
                let step = |entry: u16| f64::from(entry * steps / 256) / last;
                let colors: Vec<_> = (0..256).map(|entry| base.color(step(entry))).collect();
                ColorMap::new(colors)
            }
        }
    }
}

/// All palettes, by family; each also has an inverse, named with `_inverted` behind.
pub fn palettes() -> impl Iterator<Item = &'static Palette> {
    catalog::palettes()
}

/// The palette of a name; case does not matter, `-` and spaces count as `_`. Inverses have none of their own.
#[must_use]
pub fn palette(name: &str) -> Option<&'static Palette> {
    let wanted = catalog::plain(name);
    palettes().find(|palette| palette.name == wanted)
}

/// The colours of a table; lines that are not three bytes are its comment and heading.
pub(super) fn parse(csv: &str) -> Vec<[u8; 3]> {
    let color = |line: &str| {
        let parts: Vec<u8> = line.split(',').map_while(|part| part.parse().ok()).collect();
        <[u8; 3]>::try_from(parts).ok()
    };
    csv.lines().filter_map(color).collect()
}

/// The colour at a fraction, straight between knots and level beyond them; parts from 0 to 1.
fn between(knots: &[(f64, [u8; 3])], t: f64) -> [f64; 3] {
    let part = |n: usize| knots[n].1.map(|byte| f64::from(byte) / 255.0);
    let above = knots.partition_point(|(at, _)| *at <= t);
    if above == 0 || above == knots.len() {
        return part(above.min(knots.len() - 1));
    }
    let (low, high) = (part(above - 1), part(above));
    let along = (t - knots[above - 1].0) / (knots[above].0 - knots[above - 1].0);
    std::array::from_fn(|n| low[n] + along * (high[n] - low[n]))
}

#[cfg(test)]
mod tests {
    use super::{between, palette};
    use crate::colormap::ColorMap;

    #[test]
    fn knots_are_joined_by_straight_lines() {
        let knots = [(0.0, [0; 3]), (0.5, [255, 0, 0]), (1.0, [255, 255, 0])];
        assert_eq!(between(&knots, 0.25), [0.5, 0.0, 0.0]);
        assert_eq!(between(&knots, 0.5), [1.0, 0.0, 0.0]);
        assert_eq!(between(&knots, 0.75), [1.0, 0.5, 0.0]);
        assert_eq!(between(&knots, 1.0), [1.0, 1.0, 0.0]);
        assert_eq!(between(&knots, -1.0), [0.0; 3]);
    }

    #[test]
    fn steps_are_even_and_reach_both_ends() {
        let steps = ColorMap::named("gray_4_step").unwrap();
        let mut runs: Vec<(u8, usize)> = Vec::new();
        for color in steps.colors() {
            match runs.last_mut() {
                Some((value, count)) if *value == color[0] => *count += 1,
                _ => runs.push((color[0], 1)),
            }
        }
        assert_eq!(runs, [(0, 64), (85, 64), (170, 64), (255, 64)]);
    }

    #[test]
    fn palettes_are_found_by_name() {
        assert_eq!(palette("Hot Iron").unwrap().title_en, "Hot Iron");
        assert_eq!(palette("grey").unwrap().name, "gray");
        assert!(palette("hot_iron_inverted").is_none());
    }
}
