//! SQLite: a file, and connections to it that are used one statement or one transaction at a time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{Value as SqliteValue, ValueRef};
use rusqlite::{CachedStatement, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Error, Result, Row, Sql, Value, waiting};

/// How long another process may hold the file before a statement fails.
const BUSY: Duration = Duration::from_secs(30);
/// Bytes of the file that are mapped into memory; what is beyond them is read.
const MAPPED: i64 = 1 << 30;
/// Statements of a connection that are kept prepared.
const PREPARED: usize = 256;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        let words = error.to_string();
        // A write that finds no space is SQLITE_FULL, or an error of the system underneath.
        if code == Some(ErrorCode::DiskFull) || words.contains("No space left on device") {
            Self::Full
        } else {
            Self::Failed(words)
        }
    }
}

/// Connections to one file; clones share them.
#[derive(Debug, Clone)]
pub(super) struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<rusqlite::Connection>>,
}

/// A connection that is in use. It goes back when the last who holds it is done, without what was not committed.
#[derive(Debug)]
struct Held {
    /// Always there, until it goes back.
    connection: Mutex<Option<rusqlite::Connection>>,
    pool: Pool,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) async fn open(path: &Path, connections: u32) -> Result<Self> {
        let pool = Self(Arc::new(Shared {
            path: path.to_owned(),
            places: Arc::new(Semaphore::new(connections as usize)),
            idle: Mutex::default(),
        }));
        // Whether it can be opened is known now, not with the first statement.
        pool.with(|_| Ok(())).await?;
        Ok(pool)
    }

    pub(super) async fn run(&self, sql: &Sql) -> Result<u64> {
        let sql = sql.clone();
        self.with(move |connection| run(connection, &sql)).await
    }

    pub(super) async fn one(&self, sql: &Sql) -> Result<Option<Row>> {
        let sql = sql.clone();
        self.with(move |connection| Ok(rows(connection, &sql, 1)?.pop()))
            .await
    }

    pub(super) async fn all(&self, sql: &Sql) -> Result<Vec<Row>> {
        let sql = sql.clone();
        self.with(move |connection| rows(connection, &sql, usize::MAX))
            .await
    }

    pub(super) async fn batch(&self, text: &str) -> Result<()> {
        let text = text.to_owned();
        self.with(move |connection| Ok(connection.execute_batch(&text)?))
            .await
    }

    pub(super) async fn begin(&self) -> Result<Transaction> {
        let held = Arc::new(self.take().await?);
        let begun = Arc::clone(&held);
        // Who writes says so at once: one that began to read could not always go on to write.
        let begin = move || begun.with(|connection| Ok(connection.execute_batch("BEGIN IMMEDIATE")?));
        waiting::run(begin).await.map_err(|_| Error::Interrupted)??;
        Ok(Transaction(held))
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let held = self.take().await?;
        let done = waiting::run(move || held.with(work));
        done.await.map_err(|_| Error::Interrupted)?
    }

    async fn take(&self) -> Result<Held> {
        let place = Arc::clone(&self.0.places).acquire_owned().await;
        let place = place.map_err(|_| Error::Interrupted)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let path = self.0.path.clone();
                let opened = waiting::run(move || connect(&path));
                opened.await.map_err(|_| Error::Interrupted)??
            }
        };
        Ok(Held {
            connection: Mutex::new(Some(connection)),
            pool: self.clone(),
            _place: place,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<rusqlite::Connection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn with<T>(&self, work: impl FnOnce(&rusqlite::Connection) -> Result<T>) -> Result<T> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(connection.as_ref().ok_or(Error::Interrupted)?)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(connection) = connection.take() else {
            return;
        };
        // One that cannot be brought back to rest is closed, which undoes what was not committed.
        if connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok() {
            self.pool.idle().push(connection);
        }
    }
}

/// A transaction; its connection goes back when it ends.
#[derive(Debug)]
pub(super) struct Transaction(Arc<Held>);

