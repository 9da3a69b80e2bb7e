//! A Part 10 file written in another transfer syntax, value by value.
//!
//! Values are carried over as the bytes they are, numbers in the other byte order at most: no character set is decoded and no
//! private or unknown value interpreted. Group lengths of the data set are left out (they would no longer hold), sequences
//! whose encoding changes get undefined lengths, and a short text too long for its explicit form becomes UN (PS3.5 6.2.2).

use std::io::Write;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::element::{self, Encoding, Header, ITEM, ITEM_END, SEQUENCE_END, has_short_length};
use super::parser::representation;
use super::{Limits, Object, PixelKind, meta};
use crate::{Error, Result, TransferSyntax};

/// An element of the outermost level that is written otherwise than it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub tag: Tag,
    /// Its representation.
    pub vr: VR,
    /// Its value, little endian and of even length; `None` leaves the element out.
    pub value: Option<Vec<u8>>,
}

/// What becomes of the pixel data.
#[derive(Debug, Clone, Copy)]
pub enum NewPixels<'a> {
    /// They stay; the value of a native element is written as it is, which holds among the little endian syntaxes only.
    Same,
    /// A native value, little endian.
    Native {
        /// The element's representation.
        vr: VR,
        /// The value, padded when it is odd.
        bytes: &'a [u8],
    },
    /// An encapsulated value, from the offset table's item to the sequence delimiter.
    Encapsulated(&'a [u8]),
}

/// Gives the file `input`, which `object` was read from, in transfer syntax `to`.
///
/// Nothing is decoded or encoded here: pixel data that change are the caller's. `changes` are in order of their tags.
///
/// # Errors
///
/// [`Error::Invalid`] for big endian as the target, a file without meta information, or a structure that only a tolerant
/// reader makes sense of; [`Error::Truncated`], and [`Error::TooLarge`] beyond `limits`.
pub fn rewrite(
    input: &[u8],
    object: &Object<'_>,
    to: TransferSyntax,
    changes: &[Change],
    pixels: NewPixels<'_>,
    limits: Limits,
) -> Result<Vec<u8>> {
    if to.is_big_endian() {
        return Err(invalid("transfer syntax to write", "little endian", "big endian"));
    }
    let (mut file, data_set_at) = meta_information(input, to)?;
    let start = match object.transfer_syntax.is_some_and(TransferSyntax::is_deflated) {
        true => 0,
        false => data_set_at,
    };
    let from = meta::encoding_of(&object.bytes, start, &object.transfer_syntax_uid)?;
    let mut writer = Writer {
        bytes: &object.bytes,
        is_signed: is_signed(object),
        depth: limits.depth,
        out: Vec::new(),
    };
    let to_encoding = Encoding {
        explicit: to.is_explicit(),
        big_endian: false,
    };
    let path = Path {
        from,
        to: to_encoding,
    };
    writer.top_level(start, path, changes, pixels)?;
    if to.is_deflated() {
        let mut encoder = DeflateEncoder::new(file, Compression::default());
        let deflated = encoder.write_all(&writer.out).and_then(|()| encoder.finish());
        file = deflated.expect("writing into memory cannot fail");
        // PS3.5 A.5: padded to an even length.
        file.resize(file.len().next_multiple_of(2), 0);
    } else {
        file.append(&mut writer.out);
    }
    Ok(file)
}

/// Gives preamble and meta information with another transfer syntax, and where the data set begins in `input`.
fn meta_information(input: &[u8], to: TransferSyntax) -> Result<(Vec<u8>, usize)> {
    let start = meta::start_of_elements(input, &mut Vec::new())?;
    let mut group = Vec::new();
    let mut at = start;
    let mut has_syntax = false;
    while let Some(header) = element::header(input, at, Encoding::EXPLICIT_LITTLE) {
        if header.tag.0 != 0x0002 {
            break;
        }
        let end = end_of(&header, input.len())?;
        match header.tag.1 {
            0x0000 => {}
            0x0010 => {
                has_syntax = true;
                let uid = to.uid().as_bytes();
                let length = uid.len().next_multiple_of(2);
                group.extend([0x02, 0, 0x10, 0, b'U', b'I', length as u8, 0]);
                group.extend(uid);
                group.resize(group.len() + length - uid.len(), 0);
            }
            _ => group.extend(&input[at..end]),
        }
        at = end;
    }
    if !has_syntax {
        return Err(invalid("file", "meta information with a transfer syntax", "none"));
    }
    let mut file = match start {
        132 => input[..128].to_vec(),
        _ => vec![0; 128],
    };
    file.extend(b"DICM");
    file.extend([0x02, 0, 0, 0, b'U', b'L', 4, 0]);
    file.extend((group.len() as u32).to_le_bytes());
    file.append(&mut group);
    Ok((file, at))
}

fn is_signed(object: &Object<'_>) -> bool {
    let found = object.data_set.get(tags::PIXEL_REPRESENTATION);
    found.is_some_and(|element| element.to_int::<u16>().is_ok_and(|value| value == 1))
}

