//! Corrections from the request to the object that leaves.

mod ways_out;

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::Service;

use crate::access::Open;
use crate::http::{App, router};
use crate::index::tests::{merge, on_both, sqlite};
use crate::index::{Facts, Identifier, Index, NewCorrection, Scope};
use crate::ingest::{Ingest, Limits, Outcome, Receipt};
use crate::services::Archive;
use crate::storage::{ObjectInfo, Storage};
use crate::test_folder::TestFolder;

/// An archive in a folder, on SQLite.
pub(crate) async fn archive(folder: &Path) -> Archive {
    let storage = Storage::local(&folder.join("objects")).unwrap();
    archive_of(storage, sqlite(folder).await).await
}

/// An archive of a storage and an index.
pub(crate) async fn archive_of(storage: Storage, index: Index) -> Archive {
    let ingest = Ingest::new(storage.clone(), index.clone(), Limits::default())
        .await
        .unwrap();
    Archive::new(ingest, index, storage, "UPTAKE", Default::default())
}

/// Runs a check on an archive with a new SQLite, and with a new PostgreSQL where there is one.
pub(crate) async fn on_both_archives(check: impl AsyncFn(&Path, Archive)) {
    on_both(async |index: Index| {
        let folder = TestFolder::new("archive");
        let storage = Storage::local(&folder.path().join("objects")).unwrap();
        check(folder.path(), archive_of(storage, index).await).await;
    })
    .await;
}

/// A made-up data set without pixels.
pub(crate) fn object(number: u32, more: &[(Tag, VR, &str)]) -> InMemDicomObject {
    let uid = format!("2.25.77.{number}");
    let mut object = InMemDicomObject::new_empty();
    let own = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::SOP_CLASS_UID, VR::UI, uids::SECONDARY_CAPTURE_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, uid.as_str()),
        (tags::STUDY_DATE, VR::DA, "20200102"),
        (tags::ACCESSION_NUMBER, VR::SH, "A77"),
        (tags::MODALITY, VR::CS, "OT"),
        (tags::PATIENT_NAME, VR::PN, "Wang^Fang=王^芳"),
        (tags::PATIENT_ID, VR::LO, "P77"),
        (tags::PATIENT_BIRTH_DATE, VR::DA, "19700101"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "2.25.77"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "2.25.77.0"),
    ];
    for (tag, vr, value) in own.iter().chain(more) {
        object.put(DataElement::new(*tag, *vr, PrimitiveValue::from(*value)));
    }
    object
}

pub(crate) fn file(object: &InMemDicomObject) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let mut bytes = Vec::new();
    object
        .clone()
        .with_meta(meta)
        .unwrap()
        .write_all(&mut bytes)
        .unwrap();
    bytes
}

pub(crate) async fn take(archive: &Archive, object: &InMemDicomObject) -> Receipt {
    match archive.ingest().take(&file(object)).await.unwrap() {
        Outcome::Refused(reason) => panic!("{reason}"),
        outcome => outcome.receipt().unwrap().clone(),
    }
}

/// Asks an open archive over HTTP, without a socket.
pub(crate) async fn ask(
    archive: &Archive,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Vec<u8>) {
    let request = Request::builder().method(method).uri(path);
    let request = match body {
        Some(body) => request
            .header("content-type", "application/json")
            .body(Body::from(body.to_string())),
        None => request.body(Body::empty()),
    };
    let mut router = router(App::new(archive.clone(), Arc::new(Open)));
    let response = router.call(request.unwrap()).await.unwrap();
    let status = response.status();
    (
        status,
        response.into_body().collect().await.unwrap().to_bytes().to_vec(),
    )
}

fn correction(scope: Scope, changes: &[(Tag, &str)]) -> NewCorrection {
    NewCorrection {
        custodian: None,
        scope,
        changes: changes
            .iter()
            .map(|(tag, value)| (*tag, (*value).to_owned()))
            .collect(),
        actor: "web:clerk".to_owned(),
        at_ns: 1_767_225_600_000_000_000,
        reason: "misspelt".to_owned(),
    }
}

