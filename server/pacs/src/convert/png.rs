//! PNG: grey of 8 and 16 bits, colour of 8 bits; palettes become colour, alpha must hide nothing.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Transformations};

use super::picture::{self, Colour, Form};
use super::{Error, Header, Limits, pixels_within, upright};

const FORMAT: &str = "PNG";
/// Bytes that the decoder may take beside the pixels: colour profile and texts.
const OTHER_BYTES: usize = 16 << 20;

pub(super) fn convert(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Vec<u8>, Error> {
    let damaged = |_| Error::Damaged {
        format: FORMAT,
        why: "it cannot be decoded",
    };
    let unsupported = |expected, found: &str| Error::Unsupported {
        format: FORMAT,
        expected,
        found: found.to_owned(),
    };
    let most = png::Limits { bytes: OTHER_BYTES };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), most);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (color, depth) = reader.output_color_type();
    let info = reader.info();
    if info.animation_control.is_some() {
        return Err(unsupported("one picture", "an animation"));
    }
    let (columns, rows) = info.size();
    let orientation = info
        .exif_metadata
        .as_deref()
        .and_then(upright::orientation)
        .unwrap_or(1);
    let icc = info.icc_profile.as_ref().map(|icc| icc.to_vec());
    let bits = if depth == BitDepth::Sixteen { 16 } else { 8 };
    let samples = color.samples();
    let size = pixels_within(FORMAT, (rows, columns), samples as u64 * bits / 8, limits)?;
    let colour = match (color, bits) {
        (ColorType::Grayscale | ColorType::GrayscaleAlpha, _) => Colour::Grey,
        (ColorType::Rgb | ColorType::Rgba, 8) => Colour::Rgb,
        _ => return Err(unsupported("colours of 8 bits", "16")),
    };
    let mut values = vec![0; size as usize];
    reader.next_frame(&mut values).map_err(damaged)?;
    let sample_bytes = bits as usize / 8;
    if matches!(color, ColorType::GrayscaleAlpha | ColorType::Rgba) {
        values = without_alpha(&values, samples * sample_bytes, sample_bytes)
            .ok_or_else(|| unsupported("a picture without transparency", "transparent pixels"))?;
    }
    if bits == 16 {
        values.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    }
    let form = Form {
        rows: rows as u16,
        columns: columns as u16,
        colour,
        bits: bits as u16,
    };
    let (form, values) = upright::turned((form, values), orientation)
        .ok_or_else(|| unsupported("an orientation of 1 to 8", &orientation.to_string()))?;
    picture::native(form, 1, icc.as_deref(), values, header)
}

/// The samples but the last of each pixel; `None` where it hides something.
fn without_alpha(values: &[u8], pixel_bytes: usize, alpha_bytes: usize) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(values.len() / pixel_bytes * (pixel_bytes - alpha_bytes));
    for pixel in values.chunks_exact(pixel_bytes) {
        let (samples, alpha) = pixel.split_at(pixel_bytes - alpha_bytes);
        if alpha.iter().any(|byte| *byte != 0xFF) {
            return None;
        }
        kept.extend_from_slice(samples);
    }
    Some(kept)
}
