//! Simulated loss of power: only what fsync covered is left, and it is enough.
//!
//! A library that is loaded into the server (`power_loss.c`) keeps, beside the data folder, what a disk would be bound to
//! have: the bytes of a file as of its last fsync, the names in a folder as of the folder's last fsync. After a kill the data
//! folder is made anew from that, nothing else. With the library told to ignore fsync, which is what an archive without it
//! would leave, the same check must find acknowledged images gone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::chaos::rounds;
use super::objects::Random;
use super::senders::{fetch, store};
use super::{Served, folders};
use crate::archive::objects::{data_set, sop_uid};

fn library(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/archive/power_loss.c");
    let library = folder.join("power_loss.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .status()
        .unwrap();
    assert!(built.success());
    library
}

/// Makes a folder anew from what is durable of it.
fn restore(live: &Path, durable: &Path) {
    std::fs::remove_dir_all(live).unwrap();
    std::fs::create_dir_all(live).unwrap();
    restore_folder(live, live, durable);
}

/// Names of the library's files: the path of a folder with `%` for its slashes, a file's inode and time of birth.
fn restore_folder(root: &Path, folder: &Path, durable: &Path) {
    let relative = folder.strip_prefix(root).unwrap().to_str().unwrap();
    let listing = durable.join(format!("names%{}", relative.replace('/', "%")));
    let Ok(listing) = std::fs::read_to_string(listing) else {
        return;
    };
    for line in listing.lines() {
        let mut parts = line.splitn(3, ' ');
        let (kind, inode, name) = (
            parts.next().unwrap(),
            parts.next().unwrap(),
            parts.next().unwrap(),
        );
        let path = folder.join(name);
        if kind == "d" {
            std::fs::create_dir(&path).unwrap();
            restore_folder(root, &path, durable);
            continue;
        }
        let bytes = durable.join(format!("bytes%{inode}"));
        if bytes.exists() {
            let copied = Command::new("cp")
                .arg("-p")
                .arg(&bytes)
                .arg(&path)
                .status()
                .unwrap();
            assert!(copied.success());
        } else {
            // The name is durable, the bytes are not.
            std::fs::write(&path, b"").unwrap();
        }
    }
}

/// Images sent, cut off, and looked for afterwards: how many were acknowledged, and how many of those are gone or wrong.
async fn round(number: u64, ignores_fsync: bool, random: &mut Random) -> (usize, usize) {
    let folder = folders::new(if ignores_fsync { "power-ignored" } else { "power" });
    let (live, durable) = (folder.path().join("live"), folder.path().join("durable"));
    std::fs::create_dir_all(&live).unwrap();
    std::fs::create_dir_all(&durable).unwrap();
    let library = library(folder.path());
    let mut variables = vec![
        ("LD_PRELOAD", library.as_path()),
        ("POWER_LOSS_LIVE", live.as_path()),
        ("POWER_LOSS_DURABLE", durable.as_path()),
    ];
    if ignores_fsync {
        variables.push(("POWER_LOSS_IGNORES_FSYNC", Path::new("1")));
    }
    let served = Served::start_with(&live, &[], &variables);
    let mut associations = tokio::task::JoinSet::new();
    for part in 0..4 {
        let (dicom, numbers) = (served.dicom, (part * 60..(part + 1) * 60).collect());
        associations.spawn(async move { store(dicom, number, numbers).await.0 });
    }
    tokio::time::sleep(Duration::from_millis(400 + random.below(1500))).await;
    served.kill();
    let acknowledged = associations.join_all().await.concat();
    restore(&live, &durable);
    if ignores_fsync && !live.join("OPEN-TEST-DATA").exists() {
        // Not even the mark of the folder is left: an open archive cannot be started on it. All is gone.
        return (acknowledged.len(), acknowledged.len());
    }
    std::fs::write(live.join("OPEN-TEST-DATA"), b"").unwrap();
    let served = Served::start(&live);
    let found = fetch(served.dicom, number).await;
    let is_there = |image: &&u64| {
        found
            .get(&sop_uid(number, **image))
            .is_some_and(|bytes| *bytes == data_set(number, **image))
    };
    let left = acknowledged.iter().filter(is_there).count();
    (acknowledged.len(), acknowledged.len() - left)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_loss_of_power_all_that_was_acknowledged_is_there() {
    let mut random = Random::new(2);
    let mut all = 0;
    for number in 0..rounds("UPTAKE_REQUIRE_POWER_ROUNDS", 2) {
        let (acknowledged, lost) = round(number, false, &mut random).await;
        assert_eq!(lost, 0, "of {acknowledged} acknowledged images in round {number}");
        all += acknowledged;
    }
    assert!(all > 0, "nothing was acknowledged: the test shows nothing");
    eprintln!("{all} images acknowledged, all there");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_fsync_the_same_check_fails() {
    let (acknowledged, lost) = round(1000, true, &mut Random::new(3)).await;
    assert!(acknowledged > 0 && lost > 0, "{lost} of {acknowledged} lost");
}
