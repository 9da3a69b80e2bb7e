//! Schemas, as migrations that are only ever added to.
//!
//! One text serves both databases. `{id}` is a key that counts up, `{text}` text ordered by its bytes (so that prefixes
//! are ranges of an index in both), `{blob}` bytes, `{keyed}` what makes a table lie in the order of its primary key where
//! that has to be said. Lines that begin with `--` are left out; statements end with `;`.
//!
//! A database that a later version upgraded is gone on with where that version says so ([`Schema::compatible_from`]): the
//! way back of an upgrade is to start the version before.

use std::future::Future;
use std::pin::Pin;

use super::writer::wait_for_turn;
use super::{Backend, Connection, Database, Result, Sql, Transaction};

/// Which programs can go on with what the last migrations made, a row for each table of migrations.
const TABLE: &str = "schemas";

/// A future in a box.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a migration does beyond its statements.
pub type Hook<E> = for<'a> fn(&'a Transaction) -> Boxed<'a, Result<(), E>>;

/// Part of a database's schema that is kept by one crate.
#[derive(Debug, Clone, Copy)]
pub struct Schema<E: 'static> {
    /// The table that says which migrations were done.
    pub table: &'static str,
    /// The migrations. Never change one that was released: add the next.
    pub migrations: &'static [&'static str],
    /// What is done after the statements of the migration with this number, counted from 1, in its transaction.
    pub hooks: &'static [(i64, Hook<E>)],
    /// The first schema whose programs can go on with the latest one: all migrations after it only add, as
    /// [`Schema::check`] finds. It is never above the last schema of the version released before.
    pub compatible_from: i64,
}

/// How far a database is with one schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// The table of migrations.
    pub table: &'static str,
    /// The last migration that was done; 0 where there was none.
    pub found: i64,
    /// The last migration known here.
    pub known: i64,
    /// The first schema whose programs can go on with what was found, where that was said.
    pub compatible_from: Option<i64>,
}

impl Stage {
    /// Whether rows are there that migrations will change.
    #[must_use]
    pub fn is_older(&self) -> bool {
        (1..self.known).contains(&self.found)
    }

    /// Whether a later version has changed it.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.found > self.known
    }

    /// Whether this version can go on with it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.is_newer() || self.compatible_from.is_some_and(|first| self.known >= first)
    }
}

/// Why a schema could not be brought to the latest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// The database was made by a later version, and this one cannot go on with it.
    #[error(
        "{table} has schema {found} of a later version, this version knows {known} and cannot go on with it"
    )]
    Newer {
        /// The table of migrations.
        table: &'static str,
        /// The schema found.
        found: i64,
        /// The last schema known here.
        known: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] super::Error),
    /// A hook failed.
    #[error(transparent)]
    Hook(E),
}

