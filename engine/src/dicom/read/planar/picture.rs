//! What is shown: grey levels or colours, and overlays burned into them.

use codec::FrameDescription;

use super::overlay::Overlay;

/// A picture in reading order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Its pixels.
    pub pixels: Pixels,
}

/// The pixels of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// P-values from 0, the darkest, to 255, one a pixel: for a display that follows [`super::gsdf`].
    Grey(Vec<u8>),
    /// Red, green and blue of each pixel.
    Rgb(Vec<u8>),
}

impl Picture {
    /// Draws an overlay in a grey level; what lies outside the picture is cut off.
    pub fn burn(&mut self, overlay: &Overlay, grey: u8) {
        let [columns, rows] = [self.width, self.height].map(i64::from);
        let [first_column, first_row] = overlay.origin.map(i64::from);
        let [overlay_columns, overlay_rows] = overlay.size.map(i64::from);
        for row in first_row.max(0)..(first_row + overlay_rows).min(rows) {
            for column in first_column.max(0)..(first_column + overlay_columns).min(columns) {
                if overlay.covers(column, row) {
                    self.paint((row * columns + column) as usize, grey);
                }
            }
        }
    }

    fn paint(&mut self, pixel: usize, grey: u8) {
        match &mut self.pixels {
            Pixels::Grey(values) => values[pixel] = grey,
            Pixels::Rgb(values) => values[3 * pixel..3 * pixel + 3].fill(grey),
        }
    }
}

/// Scales decoded RGB to 8 bits a colour.
pub(super) fn rgb8(values: Vec<u8>, description: &FrameDescription) -> Vec<u8> {
    let bytes = description.bytes_per_sample();
    if (bytes, description.bits_stored) == (1, 8) {
        return values;
    }
    let white = (1_u128 << description.bits_stored) - 1;
    let scaled = |sample: &[u8]| {
        let wide = sample
            .iter()
            .rev()
            .fold(0_u128, |wide, byte| wide << 8 | u128::from(*byte));
        ((wide.min(white) * 255 + white / 2) / white) as u8
    };
    values.chunks_exact(bytes).map(scaled).collect()
}
