//! JSON to a data set, under limits.

use dicom_core::header::Length;
use dicom_core::value::{C, DataSetSequence, Value as DicomValue};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use serde_json::{Map, Value};

use super::{Error, is_single};
use crate::dicomweb::base64;
use crate::dicomweb::bulk::key;

/// How much a document may ask for. Nesting is limited to 128 by the reader of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Attributes, items and values in all.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            values: 2_000_000,
        }
    }
}

/// A value that stands elsewhere; its element is empty in the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkReference {
    /// Its tag, or for one in an item `SEQUENCE/ITEM/TAG`, items counted from 0.
    pub path: String,
    /// The value's address.
    pub uri: String,
}

/// Reads one data set; gives it and the values that stand elsewhere.
///
/// # Errors
///
/// [`Error::TooLarge`] beyond `limits`, [`Error::Json`] for text that is no JSON, [`Error::Invalid`] for JSON that is not the
/// DICOM JSON model.
pub fn read(text: &[u8], limits: Limits) -> Result<(InMemDicomObject, Vec<BulkReference>), Error> {
    if text.len() > limits.bytes {
        return Err(Error::TooLarge {
            what: "JSON document in bytes",
            limit: limits.bytes,
            found: text.len(),
        });
    }
    let document: Value = serde_json::from_slice(text)?;
    let Value::Object(elements) = document else {
        return Err(invalid("document", "an object of attributes"));
    };
    let mut reader = Reader {
        limit: limits.values,
        left: limits.values,
        bulk: Vec::new(),
    };
    let object = reader.data_set(&elements, "")?;
    Ok((object, reader.bulk))
}

fn invalid(tag: impl Into<String>, expected: &'static str) -> Error {
    Error::Invalid {
        tag: tag.into(),
        expected,
    }
}

struct Reader {
    limit: usize,
    left: usize,
    bulk: Vec<BulkReference>,
}

impl Reader {
    fn count(&mut self, values: usize) -> Result<(), Error> {
        let too_large = Error::TooLarge {
            what: "values in a JSON document",
            limit: self.limit,
            found: self.limit + 1,
        };
        self.left = self.left.checked_sub(values).ok_or(too_large)?;
        Ok(())
    }

    fn data_set(&mut self, elements: &Map<String, Value>, path: &str) -> Result<InMemDicomObject, Error> {
        let mut object = InMemDicomObject::new_empty();
        for (name, element) in elements {
            self.count(1)?;
            let tag = tag(name)?;
            if tag.1 == 0 {
                continue;
            }
            object.put(self.element(tag, element, path)?);
        }
        Ok(object)
    }

    fn element(&mut self, tag: Tag, element: &Value, path: &str) -> Result<InMemElement, Error> {
        let vr = element
            .get("vr")
            .and_then(Value::as_str)
            .and_then(|vr| vr.parse::<VR>().ok());
        let vr = vr.ok_or_else(|| invalid(key(tag), "a value representation as `vr`"))?;
        if let Some(uri) = element.get("BulkDataURI") {
            let uri = uri
                .as_str()
                .ok_or_else(|| invalid(key(tag), "text as BulkDataURI"))?;
            self.bulk.push(BulkReference {
                path: format!("{path}{}", key(tag)),
                uri: uri.to_owned(),
            });
            return Ok(DataElement::new(tag, vr, PrimitiveValue::Empty));
        }
        if let Some(binary) = element.get("InlineBinary") {
            let bytes = binary.as_str().and_then(base64::decode);
            let bytes = bytes.ok_or_else(|| invalid(key(tag), "base64 as InlineBinary"))?;
            return Ok(DataElement::new(tag, vr, numbers_of(vr, &bytes)));
        }
        let values = match element.get("Value") {
            None => &[],
            Some(Value::Array(values)) => values.as_slice(),
            Some(_) => return Err(invalid(key(tag), "an array as Value")),
        };
        self.count(values.len())?;
        if vr == VR::SQ {
            return self.sequence(tag, values, path);
        }
        let value = value(vr, values).ok_or_else(|| invalid(key(tag), "values of its representation"))?;
        Ok(DataElement::new(tag, vr, value))
    }

    fn sequence(&mut self, tag: Tag, values: &[Value], path: &str) -> Result<InMemElement, Error> {
        let mut items = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            let item = match value {
                Value::Object(elements) => self.data_set(elements, &format!("{path}{}/{at}/", key(tag)))?,
                Value::Null => InMemDicomObject::new_empty(),
                _ => return Err(invalid(key(tag), "items as objects")),
            };
            items.push(item);
        }
        let sequence = DataSetSequence::new(items, Length::UNDEFINED);
        Ok(DataElement::new(tag, VR::SQ, DicomValue::from(sequence)))
    }
}

