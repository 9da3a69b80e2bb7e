//! Where objects lie: in the store that receives, or in a colder one.
//!
//! A move is a verified copy, then a row, then the removal of the first copy; at every moment at least one verified copy is
//! there, and a restart goes on from the row. Reading does not ask: [`Storage`] finds an object in either store and verifies it
//! there. The time of receipt moves with the object, so that an index made anew is the same.
//!
//! ```text
//! GET  /archive/places/{study}    where each object of a study lies
//! POST /archive/recalls           {"study"}: its objects come back to the store that receives
//! ```

mod store;

#[cfg(test)]
mod tests;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Action;
use crate::clock::now_ns;
use crate::http::{self, App, Caller, Path, Said};
use crate::index::{self, Index};
use crate::storage::{self, Hash, Storage};

/// Where objects lie, over HTTP.
pub fn router() -> Router<App> {
    Router::new()
        .route("/archive/places/{study}", get(places))
        .route("/archive/recalls", post(recall))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecallJson {
    study: String,
}

async fn recall(
    State(app): State<App>,
    caller: Caller,
    Said(asked): Said<RecallJson>,
) -> http::Result<Json<Value>> {
    caller.may(Action::Correct, Some(&asked.study)).await?;
    let archive = app.archive();
    let tiers = Tiers::new(archive.index().clone(), archive.storage())?;
    let actor = caller.principal.actor();
    let recalled = tiers.recall(&asked.study, &actor, now_ns()).await?;
    Ok(Json(json!({ "recalled": recalled })))
}

impl From<Error> for http::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NoColdStore => Self::Conflict(error.to_string()),
            Error::Index(error) => error.into(),
            Error::Storage(error) => error.into(),
        }
    }
}

async fn places(
    State(app): State<App>,
    caller: Caller,
    Path(study_uid): Path<String>,
) -> http::Result<impl IntoResponse> {
    caller.may(Action::Watch, Some(&study_uid)).await?;
    let found = store::places(app.archive().index(), &study_uid).await?;
    let found: Vec<_> = found
        .iter()
        .map(|placed| {
            let tier = if placed.tier == Tier::Cold { "cold" } else { "hot" };
            json!({ "hash": placed.hash.to_string(), "size": placed.size, "tier": tier })
        })
        .collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(found)))
}

/// Why objects were not moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no colder store.
    #[error("no cold store is configured")]
    NoColdStore,
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// A store failed, or an object is damaged: it stays where it is.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is moved to the colder store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Objects whose study and receipt are both older than this.
    pub older_than_days: u32,
}

/// Where an object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// In the store that receives.
    Hot,
    /// In the colder store.
    Cold,
}

/// An object with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// The object.
    pub hash: Hash,
    /// Bytes.
    pub size: u64,
    /// Where it lies.
    pub tier: Tier,
}

/// What moving did.
#[derive(Debug, Default)]
pub struct Moved {
    /// Objects that lie in the colder store now.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that could not be moved, and why: they stay where they are.
    pub failed: Vec<(Hash, storage::Error)>,
}

/// The steps of a move; a kill can come between any two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Planned,
    Copied,
    Recorded,
    Removed,
}

/// Moves objects between the stores.
#[derive(Debug, Clone)]
pub struct Tiers {
    index: Index,
    hot: Storage,
    cold: Storage,
    /// Where the tests end a move.
    last: Step,
}

impl Tiers {
    /// Moves between the two stores of `storage`.
    ///
    /// # Errors
    ///
    /// [`Error::NoColdStore`].
    pub fn new(index: Index, storage: &Storage) -> Result<Self> {
        Ok(Self {
            index,
            hot: storage.hot(),
            cold: storage.cold().ok_or(Error::NoColdStore)?.clone(),
            last: Step::Removed,
        })
    }

    /// Finishes what a crash cut off: to be called at the start.
    ///
    /// # Errors
    ///
    /// [`Error::Index`], [`Error::Storage`].
    pub async fn resume(&self) -> Result<Moved> {
        let mut moved = Moved::default();
        for (object, is_recorded) in store::unfinished(&self.index).await? {
            if is_recorded {
                // Never without having read the other copy.
                self.cold.verify(object.hash).await?;
                self.leave(&object).await?;
            } else {
                self.moved(object, &mut moved).await?;
            }
        }
        Ok(moved)
    }

    /// Moves objects that the policy names, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`Error::Index`]; an object that cannot be moved is part of the report.
    pub async fn run(&self, policy: Policy, now_ns: i64, limit: u32) -> Result<Moved> {
        let mut moved = Moved::default();
        for object in store::due(&self.index, policy, now_ns, limit).await? {
            store::plan(&self.index, &object, now_ns).await?;
            if self.last > Step::Planned {
                self.moved(object, &mut moved).await?;
            }
            // A store that fails, or is full, would fail for all the others too.
            if let Some((_, storage::Error::Store(_) | storage::Error::Full)) = moved.failed.last() {
                break;
            }
        }
        Ok(moved)
    }

    async fn moved(&self, object: store::Object, moved: &mut Moved) -> Result<()> {
        match self.copied(&object).await {
            Ok(()) => {
                moved.objects += 1;
                moved.bytes += object.size;
                Ok(())
            }
            Err(Error::Storage(error)) => {
                tracing::error!(object = %object.hash, %error, "an object was not moved");
                store::forget(&self.index, object.hash).await?;
                moved.failed.push((object.hash, error));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn copied(&self, object: &store::Object) -> Result<()> {
        self.cold
            .copy_from(&self.hot, object.hash, object.received_ns)
            .await?;
        if self.last == Step::Copied {
            return Ok(());
        }
        if !store::record(&self.index, object).await? {
            return Ok(self.cold.remove(object.hash).await?);
        }
        if self.last == Step::Recorded {
            return Ok(());
        }
        self.leave(object).await
    }

    /// Removes the first copy of what has a second.
    async fn leave(&self, object: &store::Object) -> Result<()> {
        self.hot.remove(object.hash).await?;
        Ok(store::settle(&self.index, object.hash).await?)
    }

    /// Brings the objects of a study back to the store that receives; gives how many. From now on they are as young as if
    /// they had just come.
    ///
    /// # Errors
    ///
    /// [`Error::Index`], [`Error::Storage`]: what is back stays back.
    pub async fn recall(&self, study_uid: &str, actor: &str, now_ns: i64) -> Result<u64> {
        let mut back = 0;
        for object in store::cold_of(&self.index, study_uid).await? {
            self.hot
                .copy_from(&self.cold, object.hash, object.received_ns)
                .await?;
            store::recalled(&self.index, object.hash, actor, now_ns).await?;
            self.cold.remove(object.hash).await?;
            back += 1;
        }
        Ok(back)
    }

    /// Gives where each object of a study lies.
    ///
    /// # Errors
    ///
    /// [`Error::Index`].
    pub async fn places(&self, study_uid: &str) -> Result<Vec<Placed>> {
        Ok(store::places(&self.index, study_uid).await?)
    }
}
