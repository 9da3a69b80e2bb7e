//! Frames to runs: where each segment begins and ends in every row.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use codec::pixels::PackedBits;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::layout::{FrameAt, Layout};
use super::{BACKGROUND, SegmentationKind};
use crate::dicom::read::attributes::Attributes as _;
use crate::dicom::{Error, Result};
use crate::voi::Run;

/// Most runs that the segments of one object may have in all (1 GiB of them). A hundred organs of a
/// whole-body CT take a few millions; only noise takes more.
const MAX_RUNS: usize = 1 << 26;

/// Frames that one thread takes at a time.
const BATCH: usize = 32;

/// The stored values of frames, counted from 0.
pub(super) struct Frames<'a> {
    /// The bits of a frame where they lie packed; without them it is decoded.
    pub packed: &'a (dyn Fn(u32) -> Option<PackedBits<'a>> + Sync),
    /// Puts a frame's values in a buffer, whatever that held.
    pub decode: &'a (dyn Fn(u32, &mut Vec<u8>) -> codec::Result<()> + Sync),
}

/// How frames of an object become runs.
pub(super) struct Scan<'a> {
    kind: SegmentationKind,
    layout: &'a Layout,
    /// Bytes of a value.
    bytes: usize,
    /// Lowest value inside, of BINARY and FRACTIONAL.
    lowest: u16,
    /// The value outside, of LABELMAP.
    pub background: u16,
    /// Runs so far, of all threads.
    count: AtomicUsize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(object: &InMemDicomObject, kind: SegmentationKind, layout: &'a Layout) -> Result<Self> {
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
            layout,
            bytes: if bits == 16 { 2 } else { 1 },
            lowest,
            background: background.unwrap_or(0),
            count: AtomicUsize::new(0),
        })
    }

    /// The runs of every segment, in the order of the frames.
    pub(super) fn runs(&self, frames: &Frames<'_>) -> Result<BTreeMap<u16, Vec<Run>>> {
        let mut runs: BTreeMap<u16, Vec<Run>> = BTreeMap::new();
        for batch in map_batches(self.layout.frames.len(), |range, buffer| {
            self.batch(range, frames, buffer)
        }) {
            for (segment, of_segment) in batch? {
                runs.entry(segment).or_default().extend(of_segment);
            }
        }
        Ok(runs)
    }

    fn batch(
        &self,
        range: Range<usize>,
        frames: &Frames<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<BTreeMap<u16, Vec<Run>>> {
        let mut found = Found::default();
        for number in range {
            let frame = &self.layout.frames[number];
            let before = found.count;
            match (frames.packed)(number as u32) {
                // The bits of a fraction are none: its threshold is one of bytes.
                Some(bits) if self.kind == SegmentationKind::Binary => {
                    self.packed_frame(frame, bits, &mut found)
                }
                _ => {
                    (frames.decode)(number as u32, buffer)?;
                    self.frame(frame, buffer, &mut found)?;
                }
            }
            let added = found.count - before;
            let count = self.count.fetch_add(added, Ordering::Relaxed) + added;
            if count > MAX_RUNS {
                return Err(Error::Codec(codec::Error::TooLarge {
                    what: "runs of segments",
                    limit: MAX_RUNS as u64,
                    found: count as u64,
                }));
            }
        }
        Ok(found.runs)
    }

    /// Columns and rows of a frame that lie within the grid: the last tiles of a matrix reach over its edge.
    fn within(&self, frame: &FrameAt) -> [usize; 2] {
        let size = self.layout.grid.size();
        [0, 1].map(|axis| self.layout.size[axis].min(size[axis] - frame.corner[axis]))
    }

    /// The voxel of a frame's first pixel in its row `j`.
    fn row_start(&self, frame: &FrameAt, j: usize) -> usize {
        let [columns, rows, _] = self.layout.grid.size();
        (frame.slice * rows + frame.corner[1] + j) * columns + frame.corner[0]
    }

    fn packed_frame(&self, frame: &FrameAt, bits: PackedBits<'_>, found: &mut Found) {
        let [columns, rows] = self.within(frame);
        let width = self.layout.size[0];
        if width == self.layout.grid.size()[0] {
            // Rows follow one another in the frame as in the grid; a mask cuts runs at the ends of rows.
            let start = self.row_start(frame, 0);
            bits.runs(0..rows * width, |from, to| {
                found.push(frame.segment, start + from..start + to)
            });
            return;
        }
        for j in 0..rows {
            let (start, first) = (self.row_start(frame, j), j * width);
            bits.runs(first..first + columns, |from, to| {
                found.push(frame.segment, start + from - first..start + to - first);
            });
        }
    }

    fn frame(&self, frame: &FrameAt, values: &[u8], found: &mut Found) -> Result<()> {
        let [width, height] = self.layout.size;
        if values.len() != width * height * self.bytes {
            return Err(Error::Invalid {
                attribute: "Pixel Data",
                expected: "Rows x Columns values a frame",
                found: format!("{} bytes for {height} x {width}", values.len()),
            });
        }
        let [columns, rows] = self.within(frame);
        for (j, row) in values.chunks_exact(width * self.bytes).take(rows).enumerate() {
            let (start, row) = (self.row_start(frame, j), &row[..columns * self.bytes]);
            if self.kind == SegmentationKind::Labelmap {
                self.labels(start, row, found);
            } else {
                self.thresholded(frame.segment, start, row, found);
            }
        }
        Ok(())
    }

    /// The runs of equal values of one row, whose first pixel is voxel `start`.
    fn labels(&self, start: usize, row: &[u8], found: &mut Found) {
        let mut first = 0;
        while first < row.len() {
            let (value, end) = match self.bytes {
                1 => (
                    u16::from(row[first]),
                    first + equal_bytes(&row[first..], [row[first]; 8]),
                ),
                _ => {
                    let [low, high] = [row[first], row[first + 1]];
                    let end =
                        first + equal_bytes(&row[first..], [low, high, low, high, low, high, low, high]);
                    // A value of which one byte alone is equal begins another run.
                    (u16::from_le_bytes([low, high]), end / 2 * 2)
                }
            };
            if value != self.background {
                found.push(value, start + first / self.bytes..start + end / self.bytes);
            }
            first = end;
        }
    }

    /// The runs of values inside of one row, whose first pixel is voxel `start`.
    fn thresholded(&self, segment: u16, start: usize, row: &[u8], found: &mut Found) {
        // Most rows are empty: the test is one that the compiler turns into wide instructions.
        if row.iter().fold(0, |any, value| any | value) == 0 {
            return;
        }
        let value = |n: usize| match self.bytes {
            1 => u16::from(row[n]),
            _ => u16::from_le_bytes([row[2 * n], row[2 * n + 1]]),
        };
        let inside = |n: usize| value(n) >= self.lowest;
        let count = row.len() / self.bytes;
        let mut first = 0;
        while first < count {
            let own = inside(first);
            let end = (first + 1..count).find(|n| inside(*n) != own).unwrap_or(count);
            if own {
                found.push(segment, start + first..start + end);
            }
            first = end;
        }
    }
}

