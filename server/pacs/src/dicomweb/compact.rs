//! Small data sets as JSON text in a column: worklist items, performed steps.

use dicom_object::InMemDicomObject;

use super::BulkData;
use super::json::{self, Limits};

/// The data set as one line of DICOM JSON, every value within.
pub(crate) fn write(object: &InMemDicomObject) -> String {
    let bulk = BulkData {
        inline_bytes: usize::MAX,
        uri: &|_| String::new(),
        left_out: &[],
    };
    let mut bytes = Vec::new();
    json::write(object, &bulk, &mut bytes).expect("a vector takes every byte");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// Reads what [`write`] wrote; `None` for anything else.
pub(crate) fn read(text: &str) -> Option<InMemDicomObject> {
    json::read(text.as_bytes(), Limits::default())
        .ok()
        .map(|(object, _)| object)
}
