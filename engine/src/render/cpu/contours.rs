//! Lines of equal value on a picture: marching squares, and how far each pixel is from the nearest line.

use crate::presentation::Size;
use crate::render::Cancel;
use crate::render::contours::Lines;
use crate::render::cpu::shade::Paint;
use crate::render::cpu::{for_each_band, planes};
use crate::render::shown_in::of_256;

/// A straight piece of a line, in pixels.
type Segment = [[f32; 2]; 2];

/// Draws the lines of an image of values over what is there.
pub(super) fn draw(
    paint: &Paint,
    lines: &Lines,
    values: &[f32],
    size: Size,
    cancel: &Cancel,
    pixels: &mut [[u8; 4]],
) {
    let width = size.width as usize;
    for_each_band(pixels, size, planes::BAND, |first_row, band| {
        if cancel.is_cancelled() {
            return;
        }
        let first_row = first_row as usize;
        let mut near = Near {
            first_row,
            width,
            reach: lines.reach as usize,
            squares: vec![f32::INFINITY; band.len()],
        };
        for level in &lines.levels {
            near.meet(values, *level as f32);
        }
        for (at, (pixel, square)) in band.iter_mut().zip(&near.squares).enumerate() {
            if *square < f32::INFINITY {
                let cover = of_256(lines.cover(square.sqrt()));
                let weight = paint.weight_at(at % width, first_row + at / width).of_part(cover);
                for (channel, color) in pixel.iter_mut().zip(lines.color) {
                    *channel = weight.mix(*channel, color);
                }
            }
        }
    });
}

/// Squares of the distances of a band's pixels to the nearest line, as far as one reaches.
struct Near {
    first_row: usize,
    width: usize,
    reach: usize,
    squares: Vec<f32>,
}

/// Which side of a level a value is on; a square's sum of four says whether a line runs through it.
const BELOW: u8 = 0;
const NOT_BELOW: u8 = 1;
const NO_NUMBER: u8 = 8;

impl Near {
    /// Takes the lines of a level in: those of all squares that reach the band.
    fn meet(&mut self, values: &[f32], level: f32) {
        let rows = values.len() / self.width;
        let end = self.first_row + self.squares.len() / self.width;
        let first = self.first_row.saturating_sub(self.reach);
        let last = (end + self.reach).min(rows) - 1;
        let width = self.width;
        let row = |y: usize| &values[y * width..(y + 1) * width];
        let [mut above, mut below] = [vec![0; width], vec![0; width]];
        tell_sides(row(first), level, &mut below);
        for y in first..last {
            std::mem::swap(&mut above, &mut below);
            tell_sides(row(y + 1), level, &mut below);
            for x in 0..width - 1 {
                let sum = above[x] + above[x + 1] + below[x] + below[x + 1];
                if (1..4).contains(&sum) {
                    let corners = [row(y)[x], row(y)[x + 1], row(y + 1)[x + 1], row(y + 1)[x]];
                    let (segment, other) = segments(corners, level);
                    self.reach_from(x, y, segment);
                    if let Some(other) = other {
                        self.reach_from(x, y, other);
                    }
                }
            }
        }
    }

    /// Takes in a segment of the square whose upper left corner is pixel (x, y).
    fn reach_from(&mut self, x: usize, y: usize, segment: Segment) {
        let reach = self.reach;
        let end = self.first_row + self.squares.len() / self.width;
        let columns = (x + 1).saturating_sub(reach)..(x + reach + 1).min(self.width);
        for row in (y + 1).saturating_sub(reach).max(self.first_row)..(y + reach + 1).min(end) {
            let squares = &mut self.squares[(row - self.first_row) * self.width..][..self.width];
            for column in columns.clone() {
                // Small numbers, in which f32 is exact enough however large the image.
                let from = [column as f32 - x as f32, row as f32 - y as f32];
                squares[column] = squares[column].min(square_of_distance(from, segment));
            }
        }
    }
}

fn tell_sides(values: &[f32], level: f32, sides: &mut [u8]) {
    for (side, value) in sides.iter_mut().zip(values) {
        *side = match value.is_finite() {
            true if *value >= level => NOT_BELOW,
            true => BELOW,
            false => NO_NUMBER,
        };
    }
}

/// Where the corners of a square lie, clockwise from the upper left.
const CORNERS: [[f32; 2]; 4] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];

/// The lines through a square that has corners below the level and others.
fn segments(corners: [f32; 4], level: f32) -> (Segment, Option<Segment>) {
    // Held so that no difference of two is infinite.
    let over = corners.map(|value| (value - level).clamp(-1e37, 1e37));
    let is_inside = over.map(|over| over >= 0.0);
    let crossing = |side: usize| {
        let next = (side + 1) % 4;
        let along = over[side] / (over[side] - over[next]);
        let at = |axis: usize| CORNERS[side][axis] + along * (CORNERS[next][axis] - CORNERS[side][axis]);
        [at(0), at(1)]
    };
    let mut crossed = [0; 4];
    let mut count = 0;
    for side in 0..4 {
        if is_inside[side] != is_inside[(side + 1) % 4] {
            crossed[count] = side;
            count += 1;
        }
    }
    if count < 4 {
        return ([crossing(crossed[0]), crossing(crossed[1])], None);
    }
    let mean_is_inside = over.iter().sum::<f32>() >= 0.0;
    // The second and fourth corner are cut off when the first is on the mean's side, else the others.
    let first = if is_inside[0] == mean_is_inside { 0 } else { 3 };
    let pair = |side: usize| [crossing(side % 4), crossing((side + 1) % 4)];
    (pair(first), Some(pair(first + 2)))
}

fn square_of_distance([x, y]: [f32; 2], [[x0, y0], [x1, y1]]: Segment) -> f32 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let square = dx * dx + dy * dy;
    let along = if square > 0.0 {
        (((x - x0) * dx + (y - y0) * dy) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (across, down) = (x - x0 - along * dx, y - y0 - along * dy);
    across * across + down * down
}
