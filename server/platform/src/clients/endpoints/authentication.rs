//! Which program asks, and how it shows that it is the one (RFC 6749 2.3): its secret in HTTP Basic or in the form; of a
//! program that can keep none, its name alone.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::one;
use super::refused::Refused;
use crate::clients::model::Client;
use crate::clients::store;
use crate::secrets;
use crate::web::{Fields, Visit};

/// The program that asks.
///
/// # Errors
///
/// [`Refused::Client`], [`Refused::Request`], [`Refused::TooMany`].
pub async fn client(visit: &Visit, headers: &HeaderMap, fields: &Fields) -> Result<Client, Refused> {
    let (in_form, secret_in_form) = (one(fields, "client_id")?, one(fields, "client_secret")?);
    let basic = match headers.get(header::AUTHORIZATION) {
        None => None,
        Some(value) => Some(
            value
                .to_str()
                .ok()
                .and_then(basic)
                .ok_or(Refused::Client { is_basic: true })?,
        ),
    };
    let refused = Refused::Client {
        is_basic: basic.is_some(),
    };
    let (id, secret) = match &basic {
        // A program shows itself in one way (RFC 6749 2.3).
        Some((id, _)) if secret_in_form.is_some() || in_form.is_some_and(|other| other != id) => {
            return Err(Refused::Request("expected one way of showing which program asks"));
        }
        Some((id, secret)) => (id.as_str(), Some(secret.as_str())),
        None => (in_form.ok_or(refused)?, secret_in_form),
    };
    let found = store::active(visit.platform().readers(), id).await?;
    let number = found.as_ref().map(|found| found.client.id);
    visit.platform().limits().program(number, visit.address())?;
    // Hashes of 256 random bits are compared: how long that takes says nothing about them.
    let secret = secret.filter(|secret| !secret.is_empty()).map(secrets::kept);
    let shows = |client: &Client| match client.is_confidential {
        true => client.secret.is_some() && client.secret == secret,
        false => secret.is_none(),
    };
    match found.map(|found| found.client).filter(shows) {
        Some(client) => Ok(client),
        None => {
            tracing::warn!("a program did not show that it is the one");
            Err(refused)
        }
    }
}

/// The program's name and secret in HTTP Basic; both are written as in forms before (RFC 6749 2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(text.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |text: &str| {
        let pair = format!("x={}", text.replace('&', "%26"));
        let mut parsed = form_urlencoded::parse(pair.as_bytes());
        parsed.next().map(|(_, value)| value.into_owned())
    };
    Some((plain(id)?, plain(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_secret_are_read_as_they_were_written() {
        let header = |text: &str| basic(&format!("Basic {}", STANDARD.encode(text)));
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(header("id:secret"), pair("id", "secret"));
        assert_eq!(header("a%20b:c%3Ad%2B%26e"), pair("a b", "c:d+&e"));
        assert_eq!(header("id:"), pair("id", ""));
        assert_eq!(header("id"), None);
        assert_eq!(basic("Bearer x"), None);
        assert_eq!(basic("Basic ***"), None);
    }
}
