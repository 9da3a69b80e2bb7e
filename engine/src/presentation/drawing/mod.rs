//! What is drawn over a picture: lines, areas, handles and texts as plain data, one description for all who
//! draw it.
//!
//! `render::annotate` burns a [`Drawing`] into exported and streamed pictures; a host that draws for itself takes
//! the same marks, as Rust values or as JSON (`serde::Serialize`). Places are in pixels of the picture, whole
//! numbers at pixel centres; widths and sizes are in points, of which [`Drawing::scale`] says how many pixels
//! they have. What is written around a picture by itself, [`crate::presentation::Annotations`], becomes a
//! drawing too.

mod page;

use serde::Serialize;

/// A place in the picture: pixels to the right and down, whole numbers at the centres of pixels.
pub type Place = [f64; 2];

/// Red, green, blue and opacity, sRGB, 0 to 255; mixed as they are, as a browser's canvas does.
pub type Rgba = [u8; 4];

/// Height of the square of a Chinese character of size 1, in points.
pub const TEXT_POINTS: f64 = 13.0;

/// How far the top of that square lies above the line that letters stand on, in parts of its height.
pub const TEXT_ASCENT: f64 = 0.88;

/// How far the dark outline reaches beyond what it surrounds, in points.
pub const OUTLINE_POINTS: f64 = 1.2;

/// The colour of outlines.
pub const OUTLINE_COLOR: Rgba = [0, 0, 0, 255];

/// Side or diameter of a handle, in points.
pub const HANDLE_POINTS: f64 = 7.0;

/// Length and width of an arrow's head, in points; shorter arrows have smaller heads.
pub const ARROW_HEAD_POINTS: [f64; 2] = [9.0, 7.0];

/// Marks over a picture, the first lowest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drawing {
    /// Pixels a point: 1 on plain screens, 2 on fine ones, resolution / 96 dpi in prints.
    pub scale: f64,
    /// What is drawn, in this order.
    pub marks: Vec<Mark>,
}

impl Drawing {
    /// Nothing drawn, at `scale` pixels a point.
    #[must_use]
    pub fn new(scale: f64) -> Self {
        Self {
            scale,
            marks: Vec::new(),
        }
    }

    /// The same drawing for a picture with `factor` times as many pixels a side.
    #[must_use]
    pub fn magnified(&self, factor: f64) -> Self {
        let mut marks = self.marks.clone();
        for mark in &mut marks {
            // Pixel centres are half a pixel from the corner of the picture, which stays where it is.
            mark.move_places(|place| place.map(|along| (along + 0.5) * factor - 0.5));
            if let Mark::Ellipse { axes, .. } = mark {
                *axes = axes.map(|axis| axis.map(|part| part * factor));
            }
        }
        Self {
            scale: self.scale * factor,
            marks,
        }
    }

    /// The same drawing moved by some pixels, as for a picture that becomes a part of a page.
    #[must_use]
    pub fn moved(&self, by: [f64; 2]) -> Self {
        let mut moved = self.clone();
        for mark in &mut moved.marks {
            mark.move_places(|[x, y]| [x + by[0], y + by[1]]);
        }
        moved
    }
}

/// How a line is drawn: joints and ends are round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Style {
    /// Colour of the line.
    pub color: Rgba,
    /// Width, points.
    pub width_points: f64,
    /// Lengths of dashes and of the gaps between them, points, round ends included; whole lines without.
    pub dash: Option<[f64; 2]>,
    /// A dark outline of [`OUTLINE_POINTS`], so that it is seen on black and on white.
    pub outline: bool,
}

impl Default for Style {
    /// White, 1.4 points wide, with an outline.
    fn default() -> Self {
        Self {
            color: [255; 4],
            width_points: 1.4,
            dash: None,
            outline: true,
        }
    }
}

/// Which part of a text, or of its box, is at its place.
///
/// The box is as wide as the text and as high as a Chinese character, [`TEXT_POINTS`] times the size;
/// [`TEXT_ASCENT`] of it lies above the line that letters stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// Upper left corner.
    #[default]
    TopLeft,
    /// Middle of the upper edge.
    Top,
    /// Upper right corner.
    TopRight,
    /// Middle of the left edge.
    Left,
    /// The middle.
    Center,
    /// Middle of the right edge.
    Right,
    /// Lower left corner.
    BottomLeft,
    /// Middle of the lower edge.
    Bottom,
    /// Lower right corner.
    BottomRight,
}

impl Anchor {
    /// The parts of the box's width and height that lie left of its place and above it: 0, 1/2 or 1.
    #[must_use]
    pub fn parts(self) -> [f64; 2] {
        match self {
            Self::TopLeft => [0.0, 0.0],
            Self::Top => [0.5, 0.0],
            Self::TopRight => [1.0, 0.0],
            Self::Left => [0.0, 0.5],
            Self::Center => [0.5, 0.5],
            Self::Right => [1.0, 0.5],
            Self::BottomLeft => [0.0, 1.0],
            Self::Bottom => [0.5, 1.0],
            Self::BottomRight => [1.0, 1.0],
        }
    }
}

/// The shape of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HandleShape {
    /// A square: an end or a corner.
    Square,
    /// A disc: what moves or turns the whole.
    Round,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Text {
    /// Where it is.
    pub at: Place,
    /// Which part of it is there.
    pub anchor: Anchor,
    /// One line; line breaks count as spaces.
    pub text: String,
    /// 1 for the plain size, [`TEXT_POINTS`].
    pub size: f64,
    /// Colour of the letters.
    pub color: Rgba,
    /// A dark outline, so that it is read on black and on white.
    pub outline: bool,
    /// Turn about its place, clockwise as seen, radians.
    pub angle_rad: f64,
}

