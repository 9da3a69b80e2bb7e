//! Objects that get another form, ends at any step, and what everybody sees meanwhile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use codec::TransferSyntax;
use dicom_dictionary_std::tags;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::Service;

use super::{Compressor, Kept, Policy, Step, compressed};
use crate::access::Open;
use crate::corrections::tests::{archive, archive_of, on_both_archives};
use crate::dicomweb::wado::fixtures::{STUDY, image, instance, pixels, series};
use crate::http::{App, router};
use crate::index::tests::{on_both, sqlite};
use crate::index::{Index, NewCorrection, Scope};
use crate::ingest::Outcome;
use crate::services::Archive;
use crate::storage::{Error, Hash, Storage, unpack};
use crate::test_folder::TestFolder;
use crate::tiers::{self, Tiers};
use crate::transcode::{Limits, transcode};

const NOW_NS: i64 = i64::MAX;

fn compressor(archive: &Archive, kept: Kept) -> Compressor {
    let policy = Policy {
        kept,
        ..Policy::default()
    };
    Compressor::new(archive.clone(), policy)
}

async fn take(archive: &Archive, bytes: &[u8]) -> Hash {
    let outcome = archive.ingest().take(bytes).await.unwrap();
    assert!(matches!(outcome, Outcome::Stored(_)), "{outcome:?}");
    Hash::of(bytes)
}

/// The files of a store whose names end so.
fn files(root: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(root.join("objects")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().map_or("", |end| end.to_str().unwrap()) == end {
                found.push(path);
            }
        }
    }
    found
}

/// Status, media type and body of an answer.
async fn get(archive: &Archive, path: &str, accept: &str) -> (StatusCode, String, Bytes) {
    let request = Request::builder().uri(path).header("accept", accept);
    let mut router = router(App::new(archive.clone(), Arc::new(Open)));
    let response = router.call(request.body(Body::empty()).unwrap()).await.unwrap();
    let media = response.headers().get("content-type");
    let media = media.map_or("", |media| media.to_str().unwrap()).to_owned();
    let status = response.status();
    (
        status,
        media,
        response.into_body().collect().await.unwrap().to_bytes(),
    )
}

#[tokio::test]
async fn an_end_at_any_step_loses_nothing_and_is_finished() {
    for last in [Step::Stored, Step::Recorded, Step::Removed, Step::Settled] {
        on_both(async |index: Index| ends_at(last, index).await).await;
    }
}

async fn ends_at(last: Step, index: Index) {
    let folder = TestFolder::new("compression");
    let root = folder.path().join("objects");
    let archive = archive_of(Storage::local(&root).unwrap(), index).await;
    let mut sent: Vec<Vec<u8>> = (1..=3).map(|number| image(number, 64, 2)).collect();
    let other = Bytes::from(image(4, 64, 1));
    sent.push(
        transcode(&other, TransferSyntax::RleLossless, Limits::default())
            .unwrap()
            .to_vec(),
    );
    for bytes in &sent {
        take(&archive, bytes).await;
    }
    let before = archive.index().dump().await.unwrap();
    let listed = async || {
        let mut listed = archive.storage().list().await.unwrap();
        listed.sort();
        listed
    };
    let objects = listed().await;
    let all = compressor(&archive, Kept::JpegLs);
    let killed = Compressor { last, ..all.clone() };
    killed.round(NOW_NS, 0, 2).await.unwrap();
    let all_is_there = async || {
        for bytes in &sent {
            let hash = Hash::of(bytes);
            assert!(
                archive.read_for_delivery(hash, false).await.unwrap() == *bytes,
                "{last:?}"
            );
            assert_eq!(archive.storage().range(hash, 5..70).await.unwrap(), &bytes[5..70]);
        }
        assert_eq!(listed().await, objects, "{last:?}");
        assert!(archive.ingest().verify().await.unwrap().is_good());
        archive.ingest().rebuild().await.unwrap();
        assert_eq!(archive.index().dump().await.unwrap(), before, "{last:?}");
    };
    all_is_there().await;
    all.resume().await.unwrap();
    all_is_there().await;
    // A row for each that the restart finished; the others are looked at again.
    let mut after = 0;
    while let Some(last) = all.round(NOW_NS, after, 1).await.unwrap().last {
        after = last;
    }
    all_is_there().await;
    assert_eq!(files(&root, "packed").len(), 3, "{last:?}");
    assert_eq!(files(&root, "").len(), 1, "{last:?}");
    assert_eq!(super::store::unfinished(archive.index()).await.unwrap(), []);
    // Sent again it is known, behind another head too; other bytes are not.
    let mut again = sent[0].clone();
    assert!(matches!(
        archive.ingest().take(&again).await.unwrap(),
        Outcome::IdenticalDuplicate(_)
    ));
    let last_byte = again.len() - 1;
    again[last_byte] ^= 1;
    assert!(matches!(
        archive.ingest().take(&again).await.unwrap(),
        Outcome::DifferentDuplicate(_)
    ));
    assert_eq!(files(&root, "packed").len(), 3);
}

