//! DICOM over HTTP (PS3.18): what data sets look like on the wire. Requests, storage and the index are others'.

mod base64;
mod bulk;
pub(crate) mod compact;
pub mod json;
pub mod multipart;
pub(crate) mod signedness;
pub mod xml;

pub use bulk::BulkData;
