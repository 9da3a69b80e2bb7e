//! Preamble, meta information, and which encoding the data set really has.

use std::borrow::Cow;
use std::io::Read;

use dicom_core::Tag;
use dicom_object::InMemDicomObject;

use super::element::{self, Encoding};
use super::parser::{Parser, Stop};
use super::{Limits, Object, Prefix};
use crate::{Error, Result, TransferSyntax, Warning};

/// Bytes at the start of a file: the preamble, then "DICM".
const PREAMBLE: usize = 128;

pub(super) fn read_part10(bytes: &[u8], complete: bool, limits: Limits) -> Result<Prefix<'_>> {
    match attempt(bytes, complete, limits) {
        Ok(object) => Ok(Prefix::Done(Box::new(object))),
        Err(Stop::NeedsMore) => Ok(Prefix::NeedsMore),
        Err(Stop::Error(error)) => Err(error),
    }
}

fn attempt(bytes: &[u8], complete: bool, limits: Limits) -> Result<Object<'_>, Stop> {
    if bytes.len() < PREAMBLE + 8 && !complete {
        return Err(Stop::NeedsMore);
    }
    let mut warnings = Vec::new();
    let Body {
        meta,
        stated,
        bytes: body,
        at,
        encoding,
        ..
    } = split(bytes, complete, limits, &mut warnings)?;
    let (data_set, pixels) = {
        let mut parser = Parser::new(
            &body,
            complete || matches!(body, Cow::Owned(_)),
            limits,
            &mut warnings,
        );
        let (data_set, _) = parser.top_level(at, encoding)?;
        (data_set, parser.pixels)
    };
    let uid = stated.unwrap_or_else(|| encoding.plain_syntax().uid().to_owned());
    let transfer_syntax = TransferSyntax::from_uid(&uid);
    Ok(Object {
        transfer_syntax,
        transfer_syntax_uid: uid,
        data_set,
        meta,
        pixels,
        bytes: body,
        warnings,
    })
}

/// The data set's bytes, apart from what comes before them.
pub(super) struct Body<'a> {
    meta: InMemDicomObject,
    /// Transfer Syntax UID.
    stated: Option<String>,
    /// The input, or what a deflated data set inflated to.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Where the data set begins in `bytes`.
    at: usize,
    /// Where the data set begins in the input.
    pub(super) data_set_at: usize,
    pub(super) encoding: Encoding,
}

/// Splits a whole file.
pub(super) fn body(bytes: &[u8], limits: Limits) -> Result<Body<'_>> {
    split(bytes, true, limits, &mut Vec::new()).map_err(|stop| match stop {
        Stop::Error(error) => error,
        Stop::NeedsMore => Error::Truncated {
            what: "data set",
            expected: bytes.len() as u64 + 1,
            found: bytes.len() as u64,
        },
    })
}

fn split<'a>(
    bytes: &'a [u8],
    complete: bool,
    limits: Limits,
    warnings: &mut Vec<Warning>,
) -> Result<Body<'a>, Stop> {
    let start = start_of_elements(bytes, warnings)?;
    let (meta, data_set_at) = read_meta(bytes, start, complete, limits, warnings)?;
    let stated = meta
        .get(Tag(0x0002, 0x0010))
        .and_then(|e| e.to_str().ok())
        .map(|uid| uid.trim().to_owned());
    let syntax = stated.as_deref().and_then(TransferSyntax::from_uid);
    let (body, at) = if syntax.is_some_and(TransferSyntax::is_deflated) {
        let inflated = inflate(&bytes[data_set_at..], complete, limits)?;
        (Cow::Owned(inflated), 0)
    } else {
        (Cow::Borrowed(bytes), data_set_at)
    };
    let encoding = found_encoding(&body, at, complete, stated.as_deref(), warnings)?;
    Ok(Body {
        meta,
        stated,
        bytes: body,
        at,
        data_set_at,
        encoding,
    })
}

/// Where the first element is: after preamble and prefix, or at the very start.
pub(super) fn start_of_elements(bytes: &[u8], warnings: &mut Vec<Warning>) -> Result<usize> {
    if bytes.get(PREAMBLE..PREAMBLE + 4) == Some(b"DICM") {
        return Ok(PREAMBLE + 4);
    }
    if bytes.starts_with(b"DICM") {
        warnings.push(Warning::new(
            "no-preamble",
            "expected a preamble of 128 bytes, found the prefix DICM at the start",
        ));
        return Ok(4);
    }
    if element::looks_like_data_set(bytes) {
        warnings.push(Warning::new(
            "no-preamble",
            "expected a preamble and the prefix DICM, found elements at the start",
        ));
        return Ok(0);
    }
    Err(not_dicom(bytes))
}

