use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};

use super::{Ingest, Limits, Outcome, Reason};
use crate::index::tests::{postgres, sqlite};
use crate::index::{Index, Key, Level, Query};
use crate::storage::{self, Hash, Place, Storage};
use crate::test_folder::TestFolder;

type Parts = (Ingest, Index, Storage);

async fn archive(folder: &Path) -> Parts {
    archive_of(Storage::local(&folder.join("storage")).unwrap(), folder).await
}

/// Runs a check on an archive in a local directory, and on an S3 server where there is one.
async fn on_both(check: impl AsyncFn(Parts)) {
    storage::tests::on_both(async |storage: Storage| {
        let folder = TestFolder::new("ingest");
        check(archive_of(storage, folder.path()).await).await;
    })
    .await;
}

async fn archive_of(storage: Storage, folder: &Path) -> Parts {
    let index = sqlite(folder).await;
    let ingest = Ingest::new(storage.clone(), index.clone(), Limits::default())
        .await
        .unwrap();
    (ingest, index, storage)
}

/// A Part 10 file of explicit little endian with these elements, in the order of their tags, and pixel data.
pub(crate) fn file(elements: &[(Tag, VR, &[u8])], pixel_bytes: usize) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    let mut put = |tag: Tag, vr: VR, value: &[u8]| {
        bytes.extend(tag.0.to_le_bytes());
        bytes.extend(tag.1.to_le_bytes());
        bytes.extend(vr.to_bytes());
        let length = value.len().next_multiple_of(2);
        if vr == VR::OW {
            bytes.extend([0, 0]);
            bytes.extend((length as u32).to_le_bytes());
        } else {
            bytes.extend((length as u16).to_le_bytes());
        }
        bytes.extend(value);
        if value.len() < length {
            bytes.push(if vr == VR::UI { 0 } else { b' ' });
        }
    };
    put(
        Tag(0x0002, 0x0010),
        VR::UI,
        uids::EXPLICIT_VR_LITTLE_ENDIAN.as_bytes(),
    );
    for (tag, vr, value) in elements {
        put(*tag, *vr, value);
    }
    put(tags::PIXEL_DATA, VR::OW, &vec![7; pixel_bytes]);
    bytes
}

/// An image of a study of its own number.
pub(crate) fn image(number: u32, description: &str, pixel_bytes: usize) -> Vec<u8> {
    let uid = format!("2.25.{number}");
    let elements: [(Tag, VR, &[u8]); 7] = [
        (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE.as_bytes()),
        (tags::SOP_INSTANCE_UID, VR::UI, uid.as_bytes()),
        (tags::STUDY_DATE, VR::DA, b"20250102"),
        (tags::STUDY_DESCRIPTION, VR::LO, description.as_bytes()),
        (tags::PATIENT_ID, VR::LO, b"P1"),
        (tags::STUDY_INSTANCE_UID, VR::UI, b"2.25.1000"),
        (tags::SERIES_INSTANCE_UID, VR::UI, b"2.25.2000"),
    ];
    file(&elements, pixel_bytes)
}

#[tokio::test]
async fn the_four_outcomes() {
    on_both(async |(ingest, index, storage): Parts| {
    let first = image(1, "first", 3_000_000);
    let Outcome::Stored(receipt) = ingest.take(&first).await.unwrap() else {
        panic!("not stored");
    };
    assert_eq!(receipt.sop_uid, "2.25.1");
    assert_eq!(ingest.read(receipt.object.hash, 1 << 30).await.unwrap(), first);
    assert!(
        matches!(ingest.take(&first).await.unwrap(), Outcome::IdenticalDuplicate(again) if again == receipt)
    );
    let second = image(1, "second", 3_000_000);
    let Outcome::DifferentDuplicate(other) = ingest.take(&second).await.unwrap() else {
        panic!("not different");
    };
    assert_eq!(ingest.read(other.object.hash, 1 << 30).await.unwrap(), second);
    let rows = index.query(&Query::all(Level::Instance)).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].object.as_ref().unwrap().hash, receipt.object.hash);
    assert_eq!(rows[0].value(tags::STUDY_DESCRIPTION), "first");
    assert_eq!(
        index.duplicates("2.25.1").await.unwrap(),
        [receipt.object.hash, other.object.hash]
    );
    let before = storage.list().await.unwrap().len();
    assert!(matches!(
        ingest.take(b"no DICOM").await.unwrap(),
        Outcome::Refused(Reason::Unreadable(_))
    ));
    assert_eq!(storage.list().await.unwrap().len(), before);
    assert!(ingest.verify().await.unwrap().is_good());
    })
    .await;
}

