//! What is drawn on a picture: marks, the crosshair, the lines of other planes; and which of it is under a pointer.

use serde::Serialize;

use crate::geometry::{Grid, Patient, Point, Vector};
use crate::presentation::{Anchor, Drawing, HandleShape, ImagePlane, Mark as DrawnMark, Size, Style, Text};
use crate::session::Session;
use crate::session::apply::step_mm;
use crate::session::error::Refusal;
use crate::session::figures::{Figure, geometry};
use crate::session::sight::point;
use crate::session::state::{Kind, Mark, MarkKind, Shown};

/// Most lines of marks on one picture.
const MAX_LINES: usize = 2000;
/// Colours of reference lines and the crosshair.
const LINE_COLOR: [u8; 3] = [90, 200, 255];
/// The crosshair's.
const CROSS_COLOR: [u8; 3] = [110, 255, 110];
/// Points between the first point of a mark and its text.
const TEXT_OFFSET_POINTS: f64 = 6.0;

/// A line on a picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Its points: column and row; integers are pixel centres.
    pub points: Vec<[f64; 2]>,
    /// Whether the last joins the first.
    pub is_closed: bool,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// The mark that it belongs to.
    pub mark: Option<u64>,
    /// Whether its points are handles.
    pub has_handles: bool,
    /// Whether the mark is the chosen one, whose handles are seen.
    pub is_selected: bool,
    /// Whether it ends in the head of an arrow.
    pub is_arrow: bool,
    /// What is written beside it.
    pub text: String,
}

impl Line {
    pub(super) fn draw(&self, drawing: &mut Drawing) {
        let [red, green, blue] = self.color;
        let color = [red, green, blue, 255];
        let style = Style {
            color,
            ..Style::default()
        };
        let Some(first) = self.points.first().copied() else {
            return;
        };
        if !self.has_handles {
            drawing.marks.push(match self.points.as_slice() {
                [from, to] if self.is_arrow => DrawnMark::Arrow {
                    from: *from,
                    to: *to,
                    style,
                },
                points => DrawnMark::Polyline {
                    points: points.to_vec(),
                    closed: self.is_closed,
                    style,
                },
            });
            return;
        }
        if self.is_selected {
            drawing
                .marks
                .extend(self.points.iter().map(|at| DrawnMark::Handle {
                    at: *at,
                    shape: HandleShape::Square,
                    selected: false,
                    color,
                }));
        }
        if !self.text.is_empty() {
            let offset = TEXT_OFFSET_POINTS * drawing.scale;
            let at = [first[0] + offset, first[1] - offset];
            let mut text = Text::new(self.text.clone(), at, Anchor::BottomLeft);
            text.color = color;
            drawing.marks.push(DrawnMark::Text(text));
        }
    }
}

