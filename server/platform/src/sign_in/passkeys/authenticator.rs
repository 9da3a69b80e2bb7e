//! An authenticator in software, for tests: it makes keys and signs as one of hardware does (WebAuthn Level 2, 6.3 and
//! 6.5; CTAP2's canonical CBOR), and can be told to do wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A credential, and the browser that it is used in.
#[derive(Clone)]
pub(super) struct Authenticator {
    pub(super) pkcs8: Vec<u8>,
    pub(super) id: Vec<u8>,
    pub(super) counter: u32,
    pub(super) counts: bool,
    pub(super) origin: String,
    pub(super) site: String,
    pub(super) verifies_people: bool,
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The head of a CBOR item: its kind, and its length or value, below 65536.
fn head(kind: u8, value: usize) -> Vec<u8> {
    match value {
        0..24 => vec![kind << 5 | value as u8],
        24..256 => vec![kind << 5 | 24, value as u8],
        _ => vec![kind << 5 | 25, (value >> 8) as u8, value as u8],
    }
}

fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len()), value.to_vec()].concat()
}

fn word(value: &str) -> Vec<u8> {
    [head(3, value.len()), value.as_bytes().to_vec()].concat()
}

impl Authenticator {
    pub(super) fn new(host: &str) -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
        let id = crate::secrets::random::<32>().unwrap();
        Self {
            pkcs8: pkcs8.as_ref().to_vec(),
            id: id.to_vec(),
            counter: 0,
            counts: true,
            origin: format!("https://{host}"),
            site: host.to_owned(),
            verifies_people: true,
        }
    }

    fn key(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8, &SystemRandom::new()).unwrap()
    }

    /// Authenticator data, with the credential where it is a new one.
    fn data(&mut self, is_new: bool) -> Vec<u8> {
        self.counter += u32::from(self.counts);
        let flags = 1 | if self.verifies_people { 4 } else { 0 } | if is_new { 0x40 } else { 0 };
        let mut data = Sha256::digest(self.site.as_bytes()).to_vec();
        data.push(flags);
        data.extend_from_slice(&self.counter.to_be_bytes());
        if is_new {
            let key = self.key();
            let point = key.public_key().as_ref();
            data.extend_from_slice(&[0; 16]);
            data.extend_from_slice(&(self.id.len() as u16).to_be_bytes());
            data.extend_from_slice(&self.id);
            // An elliptic key (2) for ES256 (-7) on P-256 (1).
            data.extend_from_slice(&[0xA5, 1, 2, 3, 0x26, 0x20, 1]);
            data.push(0x21);
            data.extend_from_slice(&bytes(&point[1..33]));
            data.push(0x22);
            data.extend_from_slice(&bytes(&point[33..65]));
        }
        data
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    /// Makes a credential as `navigator.credentials.create` does.
    pub(super) fn create(&mut self, options: &Value) -> String {
        let challenge = options["publicKey"]["challenge"].as_str().unwrap();
        let client_data = self.client_data("webauthn.create", challenge);
        let data = self.data(true);
        let attestation = [
            vec![0xA3],
            word("fmt"),
            word("none"),
            word("attStmt"),
            vec![0xA0],
            word("authData"),
            bytes(&data),
        ]
        .concat();
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "extensions": {},
            "response": { "attestationObject": text(&attestation), "clientDataJSON": text(&client_data), "transports": [] },
        })
        .to_string()
    }

    /// Answers a challenge as `navigator.credentials.get` does.
    pub(super) fn get(&mut self, options: &Value) -> String {
        let challenge = options["publicKey"]["challenge"].as_str().unwrap().to_owned();
        self.answer(&challenge)
    }

    pub(super) fn answer(&mut self, challenge: &str) -> String {
        let client_data = self.client_data("webauthn.get", challenge);
        let data = self.data(false);
        let signed = [data.clone(), Sha256::digest(&client_data).to_vec()].concat();
        let signature = self.key().sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "extensions": {},
            "response": {
                "authenticatorData": text(&data), "clientDataJSON": text(&client_data),
                "signature": text(signature.as_ref()), "userHandle": null,
            },
        })
        .to_string()
    }
}