impl<E: Send + 'static> Schema<E> {
    /// Brings a database to the latest schema; leaves one alone that a later version has upgraded and that this version can
    /// go on with. Several processes may do it at once.
    ///
    /// # Errors
    ///
    /// [`Error::Newer`], [`Error::Database`], [`Error::Hook`]; migrations before the one that failed stay done.
    pub async fn migrate(&self, database: &Database) -> Result<(), Error<E>> {
        self.migrate_to(database, self.migrations.len()).await
    }

    /// Brings a database to an earlier schema than the latest, for tests of what is upgraded.
    ///
    /// # Errors
    ///
    /// As [`Schema::migrate`].
    pub async fn migrate_to(&self, database: &Database, last: usize) -> Result<(), Error<E>> {
        let stage = self.stage(database).await?;
        if !stage.is_usable() {
            let Stage {
                table, found, known, ..
            } = stage;
            return Err(Error::Newer { table, found, known });
        }
        let migrations = self.migrations.iter().zip(1_i64..).take(last);
        for (migration, version) in migrations.skip(usize::try_from(stage.found).unwrap_or(0)) {
            let transaction = database.begin().await?;
            wait_for_turn(&transaction).await?;
            self.prepare(&transaction).await?;
            // Another process may have been sooner.
            if self.highest(&transaction).await? >= version {
                continue;
            }
            for statement in statements(migration, transaction.backend()) {
                transaction.batch(&statement).await?;
            }
            for (_, hook) in self.hooks.iter().filter(|(number, _)| *number == version) {
                hook(&transaction).await.map_err(Error::Hook)?;
            }
            let mut record = Sql::new(format!("INSERT INTO {} (version) VALUES (", self.table));
            record.bind(version).push(")").run(&transaction).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    /// How far a database is; nothing of it is changed.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn stage(&self, database: &Database) -> Result<Stage> {
        let (mut found, mut compatible_from) = (0, None);
        if is_there(database, self.table).await? {
            found = self.highest(database).await?;
        }
        if is_there(database, TABLE).await? {
            let mut sql = Sql::new(format!("SELECT compatible_from FROM {TABLE} WHERE name = "));
            let row = sql.bind(self.table).one(database).await?;
            compatible_from = row.map(|row| row.get(0)).transpose()?;
        }
        Ok(Stage {
            table: self.table,
            found,
            known: self.migrations.len() as i64,
            compatible_from,
        })
    }

    async fn highest(&self, connection: &impl Connection) -> Result<i64> {
        let highest = Sql::new(format!("SELECT COALESCE(MAX(version), 0) FROM {}", self.table));
        highest.one(connection).await?.map_or(Ok(0), |row| row.get(0))
    }

    /// Makes the tables of this module, and says which programs can go on.
    async fn prepare(&self, transaction: &Transaction) -> Result<()> {
        let tables = format!(
            "CREATE TABLE IF NOT EXISTS {} (version BIGINT PRIMARY KEY);
             CREATE TABLE IF NOT EXISTS {TABLE} (name {{text}} PRIMARY KEY, compatible_from BIGINT NOT NULL)",
            self.table
        );
        for statement in statements(&tables, transaction.backend()) {
            transaction.batch(&statement).await?;
        }
        let mut say = Sql::new(format!("INSERT INTO {TABLE} (name, compatible_from) VALUES ("));
        say.bind(self.table).push(", ").bind(self.compatible_from);
        say.push(") ON CONFLICT (name) DO UPDATE SET compatible_from = excluded.compatible_from");
        say.run(transaction).await?;
        Ok(())
    }

    /// Finds whether programs of the schema [`Schema::compatible_from`] can go on with all that follows: tables and plain
    /// indices are added, and columns that may be left out. Rows that such a program writes are whole then, so that nothing
    /// is left to fill in when the later one comes back.
    ///
    /// # Errors
    ///
    /// The first migration that does more, in words.
    pub fn check(&self) -> std::result::Result<(), String> {
        let numbered = self.migrations.iter().zip(1_i64..);
        let later = numbered.filter(|(_, version)| *version > self.compatible_from);
        let later: Vec<(i64, Vec<String>)> = later
            .map(|(migration, version)| (version, statements(migration, Backend::Sqlite)))
            .map(|(version, texts)| (version, texts.iter().map(|text| plain(text)).collect()))
            .collect();
        let made = later.iter().flat_map(|(_, texts)| texts);
        let tables = made.filter_map(|text| text.strip_prefix("CREATE TABLE "));
        let tables: Vec<&str> = tables.map(first_word).collect();
        for (version, texts) in &later {
            if self.hooks.iter().any(|(number, _)| number == version) {
                return Err(format!("migration {version} of {} has a hook", self.table));
            }
            if let Some(text) = texts.iter().find(|text| !only_adds(text, &tables)) {
                return Err(format!(
                    "migration {version} of {} does more than add: {text}",
                    self.table
                ));
            }
        }
        Ok(())
    }
}

/// Whether a database has a table.
async fn is_there(database: &Database, table: &str) -> Result<bool> {
    let mut sql = Sql::new(match database.backend() {
        Backend::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ",
        Backend::Postgres => {
            "SELECT 1 FROM pg_tables WHERE schemaname = ANY (current_schemas(false)) AND tablename = "
        }
    });
    Ok(sql.bind(table).one(database).await?.is_some())
}

/// A statement with single spaces, in capitals.
fn plain(statement: &str) -> String {
    let words: Vec<&str> = statement.split_whitespace().collect();
    words.join(" ").to_ascii_uppercase()
}

/// The name that a text begins with.
fn first_word(text: &str) -> &str {
    text.split([' ', '(']).next().unwrap_or_default()
}

/// Whether a program that does not know of a statement, nor of some tables, goes on as before.
fn only_adds(statement: &str, tables: &[&str]) -> bool {
    let begins = |words: &str| statement.strip_prefix(words);
    let adds = if begins("CREATE TABLE ").is_some() || begins("CREATE INDEX ").is_some() {
        true
    } else if let Some(rest) = begins("CREATE UNIQUE INDEX ") {
        let of = rest.split_once(" ON ");
        of.is_some_and(|(_, table)| tables.contains(&first_word(table)))
    } else if let Some(rest) = begins("ALTER TABLE ") {
        rest.contains(" ADD COLUMN ") && (!rest.contains(" NOT NULL") || rest.contains(" DEFAULT "))
    } else {
        false
    };
    // Such a program removes rows that it knows, and nothing of those that lead to them.
    let mut references = statement.split(" REFERENCES ").skip(1);
    adds && references.all(|rest| tables.contains(&first_word(rest)) || rest.contains(" ON DELETE "))
}

/// The statements of a migration in a database's own words.
fn statements(migration: &str, backend: Backend) -> Vec<String> {
    let [id, text, blob, keyed] = match backend {
        Backend::Postgres => [
            "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
            "TEXT COLLATE \"C\"",
            "BYTEA",
            "",
        ],
        Backend::Sqlite => ["INTEGER PRIMARY KEY", "TEXT", "BLOB", "WITHOUT ROWID"],
    };
    let lines = migration
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    let plain: String = lines.collect::<Vec<_>>().join("\n");
    let said = plain
        .replace("{id}", id)
        .replace("{text}", text)
        .replace("{blob}", blob)
        .replace("{keyed}", keyed);
    said.split(';')
        .filter(|text| !text.trim().is_empty())
        .map(str::to_owned)
        .collect()
}
