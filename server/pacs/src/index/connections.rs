//! The index's connections: one writes, several read.

use std::sync::Arc;

use database::{Database, Place};
use tokio::sync::watch;

use super::writer::{Change, Writer};
use super::{Result, schema};
use crate::events::{EventSink, EventTable};

/// The index; clones share it.
#[derive(Debug, Clone)]
pub struct Index {
    pub(super) readers: Database,
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
        let writing = Database::open(place, 1).await?;
        schema::migrate(&writing).await?;
        let readers = Database::open(place, 8).await?;
        let writer = Writer::new(database::Writer::new(writing), events);
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

    /// The way to write beside the index in its database, without its events.
    #[must_use]
    pub fn turns(&self) -> &database::Writer {
        self.writer.turns()
    }

    /// Connections that read.
    pub fn readers(&self) -> &Database {
        &self.readers
    }
}
