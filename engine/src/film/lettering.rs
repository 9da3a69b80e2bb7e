//! Words and rulers on a page, in sizes of the page and not of the picture.

use crate::film::Error;
use crate::presentation::{Anchor, Drawing, Fonts, MAX_SIDE, Mark, ScaleBar, Size, Text};
use crate::render::{Image, annotate};

/// Longest text that is looked at.
const MAX_LETTERS: usize = 256;

/// A line of text as the share of each pixel that it covers, 0 to 255.
pub(super) struct Words {
    pub(super) width: u32,
    pub(super) height: u32,
    coverage: Vec<u8>,
}

impl Words {
    /// The line in letters for lines of `line` pixels; what is longer than `longest` pixels ends in dots.
    pub(super) fn new(text: &str, line: f64, longest: u32, fonts: &Fonts) -> Result<Self, Error> {
        let letters: Vec<char> = text.chars().take(MAX_LETTERS).collect();
        let cut = |count: usize| -> String {
            let dots = if count < letters.len() { "..." } else { "" };
            letters[..count].iter().copied().chain(dots.chars()).collect()
        };
        let fits = |text: &str| width(text, line, fonts) <= f64::from(longest);
        let mut count = letters.len();
        while count > 1 && !fits(&cut(count)) {
            count -= 1;
        }
        drawn(cut(count), line, fonts)
    }

    /// Writes the words with their upper left corner at a place; what lies outside the page is cut off.
    pub(super) fn write(&self, page: &mut Image, [left, top]: [i64; 2], color: [u8; 3]) {
        self.blend(page, [left, top], color, |x, y| self.at(x, y));
    }

    /// The same with a rim of the other colour, to be read on any picture.
    pub(super) fn write_rimmed(&self, page: &mut Image, place: [i64; 2], rim: i64) {
        let around = |x: i64, y: i64| {
            let near = (-rim..=rim).flat_map(|v| (-rim..=rim).map(move |u| (u, v)));
            near.filter(|(u, v)| u * u + v * v <= rim * rim)
                .map(|(u, v)| self.at(x + u, y + v))
                .max()
                .unwrap_or(0)
        };
        self.blend(page, place, [0; 3], around);
        self.blend(page, place, [255; 3], |x, y| self.at(x, y));
    }

    fn at(&self, x: i64, y: i64) -> u8 {
        let inside = (0..i64::from(self.width)).contains(&x) && (0..i64::from(self.height)).contains(&y);
        if inside {
            self.coverage[y as usize * self.width as usize + x as usize]
        } else {
            0
        }
    }

    fn blend(
        &self,
        page: &mut Image,
        [left, top]: [i64; 2],
        color: [u8; 3],
        coverage: impl Fn(i64, i64) -> u8,
    ) {
        const RIM: i64 = 8;
        for y in -RIM..i64::from(self.height) + RIM {
            for x in -RIM..i64::from(self.width) + RIM {
                let share = f32::from(coverage(x, y)) / 255.0;
                let Some(pixel) = pixel(page, left + x, top + y).filter(|_| share > 0.0) else {
                    continue;
                };
                for (value, color) in pixel.iter_mut().zip(color) {
                    *value = (f32::from(*value) * (1.0 - share) + f32::from(color) * share).round() as u8;
                }
            }
        }
    }
}

/// The three colours of a pixel, if it is on the page.
fn pixel(page: &mut Image, x: i64, y: i64) -> Option<&mut [u8]> {
    let inside = (0..i64::from(page.width)).contains(&x) && (0..i64::from(page.height)).contains(&y);
    let at = (y as usize)
        .wrapping_mul(page.width as usize)
        .wrapping_add(x as usize);
    inside.then(|| &mut page.rgba[at * 4..at * 4 + 3])
}

/// Fills a part of the page, cut off at its edges.
pub(super) fn fill(page: &mut Image, [left, top, right, bottom]: [i64; 4], color: [u8; 3]) {
    let xs = left.clamp(0, i64::from(page.width))..right.clamp(0, i64::from(page.width));
    for y in top.clamp(0, i64::from(page.height))..bottom.clamp(0, i64::from(page.height)) {
        for x in xs.clone() {
            if let Some(pixel) = pixel(page, x, y) {
                pixel.copy_from_slice(&color);
            }
        }
    }
}

/// Draws a ruler whose right end and foot are at a place, its length above it: white with a black rim.
///
/// From the outer edge of one tick to that of the other it is `bar.length_pixels` long, to a pixel.
pub(super) fn ruler(
    page: &mut Image,
    bar: &ScaleBar,
    [right, bottom]: [i64; 2],
    line: f64,
    fonts: &Fonts,
) -> Result<(), Error> {
    let thick = (line / 10.0).round().max(1.0) as i64;
    let tick = (line / 2.5).round().max(2.0) as i64;
    let left = right - bar.length_pixels.round() as i64;
    let parts = [
        [left, bottom - thick, right, bottom],
        [left, bottom - tick, left + thick, bottom],
        [right - thick, bottom - tick, right, bottom],
    ];
    let rim = rim(line);
    for [left, top, right, bottom] in parts {
        fill(page, [left - rim, top - rim, right + rim, bottom + rim], [0; 3]);
    }
    for part in parts {
        fill(page, part, [255; 3]);
    }
    let words = Words::new(&length(bar.length_mm), line, page.width, fonts)?;
    let middle = (left + right - i64::from(words.width)) / 2;
    let [lowest, highest] = [rim, i64::from(page.width) - i64::from(words.width) - rim];
    let place = [
        middle.clamp(lowest, highest.max(lowest)),
        bottom - tick - rim - i64::from(words.height),
    ];
    words.write_rimmed(page, place, rim);
    Ok(())
}