/// A file with the length of its meta information, and another implementation in it.
fn with_another_head(file: &[u8], implementation: &str) -> Vec<u8> {
    let data_set = &file[132 + 8 + uids::EXPLICIT_VR_LITTLE_ENDIAN.len().next_multiple_of(2)..];
    let mut meta = Vec::new();
    for (element, value) in [
        (0x0010_u16, uids::EXPLICIT_VR_LITTLE_ENDIAN),
        (0x0012, implementation),
    ] {
        meta.extend(2_u16.to_le_bytes());
        meta.extend(element.to_le_bytes());
        meta.extend(b"UI");
        meta.extend((value.len().next_multiple_of(2) as u16).to_le_bytes());
        meta.extend(value.as_bytes());
        meta.resize(meta.len() + value.len() % 2, 0);
    }
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM\x02\0\0\0UL\x04\0");
    bytes.extend((meta.len() as u32).to_le_bytes());
    bytes.extend(meta);
    bytes.extend(data_set);
    bytes
}

#[tokio::test]
async fn a_data_set_behind_another_head_is_the_same() {
    on_both(async |(ingest, index, storage): Parts| {
        let plain = image(1, "first", 3_000_000);
        let first = with_another_head(&plain, "1.2.3");
        let Outcome::Stored(receipt) = ingest.take(&first).await.unwrap() else {
            panic!("not stored");
        };
        let again = ingest
            .take(&with_another_head(&plain, "1.2.3.4.5.6"))
            .await
            .unwrap();
        assert!(
            matches!(again, Outcome::IdenticalDuplicate(ref same) if *same == receipt),
            "{again:?}"
        );
        assert_eq!(storage.list().await.unwrap().len(), 1);
        let mut other = with_another_head(&plain, "1.2.3.4.5.6");
        *other.last_mut().unwrap() ^= 1;
        assert!(matches!(
            ingest.take(&other).await.unwrap(),
            Outcome::DifferentDuplicate(_)
        ));
        assert_eq!(index.duplicates("2.25.1").await.unwrap().len(), 2);
        assert!(ingest.verify().await.unwrap().is_good());
    })
    .await;
}

