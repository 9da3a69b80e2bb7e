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
mod stub;
#[cfg(test)]
mod tests;

use axum::Router;

pub(crate) use client::Client;
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

/// Sends a template message to a person who has bound a WeChat and wants to hear of things there; `false` where it was not
/// to be sent.
///
/// # Errors
///
/// The database's; [`crate::Error::Internal`] where WeChat did not take it.
pub async fn push(platform: &Platform, person: i64, words: &str, address: &str) -> Result<bool> {
    let Some(client) = platform.wechat() else {
        return Ok(false);
    };
    let binding = store::of(platform.readers(), person).await?;
    let Some(binding) = binding.filter(|binding| binding.wants_push) else {
        return Ok(false);
    };
    let now_ns = platform.clock().now_ns();
    let sent = client.send(&binding.openid, words, address, now_ns).await;
    sent.map_err(|error| crate::Error::internal(format_args!("a message was not sent by WeChat: {error}")))
}
