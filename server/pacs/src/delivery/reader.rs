//! From events to rows.

use std::time::Duration;

use super::{Chooser, Queue, store};
use crate::events::EventTable;
use crate::index::Result;

/// What happens within such a time is read together.
const GATHER: Duration = Duration::from_millis(200);
/// How often events of other processes that share the database are looked for.
const LOOK: Duration = Duration::from_secs(2);
/// How long after the database failed.
const PAUSE: Duration = Duration::from_secs(2);
/// Events of one transaction at most.
const BATCH: u32 = 256;

/// Entries of others' kinds that are passed over before the way that was come is written down.
const FOREIGN: i64 = 10_000;

/// Reads on for ever.
pub(super) async fn run(queue: &Queue, chooser: &dyn Chooser) {
    let mut committed = queue.index.committed();
    let mut passed = 0;
    loop {
        committed.mark_unchanged();
        match read(queue, chooser, &mut passed).await {
            Ok(true) => {}
            Ok(false) => {
                tokio::time::sleep(GATHER).await;
                // Whatever ends the wait, it is time to look.
                let _ = tokio::time::timeout(LOOK, committed.changed()).await;
            }
            Err(error) => {
                tracing::error!(%error, "events cannot be read for deliveries");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Reads what is there; whether there was an event. `passed` is the last entry that was looked at, whatever its kind.
pub(super) async fn read(queue: &Queue, chooser: &dyn Chooser, passed: &mut i64) -> Result<bool> {
    let cursor = store::cursor(&queue.index, &queue.reader).await?.unwrap_or(0);
    // What is written from here on is read the next time.
    let end = EventTable::last(&queue.index).await?;
    let events = EventTable::after(&queue.index, cursor.max(*passed), BATCH).await?;
    let (numbers, events): (Vec<i64>, Vec<_>) = events.into_iter().unzip();
    let is_all = numbers.len() < BATCH as usize;
    let reached = numbers.last().copied().unwrap_or(cursor);
    let reached = if is_all { reached.max(end) } else { reached };
    if !events.is_empty() {
        let new = chooser.choose(&queue.index, &events).await?;
        queue.accept(&new, reached).await?;
    } else if reached - cursor >= FOREIGN {
        queue.accept(&[], reached).await?;
    }
    *passed = reached;
    Ok(!events.is_empty())
}
