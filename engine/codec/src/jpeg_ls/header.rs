//! Headers of a JPEG-LS stream: frame, scan, presets (T.87 Annex C).

use super::parameters::Preset;
use crate::jpeg::segment::{APP8, DNL, DRI, EOI, SOI, SOS, Segment, Segments};
use crate::{Error, FrameDescription, Result};

/// Start of frame of JPEG-LS (SOF55).
pub(super) const SOF: u8 = 0xf7;
/// JPEG-LS preset parameters.
pub(super) const LSE: u8 = 0xf8;

/// The name that errors carry.
pub(super) const CODEC: &str = "JPEG-LS";

/// How the components of a scan follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interleave {
    /// A scan for each component.
    None,
    /// Lines of the components in turn.
    #[default]
    Line,
    /// Samples of the components in turn, pixel by pixel.
    Sample,
}

/// Colour transform of Hewlett-Packard's encoder, announced by an APP8 segment "mrfx".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transform {
    None,
    Hp1,
    Hp2,
    Hp3,
}

/// What stands before a scan, gathered from all segments so far.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) precision: u32,
    /// Component identifiers in the order of the frame header; empty before it.
    pub(super) components: Vec<u8>,
    pub(super) preset: Preset,
    pub(super) transform: Transform,
    /// Lines between restart markers; zero for none.
    pub(super) restart_interval: u32,
    rows: u32,
    columns: u32,
}

/// A scan header.
#[derive(Debug)]
pub(super) struct Scan {
    /// Indices into [`Header::components`].
    pub(super) components: Vec<usize>,
    pub(super) near: u32,
    pub(super) interleave: Interleave,
}

impl Header {
    pub(super) fn new() -> Self {
        Self {
            precision: 0,
            components: Vec::new(),
            preset: Preset::default(),
            transform: Transform::None,
            restart_interval: 0,
            rows: 0,
            columns: 0,
        }
    }

