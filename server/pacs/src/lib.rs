//! The archive: what is acknowledged is never lost, what is found is true.
//!
//! Objects lie in object storage under the SHA-256 of their bytes; the index, a relational database, says what they are and
//! can be made anew from them. It knows no people and no pages, and draws nothing.

pub mod access;
pub mod convert;
pub mod deidentify;
pub mod dicomweb;
pub mod events;
pub mod http;
pub mod index;
pub mod ingest;
pub mod media;
pub mod services;
pub mod storage;

#[cfg(test)]
mod test_folder;
