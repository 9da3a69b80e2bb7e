//! What happened in the archive, written in the transaction of the change it records.
//!
//! Events are entries of the [`journal`], among those of others. Whoever reacts to changes (routing, a web page that waits)
//! reads on from the last event it saw: what is committed is seen, in order, also after a crash.

mod store;

use std::future::Future;
use std::pin::Pin;

use database::Transaction;
use dicom_dictionary_std::tags;

use crate::index::{Facts, Result};
use crate::storage::Hash;

pub use store::EventTable;
pub(crate) use store::move_to_journal;

/// A future in a box, for traits that are used through a pointer.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where events go.
pub trait EventSink: std::fmt::Debug + Send + Sync {
    /// Writes events in the transaction of what they record.
    fn record<'a>(&'a self, transaction: &'a Transaction, events: &'a [Event]) -> Boxed<'a, Result<()>>;
}

/// What kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An object was received.
    Stored,
    /// An object was received whose SOP Instance UID another object has; the first stays visible.
    StoredBeside,
    /// A scheduled procedure step was added.
    OrderAdded,
    /// A scheduled procedure step came into another state.
    OrderMoved,
    /// A device reported what it performs or performed.
    Performed,
    /// A storage commitment was reported to who asked for it.
    Committed,
    /// A correction was made.
    Corrected,
    /// A correction was undone.
    CorrectionUndone,
    /// Two patients were merged.
    Merged,
    /// A merge was undone.
    MergeUndone,
    /// A person chose which of several objects with one SOP Instance UID is visible.
    Chosen,
    /// Instances were rejected.
    Rejected,
    /// A rejection was undone.
    RejectionUndone,
    /// An object contradicts what is known of its patient or of its SOP Instance UID.
    ConflictFound,
    /// A person decided a conflict.
    ConflictDecided,
    /// A study was put on legal hold.
    Held,
    /// A legal hold was lifted.
    HoldLifted,
    /// An object is about to be removed for good.
    Removing,
    /// An object was moved to the cold store.
    MovedToCold,
    /// An object was brought back from the cold store.
    RecalledFromCold,
    /// An object's bytes are not what they were.
    Damaged,
    /// A person decided that an object is not sent to a destination.
    DeliveryDropped,
    /// A study was given to another organisation, or to none.
    CustodianSet,
}

impl Kind {
    const ALL: &[(Self, &'static str)] = &[
        (Self::Stored, "stored"),
        (Self::StoredBeside, "stored-beside"),
        (Self::OrderAdded, "order-added"),
        (Self::OrderMoved, "order-moved"),
        (Self::Performed, "performed"),
        (Self::Committed, "committed"),
        (Self::Corrected, "corrected"),
        (Self::CorrectionUndone, "correction-undone"),
        (Self::Merged, "merged"),
        (Self::MergeUndone, "merge-undone"),
        (Self::Chosen, "chosen"),
        (Self::Rejected, "rejected"),
        (Self::RejectionUndone, "rejection-undone"),
        (Self::ConflictFound, "conflict-found"),
        (Self::ConflictDecided, "conflict-decided"),
        (Self::Held, "held"),
        (Self::HoldLifted, "hold-lifted"),
        (Self::Removing, "removing"),
        (Self::MovedToCold, "moved-to-cold"),
        (Self::RecalledFromCold, "recalled-from-cold"),
        (Self::Damaged, "damaged"),
        (Self::DeliveryDropped, "delivery-dropped"),
        (Self::CustodianSet, "custodian-set"),
    ];

    /// The word of the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kind, _)| *kind == self);
        found.expect("every kind has its word").1
    }

    /// Reads [`Kind::as_str`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, word)| *word == text);
        found.map(|(kind, _)| *kind)
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
    /// What.
    pub kind: Kind,
    /// Who did it: `dimse:AE`, `web:NAME`, `gateway:NAME`, `person:12`, `cli`.
    pub actor: String,
    /// Whose matter it is: the custodian of the study.
    pub organisation: Option<i64>,
    /// Study Instance UID.
    pub study_uid: Option<String>,
    /// Series Instance UID.
    pub series_uid: Option<String>,
    /// SOP Instance UID.
    pub sop_uid: Option<String>,
    /// The object.
    pub hash: Option<Hash>,
    /// More, as JSON; never a patient's name or number.
    pub detail: Option<String>,
}

impl Event {
    /// What happened, to nothing in particular yet.
    #[must_use]
    pub fn new(kind: Kind, actor: impl Into<String>, at_ns: i64) -> Self {
        Self {
            at_ns,
            kind,
            actor: actor.into(),
            organisation: None,
            study_uid: None,
            series_uid: None,
            sop_uid: None,
            hash: None,
            detail: None,
        }
    }

    /// What happened to an object.
    #[must_use]
    pub fn of(kind: Kind, actor: &str, facts: &Facts) -> Self {
        let value = |tag| Some(facts.value(tag).to_owned());
        Self {
            organisation: facts.custodian,
            study_uid: value(tags::STUDY_INSTANCE_UID),
            series_uid: value(tags::SERIES_INSTANCE_UID),
            sop_uid: value(tags::SOP_INSTANCE_UID),
            hash: Some(facts.object.hash),
            ..Self::new(kind, actor, facts.object.received_ns)
        }
    }
}