    /// Takes in segments up to the next scan header; `None` at the end of the image.
    pub(super) fn next_scan(
        &mut self,
        segments: &mut Segments<'_>,
        description: &FrameDescription,
    ) -> Result<Option<Scan>> {
        while let Some(segment) = segments.next()? {
            match segment.marker {
                SOF => self.take_frame(&segment, segments)?,
                LSE => self.take_preset(&segment, segments)?,
                APP8 => self.take_transform(&segment)?,
                DRI => self.restart_interval = take_interval(&segment, segments)?,
                SOS => {
                    self.check(description)?;
                    return self.scan(&segment, segments).map(Some);
                }
                DNL | EOI => return Ok(None),
                SOI => return Err(segments.damaged("a second start of image")),
                0xc0..=0xcf if !matches!(segment.marker, 0xc4 | 0xc8 | 0xcc) => {
                    return Err(invalid(
                        "JPEG-LS process",
                        "JPEG-LS (SOF55)",
                        format!("SOF{}", segment.marker - 0xc0),
                    ));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn take_frame(&mut self, segment: &Segment<'_>, segments: &Segments<'_>) -> Result<()> {
        let &[precision, y1, y0, x1, x0, count, ref components @ ..] = segment.payload else {
            return Err(segments.damaged("its frame header is too short"));
        };
        if !self.components.is_empty() {
            return Err(segments.damaged("a second frame header"));
        }
        if !(2..=16).contains(&precision) {
            return Err(invalid(
                "JPEG-LS precision",
                "2 to 16 bits",
                format!("{precision} bits"),
            ));
        }
        if components.len() != 3 * usize::from(count) {
            return Err(segments.damaged("its frame header disagrees with its length"));
        }
        if let Some(odd) = components
            .chunks_exact(3)
            .find(|component| component[1] != components[1])
        {
            let found = format!("component {} sampled as {:#04x}", odd[0], odd[1]);
            return Err(invalid("JPEG-LS sampling", "components of one size", found));
        }
        self.precision = u32::from(precision);
        self.components = components.chunks_exact(3).map(|component| component[0]).collect();
        // Zero leaves the size to an LSE segment of type 4.
        let stated = |high, low, known| match u32::from(u16::from_be_bytes([high, low])) {
            0 => known,
            size => size,
        };
        self.rows = stated(y1, y0, self.rows);
        self.columns = stated(x1, x0, self.columns);
        Ok(())
    }

    fn take_preset(&mut self, segment: &Segment<'_>, segments: &Segments<'_>) -> Result<()> {
        let word = |high: u8, low: u8| u32::from(u16::from_be_bytes([high, low]));
        match *segment.payload {
            [1, m1, m0, a1, a0, b1, b0, c1, c0, r1, r0] => {
                self.preset = Preset {
                    maxval: word(m1, m0),
                    t1: word(a1, a0),
                    t2: word(b1, b0),
                    t3: word(c1, c0),
                    reset: word(r1, r0),
                };
                Ok(())
            }
            [2 | 3, ..] => Err(invalid(
                "JPEG-LS preset parameters",
                "no mapping table",
                "a mapping table".into(),
            )),
            [4, width @ 2..=4, ref sizes @ ..] if sizes.len() == 2 * usize::from(width) => {
                let (rows, columns) = sizes.split_at(usize::from(width));
                self.rows = big_endian(rows);
                self.columns = big_endian(columns);
                Ok(())
            }
            [kind, ..] if kind > 4 => Err(invalid(
                "JPEG-LS preset parameters",
                "type 1 or 4 (T.87)",
                format!("type {kind}"),
            )),
            _ => Err(segments.damaged("its preset parameters have a wrong length")),
        }
    }

    fn take_transform(&mut self, segment: &Segment<'_>) -> Result<()> {
        if let [b'm', b'r', b'f', b'x', kind] = *segment.payload {
            self.transform = match kind {
                0 => Transform::None,
                1 => Transform::Hp1,
                2 => Transform::Hp2,
                3 => Transform::Hp3,
                _ => {
                    return Err(invalid(
                        "JPEG-LS colour transform",
                        "HP1, HP2 or HP3",
                        kind.to_string(),
                    ));
                }
            };
        }
        Ok(())
    }

    /// Holds the frame header against the description, before anything is allocated.
    fn check(&self, description: &FrameDescription) -> Result<()> {
        let expected = (
            description.rows,
            description.columns,
            usize::from(description.samples_per_pixel),
        );
        let found = (self.rows, self.columns, self.components.len());
        if expected != found {
            let words =
                |size: (u32, u32, usize)| format!("{} rows, {} columns, {} samples", size.0, size.1, size.2);
            return Err(invalid("JPEG-LS frame size", &words(expected), words(found)));
        }
        let room = u32::from(description.bits_allocated);
        if self.precision > room || room > 16 {
            return Err(invalid(
                "JPEG-LS precision",
                &format!("at most {room} bits"),
                format!("{} bits", self.precision),
            ));
        }
        Ok(())
    }

    fn scan(&self, segment: &Segment<'_>, segments: &Segments<'_>) -> Result<Scan> {
        let damaged = || segments.damaged("its scan header is damaged");
        let [count, rest @ ..] = segment.payload else {
            return Err(damaged());
        };
        if rest.len() != 2 * usize::from(*count) + 3 || !(1..=4).contains(count) {
            return Err(damaged());
        }
        let (selectors, last) = rest.split_at(2 * usize::from(*count));
        let mut components = Vec::with_capacity(4);
        for selector in selectors.chunks_exact(2) {
            let index = self
                .components
                .iter()
                .position(|id| *id == selector[0])
                .ok_or_else(damaged)?;
            if components.contains(&index) {
                return Err(damaged());
            }
            if selector[1] != 0 {
                return Err(invalid(
                    "JPEG-LS scan",
                    "no mapping table",
                    format!("mapping table {}", selector[1]),
                ));
            }
            components.push(index);
        }
        if last[2] & 0x0f != 0 {
            let found = format!("point transform {}", last[2] & 0x0f);
            return Err(invalid("JPEG-LS scan", "no point transform", found));
        }
        let interleave = match (last[1], components.len()) {
            (0, 1) => Interleave::None,
            (1, _) => Interleave::Line,
            (2, _) => Interleave::Sample,
            _ => return Err(damaged()),
        };
        Ok(Scan {
            components,
            near: u32::from(last[0]),
            interleave,
        })
    }
}

fn take_interval(segment: &Segment<'_>, segments: &Segments<'_>) -> Result<u32> {
    match segment.payload.len() {
        2..=4 => Ok(big_endian(segment.payload)),
        _ => Err(segments.damaged("its restart interval has a wrong length")),
    }
}

fn big_endian(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

pub(super) fn invalid(what: &'static str, expected: &str, found: String) -> Error {
    Error::Invalid {
        what,
        expected: expected.to_owned(),
        found,
    }
}
