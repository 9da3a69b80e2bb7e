//! The archive as a provider of DICOM network services: C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET (PS3.4 B, C).
//!
//! ```text
//! dimse::Provider -- StoreRequest, fragments --> store    -> ingest  -> storage, index
//!                 -- Query --------------------> find     -> index
//!                 -- Query, Planned -----------> retrieve -> index, storage (verified)
//! ```
//!
//! What is received is kept as the data set came on the wire, behind a preamble and meta information that depend on its
//! identity and transfer syntax only, so that the same data set sent twice is the same object whoever sent it. Objects leave
//! in the transfer syntax they are stored in.

mod find;
mod retrieve;
mod store;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use dimse::server::{Answers, Handler, Incoming, Planned, StoreRequest};
use dimse::{Instance, Outcome, Peer, Supported};

use crate::access::Authorize;
use crate::index::Index;
use crate::ingest::Ingest;
use crate::retention::Policy;
use crate::storage::Storage;

pub use dimse::server::Destination;

/// Transfer syntaxes in which objects are taken, the preferred first; what a peer prefers decides.
const STORED: &[&str] = &[
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.4.101",
    "1.2.840.10008.1.2.4.102",
    "1.2.840.10008.1.2.4.103",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
];

/// Transfer syntaxes of queries.
const QUERIED: &[&str] = &["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"];

/// What a provider of the archive supports.
#[must_use]
pub fn supported() -> Supported {
    use dicom_dictionary_std::uids;
    let classes = [
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
    ];
    let verified = Supported::verification().storage(STORED, true);
    let all = classes
        .iter()
        .fold(verified, |all, class| all.class(class, QUERIED));
    all.preferring(dimse::Preference::Peers)
}

/// The archive behind a provider.
#[derive(Debug, Clone)]
pub struct Archive {
    ingest: Ingest,
    index: Index,
    storage: Storage,
    destinations: HashMap<String, Destination>,
    ae_title: String,
    authorize: Option<Arc<dyn Authorize>>,
    retention: Policy,
}

impl Archive {
    /// An archive that answers as `ae_title` and sends to the destinations that are known by their AE titles.
    #[must_use]
    pub fn new(
        ingest: Ingest,
        index: Index,
        storage: Storage,
        ae_title: &str,
        destinations: HashMap<String, Destination>,
    ) -> Self {
        Self {
            ingest,
            index,
            storage,
            destinations,
            ae_title: ae_title.to_owned(),
            authorize: None,
            retention: Policy::default(),
        }
    }

    /// Keeps studies longer than the law wants.
    #[must_use]
    pub fn with_retention(self, retention: Policy) -> Self {
        Self { retention, ..self }
    }

    /// How long studies are kept.
    #[must_use]
    pub fn retention(&self) -> Policy {
        self.retention
    }

    /// Heeds notes of rejection whose senders may reject by these rights; without, no note is heeded.
    #[must_use]
    pub fn with_rights(mut self, authorize: Arc<dyn Authorize>) -> Self {
        self.authorize = Some(authorize);
        self
    }
}

impl Archive {
    /// The way in.
    #[must_use]
    pub fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    /// What there is.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The bytes.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The AE title that it answers as.
    #[must_use]
    pub fn ae_title(&self) -> &str {
        &self.ae_title
    }
}

impl Handler for Archive {
    async fn store(&self, peer: &Peer, request: &StoreRequest, data: &mut Incoming<'_>) -> Outcome {
        self.take(peer, request, data).await
    }

    async fn find(&self, _peer: &Peer, query: &dimse::server::Query, answers: &Answers) -> Outcome {
        self.answer(query, answers).await
    }

    async fn retrieve(&self, _peer: &Peer, query: &dimse::server::Query) -> Result<Vec<Planned>, Outcome> {
        self.plan(query).await
    }

    async fn open(&self, planned: &Planned, _transfer_syntax_uid: &str) -> Result<Instance, Outcome> {
        self.instance(planned).await
    }

    async fn destination(&self, _peer: &Peer, ae_title: &str) -> Option<Destination> {
        self.destinations.get(ae_title).cloned()
    }
}
