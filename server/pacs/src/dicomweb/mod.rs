//! DICOM over HTTP (PS3.18): what data sets look like on the wire. Requests, storage and the index are others'.

pub mod accept;
pub(crate) mod address;
mod base64;
mod bulk;
pub(crate) mod compact;
pub mod json;
pub mod multipart;
pub(crate) mod parameters;
pub(crate) mod signedness;
pub mod xml;

pub use address::BASE;
pub use bulk::BulkData;
