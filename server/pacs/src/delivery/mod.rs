//! What leaves for other nodes: one durable queue, whatever the way there.
//!
//! ```text
//! events --Chooser: whereto?--> deliveries (rows) --Line: one destination--> Carrier: one way to send
//! ```
//!
//! A row is one object for one destination. Rows are made in the transaction that moves the reader's place in the events, so
//! none is lost or doubled; they are sent at least once, and a second time only where the answer to the first was not
//! recorded: then the receiver finds the bytes it has. Within a study and a destination the order of arrival is kept:
//! one that has to wait holds back those behind it, and no other study. Nothing is dropped by itself: what cannot be sent is
//! quarantined with the reason until a person decides. One process works on a queue at a time.

mod backoff;
mod http;
mod line;
mod reader;
mod state;
mod store;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

pub use backoff::Backoff;
pub use http::router;
pub use line::Line;
pub use state::{NoSuchStep, State, Step};

use crate::clock::now_ns;
use crate::events::{Boxed, Event, EventTable, Kind};
use crate::index::{Index, Page, Restriction, Result};
use crate::storage::Hash;

/// Different objects of one SOP Instance UID that are sent to one destination; a further one is taken for a loop, and
/// held until a person decides.
pub const VERSIONS: i64 = 4;

/// Characters of a reason at most.
const MAX_REASON: usize = 1000;

/// One object for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The row's number.
    pub id: i64,
    /// The destination's name.
    pub destination: String,
    /// The object.
    pub hash: Hash,
    /// SOP Instance UID.
    pub sop_uid: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// Transfer syntax of the stored bytes.
    pub transfer_syntax_uid: String,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: i64,
    /// It is not sent before, in nanoseconds since 1970 (UTC).
    pub not_before_ns: i64,
    /// When it was queued.
    pub created_ns: i64,
    /// When its state last changed.
    pub changed_ns: i64,
    /// Why it waits or is held; of what was delivered, what the destination said of it.
    pub reason: Option<String>,
}

/// A delivery that is to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The destination's name.
    pub destination: String,
    /// The object.
    pub hash: Hash,
    /// SOP Instance UID.
    pub sop_uid: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// SOP Class UID.
    pub sop_class_uid: String,
    /// Transfer syntax of the stored bytes.
    pub transfer_syntax_uid: String,
    /// It is not sent before; all that waits of its study waits as long.
    pub not_before_ns: i64,
    /// Why it is held for a person from the beginning.
    pub held: Option<String>,
}

/// How many deliveries are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The destination.
    pub destination: String,
    /// The state.
    pub state: State,
    /// How many.
    pub number: u64,
}

/// What is not over for a destination, in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The state.
    pub state: State,
    /// How many.
    pub number: u64,
    /// When the oldest was queued, in nanoseconds since 1970 (UTC).
    pub oldest_ns: i64,
}

/// Gives what is not over for a destination.
///
/// # Errors
///
/// [`crate::index::Error::Database`].
pub async fn backlog(index: &Index, destination: &str) -> Result<Vec<Backlog>> {
    store::backlog(index, destination).await
}

/// Which deliveries are asked for; what is not said matches all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Where they stand.
    pub state: Option<State>,
    /// For which destination.
    pub destination: Option<String>,
    /// Of which study.
    pub study_uid: Option<String>,
    /// The studies that there are for who asks.
    pub within: Restriction,
}

/// Why a delivery was not dropped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DropError {
    /// There is none with this number.
    #[error("no such delivery")]
    NoSuch,
    /// Whoever drops says why.
    #[error("expected a reason of 1 to {MAX_REASON} characters, found {0}")]
    NoReason(usize),
    /// It is being sent, or is over.
    #[error(transparent)]
    State(#[from] NoSuchStep),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] crate::index::Error),
}

/// What became of sending an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The destination acknowledged it; it may have said something.
    Delivered(Option<String>),
    /// It will be refused however often it is sent.
    Refused(String),
    /// It, or the way, failed now.
    Later(String),
}

/// Where a [`Carrier`] says what became of each object.
#[derive(Debug, Clone)]
pub struct Tell(mpsc::UnboundedSender<(i64, Fate)>);

