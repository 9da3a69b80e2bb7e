//! Lines of text as shapes.

use std::collections::BTreeSet;

use super::ink::{Ink, Point, Shape};
use super::marks::{from_corner, outline};
use crate::presentation::fonts::{self, Contour, Curve, Glyph};
use crate::presentation::{Fonts, OUTLINE_POINTS, TEXT_ASCENT, TEXT_POINTS, Text};

/// Half the width of the built-in face's strokes at the plain size, points.
const HALF_STROKE_POINTS: f64 = 0.7;
/// How far curves may be from their chords, pixels.
const TOLERANCE: f64 = 0.05;
/// Glyphs reach no further from their place than that, em.
const REACH_EM: f64 = 4.0;

/// Draws a line of text; gives the characters that no font has.
pub(super) fn paint(text: &Text, scale: f64, fonts: &Fonts, ink: &mut Ink<'_>) -> BTreeSet<char> {
    let line = fonts.line(&text.text);
    let em = TEXT_POINTS * text.size * scale;
    let [left_of, above] = text.anchor.parts();
    let place = Placed {
        at: from_corner(text.at),
        turn: text.angle_rad.sin_cos(),
        start: [-left_of * line.width_em * em, (TEXT_ASCENT - above) * em],
        em,
    };
    let mut shape = Shape {
        half: HALF_STROKE_POINTS * scale * text.size.sqrt(),
        ..Shape::default()
    };
    let [width, height] = ink.size();
    for glyph in &line.glyphs {
        let [x, y] = place.point(glyph.at_em, [0.0; 2]);
        let reach = REACH_EM * em;
        if (-reach..=width + reach).contains(&x) && (-reach..=height + reach).contains(&y) {
            place.add(glyph, &mut shape);
        }
    }
    if text.outline {
        ink.shape(&shape, OUTLINE_POINTS * scale, outline(text.color));
    }
    let bolder = if shape.rings.is_empty() { 0.0 } else { bolder(em) };
    ink.shape(&shape, bolder, text.color);
    line.missing
}

/// How much small letters are grown to each side, pixels.
///
/// Their strokes are thinner than a pixel: mixed with a dark outline as they are, most of their colour is lost.
fn bolder(em: f64) -> f64 {
    (0.24 - em * 0.0093).clamp(0.0, 0.15)
}

/// Where a line of text is.
struct Placed {
    at: Point,
    /// Sine and cosine of the turn about `at`.
    turn: (f64, f64),
    /// The start of the line that letters stand on, from `at`, before the turn.
    start: Point,
    /// Pixels.
    em: f64,
}

impl Placed {
    /// The pixel of a point of a glyph.
    fn point(&self, at_em: f64, [x, y]: Point) -> Point {
        let (sin, cos) = self.turn;
        let (x, y) = (self.start[0] + (at_em + x) * self.em, self.start[1] + y * self.em);
        [self.at[0] + cos * x - sin * y, self.at[1] + sin * x + cos * y]
    }

    fn add(&self, glyph: &Glyph, shape: &mut Shape) {
        let at = |point: Point| self.point(glyph.at_em, point);
        match &*glyph.shape {
            fonts::Shape::Strokes(lines) => {
                let line = |line: &Vec<Point>| (line.iter().copied().map(at).collect(), false);
                shape.lines.extend(lines.iter().map(line));
            }
            fonts::Shape::Outline(contours) => {
                let first = shape.rings.len();
                let ring = |contour: &Contour| flattened(contour, self.em).into_iter().map(at).collect();
                shape.rings.extend(contours.iter().map(ring));
                // TrueType's outlines run one way round, PostScript's the other.
                let rings = &mut shape.rings[first..];
                if rings.iter().map(|ring| twice_area(ring)).sum::<f64>() < 0.0 {
                    rings.iter_mut().for_each(|ring| ring.reverse());
                }
            }
        }
    }
}

/// Twice the area of a ring, above 0 when it runs as a clock does as seen (y points down).
fn twice_area(ring: &[Point]) -> f64 {
    let Some(mut from) = ring.last() else {
        return 0.0;
    };
    let mut sum = 0.0;
    for to in ring {
        sum += from[0] * to[1] - to[0] * from[1];
        from = to;
    }
    sum
}

/// The corners of a contour whose curves are chords, in em; chords are short enough for this many pixels an em.
fn flattened(contour: &Contour, em: f64) -> Vec<Point> {
    let mut from = wide(contour.start);
    let mut points = vec![from];
    for curve in &contour.curves {
        match *curve {
            Curve::Line(to) => points.push(wide(to)),
            Curve::Quadratic([control, to]) => {
                let (control, to) = (wide(control), wide(to));
                // A parabola is a cubic curve, too.
                let between = |end: Point| [0, 1].map(|at| end[at] + (control[at] - end[at]) * 2.0 / 3.0);
                cubic([from, between(from), between(to), to], em, &mut points);
            }
            Curve::Cubic([a, b, to]) => cubic([from, wide(a), wide(b), wide(to)], em, &mut points),
        }
        from = points[points.len() - 1];
    }
    points
}

fn wide(point: [f32; 2]) -> Point {
    point.map(f64::from)
}

fn cubic([a, b, c, d]: [Point; 4], em: f64, points: &mut Vec<Point>) {
    // A chord of a step h lies at most |second derivative| h² / 8 from the curve.
    let bend = |p: Point, q: Point, r: Point| (p[0] - 2.0 * q[0] + r[0]).hypot(p[1] - 2.0 * q[1] + r[1]);
    let second = 6.0 * bend(a, b, c).max(bend(b, c, d)) * em;
    let count = ((second / 8.0 / TOLERANCE).sqrt().ceil()).clamp(1.0, 64.0) as u32;
    for n in 1..=count {
        let t = f64::from(n) / f64::from(count);
        let s = 1.0 - t;
        let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
        points.push(
            [0, 1]
                .map(|at| weights[0] * a[at] + weights[1] * b[at] + weights[2] * c[at] + weights[3] * d[at]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{flattened, twice_area};
    use crate::presentation::fonts::{Contour, Curve};

    #[test]
    fn chords_follow_curves() {
        // Four cubic curves as a circle of radius 1, as fonts have them.
        let k = 0.552_285;
        let arc = |x: [f32; 2], y: [f32; 2]| {
            Curve::Cubic([
                [x[0] + k * y[0], x[1] + k * y[1]],
                [y[0] + k * x[0], y[1] + k * x[1]],
                y,
            ])
        };
        let ends = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]];
        let circle = Contour {
            start: ends[0],
            curves: ends.windows(2).map(|pair| arc(pair[0], pair[1])).collect(),
        };
        let points = flattened(&circle, 100.0);
        assert!((twice_area(&points) / 2.0 - std::f64::consts::PI).abs() < 0.003);
        for point in points {
            assert!((point[0].hypot(point[1]) - 1.0).abs() < 0.0005);
        }
    }
}
