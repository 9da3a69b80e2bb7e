//! The archive on a bucket of S3: killed, cut off, wrongly told, and with a bucket as the colder store.

#[path = "../../../pacs/src/storage/tests/s3.rs"]
#[allow(dead_code, reason = "the tests of storage ask more of it")]
pub(super) mod s3;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dimse::Status;
use serde_json::Value;

use super::commands::get;
use super::objects::study_uid;
use super::senders::{check, store, stow};
use super::{Served, folders};

/// Images sent before and after a kill or a cut.
const IMAGES: u64 = 120;

/// A configuration with a place on the server.
fn config(server: &s3::Server, folder: &Path, place: &str, more: &str) -> PathBuf {
    let path = folder.join("uptake.toml");
    let text = format!(
        "[storage.{place}.s3]\nendpoint = \"{}\"\npath_style = true\nbucket = \"{}\"\nprefix = \"{place}\"\n\
         credentials_file = \"{}\"\ntimeout_s = 2\n{more}",
        server.endpoint(),
        s3::BUCKET,
        server.credentials().display(),
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn serve(data: &Path, config: &Path) -> Served {
    Served::start_with(data, &["--config", config.to_str().unwrap()], &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_bucket_nothing_acknowledged_is_lost() {
    let Some(server) = s3::Server::start() else {
        return;
    };
    let folder = folders::new("bucket");
    let data = folder.path().join("data");
    let config = config(&server, folder.path(), "main", "");
    // Killed while it stores.
    let served = serve(&data, &config);
    let (dicom, http) = (served.dicom, served.http);
    let sending = tokio::spawn(async move {
        let (stored, stowed) = tokio::join!(
            store(dicom, 0, (0..IMAGES / 2).collect()),
            stow(http, 0, (IMAGES / 2..IMAGES).collect())
        );
        [stored.0, stowed.0].concat()
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    served.kill();
    let mut acknowledged = sending.await.unwrap();
    let served = serve(&data, &config);
    check(served.dicom, 0, &acknowledged, IMAGES).await;
    assert_eq!(get(served.http, "/health/ready", None).0, 200);
    // The bucket falls silent: a failure in time, and the sender may try again.
    server.signal("STOP");
    let began = Instant::now();
    let (stored, refused) = store(served.dicom, 0, vec![IMAGES, IMAGES + 1]).await;
    assert!(
        stored.is_empty() && refused == [Status::OUT_OF_RESOURCES; 2],
        "{refused:?}"
    );
    let (stowed, statuses) = stow(served.http, 0, vec![IMAGES + 2]).await;
    assert!(stowed.is_empty() && statuses == [503], "{statuses:?}");
    let (status, ready) = get(served.http, "/health/ready", None);
    assert_eq!((status, &ready["storage"]), (503, &Value::Bool(false)), "{ready}");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    // It comes back, and all goes on.
    server.signal("CONT");
    let again = (0..IMAGES + 10).collect();
    acknowledged = store(served.dicom, 0, again).await.0;
    assert_eq!(acknowledged.len() as u64, IMAGES + 10);
    check(served.dicom, 0, &acknowledged, IMAGES + 10).await;
    served.end();
    let told = [
        "--data",
        data.to_str().unwrap(),
        "--config",
        config.to_str().unwrap(),
    ];
    let verified = super::super::command_line::json(&[&["pacs", "verify", "--json"][..], &told].concat());
    assert_eq!(verified["missing"].as_array().unwrap().len(), 0, "{verified}");
    assert_eq!(verified["damaged"].as_array().unwrap().len(), 0, "{verified}");
    // The index is made anew from the bucket alone.
    std::fs::remove_file(data.join("index.sqlite")).unwrap();
    super::super::command_line::json(&[&["pacs", "rebuild", "--json"][..], &told].concat());
    let served = serve(&data, &config);
    check(served.dicom, 0, &acknowledged, IMAGES + 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_moves_to_a_bucket_and_is_given_from_there() {
    let Some(server) = s3::Server::start() else {
        return;
    };
    let folder = folders::new("cold-bucket");
    let data = folder.path().join("data");
    let served = Served::start(&data);
    let acknowledged = store(served.dicom, 0, (0..20).collect()).await.0;
    served.end();
    let config = config(&server, folder.path(), "cold", "[storage]\ncold_after_days = 0\n");
    let served = serve(&data, &config);
    let places = format!("/archive/places/{}", study_uid(0));
    for _ in 0..300 {
        let (_, lie) = get(served.http, &places, None);
        if lie
            .as_array()
            .unwrap()
            .iter()
            .all(|object| object["tier"] == "cold")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (_, lie) = get(served.http, &places, None);
    assert!(
        lie.as_array().unwrap().len() == 20 && !lie.to_string().contains("hot"),
        "{lie}"
    );
    let left = Command::new("find")
        .arg(data.join("objects/objects"))
        .args(["-type", "f"])
        .output();
    assert!(
        left.unwrap().stdout.is_empty(),
        "the first copies are gone from the disk"
    );
    check(served.dicom, 0, &acknowledged, 20).await;
    let (_, ready) = get(served.http, "/health/ready", None);
    assert_eq!(ready["cold"], true, "{ready}");
    // Without the colder store new images are taken, and health says so.
    server.signal("STOP");
    assert_eq!(store(served.dicom, 1, vec![0, 1]).await.0, [0, 1]);
    let (status, ready) = get(served.http, "/health/ready", None);
    assert_eq!((status, &ready["cold"]), (200, &Value::Bool(false)), "{ready}");
    server.signal("CONT");
    check(served.dicom, 0, &acknowledged, 20).await;
}

#[test]
fn a_wrong_bucket_ends_the_start_with_one_sentence() {
    let Some(server) = s3::Server::start() else {
        return;
    };
    let folder = folders::new("wrong-bucket");
    let path = config(&server, folder.path(), "main", "");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("bucket = \"uptake\"", "bucket = \"elsewhere\""),
    )
    .unwrap();
    let data = folder.path().join("data");
    let told = [
        "serve",
        "--http",
        "127.0.0.1:0",
        "--dicom",
        "127.0.0.1:0",
        "--open",
    ];
    let told = [
        &told[..],
        &[
            "--data",
            data.to_str().unwrap(),
            "--config",
            path.to_str().unwrap(),
        ],
    ]
    .concat();
    let host = server.endpoint().replace("http://", "");
    let words = format!("storage.main: {host} has no bucket elsewhere");
    super::super::command_line::check_failure(&told, 1, &words);
    // What is printed names the file of secrets, and holds none.
    let printed = super::super::command_line::uptake(&["config", "--config", path.to_str().unwrap()]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(
        printed.contains("[storage.main.s3]") && printed.contains("credentials_file"),
        "{printed}"
    );
    assert!(!printed.contains("tests-secret"));
}
