//! A picture of some characters that a program does not read at once (ACC-05). Whoever cannot see it asks an administrator
//! for a link, or signs in from an address that is known.

use png::{BitDepth, ColorType, Encoder};

use crate::{Error, Result, secrets};

const WIDTH: usize = 180;
const HEIGHT: usize = 60;
/// Characters: without those that are taken for one another.
const ALPHABET: &[u8] = b"2345679ACEFHJKLMNPRTUVWXY";

/// Strokes of a character in a box of 4 by 6, as lines from point to point.
fn strokes(character: u8) -> &'static [(f64, f64, f64, f64)] {
    match character {
        b'2' => &[
            (0., 1., 2., 0.),
            (2., 0., 4., 1.),
            (4., 1., 4., 2.5),
            (4., 2.5, 0., 6.),
            (0., 6., 4., 6.),
        ],
        b'3' => &[
            (0., 0., 4., 0.),
            (4., 0., 2., 2.5),
            (2., 2.5, 4., 4.),
            (4., 4., 3., 6.),
            (3., 6., 0., 6.),
        ],
        b'4' => &[(3., 6., 3., 0.), (3., 0., 0., 4.), (0., 4., 4., 4.)],
        b'5' => &[
            (4., 0., 0., 0.),
            (0., 0., 0., 2.5),
            (0., 2.5, 3., 2.5),
            (3., 2.5, 4., 4.),
            (4., 4., 3., 6.),
            (3., 6., 0., 6.),
        ],
        b'6' => &[
            (4., 0., 1., 2.),
            (1., 2., 0., 4.),
            (0., 4., 1., 6.),
            (1., 6., 4., 6.),
            (4., 6., 4., 3.5),
            (4., 3.5, 0., 3.5),
        ],
        b'7' => &[(0., 0., 4., 0.), (4., 0., 1., 6.)],
        b'9' => &[
            (4., 2.5, 0., 2.5),
            (0., 2.5, 0., 0.),
            (0., 0., 4., 0.),
            (4., 0., 4., 3.),
            (4., 3., 2., 6.),
        ],
        b'A' => &[(0., 6., 2., 0.), (2., 0., 4., 6.), (1., 3.5, 3., 3.5)],
        b'C' => &[
            (4., 1., 2., 0.),
            (2., 0., 0., 2.),
            (0., 2., 0., 4.),
            (0., 4., 2., 6.),
            (2., 6., 4., 5.),
        ],
        b'E' => &[
            (4., 0., 0., 0.),
            (0., 0., 0., 6.),
            (0., 6., 4., 6.),
            (0., 3., 3., 3.),
        ],
        b'F' => &[(4., 0., 0., 0.), (0., 0., 0., 6.), (0., 3., 3., 3.)],
        b'H' => &[(0., 0., 0., 6.), (4., 0., 4., 6.), (0., 3., 4., 3.)],
        b'J' => &[
            (1., 0., 4., 0.),
            (3., 0., 3., 5.),
            (3., 5., 2., 6.),
            (2., 6., 0., 5.),
        ],
        b'K' => &[(0., 0., 0., 6.), (4., 0., 0., 3.5), (1., 2.8, 4., 6.)],
        b'L' => &[(0., 0., 0., 6.), (0., 6., 4., 6.)],
        b'M' => &[
            (0., 6., 0., 0.),
            (0., 0., 2., 3.),
            (2., 3., 4., 0.),
            (4., 0., 4., 6.),
        ],
        b'N' => &[(0., 6., 0., 0.), (0., 0., 4., 6.), (4., 6., 4., 0.)],
        b'P' => &[
            (0., 6., 0., 0.),
            (0., 0., 3., 0.),
            (3., 0., 4., 1.5),
            (4., 1.5, 3., 3.),
            (3., 3., 0., 3.),
        ],
        b'R' => &[
            (0., 6., 0., 0.),
            (0., 0., 3., 0.),
            (3., 0., 4., 1.5),
            (4., 1.5, 3., 3.),
            (3., 3., 0., 3.),
            (1.5, 3., 4., 6.),
        ],
        b'T' => &[(0., 0., 4., 0.), (2., 0., 2., 6.)],
        b'U' => &[
            (0., 0., 0., 4.5),
            (0., 4.5, 1., 6.),
            (1., 6., 3., 6.),
            (3., 6., 4., 4.5),
            (4., 4.5, 4., 0.),
        ],
        b'V' => &[(0., 0., 2., 6.), (2., 6., 4., 0.)],
        b'W' => &[
            (0., 0., 1., 6.),
            (1., 6., 2., 2.),
            (2., 2., 3., 6.),
            (3., 6., 4., 0.),
        ],
        b'X' => &[(0., 0., 4., 6.), (4., 0., 0., 6.)],
        _ => &[(0., 0., 2., 3.), (4., 0., 2., 3.), (2., 3., 2., 6.)],
    }
}

