//! Snapshots of sessions in the database: what a reader sees and has drawn, without a voxel.

use database::schema::{Error as SchemaError, Schema};
use database::{Database, Row, Sql, Writer};
use pacs::clock::now_ns;

/// The table of sessions.
pub const SCHEMA: Schema<std::convert::Infallible> = Schema {
    table: "streaming_migrations",
    migrations: &[
        include_str!("migrations/0001.sql"),
        include_str!("migrations/0002.sql"),
    ],
    hooks: &[],
    compatible_from: 1,
};

/// A session that nobody has gone on with for so long is forgotten.
const KEPT_NS: i64 = 7 * 24 * 3600 * 1_000_000_000;

/// A session as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Whose it is.
    pub owner: String,
    /// Whether others may take part.
    pub is_shared: bool,
    /// What is the case.
    pub snapshot: Vec<u8>,
}

/// Where snapshots are kept.
#[derive(Debug, Clone)]
pub struct Store {
    readers: Database,
    writer: Writer,
}

impl Store {
    /// Opens the table.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn open(
        readers: Database,
        writer: Writer,
    ) -> Result<Self, SchemaError<std::convert::Infallible>> {
        SCHEMA.migrate(&readers).await?;
        Ok(Self { readers, writer })
    }

    /// Keeps a session as it is now, and forgets those of long ago.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn keep(&self, name: &str, studies: &str, kept: &Kept) -> database::Result<()> {
        let now_ns = now_ns();
        let change = self.writer.begin().await?;
        let mut sql = Sql::new(
            "INSERT INTO viewer_sessions (name, owner, studies, snapshot, changed_ns, is_shared) VALUES (",
        );
        sql.bind_all([name, &kept.owner, studies])
            .push(", ")
            .bind(kept.snapshot.clone())
            .push(", ")
            .bind_all([now_ns, i64::from(kept.is_shared)]);
        sql.push(") ON CONFLICT (name) DO UPDATE SET snapshot = excluded.snapshot, changed_ns = excluded.changed_ns, is_shared = excluded.is_shared");
        sql.run(&*change).await?;
        let mut old = Sql::new("DELETE FROM viewer_sessions WHERE changed_ns < ");
        old.bind(now_ns - KEPT_NS).run(&*change).await?;
        change.commit().await
    }

    /// Somebody's session of these studies, or another's that is shared.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn find(&self, name: &str, owner: &str, studies: &str) -> database::Result<Option<Kept>> {
        let mut sql = Sql::new("SELECT owner, is_shared, snapshot FROM viewer_sessions WHERE name = ");
        sql.bind(name).push(" AND (owner = ").bind(owner);
        sql.push(" OR is_shared = 1) AND studies = ").bind(studies);
        let read = |row: Row| {
            Ok(Kept {
                owner: row.get(0)?,
                is_shared: row.get::<i64>(1)? != 0,
                snapshot: row.get(2)?,
            })
        };
        sql.one(&self.readers).await?.map(read).transpose()
    }
}
