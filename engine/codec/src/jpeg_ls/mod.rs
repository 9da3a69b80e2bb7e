//! JPEG-LS (ISO/IEC 14495-1, ITU-T T.87), lossless and near-lossless.
//!
//! Holds a decoder and an encoder for samples of 2 to 16 bits and one to four components in all three
//! interleave modes. Preset parameters, oversize frames, restart intervals and the HP colour transforms
//! are read; mapping tables, subsampled components and point transforms are refused by name.
//!
//! Samples leave the decoder as the stream holds them: signed values of fewer bits than the sample has
//! room for are not sign-extended, which is left to [`crate::pixels`] for all transfer syntaxes alike.

mod bits;
mod decode;
mod encode;
mod header;
mod lines;
mod model;
mod parameters;
mod transform;

pub use header::Interleave;

use crate::compression::Decoded;
use crate::jpeg::samples::{read_samples, write_samples};
use crate::jpeg::segment::{EOI, SOI, SOS, Segments};
use crate::{Decoder, Encoder, Error, FrameDescription, Result};
use bits::{BitReader, BitWriter};
use header::{CODEC, Header, LSE, SOF, Scan, Transform, invalid};
use lines::Lines;
use model::Model;
use parameters::{Parameters, Preset};

/// Decodes JPEG-LS frames (transfer syntaxes 4.80 and 4.81).
#[derive(Debug, Clone, Copy, Default)]
pub struct JpegLsDecoder;