impl Transaction {
    pub(super) async fn run(&self, sql: &Sql) -> Result<u64> {
        let sql = sql.clone();
        self.with(move |connection| run(connection, &sql)).await
    }

    pub(super) async fn one(&self, sql: &Sql) -> Result<Option<Row>> {
        let sql = sql.clone();
        self.with(move |connection| Ok(rows(connection, &sql, 1)?.pop()))
            .await
    }

    pub(super) async fn all(&self, sql: &Sql) -> Result<Vec<Row>> {
        let sql = sql.clone();
        self.with(move |connection| rows(connection, &sql, usize::MAX))
            .await
    }

    pub(super) async fn batch(&self, text: &str) -> Result<()> {
        let text = text.to_owned();
        self.with(move |connection| Ok(connection.execute_batch(&text)?))
            .await
    }

    pub(super) async fn commit(self) -> Result<()> {
        self.batch("COMMIT").await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let held = Arc::clone(&self.0);
        let done = waiting::run(move || {
            held.with(|connection| {
                // A full disk, for one, ends a transaction from within: what came now would stand alone.
                if connection.is_autocommit() {
                    return Err(Error::Failed("the database has ended the transaction".to_owned()));
                }
                work(connection)
            })
        });
        done.await.map_err(|_| Error::Interrupted)?
    }
}

fn connect(path: &Path) -> Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    // What was committed survives a loss of power (https://www.sqlite.org/pragma.html#pragma_synchronous).
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")?;
    // Pages are read where the system keeps them: whenever another connection commits, a copy of one's own is worth nothing.
    connection.pragma_update(None, "mmap_size", MAPPED)?;
    Ok(connection)
}

fn run(connection: &rusqlite::Connection, sql: &Sql) -> Result<u64> {
    let mut statement = prepared(connection, sql)?;
    if statement.column_count() > 0 {
        // A statement that gives rows is done when the last was given.
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        return Ok(connection.changes());
    }
    Ok(statement.raw_execute()? as u64)
}

fn rows(connection: &rusqlite::Connection, sql: &Sql, most: usize) -> Result<Vec<Row>> {
    let mut statement = prepared(connection, sql)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut all = Vec::new();
    while all.len() < most
        && let Some(row) = rows.next()?
    {
        let values = (0..columns).map(|at| value(row.get_ref(at)?));
        all.push(Row(values.collect::<Result<_>>()?));
    }
    Ok(all)
}

fn prepared<'c>(connection: &'c rusqlite::Connection, sql: &Sql) -> Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(&sql.text)?;
    // SQLite numbers `$3` by where it stands in the text.
    for place in 1..=statement.parameter_count() {
        let name = statement
            .parameter_name(place)
            .and_then(|name| name.strip_prefix('$'));
        let number: Option<usize> = name.and_then(|name| name.parse().ok());
        let value = number.and_then(|number| sql.values.get(number.checked_sub(1)?));
        let value = value
            .ok_or_else(|| Error::Failed("a statement names a value that it does not have".to_owned()))?;
        match value {
            Value::Integer(value) => statement.raw_bind_parameter(place, value)?,
            Value::Real(value) => statement.raw_bind_parameter(place, value)?,
            Value::Text(value) => statement.raw_bind_parameter(place, value)?,
            Value::Bytes(value) => statement.raw_bind_parameter(place, value)?,
        }
    }
    Ok(statement)
}

fn value(value: ValueRef<'_>) -> Result<Value> {
    Ok(
        match SqliteValue::try_from(value).map_err(|_| Error::Failed("text that is not UTF-8".to_owned()))? {
            SqliteValue::Null => Value::Text(None),
            SqliteValue::Integer(value) => Value::Integer(Some(value)),
            SqliteValue::Real(value) => Value::Real(Some(value)),
            SqliteValue::Text(value) => Value::Text(Some(value)),
            SqliteValue::Blob(value) => Value::Bytes(Some(value)),
        },
    )
}
