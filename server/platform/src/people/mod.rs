//! People: how an account begins (registration with review, an administrator, an invitation), what a person says of
//! themself, how it ends.

mod accounts;
mod email;
mod mobile;
pub mod names;
mod personal;
mod profile;
pub(crate) mod reach;
mod register;
pub mod signature;
pub mod store;
mod verification;

#[cfg(test)]
mod tests;

use axum::Router;

pub(crate) use accounts::state as account_state;
pub(crate) use profile::{DAYS, hours as hours_in_words, shown as profile_page};

pub use signature::{signature_for, why_not_sign};

use crate::Platform;

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    Router::new()
        .merge(register::router())
        .merge(profile::router())
        .merge(accounts::router())
        .merge(personal::router())
        .merge(mobile::router())
        .merge(email::router())
        .merge(verification::router())
        .merge(signature::router())
}
