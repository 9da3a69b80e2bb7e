//! What is encrypted for a browser (RFC 8291): a key is agreed on with the browser's, and one record is sealed under it
//! (`aes128gcm`, RFC 8188).

use p256::{PublicKey, SecretKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use crate::secrets::{mac, random};
use crate::{Error, Result};

/// Bytes of a record at most, which push services take (RFC 8030 7.2).
const RECORD: usize = 4096;
/// Bytes of the header: salt, length of the record, length of the key, key.
const HEADER: usize = 16 + 4 + 1 + 65;
/// Bytes of a text at most: beside it a record holds the end of the padding, and a tag of 16.
pub(super) const LONGEST: usize = RECORD - HEADER - 17;

/// What a browser gives of itself, so that it alone reads what it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recipient {
    /// Where messages to it are posted.
    pub(crate) endpoint: String,
    /// Its public key: an uncompressed point of P-256.
    pub(crate) public: Vec<u8>,
    /// A secret of 16 bytes that it shares with the site.
    pub(crate) auth: Vec<u8>,
}

impl Recipient {
    /// Whether the key is one, and the secret as long as it has to be.
    pub(crate) fn is_whole(&self) -> bool {
        self.public.len() == 65 && PublicKey::from_sec1_bytes(&self.public).is_ok() && self.auth.len() == 16
    }

    /// Encrypts a text for it.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] for a text longer than [`LONGEST`], for a key that is none, or without random numbers.
    pub(super) fn encrypt(&self, text: &[u8]) -> Result<Vec<u8>> {
        let wrong = |_| Error::internal("the random numbers are no key of P-256");
        let sender = SecretKey::from_slice(&random::<32>()?).map_err(wrong)?;
        self.encrypt_with(text, &sender, random::<16>()?)
    }

    /// Encrypts under a sender's key and a salt, each of which is used once.
    fn encrypt_with(&self, text: &[u8], sender: &SecretKey, salt: [u8; 16]) -> Result<Vec<u8>> {
        if text.len() > LONGEST {
            return Err(Error::internal("a message to a browser is too long"));
        }
        let recipient = PublicKey::from_sec1_bytes(&self.public);
        let recipient = recipient.map_err(|_| Error::internal("a browser's key is none of P-256"))?;
        let shared = sender.diffie_hellman(&recipient);
        let public = sender.public_key().to_sec1_bytes();
        let ikm = keying(&self.auth, shared.raw_secret_bytes(), &self.public, &public);
        let (key, nonce) = content_key(&salt, &ikm);
        let mut sealed = [text, &[2]].concat();
        let failed = |_| Error::internal("encrypting for a browser failed");
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
            .map_err(failed)?;
        let record = (RECORD as u32).to_be_bytes();
        Ok([&salt[..], &record, &[65], &public, &sealed].concat())
    }
}

/// What the keys of a message are made of (RFC 8291 3.4). Each expansion of HKDF is shorter than a hash: one round of HMAC.
fn keying(auth: &[u8], shared: &[u8], recipient: &[u8], sender: &[u8]) -> Vec<u8> {
    let agreed = mac(auth, shared);
    let info = [b"WebPush: info\0", recipient, sender, &[1]].concat();
    mac(&agreed, &info)
}

/// The key of the content and its nonce (RFC 8188 2.2, 2.3); the first record is the only one.
fn content_key(salt: &[u8], ikm: &[u8]) -> (LessSafeKey, Nonce) {
    let extracted = mac(salt, ikm);
    let key = mac(&extracted, b"Content-Encoding: aes128gcm\0\x01");
    let nonce = mac(&extracted, b"Content-Encoding: nonce\0\x01");
    let key = UnboundKey::new(&AES_128_GCM, &key[..16]).expect("the key has sixteen bytes");
    let nonce = Nonce::try_assume_unique_for_key(&nonce[..12]).expect("the nonce has twelve bytes");
    (LessSafeKey::new(key), nonce)
}

