//! Segmentation objects to masks (PS3.3 A.51 and A.101, C.8.20).
//!
//! Frames may come in any order, leave out empty slices, overlap, and hold one segment each (BINARY,
//! FRACTIONAL) or all at once (LABELMAP). The masks of all segments share one grid: every plane that any
//! frame lies in, and the planes missing between them.

mod groups;
mod layout;
mod planes;
mod segment;
mod slide;

use std::collections::{BTreeMap, HashSet};

use codec::Warning;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes;
use super::instance::Instance;
use super::load::with_pixels;
use super::source::Source;
pub use crate::dicom::Code;
use crate::dicom::{Error, Result};
use crate::voi::{Mask, Run};
pub use layout::SegmentationSpace;
use layout::{FrameAt, Layout};
use segment::Described;
pub use segment::Segment;

/// Most runs that the segments of one object may have in all (1 GiB of them). A hundred organs of a
/// whole-body CT take a few millions; only noise takes more.
const MAX_RUNS: usize = 1 << 26;

/// Pixel Padding Value (0028,0120): the background of a labelmap.
const BACKGROUND: Tag = tags::PIXEL_PADDING_VALUE;

/// What the values of the frames mean (0062,0001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentationKind {
    /// Each pixel is inside or not.
    Binary,
    /// The part of a pixel that the segment fills; masks hold the pixels filled to half or more.
    FractionalOccupancy,
    /// The probability of a pixel to belong to the segment; masks hold the pixels of half or more.
    FractionalProbability,
    /// Each pixel holds the number of its segment; segments cannot overlap.
    Labelmap,
}

/// The segments of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// The segments in the order of their numbers, without the background of a labelmap.
    pub segments: Vec<Segment>,
    /// What the values meant.
    pub kind: SegmentationKind,
    /// What the grid of the masks is a grid of.
    pub space: SegmentationSpace,
    /// Frame of Reference UID (0020,0052); masks carry over only to volumes of the same.
    pub frame_of_reference_uid: Option<String>,
    /// Series Instance UIDs (0020,000E) of the images that were segmented.
    pub referenced_series_uids: Vec<String>,
}

impl Segmentation {
    /// The segment of that number, else of that label, whatever the case of its letters.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when no segment or several answer to `name`; it lists what there is.
    pub fn segment(&self, name: &str) -> Result<&Segment> {
        let number = |segment: &&Segment| segment.number.to_string() == name.trim();
        let label = |segment: &&Segment| segment.label.to_lowercase() == name.trim().to_lowercase();
        if let Some(segment) = self.segments.iter().find(number) {
            return Ok(segment);
        }
        let found: Vec<&Segment> = self.segments.iter().filter(label).collect();
        match found[..] {
            [segment] => Ok(segment),
            _ => Err(Error::Invalid {
                attribute: "Segment Number or Segment Label",
                expected: "one of the segments",
                found: format!(
                    "{name}, of {}",
                    listed(
                        self.segments
                            .iter()
                            .map(|s| (i64::from(s.number), s.label.as_str()))
                    )
                ),
            }),
        }
    }
}

/// The first names of a list, for messages.
pub(super) fn listed<'a>(names: impl Iterator<Item = (i64, &'a str)>) -> String {
    let all: Vec<String> = names.map(|(number, name)| format!("{number} {name}")).collect();
    match all.len() {
        0 => "none".to_owned(),
        1..=12 => all.join(", "),
        more => format!("{}, … {more} in all", all[..12].join(", ")),
    }
}

/// Reads all segments of an instance, its pixels from `source`.
///
/// # Errors
///
/// As [`read_segmentation`], and [`Error::Source`] when the bytes cannot be had.
pub fn load_segmentation(instance: &Instance, source: &dyn Source) -> Result<(Segmentation, Vec<Warning>)> {
    let ((segmentation, more), mut warnings) = with_pixels(instance, source, &mut Vec::new(), |pixels| {
        read_segmentation(&instance.data_set, |frame, values| {
            values.resize(pixels.frame_bytes(), 0);
            pixels.decode_into(frame, values).map(drop)
        })
    })?;
    warnings.extend(more);
    Ok((segmentation, warnings))
}

