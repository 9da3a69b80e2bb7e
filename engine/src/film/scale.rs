//! Pictures in another size: what lies under a pixel is averaged, or a smooth curve is laid through the pixels.

use std::collections::VecDeque;

use crate::film::Error;
use crate::film::whole::whole;
use crate::render::{Image, MAX_SIDE};

/// The source pixels that make one pixel of a row or column, with weights that sum to 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// Gives the picture in `width` x `height` pixels; its opacity is not looked at.
///
/// Towards fewer pixels each is the mean of the area that it covers, so that nothing is lost between samples and
/// nothing is invented; towards more it is a cubic curve through its neighbours (Catmull and Rom: the source's own
/// pixels keep their values). Levels are averaged as they are displayed, as windows made them.
///
/// # Errors
///
/// [`Error::Picture`] for a picture that is none, [`Error::PageSize`] when the new size has no or too many pixels.
pub(super) fn scaled(image: &Image, width: u32, height: u32) -> Result<Image, Error> {
    whole(image)?;
    if ![width, height].iter().all(|side| (1..=MAX_SIDE).contains(side)) {
        return Err(Error::PageSize(u64::from(width), u64::from(height)));
    }
    if (width, height) == (image.width, image.height) {
        return Ok(image.clone());
    }
    let across = taps(image.width as usize, width as usize);
    let down = taps(image.height as usize, height as usize);
    let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
    // Rows that are scaled across and may be needed again, and which one is the first.
    let mut rows: VecDeque<Vec<f32>> = VecDeque::new();
    let mut first = 0;
    for tap in &down {
        while first < tap.first && rows.pop_front().is_some() {
            first += 1;
        }
        first = first.max(tap.first);
        while first + rows.len() < tap.first + tap.weights.len() {
            rows.push_back(row(image, first + rows.len(), &across));
        }
        let mut sum = vec![0.0f32; width as usize * 3];
        for (weight, row) in tap.weights.iter().zip(rows.iter().skip(tap.first - first)) {
            for (sum, value) in sum.iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
        for pixel in sum.chunks_exact(3) {
            rgba.extend(pixel.iter().map(|value| value.round().clamp(0.0, 255.0) as u8));
            rgba.push(255);
        }
    }
    Ok(Image { width, height, rgba })
}

/// One source row in its new width.
fn row(image: &Image, y: usize, across: &[Taps]) -> Vec<f32> {
    let bytes = image.width as usize * 4;
    let source = &image.rgba[y * bytes..][..bytes];
    let mut out = Vec::with_capacity(across.len() * 3);
    for tap in across {
        let mut sum = [0.0f32; 3];
        for (weight, pixel) in tap.weights.iter().zip(source[tap.first * 4..].chunks_exact(4)) {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += weight * f32::from(*value);
            }
        }
        out.extend(sum);
    }
    out
}

fn taps(from: usize, to: usize) -> Vec<Taps> {
    let step = from as f64 / to as f64;
    (0..to)
        .map(|n| {
            if to < from {
                area(n as f64 * step, (n + 1) as f64 * step, from)
            } else {
                cubic((n as f64 + 0.5) * step - 0.5, from)
            }
        })
        .collect()
}

/// The share of each pixel in the stretch between two places.
fn area(start: f64, end: f64, count: usize) -> Taps {
    let first = (start.floor() as usize).min(count - 1);
    let last = (end.ceil() as usize).clamp(first + 1, count);
    let share = |n: usize| ((n + 1) as f64).min(end) - (n as f64).max(start);
    normal(first, (first..last).map(share).collect())
}

/// The four pixels around a place; those beyond the edges are the edge's.
fn cubic(place: f64, count: usize) -> Taps {
    let t = place - place.floor();
    let (t2, t3) = (t * t, t * t * t);
    let weights = [
        -0.5 * t3 + t2 - 0.5 * t,
        1.5 * t3 - 2.5 * t2 + 1.0,
        -1.5 * t3 + 2.0 * t2 + 0.5 * t,
        0.5 * t3 - 0.5 * t2,
    ];
    let at = |n: usize| (place.floor() as i64 + n as i64 - 1).clamp(0, count as i64 - 1) as usize;
    let first = at(0);
    let mut sums = vec![0.0; at(3) - first + 1];
    for (n, weight) in weights.into_iter().enumerate() {
        sums[at(n) - first] += weight;
    }
    normal(first, sums)
}

fn normal(first: usize, weights: Vec<f64>) -> Taps {
    let sum: f64 = weights.iter().sum();
    Taps {
        first,
        weights: weights.into_iter().map(|weight| (weight / sum) as f32).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::scaled;
    use crate::render::Image;

    fn gray(width: u32, height: u32, level: impl Fn(u32, u32) -> u8) -> Image {
        let levels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let rgba = levels.flat_map(|(x, y)| [level(x, y), level(x, y), level(x, y), 255]);
        Image {
            width,
            height,
            rgba: rgba.collect(),
        }
    }

    /// The mean of the area under each pixel, by plain loops over a grid that both sizes divide.
    #[test]
    fn fewer_pixels_are_means_of_areas() {
        let image = gray(7, 6, |x, y| (x * 31 + y * 17 + x * y * 3) as u8);
        let found = scaled(&image, 3, 4).unwrap();
        for y in 0..4u32 {
            for x in 0..3u32 {
                let mut sum = 0.0;
                for v in 0..6u32 {
                    for u in 0..7u32 {
                        sum += f64::from(image.pixel((x * 7 + u) / 3, (y * 6 + v) / 4)[0]);
                    }
                }
                let expected = sum / 42.0;
                let found = f64::from(found.pixel(x, y)[1]);
                assert!((found - expected).abs() <= 0.501, "{x} {y}: {found} {expected}");
            }
        }
    }

    #[test]
    fn more_pixels_lie_on_a_smooth_curve() {
        let image = gray(9, 5, |x, _| 40 + 20 * x as u8);
        let found = scaled(&image, 27, 15).unwrap();
        // Every third pixel lies where a source pixel does; between them a straight ramp stays straight.
        for x in 0..9 {
            assert_eq!(found.pixel(3 * x + 1, 7), image.pixel(x, 2));
        }
        for x in 6..21u32 {
            let expected = 40.0 + 20.0 * (f64::from(x) - 1.0) / 3.0;
            assert!((f64::from(found.pixel(x, 3)[2]) - expected).abs() <= 0.51);
        }
        let even = scaled(&gray(5, 5, |_, _| 77), 300, 2).unwrap();
        assert!(even.rgba.chunks(4).all(|pixel| pixel == [77, 77, 77, 255]));
    }

    #[test]
    fn pictures_that_are_none_are_refused() {
        let refused = |width, height, bytes, to: [u32; 2]| {
            let rgba = vec![0; bytes];
            assert!(scaled(&Image { width, height, rgba }, to[0], to[1]).is_err());
        };
        refused(0, 0, 0, [1, 1]);
        refused(2, 2, 15, [1, 1]);
        refused(u32::MAX, u32::MAX, 4, [1, 1]);
        refused(1, 1, 4, [0, 1]);
        refused(1, 1, 4, [u32::MAX, u32::MAX]);
    }
}
