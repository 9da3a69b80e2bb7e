//! Elements, sequences and items, one within another, under limits.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::Length;
use dicom_core::value::{DataSetSequence, PixelFragmentSequence, Value};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;

use super::charset::CharacterSet;
use super::element::{self, Encoding, Header, ITEM, ITEM_END, SEQUENCE_END};
use super::value;
use super::{Limits, PixelKind, PixelLocation};
use crate::{Error, Warning};

/// Why parsing stops early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The bytes given are only the first of more, and the data set goes on beyond them.
    NeedsMore,
    /// The bytes cannot be read.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

type Outcome<T> = Result<T, Stop>;

/// A piece of the input that is being read.
#[derive(Clone, Copy)]
struct Span {
    at: usize,
    end: usize,
}

pub(super) struct Parser<'a, 'w> {
    bytes: &'a [u8],
    complete: bool,
    limits: Limits,
    elements_left: usize,
    warnings: &'w mut Vec<Warning>,
    /// Where the pixel data was found.
    pub(super) pixels: Option<PixelLocation>,
}

impl<'a, 'w> Parser<'a, 'w> {
    pub(super) fn new(
        bytes: &'a [u8],
        complete: bool,
        limits: Limits,
        warnings: &'w mut Vec<Warning>,
    ) -> Self {
        let elements_left = limits.elements + bytes.len() / 50;
        Self {
            bytes,
            complete,
            limits,
            elements_left,
            warnings,
            pixels: None,
        }
    }

    /// Reads group 0002 from `start`; gives it and where the data set begins.
    pub(super) fn meta_group(&mut self, start: usize) -> Outcome<(InMemDicomObject, usize)> {
        let mut meta = InMemDicomObject::new_empty();
        let charset = CharacterSet::default();
        let mut span = Span {
            at: start,
            end: self.bytes.len(),
        };
        loop {
            let encoding = Encoding::EXPLICIT_LITTLE;
            let Some(header) = element::header(self.bytes, span.at, encoding) else {
                return self.ends(meta, span.at);
            };
            if header.tag.0 != 0x0002 {
                return Ok((meta, span.at));
            }
            match self.element(header, span, encoding, 0, &charset)? {
                Some((element, next)) => {
                    span.at = next;
                    put(&mut meta, element);
                }
                None => return Ok((meta, self.bytes.len())),
            }
        }
    }

    /// Reads the data set at `start` up to its pixel data; gives it and where reading ended.
    pub(super) fn top_level(
        &mut self,
        start: usize,
        encoding: Encoding,
    ) -> Outcome<(InMemDicomObject, usize)> {
        let span = Span {
            at: start,
            end: self.bytes.len(),
        };
        self.elements(span, encoding, 0, &CharacterSet::default())
    }

    fn ends<T>(&mut self, value: T, at: usize) -> Outcome<(T, usize)> {
        if !self.complete {
            return Err(Stop::NeedsMore);
        }
        Ok((value, at))
    }

    /// Reads elements until the span, the item or the data set ends.
    fn elements(
        &mut self,
        mut span: Span,
        encoding: Encoding,
        depth: usize,
        outer: &CharacterSet,
    ) -> Outcome<(InMemDicomObject, usize)> {
        let mut object = InMemDicomObject::new_empty();
        let mut charset = outer.clone();
        while span.at < span.end {
            let Some(header) = element::header(&self.bytes[..span.end], span.at, encoding) else {
                if self.complete && span.end - span.at >= 8 {
                    self.truncated("an element's header");
                }
                return self.ends(object, span.end);
            };
            if header.tag == ITEM_END && depth > 0 {
                return Ok((object, header.value_at));
            }
            if header.tag == SEQUENCE_END && depth > 0 {
                // The item's own delimiter is missing: the sequence ends here too.
                return Ok((object, span.at));
            }
            if depth == 0 && PixelKind::of(header.tag).is_some() {
                return Ok((object, self.locate_pixels(header)));
            }
            let Some((element, next)) = self.element(header, span, encoding, depth, &charset)? else {
                return Ok((object, span.end));
            };
            if header.tag == Tag(0x0008, 0x0005) {
                charset = CharacterSet::of_terms(element.value());
                self.warnings.extend(charset.warning());
            }
            span.at = next;
            put(&mut object, element);
        }
        // A data set of defined length is complete at its end; only the outermost may go on beyond the bytes.
        if depth == 0 {
            self.ends(object, span.end)
        } else {
            Ok((object, span.end))
        }
    }