/// Bytes from the first on that repeat a pattern.
fn equal_bytes(bytes: &[u8], pattern: [u8; 8]) -> usize {
    let wanted = u64::from_le_bytes(pattern);
    let mut words = bytes.chunks_exact(8);
    let mut equal = 0;
    for word in &mut words {
        let different = u64::from_le_bytes(word.try_into().expect("eight bytes")) ^ wanted;
        if different != 0 {
            return equal + different.trailing_zeros() as usize / 8;
        }
        equal += 8;
    }
    let rest = words.remainder().iter().zip(pattern);
    equal + rest.take_while(|(byte, wanted)| *byte == wanted).count()
}

/// What a batch of frames held.
#[derive(Default)]
struct Found {
    runs: BTreeMap<u16, Vec<Run>>,
    count: usize,
}

impl Found {
    fn push(&mut self, segment: u16, voxels: Range<usize>) {
        self.runs.entry(segment).or_default().push(Run {
            start: voxels.start,
            end: voxels.end,
        });
        self.count += 1;
    }
}

fn batches(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count)
        .step_by(BATCH)
        .map(move |first| first..(first + BATCH).min(count))
}

/// The batches' results in their order; `work` has a buffer that it may keep.
#[cfg(feature = "parallel")]
fn map_batches<R: Send>(count: usize, work: impl Fn(Range<usize>, &mut Vec<u8>) -> R + Sync) -> Vec<R> {
    use rayon::prelude::*;
    let batches: Vec<Range<usize>> = batches(count).collect();
    batches
        .into_par_iter()
        .map_init(Vec::new, |buffer, range| work(range, buffer))
        .collect()
}

#[cfg(not(feature = "parallel"))]
fn map_batches<R>(count: usize, work: impl Fn(Range<usize>, &mut Vec<u8>) -> R) -> Vec<R> {
    let mut buffer = Vec::new();
    batches(count).map(|range| work(range, &mut buffer)).collect()
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
