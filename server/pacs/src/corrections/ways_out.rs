//! Every way out of the archive tells the same: what was corrected, merged and rejected, and after undoing what was received.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use codec::TransferSyntax;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dimse::server::{Handler, Incoming, StoreRequest};
use dimse::{Client, ClientConfig, Outcome, Peer, Proposal, Roles, Status};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::Service;

use super::tests::object;
use crate::access::{Action, Authorize, Open, Principal};
use crate::delivery::{Queue, State};
use crate::gateway::{Devices, Kind};
use crate::http::{App, router};
use crate::index::{Identifier, NewCorrection, NewRejection, RejectionReason, Scope};
use crate::media::{Content, Layout, Selection, Tree, import, unpack};
use crate::services::Archive;
use crate::storage::Hash;
use crate::test_folder::TestFolder;
use crate::test_node::{Node, archive, count, until};
use crate::transcode;

const STUDY: &str = "2.25.77";
const SERIES: &str = "2.25.77.0";
const GET: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET;
const EXPLICIT: &str = uids::EXPLICIT_VR_LITTLE_ENDIAN;
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// What somebody outside learns of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    name: String,
    id: String,
    sex: String,
    accession: String,
    description: String,
    /// The hash of the pixels, as cells without compression.
    pixels: Option<Hash>,
}

type All = BTreeMap<String, Told>;

/// What is told before, and after all was decided.
fn expected(is_corrected: bool) -> All {
    let told = |number: u32| {
        let text = |received: &str, corrected: &str| {
            let value = if is_corrected { corrected } else { received };
            value.to_owned()
        };
        let told = Told {
            name: text("Wang^Fang", "Li^Qing=李^清"),
            id: text("P77", "P99"),
            sex: text("M", "F"),
            accession: text("A77", "A78"),
            description: text("brain", "脑"),
            pixels: Some(Hash::of(&pixels(number))),
        };
        (format!("{STUDY}.{number}"), told)
    };
    let all = (1..=4).map(told);
    all.filter(|(uid, _)| !is_corrected || !uid.ends_with(".4"))
        .collect()
}

/// 1 is small, 2 large, 3 deflated, 4 is going to be rejected.
fn side(number: u32) -> u16 {
    if number == 2 { 1024 } else { 32 }
}

fn pixels(number: u32) -> Vec<u8> {
    let side = u32::from(side(number));
    let cells = (0..side * side).map(|at| (at.wrapping_mul(at + number) % 4096) as u16);
    cells.flat_map(u16::to_le_bytes).collect()
}

