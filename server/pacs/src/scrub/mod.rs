//! Every object read again within so many days, at a bounded rate, wherever it lies.
//!
//! What is damaged is said once as an event and stays in a row until it verifies again; it is never served, scrub or no scrub,
//! because every read verifies.
//!
//! ```text
//! GET /archive/damages    objects that are not what they were
//! ```

mod store;

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use crate::access::Action;
use crate::figures;
use crate::http::list::Listed;
use crate::http::{self, App, Caller};
use crate::index::{self, Index, Restriction};
use crate::storage::{self, Hash, Storage};

/// Damage over HTTP.
pub fn router() -> Router<App> {
    Router::new().route("/archive/damages", get(listed))
}

async fn listed(State(app): State<App>, caller: Caller) -> http::Result<Listed<Value>> {
    let within = caller.may(Action::Watch, None).await?;
    let found = damages(app.archive().index(), &within).await?;
    let shown = found
        .iter()
        .map(|one| json!({ "hash": one.hash.to_string(), "verified_ns": one.verified_ns, "what": one.what }));
    Ok(Listed::whole(shown.collect()))
}

/// How often, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Every object is verified within so many days.
    pub within_days: u32,
    /// Bytes read in a second at most.
    pub bytes_per_second: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            within_days: 30,
            bytes_per_second: 50 << 20,
        }
    }
}

/// What one round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// Objects read.
    pub objects: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Objects that are not what they were.
    pub damaged: Vec<Hash>,
}

/// What is known to be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The object.
    pub hash: Hash,
    /// When it was last read, in nanoseconds since 1970 (UTC).
    pub verified_ns: i64,
    /// What is wrong, in words without values.
    pub what: String,
}

/// Verifies the objects that were not verified for longest, at most `limit`.
///
/// # Errors
///
/// As of the index; a damaged object is no error but part of the round.
pub async fn round(
    index: &Index,
    storage: &Storage,
    policy: Policy,
    now_ns: i64,
    limit: u32,
) -> index::Result<Round> {
    let mut round = Round::default();
    let before_ns = now_ns.saturating_sub(i64::from(policy.within_days) * 86_400_000_000_000);
    let due = store::due(index, before_ns, limit).await?;
    figures::overdue(
        due.iter()
            .map(|due| before_ns.saturating_sub(due.since_ns))
            .max()
            .unwrap_or(0),
    );
    for store::Due { hash, size, .. } in due {
        let began = tokio::time::Instant::now();
        let damage = match storage.verify(hash).await {
            Ok(()) => None,
            Err(error @ (storage::Error::Damaged { .. } | storage::Error::NotFound(_))) => {
                Some(error.to_string())
            }
            Err(error) => {
                // The disk does not answer: that says nothing of the object, which is tried again.
                tracing::error!(object = %hash, %error, "an object was not verified");
                continue;
            }
        };
        if let Some(what) = &damage {
            tracing::error!(object = %hash, what, "an object is damaged");
            round.damaged.push(hash);
        }
        store::note(index, hash, now_ns, damage.as_deref()).await?;
        figures::scrubbed(size, damage.is_some());
        round.objects += 1;
        round.bytes += size;
        let share = Duration::from_secs_f64(size as f64 / policy.bytes_per_second.max(1) as f64);
        tokio::time::sleep_until(began + share).await;
    }
    Ok(round)
}

/// Goes on verifying until `stop` is ready.
///
/// # Errors
///
/// As [`round`].
pub async fn run(
    index: &Index,
    storage: &Storage,
    policy: Policy,
    stop: impl Future<Output = ()>,
) -> index::Result<()> {
    let mut stop = std::pin::pin!(stop);
    loop {
        let round = round(index, storage, policy, crate::clock::now_ns(), 100);
        let done = tokio::select! {
            () = &mut stop => return Ok(()),
            round = round => round?,
        };
        if done.objects == 0 {
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(Duration::from_secs(600)) => {}
            }
        }
    }
}

/// Gives what is known to be damaged, of what is there for somebody.
///
/// # Errors
///
/// As of the index.
pub async fn damages(index: &Index, within: &Restriction) -> index::Result<Vec<Damage>> {
    store::damages(index, within).await
}
