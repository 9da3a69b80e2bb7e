//! The key by which push services know the site (RFC 8292: VAPID): ECDSA on P-256 with SHA-256. A browser gives its address
//! for this key alone, so it is made once, at the first start.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use database::{Database, Writer};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::store;
use crate::clock::SECOND_NS;
use crate::secrets::SiteKey;
use crate::{Error, Result};

/// What it is encrypted for.
const PURPOSE: &str = "push key";
/// How long what is signed holds; at most a day (RFC 8292 2).
const HOLDS_S: i64 = 12 * 3600;

/// The key.
pub(crate) struct Key(EcdsaKeyPair);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "push key {}", self.public())
    }
}

impl Key {
    /// Reads the site's key, making it where there is none.
    ///
    /// # Errors
    ///
    /// The database's; a key that cannot be read with the site's key.
    pub(crate) async fn open(
        readers: &Database,
        writer: &Writer,
        site_key: &SiteKey,
        now_ns: i64,
    ) -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let sealed = match store::key(readers).await? {
            Some(sealed) => sealed,
            None => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
                let made = made.ok().context("the system gives no random numbers")?;
                let sealed = site_key.encrypt(made.as_ref(), PURPOSE)?;
                let change = writer.begin().await?;
                if store::add_key(&*change, sealed, now_ns).await? {
                    let entry = journal::Entry::new("push.key-made", "server", now_ns);
                    journal::append(&change, &[entry]).await?;
                }
                // Another node may have been sooner.
                let sealed = store::key(&*change).await?;
                change.commit().await?;
                sealed.context("the key of messages to browsers was not written")?
            }
        };
        let secret = site_key.decrypt(&sealed, PURPOSE)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &secret, &random);
        let pair = pair
            .ok()
            .context("the key of messages to browsers cannot be used")?;
        Ok(Self(pair))
    }

    /// The public key, as browsers and push services are given it.
    pub(crate) fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref())
    }

    /// What is shown to a push service with a message (RFC 8292 3): its origin, until when it holds, who can be asked.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] without random numbers.
    pub(super) fn authorization(&self, origin: &str, contact: Option<&str>, now_ns: i64) -> Result<String> {
        let mut claims = json!({ "aud": origin, "exp": now_ns / SECOND_NS + HOLDS_S });
        if let Some(contact) = contact {
            claims["sub"] = contact.into();
        }
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| Error::internal("a message to a browser cannot be signed"))?;
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        Ok(format!("vapid t={signed}.{signature}, k={}", self.public()))
    }
}
