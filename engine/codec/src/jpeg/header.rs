//! Headers of a JPEG stream: frame, scan, tables, application marks (T.81 B.2).

use super::huffman::{Specification, Table, standard};
use super::idct::ZIGZAG;
use super::segment::Segment;
use crate::{Error, FrameDescription, Result};

/// The name that errors carry.
pub(super) const CODEC: &str = "JPEG";

pub(super) fn damaged(reason: impl Into<String>) -> Error {
    Error::Damaged {
        codec: CODEC,
        reason: reason.into(),
    }
}

pub(super) fn invalid(what: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::Invalid {
        what,
        expected: expected.into(),
        found: found.into(),
    }
}

/// The coding processes that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    /// Baseline and extended sequential (processes 1, 2 and 4).
    Sequential,
    /// Spectral selection and full progression (6, 8, 10 and 12).
    Progressive,
    /// Lossless (14).
    Lossless,
}

/// A component of the frame.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors, 1 to 4.
    pub(super) horizontal: usize,
    pub(super) vertical: usize,
    pub(super) quantization_table: usize,
    /// Size in samples.
    pub(super) width: usize,
    pub(super) height: usize,
}

/// A frame header.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) process: Process,
    pub(super) precision: u32,
    pub(super) components: Vec<Component>,
    /// Largest sampling factors.
    pub(super) horizontal: usize,
    pub(super) vertical: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Frame {
    /// Reads a start of frame segment and holds it against the description.
    pub(super) fn read(segment: &Segment<'_>, description: &FrameDescription) -> Result<Self> {
        let process = match segment.marker {
            0xc0..=0xc1 => Process::Sequential,
            0xc2 => Process::Progressive,
            0xc3 => Process::Lossless,
            marker => {
                let kind = if marker >= 0xc9 {
                    "arithmetic coding"
                } else {
                    "hierarchical coding"
                };
                let expected = "a sequential, progressive or lossless one with Huffman coding";
                return Err(invalid(
                    "JPEG process",
                    expected,
                    format!("{kind} (SOF{})", marker - 0xc0),
                ));
            }
        };
        let &[precision, y1, y0, x1, x0, count, ref components @ ..] = segment.payload else {
            return Err(damaged("its frame header is too short"));
        };
        if components.len() != 3 * usize::from(count) {
            return Err(damaged("its frame header disagrees with its length"));
        }
        check_precision(process, u32::from(precision), description)?;
        // Zero rows: a DNL segment behind the first scan states them, which must be the description's.
        let rows = match u32::from(u16::from_be_bytes([y1, y0])) {
            0 => description.rows,
            rows => rows,
        };
        let found = (rows, u32::from(u16::from_be_bytes([x1, x0])), u16::from(count));
        let expected = (
            description.rows,
            description.columns,
            description.samples_per_pixel,
        );
        if found != expected || !(1..=4).contains(&count) {
            let words =
                |size: (u32, u32, u16)| format!("{} rows, {} columns, {} samples", size.0, size.1, size.2);
            return Err(invalid("JPEG frame size", words(expected), words(found)));
        }
        Self::with_components(process, u32::from(precision), components, description)
    }

    fn with_components(
        process: Process,
        precision: u32,
        components: &[u8],
        description: &FrameDescription,
    ) -> Result<Self> {
        let mut frame = Self {
            process,
            precision,
            components: Vec::with_capacity(4),
            horizontal: 1,
            vertical: 1,
            rows: description.rows as usize,
            columns: description.columns as usize,
        };
        for component in components.chunks_exact(3) {
            let (horizontal, vertical) = (usize::from(component[1] >> 4), usize::from(component[1] & 15));
            if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) || component[2] > 3 {
                return Err(damaged(format!(
                    "component {} has impossible parameters",
                    component[0]
                )));
            }
            frame.horizontal = frame.horizontal.max(horizontal);
            frame.vertical = frame.vertical.max(vertical);
            frame.components.push(Component {
                id: component[0],
                horizontal,
                vertical,
                quantization_table: usize::from(component[2]),
                width: 0,
                height: 0,
            });
        }
        for component in &mut frame.components {
            component.width = (frame.columns * component.horizontal).div_ceil(frame.horizontal);
            component.height = (frame.rows * component.vertical).div_ceil(frame.vertical);
        }
        Ok(frame)
    }

    /// Whether a component has a sample for every pixel.
    pub(super) fn is_full(&self, component: &Component) -> bool {
        component.horizontal == self.horizontal && component.vertical == self.vertical
    }
}

fn check_precision(process: Process, precision: u32, description: &FrameDescription) -> Result<()> {
    let known = match process {
        Process::Lossless => (2..=16).contains(&precision),
        _ => precision == 8 || precision == 12,
    };
    if !known {
        let expected = if process == Process::Lossless {
            "2 to 16 bits"
        } else {
            "8 or 12 bits"
        };
        return Err(invalid("JPEG precision", expected, format!("{precision} bits")));
    }
    let room = u32::from(description.bits_allocated);
    if precision > room || room > 16 {
        let expected = format!(
            "samples of 8 or 16 bits that hold it, not {}",
            description.bits_allocated
        );
        return Err(invalid("JPEG precision", expected, format!("{precision} bits")));
    }
    Ok(())
}

/// One component's part of a scan header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selector {
    /// Index into [`Frame::components`].
    pub(super) component: usize,
    pub(super) dc_table: usize,
    pub(super) ac_table: usize,
}

