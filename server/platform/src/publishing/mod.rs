//! Publishing: the department decides which studies, images and reports alike, others of the hospital see (NM-25).
//!
//! An organisation has a rule: everything at once, so many hours after its first image came, or only by hand; whoever may
//! publishes a study, does so at a time to come, or withdraws it. Only whoever holds "studies-unpublished" sees what is not
//! published. The archive keeps the decisions and answers within them ([`pacs::index::Publication`]); the one place that asks
//! it to is the [guard](crate::guard), so that pages, DICOMweb and viewers give the same.

mod model;
mod pages;
mod store;

#[cfg(test)]
mod tests;

use axum::Router;
use pacs::http::App;
use pacs::index::Publication;

pub(crate) use model::{Rule, State};
pub(crate) use pages::{decisions, states_of};
pub(crate) use store::give_permissions;

use crate::{Platform, Result};

/// The pages of this folder.
pub(crate) fn router(archive: &App) -> Router<Platform> {
    pages::router().with_state(archive.clone())
}

/// What an organisation's studies are to be, for whoever sees published ones only.
///
/// # Errors
///
/// The database's.
pub(crate) async fn published_now(platform: &Platform, organisation: i64) -> Result<Publication> {
    let rule = store::rule(platform.readers(), organisation).await?;
    Ok(rule.publication(platform.clock().now_ns()))
}
