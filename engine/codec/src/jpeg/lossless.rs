//! Lossless scans: differences to predicted samples (T.81 Annex H).

use super::bits::BitReader;
use super::header::{Frame, Scan, Tables, damaged, invalid};
use super::huffman::{BAD_CODE, Table};
use super::layout::{Restarts, Units};
use super::samples::write_samples;
use crate::{FrameDescription, Result};

const QUICK_BITS: u32 = 12;

/// A Huffman table of difference sizes that knows short codes together with their difference.
#[derive(Debug)]
pub(super) struct Differences {
    /// By the next bits: difference above eight bits of total length; zero where more bits are needed.
    quick: Vec<u32>,
    table: Table,
}

impl Differences {
    pub(super) fn new(table: Table) -> Self {
        let entry = |bits: u32| {
            let mut reader = BitReader::of_word(bits << (32 - QUICK_BITS));
            let difference = slow(&table, &mut reader);
            let length = 32 - reader.unread();
            match difference {
                Some(difference) if length <= QUICK_BITS => u32::from(difference) << 8 | length,
                _ => 0,
            }
        };
        Self {
            quick: (0..1 << QUICK_BITS).map(entry).collect(),
            table,
        }
    }

    /// Takes a difference, modulo 2^16.
    #[inline(always)]
    fn next(&self, reader: &mut BitReader<'_>) -> Option<u16> {
        reader.refill();
        let entry = self.quick[(reader.peek() >> (32 - QUICK_BITS)) as usize];
        if entry != 0 {
            reader.skip(entry & 0xff);
            return Some((entry >> 8) as u16);
        }
        slow(&self.table, reader)
    }
}

#[inline(always)]
fn slow(table: &Table, reader: &mut BitReader<'_>) -> Option<u16> {
    match u32::from(table.symbol(reader)?) {
        size @ 0..=15 => Some(reader.take_signed(size) as u16),
        // 32768, whose sign does not matter, comes without further bits (H.1.2.2).
        16 => Some(0x8000),
        _ => None,
    }
}

/// One component of a scan: its table and the lines being decoded.
struct Coder {
    component: usize,
    differences: Differences,
    /// Data units in a unit.
    across: usize,
    down: usize,
    /// The line above the unit row, then its lines.
    lines: Vec<Vec<u16>>,
}

/// Decodes a scan into `out` and gives the number of bytes it took.
pub(super) fn scan(
    data: &[u8],
    scan: &Scan,
    frame: &Frame,
    tables: &Tables,
    description: &FrameDescription,
    out: &mut [u8],
) -> Result<usize> {
    let units = Units::of(scan, frame, 1);
    if !(1..=7).contains(&scan.start) || scan.low >= frame.precision {
        let found = format!("predictor {} and point transform {}", scan.start, scan.low);
        return Err(invalid(
            "JPEG lossless scan",
            "predictor 1 to 7 and a point transform below the precision",
            found,
        ));
    }
    if !scan.restart_interval.is_multiple_of(units.columns) {
        let found = format!("{} for lines of {}", scan.restart_interval, units.columns);
        return Err(invalid("JPEG lossless restart interval", "whole lines", found));
    }
    let mut coders = Vec::with_capacity(4);
    for selector in &scan.selectors {
        let component = &frame.components[selector.component];
        let (across, down) = units.blocks(component);
        coders.push(Coder {
            component: selector.component,
            differences: Differences::new(tables.dc(selector.dc_table, frame)?),
            across,
            down,
            lines: vec![vec![0; units.columns * across]; down + 1],
        });
    }
    let initial = 1u16 << (frame.precision - scan.low - 1);
    let mut reader = BitReader::new(data);
    let mut restarts = Restarts::new(scan.restart_interval);
    let mut first = true;
    for row in 0..units.rows {
        if let Some(number) = restarts.due(units.columns) {
            reader
                .restart(number)
                .ok_or_else(|| damaged(format!("no restart marker before line {row}")))?;
            first = true;
        }
        let start = if first { Some(initial) } else { None };
        let decoded = match &mut coders[..] {
            [coder] if coder.lines.len() == 2 => line(&mut reader, coder, scan.start, start),
            coders => unit_row(&mut reader, coders, scan.start, start, units.columns),
        };
        first = false;
        decoded.ok_or_else(|| damaged(format!("{BAD_CODE} in line {row} of {}", units.rows)))?;
        if reader.overran() {
            return Err(damaged(format!("the data end in line {row} of {}", units.rows)));
        }
        for coder in &mut coders {
            for line in 0..coder.down {
                emit(
                    &coder.lines[line + 1],
                    row * coder.down + line,
                    frame,
                    coder.component,
                    scan.low,
                    description,
                    out,
                );
            }
            let last = coder.lines.len() - 1;
            coder.lines.swap(0, last);
        }
    }
    Ok(reader.position())
}

