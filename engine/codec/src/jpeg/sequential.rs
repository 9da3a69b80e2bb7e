//! Baseline and extended sequential scans (T.81 F.2).

use super::bits::BitReader;
use super::header::{Frame, Scan, Tables, damaged};
use super::huffman::{BAD_CODE, Table};
use super::idct::{ZIGZAG, inverse};
use super::layout::{Restarts, Sink, Units};
use crate::{FrameDescription, Result};

/// Decodes a scan and gives the number of bytes it took.
///
/// The scan's band is not looked at: sequential scans always hold all coefficients, and some encoders
/// (those of the WG-04 samples among them) wrote 0 for its end.
pub(super) fn scan(
    data: &[u8],
    scan: &Scan,
    frame: &Frame,
    tables: &Tables,
    description: &FrameDescription,
    sink: &mut Sink,
    out: &mut [u8],
) -> Result<usize> {
    let units = Units::of(scan, frame, 8);
    let mut coders = Vec::with_capacity(4);
    for selector in &scan.selectors {
        let component = &frame.components[selector.component];
        coders.push((
            selector.component,
            tables.dc(selector.dc_table, frame)?,
            tables.ac(selector.ac_table, frame)?,
            tables.quantization(component.quantization_table)?,
        ));
    }
    let mut reader = BitReader::new(data);
    let mut restarts = Restarts::new(scan.restart_interval);
    let mut predictions = [0i32; 4];
    for row in 0..units.rows {
        for column in 0..units.columns {
            if let Some(number) = restarts.due(1) {
                let found = if reader.overran() {
                    None
                } else {
                    reader.restart(number)
                };
                found.ok_or_else(|| damaged(format!("no restart marker in block row {row}")))?;
                predictions = [0; 4];
            }
            for ((index, dc, ac, quantization), prediction) in coders.iter().zip(&mut predictions) {
                let (across, down) = units.blocks(&frame.components[*index]);
                for at in 0..across * down {
                    let (x, y) = (column * across + at % across, row * down + at / across);
                    let coefficients = block(&mut reader, dc, ac, prediction)
                        .ok_or_else(|| damaged(format!("{BAD_CODE} in block row {row} of {}", units.rows)))?;
                    let samples = inverse(&coefficients, quantization, frame.precision);
                    sink.store(&samples, (x, y), frame, *index, description, out);
                }
            }
        }
        if reader.overran() {
            return Err(damaged(format!(
                "the data end in block row {row} of {}",
                units.rows
            )));
        }
    }
    Ok(reader.position())
}

/// Decodes the coefficients of a block, in reading order; `None` for a code that cannot be.
fn block(reader: &mut BitReader<'_>, dc: &Table, ac: &Table, prediction: &mut i32) -> Option<[i16; 64]> {
    let mut coefficients = [0; 64];
    let mut bits = *reader;
    bits.refill();
    let size = dc.symbol(&mut bits)?;
    if size > 15 {
        return None;
    }
    *prediction = prediction.wrapping_add(bits.take_signed(u32::from(size)));
    coefficients[0] = *prediction as i16;
    let mut at = 1;
    while at < 64 {
        bits.refill();
        let symbol = ac.symbol(&mut bits)?;
        let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if zeros < 15 {
                break;
            }
            at += 16;
            continue;
        }
        at += zeros;
        *coefficients.get_mut(usize::from(*ZIGZAG.get(at)?))? = bits.take_signed(size) as i16;
        at += 1;
    }
    *reader = bits;
    Some(coefficients)
}
