//! From segments to a frame.

use super::bits::BitReader;
use super::header::{CODEC, Header, Interleave, Scan, Transform, invalid};
use super::lines::Lines;
use super::model::Model;
use super::parameters::Parameters;
use super::{check_size, decode, transform};
use crate::compression::Decoded;
use crate::jpeg::samples::write_samples;
use crate::jpeg::segment::Segments;
use crate::{Decoder, Error, FrameDescription, Photometric, Result};

/// Decodes JPEG-LS frames (transfer syntaxes 4.80 and 4.81).
#[derive(Debug, Clone, Copy, Default)]
pub struct JpegLsDecoder;

impl Decoder for JpegLsDecoder {
    /// Decodes `frame`; see [`Decoder::decode`]. The photometric interpretation is the description's, or
    /// RGB where an HP colour transform was undone.
    fn decode(&self, frame: &[u8], description: &FrameDescription, out: &mut [u8]) -> Result<Decoded> {
        check_size(description, out)?;
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
                Photometric::Rgb
            } else {
                description.photometric
            },
            precision: header.precision as u16,
            signed: None,
        })
    }
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