/// Decodes a line of a single component.
fn line(reader: &mut BitReader<'_>, coder: &mut Coder, predictor: usize, start: Option<u16>) -> Option<()> {
    let [above, current] = &mut coder.lines[..] else {
        return None;
    };
    let differences = &coder.differences;
    match (start, predictor) {
        (Some(start), _) => samples::<1>(reader, differences, start, above, current),
        (None, 1) => samples::<1>(reader, differences, above[0], above, current),
        (None, 2) => samples::<2>(reader, differences, above[0], above, current),
        (None, 3) => samples::<3>(reader, differences, above[0], above, current),
        (None, 4) => samples::<4>(reader, differences, above[0], above, current),
        (None, 5) => samples::<5>(reader, differences, above[0], above, current),
        (None, 6) => samples::<6>(reader, differences, above[0], above, current),
        (None, _) => samples::<7>(reader, differences, above[0], above, current),
    }
}

fn samples<const PREDICTOR: usize>(
    reader: &mut BitReader<'_>,
    differences: &Differences,
    start: u16,
    above: &[u16],
    current: &mut [u16],
) -> Option<()> {
    let mut bits = *reader;
    let mut left = start.wrapping_add(differences.next(&mut bits)?);
    current[0] = left;
    for (pair, out) in above.windows(2).zip(&mut current[1..]) {
        let prediction = predict(PREDICTOR, left, pair[1], pair[0]);
        left = prediction.wrapping_add(differences.next(&mut bits)?);
        *out = left;
    }
    *reader = bits;
    Some(())
}

/// Decodes a row of units of several components, or of several lines.
fn unit_row(
    reader: &mut BitReader<'_>,
    coders: &mut [Coder],
    predictor: usize,
    start: Option<u16>,
    columns: usize,
) -> Option<()> {
    for column in 0..columns {
        for coder in coders.iter_mut() {
            for at in 0..coder.across * coder.down {
                let (x, y) = (column * coder.across + at % coder.across, at / coder.across);
                let above = &coder.lines[y];
                let prediction = match (x, start) {
                    (0, Some(start)) if y == 0 => start,
                    (0, _) => above[0],
                    (_, Some(_)) if y == 0 => coder.lines[1][x - 1],
                    _ => predict(predictor, coder.lines[y + 1][x - 1], above[x], above[x - 1]),
                };
                coder.lines[y + 1][x] = prediction.wrapping_add(coder.differences.next(reader)?);
            }
        }
    }
    Some(())
}

/// The predictors of table H.1.
#[inline(always)]
pub(super) fn predict(predictor: usize, left: u16, above: u16, above_left: u16) -> u16 {
    let (a, b, c) = (i32::from(left), i32::from(above), i32::from(above_left));
    let value = match predictor {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    };
    value as u16
}

/// Writes a line of a component to the rows that it stands for, each sample to its columns.
fn emit(
    line: &[u16],
    row: usize,
    frame: &Frame,
    index: usize,
    point_transform: u32,
    description: &FrameDescription,
    out: &mut [u8],
) {
    let component = &frame.components[index];
    if frame.is_full(component) && point_transform == 0 {
        if row < frame.rows {
            write_samples(&line[..frame.columns], description, row, index, out);
        }
        return;
    }
    let sample = |x: usize| line[x * component.horizontal / frame.horizontal] << point_transform;
    let wide: Vec<u16> = (0..frame.columns).map(sample).collect();
    let first = (row * frame.vertical).div_ceil(component.vertical);
    let end = ((row + 1) * frame.vertical).div_ceil(component.vertical);
    for row in first..end.min(frame.rows) {
        write_samples(&wide, description, row, index, out);
    }
}
