//! DICOM over HTTP (PS3.18): what data sets look like on the wire. Requests, storage and the index are others'.

pub mod accept;
pub(crate) mod address;
mod base64;
mod bulk;
pub(crate) mod compact;
pub mod cors;
#[cfg(test)]
mod hostile;
pub mod json;
pub mod multipart;
pub(crate) mod parameters;
pub mod qido;
pub mod rendered;
pub(crate) mod signedness;
pub mod stow;
pub mod upload;
pub mod wado;
pub mod xml;

pub use address::BASE;
pub use bulk::BulkData;