#[tokio::test]
async fn refusals_say_why_and_keep_nothing() {
    on_both(async |(ingest, index, storage): Parts| {
        let good = image(1, "", 10_000);
        let cut_in_pixels = &good[..good.len() - 1];
        let cut_in_header = &good[..300];
        let no_study = file(
            &[
                (tags::SOP_CLASS_UID, VR::UI, b"1.2"),
                (tags::SOP_INSTANCE_UID, VR::UI, b"2.25.1"),
            ],
            4,
        );
        let path = file(
            &[
                (tags::SOP_CLASS_UID, VR::UI, b"1.2"),
                (tags::SOP_INSTANCE_UID, VR::UI, b"../../etc/passwd"),
                (tags::STUDY_INSTANCE_UID, VR::UI, b"1"),
                (tags::SERIES_INSTANCE_UID, VR::UI, b"1"),
            ],
            4,
        );
        for (bytes, expected) in [
            (cut_in_pixels, "the object is cut short: expected at least 10"),
            (cut_in_header, "the object is cut short"),
            (&no_study[..], "no (0020,000D) in the object"),
            (&path[..], "(0008,0018) must be a UID"),
            (&[][..], "found an empty file"),
        ] {
            let Outcome::Refused(reason) = ingest.take(bytes).await.unwrap() else {
                panic!("taken: {expected}");
            };
            assert!(reason.to_string().contains(expected), "{reason}");
        }
        let small = Limits {
            object_bytes: 5000,
            ..Limits::default()
        };
        let ingest = Ingest::new(storage.clone(), index.clone(), small).await.unwrap();
        let refused = ingest.take(&good).await.unwrap();
        assert!(matches!(
            refused,
            Outcome::Refused(Reason::TooLarge { limit: 5000, .. })
        ));
        assert!(storage.list().await.unwrap().is_empty());
        assert_eq!(index.count(&Query::all(Level::Instance)).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn fragments_must_be_whole() {
    on_both(async |(ingest, _, _): Parts| {
        let plain = image(1, "", 0);
        let mut bytes = plain[..plain.len() - 4].to_vec();
        bytes.extend(u32::MAX.to_le_bytes());
        let begin = bytes.len();
        for length in [0_u32, 100_000, 50_000] {
            bytes.extend([0xFE, 0xFF, 0x00, 0xE0]);
            bytes.extend(length.to_le_bytes());
            bytes.extend(vec![1; length as usize]);
        }
        let all = bytes.len();
        bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        for cut in [begin + 20, begin + 100_000, all - 1] {
            let outcome = ingest.take(&bytes[..cut]).await.unwrap();
            assert!(
                matches!(outcome, Outcome::Refused(Reason::Truncated { .. })),
                "{cut}: {outcome:?}"
            );
        }
        assert!(matches!(ingest.take(&bytes).await.unwrap(), Outcome::Stored(_)));
        // Without the delimiter every fragment is there.
        assert!(matches!(
            ingest.take(&bytes[..all]).await.unwrap(),
            Outcome::DifferentDuplicate(_)
        ));
    })
    .await;
}

#[tokio::test]
async fn odd_values_are_kept_and_harm_nothing() {
    on_both(async |(ingest, index, _): Parts| {
        let long = "x".repeat(60_000);
        let odd = file(
            &[
                (tags::SOP_CLASS_UID, VR::UI, b"1.2"),
                (tags::SOP_INSTANCE_UID, VR::UI, b"2.25.1"),
                (tags::STUDY_DATE, VR::DA, b"tomorrow"),
                (tags::STUDY_TIME, VR::TM, b"\xff\xfe"),
                (tags::STUDY_DESCRIPTION, VR::LO, long.as_bytes()),
                (tags::PATIENT_NAME, VR::PN, b"A\0B=^^^==\\C"),
                (tags::PATIENT_ID, VR::LO, b"' OR 1=1 --"),
                (tags::STUDY_INSTANCE_UID, VR::UI, b"1"),
                (tags::SERIES_INSTANCE_UID, VR::UI, b"1"),
                (tags::SERIES_NUMBER, VR::IS, b"1e99"),
                (tags::ROWS, VR::US, b"\xff"),
            ],
            4,
        );
        assert!(matches!(ingest.take(&odd).await.unwrap(), Outcome::Stored(_)));
        let query = Query {
            keys: vec![Key::from_text(tags::PATIENT_ID, "' OR 1=1 --")],
            ..Query::all(Level::Instance)
        };
        assert_eq!(index.count(&query).await.unwrap(), 1);
        let metadata = index.metadata("1", None).await.unwrap();
        let json: serde_json::Value = serde_json::from_str(&metadata[0].json).unwrap();
        assert_eq!(json["00081030"]["Value"][0].as_str().unwrap().len(), 60_000);
        assert_eq!(json["7FE00010"]["BulkDataURI"], "bulkdata/7FE00010");
    })
    .await;
}

#[tokio::test]
async fn index_and_objects_are_compared() {
    on_both(async |(ingest, _, storage): Parts| {
        for number in 1..=4 {
            ingest.take(&image(number, "", 2000)).await.unwrap();
        }
        assert_eq!(ingest.verify().await.unwrap().objects, 4);
        let mut hashes: Vec<Hash> = storage
            .list()
            .await
            .unwrap()
            .iter()
            .map(|object| object.hash)
            .collect();
        hashes.sort();
        storage.remove(hashes[0]).await.unwrap();
        storage.damage(hashes[1], b"something else").await;
        let mut staging = storage.stage();
        staging.write(b"an object that nobody indexed").await.unwrap();
        let unindexed = storage.commit(staging.finish()).await.unwrap().object.hash;
        let report = ingest.verify().await.unwrap();
        assert!(!report.is_good());
        assert_eq!(report.missing, [hashes[0]]);
        assert_eq!(report.damaged, [hashes[1]]);
        assert_eq!(report.unindexed, [unindexed]);
        let rebuilt = ingest.rebuild().await.unwrap();
        assert_eq!((rebuilt.objects, rebuilt.left_out.len()), (2, 2));
    })
    .await;
}

fn real_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for set in [
        "nm",
        "pet",
        "charset",
        "objects",
        "mr/enhanced-multiframe",
        "codecs",
    ] {
        let mut folders: Vec<PathBuf> = shared_data::set(set).into_iter().collect();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.metadata().unwrap().len() < 30_000_000 {
                    found.push(path);
                }
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_index_made_anew_equals_the_live_one() {
    let files = real_files();
    if files.is_empty() {
        return;
    }
    on_both(async |archive: Parts| made_anew(archive, files.clone()).await).await;
}

async fn made_anew((ingest, index, storage): Parts, files: Vec<PathBuf>) {
    let queue = std::sync::Arc::new(std::sync::Mutex::new(files));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (ingest, queue) = (ingest.clone(), queue.clone());
            tokio::spawn(async move {
                let mut taken = 0;
                loop {
                    let Some(path) = queue.lock().unwrap().pop() else {
                        return taken;
                    };
                    let bytes = std::fs::read(&path).unwrap();
                    match ingest.take(&bytes).await.unwrap() {
                        Outcome::Stored(receipt) | Outcome::DifferentDuplicate(receipt) => {
                            assert_eq!(receipt.object.hash, Hash::of(&bytes));
                            taken += 1;
                        }
                        Outcome::IdenticalDuplicate(_) => {}
                        Outcome::Refused(reason) => {
                            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                            // Directories of discs and samples of codecs lack UIDs: no objects that could be filed.
                            let is_object = name.ends_with(".dcm") && !matches!(reason, Reason::Missing(_));
                            assert!(!is_object, "{name}: {reason}");
                        }
                    }
                }
            })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += task.await.unwrap();
    }
    assert!(taken > 10, "{taken} real files");
    assert_eq!(storage.list().await.unwrap().len(), taken);
    let live = index.dump().await.unwrap();
    let report = ingest.rebuild().await.unwrap();
    assert!(report.left_out.is_empty(), "{:?}", report.left_out);
    same_rows(&index.dump().await.unwrap(), &live);
    if let Some(place) = postgres::database() {
        let index = Index::open(&place).await.unwrap();
        let other = Ingest::new(storage, index.clone(), Limits::default())
            .await
            .unwrap();
        other.rebuild().await.unwrap();
        same_rows(&index.dump().await.unwrap(), &live);
    }
}

fn same_rows(found: &[String], expected: &[String]) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

#[tokio::test]
async fn names_of_three_character_sets_are_found() {
    let Some(folder) = shared_data::set("charset/pydicom-charset") else {
        return;
    };
    let data = TestFolder::new("charsets");
    let (ingest, index, _) = archive(data.path()).await;
    for name in ["chrX1.dcm", "chrX2.dcm", "chrH31.dcm", "chrI2.dcm", "chrGerm.dcm"] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let outcome = ingest.take(&bytes).await.unwrap();
        assert!(!matches!(outcome, Outcome::Refused(_)), "{name}: {outcome:?}");
    }
    for (pattern, expected) in [
        ("王*", 2),
        ("wang^xiao*", 2),
        ("*小东", 1),
        ("山田*", 1),
        ("やま*", 1),
        ("홍^길동", 1),
        ("äneas*", 1),
        ("=王*", 2),
        ("王*=", 0),
    ] {
        let query = Query {
            keys: vec![Key::from_text(tags::PATIENT_NAME, pattern)],
            ..Query::all(Level::Instance)
        };
        assert_eq!(index.count(&query).await.unwrap(), expected, "{pattern}");
    }
}

const CRASH_FOLDER: &str = "UPTAKE_TEST_CRASH_FOLDER";
const CRASH_PLACE: &str = "UPTAKE_TEST_CRASH_PLACE";

async fn archive_at(place: &Place, folder: &Path) -> Parts {
    let storage = place.open(&folder.join("storage")).await.unwrap();
    archive_of(storage, folder).await
}

/// The child of the test below; by itself it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn child_that_takes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CRASH_FOLDER) else {
        return;
    };
    let place = serde_json::from_str(&std::env::var(CRASH_PLACE).unwrap()).unwrap();
    let (ingest, index, _) = archive_at(&place, Path::new(&folder)).await;
    let start = index.count(&Query::all(Level::Instance)).await.unwrap() as u32 * 4;
    for task in 0..4 {
        let ingest = ingest.clone();
        tokio::spawn(async move {
            for number in (start + task + 1..).step_by(4) {
                // Some lie in memory on their way, some in a file, some go to a bucket in parts.
                let size = match number % 10 {
                    0 => 9_000_000,
                    5 => 1_500_000,
                    _ => 20_000,
                };
                if let Outcome::Stored(receipt) = ingest.take(&image(number, "", size)).await.unwrap() {
                    println!("acknowledged {}", receipt.object.hash);
                }
            }
        });
    }
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing_acknowledged() {
    let folder = TestFolder::new("crash");
    loses_nothing(&Place::Folder(folder.path().join("storage")), folder.path()).await;
    if let Some(server) = storage::tests::shared() {
        let folder = TestFolder::new("crash");
        loses_nothing(&storage::tests::place(server).into(), folder.path()).await;
    }
}

async fn loses_nothing(place: &Place, folder: &Path) {
    let mut acknowledged: Vec<Hash> = Vec::new();
    for round in 0..3 {
        acknowledged.extend(take_and_kill(place, folder, 20 + 37 * round));
        let (ingest, index, storage) = archive_at(place, folder).await;
        let leftover = folder.join("storage/incoming");
        assert_eq!(std::fs::read_dir(leftover).unwrap().count(), 0);
        let report = ingest.verify().await.unwrap();
        assert!(report.is_good(), "{report:?}");
        let indexed = index.objects().await.unwrap();
        for hash in &acknowledged {
            assert!(
                indexed.iter().any(|(found, _)| found == hash),
                "round {round}: {hash}"
            );
            assert!(storage.read(*hash, 1 << 30).await.is_ok());
        }
        // What is seen is whole: the series counts what it has, each object once.
        let rows = index.query(&Query::all(Level::Instance)).await.unwrap();
        let series = index.query(&Query::all(Level::Series)).await.unwrap();
        let counted = series[0].value(tags::NUMBER_OF_SERIES_RELATED_INSTANCES);
        assert_eq!(counted, rows.len().to_string());
        assert_eq!(rows.len(), indexed.len());
    }
    assert!(acknowledged.len() > 100);
}

/// Lets a child process take objects, kills it after so many acknowledgements, and gives all that it made.
fn take_and_kill(place: &Place, folder: &Path, after: usize) -> Vec<Hash> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "ingest::tests::child_that_takes_until_it_is_killed",
            "--nocapture",
        ])
        .env(CRASH_FOLDER, folder)
        .env(CRASH_PLACE, serde_json::to_string(place).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let hash_of = |line: &str| Hash::from_hex(line.split("acknowledged ").nth(1)?.trim());
    let mut hashes = Vec::new();
    let mut line = String::new();
    while hashes.len() < after {
        line.clear();
        assert!(
            output.read_line(&mut line).unwrap() > 0,
            "the child ended by itself"
        );
        hashes.extend(hash_of(&line));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    hashes.extend(rest.lines().filter_map(hash_of));
    hashes
}