/// Reads what was encrypted for a browser, as the browser does: for tests.
#[cfg(test)]
pub(super) fn decrypt(body: &[u8], secret: &SecretKey, auth: &[u8]) -> Option<Vec<u8>> {
    let (header, sealed) = body.split_at_checked(HEADER)?;
    let record = u32::from_be_bytes(header[16..20].try_into().ok()?);
    if header[20] != 65 || sealed.len() < 17 || sealed.len() > record as usize {
        return None;
    }
    let sender = PublicKey::from_sec1_bytes(&header[21..]).ok()?;
    let public = secret.public_key().to_sec1_bytes();
    let shared = secret.diffie_hellman(&sender);
    let ikm = keying(auth, shared.raw_secret_bytes(), &public, &header[21..]);
    let (key, nonce) = content_key(&header[..16], &ikm);
    let mut sealed = sealed.to_vec();
    let opened = key.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
    let end = opened.iter().rposition(|byte| *byte != 0)?;
    (opened[end] == 2).then(|| opened[..end].to_vec())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// RFC 8291, section 5 and appendix A.
    const TEXT: &[u8] = b"When I grow up, I want to be a watermelon";
    const SENDER: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    const RECIPIENT: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
    const PUBLIC: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
    const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
    const BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
         AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn recipient() -> Recipient {
        Recipient {
            endpoint: String::new(),
            public: bytes(PUBLIC),
            auth: bytes(AUTH),
        }
    }

    #[test]
    fn the_example_of_the_standard_is_encrypted_as_it_says() {
        let sender = SecretKey::from_slice(&bytes(SENDER)).unwrap();
        let salt = bytes(SALT).try_into().unwrap();
        let body = recipient().encrypt_with(TEXT, &sender, salt).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(body), BODY);
    }

    #[test]
    fn the_example_of_the_standard_is_read_as_it_says() {
        let secret = SecretKey::from_slice(&bytes(RECIPIENT)).unwrap();
        assert_eq!(secret.public_key().to_sec1_bytes().to_vec(), bytes(PUBLIC));
        let body = bytes(BODY);
        let read = decrypt(&body, &secret, &bytes(AUTH));
        assert_eq!(read.as_deref(), Some(TEXT));
        // One bit of any byte but those of the record's length makes it nothing.
        for place in (0..body.len()).filter(|place| !(16..20).contains(place)) {
            let mut changed = body.clone();
            changed[place] ^= 1;
            assert_eq!(decrypt(&changed, &secret, &bytes(AUTH)), None, "{place}");
        }
    }

    #[test]
    fn what_is_encrypted_is_read_whatever_its_length_and_differs_each_time() {
        let secret = SecretKey::from_slice(&bytes(RECIPIENT)).unwrap();
        for length in [0, 1, 100, LONGEST] {
            let text = vec![b'a'; length];
            let (first, second) = (
                recipient().encrypt(&text).unwrap(),
                recipient().encrypt(&text).unwrap(),
            );
            assert_ne!(first, second);
            assert!(first.len() <= RECORD, "{}", first.len());
            assert_eq!(decrypt(&first, &secret, &bytes(AUTH)), Some(text));
        }
        assert!(recipient().encrypt(&vec![0; LONGEST + 1]).is_err());
    }

    #[test]
    fn a_browser_gives_a_point_of_the_curve_and_sixteen_bytes() {
        assert!(recipient().is_whole());
        let with = |public: Vec<u8>, auth: Vec<u8>| Recipient {
            public,
            auth,
            ..recipient()
        };
        let mut off = bytes(PUBLIC);
        off[64] ^= 1;
        let compressed = [&[2], &bytes(PUBLIC)[1..33]].concat();
        for wrong in [
            with(off, bytes(AUTH)),
            with(compressed, bytes(AUTH)),
            with(Vec::new(), bytes(AUTH)),
            with(vec![0], bytes(AUTH)),
            with(vec![4; 65], bytes(AUTH)),
            with(bytes(PUBLIC), Vec::new()),
            with(bytes(PUBLIC), vec![0; 17]),
        ] {
            assert!(!wrong.is_whole(), "{wrong:?}");
        }
    }
}
