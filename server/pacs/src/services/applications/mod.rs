//! The application entities that may associate: from where, how many at once, to do what, and where they are reached.
//!
//! The list is a table, so that the command line changes it while the provider runs: what it says holds within a second, for
//! standing associations too, since each request asks anew. Those of the configuration's file stand in it with their origin, and
//! follow the file at each start.

mod store;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use dimse::server::{Admission, Allowed, Destination, Network, is_within};
use dimse::{CharacterSet, Peer, Rejection};

use crate::access::{Action, Authorize, Context, Failed, Principal, Restriction};
use crate::events::Boxed;
use crate::gateway::Devices;
use crate::index::{Index, Result};

/// How old what is known may be.
const STALE: Duration = Duration::from_secs(1);

/// What any application may that is admitted.
pub const ALL_ACTIONS: [Action; 5] = [
    Action::Store,
    Action::Find,
    Action::Retrieve,
    Action::Export,
    Action::Schedule,
];

/// An application entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// AE title.
    pub ae_title: String,
    /// Addresses that it may call from; none for any.
    pub networks: Vec<Network>,
    /// Associations at once.
    pub associations: u32,
    /// What it may do.
    pub may: Vec<Action>,
    /// Host and port where it takes objects and reports; without, it is no destination.
    pub address: Option<String>,
    /// Whether it is reached over TLS.
    pub is_secure: bool,
    /// The character set of answers to it.
    pub character_set: CharacterSet,
    /// The organisation whose the studies become that it sends, and whose it sees; it sees everything where there is none.
    pub custodian: Option<i64>,
    /// Whether it stands in the configuration's file, which it follows; the others were added while the archive was served.
    pub is_configured: bool,
}

impl Application {
    /// One that may do everything from anywhere, on five associations at once, and is no destination.
    #[must_use]
    pub fn new(ae_title: &str) -> Self {
        Self {
            ae_title: ae_title.to_owned(),
            networks: Vec::new(),
            associations: 5,
            may: ALL_ACTIONS.to_vec(),
            address: None,
            is_secure: false,
            character_set: CharacterSet::default(),
            custodian: None,
            is_configured: false,
        }
    }
}

impl Application {
    /// Whether it may do this. Retrieving over DICOM's network is always taking away: either word says so.
    fn may(&self, action: Action) -> bool {
        let is_said = |action| self.may.contains(&action);
        is_said(action) || (action == Action::Export && is_said(Action::Retrieve))
    }
}

/// An AE title that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 16 characters as AE title, no backslash or control character, found {0:?}")]
pub struct BadTitle(String);

/// Checks an AE title (PS3.5 6.2).
///
/// # Errors
///
/// [`BadTitle`].
pub fn check_title(title: &str) -> Result<(), BadTitle> {
    let is_title = (1..=16).contains(&title.len())
        && title.trim() == title
        && title
            .bytes()
            .all(|byte| (0x20..0x7F).contains(&byte) && byte != b'\\');
    is_title.then_some(()).ok_or_else(|| BadTitle(title.to_owned()))
}

/// The list, as it was read last; clones share it.
#[derive(Debug, Clone)]
pub struct Applications {
    index: Index,
    known: Arc<RwLock<HashMap<String, Application>>>,
    /// Titles that we are called by; none for any.
    called: Arc<[String]>,
    /// What applications may that are not listed.
    others: Option<Arc<Application>>,
}

