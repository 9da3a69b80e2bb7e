//! Who may deliver: gateways by their keys, sites by upload codes.
//!
//! A key is 256 random bits: nobody guesses it. A code is short enough to be read out: four characters that say which code
//! it is, and eight that prove it (40 bits). Wrong proofs close that code for a while, longer each time, and no other; the
//! count is kept in memory, which a restart empties: at ten proofs a restart that costs an attacker nothing gained.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use database::Connection;

use super::store;
use crate::clock::now_ns;
use crate::index::{Index, Result};
use crate::storage::Hash;

/// Characters of codes: without those that are taken for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Characters of a code, without hyphens.
const CODE: usize = 12;
/// Characters that say which code it is.
const CODE_ID: usize = 4;
/// Wrong proofs of one code before it is closed for a while.
const WRONG: u32 = 10;
/// How long at first; each further wrong proof doubles it, up to a day.
const CLOSED: Duration = Duration::from_secs(60);

/// What kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A gateway's key.
    Key,
    /// A site's upload code.
    Code,
}

impl Kind {
    /// The word of the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Code => "code",
        }
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        [Self::Key, Self::Code]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Who may deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name, the tenant's where it is a code.
    pub name: String,
    /// How it proves itself.
    pub kind: Kind,
    /// The four characters that say which code it is, where it is one.
    pub code_id: Option<String>,
    /// Since when, in nanoseconds since 1970 (UTC).
    pub created_ns: i64,
    /// Until when.
    pub revoked_ns: Option<i64>,
    /// The organisation whose the studies become that it delivers.
    pub custodian: Option<i64>,
}

/// Why a secret was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAccepted {
    /// Nobody has it, or not any more.
    Unknown,
    /// Too many wrong ones came before.
    Closed,
}

/// The devices of an archive; clones share the count of wrong codes.
#[derive(Debug, Clone, Default)]
pub struct Devices {
    wrong: Arc<Mutex<HashMap<String, (u32, Instant)>>>,
}

impl Devices {
    /// Lets a new device in, of an organisation where there are any, and gives its secret, which is kept nowhere else. `None`
    /// when the name is taken.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn enroll(
        index: &Index,
        name: &str,
        kind: Kind,
        custodian: Option<i64>,
    ) -> Result<Option<String>> {
        let change = index.begin().await?;
        let secret = Self::enroll_within(&*change, name, kind, custodian, now_ns()).await?;
        change.commit().await?;
        Ok(secret)
    }

    /// As [`Devices::enroll`], in a transaction in which more is written.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn enroll_within(
        connection: &impl Connection,
        name: &str,
        kind: Kind,
        custodian: Option<i64>,
        now_ns: i64,
    ) -> Result<Option<String>> {
        // Without random numbers there are no secrets; systems that have none are not ones to go on with.
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random)
            .map_err(|_| crate::index::Error::Damaged("the system's random source"))?;
        let secret: String = match kind {
            Kind::Key => random.iter().map(|byte| format!("{byte:02x}")).collect(),
            Kind::Code => random[..CODE]
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
                .collect(),
        };
        let device = Device {
            name: name.to_owned(),
            kind,
            code_id: (kind == Kind::Code).then(|| secret[..CODE_ID].to_owned()),
            created_ns: now_ns,
            revoked_ns: None,
            custodian,
        };
        let added = store::add(connection, &device, Hash::of(secret.as_bytes())).await?;
        Ok(added.then(|| match kind {
            Kind::Key => secret,
            Kind::Code => format!("{}-{}-{}", &secret[..4], &secret[4..8], &secret[8..]),
        }))
    }

    /// Ends a device at once; `false` when there is none, or it has ended.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn revoke(index: &Index, name: &str) -> Result<bool> {
        let change = index.begin().await?;
        let revoked = store::revoke(&*change, name, None, now_ns()).await?;
        change.commit().await?;
        Ok(revoked)
    }

    /// As [`Devices::revoke`], of a device of this organisation only.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn revoke_of(index: &Index, custodian: i64, name: &str) -> Result<bool> {
        let change = index.begin().await?;
        let revoked = Self::revoke_within(&*change, custodian, name, now_ns()).await?;
        change.commit().await?;
        Ok(revoked)
    }

    /// As [`Devices::revoke_of`], in a transaction in which more is written.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn revoke_within(
        connection: &impl Connection,
        custodian: i64,
        name: &str,
        now_ns: i64,
    ) -> Result<bool> {
        store::revoke(connection, name, Some(custodian), now_ns).await
    }

    /// Gives all devices by name, those that ended too.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn list(index: &Index) -> Result<Vec<Device>> {
        store::list(index.readers(), None).await
    }

    /// As [`Devices::list`], those of an organisation.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn list_of(index: &Index, custodian: i64) -> Result<Vec<Device>> {
        Self::list_within(index.readers(), custodian).await
    }

    /// As [`Devices::list_of`], over a connection.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn list_within(connection: &impl Connection, custodian: i64) -> Result<Vec<Device>> {
        store::list(connection, Some(custodian)).await
    }

    /// Gives the device with a name, also one that ended.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn named(index: &Index, name: &str) -> Result<Option<Device>> {
        store::named(index, name).await
    }

    /// Who shows a secret. Asked anew for each request: who was revoked is out.
    pub(super) async fn accept(
        &self,
        index: &Index,
        shown: &str,
    ) -> Result<std::result::Result<Device, NotAccepted>> {
        let code = code(shown);
        if let Some(code) = &code
            && self.is_closed(&code[..CODE_ID])
        {
            return Ok(Err(NotAccepted::Closed));
        }
        let secret = Hash::of(code.as_deref().unwrap_or(shown).as_bytes());
        if let Some(device) = store::of_secret(index, secret).await?
            && device.revoked_ns.is_none()
        {
            return Ok(Ok(device));
        }
        // Only codes that exist are counted: the memory for it is bounded by their number.
        if let Some(code) = code
            && store::of_code(index, &code[..CODE_ID]).await?.is_some()
        {
            self.count_wrong(&code[..CODE_ID]);
        }
        Ok(Err(NotAccepted::Unknown))
    }

    fn is_closed(&self, code_id: &str) -> bool {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong
            .get(code_id)
            .is_some_and(|(_, until)| *until > Instant::now())
    }

    fn count_wrong(&self, code_id: &str) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, until) = wrong.entry(code_id.to_owned()).or_insert((0, Instant::now()));
        *count += 1;
        if *count >= WRONG {
            *until = Instant::now() + CLOSED * (1 << (*count - WRONG).min(10));
        }
    }
}

