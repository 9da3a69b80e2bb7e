//! Marks as shapes.

use std::collections::BTreeSet;
use std::f64::consts::PI;

use super::dash::dashes;
use super::ink::{Ink, Point, Shape};
use super::stroke::{distance, steps};
use super::text;
use crate::presentation::{
    ARROW_HEAD_POINTS, Fonts, HANDLE_POINTS, HandleShape, Mark, OUTLINE_COLOR, OUTLINE_POINTS, Place, Rgba,
    Style,
};

/// Places further from the picture than that are no places, pixels.
const FARTHEST: f64 = 1e9;
/// Wider lines are none, points; larger texts are none, times the plain size.
const WIDEST: f64 = 1e4;
const LARGEST: f64 = 1e3;

/// How many points a mark has.
pub(super) fn points(mark: &Mark) -> usize {
    match mark {
        Mark::Polyline { points, .. } => points.len(),
        Mark::Polygon { rings, .. } => rings.iter().map(|ring| ring.len().max(1)).sum(),
        Mark::ColorRamp { colors, .. } => colors.len(),
        _ => 0,
    }
}

/// Whether all numbers of a mark can be drawn.
pub(super) fn is_sound(mark: &Mark) -> bool {
    let place = |place: &Place| place.iter().all(|along| along.abs() <= FARTHEST);
    let line = |style: &Style| (0.0..=WIDEST).contains(&style.width_points);
    match mark {
        Mark::Polyline { points, style, .. } => points.iter().all(place) && line(style),
        Mark::Polygon { rings, .. } => rings.iter().flatten().all(place),
        Mark::Ellipse {
            center, axes, style, ..
        } => place(center) && axes.iter().all(place) && line(style),
        Mark::Arrow { from, to, style } => place(from) && place(to) && line(style),
        Mark::Handle { at, .. } => place(at),
        Mark::Text(text) => {
            place(&text.at) && text.size > 0.0 && text.size <= LARGEST && text.angle_rad.is_finite()
        }
        Mark::ColorRamp {
            upper_left,
            lower_right,
            style,
            ..
        } => place(upper_left) && place(lower_right) && line(style),
    }
}

/// Draws a mark whose numbers are sound.
pub(super) fn paint(mark: &Mark, scale: f64, fonts: &Fonts, ink: &mut Ink<'_>, missing: &mut BTreeSet<char>) {
    let mut pen = Pen { scale, ink };
    match mark {
        Mark::Polyline {
            points,
            closed,
            style,
        } => {
            pen.line(points.iter().copied().map(from_corner).collect(), *closed, style);
        }
        Mark::Polygon { rings, color } => {
            let ring = |ring: &Vec<Place>| ring.iter().copied().map(from_corner).collect();
            let rings: Vec<Vec<Point>> = rings.iter().map(ring).collect();
            pen.ink.area(&rings, |_| *color);
        }
        Mark::Ellipse {
            center,
            axes,
            style,
            fill,
        } => {
            let border = ellipse(from_corner(*center), *axes);
            if let Some(fill) = fill {
                pen.ink.area(std::slice::from_ref(&border), |_| *fill);
            }
            pen.line(border, true, style);
        }
        Mark::Arrow { from, to, style } => pen.arrow(from_corner(*from), from_corner(*to), style),
        Mark::Handle {
            at,
            shape,
            selected,
            color,
        } => pen.handle(from_corner(*at), *shape, *selected, *color),
        Mark::Text(line) => missing.extend(text::paint(line, scale, fonts, pen.ink)),
        Mark::ColorRamp {
            upper_left,
            lower_right,
            colors,
            style,
        } => pen.color_ramp(from_corner(*upper_left), from_corner(*lower_right), colors, style),
    }
}

/// Pixels from the corner of the picture; places count from the centre of the first pixel.
pub(super) fn from_corner([x, y]: Place) -> Point {
    [x + 0.5, y + 0.5]
}

struct Pen<'a, 'b> {
    scale: f64,
    ink: &'a mut Ink<'b>,
}

impl Pen<'_, '_> {
    fn line(&mut self, points: Vec<Point>, is_closed: bool, style: &Style) {
        let half = style.width_points * self.scale / 2.0;
        let mut shape = Shape {
            half,
            ..Shape::default()
        };
        let cut = style.dash.and_then(|pattern| {
            let mut path = points.clone();
            path.extend(points.first().filter(|_| is_closed));
            let pattern = pattern.map(|part| part * self.scale);
            let reach = half + OUTLINE_POINTS * self.scale + 1.0;
            dashes(&path, pattern, half, self.ink.size(), reach)
        });
        shape.lines = match cut {
            Some(dashes) => dashes.into_iter().map(|dash| (dash, false)).collect(),
            None => vec![(points, is_closed)],
        };
        self.outlined(&shape, style);
    }

