//! Who may do what: one question, asked once by every handler of every protocol.
//!
//! The archive knows no people and no organisations, only their numbers. Behind [`Authorize`] stands a file of tokens here, and
//! the server's permissions elsewhere. Whoever may is shown the studies of their [`Restriction`] and no others, and no look is
//! answered before [`Authorize::seen`] has recorded it.

mod check;
mod tokens;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub(crate) use check::{Question, Refusal, allowed, check, note_seen};
pub use tokens::{Error, TokenFile, new_token};

use crate::events::Boxed;
pub use crate::index::{Custody, Restriction};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Principal {
    /// Whoever reaches an archive that was opened to this machine.
    Anyone,
    /// Who holds a token, by its name.
    Token(String),
    /// An application of the hospital's network, by its AE title.
    Application(String),
    /// A gateway, or a site with an upload code, by its name.
    Device(String),
    /// A person, who acts for an organisation.
    Person {
        /// The person's number.
        person: i64,
        /// The organisation's number.
        organisation: i64,
    },
    /// A program that an organisation let in (OAuth 2.0), by itself or in a person's name.
    Client {
        /// Its client identifier.
        id: String,
        /// The organisation's number.
        organisation: i64,
        /// The person in whose name it asks: it may no more than the person.
        person: Option<i64>,
        /// What its token is for: no more than this.
        may: Vec<Action>,
        /// The one study that its token is for; there are no others for it.
        study_uid: Option<String>,
    },
}

impl Principal {
    /// The word for logs and events: `web:NAME`, `dimse:AE`, `gateway:NAME`, `person:12`, `client:ID`; of a program that
    /// asks in a person's name both, the person first: `person:12 client:ID`.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Anyone => "web:open".to_owned(),
            Self::Token(name) => format!("web:{name}"),
            Self::Application(title) => format!("dimse:{title}"),
            Self::Device(name) => format!("gateway:{name}"),
            Self::Person { person, .. } => format!("person:{person}"),
            Self::Client { id, person, .. } => match person {
                Some(person) => format!("person:{person} client:{id}"),
                None => format!("client:{id}"),
            },
        }
    }

    /// The one study that there is for them, where there is one only.
    #[must_use]
    pub fn only_study(&self) -> Option<&str> {
        match self {
            Self::Client { study_uid, .. } => study_uid.as_deref(),
            _ => None,
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// Searching: QIDO-RS, C-FIND.
    Find,
    /// Looking at images: frames, rendered images, metadata, bulk data, what viewers are sent.
    Retrieve,
    /// Taking objects away as files: WADO-RS and WADO-URI as `application/dicom`, zips and discs, C-MOVE, C-GET.
    Export,
    /// Adding objects: STOW-RS, uploads.
    Store,
    /// Adding and changing scheduled procedure steps.
    Schedule,
    /// Correcting, merging, rejecting, holding.
    Correct,
    /// Delivering as a gateway.
    Deliver,
    /// Reading the state of the service: metrics, routes, deliveries.
    Watch,
}

impl Action {
    /// Whether somebody sees of patients by it, so that it is recorded.
    #[must_use]
    pub fn is_look(self) -> bool {
        matches!(self, Self::Find | Self::Retrieve | Self::Export)
    }
}

/// Where and how something was asked, for the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// Where it was asked from.
    pub address: Option<IpAddr>,
    /// The request, as the log names it.
    pub request: Option<String>,
    /// What was asked: `GET /dicom-web/studies/{study}`, `C-FIND`; never what stands in an address.
    pub way: Option<String>,
}

impl Context {
    /// Asked from this address.
    #[must_use]
    pub fn from(address: Option<IpAddr>) -> Self {
        Self {
            address,
            ..Self::default()
        }
    }

    /// The same, of a request that the log names so.
    #[must_use]
    pub fn of_request(self, request: impl Into<String>) -> Self {
        let request = Some(request.into());
        Self { request, ..self }
    }

    /// The same, asked in this way.
    #[must_use]
    pub fn by(self, way: impl Into<String>) -> Self {
        let way = Some(way.into());
        Self { way, ..self }
    }
}

/// Why a question has no answer now, or a look is not recorded: then nothing is given.
#[derive(Debug, thiserror::Error)]
#[error("permissions cannot be asked now: {0}")]
pub struct Failed(pub String);

impl Failed {
    /// For this reason, which goes into the log.
    pub fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// Decides.
pub trait Authorize: std::fmt::Debug + Send + Sync {
    /// Who holds this bearer token (RFC 6750), shown here and for this. Other ways to be known put a [`Principal`] into the
    /// request's extensions.
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>>;

    /// Whom a request without a token comes from; `None` asks for one.
    fn anonymous(&self) -> Option<Principal> {
        None
    }

    /// Whether it may be done; with a study where it is about one.
    fn may<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>>;

    /// Which studies there are for them.
    fn scope<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Restriction, Failed>> {
        let _ = who;
        Box::pin(async { Ok(Restriction::NONE) })
    }

    /// Whose the studies become that they send; `None` where there are no organisations.
    fn custodian<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Option<i64>, Failed>> {
        let _ = who;
        Box::pin(async { Ok(None) })
    }

    /// Records a look ([`Action::is_look`]) that was allowed, before its answer leaves; a failure refuses the answer.
    fn seen<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
        context: &'a Context,
    ) -> Boxed<'a, Result<(), Failed>> {
        let _ = (who, action, study_uid, context);
        Box::pin(async { Ok(()) })
    }

    /// Records what was refused: not allowed, or about a study that is not there for them.
    fn refused<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
        context: &'a Context,
    ) -> Boxed<'a, Result<(), Failed>> {
        let _ = (who, action, study_uid, context);
        Box::pin(async { Ok(()) })
    }
}

/// Everything to everybody: for tools and tests on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Open;

impl Authorize for Open {
    fn bearer<'a>(
        &'a self,
        _token: &'a str,
        _context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        Box::pin(async { Ok(Some(Principal::Anyone)) })
    }

    fn anonymous(&self) -> Option<Principal> {
        Some(Principal::Anyone)
    }

    fn may<'a>(
        &'a self,
        _who: &'a Principal,
        _action: Action,
        _study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        Box::pin(async { Ok(true) })
    }
}
