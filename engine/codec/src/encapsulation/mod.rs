//! Encapsulated pixel data (PS3.5 A.4): fragments and offset tables to the bytes of each frame, and back.

mod items;
mod write;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(crate) use items::is_item;
use items::{Fault, Fragment, Items, fragments};
pub use write::encapsulate;

use crate::{Error, Result, TransferSyntax, Warning};

/// How the first fragment of a frame is known where no offset table tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FragmentRule {
    /// It begins with JPEG's start of image; JPEG-LS has the same.
    Jpeg,
    /// It begins with a JPEG 2000 code stream or file.
    Jpeg2000,
    /// Every fragment is a frame, unless the object has one frame.
    OneEach,
}

impl FragmentRule {
    /// Gives the rule of a transfer syntax.
    #[must_use]
    pub fn of(syntax: TransferSyntax) -> Self {
        use TransferSyntax as T;
        match syntax {
            T::JpegBaseline
            | T::JpegExtended
            | T::JpegSpectralSelection
            | T::JpegFullProgression
            | T::JpegLossless
            | T::JpegLosslessFirstOrder
            | T::JpegLsLossless
            | T::JpegLsNearLossless => Self::Jpeg,
            T::Jpeg2000 | T::Jpeg2000Lossless | T::Htj2k | T::Htj2kLossless | T::Htj2kLosslessRpcl => {
                Self::Jpeg2000
            }
            _ => Self::OneEach,
        }
    }

    fn begins_frame(self, fragment: &[u8]) -> bool {
        match self {
            Self::Jpeg => fragment.starts_with(&[0xFF, 0xD8, 0xFF]),
            Self::Jpeg2000 => {
                fragment.starts_with(&[0xFF, 0x4F, 0xFF, 0x51])
                    || fragment.starts_with(&[0, 0, 0, 12, b'j', b'P', b' ', b' '])
            }
            Self::OneEach => true,
        }
    }
}

/// What the object says about its frames beside the pixel data element.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'o> {
    /// Number of Frames.
    pub number_of_frames: u32,
    /// Extended Offset Table (7FE0,0001): where frames begin, counted from the first fragment's item.
    pub extended_offsets: Option<&'o [u64]>,
    /// How a frame's first fragment is known otherwise.
    pub rule: FragmentRule,
}

/// The frames of an encapsulated value; their bytes stay where they are.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    /// The value after the Basic Offset Table.
    value: &'a [u8],
    fragments: Vec<Fragment>,
    /// The first fragment of each frame.
    starts: Vec<u32>,
}

impl<'a> Frames<'a> {
    /// Finds the frames of `value`, the Basic Offset Table's item first.
    ///
    /// An offset table counts only when each offset is that of an item. Without one, or when it contradicts
    /// the declared number of frames, frames are told by their number and by how they begin.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when `value` does not begin with an item.
    pub fn find(value: &'a [u8], declared: Declared) -> Result<(Self, Vec<Warning>)> {
        let mut warnings = Vec::new();
        let mut items = Items::new(value);
        let table = items.next().ok_or_else(|| no_item(value))?;
        let table_bytes = table.bytes(value);
        let has_table = is_offset_table(table_bytes, declared.rule);
        if !has_table {
            let text = "encapsulated pixel data: expected a Basic Offset Table, found a fragment";
            warnings.push(Warning::new("no-basic-offset-table", text));
            items = Items::new(value);
        }
        let value = items.rest();
        let (fragments, fault) = fragments(value);
        warnings.extend(items.fault().or(fault).map(Fault::warning));
        let table = if has_table { table_bytes } else { &[] };
        let mut frames = Self {
            value,
            fragments,
            starts: Vec::new(),
        };
        frames.starts = frames.group(table, declared, &mut warnings);
        if frames.len() != declared.number_of_frames {
            let text = format!(
                "expected {} frames, found {}",
                declared.number_of_frames,
                frames.len()
            );
            warnings.push(Warning::new("number-of-frames", text));
        }
        Ok((frames, warnings))
    }

