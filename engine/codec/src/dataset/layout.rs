//! Where elements lie in the bytes of a file, so that one can be exchanged and all others stay as they are.
//!
//! Stricter than reading: bytes whose sequences do not close as they should are refused rather than guessed at.

use std::borrow::Cow;
use std::ops::Range;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::element::{self, Encoding, Header, ITEM, ITEM_END, SEQUENCE_END};
use super::{Limits, PixelKind, meta};
use crate::{Error, Result};

/// An element or an item, by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The tag; of an item (FFFE,E000).
    pub tag: Tag,
    /// The representation as written, `None` in implicit encoding and of items.
    pub vr: Option<VR>,
    /// The whole, header and delimiter included.
    pub whole: Range<usize>,
    /// The value, without the delimiter.
    pub value: Range<usize>,
    /// Whether its end is told by a delimiter.
    pub is_delimited: bool,
    /// Whether what is within is explicit: not within unknown elements (PS3.5 6.2.2).
    pub is_explicit: bool,
    /// Whether what is within is big endian: not within unknown elements.
    pub is_big_endian: bool,
}

impl Place {
    /// The representation: as written, else the dictionary's.
    #[must_use]
    pub fn representation(&self) -> Option<VR> {
        self.vr.filter(|vr| *vr != VR::UN).or_else(|| {
            let entry = StandardDataDictionary.by_tag(self.tag)?;
            Some(entry.vr().relaxed())
        })
    }
}

/// The elements of a data set up to its pixel data, by their places.
#[derive(Debug, Clone)]
pub struct Layout<'a> {
    /// What the places are of: the input, or what a deflated data set inflated to.
    pub bytes: Cow<'a, [u8]>,
    /// Where the data set begins in the input: what comes before is preamble and meta information.
    pub data_set_at: usize,
    /// Whether the data set is deflated; its places then begin at 0.
    pub is_deflated: bool,
    /// Whether elements have their representation.
    pub is_explicit: bool,
    /// Whether numbers have their most significant byte first.
    pub is_big_endian: bool,
    /// The outermost elements in their order.
    pub elements: Vec<Place>,
    /// Where the elements end: at the pixel data, or at the end.
    pub end: usize,
    limits: Limits,
}

/// Finds the elements of a Part 10 file, or of a bare data set, up to the pixel data.
///
/// # Errors
///
/// [`Error::Invalid`] for bytes that are no DICOM or do not close, [`Error::TooLarge`] beyond `limits`.
pub fn layout(bytes: &[u8], limits: Limits) -> Result<Layout<'_>> {
    let body = meta::body(bytes, limits)?;
    let mut layout = Layout {
        is_deflated: matches!(body.bytes, Cow::Owned(_)),
        bytes: body.bytes,
        data_set_at: body.data_set_at,
        is_explicit: body.encoding.explicit,
        is_big_endian: body.encoding.big_endian,
        elements: Vec::new(),
        end: 0,
        limits,
    };
    let start = if layout.is_deflated { 0 } else { layout.data_set_at };
    let span = start..layout.bytes.len();
    (layout.elements, layout.end) = layout.walk(body.encoding).elements(span, 0)?;
    Ok(layout)
}

impl Layout<'_> {
    /// Gives the items of a sequence.
    ///
    /// # Errors
    ///
    /// As [`layout`].
    pub fn items(&self, sequence: &Place) -> Result<Vec<Place>> {
        let mut walk = self.walk(within(sequence));
        let mut items = Vec::new();
        let mut at = sequence.value.start;
        while at < sequence.value.end {
            let header = walk.header(at, sequence.value.end)?;
            if header.tag != ITEM {
                return Err(unclosed("an item", header.tag));
            }
            let item = walk.place(header, sequence.value.end, at, 1)?;
            at = item.whole.end;
            items.push(item);
        }
        Ok(items)
    }

    /// Gives the elements of an item.
    ///
    /// # Errors
    ///
    /// As [`layout`].
    pub fn elements_of(&self, item: &Place) -> Result<Vec<Place>> {
        let mut walk = self.walk(within(item));
        Ok(walk.elements(item.value.clone(), 1)?.0)
    }

    fn walk(&self, encoding: Encoding) -> Walk<'_> {
        Walk {
            bytes: &self.bytes,
            encoding,
            limits: self.limits,
            left: self.limits.elements + self.bytes.len() / 50,
        }
    }
}