impl Tell {
    /// Says it; what was said is written down at once.
    pub fn tell(&self, delivery: &Delivery, fate: Fate) {
        // Nobody listens any more when the queue is being closed: the delivery is tried again after the start.
        let _ = self.0.send((delivery.id, fate));
    }
}

/// A way to send objects to a destination.
pub trait Carrier: Send + Sync + std::fmt::Debug {
    /// Sends objects of one study in their order, and tells of each what became of it. After one that is to be tried
    /// later it stops: what it tells nothing of was not tried.
    fn carry<'a>(&'a self, deliveries: &'a [Delivery], tell: &'a Tell) -> Boxed<'a, ()>;
}

/// Decides whereto things go.
pub trait Chooser: Send + Sync + std::fmt::Debug {
    /// The deliveries that follow from events, in their order.
    fn choose<'a>(&'a self, index: &'a Index, events: &'a [Event]) -> Boxed<'a, Result<Vec<NewDelivery>>>;
}

/// How a destination does at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Failures one after another.
    pub failures: u32,
    /// What the last one was.
    pub words: String,
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
}

/// The queue; clones share it.
#[derive(Debug, Clone)]
pub struct Queue {
    index: Index,
    reader: Arc<str>,
    wake: Arc<watch::Sender<()>>,
    troubles: Arc<Mutex<BTreeMap<String, Trouble>>>,
}

/// Where a reader begins that never read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the first event.
    AtTheFirst,
    /// After what has happened so far.
    Now,
}

