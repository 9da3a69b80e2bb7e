//! What the platform does by itself: each node writes when sessions were seen, the one that leads signs where the journal
//! ends, removes the old entries that two people want removed, and changes keys; what is over is tidied by a job.

use std::path::PathBuf;
use std::time::Duration;

use database::{Connection, Sql};
use journal::heads::{Heads, Key};
use tokio::sync::watch;

use crate::clock::DAY_NS;
use crate::{Platform, Result, clients, jobs, outbox, sessions, trail};

/// How often it is written when sessions were last seen.
const SEEN: Duration = Duration::from_secs(15);
/// How often the end of the journal is signed.
const SEALED: Duration = Duration::from_secs(60);
/// How often it is looked whether old entries are to be removed.
const REMOVED: Duration = Duration::from_secs(60);
/// How often it is looked whether the keys of programs' tokens are due to change.
const TURNED: Duration = Duration::from_secs(3600);

/// Where the journal's parts beside the database are.
#[derive(Debug, Clone)]
pub struct Places {
    /// The file of its signed ends.
    pub heads: PathBuf,
    /// The folder of entries that were removed.
    pub removed: PathBuf,
}

/// Works until `stop` is ready. Of several processes the one that leads signs and removes.
pub async fn run(
    platform: Platform,
    key: Key,
    places: Places,
    leads: watch::Receiver<bool>,
    stop: impl Future<Output = ()>,
) {
    let heads = Heads::at(places.heads);
    let (mut seen, mut sealed, mut turned) = (ticks(SEEN), ticks(SEALED), ticks(TURNED));
    let mut removed = ticks(REMOVED);
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = seen.tick() => {
                platform.limits().tidy();
                log("sessions", sessions::write_seen(&platform).await);
            }
            _ = sealed.tick(), if *leads.borrow() => log("the journal", seal(&platform, &key, &heads).await),
            _ = removed.tick(), if *leads.borrow() => {
                log("old entries", trail::carry_out(&platform, &places.removed).await);
            }
            _ = turned.tick(), if *leads.borrow() => log("programs", clients::tidy(&platform).await),
        }
    }
    log("sessions", sessions::write_seen(&platform).await);
    if *leads.borrow() {
        log("the journal", seal(&platform, &key, &heads).await);
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

fn log(what: &str, outcome: Result<()>) {
    // What failed was logged where it failed; it is tried again.
    if let Err(error) = outcome {
        tracing::warn!(%error, what, "upkeep failed");
    }
}

/// Signs where the journal ends.
///
/// # Errors
///
/// The database's, the file's.
pub async fn seal(platform: &Platform, key: &Key, heads: &Heads) -> Result<()> {
    heads
        .seal(platform.readers(), key, platform.clock().now_ns())
        .await?;
    Ok(())
}

/// Removes links, keys of forms, failures, sessions, jobs and messages that are over for long; an hourly job does it.
///
/// # Errors
///
/// The database's.
pub(crate) async fn tidy(change: &impl Connection, now_ns: i64) -> Result<()> {
    for (statement, days) in [
        ("DELETE FROM one_time WHERE expires_ns < ", 1),
        ("DELETE FROM done WHERE at_ns < ", 2),
        ("DELETE FROM attempts WHERE until_ns < ", 2),
        ("DELETE FROM remembered WHERE expires_ns < ", 1),
        ("DELETE FROM sessions WHERE seen_ns < ", 30),
        ("DELETE FROM codes_asked WHERE at_ns < ", 2),
    ] {
        let mut sql = Sql::new(statement);
        sql.bind(now_ns - days * DAY_NS).run(change).await?;
    }
    jobs::tidy(change, now_ns).await?;
    outbox::tidy(change, now_ns).await
}
