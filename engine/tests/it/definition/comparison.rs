//! What is shown in which part of a picture, and contours, by their definitions: every cell of a board, every
//! square of the picture, one by one.

use engine::presentation::Size;
use engine::render::{Contours, DrawnAs, Image, Layer, Renderer, Scene, ShownIn, Values, Volumes};

/// The part of pixel (x, y) that a layer is shown in.
pub fn part(shown_in: ShownIn, x: f64, y: f64) -> f64 {
    match shown_in {
        ShownIn::Everywhere => 1.0,
        ShownIn::Checkerboard { cell, corner } => {
            let across = part_of_cells(x - corner[0], cell[0]);
            let down = part_of_cells(y - corner[1], cell[1]);
            across * down + (1.0 - across) * (1.0 - down)
        }
        ShownIn::HalfPlane { point, towards } => {
            let length = towards[0].hypot(towards[1]);
            let distance = ((x - point[0]) * towards[0] + (y - point[1]) * towards[1]) / length;
            (distance + 0.5).clamp(0.0, 1.0)
        }
        other => panic!("{other:?}"),
    }
}

/// How much of `at - 1/2` to `at + 1/2` lies in cells 0, 2, 4 … and -2, -4 …
fn part_of_cells(at: f64, cell: f64) -> f64 {
    let near = (at / (2.0 * cell)).floor();
    let cells = (1.0 / (2.0 * cell)).ceil() + 1.0;
    let mut sum = 0.0;
    for n in -(cells as i64)..=cells as i64 {
        let begin = (near + n as f64) * 2.0 * cell;
        sum += ((begin + cell).min(at + 0.5) - begin.max(at - 0.5)).max(0.0);
    }
    sum
}

/// The part of pixel (x, y) that the lines of an image of values cover.
pub fn line_cover(values: &Values, contours: &Contours, x: u32, y: u32) -> f64 {
    let mut nearest = f64::INFINITY;
    let value = |x: u32, y: u32| f64::from(values.values[(y * values.width + x) as usize]);
    for j in 0..values.height - 1 {
        for i in 0..values.width - 1 {
            let corners = [value(i, j), value(i + 1, j), value(i + 1, j + 1), value(i, j + 1)];
            if corners.iter().any(|corner| !corner.is_finite()) {
                continue;
            }
            for level in &contours.levels {
                for [a, b] in lines(corners, *level) {
                    let from = [f64::from(x) - f64::from(i), f64::from(y) - f64::from(j)];
                    nearest = nearest.min(distance(from, a, b));
                }
            }
        }
    }
    let half = contours.width_pixels / 2.0;
    ((nearest + 0.5).min(half) - (nearest - 0.5).max(-half)).max(0.0)
}

type Place = [f64; 2];

/// The lines in a square, whose corners are given clockwise.
fn lines(corners: [f64; 4], level: f64) -> Vec<[Place; 2]> {
    let places = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
    let is_inside = corners.map(|corner| corner >= level);
    // Where a side from a corner to the next is crossed.
    let crossing = |from: usize| {
        let to = (from + 1) % 4;
        (is_inside[from] != is_inside[to]).then(|| {
            let part = (level - corners[from]) / (corners[to] - corners[from]);
            [0, 1].map(|axis| places[from][axis] * (1.0 - part) + places[to][axis] * part)
        })
    };
    let crossings: Vec<Place> = (0..4).filter_map(crossing).collect();
    let mean_is_inside = corners.iter().sum::<f64>() / 4.0 >= level;
    match crossings.as_slice() {
        [] => vec![],
        [a, b] => vec![[*a, *b]],
        // Each of the corners that are not on the mean's side is cut off.
        [a, b, c, d] if is_inside[0] == mean_is_inside => vec![[*a, *b], [*c, *d]],
        [a, b, c, d] => vec![[*d, *a], [*b, *c]],
        other => panic!("{other:?}"),
    }
}

fn distance([x, y]: Place, a: Place, b: Place) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let square = dx * dx + dy * dy;
    let along = ((x - a[0]) * dx + (y - a[1]) * dy) / square.max(1e-300);
    let along = along.clamp(0.0, 1.0);
    (x - a[0] - along * dx).hypot(y - a[1] - along * dy)
}

/// A picture by its definition, made of the renderer's own values and colours of each layer by itself: red,
/// green, blue of each pixel.
pub fn picture(renderer: &mut dyn Renderer, scene: &Scene, volumes: &Volumes, size: Size) -> Vec<[f64; 3]> {
    let mut picture = vec![scene.background.map(f64::from); (size.width * size.height) as usize];
    for (n, layer) in scene.layers.iter().enumerate() {
        let values = renderer.values(scene, n, volumes, size).unwrap();
        let colors = colors(renderer, scene, layer, volumes, size);
        for (at, pixel) in picture.iter_mut().enumerate() {
            let (x, y) = (at as u32 % size.width, at as u32 / size.width);
            let (color, cover) = match &layer.drawn_as {
                DrawnAs::Colors => {
                    let [red, green, blue, _] = colors.pixel(x, y);
                    let is_there = !values.values[at].is_nan();
                    ([red, green, blue], f64::from(u8::from(is_there)))
                }
                DrawnAs::Contours(contours) => (contours.color, line_cover(&values, contours, x, y)),
                other => panic!("{other:?}"),
            };
            let weight = layer.opacity * cover * part(layer.shown_in, x.into(), y.into());
            for (channel, color) in pixel.iter_mut().zip(color) {
                *channel += weight * (f64::from(color) - *channel);
            }
        }
    }
    picture
}

/// The colours of a layer by itself.
fn colors(renderer: &mut dyn Renderer, scene: &Scene, layer: &Layer, volumes: &Volumes, size: Size) -> Image {
    let alone = Layer {
        opacity: 1.0,
        shown_in: ShownIn::Everywhere,
        drawn_as: DrawnAs::Colors,
        ..layer.clone()
    };
    let mut alone = Scene {
        layers: vec![alone],
        ..scene.clone()
    };
    alone.quality.step_mm = Some(scene.step_mm(volumes).unwrap());
    renderer.render(&alone, volumes, size).unwrap()
}

/// Holds a renderer's picture to its definition; gives how many pixels are off by more than what rounding does:
/// two levels for each layer.
pub fn pixels_off(renderer: &mut dyn Renderer, scene: &Scene, volumes: &Volumes, size: Size) -> usize {
    let expected = picture(renderer, scene, volumes, size);
    let found = renderer.render(scene, volumes, size).unwrap();
    let most = 2.0 * scene.layers.len() as f64;
    let is_off = |(expected, found): (&[f64; 3], &[u8])| {
        assert_eq!(found[3], u8::MAX);
        (0..3).any(|n| (expected[n] - f64::from(found[n])).abs() > most)
    };
    expected
        .iter()
        .zip(found.rgba.chunks(4))
        .filter(|pair| is_off(*pair))
        .count()
}