    /// Gives how many frames were found.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Whether there is no frame.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Gives the bytes of a frame, counted from 0; copied only when it has several fragments.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] when there is no such frame.
    pub fn bytes(&self, frame: u32) -> Result<Cow<'a, [u8]>> {
        match self.fragments_of(frame)? {
            [only] => Ok(Cow::Borrowed(only.bytes(self.value))),
            several => Ok(Cow::Owned(
                several
                    .iter()
                    .flat_map(|part| part.bytes(self.value))
                    .copied()
                    .collect(),
            )),
        }
    }

    /// Gives how many compressed bytes a frame has.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`] when there is no such frame.
    pub fn compressed_bytes(&self, frame: u32) -> Result<u64> {
        Ok(self
            .fragments_of(frame)?
            .iter()
            .map(|part| u64::from(part.length))
            .sum())
    }

    fn fragments_of(&self, frame: u32) -> Result<&[Fragment]> {
        let start = self.starts.get(frame as usize).ok_or(Error::Truncated {
            what: "encapsulated frames",
            expected: u64::from(frame) + 1,
            found: u64::from(self.len()),
        })?;
        let end = self
            .starts
            .get(frame as usize + 1)
            .map_or(self.fragments.len(), |end| *end as usize);
        Ok(&self.fragments[*start as usize..end])
    }

    /// Gives the first fragment of each frame.
    fn group(&self, table: &[u8], declared: Declared, warnings: &mut Vec<Warning>) -> Vec<u32> {
        let expected = declared.number_of_frames as usize;
        let by_table = self.by_tables(table, declared, warnings);
        if let Some(starts) = by_table.as_ref().filter(|starts| starts.len() == expected) {
            return starts.clone();
        }
        let filled: Vec<u32> = self.starts_where(|_| true);
        if filled.len() == expected {
            return filled;
        }
        let marked = match declared.rule {
            FragmentRule::OneEach if expected == 1 => filled.iter().take(1).copied().collect(),
            FragmentRule::OneEach => filled,
            rule => self.marked(rule),
        };
        match by_table {
            Some(starts) if marked.len() != expected => starts,
            _ => marked,
        }
    }

    /// Gives the fragments that begin a frame; bytes before the first such belong to the first frame.
    fn marked(&self, rule: FragmentRule) -> Vec<u32> {
        let mut starts = self.starts_where(|fragment| rule.begins_frame(fragment));
        if let Some(first) = self.starts_where(|_| true).first() {
            match starts.first_mut() {
                Some(start) => *start = *first,
                None => starts.push(*first),
            }
        }
        starts
    }

    /// Gives the fragments with bytes that satisfy `begins`.
    fn starts_where(&self, begins: impl Fn(&[u8]) -> bool) -> Vec<u32> {
        let begins = |part: &Fragment| part.length > 0 && begins(part.bytes(self.value));
        (0..)
            .zip(&self.fragments)
            .filter(|(_, part)| begins(part))
            .map(|(index, _)| index)
            .collect()
    }

    fn by_tables(&self, table: &[u8], declared: Declared, warnings: &mut Vec<Warning>) -> Option<Vec<u32>> {
        let mut usable = |name: &str, starts: Option<Vec<u32>>| {
            if starts.is_none() {
                let text = format!("{name}: expected offsets of items, found others; not used");
                warnings.push(Warning::new("offset-table", text));
            }
            starts
        };
        let extended = declared.extended_offsets.filter(|offsets| !offsets.is_empty());
        let by_extended = extended
            .and_then(|offsets| usable("Extended Offset Table", self.by_offsets(offsets.iter().copied())));
        by_extended.or_else(|| {
            let (offsets, _) = table.as_chunks::<4>();
            let offsets = offsets.iter().map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
            if table.is_empty() {
                None
            } else {
                usable("Basic Offset Table", self.by_offsets(offsets))
            }
        })
    }

    /// Gives the fragment at each offset when all are those of items, ascending from the first.
    fn by_offsets(&self, offsets: impl Iterator<Item = u64>) -> Option<Vec<u32>> {
        let mut starts: Vec<u32> = Vec::new();
        for offset in offsets {
            let index = self
                .fragments
                .binary_search_by_key(&offset, |part| part.item as u64)
                .ok()? as u32;
            if starts.last().map_or(index != 0, |last| *last >= index) {
                return None;
            }
            starts.push(index);
        }
        Some(starts)
    }
}

/// Whether the first item is a Basic Offset Table rather than a writer's first fragment.
fn is_offset_table(item: &[u8], rule: FragmentRule) -> bool {
    item.len().is_multiple_of(4) && (rule == FragmentRule::OneEach || !rule.begins_frame(item))
}

fn no_item(value: &[u8]) -> Error {
    let found = if value.is_empty() {
        "nothing"
    } else {
        "other bytes"
    };
    Error::Invalid {
        what: "encapsulated pixel data",
        expected: "an item (FFFE,E000)".to_owned(),
        found: found.to_owned(),
    }
}
