//! The archive as a provider of DICOM network services: storage, query and retrieval, worklist, performed steps, storage
//! commitment (PS3.4 B, C, F, J, K).
//!
//! ```text
//! dimse::Provider -- StoreRequest, fragments --> store      -> ingest  -> storage, index
//!                 -- Query --------------------> find       -> index
//!                 -- Query --------------------> worklist   -> orders
//!                 -- Query, Planned -----------> retrieve   -> index, storage (verified)
//!                 -- N-CREATE, N-SET, N-GET ---> performed  -> its table, orders
//!                 -- N-ACTION -----------------> commitment -> its table, index, storage; N-EVENT-REPORT
//! ```
//!
//! Who may associate and what each may do is [`applications`]' matter; each request asks once.
//!
//! What is received is kept as the data set came on the wire, behind a preamble and meta information that depend on its
//! identity and transfer syntax only, so that the same data set sent twice is the same object whoever sent it. Objects leave
//! in the transfer syntax they are stored in, or without compression where the peer does not take that.

pub mod applications;
pub(crate) mod commitment;
pub(crate) mod find;
mod performed;
mod retrieve;
mod store;
mod worklist;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use dicom_dictionary_std::{tags, uids};
use dimse::server::{
    Answers, Handler, Incoming, NormalizedOutcome, NormalizedRequest, Planned, Reports, StoreAnswer,
    StoreRequest,
};
use dimse::{CharacterSet, Instance, Outcome, Peer, Status, Supported, Transport};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::access::{self, Action, Authorize, Context, Open, Principal, Question, Refusal, Restriction};
use crate::fast::KeptFrames;
use crate::index::Index;
use crate::ingest::Ingest;
use crate::orders::{OrderSource, OrderTable, text};
use crate::retention::Policy;
use crate::storage::Storage;
use crate::transcode::Transcoder;
use applications::Applications;

pub use dimse::server::Destination;
pub use performed::{PerformedStep, of_study as performed_of_study};

/// Transfer syntaxes in which objects are taken, the preferred first; what a peer prefers decides. All that hold their
/// pixels themselves: what nobody here can decode is kept all the same.
const STORED: &[&str] = &[
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.8.1",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.53",
    "1.2.840.10008.1.2.4.55",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.92",
    "1.2.840.10008.1.2.4.93",
    "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.4.100.1",
    "1.2.840.10008.1.2.4.101",
    "1.2.840.10008.1.2.4.101.1",
    "1.2.840.10008.1.2.4.102",
    "1.2.840.10008.1.2.4.102.1",
    "1.2.840.10008.1.2.4.103",
    "1.2.840.10008.1.2.4.103.1",
    "1.2.840.10008.1.2.4.104",
    "1.2.840.10008.1.2.4.104.1",
    "1.2.840.10008.1.2.4.105",
    "1.2.840.10008.1.2.4.105.1",
    "1.2.840.10008.1.2.4.106",
    "1.2.840.10008.1.2.4.106.1",
    "1.2.840.10008.1.2.4.107",
    "1.2.840.10008.1.2.4.108",
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
];

/// Retrievals whose objects go to a third.
const MOVED: [&str; 2] = [
    uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
    uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
];

/// Transfer syntaxes of queries.
const QUERIED: &[&str] = &["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"];

/// What a provider of the archive supports.
#[must_use]
pub fn supported() -> Supported {
    let classes = [
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
    ];
    let queried = classes.iter().fold(supported_for_storing(), |all, class| {
        let honoured = match *class {
            uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND
            | uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND => find::NEGOTIATED,
            _ => &[1],
        };
        all.class(class, QUERIED).extended(class, honoured)
    });
    let others = [
        uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND,
        uids::MODALITY_PERFORMED_PROCEDURE_STEP,
        uids::MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE,
        uids::STORAGE_COMMITMENT_PUSH_MODEL,
    ];
    others
        .iter()
        .fold(queried, |all, class| all.class(class, QUERIED))
}

/// What a provider supports that takes objects and gives none out.
#[must_use]
pub fn supported_for_storing() -> Supported {
    let verified = Supported::verification().storage(STORED, true);
    verified.preferring(dimse::Preference::Peers)
}

/// The archive behind a provider.
#[derive(Clone)]
pub struct Archive {
    ingest: Ingest,
    index: Index,
    storage: Storage,
    destinations: Arc<HashMap<String, Destination>>,
    ae_title: Arc<str>,
    transcoder: Transcoder,
    orders: Arc<dyn OrderSource>,
    authorize: Arc<dyn Authorize>,
    retention: Policy,
    applications: Option<Applications>,
    tls: Option<TlsConnector>,
    kept_frames: Option<KeptFrames>,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive")
            .field("ae_title", &self.ae_title)
            .finish_non_exhaustive()
    }
}