    fn locate_pixels(&mut self, header: Header) -> usize {
        let kind = PixelKind::of(header.tag).expect("the caller looked");
        let there = self.bytes.len();
        let end = match header.length {
            Some(length) => header.value_at.saturating_add(length),
            None if self.complete => there,
            None => header.value_at,
        };
        if self.complete && end > there {
            let (expected, found) = (header.length.unwrap_or(0), there.saturating_sub(header.value_at));
            let text = format!("expected {expected} bytes of pixel data, found {found}");
            self.warnings.push(Warning::new("truncated-pixel-data", text));
        }
        let end = if self.complete { end.min(there) } else { end };
        let range = header.value_at.min(end)..end;
        self.pixels = Some(PixelLocation {
            kind,
            vr: header.vr.unwrap_or(VR::OW),
            range,
            announced: header.length.map(|length| length as u64),
        });
        end
    }

    /// Reads one element's value; `None` when the bytes end within it.
    fn element(
        &mut self,
        header: Header,
        span: Span,
        encoding: Encoding,
        depth: usize,
        charset: &CharacterSet,
    ) -> Outcome<Option<(DataElement<InMemDicomObject>, usize)>> {
        self.count()?;
        let Header { tag, value_at, .. } = header;
        let vr = representation(header);
        let Some(length) = header.length else {
            return self.undefined_length(header, vr, span, encoding, depth, charset);
        };
        let end = value_at.saturating_add(length);
        if end > span.end {
            if !self.complete && span.end == self.bytes.len() {
                return Err(Stop::NeedsMore);
            }
            if vr != VR::SQ {
                self.truncated(&format!("element {tag}"));
                return Ok(None);
            }
            self.truncated(&format!("sequence {tag}"));
        }
        if vr == VR::SQ {
            let inner = Span {
                at: value_at,
                end: end.min(span.end),
            };
            let (items, _) = self.items(inner, encoding, depth + 1, charset)?;
            return Ok(Some((sequence(tag, items), inner.end)));
        }
        let bytes = &self.bytes[value_at..end];
        let value = value::primitive(vr, bytes, encoding.big_endian, charset);
        Ok(Some((DataElement::new(tag, vr, value), end)))
    }

    /// Reads a value that ends with a delimiter: a sequence, or fragments (an icon's pixel data).
    fn undefined_length(
        &mut self,
        header: Header,
        vr: VR,
        span: Span,
        encoding: Encoding,
        depth: usize,
        charset: &CharacterSet,
    ) -> Outcome<Option<(DataElement<InMemDicomObject>, usize)>> {
        let inner = Span {
            at: header.value_at,
            end: span.end,
        };
        if matches!(vr, VR::OB | VR::OW) {
            let (fragments, next) = self.fragments(inner, encoding)?;
            let value = Value::from(PixelFragmentSequence::new_fragments(fragments));
            return Ok(Some((DataElement::new(header.tag, vr, value), next)));
        }
        // An unknown element of undefined length is a sequence in implicit little endian (PS3.5 6.2.2).
        let encoding = if vr == VR::UN && encoding.explicit && header.vr.is_some() {
            Encoding::IMPLICIT_LITTLE
        } else {
            encoding
        };
        let (items, next) = self.items(inner, encoding, depth + 1, charset)?;
        Ok(Some((sequence(header.tag, items), next)))
    }