#[tokio::test]
async fn the_same_data_set_behind_another_head_is_known() {
    let folder = TestFolder::new("compression");
    let archive = archive(folder.path()).await;
    let rle = transcode(
        &image(1, 64, 1).into(),
        TransferSyntax::RleLossless,
        Limits::default(),
    );
    let plain = transcode(
        &rle.unwrap(),
        TransferSyntax::ExplicitLittleEndian,
        Limits::default(),
    );
    let mut bytes = plain.unwrap().to_vec();
    take(&archive, &bytes).await;
    compressor(&archive, Kept::JpegLs)
        .round(NOW_NS, 0, 9)
        .await
        .unwrap();
    bytes[7] ^= 1;
    let again = archive.ingest().take(&bytes).await.unwrap();
    assert!(matches!(again, Outcome::IdenticalDuplicate(_)), "{again:?}");
}

#[tokio::test]
async fn a_new_index_finds_what_lies_compressed() {
    let folder = TestFolder::new("compression");
    let storage = Storage::local(&folder.path().join("objects")).unwrap();
    let first = archive_of(storage.clone(), sqlite(folder.path()).await).await;
    let bytes = image(1, 64, 1);
    let hash = take(&first, &bytes).await;
    compressor(&first, Kept::Htj2k).round(NOW_NS, 0, 9).await.unwrap();
    let before = first.index().dump().await.unwrap();
    let other = TestFolder::new("compression");
    let second = archive_of(storage, sqlite(other.path()).await).await;
    second.ingest().rebuild().await.unwrap();
    assert_eq!(second.index().dump().await.unwrap(), before);
    // Its row comes back without its form being made again, whatever the policy is now.
    compressor(&second, Kept::Rle).round(NOW_NS, 0, 9).await.unwrap();
    let known = second.index().objects_with("2.25.1").await.unwrap();
    assert_eq!(known[0].hash, hash);
    let available: Vec<&str> = known[0].available().collect();
    assert_eq!(
        available,
        [
            TransferSyntax::Htj2kLossless.uid(),
            TransferSyntax::ExplicitLittleEndian.uid()
        ]
    );
}

#[tokio::test]
async fn damage_is_found_never_served_and_healed_by_the_sender() {
    let folder = TestFolder::new("compression");
    let root = folder.path().join("objects");
    let archive = archive(folder.path()).await;
    let bytes = image(1, 64, 1);
    let hash = take(&archive, &bytes).await;
    compressor(&archive, Kept::JpegLs)
        .round(NOW_NS, 0, 9)
        .await
        .unwrap();
    let path = files(&root, "packed").remove(0);
    let good = std::fs::read(&path).unwrap();
    for at in [3, 20, 60, 110, 300, good.len() - 600, good.len() - 3] {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        // Nothing is kept in memory over a start.
        let storage = archive.storage().anew();
        assert!(
            matches!(storage.read(hash, 1 << 20).await, Err(Error::Damaged { .. })),
            "{at}"
        );
        assert!(storage.verify(hash).await.is_err(), "{at}");
        let packed = storage.packed(hash).await;
        if let Ok(Some(packed)) = packed {
            assert!(packed.read().await.is_err(), "{at}");
            assert!(packed.range(0..packed.size()).await.is_err(), "{at}");
        }
    }
    let report = archive.ingest().verify().await.unwrap();
    assert_eq!(report.damaged, [hash]);
    assert!(matches!(
        archive.ingest().take(&bytes).await.unwrap(),
        Outcome::IdenticalDuplicate(_)
    ));
    assert!(archive.ingest().verify().await.unwrap().is_good());
    assert!(archive.storage().read(hash, 1 << 20).await.unwrap() == bytes);
}

