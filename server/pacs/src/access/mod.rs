//! Who may do what: one question, asked once by every handler of every protocol.
//!
//! The archive knows no people. Behind [`Authorize`] stands a file of tokens here, and the server's permissions elsewhere.

mod tokens;

use serde::{Deserialize, Serialize};

pub use tokens::{Error, TokenFile, new_token};

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
}

impl Principal {
    /// The word for logs and events: `web:NAME`, `dimse:AE`, `gateway:NAME`.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Anyone => "web:open".to_owned(),
            Self::Token(name) => format!("web:{name}"),
            Self::Application(title) => format!("dimse:{title}"),
            Self::Device(name) => format!("gateway:{name}"),
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// Searching: QIDO-RS.
    Find,
    /// Reading images and metadata: WADO-RS, WADO-URI.
    Retrieve,
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

/// Decides. Methods answer from memory.
pub trait Authorize: std::fmt::Debug + Send + Sync {
    /// Who holds this bearer token (RFC 6750).
    fn bearer(&self, token: &str) -> Option<Principal>;

    /// Whom a request without a token comes from; `None` asks for one.
    fn anonymous(&self) -> Option<Principal> {
        None
    }

    /// Whether it may be done; with a study where it is about one.
    fn may(&self, who: &Principal, action: Action, study_uid: Option<&str>) -> bool;
}

/// Everything to everybody: for tools and tests on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Open;

impl Authorize for Open {
    fn bearer(&self, _token: &str) -> Option<Principal> {
        Some(Principal::Anyone)
    }

    fn anonymous(&self) -> Option<Principal> {
        Some(Principal::Anyone)
    }

    fn may(&self, _who: &Principal, _action: Action, _study_uid: Option<&str>) -> bool {
        true
    }
}