fn tag(name: &str) -> Result<Tag, Error> {
    let is_hex = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(name, 16).ok().filter(|_| is_hex);
    let number = number.ok_or_else(|| {
        let shown: String = name.chars().filter(char::is_ascii_graphic).take(32).collect();
        invalid(shown, "eight hexadecimal digits as key")
    })?;
    Ok(Tag((number >> 16) as u16, number as u16))
}

/// Little-endian bytes as numbers of the representation; a rest too short for one more is left out.
fn numbers_of(vr: VR, bytes: &[u8]) -> PrimitiveValue {
    macro_rules! numbers {
        ($variant:ident, $number:ty) => {
            PrimitiveValue::$variant(
                bytes
                    .chunks_exact(size_of::<$number>())
                    .map(|chunk| {
                        <$number>::from_le_bytes(chunk.try_into().expect("chunks have the number's size"))
                    })
                    .collect(),
            )
        };
    }
    match vr {
        _ if bytes.is_empty() => PrimitiveValue::Empty,
        VR::OW => numbers!(U16, u16),
        VR::OL => numbers!(U32, u32),
        VR::OV => numbers!(U64, u64),
        VR::OF => numbers!(F32, f32),
        VR::OD => numbers!(F64, f64),
        _ => PrimitiveValue::U8(bytes.into()),
    }
}

/// The value of an element; `None` when a part is not of its representation.
fn value(vr: VR, values: &[Value]) -> Option<PrimitiveValue> {
    macro_rules! whole {
        ($variant:ident, $number:ty) => {
            PrimitiveValue::$variant(
                values
                    .iter()
                    .map(|v| <$number>::try_from(integer(v)?).ok())
                    .collect::<Option<C<_>>>()?,
            )
        };
    }
    Some(match vr {
        _ if values.is_empty() => PrimitiveValue::Empty,
        VR::US => whole!(U16, u16),
        VR::SS => whole!(I16, i16),
        VR::UL => whole!(U32, u32),
        VR::SL => whole!(I32, i32),
        VR::UV => whole!(U64, u64),
        VR::SV => whole!(I64, i64),
        VR::FL => PrimitiveValue::F32(
            values
                .iter()
                .map(|v| Some(real(v)? as f32))
                .collect::<Option<C<_>>>()?,
        ),
        VR::FD => PrimitiveValue::F64(values.iter().map(real).collect::<Option<C<_>>>()?),
        VR::AT => PrimitiveValue::Tags(
            values
                .iter()
                .map(|v| tag(v.as_str()?).ok())
                .collect::<Option<C<_>>>()?,
        ),
        _ => text(vr, values)?,
    })
}

fn text(vr: VR, values: &[Value]) -> Option<PrimitiveValue> {
    let parts: Option<Vec<String>> = values.iter().map(|value| part(vr, value)).collect();
    let mut parts = parts?;
    if is_single(vr) && parts.len() > 1 {
        return None;
    }
    Some(match parts.len() {
        1 => PrimitiveValue::Str(parts.remove(0)),
        _ => PrimitiveValue::Strs(parts.into_iter().collect()),
    })
}

fn part(vr: VR, value: &Value) -> Option<String> {
    match (vr, value) {
        (_, Value::Null) => Some(String::new()),
        (VR::PN, Value::Object(groups)) => {
            let group = |name| groups.get(name).and_then(Value::as_str).unwrap_or_default();
            let joined = [group("Alphabetic"), group("Ideographic"), group("Phonetic")].join("=");
            Some(joined.trim_end_matches('=').to_owned())
        }
        (VR::IS, Value::Number(_)) => integer(value).map(|number| number.to_string()),
        (VR::DS, Value::Number(number)) => number.as_f64().map(decimal),
        (_, Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => {
            let whole = number
                .as_i64()
                .map(i128::from)
                .or_else(|| number.as_u64().map(i128::from));
            // Some writers put a point behind whole numbers.
            whole.or_else(|| {
                number
                    .as_f64()
                    .filter(|real| real.fract() == 0.0 && real.abs() < 9e15)
                    .map(|real| real as i128)
            })
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        // `NaN`, `inf` and `Infinity`, with a sign or without.
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Decimal text of at most 16 characters, as exact as they allow (VR DS, PS3.5 6.2).
fn decimal(number: f64) -> String {
    let plain = number.to_string();
    if plain.len() <= 16 {
        return plain;
    }
    let shorter = (0..=15).rev().map(|digits| format!("{number:.digits$e}"));
    shorter.into_iter().find(|text| text.len() <= 16).unwrap_or(plain)
}
