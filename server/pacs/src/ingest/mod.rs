//! The way in: bytes are received, stored, described, indexed, and only then acknowledged.
//!
//! A kill at any moment loses nothing acknowledged and shows nothing partial: an object is durable in storage before
//! the index speaks of it, and the answer is given after the index's transaction is durable too. What was stored but not
//! indexed was not acknowledged; sent again, it is taken as new. Receiving from a network is its callers' matter.

mod describe;
mod refusals;
mod same;
mod whole;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use describe::Limits;
pub use refusals::{Refusals, Refused};
pub(crate) use same::data_set_start;
pub use whole::{RebuildReport, VerifyReport};

use crate::figures;
use crate::index::{self, Added, Facts, Index, Removals, Sender};
use crate::storage::{self, Hash, ObjectInfo, Staging, Storage};
use database::waiting;

/// Why an object was neither taken nor refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Storage could not take it.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The index could not take it.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// It cannot be told what the sender may.
    #[error(transparent)]
    Permissions(#[from] crate::access::Failed),
    /// Another node removes the same bytes just now.
    #[error("the same object is just being removed; send it again")]
    Removed,
    /// Taking it ended without an answer.
    #[error("the object could not be taken")]
    Interrupted,
}

impl Error {
    /// Whether a disk is full: DIMSE answers 0xA700, HTTP 507.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(
            self,
            Self::Storage(storage::Error::Full) | Self::Index(index::Error::Full)
        )
    }
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an object was refused; nothing of it is kept. Sent again it will be refused again.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The bytes cannot be read as DICOM, or ask for more than the limits allow.
    #[error(transparent)]
    Unreadable(codec::Error),
    /// An attribute without which an object cannot be filed is absent.
    #[error("no {0} in the object")]
    Missing(Tag),
    /// An attribute that must be a UID is none.
    #[error("{0} must be a UID of at most 64 digits and dots")]
    BadUid(Tag),
    /// The object ends before what it announces.
    #[error("the object is cut short: expected at least {expected} bytes, found {found}")]
    Truncated {
        /// Bytes that it announces.
        expected: u64,
        /// Bytes received.
        found: u64,
    },
    /// The object is another than the one that was announced.
    #[error("{0} is not the one that was announced")]
    Unannounced(Tag),
    /// The object is of another study than the one it was sent to.
    #[error("the object is of another study than the one it was sent to")]
    OtherStudy {
        /// Its SOP Class UID.
        sop_class_uid: String,
        /// Its SOP Instance UID.
        sop_uid: String,
    },
    /// The object is of a study that another organisation keeps.
    #[error("the object is of a study that another organisation keeps")]
    OtherCustodian {
        /// Its SOP Class UID.
        sop_class_uid: String,
        /// Its SOP Instance UID.
        sop_uid: String,
    },
    /// The object is larger than is accepted.
    #[error("{what}: at most {limit} bytes are accepted")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit in force.
        limit: u64,
    },
}

/// What became of an object. Only the first three are acknowledgements.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is stored and found from now on.
    Stored(Receipt),
    /// The same data set was stored before, whatever its head; what is stored stays.
    IdenticalDuplicate(Receipt),
    /// Other bytes were stored before under the same SOP Instance UID: both are kept, the first stays visible.
    DifferentDuplicate(Receipt),
    /// Nothing was kept.
    Refused(Reason),
}

impl Outcome {
    /// What was stored, now or before.
    #[must_use]
    pub fn receipt(&self) -> Option<&Receipt> {
        match self {
            Self::Stored(receipt) | Self::IdenticalDuplicate(receipt) | Self::DifferentDuplicate(receipt) => {
                Some(receipt)
            }
            Self::Refused(_) => None,
        }
    }
}

/// What was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// The object.
    pub object: ObjectInfo,
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// SOP Instance UID.
    pub sop_uid: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// Series Instance UID.
    pub series_uid: String,
    /// What was odd about it.
    pub warnings: Vec<codec::Warning>,
}

/// The way in, for any number of senders at once; clones share it.
#[derive(Debug, Clone)]
pub struct Ingest {
    storage: Storage,
    index: Index,
    limits: Limits,
    refusals: Option<Refusals>,
    /// Who sends what nobody else is named for.
    sender: Option<Sender>,
    /// Held shared from an object's file to its row, so that nothing is removed between the two.
    between: Arc<RwLock<()>>,
}