impl Applications {
    /// Reads the list, and again every second as long as a clone lives.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn open(index: Index) -> Result<Self> {
        let applications = Self {
            index,
            known: Arc::default(),
            called: Arc::default(),
            others: None,
        };
        applications.refresh().await?;
        let (index, known) = (applications.index.clone(), Arc::downgrade(&applications.known));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(STALE).await;
                let read = store::read(&index).await;
                let Some(known) = known.upgrade() else {
                    return;
                };
                match read {
                    Ok(read) => *known.write().unwrap_or_else(PoisonError::into_inner) = read,
                    // What was known goes on holding.
                    Err(error) => tracing::error!(%error, "the list of applications was not read"),
                }
            }
        });
        Ok(applications)
    }

    /// Admits applications that are not listed too, as `others` says.
    #[must_use]
    pub fn admitting_others(self, others: Application) -> Self {
        let others = Some(Arc::new(others));
        Self { others, ..self }
    }

    /// Rejects associations that call other titles.
    #[must_use]
    pub fn called_as(self, titles: &[String]) -> Self {
        let called = titles.into();
        Self { called, ..self }
    }

    /// Lets those of the configuration be these: what it has no longer is taken out, what was added otherwise stays.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`]: nothing was changed.
    pub async fn configure(&self, configured: &[Application]) -> Result<()> {
        store::configure(&self.index, configured).await?;
        self.refresh().await
    }

    /// Adds an application, or changes the one with its title.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn put(&self, application: &Application) -> Result<()> {
        store::put(&self.index, application).await?;
        self.refresh().await
    }

    /// Takes an application out; `false` when there was none.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn remove(&self, ae_title: &str) -> Result<bool> {
        let was_there = store::remove(&self.index, ae_title).await?;
        self.refresh().await?;
        Ok(was_there)
    }

    /// All that are listed, by title.
    #[must_use]
    pub fn all(&self) -> Vec<Application> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.values().cloned().collect();
        all.sort_by(|a, b| a.ae_title.cmp(&b.ae_title));
        all
    }

    /// Whether a title is listed by itself.
    #[must_use]
    pub fn is_listed(&self, ae_title: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.contains_key(ae_title)
    }

    /// The application with a title, or what holds for those that are not listed.
    #[must_use]
    pub fn get(&self, ae_title: &str) -> Option<Application> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(ae_title).cloned();
        found.or_else(|| self.others.as_deref().cloned())
    }

    /// Where an application is reached.
    #[must_use]
    pub fn destination(&self, ae_title: &str) -> Option<Destination> {
        Some(Destination {
            address: self.get(ae_title)?.address?,
            ae_title: ae_title.to_owned(),
        })
    }

    fn of(&self, who: &Principal) -> Option<Application> {
        match who {
            Principal::Application(title) => self.get(title),
            _ => None,
        }
    }

    async fn refresh(&self) -> Result<()> {
        let read = store::read(&self.index).await?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }
}

impl Admission for Applications {
    fn admit(&self, peer: &Peer) -> Result<Allowed, Rejection> {
        if !self.called.is_empty() && !self.called.contains(&peer.called_ae_title) {
            return Err(Rejection::CALLED_AE_TITLE);
        }
        let application = self.get(&peer.ae_title).ok_or(Rejection::CALLING_AE_TITLE)?;
        if !application.networks.is_empty() && !is_within(&application.networks, peer) {
            return Err(Rejection::CALLING_AE_TITLE);
        }
        Ok(Allowed {
            associations: application.associations as usize,
        })
    }
}

impl Authorize for Applications {
    fn bearer<'a>(
        &'a self,
        _token: &'a str,
        _context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        Box::pin(async { Ok(None) })
    }

    fn may<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        _study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        let application = self.of(who);
        let may = application.is_some_and(|application| application.may(action));
        Box::pin(async move { Ok(may) })
    }

    /// What its custodian keeps; everything where it has none.
    fn scope<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Restriction, Failed>> {
        let custodian = self.of(who).and_then(|application| application.custodian);
        let scope = custodian.map_or(Restriction::NONE, |custodian| Restriction::of(vec![custodian]));
        Box::pin(async move { Ok(scope) })
    }

    fn custodian<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Option<i64>, Failed>> {
        Box::pin(async move {
            match who {
                Principal::Device(name) => {
                    let device = Devices::named(&self.index, name).await.map_err(Failed::new)?;
                    Ok(device.and_then(|device| device.custodian))
                }
                who => Ok(self.of(who).and_then(|application| application.custodian)),
            }
        })
    }
}
