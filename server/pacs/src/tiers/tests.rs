//! Moves that end at any step, and what is read meanwhile.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{Policy, Step, Tier, Tiers};
use crate::corrections::tests::{archive_of, ask, file, object, take};
use crate::events::{EventTable, Kind};
use crate::index::tests::{on_both, sqlite};
use crate::index::{Index, NewRejection, RejectionReason};
use crate::ingest::Outcome;
use crate::services::Archive;
use crate::storage::{self, Storage};
use crate::test_folder::TestFolder;

const OLD: Policy = Policy { older_than_days: 365 };
const TWO_YEARS_NS: i64 = 2 * 366 * 86_400_000_000_000;

async fn archive(folder: &Path, cold: Storage) -> Archive {
    archive_with(folder, cold, sqlite(folder).await).await
}

async fn archive_with(folder: &Path, cold: Storage, index: Index) -> Archive {
    let storage = Storage::local(&folder.join("objects")).unwrap().with_cold(cold);
    archive_of(storage, index).await
}

#[tokio::test]
async fn a_move_that_ends_at_any_step_loses_nothing_and_is_finished() {
    for last in [Step::Planned, Step::Copied, Step::Recorded, Step::Removed] {
        storage::tests::on_both(async |cold: Storage| {
            on_both(async |index: Index| ends_at(last, index, cold.clone()).await).await;
        })
        .await;
    }
}

