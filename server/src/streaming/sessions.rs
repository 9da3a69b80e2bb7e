//! The sessions of this node, and the studies that they look at, within a budget of bytes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::session::Department;
use pacs::access::Principal;
use pacs::http::{App, Error};
use platform::Platform;
use platform::people::store as people;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use viewer::message::Open;
use viewer::{Conversation, Says, Wanted};

use super::host::{self, Host, Input, Stop};
use super::opened::Opened;
use super::renderer::Renderers;
use super::schedule::Schedule;
use super::store::{Kept, Store};
use super::{Limits, figures};

/// The sessions of this node.
#[derive(Debug)]
pub struct Sessions {
    limits: Limits,
    renderers: Renderers,
    schedule: Arc<Schedule>,
    running: Mutex<HashMap<String, Session>>,
    /// One of those that run ended.
    ended: Notify,
    opened: Mutex<Vec<Arc<Opened>>>,
    /// One at a time reads what is in studies: two who open the same do it once.
    opening: tokio::sync::Mutex<()>,
    numbers: AtomicU64,
    store: Store,
    platform: Option<Platform>,
}

/// The way to a session's thread.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its name.
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// What it is told.
    pub inputs: Sender<Input>,
    /// Stops what is drawn.
    pub stop: Arc<Stop>,
    studies: Vec<String>,
    next: Arc<AtomicU32>,
    ahead: Arc<AtomicUsize>,
    /// Whether others than the owner may take part.
    is_shared: Arc<AtomicBool>,
}

/// A session that ends finishes its picture and saves its snapshot.
const ENDED_WITHIN: Duration = Duration::from_secs(10);
/// Messages that may wait to be heard.
const MOST_AHEAD: usize = 1000;
/// Who says more than that looks again after so long.
const AHEAD_WAIT: Duration = Duration::from_millis(5);

impl Session {
    /// The number of somebody new.
    #[must_use]
    pub fn participant(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Tells the session what a participant says, when it has heard enough of what was said before: who says more than is
    /// done waits.
    ///
    /// # Errors
    ///
    /// A code and a reason to end the conversation with.
    pub async fn say(&self, participant: u32, says: Says) -> Result<(), (u16, String)> {
        while self.ahead.load(Ordering::Relaxed) >= MOST_AHEAD {
            tokio::time::sleep(AHEAD_WAIT).await;
        }
        self.ahead.fetch_add(1, Ordering::Relaxed);
        let sent = self.inputs.send(Input::Says(participant, Box::new(says)));
        sent.map_err(|_| (1011, "the session ended".to_owned()))
    }
}

/// How a session begins.
struct Begun {
    id: String,
    owner: String,
    is_shared: bool,
    snapshot: Option<Vec<u8>>,
}

/// Why no session is opened.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// The archive says no.
    #[error(transparent)]
    Archive(#[from] Error),
    /// There are too many.
    #[error("expected at most {0} sessions, found as many; try again later")]
    Full(usize),
    /// It is another's, who does not share it.
    #[error("there is no such session")]
    NoSuch,
    /// The studies cannot be hung.
    #[error("{0}")]
    Refused(#[from] engine::session::Refusal),
}

impl Sessions {
    /// None yet. What people are called, the platform knows.
    #[must_use]
    pub fn new(limits: Limits, renderers: Renderers, store: Store, platform: Option<Platform>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            schedule: Schedule::new(renderers.at_once()),
            renderers,
            running: Mutex::default(),
            ended: Notify::new(),
            opened: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            numbers: AtomicU64::new(1),
            store,
            platform,
        })
    }

