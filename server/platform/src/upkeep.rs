//! What the platform does by itself: it writes when sessions were seen, signs where the journal ends, and tidies what is over.

use std::path::PathBuf;
use std::time::Duration;

use database::Sql;
use journal::heads::{Heads, Key};

use crate::clock::DAY_NS;
use crate::{Platform, Result, clients, sessions};

/// How often it is written when sessions were last seen.
const SEEN: Duration = Duration::from_secs(15);
/// How often the end of the journal is signed.
const SEALED: Duration = Duration::from_secs(60);
/// How often what is over is removed.
const TIDIED: Duration = Duration::from_secs(3600);

/// Works until `stop` is ready.
pub async fn run(platform: Platform, key: Key, heads: PathBuf, stop: impl Future<Output = ()>) {
    let heads = Heads::at(heads);
    let (mut seen, mut sealed, mut tidied) = (ticks(SEEN), ticks(SEALED), ticks(TIDIED));
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = seen.tick() => log("sessions", sessions::write_seen(&platform).await),
            _ = sealed.tick() => log("the journal", seal(&platform, &key, &heads).await),
            _ = tidied.tick() => {
                log("what is over", tidy(&platform).await);
                log("programs", clients::tidy(&platform).await);
            }
        }
    }
    log("sessions", sessions::write_seen(&platform).await);
    log("the journal", seal(&platform, &key, &heads).await);
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

/// Removes links, keys of forms, failures and sessions that are over for long.
///
/// # Errors
///
/// The database's.
pub async fn tidy(platform: &Platform) -> Result<()> {
    let now_ns = platform.clock().now_ns();
    let change = platform.writer().begin().await?;
    for (statement, days) in [
        ("DELETE FROM one_time WHERE expires_ns < ", 1),
        ("DELETE FROM done WHERE at_ns < ", 2),
        ("DELETE FROM attempts WHERE until_ns < ", 2),
        ("DELETE FROM remembered WHERE expires_ns < ", 1),
        ("DELETE FROM sessions WHERE seen_ns < ", 30),
    ] {
        let mut sql = Sql::new(statement);
        sql.bind(now_ns - days * DAY_NS).run(&*change).await?;
    }
    Ok(change.commit().await?)
}