impl Session {
    /// Marks, crosshair and the lines of other planes.
    pub(super) fn lines(
        &self,
        viewport: Option<u32>,
        shown: &Shown,
        grid: &Grid,
        size: Size,
    ) -> Result<Vec<Line>, Refusal> {
        let mut lines = Vec::new();
        if matches!(shown.kind, Kind::Tiles { .. } | Kind::Curved { .. }) {
            return Ok(lines);
        }
        let plane = shown.plane(grid, size)?;
        let texts = self.state.texts;
        if texts.marks {
            for (n, mark) in &self.state.marks {
                let drawn = self.of_mark(*n, mark, shown, grid, &plane)?;
                // What is taken for a film is not being edited.
                lines.extend(drawn.into_iter().map(|line| Line {
                    is_selected: line.is_selected && viewport.is_some(),
                    ..line
                }));
                if lines.len() > MAX_LINES {
                    break;
                }
            }
        }
        if texts.reference_lines {
            lines.extend(self.reference_lines(viewport, shown, &plane, size)?);
        }
        let is_marked = texts.crosshair && shown.crosshair_mm.is_some();
        if let Some([x, y]) = plane.pixel(shown.crosshair()).filter(|_| is_marked) {
            let arms = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]];
            lines.extend(arms.map(|[right, down]| {
                Line {
                    points: [6.0, 18.0]
                        .map(|along| [x + right * along, y + down * along])
                        .to_vec(),
                    ..plain(CROSS_COLOR)
                }
            }));
        }
        Ok(lines)
    }

    /// A mark on a picture: on the plane that it lies on, or where its points are seen in space.
    fn of_mark(
        &self,
        n: u64,
        mark: &Mark,
        shown: &Shown,
        grid: &Grid,
        plane: &ImagePlane,
    ) -> Result<Vec<Line>, Refusal> {
        let space = self.stage.facts(&shown.layers[0].series)?.space();
        let Some(way) = self.stage.way(&self.state.joints, &space, &mark.space) else {
            return Ok(Vec::new());
        };
        let here = |place: Point<Patient>| way.fixed_from_moving * place;
        if shown.kind.is_plane() {
            let normal = shown.away();
            let near_mm = step_mm(grid, normal) / 2.0 + 1e-6;
            let is_near = |place: &[f64; 3]| normal.dot(here(point(*place)) - shown.focus()).abs() <= near_mm;
            if mark.phase != shown.phase || !mark.points_mm.iter().all(is_near) {
                return Ok(Vec::new());
            }
        } else if !mark.is_in_space {
            return Ok(Vec::new());
        }
        let pixels = |places: &[Point<Patient>]| -> Vec<[f64; 2]> {
            places
                .iter()
                .filter_map(|place| plane.pixel(here(*place)))
                .collect()
        };
        let Ok(geometry) = geometry(mark) else {
            return Ok(Vec::new());
        };
        let line = Line {
            mark: Some(n),
            is_arrow: mark.kind == MarkKind::Arrow,
            ..plain(mark.color)
        };
        let mut lines: Vec<Line> = geometry
            .lines
            .iter()
            .map(|(places, is_closed)| Line {
                points: pixels(places),
                is_closed: *is_closed,
                ..line.clone()
            })
            .collect();
        let handles: Vec<Point<Patient>> = mark.points_mm.iter().map(|place| point(*place)).collect();
        lines.push(Line {
            points: pixels(&handles),
            has_handles: true,
            is_selected: self.state.selected_mark == Some(n),
            text: words(mark, &self.figures_of(mark, &geometry.figures)),
            ..line
        });
        Ok(lines)
    }

    /// The figures of a mark in the units that people read.
    pub(in crate::session) fn figures_of(&self, mark: &Mark, figures: &[Figure]) -> Vec<Figure> {
        self.stage
            .length_scale(&self.state.calibrations, mark)
            .scaled(figures)
    }

    /// Where the planes of the other visible views cut this one.
    fn reference_lines(
        &self,
        viewport: Option<u32>,
        shown: &Shown,
        plane: &ImagePlane,
        size: Size,
    ) -> Result<Vec<Line>, Refusal> {
        let mut lines = Vec::new();
        let space = self.stage.facts(&shown.layers[0].series)?.space();
        for n in self.state.desk.visible() {
            let other = self
                .state
                .desk
                .viewports
                .get(&n)
                .and_then(|view| view.shown.as_ref());
            let Some(other) = other.filter(|other| Some(n) != viewport && other.kind.is_plane()) else {
                continue;
            };
            let theirs = self.stage.facts(&other.layers[0].series)?.space();
            let Some(way) = self.stage.way(&self.state.joints, &space, &theirs) else {
                continue;
            };
            let cut = cut_line(
                plane,
                size,
                way.fixed_from_moving * other.focus(),
                way.fixed_from_moving * other.away(),
            );
            lines.extend(cut.map(|points| Line {
                points: points.to_vec(),
                ..plain(LINE_COLOR)
            }));
        }
        Ok(lines)
    }
}

/// What is written beside a mark: its text and its first two numbers.
pub(in crate::session) fn words(mark: &Mark, figures: &[Figure]) -> String {
    let figures = figures.iter().take(2).map(|figure| match figure.unit.as_str() {
        "deg" => format!("{:.1}°", figure.value),
        "mm2" => format!("{:.1} mm²", figure.value),
        "px2" => format!("{:.0} px²", figure.value),
        "1" => format!("{:.3}", figure.value),
        unit => format!("{:.1} {unit}", figure.value),
    });
    let words = std::iter::once(mark.text.clone())
        .chain(figures)
        .filter(|text| !text.is_empty());
    words.collect::<Vec<_>>().join("  ")
}

fn plain(color: [u8; 3]) -> Line {
    Line {
        points: Vec::new(),
        is_closed: false,
        color,
        mark: None,
        has_handles: false,
        is_selected: false,
        is_arrow: false,
        text: String::new(),
    }
}

/// Where a plane through `place` cuts the picture: from edge to edge; `None` where it does not.
fn cut_line(
    plane: &ImagePlane,
    size: Size,
    place: Point<Patient>,
    normal: Vector<Patient>,
) -> Option<[[f64; 2]; 2]> {
    let axis = |n: usize| normal.dot(plane.patient_from_plane.axis(n));
    let (a, b) = (axis(0), axis(1));
    let c = normal.dot(place - plane.patient(0.0, 0.0));
    // a x + b y = c over the picture's pixels.
    let [width, height] = [size.width, size.height].map(|side| f64::from(side) - 0.5);
    let mut ends = Vec::new();
    let smallest = 1e-9 * (a.hypot(b)).max(axis(2).abs());
    if b.abs() > smallest {
        ends.extend([-0.5, width].map(|x| [x, (c - a * x) / b]));
    }
    if a.abs() > smallest {
        ends.extend([-0.5, height].map(|y| [(c - b * y) / a, y]));
    }
    ends.retain(|[x, y]| (-0.5..=width).contains(x) && (-0.5..=height).contains(y));
    let first = *ends.first()?;
    let far = |end: &[f64; 2]| (end[0] - first[0]).hypot(end[1] - first[1]);
    let last = *ends.iter().max_by(|one, other| far(one).total_cmp(&far(other)))?;
    (far(&last) > 1.0).then_some([first, last])
}
