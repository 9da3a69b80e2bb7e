//! The archive as a provider: our own user, and DCMTK's tools where they are installed.

mod custody;
mod figures;
mod retrieval;
mod rights;
mod sets;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dimse::server::{Admission, AllowList};
use dimse::{Client, ClientConfig, Config, Data, Instance, Proposal, Provider, Status};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{Archive, Destination, supported};
use crate::index::{Index, Place};
use crate::ingest::{Ingest, Limits};
use crate::storage::Storage;
use crate::test_folder::TestFolder;

pub(super) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const FIND: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
const GET: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET;

/// A provider over an archive in a folder.
pub(super) struct Running {
    pub(super) port: u16,
    pub(super) archive: Archive,
    stop: Option<oneshot::Sender<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

async fn start(folder: &Path, destinations: HashMap<String, Destination>) -> Running {
    let everybody = AllowList {
        others: Some(8),
        ..AllowList::default()
    };
    let archive = archive(folder, destinations).await;
    serve(archive, everybody).await
}

/// An archive in a folder.
pub(super) async fn archive(folder: &Path, destinations: HashMap<String, Destination>) -> Archive {
    let storage = Storage::local(&folder.join("objects")).unwrap();
    let index = Index::open(&Place::Sqlite(folder.join("index.sqlite")))
        .await
        .unwrap();
    let ingest = Ingest::new(storage.clone(), index.clone(), Limits::default())
        .await
        .unwrap();
    Archive::new(ingest, index, storage, "UPTAKE", destinations)
}

/// A provider of an archive that admits whom the list says.
pub(super) async fn serve(archive: Archive, admission: impl Admission + 'static) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel();
    let config = Config::new("UPTAKE", admission, supported());
    let served = Arc::new(archive.clone());
    let task = tokio::spawn(async move {
        let provider = Provider::new(config, served);
        provider
            .serve(listener, async {
                let _ = stopped.await;
            })
            .await;
    });
    Running {
        port,
        archive,
        stop: Some(stop),
        task: Some(task),
    }
}

impl Running {
    pub(super) async fn end(mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.task.take().unwrap().await.unwrap();
    }
}

pub(super) fn object(values: &[(Tag, VR, &str)]) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    for (tag, vr, value) in values {
        object.put(DataElement::new(*tag, *vr, PrimitiveValue::from(*value)));
    }
    object
}

/// An image of a made-up patient, with a name in two scripts.
fn image(number: usize) -> InMemDicomObject {
    let uid = format!("1.2.826.0.1.3680043.8.498.77.{}", number + 1);
    let mut object = object(&[
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, &uid),
        (tags::STUDY_DATE, VR::DA, "20260304"),
        (tags::ACCESSION_NUMBER, VR::SH, "A77"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::PATIENT_NAME, VR::PN, "Wang^XiaoDong=王^小东"),
        (tags::PATIENT_ID, VR::LO, "P77"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.826.0.1.3680043.8.498.77"),
        (
            tags::SERIES_INSTANCE_UID,
            VR::UI,
            "1.2.826.0.1.3680043.8.498.77.0",
        ),
        (tags::INSTANCE_NUMBER, VR::IS, &(number + 1).to_string()),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
    ]);
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1_u16),
        (tags::ROWS, 64),
        (tags::COLUMNS, 64),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    let pixels: Vec<u8> = (0..64 * 64 * 2).map(|n| ((n + number) % 16) as u8).collect();
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::U8(pixels.into()),
    ));
    object
}

fn bytes_of(object: &InMemDicomObject) -> Vec<u8> {
    dimse::data_set::encode(object, EXPLICIT).unwrap()
}

pub(super) fn instance(number: usize) -> Instance {
    let object = image(number);
    let text = |tag| object.get(tag).unwrap().to_str().unwrap().into_owned();
    Instance {
        sop_class_uid: text(tags::SOP_CLASS_UID),
        sop_instance_uid: text(tags::SOP_INSTANCE_UID),
        transfer_syntax_uid: EXPLICIT.to_owned(),
        data: Data::Bytes(bytes_of(&object).into()),
    }
}

/// Damages the stored object that holds a UID.
pub(super) fn damage(folder: &Path, uid: &str) {
    let mut folders = vec![folder.join("objects")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            if bytes.windows(uid.len()).any(|window| window == uid.as_bytes()) {
                *bytes.last_mut().unwrap() ^= 1;
                let mut permissions = std::fs::metadata(&path).unwrap().permissions();
                #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test's own")]
                permissions.set_readonly(false);
                std::fs::set_permissions(&path, permissions).unwrap();
                std::fs::write(&path, bytes).unwrap();
                return;
            }
        }
    }
    panic!("no object holds {uid}");
}

pub(super) async fn client(port: u16, proposals: &[Proposal]) -> Client {
    let config = ClientConfig::new("TESTER", "UPTAKE");
    Client::connect(("127.0.0.1", port), &config, proposals)
        .await
        .unwrap()
}

