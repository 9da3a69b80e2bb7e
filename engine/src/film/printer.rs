//! Pixels for the image boxes of a printer (PS3.3 C.13.5, Basic Grayscale and Basic Color Image Box).

use crate::film::Error;
use crate::film::whole::whole;
use crate::render::Image;

/// Bits of a grey level that a printer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits in 8.
    Eight,
    /// 12 bits in 16.
    Twelve,
}

/// The Image Pixel attributes of one image box, as the sequence of a printer's image box wants them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageBoxPixels {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
    /// 1 for grey, 3 for colour.
    pub samples_per_pixel: u16,
    /// `MONOCHROME2` or `RGB`.
    pub photometric_interpretation: &'static str,
    /// 8 or 16.
    pub bits_allocated: u16,
    /// 8 or 12; the high bit is one less, values are unsigned.
    pub bits_stored: u16,
    /// Colour: 1, one plane after the other, the only way that printers take. Grey: `None`.
    pub planar_configuration: Option<u16>,
    /// The values, little endian; padded to an even length.
    pub values: Vec<u8>,
}

impl ImageBoxPixels {
    /// Grey levels, black as 0.
    ///
    /// Colours become their luminance by the weights of YBR_FULL (PS3.3 C.7.6.3.1.2). Pictures have 256 levels: 12
    /// bits hold the same levels on a finer scale, for printers that take nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Picture`] for a page without pixels, or whose bytes do not fit its size.
    pub fn grayscale(page: &Image, depth: Depth) -> Result<Self, Error> {
        let [columns, rows] = sides(page)?;
        let levels = page.rgba.chunks_exact(4).map(level);
        let (bits_allocated, bits_stored, values) = match depth {
            Depth::Eight => (8, 8, levels.collect()),
            Depth::Twelve => {
                let wide = |level: u8| ((u32::from(level) * 4095 + 127) / 255) as u16;
                (
                    16,
                    12,
                    levels.flat_map(|level| wide(level).to_le_bytes()).collect(),
                )
            }
        };
        Ok(Self {
            columns,
            rows,
            samples_per_pixel: 1,
            photometric_interpretation: "MONOCHROME2",
            bits_allocated,
            bits_stored,
            planar_configuration: None,
            values: even(values),
        })
    }

    /// Red, green and blue, one plane after the other.
    ///
    /// # Errors
    ///
    /// As [`ImageBoxPixels::grayscale`].
    pub fn color(page: &Image) -> Result<Self, Error> {
        let [columns, rows] = sides(page)?;
        let plane = |channel: usize| page.rgba.chunks_exact(4).map(move |pixel| pixel[channel]);
        Ok(Self {
            columns,
            rows,
            samples_per_pixel: 3,
            photometric_interpretation: "RGB",
            bits_allocated: 8,
            bits_stored: 8,
            planar_configuration: Some(1),
            values: even((0..3).flat_map(plane).collect()),
        })
    }
}

fn sides(page: &Image) -> Result<[u16; 2], Error> {
    whole(page)?;
    Ok([page.width, page.height].map(|side| side as u16))
}

/// The luminance of a pixel; grey stays what it is.
pub(super) fn level(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [0, 1, 2].map(|channel| u32::from(pixel[channel]));
    ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
}

fn even(mut values: Vec<u8>) -> Vec<u8> {
    if values.len() % 2 == 1 {
        values.push(0);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::{Depth, ImageBoxPixels};
    use crate::render::Image;

    fn page() -> Image {
        Image {
            width: 3,
            height: 1,
            rgba: vec![0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 255],
        }
    }

    #[test]
    fn grey_is_sent_in_eight_or_twelve_bits() {
        let eight = ImageBoxPixels::grayscale(&page(), Depth::Eight).unwrap();
        assert_eq!(eight.values, [0, 255, 76, 0], "padded to an even length");
        assert_eq!([eight.bits_allocated, eight.bits_stored], [8, 8]);
        let twelve = ImageBoxPixels::grayscale(&page(), Depth::Twelve).unwrap();
        assert_eq!(twelve.values, [0, 0, 0xff, 0x0f, 0xc4, 0x04]);
        assert_eq!([twelve.bits_allocated, twelve.bits_stored], [16, 12]);
        assert_eq!([twelve.columns, twelve.rows, twelve.samples_per_pixel], [3, 1, 1]);
    }

    #[test]
    fn all_greys_keep_their_level() {
        for level in 0..=255u8 {
            assert_eq!(super::level(&[level; 4]), level);
        }
    }

    #[test]
    fn colour_is_sent_in_planes() {
        let colour = ImageBoxPixels::color(&page()).unwrap();
        assert_eq!(colour.values, [0, 255, 255, 0, 255, 0, 0, 255, 0, 0]);
        assert_eq!(colour.planar_configuration, Some(1));
    }

    #[test]
    fn pages_that_are_none_are_refused() {
        for (width, height) in [(0, 0), (3, 2), (65_536, 1), (u32::MAX, u32::MAX)] {
            let page = Image {
                width,
                height,
                ..page()
            };
            assert!(ImageBoxPixels::grayscale(&page, Depth::Eight).is_err());
            assert!(ImageBoxPixels::color(&page).is_err());
        }
    }
}
