//! Every way out of the archive tells the same: what was corrected, merged and rejected, and after undoing what was received.

mod network;
mod told;
mod web;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use codec::TransferSyntax;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use serde_json::{Value, json};

use super::{ask, object};
use crate::access::{Action, Authorize, Context, Failed, Principal};
use crate::delivery::{Queue, State};
use crate::events::Boxed;
use crate::gateway::{Devices, Kind};
use crate::index::{NewCorrection, NewRejection, RejectionReason, Restriction, Scope};
use crate::media::{Content, Layout, Selection, Tree};
use crate::services::Archive;
use crate::storage::Hash;
use crate::test_folder::TestFolder;
use crate::test_node::{Node, archive, count, until};
use crate::transcode;
use network::{c_find, c_get, c_move};
use told::{All, JPEG_LS, SERIES, STUDY, Told, expected, image, stored};
use web::{fast, get, get_as, instance, told_as_json, wado_instances, wado_study, wado_uri, zip};

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|some| some == text.as_bytes())
}

async fn directory(archive: &Archive) -> Bytes {
    let selection = Selection {
        study_uid: STUDY.to_owned(),
        series_uids: Vec::new(),
    };
    let (index, storage) = (archive.index(), archive.storage());
    let tree = Tree::of(index, storage, &selection, &Layout::FileSet, Vec::new()).await;
    match &tree.unwrap().files[0].content {
        Content::Bytes(bytes) => bytes.clone(),
        _ => panic!("expected the directory first"),
    }
}