/// Reads all segments of an object.
///
/// `decode` puts the stored values of a frame (counted from 0) in the buffer, whatever it held: a byte a
/// pixel for BINARY (0 outside) and 8 bit, two little endian for 16 bit; a palette is not applied.
///
/// # Errors
///
/// [`Error::Missing`] and [`Error::Invalid`] for attributes that masks cannot do without,
/// [`Error::NoVolume`] for frames that make no stack, and whatever `decode` gives: a mask that lacks a frame
/// would state a wrong volume.
pub fn read_segmentation(
    object: &InMemDicomObject,
    mut decode: impl FnMut(u32, &mut Vec<u8>) -> codec::Result<()>,
) -> Result<(Segmentation, Vec<Warning>)> {
    let mut warnings = Vec::new();
    let kind = kind(object)?;
    let mut found = segment::described(object, &mut warnings);
    let layout = Layout::of(object, kind, &found, &mut warnings)?;
    let mut scan = Scan::new(object, kind, &layout)?;
    let mut buffer = Vec::new();
    for (number, frame) in layout.frames.iter().enumerate() {
        decode(number as u32, &mut buffer)?;
        scan.frame(frame, &buffer)?;
    }
    let background = (kind == SegmentationKind::Labelmap).then_some(scan.background);
    if let Some(background) = background {
        found.remove(&background);
    }
    for (number, runs) in scan.runs {
        let segment = found.entry(number).or_insert_with(|| {
            let text = format!("expected a description of segment {number}, found none");
            warnings.push(Warning::new("undescribed-segment", text));
            Described::unknown(number)
        });
        let mask = Mask::from_runs(layout.grid.clone(), runs);
        segment.mask = Some(mask.expect("frames were placed within the grid"));
    }
    let segmentation = Segmentation {
        segments: found
            .into_values()
            .map(|segment| segment.on(&layout.grid))
            .collect(),
        kind,
        space: layout.space,
        frame_of_reference_uid: object.text(tags::FRAME_OF_REFERENCE_UID),
        referenced_series_uids: referenced_series_uids(object),
    };
    Ok((segmentation, warnings))
}

fn kind(object: &InMemDicomObject) -> Result<SegmentationKind> {
    let kind = object.text(tags::SEGMENTATION_TYPE).ok_or(Error::Missing {
        attribute: "Segmentation Type",
        purpose: "read the segments",
    })?;
    match (
        kind.as_str(),
        object.text(tags::SEGMENTATION_FRACTIONAL_TYPE).as_deref(),
    ) {
        ("BINARY", _) => Ok(SegmentationKind::Binary),
        ("FRACTIONAL", Some("OCCUPANCY")) => Ok(SegmentationKind::FractionalOccupancy),
        ("FRACTIONAL", _) => Ok(SegmentationKind::FractionalProbability),
        ("LABELMAP", _) => Ok(SegmentationKind::Labelmap),
        _ => Err(Error::Invalid {
            attribute: "Segmentation Type",
            expected: "BINARY, FRACTIONAL or LABELMAP",
            found: kind,
        }),
    }
}

/// The series of Referenced Series Sequence.
fn referenced_series_uids(object: &InMemDicomObject) -> Vec<String> {
    let series = object.items(tags::REFERENCED_SERIES_SEQUENCE).iter();
    each_once(series.filter_map(|series| series.text(tags::SERIES_INSTANCE_UID)))
}

/// The texts in their order, without those that came before.
pub(super) fn each_once(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut known = HashSet::new();
    texts.filter(|text| known.insert(text.clone())).collect()
}

/// Turns frames into runs.
struct Scan {
    kind: SegmentationKind,
    /// Columns and rows of the grid, and of a frame.
    grid: [usize; 2],
    size: [usize; 2],
    bytes: usize,
    /// Lowest value inside, of BINARY and FRACTIONAL.
    lowest: u16,
    background: u16,
    runs: BTreeMap<u16, Vec<Run>>,
    count: usize,
}

