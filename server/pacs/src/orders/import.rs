//! Worklist items from files: DICOM (with or without preamble), and DICOM JSON, one item or a list.

use dicom_object::InMemDicomObject;

use super::{Error, Result, Step};
use crate::dicomweb::json;

/// What a file holds: its steps, or why it has none.
pub type Imported = Result<Vec<Step>>;

/// Most bytes of a file of worklist items.
const MAX_BYTES: usize = 64 << 20;

/// Reads the bytes of a file.
///
/// # Errors
///
/// [`Error::Unreadable`] for bytes that are neither DICOM nor DICOM JSON, [`Error::Invalid`] for items that lack something.
pub fn import(bytes: &[u8]) -> Imported {
    let mut steps = Vec::new();
    for object in objects(bytes)? {
        steps.extend(Step::all_of(&object)?);
    }
    Ok(steps)
}

fn objects(bytes: &[u8]) -> Result<Vec<InMemDicomObject>> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::Unreadable(format!(
            "at most {MAX_BYTES} bytes, found {}",
            bytes.len()
        )));
    }
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => {
            let list: Vec<&serde_json::value::RawValue> =
                serde_json::from_slice(bytes).map_err(|error| Error::Unreadable(error.to_string()))?;
            list.iter().map(|item| from_json(item.get().as_bytes())).collect()
        }
        Some(b'{') => Ok(vec![from_json(bytes)?]),
        _ => {
            let read = codec::dataset::read(bytes, codec::dataset::Limits::default());
            let object = read.map_err(|error| Error::Unreadable(error.to_string()))?;
            Ok(vec![object.data_set])
        }
    }
}

fn from_json(text: &[u8]) -> Result<InMemDicomObject> {
    let read = json::read(text, json::Limits::default());
    let (object, elsewhere) = read.map_err(|error| Error::Unreadable(error.to_string()))?;
    if elsewhere.is_empty() {
        Ok(object)
    } else {
        Err(Error::Unreadable(
            "values that stand elsewhere are not fetched".to_owned(),
        ))
    }
}
