//! The journal as people read it: the own entries and an organisation's on the log (MSG-03), all of it for the audit
//! administrators (PACS-34), who can take it away as DICOM audit messages or CSV.

mod pages;

use axum::Router;
use maud::Markup;

use crate::web::Visit;
use crate::{Platform, Result};

pub(crate) fn router() -> Router<Platform> {
    pages::router()
}

/// The latest entries of a person, as a list.
pub(crate) async fn latest_of(visit: &Visit, account: i64, limit: u32) -> Result<Markup> {
    pages::latest_of(visit, account, limit).await
}
