//! Works jobs off, some at a time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::kinds::{self, Ended, Failure, Kind, Outside};
use super::schedules::{self, Schedule};
use super::store::{self, Lease, Task};
use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::{Platform, Result, secrets};

/// Jobs at a time.
const AT_A_TIME: usize = 4;
/// How long a job is a worker's without word from it.
const LEASE_NS: i64 = MINUTE_NS;
/// How often a lease is prolonged.
const PROLONGED: Duration = Duration::from_secs(15);
/// How often jobs are looked for that are due by now, or that another node added unheard.
const LOOKED_FOR: Duration = Duration::from_secs(1);
/// How long jobs may go on when the server ends.
const GRACE: Duration = Duration::from_secs(10);
/// The longest that a job waits before it is tried again.
const LONGEST_WAIT_NS: i64 = 60 * MINUTE_NS;

/// Works until `stop` is ready; then lets what runs end, or gives it back.
pub async fn run(platform: Platform, stop: impl Future<Output = ()>) {
    let schedules = schedules::of_node(&platform);
    let worker = Worker::new(platform.clone(), kinds::of_node(&platform), &schedules);
    worker.run(stop, GRACE).await;
}

/// Works off all that is due, in tests.
#[cfg(test)]
pub(crate) async fn work_off(platform: &Platform) {
    let worker = Worker::new(platform.clone(), kinds::of_node(platform), &[]);
    while worker.step(AT_A_TIME).await.unwrap() > 0 {}
}

/// Takes jobs and does them.
#[derive(Debug, Clone)]
pub(super) struct Worker {
    platform: Platform,
    kinds: &'static [Kind],
    schedules: Arc<[Schedule]>,
    prolonged: Duration,
}

impl Worker {
    pub(super) fn new(platform: Platform, kinds: &'static [Kind], schedules: &[Schedule]) -> Self {
        Self {
            platform,
            kinds,
            schedules: schedules.into(),
            prolonged: PROLONGED,
        }
    }

    /// Prolongs leases as often as a test can wait for.
    #[cfg(test)]
    pub(super) fn prolonging(mut self, often: Duration) -> Self {
        self.prolonged = often;
        self
    }

