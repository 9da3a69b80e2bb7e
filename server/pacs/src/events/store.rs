//! The table of events.

use database::{Transaction, Value};

use super::{Boxed, Event, EventSink, Kind};
use crate::index::{Error, Index, Result, Sql};
use crate::storage::Hash;

/// Events in a table of the index's database.
#[derive(Debug, Clone, Copy)]
pub struct EventTable;

impl EventSink for EventTable {
    fn record<'a>(&'a self, transaction: &'a Transaction, events: &'a [Event]) -> Boxed<'a, Result<()>> {
        Box::pin(insert(transaction, events))
    }
}

async fn insert(transaction: &Transaction, events: &[Event]) -> Result<()> {
    let mut sql = Sql::new(
        "INSERT INTO events (at_ns, kind, actor, study_uid, series_uid, sop_uid, hash, detail) VALUES ",
    );
    for (number, event) in events.iter().enumerate() {
        let values: [Value; 8] = [
            event.at_ns.into(),
            event.kind.as_str().into(),
            event.actor.as_str().into(),
            event.study_uid.clone().into(),
            event.series_uid.clone().into(),
            event.sop_uid.clone().into(),
            event.hash.map(|hash| hash.to_string()).into(),
            event.detail.clone().into(),
        ];
        sql.push(if number == 0 { "(" } else { ", (" });
        sql.bind_all(values).push(")");
    }
    sql.run(transaction).await?;
    Ok(())
}

impl EventTable {
    /// Gives events after the one with this number, in the order they happened, with their numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn after(index: &Index, id: i64, limit: u32) -> Result<Vec<(i64, Event)>> {
        let mut sql = Sql::new(
            "SELECT id, at_ns, kind, actor, study_uid, series_uid, sop_uid, hash, detail FROM events WHERE id > ",
        );
        sql.bind(id).push(" ORDER BY id LIMIT ").bind(i64::from(limit));
        let rows = sql.all(index.readers()).await?;
        rows.iter()
            .map(|row| {
                let kind: String = row.get(2)?;
                let hash: Option<String> = row.get(7)?;
                let event = Event {
                    at_ns: row.get(1)?,
                    kind: Kind::from_text(&kind).ok_or(Error::Damaged("an event"))?,
                    actor: row.get(3)?,
                    study_uid: row.get(4)?,
                    series_uid: row.get(5)?,
                    sop_uid: row.get(6)?,
                    hash: hash
                        .map(|hex| Hash::from_hex(&hex).ok_or(Error::Damaged("an event")))
                        .transpose()?,
                    detail: row.get(8)?,
                };
                Ok((row.get(0)?, event))
            })
            .collect()
    }
}
