//! The one writer: what several ask for at a time goes into one transaction, and so waits for the disk once.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, TransactionTrait};
use tokio::sync::{Mutex, mpsc, oneshot};

use std::sync::Arc;

use super::database::Sql;
use super::write;
use super::{Added, Error, Facts, Result};

/// Objects of one transaction at most.
const BATCH: usize = 128;

type Answer = oneshot::Sender<Result<Added>>;

/// The way to the writing connection; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<(Facts, Answer)>,
    connection: Arc<Mutex<DatabaseConnection>>,
}

impl Writer {
    pub(super) fn start(connection: DatabaseConnection) -> Self {
        let (queue, waiting) = mpsc::channel(BATCH);
        let connection = Arc::new(Mutex::new(connection));
        tokio::spawn(work(waiting, Arc::clone(&connection)));
        Self { queue, connection }
    }

    /// Adds one object; returns when its transaction is on the disk.
    pub(super) async fn add(&self, facts: Facts) -> Result<Added> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send((facts, answer))
            .await
            .map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Adds many objects in one transaction.
    pub(super) async fn add_all(&self, facts: &[Facts]) -> Result<Vec<Added>> {
        together(&*self.connection.lock().await, facts).await
    }

    /// Runs other changes in a transaction of their own.
    pub(super) async fn change<T>(
        &self,
        change: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T>,
    ) -> Result<T> {
        let connection = self.connection.lock().await;
        let transaction = begin(&connection).await?;
        let outcome = change(&transaction).await?;
        transaction.commit().await?;
        Ok(outcome)
    }
}

/// Ends when the last [`Writer`] is gone.
async fn work(mut waiting: mpsc::Receiver<(Facts, Answer)>, connection: Arc<Mutex<DatabaseConnection>>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (facts, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let connection = connection.lock().await;
        let outcomes = match together(&connection, &facts).await {
            Ok(added) => added.into_iter().map(Ok).collect(),
            Err(error) if facts.len() == 1 => vec![Err(error)],
            // One that fails must not take the others with it.
            Err(_) => one_by_one(&connection, &facts).await,
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever asked may have gone.
            let _ = answer.send(outcome);
        }
    }
}

async fn together(connection: &DatabaseConnection, facts: &[Facts]) -> Result<Vec<Added>> {
    let transaction = begin(connection).await?;
    let mut added = Vec::with_capacity(facts.len());
    for facts in facts {
        added.push(write::add(&transaction, facts).await?);
    }
    transaction.commit().await?;
    Ok(added)
}

async fn one_by_one(connection: &DatabaseConnection, facts: &[Facts]) -> Vec<Result<Added>> {
    let mut outcomes = Vec::with_capacity(facts.len());
    for one in facts {
        let outcome = together(connection, std::slice::from_ref(one)).await;
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