impl Ingest {
    /// Joins a storage and its index.
    ///
    /// # Errors
    ///
    /// [`Error::Index`].
    pub async fn new(storage: Storage, index: Index, limits: Limits) -> Result<Self> {
        storage.not_before(index.last_received_ns().await?);
        Ok(Self {
            storage,
            index,
            limits,
            refusals: None,
            sender: None,
            between: Arc::default(),
        })
    }

    /// Keeps what is refused in a folder, for a person to look at.
    #[must_use]
    pub fn keeping_refused(self, refusals: Refusals) -> Self {
        Self {
            refusals: Some(refusals),
            ..self
        }
    }

    /// Names who sends what nobody else is named for.
    #[must_use]
    pub fn sending_as(self, sender: impl Into<Sender>) -> Self {
        Self {
            sender: Some(sender.into()),
            ..self
        }
    }

    /// Begins to receive an object: a Part 10 file, with preamble and meta information.
    #[must_use]
    pub fn begin(&self) -> Receiving {
        Receiving {
            ingest: self.clone(),
            staging: self.storage.stage(),
            too_large: false,
            announced: Vec::new(),
            study_uid: None,
            sender: self.sender.clone(),
        }
    }

    /// Whether an object belongs to a study of another custodian's, or has the UID of an object in one.
    async fn is_foreign(&self, facts: &Facts, custodian: i64) -> Result<bool> {
        let (study_uid, sop_uid) = (
            facts.value(tags::STUDY_INSTANCE_UID),
            facts.value(tags::SOP_INSTANCE_UID),
        );
        let whose = self.index.custodians(study_uid, sop_uid).await?;
        Ok(whose.iter().any(|known| *known != custodian))
    }

    /// Waits until no object has its file but not its row yet, and keeps it so.
    pub(crate) async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.between.write().await
    }

    /// Keeps files and rows together while it is held: nothing is removed for good meanwhile.
    pub(crate) async fn together(&self) -> RwLockReadGuard<'_, ()> {
        self.between.read().await
    }

    /// Takes an object that is in memory.
    ///
    /// # Errors
    ///
    /// As [`Receiving::finish`].
    pub async fn take(&self, bytes: &[u8]) -> Result<Outcome> {
        let mut receiving = self.begin();
        receiving.write(bytes).await?;
        receiving.finish().await
    }

    /// Gives a stored object of at most `limit_bytes`, verified.
    ///
    /// # Errors
    ///
    /// As [`Storage::read`].
    pub async fn read(&self, hash: Hash, limit_bytes: u64) -> Result<bytes::Bytes> {
        Ok(self.storage.read(hash, limit_bytes).await?)
    }
}

/// An object being received. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Receiving {
    ingest: Ingest,
    staging: Staging,
    too_large: bool,
    announced: Vec<(Tag, String)>,
    study_uid: Option<String>,
    sender: Option<Sender>,
}

impl Receiving {
    /// Refuses an object of another SOP class or instance than was announced.
    #[must_use]
    pub fn announced(mut self, sop_class_uid: &str, sop_instance_uid: &str) -> Self {
        self.announced = vec![
            (tags::SOP_CLASS_UID, sop_class_uid.to_owned()),
            (tags::SOP_INSTANCE_UID, sop_instance_uid.to_owned()),
        ];
        self
    }

    /// Refuses an object of another study.
    #[must_use]
    pub fn of_study(mut self, study_uid: &str) -> Self {
        self.study_uid = Some(study_uid.to_owned());
        self
    }

    /// Names who sends it, as `dimse:AE` or `web:NAME`: then its arrival is an event, in the transaction that makes it
    /// found. Its study becomes the sender's custodian's where it is new, and is refused where it is another's.
    #[must_use]
    pub fn from(mut self, sender: impl Into<Sender>) -> Self {
        self.sender = Some(sender.into());
        self
    }

