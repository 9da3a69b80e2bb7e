//! The archive: what is acknowledged is never lost, what is found is true.
//!
//! Objects lie in object storage under the SHA-256 of their bytes; the index, a relational database, says what they are and
//! can be made anew from them. It knows no people and no pages, and draws nothing.

pub mod access;
pub mod backup;
pub mod clock;
pub mod completeness;
pub mod compression;
pub mod conflicts;
pub mod conformance;
pub mod convert;
pub mod corrections;
pub mod deidentify;
pub mod delivery;
pub mod dicomweb;
pub mod events;
pub mod fast;
pub mod figures;
pub mod gateway;
pub mod http;
pub mod identity;
pub mod index;
pub mod ingest;
pub mod media;
pub mod orders;
pub mod rejection;
pub mod retention;
pub mod routing;
pub mod scrub;
pub mod services;
pub mod storage;
pub mod tiers;
pub mod tls;
pub mod transcode;

#[cfg(test)]
mod test_folder;
#[cfg(test)]
mod test_node;
