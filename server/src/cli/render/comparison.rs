//! How the volumes of a fused view are compared.

use std::str::FromStr;

use anyhow::Context;
use clap::Args;
use engine::presentation::Size;
use engine::render::{self, Comparison, Contours, DrawnAs, Layer, Scene, Volumes, panel_size};
use engine::volume::Volume;

use super::parse::{self, ViewKind};
use crate::cli::Usage;

/// What is asked about a comparison.
#[derive(Debug, Args)]
pub struct Asked {
    /// Compares PET or SPECT with CT or MR in a fused view, to judge how they are aligned: checkerboard:MM[,X,Y]
    /// (cells of MM, moved by X and Y of a cell), swipe:PART[,DEGREES] (the CT up to a line at PART of the way to
    /// the right, or clockwise from there), side-by-side, contours:LEVEL,… (lines of the PET over the CT),
    /// outlines:LEVEL,… (lines of the CT over the PET). A level is in displayed units, or with % a part of the
    /// largest value.
    #[arg(long, value_name = "HOW", allow_hyphen_values = true)]
    compare: Option<Way>,
    /// Width of contours and outlines, pixels.
    #[arg(
        long,
        value_name = "PIXELS",
        default_value_t = 1.5,
        allow_hyphen_values = true
    )]
    line_width: f64,
    /// Colour of contours and outlines: red, green, blue, 0 to 255.
    #[arg(long, value_name = "R,G,B", default_value = "0,255,255", value_parser = parse::color)]
    line_color: [u8; 3],
    /// Marks the place that the plane goes through with a cross, in each panel.
    #[arg(long)]
    mark: bool,
}

/// A way of comparing, as written.
#[derive(Debug, Clone, PartialEq)]
enum Way {
    Checkerboard { cell_mm: f64, shift: [f64; 2] },
    Swipe { place: f64, towards_degrees: f64 },
    SideBySide,
    Lines { is_of_lower: bool, levels: Vec<Level> },
}

/// A value, or a part of the largest one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    Real(f64),
    OfMax(f64),
}

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        match name {
            "checkerboard" => match numbers(rest)?[..] {
                [cell_mm] => Ok(Self::Checkerboard {
                    cell_mm,
                    shift: [0.0; 2],
                }),
                [cell_mm, x, y] => Ok(Self::Checkerboard {
                    cell_mm,
                    shift: [x, y],
                }),
                _ => Err("expected checkerboard:MM or checkerboard:MM,X,Y".to_owned()),
            },
            "swipe" => match numbers(rest)?[..] {
                [place] => Ok(Self::Swipe {
                    place,
                    towards_degrees: 0.0,
                }),
                [place, towards_degrees] => Ok(Self::Swipe {
                    place,
                    towards_degrees,
                }),
                _ => Err("expected swipe:PART or swipe:PART,DEGREES".to_owned()),
            },
            "side-by-side" if rest.is_empty() => Ok(Self::SideBySide),
            "contours" | "outlines" => Ok(Self::Lines {
                is_of_lower: name == "outlines",
                levels: rest.split(',').map(level).collect::<Result<_, _>>()?,
            }),
            _ => Err(
                "expected checkerboard:MM, swipe:PART, side-by-side, contours:LEVEL,… or outlines:LEVEL,…"
                    .to_owned(),
            ),
        }
    }
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    text.split(',').map(number).collect()
}

fn number(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim().parse().ok();
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| format!("expected a number, found {text:?}"))
}

fn level(text: &str) -> Result<Level, String> {
    match text.trim().strip_suffix('%') {
        Some(percent) => Ok(Level::OfMax(number(percent)? / 100.0)),
        None => Ok(Level::Real(number(text)?)),
    }
}