/// Looks at every way on which somebody asks.
async fn check_asked(here: &Node, is_corrected: bool) {
    let (archive, expected) = (&here.archive, expected(is_corrected));
    let mut wrong = Vec::new();
    let mut check = |way: String, found: All, expected: &All| {
        if found != *expected {
            wrong.push(format!("{way}: {found:#?}"));
        }
    };
    check(
        "WADO-RS, study".to_owned(),
        wado_study(archive, "*").await,
        &expected,
    );
    check(
        "WADO-RS, transcoded".to_owned(),
        wado_study(archive, JPEG_LS).await,
        &expected,
    );
    check(
        "WADO-RS, instances".to_owned(),
        wado_instances(archive).await,
        &expected,
    );
    check("WADO-URI".to_owned(), wado_uri(archive).await, &expected);
    check("C-GET".to_owned(), c_get(here.dicom_port).await, &expected);
    check("C-MOVE".to_owned(), c_move(archive).await, &expected);
    let without_pixels: All = expected
        .clone()
        .into_iter()
        .map(|(uid, told)| (uid, Told { pixels: None, ..told }))
        .collect();
    check(
        "C-FIND".to_owned(),
        c_find(here.dicom_port).await,
        &without_pixels,
    );
    for path in [
        format!("/dicom-web/studies/{STUDY}/metadata"),
        format!("/dicom-web/studies/{STUDY}/series/{SERIES}/metadata"),
        format!("/dicom-web/instances?StudyInstanceUID={STUDY}&includefield=all"),
    ] {
        check(path.clone(), told_as_json(archive, &path).await, &without_pixels);
    }
    let sexes: BTreeMap<String, String> = expected
        .iter()
        .map(|(uid, told)| (uid.clone(), told.sex.clone()))
        .collect();
    assert_eq!(fast(archive).await, sexes, "the viewers' header");
    for wishes in ["", "deflate=true", "dicomdir=true"] {
        check(
            format!("a zip with {wishes}"),
            zip(archive, wishes).await.0,
            &expected,
        );
    }
    let (hidden, _) = zip(archive, "deidentify=true").await;
    assert_eq!(hidden.len(), expected.len(), "a de-identified zip");
    for told in hidden.values() {
        let words = format!("{told:?}");
        for word in ["Wang", "李", "P77", "P99", "A77", "A78"] {
            assert!(!words.contains(word), "{words}");
        }
    }
    let directory = directory(archive).await;
    for (word, is_there) in [
        ("Wang^Fang", !is_corrected),
        ("A77", !is_corrected),
        ("李^清", is_corrected),
        ("A78", is_corrected),
    ] {
        assert_eq!(has(&directory, word), is_there, "{word} in the DICOMDIR");
    }
    for wishes in ["", "?as_received=true"] {
        let iso = get(archive, &format!("/archive/studies/{STUDY}/iso{wishes}"), &[]).await;
        for uid in expected.keys() {
            let hash = archive.index().duplicates(uid).await.unwrap()[0];
            let mut sent = archive.read_for_delivery(hash, false).await.unwrap();
            if wishes.is_empty() {
                let to = TransferSyntax::ExplicitLittleEndian;
                sent = transcode::transcode(&sent, to, transcode::Limits::default()).unwrap();
            }
            let mut places = iso.body.chunks(2048).enumerate();
            let is_there = places.any(|(at, _)| iso.body[at * 2048..].starts_with(&sent));
            assert!(is_there, "{uid} on a disc {wishes}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Looks at what is sent to other archives, by three ways; gives how many deliveries are held.
async fn check_sent(here: &Node, queue: &Queue, there: &mut [(&str, Node, Vec<Hash>)], is_corrected: bool) {
    let mut new = Vec::new();
    for (name, _, _) in there.iter() {
        for number in 1..=4 {
            // As if it had been queued before anything was decided.
            let uid = format!("{STUDY}.{number}");
            let object = here.archive.index().objects_with(&uid).await.unwrap().remove(0);
            new.push(crate::delivery::NewDelivery {
                destination: (*name).to_owned(),
                hash: object.hash,
                sop_uid: uid,
                study_uid: STUDY.to_owned(),
                sop_class_uid: uids::CT_IMAGE_STORAGE.to_owned(),
                transfer_syntax_uid: object.transfer_syntax_uid,
                not_before_ns: 0,
                held: None,
            });
        }
    }
    queue.send(&new).await.unwrap();
    let expected = expected(is_corrected);
    let arrive = (expected.len() * there.len()) as u64;
    until("all arrived", async || {
        let held = count(queue, State::Quarantined).await;
        let waiting = count(queue, State::Waiting).await + count(queue, State::Sending).await;
        waiting == 0 && held + count(queue, State::Delivered).await == new.len() as u64
    })
    .await;
    let held = queue.list(State::Quarantined, 10).await.unwrap();
    assert_eq!(count(queue, State::Delivered).await, arrive, "{held:?}");
    for (name, node, known) in there {
        assert_eq!(stored(&node.archive, known).await, expected, "{name}");
    }
}

async fn route(here: &mut Node, there: &[(&str, Node, Vec<Hash>)], folder: &Path) -> Queue {
    let mut config = String::new();
    for (name, node, _) in there {
        let url = format!("http://127.0.0.1:{}", node.http_port);
        let node = match *name {
            "dimse" => format!(
                "node.dimse = {{ ae_title = \"THERE\", address = \"127.0.0.1:{}\" }}",
                node.dicom_port
            ),
            "web" => format!("node.dicomweb = {{ url = \"{url}/dicom-web\" }}"),
            _ => {
                let secret = Devices::enroll(node.archive.index(), "here", Kind::Key, None).await;
                let path = folder.join("key");
                std::fs::write(&path, secret.unwrap().unwrap()).unwrap();
                format!("node.cloud = {{ url = \"{url}\", key_file = {path:?} }}")
            }
        };
        config += &format!("[[destination]]\nname = \"{name}\"\n{node}\n");
    }
    here.route(&config).await
}

/// What was decided, to be undone.
async fn decide(archive: &Archive) -> (Vec<i64>, i64, i64) {
    let index = archive.index();
    let scope = Scope::Study(STUDY.to_owned());
    let mut corrections = Vec::new();
    for (at_ns, changes) in [
        vec![(tags::PATIENT_NAME, "Li^Qin=李^勤"), (tags::PATIENT_SEX, "F")],
        vec![(tags::ACCESSION_NUMBER, "A78"), (tags::STUDY_DESCRIPTION, "脑")],
    ]
    .into_iter()
    .enumerate()
    {
        let changes = changes
            .into_iter()
            .map(|(tag, value): (Tag, &str)| (tag, value.to_owned()));
        let new = NewCorrection {
            custodian: None,
            scope: scope.clone(),
            changes: changes.collect(),
            actor: "web:clerk".to_owned(),
            at_ns: at_ns as i64 + 1,
            reason: "misspelt".to_owned(),
        };
        corrections.push(archive.correct(&new).await.unwrap());
    }
    let same = json!({ "from": { "id": "P77" }, "into": { "id": "P99" }, "reason": "same person" });
    let (status, made) = ask(archive, "POST", "/archive/merges", Some(same)).await;
    assert_eq!(status, 201);
    let made: Value = serde_json::from_slice(&made).unwrap();
    let merge = made["id"].as_i64().unwrap();
    let rejection = NewRejection {
        study_uid: STUDY.to_owned(),
        series_uid: None,
        sop_uids: vec![format!("{STUDY}.4")],
        reason: RejectionReason::Quality,
        comment: String::new(),
        note_uid: None,
        actor: "web:clerk".to_owned(),
        at_ns: 4,
    };
    (corrections, merge, index.reject(&rejection).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_out_tells_what_was_decided_and_after_undoing_what_was_received() {
    let folders = ["here", "dimse", "web", "cloud"].map(|_| TestFolder::new("ways"));
    let mut here = Node::start(folders[0].path(), "HERE").await;
    for number in 1..=4 {
        here.take(&image(number), "dimse:CT1").await;
    }
    // Into whom the patient is merged.
    let other = [
        (tags::PATIENT_NAME, VR::PN, "Li^Qing=李^清"),
        (tags::PATIENT_ID, VR::LO, "P99"),
        (tags::PATIENT_SEX, VR::CS, "F"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "2.25.99"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "2.25.99.0"),
    ];
    super::take(&here.archive, &object(9, &other)).await;
    let mut there = Vec::new();
    for (name, folder) in ["dimse", "web", "cloud"].into_iter().zip(&folders[1..]) {
        there.push((name, Node::start(folder.path(), "THERE").await, Vec::new()));
    }
    let queue = route(&mut here, &there, folders[0].path()).await;
    check_asked(&here, false).await;
    let (corrections, merge, rejection) = decide(&here.archive).await;
    check_asked(&here, true).await;
    check_sent(&here, &queue, &mut there, true).await;
    let index = here.archive.index();
    index.undo_rejection(rejection, "web:clerk", 5).await.unwrap();
    let path = format!("/archive/merges/{merge}");
    assert_eq!(ask(&here.archive, "DELETE", &path, None).await.0, 204);
    assert_eq!(ask(&here.archive, "DELETE", &path, None).await.0, 404);
    for correction in corrections.into_iter().rev() {
        index
            .undo_correction(correction, &Restriction::NONE, "web:clerk", 7)
            .await
            .unwrap();
    }
    check_asked(&here, false).await;
    check_sent(&here, &queue, &mut there, false).await;
}

/// Somebody who reads, and does not correct.
#[derive(Debug)]
struct Reader;

impl Authorize for Reader {
    fn bearer<'a>(
        &'a self,
        _token: &'a str,
        _context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        Box::pin(async { Ok(None) })
    }

    fn anonymous(&self) -> Option<Principal> {
        Some(Principal::Anyone)
    }

    fn may<'a>(
        &'a self,
        _who: &'a Principal,
        action: Action,
        _study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        let may = action != Action::Correct;
        Box::pin(async move { Ok(may) })
    }
}

#[tokio::test]
async fn what_was_received_is_given_by_right() {
    let folder = TestFolder::new("ways");
    let archive = archive(folder.path(), "HERE").await;
    archive.ingest().take(&image(1)).await.unwrap();
    super::take(
        &archive,
        &object(
            9,
            &[
                (tags::PATIENT_ID, VR::LO, "P99"),
                (tags::STUDY_INSTANCE_UID, VR::UI, "2.25.99"),
                (tags::SERIES_INSTANCE_UID, VR::UI, "2.25.99.0"),
            ],
        ),
    )
    .await;
    let uri = format!(
        "/wado?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID={STUDY}.1&contentType=application/dicom&"
    );
    let paths = [
        (instance(1) + "?", "application/dicom; transfer-syntax=*"),
        (instance(1) + "/metadata?", "application/dicom+json"),
        (uri, "application/dicom"),
    ];
    let mut before = Vec::new();
    for (path, accept) in &paths {
        before.push(get(&archive, path, &[("accept", accept)]).await);
    }
    decide(&archive).await;
    for ((path, accept), before) in paths.iter().zip(&before) {
        let accept = ("accept", *accept);
        let known = ("if-none-match", before.etag.as_str());
        let now = get(&archive, path, &[accept, known]).await;
        assert_eq!(now.status, 200, "{path}: what was known is another");
        assert!(now.etag != before.etag && now.body != before.body, "{path}");
        let again = get(&archive, path, &[accept, ("if-none-match", &now.etag)]).await;
        assert_eq!(again.status, 304, "{path}");
        let original = path.clone() + "original=true";
        let received = get(&archive, &original, &[accept]).await;
        assert!(received.status == 200 && received.body == before.body, "{path}");
        let refused = get_as(&archive, Arc::new(Reader), &original, &[accept]).await;
        assert_eq!(refused.status, 403, "{path}");
        let wrong = get(&archive, &(path.clone() + "original=maybe"), &[accept]).await;
        assert_eq!(wrong.status, 400, "{path}");
    }
}