    /// What others call somebody; `None` for whoever is no person of this site.
    pub async fn name(&self, who: &Principal) -> Option<String> {
        let (Principal::Person { person, .. }, Some(platform)) = (who, &self.platform) else {
            return None;
        };
        match people::one(platform.readers(), *person).await {
            Ok(account) => account.map(|account| account.name),
            Err(error) => {
                tracing::error!(%error, "a viewer's name cannot be read");
                None
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> MutexGuard<'_, Vec<Arc<Opened>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session that goes on, or a new one for what is asked for. Who may see the studies, the caller has asked.
    ///
    /// # Errors
    ///
    /// [`NotOpened`].
    pub async fn open(self: &Arc<Self>, app: &App, owner: &str, open: &Open) -> Result<Session, NotOpened> {
        if let Some(known) = open
            .session
            .as_ref()
            .and_then(|id| self.running().get(id).cloned())
        {
            let may = known.owner == owner || known.is_shared.load(Ordering::Relaxed);
            return if may && known.studies == open.studies {
                Ok(known)
            } else {
                Err(NotOpened::NoSuch)
            };
        }
        if self.running().len() >= self.limits.sessions {
            return Err(NotOpened::Full(self.limits.sessions));
        }
        let opened = self.studies(app, &open.studies).await?;
        let kept = match &open.session {
            None => None,
            Some(name) => {
                let found = self.store.find(name, owner, &open.studies.join(" ")).await;
                found.map_err(|error| {
                    tracing::error!(%error, "a viewer's session cannot be read");
                    Error::Internal
                })?
            }
        };
        let begun = match (&open.session, kept) {
            (Some(name), Some(kept)) => Begun {
                id: name.clone(),
                owner: kept.owner,
                is_shared: kept.is_shared,
                snapshot: Some(kept.snapshot),
            },
            _ => Begun {
                id: random_name(),
                owner: owner.to_owned(),
                is_shared: false,
                snapshot: open
                    .snapshot
                    .as_ref()
                    .map(|snapshot| snapshot.to_string().into_bytes()),
            },
        };
        self.begin(app, open, opened, begun)
    }

    async fn studies(&self, app: &App, studies: &[String]) -> Result<Arc<Opened>, Error> {
        let _one = self.opening.lock().await;
        let known = self
            .opened()
            .iter()
            .find(|opened| opened.studies == studies)
            .cloned();
        if let Some(known) = known {
            known.touch();
            return Ok(known);
        }
        let opened = Opened::open(app, studies).await?;
        self.opened().push(Arc::clone(&opened));
        Ok(opened)
    }

    fn begin(
        self: &Arc<Self>,
        app: &App,
        open: &Open,
        opened: Arc<Opened>,
        begun: Begun,
    ) -> Result<Session, NotOpened> {
        let mut conversation = Conversation::new(opened.arrivals.clone(), Department::default());
        conversation.hang(open)?;
        if let Some(snapshot) = begun.snapshot {
            // A snapshot of a later version is no reason to see nothing.
            let _ = conversation.restore(&snapshot);
        }
        let (inputs, heard) = mpsc::channel();
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        opened.listen(number, inputs.clone());
        let (stop, ahead) = (Arc::new(Stop::default()), Arc::new(AtomicUsize::new(0)));
        let id = begun.id;
        let session = Session {
            id: id.clone(),
            owner: begun.owner,
            inputs,
            stop: Arc::clone(&stop),
            studies: open.studies.clone(),
            next: Arc::new(AtomicU32::new(1)),
            ahead: Arc::clone(&ahead),
            is_shared: Arc::new(AtomicBool::new(begun.is_shared)),
        };
        let host = Host {
            conversation,
            renderers: self.renderers.clone(),
            schedule: Arc::clone(&self.schedule),
            stop,
            fetch: self.fetcher(app, &opened),
            save: self.saver(&session),
            ahead,
            is_shared: Arc::clone(&session.is_shared),
            id: id.clone(),
        };
        {
            let mut running = self.running();
            if running.len() >= self.limits.sessions {
                opened.forget(number);
                return Err(NotOpened::Full(self.limits.sessions));
            }
            running.insert(id.clone(), session.clone());
        }
        let own = Arc::clone(self);
        std::thread::Builder::new()
            .name("viewer".to_owned())
            .spawn(move || {
                let ended =
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| host::run(host, &heard)));
                if ended.is_err() {
                    tracing::error!("a session of a viewer panicked");
                }
                opened.forget(number);
                own.running().remove(&id);
                own.ended.notify_waiters();
                own.make_room(0);
            })
            .map_err(|_| NotOpened::Full(self.limits.sessions))?;
        Ok(session)
    }

    fn fetcher(self: &Arc<Self>, app: &App, opened: &Arc<Opened>) -> Box<dyn Fn(Wanted) + Send> {
        let (own, app, opened, runtime) = (
            Arc::clone(self),
            app.clone(),
            Arc::clone(opened),
            Handle::current(),
        );
        Box::new(move |wanted| {
            let bytes = opened.arrivals.bytes_to_come(&wanted.series_instance_uid);
            if !own.make_room(bytes) {
                let why = format!(
                    "its images need {} MB, and this server has no more room now",
                    bytes >> 20
                );
                let keys = opened.arrivals.failed(&wanted.series_instance_uid, &why);
                opened.tell(&keys);
                return;
            }
            opened.promise(bytes);
            runtime.spawn(Arc::clone(&opened).fetch(app.clone(), wanted, bytes));
        })
    }

    fn saver(&self, session: &Session) -> Box<dyn Fn(Vec<u8>) + Send> {
        let (store, runtime) = (self.store.clone(), Handle::current());
        let (name, owner, studies) = (
            session.id.clone(),
            session.owner.clone(),
            session.studies.join(" "),
        );
        let is_shared = Arc::clone(&session.is_shared);
        Box::new(move |snapshot| {
            let kept = Kept {
                owner: owner.clone(),
                is_shared: is_shared.load(Ordering::Relaxed),
                snapshot,
            };
            let kept = runtime.block_on(store.keep(&name, &studies, &kept));
            if let Err(error) = kept {
                tracing::error!(%error, "a viewer's session was not saved");
            }
        })
    }

    /// Makes room for so many bytes of voxels: of studies that nobody looks at, the oldest first, go all; gives whether
    /// there is room then.
    fn make_room(&self, bytes: usize) -> bool {
        let mut opened = self.opened();
        let held = |opened: &[Arc<Opened>]| opened.iter().map(|one| one.held()).sum::<usize>();
        while held(&opened) + bytes > self.limits.memory_bytes {
            let unused = opened.iter().enumerate().filter(|(_, one)| !one.is_used());
            let Some((oldest, _)) = unused.min_by_key(|(_, one)| one.used()) else {
                break;
            };
            opened.remove(oldest);
        }
        let held = held(&opened);
        figures::held(self.running().len(), held);
        held + bytes <= self.limits.memory_bytes
    }

    /// Ends all, and waits until their snapshots are saved and their viewers told to come again.
    pub async fn end(&self) {
        for session in self.running().values() {
            let _ = session.inputs.send(Input::End);
        }
        let all = async {
            loop {
                let ended = self.ended.notified();
                if self.running().is_empty() {
                    return;
                }
                ended.await;
            }
        };
        if tokio::time::timeout(ENDED_WITHIN, all).await.is_err() {
            tracing::error!("sessions of viewers did not end in time");
        }
    }
}

/// A name that nobody guesses.
fn random_name() -> String {
    use std::fmt::Write as _;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes.iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}
