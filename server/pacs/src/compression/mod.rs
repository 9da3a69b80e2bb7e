//! What came in uncompressed is kept compressed without loss, where the configuration says so.
//!
//! An object is received and acknowledged as it is. Later it gets a compressed form (see [`crate::storage`]), but only one that
//! is smaller, decodes to the same pixels, and gives back exactly the received bytes: both are tried before it is stored. Then a
//! row says so, and only then the received bytes go; a restart goes on from the row, and at every moment one good form is there.
//! The object's name stays the hash of the received bytes and its rows stay what they are, so duplicates, corrections, exports
//! and a rebuilt index see what was received. Objects that came compressed, and those in the colder store, are left alone.

mod store;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use codec::TransferSyntax;
use codec::dataset::{self, PixelKind};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::index::{self, Restriction};
use crate::services::Archive;
use crate::storage::{self, Hash, MAX_PACKED_BYTES, pack, unpack};
use crate::transcode::{self, Limits, transcode};
use store::Object;

/// The transfer syntaxes of objects that are compressed.
const PLAIN: [TransferSyntax; 2] = [
    TransferSyntax::ImplicitLittleEndian,
    TransferSyntax::ExplicitLittleEndian,
];

/// Objects looked at in one turn.
const AT_ONCE: u32 = 200;
/// How long nothing is looked for when nothing was due.
const PAUSE: Duration = Duration::from_secs(30);

/// How an object is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// In the bytes that were received.
    #[default]
    AsReceived,
    /// In JPEG-LS.
    JpegLs,
    /// In JPEG 2000.
    #[serde(rename = "jpeg-2000")]
    Jpeg2000,
    /// In High-Throughput JPEG 2000.
    Htj2k,
    /// In RLE.
    Rle,
    /// In JPEG Lossless, selection value 1.
    JpegLossless,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AsReceived,
        Self::JpegLs,
        Self::Jpeg2000,
        Self::Htj2k,
        Self::Rle,
        Self::JpegLossless,
    ];

    /// The transfer syntax that loses nothing; none for the received one.
    #[must_use]
    pub fn transfer_syntax(self) -> Option<TransferSyntax> {
        match self {
            Self::AsReceived => None,
            Self::JpegLs => Some(TransferSyntax::JpegLsLossless),
            Self::Jpeg2000 => Some(TransferSyntax::Jpeg2000Lossless),
            Self::Htj2k => Some(TransferSyntax::Htj2kLossless),
            Self::Rle => Some(TransferSyntax::RleLossless),
            Self::JpegLossless => Some(TransferSyntax::JpegLosslessFirstOrder),
        }
    }
}

/// How objects are kept that come uncompressed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// How, unless the modality says otherwise.
    pub kept: Kept,
    /// Those of some modalities.
    pub by_modality: BTreeMap<String, Kept>,
    /// How long an object has been there before it is looked at.
    pub quiet: Duration,
}

impl Policy {
    /// Whether anything is to be compressed.
    #[must_use]
    pub fn is_any(&self) -> bool {
        let all = self.by_modality.values().chain([&self.kept]);
        all.into_iter().any(|kept| *kept != Kept::AsReceived)
    }
}

/// Why objects were not compressed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// A store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What one round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// Objects that lie in a compressed form now.
    pub objects: u64,
    /// Bytes of them as they were received.
    pub received_bytes: u64,
    /// Bytes of their compressed forms.
    pub stored_bytes: u64,
    /// Objects that stay as they are.
    pub left: u64,
    /// The last row looked at; none when nothing was due.
    last: Option<i64>,
}

/// The steps of an object; a kill can come between any two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Stored,
    Recorded,
    Removed,
    Settled,
}

/// Compresses objects of an archive.
#[derive(Debug, Clone)]
pub struct Compressor {
    archive: Archive,
    policy: Policy,
    /// Where the tests end.
    last: Step,
}

impl Compressor {
    /// Compresses by a policy.
    #[must_use]
    pub fn new(archive: Archive, policy: Policy) -> Self {
        Self {
            archive,
            policy,
            last: Step::Settled,
        }
    }

    /// Finishes what a crash cut off: to be called at the start, whatever the policy is now.
    ///
    /// # Errors
    ///
    /// [`Error::Index`], [`Error::Storage`].
    pub async fn resume(&self) -> Result<()> {
        for hash in store::unfinished(self.archive.index()).await? {
            self.leave(hash).await?;
        }
        Ok(())
    }

    /// Looks at objects after the row `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`Error::Index`], [`Error::Storage`] when a disk is full or fails; an object that is damaged is passed over.
    pub async fn round(&self, now_ns: i64, after: i64, limit: u32) -> Result<Round> {
        let mut round = Round::default();
        let quiet_ns = i64::try_from(self.policy.quiet.as_nanos()).unwrap_or(i64::MAX);
        let before_ns = now_ns.saturating_sub(quiet_ns);
        for object in store::due(self.archive.index(), &self.policy, before_ns, after, limit).await? {
            round.last = Some(object.id);
            match self.one(&object, &mut round).await {
                Err(Error::Storage(
                    error @ (storage::Error::Damaged { .. } | storage::Error::NotFound(_)),
                )) => {
                    tracing::error!(object = %object.hash, %error, "an object was not compressed");
                }
                other => other?,
            }
        }
        Ok(round)
    }

