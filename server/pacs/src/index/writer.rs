//! The one writer: what several ask for at a time goes into one transaction, and so waits for the disk once.

use std::ops::Deref;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, TransactionTrait};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};

use super::database::Sql;
use super::write;
use super::{Added, Error, Facts, Result};
use crate::events::{Event, EventSink, Kind};

/// Objects of one transaction at most.
const BATCH: usize = 128;

type Answer = oneshot::Sender<Result<Added>>;

/// An object, and who sent it: what has no sender is no event.
type Arrival = (Facts, Option<String>);

/// The way to the writing connection; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<(Arrival, Answer)>,
    connection: Arc<Mutex<DatabaseConnection>>,
    events: Arc<dyn EventSink>,
}

/// A transaction of the one writer, for what stands beside the index in its database. Dropped, it leaves nothing.
pub struct Change {
    transaction: DatabaseTransaction,
    events: Arc<dyn EventSink>,
    /// Until the transaction has ended nobody else writes.
    _turn: OwnedMutexGuard<DatabaseConnection>,
}

impl Deref for Change {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

impl Change {
    /// Records what the transaction does: both are there, or neither.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn record(&self, event: &Event) -> Result<()> {
        self.events.record(&self.transaction, event).await
    }

    /// Makes the changes durable.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Database`]: none was made.
    pub async fn commit(self) -> Result<()> {
        Ok(self.transaction.commit().await?)
    }
}

impl Writer {
    pub(super) fn start(connection: DatabaseConnection, events: Arc<dyn EventSink>) -> Self {
        let (queue, waiting) = mpsc::channel(BATCH);
        let connection = Arc::new(Mutex::new(connection));
        tokio::spawn(work(waiting, Arc::clone(&connection), Arc::clone(&events)));
        Self {
            queue,
            connection,
            events,
        }
    }

    /// Adds one object; returns when its transaction is on the disk.
    pub(super) async fn add(&self, facts: Facts, sender: Option<String>) -> Result<Added> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(((facts, sender), answer))
            .await
            .map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Adds many objects in one transaction.
    pub(super) async fn add_all(&self, facts: Vec<Facts>) -> Result<Vec<Added>> {
        let arrivals: Vec<Arrival> = facts.into_iter().map(|facts| (facts, None)).collect();
        together(&*self.connection.lock().await, &arrivals, &*self.events).await
    }

    /// Begins other changes.
    pub(super) async fn begin(&self) -> Result<Change> {
        let turn = Arc::clone(&self.connection).lock_owned().await;
        Ok(Change {
            transaction: begin(&turn).await?,
            events: Arc::clone(&self.events),
            _turn: turn,
        })
    }
}

/// Ends when the last [`Writer`] is gone.
async fn work(
    mut waiting: mpsc::Receiver<(Arrival, Answer)>,
    connection: Arc<Mutex<DatabaseConnection>>,
    events: Arc<dyn EventSink>,
) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (arrivals, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let connection = connection.lock().await;
        let outcomes = match together(&connection, &arrivals, &*events).await {
            Ok(added) => added.into_iter().map(Ok).collect(),
            Err(error) if arrivals.len() == 1 => vec![Err(error)],
            // One that fails must not take the others with it.
            Err(_) => one_by_one(&connection, &arrivals, &*events).await,
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever asked may have gone.
            let _ = answer.send(outcome);
        }
    }
}

async fn together(
    connection: &DatabaseConnection,
    arrivals: &[Arrival],
    events: &dyn EventSink,
) -> Result<Vec<Added>> {
    let transaction = begin(connection).await?;
    let mut all = Vec::with_capacity(arrivals.len());
    for (facts, sender) in arrivals {
        let write::Arrived { added, conflicts } = write::add(&transaction, facts).await?;
        let kind = match added {
            Added::New => Some(Kind::Stored),
            Added::Different => Some(Kind::StoredBeside),
            Added::Identical => None,
        };
        if let (Some(kind), Some(sender)) = (kind, sender) {
            events
                .record(&transaction, &Event::of(kind, sender, facts))
                .await?;
        }
        for (conflict, sender) in conflicts.iter().zip(sender.iter().cycle()) {
            let event = Event {
                detail: Some(format!("{{\"conflict\":{conflict}}}")),
                ..Event::of(Kind::ConflictFound, sender, facts)
            };
            events.record(&transaction, &event).await?;
        }
        all.push(added);
    }
    transaction.commit().await?;
    Ok(all)
}

async fn one_by_one(
    connection: &DatabaseConnection,
    arrivals: &[Arrival],
    events: &dyn EventSink,
) -> Vec<Result<Added>> {
    let mut outcomes = Vec::with_capacity(arrivals.len());
    for one in arrivals {
        let outcome = together(connection, std::slice::from_ref(one), events).await;
        outcomes.push(outcome.and_then(|added| added.first().copied().ok_or(Error::Closed)));
    }
    outcomes
}

async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let transaction = connection.begin().await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Several processes may share a PostgreSQL; rows are decided on after reading, so one writes at a time.
        Sql::new("SELECT pg_advisory_xact_lock(7304117)")
            .one(&transaction)
            .await?;
    }
    Ok(transaction)
}