fn not_dicom(bytes: &[u8]) -> Error {
    let found = match bytes {
        [] => "an empty file".to_owned(),
        [0x1F, 0x8B, ..] => "gzip data".to_owned(),
        [b'P', b'K', 3 | 5, ..] => "a zip archive".to_owned(),
        [0x89, b'P', b'N', b'G', ..] => "a PNG picture".to_owned(),
        [0xFF, 0xD8, 0xFF, ..] => "a JPEG picture".to_owned(),
        [b'%', b'P', b'D', b'F', ..] => "a PDF document".to_owned(),
        _ => "neither the prefix DICM at byte 128 nor elements at the start".to_owned(),
    };
    Error::Invalid {
        what: "file",
        expected: "DICOM (PS3.10)".to_owned(),
        found,
    }
}

/// Reads group 0002, which is always explicit little endian; a data set without it gives an empty group.
fn read_meta(
    bytes: &[u8],
    start: usize,
    complete: bool,
    limits: Limits,
    warnings: &mut Vec<Warning>,
) -> Result<(InMemDicomObject, usize), Stop> {
    let mut parser = Parser::new(bytes, complete, limits, warnings);
    let (meta, at) = parser.meta_group(start)?;
    if meta.iter().next().is_none() {
        warnings.push(Warning::new(
            "no-meta-information",
            "expected File Meta Information, found none",
        ));
    } else if meta.get(Tag(0x0002, 0x0010)).is_none() {
        warnings.push(Warning::new(
            "no-transfer-syntax",
            "expected a Transfer Syntax UID, found none; read as its elements look",
        ));
    }
    Ok((meta, at))
}

/// Inflates a deflated data set (PS3.5 A.5: raw deflate; some senders write a zlib header).
fn inflate(bytes: &[u8], complete: bool, limits: Limits) -> Result<Vec<u8>, Stop> {
    if !complete {
        return Err(Stop::NeedsMore);
    }
    let zlib =
        bytes.len() > 2 && bytes[0] == 0x78 && u16::from_be_bytes([bytes[0], bytes[1]]).is_multiple_of(31);
    let limit = limits.inflated_bytes as u64;
    let mut inflated = Vec::new();
    let outcome = if zlib {
        flate2::read::ZlibDecoder::new(bytes)
            .take(limit + 1)
            .read_to_end(&mut inflated)
    } else {
        flate2::read::DeflateDecoder::new(bytes)
            .take(limit + 1)
            .read_to_end(&mut inflated)
    };
    if inflated.len() as u64 > limit {
        return Err(Error::TooLarge {
            what: "inflated data set in bytes",
            limit,
            found: inflated.len() as u64,
        }
        .into());
    }
    match outcome {
        Ok(_) => Ok(inflated),
        // What came before the damage may still hold every element that counts.
        Err(_) if inflated.len() > 8 => Ok(inflated),
        Err(error) => Err(Error::Damaged {
            codec: "deflated data set",
            reason: error.to_string(),
        }
        .into()),
    }
}

/// The encoding that a data set already read was found to have.
pub(super) fn encoding_of(bytes: &[u8], at: usize, uid: &str) -> Result<Encoding> {
    match found_encoding(bytes, at, true, Some(uid), &mut Vec::new()) {
        Ok(encoding) => Ok(encoding),
        Err(Stop::Error(error)) => Err(error),
        Err(Stop::NeedsMore) => Err(not_dicom(bytes)),
    }
}

/// The encoding of the first element, which wins over the stated transfer syntax where they differ.
fn found_encoding(
    bytes: &[u8],
    at: usize,
    complete: bool,
    stated: Option<&str>,
    warnings: &mut Vec<Warning>,
) -> Result<Encoding, Stop> {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.len() < 8 {
        if !complete {
            return Err(Stop::NeedsMore);
        }
        if rest.is_empty() {
            warnings.push(Warning::new(
                "empty-data-set",
                "expected a data set, found only meta information",
            ));
        }
        return Ok(Encoding::EXPLICIT_LITTLE);
    }
    let looks = Encoding::of_first_element(rest);
    let Some(uid) = stated else {
        return looks.ok_or_else(|| not_dicom(bytes).into());
    };
    let declared = match TransferSyntax::from_uid(uid) {
        Some(syntax) => Encoding {
            explicit: syntax.is_explicit(),
            big_endian: syntax.is_big_endian(),
        },
        // Every syntax but the plain ones is explicit little endian (PS3.5 A.4).
        None => Encoding::EXPLICIT_LITTLE,
    };
    if let Some(looks) = looks.filter(|looks| *looks != declared) {
        let text = format!("expected {declared} as Transfer Syntax UID says, found {looks}; read as found");
        warnings.push(Warning::new("wrong-transfer-syntax", text));
        return Ok(looks);
    }
    Ok(declared)
}