#[tokio::test]
async fn what_is_retrieved_is_what_was_received_or_its_form() {
    on_both_archives(async |_, archive| {
        let bytes = image(1, 64, 3);
        take(&archive, &bytes).await;
        let expected = get(&archive, &format!("{}/metadata", series()), "application/json")
            .await
            .2;
        compressor(&archive, Kept::JpegLs)
            .round(NOW_NS, 0, 9)
            .await
            .unwrap();
        let jls = transcode(
            &Bytes::from(bytes.clone()),
            TransferSyntax::JpegLsLossless,
            Limits::default(),
        );
        let jls = jls.unwrap();
        let one = |syntax: &str| format!("application/dicom; transfer-syntax={syntax}");
        for (accept, expected) in [
            (one("1.2.840.10008.1.2.1"), &bytes[..]),
            ("application/dicom".to_owned(), &bytes[..]),
            (one("*"), &jls[..]),
            (one("1.2.840.10008.1.2.4.80"), &jls[..]),
        ] {
            let (status, _, body) = get(&archive, &instance(1), &accept).await;
            assert!(status == StatusCode::OK && body == expected, "{accept}");
        }
        let original = format!("{}?original=true", instance(1));
        assert!(get(&archive, &original, &one("*")).await.2 == bytes);
        let plain = pixels(1, 64, 3);
        for (path, accept, expected) in [
            ("frames/2", "application/octet-stream", &plain[8192..16384]),
            (
                "frames/2",
                "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
                &plain[8192..16384],
            ),
            ("bulkdata/7FE00010", "application/octet-stream", &plain[..]),
        ] {
            let (status, _, body) = get(&archive, &format!("{}/{path}", instance(1)), accept).await;
            assert!(status == StatusCode::OK && body == expected, "{path} {accept}");
        }
        let (_, media, frame) = get(
            &archive,
            &format!("{}/frames/1", instance(1)),
            "image/jls; transfer-syntax=*",
        )
        .await;
        assert!(media.starts_with("image/jls") && frame.starts_with(&[0xFF, 0xD8]));
        // Of the metadata only what is said of the archive is other.
        let found = get(&archive, &format!("{}/metadata", series()), "application/json")
            .await
            .2;
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let (mut before, after) = (read(&expected), read(&found));
        let both = serde_json::json!(["1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.1"]);
        assert_eq!(
            before[0]["00083002"]["Value"],
            serde_json::json!(["1.2.840.10008.1.2.1"])
        );
        before[0]["00083002"]["Value"] = both.clone();
        assert_eq!(after, before);
        let (_, _, found) = get(&archive, &format!("{}/instances", series()), "application/json").await;
        assert_eq!(read(&found)[0]["00083002"]["Value"], both);
        let (_, _, found) = get(
            &archive,
            &format!("/dicom-web/instances?StudyInstanceUID={STUDY}"),
            "application/json",
        )
        .await;
        assert_eq!(read(&found)[0]["00083002"]["Value"], both);
    })
    .await;
}

#[tokio::test]
async fn corrections_are_laid_over_either_form() {
    let folder = TestFolder::new("compression");
    let archive = archive(folder.path()).await;
    let bytes = image(1, 64, 1);
    take(&archive, &bytes).await;
    let corrected = NewCorrection {
        custodian: None,
        scope: Scope::Study(STUDY.to_owned()),
        changes: [(tags::PATIENT_ID, "P2".to_owned())].into(),
        actor: "web:tester".to_owned(),
        reason: "wrong patient".to_owned(),
        at_ns: 1,
    };
    archive.correct(&corrected).await.unwrap();
    let forms = async || {
        let mut found = Vec::new();
        for syntax in ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"] {
            let accept = format!("application/dicom; transfer-syntax={syntax}");
            found.push(get(&archive, &instance(1), &accept).await.2);
        }
        found
    };
    let before = forms().await;
    compressor(&archive, Kept::JpegLs)
        .round(NOW_NS, 0, 9)
        .await
        .unwrap();
    assert!(
        archive
            .storage()
            .packed(Hash::of(&bytes))
            .await
            .unwrap()
            .is_some()
    );
    assert!(forms().await == before);
    assert!(before[0].windows(2).any(|two| two == b"P2"));
}

