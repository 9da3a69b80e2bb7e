//! What is expired, what holds it, and what is left after a removal that a crash cut off.

use std::path::Path;

use database::{Backend, Connection as _};

use super::{Class, Error, Policy, expired, finish_removals, hold, lift, remove, tell_visit, until};
use crate::corrections::tests::{archive, ask, file, object, on_both_archives, take};
use crate::events::{EventTable, Kind};
use crate::index::{Level, NewRejection, Page, Query, RejectionReason};
use crate::ingest::Outcome;
use crate::services::Archive;
use crate::storage;
use crate::test_folder::TestFolder;

const DAY_NS: i64 = 86_400_000_000_000;

/// Years after what a test receives now.
fn in_years(years: i64) -> i64 {
    crate::clock::now_ns() + years * 366 * DAY_NS
}

#[test]
fn the_floor_is_the_floor() {
    assert!(Policy::new(15, 30).is_ok() && Policy::new(20, 40).is_ok());
    assert!(matches!(
        Policy::new(14, 30),
        Err(Error::TooShort { floor: 15, .. })
    ));
    assert!(matches!(
        Policy::new(15, 29),
        Err(Error::TooShort { floor: 30, .. })
    ));
}

#[test]
fn years_count_from_the_later_of_study_and_receipt() {
    for (study_date, received_day, years, expected) in [
        ("20000115", 10_957, 15, "20150115"),
        ("19990115", 10_957, 15, "20150101"),
        ("", 10_957, 30, "20300101"),
        ("unknown!", 10_957, 30, "20300101"),
        ("20000229", 10_957, 15, "20150229"),
        ("99991231", 10_957, 30, "99991231"),
    ] {
        assert_eq!(
            until(study_date, received_day * DAY_NS, years),
            expected,
            "{study_date}"
        );
    }
}

fn rejection(reason: RejectionReason, sop_uids: &[&str]) -> NewRejection {
    NewRejection {
        study_uid: "2.25.77".to_owned(),
        series_uid: None,
        sop_uids: sop_uids.iter().map(|uid| (*uid).to_owned()).collect(),
        reason,
        comment: String::new(),
        note_uid: None,
        actor: "web:clerk".to_owned(),
        at_ns: 1,
    }
}

