//! What was done and by whom: everybody's own entries and an organisation's on the log (MSG-03), all of it for the audit
//! administrators (PACS-34).
//!
//! What a search of theirs finds they take away as CSV, as DICOM audit messages or as FHIR AuditEvents ([`export`]); the same
//! messages go to the hospital's audit repository as entries are written ([`repository`]). Old entries are removed by two of
//! them ([`removal`]).
//!
//! ```text
//! entry ── codes, event ──┬── audit_message ──┬── export
//!                         │                   └── repository
//!                         └── audit_event ────── export
//! ```

mod audit_event;
mod audit_message;
mod codes;
mod event;
mod export;
mod pages;
mod removal;
pub mod repository;
mod table;

#[cfg(test)]
mod tests;

use axum::Router;
use maud::Markup;

use pages::{Search, kind, names};
pub(crate) use removal::carry_out;

use crate::web::Visit;
use crate::{Platform, Result};

pub(crate) fn router() -> Router<Platform> {
    pages::router().merge(export::router()).merge(removal::router())
}

/// The latest entries of a person, as a list.
pub(crate) async fn latest_of(visit: &Visit, account: i64, limit: u32) -> Result<Markup> {
    pages::latest_of(visit, account, limit).await
}
