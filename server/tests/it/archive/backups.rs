//! The drill: a site that is backed up while images come in, lost, and made anew elsewhere.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::senders::{check, store};
use super::{Served, folders, verified};
use crate::command_line::{check_failure, json};

fn told<'a>(command: &[&'a str], data: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [command, &["--json", "--data", data.to_str().unwrap()], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_backed_up_while_images_come_in_is_made_anew_elsewhere() {
    let folder = folders::new("backup");
    let [data, other, backup] = ["site", "other", "backup"].map(|name| folder.path().join(name));
    let to = backup.to_str().unwrap();
    // Entries that were removed from the journal are the site's too.
    let removed = "journal-removed/journal-000000000001-000000000002.jsonl";
    std::fs::create_dir_all(data.join("journal-removed")).unwrap();
    std::fs::write(data.join(removed), "{}\n").unwrap();
    let served = Served::start(&data);
    assert_eq!(store(served.dicom, 0, (0..100).collect()).await.0.len(), 100);
    let dicom = served.dicom;
    // Images go on coming while it is backed up, twice.
    let sending = tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        for part in 1..40_u64 {
            for number in store(dicom, 0, (part * 100..part * 100 + 20).collect()).await.0 {
                acknowledged.push((number, Instant::now()));
            }
        }
        acknowledged
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let first = json(&told(&["backup"], &data, &["--to", to]));
    assert!(first["copied"].as_u64().unwrap() >= 100, "{first}");
    let begun = Instant::now();
    let second = json(&told(&["backup"], &data, &["--to", to]));
    let copied = second["copied"].as_u64().unwrap();
    assert!(
        copied < second["objects"].as_u64().unwrap(),
        "what is there is not copied again: {second}"
    );
    let acknowledged = sending.await.unwrap();
    // The site is lost.
    served.kill();
    let restored = json(&told(&["restore"], &other, &["--from", to]));
    assert_eq!(restored["objects"], second["objects"], "{restored}");
    println!(
        "backup of {} objects in {:.1} s, restored in {:.1} s, RPO {:.1} s",
        second["objects"], second["seconds"], restored["seconds"], restored["age_s"]
    );
    assert_eq!(std::fs::read(other.join(removed)).unwrap(), b"{}\n");
    // All that was acknowledged before the second backup began is there, bit for bit, and found.
    std::fs::write(other.join("OPEN-TEST-DATA"), "").unwrap();
    let served = Served::start(&other);
    let mut before: Vec<u64> = (0..100).collect();
    before.extend(
        acknowledged
            .iter()
            .filter(|(_, at)| *at < begun)
            .map(|(number, _)| *number),
    );
    assert!(
        before.len() > 100 && before.len() < 100 + acknowledged.len(),
        "{}",
        before.len()
    );
    check(served.dicom, 0, &before, 4100).await;
    // It goes on as any other site.
    assert_eq!(store(served.dicom, 7, vec![1]).await.0, [1]);
    served.end();
    assert_eq!(verified(&other)["missing"].as_array().unwrap().len(), 0);
    let audited = json(&told(&["audit", "verify"], &other, &[]));
    assert_eq!(audited["findings"].as_array().unwrap().len(), 0, "{audited}");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_points_go_and_a_backup_that_is_not_whole_is_refused() {
    let folder = folders::new("backup-points");
    let [data, backup] = ["site", "backup"].map(|name| folder.path().join(name));
    let to = backup.to_str().unwrap();
    let served = Served::start(&data);
    assert_eq!(store(served.dicom, 0, vec![0, 1]).await.0, [0, 1]);
    served.end();
    let points: Vec<Value> = (0..3)
        .map(|_| json(&told(&["backup"], &data, &["--to", to, "--keep", "2"])))
        .collect();
    assert_eq!(points[2]["removed"][0], points[0]["point"]);
    let listed = crate::command_line::uptake(&["restore", "--list", "--from", to]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains(points[1]["point"].as_str().unwrap()), "{listed}");

    let serve = |arguments: &[&str], words: &str| check_failure(arguments, 1, words);
    let inside = data.join("inside");
    serve(
        &[
            "backup",
            "--data",
            data.to_str().unwrap(),
            "--to",
            inside.to_str().unwrap(),
        ],
        "expected a folder outside",
    );
    let nothing = folder.path().join("nothing");
    serve(
        &["backup", "--data", nothing.to_str().unwrap(), "--to", to],
        "expected an archive in",
    );
    serve(
        &["restore", "--data", data.to_str().unwrap(), "--from", to],
        "expected",
    );
    let new = |name: &str| folder.path().join(name);
    let gone = new("gone");
    serve(
        &[
            "restore",
            "--data",
            gone.to_str().unwrap(),
            "--from",
            to,
            "--point",
            "../site",
        ],
        "expected the name of a point",
    );
    // An object of it is damaged.
    let hurt = std::process::Command::new("sh")
        .args(["-c", "f=$(find \"$1\" -type f | head -n 1); printf x | dd of=\"$f\" bs=1 seek=400 conv=notrunc 2>/dev/null", "sh"])
        .arg(backup.join("objects/objects"))
        .status();
    assert!(hurt.unwrap().success());
    serve(
        &["restore", "--data", gone.to_str().unwrap(), "--from", to],
        "damaged",
    );
    // Its database is.
    let last = backup.join("points").join(points[2]["point"].as_str().unwrap());
    std::fs::write(last.join("index.sqlite"), b"nothing").unwrap();
    let lost = new("lost");
    serve(
        &["restore", "--data", lost.to_str().unwrap(), "--from", to],
        "index.sqlite",
    );
    assert!(!lost.join("index.sqlite").exists());
}
