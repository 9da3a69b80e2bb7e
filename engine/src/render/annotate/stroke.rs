//! Lines as areas: all points within half a width of a path.
//!
//! A path becomes pieces that touch without overlap where it bends gently: a strip a segment, cut where two strips
//! would overlap inside a bend, a wedge outside of it, half a disc at each end. In bends tighter than the line is
//! wide, and where a path runs back on itself, strips overlap, and a pixel at the edge of both counts them both, at
//! most as a whole pixel.

use std::f64::consts::PI;

type Point = [f64; 2];

/// How far arcs may be from their chords, pixels.
const TOLERANCE: f64 = 0.01;
/// Points that are closer to one another are one.
const SAME: f64 = 1e-6;

/// Tells the convex pieces of a line `half` pixels to each side of a path; all run as a clock does, as seen.
pub(super) fn stroke(points: &[Point], is_closed: bool, half: f64, piece: impl FnMut(&[Point])) {
    follow(points, is_closed, half, false, piece);
}

/// Tells the convex pieces around an area, `by` pixels wide; its border runs as a clock does, as seen, and that of a
/// hole the other way.
pub(super) fn around(border: &[Point], by: f64, piece: impl FnMut(&[Point])) {
    follow(border, true, by, true, piece);
}

fn follow(points: &[Point], is_closed: bool, half: f64, only_left: bool, mut piece: impl FnMut(&[Point])) {
    let mut path: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if path.last().is_none_or(|last| distance(*last, *point) > SAME) {
            path.push(*point);
        }
    }
    if is_closed && path.len() > 1 && distance(path[0], path[path.len() - 1]) <= SAME {
        path.pop();
    }
    let is_closed = is_closed && path.len() > 2;
    let only_left = only_left && is_closed;
    if let [point] = path.as_slice() {
        piece(&arc(*point, [half, 0.0], 2.0 * PI));
        return;
    }
    let segments = segments(&path, is_closed);
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        return;
    };
    let joint = |from: &Segment, to: &Segment| Joint::between(from, to, half);
    let around = if is_closed {
        joint(last, first)
    } else {
        Joint::NONE
    };
    let mut before = around;
    for (n, segment) in segments.iter().enumerate() {
        let after = segments.get(n + 1).map_or(around, |next| joint(segment, next));
        let strip = segment.strip(half, before, after);
        piece(if only_left { &strip[..4] } else { &strip });
        if !only_left || after.sin >= 0.0 {
            segment.wedge(half, after, &mut piece);
        }
        before = after;
    }
    if !is_closed {
        let [x, y] = first.along.map(|part| part * half);
        piece(&arc(first.from, [-y, x], PI));
        let [x, y] = last.along.map(|part| part * half);
        piece(&arc(last.to, [y, -x], PI));
    }
}

struct Segment {
    from: Point,
    to: Point,
    length: f64,
    /// Its direction, of length 1.
    along: [f64; 2],
}

fn segments(path: &[Point], is_closed: bool) -> Vec<Segment> {
    let closing = match path {
        [first, .., last] if is_closed => Some([*last, *first]),
        _ => None,
    };
    let pairs = path.windows(2).map(|pair| [pair[0], pair[1]]).chain(closing);
    let segment = |[from, to]: [Point; 2]| {
        let length = distance(from, to);
        Segment {
            from,
            to,
            length,
            along: [(to[0] - from[0]) / length, (to[1] - from[1]) / length],
        }
    };
    pairs.map(segment).collect()
}

/// How a path goes on at the end of a segment.
#[derive(Clone, Copy)]
struct Joint {
    /// Sine and cosine of the turn to the next segment, to the right as seen when above 0 (y points down).
    sin: f64,
    cos: f64,
    /// How much is cut off the inner sides, pixels; 0 where they are too short for it.
    cut: f64,
}

impl Joint {
    const NONE: Self = Self {
        sin: 0.0,
        cos: 1.0,
        cut: 0.0,
    };

    fn between(segment: &Segment, next: &Segment, half: f64) -> Self {
        let ([ax, ay], [bx, by]) = (segment.along, next.along);
        let (sin, cos) = (ax * by - ay * bx, ax * bx + ay * by);
        // Half the turn has the tangent sin / (1 + cos); straight back it has none, and no cut fits.
        let cut = half * sin.abs() / (1.0 + cos);
        // Half of a segment for each of its ends.
        let fits = cut <= segment.length.min(next.length) / 2.0;
        Self {
            sin,
            cos,
            cut: if fits { cut } else { 0.0 },
        }
    }
}

impl Segment {
    fn place(&self, end: Point, on: f64, aside: f64) -> Point {
        let [x, y] = self.along;
        [end[0] + on * x - aside * y, end[1] + on * y + aside * x]
    }

    /// The strip, cut at the inner sides of its joints; its first four points are its left half.
    fn strip(&self, half: f64, before: Joint, after: Joint) -> [Point; 6] {
        // The side to the right is inside of a turn to the right.
        let cut = |joint: Joint, is_right: bool| {
            if (joint.sin > 0.0) == is_right {
                joint.cut
            } else {
                0.0
            }
        };
        [
            self.from,
            self.place(self.from, cut(before, false), -half),
            self.place(self.to, -cut(after, false), -half),
            self.to,
            self.place(self.to, -cut(after, true), half),
            self.place(self.from, cut(before, true), half),
        ]
    }

    /// The part of a disc between the outer sides of this segment and of the next.
    fn wedge(&self, half: f64, joint: Joint, mut piece: impl FnMut(&[Point])) {
        if joint.sin == 0.0 && joint.cos > 0.0 {
            return;
        }
        // Straight back (a sine of 0) is half a turn to the right.
        let outer = if joint.sin >= 0.0 { -half } else { half };
        let start = [-outer * self.along[1], outer * self.along[0]];
        let mut points = if half * (1.0 - ((1.0 + joint.cos) / 2.0).max(0.0).sqrt()) <= TOLERANCE {
            // A turn so small that its arc is a chord: no angle is needed.
            let end = turned(start, joint.sin, joint.cos);
            vec![moved(self.to, start), moved(self.to, end)]
        } else {
            arc(
                self.to,
                start,
                joint.sin.abs().atan2(joint.cos) * if outer > 0.0 { -1.0 } else { 1.0 },
            )
        };
        points.push(self.to);
        if outer > 0.0 {
            points.reverse();
        }
        piece(&points);
    }
}

fn moved(point: Point, by: [f64; 2]) -> Point {
    [point[0] + by[0], point[1] + by[1]]
}

fn turned([x, y]: [f64; 2], sin: f64, cos: f64) -> [f64; 2] {
    [x * cos - y * sin, x * sin + y * cos]
}

/// Points of an arc about a centre, from `center + start` on, ends included.
fn arc(center: Point, start: [f64; 2], turn: f64) -> Vec<Point> {
    let steps = steps(start[0].hypot(start[1]), turn);
    let (sin, cos) = (turn / f64::from(steps)).sin_cos();
    let mut at = start;
    let mut points = vec![moved(center, at)];
    for _ in 0..steps {
        at = turned(at, sin, cos);
        points.push(moved(center, at));
    }
    points
}

/// How many chords an arc needs.
pub(super) fn steps(radius: f64, turn: f64) -> u32 {
    let step = 2.0 * (1.0 - TOLERANCE / radius.max(2.0 * TOLERANCE)).acos();
    // A number that is none becomes 1.
    ((turn.abs() / step).ceil() as u32).clamp(1, 4096)
}

pub(super) fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
