//! Notifications in browsers (ACC-21): to open pages by server-sent events, to browsers without one by Web Push (RFC 8030,
//! RFC 8291, RFC 8292). A person's switch is for both; each browser is switched on by a click in it.
//!
//! ```text
//! notification ── job ── outbox ── push service of the browser ── service worker ── shown
//! ```
//!
//! A push service reads nothing: what it is given is encrypted for the browser. What is shown there names nobody either, for
//! it may be read on a locked screen: that there is something new, and of what kind. A browser is one person's, whoever was
//! signed in there last; signing out takes it away.

mod encryption;
mod key;
mod pages;
mod sender;
mod services;
mod store;

#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;

use axum::Router;

pub(crate) use encryption::Recipient;
pub(crate) use key::Key;
pub(crate) use pages::card;
pub(crate) use sender::{NOT_WANTED, Sender};
pub use services::Service;
pub(crate) use store::{browsers, forget, forget_all, is_reached, is_wanted, signed_in, signed_out, stolen};

use crate::Platform;
use crate::language::Language;

/// The cookie by which a browser is known that has notifications.
pub(crate) const COOKIE: &str = "uptake_push";
/// What becomes of a message whose browser is there no more.
pub(crate) const GONE: &str = "gone";

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    pages::router()
}

/// What kind of notification there is, without a name of anybody: of its words, or of the beginning of them.
pub(crate) fn about(language: Language, kind: &str) -> String {
    let mut kind = kind;
    loop {
        let key = format!("push-about-{kind}");
        if language.has(&key) {
            return language.say(&key).into_owned();
        }
        match kind.rsplit_once('-') {
            Some((shorter, _)) => kind = shorter,
            None => return language.say("push-about-other").into_owned(),
        }
    }
}
