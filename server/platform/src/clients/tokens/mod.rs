//! Tokens as they are written and read: access tokens (RFC 9068) and ID tokens (OpenID Connect Core 2), JSON Web Tokens
//! signed with ES256 and nothing else.

pub mod access;
pub mod viewer;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::keys;
use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::{Error, Platform, Result, secrets};

/// How long access tokens and ID tokens hold.
pub const HOLDS_NS: i64 = 10 * MINUTE_NS;
/// How long a viewer's token holds at most: no token holds longer.
pub const LONGEST_NS: i64 = 15 * MINUTE_NS;
/// How far clocks of nodes may differ.
const LEEWAY_S: i64 = 60;
/// Bytes of a token at most.
const MAX_BYTES: usize = 8 * 1024;

const ALGORITHM: &str = "ES256";
const ACCESS_TYPE: &str = "at+jwt";

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: String,
    #[serde(default)]
    kid: String,
    /// Extensions that must be understood: none is.
    #[serde(default, skip_serializing)]
    crit: Option<serde_json::Value>,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The site.
    pub iss: String,
    /// The person, by the account's number; the program, where it asks by itself.
    pub sub: String,
    /// What it is for.
    pub aud: Vec<String>,
    /// Until when, in seconds since 1970.
    pub exp: i64,
    /// Since when.
    pub iat: i64,
    /// Not before.
    pub nbf: i64,
    /// Its number.
    pub jti: String,
    /// The program.
    pub client_id: String,
    /// Words of scopes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The grant that it came of.
    pub sid: String,
    /// The organisation.
    pub organisation: i64,
    /// The one study that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study_uid: Option<String>,
}

/// What an ID token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdClaims {
    /// The site.
    pub iss: String,
    /// The person, by the account's number.
    pub sub: String,
    /// The program.
    pub aud: String,
    /// Until when, in seconds since 1970.
    pub exp: i64,
    /// Since when.
    pub iat: i64,
    /// When the person showed who they are.
    pub auth_time: i64,
    /// How, where it was with a second factor (RFC 8176).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<&'static str>,
    /// What the program wants to find in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The left half of the hash of the access token beside it (OpenID Connect Core 3.1.3.6).
    pub at_hash: String,
    /// The grant.
    pub sid: String,
    /// The person's name, where the program may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Seconds since 1970.
#[must_use]
pub fn seconds(at_ns: i64) -> i64 {
    at_ns.div_euclid(SECOND_NS)
}

/// A new number of a token.
///
/// # Errors
///
/// Where the system gives no random numbers.
pub fn number() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(secrets::random::<16>()?))
}

/// Writes and signs an access token.
///
/// # Errors
///
/// As [`keys::sign`].
pub async fn access(platform: &Platform, claims: &AccessClaims) -> Result<String> {
    signed(platform, ACCESS_TYPE, claims).await
}

/// Writes and signs an ID token.
///
/// # Errors
///
/// As [`keys::sign`].
pub async fn id(platform: &Platform, claims: &IdClaims) -> Result<String> {
    signed(platform, "JWT", claims).await
}

pub(super) async fn signed(platform: &Platform, typ: &str, claims: &impl Serialize) -> Result<String> {
    let claims = json(claims)?;
    keys::sign(platform, |kid| {
        let header = serde_json::json!({ "alg": ALGORITHM, "typ": typ, "kid": kid });
        format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()))
    })
    .await
}

fn json(value: &impl Serialize) -> Result<String> {
    let bytes = serde_json::to_vec(value).map_err(|_| Error::internal("a token cannot be written"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The left half of a token's hash.
#[must_use]
pub fn half_hash(token: &str) -> String {
    use sha2::Digest as _;
    URL_SAFE_NO_PAD.encode(&sha2::Sha256::digest(token)[..16])
}

/// Whether a text looks like a token of ours, so that it is read as one.
#[must_use]
pub fn is_one(text: &str) -> bool {
    text.len() <= MAX_BYTES && text.starts_with("eyJ") && text.split('.').count() == 3
}

/// Reads an access token that is signed with a published key and whose time it is.
///
/// # Errors
///
/// The database's.
pub async fn read(platform: &Platform, token: &str) -> Result<Option<AccessClaims>> {
    let Some((header, claims, signed, signature)) = taken_apart(token) else {
        return Ok(None);
    };
    // What a header names is not chosen from: one algorithm, one type.
    let is_ours =
        header.alg == ALGORITHM && header.typ.eq_ignore_ascii_case(ACCESS_TYPE) && header.crit.is_none();
    if !is_ours {
        return Ok(None);
    }
    let Some(key) = keys::by_kid(platform, &header.kid).await? else {
        return Ok(None);
    };
    if !key.has_signed(signed.as_bytes(), &signature) {
        return Ok(None);
    }
    let claims: Option<AccessClaims> = serde_json::from_slice(&claims).ok();
    let now_s = seconds(platform.clock().now_ns());
    Ok(claims.filter(|claims| {
        let begins = claims.nbf.max(claims.iat);
        now_s < claims.exp && begins <= now_s + LEEWAY_S && claims.exp - claims.iat <= seconds(LONGEST_NS)
    }))
}

/// Header, claims, what is signed, and the signature.
fn taken_apart(token: &str) -> Option<(Header, Vec<u8>, &str, Vec<u8>)> {
    if !is_one(token) {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    let header = serde_json::from_slice(&header).ok()?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    Some((header, claims, signed, signature))
}
