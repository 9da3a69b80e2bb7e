//! The DICOM JSON model of a data set (PS3.18 Annex F), without its bulk, kept deflated beside the index.

use std::cell::RefCell;

use codec::dataset::{Object, PixelKind};
use dicom_core::value::{PrimitiveValue, Value};
use dicom_core::{Tag, VR};
use dicom_object::InMemDicomObject;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use serde_json::{Map, Value as Json, json};

use super::{Error, Result};

/// Binary values above this are bulk: named, not contained.
pub(crate) const INLINE_BYTES: usize = 1024;

/// What the metadata of one object may inflate to; one object's data set without bulk is far below.
const MAX_JSON_BYTES: u64 = 256 << 20;

/// Gives the DICOM JSON of a data set, deflated. Bulk has a `BulkDataURI` of the form `bulkdata/7FE00010`, or, within
/// sequences, `bulkdata/00081140/0/...`, relative to the instance's own address.
pub(super) fn deflated_json(parsed: &Object<'_>) -> Vec<u8> {
    let mut json = object(&parsed.data_set, "bulkdata");
    if let Some(pixels) = &parsed.pixels {
        let tag = match pixels.kind {
            PixelKind::Integer => "7FE00010",
            PixelKind::Float => "7FE00008",
            PixelKind::DoubleFloat => "7FE00009",
        };
        let entry = json!({ "vr": pixels.vr.to_string(), "BulkDataURI": format!("bulkdata/{tag}") });
        json.insert(tag.to_owned(), entry);
    }
    deflated(&Json::Object(json).to_string())
}

