//! Pictures that people send: their own, a logo, signatures, documents. What is kept is never what was sent, but a picture
//! made anew of its pixels ([`picture`]); documents are encrypted with the site's key ([`store`]).

mod pages;
pub mod picture;
pub mod store;

#[cfg(test)]
pub(crate) mod tests;

use axum::Router;

pub(crate) use pages::{answer, avatar_card, made, organisation_cards, own_organisation};
pub use picture::{Made, Pictures, Shape};
pub use store::{Kind, Owner, Stored};

use crate::Platform;

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    pages::router()
}

/// What a browser offers to choose from.
pub(crate) const ACCEPT: &str = "image/png,image/jpeg";
