//! Rounds that come to every object, and damage that is said once.

use std::path::Path;

use super::{Policy, damages, round};
use crate::corrections::tests::{archive, ask, file, object, on_both_archives, take};
use crate::events::{EventTable, Kind};
use crate::services::Archive;
use crate::test_folder::TestFolder;

const DAY_NS: i64 = 86_400_000_000_000;

#[tokio::test]
async fn every_object_is_read_within_the_days_and_damage_is_said_once() {
    on_both_archives(async |folder: &Path, archive: Archive| {
        let mut hashes = Vec::new();
        for number in 1..6 {
            hashes.push(take(&archive, &object(number, &[])).await.object.hash);
        }
        let path = folder.join(format!(
            "objects/objects/{}/{}",
            &hashes[3].to_string()[..2],
            hashes[3]
        ));
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, b"damaged").unwrap();
        let policy = Policy::default();
        let go = async |now_ns, limit| {
            round(archive.index(), archive.storage(), policy, now_ns, limit)
                .await
                .unwrap()
        };
        let first = go(100 * DAY_NS, 3).await;
        assert_eq!((first.objects, first.damaged.len()), (3, 0));
        assert_eq!(first.bytes, 3 * file(&object(1, &[])).len() as u64);
        assert_eq!(go(101 * DAY_NS, 10).await.damaged, [hashes[3]]);
        assert_eq!(go(102 * DAY_NS, 10).await.objects, 0);
        let known = damages(archive.index(), &crate::index::Restriction::NONE)
            .await
            .unwrap();
        assert_eq!((known.len(), known[0].hash), (1, hashes[3]));
        let (status, body) = ask(&archive, "GET", "/archive/damages", None).await;
        assert_eq!(status, 200);
        assert!(String::from_utf8(body).unwrap().contains(&hashes[3].to_string()));
        // A month later all are due again: the damage is no news.
        assert_eq!(go(133 * DAY_NS, 10).await.damaged, [hashes[3]]);
        let events = EventTable::after(archive.index(), 0, 100).await.unwrap();
        assert_eq!(
            events
                .iter()
                .filter(|(_, event)| event.kind == Kind::Damaged)
                .count(),
            1
        );
        std::fs::write(&path, good).unwrap();
        assert_eq!(go(170 * DAY_NS, 10).await.objects, 5);
        assert!(
            damages(archive.index(), &crate::index::Restriction::NONE)
                .await
                .unwrap()
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn the_rate_is_bounded() {
    let folder = TestFolder::new("scrub");
    let archive = archive(folder.path()).await;
    let size = file(&object(1, &[])).len() as u64;
    for number in 1..4 {
        take(&archive, &object(number, &[])).await;
    }
    let policy = Policy {
        within_days: 1,
        bytes_per_second: size * 10,
    };
    let began = std::time::Instant::now();
    round(archive.index(), archive.storage(), policy, DAY_NS * 100, 10)
        .await
        .unwrap();
    assert!(began.elapsed().as_millis() >= 290, "{:?}", began.elapsed());
}
