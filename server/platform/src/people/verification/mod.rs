//! Verification of doctors (ACC-15): three documents, looked at by a reviewer, who approves or refuses with a reason.
//!
//! ```text
//! none ── all documents there ──> submitted ── approve ──> verified
//!                                  ^    └───── refuse ───> refused
//!                                  └── any document sent anew ──┘ (from verified and refused alike)
//! ```
//!
//! Documents are encrypted with the site's key. They are shown to their owner and to reviewers only, with a watermark of
//! whoever looks, when and what for; each look is an entry of the journal before the picture leaves.

mod pages;
mod store;
mod watermark;

#[cfg(test)]
mod tests;

use axum::Router;

pub(crate) use pages::card;

use crate::Platform;

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    pages::router()
}