/// A scan header.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) selectors: Vec<Selector>,
    /// Ss: first coefficient of the band, or the predictor of a lossless scan.
    pub(super) start: usize,
    /// Se: last coefficient of the band.
    pub(super) end: usize,
    /// Ah: bits known before.
    pub(super) high: u32,
    /// Al: bits left for later scans, or the point transform of a lossless scan.
    pub(super) low: u32,
    /// Units between restart markers; zero for none.
    pub(super) restart_interval: usize,
}

impl Scan {
    pub(super) fn read(segment: &Segment<'_>, frame: &Frame, restart_interval: usize) -> Result<Self> {
        let bad = || damaged("its scan header is damaged");
        let [count, rest @ ..] = segment.payload else {
            return Err(bad());
        };
        if !(1..=4).contains(count) || rest.len() != 2 * usize::from(*count) + 3 {
            return Err(bad());
        }
        let (selectors, last) = rest.split_at(2 * usize::from(*count));
        let mut scan = Self {
            selectors: Vec::with_capacity(4),
            start: usize::from(last[0]),
            end: usize::from(last[1]),
            high: u32::from(last[2] >> 4),
            low: u32::from(last[2] & 15),
            restart_interval,
        };
        for selector in selectors.chunks_exact(2) {
            let taken = |index: &usize| scan.selectors.iter().any(|selector| selector.component == *index);
            let mut matching =
                (0..frame.components.len()).filter(|at| frame.components[*at].id == selector[0]);
            let component = matching.find(|index| !taken(index)).ok_or_else(bad)?;
            let (dc_table, ac_table) = (usize::from(selector[1] >> 4), usize::from(selector[1] & 15));
            if dc_table > 3 || ac_table > 3 {
                return Err(bad());
            }
            scan.selectors.push(Selector {
                component,
                dc_table,
                ac_table,
            });
        }
        let units = |selector: &Selector| {
            let component = &frame.components[selector.component];
            component.horizontal * component.vertical
        };
        if scan.selectors.len() > 1 && scan.selectors.iter().map(units).sum::<usize>() > 10 {
            return Err(damaged("a scan interleaves more than ten blocks"));
        }
        Ok(scan)
    }
}

/// Tables in force.
#[derive(Debug, Default)]
pub(super) struct Tables {
    quantization: [Option<[u16; 64]>; 4],
    dc: [Option<Specification>; 4],
    ac: [Option<Specification>; 4],
}

impl Tables {
    /// Takes in a DQT segment (B.2.4.1); tables are kept in reading order.
    pub(super) fn take_quantization(&mut self, payload: &[u8]) -> Result<()> {
        let mut rest = payload;
        while let [head, values @ ..] = rest {
            let wide = head >> 4 != 0;
            let size = if wide { 128 } else { 64 };
            let slot = self.quantization.get_mut(usize::from(head & 15));
            let (Some(slot), Some((values, behind)), true) =
                (slot, values.split_at_checked(size), *head < 0x20)
            else {
                return Err(damaged("a quantization table is damaged"));
            };
            let mut table = [0; 64];
            for (at, position) in ZIGZAG.iter().enumerate() {
                table[usize::from(*position)] = if wide {
                    u16::from_be_bytes([values[2 * at], values[2 * at + 1]])
                } else {
                    u16::from(values[at])
                };
            }
            *slot = Some(table);
            rest = behind;
        }
        Ok(())
    }

    /// Takes in a DHT segment (B.2.4.2).
    pub(super) fn take_huffman(&mut self, payload: &[u8]) -> Result<()> {
        let bad = || damaged("a Huffman table is damaged");
        let mut rest = payload;
        while let [head, body @ ..] = rest {
            let (counts, body) = body.split_first_chunk::<16>().ok_or_else(bad)?;
            let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, behind) = body.split_at_checked(total).ok_or_else(bad)?;
            let class = match head >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(bad()),
            };
            let slot = class.get_mut(usize::from(head & 15)).ok_or_else(bad)?;
            *slot = Some(Specification {
                counts: *counts,
                symbols: symbols.to_vec(),
            });
            rest = behind;
        }
        Ok(())
    }

    pub(super) fn quantization(&self, slot: usize) -> Result<&[u16; 64]> {
        self.quantization[slot]
            .as_ref()
            .ok_or_else(|| damaged(format!("no quantization table {slot}")))
    }

    /// Builds the DC or lossless table of a slot. A baseline stream without it is read with the
    /// standard's own.
    pub(super) fn dc(&self, slot: usize, frame: &Frame) -> Result<Table> {
        build(&self.dc, false, slot, frame)
    }

    /// Builds the AC table of a slot, as [`Tables::dc`].
    pub(super) fn ac(&self, slot: usize, frame: &Frame) -> Result<Table> {
        build(&self.ac, true, slot, frame)
    }
}

fn build(tables: &[Option<Specification>; 4], ac: bool, slot: usize, frame: &Frame) -> Result<Table> {
    let given = tables[slot].as_ref();
    let may_miss = frame.process == Process::Sequential && frame.precision == 8 && slot < 2;
    let table = match given {
        Some(specification) => Table::new(specification),
        None if may_miss => Table::new(&standard(ac, slot == 1)),
        None => return Err(damaged(format!("no Huffman table {slot}"))),
    };
    table.ok_or_else(|| damaged(format!("Huffman table {slot} holds no prefix code")))
}