    pub(super) async fn run(&self, stop: impl Future<Output = ()>, grace: Duration) {
        let mut committed = self.platform.writer().committed();
        let (ending, is_ending) = watch::channel(false);
        let mut running = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        let mut dues = schedules::Dues::default();
        loop {
            if let Err(error) = schedules::fire(&self.platform, &self.schedules, &mut dues).await {
                tracing::warn!(%error, "schedules were not looked at");
            }
            match self.take(AT_A_TIME.saturating_sub(running.len())).await {
                Ok(tasks) => {
                    for task in tasks {
                        let (worker, is_ending) = (self.clone(), is_ending.clone());
                        running.spawn(async move { worker.work(task, is_ending).await });
                    }
                }
                Err(error) => tracing::warn!(%error, "no jobs were taken"),
            }
            tokio::select! {
                () = &mut stop => break,
                _ = running.join_next(), if !running.is_empty() => {}
                _ = committed.changed() => tokio::time::sleep(Duration::from_millis(20)).await,
                () = tokio::time::sleep(LOOKED_FOR) => {}
            }
        }
        let ended = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, ended).await.is_err() {
            let _ = ending.send(true);
            while running.join_next().await.is_some() {}
        }
    }

    /// Takes what is due and does it, one after the other; gives how many there were.
    #[cfg(test)]
    pub(super) async fn step(&self, most: usize) -> Result<usize> {
        let tasks = self.take(most).await?;
        let count = tasks.len();
        for task in tasks {
            let (_ending, is_ending) = watch::channel(false);
            self.work(task, is_ending).await;
        }
        Ok(count)
    }

    /// Takes jobs that are due; what others abandoned is given back or ended first.
    pub(super) async fn take(&self, most: usize) -> Result<Vec<Task>> {
        let now_ns = self.platform.clock().now_ns();
        if most == 0 || !store::is_due(self.platform.readers(), self.kinds, now_ns).await? {
            return Ok(Vec::new());
        }
        let change = self.platform.writer().begin().await?;
        for task in store::abandoned(&*change, self.kinds, now_ns).await? {
            let why = "the worker ended".to_owned();
            let (sent_ns, is_cancelled) = store::marks(&*change, task.id).await?;
            let ended = if store::is_doubtful(task.kind, sent_ns, now_ns) {
                Ended::Unknown(why)
            } else if is_cancelled {
                Ended::Cancelled
            } else if task.tries >= task.kind.tries {
                Ended::Failed(why)
            } else {
                store::give_back(&*change, &task, now_ns, Some(&why), false).await?;
                continue;
            };
            store::end(&self.platform, &change, &task, &ended, now_ns).await?;
        }
        let tasks = store::take(&*change, self.kinds, most, now_ns, now_ns + LEASE_NS).await?;
        change.commit().await?;
        Ok(tasks)
    }

    /// Does a job and ends it.
    pub(super) async fn work(&self, task: Task, mut is_ending: watch::Receiver<bool>) {
        let ends = async move {
            let _ = is_ending.wait_for(|is_ending| *is_ending).await;
        };
        let acted = tokio::select! {
            acted = (task.kind.act)(&self.platform, &task) => Ok(acted),
            lease = self.hold(&task) => Err(Some(lease)),
            () = ends => Err(None),
        };
        let outcome = match acted {
            Ok(Ok(value)) => match self.finish(&task, Ended::Done(value)).await {
                Ok(()) => Ok(()),
                Err(error) => {
                    // What it did outside is done, whatever the database says now: it must not happen again.
                    let failure = match self.is_sent(&task).await {
                        true => Failure::NoAnswer(format!("done, and not written down: {error}")),
                        false => Failure::Later(error.to_string()),
                    };
                    self.fail(&task, failure).await
                }
            },
            Ok(Err(failure)) => self.fail(&task, failure).await,
            Err(None) => self.interrupt(&task).await,
            Err(Some(Lease::Cancelled)) => self.finish(&task, Ended::Cancelled).await,
            // It is another's.
            Err(Some(_)) => Ok(()),
        };
        self.log(&task, outcome);
    }

    fn log(&self, task: &Task, outcome: Result<()>) {
        // The lease runs out, and what is known of the job decides then.
        if let Err(error) = outcome {
            tracing::warn!(%error, job = task.id, kind = task.kind.word, "a job was not ended");
        }
    }

    /// Prolongs the lease for as long as it is held.
    async fn hold(&self, task: &Task) -> Lease {
        loop {
            tokio::time::sleep(self.prolonged).await;
            let until_ns = self.platform.clock().now_ns() + LEASE_NS;
            match store::prolong(&self.platform, task, until_ns).await {
                Ok(Lease::Held) => {}
                Ok(other) => return other,
                Err(error) => tracing::warn!(%error, job = task.id, "a lease was not prolonged"),
            }
        }
    }

    async fn is_sent(&self, task: &Task) -> bool {
        let marks = store::marks(self.platform.readers(), task.id).await;
        marks.is_ok_and(|(sent_ns, _)| sent_ns.is_some())
    }

    async fn finish(&self, task: &Task, ended: Ended) -> Result<()> {
        let change = self.platform.writer().begin().await?;
        let now_ns = self.platform.clock().now_ns();
        if store::end(&self.platform, &change, task, &ended, now_ns).await? {
            change.commit().await?;
        }
        Ok(())
    }

    async fn fail(&self, task: &Task, failure: Failure) -> Result<()> {
        let change = self.platform.writer().begin().await?;
        let now_ns = self.platform.clock().now_ns();
        let (sent_ns, is_cancelled) = store::marks(&*change, task.id).await?;
        let is_last = task.tries >= task.kind.tries;
        let ended = match &failure {
            Failure::NoAnswer(why) if store::is_doubtful(task.kind, sent_ns, now_ns) => {
                Ended::Unknown(why.clone())
            }
            Failure::NoAnswer(why) if is_last => match task.kind.outside {
                Outside::Nothing => Ended::Failed(why.clone()),
                _ => Ended::Unknown(why.clone()),
            },
            Failure::NoAnswer(_) => Ended::Again,
            _ if is_cancelled => Ended::Cancelled,
            Failure::Never(why) => Ended::Failed(why.clone()),
            Failure::Later(why) | Failure::After { why, .. } if is_last => Ended::Failed(why.clone()),
            Failure::Later(_) | Failure::After { .. } => Ended::Again,
        };
        if ended == Ended::Again {
            let (why, asked_ns) = match &failure {
                Failure::Later(why) | Failure::Never(why) | Failure::NoAnswer(why) => (why, 0),
                Failure::After { why, for_ns } => (why, *for_ns),
            };
            let at_ns = now_ns + wait_ns(task.kind, task.tries, chance()?).max(asked_ns);
            let is_unsent = !matches!(failure, Failure::NoAnswer(_));
            store::give_back(&*change, task, at_ns, Some(why), is_unsent).await?;
        } else {
            store::end(&self.platform, &change, task, &ended, now_ns).await?;
        }
        Ok(change.commit().await?)
    }

    /// The server ends: the job goes on elsewhere, unless it may have been sent.
    async fn interrupt(&self, task: &Task) -> Result<()> {
        let change = self.platform.writer().begin().await?;
        let now_ns = self.platform.clock().now_ns();
        let (sent_ns, is_cancelled) = store::marks(&*change, task.id).await?;
        let ended = match store::is_doubtful(task.kind, sent_ns, now_ns) {
            true => Ended::Unknown("the server ended".to_owned()),
            false if is_cancelled => Ended::Cancelled,
            false => {
                store::give_back(&*change, task, now_ns, None, false).await?;
                return Ok(change.commit().await?);
            }
        };
        store::end(&self.platform, &change, task, &ended, now_ns).await?;
        Ok(change.commit().await?)
    }
}

/// How long a job waits after it was tried so often: twice as long each time, between 80 and 120 per cent of that, so that
/// many do not come back at once. `chance` is from 0 to 1.
pub(super) fn wait_ns(kind: &Kind, tries: i64, chance: f64) -> i64 {
    let doubled = kind.wait_ns.saturating_mul(1 << (tries - 1).clamp(0, 20));
    let wait_ns = doubled.clamp(SECOND_NS, LONGEST_WAIT_NS);
    (wait_ns as f64 * (0.8 + 0.4 * chance)) as i64
}

fn chance() -> Result<f64> {
    Ok(f64::from(u32::from_le_bytes(secrets::random::<4>()?)) / f64::from(u32::MAX))
}