impl Scan {
    fn new(object: &InMemDicomObject, kind: SegmentationKind, layout: &Layout) -> Result<Self> {
        let bits = object.integer(tags::BITS_ALLOCATED).unwrap_or(0);
        if ![1, 8, 16].contains(&bits) {
            return Err(Error::Invalid {
                attribute: "Bits Allocated",
                expected: "1, 8 or 16",
                found: bits.to_string(),
            });
        }
        let lowest = match kind {
            SegmentationKind::FractionalOccupancy | SegmentationKind::FractionalProbability => {
                half_of_maximum(object, bits)?
            }
            _ => 1,
        };
        let background = object
            .integer(BACKGROUND)
            .and_then(|value| u16::try_from(value).ok());
        Ok(Self {
            kind,
            grid: [layout.grid.size()[0], layout.grid.size()[1]],
            size: layout.size,
            bytes: if bits == 16 { 2 } else { 1 },
            lowest,
            background: background.unwrap_or(0),
            runs: BTreeMap::new(),
            count: 0,
        })
    }

    fn frame(&mut self, frame: &FrameAt, values: &[u8]) -> Result<()> {
        let [columns, rows] = self.size;
        if values.len() != columns * rows * self.bytes {
            return Err(Error::Invalid {
                attribute: "Pixel Data",
                expected: "Rows x Columns values a frame",
                found: format!("{} bytes for {rows} x {columns}", values.len()),
            });
        }
        // The last tiles of a matrix reach over its edge.
        let [columns, rows] = [0, 1].map(|axis| self.size[axis].min(self.grid[axis] - frame.corner[axis]));
        for (j, row) in values
            .chunks_exact(self.size[0] * self.bytes)
            .take(rows)
            .enumerate()
        {
            let start = (frame.slice * self.grid[1] + frame.corner[1] + j) * self.grid[0] + frame.corner[0];
            self.row(frame.segment, start, &row[..columns * self.bytes]);
        }
        if self.count > MAX_RUNS {
            return Err(Error::Codec(codec::Error::TooLarge {
                what: "runs of segments",
                limit: MAX_RUNS as u64,
                found: self.count as u64,
            }));
        }
        Ok(())
    }

    /// Adds the runs of one row, whose first pixel is voxel `start`.
    fn row(&mut self, segment: u16, start: usize, values: &[u8]) {
        let empty = if self.kind == SegmentationKind::Labelmap {
            self.background
        } else {
            0
        };
        let [low, high] = empty.to_le_bytes();
        // Most rows are empty: the test is one that the compiler turns into wide instructions.
        if low == high && values.iter().fold(0, |any, value| any | (value ^ low)) == 0 {
            return;
        }
        let wide = self.bytes == 2;
        let value = |n: usize| {
            if wide {
                u16::from_le_bytes([values[2 * n], values[2 * n + 1]])
            } else {
                u16::from(values[n])
            }
        };
        let segment_of = |value: u16| match self.kind {
            SegmentationKind::Labelmap => (value != self.background).then_some(value),
            _ => (value >= self.lowest).then_some(segment),
        };
        let count = values.len() / self.bytes;
        let mut first = 0;
        while first < count {
            let own = segment_of(value(first));
            let end = (first + 1..count)
                .find(|n| segment_of(value(*n)) != own)
                .unwrap_or(count);
            if let Some(number) = own {
                let run = Run {
                    start: start + first,
                    end: start + end,
                };
                self.runs.entry(number).or_default().push(run);
                self.count += 1;
            }
            first = end;
        }
    }
}

/// The lowest value that is half of Maximum Fractional Value (0062,000E) or more.
fn half_of_maximum(object: &InMemDicomObject, bits: i64) -> Result<u16> {
    let maximum = object
        .integer(tags::MAXIMUM_FRACTIONAL_VALUE)
        .ok_or(Error::Missing {
            attribute: "Maximum Fractional Value",
            purpose: "tell inside from outside",
        })?;
    match u16::try_from(maximum) {
        Ok(maximum) if maximum > 0 && (bits == 16 || maximum < 256) => Ok(maximum.div_ceil(2)),
        _ => Err(Error::Invalid {
            attribute: "Maximum Fractional Value",
            expected: "a value that pixels can have",
            found: maximum.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests;
