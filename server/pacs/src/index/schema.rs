//! The schema, as migrations that are only ever added to.

use database::Database;
use database::Transaction;
use database::schema::{self, Boxed, Schema};

use super::{Error, Result, names};

/// Never change one that was released: add the next.
pub(super) const SCHEMA: Schema<Error> = Schema {
    table: "migrations",
    migrations: &[
        include_str!("migrations/0001.sql"),
        include_str!("migrations/0002_events.sql"),
        include_str!("migrations/0003_orders.sql"),
        include_str!("migrations/0004_delivery.sql"),
        include_str!("migrations/0005_life.sql"),
        include_str!("migrations/0006_gateway.sql"),
        include_str!("migrations/0007_merges.sql"),
        include_str!("migrations/0008_applications.sql"),
        include_str!("migrations/0009_compression.sql"),
        include_str!("migrations/0010_search.sql"),
    ],
    // The keys of names are made of the names that are there.
    hooks: &[(10, write_names)],
};

fn write_names(transaction: &Transaction) -> Boxed<'_, Result<()>> {
    Box::pin(names::write_all(transaction))
}

/// Brings a database to the latest schema.
pub(super) async fn migrate(database: &Database) -> Result<()> {
    SCHEMA.migrate(database).await.map_err(|error| match error {
        schema::Error::Newer { found, known, .. } => Error::Newer { found, known },
        schema::Error::Hook(error) => error,
        schema::Error::Database(error) => error.into(),
        other => Error::Database(database::Error::Failed(other.to_string())),
    })
}
