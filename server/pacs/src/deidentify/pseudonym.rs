//! New names, numbers, UIDs and days for old ones; the same for the same, under one key.

use std::fmt;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::hash::keyed;
use super::options::Subject;
use super::text;

/// The longest way that dates move, in days.
const MAX_SHIFT_DAYS: u64 = 3650;

/// The secret of one project, 32 random bytes: with it, pseudonyms can be checked against a known patient.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes 32 bytes from a source of randomness fit for secrets.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Makes a secret of 256 random bits.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self(secret))
    }

    /// Reads a secret of 64 hexadecimal digits; `None` for other text.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut secret = [0; 32];
        for (byte, digits) in secret.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(secret))
    }

    /// Gives the UID that replaces `uid` in this project: a UUID in decimal under 2.25 (PS3.5 B.2).
    #[must_use]
    pub fn uid(&self, uid: &str) -> String {
        let hash = keyed(&self.0, &[b"uid", uid.as_bytes()]);
        let mut bytes: [u8; 16] = std::array::from_fn(|at| hash[at]);
        // Version 8 of RFC 9562, made of a hash, and its variant.
        bytes[6] = (bytes[6] & 0x0F) | 0x80;
        bytes[8] = (bytes[8] & 0x3F) | 0x80;
        format!("2.25.{}", u128::from_be_bytes(bytes))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What stands for one patient in one project.
pub(super) struct Pseudonyms<'a> {
    key: &'a Key,
    pub(super) patient_id: String,
    pub(super) patient_name: String,
    /// Days by which dates move back.
    pub(super) shift_days: i64,
}

impl<'a> Pseudonyms<'a> {
    /// Takes who the patient is from the original: Patient ID and its issuer, of an object without ID the study.
    pub(super) fn new(key: &'a Key, original: &InMemDicomObject, subject: Option<&Subject>) -> Self {
        let id = text(original, tags::PATIENT_ID);
        let issuer = text(original, tags::ISSUER_OF_PATIENT_ID);
        let study = if id.is_empty() {
            text(original, tags::STUDY_INSTANCE_UID)
        } else {
            String::new()
        };
        let whom = [id.as_bytes(), issuer.as_bytes(), study.as_bytes()];
        let hash = |purpose: &[u8]| keyed(&key.0, &[purpose, whom[0], whom[1], whom[2]]);
        let code = letters(&hash(b"patient"));
        let days = hash(b"days");
        let days = u64::from_le_bytes(std::array::from_fn(|at| days[at])) % MAX_SHIFT_DAYS + 1;
        Self {
            key,
            patient_id: subject.map_or_else(|| code.clone(), |subject| subject.id.clone()),
            patient_name: subject.map_or(code, |subject| subject.name.clone()),
            shift_days: i64::try_from(days).expect("at most 3650"),
        }
    }

    pub(super) fn uid(&self, uid: &str) -> String {
        self.key.uid(uid)
    }
}

/// Twelve letters and digits, none like another.
fn letters(hash: &[u8; 32]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    hash[..12]
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn uids_are_legal_and_the_keys_own() {
        let (one, other) = (Key::new([1; 32]), Key::new([2; 32]));
        for number in 0..200 {
            let uid = one.uid(&format!("1.2.{number}"));
            assert!(uid.len() <= 64 && uid.starts_with("2.25."), "{uid}");
            assert_eq!(uid, one.uid(&format!("1.2.{number}")));
            assert_ne!(uid, other.uid(&format!("1.2.{number}")));
            assert_ne!(uid, one.uid(&format!("1.2.{}", number + 1)));
        }
    }
}
