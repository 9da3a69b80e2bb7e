//! Random tokens, passwords as they are kept, and what is encrypted with the site's key.

use std::path::Path;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// Fills bytes that nobody can guess.
///
/// # Errors
///
/// [`Error::Internal`] where the system has no random source.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::internal("the system gives no random numbers"))?;
    Ok(bytes)
}

/// A token of 256 random bits, for cookies and links.
///
/// # Errors
///
/// As [`random`].
pub fn token() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// What is kept of a token: looking it up takes as long whatever is known of it.
#[must_use]
pub fn kept(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA256.
pub(crate) fn mac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    ring::hmac::sign(&key, bytes).as_ref().to_vec()
}

/// Digits that people read and type.
///
/// # Errors
///
/// As [`random`].
pub fn digits(count: usize) -> Result<String> {
    let mut text = String::with_capacity(count);
    while text.len() < count {
        for byte in random::<16>()? {
            // 250 is the last multiple of 10: each digit is as likely as the others.
            if byte < 250 && text.len() < count {
                text.push(char::from(b'0' + byte % 10));
            }
        }
    }
    Ok(text)
}

/// A password that fulfils every site's rules, for a first sign-in.
///
/// # Errors
///
/// As [`random`].
pub fn first_password() -> Result<String> {
    // Without those that are taken for one another.
    const SETS: [&[u8]; 4] = [
        b"ABCDEFGHJKLMNPQRSTUVWXYZ",
        b"abcdefghijkmnpqrstuvwxyz",
        b"23456789",
        b"$@&_",
    ];
    let bytes = random::<24>()?;
    let pick = |set: &[u8], byte: u8| char::from(set[usize::from(byte) % set.len()]);
    // Groups of three with one of each set somewhere: 12 characters, some 60 bits.
    let groups = bytes.chunks_exact(2).take(12).enumerate();
    Ok(groups
        .map(|(place, pair)| {
            let set = match place % 4 {
                3 => SETS[usize::from(pair[0]) % 2],
                rest => SETS[rest],
            };
            if place == 11 {
                pick(SETS[3], pair[1])
            } else {
                pick(set, pair[1])
            }
        })
        .collect())
}

/// Makes of a password what is kept (Argon2id, RFC 9106, with the crate's parameters: 19 MiB, 2 passes).
///
/// # Errors
///
/// As [`random`].
pub async fn hash_password(password: String) -> Result<String> {
    let hashed = tokio::task::spawn_blocking(move || {
        let hash = Argon2::default().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string())
    });
    let hashed = hashed.await.map_err(|_| Error::internal("hashing ended"))?;
    hashed.map_err(|_| Error::internal("a password cannot be hashed"))
}

/// Whether a password is the one kept. Without one kept it takes as long.
pub async fn is_password(password: String, kept: Option<String>) -> bool {
    // The hash of nothing that anybody could type.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let compared = tokio::task::spawn_blocking(move || {
        let is_there = kept.is_some();
        let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
        let is_same = PasswordHash::new(&kept).is_ok_and(|kept| {
            Argon2::default()
                .verify_password(password.as_bytes(), &kept)
                .is_ok()
        });
        is_there && is_same
    });
    compared.await.unwrap_or(false)
}

/// The site's key: what must not be read from the database alone is encrypted with it (AES-256-GCM).
#[derive(Clone)]
pub struct SiteKey(std::sync::Arc<LessSafeKey>);

impl std::fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SiteKey")
    }
}

impl SiteKey {
    /// Reads the key's file, making it where there is none.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or written, or that is none of 32 bytes.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        use anyhow::Context as _;
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let made =
                    random::<32>().map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
                journal::heads::write_secret(path, &made)
                    .with_context(|| format!("cannot write the key {}", path.display()))?;
                made.to_vec()
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read the key {}", path.display()));
            }
        };
        let found = bytes.len();
        let key = UnboundKey::new(&AES_256_GCM, &bytes)
            .map_err(|_| anyhow::anyhow!("the key {}: expected 32 bytes, found {found}", path.display()))?;
        Ok(Self(std::sync::Arc::new(LessSafeKey::new(key))))
    }

    /// Encrypts; `what_for` has to be given again to decrypt.
    ///
    /// # Errors
    ///
    /// As [`random`].
    pub fn encrypt(&self, plain: &[u8], what_for: &str) -> Result<Vec<u8>> {
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = plain.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(what_for),
                &mut sealed,
            )
            .map_err(|_| Error::internal("cannot encrypt"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] for what was not encrypted with this key, for this.
    pub fn decrypt(&self, sealed: &[u8], what_for: &str) -> Result<Vec<u8>> {
        let wrong = || Error::internal("what is encrypted cannot be read with the site's key");
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or_else(wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut rest = rest.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(what_for), &mut rest);
        Ok(plain.map_err(|_| wrong())?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_what_is_kept_of_it() {
        let kept = hash_password("Nuclear_1".to_owned()).await.unwrap();
        assert!(kept.starts_with("$argon2id$"));
        assert!(is_password("Nuclear_1".to_owned(), Some(kept.clone())).await);
        assert!(!is_password("Nuclear_2".to_owned(), Some(kept)).await);
        assert!(!is_password(String::new(), None).await);
    }

    #[test]
    fn what_is_encrypted_is_read_with_its_key_for_its_purpose_only() {
        let folder = std::env::temp_dir().join(format!("uptake-key-{}", std::process::id()));
        let key = SiteKey::open(&folder.join("a")).unwrap();
        let sealed = key.encrypt(b"secret", "totp 1").unwrap();
        assert_eq!(
            SiteKey::open(&folder.join("a"))
                .unwrap()
                .decrypt(&sealed, "totp 1")
                .unwrap(),
            b"secret"
        );
        assert!(key.decrypt(&sealed, "totp 2").is_err());
        assert!(
            SiteKey::open(&folder.join("b"))
                .unwrap()
                .decrypt(&sealed, "totp 1")
                .is_err()
        );
        assert!(key.decrypt(&sealed[..5], "totp 1").is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn first_passwords_fulfil_the_rules() {
        for _ in 0..200 {
            let password = first_password().unwrap();
            assert_eq!(crate::sign_in::password::check(&password), Ok(()), "{password}");
        }
    }
}
