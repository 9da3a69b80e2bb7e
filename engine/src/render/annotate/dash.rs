//! Lines cut into dashes.

use super::ink::Point;
use super::stroke::distance;

/// Most dashes of a mark.
const MAX_DASHES: usize = 1 << 16;
/// Shorter patterns cannot be seen, pixels.
const SHORTEST: f64 = 0.5;

/// The dashes of a path within reach of a picture of this size; `None` when they cannot be told apart, or are too
/// many.
///
/// `pattern` is the length of a dash and of a gap; the ends of dashes are round, `half` a width each. Dashes are
/// counted from the start of the path, whatever of it is seen.
pub(super) fn dashes(
    points: &[Point],
    pattern: [f64; 2],
    half: f64,
    picture: [f64; 2],
    reach: f64,
) -> Option<Vec<Vec<Point>>> {
    let period = pattern[0] + pattern[1];
    if !(pattern[0] >= 0.0 && pattern[1] > 0.0 && period >= SHORTEST) {
        return None;
    }
    // The pen goes from half a width behind the dash's start to half a width before its end.
    let dash = (pattern[0] - 2.0 * half).max(0.0);
    let (mut found, mut start) = (Vec::new(), 0.0);
    for pair in points.windows(2) {
        let (from, to, length) = (pair[0], pair[1], distance(pair[0], pair[1]));
        let place = |along: f64| {
            let part = if length > 0.0 { along / length } else { 0.0 };
            [
                from[0] + (to[0] - from[0]) * part,
                from[1] + (to[1] - from[1]) * part,
            ]
        };
        if let Some([first, last]) = seen(from, to, picture, reach) {
            let (first, last) = (start + first * length, start + last * length);
            let mut n = ((first - half - dash) / period).ceil();
            while n * period + half <= last {
                let begin = n * period + half;
                let [a, b] = [begin.max(start), (begin + dash).min(start + length)];
                if a <= b {
                    join(&mut found, place(a - start), place(b - start), begin < start);
                }
                n += 1.0;
                if found.len() > MAX_DASHES {
                    return None;
                }
            }
        }
        start += length;
    }
    Some(found)
}

/// Adds a piece of a dash: to the last one, where it began on the segment before.
fn join(found: &mut Vec<Vec<Point>>, from: Point, to: Point, is_begun: bool) {
    match found.last_mut() {
        Some(last) if is_begun && last.last().is_some_and(|end| distance(*end, from) < 1e-6) => last.push(to),
        _ => found.push(vec![from, to]),
    }
}

/// The parts of a segment, 0 to 1, between which it is within reach of the picture.
fn seen(from: Point, to: Point, picture: [f64; 2], reach: f64) -> Option<[f64; 2]> {
    let (mut first, mut last) = (0.0f64, 1.0f64);
    for axis in 0..2 {
        let (low, high) = (-reach, picture[axis] + reach);
        let along = to[axis] - from[axis];
        if along == 0.0 {
            if from[axis] < low || from[axis] > high {
                return None;
            }
            continue;
        }
        let [a, b] = [low, high].map(|edge| (edge - from[axis]) / along);
        first = first.max(a.min(b));
        last = last.min(a.max(b));
    }
    (first <= last).then_some([first, last])
}

#[cfg(test)]
mod tests {
    use super::{dashes, seen};

    const PICTURE: [f64; 2] = [100.0, 100.0];

    #[test]
    fn a_line_has_its_dashes() {
        let line = [[10.0, 5.0], [40.0, 5.0]];
        let found = dashes(&line, [6.0, 4.0], 1.0, PICTURE, 5.0).unwrap();
        // With their round ends of 1 pixel they reach over 10 to 16, 20 to 26, 30 to 36.
        let expected = [[11.0, 15.0], [21.0, 25.0], [31.0, 35.0]];
        assert_eq!(found, expected.map(|[a, b]| vec![[a, 5.0], [b, 5.0]]));
    }

    #[test]
    fn dashes_go_around_corners() {
        let bent = [[0.0, 0.0], [8.0, 0.0], [8.0, 30.0]];
        let found = dashes(&bent, [6.0, 1.0], 0.0, PICTURE, 1.0).unwrap();
        assert_eq!(found[1], [[7.0, 0.0], [8.0, 0.0], [8.0, 5.0]]);
        assert_eq!(found[2], [[8.0, 6.0], [8.0, 12.0]]);
    }

    /// What is not seen takes no dashes, and does not shift those that are.
    #[test]
    fn far_lines_have_few_dashes() {
        let far = [[-1e9, 50.0], [1e9, 50.0]];
        let found = dashes(&far, [6.0, 4.0], 1.0, PICTURE, 5.0).unwrap();
        assert!((10..=13).contains(&found.len()), "{}", found.len());
        // 1e9 is a whole number of periods.
        assert!((found[1][0][0].rem_euclid(10.0) - 1.0).abs() < 1e-3);
        assert_eq!(dashes(&far, [0.1, 0.1], 0.01, PICTURE, 5.0), None);
        assert_eq!(dashes(&far, [f64::NAN, 1.0], 0.01, PICTURE, 5.0), None);
        assert_eq!(seen([-9.0, 0.0], [-8.0, 100.0], PICTURE, 5.0), None);
    }
}