#[tokio::test]
async fn what_leaves_and_what_metadata_say_agree() {
    on_both_archives(async |_folder: &Path, archive: Archive| {
        let receipt = take(&archive, &object(1, &[])).await;
        take(
            &archive,
            &object(
                2,
                &[
                    (tags::PATIENT_ID, VR::LO, "P78"),
                    (tags::STUDY_INSTANCE_UID, VR::UI, "2.25.78"),
                ],
            ),
        )
        .await;
        let hash = receipt.object.hash;
        let sent = file(&object(1, &[]));
        assert_eq!(archive.read_for_delivery(hash, false).await.unwrap(), sent);
        let study = Scope::Study("2.25.77".to_owned());
        let changes = [
            (tags::PATIENT_NAME, "Wang^Fangfang=王^芳芳"),
            (tags::ISSUER_OF_PATIENT_ID, "HIS"),
            (tags::PATIENT_BIRTH_DATE, ""),
            (tags::BODY_PART_EXAMINED, "HEART"),
        ];
        archive.correct(&correction(study, &changes)).await.unwrap();
        let (from, into) = (
            Identifier {
                id: "P77".to_owned(),
                issuer: "HIS".to_owned(),
            },
            Identifier {
                id: "P78".to_owned(),
                issuer: String::new(),
            },
        );
        let merge = merge(&from, &into, 1_767_225_601_000_000_000);
        archive.merge(&merge).await.unwrap();
        let left = archive.read_for_delivery(hash, false).await.unwrap();
        assert_ne!(left, sent);
        // The index of what left is the index of what is there.
        let parsed = codec::dataset::read(&left, codec::dataset::Limits::default()).unwrap();
        let info = ObjectInfo {
            received_ns: 1,
            hash,
            size: 1,
        };
        let of_bytes = crate::index::inflated(&Facts::of(info, &parsed).metadata).unwrap();
        let metadata = archive.index().metadata("2.25.77", None).await.unwrap();
        let [of_bytes, of_index]: [Value; 2] =
            [&of_bytes, &metadata[0].json].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(of_bytes, of_index);
        assert_eq!(of_index["00100020"]["Value"][0], "P78");
        assert_eq!(of_index["00101002"]["Value"][0]["00100020"]["Value"][0], "P77");
        assert_eq!(of_index["04000561"]["Value"].as_array().unwrap().len(), 2);
        assert_eq!(archive.read_for_delivery(hash, true).await.unwrap(), sent);
    })
    .await;
}

#[tokio::test]
async fn a_correction_that_could_not_be_given_is_not_made() {
    let folder = TestFolder::new("corrections");
    let archive = archive(folder.path()).await;
    // Text of another set than the one that is stated: nobody can tell what it says.
    let mut bytes = file(&object(
        1,
        &[
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 6"),
            (tags::PATIENT_NAME, VR::PN, "Wang"),
            (tags::STUDY_DESCRIPTION, VR::LO, "DESCRIPTION?"),
        ],
    ));
    let at = bytes
        .windows(12)
        .position(|window| window == b"DESCRIPTION?")
        .unwrap();
    bytes[at] = 0xD5;
    archive.ingest().take(&bytes).await.unwrap();
    let before = archive.index().dump().await.unwrap();
    let study = Scope::Study("2.25.77".to_owned());
    let outcome = archive
        .correct(&correction(study.clone(), &[(tags::PATIENT_NAME, "王^芳")]))
        .await;
    assert!(matches!(outcome, Err(super::Error::Overlay(_))), "{outcome:?}");
    assert_eq!(archive.index().dump().await.unwrap(), before);
    archive
        .correct(&correction(study, &[(tags::PATIENT_NAME, "Wang^Fang")]))
        .await
        .unwrap();
}

