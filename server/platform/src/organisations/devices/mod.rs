//! Devices of an organisation: registered, given to members, removed once the archive keeps nothing of them (ACC-32).

mod holdings;
mod pages;
pub mod store;

#[cfg(test)]
mod tests;

use axum::Router;

pub use holdings::{ArchiveHoldings, Holdings, Images};

use crate::Platform;

pub(super) fn router() -> Router<Platform> {
    pages::router()
}
