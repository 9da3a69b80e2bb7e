//! Where the frames of an object lie, so that one frame costs its own bytes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use codec::TransferSyntax;
use codec::dataset::{self, PixelKind, Prefix};
use codec::encapsulation::FragmentRule;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::http::{Error, Result};
use crate::storage::{Hash, Packed, Storage};

/// Bytes of a data set tried first, and those before the pixels that are read at most.
const FIRST_BYTES: u64 = 64 << 10;
const MAX_HEAD_BYTES: u64 = 512 << 20;

/// Fragments of an object at most.
const MAX_FRAGMENTS: usize = 1_000_000;

/// Bytes that the layouts kept may take, by what their fragments take.
const KEPT_BYTES: usize = 16 << 20;

/// Where an object's bytes come from, verified either way.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Memory(Bytes),
    Stored {
        storage: Storage,
        hash: Hash,
        size: u64,
    },
    /// The compressed form of an object.
    Packed(Packed),
}

impl Source {
    fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Stored { size, .. } => *size,
            Self::Packed(packed) => packed.size(),
        }
    }

    pub(crate) async fn range(&self, range: Range<u64>) -> Result<Bytes> {
        match self {
            Self::Memory(bytes) if range.start <= range.end && range.end <= bytes.len() as u64 => {
                Ok(bytes.slice(range.start as usize..range.end as usize))
            }
            Self::Memory(_) => Err(Error::Internal),
            Self::Stored { storage, hash, .. } => Ok(storage.range(*hash, range).await?),
            Self::Packed(packed) => Ok(packed.range(range).await?),
        }
    }
}

/// What an object's frames are.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The Image Pixel attributes, of one frame.
    pub(crate) attributes: InMemDicomObject,
    pub(crate) syntax: TransferSyntax,
    pub(crate) kind: PixelKind,
    pub(crate) vr: VR,
    pub(crate) frames: u32,
    /// The value of the pixel data, as far as the head told.
    pub(crate) value: Range<u64>,
    places: Places,
}

#[derive(Debug)]
enum Places {
    /// Frames of so many bits, one after another.
    Native { frame_bits: u64 },
    Fragments {
        fragments: Vec<Fragment>,
        /// The first fragment of each frame.
        starts: Vec<u32>,
    },
}

#[derive(Debug, Clone, Copy)]
struct Fragment {
    at: u64,
    length: u32,
}

impl Layout {
    /// Whether frames are compressed.
    pub(crate) fn is_encapsulated(&self) -> bool {
        matches!(self.places, Places::Fragments { .. })
    }

    /// Reads the head of an object, and its fragments' lengths.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for an object without frames, [`Error::NotAcceptable`] for one whose frames are not told.
    pub(crate) async fn read(source: &Source) -> Result<Self> {
        let size = source.size();
        let mut length = FIRST_BYTES;
        loop {
            let bytes = source.range(0..length.min(size)).await?;
            let is_complete = length >= size;
            let head = tokio::task::spawn_blocking(move || Self::head(&bytes, is_complete));
            if let Some((mut layout, offsets)) = head.await.map_err(|_| Error::Internal)?? {
                if layout.is_encapsulated() {
                    layout.find(source, &offsets).await?;
                }
                return Ok(layout);
            }
            if is_complete || length >= MAX_HEAD_BYTES {
                return Err(unreadable("its data set"));
            }
            length *= 4;
        }
    }

    /// Gives what the first bytes tell; `None` when more are needed.
    fn head(bytes: &[u8], is_complete: bool) -> Result<Option<(Self, Vec<u64>)>> {
        let read = dataset::read_prefix(bytes, is_complete, dataset::Limits::default());
        let object = match read.map_err(|error| unreadable(&error.to_string()))? {
            Prefix::Done(object) => object,
            Prefix::NeedsMore => return Ok(None),
        };
        let location = object.pixels.as_ref().ok_or(Error::NotFound)?;
        let syntax = object
            .transfer_syntax
            .ok_or_else(|| unreadable("its transfer syntax is not known"))?;
        let described = codec::pixels::describe(&object.data_set, location.kind);
        let (description, frames) = described.map_err(|error| unreadable(&error.to_string()))?;
        let mut attributes = InMemDicomObject::new_empty();
        for element in object.data_set.iter().filter(|e| e.header().tag.0 == 0x0028) {
            attributes.put(element.clone());
        }
        attributes.put(DataElement::new(
            tags::NUMBER_OF_FRAMES,
            VR::IS,
            PrimitiveValue::from("1"),
        ));
        let places = match location.announced {
            None => Places::Fragments {
                fragments: Vec::new(),
                starts: Vec::new(),
            },
            Some(announced) => Places::Native {
                frame_bits: frame_bits(&object.data_set, &description, frames, announced),
            },
        };
        let offsets = object
            .data_set
            .get(tags::EXTENDED_OFFSET_TABLE)
            .and_then(|element| element.value().primitive().map(PrimitiveValue::to_bytes))
            .map(|bytes| numbers::<8>(&bytes).map(u64::from_le_bytes).collect());
        Ok(Some((
            Self {
                attributes,
                syntax,
                kind: location.kind,
                vr: location.vr,
                frames,
                value: location.range.start as u64..location.range.end as u64,
                places,
            },
            offsets.unwrap_or_default(),
        )))
    }