    /// Takes the next bytes. What is beyond the limit is not written, and the object refused at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.too_large |= self.staging.size() + bytes.len() as u64 > self.ingest.limits.object_bytes;
        if !self.too_large {
            self.staging.write(bytes).await?;
        }
        Ok(())
    }

    /// Ends the object; when this returns an acknowledgement, it survives a loss of power.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`], [`Error::Index`]: not acknowledged; the sender should send it again.
    pub async fn finish(self) -> Result<Outcome> {
        let outcome = waiting::on_one_thread(self.judged()).await;
        let outcome = outcome.unwrap_or(Err(Error::Interrupted));
        figures::ingested(&outcome);
        outcome
    }

    async fn judged(self) -> Result<Outcome> {
        let Self {
            ingest,
            staging,
            too_large,
            announced,
            study_uid,
            sender,
        } = self;
        if too_large {
            return Ok(Outcome::Refused(Reason::TooLarge {
                what: "object",
                limit: ingest.limits.object_bytes,
            }));
        }
        let limits = ingest.limits;
        let mut staged = staging.finish();
        let told = sender.as_ref().map(|sender| sender.actor.clone());
        let refusals = ingest.refusals.clone();
        let described = waiting::run(move || {
            let described = describe::staged(&mut staged, limits);
            if let (Some(refusals), Ok(Err(reason))) = (refusals, &described) {
                let kept = refusals.keep(&mut staged, reason, told.as_deref().unwrap_or("unknown"));
                // It is refused all the same, and its sender told.
                if let Err(error) = kept {
                    tracing::error!(%error, "a refused object is not kept");
                }
            }
            described.map(|described| described.map(|(facts, warnings)| (facts, warnings, staged)))
        });
        let (mut facts, warnings, staged) = match described.await.map_err(|_| Error::Interrupted)?? {
            Ok(described) => described,
            Err(reason) => return Ok(Outcome::Refused(reason)),
        };
        if let Some((tag, _)) = announced.iter().find(|(tag, uid)| facts.value(*tag) != uid) {
            return Ok(Outcome::Refused(Reason::Unannounced(*tag)));
        }
        if study_uid.is_some_and(|uid| facts.value(tags::STUDY_INSTANCE_UID) != uid) {
            return Ok(Outcome::Refused(Reason::OtherStudy {
                sop_class_uid: facts.value(tags::SOP_CLASS_UID).to_owned(),
                sop_uid: facts.value(tags::SOP_INSTANCE_UID).to_owned(),
            }));
        }
        let foreign = |facts: &Facts| {
            Outcome::Refused(Reason::OtherCustodian {
                sop_class_uid: facts.value(tags::SOP_CLASS_UID).to_owned(),
                sop_uid: facts.value(tags::SOP_INSTANCE_UID).to_owned(),
            })
        };
        if let Some(custodian) = sender.as_ref().and_then(|sender| sender.custodian)
            && ingest.is_foreign(&facts, custodian).await?
        {
            return Ok(foreign(&facts));
        }
        let (staged, same) = same::stored(&ingest, &facts, staged).await?;
        if let Some(object) = same {
            facts.object = object;
            return Ok(Outcome::IdenticalDuplicate(receipt(&facts, warnings)));
        }
        let _between = ingest.together().await;
        let before = ingest.index.removals_of(staged.hash()).await?;
        if before.is_some_and(Removals::is_going) {
            return Err(Error::Removed);
        }
        facts.object = ingest.storage.commit(staged).await?.object;
        let receipt = receipt(&facts, warnings);
        let refused = foreign(&facts);
        let added = ingest.index.add_stored(facts, sender, before).await?;
        Ok(match added {
            Added::New => Outcome::Stored(receipt),
            Added::Identical => Outcome::IdenticalDuplicate(receipt),
            Added::Different => Outcome::DifferentDuplicate(receipt),
            // Another custodian's object of this study came in between; without a row this one is not there.
            Added::Foreign => refused,
            Added::Gone => return Err(Error::Removed),
        })
    }
}

fn receipt(facts: &Facts, warnings: Vec<codec::Warning>) -> Receipt {
    let value = |tag| facts.value(tag).to_owned();
    Receipt {
        object: facts.object,
        sop_class_uid: value(tags::SOP_CLASS_UID),
        sop_uid: value(tags::SOP_INSTANCE_UID),
        study_uid: value(tags::STUDY_INSTANCE_UID),
        series_uid: value(tags::SERIES_INSTANCE_UID),
        warnings,
    }
}
