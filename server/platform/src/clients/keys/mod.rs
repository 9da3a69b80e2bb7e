//! The keys that sign tokens: ECDSA on P-256 with SHA-256 (ES256, RFC 7518 3.4).
//!
//! A key is published before it signs, and as long as a token of it may hold: whoever checks tokens by what is published
//! (RFC 7517) never meets a key that is not there. The next key comes after ninety days by itself, or when an administrator
//! asks for it. Keys are encrypted with the site's key.

pub mod store;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use database::Connection;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::tokens::LONGEST_NS;
use crate::clock::{DAY_NS, MINUTE_NS};
use crate::{Error, Platform, Result};

/// How long a key signs.
const SIGNS_NS: i64 = 90 * DAY_NS;
/// How long before it signs a key is published, where it comes by itself.
const LEAD_NS: i64 = DAY_NS;
/// The same, where an administrator asks for it: longer than [`KEPT_S`].
const SHORT_LEAD_NS: i64 = 10 * MINUTE_NS;
/// Seconds that others keep what is published.
pub const KEPT_S: i64 = 300;
/// How much longer than its tokens a key is published: clocks differ.
const LEEWAY_NS: i64 = 5 * MINUTE_NS;

/// A key as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its thumbprint.
    pub kid: String,
    /// The public key: an uncompressed point of the curve.
    pub public: Vec<u8>,
    /// Since when it is there.
    pub created_ns: i64,
    /// From when on it signs.
    pub signs_from_ns: i64,
}

impl Published {
    /// As a JSON Web Key (RFC 7517, RFC 7518 6.2).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let [x, y] = coordinates(&self.public);
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": self.kid })
    }

    /// Whether a signature is of this key.
    #[must_use]
    pub fn has_signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public);
        public.verify(signed, signature).is_ok()
    }
}

fn coordinates(public: &[u8]) -> [String; 2] {
    let half = |from: usize| {
        let bytes = public.get(from..from + 32).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(bytes)
    };
    [half(1), half(33)]
}

/// The thumbprint of a public key (RFC 7638).
fn thumbprint(public: &[u8]) -> String {
    let [x, y] = coordinates(public);
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

/// What a key is encrypted for.
fn purpose(kid: &str) -> String {
    format!("signing key {kid}")
}

/// The keys that are published now, the one that signs first.
///
/// # Errors
///
/// The database's.
pub async fn published(platform: &Platform) -> Result<Vec<Published>> {
    prepare(platform).await?;
    let all = store::all(platform.readers()).await?;
    Ok(published_at(&all, platform.clock().now_ns()))
}

/// Of all keys, the first to sign first, those that are published at a time; the one that signs then is the first.
fn published_at(all: &[Published], now_ns: i64) -> Vec<Published> {
    let mut published: Vec<Published> = Vec::new();
    for (place, key) in all.iter().enumerate() {
        // A key has signed until the next one did.
        let until_ns = all
            .get(place + 1)
            .map(|next| next.signs_from_ns + LONGEST_NS + LEEWAY_NS);
        if until_ns.is_none_or(|until_ns| now_ns < until_ns) {
            published.push(key.clone());
        }
    }
    let signing = published.iter().rposition(|key| key.signs_from_ns <= now_ns);
    if let Some(place) = signing {
        published[..=place].rotate_right(1);
    }
    published
}

/// The key of a signature, where it is published.
///
/// # Errors
///
/// The database's.
pub async fn by_kid(platform: &Platform, kid: &str) -> Result<Option<Published>> {
    let all = store::all(platform.readers()).await?;
    let published = published_at(&all, platform.clock().now_ns());
    Ok(published.into_iter().find(|key| key.kid == kid))
}

/// Signs what is made of the thumbprint of the key; gives it with its signature (RFC 7515 7.1). The first key must be there
/// ([`prepare`]).
///
/// # Errors
///
/// The database's; a key that cannot be read with the site's key.
pub async fn sign(platform: &Platform, signed: impl FnOnce(&str) -> String) -> Result<String> {
    let now_ns = platform.clock().now_ns();
    let (kid, sealed) = store::signing(platform.readers(), now_ns)
        .await?
        .ok_or_else(|| Error::internal("no key signs tokens"))?;
    let secret = platform.key().decrypt(&sealed, &purpose(&kid))?;
    let random = SystemRandom::new();
    let wrong = || Error::internal("a key that signs tokens cannot be used");
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &secret, &random).map_err(|_| wrong())?;
    let text = signed(&kid);
    let signature = pair.sign(&random, text.as_bytes()).map_err(|_| wrong())?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
}