#[tokio::test]
async fn only_what_is_expired_rejected_and_not_held_is_removed() {
    on_both_archives(async |_folder: &Path, archive: Archive| {
        let (policy, index) = (Policy::default(), archive.index());
        let mut hashes = Vec::new();
        for number in 1..4 {
            hashes.push(take(&archive, &object(number, &[])).await.object.hash);
        }
        let list = async |years| {
            expired(
                index,
                policy,
                &crate::index::Restriction::NONE,
                in_years(years),
                Page::FIRST,
            )
            .await
            .unwrap()
        };
        // Nobody said that the patient came and went: thirty years.
        assert!(list(29).await.is_empty());
        assert_eq!(list(31).await[0].1.class, Class::InPatient);
        tell_visit(index, "2.25.77", Class::OutPatient, "web:clerk", 1)
            .await
            .unwrap();
        assert!(list(14).await.is_empty());
        assert_eq!(list(16).await[0].1.study_uid, "2.25.77");
        let try_remove =
            async |years| remove(&archive, policy, "2.25.77", "web:clerk", in_years(years)).await;
        assert!(matches!(try_remove(14).await, Err(Error::NotExpired)));
        assert!(matches!(try_remove(16).await, Err(Error::NotRejected)));
        index
            .reject(&rejection(RejectionReason::Quality, &["2.25.77.1"]))
            .await
            .unwrap();
        assert!(matches!(try_remove(16).await, Err(Error::NotRejected)));
        index
            .reject(&rejection(
                RejectionReason::RetentionExpired,
                &["2.25.77.1", "2.25.77.2"],
            ))
            .await
            .unwrap();
        assert!(matches!(
            hold(index, "2.25.77", " ", "web:law", 2).await,
            Err(Error::NoReason)
        ));
        let held = hold(index, "2.25.77", "a court asks", "web:law", 2)
            .await
            .unwrap();
        assert!(matches!(try_remove(16).await, Err(Error::OnHold)));
        assert!(list(16).await[0].1.is_held);
        lift(index, held, "web:law", 3).await.unwrap();
        assert_eq!(storage::Storage::list(archive.storage()).await.unwrap().len(), 3);
        let gone = try_remove(16).await.unwrap();
        assert_eq!(gone.len(), 2);
        let left = archive.storage().list().await.unwrap();
        assert_eq!(
            left.iter().map(|object| object.hash).collect::<Vec<_>>(),
            [hashes[2]]
        );
        let events = EventTable::after(index, 0, 100).await.unwrap();
        assert_eq!(
            events
                .iter()
                .filter(|(_, event)| event.kind == Kind::Removing)
                .count(),
            2
        );
        let live = index.dump().await.unwrap();
        archive.ingest().rebuild().await.unwrap();
        assert_eq!(index.dump().await.unwrap(), live);
        assert!(archive.ingest().verify().await.unwrap().is_good());
        // What was removed is new when it comes again; what else rejects it still does.
        let again = archive.ingest().take(&file(&object(2, &[]))).await.unwrap();
        assert!(matches!(again, Outcome::Stored(_)));
        take(&archive, &object(1, &[])).await;
        assert_eq!(index.count(&Query::all(Level::Instance)).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_removal_that_was_cut_off_is_finished_and_takes_nothing_new_with_it() {
    on_both_archives(async |_folder: &Path, archive: Archive| {
        let (policy, index) = (Policy::default(), archive.index());
        let mut hashes = Vec::new();
        for number in 1..4 {
            hashes.push(take(&archive, &object(number, &[])).await.object.hash);
        }
        let both = ["2.25.77.1", "2.25.77.2"];
        index
            .reject(&rejection(RejectionReason::RetentionExpired, &both))
            .await
            .unwrap();
        // Killed after the rows were written, before any file went.
        super::store::mark(index, policy, "2.25.77", "web:clerk", in_years(31))
            .await
            .unwrap();
        assert_eq!(archive.storage().list().await.unwrap().len(), 3);
        let live = index.dump().await.unwrap();
        archive.ingest().rebuild().await.unwrap();
        assert_eq!(index.dump().await.unwrap(), live);
        // One of them is received again meanwhile.
        take(&archive, &object(2, &[])).await;
        // Nodes that share a PostgreSQL end its removal as soon as it is there again.
        let due = match index.readers().backend() {
            Backend::Postgres => 1,
            Backend::Sqlite => 2,
        };
        assert_eq!(finish_removals(&archive, 5).await.unwrap(), due);
        assert_eq!(finish_removals(&archive, 6).await.unwrap(), 0);
        let mut left: Vec<_> = archive
            .storage()
            .list()
            .await
            .unwrap()
            .iter()
            .map(|object| object.hash)
            .collect();
        left.sort();
        hashes.remove(0);
        hashes.sort();
        assert_eq!(left, hashes);
        assert!(archive.ingest().verify().await.unwrap().is_good());
    })
    .await;
}

#[tokio::test]
async fn holds_over_http() {
    let folder = TestFolder::new("retention");
    let archive = archive(folder.path()).await;
    take(&archive, &object(1, &[])).await;
    let held = serde_json::json!({ "study": "2.25.77", "reason": "a court asks" });
    assert_eq!(ask(&archive, "POST", "/archive/holds", Some(held)).await.0, 201);
    let (_, listed) = ask(&archive, "GET", "/archive/holds?study=2.25.77", None).await;
    let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap();
    assert_eq!(listed["items"][0]["actor"], "web:open");
    let remove = serde_json::json!({ "study": "2.25.77" });
    assert_eq!(
        ask(&archive, "POST", "/archive/removals", Some(remove)).await.0,
        409
    );
    assert_eq!(ask(&archive, "DELETE", "/archive/holds/1", None).await.0, 204);
    assert_eq!(ask(&archive, "DELETE", "/archive/holds/1", None).await.0, 404);
    assert_eq!(
        ask(
            &archive,
            "PUT",
            "/archive/visits/2.25.77",
            Some("day-case".into())
        )
        .await
        .0,
        400
    );
    assert_eq!(
        ask(
            &archive,
            "PUT",
            "/archive/visits/2.25.77",
            Some("out-patient".into())
        )
        .await
        .0,
        204
    );
    assert_eq!(
        ask(&archive, "GET", "/archive/expired", None).await.1,
        br#"{"items":[],"next":null}"#
    );
}
