//! Connections and statements, alike for SQLite and PostgreSQL.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, ExecResult, QueryResult,
    Statement, Value,
};

use tokio::sync::watch;

use super::writer::{Change, Writer};
use super::{Page, Result, schema};
use crate::events::{EventSink, EventTable};

/// Where the index is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file of SQLite, made where it is absent.
    Sqlite(PathBuf),
    /// A database of PostgreSQL: `postgres://user:password@host/name`.
    Postgres(String),
}

/// The index; clones share it.
#[derive(Debug, Clone)]
pub struct Index {
    pub(super) readers: DatabaseConnection,
    pub(super) writer: Writer,
}

impl Index {
    /// Opens the index and brings its schema to the latest. Events go into its own table.
    ///
    /// # Errors
    ///
    /// [`super::Error::Database`], [`super::Error::Newer`].
    pub async fn open(place: &Place) -> Result<Self> {
        Self::open_with(place, Arc::new(EventTable)).await
    }

    /// As [`Index::open`], with another place for events.
    ///
    /// # Errors
    ///
    /// As [`Index::open`].
    pub async fn open_with(place: &Place, events: Arc<dyn EventSink>) -> Result<Self> {
        let writing = connect(place, 1).await?;
        schema::migrate(&writing).await?;
        let readers = connect(place, 8).await?;
        let writer = Writer::new(writing, events);
        Ok(Self { readers, writer })
    }

    /// Begins changes of what stands beside the index in its database; nobody else writes until they end.
    ///
    /// # Errors
    ///
    /// [`super::Error::Database`].
    pub async fn begin(&self) -> Result<Change> {
        self.writer.begin().await
    }

    /// Tells of every transaction that was committed here; other processes' are not seen.
    pub(crate) fn committed(&self) -> watch::Receiver<()> {
        self.writer.committed()
    }

    /// Connections that read.
    pub(crate) fn readers(&self) -> &DatabaseConnection {
        &self.readers
    }
}

/// After such a time without a statement a connection is tried before it is used.
const IDLE: Duration = Duration::from_secs(10);

async fn connect(place: &Place, connections: u32) -> Result<DatabaseConnection> {
    let mut options = match place {
        Place::Sqlite(_) => ConnectOptions::new("sqlite:"),
        Place::Postgres(url) => ConnectOptions::new(url.as_str()),
    };
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(60))
        // Asking whether a connection lives costs as much as a statement; one that was just used does.
        .test_before_acquire_if_idle_for(IDLE)
        // Statements have values in them that are not for logs.
        .sqlx_logging(false);
    if let Place::Sqlite(path) = place {
        let path = path.clone();
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(30))
                .foreign_keys(true)
        });
    }
    Ok(Database::connect(options).await?)
}

/// A statement with its values, written piece by piece.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }

    /// Adds the end of a statement that gives one page of rows; conditions stand before it.
    pub(crate) fn page(&mut self, number: &str, page: Page) -> &mut Self {
        self.push(&format!(" AND {number} > ")).bind(page.after);
        self.push(&format!(" ORDER BY {number} LIMIT "))
            .bind(i64::from(page.limit))
    }

    /// Adds values with commas between them.
    pub(crate) fn bind_all<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        for (number, value) in values.into_iter().enumerate() {
            if number > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    fn statement(&self, backend: DbBackend) -> Statement {
        Statement::from_sql_and_values(backend, self.text.as_str(), self.values.clone())
    }

    pub(crate) async fn run(&self, connection: &impl ConnectionTrait) -> Result<ExecResult> {
        let statement = self.statement(connection.get_database_backend());
        Ok(connection.execute_raw(statement).await?)
    }

    pub(crate) async fn one(&self, connection: &impl ConnectionTrait) -> Result<Option<QueryResult>> {
        let statement = self.statement(connection.get_database_backend());
        Ok(connection.query_one_raw(statement).await?)
    }

    pub(crate) async fn all(&self, connection: &impl ConnectionTrait) -> Result<Vec<QueryResult>> {
        let statement = self.statement(connection.get_database_backend());
        Ok(connection.query_all_raw(statement).await?)
    }
}
