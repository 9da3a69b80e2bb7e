//! What is written on a picture: letters, corners, ruler, colour bar.

use crate::colormap::Window;
use crate::geometry::Grid;
use crate::presentation::{Annotations, ColorBar, Corners, Letters, Size, scale_bar};
use crate::render::Layer;
use crate::session::Session;
use crate::session::error::Refusal;
use crate::session::sheet::on_image;
use crate::session::sight::tile_size;
use crate::session::source::PATIENT_FIELDS;
use crate::session::state::{Kind, Shown};

/// Fields that no person is found by: all that a de-identified session shows. Descriptions are typed by people, and
/// names have been seen in them.
const SAFE_FIELDS: &[&str] = &[
    "Slice",
    "Phase",
    "Place",
    "Window",
    "Zoom",
    "BodyPartExamined",
    "SliceThickness",
    "KVP",
    "Manufacturer",
];

impl Session {
    pub(super) fn annotations(
        &self,
        shown: &Shown,
        grid: &Grid,
        size: Size,
        layers: &[Layer],
    ) -> Result<Annotations, Refusal> {
        let texts = self.state.texts;
        let panel = match shown.kind {
            Kind::Tiles { rows, columns } => tile_size(size, [rows, columns]),
            _ => size,
        };
        let plane = match shown.kind {
            Kind::Curved { .. } => None,
            _ => Some(shown.plane(grid, panel)?),
        };
        let top = layers.len().min(shown.layers.len()).checked_sub(1);
        let bar = top.map(|top| ColorBar {
            color_map: layers[top].color_map.clone(),
            window: layers[top].window,
            unit: self
                .stage
                .volumes
                .get(layers[top].volume)
                .map_or(String::new(), |volume| volume.unit().label().to_owned()),
        });
        Ok(Annotations {
            letters: plane.filter(|_| texts.letters).map(|plane| Letters::of(&plane)),
            corners: if texts.corners {
                let windows = layers.iter().take(shown.layers.len()).map(|layer| layer.window);
                self.corners(shown, grid, &windows.collect::<Vec<_>>())?
            } else {
                Corners::default()
            },
            scale_bar: plane
                .filter(|_| texts.scale_bar)
                .and_then(|plane| scale_bar(&plane, panel.width)),
            color_bar: bar.filter(|_| texts.color_bar),
            cross: None,
        })
    }

    pub(super) fn corners(&self, shown: &Shown, grid: &Grid, windows: &[Window]) -> Result<Corners, Refusal> {
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let fields = self
            .state
            .corners
            .get(&facts.hanging.modality)
            .or_else(|| self.state.corners.get(""));
        let is_hidden = |field: &str| {
            let is_safe = SAFE_FIELDS.contains(&field);
            let names_patient = PATIENT_FIELDS.contains(&field);
            (self.state.is_deidentified && !is_safe) || (!self.state.texts.patient && names_patient)
        };
        let lines = |field: &String| -> Vec<String> {
            if is_hidden(field) {
                return Vec::new();
            }
            let one = |text: String| vec![text];
            match field.as_str() {
                "Slice" if shown.kind == Kind::Interleaved => self.turn_text(shown).into_iter().collect(),
                "Slice" if shown.is_by_slices() => {
                    one(format!("{} / {}", shown.slice(grid) + 1, grid.size()[2]))
                }
                "Phase" if facts.phases > 1 => one(format!("{} / {}", shown.phase + 1, facts.phases)),
                "Place" if facts.planar.is_some() => {
                    let [column, row] = on_image(grid, shown.crosshair());
                    one(format!("{:.0}, {:.0}", column, row))
                }
                "Place" => {
                    let place = shown.crosshair();
                    one(format!("{:.1}, {:.1}, {:.1} mm", place[0], place[1], place[2]))
                }
                "Window" => {
                    let window = |Window { center, width, .. }: &Window| {
                        format!("W {} L {}", rounded(*width), rounded(*center))
                    };
                    windows.iter().map(window).collect()
                }
                "Zoom" => one(format!("{:.0} %", shown.zoom * 100.0)),
                "SeriesDescription" => one(facts.hanging.description.clone()),
                other => {
                    let text = facts.texts.get(other).map(|text| readable(other, text));
                    text.into_iter().collect()
                }
            }
        };
        let corner = |n: usize| -> Vec<String> {
            let all = fields.into_iter().flat_map(|all| &all[n]).flat_map(lines);
            all.filter(|text| !text.is_empty()).collect()
        };
        Ok(Corners {
            top_left: corner(0),
            top_right: corner(1),
            bottom_left: corner(2),
            bottom_right: corner(3),
        })
    }

    /// Which slice of which of the interleaved series is shown.
    fn turn_text(&self, shown: &Shown) -> Option<String> {
        let turns = self.stage.turns(&self.state.joints, shown).ok()?;
        let turn = turns.get(shown.turn as usize)?;
        let facts = self.stage.facts(&shown.layers[turn.layer].series).ok()?;
        let (slice, slices) = (turn.slice + 1, facts.grid.size()[2]);
        Some(format!("{} {slice} / {slices}", facts.modality()))
    }
}

/// A field as people write it: dates and times with their signs, names with a gap, and in their own letters.
pub(in crate::session) fn readable(field: &str, text: &str) -> String {
    let digits = |text: &str| text.chars().all(|digit| digit.is_ascii_digit());
    let is_ascii = text.is_ascii();
    match field {
        _ if field.ends_with("Date") && is_ascii && text.len() == 8 && digits(text) => {
            format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])
        }
        _ if field.ends_with("Time") && is_ascii && text.len() >= 6 && digits(&text[..6]) => {
            format!("{}:{}:{}", &text[..2], &text[2..4], &text[4..6])
        }
        _ if field.ends_with("Name") => {
            // Alphabetic, ideographic and phonetic groups (PS3.5 6.2.1.1).
            let groups: Vec<&str> = text.split('=').map(str::trim).collect();
            let own = groups.get(1).filter(|group| !group.is_empty());
            let group = own.or(groups.first()).copied().unwrap_or_default();
            let parts = group.split('^').map(str::trim).filter(|part| !part.is_empty());
            // Chinese names have no gap.
            let gap = if group.is_ascii() || own.is_none() {
                " "
            } else {
                ""
            };
            parts.collect::<Vec<_>>().join(gap)
        }
        _ => text.to_owned(),
    }
}

/// A number with two digits behind the point at most.
fn rounded(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