async fn ends_at(last: Step, index: Index, cold: Storage) {
    let folder = TestFolder::new("tiers");
    let archive = archive_with(folder.path(), cold.clone(), index).await;
    let mut hashes = Vec::new();
    for number in 1..4 {
        hashes.push(take(&archive, &object(number, &[])).await.object.hash);
    }
    let before = archive.index().dump().await.unwrap();
    let tiers = Tiers::new(archive.index().clone(), archive.storage()).unwrap();
    let now_ns = crate::clock::now_ns();
    assert_eq!(tiers.run(OLD, now_ns, 10).await.unwrap().objects, 0);
    let killed = Tiers {
        last,
        ..tiers.clone()
    };
    killed.run(OLD, now_ns + TWO_YEARS_NS, 2).await.unwrap();
    let all_is_there = async || {
        for (hash, number) in hashes.iter().zip(1..) {
            let sent = file(&object(number, &[]));
            assert_eq!(
                archive.read_for_delivery(*hash, false).await.unwrap(),
                sent,
                "{last:?}"
            );
            assert_eq!(archive.storage().range(*hash, 0..10).await.unwrap(), &sent[..10]);
        }
        assert_eq!(archive.storage().list().await.unwrap().len(), 3);
        assert!(archive.ingest().verify().await.unwrap().is_good());
        archive.ingest().rebuild().await.unwrap();
        assert_eq!(archive.index().dump().await.unwrap(), before, "{last:?}");
    };
    all_is_there().await;
    tiers.resume().await.unwrap();
    all_is_there().await;
    assert_eq!(archive.storage().hot().list().await.unwrap().len(), 1, "{last:?}");
    assert_eq!(cold.list().await.unwrap().len(), 2);
    let places = tiers.places("2.25.77").await.unwrap();
    let tiers_of: Vec<Tier> = places.iter().map(|placed| placed.tier).collect();
    assert_eq!(tiers_of, [Tier::Cold, Tier::Cold, Tier::Hot]);
    let (_, body) = ask(&archive, "GET", "/archive/places/2.25.77", None).await;
    assert_eq!(String::from_utf8(body).unwrap().matches("\"cold\"").count(), 2);
    // Sent again, it is known where it lies, and not stored twice.
    let again = archive.ingest().take(&file(&object(1, &[]))).await.unwrap();
    assert!(matches!(again, Outcome::IdenticalDuplicate(_)));
    assert_eq!(archive.storage().hot().list().await.unwrap().len(), 1);
    let later_ns = now_ns + TWO_YEARS_NS;
    assert_eq!(tiers.recall("2.25.77", "web:ward", later_ns).await.unwrap(), 2);
    all_is_there().await;
    assert!(cold.list().await.unwrap().is_empty());
    let places = tiers.places("2.25.77").await.unwrap();
    assert!(places.iter().all(|placed| placed.tier == Tier::Hot));
    // What was called back is as young as what had just come: the third alone is old.
    let moved = tiers.run(OLD, later_ns + 1, 10).await.unwrap();
    assert_eq!((moved.objects, cold.list().await.unwrap().len()), (1, 1));
    assert_eq!(tiers.resume().await.unwrap().objects, 0);
    let moved = tiers.run(OLD, later_ns + TWO_YEARS_NS, 10).await.unwrap();
    assert_eq!((moved.objects, cold.list().await.unwrap().len()), (2, 3));
    let (status, body) = ask(
        &archive,
        "POST",
        "/archive/recalls",
        Some(json!({ "study": "2.25.77" })),
    )
    .await;
    assert_eq!((status.as_u16(), &body[..]), (200, &br#"{"recalled":3}"#[..]));
    all_is_there().await;
    let events = EventTable::after(archive.index(), 0, 100).await.unwrap();
    let recalls = events
        .iter()
        .filter(|(_, event)| event.kind == Kind::RecalledFromCold);
    assert_eq!(recalls.count(), 5);
}

#[tokio::test]
async fn without_a_colder_store_nothing_is_recalled() {
    let folder = TestFolder::new("tiers");
    let storage = Storage::local(&folder.path().join("objects")).unwrap();
    let archive = archive_of(storage, sqlite(folder.path()).await).await;
    let (status, body) = ask(
        &archive,
        "POST",
        "/archive/recalls",
        Some(json!({ "study": "2.25.77" })),
    )
    .await;
    let body = String::from_utf8(body).unwrap();
    assert_eq!(status, 409);
    assert!(body.contains("no cold store is configured"), "{body}");
}

#[tokio::test]
async fn a_damaged_object_is_not_moved_and_a_damaged_copy_not_given() {
    storage::tests::on_both(async |hot: Storage| {
        storage::tests::on_both(async |cold: Storage| damaged(hot.clone(), cold).await).await;
    })
    .await;
}

async fn damaged(hot: Storage, cold: Storage) {
    let folder = TestFolder::new("tiers");
    let index = sqlite(folder.path()).await;
    let archive = archive_of(hot.clone().with_cold(cold.clone()), index).await;
    let first = take(&archive, &object(1, &[])).await.object.hash;
    let second = take(&archive, &object(2, &[])).await.object.hash;
    hot.damage(first, b"something else").await;
    let tiers = Tiers::new(archive.index().clone(), archive.storage()).unwrap();
    let now_ns = crate::clock::now_ns() + TWO_YEARS_NS;
    let moved = tiers.run(OLD, now_ns, 10).await.unwrap();
    assert_eq!(
        (moved.objects, moved.failed.len(), moved.failed[0].0),
        (1, 1, first)
    );
    cold.damage(second, b"something else").await;
    for hash in [first, second] {
        assert!(archive.read_for_delivery(hash, false).await.is_err());
    }
    // The scrub sees both stores.
    let policy = crate::scrub::Policy::default();
    let round = crate::scrub::round(archive.index(), archive.storage(), policy, now_ns, 10)
        .await
        .unwrap();
    assert_eq!((round.objects, round.damaged.len()), (2, 2));
    hot.remove(first).await.unwrap();
    cold.remove(second).await.unwrap();
}

#[tokio::test]
async fn the_colder_store_may_be_anybodys() {
    let folder = TestFolder::new("tiers");
    let memory = Arc::new(object_store::memory::InMemory::new());
    let cold = Storage::remote(memory, &folder.path().join("spool")).unwrap();
    let archive = archive(folder.path(), cold).await;
    for number in 1..4 {
        take(&archive, &object(number, &[])).await;
    }
    let before = archive.index().dump().await.unwrap();
    let tiers = Tiers::new(archive.index().clone(), archive.storage()).unwrap();
    let moved = tiers
        .run(OLD, crate::clock::now_ns() + TWO_YEARS_NS, 10)
        .await
        .unwrap();
    assert_eq!(moved.objects, 3);
    assert!(archive.storage().hot().list().await.unwrap().is_empty());
    // The store gives its own times; those of receipt stand.
    archive.ingest().rebuild().await.unwrap();
    assert_eq!(archive.index().dump().await.unwrap(), before);
}

#[tokio::test]
async fn what_is_removed_while_it_moves_leaves_no_copy() {
    let folder = TestFolder::new("tiers");
    let cold = Storage::local(&folder.path().join("cold")).unwrap();
    let archive = archive(folder.path(), cold.clone()).await;
    let hash = take(&archive, &object(1, &[])).await.object.hash;
    let tiers = Tiers::new(archive.index().clone(), archive.storage()).unwrap();
    let now_ns = crate::clock::now_ns();
    let copied = Tiers {
        last: Step::Copied,
        ..tiers.clone()
    };
    copied.run(OLD, now_ns + TWO_YEARS_NS, 10).await.unwrap();
    let rejection = NewRejection {
        study_uid: "2.25.77".to_owned(),
        series_uid: None,
        sop_uids: Vec::new(),
        reason: RejectionReason::RetentionExpired,
        comment: String::new(),
        note_uid: None,
        actor: "web:clerk".to_owned(),
        at_ns: 1,
    };
    archive.index().reject(&rejection).await.unwrap();
    let policy = crate::retention::Policy::default();
    let gone = crate::retention::remove(
        &archive,
        policy,
        "2.25.77",
        "web:clerk",
        now_ns + 20 * TWO_YEARS_NS,
    )
    .await;
    assert_eq!(gone.unwrap(), [hash]);
    tiers.resume().await.unwrap();
    assert!(archive.storage().list().await.unwrap().is_empty());
    // The copy that is written after the removal is taken back too.
    let object = super::store::Object {
        hash,
        size: 1,
        received_ns: 1,
    };
    assert!(!super::store::record(archive.index(), &object).await.unwrap());
}
