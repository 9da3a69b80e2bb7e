//! What one of several processes does for all of them.
//!
//! PostgreSQL keeps the lock (`pg_try_advisory_xact_lock`) as long as the transaction that took it is open, and lets it go
//! when the process or its connection is gone. A file of SQLite has one process that serves it, which always leads.

use std::time::Duration;

use super::{Backend, Connection, Database, Place, Result, Sql, Transaction};

/// How often it is looked whether the lock is still held; also how long two may take themselves for the one, where a
/// connection is cut and the process goes on.
const LOOK: Duration = Duration::from_secs(2);

/// The right to do what one process does. Dropped, another takes it.
#[derive(Debug)]
pub struct Lead {
    transaction: Option<Transaction>,
    /// One connection, which is the lock's alone.
    _database: Option<Database>,
}

impl Lead {
    /// Takes the right with this number, where no other process has it.
    ///
    /// # Errors
    ///
    /// As [`Database::open`] and [`Database::begin`].
    pub async fn take(place: &Place, number: i64) -> Result<Option<Self>> {
        if let Place::Sqlite(_) = place {
            return Ok(Some(Self {
                transaction: None,
                _database: None,
            }));
        }
        let database = Database::open(place, 1).await?;
        let transaction = database.begin().await?;
        debug_assert_eq!(transaction.backend(), Backend::Postgres);
        let mut sql = Sql::new("SELECT pg_try_advisory_xact_lock(");
        let row = sql.bind(number).push(")").one(&transaction).await?;
        let is_taken = row.map(|row| row.get::<i64>(0)).transpose()? == Some(1);
        Ok(is_taken.then_some(Self {
            transaction: Some(transaction),
            _database: Some(database),
        }))
    }

    /// Returns when the right is lost.
    pub async fn lost(&self) {
        let Some(transaction) = &self.transaction else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(LOOK).await;
            let alive = Sql::new("SELECT 1");
            let asked = tokio::time::timeout(LOOK, alive.one(transaction));
            if !matches!(asked.await, Ok(Ok(_))) {
                return;
            }
        }
    }
}
