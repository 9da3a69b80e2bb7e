//! The schema, as migrations that are only ever added to.

use database::Database;
use database::Transaction;
use database::schema::{self, Boxed, Schema};

use super::{Error, Result, corrected_study, names};
use crate::events;

/// Never change one that was released: add the next.
pub const SCHEMA: Schema<Error> = Schema {
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
        include_str!("migrations/0011_journal.sql"),
        include_str!("migrations/0012_custody.sql"),
        include_str!("migrations/0013_publications.sql"),
    ],
    // What is made of rows that are there: keys of names, entries of the journal, the studies of corrections.
    hooks: &[(10, write_names), (11, move_events), (12, write_studies)],
    compatible_from: 12,
};

fn write_names(transaction: &Transaction) -> Boxed<'_, Result<()>> {
    Box::pin(names::write_all(transaction))
}

fn move_events(transaction: &Transaction) -> Boxed<'_, Result<()>> {
    Box::pin(events::move_to_journal(transaction))
}

fn write_studies(transaction: &Transaction) -> Boxed<'_, Result<()>> {
    Box::pin(corrected_study::write_studies(transaction))
}

/// Brings a database to the latest schema, its journal first.
pub(super) async fn migrate(database: &Database) -> Result<()> {
    journal::SCHEMA.migrate(database).await.map_err(failed)?;
    SCHEMA.migrate(database).await.map_err(failed)
}

fn failed<E: std::fmt::Display>(error: schema::Error<E>) -> Error
where
    Error: From<E>,
{
    match error {
        schema::Error::Newer { found, known, .. } => Error::Newer { found, known },
        schema::Error::Hook(error) => error.into(),
        schema::Error::Database(error) => error.into(),
        other => Error::Database(database::Error::Failed(other.to_string())),
    }
}
