//! What a provider's owner writes: a [`Handler`], and the requests it gets.

use std::future::{Future, ready};
use std::pin::Pin;

use bytes::Bytes;
use dicom_core::Tag;
use dicom_object::InMemDicomObject;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::association::Association;
use crate::negotiation::Peer;
use crate::status::{Outcome, Status};
use crate::transport::{Transport, prepare};
use crate::{Error, Instance, Result};

/// Answers requests. Methods not written answer that the SOP class is not supported.
///
/// A handler's future is dropped when its peer goes away. A panic ends the association of that request only.
pub trait Handler: Send + Sync + 'static {
    /// C-ECHO.
    fn echo(&self, _peer: &Peer) -> impl Future<Output = Outcome> + Send {
        ready(Status::SUCCESS.into())
    }

    /// C-STORE: takes the data set from `data` and answers when it is safe.
    ///
    /// What it leaves unread is read and dropped. An answer of success to a data set that did not come whole is
    /// never sent: the association is gone by then, so a store must not keep data before `data` ended with `None`.
    ///
    /// With [`StoreAnswer::Later`] the peer's next data set is read meanwhile, where it may send one before the answer
    /// ([`crate::Limits::outstanding`]).
    fn store(
        &self,
        _peer: &Peer,
        _request: &StoreRequest,
        _data: &mut Incoming<'_>,
    ) -> impl Future<Output = StoreAnswer> + Send {
        ready(Status::CLASS_NOT_SUPPORTED.into())
    }

    /// C-FIND: sends matches through `answers` and gives the final status.
    fn find(&self, _peer: &Peer, _query: &Query, _answers: &Answers) -> impl Future<Output = Outcome> + Send {
        ready(Status::CLASS_NOT_SUPPORTED.into())
    }

    /// C-MOVE and C-GET: says which instances match; none is a success too.
    fn retrieve(
        &self,
        _peer: &Peer,
        _query: &Query,
    ) -> impl Future<Output = Result<Vec<Planned>, Outcome>> + Send {
        ready(Err(Status::CLASS_NOT_SUPPORTED.into()))
    }

    /// Opens a planned instance in one of the transfer syntaxes it was planned in.
    fn open(
        &self,
        _planned: &Planned,
        _transfer_syntax_uid: &str,
    ) -> impl Future<Output = Result<Instance, Outcome>> + Send {
        ready(Err(Status::CANNOT_UNDERSTAND.into()))
    }

    /// Where a C-MOVE's destination is; `None` answers 0xA801.
    fn destination(&self, _peer: &Peer, _ae_title: &str) -> impl Future<Output = Option<Destination>> + Send {
        ready(None)
    }

    /// Opens the stream to a C-MOVE's destination: TCP, unless the owner has another way, as TLS.
    fn connect(
        &self,
        destination: &Destination,
    ) -> impl Future<Output = std::io::Result<Box<dyn Transport>>> + Send {
        let address = destination.address.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            prepare(&stream)?;
            Ok(Box::new(stream) as Box<dyn Transport>)
        }
    }

    /// N-CREATE, N-SET, N-GET, N-ACTION, N-EVENT-REPORT and N-DELETE.
    ///
    /// `reports` sends N-EVENT-REPORTs on the same association as long as it stands, after this is answered.
    fn normalized(
        &self,
        _peer: &Peer,
        _request: NormalizedRequest,
        _reports: &Reports,
    ) -> impl Future<Output = NormalizedOutcome> + Send {
        ready(Status::CLASS_NOT_SUPPORTED.into())
    }
}

/// What a C-STORE brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreRequest {
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// How the data set is encoded.
    pub transfer_syntax_uid: String,
    /// AE title and message of the C-MOVE behind it.
    pub move_originator: Option<(String, u16)>,
}

/// The answer to a C-STORE whose data set has come.
pub enum StoreAnswer {
    /// It is known.
    Now(Outcome),
    /// It is being made safe; dropped when the peer goes away.
    Later(Pin<Box<dyn Future<Output = Outcome> + Send>>),
}

impl StoreAnswer {
    /// Waits for it.
    pub async fn outcome(self) -> Outcome {
        match self {
            Self::Now(outcome) => outcome,
            Self::Later(outcome) => outcome.await,
        }
    }
}

impl std::fmt::Debug for StoreAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Now(outcome) => write!(f, "Now({outcome:?})"),
            Self::Later(_) => write!(f, "Later"),
        }
    }
}

impl From<Outcome> for StoreAnswer {
    fn from(outcome: Outcome) -> Self {
        Self::Now(outcome)
    }
}

impl From<Status> for StoreAnswer {
    fn from(status: Status) -> Self {
        Self::Now(status.into())
    }
}

/// The data set of a C-STORE, as it comes.
pub struct Incoming<'a> {
    pub(crate) association: &'a mut Association,
    pub(crate) received: u64,
    pub(crate) failure: Option<Error>,
    pub(crate) is_too_large: bool,
}

