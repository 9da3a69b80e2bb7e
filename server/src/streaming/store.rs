//! Snapshots of sessions in the database: what a reader sees and has drawn, without a voxel.

use database::schema::{Error as SchemaError, Schema};
use database::{Database, Sql, Writer};
use pacs::clock::now_ns;

/// The table of sessions.
pub const SCHEMA: Schema<std::convert::Infallible> = Schema {
    table: "streaming_migrations",
    migrations: &[include_str!("migrations/0001.sql")],
    hooks: &[],
    compatible_from: 1,
};

/// A session that nobody has gone on with for so long is forgotten.
const KEPT_NS: i64 = 7 * 24 * 3600 * 1_000_000_000;

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
    pub async fn keep(
        &self,
        name: &str,
        owner: &str,
        studies: &str,
        snapshot: Vec<u8>,
    ) -> database::Result<()> {
        let now_ns = now_ns();
        let change = self.writer.begin().await?;
        let mut sql =
            Sql::new("INSERT INTO viewer_sessions (name, owner, studies, snapshot, changed_ns) VALUES (");
        sql.bind_all([name, owner, studies])
            .push(", ")
            .bind(snapshot)
            .push(", ")
            .bind(now_ns);
        sql.push(") ON CONFLICT (name) DO UPDATE SET snapshot = excluded.snapshot, changed_ns = excluded.changed_ns");
        sql.run(&*change).await?;
        let mut old = Sql::new("DELETE FROM viewer_sessions WHERE changed_ns < ");
        old.bind(now_ns - KEPT_NS).run(&*change).await?;
        change.commit().await
    }

    /// The snapshot of somebody's session of these studies.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn find(&self, name: &str, owner: &str, studies: &str) -> database::Result<Option<Vec<u8>>> {
        let mut sql = Sql::new("SELECT snapshot FROM viewer_sessions WHERE name = ");
        sql.bind(name).push(" AND owner = ").bind(owner);
        sql.push(" AND studies = ").bind(studies);
        sql.one(&self.readers).await?.map(|row| row.get(0)).transpose()
    }
}