#[tokio::test]
async fn a_form_moves_between_stores_and_goes_for_good() {
    let folder = TestFolder::new("compression");
    let cold = Storage::local(&folder.path().join("cold")).unwrap();
    let storage = Storage::local(&folder.path().join("objects"))
        .unwrap()
        .with_cold(cold.clone());
    let archive = archive_of(storage, sqlite(folder.path()).await).await;
    let bytes = image(1, 64, 1);
    let hash = take(&archive, &bytes).await;
    compressor(&archive, Kept::JpegLossless)
        .round(NOW_NS, 0, 9)
        .await
        .unwrap();
    let tiers = Tiers::new(archive.index().clone(), archive.storage()).unwrap();
    let policy = tiers::Policy { older_than_days: 1 };
    let later = crate::clock::now_ns() + 100 * 86_400_000_000_000;
    assert_eq!(tiers.run(policy, later, 9).await.unwrap().objects, 1);
    let (hot_root, cold_root) = (folder.path().join("objects"), folder.path().join("cold"));
    assert_eq!(
        (
            files(&hot_root, "packed").len(),
            files(&cold_root, "packed").len()
        ),
        (0, 1)
    );
    assert!(archive.storage().read(hash, 1 << 20).await.unwrap() == bytes);
    assert!(archive.storage().packed(hash).await.unwrap().is_some());
    assert!(archive.ingest().verify().await.unwrap().is_good());
    // Nothing in the colder store is compressed.
    assert_eq!(
        compressor(&archive, Kept::Rle)
            .round(NOW_NS, 0, 9)
            .await
            .unwrap()
            .last,
        None
    );
    assert_eq!(
        tiers
            .recall(STUDY, "archive", crate::clock::now_ns())
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        (
            files(&hot_root, "packed").len(),
            files(&cold_root, "packed").len()
        ),
        (1, 0)
    );
    archive.storage().hot().remove(hash).await.unwrap();
    assert_eq!(files(&hot_root, "packed").len(), 0);
}

#[tokio::test]
async fn modalities_and_what_does_not_get_smaller() {
    let folder = TestFolder::new("compression");
    let archive = archive(folder.path()).await;
    for number in 1..=2 {
        take(&archive, &image(number, 64, 1)).await;
    }
    let policy = |kept, of_ct| Policy {
        kept,
        by_modality: [("CT".to_owned(), of_ct)].into(),
        quiet: std::time::Duration::ZERO,
    };
    let by = |policy: &Policy| Compressor::new(archive.clone(), policy.clone());
    let ct_stays = policy(Kept::JpegLs, Kept::AsReceived);
    assert!(ct_stays.is_any() && !Policy::default().is_any());
    assert_eq!(
        by(&ct_stays).round(NOW_NS, 0, 9).await.unwrap(),
        super::Round::default()
    );
    let young = Policy {
        quiet: std::time::Duration::from_secs(3600),
        ..policy(Kept::AsReceived, Kept::JpegLs)
    };
    assert_eq!(
        by(&young).round(crate::clock::now_ns(), 0, 9).await.unwrap().last,
        None
    );
    let done = by(&policy(Kept::AsReceived, Kept::JpegLs))
        .round(NOW_NS, 0, 9)
        .await
        .unwrap();
    assert_eq!((done.objects, done.left), (2, 0));
    assert!(done.stored_bytes < done.received_bytes);
    // Noise of all bits does not get smaller, and is not tried twice.
    let mut noise = image(3, 32, 1);
    let start = noise.len() - 2048;
    let mut state = 1_u32;
    for byte in &mut noise[start..] {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    take(&archive, &noise).await;
    let rle = compressor(&archive, Kept::Rle);
    assert_eq!(rle.round(NOW_NS, 0, 9).await.unwrap().left, 1);
    assert_eq!(rle.round(NOW_NS, 0, 9).await.unwrap().last, None);
    assert_eq!(
        compressor(&archive, Kept::JpegLs)
            .round(NOW_NS, 0, 9)
            .await
            .unwrap()
            .left,
        1
    );
}

/// Every form of a real object gives the object back.
#[test]
fn real_objects_come_back_bit_for_bit() {
    let mut paths = Vec::new();
    for group in ["codecs", "nm", "pet", "ct", "mr", "xray", "malformed"] {
        if let Some(folder) = shared_data::set(group) {
            below(&folder, &mut paths);
        }
    }
    if paths.is_empty() {
        return;
    }
    paths.retain(|path| std::fs::metadata(path).unwrap().len() < 300 << 10);
    // Of a long series some are enough.
    let paths = paths.iter().step_by(if paths.len() > 200 { 7 } else { 1 });
    let (mut forms, mut left) = (0, 0);
    for path in paths {
        let bytes = Bytes::from(std::fs::read(path).unwrap());
        for to in Kept::ALL.into_iter().filter_map(Kept::transfer_syntax) {
            match compressed(&bytes, to) {
                Ok(file) => {
                    assert!(
                        unpack(&file).unwrap() == bytes,
                        "{} {}",
                        path.display(),
                        to.name()
                    );
                    assert!(file.len() < bytes.len());
                    forms += 1;
                }
                Err(reason) => {
                    assert!(!reason.contains("a codec failed"), "{}: {reason}", path.display());
                    left += 1;
                }
            }
        }
    }
    assert!(forms > left, "{forms} forms, {left} left");
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}