/// The characters of a new captcha.
///
/// # Errors
///
/// Where the system has no random source.
pub fn characters() -> Result<String> {
    let bytes = secrets::random::<5>()?;
    let pick = |byte: u8| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]);
    Ok(bytes.into_iter().map(pick).collect())
}

/// Whether what was typed is what the picture shows; letters of either case.
#[must_use]
pub fn is_same(shown: &str, typed: &str) -> bool {
    let plain: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    !shown.is_empty() && shown.eq_ignore_ascii_case(&plain)
}

/// Draws characters, each turned and moved, over lines and spots. The seed makes the picture.
///
/// # Errors
///
/// Where a picture cannot be written.
pub fn picture(characters: &str, seed: u64) -> Result<Vec<u8>> {
    let mut chance = Chance(seed | 1);
    let mut ink = vec![0.0_f64; WIDTH * HEIGHT];
    for (place, character) in characters.bytes().enumerate() {
        let middle = (
            24.0 + 33.0 * place as f64 + chance.within(4.0),
            HEIGHT as f64 / 2.0 + chance.within(5.0),
        );
        let (sine, cosine) = chance.within(0.35).sin_cos();
        let (scale, shear) = (5.6 + chance.within(0.7), chance.within(0.25));
        let turned = |x: f64, y: f64| {
            let (x, y) = ((x - 2.0 + shear * (y - 3.0)) * scale, (y - 3.0) * scale * 1.1);
            (middle.0 + x * cosine - y * sine, middle.1 + x * sine + y * cosine)
        };
        for (x0, y0, x1, y1) in strokes(character) {
            draw(&mut ink, turned(*x0, *y0), turned(*x1, *y1), 2.1);
        }
    }
    for _ in 0..4 {
        let side = |chance: &mut Chance| HEIGHT as f64 / 2.0 + chance.within(HEIGHT as f64 / 2.0);
        let (from, middle, to) = (side(&mut chance), side(&mut chance), side(&mut chance));
        draw(&mut ink, (0.0, from), (90.0, middle), 0.9);
        draw(&mut ink, (90.0, middle), (WIDTH as f64, to), 0.9);
    }
    let pixels: Vec<u8> = ink
        .into_iter()
        .map(|ink| {
            let noise = chance.within(22.0);
            (235.0 - 190.0 * ink.min(1.0) + noise).clamp(0.0, 255.0) as u8
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&pixels)?;
        writer.finish()
    });
    written.map_err(|error| Error::internal(format_args!("a picture cannot be written: {error}")))?;
    Ok(bytes)
}

/// Adds a line of a width, with soft edges.
fn draw(ink: &mut [f64], (x0, y0): (f64, f64), (x1, y1): (f64, f64), width: f64) {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length = (dx * dx + dy * dy).max(1e-9);
    let bound = |low: f64, high: f64, most: usize| {
        let first = (low - width - 1.0).clamp(0.0, most as f64) as usize;
        let end = (high + width + 2.0).clamp(0.0, most as f64) as usize;
        (first, end)
    };
    let (left, right) = bound(x0.min(x1), x0.max(x1), WIDTH);
    let (top, bottom) = bound(y0.min(y1), y0.max(y1), HEIGHT);
    for y in top..bottom {
        for x in left..right {
            let (px, py) = (x as f64 - x0, y as f64 - y0);
            let along = ((px * dx + py * dy) / length).clamp(0.0, 1.0);
            let (ex, ey) = (px - along * dx, py - along * dy);
            let away = (ex * ex + ey * ey).sqrt();
            let part = (width - away + 0.5).clamp(0.0, 1.0);
            let cell = &mut ink[y * WIDTH + x];
            *cell = cell.max(part);
        }
    }
}

/// Numbers that look random and follow from a seed (xorshift64).
struct Chance(u64);

impl Chance {
    fn within(&mut self, most: f64) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let part = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        (part * 2.0 - 1.0) * most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_picture_and_characters_differ() {
        let one = picture("A2K7P", 7).unwrap();
        assert_eq!(one, picture("A2K7P", 7).unwrap());
        assert_ne!(one, picture("A2K7P", 8).unwrap());
        assert_eq!(&one[..8], b"\x89PNG\r\n\x1a\n");
        if let Some(path) = std::env::var_os("CAPTCHA_PICTURE") {
            std::fs::write(path, one).unwrap();
        }
    }

    #[test]
    fn what_was_typed_is_compared_without_case_and_spaces() {
        for (shown, typed, expected) in [
            ("A2K7P", "a2k7p", true),
            ("A2K7P", " a2 k7p", true),
            ("A2K7P", "a2k7", false),
            ("A2K7P", "", false),
            ("", "", false),
        ] {
            assert_eq!(is_same(shown, typed), expected);
        }
        assert_eq!(characters().unwrap().len(), 5);
    }
}
