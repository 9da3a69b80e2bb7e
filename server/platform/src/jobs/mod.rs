//! Work that is done beside requests: jobs are rows that are added in the transaction of the change that wants them, and
//! worked off by any node of the site.
//!
//! ```text
//! add ── waiting ── running (leased) ── done
//!           │            ├── waiting again, later each time ── failed
//!           │            └── unknown: asked outside, and nobody knows whether it was done
//!           └── cancelled
//! ```
//!
//! What a job does in the database is committed together with its end. What it does outside happens under its key where the
//! other side knows keys; where it does not, a job whose answer was lost is `unknown` and waits for a person: it is never
//! sent a second time by itself. A worker that is killed loses its lease, and its job is taken up by another.

mod backups;
mod kinds;
mod pages;
mod schedules;
mod store;
mod worker;

#[cfg(test)]
mod tests;

use axum::Router;
use database::Connection;
use serde_json::Value;

pub use backups::{Backups, Progress, tell as tell_of_backup};
pub use kinds::{Ended, Failure, Kind, Outside};
pub(crate) use pages::{chooser, why};
pub use schedules::{Schedule, When};
pub use store::Task;
pub use worker::run;
#[cfg(test)]
pub(crate) use worker::work_off;

use crate::{Platform, Result};

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    pages::router()
}

/// Work to be done.
#[derive(Debug, Clone)]
pub struct Job {
    /// A word of the table of kinds.
    pub kind: &'static str,
    /// What the work needs to know: numbers of rows, never names or numbers of people.
    pub arguments: Value,
    /// In which organisation it matters.
    pub organisation: Option<i64>,
    /// Who wants it.
    pub person: Option<i64>,
    /// It is done once under this key.
    pub key: String,
    /// Not before this time; 0 for at once.
    pub at_ns: i64,
}

/// Adds a job, in the transaction of the change that wants it; `false` where there is one under its key already.
///
/// # Errors
///
/// The database's.
pub async fn add(change: &impl Connection, job: &Job, now_ns: i64) -> Result<bool> {
    Ok(store::add(change, job, now_ns).await?.is_some())
}

/// Adds a job as [`add`] does; gives its number.
pub(crate) async fn add_numbered(change: &impl Connection, job: &Job, now_ns: i64) -> Result<Option<i64>> {
    store::add(change, job, now_ns).await
}

/// Removes jobs that ended long ago: done and cancelled ones after 30 days, others after 180.
pub(crate) async fn tidy(change: &impl Connection, now_ns: i64) -> Result<()> {
    store::tidy(change, now_ns).await
}