impl Text {
    /// White text of the plain size with an outline, upright.
    #[must_use]
    pub fn new(text: impl Into<String>, at: Place, anchor: Anchor) -> Self {
        Self {
            at,
            anchor,
            text: text.into(),
            size: 1.0,
            color: [255; 4],
            outline: true,
            angle_rad: 0.0,
        }
    }
}

/// One thing that is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mark {
    /// A line through points.
    Polyline {
        /// Its points; a single one is a dot.
        points: Vec<Place>,
        /// Whether the last is joined to the first.
        closed: bool,
        /// How it is drawn.
        style: Style,
    },
    /// An area without a line around it.
    Polygon {
        /// Its closed borders; what an odd number of them surrounds is filled, whichever way they run.
        rings: Vec<Vec<Place>>,
        /// Its colour.
        color: Rgba,
    },
    /// A circle or an ellipse.
    Ellipse {
        /// Its centre.
        center: Place,
        /// From the centre to the ends of two conjugate half axes, pixels.
        axes: [[f64; 2]; 2],
        /// How its line is drawn.
        style: Style,
        /// The colour of its inside, if it has one.
        fill: Option<Rgba>,
    },
    /// A line with a head at its end.
    Arrow {
        /// Where it starts.
        from: Place,
        /// Where its tip is.
        to: Place,
        /// How it is drawn.
        style: Style,
    },
    /// A place to take hold of.
    Handle {
        /// Its middle.
        at: Place,
        /// Its shape.
        shape: HandleShape,
        /// Filled with its colour when it is held or chosen, else with [`OUTLINE_COLOR`].
        selected: bool,
        /// Its colour.
        color: Rgba,
    },
    /// A line of text.
    Text(Text),
    /// Colours from top to bottom in a box: the bar that explains a palette.
    ColorRamp {
        /// The box's upper left corner.
        upper_left: Place,
        /// The box's lower right corner.
        lower_right: Place,
        /// Colours of bands of equal height, from the top.
        colors: Vec<[u8; 3]>,
        /// How the line around it is drawn.
        style: Style,
    },
}

impl Mark {
    /// A straight line.
    #[must_use]
    pub fn line(from: Place, to: Place, style: Style) -> Self {
        Self::Polyline {
            points: vec![from, to],
            closed: false,
            style,
        }
    }

    /// A circle without an inside.
    #[must_use]
    pub fn circle(center: Place, radius: f64, style: Style) -> Self {
        Self::Ellipse {
            center,
            axes: [[radius, 0.0], [0.0, radius]],
            style,
            fill: None,
        }
    }

    fn move_places(&mut self, moved: impl Fn(Place) -> Place) {
        let move_all = |points: &mut [Place]| points.iter_mut().for_each(|point| *point = moved(*point));
        match self {
            Self::Polyline { points, .. } => move_all(points),
            Self::Polygon { rings, .. } => rings.iter_mut().for_each(|ring| move_all(ring)),
            Self::Ellipse { center: at, .. } | Self::Handle { at, .. } | Self::Text(Text { at, .. }) => {
                *at = moved(*at);
            }
            Self::Arrow { from: a, to: b, .. }
            | Self::ColorRamp {
                upper_left: a,
                lower_right: b,
                ..
            } => {
                *a = moved(*a);
                *b = moved(*b);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Drawing, HandleShape, Mark, Style, Text};

    #[test]
    fn a_drawing_is_json_that_a_host_reads() {
        let drawing = Drawing {
            scale: 2.0,
            marks: vec![
                Mark::line([1.0, 2.5], [3.0, 4.0], Style::default()),
                Mark::Handle {
                    at: [1.0, 2.0],
                    shape: HandleShape::Round,
                    selected: true,
                    color: [255, 200, 0, 255],
                },
                Mark::Text(Text::new("肝 12 mm", [5.0, 6.0], Anchor::BottomRight)),
            ],
        };
        let expected = serde_json::json!({
            "scale": 2.0,
            "marks": [
                {
                    "kind": "polyline",
                    "points": [[1.0, 2.5], [3.0, 4.0]],
                    "closed": false,
                    "style": {
                        "color": [255, 255, 255, 255], "width_points": 1.4, "dash": null, "outline": true
                    },
                },
                {
                    "kind": "handle", "at": [1.0, 2.0], "shape": "round", "selected": true,
                    "color": [255, 200, 0, 255],
                },
                {
                    "kind": "text", "at": [5.0, 6.0], "anchor": "bottom_right", "text": "肝 12 mm", "size": 1.0,
                    "color": [255, 255, 255, 255], "outline": true, "angle_rad": 0.0,
                },
            ],
        });
        assert_eq!(serde_json::to_value(&drawing).unwrap(), expected);
    }

    #[test]
    fn magnifying_keeps_corners_and_centres() {
        let mut drawing = Drawing::new(1.0);
        drawing
            .marks
            .push(Mark::circle([0.0, 9.0], 3.0, Style::default()));
        let twice = drawing.magnified(2.0);
        let Mark::Ellipse { center, axes, .. } = &twice.marks[0] else {
            panic!("{twice:?}")
        };
        // The centre of the first of ten pixels is at a twentieth of the side, as half of the first two is.
        assert_eq!((*center, twice.scale), ([0.5, 18.5], 2.0));
        assert_eq!(*axes, [[6.0, 0.0], [0.0, 6.0]]);
        assert_eq!(twice.magnified(0.5), drawing);
    }
}
