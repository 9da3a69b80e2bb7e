//! Progressive scans: spectral selection and successive approximation (T.81 Annex G).

use super::bits::BitReader;
use super::header::{Frame, Scan, Tables, damaged};
use super::huffman::{BAD_CODE, Table};
use super::idct::{ZIGZAG, inverse};
use super::layout::{Restarts, Sink, Units};
use crate::{FrameDescription, Result};

/// Coefficients of all components, gathered over the scans.
#[derive(Debug)]
pub(super) struct Coefficients {
    components: Vec<Plane>,
}

#[derive(Debug)]
struct Plane {
    blocks: Vec<[i16; 64]>,
    /// Blocks in a row, with the padding of interleaved scans.
    columns: usize,
    /// By coefficient in zigzag order: bits that later scans still bring; `None` before the first scan.
    missing_bits: [Option<u32>; 64],
    quantization: Option<[u16; 64]>,
}

impl Coefficients {
    pub(super) fn new(frame: &Frame) -> Self {
        let components = frame.components.iter().map(|component| {
            let columns = frame.columns.div_ceil(8 * frame.horizontal) * component.horizontal;
            let rows = frame.rows.div_ceil(8 * frame.vertical) * component.vertical;
            let blocks = vec![[0; 64]; columns * rows];
            Plane {
                blocks,
                columns,
                missing_bits: [None; 64],
                quantization: None,
            }
        });
        Self {
            components: components.collect(),
        }
    }

    /// Whether every bit of every coefficient has come.
    pub(super) fn is_complete(&self) -> bool {
        self.components
            .iter()
            .all(|plane| plane.missing_bits == [Some(0); 64])
    }

    /// Turns the coefficients into samples.
    pub(super) fn finish(
        &self,
        frame: &Frame,
        description: &FrameDescription,
        sink: &mut Sink,
        out: &mut [u8],
    ) -> Result<()> {
        for (index, (plane, component)) in self.components.iter().zip(&frame.components).enumerate() {
            let (Some(quantization), Some(_)) = (&plane.quantization, plane.missing_bits[0]) else {
                return Err(damaged(format!("component {} is missing", component.id)));
            };
            for y in 0..component.height.div_ceil(8) {
                for x in 0..component.width.div_ceil(8) {
                    let samples = inverse(
                        &plane.blocks[y * plane.columns + x],
                        quantization,
                        frame.precision,
                    );
                    sink.store(&samples, (x, y), frame, index, description, out);
                }
            }
        }
        Ok(())
    }

    /// Notes what a scan brings. Each bit may come once: so much work only as there are bits.
    fn note(&mut self, scan: &Scan, frame: &Frame, tables: &Tables) -> Result<()> {
        let Scan {
            start,
            end,
            high,
            low,
            ..
        } = *scan;
        let band_is_right = if start == 0 {
            end == 0
        } else {
            start <= end && scan.selectors.len() == 1
        };
        if !band_is_right || end > 63 || low > 13 || (high != 0 && high != low + 1) {
            return Err(damaged("a progressive scan has impossible parameters"));
        }
        let before = if high == 0 { None } else { Some(high) };
        for selector in &scan.selectors {
            let plane = &mut self.components[selector.component];
            for missing in &mut plane.missing_bits[start..=end] {
                if *missing != before {
                    return Err(damaged("progressive scans are out of order"));
                }
                *missing = Some(low);
            }
            if plane.quantization.is_none() {
                let slot = frame.components[selector.component].quantization_table;
                plane.quantization = Some(*tables.quantization(slot)?);
            }
        }
        Ok(())
    }
}