thread_local! {
    /// Making the state of a compressor anew takes longer than most texts.
    static DEFLATER: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Deflates the text of a JSON object.
pub(super) fn deflated(text: &str) -> Vec<u8> {
    DEFLATER.with_borrow_mut(|deflater| {
        deflater.reset();
        let mut deflated = Vec::with_capacity(text.len() / 3 + 64);
        loop {
            let rest = &text.as_bytes()[deflater.total_in() as usize..];
            let status = deflater.compress_vec(rest, &mut deflated, FlushCompress::Finish);
            if status.expect("compressing has no wrong input") == Status::StreamEnd {
                return deflated;
            }
            deflated.reserve(deflated.len() / 2 + 64);
        }
    })
}

/// Gives the text that [`deflated_json`] deflated.
pub(crate) fn inflated(deflated: &[u8]) -> Result<String> {
    inflated_within(deflated, MAX_JSON_BYTES)?.ok_or_else(damaged)
}

/// As [`inflated`]; `None` for more than so many bytes.
pub(super) fn inflated_within(deflated: &[u8], limit: u64) -> Result<Option<String>> {
    INFLATER.with_borrow_mut(|inflater| {
        inflater.reset(false);
        let most = usize::try_from(limit.saturating_add(1)).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(deflated.len().saturating_mul(4).min(most));
        loop {
            let rest = &deflated[inflater.total_in() as usize..];
            let had_room = bytes.len() < bytes.capacity();
            let before = (rest.len(), bytes.len());
            let status = inflater.decompress_vec(rest, &mut bytes, FlushDecompress::None);
            let status = status.map_err(|_| damaged())?;
            if bytes.len() as u64 > limit {
                return Ok(None);
            }
            if status == Status::StreamEnd {
                return String::from_utf8(bytes).map(Some).map_err(|_| damaged());
            }
            let after = (deflated.len() - inflater.total_in() as usize, bytes.len());
            if had_room && after == before {
                // It ends too early.
                return Err(damaged());
            }
            bytes.reserve_exact((bytes.len() + 64).min(most - bytes.len()));
        }
    })
}

fn damaged() -> Error {
    Error::Damaged("metadata of an instance")
}

fn object(data_set: &InMemDicomObject, path: &str) -> Map<String, Json> {
    data_set
        .iter()
        .map(|element| {
            let tag = element.header().tag;
            let name = format!("{:04X}{:04X}", tag.0, tag.1);
            let json = entry(tag, element.vr(), element.value(), &format!("{path}/{name}"));
            (name, json)
        })
        .collect()
}

fn entry(_tag: Tag, vr: VR, value: &Value<InMemDicomObject>, path: &str) -> Json {
    let mut entry = Map::new();
    entry.insert("vr".to_owned(), vr.to_string().into());
    match value {
        Value::Sequence(sequence) => {
            let items = sequence.items().iter().enumerate();
            let items: Vec<Json> = items
                .map(|(number, item)| Json::Object(object(item, &format!("{path}/{number}"))))
                .collect();
            put(&mut entry, items);
        }
        Value::PixelSequence(_) => {
            entry.insert("BulkDataURI".to_owned(), path.into());
        }
        Value::Primitive(PrimitiveValue::Empty) => {}
        Value::Primitive(value) => match vr {
            VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN => binary(&mut entry, value, path),
            _ => put(&mut entry, values(vr, value)),
        },
    }
    Json::Object(entry)
}

fn put(entry: &mut Map<String, Json>, values: Vec<Json>) {
    if !values.is_empty() {
        entry.insert("Value".to_owned(), values.into());
    }
}

fn binary(entry: &mut Map<String, Json>, value: &PrimitiveValue, path: &str) {
    if value.calculate_byte_len() > INLINE_BYTES {
        entry.insert("BulkDataURI".to_owned(), path.into());
    } else {
        entry.insert("InlineBinary".to_owned(), base64(&value.to_bytes()).into());
    }
}

fn values(vr: VR, value: &PrimitiveValue) -> Vec<Json> {
    match value {
        PrimitiveValue::Tags(tags) => tags
            .iter()
            .map(|tag| format!("{:04X}{:04X}", tag.0, tag.1).into())
            .collect(),
        PrimitiveValue::U8(v) => v.iter().map(|v| json!(v)).collect(),
        PrimitiveValue::I16(v) => v.iter().map(|v| json!(v)).collect(),
        PrimitiveValue::U16(v) => v.iter().map(|v| json!(v)).collect(),
        PrimitiveValue::I32(v) => v.iter().map(|v| json!(v)).collect(),
        PrimitiveValue::U32(v) => v.iter().map(|v| json!(v)).collect(),
        PrimitiveValue::I64(v) => v.iter().map(|v| json!(v)).collect(),
        PrimitiveValue::U64(v) => v.iter().map(|v| json!(v)).collect(),
        PrimitiveValue::F32(v) => v.iter().map(|v| number(f64::from(*v))).collect(),
        PrimitiveValue::F64(v) => v.iter().map(|v| number(*v)).collect(),
        // The reader keeps long lists as one string.
        other => match (vr, other.to_str()) {
            (VR::LT | VR::ST | VR::UT | VR::UR, text) => vec![text.into()],
            (_, text) => text.split('\\').map(|part| text_value(vr, part)).collect(),
        },
    }
}

fn text_value(vr: VR, part: &str) -> Json {
    let trimmed = part.trim();
    if trimmed.is_empty() {
        return Json::Null;
    }
    match vr {
        VR::PN => {
            let groups = ["Alphabetic", "Ideographic", "Phonetic"]
                .into_iter()
                .zip(trimmed.split('='));
            let groups = groups.filter(|(_, group)| !group.is_empty());
            Json::Object(
                groups
                    .map(|(name, group)| (name.to_owned(), group.into()))
                    .collect(),
            )
        }
        VR::IS => trimmed
            .parse::<i64>()
            .map_or_else(|_| trimmed.into(), |v| json!(v)),
        // What is no number is passed on as it came.
        VR::DS => trimmed.parse::<f64>().map_or_else(|_| trimmed.into(), number),
        _ => part.trim_end().into(),
    }
}

/// JSON has no infinities; the standard lets such values be strings.
fn number(value: f64) -> Json {
    serde_json::Number::from_f64(value).map_or_else(|| value.to_string().into(), Json::Number)
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place <= chunk.len() {
                text.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn the_examples_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
