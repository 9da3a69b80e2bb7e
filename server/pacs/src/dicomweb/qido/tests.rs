//! Searches over real sockets.

use std::io::Read as _;
use std::sync::Arc;

use serde_json::Value as Json;
use tokio::sync::oneshot;

use crate::access::{Action, Open, TokenFile, new_token};
use crate::http::tests::{Answer, app, send, start};
use crate::http::{App, Limits, router};
use crate::index::{Code, generator};
use crate::test_folder::TestFolder;

const STUDIES: u64 = 620;

struct Service {
    port: u16,
    app: App,
    _stop: oneshot::Sender<()>,
    _folder: TestFolder,
}

/// A service over synthetic rows; of the last study what differs from the others.
async fn service() -> Service {
    let folder = TestFolder::new("qido");
    let app = app(&folder, Arc::new(Open)).await;
    let mut facts: Vec<_> = generator::generate(3, STUDIES).collect();
    let last = facts.last_mut().unwrap();
    let name = "Zhang^San=张^三=ちょう^さん".to_owned();
    last.values
        .insert(dicom_dictionary_std::tags::PATIENT_NAME, name.clone());
    last.values.insert(
        dicom_dictionary_std::tags::CORRECTED_IMAGE,
        "DECY\\ATTN".to_owned(),
    );
    last.tracers[0].radiopharmaceutical = Some("PSMA-1007".to_owned());
    last.tracers[0].radionuclide = Code {
        value: Some("C-131A3".to_owned()),
        scheme: Some("SRT".to_owned()),
        meaning: Some("^68^Gallium".to_owned()),
    };
    last.tracers[0].activity_bq = Some(120e6);
    last.tracers[0].total_dose = Some("120".to_owned());
    let uid = last
        .value(dicom_dictionary_std::tags::STUDY_INSTANCE_UID)
        .to_owned();
    for other in &mut facts {
        if other.value(dicom_dictionary_std::tags::STUDY_INSTANCE_UID) == uid {
            other
                .values
                .insert(dicom_dictionary_std::tags::PATIENT_NAME, name.clone());
            other
                .values
                .insert(dicom_dictionary_std::tags::PATIENT_ID, "P-last".to_owned());
        }
    }
    app.archive().index().add_all(facts).await.unwrap();
    let (port, stop) = start(router(app.clone()), Limits::default()).await;
    Service {
        port,
        app,
        _stop: stop,
        _folder: folder,
    }
}

impl Service {
    async fn get(&self, path: &str) -> Answer {
        send(self.port, "GET", &format!("/dicom-web{path}"), "", b"").await
    }