    /// Walks the fragments and tells which begin a frame, as `codec::encapsulation` does for a value in memory.
    async fn find(&mut self, source: &Source, extended: &[u64]) -> Result<()> {
        let rule = FragmentRule::of(self.syntax);
        let (mut fragments, mut begins) = (Vec::new(), Vec::new());
        let mut basic: Option<Vec<u64>> = None;
        let mut window = Window::new(source);
        let mut at = self.value.start;
        while let Some(header) = window.peek(at, 8).await? {
            let [0xFE, 0xFF, 0x00, 0xE0, a, b, c, d] = header[..] else {
                break;
            };
            let length = u32::from_le_bytes([a, b, c, d]);
            let content = at + 8;
            let end = content + u64::from(length);
            if end > source.size() || fragments.len() == MAX_FRAGMENTS {
                return Err(unreadable("its fragments do not end within it"));
            }
            let beginning = window.peek(content, 12.min(length as usize)).await?;
            let begins_frame = beginning.is_some_and(|bytes| begins_frame(rule, &bytes));
            let is_table = basic.is_none()
                && length.is_multiple_of(4)
                && (rule == FragmentRule::OneEach || !begins_frame);
            if is_table {
                let bytes = source.range(content..end).await?;
                basic = Some(
                    numbers::<4>(&bytes)
                        .map(|n| u64::from(u32::from_le_bytes(n)))
                        .collect(),
                );
            } else {
                basic.get_or_insert_default();
                fragments.push(Fragment { at: content, length });
                begins.push(length > 0 && begins_frame);
            }
            at = end;
        }
        let tables = [extended, &basic.unwrap_or_default()];
        let starts = starts(&fragments, &begins, tables, self.frames, rule)
            .ok_or_else(|| unreadable("its fragments do not tell its frames"))?;
        self.places = Places::Fragments { fragments, starts };
        Ok(())
    }

    /// The stored bytes of a frame, counted from 0: compressed as it is, or native with the bit that it begins at.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a frame that is not there.
    pub(crate) async fn frame(&self, source: &Source, frame: u32) -> Result<Bytes> {
        if frame >= self.frames {
            return Err(Error::NotFound);
        }
        match &self.places {
            Places::Native { frame_bits } => {
                let first = u64::from(frame) * frame_bits;
                let last = first + frame_bits;
                let range = self.value.start + first / 8..self.value.start + last.div_ceil(8);
                if range.end > self.value.end {
                    return Err(Error::NotFound);
                }
                let bytes = source.range(range).await?;
                Ok(match first % 8 {
                    0 if last % 8 == 0 => bytes,
                    shift => shifted(&bytes, shift as u32, *frame_bits).into(),
                })
            }
            Places::Fragments { fragments, starts } => {
                let first = *starts.get(frame as usize).ok_or(Error::NotFound)? as usize;
                let end = starts
                    .get(frame as usize + 1)
                    .map_or(fragments.len(), |end| *end as usize);
                let parts = &fragments[first..end];
                if let [only] = parts {
                    return source.range(only.at..only.at + u64::from(only.length)).await;
                }
                let mut bytes = Vec::new();
                for part in parts {
                    bytes.extend(source.range(part.at..part.at + u64::from(part.length)).await?);
                }
                Ok(bytes.into())
            }
        }
    }

    fn kept_bytes(&self) -> usize {
        let own = 16 << 10;
        match &self.places {
            Places::Native { .. } => own,
            Places::Fragments { fragments, starts } => own + fragments.len() * 16 + starts.len() * 4,
        }
    }
}

fn numbers<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

fn unreadable(why: &str) -> Error {
    Error::NotAcceptable(format!("application/dicom alone: {why}"))
}

/// Bits of one native frame.
fn frame_bits(
    object: &InMemDicomObject,
    description: &codec::FrameDescription,
    frames: u32,
    announced: u64,
) -> u64 {
    let full = description.samples() as u64 * u64::from(description.bits_allocated);
    let term = object.get(tags::PHOTOMETRIC_INTERPRETATION);
    let is_halved = term
        .and_then(|term| term.to_str().ok())
        .is_some_and(|term| term.contains("_422"));
    // Some writers decompress to full colour differences and leave YBR_FULL_422 in the header.
    if is_halved && announced * 8 < full * u64::from(frames) {
        let pairs = u64::from(description.columns.div_ceil(2));
        return u64::from(description.rows) * pairs * 4 * u64::from(description.bits_allocated);
    }
    full
}