#[tokio::test]
async fn corrections_and_conflicts_over_http() {
    on_both_archives(async |_folder: &Path, archive: Archive| {
    let receipt = take(&archive, &object(1, &[])).await;
    let other = object(
        1,
        &[
            (tags::STUDY_DESCRIPTION, VR::LO, "other"),
            (tags::PATIENT_SEX, VR::CS, "F"),
        ],
    );
    let second = take(&archive, &other).await;
    let stranger = [
        (tags::PATIENT_NAME, VR::PN, "Li^Ming"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "2.25.79"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "2.25.79.0"),
    ];
    take(&archive, &object(3, &stranger)).await;
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let wrong = serde_json::json!({ "scope": { "study": "2.25.77" }, "changes": { "00101030": "70" }, "reason": "x" });
    let (status, body) = ask(&archive, "POST", "/archive/corrections", Some(wrong)).await;
    assert_eq!(status, 400);
    assert!(
        json(&body)["error"]
            .as_str()
            .unwrap()
            .contains("clinical numbers")
    );
    let right = serde_json::json!({ "scope": { "study": "2.25.77" }, "changes": { "00080050": "A78" }, "reason": "typo" });
    let (status, body) = ask(&archive, "POST", "/archive/corrections", Some(right)).await;
    assert_eq!(status, 201);
    let id = json(&body)["id"].clone();
    let (_, body) = ask(&archive, "GET", "/archive/corrections?study=2.25.77", None).await;
    assert_eq!(json(&body)["items"][0]["before"]["00080050"], "A77");
    assert_eq!(json(&body)["items"][0]["actor"], "web:open");
    let (status, _) = ask(&archive, "DELETE", &format!("/archive/corrections/{id}"), None).await;
    assert_eq!(status, 204);
    let (status, _) = ask(&archive, "DELETE", &format!("/archive/corrections/{id}"), None).await;
    assert_eq!(status, 404);
    // The second object of the UID, and another person under the identifier.
    let (_, body) = ask(&archive, "GET", "/archive/conflicts?open=true", None).await;
    let conflicts = json(&body)["items"].clone();
    assert_eq!(conflicts.as_array().unwrap().len(), 2, "{conflicts}");
    let told = conflicts.to_string();
    assert!(
        !told.contains("Wang") && !told.contains("Li^") && !told.contains("P77"),
        "{told}"
    );
    let find = |kind: &str| {
        conflicts
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["kind"] == kind)
            .unwrap()
            .clone()
    };
    let (duplicate, identity) = (find("duplicate"), find("identity"));
    assert_eq!(duplicate["hash"], second.object.hash.to_string());
    assert_eq!(identity["attributes"], serde_json::json!(["00100010"]));
    let path = |conflict: &Value| format!("/archive/conflicts/{}", conflict["id"]);
    let split = serde_json::json!({ "split": { "issuer": "OTHER" } });
    let (status, _) = ask(&archive, "POST", &path(&duplicate), Some(split.clone())).await;
    assert_eq!(status, 400);
    for (conflict, decision) in [(&identity, split), (&duplicate, "show-second".into())] {
        let (status, _) = ask(&archive, "POST", &path(conflict), Some(decision)).await;
        assert_eq!(status, 204);
    }
    let (_, body) = ask(&archive, "GET", "/archive/conflicts?open=true", None).await;
    assert_eq!(json(&body), serde_json::json!({ "items": [], "next": null }));
    let (_, body) = ask(&archive, "GET", "/archive/originals/2.25.77.1", None).await;
    let visible: Vec<bool> = json(&body)
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["visible"].as_bool().unwrap())
        .collect();
    assert_eq!(visible, [false, true]);
    let path = format!("/archive/originals/2.25.77.1/{}", receipt.object.hash);
    assert_eq!(ask(&archive, "GET", &path, None).await.1, file(&object(1, &[])));
    let before = archive.index().dump().await.unwrap();
    assert!(before.iter().any(|line| line.contains("id P77\\u{1}OTHER")));
    archive.ingest().rebuild().await.unwrap();
    assert_eq!(archive.index().dump().await.unwrap(), before);
    })
    .await;
}