    async fn rows(&self, path: &str) -> Vec<Json> {
        let answer = self.get(path).await;
        assert_eq!(
            answer.status,
            200,
            "{path}: {:?}",
            String::from_utf8_lossy(&answer.body)
        );
        answer.json().as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn what_matches_is_found() {
    let service = service().await;
    let last = format!("2.25.3.{}", STUDIES - 1);
    for (path, expected) in [
        ("/studies?limit=1000".to_owned(), STUDIES as usize),
        (format!("/studies?StudyInstanceUID={last}"), 1),
        (format!("/studies?0020000D={last},2.25.3.4"), 2),
        ("/studies?StudyInstanceUID=".to_owned(), 0),
        ("/series?SeriesInstanceUID=,".to_owned(), 0),
        ("/studies?PatientName=%E5%BC%A0%5E%E4%B8%89".to_owned(), 1),
        (
            "/studies?PatientName=zhang^san*&ModalitiesInStudy=PT".to_owned(),
            1,
        ),
        ("/studies?PatientName=zhang%20san".to_owned(), 0),
        (
            "/studies?PatientName=zhang%20san&fuzzymatching=true".to_owned(),
            1,
        ),
        ("/studies?fuzzymatching=true&PatientName=zs".to_owned(), 1),
        (
            "/studies?fuzzymatching=true&PatientName=%E5%BC%B5%E4%B8%89".to_owned(),
            1,
        ),
        ("/studies?fuzzymatching=true&PatientName=zss".to_owned(), 0),
        (
            format!("/studies?ModalitiesInStudy=NM,PT&StudyInstanceUID={last}"),
            1,
        ),
        (
            format!("/studies?ModalitiesInStudy=NM%5CPT&StudyInstanceUID={last}"),
            1,
        ),
        (
            format!("/studies?ModalitiesInStudy=NM,MR&StudyInstanceUID={last}"),
            0,
        ),
        (format!("/studies/{last}/series?Modality=NM,C*"), 1),
        ("/studies?PatientName=zhang^san%5C*nobody*".to_owned(), 1),
        ("/studies?AccessionNumber=A00000003%5CA00000004".to_owned(), 2),
        ("/studies?AccessionNumber=A00000003,A00000004".to_owned(), 0),
        ("/studies?PatientID=P-la?t".to_owned(), 1),
        ("/studies?PatientID=P-la%3Ft".to_owned(), 1),
        ("/studies?PatientID=P-l%2A".to_owned(), 1),
        ("/studies?PatientID=*&limit=7".to_owned(), 7),
        ("/studies?PatientID=&limit=7".to_owned(), 7),
        (
            "/studies?AccessionNumber=A00000003&StudyDate=20060104".to_owned(),
            1,
        ),
        ("/studies?StudyDate=20060103-20060105".to_owned(), 3),
        ("/studies?StudyDate=-20060102".to_owned(), 2),
        ("/studies?SeriesInstanceUID=2.25.3.7.1".to_owned(), 1),
        (format!("/studies/{last}/series"), 2),
        (format!("/studies/{last}/series?Modality=CT"), 1),
        (format!("/studies/{last}/instances"), 2),
        (format!("/studies/{last}/series/{last}.1/instances"), 1),
        (format!("/studies/{last}/series/2.25.3.0.1/instances"), 0),
        ("/studies/1.2.3/series".to_owned(), 0),
        ("/series?SeriesInstanceUID=2.25.3.7.1".to_owned(), 1),
        (
            "/instances?SOPInstanceUID=2.25.3.7.1.1,2.25.3.8.1.1".to_owned(),
            2,
        ),
        (
            "/series?RequestAttributesSequence.ScheduledProcedureStepID=S00000009".to_owned(),
            2,
        ),
        ("/series?00400275.00400009=S0000000%3F&limit=100".to_owned(), 20),
        (
            "/series?RequestAttributesSequence.ScheduledProcedureStepID=S00000009\
             &RequestAttributesSequence.RequestedProcedureID=R00000008"
                .to_owned(),
            0,
        ),
    ] {
        assert_eq!(service.rows(&path).await.len(), expected, "{path}");
    }
}

#[tokio::test]
async fn tracers_are_found_by_nuclide_substance_activity_and_correction() {
    let service = service().await;
    let items = "RadiopharmaceuticalInformationSequence";
    for (query, expected) in [
        (
            format!("{items}.RadionuclideCodeSequence.CodeMeaning=^68^Gallium"),
            1,
        ),
        (format!("{items}.00540300.CodeValue=C-131A3"), 1),
        (format!("{items}.Radiopharmaceutical=PSMA*"), 1),
        (format!("{items}.RadionuclideTotalDose=1e8-1.3e8"), 1),
        (format!("{items}.RadionuclideTotalDose=120000000"), 1),
        (format!("{items}.RadionuclideTotalDose=-130000000"), 1),
        (
            format!("{items}.RadionuclideTotalDose=2e8-"),
            STUDIES as usize - 1,
        ),
        (
            format!("{items}.Radiopharmaceutical=Fluoro*&{items}.RadionuclideTotalDose=1.2e8"),
            0,
        ),
        ("CorrectedImage=ATTN".to_owned(), 1),
        ("CorrectedImage=ATT".to_owned(), 0),
    ] {
        let path = format!("/series?limit=1000&{query}");
        assert_eq!(service.rows(&path).await.len(), expected, "{query}");
        let path = format!("/studies?limit=1000&{query}");
        assert_eq!(service.rows(&path).await.len(), expected, "{query}");
    }
    let rows = service
        .rows(&format!("/series?CorrectedImage=ATTN&includefield={items}"))
        .await;
    let item = &rows[0]["00540016"]["Value"][0];
    // As its object states it, in the unit of its class.
    assert_eq!(item["00181074"]["Value"][0], 120.0);
    assert_eq!(item["00180031"]["Value"][0], "PSMA-1007");
    assert_eq!(
        item["00540300"]["Value"][0]["00080104"]["Value"][0],
        "^68^Gallium"
    );
    assert_eq!(rows[0]["00280051"]["Value"], serde_json::json!(["DECY", "ATTN"]));
}

#[tokio::test]
async fn every_required_attribute_is_there_and_names_have_three_groups() {
    let service = service().await;
    let last = format!("2.25.3.{}", STUDIES - 1);
    let study = "00080005 00080020 00080030 00080050 00080056 00080061 00080090 00081190 00100010 00100020 \
                 00100030 00100040 0020000D 00200010 00201206 00201208";
    let series =
        "00080005 00080056 00080060 0008103E 00081190 0020000E 00200011 00201209 00400244 00400245 00400275";
    let instance = "00080005 00080016 00080018 00080056 00081190 00200013 00280010 00280011 00280100";
    for (path, required) in [
        (format!("/studies?StudyInstanceUID={last}"), study),
        (format!("/studies/{last}/series"), series),
        (format!("/studies/{last}/series/{last}.1/instances"), instance),
    ] {
        let rows = service.rows(&path).await;
        for tag in required.split_whitespace() {
            assert!(rows[0].get(tag).is_some(), "{path}: no {tag}");
        }
    }
    let study = &service.rows("/studies?PatientID=P-last").await[0];
    assert_eq!(
        study["00100010"]["Value"][0],
        serde_json::json!({"Alphabetic": "Zhang^San", "Ideographic": "张^三", "Phonetic": "ちょう^さん"})
    );
    assert_eq!(study["00080061"]["Value"], serde_json::json!(["CT", "PT"]));
    assert_eq!(study["00201208"]["Value"][0], 2);
    assert_eq!(
        study["00081190"]["Value"][0],
        format!("http://localhost/dicom-web/studies/{last}")
    );
    let series = &service.rows("/series?CorrectedImage=ATTN").await[0];
    assert_eq!(
        series["00081190"]["Value"][0],
        format!("http://localhost/dicom-web/studies/{last}/series/{last}.1")
    );
    assert_eq!(
        series["00400275"]["Value"][0]["00400009"]["Value"][0],
        format!("S{:08}", STUDIES - 1)
    );
    let all = &service.rows("/series?CorrectedImage=ATTN&includefield=all").await[0];
    for tag in ["00540016", "00081030", "00200052", "00101030"] {
        assert!(all.get(tag).is_some(), "no {tag}");
    }
    let one = &service
        .rows("/studies?PatientID=P-last&includefield=00080062,PatientAge")
        .await[0];
    assert_eq!(one["00080062"]["Value"].as_array().unwrap().len(), 2);
    assert!(one.get("00101010").is_some());
}

#[tokio::test]
async fn instances_give_anything_that_their_objects_have() {
    let service = service().await;
    let image = crate::ingest::tests::image(1, "described", 600);
    service.app.archive().ingest().take(&image).await.unwrap();
    let path = "/studies/2.25.1000/instances?includefield=StudyDescription,WindowCenter,PixelData,00020010";
    let row = &service.rows(path).await[0];
    assert_eq!(row["00081030"]["Value"][0], "described");
    // Its own words; what it does not have is not said to be empty, and bulk is not for lists.
    for absent in ["00281050", "7FE00010", "00020010"] {
        assert!(row.get(absent).is_none(), "{absent}");
    }
    let metadata = service
        .app
        .archive()
        .index()
        .metadata("2.25.1000", None)
        .await
        .unwrap();
    let metadata: Json = serde_json::from_str(&metadata[0].json).unwrap();
    for tag in metadata
        .as_object()
        .unwrap()
        .keys()
        .filter(|tag| *tag != "7FE00010")
    {
        let path = format!("/studies/2.25.1000/instances?includefield={tag}");
        let found = &service.rows(&path).await[0][tag];
        assert_eq!(found["vr"], metadata[tag]["vr"], "{tag}");
        assert_eq!(found["Value"], metadata[tag]["Value"], "{tag}");
    }
    let series = &service
        .rows("/studies/2.25.1000/series?includefield=WindowCenter")
        .await[0];
    assert!(series.get("00281050").is_none());
}

#[tokio::test]
async fn media_types_by_preference() {
    let service = service().await;
    for (headers, query, status, content_type) in [
        ("", "", 200, "application/dicom+json"),
        ("accept: */*\r\n", "", 200, "application/dicom+json"),
        ("accept: application/json\r\n", "", 200, "application/json"),
        (
            "accept: multipart/related; type=\"application/dicom+xml\"\r\n",
            "",
            200,
            "multipart/related; type=\"application/dicom+xml\"",
        ),
        ("accept: text/html\r\n", "", 406, "application/json"),
        (
            "accept: multipart/related; type=\"application/dicom\"\r\n",
            "",
            406,
            "application/json",
        ),
        (
            "accept: text/html\r\n",
            "&accept=application/dicom+json",
            200,
            "application/dicom+json",
        ),
        (
            "accept: text/html\r\naccept: application/dicom+json\r\n",
            "",
            200,
            "application/dicom+json",
        ),
    ] {
        let path = format!("/dicom-web/studies?PatientID=P-last{query}");
        let answer = send(service.port, "GET", &path, headers, b"").await;
        assert_eq!(answer.status, status, "{headers}");
        let found = answer.header("content-type").unwrap();
        assert!(found.starts_with(content_type), "{headers}: {found}");
        if content_type.starts_with("multipart") {
            let text = String::from_utf8(answer.body).unwrap();
            assert_eq!(text.matches("<NativeDicomModel").count(), 1);
            assert!(text.contains("<FamilyName>张</FamilyName>"), "{text}");
        }
    }
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let service = service().await;
    let whole = service.get("/studies").await;
    assert_eq!(whole.header("warning"), None);
    let whole = whole.json().as_array().unwrap().clone();
    assert_eq!(whole.len() as u64, STUDIES);
    for limit in [1, 100, 500, 501, 619, 620, 621] {
        let mut path = format!("/studies?limit={limit}");
        let mut rows = Vec::new();
        for _ in 0..STUDIES {
            let answer = service.get(&path).await;
            rows.extend(answer.json().as_array().unwrap().clone());
            let is_more = (rows.len() as u64) < STUDIES;
            assert_eq!(
                answer.header("warning").is_some(),
                is_more,
                "{limit} {}",
                rows.len()
            );
            let Some(link) = answer.header("link") else { break };
            path = link
                .split(['<', '>'])
                .nth(1)
                .unwrap()
                .strip_prefix("/dicom-web")
                .unwrap()
                .to_owned();
            if limit == 1 && rows.len() == 3 {
                break;
            }
        }
        assert_eq!(rows, whole[..rows.len()], "{limit}");
        assert!(limit == 1 || rows.len() == whole.len(), "{limit}");
    }
    let rows = service.rows("/studies?limit=10&offset=600").await;
    assert_eq!(rows, whole[600..610]);
    let beyond = service.get("/studies?offset=99999999999999").await;
    assert_eq!((beyond.status, beyond.body.as_slice()), (200, b"[]".as_slice()));
}

#[tokio::test]
async fn refusals_are_told_and_warnings_given() {
    let service = service().await;
    for path in [
        "/studies?limit=-1",
        "/studies?Nonsense=1",
        "/studies?Rows=512",
        "/studies?PatientName=%FF",
        "/studies?includefield=Nonsense",
        "/studies/a%2Fb/series",
        "/studies/..%2F..%2Fetc/series",
        "/studies/1%00/series",
    ] {
        let answer = service.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.json()["error"].is_string(), "{path}");
    }
    let empty = service.get("/studies?limit=1000&emptyvaluematching=true").await;
    assert!(
        empty.header("warning").unwrap().starts_with("299 "),
        "{}",
        empty.head
    );
    for what in [
        "emptyvaluematching=false",
        "fuzzymatching=true",
        "multiplevaluematching=true",
    ] {
        let answer = service.get(&format!("/studies?limit=1000&{what}")).await;
        assert_eq!((answer.status, answer.header("warning")), (200, None), "{what}");
    }
    for path in ["/workitems", "/workitems/1.2.3/state"] {
        assert_eq!(service.get(path).await.status, 501);
    }
    let answer = send(service.port, "DELETE", "/dicom-web/studies", "", b"").await;
    assert_eq!(answer.status, 405);
    assert_eq!(
        service.app.archive().index().objects().await.unwrap().len() as u64,
        STUDIES * 2
    );
}

#[tokio::test]
async fn answers_are_compressed_for_who_accepts_it() {
    let service = service().await;
    let plain = service.get("/studies").await.body;
    let answer = send(
        service.port,
        "GET",
        "/dicom-web/studies",
        "accept-encoding: gzip\r\n",
        b"",
    )
    .await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.len() * 5 < plain.len());
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_end(&mut inflated)
        .unwrap();
    assert_eq!(inflated, plain);
    let few = "/dicom-web/studies?StudyInstanceUID=2.25.3.7";
    let few = send(service.port, "GET", few, "accept-encoding: gzip\r\n", b"").await;
    assert_eq!(few.header("content-encoding"), None);
}

#[tokio::test]
async fn a_token_that_may_not_find_finds_nothing() {
    let folder = TestFolder::new("qido");
    let path = folder.path().join("tokens.toml");
    let (reads, reader) = new_token("reader", &[Action::Find]).unwrap();
    let (writes, writer) = new_token("writer", &[Action::Store]).unwrap();
    std::fs::write(&path, reader + &writer).unwrap();
    let app = app(&folder, Arc::new(TokenFile::open(&path).unwrap())).await;
    let (port, _stop) = start(router(app), Limits::default()).await;
    for (method, token, status) in [
        ("GET", reads.as_str(), 200),
        ("GET", writes.as_str(), 403),
        ("GET", "none", 401),
        ("POST", reads.as_str(), 403),
        ("POST", writes.as_str(), 415),
    ] {
        let header = format!("authorization: Bearer {token}\r\n");
        let answer = send(port, method, "/dicom-web/studies", &header, b"").await;
        assert_eq!(answer.status, status, "{method} {token}");
    }
}