impl std::fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Incoming({} bytes so far)", self.received)
    }
}

/// The data set will not come whole; the association ends, or the message is refused as too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the rest of a data set, found none")]
pub struct Interrupted;

impl Incoming<'_> {
    /// The next bytes; `None` at the data set's end.
    ///
    /// # Errors
    ///
    /// [`Interrupted`] when the peer stalls, aborts, sends something else or more than
    /// [`crate::Limits::store_bytes`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, Interrupted> {
        if self.failure.is_some() || self.is_too_large {
            return Err(Interrupted);
        }
        match self.association.next_fragment().await {
            Ok(Some(bytes)) => {
                self.received += bytes.len() as u64;
                if self.received > self.association.wire().limits.store_bytes {
                    self.is_too_large = true;
                    return Err(Interrupted);
                }
                Ok(Some(bytes))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                self.failure = Some(error);
                Err(Interrupted)
            }
        }
    }

    /// Bytes so far.
    pub fn received(&self) -> u64 {
        self.received
    }
}

/// What a C-FIND, C-MOVE or C-GET asks for.
#[derive(Debug, Clone)]
pub struct Query {
    /// The information model, a SOP class.
    pub sop_class_uid: String,
    /// Keys, matching and returned.
    pub identifier: InMemDicomObject,
    /// 0 medium, 1 high, 2 low.
    pub priority: u16,
}

/// Where the matches of a C-FIND go.
#[derive(Debug)]
pub struct Answers {
    pub(crate) sender: mpsc::Sender<(InMemDicomObject, Status)>,
}

/// The peer sent C-CANCEL; the handler's status is not used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled by the peer")]
pub struct Cancelled;

impl Answers {
    /// Sends one match.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when no more are wanted.
    pub async fn send(&self, answer: InMemDicomObject) -> Result<(), Cancelled> {
        self.send_as(answer, Status::PENDING).await
    }

    /// Sends one match with another pending status, as [`Status::PENDING_KEYS_UNSUPPORTED`].
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when no more are wanted.
    pub async fn send_as(&self, answer: InMemDicomObject, status: Status) -> Result<(), Cancelled> {
        self.sender.send((answer, status)).await.map_err(|_| Cancelled)
    }

    /// Whether the peer sent C-CANCEL.
    pub fn is_cancelled(&self) -> bool {
        self.sender.is_closed()
    }
}

/// An instance that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Transfer syntaxes it can be opened in, the best first.
    pub transfer_syntax_uids: Vec<String>,
}

/// Where a C-MOVE sends to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Host and port.
    pub address: String,
    /// AE title that is called.
    pub ae_title: String,
}

/// Sends N-EVENT-REPORTs on an association that the peer opened; clones share it.
#[derive(Debug, Clone)]
pub struct Reports {
    pub(crate) sender: mpsc::Sender<(NormalizedRequest, oneshot::Sender<Outcome>)>,
}

/// The association has ended, or has no context for the report's SOP class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an association that stands, found none")]
pub struct Unreported;

impl Reports {
    /// Sends one report between the peer's requests and gives the peer's answer.
    ///
    /// # Errors
    ///
    /// [`Unreported`] when the association ended before the answer.
    pub async fn send(&self, report: NormalizedRequest) -> Result<Outcome, Unreported> {
        let (answer, answered) = oneshot::channel();
        let sent = self.sender.send((report, answer)).await;
        sent.map_err(|_| Unreported)?;
        answered.await.map_err(|_| Unreported)
    }
}

/// Which N-service is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of PS3.7")]
pub enum Operation {
    Create,
    Set,
    /// With the attributes wanted; none for all.
    Get(Vec<Tag>),
    /// With its Action Type ID.
    Action(u16),
    /// With its Event Type ID.
    EventReport(u16),
    Delete,
}

/// A request of an N-service.
#[derive(Debug, Clone)]
pub struct NormalizedRequest {
    /// What to do.
    pub operation: Operation,
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// SOP Instance UID; N-CREATE may leave it to the provider.
    pub sop_instance_uid: Option<String>,
    /// Attributes, action information or event information.
    pub data_set: Option<InMemDicomObject>,
}

/// The answer of an N-service.
#[derive(Debug, Clone)]
pub struct NormalizedOutcome {
    /// Status and words.
    pub outcome: Outcome,
    /// The instance that N-CREATE made.
    pub sop_instance_uid: Option<String>,
    /// Attributes or a reply.
    pub data_set: Option<InMemDicomObject>,
}

impl From<Outcome> for NormalizedOutcome {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            sop_instance_uid: None,
            data_set: None,
        }
    }
}

impl From<Status> for NormalizedOutcome {
    fn from(status: Status) -> Self {
        Outcome::from(status).into()
    }
}