/// Decodes a scan into `coefficients` and gives the number of bytes it took.
pub(super) fn scan(
    data: &[u8],
    scan: &Scan,
    frame: &Frame,
    tables: &Tables,
    coefficients: &mut Coefficients,
) -> Result<usize> {
    coefficients.note(scan, frame, tables)?;
    let band = Band::new(scan, frame, tables)?;
    let units = Units::of(scan, frame, 8);
    let mut reader = BitReader::new(data);
    let mut restarts = Restarts::new(scan.restart_interval);
    let mut state = State::default();
    for row in 0..units.rows {
        for column in 0..units.columns {
            if let Some(number) = restarts.due(1) {
                let found = if reader.overran() {
                    None
                } else {
                    reader.restart(number)
                };
                found.ok_or_else(|| damaged(format!("no restart marker in block row {row}")))?;
                state = State::default();
            }
            for (at, selector) in scan.selectors.iter().enumerate() {
                let (across, down) = units.blocks(&frame.components[selector.component]);
                let plane = &mut coefficients.components[selector.component];
                for block in 0..across * down {
                    let (x, y) = (column * across + block % across, row * down + block / across);
                    let block = &mut plane.blocks[y * plane.columns + x];
                    band.decode(&mut reader, &mut state, at, block)
                        .ok_or_else(|| damaged(format!("{BAD_CODE} in block row {row} of {}", units.rows)))?;
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

/// What a scan remembers between blocks.
#[derive(Debug, Default)]
struct State {
    predictions: [i32; 4],
    /// Blocks, the present one included, whose band ends here.
    ended_blocks: u32,
}

/// What a scan decodes of each block.
#[derive(Debug)]
struct Band {
    start: usize,
    end: usize,
    first: bool,
    low: u32,
    /// One for each component of a DC scan, one for an AC scan, none to refine DC.
    tables: Vec<Table>,
}

impl Band {
    fn new(scan: &Scan, frame: &Frame, tables: &Tables) -> Result<Self> {
        let first = scan.high == 0;
        let needed = scan.selectors.iter().filter(|_| scan.start > 0 || first);
        let tables = needed.map(|selector| match scan.start {
            0 => tables.dc(selector.dc_table, frame),
            _ => tables.ac(selector.ac_table, frame),
        });
        let tables = tables.collect::<Result<Vec<Table>>>()?;
        Ok(Self {
            start: scan.start,
            end: scan.end,
            first,
            low: scan.low,
            tables,
        })
    }

    fn decode(
        &self,
        reader: &mut BitReader<'_>,
        state: &mut State,
        component: usize,
        block: &mut [i16; 64],
    ) -> Option<()> {
        match (self.start, self.first) {
            (0, true) => self.first_dc(
                reader,
                &mut state.predictions[component],
                &self.tables[component],
                block,
            ),
            (0, false) => {
                block[0] |= i16::from(reader.bit()) << self.low;
                Some(())
            }
            (_, true) => self.first_ac(reader, &mut state.ended_blocks, block),
            (_, false) => self.refine_ac(reader, &mut state.ended_blocks, block),
        }
    }

    fn first_dc(
        &self,
        reader: &mut BitReader<'_>,
        prediction: &mut i32,
        table: &Table,
        block: &mut [i16; 64],
    ) -> Option<()> {
        reader.refill();
        let size = table.symbol(reader).filter(|size| *size <= 15)?;
        *prediction = prediction.wrapping_add(reader.take_signed(u32::from(size)));
        block[0] = (*prediction << self.low) as i16;
        Some(())
    }

    fn first_ac(
        &self,
        reader: &mut BitReader<'_>,
        ended_blocks: &mut u32,
        block: &mut [i16; 64],
    ) -> Option<()> {
        if *ended_blocks > 0 {
            *ended_blocks -= 1;
            return Some(());
        }
        let mut at = self.start;
        while at <= self.end {
            reader.refill();
            let symbol = self.tables[0].symbol(reader)?;
            let (zeros, size) = (symbol >> 4, u32::from(symbol & 15));
            if size == 0 && zeros < 15 {
                *ended_blocks = (1 << zeros) - 1 + reader.take(u32::from(zeros));
                break;
            }
            at += usize::from(zeros);
            if size > 0 {
                let position = usize::from(*ZIGZAG.get(at)?);
                block[position] = (reader.take_signed(size) << self.low) as i16;
            }
            at += 1;
        }
        Some(())
    }

    fn refine_ac(
        &self,
        reader: &mut BitReader<'_>,
        ended_blocks: &mut u32,
        block: &mut [i16; 64],
    ) -> Option<()> {
        let mut at = self.start;
        while at <= self.end && *ended_blocks == 0 {
            reader.refill();
            let symbol = self.tables[0].symbol(reader)?;
            let (zeros, size) = (symbol >> 4, symbol & 15);
            let new = match (size, zeros) {
                (0, 15) => 0,
                (0, _) => {
                    *ended_blocks = (1 << zeros) + reader.take(u32::from(zeros));
                    break;
                }
                (1, _) => (if reader.take(1) == 1 { 1 } else { -1 }) << self.low,
                _ => return None,
            };
            at = self.refine_past(reader, at, zeros, block);
            if new != 0 {
                if at > self.end {
                    return None;
                }
                block[usize::from(ZIGZAG[at])] = new;
            }
            at += 1;
        }
        if *ended_blocks > 0 {
            self.refine_past(reader, at, u8::MAX, block);
            *ended_blocks -= 1;
        }
        Some(())
    }

    /// Refines the coefficients known not to be zero and passes over `zeros` that are; gives the position
    /// of the next zero, or one behind the band.
    fn refine_past(
        &self,
        reader: &mut BitReader<'_>,
        from: usize,
        zeros: u8,
        block: &mut [i16; 64],
    ) -> usize {
        let mut left = zeros;
        for (at, position) in ZIGZAG.iter().enumerate().take(self.end + 1).skip(from) {
            let coefficient = &mut block[usize::from(*position)];
            if *coefficient == 0 {
                if left == 0 {
                    return at;
                }
                left -= 1;
            } else if reader.bit() && *coefficient & (1 << self.low) == 0 {
                *coefficient = coefficient.wrapping_add(coefficient.signum() << self.low);
            }
        }
        self.end + 1
    }
}
