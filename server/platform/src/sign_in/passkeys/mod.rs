//! Passkeys (WebAuthn) as a second factor, beside codes: made on the pages of security, asked for after the password.
//!
//! What authenticators answer is checked by `webauthn-rs`: the site's name, the origin, the challenge, the signature, that
//! the person was verified (a finger, a face, a PIN), and that the counter goes up. A challenge is kept here, is good once,
//! and for one session or one sign-in. Browsers have passkeys in secure contexts only, and for names, not addresses of the
//! network: elsewhere they are not offered, and codes do.

mod ask;
mod pages;
mod store;

#[cfg(test)]
mod authenticator;
#[cfg(test)]
mod tests;

use axum::Router;
use url::{Host, Url};
use webauthn_rs::{Webauthn, WebauthnBuilder};

pub(crate) use ask::{Challenge, ask, is_answer, offer};
pub(crate) use pages::{card, link};
pub(crate) use store::{has_any, remove_all};

use crate::web::Visit;
use crate::{Error, Platform, Result};

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    pages::router()
}

/// What checks answers for this site, as browsers name it; `None` where they have no passkeys.
pub(crate) fn site(visit: &Visit) -> Result<Option<Webauthn>> {
    let Ok(origin) = Url::parse(&visit.address_of_page("/")) else {
        return Ok(None);
    };
    let Some(Host::Domain(name)) = origin.host() else {
        return Ok(None);
    };
    if origin.scheme() != "https" && name != "localhost" {
        return Ok(None);
    }
    let built = WebauthnBuilder::new(name, &origin).and_then(|builder| builder.rp_name("Uptake").build());
    built
        .map(Some)
        .map_err(|error| Error::internal(format_args!("passkeys cannot be checked: {error}")))
}
