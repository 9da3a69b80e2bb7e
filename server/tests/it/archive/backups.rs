//! The drill: a site that is backed up while images come in, lost, and made anew elsewhere.

use std::time::{Duration, Instant};

use database::{Connection as _, Database, Place, Sql};
use serde_json::Value;

use super::buckets::s3;
use super::senders::{check, store};
use super::sites::Site;
use super::{Served, folders, postgres};
use crate::command_line::{check_failure, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_site_backed_up_while_images_come_in_is_made_anew_elsewhere() {
    drill("backup", [None, None]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_over_postgresql_backed_up_while_images_come_in_is_made_anew_elsewhere() {
    let (Some(first), Some(second)) = (postgres::database(), postgres::database()) else {
        return;
    };
    drill("backup-postgres", [Some(first), Some(second)]).await;
}

/// A site over the first database is backed up twice during ingest, lost, and made anew over the second.
async fn drill(name: &str, databases: [Option<Place>; 2]) {
    let folder = folders::new(name);
    let [lost, anew] = &databases;
    let site = Site::new(folder.path(), "site", lost.as_ref());
    let other = Site::new(folder.path(), "other", anew.as_ref());
    let backup = folder.path().join("backup");
    let to = backup.to_str().unwrap();
    // Entries that were removed from the journal are the site's too.
    let removed = "journal-removed/journal-000000000001-000000000002.jsonl";
    std::fs::create_dir_all(site.data.join("journal-removed")).unwrap();
    std::fs::write(site.data.join(removed), "{}\n").unwrap();
    let served = site.serve();
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
    let first = site.told(&["backup", "--to", to]);
    assert!(first["copied"].as_u64().unwrap() >= 100, "{first}");
    let begun = Instant::now();
    let second = site.told(&["backup", "--to", to]);
    let copied = second["copied"].as_u64().unwrap();
    assert!(
        copied < second["objects"].as_u64().unwrap(),
        "what is there is not copied again: {second}"
    );
    let acknowledged = sending.await.unwrap();
    // The site is lost.
    served.kill();
    let restored = other.told(&["restore", "--from", to]);
    assert_eq!(restored["objects"], second["objects"], "{restored}");
    println!(
        "{name}: backup of {} objects in {:.1} s, restored in {:.1} s (RTO), {:.1} s old (RPO)",
        second["objects"], second["seconds"], restored["seconds"], restored["age_s"]
    );
    assert_eq!(std::fs::read(other.data.join(removed)).unwrap(), b"{}\n");
    // All that was acknowledged before the second backup began is there, bit for bit, and found.
    let served = other.serve();
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
    let verified = other.told(&["pacs", "verify"]);
    assert_eq!(verified["missing"].as_array().unwrap().len(), 0, "{verified}");
    let audited = other.told(&["audit", "verify"]);
    assert_eq!(audited["findings"].as_array().unwrap().len(), 0, "{audited}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_in_a_bucket_is_made_pruned_and_restored() {
    let Some(server) = s3::Server::start() else {
        return;
    };
    let folder = folders::new("backup-bucket");
    let [site, other] = ["site", "other"].map(|name| Site::new(folder.path(), name, None));
    let text = format!(
        "[backup.to.s3]\nendpoint = \"{}\"\npath_style = true\nbucket = \"{}\"\nprefix = \"backup\"\n\
         credentials_file = \"{}\"\n[backup]\nkeep = 2\n",
        server.endpoint(),
        s3::BUCKET,
        server.credentials().display(),
    );
    for site in [&site, &other] {
        std::fs::write(&site.config, &text).unwrap();
    }
    let served = site.serve();
    let mut points = Vec::new();
    for round in 0..3_u64 {
        let images = (round * 10..round * 10 + 10).collect();
        assert_eq!(store(served.dicom, 0, images).await.0.len(), 10);
        points.push(site.told(&["backup"]));
    }
    assert_eq!(points[2]["objects"], 30, "{}", points[2]);
    assert_eq!(points[2]["copied"], 10, "{}", points[2]);
    assert_eq!(points[2]["removed"][0], points[0]["point"]);
    // What the first point alone had: its database, its list of objects, its signed ends.
    assert!(points[2]["pruned"].as_u64().unwrap() >= 2, "{}", points[2]);
    served.kill();
    let listed = crate::command_line::uptake(&site.arguments(&["restore", "--list"]));
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 2);
    let restored = other.told(&["restore"]);
    assert_eq!(restored["point"], points[2]["point"]);
    assert_eq!(restored["objects"], 30, "{restored}");
    let served = other.serve();
    check(served.dicom, 0, &(0..30).collect::<Vec<_>>(), 30).await;
    served.end();
    // Nothing of it stays in the data folders.
    for site in [&site, &other] {
        assert!(!site.data.join("backup-work").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_site_makes_the_backup_that_its_configuration_names() {
    let folder = folders::new("backup-daily");
    let backup = folder.path().join("backup");
    let site = Site::new(folder.path(), "site", None);
    let text = format!("[backup]\nto = {:?}\nkeep = 1\n", backup.display().to_string());
    std::fs::write(&site.config, text).unwrap();
    let served = Served::start_closed_with(&site.data, &["--config", site.config.to_str().unwrap()]);
    // As the schedule adds it at night.
    let place = Place::Sqlite(site.data.join("index.sqlite"));
    let database = Database::open(&place, 1).await.unwrap();
    let add = "INSERT INTO jobs (kind, arguments, state, tries, at_ns, done_parts, all_parts, key, created_ns) \
               VALUES ('backup', 'null', 'waiting', 0, 1, 0, 0, 'schedule backup 1', 1)";
    database.batch(add).await.unwrap();
    let text = async |sql: &str| -> String {
        let row = Sql::new(sql).one(&database).await.unwrap().unwrap();
        row.get(0).unwrap()
    };
    let state = "SELECT state || COALESCE(error, '') FROM jobs WHERE kind = 'backup'";
    for _ in 0..200 {
        if text(state).await == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(text(state).await, "done");
    served.end();
    let actor = "SELECT actor FROM journal WHERE kind = 'backup.made'";
    assert_eq!(text(actor).await, "server");
    // The command alone makes another in the same place, and keeps as many.
    let again = site.told(&["backup"]);
    assert_eq!(again["removed"].as_array().unwrap().len(), 1, "{again}");
    let other = Site::new(folder.path(), "other", None);
    let restored = other.told(&["restore", "--from", backup.to_str().unwrap()]);
    assert_eq!(restored["point"], again["point"]);
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
        .map(|_| {
            json(&[
                "backup",
                "--json",
                "--data",
                data.to_str().unwrap(),
                "--to",
                to,
                "--keep",
                "2",
            ])
        })
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
