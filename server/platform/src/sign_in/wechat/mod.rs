//! WeChat, by an official account (ACC-07, ACC-09, ACC-22): a person binds the own WeChat, signs in by scanning a code with
//! it, and is sent template messages. Where a site has no official account the pages say so.
//!
//! ```text
//! code of a page ── scanned in WeChat ── /wechat/… ── WeChat: who is it? ── /wechat/back ── confirm ── signed in, or bound
//! ```
//!
//! What goes to WeChat and comes back carries a state that is good once, for ten minutes, and only in the browser that it was
//! made for. WeChat says who scanned without asking that person; so nothing is done before the person has confirmed what is
//! shown. A scan is one factor: whoever has a second one shows it afterwards.

mod client;
mod pages;
mod scan;
mod store;

#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;

use axum::Router;
use database::Connection;

pub(crate) use client::{Client, Failure};
pub(crate) use pages::{card, reminder};
pub(super) use scan::is_connected;

use crate::clock::DAY_NS;
use crate::{Platform, Result};

/// How long a reminder stays silent (ACC-09).
const SILENT_NS: i64 = 15 * DAY_NS;

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    Router::new().merge(scan::router()).merge(pages::router())
}

/// The number of the WeChat that a person wants to hear of things by; `None` where none is bound, or nothing is wanted.
///
/// # Errors
///
/// The database's.
pub(crate) async fn reached(connection: &impl Connection, person: i64) -> Result<Option<String>> {
    let binding = store::of(connection, person).await?;
    Ok(binding
        .filter(|binding| binding.wants_push)
        .map(|binding| binding.openid))
}
