//! The gateway: takes objects from a hospital's network by DIMSE and delivers them to an archive elsewhere over HTTPS.
//!
//! ```text
//! hospital: modality --C-STORE--> Receiver -> ingest -> queue -> CloudCarrier ==HTTPS==>
//! cloud:    ==> cloud::router (device key or upload code) -> pieces -> ingest -> acknowledged
//! ```
//!
//! A piece that is sent twice is the same piece; an object is taken only when its SHA-256 is the announced one, and is
//! acknowledged when the cloud's own ingest has acknowledged it. An object that was corrected here leaves corrected, and the
//! hash announced is that of what is sent: the cloud keeps another object than lies here, and what was received stays here. A device proves itself by a secret of 256 random bits in
//! the Authorization header, of which the cloud keeps only the hash. TLS hides the secret, names the server and protects each
//! byte, so signing requests would add a clock and a canonical form to get wrong, and no safety; plain HTTP is refused
//! but on this machine. The queue is [`crate::delivery`]'s.

mod check;
mod client;
mod cloud;
mod devices;
mod language;
mod local;
mod pages;
mod pieces;
mod receive;
mod role;
mod store;
pub(crate) mod web;

#[cfg(test)]
pub(crate) mod tests;

pub use check::{Finding, check};
pub use client::{CloudCarrier, CloudNode};
pub use cloud::router;
pub use devices::{Device, Devices, Kind};
pub use local::router as local_router;
pub use receive::{ReceiveError, Receiver, Service};
pub use role::{Config, Gateway, GatewayError};
pub use web::Error as WebError;
