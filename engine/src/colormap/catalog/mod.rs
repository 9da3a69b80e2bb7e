//! Colour maps by name.

mod dicom;
mod formula;
mod formulas;
mod published;
mod style;

use super::color_map::{ColorMap, ColorMapError};
use super::palette::Palette;

/// Palettes that are files `engine/colormaps/NAME.csv`, of one family, origin and licence.
macro_rules! tables {
    ($family:expr, $origin:expr, $licence:expr; $($name:literal $zh:literal $en:literal),+ $(,)?) => {
        &[$(Palette {
            name: $name,
            title_zh: $zh,
            title_en: $en,
            family: $family,
            origin: $origin,
            licence: $licence,
            source: Source::Table(include_str!(concat!("../../../colormaps/", $name, ".csv"))),
        }),+]
    };
}
use tables;

const CATALOG: &[&[Palette]] = &[
    dicom::PALETTES,
    published::MATPLOTLIB,
    published::CIVIDIS,
    published::TURBO,
    published::CET_LINEAR,
    published::CRAMERI_LINEAR,
    published::CET_DIVERGING,
    published::CRAMERI_DIVERGING,
    formula::DIVERGING,
    published::CET_CYCLIC,
    published::CRAMERI_CYCLIC,
    formula::RAMPS,
    formula::HUES,
    formula::STEPS,
    style::PALETTES,
];

/// What is put after a name for the same colours from the other end.
const INVERTED: &str = "_inverted";

/// All palettes, by family.
pub(super) fn palettes() -> impl Iterator<Item = &'static Palette> {
    CATALOG.iter().copied().flatten()
}

/// A name as the catalogue writes it.
pub(super) fn plain(name: &str) -> String {
    name.trim()
        .to_ascii_lowercase()
        .replace([' ', '-'], "_")
        .replace("grey", "gray")
}

/// Names of all maps, each followed by its inverse (`gray`, `gray_inverted`, …).
#[must_use]
pub fn names() -> Vec<String> {
    palettes()
        .flat_map(|palette| [palette.name.to_owned(), format!("{}{INVERTED}", palette.name)])
        .collect()
}

