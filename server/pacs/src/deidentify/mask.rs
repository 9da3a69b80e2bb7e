//! Rectangles that are blackened.

use codec::dataset::PixelKind;
use codec::{FrameDescription, Photometric};

/// Pixels in columns and rows, counted from 0 at the upper left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// First column.
    pub column: u32,
    /// First row.
    pub row: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Where text stands in images of one kind, the same in every frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelMask {
    /// Rows of the images that it is made for.
    pub rows: u32,
    /// Columns of the images that it is made for.
    pub columns: u32,
    /// Manufacturer's Model Name of the images that it is made for; `None` for any.
    pub model: Option<String>,
    /// What is blackened; parts outside the image are left out.
    pub rectangles: Vec<Rectangle>,
}

impl PixelMask {
    /// Blackens a frame of little-endian samples, interleaved by pixel; 1-bit data one byte a pixel.
    pub(super) fn blacken(&self, frame: &mut [u8], description: &FrameDescription, kind: PixelKind) {
        let black = black(description, kind);
        let columns = description.columns as usize;
        for rectangle in &self.rectangles {
            let right = rectangle
                .column
                .saturating_add(rectangle.width)
                .min(description.columns) as usize;
            let left = (rectangle.column as usize).min(right);
            let bottom = rectangle
                .row
                .saturating_add(rectangle.height)
                .min(description.rows);
            for row in rectangle.row..bottom {
                let start = row as usize * columns;
                let span = (start + left) * black.len()..(start + right) * black.len();
                for pixel in frame[span].chunks_exact_mut(black.len()) {
                    pixel.copy_from_slice(&black);
                }
            }
        }
    }
}

/// The bytes of a black pixel.
fn black(description: &FrameDescription, kind: PixelKind) -> Vec<u8> {
    let bytes = description.bytes_per_sample();
    let samples = usize::from(description.samples_per_pixel);
    if kind != PixelKind::Integer {
        return vec![0; bytes * samples];
    }
    let bits = u32::from(description.bits_stored.clamp(1, 63));
    let (lowest, highest) = if description.signed {
        (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1)
    } else {
        (0, (1_i64 << bits) - 1)
    };
    let sample = |value: i64| value.to_le_bytes()[..bytes.min(8)].to_vec();
    let middle = 1_i64 << (bits - 1);
    match description.photometric {
        Photometric::Monochrome1 => sample(highest),
        Photometric::Monochrome2 => sample(lowest),
        Photometric::Rgb | Photometric::PaletteColor => sample(0).repeat(samples),
        // Colour differences: nought is in the middle.
        _ => [sample(0), sample(middle), sample(middle)].concat(),
    }
}

#[cfg(test)]
mod tests {
    use codec::dataset::PixelKind;
    use codec::{FrameDescription, Photometric};

    use super::{PixelMask, Rectangle};

    fn check(description: FrameDescription, black: &[u8]) {
        let size = black.len();
        let mut frame = vec![7_u8; 12 * size];
        let rectangle = Rectangle {
            column: 2,
            row: 1,
            width: 9,
            height: 1,
        };
        let far = Rectangle {
            column: 9,
            row: u32::MAX,
            width: u32::MAX,
            height: u32::MAX,
        };
        let mask = PixelMask {
            rows: 3,
            columns: 4,
            model: None,
            rectangles: vec![rectangle, far],
        };
        mask.blacken(&mut frame, &description, PixelKind::Integer);
        for (at, pixel) in frame.chunks_exact(size).enumerate() {
            let expected = if at == 6 || at == 7 {
                black.to_vec()
            } else {
                vec![7; size]
            };
            assert_eq!(pixel, expected, "{at}");
        }
    }

    #[test]
    fn blackens_what_it_covers_and_no_more() {
        let grey = FrameDescription {
            rows: 3,
            columns: 4,
            samples_per_pixel: 1,
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            signed: false,
            planar: false,
            photometric: Photometric::Monochrome2,
        };
        check(grey, &[0, 0]);
        check(
            FrameDescription { signed: true, ..grey },
            &(-2048_i16).to_le_bytes(),
        );
        check(
            FrameDescription {
                photometric: Photometric::Monochrome1,
                ..grey
            },
            &4095_u16.to_le_bytes(),
        );
        let colour = FrameDescription {
            samples_per_pixel: 3,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            ..grey
        };
        check(
            FrameDescription {
                photometric: Photometric::Rgb,
                ..colour
            },
            &[0, 0, 0],
        );
        check(
            FrameDescription {
                photometric: Photometric::YbrFull,
                ..colour
            },
            &[0, 128, 128],
        );
    }
}
