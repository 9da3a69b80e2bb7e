//! DICOM network services (PS3.7, PS3.8), as user and as provider: bytes on a stream in, requests and answers out.
//!
//! There is no index and no storage here: a provider ([`Provider`]) hands requests to a [`Handler`], a user
//! ([`Client`]) gives data sets. Archives and viewers use it alike.
//!
//! # Layers, from the bytes up
//!
//! - [`transport`]: any stream; TCP with its delays switched off. TLS is another stream behind the same trait.
//! - `wire`: whole PDUs under size and time limits; everything a message needs leaves in one write.
//! - [`negotiation`]: presentation contexts, roles and identity, as values; pure.
//! - [`command`]: command sets as typed data; pure.
//! - [`association`]: messages on an association that stands; data sets come as fragments.
//! - [`server`] and [`client`]: the services.
//!
//! # What holds
//!
//! - Nothing is allocated for a length before the length has met its limit ([`Limits`]). A data set of C-STORE is
//!   never whole in memory: its fragments go to the handler as they come. Other data sets are limited in bytes
//!   and parsed by `codec::dataset`, which limits nesting and elements.
//! - Every wait has an end ([`Timeouts`]): for the association request (ARTIM), between messages, for the rest of a
//!   PDU that has begun, for a peer that does not read.
//! - One association is one task. A peer that stalls, aborts or sends noise ends its own task only.
//! - Reading is cancel-safe: bytes stay in the buffer until a PDU is whole, so a provider listens for C-CANCEL
//!   while its handler is still answering.
//! - Logs and Error Comments hold AE titles, UIDs and numbers; never values of a data set.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod association;
pub mod character_set;
pub mod client;
pub mod command;
pub mod data_set;
pub mod instance;
pub mod limits;
pub mod negotiation;
pub mod server;
pub mod status;
pub mod transport;

mod error;
mod wire;

#[cfg(test)]
mod tests;

pub use character_set::CharacterSet;
pub use client::{Client, ClientConfig};
pub use error::{Error, Rejection};
pub use instance::{Data, Instance};
pub use limits::{Limits, Timeouts};
pub use negotiation::{Peer, Preference, Proposal, Roles, Supported};
pub use server::{Config, Handler, Provider, serve};
pub use status::{Outcome, Status};
pub use transport::Transport;

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