fn image(number: u32) -> Vec<u8> {
    let mut image = object(
        number,
        &[
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
            (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
            (tags::MODALITY, VR::CS, "CT"),
            (tags::PATIENT_NAME, VR::PN, "Wang^Fang"),
            (tags::PATIENT_SEX, VR::CS, "M"),
            (tags::STUDY_DESCRIPTION, VR::LO, "brain"),
            (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
            (tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
            (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            (tags::RESCALE_SLOPE, VR::DS, "1"),
            (tags::RESCALE_INTERCEPT, VR::DS, "0"),
        ],
    );
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, side(number)),
        (tags::COLUMNS, side(number)),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    let cells = PrimitiveValue::U8(pixels(number).into());
    image.put(DataElement::new(tags::PIXEL_DATA, VR::OW, cells));
    let meta = FileMetaTableBuilder::new().transfer_syntax(EXPLICIT);
    let mut bytes = Vec::new();
    image.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    if number == 3 {
        let to = TransferSyntax::from_uid(DEFLATED).unwrap();
        let bytes = Bytes::from(bytes);
        return transcode::transcode(&bytes, to, transcode::Limits::default())
            .unwrap()
            .to_vec();
    }
    bytes
}

/// Reads a file, or a data set alone.
fn told(bytes: &[u8]) -> (String, Told) {
    let parsed = codec::dataset::read(bytes, codec::dataset::Limits::default()).unwrap();
    let text = |tag| {
        let element = parsed.data_set.get(tag);
        element.map_or_else(String::new, |element| {
            element.to_str().unwrap().trim_end().to_owned()
        })
    };
    let plain;
    let pixels = if parsed.transfer_syntax_uid == JPEG_LS {
        let bytes = Bytes::copy_from_slice(bytes);
        let to = TransferSyntax::ExplicitLittleEndian;
        plain = transcode::transcode(&bytes, to, transcode::Limits::default()).unwrap();
        let parsed = codec::dataset::read(&plain, codec::dataset::Limits::default()).unwrap();
        parsed.bytes[parsed.pixels.unwrap().range].to_vec()
    } else {
        parsed.bytes[parsed.pixels.as_ref().unwrap().range.clone()].to_vec()
    };
    let told = Told {
        name: text(tags::PATIENT_NAME),
        id: text(tags::PATIENT_ID),
        sex: text(tags::PATIENT_SEX),
        accession: text(tags::ACCESSION_NUMBER),
        description: text(tags::STUDY_DESCRIPTION),
        pixels: Some(Hash::of(&pixels)),
    };
    (text(tags::SOP_INSTANCE_UID), told)
}

/// What lies in an archive, but for what lay there before.
async fn stored(archive: &Archive, before: &mut Vec<Hash>) -> All {
    let mut all = All::new();
    for (hash, _) in archive.index().objects().await.unwrap() {
        if !before.contains(&hash) {
            before.push(hash);
            all.extend([told(&archive.storage().read(hash, 1 << 30).await.unwrap())]);
        }
    }
    all
}

struct Answer {
    status: u16,
    etag: String,
    body: Vec<u8>,
}

async fn get_as(
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

async fn get(archive: &Archive, path: &str, headers: &[(&str, &str)]) -> Answer {
    get_as(archive, Arc::new(Open), path, headers).await
}

fn instance(number: u32) -> String {
    format!("/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{STUDY}.{number}")
}

/// The parts of a body whose first line is its boundary.
fn parts(body: &[u8]) -> Vec<&[u8]> {
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

async fn wado_study(archive: &Archive, syntax: &str) -> All {
    let accept = format!("multipart/related; type=\"application/dicom\"; transfer-syntax={syntax}");
    let path = format!("/dicom-web/studies/{STUDY}");
    let answer = get(archive, &path, &[("accept", &accept)]).await;
    assert_eq!(answer.status, 200);
    parts(&answer.body).into_iter().map(told).collect()
}

/// Single objects, whole and in two ranges; they are what is sent by DIMSE, byte for byte.
async fn wado_instances(archive: &Archive) -> All {
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

async fn wado_uri(archive: &Archive) -> All {
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

/// What DICOM JSON tells; pixels are elsewhere.
fn told_by_json(object: &Value) -> (String, Told) {
    let first = |tag: &str| object[tag]["Value"][0].clone();
    let text = |tag: &str| first(tag).as_str().unwrap_or_default().to_owned();
    let name = first("00100010");
    let groups = ["Alphabetic", "Ideographic"].map(|group| name[group].as_str());
    let told = Told {
        name: groups.into_iter().flatten().collect::<Vec<_>>().join("="),
        id: text("00100020"),
        sex: text("00100040"),
        accession: text("00080050"),
        description: text("00081030"),
        pixels: None,
    };
    (text("00080018"), told)
}

async fn json(archive: &Archive, path: &str) -> All {
    let answer = get(archive, path, &[("accept", "application/dicom+json")]).await;
    assert_eq!(answer.status, 200);
    let array: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    array.iter().map(told_by_json).collect()
}

/// The sex of each instance in the viewers' header: the only one of its attributes that is corrected.
async fn fast(archive: &Archive) -> BTreeMap<String, String> {
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
async fn zip(of: &Archive, wishes: &str) -> (All, Vec<u8>) {
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
        Content::Object { .. } => panic!("expected the directory first"),
    }
}

/// Keeps what comes.
#[derive(Default)]
struct Receiver(Mutex<Vec<Vec<u8>>>);

impl Handler for Receiver {
    async fn store(&self, _peer: &Peer, _request: &StoreRequest, data: &mut Incoming<'_>) -> Outcome {
        let mut bytes = Vec::new();
        while let Ok(Some(fragment)) = data.next().await {
            bytes.extend_from_slice(&fragment);
        }
        self.0.lock().unwrap().push(bytes);
        Status::SUCCESS.into()
    }
}

async fn c_get(port: u16) -> All {
    let roles = Some(Roles {
        user: false,
        provider: true,
    });
    let class = Proposal {
        roles,
        ..Proposal::new(uids::CT_IMAGE_STORAGE, &[EXPLICIT])
    };
    let config = ClientConfig::new("TESTER", "HERE");
    let proposals = [Proposal::uncompressed(GET), class];
    let mut client = Client::connect(("127.0.0.1", port), &config, &proposals)
        .await
        .unwrap();
    let mut study = InMemDicomObject::new_empty();
    for (tag, vr, value) in [
        (tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY"),
        (tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
    ] {
        study.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
    let receiver = Receiver::default();
    let end = client.get(GET, &study, &receiver, |_| {}).await.unwrap();
    assert_eq!(end.outcome.status, Status::SUCCESS);
    client.release().await.unwrap();
    receiver
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|bytes| told(bytes))
        .collect()
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
    let without_pixels: All = expected
        .clone()
        .into_iter()
        .map(|(uid, told)| (uid, Told { pixels: None, ..told }))
        .collect();
    for path in [
        format!("/dicom-web/studies/{STUDY}/metadata"),
        format!("/dicom-web/studies/{STUDY}/series/{SERIES}/metadata"),
        format!("/dicom-web/instances?StudyInstanceUID={STUDY}&includefield=all"),
    ] {
        check(path.clone(), json(archive, &path).await, &without_pixels);
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
                let secret = Devices::enroll(node.archive.index(), "here", Kind::Key).await;
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
            scope: scope.clone(),
            changes: changes.collect(),
            actor: "web:clerk".to_owned(),
            at_ns: at_ns as i64 + 1,
            reason: "misspelt".to_owned(),
        };
        corrections.push(archive.correct(&new).await.unwrap());
    }
    let patient = |id: &str| Identifier {
        id: id.to_owned(),
        issuer: String::new(),
    };
    let merge = index
        .merge(&patient("P77"), &patient("P99"), 3, "same person")
        .await
        .unwrap();
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
    super::tests::take(&here.archive, &object(9, &other)).await;
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
    index.unmerge(merge, 6).await.unwrap();
    for correction in corrections.into_iter().rev() {
        index.undo_correction(correction, "web:clerk", 7).await.unwrap();
    }
    check_asked(&here, false).await;
    check_sent(&here, &queue, &mut there, false).await;
}

/// Somebody who reads, and does not correct.
#[derive(Debug)]
struct Reader;

impl Authorize for Reader {
    fn bearer(&self, _token: &str) -> Option<Principal> {
        None
    }

    fn anonymous(&self) -> Option<Principal> {
        Some(Principal::Anyone)
    }

    fn may(&self, _who: &Principal, action: Action, _study_uid: Option<&str>) -> bool {
        action != Action::Correct
    }
}

#[tokio::test]
async fn what_was_received_is_given_by_right() {
    let folder = TestFolder::new("ways");
    let archive = archive(folder.path(), "HERE").await;
    archive.ingest().take(&image(1)).await.unwrap();
    super::tests::take(
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