impl Archive {
    /// An archive that answers as `ae_title` and sends to the destinations that are known by their AE titles.
    ///
    /// Whoever was let into an association may do everything, until [`Archive::with_applications`] says otherwise; its
    /// orders are those of its own table, until [`Archive::with_orders`] does.
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
            orders: Arc::new(OrderTable::new(index.clone())),
            index,
            storage,
            destinations: Arc::new(destinations),
            ae_title: ae_title.into(),
            authorize: Arc::new(Open),
            retention: Policy::default(),
            applications: None,
            tls: None,
            kept_frames: None,
            transcoder: Transcoder::default(),
        }
    }

    /// Asks this list what an application may, where it is reached and which character set it takes.
    #[must_use]
    pub fn with_applications(self, applications: Applications) -> Self {
        Self {
            authorize: Arc::new(applications.clone()),
            applications: Some(applications),
            ..self
        }
    }

    /// Asks somebody else what an application may; the list goes on telling where it is reached and which character set it takes.
    #[must_use]
    pub fn with_authorize(self, authorize: Arc<dyn Authorize>) -> Self {
        Self { authorize, ..self }
    }

    /// Offers the orders of another source to devices.
    #[must_use]
    pub fn with_orders(self, orders: Arc<dyn OrderSource>) -> Self {
        Self { orders, ..self }
    }

    /// Reaches applications that are marked secure over TLS.
    #[must_use]
    pub fn with_tls(self, connector: TlsConnector) -> Self {
        let tls = Some(connector);
        Self { tls, ..self }
    }

    /// Keeps what is made for viewers.
    #[must_use]
    pub fn with_kept_frames(self, kept_frames: KeptFrames) -> Self {
        Self {
            kept_frames: Some(kept_frames),
            ..self
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

    /// What gives objects in other transfer syntaxes.
    #[must_use]
    pub fn transcoder(&self) -> &Transcoder {
        &self.transcoder
    }

    /// What was made for viewers.
    pub(crate) fn kept_frames(&self) -> Option<&KeptFrames> {
        self.kept_frames.as_ref()
    }

    /// The AE title that it answers as.
    #[must_use]
    pub fn ae_title(&self) -> &str {
        &self.ae_title
    }

    /// The one permission check of a request, which records a look: gives the studies that there are for the peer. A study
    /// that is not there is one of which nothing is found.
    async fn may(
        &self,
        peer: &Peer,
        action: Action,
        study_uid: Option<&str>,
        way: &str,
    ) -> Result<Restriction, Outcome> {
        let (who, context) = asking(peer, way);
        let question = Question::new(&who, action, study_uid, &context);
        match access::check(&*self.authorize, &self.index, question).await {
            Err(Refusal::NoSuchStudy) => Ok(Restriction::nothing()),
            judged => judged.map_err(|refusal| refused(&refusal)),
        }
    }

    /// The one permission check of a retrieval, and the record of each study that leaves.
    async fn may_take(
        &self,
        peer: &Peer,
        query: &dimse::server::Query,
        study_uid: Option<&str>,
    ) -> Result<Vec<Planned>, Outcome> {
        let way = if MOVED.contains(&query.sop_class_uid.as_str()) {
            "C-MOVE"
        } else {
            "C-GET"
        };
        let (who, context) = asking(peer, way);
        let question = Question::new(&who, Action::Export, study_uid, &context);
        let within = match access::allowed(&*self.authorize, &self.index, question).await {
            Err(Refusal::NoSuchStudy) => return Ok(Vec::new()),
            judged => judged.map_err(|refusal| refused(&refusal))?,
        };
        let (planned, study_uids) = self.plan(query, within).await?;
        for study_uid in &study_uids {
            let study_uid = Some(study_uid.as_str());
            let noted = access::note_seen(
                &*self.authorize,
                Question {
                    study_uid,
                    ..question
                },
            )
            .await;
            noted.map_err(|error| refused(&error.into()))?;
        }
        Ok(planned)
    }

    /// The character set that a peer takes.
    fn character_set(&self, peer: &Peer) -> CharacterSet {
        let application = self.applications.as_ref().and_then(|all| all.get(&peer.ae_title));
        application.map_or_else(CharacterSet::default, |application| application.character_set)
    }

    fn destination_of(&self, ae_title: &str) -> Option<Destination> {
        let listed = self
            .applications
            .as_ref()
            .and_then(|all| all.destination(ae_title));
        listed.or_else(|| self.destinations.get(ae_title).cloned())
    }

    /// Connects to a destination, over TLS where the list says so: never in the clear instead.
    async fn open_stream(&self, destination: &Destination) -> io::Result<Box<dyn Transport>> {
        let listed = self
            .applications
            .as_ref()
            .and_then(|all| all.get(&destination.ae_title));
        let stream = TcpStream::connect(&destination.address).await?;
        dimse::transport::prepare(&stream)?;
        if !listed.is_some_and(|application| application.is_secure) {
            return Ok(Box::new(stream));
        }
        let tls = self
            .tls
            .as_ref()
            .ok_or_else(|| io::Error::other("no TLS is configured"))?;
        let host = destination.address.rsplit_once(':').map_or("", |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        Ok(Box::new(tls.connect(name, stream).await?))
    }
}

/// The one study that an identifier names.
fn study_of(query: &dimse::server::Query) -> Option<String> {
    let study_uid = text(&query.identifier, tags::STUDY_INSTANCE_UID);
    Some(study_uid).filter(|uid| !uid.is_empty() && !uid.contains(['\\', '*', '?']))
}

/// Who asks, and from where.
fn asking(peer: &Peer, way: &str) -> (Principal, Context) {
    let address = peer.address.map(|address| address.ip());
    let who = Principal::Application(peer.ae_title.clone());
    (who, Context::from(address).by(way))
}

fn refused(refusal: &Refusal) -> Outcome {
    match refusal {
        Refusal::NotAllowed | Refusal::NoSuchStudy => Outcome::new(Status::NOT_AUTHORIZED, "not allowed"),
        Refusal::Failed(_) | Refusal::Index(_) => {
            tracing::error!(error = %refusal, "a request is refused");
            Outcome::new(Status::PROCESSING_FAILURE, "the archive cannot answer now")
        }
    }
}

impl Handler for Archive {
    async fn store(&self, peer: &Peer, request: &StoreRequest, data: &mut Incoming<'_>) -> StoreAnswer {
        match self.may(peer, Action::Store, None, "C-STORE").await {
            Ok(_) => self.take(peer, request, data).await,
            Err(outcome) => outcome.into(),
        }
    }

    async fn find(&self, peer: &Peer, query: &dimse::server::Query, answers: &Answers) -> Outcome {
        let is_worklist = query.sop_class_uid == uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND;
        let named = study_of(query);
        let study_uid = named.as_deref().filter(|_| !is_worklist);
        let within = match self.may(peer, Action::Find, study_uid, "C-FIND").await {
            Ok(within) => within,
            Err(outcome) => return outcome,
        };
        let set = self.character_set(peer);
        if is_worklist {
            self.scheduled(query, answers, set, within).await
        } else {
            self.answer(peer, query, answers, set, within).await
        }
    }

    async fn retrieve(&self, peer: &Peer, query: &dimse::server::Query) -> Result<Vec<Planned>, Outcome> {
        self.may_take(peer, query, study_of(query).as_deref()).await
    }

    async fn open(&self, planned: &Planned, transfer_syntax_uid: &str) -> Result<Instance, Outcome> {
        self.instance(planned, transfer_syntax_uid).await
    }

    async fn destination(&self, _peer: &Peer, ae_title: &str) -> Option<Destination> {
        self.destination_of(ae_title)
    }

    async fn connect(&self, destination: &Destination) -> io::Result<Box<dyn Transport>> {
        self.open_stream(destination).await
    }

    async fn normalized(
        &self,
        peer: &Peer,
        request: NormalizedRequest,
        reports: &Reports,
    ) -> NormalizedOutcome {
        let action = match request.sop_class_uid.as_str() {
            uids::STORAGE_COMMITMENT_PUSH_MODEL => Action::Store,
            _ => Action::Schedule,
        };
        let within = match self.may(peer, action, None, "DIMSE-N").await {
            Ok(within) => within,
            Err(outcome) => return outcome.into(),
        };
        match request.sop_class_uid.as_str() {
            uids::MODALITY_PERFORMED_PROCEDURE_STEP | uids::MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE => {
                let actor = Principal::Application(peer.ae_title.clone()).actor();
                let mut answer = self.performed(&actor, request, &within).await;
                let set = self.character_set(peer);
                answer.data_set = answer.data_set.map(|shown| set.apply(&shown));
                answer
            }
            uids::STORAGE_COMMITMENT_PUSH_MODEL => self.asked_to_commit(peer, request, reports).await,
            _ => Status::CLASS_NOT_SUPPORTED.into(),
        }
    }
}
