//! What a renderer made.

use crate::render::Error;

/// A picture: rows from the top, four bytes a pixel (red, green, blue, opacity), sRGB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 4` bytes.
    pub rgba: Vec<u8>,
}

impl Image {
    /// The bytes of pixel (x, y) from the upper left.
    ///
    /// # Panics
    ///
    /// Outside the image.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        [
            self.rgba[at],
            self.rgba[at + 1],
            self.rgba[at + 2],
            self.rgba[at + 3],
        ]
    }

    /// The picture as the bytes of a PNG file, without its opacity (renderers make opaque pictures).
    ///
    /// # Errors
    ///
    /// [`Error::Png`] when `rgba` has not the size it should have.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        let rgb: Vec<u8> = self
            .rgba
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&rgb)?;
            writer.finish()
        });
        written.map_err(|error| Error::Png(error.to_string()))?;
        Ok(bytes)
    }
}

/// Bare values of a layer: rows from the top, in the unit of its volume, not a number outside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` values.
    pub values: Vec<f32>,
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn a_png_reads_back() {
        let image = Image {
            width: 2,
            height: 1,
            rgba: vec![1, 2, 3, 255, 4, 5, 6, 255],
        };
        let bytes = image.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; 6];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [1, 2, 3, 4, 5, 6]);
        assert!(
            Image {
                width: 2,
                height: 2,
                rgba: vec![0; 4]
            }
            .to_png()
            .is_err()
        );
    }
}
