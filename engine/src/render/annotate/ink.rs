//! Shapes and how their colour is mixed into a picture.

use std::ops::Range;

use super::raster::{Raster, Rule};
use super::stroke::{around, stroke};
use crate::presentation::Rgba;
use crate::render::Image;

/// A point in pixels from the corner of the picture.
pub(super) type Point = [f64; 2];

/// What a mark is painted with.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Lines, and whether their ends are joined.
    pub lines: Vec<(Vec<Point>, bool)>,
    /// Half the width of the lines.
    pub half: f64,
    /// Borders of areas, all of which wind about what is inside in the direction of the clock, as seen, but holes.
    pub rings: Vec<Vec<Point>>,
}

impl Shape {
    /// Left, upper, right and lower bound, `grown` to each side.
    fn bounds(&self, grown: f64) -> [f64; 4] {
        let none = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let all = |points: &Vec<Point>, by: f64, bounds: [f64; 4]| {
            points.iter().fold(bounds, |[left, top, right, bottom], [x, y]| {
                [
                    left.min(x - by),
                    top.min(y - by),
                    right.max(x + by),
                    bottom.max(y + by),
                ]
            })
        };
        let half = self.half + grown;
        let bounds = self
            .lines
            .iter()
            .fold(none, |bounds, (line, _)| all(line, half, bounds));
        self.rings
            .iter()
            .fold(bounds, |bounds, ring| all(ring, grown, bounds))
    }
}

/// A pen on a picture.
pub(super) struct Ink<'a> {
    image: &'a mut Image,
    steps: u64,
}

impl<'a> Ink<'a> {
    pub(super) fn new(image: &'a mut Image, steps: u64) -> Self {
        Self { image, steps }
    }

    /// Whether marks were cut short because they took too many steps.
    pub(super) fn is_used_up(&self) -> bool {
        self.steps == 0
    }

    /// The sides of the picture, pixels.
    pub(super) fn size(&self) -> [f64; 2] {
        [self.image.width, self.image.height].map(f64::from)
    }

    /// Paints a shape, `grown` pixels to each side.
    pub(super) fn shape(&mut self, shape: &Shape, grown: f64, color: Rgba) {
        let Some(mut raster) = self.raster(shape.bounds(grown)) else {
            return;
        };
        for (line, is_closed) in &shape.lines {
            stroke(line, *is_closed, shape.half + grown, |piece| {
                raster.polygon(piece, 1.0)
            });
        }
        for ring in &shape.rings {
            raster.polygon(ring, 1.0);
            if grown > 0.0 {
                around(ring, grown, |piece| raster.polygon(piece, 1.0));
            }
        }
        self.sweep(raster, Rule::NonZero, |_| color);
    }

    /// Paints what an odd number of rings surrounds, in a colour a row.
    pub(super) fn area(&mut self, rings: &[Vec<Point>], color: impl Fn(usize) -> Rgba) {
        let bounds = rings.iter().fold(Shape::default().bounds(0.0), |bounds, ring| {
            let shape = Shape {
                rings: vec![ring.clone()],
                ..Shape::default()
            };
            let ring = shape.bounds(0.0);
            [
                bounds[0].min(ring[0]),
                bounds[1].min(ring[1]),
                bounds[2].max(ring[2]),
                bounds[3].max(ring[3]),
            ]
        });
        let Some(mut raster) = self.raster(bounds) else {
            return;
        };
        rings.iter().for_each(|ring| raster.polygon(ring, 1.0));
        self.sweep(raster, Rule::EvenOdd, color);
    }

    fn raster(&self, bounds: [f64; 4]) -> Option<Raster> {
        Raster::new(bounds, [self.image.width, self.image.height], self.steps)
    }

    fn sweep(&mut self, raster: Raster, rule: Rule, color: impl Fn(usize) -> Rgba) {
        let width = self.image.width as usize;
        let rgba = &mut self.image.rgba;
        self.steps = raster.sweep(rule, |y, columns: Range<usize>, part| {
            let row = &mut rgba[(y * width + columns.start) * 4..(y * width + columns.end) * 4];
            let color = color(y);
            for pixel in row.as_chunks_mut::<4>().0 {
                *pixel = mixed(*pixel, color, part);
            }
        });
    }
}

/// A pixel of which a part is covered by a colour.
fn mixed(pixel: Rgba, color: Rgba, part: f64) -> Rgba {
    let over = part * f64::from(color[3]) / 255.0;
    let under = (1.0 - over) * f64::from(pixel[3]) / 255.0;
    let opacity = over + under;
    if opacity <= 0.0 {
        return pixel;
    }
    let channel = |n: usize| {
        let sum = f64::from(color[n]) * over + f64::from(pixel[n]) * under;
        (sum / opacity + 0.5) as u8
    };
    [channel(0), channel(1), channel(2), (opacity * 255.0 + 0.5) as u8]
}

#[cfg(test)]
mod tests {
    use super::mixed;

    #[test]
    fn colours_mix_by_opacity_and_part() {
        let check = |pixel, color, part, expected| assert_eq!(mixed(pixel, color, part), expected);
        check([0, 100, 255, 255], [255, 200, 0, 255], 1.0, [255, 200, 0, 255]);
        check([0, 100, 255, 255], [255, 200, 0, 255], 0.0, [0, 100, 255, 255]);
        check([0, 100, 200, 255], [200, 200, 0, 255], 0.5, [100, 150, 100, 255]);
        check([0, 100, 200, 255], [200, 200, 0, 51], 0.5, [20, 110, 180, 255]);
        // On glass, ink keeps its colour and becomes as opaque as it is dense.
        check([9, 9, 9, 0], [200, 100, 0, 255], 0.2, [200, 100, 0, 51]);
        check([9, 9, 9, 0], [200, 100, 0, 0], 1.0, [9, 9, 9, 0]);
    }
}
