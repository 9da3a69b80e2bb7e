//! Backups of the site as jobs, once a day, by the nodes that were told whereto. How one is made is the server's matter.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use database::Transaction;
use database::schema::Boxed;
use serde_json::Value;

use super::kinds::{Ended, Failure};
use super::store::Task;
use crate::monitoring::{self, Kind};
use crate::{Platform, Result};

/// How often it is written how far one is.
const TOLD: Duration = Duration::from_secs(2);

/// How far a backup is, in objects.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicI64,
    all: AtomicI64,
}

impl Progress {
    /// Says it; whoever shows it looks now and then.
    pub fn say(&self, done: u64, all: u64) {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.done.store(number(done), Ordering::Relaxed);
        self.all.store(number(all), Ordering::Relaxed);
    }
}

/// Makes backups of the site.
pub trait Backups: std::fmt::Debug + Send + Sync {
    /// When one is due, in minutes after midnight in the site's zone.
    fn minute(&self) -> u16;

    /// Makes one, or says why there is none, in words without anything of a person; dropped, it ends soon.
    fn make(&self, progress: Arc<Progress>) -> Boxed<'_, Result<(), String>>;
}

/// Makes a backup, and says how far it is.
pub(super) fn act<'a>(platform: &'a Platform, task: &'a Task) -> Boxed<'a, Result<Value, Failure>> {
    Box::pin(async move {
        let Some(backups) = platform.backups() else {
            return Err(Failure::Later("this node has no place for backups".to_owned()));
        };
        let progress = Arc::new(Progress::default());
        let mut making = backups.make(Arc::clone(&progress));
        let made = loop {
            tokio::select! {
                made = &mut making => break made,
                () = tokio::time::sleep(TOLD) => write(platform, task, &progress).await,
            }
        };
        write(platform, task, &progress).await;
        made.map(|()| Value::Null).map_err(Failure::Later)
    })
}

/// Writes how far a backup is; one is not given up for that.
async fn write(platform: &Platform, task: &Task, progress: &Progress) {
    let (done, all) = (
        progress.done.load(Ordering::Relaxed),
        progress.all.load(Ordering::Relaxed),
    );
    if let Err(error) = task.progress(platform, done, all).await {
        tracing::debug!(%error, "it was not written how far a backup is");
    }
}

/// Raises the alarm of a backup that failed, or clears it.
pub(super) fn end<'a>(
    platform: &'a Platform,
    change: &'a Transaction,
    _: &'a Task,
    ended: &'a Ended,
) -> Boxed<'a, Result<()>> {
    Box::pin(async move {
        match ended {
            Ended::Done(_) => tell(platform, change, true).await,
            Ended::Failed(_) => tell(platform, change, false).await,
            Ended::Unknown(_) | Ended::Cancelled | Ended::Again => Ok(()),
        }
    })
}

/// Tells the right people that a backup failed, or that one was made.
///
/// # Errors
///
/// The database's.
pub async fn tell(platform: &Platform, change: &Transaction, is_made: bool) -> Result<()> {
    if !is_made {
        return monitoring::raise(platform, change, Kind::BackupFailed, "backup", "").await;
    }
    for kind in [Kind::BackupFailed, Kind::BackupOld] {
        monitoring::clear(platform, change, kind, "backup").await?;
    }
    Ok(())
}
