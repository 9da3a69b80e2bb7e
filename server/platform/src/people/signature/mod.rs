//! Signatures (ACC-24): a doctor's own, sent as a picture or drawn on a phone, and the fixed ones of a docking and of a
//! hospital. [`signature_for`] says which one stands under a report; [`why_not_sign`] why somebody cannot sign.

mod docking;
mod pages;
mod phone;
mod store;

#[cfg(test)]
mod tests;

use axum::Router;

pub(crate) use pages::card;
pub use store::{Signature, Source, signature_for};

use crate::Platform;
use crate::permissions::Person;

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    Router::new()
        .merge(pages::router())
        .merge(phone::router())
        .merge(docking::router())
}

/// Why a person whose role writes reports cannot sign one: the key of a sentence that says what to do about it.
#[must_use]
pub fn why_not_sign(person: &Person) -> Option<&'static str> {
    match person {
        Person {
            has_second_factor: false,
            ..
        } => Some("why-second-factor"),
        Person {
            is_verified: false, ..
        } => Some("why-unverified"),
        Person {
            has_signature: false, ..
        } => Some("why-no-signature"),
        _ => None,
    }
}