/// Makes the first key where there is none yet: it is asked for before a change begins, because it is one itself.
///
/// # Errors
///
/// The database's.
pub async fn prepare(platform: &Platform) -> Result<()> {
    if store::is_any(platform.readers()).await? {
        return Ok(());
    }
    let change = platform.writer().begin().await?;
    // Another request may have made it meanwhile.
    if !store::is_any(&*change).await? {
        let now_ns = platform.clock().now_ns();
        let kid = make(platform, &*change, now_ns).await?;
        record(&change, "server", &kid, now_ns).await?;
    }
    Ok(change.commit().await?)
}

/// Makes a key that signs from a time on; gives its thumbprint.
async fn make(platform: &Platform, change: &impl Connection, signs_from_ns: i64) -> Result<String> {
    let random = SystemRandom::new();
    let wrong = || Error::internal("the system gives no random numbers");
    let secret =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| wrong())?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, secret.as_ref(), &random)
        .map_err(|_| wrong())?;
    let public = pair.public_key().as_ref().to_vec();
    let kid = thumbprint(&public);
    let sealed = platform.key().encrypt(secret.as_ref(), &purpose(&kid))?;
    let key = Published {
        kid: kid.clone(),
        public,
        created_ns: platform.clock().now_ns(),
        signs_from_ns,
    };
    store::add(change, &key, sealed).await?;
    Ok(kid)
}

async fn record(change: &database::Change, actor: &str, kid: &str, now_ns: i64) -> Result<()> {
    let mut entry = journal::Entry::new("client.key-made", actor, now_ns);
    entry.detail = Some(json!({ "kid": kid }).to_string());
    Ok(journal::append(change, &[entry]).await?)
}

/// Makes the next key within a change, as an administrator asks; gives its thumbprint. Where the next one is published
/// already there is none to make.
///
/// # Errors
///
/// The database's; [`Error::Conflict`] where the next key waits for its time.
pub async fn make_next(platform: &Platform, change: &impl Connection) -> Result<String> {
    let now_ns = platform.clock().now_ns();
    let latest = store::all(change).await?.pop();
    if latest.is_some_and(|key| key.signs_from_ns > now_ns) {
        return Err(Error::Conflict("conflict-key-waits"));
    }
    make(platform, change, now_ns + SHORT_LEAD_NS).await
}

/// Makes the next key where the one that signs has done so long enough, and forgets those that no token needs.
///
/// # Errors
///
/// The database's.
pub async fn rotate_when_due(platform: &Platform) -> Result<()> {
    let now_ns = platform.clock().now_ns();
    let all = store::all(platform.readers()).await?;
    let Some(latest) = all.last() else {
        return Ok(());
    };
    let is_due = now_ns >= latest.signs_from_ns + SIGNS_NS - LEAD_NS;
    let over: Vec<&Published> = all
        .iter()
        .zip(all.iter().skip(1))
        .filter(|(_, next)| now_ns >= next.signs_from_ns + LONGEST_NS + DAY_NS)
        .map(|(key, _)| key)
        .collect();
    if !is_due && over.is_empty() {
        return Ok(());
    }
    let change = platform.writer().begin().await?;
    let seen = store::all(&*change).await?.pop();
    // Another node may have made it meanwhile.
    if is_due && seen.as_ref() == Some(latest) {
        let kid = make(platform, &*change, now_ns + LEAD_NS).await?;
        record(&change, "server", &kid, now_ns).await?;
    }
    for key in over {
        store::remove(&*change, &key.kid).await?;
    }
    Ok(change.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_as_the_standard_says() {
        // The key of RFC 7517 A.1, its thumbprint by Python's hashlib over RFC 7638 3.1's form.
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
        let y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
        let public = [vec![4], decode(x), decode(y)].concat();
        assert_eq!(coordinates(&public), [x, y]);
        assert_eq!(thumbprint(&public), "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
    }

    fn key(kid: &str, signs_from_ns: i64) -> Published {
        Published {
            kid: kid.to_owned(),
            public: Vec::new(),
            created_ns: 0,
            signs_from_ns,
        }
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_until_its_tokens_are_over() {
        let all = [key("a", 0), key("b", DAY_NS), key("c", 3 * DAY_NS)];
        let over = DAY_NS + LONGEST_NS + LEEWAY_NS;
        for (now_ns, expected) in [
            (0, "a b c"),
            (DAY_NS - 1, "a b c"),
            (DAY_NS, "b a c"),
            (over - 1, "b a c"),
            (over, "b c"),
            (3 * DAY_NS, "c b"),
            (9 * DAY_NS, "c"),
        ] {
            let kids: Vec<String> = published_at(&all, now_ns)
                .into_iter()
                .map(|key| key.kid)
                .collect();
            assert_eq!(kids.join(" "), expected, "{now_ns}");
        }
    }
}
