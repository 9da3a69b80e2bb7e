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

/// Reads on for ever.
pub(super) async fn run(queue: &Queue, chooser: &dyn Chooser) {
    let mut committed = queue.index.committed();
    loop {
        committed.mark_unchanged();
        match read(queue, chooser).await {
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

/// Reads what is there; whether there was something.
async fn read(queue: &Queue, chooser: &dyn Chooser) -> Result<bool> {
    let cursor = store::cursor(&queue.index, &queue.reader).await?.unwrap_or(0);
    let (numbers, events): (Vec<i64>, Vec<_>) = EventTable::after(&queue.index, cursor, BATCH)
        .await?
        .into_iter()
        .unzip();
    let Some(last) = numbers.last() else {
        return Ok(false);
    };
    let new = chooser.choose(&queue.index, &events).await?;
    queue.accept(&new, *last).await?;
    Ok(true)
}
