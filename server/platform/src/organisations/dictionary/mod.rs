//! Dictionaries: the words that examinations, devices and tags are described with (ACC-36).
//!
//! What all organisations share is kept by the platform's system administrator; an organisation adds its own entries, and
//! one with the code of a shared entry stands in its place there. An entry that something names cannot be removed, only
//! retired: it stays on what names it and is no longer offered.

mod model;
mod pages;
mod seed;
mod sheet;
pub mod store;
mod transfer;

#[cfg(test)]
mod tests;

use axum::Router;

pub use model::{Behaviour, Detail, Entry, Kind, Rights};
pub use store::{choices, is_active};

pub(crate) use seed::add as add_shared;

use crate::Platform;

pub(super) fn router() -> Router<Platform> {
    Router::new().merge(pages::router()).merge(transfer::router())
}
