//! Events as entries of the journal.

use database::{Connection, Sql, Transaction};
use journal::{Entry, Stored};

use super::{Boxed, Event, EventSink, Kind};
use crate::index::{Error, Index, Result};
use crate::storage::Hash;

/// Rows of the former table that are moved at once.
const MOVED: i64 = 5000;

/// Events in the journal of the index's database.
#[derive(Debug, Clone, Copy)]
pub struct EventTable;

impl EventSink for EventTable {
    fn record<'a>(&'a self, transaction: &'a Transaction, events: &'a [Event]) -> Boxed<'a, Result<()>> {
        Box::pin(async move {
            let entries: Vec<Entry> = events.iter().map(entry).collect();
            Ok(journal::append(transaction, &entries).await?)
        })
    }
}

fn entry(event: &Event) -> Entry {
    Entry {
        organisation: event.organisation,
        study_uid: event.study_uid.clone(),
        series_uid: event.series_uid.clone(),
        sop_uid: event.sop_uid.clone(),
        hash: event.hash.map(|hash| hash.to_string()),
        detail: event.detail.clone(),
        ..Entry::new(event.kind.as_str(), event.actor.as_str(), event.at_ns)
    }
}

fn event(Stored { id, entry, .. }: Stored) -> Result<(i64, Event)> {
    let damaged = || Error::Damaged("an event");
    let hash = entry.hash.map(|hex| Hash::from_hex(&hex).ok_or_else(damaged));
    let event = Event {
        at_ns: entry.at_ns,
        kind: Kind::from_text(&entry.kind).ok_or_else(damaged)?,
        actor: entry.actor,
        organisation: entry.organisation,
        study_uid: entry.study_uid,
        series_uid: entry.series_uid,
        sop_uid: entry.sop_uid,
        hash: hash.transpose()?,
        detail: entry.detail,
    };
    Ok((id, event))
}

impl EventTable {
    /// Gives events after the one with this number, in the order they happened, with their numbers. Entries of other kinds
    /// are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn after(index: &Index, id: i64, limit: u32) -> Result<Vec<(i64, Event)>> {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|(_, word)| *word).collect();
        let stored = journal::after(index.readers(), id, limit, Some(&kinds)).await?;
        stored.into_iter().map(event).collect()
    }

    /// Gives the number of the last entry, whatever its kind; 0 where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn last(index: &Index) -> Result<i64> {
        let head = journal::head(index.readers()).await?;
        Ok(head.map_or(0, |(id, _)| id))
    }
}

/// Moves the table that events were in before there was a journal, and drops it.
pub(crate) async fn move_to_journal(transaction: &Transaction) -> Result<()> {
    let mut last = 0_i64;
    loop {
        let mut sql = Sql::new(
            "SELECT id, at_ns, kind, actor, study_uid, series_uid, sop_uid, hash, detail FROM events WHERE id > ",
        );
        sql.bind(last).push(" ORDER BY id LIMIT ").bind(MOVED);
        let rows = sql.all(transaction).await?;
        let entries = rows.iter().map(former).collect::<Result<Vec<_>>>()?;
        let Some((id, _)) = entries.last() else {
            break;
        };
        last = *id;
        journal::keep_numbers(transaction, &entries).await?;
    }
    transaction.batch("DROP TABLE events").await?;
    Ok(())
}

fn former(row: &database::Row) -> Result<(i64, Entry)> {
    let (kind, actor): (String, String) = (row.get(2)?, row.get(3)?);
    let entry = Entry {
        study_uid: row.get(4)?,
        series_uid: row.get(5)?,
        sop_uid: row.get(6)?,
        hash: row.get(7)?,
        detail: row.get(8)?,
        ..Entry::new(kind, actor, row.get(1)?)
    };
    Ok((row.get(0)?, entry))
}