    fn outlined(&mut self, shape: &Shape, style: &Style) {
        if style.outline {
            self.ink
                .shape(shape, OUTLINE_POINTS * self.scale, outline(style.color));
        }
        self.ink.shape(shape, 0.0, style.color);
    }

    fn arrow(&mut self, from: Point, to: Point, style: &Style) {
        let length = distance(from, to);
        if length < 1e-6 {
            return self.line(vec![to], false, style);
        }
        let along = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
        let back = |back: f64, aside: f64| {
            [
                to[0] - back * along[0] - aside * along[1],
                to[1] - back * along[1] + aside * along[0],
            ]
        };
        // Thick lines have larger heads, short arrows smaller ones.
        let larger = self.scale * (1.0 + style.width_points / 4.0);
        let head = (ARROW_HEAD_POINTS[0] * larger).min(length * 0.6);
        let aside = head * ARROW_HEAD_POINTS[1] / ARROW_HEAD_POINTS[0] / 2.0;
        let shape = Shape {
            lines: vec![(vec![from, back(head * 0.8, 0.0)], false)],
            half: style.width_points * self.scale / 2.0,
            rings: vec![vec![to, back(head, aside), back(head, -aside)]],
        };
        self.outlined(&shape, style);
    }

    fn handle(&mut self, at: Point, shape: HandleShape, is_selected: bool, color: Rgba) {
        let radius = HANDLE_POINTS / 2.0 * self.scale;
        let border = match shape {
            HandleShape::Round => ellipse(at, [[radius, 0.0], [0.0, radius]]),
            HandleShape::Square => {
                let corner = |x: f64, y: f64| [at[0] + x * radius, at[1] + y * radius];
                vec![
                    corner(-1.0, -1.0),
                    corner(1.0, -1.0),
                    corner(1.0, 1.0),
                    corner(-1.0, 1.0),
                ]
            }
        };
        let inside = Shape {
            rings: vec![border.clone()],
            ..Shape::default()
        };
        self.ink
            .shape(&inside, OUTLINE_POINTS * self.scale, outline(color));
        self.ink
            .shape(&inside, 0.0, if is_selected { color } else { outline(color) });
        let line = Shape {
            lines: vec![(border, true)],
            half: 0.6 * self.scale,
            rings: Vec::new(),
        };
        self.ink.shape(&line, 0.0, color);
    }

    fn color_ramp(&mut self, upper_left: Point, lower_right: Point, colors: &[[u8; 3]], style: &Style) {
        let ([left, top], [right, bottom]) = (upper_left, lower_right);
        let border = vec![[left, top], [right, top], [right, bottom], [left, bottom]];
        if let (Some(last), true) = (colors.len().checked_sub(1), bottom > top) {
            self.ink.area(std::slice::from_ref(&border), |row| {
                let down = (row as f64 + 0.5 - top) / (bottom - top);
                let [red, green, blue] = colors[((down * colors.len() as f64) as usize).min(last)];
                [red, green, blue, 255]
            });
        }
        self.line(border, true, style);
    }
}

/// The colour of an outline, as opaque as what it surrounds.
pub(super) fn outline(color: Rgba) -> Rgba {
    let [red, green, blue, opacity] = OUTLINE_COLOR;
    let opacity = u16::from(opacity) * u16::from(color[3]) / 255;
    [red, green, blue, opacity as u8]
}

fn ellipse(center: Point, axes: [Point; 2]) -> Vec<Point> {
    let radius = axes.iter().map(|axis| axis[0].hypot(axis[1])).fold(0.0, f64::max);
    // A chord of the larger circle is shrunk with it, and so is what lies between.
    let count = steps(radius, 2.0 * PI).max(8);
    let point = |n: u32| {
        let (sin, cos) = (2.0 * PI * f64::from(n) / f64::from(count)).sin_cos();
        [0, 1].map(|at| center[at] + axes[0][at] * cos + axes[1][at] * sin)
    };
    let mut points: Vec<Point> = (0..count).map(point).collect();
    if axes[0][0] * axes[1][1] < axes[0][1] * axes[1][0] {
        points.reverse();
    }
    points
}
