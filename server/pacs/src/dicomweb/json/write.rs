//! A data set to JSON, element by element.

use std::io::Write;

use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

use super::{Error, is_single};
use crate::dicomweb::bulk::{is_binary, key, little_endian};
use crate::dicomweb::signedness::{self, is_signed};
use crate::dicomweb::{BulkData, base64};

/// The largest whole number that every reader of JSON holds exactly.
const MAX_EXACT: i128 = 1 << 53;

/// What holds for a whole document.
struct Context<'a> {
    bulk: &'a BulkData<'a>,
    is_signed: bool,
}

/// Writes the data set as one JSON object; group lengths are left out.
///
/// Whole numbers beyond 2^53 and numbers that are not finite are strings (`NaN`, `inf`, `-inf`); so is decimal text that is
/// no number.
///
/// # Errors
///
/// [`Error::Io`] when `to` fails.
pub fn write(object: &InMemDicomObject, bulk: &BulkData, to: &mut impl Write) -> Result<(), Error> {
    let context = Context {
        bulk,
        is_signed: is_signed(object),
    };
    data_set(object, &context, "", bulk.left_out, to)
}

fn data_set(
    object: &InMemDicomObject,
    context: &Context,
    path: &str,
    left_out: &[(Tag, VR)],
    to: &mut impl Write,
) -> Result<(), Error> {
    to.write_all(b"{")?;
    let mut left_out = left_out.iter().peekable();
    let mut is_first = true;
    let mut separate = |to: &mut dyn Write| {
        let comma: &[u8] = if std::mem::take(&mut is_first) { b"" } else { b"," };
        to.write_all(comma)
    };
    for element in object.iter() {
        let tag = element.header().tag;
        while let Some((absent, vr)) = left_out.next_if(|(absent, _)| *absent < tag) {
            separate(to)?;
            absent_element(*absent, *vr, context, path, to)?;
        }
        // What is there needs no address.
        let _ = left_out.next_if(|(absent, _)| *absent == tag);
        if tag.1 == 0 {
            continue;
        }
        separate(to)?;
        let signed = if context.is_signed {
            signedness::signed(element)
        } else {
            None
        };
        self::element(signed.as_ref().unwrap_or(element), context, path, to)?;
    }
    for (absent, vr) in left_out {
        separate(to)?;
        absent_element(*absent, *vr, context, path, to)?;
    }
    to.write_all(b"}")?;
    Ok(())
}

fn absent_element(tag: Tag, vr: VR, context: &Context, path: &str, to: &mut impl Write) -> Result<(), Error> {
    write!(to, "\"{}\":{{\"vr\":\"{vr}\",\"BulkDataURI\":", key(tag))?;
    string(&(context.bulk.uri)(&format!("{path}{}", key(tag))), to)?;
    to.write_all(b"}")?;
    Ok(())
}

fn element(element: &InMemElement, context: &Context, path: &str, to: &mut impl Write) -> Result<(), Error> {
    let (tag, vr) = (element.header().tag, element.vr());
    if let Some(items) = element.items() {
        write!(to, "\"{}\":{{\"vr\":\"SQ\"", key(tag))?;
        for (at, item) in items.iter().enumerate() {
            to.write_all(if at == 0 { b",\"Value\":[" } else { b"," })?;
            data_set(item, context, &format!("{path}{}/{at}/", key(tag)), &[], to)?;
        }
        to.write_all(if items.is_empty() { b"}" } else { b"]}" })?;
        return Ok(());
    }
    let Some(value) = element.value().primitive() else {
        // Fragments of a compressed image.
        return absent_element(tag, vr, context, path, to);
    };
    if is_binary(vr) || vr == VR::SQ {
        return binary(tag, vr, value, context, path, to);
    }
    write!(to, "\"{}\":{{\"vr\":\"{vr}\"", key(tag))?;
    if value.calculate_byte_len() > 0 {
        to.write_all(b",\"Value\":[")?;
        match (tag, value) {
            (tags::SPECIFIC_CHARACTER_SET, _) => string("ISO_IR 192", to)?,
            _ => values(vr, value, to)?,
        }
        to.write_all(b"]")?;
    }
    to.write_all(b"}")?;
    Ok(())
}

