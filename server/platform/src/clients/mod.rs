//! Programs of third parties: an authorization server of OAuth 2.0 (RFC 6749, as RFC 9700 wants it used today) with the
//! code flow of OpenID Connect, and tokens for viewers of one study.
//!
//! The security administrator lets programs in ([`pages`]), people say what a program may do in their name ([`authorize`],
//! [`consents`]), programs get tokens ([`endpoints`]) that are signed with keys which rotate ([`keys`], [`tokens`]). What a
//! token opens is looked up at each request ([`tokens::access`]): what was taken back, closed or changed holds at once.
//! Which scopes there are is one table ([`model::SCOPES`]).

mod authorize;
mod consents;
mod endpoints;
mod grants;
mod keys;
pub mod model;
mod pages;
pub mod store;
mod tokens;

#[cfg(test)]
mod tests;

use axum::Router;

pub(crate) use consents::card;
pub use endpoints::is_for_programs;
pub(crate) use tokens::access::principal;
pub use tokens::viewer::{Viewing, viewer_token};

use crate::{Platform, Result};

/// The pages and the interfaces of this folder.
pub fn router() -> Router<Platform> {
    Router::new()
        .merge(pages::router())
        .merge(consents::router())
        .merge(authorize::router())
        .merge(endpoints::router())
}

/// Makes the next key where it is time, and removes what is over.
///
/// # Errors
///
/// The database's.
pub(crate) async fn tidy(platform: &Platform) -> Result<()> {
    keys::rotate_when_due(platform).await?;
    grants::store::tidy(platform).await
}