    /// Reads items until the span or the sequence ends.
    fn items(
        &mut self,
        mut span: Span,
        encoding: Encoding,
        depth: usize,
        charset: &CharacterSet,
    ) -> Outcome<(Vec<InMemDicomObject>, usize)> {
        if depth > self.limits.depth {
            let limit = self.limits.depth as u64;
            return Err(Error::TooLarge {
                what: "sequences within sequences",
                limit,
                found: depth as u64,
            }
            .into());
        }
        let mut items = Vec::new();
        while span.at < span.end {
            let Some(header) = element::header(&self.bytes[..span.end], span.at, encoding) else {
                break;
            };
            match header.tag {
                SEQUENCE_END => return Ok((items, header.value_at)),
                ITEM => {}
                // Not an item: what follows belongs to whoever encloses the sequence.
                tag => {
                    self.warnings.push(Warning::new(
                        "broken-sequence",
                        format!("expected an item or the sequence's end, found {tag}"),
                    ));
                    return Ok((items, span.at));
                }
            }
            self.count()?;
            let end = header.length.map_or(span.end, |length| {
                header.value_at.saturating_add(length).min(span.end)
            });
            let inner = Span {
                at: header.value_at,
                end,
            };
            let (item, next) = self.elements(inner, encoding, depth, charset)?;
            items.push(item);
            span.at = if header.length.is_some() { end } else { next };
        }
        if !self.complete && span.end == self.bytes.len() {
            return Err(Stop::NeedsMore);
        }
        Ok((items, span.end))
    }

    fn fragments(&mut self, mut span: Span, encoding: Encoding) -> Outcome<(Vec<Vec<u8>>, usize)> {
        let mut fragments = Vec::new();
        while let Some(header) = element::header(&self.bytes[..span.end], span.at, encoding) {
            self.count()?;
            let (ITEM, Some(length)) = (header.tag, header.length) else {
                let next = if header.tag == SEQUENCE_END {
                    header.value_at
                } else {
                    span.at
                };
                return Ok((fragments, next));
            };
            let end = header.value_at.saturating_add(length);
            if end > span.end {
                break;
            }
            fragments.push(self.bytes[header.value_at..end].to_vec());
            span.at = end;
        }
        if !self.complete {
            return Err(Stop::NeedsMore);
        }
        self.truncated("a fragment");
        Ok((fragments, span.end))
    }

    fn count(&mut self) -> Outcome<()> {
        let limit = self.limits.elements + self.bytes.len() / 50;
        self.elements_left = self.elements_left.checked_sub(1).ok_or(Error::TooLarge {
            what: "elements in a data set",
            limit: limit as u64,
            found: limit as u64 + 1,
        })?;
        Ok(())
    }

    fn truncated(&mut self, what: &str) {
        // Nested structures end together: one remark says it.
        if !self.warnings.iter().any(|warning| warning.code == "truncated") {
            self.warnings.push(Warning::new(
                "truncated",
                format!("expected the rest of {what}, found the end of the bytes"),
            ));
        }
    }
}

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> DataElement<InMemDicomObject> {
    DataElement::new(
        tag,
        VR::SQ,
        Value::from(DataSetSequence::new(items, Length::UNDEFINED)),
    )
}

/// Keeps an element, unless it is a group's length (which says nothing once read) or a stray delimiter.
fn put(object: &mut InMemDicomObject, element: DataElement<InMemDicomObject>) {
    let tag = element.header().tag;
    let is_length = tag.1 == 0 && tag.0 != 0xFFFE;
    if !is_length && tag.0 != 0xFFFE && object.get(tag).is_none() {
        object.put(element);
    }
}

/// The representation of a value: as written, else as the dictionary has it.
pub(super) fn representation(header: Header) -> VR {
    let Header { tag, vr, length, .. } = header;
    match vr {
        // A known sequence written as UN (PS3.5 6.2.2) stays bytes; of undefined length it is read as one.
        Some(vr) => vr,
        None if tag.0 == 0xFFFE => VR::UN,
        None if tag.0 % 2 == 1 && (0x0010..=0x00FF).contains(&tag.1) => VR::LO,
        None => match StandardDataDictionary.by_tag(tag) {
            Some(entry) => entry.vr().relaxed(),
            None if length.is_none() => VR::SQ,
            None => VR::UN,
        },
    }
}