fn binary(
    tag: Tag,
    vr: VR,
    value: &PrimitiveValue,
    context: &Context,
    path: &str,
    to: &mut impl Write,
) -> Result<(), Error> {
    if value.calculate_byte_len() > context.bulk.inline_bytes {
        return absent_element(tag, vr, context, path, to);
    }
    // A sequence whose items could not be told is bytes.
    let vr = if vr == VR::SQ { VR::UN } else { vr };
    write!(to, "\"{}\":{{\"vr\":\"{vr}\"", key(tag))?;
    let bytes = little_endian(value);
    if !bytes.is_empty() {
        write!(to, ",\"InlineBinary\":\"{}\"", base64::encode(&bytes))?;
    }
    to.write_all(b"}")?;
    Ok(())
}

fn values(vr: VR, value: &PrimitiveValue, to: &mut impl Write) -> Result<(), Error> {
    match value {
        PrimitiveValue::U8(n) => joined(n, to, |n, to| whole(i128::from(*n), to)),
        PrimitiveValue::U16(n) => joined(n, to, |n, to| whole(i128::from(*n), to)),
        PrimitiveValue::I16(n) => joined(n, to, |n, to| whole(i128::from(*n), to)),
        PrimitiveValue::U32(n) => joined(n, to, |n, to| whole(i128::from(*n), to)),
        PrimitiveValue::I32(n) => joined(n, to, |n, to| whole(i128::from(*n), to)),
        PrimitiveValue::U64(n) => joined(n, to, |n, to| whole(i128::from(*n), to)),
        PrimitiveValue::I64(n) => joined(n, to, |n, to| whole(i128::from(*n), to)),
        PrimitiveValue::F32(n) => joined(n, to, |n, to| real(*n, f64::from(*n), to)),
        PrimitiveValue::F64(n) => joined(n, to, |n, to| real(*n, *n, to)),
        PrimitiveValue::Tags(tags) => joined(tags, to, |tag, to| string(&key(*tag), to)),
        other => {
            let text = other.to_str();
            if is_single(vr) {
                return string(&text, to);
            }
            let parts: Vec<&str> = text.split('\\').collect();
            joined(&parts, to, |part, to| one(vr, part.trim_matches([' ', '\0']), to))
        }
    }
}

fn joined<T, W: Write>(
    values: &[T],
    to: &mut W,
    write: impl Fn(&T, &mut W) -> Result<(), Error>,
) -> Result<(), Error> {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            to.write_all(b",")?;
        }
        write(value, to)?;
    }
    Ok(())
}

/// One value of text.
fn one(vr: VR, text: &str, to: &mut impl Write) -> Result<(), Error> {
    match vr {
        _ if text.is_empty() => to.write_all(b"null")?,
        VR::PN => name(text, to)?,
        VR::IS => match text.parse::<i64>() {
            Ok(number) => whole(i128::from(number), to)?,
            Err(_) => string(text, to)?,
        },
        VR::DS => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => real(number, number, to)?,
            _ => string(text, to)?,
        },
        _ => string(text, to)?,
    }
    Ok(())
}

/// The groups of a name: letters, ideographs, sounds (PS3.18 F.2.2).
fn name(text: &str, to: &mut impl Write) -> Result<(), Error> {
    let names = ["Alphabetic", "Ideographic", "Phonetic"];
    let groups = names
        .iter()
        .zip(text.splitn(3, '='))
        .filter(|(_, group)| !group.is_empty());
    to.write_all(b"{")?;
    for (at, (name, group)) in groups.enumerate() {
        write!(to, "{}\"{name}\":", if at == 0 { "" } else { "," })?;
        string(group.trim_end(), to)?;
    }
    to.write_all(b"}")?;
    Ok(())
}

fn whole(number: i128, to: &mut impl Write) -> Result<(), Error> {
    if number.abs() > MAX_EXACT {
        write!(to, "\"{number}\"")?;
    } else {
        write!(to, "{number}")?;
    }
    Ok(())
}

/// A number with the fewest digits that tell it from others of its own precision.
fn real(shown: impl std::fmt::Debug, value: f64, to: &mut impl Write) -> Result<(), Error> {
    match value {
        _ if value.is_nan() => to.write_all(b"\"NaN\"")?,
        f64::INFINITY => to.write_all(b"\"inf\"")?,
        f64::NEG_INFINITY => to.write_all(b"\"-inf\"")?,
        _ => write!(to, "{shown:?}")?,
    }
    Ok(())
}

fn string(text: &str, to: &mut impl Write) -> Result<(), Error> {
    serde_json::to_writer(to, text)?;
    Ok(())
}
