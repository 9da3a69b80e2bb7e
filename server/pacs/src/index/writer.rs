//! One writes at a time: what several ask for meanwhile goes into one transaction, and so waits for the disk once.
//!
//! There is no thread for it. Whoever gets the connection writes for all who wait, so that an object alone changes no
//! thread on its way.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use database::{Transaction, Turn};
use tokio::sync::{oneshot, watch};

use super::arrival::{self, Arrival};
use super::write::Arrived;
use super::{Added, Error, Facts, Result, custody};
use crate::events::{Event, EventSink, Kind};
use database::waiting;

/// Objects of one transaction at most.
const BATCH: usize = 128;

type Answer = oneshot::Sender<Result<Added>>;

/// The way to the writing connection; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    waiting: Arc<std::sync::Mutex<VecDeque<(Arrival, Answer)>>>,
    turns: database::Writer,
    events: Arc<dyn EventSink>,
}

/// A transaction of the one writer, for what stands beside the index in its database. Dropped, it leaves nothing.
pub struct Change {
    change: database::Change,
    events: Arc<dyn EventSink>,
}

impl Deref for Change {
    type Target = Transaction;

    fn deref(&self) -> &Self::Target {
        &self.change
    }
}

impl Change {
    /// Records what the transaction does: both are there, or neither.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn record(&self, event: &Event) -> Result<()> {
        let mut event = event.clone();
        if let (None, Some(study_uid)) = (event.organisation, &event.study_uid) {
            event.organisation = custody::of_study(&*self.change, study_uid).await?;
        }
        self.events
            .record(&self.change, std::slice::from_ref(&event))
            .await
    }

    /// Makes the changes durable.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Database`]: none was made.
    pub async fn commit(self) -> Result<()> {
        Ok(self.change.commit().await?)
    }
}

impl Writer {
    pub(super) fn new(turns: database::Writer, events: Arc<dyn EventSink>) -> Self {
        Self {
            waiting: Arc::default(),
            turns,
            events,
        }
    }

    pub(super) fn turns(&self) -> &database::Writer {
        &self.turns
    }

    pub(super) fn committed(&self) -> watch::Receiver<()> {
        self.turns.committed()
    }

    /// Adds one object; returns when its transaction is on the disk.
    pub(super) async fn add(&self, arrival: Arrival) -> Result<Added> {
        let (answer, mut answered) = oneshot::channel();
        self.queue().push_back((arrival, answer));
        loop {
            tokio::select! {
                biased;
                outcome = &mut answered => return outcome.map_err(|_| Error::Closed)?,
                turn = self.turns.turn() => {
                    let writer = self.clone();
                    // What is written for others does not end with whoever writes it.
                    let written = waiting::to_the_end(async move { writer.write_for_all(&turn).await });
                    written.await.map_err(|_| Error::Closed)?;
                }
            }
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<(Arrival, Answer)>> {
        self.waiting
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds what waits, at most a batch of it, and answers.
    async fn write_for_all(&self, turn: &Turn) {
        let (mut arrivals, answers): (Vec<_>, Vec<_>) = {
            let mut queue = self.queue();
            let count = queue.len().min(BATCH);
            queue.drain(..count).unzip()
        };
        if arrivals.is_empty() {
            return;
        }
        let outcomes = match together(turn, &mut arrivals, &*self.events).await {
            Ok(added) => added.into_iter().map(Ok).collect(),
            Err(error) if arrivals.len() == 1 => vec![Err(error)],
            // One that fails must not take the others with it.
            Err(_) => one_by_one(turn, &mut arrivals, &*self.events).await,
        };
        self.turns.tell();
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever asked may have gone.
            let _ = answer.send(outcome);
        }
    }

    /// Adds many objects in one transaction.
    pub(super) async fn add_all(&self, facts: Vec<Facts>) -> Result<Vec<Added>> {
        let arrivals = facts.into_iter().map(|facts| Arrival::new(facts, None));
        let mut arrivals: Vec<Arrival> = arrivals.collect();
        let added = together(&self.turns.turn().await, &mut arrivals, &*self.events).await?;
        self.turns.tell();
        Ok(added)
    }

    /// Begins other changes.
    pub(super) async fn begin(&self) -> Result<Change> {
        Ok(Change {
            change: self.turns.begin().await?,
            events: Arc::clone(&self.events),
        })
    }
}

async fn together(turn: &Turn, arrivals: &mut [Arrival], events: &dyn EventSink) -> Result<Vec<Added>> {
    let transaction = turn.begin().await?;
    let mut all = Vec::with_capacity(arrivals.len());
    for arrivals in arrivals.chunks_mut(BATCH) {
        let mut happened = Vec::new();
        let added = arrival::add(&transaction, arrivals).await?;
        for (arrival, arrived) in arrivals.iter().zip(added) {
            if let Some(sender) = &arrival.sender {
                happened.extend(events_of(&arrival.facts, &sender.actor, &arrived));
            }
            all.push(arrived.added);
        }
        if !happened.is_empty() {
            events.record(&transaction, &happened).await?;
        }
    }
    transaction.commit().await?;
    Ok(all)
}

/// What happened with an object.
fn events_of(facts: &Facts, sender: &str, arrived: &Arrived) -> Vec<Event> {
    let kind = match arrived.added {
        Added::New => Some(Kind::Stored),
        Added::Different => Some(Kind::StoredBeside),
        Added::Identical | Added::Foreign | Added::Gone => None,
    };
    let stored = kind.map(|kind| Event::of(kind, sender, facts));
    let found = arrived.conflicts.iter().map(|conflict| Event {
        detail: Some(format!("{{\"conflict\":{conflict}}}")),
        ..Event::of(Kind::ConflictFound, sender, facts)
    });
    stored.into_iter().chain(found).collect()
}

async fn one_by_one(turn: &Turn, arrivals: &mut [Arrival], events: &dyn EventSink) -> Vec<Result<Added>> {
    let mut outcomes = Vec::with_capacity(arrivals.len());
    for one in arrivals {
        let outcome = together(turn, std::slice::from_mut(one), events).await;
        outcomes.push(outcome.and_then(|added| added.first().copied().ok_or(Error::Closed)));
    }
    outcomes
}