/// The bits of a frame that begins within a byte, moved to its beginning.
fn shifted(bytes: &[u8], shift: u32, bits: u64) -> Vec<u8> {
    let following = bytes.iter().skip(1).copied().chain([0]);
    let moved = bytes.iter().zip(following).map(|(byte, next)| {
        let pair = u16::from_le_bytes([*byte, next]);
        (pair >> shift) as u8
    });
    let mut moved: Vec<u8> = moved.take(bits.div_ceil(8) as usize).collect();
    if let Some(last) = moved.last_mut()
        && !bits.is_multiple_of(8)
    {
        *last &= (1 << (bits % 8)) - 1;
    }
    moved
}

fn begins_frame(rule: FragmentRule, bytes: &[u8]) -> bool {
    match rule {
        FragmentRule::Jpeg => bytes.starts_with(&[0xFF, 0xD8, 0xFF]),
        FragmentRule::Jpeg2000 => {
            bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51])
                || bytes.starts_with(&[0, 0, 0, 12, b'j', b'P', b' ', b' '])
        }
        FragmentRule::OneEach => true,
    }
}

/// The first fragment of each frame: by an offset table of as many offsets, by one fragment each, or by how they begin.
fn starts(
    fragments: &[Fragment],
    begins: &[bool],
    tables: [&[u64]; 2],
    frames: u32,
    rule: FragmentRule,
) -> Option<Vec<u32>> {
    let expected = frames as usize;
    let first = fragments.first()?.at;
    for table in tables.into_iter().filter(|table| table.len() == expected) {
        let found = table.iter().map(|offset| {
            let place = first + offset;
            fragments
                .binary_search_by_key(&place, |fragment| fragment.at)
                .ok()
                .map(|at| at as u32)
        });
        let found: Option<Vec<u32>> = found.collect();
        if let Some(found) = found
            && found.first() == Some(&0)
            && found.is_sorted_by(|a, b| a < b)
        {
            return Some(found);
        }
    }
    let filled = (0..).zip(fragments).filter(|(_, fragment)| fragment.length > 0);
    let filled: Vec<u32> = filled.map(|(at, _)| at).collect();
    if filled.len() == expected {
        return Some(filled);
    }
    if expected == 1 {
        return filled.first().map(|first| vec![*first]);
    }
    let mut marked: Vec<u32> = (0..)
        .zip(begins)
        .filter(|(_, begins)| **begins)
        .map(|(at, _)| at)
        .collect();
    if rule == FragmentRule::OneEach || marked.len() != expected {
        return None;
    }
    marked[0] = *filled.first()?;
    Some(marked)
}

/// A piece of an object that is looked at again and again.
struct Window<'a> {
    source: &'a Source,
    at: u64,
    bytes: Bytes,
}

impl<'a> Window<'a> {
    fn new(source: &'a Source) -> Self {
        Self {
            source,
            at: 0,
            bytes: Bytes::new(),
        }
    }

    /// Gives `length` bytes at `at`; `None` where the object ends before.
    async fn peek(&mut self, at: u64, length: usize) -> Result<Option<Bytes>> {
        let end = at + length as u64;
        if end > self.source.size() {
            return Ok(None);
        }
        if at < self.at || end > self.at + self.bytes.len() as u64 {
            let until = (at + FIRST_BYTES).min(self.source.size());
            self.bytes = self.source.range(at..until).await?;
            self.at = at;
        }
        let start = (at - self.at) as usize;
        Ok(Some(self.bytes.slice(start..start + length)))
    }
}

/// An object, and whether its compressed form is meant.
type Key = (Hash, bool);

/// Layouts of the objects that were asked for last.
#[derive(Debug, Default)]
pub(crate) struct Layouts {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    layouts: HashMap<Key, (Arc<Layout>, u64)>,
    bytes: usize,
    uses: u64,
}

impl Layouts {
    /// Gives the layout of an object, from memory where it was read lately.
    ///
    /// # Errors
    ///
    /// As [`Layout::read`].
    pub(crate) async fn of(&self, hash: Hash, is_packed: bool, source: &Source) -> Result<Arc<Layout>> {
        let key = (hash, is_packed);
        if let Some(known) = self.get(key) {
            return Ok(known);
        }
        let layout = Arc::new(Layout::read(source).await?);
        self.put(key, Arc::clone(&layout));
        Ok(layout)
    }

    fn get(&self, key: Key) -> Option<Arc<Layout>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let (layout, used) = kept.layouts.get_mut(&key)?;
        *used = now;
        Some(Arc::clone(layout))
    }

    fn put(&self, key: Key, layout: Arc<Layout>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += layout.kept_bytes();
        let now = kept.uses;
        if let Some((replaced, _)) = kept.layouts.insert(key, (layout, now)) {
            kept.bytes -= replaced.kept_bytes();
        }
        while kept.bytes > KEPT_BYTES
            && let Some(oldest) = kept.layouts.iter().min_by_key(|(_, (_, used))| *used)
        {
            let oldest = *oldest.0;
            if let Some((layout, _)) = kept.layouts.remove(&oldest) {
                kept.bytes -= layout.kept_bytes();
            }
        }
    }
}