impl Asked {
    /// The comparison of a view's layers.
    pub fn comparison(
        &self,
        view: ViewKind,
        layers: &[Layer],
        volumes: &Volumes,
    ) -> anyhow::Result<Option<Comparison>> {
        let Some(way) = &self.compare else {
            return Ok(None);
        };
        if !view.is_fused() {
            return Err(
                Usage("expected a fused view to compare in, found one of one volume".to_owned()).into(),
            );
        }
        if view == ViewKind::FusedVr && *way != Way::SideBySide {
            return Err(Usage(render::Error::NoComparison.to_string()).into());
        }
        Ok(Some(match way {
            Way::Checkerboard { cell_mm, shift } => Comparison::Checkerboard {
                cell_mm: *cell_mm,
                shift: *shift,
            },
            Way::Swipe {
                place,
                towards_degrees,
            } => Comparison::Swipe {
                place: *place,
                towards_rad: towards_degrees.to_radians(),
            },
            Way::SideBySide => Comparison::SideBySide,
            Way::Lines { is_of_lower, levels } => {
                let layer = usize::from(!is_of_lower);
                let volume = volumes.get(layers[layer].volume)?;
                Comparison::Contours {
                    layer,
                    contours: Contours {
                        levels: reals(levels, volume)?,
                        color: self.line_color,
                        width_pixels: self.line_width,
                    },
                }
            }
        }))
    }

    /// Whether a place is to be marked, of a view that has one or not.
    pub fn is_marked(&self, has_place: bool) -> anyhow::Result<bool> {
        if self.mark && !has_place {
            let expected = "expected a plane to mark a place in, found a projection or a rendering";
            return Err(Usage(expected.to_owned()).into());
        }
        Ok(self.mark)
    }
}

fn reals(levels: &[Level], volume: &Volume) -> anyhow::Result<Vec<f64>> {
    let real = |level: &Level| match level {
        Level::Real(real) => Ok(*real),
        Level::OfMax(part) => {
            let (_, largest) = volume
                .range()
                .context("expected a maximum, found no voxel with a number")?;
            Ok(part * largest)
        }
    };
    levels.iter().map(real).collect()
}

/// The size of what shows one scene in a picture.
pub fn panel(comparison: Option<&Comparison>, size: Size, layers: usize) -> Size {
    match comparison {
        Some(Comparison::SideBySide) => panel_size(size, layers as u32),
        _ => size,
    }
}

/// What the lines of a scene stand for.
pub fn legend(scene: &Scene, volumes: &Volumes) -> anyhow::Result<Vec<String>> {
    let mut legend = Vec::new();
    for layer in &scene.layers {
        if let DrawnAs::Contours(contours) = &layer.drawn_as {
            let levels: Vec<String> = contours.levels.iter().map(|level| rounded(*level)).collect();
            let unit = volumes.get(layer.volume)?.unit().label().to_owned();
            legend.push(format!("lines {} {unit}", levels.join(", ")));
        }
    }
    Ok(legend)
}

/// A number of at most two digits behind the point.
fn rounded(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Level, Way, rounded};

    fn check(text: &str, expected: Result<Way, &str>) {
        match (text.parse::<Way>(), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(part)) => assert!(found.contains(part), "{text}: {found}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn ways_are_read_as_written() {
        let board = |cell_mm, shift| Way::Checkerboard { cell_mm, shift };
        check("checkerboard:40", Ok(board(40.0, [0.0; 2])));
        check("checkerboard:40,1,-0.5", Ok(board(40.0, [1.0, -0.5])));
        check("checkerboard", Err("expected a number"));
        check("checkerboard:1,2", Err("expected checkerboard:MM or"));
        let swipe = |place, towards_degrees| Way::Swipe {
            place,
            towards_degrees,
        };
        check("swipe:0.5", Ok(swipe(0.5, 0.0)));
        check("swipe:0.25,-90", Ok(swipe(0.25, -90.0)));
        check("swipe:nan", Err("found \"nan\""));
        check("side-by-side", Ok(Way::SideBySide));
        check("side-by-side:3", Err("expected checkerboard:MM, swipe"));
        let lines = |is_of_lower, levels| Way::Lines { is_of_lower, levels };
        check(
            "contours:2.5, 41%",
            Ok(lines(false, vec![Level::Real(2.5), Level::OfMax(0.41)])),
        );
        check(
            "outlines:-300,200",
            Ok(lines(true, vec![Level::Real(-300.0), Level::Real(200.0)])),
        );
        check("outlines:", Err("expected a number, found \"\""));
        check("contours:hot", Err("found \"hot\""));
        check("blink", Err("side-by-side"));
    }

    #[test]
    fn levels_are_short() {
        assert_eq!([2.5, -300.0, 41.126].map(rounded), ["2.5", "-300", "41.13"]);
    }
}
