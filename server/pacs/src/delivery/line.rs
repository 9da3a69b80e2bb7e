//! One destination: which study is sent when, and what is written down of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::backoff::random;
use super::{Backoff, Carrier, Delivery, Fate, Queue, Step, Tell, Trouble, now_ns, store};
use crate::figures;
use crate::index::Result;

/// How long at most until the queue is looked at again though nobody said that it changed.
const LOOK: Duration = Duration::from_secs(5);
/// How long after the database failed.
const PAUSE: Duration = Duration::from_secs(2);

/// A destination and the way there.
#[derive(Debug, Clone)]
pub struct Line {
    /// The destination's name.
    pub destination: String,
    /// The way there.
    pub carrier: Arc<dyn Carrier>,
    /// Studies sent at once.
    pub parallel: usize,
    /// How long it waits after failures.
    pub backoff: Backoff,
}

/// How sending some objects of a study went.
struct Journey {
    study_uid: String,
    delivered: bool,
    /// Why it stopped.
    failure: Option<String>,
}

/// Sends until stopped, and then to the end of what is on its way.
pub(super) async fn run(queue: Queue, line: Line, mut stopped: watch::Receiver<bool>) {
    let mut wake = queue.wake.subscribe();
    let mut journeys = JoinSet::new();
    // Of a study, one journey at a time: its order is kept.
    let mut busy = HashMap::new();
    let mut failures = 0;
    let mut resting_until = Instant::now();
    loop {
        let rests = Instant::now() < resting_until;
        // After a failure one study tries the way for all.
        let places = if failures > 0 { 1 } else { line.parallel.max(1) };
        if !rests && !*stopped.borrow() && busy.len() < places {
            match start(&queue, &line, &mut journeys, &mut busy).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, destination = line.destination, "deliveries cannot be read");
                    resting_until = Instant::now() + PAUSE;
                }
            }
        }
        if *stopped.borrow() && journeys.is_empty() {
            return;
        }
        let until = if resting_until > Instant::now() {
            resting_until
        } else if busy.len() >= places {
            Instant::now() + LOOK
        } else {
            due(&queue, &line).await
        };
        tokio::select! {
            Some(ended) = journeys.join_next_with_id(), if !journeys.is_empty() => match ended {
                Ok((id, journey)) => {
                    busy.remove(&id);
                    let journey: Journey = journey;
                    if journey.delivered || journey.failure.is_none() {
                        failures = 0;
                        queue.set_trouble(&line.destination, None);
                    }
                    if let Some(words) = journey.failure {
                        failures += 1;
                        resting_until = Instant::now() + line.backoff.wait(failures, random());
                        tracing::warn!(destination = line.destination, study_uid = journey.study_uid, words, "not delivered");
                        let trouble = Trouble { failures, words, at_ns: now_ns() };
                        queue.set_trouble(&line.destination, Some(trouble));
                    }
                }
                Err(error) => {
                    busy.remove(&error.id());
                    tracing::error!(destination = line.destination, "a delivery's task ended early");
                    resting_until = Instant::now() + PAUSE;
                }
            },
            _ = wake.changed(), if !rests => {}
            _ = stopped.changed() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

/// When something may be due.
async fn due(queue: &Queue, line: &Line) -> Instant {
    let next = store::next_due_ns(&queue.index, &line.destination).await;
    let wait_ns = match next {
        Ok(Some(due_ns)) => u64::try_from(due_ns.saturating_sub(now_ns())).unwrap_or(0),
        _ => u64::MAX,
    };
    // What is due already waits for a study that is under way, or for one of its own.
    let wait = Duration::from_nanos(wait_ns).clamp(Duration::from_millis(50), LOOK);
    Instant::now() + wait
}

/// Starts with the study whose turn it is; whether there was one.
async fn start(
    queue: &Queue,
    line: &Line,
    journeys: &mut JoinSet<Journey>,
    busy: &mut HashMap<tokio::task::Id, String>,
) -> Result<bool> {
    let now = now_ns();
    let under_way = busy.values().map(String::as_str);
    let Some(study_uid) = store::next_study(&queue.index, &line.destination, now, under_way).await? else {
        return Ok(false);
    };
    let taken = store::take(&queue.index, &line.destination, &study_uid, now).await?;
    if taken.is_empty() {
        return Ok(false);
    }
    let task = journeys.spawn(journey(queue.clone(), line.clone(), study_uid.clone(), taken));
    busy.insert(task.id(), study_uid);
    Ok(true)
}

/// Sends some objects of a study; each fate is written down as it comes.
async fn journey(queue: Queue, line: Line, study_uid: String, deliveries: Vec<Delivery>) -> Journey {
    let (sender, mut told) = mpsc::unbounded_channel();
    let mut open: HashMap<i64, Delivery> = deliveries.iter().map(|one| (one.id, one.clone())).collect();
    let mut journey = Journey {
        study_uid,
        delivered: false,
        failure: None,
    };
    let carrier = Arc::clone(&line.carrier);
    // In a task of its own: one that panics costs these objects another attempt, and nothing else.
    let mut carrying = JoinSet::new();
    carrying.spawn(async move { carrier.carry(&deliveries, &Tell(sender)).await });
    let mut fates = Vec::new();
    while told.recv_many(&mut fates, 64).await > 0 {
        for (_, fate) in &fates {
            match fate {
                Fate::Delivered(_) => journey.delivered = true,
                Fate::Later(words) => journey.failure = Some(words.clone()),
                Fate::Refused(_) => {}
            }
        }
        let fates = fates
            .drain(..)
            .filter_map(|(id, fate)| Some((open.remove(&id)?, fate)))
            .collect();
        written(&queue, &line, fates).await;
    }
    let panicked = !matches!(carrying.join_next().await, Some(Ok(())));
    let mut rest: Vec<Delivery> = open.into_values().collect();
    rest.sort_by_key(|delivery| delivery.id);
    if journey.failure.is_none() && !rest.is_empty() {
        let words = if panicked {
            "sending ended early"
        } else {
            "nothing was said of it"
        };
        journey.failure = Some(words.to_owned());
        written(
            &queue,
            &line,
            vec![(rest.remove(0), Fate::Later(words.to_owned()))],
        )
        .await;
    }
    while let Err(error) = returned(&queue, &mut rest).await {
        tracing::error!(%error, "what was not sent cannot be written down");
        tokio::time::sleep(PAUSE).await;
    }
    journey
}

/// Writes fates down, however often the database fails: an acknowledgement that is not written is a second sending.
async fn written(queue: &Queue, line: &Line, mut fates: Vec<(Delivery, Fate)>) {
    while let Err(error) = write(queue, line, &mut fates).await {
        tracing::error!(%error, "what was sent cannot be written down");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn write(queue: &Queue, line: &Line, fates: &mut [(Delivery, Fate)]) -> Result<()> {
    let now = now_ns();
    let mut results = Vec::with_capacity(fates.len());
    let change = queue.index.begin().await?;
    for (delivery, fate) in fates.iter() {
        // A copy: what is not committed must be written anew.
        let mut delivery = delivery.clone();
        let (step, reason) = match fate {
            Fate::Delivered(words) => (Step::Acknowledge, words.as_deref()),
            Fate::Refused(words) => (Step::Refuse, Some(words.as_str())),
            Fate::Later(words) => (Step::Postpone, Some(words.as_str())),
        };
        let result = match fate {
            Fate::Delivered(_) => "delivered",
            Fate::Refused(_) => "refused",
            Fate::Later(_) => "failed",
        };
        results.push(result);
        let failures = u32::try_from(delivery.attempts + 1).unwrap_or(u32::MAX);
        let not_before = match step {
            Step::Postpone => now.saturating_add(nanoseconds(line.backoff.wait(failures, random()))),
            _ => now,
        };
        store::step(&change, &mut delivery, step, reason, not_before, now).await?;
    }
    change.commit().await?;
    for result in results {
        figures::delivered(&line.destination, result);
    }
    Ok(())
}

async fn returned(queue: &Queue, rest: &mut [Delivery]) -> Result<()> {
    if rest.is_empty() {
        return Ok(());
    }
    let now = now_ns();
    let change = queue.index.begin().await?;
    for delivery in rest.iter() {
        store::step(
            &change,
            &mut delivery.clone(),
            Step::Return,
            None,
            delivery.not_before_ns,
            now,
        )
        .await?;
    }
    change.commit().await
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