impl ColorMap {
    /// Gives the map of a name of [`names`]; case does not matter, `-` and spaces count as `_`.
    ///
    /// # Errors
    ///
    /// [`ColorMapError::Unknown`] when there is none.
    pub fn named(name: &str) -> Result<Self, ColorMapError> {
        let wanted = plain(name);
        let base = wanted.strip_suffix(INVERTED).unwrap_or(&wanted);
        let map = palettes()
            .find(|palette| palette.name == base)
            .ok_or_else(|| ColorMapError::Unknown(name.to_owned()))?
            .made()?;
        Ok(if base.len() == wanted.len() {
            map
        } else {
            map.inverted()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{INVERTED, names, palettes};
    use crate::colormap::palette::{Source, parse};
    use crate::colormap::{ColorMap, ColorMapError, Family};

    #[test]
    fn every_name_gives_a_map() {
        for name in names() {
            assert_eq!(
                ColorMap::named(&name.to_uppercase()).unwrap().colors().len(),
                256,
                "{name}"
            );
        }
        assert_eq!(ColorMap::named("Hot Iron"), ColorMap::named("hot-iron"));
        assert_eq!(
            ColorMap::named("grey_inverted").unwrap(),
            ColorMap::gray_inverted()
        );
        assert_eq!(
            ColorMap::named("nothing"),
            Err(ColorMapError::Unknown("nothing".into()))
        );
    }

    #[test]
    fn every_line_of_a_table_is_read() {
        for palette in palettes() {
            if let Source::Table(csv) = palette.source {
                assert_eq!(parse(csv).len(), 256, "{}", palette.name);
                assert_eq!(csv.lines().count(), 258, "{}", palette.name);
            }
        }
    }

    #[test]
    fn there_are_many_palettes_and_each_says_where_it_is_from() {
        let all: Vec<_> = palettes().collect();
        assert!(all.len() >= 60, "{}", all.len());
        let names: BTreeSet<_> = all.iter().map(|palette| palette.name).collect();
        assert_eq!(names.len(), all.len());
        for palette in &all {
            for text in [
                palette.title_zh,
                palette.title_en,
                palette.origin,
                palette.licence,
            ] {
                assert!(!text.trim().is_empty(), "{}", palette.name);
            }
            assert_eq!(super::plain(palette.name), palette.name);
        }
        let colors: BTreeSet<_> = all
            .iter()
            .map(|palette| palette.color_map().colors().to_vec())
            .collect();
        assert_eq!(colors.len(), all.len(), "two palettes are the same colours");
        let mut families: Vec<_> = all.iter().map(|palette| palette.family).collect();
        families.dedup();
        assert_eq!(families, Family::ALL);
    }

    /// What may be passed on says so in the file itself, as its licence asks.
    #[test]
    fn published_tables_carry_their_licence() {
        for palette in palettes() {
            if let Source::Table(csv) = palette.source {
                let head = csv.lines().next().unwrap();
                let short = palette.licence.trim_end_matches("-1.0");
                let said =
                    palette.family == Family::Dicom && head.contains("PS3.6 Annex B") || head.contains(short);
                assert!(said, "{}: {head}", palette.name);
            }
        }
    }

    #[test]
    fn an_inverse_is_the_exact_reverse() {
        for palette in palettes() {
            let inverse = ColorMap::named(&format!("{}{INVERTED}", palette.name)).unwrap();
            let reversed: Vec<_> = palette.color_map().colors().iter().rev().copied().collect();
            assert_eq!(inverse.colors(), reversed, "{}", palette.name);
        }
    }

    /// Entries 0, 32, 64, 96, 128, 160, 192, 224, 255 of the palettes of PS3.6 Annex B.
    #[test]
    fn palettes_are_those_of_the_standard() {
        check(
            "hot_iron",
            "0,0,0 64,0,0 128,0,0 192,0,0 255,0,0 255,64,0 255,128,4 255,192,132 255,255,255",
        );
        check(
            "pet",
            "0,0,0 0,65,63 1,126,127 65,63,191 128,0,255 191,64,128 255,128,0 255,192,129 255,255,255",
        );
        check(
            "hot_metal_blue",
            "0,0,0 0,0,63 0,0,125 32,0,188 116,17,97 217,77,0 255,137,65 255,198,159 255,255,255",
        );
        check(
            "pet_20_step",
            "0,0,0 48,48,80 96,96,176 128,128,224 80,192,80 224,224,80 208,144,0 176,48,0 255,255,255",
        );
        check(
            "spring",
            "255,0,255 255,32,223 255,64,191 255,96,159 255,128,127 255,160,95 255,192,63 255,224,31 255,255,0",
        );
        check(
            "summer",
            "0,255,0 0,239,0 0,223,0 0,207,0 0,191,2 0,175,65 0,159,129 0,143,192 0,128,254",
        );
        check(
            "fall",
            "255,255,0 255,223,0 255,191,0 255,159,0 255,127,0 255,95,0 255,63,0 255,31,0 255,0,0",
        );
        check(
            "winter",
            "0,0,255 0,32,239 0,64,223 0,96,207 1,128,191 33,160,175 64,192,159 96,224,143 127,255,128",
        );
    }

    fn check(name: &str, expected: &str) {
        let map = ColorMap::named(name).unwrap();
        let entries = [0, 32, 64, 96, 128, 160, 192, 224, 255].map(|n| map.colors()[n]);
        let found: Vec<String> = entries.iter().map(|[r, g, b]| format!("{r},{g},{b}")).collect();
        assert_eq!(found.join(" "), expected, "{name}");
    }

    #[test]
    fn formulas_meet_their_end_colours() {
        let ends = |name| {
            let map = ColorMap::named(name).unwrap();
            (map.color(0.0), map.color(1.0))
        };
        assert_eq!(ends("hot"), ([0; 3], [255; 3]));
        assert_eq!(ends("jet"), ([0, 0, 128], [128, 0, 0]));
        assert_eq!(ends("rainbow"), ([0, 0, 255], [255, 0, 0]));
        assert_eq!(ends("cubehelix"), ([0; 3], [255; 3]));
        assert_eq!(ends("cool"), ([0, 255, 255], [255, 0, 255]));
    }
}
