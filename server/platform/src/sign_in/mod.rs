//! Signing in and out: password, captcha at a new address, lock-out, second factor, remembered browsers, forgotten passwords.
//!
//! ```text
//! mobile, password ── address new? captcha ── account or address locked? ── password ── state, hours ── second factor? ── session
//! ```
//!
//! A wrong captcha never reaches the password; an account that is not there takes as long, and says the same, as a wrong
//! password. A session's token is always new (nothing that a browser brings becomes a session).

pub mod attempts;
mod begin;
pub mod captcha;
pub(crate) mod code;
mod code_pages;
mod forgotten;
pub mod one_time;
mod pages;
pub(crate) mod passkeys;
pub mod password;
mod password_pages;
mod phone;
pub mod second_factor;
pub mod wechat;

#[cfg(test)]
mod code_tests;
#[cfg(test)]
mod phone_tests;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::http::HeaderMap;

pub(crate) use code_pages::{about_code, code_field, number_page};
pub(crate) use pages::{captcha_field, captcha_is_right, new_captcha};
pub(crate) use password_pages::{fields as new_password_fields, read as read_new_password};

use crate::people::store::Account;
use crate::web::{Change, Done, Visit};
use crate::{Platform, Result};

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    Router::new()
        .merge(pages::router())
        .merge(password_pages::router())
        .merge(forgotten::router())
        .merge(code_pages::router())
        .merge(second_factor::router())
        .merge(passkeys::router())
        .merge(phone::router())
        .merge(wechat::router())
}

/// Begins the session of somebody who has just registered.
pub(crate) async fn enter(
    change: Change,
    visit: &Visit,
    headers: &HeaderMap,
    account: &Account,
) -> Result<Done> {
    begin::session(change, visit, headers, account, &begin::Way::default()).await
}

/// A page of this site that was asked for before signing in; anything else is the first page.
#[must_use]
pub fn local_path(text: &str) -> &str {
    let is_local =
        text.starts_with('/') && !text.starts_with("//") && !text.contains(['\\', '\r', '\n', '\t']);
    if is_local { text } else { "/" }
}
