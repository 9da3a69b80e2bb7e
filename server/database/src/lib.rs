//! Statements, rows and transactions, alike for SQLite and PostgreSQL.
//!
//! SQLite is asked on the thread that asks, where that may wait for a disk (see [`waiting`]), else on one that may: a
//! statement changes threads once or not at all. PostgreSQL is asked over its connection. What a statement says is text,
//! written piece by piece with its values in [`Sql`]; the few places where the two databases differ ask for the
//! [`Backend`].

pub mod copy;
mod lead;
mod listen;
mod postgres;
pub mod schema;
mod sql;
mod sqlite;
mod value;
pub mod waiting;
mod writer;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::path::PathBuf;

pub use lead::Lead;
pub use listen::{Listener, tell};
pub use sql::{Page, Sql};
pub use value::{FromValue, Row, Value};
pub use writer::{Change, Turn, Writer};

/// Why a statement was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No space is left on the database's disk.
    #[error("the database's disk is full")]
    Full,
    /// The database refused or failed. Its words may name columns, never their values.
    #[error("{0}")]
    Failed(String),
    /// A column is not of the type that was asked for.
    #[error("column {at}: expected {expected}, found {found}")]
    Type {
        /// Its place in the row, counted from 0.
        at: usize,
        /// The type asked for.
        expected: &'static str,
        /// The type it has.
        found: &'static str,
    },
    /// The statement ended without an answer.
    #[error("a statement ended without an answer")]
    Interrupted,
}

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where a database is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file of SQLite, made where it is absent.
    Sqlite(PathBuf),
    /// A database of PostgreSQL: `postgres://user:password@host/name`.
    Postgres(String),
}

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Whatever takes statements: a database, each statement by itself, or a transaction.
pub trait Connection: Sync {
    /// Which database answers.
    fn backend(&self) -> Backend;

    /// Carries out a statement; gives how many rows it changed.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Failed`], [`Error::Interrupted`].
    fn run(&self, sql: &Sql) -> impl Future<Output = Result<u64>> + Send;

    /// Gives the first row of a statement, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    fn one(&self, sql: &Sql) -> impl Future<Output = Result<Option<Row>>> + Send;

    /// Gives the rows of a statement.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    fn all(&self, sql: &Sql) -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// Carries out statements without values, with `;` between them.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    fn batch(&self, text: &str) -> impl Future<Output = Result<()>> + Send;
}

/// A database; clones share its connections.
#[derive(Debug, Clone)]
pub struct Database(DatabaseKind);

#[derive(Debug, Clone)]
enum DatabaseKind {
    Sqlite(sqlite::Pool),
    Postgres(postgres::Pool),
}

impl Database {
    /// Opens a database that is used over at most so many connections at a time.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`].
    pub async fn open(place: &Place, connections: u32) -> Result<Self> {
        Ok(Self(match place {
            Place::Sqlite(path) => DatabaseKind::Sqlite(sqlite::Pool::open(path, connections).await?),
            Place::Postgres(url) => DatabaseKind::Postgres(postgres::Pool::open(url, connections).await?),
        }))
    }

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`], [`Error::Interrupted`].
    pub async fn begin(&self) -> Result<Transaction> {
        Ok(Transaction(match &self.0 {
            DatabaseKind::Sqlite(pool) => TransactionKind::Sqlite(pool.begin().await?),
            DatabaseKind::Postgres(pool) => TransactionKind::Postgres(pool.begin().await?),
        }))
    }
}

/// A transaction. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Transaction(TransactionKind);

#[derive(Debug)]
enum TransactionKind {
    Sqlite(sqlite::Transaction),
    Postgres(postgres::Transaction),
}

impl Transaction {
    /// Makes the changes durable.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Failed`], [`Error::Interrupted`]: none was made, or, where a connection broke while it
    /// was answered, nobody knows.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            TransactionKind::Sqlite(transaction) => transaction.commit().await,
            TransactionKind::Postgres(transaction) => transaction.commit().await,
        }
    }
}

impl Connection for Database {
    fn backend(&self) -> Backend {
        match self.0 {
            DatabaseKind::Sqlite(_) => Backend::Sqlite,
            DatabaseKind::Postgres(_) => Backend::Postgres,
        }
    }

    async fn run(&self, sql: &Sql) -> Result<u64> {
        match &self.0 {
            DatabaseKind::Sqlite(pool) => pool.run(sql).await,
            DatabaseKind::Postgres(pool) => pool.run(sql).await,
        }
    }

    async fn one(&self, sql: &Sql) -> Result<Option<Row>> {
        match &self.0 {
            DatabaseKind::Sqlite(pool) => pool.one(sql).await,
            DatabaseKind::Postgres(pool) => pool.one(sql).await,
        }
    }

    async fn all(&self, sql: &Sql) -> Result<Vec<Row>> {
        match &self.0 {
            DatabaseKind::Sqlite(pool) => pool.all(sql).await,
            DatabaseKind::Postgres(pool) => pool.all(sql).await,
        }
    }

    async fn batch(&self, text: &str) -> Result<()> {
        match &self.0 {
            DatabaseKind::Sqlite(pool) => pool.batch(text).await,
            DatabaseKind::Postgres(pool) => pool.batch(text).await,
        }
    }
}

impl Connection for Transaction {
    fn backend(&self) -> Backend {
        match self.0 {
            TransactionKind::Sqlite(_) => Backend::Sqlite,
            TransactionKind::Postgres(_) => Backend::Postgres,
        }
    }

    async fn run(&self, sql: &Sql) -> Result<u64> {
        match &self.0 {
            TransactionKind::Sqlite(transaction) => transaction.run(sql).await,
            TransactionKind::Postgres(transaction) => transaction.run(sql).await,
        }
    }

    async fn one(&self, sql: &Sql) -> Result<Option<Row>> {
        match &self.0 {
            TransactionKind::Sqlite(transaction) => transaction.one(sql).await,
            TransactionKind::Postgres(transaction) => transaction.one(sql).await,
        }
    }

    async fn all(&self, sql: &Sql) -> Result<Vec<Row>> {
        match &self.0 {
            TransactionKind::Sqlite(transaction) => transaction.all(sql).await,
            TransactionKind::Postgres(transaction) => transaction.all(sql).await,
        }
    }

    async fn batch(&self, text: &str) -> Result<()> {
        match &self.0 {
            TransactionKind::Sqlite(transaction) => transaction.batch(text).await,
            TransactionKind::Postgres(transaction) => transaction.batch(text).await,
        }
    }
}
