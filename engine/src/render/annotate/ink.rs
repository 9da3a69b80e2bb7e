//! Strokes with smooth edges and a dark outline on a picture.

use super::strokes::{self, GAP};
use crate::render::Image;

/// A straight piece of a stroke, in pixels.
type Segment = [[f64; 2]; 2];

/// Which end of a text is at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Center,
    Right,
}

/// A pen on a picture.
pub(super) struct Ink<'a> {
    image: &'a mut Image,
    scale: f64,
}

/// Pixels from one unit of a letter's strokes to the next at the plain size.
const UNIT: f64 = 0.8;
/// Half the width of a stroke and of its outline at the plain size, in pixels.
const HALF_STROKE: f64 = 0.7;
const HALF_OUTLINE: f64 = 1.9;

impl<'a> Ink<'a> {
    pub(super) fn new(image: &'a mut Image, scale: f64) -> Self {
        Self { image, scale }
    }

    /// Writes a line of text whose upper edge is at `place`, `larger` times the plain size.
    pub(super) fn text(&mut self, text: &str, place: [f64; 2], anchor: Anchor, larger: f64) {
        let unit = UNIT * self.scale * larger;
        let width = strokes::width(text) * unit;
        let shift = match anchor {
            Anchor::Left => 0.0,
            Anchor::Center => -width / 2.0,
            Anchor::Right => -width,
        };
        let mut left = place[0] + shift;
        let mut segments = Vec::new();
        for character in text.chars() {
            let glyph = strokes::of(character);
            let at = |[x, y]: [f64; 2]| [left + x * unit, place[1] + y * unit];
            segments.extend(glyph.segments().map(|segment| segment.map(at)));
            left += (glyph.width() + GAP) * unit;
        }
        self.strokes_of(&segments, larger.sqrt());
    }

    /// Draws strokes of the plain width.
    pub(super) fn strokes(&mut self, segments: &[Segment]) {
        self.strokes_of(segments, 1.0);
    }

    fn strokes_of(&mut self, segments: &[Segment], wider: f64) {
        let (stroke, outline) = (
            HALF_STROKE * self.scale * wider,
            HALF_OUTLINE * self.scale * wider,
        );
        let Some(mut field) = Distances::around(segments, outline + 1.0, self.image) else {
            return;
        };
        segments
            .iter()
            .for_each(|segment| field.near(*segment, outline + 1.0));
        for (y, row) in field.distances.chunks(field.width).enumerate() {
            for (x, distance) in row.iter().enumerate() {
                let part = |half: f64| (half + 0.5 - distance).clamp(0.0, 1.0);
                let at = ((field.top + y) * self.image.width as usize + field.left + x) * 4;
                for channel in &mut self.image.rgba[at..at + 3] {
                    let dark = f64::from(*channel) * (1.0 - part(outline));
                    *channel = (dark + (255.0 - dark) * part(stroke)).round() as u8;
                }
            }
        }
    }

    /// Fills a box with colours that depend on the part of its height, 0 at the top.
    pub(super) fn fill(
        &mut self,
        upper_left: [f64; 2],
        lower_right: [f64; 2],
        color: impl Fn(f64) -> [u8; 3],
    ) {
        let [left, right] = [upper_left[0], lower_right[0]].map(|x| inside(x, self.image.width));
        let [top, bottom] = [upper_left[1], lower_right[1]].map(|y| inside(y, self.image.height));
        for y in top..bottom {
            let down = (y as f64 + 0.5 - upper_left[1]) / (lower_right[1] - upper_left[1]);
            let color = color(down.clamp(0.0, 1.0));
            for x in left..right {
                let at = (y * self.image.width as usize + x) * 4;
                self.image.rgba[at..at + 3].copy_from_slice(&color);
            }
        }
    }
}

/// The nearest pixel edge of the image.
fn inside(along: f64, pixels: u32) -> usize {
    along.round().clamp(0.0, f64::from(pixels)) as usize
}

/// Distance of each pixel of a part of the picture to the nearest stroke.
struct Distances {
    left: usize,
    top: usize,
    width: usize,
    distances: Vec<f64>,
}

impl Distances {
    /// The part of the image within `reach` of the segments; `None` when there is none.
    fn around(segments: &[Segment], reach: f64, image: &Image) -> Option<Self> {
        let points = || segments.iter().flatten();
        let low = |axis: usize| points().map(|p| p[axis]).fold(f64::INFINITY, f64::min) - reach;
        let high = |axis: usize| points().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max) + reach;
        let [left, right] = [low(0), high(0)].map(|x| inside(x, image.width));
        let [top, bottom] = [low(1), high(1)].map(|y| inside(y, image.height));
        let is_some = left < right && top < bottom;
        is_some.then(|| Self {
            left,
            top,
            width: right - left,
            distances: vec![f64::INFINITY; (right - left) * (bottom - top)],
        })
    }

    /// Takes a segment's distance where it is the smallest so far, within `reach` of it.
    fn near(&mut self, segment: Segment, reach: f64) {
        let [[x0, y0], [x1, y1]] = segment;
        let height = self.distances.len() / self.width;
        let span = |a: f64, b: f64, first: usize, count: usize| {
            let from = (a.min(b) - reach - first as f64).clamp(0.0, count as f64) as usize;
            let to = (a.max(b) + reach - first as f64).ceil().clamp(0.0, count as f64) as usize;
            from..to
        };
        for y in span(y0, y1, self.top, height) {
            for x in span(x0, x1, self.left, self.width) {
                let point = [(self.left + x) as f64 + 0.5, (self.top + y) as f64 + 0.5];
                let nearest = &mut self.distances[y * self.width + x];
                *nearest = nearest.min(distance(point, segment));
            }
        }
    }
}

fn distance([x, y]: [f64; 2], [[x0, y0], [x1, y1]]: Segment) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length_squared = dx * dx + dy * dy;
    let along = if length_squared > 0.0 {
        ((x - x0) * dx + (y - y0) * dy) / length_squared
    } else {
        0.0
    };
    let along = along.clamp(0.0, 1.0);
    (x - x0 - along * dx).hypot(y - y0 - along * dy)
}