/// A code as it is kept: people write it with or without hyphens, in either case.
fn code(shown: &str) -> Option<String> {
    if shown.len() > 2 * CODE {
        return None;
    }
    let plain: String = shown
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let is_code = plain.len() == CODE && plain.bytes().all(|byte| ALPHABET.contains(&byte));
    is_code.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::tests::on_both;

    #[tokio::test]
    async fn a_device_is_let_in_until_it_is_revoked() {
        on_both(async |index| {
            let devices = Devices::default();
            for (name, kind) in [("ward", Kind::Key), ("clinic", Kind::Code)] {
                let secret = Devices::enroll(&index, name, kind, None).await.unwrap().unwrap();
                assert_eq!(Devices::enroll(&index, name, kind, None).await.unwrap(), None);
                let accepted = devices.accept(&index, &secret).await.unwrap();
                assert_eq!(accepted.map(|device| device.name), Ok(name.to_owned()));
                assert!(Devices::revoke(&index, name).await.unwrap());
                assert!(!Devices::revoke(&index, name).await.unwrap());
                let accepted = devices.accept(&index, &secret).await.unwrap();
                assert_eq!(accepted, Err(NotAccepted::Unknown));
            }
            assert_eq!(Devices::list(&index).await.unwrap().len(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn guessing_closes_the_code_that_is_guessed_at_and_no_other() {
        on_both(async |index| {
            let devices = Devices::default();
            let [guessed, other] = ["a", "b"];
            let guessed = Devices::enroll(&index, guessed, Kind::Code, None)
                .await
                .unwrap()
                .unwrap();
            let other = Devices::enroll(&index, other, Kind::Code, None)
                .await
                .unwrap()
                .unwrap();
            let lower = guessed.to_lowercase().replace('-', " ");
            assert!(
                devices.accept(&index, &lower).await.unwrap().is_ok(),
                "however it is written"
            );
            for number in 0..WRONG {
                let last = char::from(ALPHABET[number as usize]);
                let guess = format!("{}-2222-222{last}", &guessed[..4]);
                assert_eq!(
                    devices.accept(&index, &guess).await.unwrap(),
                    Err(NotAccepted::Unknown)
                );
            }
            assert_eq!(
                devices.accept(&index, &guessed).await.unwrap(),
                Err(NotAccepted::Closed)
            );
            assert!(devices.accept(&index, &other).await.unwrap().is_ok());
            // Codes that nobody has take no memory.
            devices
                .accept(&index, "ZZZZ-ZZZZ-ZZZZ")
                .await
                .unwrap()
                .unwrap_err();
            assert_eq!(devices.wrong.lock().unwrap().len(), 1);
        })
        .await;
    }
}
