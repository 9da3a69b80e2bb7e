//! Looks, written before their answer leaves: who waits meanwhile shares one transaction.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use database::{Turn, Writer, waiting};
use tokio::sync::oneshot;

use super::{Entry, Error, Result, append};

/// Entries of one transaction at most.
const BATCH: usize = 500;

type Answer = oneshot::Sender<Result<()>>;

/// Writes entries that no change stands beside; clones share what waits.
#[derive(Debug, Clone)]
pub struct Recorder {
    writer: Writer,
    waiting: Arc<Mutex<VecDeque<(Entry, Answer)>>>,
}

impl Recorder {
    /// Over the way to write.
    #[must_use]
    pub fn new(writer: Writer) -> Self {
        Self {
            writer,
            waiting: Arc::default(),
        }
    }

    /// Writes an entry; returns when it is on the disk.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::Closed`]: it is not known to be written, and what it stands for must not happen.
    pub async fn record(&self, entry: Entry) -> Result<()> {
        let (answer, mut answered) = oneshot::channel();
        self.queue().push_back((entry, answer));
        loop {
            tokio::select! {
                biased;
                outcome = &mut answered => return outcome.map_err(|_| Error::Closed)?,
                turn = self.writer.turn() => {
                    let recorder = self.clone();
                    // What is written for others does not end with whoever writes it.
                    let written = waiting::to_the_end(async move { recorder.write_for_all(&turn).await });
                    written.await.map_err(|_| Error::Closed)?;
                }
            }
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<(Entry, Answer)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write_for_all(&self, turn: &Turn) {
        let (entries, answers): (Vec<_>, Vec<_>) = {
            let mut queue = self.queue();
            let count = queue.len().min(BATCH);
            queue.drain(..count).unzip()
        };
        if entries.is_empty() {
            return;
        }
        let outcome = write(turn, &entries).await;
        if outcome.is_ok() {
            self.writer.tell();
        }
        for answer in answers {
            let outcome = match &outcome {
                Ok(()) => Ok(()),
                Err(error) => Err(Error::Database(database::Error::Failed(error.to_string()))),
            };
            // Whoever asked may have gone.
            let _ = answer.send(outcome);
        }
    }
}

async fn write(turn: &Turn, entries: &[Entry]) -> Result<()> {
    let transaction = turn.begin().await?;
    append(&transaction, entries).await?;
    Ok(transaction.commit().await?)
}
