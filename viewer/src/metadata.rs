//! The metadata of a study, as DICOM JSON (PS3.18 Annex F), to instances that have no pixels yet.

use codec::dataset::{Object, PixelKind, PixelLocation};
use codec::{TransferSyntax, Warning};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use engine::dicom::read::Instance;
use serde_json::Value;

/// Why metadata cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// It is no DICOM JSON.
    #[error("expected DICOM JSON, found: {0}")]
    Malformed(String),
}

/// Makes instances of what a search for metadata gives, one object an instance; `first_key` is the key of the first.
///
/// Their pixels come by themselves, frame by frame ([`crate::SeriesStream`]). Elements that cannot be read are left out.
///
/// # Errors
///
/// [`MetadataError::Malformed`].
pub fn instances(json: &str, first_key: usize) -> Result<Vec<Instance>, MetadataError> {
    let malformed = |error: serde_json::Error| MetadataError::Malformed(error.to_string());
    let listed: Value = serde_json::from_str(json).map_err(malformed)?;
    let objects = match listed {
        Value::Array(objects) => objects,
        object => vec![object],
    };
    let instance = |(n, object)| Ok(Instance::new(first_key + n, read(object)?));
    objects.into_iter().enumerate().map(instance).collect()
}

/// Attributes whose value would be pixels.
const PIXELS: [(&str, PixelKind, Tag); 3] = [
    ("7FE00010", PixelKind::Integer, tags::PIXEL_DATA),
    ("7FE00008", PixelKind::Float, tags::FLOAT_PIXEL_DATA),
    ("7FE00009", PixelKind::DoubleFloat, tags::DOUBLE_FLOAT_PIXEL_DATA),
];

fn read(object: Value) -> Result<Object<'static>, MetadataError> {
    let Value::Object(mut elements) = object else {
        return Err(MetadataError::Malformed("something that is no object".to_owned()));
    };
    let pixels = PIXELS.into_iter().find_map(|(name, kind, _)| {
        let element = elements.remove(name)?;
        let vr = element.get("vr").and_then(Value::as_str);
        Some(PixelLocation {
            kind,
            vr: vr.and_then(|vr| vr.parse().ok()).unwrap_or(VR::OW),
            // Its bytes are not among these.
            range: 0..0,
            announced: None,
        })
    });
    // Values that lie elsewhere are no values here.
    elements.retain(|_, element| element.get("BulkDataURI").is_none());
    let mut warnings = Vec::new();
    let data_set: InMemDicomObject = match dicom_json::from_value(Value::Object(elements.clone())) {
        Ok(data_set) => data_set,
        Err(_) => one_by_one(elements, &mut warnings),
    };
    // The first is the one in which it is stored.
    let syntax = data_set
        .element(tags::AVAILABLE_TRANSFER_SYNTAX_UID)
        .ok()
        .and_then(|element| element.to_multi_str().ok())
        .and_then(|uids| {
            uids.first()
                .map(|uid| uid.trim_end_matches('\0').trim().to_owned())
        })
        .unwrap_or_else(|| TransferSyntax::ExplicitLittleEndian.uid().to_owned());
    Ok(Object {
        transfer_syntax: TransferSyntax::from_uid(&syntax),
        transfer_syntax_uid: syntax,
        data_set,
        meta: InMemDicomObject::new_empty(),
        pixels,
        bytes: std::borrow::Cow::Borrowed(&[]),
        warnings,
    })
}

/// The elements that can be read, where not all can.
fn one_by_one(elements: serde_json::Map<String, Value>, warnings: &mut Vec<Warning>) -> InMemDicomObject {
    let mut data_set = InMemDicomObject::new_empty();
    for (name, element) in elements {
        let alone = Value::Object([(name.clone(), element)].into_iter().collect());
        match dicom_json::from_value::<InMemDicomObject>(alone) {
            Ok(read) => data_set.extend(read),
            Err(_) => {
                let text = format!("expected a value of element {name}, found one that cannot be read");
                warnings.push(Warning::new("element-left-out", text));
            }
        }
    }
    data_set
}
