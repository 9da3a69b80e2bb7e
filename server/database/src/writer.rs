//! The one way to write: whoever changes rows waits for its turn, so that what was read in a transaction still holds when it
//! is committed, on both databases and among several processes.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::{Backend, Connection, Database, Result, Sql, Transaction};

/// Taken by every transaction that writes to a PostgreSQL, which several processes may share.
const LOCK: i64 = 7_304_117;

/// The way to the writing connection; clones share it.
#[derive(Debug, Clone)]
pub struct Writer {
    connection: Arc<Mutex<Database>>,
    committed: watch::Sender<()>,
}

/// The right to write; while it is held nobody else of this process writes.
#[derive(Debug)]
pub struct Turn(OwnedMutexGuard<Database>);

/// A transaction and its turn. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Change {
    transaction: Transaction,
    committed: watch::Sender<()>,
    _turn: Turn,
}

impl Writer {
    /// Over a database of one connection, which nobody else uses.
    #[must_use]
    pub fn new(connection: Database) -> Self {
        Self {
            connection: Arc::new(Mutex::new(connection)),
            committed: watch::Sender::new(()),
        }
    }

    /// Waits for the turn.
    pub async fn turn(&self) -> Turn {
        Turn(Arc::clone(&self.connection).lock_owned().await)
    }

    /// Waits for the turn and begins a transaction.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`].
    pub async fn begin(&self) -> Result<Change> {
        let turn = self.turn().await;
        Ok(Change {
            transaction: turn.begin().await?,
            committed: self.committed.clone(),
            _turn: turn,
        })
    }

    /// Tells of every transaction that was committed here; other processes' are not seen.
    #[must_use]
    pub fn committed(&self) -> watch::Receiver<()> {
        self.committed.subscribe()
    }

    /// Says that a transaction of a [`Turn`] was committed; a [`Change`] says so itself.
    pub fn tell(&self) {
        self.committed.send_replace(());
    }
}

impl Turn {
    /// Begins a transaction. Several may follow one another in one turn.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`].
    pub async fn begin(&self) -> Result<Transaction> {
        let transaction = self.0.begin().await?;
        wait_for_turn(&transaction).await?;
        Ok(transaction)
    }
}

/// Waits until no other process writes; SQLite has waited when the transaction began.
pub(super) async fn wait_for_turn(transaction: &Transaction) -> Result<()> {
    if transaction.backend() == Backend::Postgres {
        let mut lock = Sql::new("SELECT pg_advisory_xact_lock(");
        lock.bind(LOCK).push(")").one(transaction).await?;
    }
    Ok(())
}

impl Deref for Change {
    type Target = Transaction;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

impl Change {
    /// Makes the changes durable.
    ///
    /// # Errors
    ///
    /// As [`Transaction::commit`].
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        self.committed.send_replace(());
        Ok(())
    }
}
