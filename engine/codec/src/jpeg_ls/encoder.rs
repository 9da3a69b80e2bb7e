//! From a frame to segments.

use super::bits::BitWriter;
use super::header::{Interleave, LSE, SOF, invalid};
use super::lines::Lines;
use super::model::Model;
use super::parameters::{Parameters, Preset};
use super::{check_size, encode};
use crate::jpeg::samples::read_samples;
use crate::jpeg::segment::{EOI, SOI, SOS};
use crate::{Encoder, FrameDescription, Result};

/// Encodes JPEG-LS frames, lossless or near-lossless.
///
/// Samples are coded in Bits Stored bits, which become the stream's precision.
///
/// ```
/// use codec::jpeg_ls::{JpegLs, JpegLsDecoder};
/// use codec::{Decoder, Encoder, FrameDescription, Photometric};
///
/// let description = FrameDescription {
///     rows: 2,
///     columns: 3,
///     samples_per_pixel: 1,
///     bits_allocated: 8,
///     bits_stored: 8,
///     high_bit: 7,
///     signed: false,
///     planar: false,
///     photometric: Photometric::Monochrome2,
/// };
/// let values = [1, 2, 3, 250, 251, 252];
/// let frame = JpegLs::lossless().encode(&values, &description)?;
/// let mut back = [0; 6];
/// JpegLsDecoder.decode(&frame, &description, &mut back)?;
/// assert_eq!(back, values);
/// # Ok::<(), codec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct JpegLs {
    /// Largest difference, in stored values, between a value and its reconstruction; 0 is lossless.
    pub near: u8,
    /// Order of the components of colour frames.
    pub interleave: Interleave,
}

impl JpegLs {
    /// An encoder that loses nothing.
    #[must_use]
    pub fn lossless() -> Self {
        Self::default()
    }
}

impl Encoder for JpegLs {
    fn encode(&self, values: &[u8], description: &FrameDescription) -> Result<Vec<u8>> {
        check_size(description, values)?;
        check(description)?;
        let precision = u32::from(description.bits_stored);
        let parameters = Parameters::new(precision, u32::from(self.near), Preset::default())?;
        let components: Vec<usize> = (0..usize::from(description.samples_per_pixel)).collect();
        let mut out = Vec::with_capacity(values.len() / 2 + 128);
        write_frame_header(&mut out, description, precision as u8, components.len() as u8);
        if precision > 12 {
            // The defaults, spelled out: an old reader works them out wrongly above 12 bits.
            write_preset(&mut out, &parameters);
        }
        let scans: Vec<&[usize]> = match self.interleave {
            Interleave::None => components.chunks(1).collect(),
            _ => vec![&components],
        };
        for scan in scans {
            let interleave = if scan.len() == 1 {
                Interleave::None
            } else {
                self.interleave
            };
            write_scan_header(&mut out, scan, self.near, interleave);
            out = encode_scan(out, values, description, parameters, scan, interleave)?;
        }
        out.extend([0xff, EOI]);
        Ok(out)
    }
}

fn check(description: &FrameDescription) -> Result<()> {
    let FrameDescription {
        rows,
        columns,
        samples_per_pixel,
        bits_allocated,
        bits_stored,
        ..
    } = *description;
    let bits_fit = matches!(bits_allocated, 8 | 16) && (2..=bits_allocated).contains(&bits_stored);
    if bits_fit && rows <= 0xffff && columns <= 0xffff && (1..=4).contains(&samples_per_pixel) {
        return Ok(());
    }
    let found = format!("{bits_stored} of {bits_allocated} bits, {rows} x {columns} x {samples_per_pixel}");
    let expected = "2 to 16 bits stored in 8 or 16, at most 65535 rows and columns and 4 samples";
    Err(invalid("JPEG-LS frame", expected, found))
}

fn write_frame_header(out: &mut Vec<u8>, description: &FrameDescription, precision: u8, components: u8) {
    out.extend([0xff, SOI, 0xff, SOF, 0, 8 + 3 * components, precision]);
    out.extend((description.rows as u16).to_be_bytes());
    out.extend((description.columns as u16).to_be_bytes());
    out.push(components);
    for id in 1..=components {
        out.extend([id, 0x11, 0]);
    }
}

fn write_preset(out: &mut Vec<u8>, parameters: &Parameters) {
    out.extend([0xff, LSE, 0, 13, 1]);
    let Parameters {
        maxval, t1, t2, t3, ..
    } = *parameters;
    for value in [maxval, t1, t2, t3, parameters.reset as i32] {
        out.extend((value as u16).to_be_bytes());
    }
}

fn write_scan_header(out: &mut Vec<u8>, components: &[usize], near: u8, interleave: Interleave) {
    out.extend([
        0xff,
        SOS,
        0,
        6 + 2 * components.len() as u8,
        components.len() as u8,
    ]);
    for component in components {
        out.extend([*component as u8 + 1, 0]);
    }
    out.extend([near, interleave as u8, 0]);
}

fn encode_scan(
    out: Vec<u8>,
    values: &[u8],
    description: &FrameDescription,
    parameters: Parameters,
    components: &[usize],
    interleave: Interleave,
) -> Result<Vec<u8>> {
    let plain = parameters.is_plain_lossless();
    let mut model = Model::new(parameters);
    let mut lines = vec![Lines::new(description.columns as usize); components.len()];
    let mut run_indices = [0; 4];
    let mut writer = BitWriter::new(out);
    for row in 0..description.rows as usize {
        for (lines, component) in lines.iter_mut().zip(components) {
            lines.advance();
            read_samples(values, description, row, *component, lines.samples_mut())?;
            check_wrap(lines.samples(), description, parameters.near)?;
        }
        if plain {
            encode_row::<true>(&mut model, &mut writer, &mut lines, interleave, &mut run_indices);
        } else {
            encode_row::<false>(&mut model, &mut writer, &mut lines, interleave, &mut run_indices);
        }
    }
    Ok(writer.finish())
}

fn encode_row<const LOSSLESS: bool>(
    model: &mut Model,
    writer: &mut BitWriter,
    lines: &mut [Lines],
    interleave: Interleave,
    run_indices: &mut [u32; 4],
) {
    if interleave == Interleave::Sample && lines.len() > 1 {
        return encode::pixels::<LOSSLESS>(model, writer, lines, &mut run_indices[0]);
    }
    for (lines, run_index) in lines.iter_mut().zip(run_indices) {
        encode::line::<LOSSLESS>(model, writer, lines, run_index);
    }
}

/// Refuses signed values so near the ends of their range that a near-lossless coder, which knows only
/// unsigned samples, could turn the largest into the smallest.
fn check_wrap(samples: &[u16], description: &FrameDescription, near: i32) -> Result<()> {
    if near == 0 || !description.signed {
        return Ok(());
    }
    let half = 1i32 << (description.bits_stored - 1);
    let ends = half - near..half + near;
    if !samples.iter().any(|sample| ends.contains(&i32::from(*sample))) {
        return Ok(());
    }
    let expected = format!("signed values further than {near} from the ends of their range");
    Err(invalid(
        "near-lossless JPEG-LS",
        &expected,
        "a value that could change its sign".into(),
    ))
}