impl Decoder for JpegLsDecoder {
    /// Decodes `frame`; see [`Decoder::decode`]. The photometric interpretation is the description's, or
    /// RGB where an HP colour transform was undone.
    fn decode(&self, frame: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded> {
        check_output(description, out)?;
        let mut segments = Segments::new(frame, CODEC)?;
        let mut header = Header::new();
        let mut missing: Vec<usize> = (0..usize::from(description.samples_per_pixel)).collect();
        while !missing.is_empty() {
            let Some(scan) = header.next_scan(&mut segments, description)? else {
                return Err(segments.damaged(format!("{} components are missing", missing.len())));
            };
            if !scan
                .components
                .iter()
                .all(|component| missing.contains(component))
            {
                return Err(segments.damaged("a component comes twice"));
            }
            missing.retain(|component| !scan.components.contains(component));
            let used = decode_scan(segments.rest(), &header, &scan, description, out)?;
            segments.skip(used);
        }
        let transformed = header.transform != Transform::None;
        Ok(Decoded {
            photometric: if transformed {
                crate::Photometric::Rgb
            } else {
                description.photometric
            },
            precision: header.precision as u16,
            signed: None,
        })
    }
}

/// Refuses an output that is not the frame's size.
fn check_output(description: &FrameDescription, out: &[u8]) -> Result<()> {
    let expected = description.frame_bytes()?;
    if out.len() == expected && expected > 0 {
        return Ok(());
    }
    Err(invalid(
        "JPEG-LS output",
        &format!("{expected} bytes, more than 0"),
        format!("{} bytes", out.len()),
    ))
}

/// Decodes one scan and gives the number of bytes it took.
fn decode_scan(
    data: &[u8],
    header: &Header,
    scan: &Scan,
    description: &FrameDescription,
    out: &mut [u8],
) -> Result<usize> {
    // Each line takes at least a bit: a short stream cannot ask for large work.
    if u64::from(description.rows) > 8 * data.len() as u64 {
        let expected = u64::from(description.rows).div_ceil(8);
        return Err(Error::Truncated {
            what: "JPEG-LS scan",
            expected,
            found: data.len() as u64,
        });
    }
    let transform = match (header.transform, scan.components.len()) {
        (Transform::None, _) => Transform::None,
        (transform, 3) => transform,
        (_, count) => {
            let found = format!("{count} components in a scan");
            return Err(invalid(
                "JPEG-LS colour transform",
                "three components in a scan",
                found,
            ));
        }
    };
    let parameters = Parameters::new(header.precision, scan.near, header.preset)?;
    let plain = parameters.is_plain_lossless();
    let mut model = Model::new(parameters);
    let mut lines = vec![Lines::new(description.columns as usize); scan.components.len()];
    let mut run_indices = [0; 4];
    let mut reader = BitReader::new(data);
    let mut start = 0;
    let mut restarts = 0u8;
    let damaged = |row: usize, reason: &str| Error::Damaged {
        codec: CODEC,
        reason: format!("{reason} in row {row} of {}", description.rows),
    };
    for row in 0..description.rows as usize {
        let interval = header.restart_interval as usize;
        if interval != 0 && row != 0 && row % interval == 0 {
            start += reader.position();
            start += restart(&data[start..], restarts).ok_or_else(|| damaged(row, "no restart marker"))?;
            restarts = (restarts + 1) % 8;
            reader = BitReader::new(&data[start..]);
            model.reset();
            lines.iter_mut().for_each(Lines::clear);
            run_indices = [0; 4];
        }
        lines.iter_mut().for_each(Lines::advance);
        let decoded = if plain {
            decode_row::<true>(
                &mut model,
                &mut reader,
                &mut lines,
                scan.interleave,
                &mut run_indices,
            )
        } else {
            decode_row::<false>(
                &mut model,
                &mut reader,
                &mut lines,
                scan.interleave,
                &mut run_indices,
            )
        };
        decoded.map_err(|reason| damaged(row, reason))?;
        if reader.overran() {
            return Err(damaged(row, "the data end"));
        }
        emit_row(
            &mut lines,
            transform,
            header.precision,
            scan,
            description,
            row,
            out,
        );
    }
    Ok(start + reader.position())
}

fn decode_row<const LOSSLESS: bool>(
    model: &mut Model,
    reader: &mut BitReader<'_>,
    lines: &mut [Lines],
    interleave: Interleave,
    run_indices: &mut [u32; 4],
) -> std::result::Result<(), decode::Fault> {
    if interleave == Interleave::Sample && lines.len() > 1 {
        return decode::pixels::<LOSSLESS>(model, reader, lines, &mut run_indices[0]);
    }
    for (lines, run_index) in lines.iter_mut().zip(run_indices) {
        decode::line::<LOSSLESS>(model, reader, lines, run_index)?;
    }
    Ok(())
}

/// Gives the number of bytes up to and with the restart marker expected next; fill bytes may precede it.
fn restart(data: &[u8], number: u8) -> Option<usize> {
    let at = data
        .windows(2)
        .position(|pair| pair[0] == 0xff && pair[1] >= 0x80 && pair[1] != 0xff)?;
    (data[at + 1] == 0xd0 + number).then_some(at + 2)
}

/// Writes the current lines of a scan into their places in `out`.
fn emit_row(
    lines: &mut [Lines],
    transform: Transform,
    precision: u32,
    scan: &Scan,
    description: &FrameDescription,
    row: usize,
    out: &mut [u8],
) {
    if let (false, [first, second, third]) = (transform == Transform::None, &mut *lines) {
        // The coded lines stay what the next row is predicted from.
        let mut copies = [
            first.samples().to_vec(),
            second.samples().to_vec(),
            third.samples().to_vec(),
        ];
        let [a, b, c] = &mut copies;
        transform::undo(transform, precision, [a, b, c]);
        for (samples, component) in copies.iter().zip(&scan.components) {
            write_samples(samples, description, row, *component, out);
        }
        return;
    }
    for (lines, component) in lines.iter().zip(&scan.components) {
        write_samples(lines.samples(), description, row, *component, out);
    }
}

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
        check_output(description, values)?;
        let precision = u32::from(description.bits_stored);
        if !(2..=16).contains(&precision) || description.rows > 0xffff || description.columns > 0xffff {
            let found = format!("{precision} bits, {} x {}", description.rows, description.columns);
            return Err(invalid(
                "JPEG-LS frame",
                "2 to 16 bits stored, at most 65535 rows and columns",
                found,
            ));
        }
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
