//! A watermark over a whole picture: whoever passes it on shows who looked at it, when and what for.

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};
use image::{GrayImage, Luma, RgbImage};

use crate::files::Made;
use crate::files::picture;
use crate::ui::FONT;
use crate::web::Wrong;
use crate::{Error, Result};

/// How much of a pixel the words cover.
const COVER: f32 = 0.42;
/// The slope of the lines of words: sine and cosine of about 25 degrees.
const SLOPE: (f32, f32) = (0.4226, 0.9063);

/// Writes words all over a picture, in lines that slope.
///
/// # Errors
///
/// Where the picture or the font cannot be read.
pub(super) fn over(bytes: &[u8], words: &str) -> Result<Made> {
    let unread = |_: Wrong| Error::internal("a document that is kept cannot be read");
    let mut picture = picture::decode(bytes).map_err(unread)?.into_rgb8();
    let long = picture.width().max(picture.height());
    let height = (long as f32 / 30.0).clamp(14.0, 64.0);
    let line = line(words, height)?;
    draw(&mut picture, &line);
    picture::jpeg(&picture).map_err(unread)
}

/// A line of words as coverage.
fn line(words: &str, height: f32) -> Result<GrayImage> {
    let font = FontRef::try_from_slice(FONT).map_err(|_| Error::internal("the font cannot be read"))?;
    let font = font.as_scaled(PxScale::from(height));
    let width: f32 = words.chars().map(|c| font.h_advance(font.glyph_id(c))).sum();
    let mut line = GrayImage::new((width.ceil() as u32).max(1), (font.height().ceil() as u32).max(1));
    let mut along = 0.0;
    for c in words.chars() {
        let mut glyph = font.scaled_glyph(c);
        glyph.position = point(along, font.ascent());
        along += font.h_advance(glyph.id);
        if let Some(outline) = font.outline_glyph(glyph) {
            let bounds = outline.px_bounds();
            outline.draw(|x, y, part| {
                let (x, y) = (
                    bounds.min.x as i64 + i64::from(x),
                    bounds.min.y as i64 + i64::from(y),
                );
                let place = u32::try_from(x).ok().zip(u32::try_from(y).ok());
                if let Some(Luma([value])) = place.and_then(|(x, y)| line.get_pixel_mut_checked(x, y)) {
                    *value = value.saturating_add((part * 255.0) as u8);
                }
            });
        }
    }
    Ok(line)
}

fn draw(picture: &mut RgbImage, line: &GrayImage) {
    let (wide, high) = (line.width() as f32, line.height() as f32);
    let (across, down) = (wide + 3.0 * high, 3.0 * high);
    let (sine, cosine) = SLOPE;
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (x, y) = (x as f32, y as f32);
        let (along, below) = (x * cosine - y * sine, x * sine + y * cosine);
        // Every other line begins half a line later, so that no place of the picture stays free.
        let row = (below / down).floor();
        let along = along + if row as i64 % 2 == 0 { 0.0 } else { across / 2.0 };
        let (along, below) = (along.rem_euclid(across), below - row * down);
        let Some(Luma([part])) = line.get_pixel_checked(along as u32, below as u32) else {
            continue;
        };
        let light: u32 = pixel.0.iter().map(|value| u32::from(*value)).sum();
        // Dark on what is light, light on what is dark.
        let ink = if light > 3 * 128 { 0.0 } else { 255.0 };
        let part = f32::from(*part) / 255.0 * COVER;
        for value in &mut pixel.0 {
            *value = (f32::from(*value) * (1.0 - part) + ink * part) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, Rgb};

    use super::*;

    #[test]
    fn words_cover_light_and_dark_pictures_everywhere() {
        for shade in [250, 128, 5] {
            let plain = RgbImage::from_pixel(900, 600, Rgb([shade, shade, shade]));
            let bytes = picture::tests::png_of(DynamicImage::from(plain));
            let made = over(&bytes, "王小明 2026-11-30 09:05 仅供资质审核").unwrap();
            if let Some(path) = std::env::var_os("WATERMARK_PICTURE") {
                std::fs::write(path, &made.content).unwrap();
            }
            let read = picture::decode(&made.content).unwrap().into_rgb8();
            // No window of a quarter of a side is without words.
            for left in (0..900).step_by(225) {
                for top in (0..600).step_by(150) {
                    let marked = (left..left + 225)
                        .flat_map(|x| (top..top + 150).map(move |y| (x, y)))
                        .filter(|(x, y)| read.get_pixel(*x, *y).0[0].abs_diff(shade) > 30)
                        .count();
                    assert!(marked > 200, "shade {shade}, at {left}, {top}: {marked}");
                }
            }
        }
    }

    #[test]
    fn other_words_make_another_picture() {
        let plain = DynamicImage::from(RgbImage::from_pixel(400, 300, Rgb([250, 250, 250])));
        let bytes = picture::tests::png_of(plain);
        assert_ne!(over(&bytes, "王小明").unwrap(), over(&bytes, "李小明").unwrap());
        assert!(over(b"nothing", "王小明").is_err());
    }
}