struct Walk<'b> {
    bytes: &'b [u8],
    encoding: Encoding,
    limits: Limits,
    left: usize,
}

impl Walk<'_> {
    fn header(&mut self, at: usize, end: usize) -> Result<Header> {
        let limit = self.limits.elements as u64;
        self.left = self.left.checked_sub(1).ok_or(Error::TooLarge {
            what: "elements in a data set",
            limit,
            found: limit + 1,
        })?;
        element::header(&self.bytes[..end], at, self.encoding).ok_or(Error::Truncated {
            what: "data set",
            expected: at as u64 + 8,
            found: end as u64,
        })
    }

    /// Gives the elements of a span, and where they end.
    fn elements(&mut self, span: Range<usize>, depth: usize) -> Result<(Vec<Place>, usize)> {
        let mut places = Vec::new();
        let mut at = span.start;
        while at < span.end {
            // What is too short for an element stays behind the last one.
            if depth == 0 && span.end - at < 8 {
                break;
            }
            let header = self.header(at, span.end)?;
            if depth == 0 && PixelKind::of(header.tag).is_some() {
                break;
            }
            let place = self.place(header, span.end, at, depth)?;
            at = place.whole.end;
            places.push(place);
        }
        Ok((places, at))
    }

    fn place(&mut self, header: Header, end: usize, at: usize, depth: usize) -> Result<Place> {
        let mut place = Place {
            tag: header.tag,
            vr: header.vr,
            whole: at..at,
            value: header.value_at..header.value_at,
            is_delimited: header.length.is_none(),
            is_explicit: self.encoding.explicit,
            is_big_endian: self.encoding.big_endian,
        };
        if let Some(length) = header.length {
            let after = header.value_at.saturating_add(length);
            if after > end {
                return Err(Error::Truncated {
                    what: "element",
                    expected: after as u64,
                    found: end as u64,
                });
            }
            place.value.end = after;
            place.whole.end = after;
            return Ok(place);
        }
        if depth > self.limits.depth {
            return Err(Error::TooLarge {
                what: "sequences within sequences",
                limit: self.limits.depth as u64,
                found: depth as u64,
            });
        }
        let outer = self.encoding;
        if header.vr == Some(VR::UN) {
            self.encoding = Encoding::IMPLICIT_LITTLE;
            (place.is_explicit, place.is_big_endian) = (false, false);
        }
        let closed = self.delimiter(header, end, depth);
        self.encoding = outer;
        (place.value.end, place.whole.end) = closed?;
        Ok(place)
    }

    /// Gives where the delimiter of an element or item begins, and where it ends.
    fn delimiter(&mut self, header: Header, end: usize, depth: usize) -> Result<(usize, usize)> {
        let is_item = header.tag == ITEM;
        let closes = if is_item { ITEM_END } else { SEQUENCE_END };
        let mut at = header.value_at;
        loop {
            let inner = self.header(at, end)?;
            if inner.tag == closes {
                return Ok((at, inner.value_at));
            }
            let is_expected = if is_item {
                inner.tag.0 != 0xFFFE
            } else {
                inner.tag == ITEM
            };
            if !is_expected {
                return Err(unclosed("a delimiter", inner.tag));
            }
            at = self.place(inner, end, at, depth + 1)?.whole.end;
        }
    }
}

fn within(place: &Place) -> Encoding {
    Encoding {
        explicit: place.is_explicit,
        big_endian: place.is_big_endian,
    }
}

fn unclosed(expected: &str, found: Tag) -> Error {
    Error::Invalid {
        what: "sequence",
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}