/// Pixels around white ink on a picture.
pub(super) fn rim(line: f64) -> i64 {
    (line / 16.0).round().clamp(1.0, 8.0) as i64
}

/// A length as people say it: whole centimetres from one on.
fn length(mm: f64) -> String {
    if mm >= 10.0 {
        return format!("{} cm", (mm / 10.0).round());
    }
    let text = format!("{mm:.3}");
    format!("{} mm", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Pixels a point of letters whose lines are `line` pixels apart: a line is 15 points.
fn scale(line: f64) -> f64 {
    (line / 15.0).clamp(0.8, 8.0)
}

/// Width of a text, pixels.
fn width(text: &str, line: f64, fonts: &Fonts) -> f64 {
    fonts.width_points(text, 1.0) * scale(line)
}

/// Draws text by [`annotate`]; the one place where letters come from.
fn drawn(text: String, line: f64, fonts: &Fonts) -> Result<Words, Error> {
    let scale = scale(line);
    let margin = 2.0 * scale;
    let is_empty = text.is_empty();
    let size = Size {
        width: (width(&text, line, fonts) + margin)
            .ceil()
            .clamp(1.0, f64::from(MAX_SIDE)) as u32,
        height: (18.0 * scale).ceil() as u32,
    };
    let mut image = Image {
        width: size.width,
        height: size.height,
        // Opaque: on a clear ground letters would be mixed with nothing and lose their edges.
        rgba: [0, 0, 0, 255].repeat(size.width as usize * size.height as usize),
    };
    let at = [margin / 2.0 - 0.5, margin - 0.5];
    let words = Mark::Text(Text {
        outline: false,
        ..Text::new(text, at, Anchor::TopLeft)
    });
    let drawing = Drawing {
        marks: vec![words],
        ..Drawing::new(scale)
    };
    annotate(&mut image, &drawing, fonts).map_err(|error| Error::Encoder {
        format: "lettering",
        reason: error.to_string(),
    })?;
    Ok(Words {
        width: if is_empty { 0 } else { size.width },
        height: size.height,
        coverage: image.rgba.chunks_exact(4).map(|pixel| pixel[0]).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Words, length, ruler};
    use crate::presentation::{Fonts, ScaleBar};
    use crate::render::Image;

    fn page(level: u8) -> Image {
        Image {
            width: 300,
            height: 100,
            rgba: [level, level, level, 255].repeat(300 * 100),
        }
    }

    #[test]
    fn long_lines_end_in_dots() {
        let short = Words::new("PET", 20.0, 200, &Fonts::default()).unwrap();
        assert!(short.width > 20 && short.width < 60, "{}", short.width);
        for longest in [200, 60] {
            let long = Words::new(&"left kidney ".repeat(40), 20.0, longest, &Fonts::default()).unwrap();
            assert!(
                long.width <= longest && long.width > longest / 2,
                "{}",
                long.width
            );
        }
        assert_eq!(Words::new("", 20.0, 200, &Fonts::default()).unwrap().width, 0);
    }

    /// Letters have smooth edges: some of their pixels are covered in part.
    #[test]
    fn letters_cover_pixels_in_part() {
        let words = Words::new("SUV 0", 20.0, 200, &Fonts::default()).unwrap();
        let part = words
            .coverage
            .iter()
            .filter(|share| (20..235).contains(*share))
            .count();
        let full = words.coverage.iter().filter(|share| **share > 235).count();
        assert!(part > 40 && full > 20, "{part} in part, {full} in full");
    }

    #[test]
    fn a_ruler_is_as_long_as_it_says() {
        for ground in [0, 255] {
            let mut page = page(ground);
            let bar = ScaleBar {
                length_mm: 50.0,
                length_pixels: 123.4,
            };
            ruler(&mut page, &bar, [280, 90], 16.0, &Fonts::default()).unwrap();
            // The row of the line, in which only the ruler is.
            let ink: Vec<u32> = (100..300).filter(|x| page.pixel(*x, 89)[0] == 255).collect();
            let on_white = ground == 255;
            let run = ink.iter().filter(|x| (157..280).contains(*x)).count();
            assert_eq!(run, 123);
            let before = page.pixel(156, 89)[0];
            assert_eq!(before, 0, "the rim, on white as on black ({on_white})");
        }
    }

    #[test]
    fn lengths_are_said_in_centimetres_or_millimetres() {
        assert_eq!(
            [100.0, 10.0, 5.0, 0.2].map(length),
            ["10 cm", "1 cm", "5 mm", "0.2 mm"]
        );
    }
}
