//! Pictures to bytes: JPEG for what moves and for what an eye would not miss, lossless WebP for what is to be exact.

use anyhow::Context as _;
use engine::render::Image;
use image_webp::{ColorType as WebpColor, WebPEncoder};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use viewer::{Due, Fidelity};

/// From this quality on colours are kept as fine as light.
const FINE: u8 = 90;

/// The protocol's word for the coding, and the coded picture.
///
/// # Errors
///
/// A picture that the coding cannot hold: longer than 65 535 pixels a side as JPEG, 16 384 as WebP.
pub fn coded(image: &Image, due: &Due) -> anyhow::Result<(&'static str, Vec<u8>)> {
    match due.fidelity {
        Fidelity::Exact => Ok(("webp", webp(image)?)),
        Fidelity::Moving | Fidelity::Still => Ok(("jpeg", jpeg(image, due.quality)?)),
    }
}

fn jpeg(image: &Image, quality: u8) -> anyhow::Result<Vec<u8>> {
    let [width, height] = [image.width, image.height].map(u16::try_from);
    let (width, height) = (width.context("JPEG")?, height.context("JPEG")?);
    let mut bytes = Vec::with_capacity(image.rgba.len() / 16);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(if quality >= FINE {
        SamplingFactor::F_1_1
    } else {
        SamplingFactor::F_2_2
    });
    encoder.encode(&image.rgba, width, height, ColorType::Rgba)?;
    Ok(bytes)
}

fn webp(image: &Image) -> anyhow::Result<Vec<u8>> {
    let rgb: Vec<u8> = image
        .rgba
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let mut bytes = Vec::with_capacity(rgb.len() / 4);
    WebPEncoder::new(&mut bytes).encode(&rgb, image.width, image.height, WebpColor::Rgb8)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of a gradient with colour.
    fn picture() -> Image {
        let (width, height) = (97, 61);
        let pixel = |n: u32| {
            let (x, y) = (n % width, n / width);
            [(x * 2) as u8, (y * 4) as u8, ((x + y) % 256) as u8, 255]
        };
        Image {
            width,
            height,
            rgba: (0..width * height).flat_map(pixel).collect(),
        }
    }

    #[test]
    fn exact_is_pixel_for_pixel_and_still_is_near() {
        let picture = picture();
        let coded = webp(&picture).unwrap();
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(coded)).unwrap();
        let mut rgb = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_image(&mut rgb).unwrap();
        let expected: Vec<u8> = picture
            .rgba
            .chunks_exact(4)
            .flat_map(|p| [p[0], p[1], p[2]])
            .collect();
        assert_eq!(rgb, expected);
        let bytes = jpeg(&picture, 95).unwrap();
        assert_eq!(bytes[..2], [0xFF, 0xD8]);
        assert!(bytes.len() < expected.len());
    }
}
