//! The ways out over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::Service;

use super::told::{All, SERIES, STUDY, stored, told, told_by_json};
use crate::access::{Authorize, Open};
use crate::http::{App, router};
use crate::media::{import, unpack};
use crate::services::Archive;
use crate::test_folder::TestFolder;
use crate::test_node::archive;

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) etag: String,
    pub(super) body: Vec<u8>,
}

pub(super) async fn get_as(
    archive: &Archive,
    authorize: Arc<dyn Authorize>,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut router = router(App::new(archive.clone(), authorize));
    let response = router.call(request.body(Body::empty()).unwrap()).await.unwrap();
    let etag = response.headers().get("etag");
    Answer {
        status: response.status().as_u16(),
        etag: etag.map_or_else(String::new, |etag| etag.to_str().unwrap().to_owned()),
        body: response.into_body().collect().await.unwrap().to_bytes().to_vec(),
    }
}

pub(super) async fn get(archive: &Archive, path: &str, headers: &[(&str, &str)]) -> Answer {
    get_as(archive, Arc::new(Open), path, headers).await
}

pub(super) fn instance(number: u32) -> String {
    format!("/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{STUDY}.{number}")
}

/// The parts of a body whose first line is its boundary.
pub(super) fn parts(body: &[u8]) -> Vec<&[u8]> {
    let start = body.windows(2).position(|two| two == b"--").unwrap();
    let length = body[start..].windows(2).position(|two| two == b"\r\n").unwrap();
    let boundary = [b"\r\n", &body[start..start + length]].concat();
    let finder = |from: usize| {
        let found = body[from..]
            .windows(boundary.len())
            .position(|some| some == boundary);
        found.map(|at| from + at)
    };
    let (mut parts, mut at) = (Vec::new(), start + length);
    while let Some(end) = finder(at) {
        let part = &body[at..end];
        let head = part.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        parts.push(&part[head + 4..]);
        at = end + boundary.len();
    }
    parts
}

pub(super) async fn wado_study(archive: &Archive, syntax: &str) -> All {
    let accept = format!("multipart/related; type=\"application/dicom\"; transfer-syntax={syntax}");
    let path = format!("/dicom-web/studies/{STUDY}");
    let answer = get(archive, &path, &[("accept", &accept)]).await;
    assert_eq!(answer.status, 200);
    parts(&answer.body).into_iter().map(told).collect()
}

/// Single objects, whole and in two ranges; they are what is sent by DIMSE, byte for byte.
pub(super) async fn wado_instances(archive: &Archive) -> All {
    let mut all = All::new();
    for number in 1..=4 {
        let accept = ("accept", "application/dicom; transfer-syntax=*");
        let whole = get(archive, &instance(number), &[accept]).await;
        if whole.status != 200 {
            assert_eq!(whole.status, 404);
            continue;
        }
        let mut joined = Vec::new();
        for range in ["bytes=0-699", "bytes=700-"] {
            let part = get(archive, &instance(number), &[accept, ("range", range)]).await;
            assert_eq!((part.status, &part.etag), (206, &whole.etag));
            joined.extend(part.body);
        }
        assert!(joined == whole.body, "the ranges of {number}");
        let hash = archive
            .index()
            .duplicates(&format!("{STUDY}.{number}"))
            .await
            .unwrap()[0];
        let sent = archive.read_for_delivery(hash, false).await.unwrap();
        assert!(sent == whole.body, "the bytes of {number}");
        all.extend([told(&whole.body)]);
    }
    all
}

pub(super) async fn wado_uri(archive: &Archive) -> All {
    let mut all = All::new();
    for number in 1..=4 {
        let path = format!(
            "/wado?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID={STUDY}.{number}\
             &contentType=application/dicom"
        );
        let answer = get(archive, &path, &[]).await;
        match answer.status {
            200 => all.extend([told(&answer.body)]),
            status => assert_eq!(status, 404),
        }
    }
    all
}

pub(super) async fn told_as_json(archive: &Archive, path: &str) -> All {
    let answer = get(archive, path, &[("accept", "application/dicom+json")]).await;
    assert_eq!(answer.status, 200);
    let array: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    array.iter().map(told_by_json).collect()
}

/// The sex of each instance in the viewers' header: the only one of its attributes that is corrected.
pub(super) async fn fast(archive: &Archive) -> BTreeMap<String, String> {
    let answer = get(archive, &format!("/viewer/v1/series/{STUDY}/{SERIES}"), &[]).await;
    assert_eq!(answer.status, 200);
    let length = u32::from_le_bytes(answer.body[8..12].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&answer.body[12..12 + length]).unwrap();
    let sex = |frame: &Value| {
        let [own, common] =
            [frame, &header["common"]].map(|from| from["PatientSex"][0].as_str().map(str::to_owned));
        own.or(common).unwrap_or_default()
    };
    let frames = header["frames"].as_array().unwrap().iter();
    frames
        .map(|frame| (frame["sop_instance_uid"].as_str().unwrap().to_owned(), sex(frame)))
        .collect()
}

/// A zip, brought into another archive.
pub(super) async fn zip(of: &Archive, wishes: &str) -> (All, Vec<u8>) {
    let folder = TestFolder::new("ways");
    let answer = get(of, &format!("/archive/studies/{STUDY}/zip?{wishes}"), &[]).await;
    assert_eq!(answer.status, 200);
    let path = folder.path().join("study.zip");
    std::fs::write(&path, &answer.body).unwrap();
    let other = archive(folder.path(), "OTHER").await;
    let report = import::import(other.ingest(), &[path], unpack::Limits::default(), |_, _| {})
        .await
        .unwrap();
    assert_eq!(report.refused, 0, "{report:?}");
    (stored(&other, &mut Vec::new()).await, answer.body)
}