fn end_of(header: &Header, limit: usize) -> Result<usize> {
    let length = header
        .length
        .ok_or_else(|| invalid("element", "a length", "an undefined one"))?;
    let end = header.value_at.saturating_add(length);
    if end > limit {
        return Err(Error::Truncated {
            what: "element",
            expected: end as u64,
            found: limit as u64,
        });
    }
    Ok(end)
}

fn invalid(what: &'static str, expected: &str, found: &str) -> Error {
    Error::Invalid {
        what,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// From one encoding to another.
#[derive(Clone, Copy)]
struct Path {
    from: Encoding,
    to: Encoding,
}

impl Path {
    fn is_same(self) -> bool {
        self.from == self.to
    }
}

struct Writer<'a> {
    bytes: &'a [u8],
    is_signed: bool,
    depth: usize,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn top_level(
        &mut self,
        mut at: usize,
        path: Path,
        changes: &[Change],
        pixels: NewPixels<'_>,
    ) -> Result<()> {
        let end = self.bytes.len();
        let mut due = changes;
        while end - at >= 8 {
            let header = self.header(at, end, path.from)?;
            while let Some((change, rest)) = due.split_first()
                && change.tag <= header.tag
            {
                self.change(change, path.to);
                due = rest;
            }
            at = if header.tag.1 == 0 || changes.iter().any(|change| change.tag == header.tag) {
                end_of(&header, end)?
            } else if PixelKind::of(header.tag).is_some() {
                self.pixels(&header, at, path, pixels)?
            } else {
                self.element(&header, at, end, path, 0)?
            };
        }
        due.iter().for_each(|change| self.change(change, path.to));
        Ok(())
    }

    fn header(&self, at: usize, end: usize, encoding: Encoding) -> Result<Header> {
        element::header(&self.bytes[..end], at, encoding).ok_or(Error::Truncated {
            what: "header of an element",
            expected: at as u64 + 8,
            found: end as u64,
        })
    }

    fn change(&mut self, change: &Change, to: Encoding) {
        if let Some(value) = &change.value {
            self.head(change.tag, change.vr, Some(value.len()), to);
            self.out.extend(value);
        }
    }

    fn pixels(&mut self, header: &Header, at: usize, path: Path, pixels: NewPixels<'_>) -> Result<usize> {
        let end = self.bytes.len();
        let next = match header.length {
            Some(_) => end_of(header, end)?,
            None => self.end_of_fragments(header.value_at),
        };
        match pixels {
            NewPixels::Same if header.length.is_none() => {
                self.head(header.tag, VR::OB, None, path.to);
                self.out.extend(&self.bytes[header.value_at..next]);
            }
            NewPixels::Same => {
                self.element(header, at, end, path, 0)?;
            }
            NewPixels::Native { vr, bytes } => {
                self.head(header.tag, vr, Some(bytes.len().next_multiple_of(2)), path.to);
                self.out.extend(bytes);
                self.out.resize(self.out.len() + bytes.len() % 2, 0);
            }
            NewPixels::Encapsulated(bytes) => {
                self.head(header.tag, VR::OB, None, path.to);
                self.out.extend(bytes);
            }
        }
        Ok(next)
    }

    /// Where an encapsulated value ends, its delimiter included where it is there.
    fn end_of_fragments(&self, mut at: usize) -> usize {
        let end = self.bytes.len();
        while let Some(header) = element::header(self.bytes, at, Encoding::IMPLICIT_LITTLE) {
            match (header.tag, header.length) {
                (ITEM, Some(length)) => at = header.value_at.saturating_add(length).min(end),
                (SEQUENCE_END, _) => return header.value_at,
                _ => return at,
            }
        }
        at
    }

    /// Writes one element; gives where the next begins.
    fn element(&mut self, header: &Header, at: usize, end: usize, path: Path, depth: usize) -> Result<usize> {
        let vr = self.vr(*header);
        let Some(length) = header.length else {
            return self.undefined_length(header, vr, end, path, depth);
        };
        let next = end_of(header, end)?;
        if path.is_same() {
            self.out.extend(&self.bytes[at..next]);
        } else if vr == VR::SQ {
            self.head(header.tag, vr, None, path.to);
            self.items(header.value_at, next, path, depth + 1, false)?;
        } else {
            self.head(header.tag, vr, Some(length), path.to);
            let value = self.out.len();
            self.out.extend(&self.bytes[header.value_at..next]);
            if path.from.big_endian {
                swap(vr, &mut self.out[value..]);
            }
        }
        Ok(next)
    }

    fn undefined_length(
        &mut self,
        header: &Header,
        vr: VR,
        end: usize,
        path: Path,
        depth: usize,
    ) -> Result<usize> {
        self.head(header.tag, vr, None, path.to);
        if matches!(vr, VR::OB | VR::OW) {
            if path.from.big_endian {
                return Err(invalid("fragments", "little endian", "big endian"));
            }
            let next = self.end_of_fragments(header.value_at).min(end);
            self.out.extend(&self.bytes[header.value_at..next]);
            return Ok(next);
        }
        // The items of an unknown element are implicit little endian whatever surrounds it (PS3.5 6.2.2).
        let inner = if vr == VR::UN && path.from.explicit && header.vr.is_some() {
            Path {
                from: Encoding::IMPLICIT_LITTLE,
                to: Encoding::IMPLICIT_LITTLE,
            }
        } else {
            path
        };
        self.items(header.value_at, end, inner, depth + 1, true)
    }

    /// Writes the items of a sequence and its delimiter; gives what follows the sequence.
    fn items(
        &mut self,
        mut at: usize,
        end: usize,
        path: Path,
        depth: usize,
        is_delimited: bool,
    ) -> Result<usize> {
        if depth > self.depth {
            return Err(Error::TooLarge {
                what: "sequences within sequences",
                limit: self.depth as u64,
                found: depth as u64,
            });
        }
        while at < end {
            let header = self.header(at, end, path.from)?;
            match header.tag {
                SEQUENCE_END => {
                    at = header.value_at;
                    if is_delimited {
                        self.delimiter(SEQUENCE_END, 0);
                        return Ok(at);
                    }
                }
                ITEM => at = self.item(&header, at, end, path, depth)?,
                _ => return Err(invalid("sequence", "an item or its end", "another element")),
            }
        }
        if is_delimited {
            return Err(invalid("sequence", "its end", "the end of the bytes"));
        }
        self.delimiter(SEQUENCE_END, 0);
        Ok(end)
    }

    fn item(&mut self, header: &Header, at: usize, end: usize, path: Path, depth: usize) -> Result<usize> {
        let Some(_) = header.length else {
            self.delimiter(ITEM, u32::MAX);
            let next = self.item_elements(header.value_at, end, path, depth, true)?;
            self.delimiter(ITEM_END, 0);
            return Ok(next);
        };
        let next = end_of(header, end)?;
        if path.is_same() {
            self.out.extend(&self.bytes[at..next]);
        } else {
            self.delimiter(ITEM, u32::MAX);
            self.item_elements(header.value_at, next, path, depth, false)?;
            self.delimiter(ITEM_END, 0);
        }
        Ok(next)
    }

    fn item_elements(
        &mut self,
        mut at: usize,
        end: usize,
        path: Path,
        depth: usize,
        is_delimited: bool,
    ) -> Result<usize> {
        while at < end {
            let header = self.header(at, end, path.from)?;
            at = match header.tag {
                ITEM_END if is_delimited => return Ok(header.value_at),
                Tag(0xFFFE, _) => return Err(invalid("item", "an element or its end", "another delimiter")),
                Tag(_, 0) if !path.is_same() => end_of(&header, end)?,
                _ => self.element(&header, at, end, path, depth)?,
            };
        }
        if is_delimited {
            return Err(invalid("item", "its end", "the end of the bytes"));
        }
        Ok(end)
    }

    fn delimiter(&mut self, tag: Tag, length: u32) {
        self.tag(tag);
        self.out.extend(length.to_le_bytes());
    }

    fn tag(&mut self, tag: Tag) {
        self.out.extend(tag.0.to_le_bytes());
        self.out.extend(tag.1.to_le_bytes());
    }

    fn head(&mut self, tag: Tag, vr: VR, length: Option<usize>, to: Encoding) {
        self.tag(tag);
        let long = length.map_or(u32::MAX, |length| length as u32);
        if !to.explicit {
            self.out.extend(long.to_le_bytes());
            return;
        }
        match u16::try_from(long) {
            Ok(short) if has_short_length(vr) => {
                self.out.extend(vr.to_bytes());
                self.out.extend(short.to_le_bytes());
            }
            _ => {
                let vr = if has_short_length(vr) { VR::UN } else { vr };
                self.out.extend(vr.to_bytes());
                self.out.extend([0, 0]);
                self.out.extend(long.to_le_bytes());
            }
        }
    }

    /// The representation as written, else the dictionary's; signed where the pixels are and it hangs on them.
    fn vr(&self, header: Header) -> VR {
        let vr = representation(header);
        let hangs_on_pixels = || {
            let entry = StandardDataDictionary.by_tag(header.tag);
            entry.is_some_and(|entry| entry.vr() == VirtualVr::Xs)
        };
        match vr {
            VR::US if header.vr.is_none() && self.is_signed && hangs_on_pixels() => VR::SS,
            _ => vr,
        }
    }
}

/// Turns the numbers of a value round, in place; a rest too short for one more stays.
fn swap(vr: VR, value: &mut [u8]) {
    let size = match vr {
        VR::US | VR::SS | VR::OW | VR::AT => 2,
        VR::UL | VR::SL | VR::OL | VR::FL | VR::OF => 4,
        VR::UV | VR::SV | VR::OV | VR::FD | VR::OD => 8,
        _ => return,
    };
    value.chunks_exact_mut(size).for_each(<[u8]>::reverse);
}
