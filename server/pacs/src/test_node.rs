//! A whole archive for tests of what archives do to each other: DIMSE, HTTP and deliveries, in a folder.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dimse::Provider;
use dimse::server::AllowList;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::access::Open;
use crate::delivery::{Backoff, Begin, Queue, State};
use crate::http::App;
use crate::index::{Index, Place};
use crate::ingest::{Ingest, Limits, Outcome};
use crate::routing::{self, Routes};
use crate::services::{Archive, supported};
use crate::storage::{Hash, Storage};

/// A file of one image: object `number` of study `study`, with pixel data of about `bytes`.
pub(crate) fn file(study: u32, number: u32, description: &str, bytes: usize) -> Vec<u8> {
    let sop_uid = format!("2.25.{study}.{number}");
    let study_uid = format!("2.25.{study}");
    let series_uid = format!("2.25.{study}.0");
    let values: [(Tag, VR, &str); 11] = [
        (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, &sop_uid),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::STATION_NAME, VR::SH, "ROOM2"),
        (tags::STUDY_DESCRIPTION, VR::LO, description),
        (tags::SERIES_DESCRIPTION, VR::LO, "AC"),
        (tags::PATIENT_NAME, VR::PN, "Nobody"),
        (tags::PATIENT_ID, VR::LO, "P9"),
        (tags::BODY_PART_EXAMINED, VR::CS, "CHEST"),
        (tags::STUDY_INSTANCE_UID, VR::UI, &study_uid),
        (tags::SERIES_INSTANCE_UID, VR::UI, &series_uid),
    ];
    let mut object = InMemDicomObject::new_empty();
    for (tag, vr, value) in values {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
    // No two objects are alike anywhere in their pixels.
    let mut state = u64::from(study) << 32 | u64::from(number) << 1 | 1;
    let pixels: Vec<u8> = (0..bytes.next_multiple_of(2))
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::U8(pixels.into()),
    ));
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}

/// An archive that runs until it is dropped.
pub(crate) struct Node {
    pub(crate) archive: Archive,
    pub(crate) dicom_port: u16,
    pub(crate) http_port: u16,
    pub(crate) queue: Option<Queue>,
    stop: watch::Sender<bool>,
}

/// What stands in a folder, without services.
pub(crate) async fn archive(folder: &Path, ae_title: &str) -> Archive {
    let storage = Storage::local(&folder.join("objects")).unwrap();
    let index = Index::open(&Place::Sqlite(folder.join("index.sqlite")))
        .await
        .unwrap();
    let ingest = Ingest::new(storage.clone(), index.clone(), Limits::default())
        .await
        .unwrap();
    Archive::new(ingest, index, storage, ae_title, HashMap::new())
}

/// Waits that suit a test.
pub(crate) const IMPATIENT: Backoff = Backoff {
    first: Duration::from_millis(20),
    most: Duration::from_millis(200),
};

async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

impl Node {
    pub(crate) async fn start(folder: &Path, ae_title: &str) -> Self {
        let archive = archive(folder, ae_title).await;
        let (stop, stop_seen) = watch::channel(false);
        let dicom = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dicom_port = dicom.local_addr().unwrap().port();
        let everybody = AllowList {
            others: Some(64),
            ..AllowList::default()
        };
        let provider = Provider::new(
            dimse::Config::new(ae_title, everybody, supported()),
            Arc::new(archive.clone()),
        );
        let stopping = stopped(stop_seen.clone());
        tokio::spawn(async move { provider.serve(dicom, stopping).await });
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http_port = http.local_addr().unwrap().port();
        // Devices are known by their keys; whoever shows none is anyone.
        let router = crate::http::router(App::new(archive.clone(), Arc::new(Open)));
        let stopping = stopped(stop_seen);
        tokio::spawn(crate::http::serve(
            http,
            router,
            None,
            crate::http::Limits::default(),
            stopping,
        ));
        Self {
            archive,
            dicom_port,
            http_port,
            queue: None,
            stop,
        }
    }

    /// Begins to deliver by these rules, written as in the configuration.
    pub(crate) async fn route(&mut self, config: &str) -> Queue {
        let config: routing::Config = toml::from_str(config).unwrap();
        let mut lines = routing::lines(&config, &self.archive).unwrap();
        for line in &mut lines {
            line.backoff = IMPATIENT;
        }
        let queue = Queue::open(self.archive.index().clone(), "routing", Begin::AtTheFirst)
            .await
            .unwrap();
        let routes = Arc::new(Routes::new(config).unwrap());
        let (running, stopping) = (queue.clone(), stopped(self.stop.subscribe()));
        tokio::spawn(async move { running.run(routes, lines, stopping).await });
        self.queue = Some(queue.clone());
        queue
    }

    /// Takes a file as if someone had sent it.
    pub(crate) async fn take(&self, bytes: &[u8], sender: &str) -> Outcome {
        let mut receiving = self.archive.ingest().begin().from(sender.to_owned());
        receiving.write(bytes).await.unwrap();
        receiving.finish().await.unwrap()
    }

    /// The bytes of every object that the archive has, by SOP Instance UID and hash.
    pub(crate) async fn hashes(&self) -> Vec<Hash> {
        let objects = self.archive.index().objects().await.unwrap();
        let mut hashes: Vec<Hash> = objects.into_iter().map(|(hash, _)| hash).collect();
        hashes.sort();
        hashes
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// How many deliveries of a queue stand so.
pub(crate) async fn count(queue: &Queue, state: State) -> u64 {
    let counts = queue.counts(&crate::index::Restriction::NONE).await.unwrap();
    counts
        .iter()
        .filter(|counted| counted.state == state)
        .map(|counted| counted.number)
        .sum()
}

/// Waits until something holds.
///
/// # Panics
///
/// After a minute and a half.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..1800 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not in time: {what}");
}
