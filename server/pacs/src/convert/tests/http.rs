//! Files over HTTP: whose they become, and what is said of those that are not taken.

use std::sync::Arc;

use dicom_dictionary_std::tags;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::small;
use crate::access::{Action, Open, TokenFile, new_token};
use crate::http::tests::{Answer, app, send, start};
use crate::http::{App, router};
use crate::index::{Level, Page, Query, Row};
use crate::test_folder::TestFolder;
use crate::test_node::file;

struct Service {
    port: u16,
    app: App,
    _stop: oneshot::Sender<()>,
}

async fn service(folder: &TestFolder) -> Service {
    let app = app(folder, Arc::new(Open)).await;
    let (port, stop) = start(router(app.clone()), crate::http::Limits::default()).await;
    Service {
        port,
        app,
        _stop: stop,
    }
}

impl Service {
    /// Sends what is said and files, as a browser's form does.
    async fn form(&self, said: Option<Value>, files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        if let Some(said) = said {
            let head = "--x\r\ncontent-disposition: form-data; name=\"identity\"; filename=\"blob\"\r\ncontent-type: application/json\r\n\r\n";
            body.extend([head, &said.to_string(), "\r\n"].concat().bytes());
        }
        for (name, bytes) in files {
            let head = format!(
                "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: image/png\r\n\r\n"
            );
            body.extend(head.bytes());
            body.extend_from_slice(bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--x--\r\n");
        let headers = "content-type: multipart/form-data; boundary=x\r\n";
        send(self.port, "POST", "/archive/convert", headers, &body).await
    }

    async fn instances(&self) -> Vec<Row> {
        let query = Query::all(Level::Instance);
        self.app.archive().index().query(&query).await.unwrap()
    }
}

#[tokio::test]
async fn files_become_a_series_of_one_study() {
    let folder = TestFolder::new("convert");
    let service = service(&folder).await;
    let files = small();
    let said = json!({ "patient_id": "P7", "patient_name": "张^三", "study_description": "Hand" });
    let sent: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    let answer = service
        .form(Some(said), &[&sent[..], &[("a.txt", b"hello")]].concat())
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.json());
    let said = answer.json();
    assert_eq!(said["stored"].as_array().unwrap().len(), 4);
    assert_eq!(said["refused"][0]["name"], "a.txt");
    let reason = said["refused"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("expected JPEG, PNG"), "{reason}");
    let rows = service.instances().await;
    let numbers: Vec<&str> = rows.iter().map(|row| row.value(tags::INSTANCE_NUMBER)).collect();
    assert_eq!(numbers, ["1", "2", "3", "4"]);
    for row in &rows {
        assert_eq!(
            row.value(tags::STUDY_INSTANCE_UID),
            said["stored"][0]["study_instance_uid"]
        );
        assert_eq!(
            row.value(tags::SERIES_INSTANCE_UID),
            said["stored"][0]["series_instance_uid"]
        );
        assert_eq!(row.value(tags::PATIENT_NAME), "张^三");
        assert_eq!(row.value(tags::STUDY_DESCRIPTION), "Hand");
    }
}

#[tokio::test]
async fn what_a_study_has_beyond_the_lengths_of_the_standard_keeps_no_picture_from_it() {
    let folder = TestFolder::new("convert");
    let service = service(&folder).await;
    let odd = file(32, 1, &"long".repeat(20), 64);
    service.app.archive().ingest().take(&odd).await.unwrap();
    let (_, png) = small().remove(0);
    let path = "/archive/convert?study=2.25.32";
    let answer = send(service.port, "POST", path, "content-type: image/png\r\n", &png).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    assert_eq!(service.instances().await.len(), 2);
}

#[tokio::test]
async fn a_picture_of_a_study_is_its_patients() {
    let folder = TestFolder::new("convert");
    let service = service(&folder).await;
    service
        .app
        .archive()
        .ingest()
        .take(&file(31, 1, "PET", 64))
        .await
        .unwrap();
    let (_, png) = small().remove(0);
    let post = async |path: &str, bytes: &[u8]| {
        send(service.port, "POST", path, "content-type: image/png\r\n", bytes).await
    };
    let answer = post("/archive/convert?study=2.25.31", &png).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    let rows = service.instances().await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].value(tags::PATIENT_ID), "P9");
    assert_eq!(rows[1].value(tags::STUDY_DESCRIPTION), "PET");
    assert_ne!(
        rows[1].value(tags::SERIES_INSTANCE_UID),
        rows[0].value(tags::SERIES_INSTANCE_UID)
    );
    let conflicts = service
        .app
        .archive()
        .index()
        .conflicts(true, &crate::index::Restriction::NONE, Page::FIRST)
        .await
        .unwrap();
    assert!(conflicts.is_empty(), "the picture contradicts its study");

    for (path, bytes, status, words) in [
        ("/archive/convert?study=2.25.404", &png[..], 404, "not found"),
        ("/archive/convert", &png[..], 400, "Patient ID"),
        ("/archive/convert?study=2.25.31", b"hello", 409, "expected JPEG"),
        ("/archive/convert?series=2.25.31", &png[..], 400, ""),
    ] {
        let answer = post(path, bytes).await;
        assert_eq!(answer.status, status, "{path}");
        let said = String::from_utf8(answer.body).unwrap();
        assert!(said.contains(words), "{path}: {said}");
    }
    let other = json!({ "study_instance_uid": "2.25.31", "patient_id": "P8" });
    let answer = service.form(Some(other), &[("a.png", &png)]).await;
    assert_eq!(answer.status, 409);
    assert_eq!(
        answer.json()["error"],
        "(0010,0020) is said otherwise than the study has it"
    );
    for (said, status) in [
        (json!({ "patient_id": "P8", "diagnosis": "?" }), 400),
        (json!({ "patient_id": "P8", "patient_sex": "X" }), 400),
        (json!({ "patient_id": "x".repeat(70_000) }), 413),
    ] {
        assert_eq!(service.form(Some(said), &[("a.png", &png)]).await.status, status);
    }
    assert_eq!(
        service
            .form(Some(json!({ "patient_id": "P8" })), &[])
            .await
            .status,
        400
    );
    assert_eq!(service.instances().await.len(), 2);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent_and_asks_for_the_right_to_store() {
    let folder = TestFolder::new("convert");
    let path = folder.path().join("tokens.toml");
    let (reads, reader) = new_token("reader", &[Action::Find]).unwrap();
    let (stores, storer) = new_token("storer", &[Action::Store]).unwrap();
    std::fs::write(&path, reader + &storer).unwrap();
    let app = app(&folder, Arc::new(TokenFile::open(&path).unwrap())).await;
    let (port, _stop) = start(router(app), crate::http::Limits::default()).await;
    for (token, length, status) in [
        (&reads, "5", 403),
        (&stores, "99999999999", 413),
        (&stores, "0", 400),
    ] {
        let headers = format!("authorization: Bearer {token}\r\ncontent-length: {length}\r\n");
        let answer = send(port, "POST", "/archive/convert", &headers, b"").await;
        assert_eq!(answer.status, status, "{length}");
    }
}
