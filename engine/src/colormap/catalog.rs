//! Colour maps by name.

use super::color_map::{ColorMap, ColorMapError};
use super::formulas;

/// What a named map is made of.
enum Source {
    /// Lines `red,green,blue` after a comment of origin and a heading.
    Table(&'static str),
    Formula(fn(f64) -> [f64; 3]),
}

const CATALOG: &[(&str, Source)] = &[
    ("gray", Source::Formula(|t| [t; 3])),
    // The well-known palettes of PS3.6 Annex B.
    (
        "hot_iron",
        Source::Table(include_str!("../../colormaps/hot_iron.csv")),
    ),
    ("pet", Source::Table(include_str!("../../colormaps/pet.csv"))),
    (
        "hot_metal_blue",
        Source::Table(include_str!("../../colormaps/hot_metal_blue.csv")),
    ),
    (
        "pet_20_step",
        Source::Table(include_str!("../../colormaps/pet_20_step.csv")),
    ),
    (
        "spring",
        Source::Table(include_str!("../../colormaps/spring.csv")),
    ),
    (
        "summer",
        Source::Table(include_str!("../../colormaps/summer.csv")),
    ),
    ("fall", Source::Table(include_str!("../../colormaps/fall.csv"))),
    (
        "winter",
        Source::Table(include_str!("../../colormaps/winter.csv")),
    ),
    // Even steps for the eye, readable without colour vision.
    (
        "viridis",
        Source::Table(include_str!("../../colormaps/viridis.csv")),
    ),
    ("magma", Source::Table(include_str!("../../colormaps/magma.csv"))),
    (
        "inferno",
        Source::Table(include_str!("../../colormaps/inferno.csv")),
    ),
    (
        "plasma",
        Source::Table(include_str!("../../colormaps/plasma.csv")),
    ),
    (
        "cividis",
        Source::Table(include_str!("../../colormaps/cividis.csv")),
    ),
    ("turbo", Source::Table(include_str!("../../colormaps/turbo.csv"))),
    ("hot", Source::Formula(formulas::hot)),
    ("cool", Source::Formula(formulas::cool)),
    ("bone", Source::Formula(formulas::bone)),
    ("copper", Source::Formula(formulas::copper)),
    ("jet", Source::Formula(formulas::jet)),
    ("hsv", Source::Formula(formulas::hsv)),
    ("rainbow", Source::Formula(formulas::rainbow)),
    ("cubehelix", Source::Formula(formulas::cubehelix)),
    (
        "red",
        Source::Formula(|t| formulas::single_hue(t, [1.0, 0.0, 0.0])),
    ),
    (
        "green",
        Source::Formula(|t| formulas::single_hue(t, [0.0, 1.0, 0.0])),
    ),
    (
        "blue",
        Source::Formula(|t| formulas::single_hue(t, [0.0, 0.25, 1.0])),
    ),
    (
        "cyan",
        Source::Formula(|t| formulas::single_hue(t, [0.0, 1.0, 1.0])),
    ),
    (
        "magenta",
        Source::Formula(|t| formulas::single_hue(t, [1.0, 0.0, 1.0])),
    ),
    (
        "yellow",
        Source::Formula(|t| formulas::single_hue(t, [1.0, 1.0, 0.0])),
    ),
    (
        "orange",
        Source::Formula(|t| formulas::single_hue(t, [1.0, 0.5, 0.0])),
    ),
];

/// What is put after a name for the same colours from the other end.
const INVERTED: &str = "_inverted";

/// Names of all maps, each followed by its inverse (`gray`, `gray_inverted`, …).
#[must_use]
pub fn names() -> Vec<String> {
    let with_inverse = |(name, _): &(&str, Source)| [(*name).to_owned(), format!("{name}{INVERTED}")];
    CATALOG.iter().flat_map(with_inverse).collect()
}

impl ColorMap {
    /// Gives the map of a name of [`names`]; case does not matter, `-` and spaces count as `_`.
    ///
    /// # Errors
    ///
    /// [`ColorMapError::Unknown`] when there is none.
    pub fn named(name: &str) -> Result<Self, ColorMapError> {
        let wanted = name
            .trim()
            .to_ascii_lowercase()
            .replace([' ', '-'], "_")
            .replace("grey", "gray");
        let base = wanted.strip_suffix(INVERTED).unwrap_or(&wanted);
        let (_, source) = CATALOG
            .iter()
            .find(|(name, _)| *name == base)
            .ok_or_else(|| ColorMapError::Unknown(name.to_owned()))?;
        let map = match source {
            Source::Table(csv) => Self::new(parse(csv))?,
            Source::Formula(formula) => Self::from_formula(formula),
        };
        Ok(if base.len() == wanted.len() {
            map
        } else {
            map.inverted()
        })
    }
}

/// The colours of a table; lines that are not three bytes are its comment and heading.
fn parse(csv: &str) -> Vec<[u8; 3]> {
    let color = |line: &str| {
        let parts: Vec<u8> = line.split(',').map_while(|part| part.parse().ok()).collect();
        <[u8; 3]>::try_from(parts).ok()
    };
    csv.lines().filter_map(color).collect()
}

#[cfg(test)]
mod tests {
    use super::{CATALOG, Source, names, parse};
    use crate::colormap::{ColorMap, ColorMapError};

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
        for (name, source) in CATALOG {
            if let Source::Table(csv) = source {
                assert_eq!(parse(csv).len(), csv.lines().count() - 2, "{name}");
            }
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