    /// Goes on looking at what comes in, while it has its turn: two who move an object about do not meet.
    ///
    /// # Errors
    ///
    /// As [`Compressor::round`].
    pub async fn run(&self, turn: &Mutex<()>) -> Result<()> {
        let mut after = 0;
        loop {
            let round = {
                let _turn = turn.lock().await;
                self.round(crate::clock::now_ns(), after, AT_ONCE).await?
            };
            match round.last {
                Some(last) => after = last,
                None => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn one(&self, object: &Object, round: &mut Round) -> Result<()> {
        let (index, storage) = (self.archive.index(), self.archive.storage().hot());
        let now_ns = crate::clock::now_ns();
        if let Some(packed) = storage.packed(object.hash).await?
            && let Some(to) = TransferSyntax::from_uid(packed.transfer_syntax_uid())
        {
            // Only the row was lost, with the index that it was in.
            let object = Object { to, ..*object };
            store::record(index, &object, packed.size(), now_ns).await?;
            return self.leave(object.hash).await;
        }
        let file = match self.made(object).await? {
            Ok(file) => file,
            Err(reason) => {
                round.left += 1;
                return Ok(store::leave(index, object, &reason, now_ns).await?);
            }
        };
        {
            // What is removed for good meanwhile does not come back.
            let _together = self.archive.ingest().together().await;
            if !index.has_object(object.hash, &Restriction::NONE).await? {
                return Ok(());
            }
            storage
                .commit_packed(object.hash, object.received_ns, &file)
                .await?;
            if self.last == Step::Stored {
                return Ok(());
            }
            store::record(index, object, file.len() as u64, now_ns).await?;
        }
        if self.last == Step::Recorded {
            return Ok(());
        }
        round.objects += 1;
        round.received_bytes += object.size;
        round.stored_bytes += file.len() as u64;
        self.leave(object.hash).await
    }

    /// Makes the compressed form, or says why there is none.
    async fn made(&self, object: &Object) -> Result<std::result::Result<Vec<u8>, String>> {
        if object.size > MAX_PACKED_BYTES {
            return Ok(Err(format!(
                "expected at most {MAX_PACKED_BYTES} bytes, found {}",
                object.size
            )));
        }
        let bytes = self
            .archive
            .storage()
            .hot()
            .read(object.hash, MAX_PACKED_BYTES)
            .await?;
        let to = object.to;
        let made = self.archive.transcoder();
        let made = made.run_behind(move || compressed(&bytes, to));
        Ok(match made.await {
            Ok(made) => made,
            Err(error) => Err(error.to_string()),
        })
    }

    /// Removes the received bytes of what has another form. Where that is no longer good it goes instead.
    async fn leave(&self, hash: Hash) -> Result<()> {
        let index = self.archive.index();
        match self.archive.storage().hot().leave_received(hash).await {
            Ok(()) => {}
            Err(error @ (storage::Error::Damaged { .. } | storage::Error::NotFound(_))) => {
                tracing::error!(object = %hash, %error, "an object stays as it was received");
                return Ok(store::forget(index, hash).await?);
            }
            Err(error) => return Err(error.into()),
        }
        if self.last == Step::Removed {
            return Ok(());
        }
        Ok(store::settle(index, hash).await?)
    }
}

/// Makes the compressed form of an object and proves it: the same pixels, and the same bytes again. Gives the reason where
/// there is none.
fn compressed(bytes: &Bytes, to: TransferSyntax) -> std::result::Result<Vec<u8>, String> {
    let tried = catch_unwind(AssertUnwindSafe(|| tried(bytes, to)));
    tried.unwrap_or_else(|_| Err(transcode::Error::Fault.to_string()))
}

fn tried(bytes: &Bytes, to: TransferSyntax) -> std::result::Result<Vec<u8>, String> {
    let limits = Limits::default();
    let words = |error: transcode::Error| error.to_string();
    let object = dataset::read(bytes, limits.data_set).map_err(|error| error.to_string())?;
    let location = object.pixels.as_ref().ok_or("no pixels in the object")?;
    let pixels = location.range.clone();
    // Of a deflated object the places within it are not those of its bytes.
    let is_plain = object
        .transfer_syntax
        .is_some_and(|syntax| PLAIN.contains(&syntax));
    let is_native = is_plain && location.announced == Some(pixels.len() as u64);
    if !is_native || location.kind != PixelKind::Integer {
        return Err("the pixels are not whole numbers without compression".to_owned());
    }
    drop(object);
    let made = transcode(bytes, to, limits).map_err(words)?;
    let file = pack(bytes, pixels, to.uid(), &made);
    if file.len() >= bytes.len() {
        return Err("the compressed form is not smaller".to_owned());
    }
    match unpack(&file) {
        Some(again) if again == bytes[..] => Ok(file),
        _ => Err("the compressed form does not give the received bytes".to_owned()),
    }
}