async fn found(port: u16, keys: &[(Tag, VR, &str)]) -> Vec<InMemDicomObject> {
    let mut client = client(port, &[Proposal::uncompressed(FIND)]).await;
    let find = client.find(FIND, &object(keys)).await.unwrap();
    let (found, outcome) = find.all(1000).await.unwrap();
    assert!(outcome.status.is_done(), "{outcome:?}");
    client.release().await.unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_found_after_a_restart() {
    let folder = TestFolder::new("services");
    let running = start(folder.path(), HashMap::new()).await;
    let mut sender = client(
        running.port,
        &Proposal::for_instances([(uids::CT_IMAGE_STORAGE, EXPLICIT)]),
    )
    .await;
    for number in [0, 1, 2, 1] {
        let outcome = sender.store(instance(number)).await.unwrap();
        assert_eq!(outcome.status, Status::SUCCESS);
    }
    sender.release().await.unwrap();
    running.end().await;

    let running = start(folder.path(), HashMap::new()).await;
    let keys = |name: &'static str| {
        [
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
            (tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY"),
            (tags::PATIENT_NAME, VR::PN, name),
            (tags::STUDY_INSTANCE_UID, VR::UI, ""),
            (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, VR::IS, ""),
            (tags::ACCESSION_NUMBER, VR::SH, ""),
        ]
    };
    for name in ["王^小*", "wang*", "*=王^小东", ""] {
        let rows = found(running.port, &keys(name)).await;
        assert_eq!(rows.len(), 1, "{name}");
        let text = |tag| rows[0].get(tag).unwrap().to_str().unwrap().trim().to_owned();
        assert_eq!(text(tags::PATIENT_NAME), "Wang^XiaoDong=王^小东");
        assert_eq!(
            text(tags::NUMBER_OF_STUDY_RELATED_INSTANCES),
            "3",
            "an object sent twice counts once"
        );
        assert_eq!(text(tags::ACCESSION_NUMBER), "A77");
    }
    // Initials are for who negotiated fuzzy matching.
    for name in ["李*", "wxd"] {
        assert!(found(running.port, &keys(name)).await.is_empty(), "{name}");
    }
    for (modality, expected) in [("CT", 1), ("PT", 0), ("C*", 1), ("PT\\CT", 1), ("PT\\NM", 0)] {
        let keys = [
            (tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY"),
            (tags::MODALITIES_IN_STUDY, VR::CS, modality),
        ];
        assert_eq!(found(running.port, &keys).await.len(), expected, "{modality}");
    }
    running.end().await;
}

#[test]
fn keys_within_sequences_are_matched_on() {
    let path = [
        tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
        tags::RADIOPHARMACEUTICAL,
    ];
    for (name, keys, is_unmatched) in [("FDG*", 1, false), ("", 0, false)] {
        let item = object(&[(path[1], VR::LO, name)]);
        let mut identifier = object(&[(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "SERIES")]);
        let items = dicom_core::value::DataSetSequence::from(vec![item]);
        identifier.put(DataElement::new(path[0], VR::SQ, items));
        let query = dimse::server::Query {
            sop_class_uid: FIND.to_owned(),
            identifier,
            priority: 0,
        };
        let asked = super::find::asked(&query).unwrap();
        assert_eq!(asked.query.keys.len(), keys, "{name}");
        assert_eq!(asked.has_unmatched, is_unmatched);
        let expected = crate::index::Key::in_items(&path, name).filter(|_| keys > 0);
        assert_eq!(asked.query.keys.first(), expected.as_ref());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_what_was_sent() {
    let folder = TestFolder::new("services");
    let running = start(folder.path(), HashMap::new()).await;
    let mut sender = client(
        running.port,
        &Proposal::for_instances([(uids::CT_IMAGE_STORAGE, EXPLICIT)]),
    )
    .await;
    for number in 0..3 {
        sender.store(instance(number)).await.unwrap();
    }
    sender.release().await.unwrap();
    // What is stored is the data set as it came, byte for byte, behind a head.
    let mut stored = Vec::new();
    let mut folders = vec![folder.path().join("objects")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::metadata(&path).unwrap().len() > 8192 {
                stored.push(std::fs::read(path).unwrap());
            }
        }
    }
    assert_eq!(stored.len(), 3);
    for number in 0..3 {
        let expected = bytes_of(&image(number));
        assert!(
            stored.iter().any(|object| object.ends_with(&expected)),
            "image {number}"
        );
        assert!(stored.iter().all(|object| &object[128..132] == b"DICM"));
    }
    running.end().await;
}

/// What names nothing, or nothing that is known, is answered by the standard's statuses.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_refused() {
    let folder = TestFolder::new("services");
    let running = start(folder.path(), HashMap::new()).await;
    let mut asker = client(
        running.port,
        &[Proposal::uncompressed(FIND), Proposal::uncompressed(GET)],
    )
    .await;
    let no_level = object(&[(tags::PATIENT_ID, VR::LO, "P77")]);
    let (rows, outcome) = asker.find(FIND, &no_level).await.unwrap().all(10).await.unwrap();
    assert!(rows.is_empty());
    assert_eq!(outcome.status, Status::CLASS_MISMATCH);
    let bad = Instance {
        data: Data::Bytes(vec![1, 2, 3, 4, 5, 6, 7, 8].into()),
        ..instance(0)
    };
    let mut sender = client(
        running.port,
        &Proposal::for_instances([(uids::CT_IMAGE_STORAGE, EXPLICIT)]),
    )
    .await;
    let outcome = sender.store(bad).await.unwrap();
    assert!(!outcome.status.is_done(), "{outcome:?}");
    // Announced under the UID of another.
    let other = Instance {
        sop_instance_uid: "1.2.3".to_owned(),
        ..instance(0)
    };
    assert_eq!(sender.store(other).await.unwrap().status, Status::CLASS_MISMATCH);
    assert_eq!(sender.store(instance(0)).await.unwrap().status, Status::SUCCESS);
    running.end().await;
}

fn has_dcmtk() -> bool {
    let found = Command::new("storescu").arg("--version").output().is_ok();
    assert!(
        found || std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"),
        "DCMTK is required and not installed"
    );
    if !found {
        eprintln!("skipped: DCMTK is not installed");
    }
    found
}

fn run(tool: &str, arguments: &[&str]) -> Output {
    let output = Command::new(tool).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{tool}: {told}");
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn dcmtk_stores_finds_moves_and_gets() {
    if !has_dcmtk() {
        return;
    }
    let folder = TestFolder::new("services");
    let sent = folder.path().join("sent");
    std::fs::create_dir(&sent).unwrap();
    for number in 0..5 {
        let meta = FileMetaTableBuilder::new().transfer_syntax(EXPLICIT);
        let file = image(number).with_meta(meta).unwrap();
        file.write_to_file(sent.join(format!("{number}.dcm"))).unwrap();
    }
    let moved = folder.path().join("moved");
    std::fs::create_dir(&moved).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let there = Destination {
        address: format!("127.0.0.1:{free}"),
        ae_title: "THERE".to_owned(),
    };
    let archive = folder.path().join("archive");
    std::fs::create_dir(&archive).unwrap();
    let running = start(&archive, HashMap::from([("THERE".to_owned(), there)])).await;
    let port = running.port.to_string();
    let result = tokio::task::spawn_blocking(move || {
        let aec = ["-aec", "UPTAKE"];
        run("echoscu", &[&aec[..], &["127.0.0.1", &port]].concat());
        run(
            "storescu",
            &[&aec[..], &["+sd", "127.0.0.1", &port, sent.to_str().unwrap()]].concat(),
        );
        let query = [
            "-S",
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            "AccessionNumber=A7*",
            "-k",
            "StudyInstanceUID",
        ];
        let output = run("findscu", &[&aec[..], &query, &["127.0.0.1", &port]].concat());
        let told =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("1.2.826.0.1.3680043.8.498.77"), "{told}");
        let named = [
            "-S",
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            "StudyInstanceUID=1.2.826.0.1.3680043.8.498.77",
        ];
        let got = folder.path().join("got");
        std::fs::create_dir(&got).unwrap();
        let to = ["-od", got.to_str().unwrap()];
        run("getscu", &[&aec[..], &named, &to, &["127.0.0.1", &port]].concat());
        assert_eq!(std::fs::read_dir(&got).unwrap().count(), 5);
        let mut receiver = Command::new("storescp")
            .args(["-od", moved.to_str().unwrap(), "-aet", "THERE", &free.to_string()])
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(500));
        let output = Command::new("movescu")
            .args(aec)
            .args(named)
            .args(["-aem", "THERE", "127.0.0.1", &port])
            .output()
            .unwrap();
        let _ = receiver.kill();
        let _ = receiver.wait();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(std::fs::read_dir(&moved).unwrap().count(), 5);
        // What came back has the data set that was sent.
        for entry in std::fs::read_dir(&got).unwrap() {
            let found = dicom_object::open_file(entry.unwrap().path()).unwrap();
            let number = found
                .element(tags::INSTANCE_NUMBER)
                .unwrap()
                .to_int::<usize>()
                .unwrap()
                - 1;
            let [found, expected] = [found.into_inner(), image(number)].map(|object| {
                object
                    .element(tags::PIXEL_DATA)
                    .unwrap()
                    .to_bytes()
                    .unwrap()
                    .into_owned()
            });
            assert!(found == expected, "image {number}");
        }
    });
    result.await.unwrap();
    running.end().await;
}