impl Queue {
    /// Opens the queue of a reader of events. What was being sent when the last process ended waits again.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn open(index: Index, reader: &str, begin: Begin) -> Result<Self> {
        if store::cursor(&index, reader).await?.is_none() {
            let change = index.begin().await?;
            let event = match begin {
                Begin::AtTheFirst => 0,
                Begin::Now => EventTable::last(&index).await?,
            };
            store::set_cursor(&change, reader, event).await?;
            change.commit().await?;
        }
        Ok(Self {
            index,
            reader: reader.into(),
            wake: Arc::new(watch::channel(()).0),
            troubles: Arc::default(),
        })
    }

    /// Reads events and sends until `shutdown` is ready, and then until what is on its way has arrived or the grace of
    /// ten seconds has passed.
    pub async fn run(&self, chooser: Arc<dyn Chooser>, lines: Vec<Line>, shutdown: impl Future<Output = ()>) {
        self.recover().await;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        for line in lines {
            tasks.spawn(line::run(self.clone(), line, stopped.clone()));
        }
        tokio::select! {
            () = shutdown => {}
            () = reader::run(self, &*chooser) => {}
        }
        let _ = stop.send(true);
        let all_end = async { while tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(10), all_end).await;
        tasks.shutdown().await;
    }

    /// Has what was on its way when a process ended sent again: nobody else sends now.
    async fn recover(&self) {
        loop {
            match store::recover(&self.index, now_ns()).await {
                Ok(0) => return,
                Ok(recovered) => {
                    tracing::info!(
                        recovered,
                        "deliveries whose answer was not recorded are sent again"
                    );
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "deliveries cannot be read");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
        }
    }

    /// Queues deliveries outside the events: a person asks for them. What was sent already, or is held, is sent again.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`], [`crate::index::Error::Full`].
    pub async fn send(&self, new: &[NewDelivery]) -> Result<()> {
        let now_ns = now_ns();
        let change = self.index.begin().await?;
        for new in new {
            store::add(&change, new, now_ns).await?;
        }
        for (destination, study_uid) in pairs(new) {
            for mut delivery in store::of_study(&change, destination, study_uid).await? {
                let asked = |new: &NewDelivery| new.destination == destination && new.hash == delivery.hash;
                if new.iter().any(asked) {
                    store::step(&change, &mut delivery, Step::Retry, None, now_ns, now_ns).await?;
                }
            }
        }
        change.commit().await?;
        self.wake();
        Ok(())
    }

    /// Has one delivery, held, delivered or dropped, sent again, and one that waits sent as soon as it can be.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`]. `Ok(false)` when there is none, or it is being sent.
    pub async fn retry(&self, id: i64) -> Result<bool> {
        let change = self.index.begin().await?;
        let Some(mut delivery) = store::one(&change, id).await? else {
            return Ok(false);
        };
        let now_ns = now_ns();
        if delivery.state.next(Step::Retry).is_ok() {
            store::step(&change, &mut delivery, Step::Retry, None, now_ns, now_ns).await?;
        } else if !store::hasten(&change, id, now_ns).await? {
            return Ok(false);
        }
        change.commit().await?;
        self.wake();
        Ok(true)
    }

    /// Lets a delivery that waits or is held not be sent; it can be retried until its row is pruned.
    ///
    /// # Errors
    ///
    /// [`DropError`]: then it stays as it is.
    pub async fn drop_one(&self, id: i64, actor: &str, reason: &str) -> Result<(), DropError> {
        let length = reason.chars().count();
        if reason.trim().is_empty() || length > MAX_REASON {
            return Err(DropError::NoReason(length));
        }
        let change = self.index.begin().await?;
        let mut delivery = store::one(&change, id).await?.ok_or(DropError::NoSuch)?;
        delivery.state.next(Step::Drop)?;
        let (now_ns, words) = (now_ns(), format!("{actor}: {reason}"));
        let not_before_ns = delivery.not_before_ns;
        store::step(
            &change,
            &mut delivery,
            Step::Drop,
            Some(&words),
            not_before_ns,
            now_ns,
        )
        .await?;
        let detail = serde_json::json!({ "delivery": id, "destination": delivery.destination });
        let event = Event {
            study_uid: Some(delivery.study_uid),
            sop_uid: Some(delivery.sop_uid),
            hash: Some(delivery.hash),
            detail: Some(detail.to_string()),
            ..Event::new(Kind::DeliveryDropped, actor, now_ns)
        };
        change.record(&event).await?;
        Ok(change.commit().await?)
    }

    /// Gives a page of deliveries, in the order they were queued.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn page(&self, filter: &Filter, page: Page) -> Result<Vec<Delivery>> {
        store::page(&self.index, filter, page).await
    }

    /// Gives how many deliveries of the studies that are there for somebody are in each state.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn counts(&self, within: &Restriction) -> Result<Vec<Counted>> {
        store::counts(&self.index, within).await
    }

    /// Gives deliveries in a state, the latest changed first.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn list(&self, state: State, limit: u32) -> Result<Vec<Delivery>> {
        store::list(&self.index, state, limit).await
    }

    /// Removes the rows of what was delivered or dropped before then, in nanoseconds since 1970; nothing else is ever removed.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn prune(&self, before_ns: i64) -> Result<u64> {
        store::prune(&self.index, before_ns).await
    }

    /// Gives the destinations that fail at the moment.
    #[must_use]
    pub fn troubles(&self) -> BTreeMap<String, Trouble> {
        self.troubles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_trouble(&self, destination: &str, trouble: Option<Trouble>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => drop(troubles.insert(destination.to_owned(), trouble)),
            None => drop(troubles.remove(destination)),
        }
    }

    fn wake(&self) {
        self.wake.send_modify(|()| {});
    }

    /// Writes deliveries and the place in the events in one transaction.
    async fn accept(&self, new: &[NewDelivery], event: i64) -> Result<()> {
        let now_ns = now_ns();
        let change = self.index.begin().await?;
        for new in new {
            let versions = store::versions(&change, &new.destination, &new.sop_uid).await?;
            let mut new = new.clone();
            if versions >= VERSIONS {
                let words = "other bytes under this UID were sent there before; this looks like a loop";
                new.held.get_or_insert_with(|| words.to_owned());
            }
            store::add(&change, &new, now_ns).await?;
        }
        for (destination, study_uid) in pairs(new) {
            let of_pair = new
                .iter()
                .filter(|new| new.destination == destination && new.study_uid == study_uid);
            let until_ns = of_pair.map(|new| new.not_before_ns).max().unwrap_or(0);
            if until_ns > now_ns {
                store::wait_until(&change, destination, study_uid, until_ns).await?;
            }
        }
        store::set_cursor(&change, &self.reader, event).await?;
        change.commit().await?;
        self.wake();
        Ok(())
    }
}

/// The destinations with their studies, each once.
fn pairs(new: &[NewDelivery]) -> std::collections::BTreeSet<(&str, &str)> {
    new.iter()
        .map(|new| (new.destination.as_str(), new.study_uid.as_str()))
        .collect()
}
