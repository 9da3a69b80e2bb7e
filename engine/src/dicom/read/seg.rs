//! Segmentation objects to masks (PS3.3 A.51 and A.101, C.8.20).
//!
//! Frames may come in any order, leave out empty slices, overlap, and hold one segment each (BINARY,
//! FRACTIONAL) or all at once (LABELMAP). The masks of all segments share one grid: every plane that any
//! frame lies in, and the planes missing between them.

mod groups;
mod layout;
mod planes;
mod scan;
mod segment;
mod slide;

use std::collections::HashSet;

use codec::Warning;
use codec::pixels::PixelData;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes;
use super::instance::Instance;
use super::pixel_value::with_pixels;
use super::source::Source;
pub use crate::dicom::Code;
use crate::dicom::{Error, Result};
use crate::voi::Mask;
use layout::Layout;
pub use layout::SegmentationSpace;
use scan::{Frames, Scan};
use segment::Described;
pub use segment::Segment;

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
        of_pixels(&instance.data_set, pixels)
    })?;
    warnings.extend(more);
    Ok((segmentation, warnings))
}

/// Reads all segments of an object with its pixels.
pub(super) fn of_pixels(
    object: &InMemDicomObject,
    pixels: &PixelData<'_>,
) -> Result<(Segmentation, Vec<Warning>)> {
    let decode = |frame, values: &mut Vec<u8>| {
        values.resize(pixels.frame_bytes(), 0);
        pixels.decode_into(frame, values).map(drop)
    };
    let frames = Frames {
        packed: &|frame| pixels.packed_bits(frame),
        decode: &decode,
    };
    of_frames(object, &frames)
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
    decode: impl Fn(u32, &mut Vec<u8>) -> codec::Result<()> + Sync,
) -> Result<(Segmentation, Vec<Warning>)> {
    let frames = Frames {
        packed: &|_| None,
        decode: &decode,
    };
    of_frames(object, &frames)
}

fn of_frames(object: &InMemDicomObject, frames: &Frames<'_>) -> Result<(Segmentation, Vec<Warning>)> {
    let mut warnings = Vec::new();
    let kind = kind(object)?;
    let mut found = segment::described(object, &mut warnings);
    let layout = Layout::of(object, kind, &found, &mut warnings)?;
    let scan = Scan::new(object, kind, &layout)?;
    let runs = scan.runs(frames)?;
    let background = (kind == SegmentationKind::Labelmap).then_some(scan.background);
    if let Some(background) = background {
        found.remove(&background);
    }
    for (number, runs) in runs {
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

#[cfg(test)]
mod tests;
