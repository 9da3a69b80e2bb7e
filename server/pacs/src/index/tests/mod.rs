mod custody;
pub(crate) mod former;
mod gone;
mod life;
mod matching;
pub(crate) mod postgres;
mod publication;
mod rows;
mod truth;
mod upgrade;

use std::path::Path;

use crate::index::{Identifier, Index, NewMerge, Place};
use crate::test_folder::TestFolder;

/// A new index in a file of SQLite.
pub(crate) async fn sqlite(folder: &Path) -> Index {
    Index::open(&Place::Sqlite(folder.join("index.sqlite")))
        .await
        .unwrap()
}

/// Runs a check on a new SQLite, and on a new PostgreSQL where there is one.
pub(crate) async fn on_both(check: impl AsyncFn(Index)) {
    let folder = TestFolder::new("index");
    check(sqlite(folder.path()).await).await;
    if let Some(place) = postgres::database() {
        check(Index::open(&place).await.unwrap()).await;
    }
}

/// A merge, for tests.
pub(crate) fn merge(from: &Identifier, into: &Identifier, at_ns: i64) -> NewMerge {
    NewMerge {
        custodian: None,
        from: from.clone(),
        into: into.clone(),
        actor: "web:clerk".to_owned(),
        at_ns,
        reason: "same person".to_owned(),
    }
}
