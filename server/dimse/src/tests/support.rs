//! A provider that keeps everything in memory, and synthetic instances.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::negotiation::{EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN, Peer};
use crate::server::*;
use crate::status::{Outcome, Status};
use crate::*;

pub const CT: &str = uids::CT_IMAGE_STORAGE;
pub const FIND: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
pub const MOVE: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE;
pub const GET: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET;
pub const MPPS: &str = uids::MODALITY_PERFORMED_PROCEDURE_STEP;
pub const COMMITMENT: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL;

#[derive(Default)]
pub struct Archive {
    pub stored: Mutex<Vec<(StoreRequest, Vec<u8>)>>,
    /// How many answers a query gets.
    pub matches: usize,
    pub sent: AtomicUsize,
    pub destinations: HashMap<String, String>,
    pub seen: Mutex<Vec<String>>,
    /// Drops what is stored.
    pub is_sink: bool,
}

impl Handler for Archive {
    async fn store(&self, _peer: &Peer, request: &StoreRequest, data: &mut Incoming<'_>) -> StoreAnswer {
        let mut bytes = Vec::new();
        loop {
            match data.next().await {
                Ok(Some(fragment)) if self.is_sink => drop(fragment),
                Ok(Some(fragment)) => bytes.extend_from_slice(&fragment),
                Ok(None) => break,
                Err(_) => return Status::CANNOT_UNDERSTAND.into(),
            }
        }
        if !self.is_sink {
            self.stored.lock().unwrap().push((request.clone(), bytes));
        }
        Status::SUCCESS.into()
    }

    async fn find(&self, _peer: &Peer, query: &Query, answers: &Answers) -> Outcome {
        for n in 0..self.matches {
            let mut answer = query.identifier.clone();
            put(
                &mut answer,
                tags::STUDY_INSTANCE_UID,
                VR::UI,
                &format!("1.2.3.{n}"),
            );
            if answers.send(answer).await.is_err() {
                return Status::CANCEL.into();
            }
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        Status::SUCCESS.into()
    }

    async fn retrieve(&self, _peer: &Peer, _query: &Query) -> Result<Vec<Planned>, Outcome> {
        let stored = self.stored.lock().unwrap();
        let plan = stored.iter().map(|(request, _)| Planned {
            sop_class_uid: request.sop_class_uid.clone(),
            sop_instance_uid: request.sop_instance_uid.clone(),
            transfer_syntax_uids: vec![request.transfer_syntax_uid.clone()],
        });
        Ok(plan.collect())
    }

    async fn open(&self, planned: &Planned, syntax: &str) -> Result<Instance, Outcome> {
        let stored = self.stored.lock().unwrap();
        let same = |(r, _): &&(StoreRequest, Vec<u8>)| r.sop_instance_uid == planned.sop_instance_uid;
        let (request, bytes) = stored.iter().find(same).ok_or(Status::CANNOT_UNDERSTAND)?;
        Ok(Instance {
            sop_class_uid: request.sop_class_uid.clone(),
            sop_instance_uid: request.sop_instance_uid.clone(),
            transfer_syntax_uid: syntax.to_owned(),
            data: Data::Reader {
                length: bytes.len() as u64,
                reader: Box::pin(std::io::Cursor::new(bytes.clone())),
            },
        })
    }

    async fn destination(&self, _peer: &Peer, ae_title: &str) -> Option<Destination> {
        let address = self.destinations.get(ae_title)?.clone();
        Some(Destination {
            address,
            ae_title: ae_title.to_owned(),
        })
    }

    async fn normalized(
        &self,
        _peer: &Peer,
        request: NormalizedRequest,
        _reports: &Reports,
    ) -> NormalizedOutcome {
        self.seen.lock().unwrap().push(format!(
            "{:?} {} {:?}",
            request.operation, request.sop_class_uid, request.sop_instance_uid
        ));
        if request.sop_instance_uid.as_deref() == Some("panic") {
            panic!("as the test wants");
        }
        NormalizedOutcome {
            outcome: Status::SUCCESS.into(),
            sop_instance_uid: request.sop_instance_uid.or(Some("1.2.99".into())),
            data_set: request.data_set,
        }
    }
}

pub struct Running {
    pub address: SocketAddr,
    pub archive: std::sync::Arc<Archive>,
    pub stop: oneshot::Sender<()>,
    pub task: JoinHandle<()>,
}

pub fn config() -> Config {
    let plain = [EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN];
    let mut supported = Supported::verification().storage(&plain, false);
    for class in [FIND, MOVE, GET, MPPS, COMMITMENT] {
        supported = supported.class(class, &plain);
    }
    let mut config = Config::new(
        "UPTAKE",
        AllowList {
            others: Some(100),
            ..AllowList::default()
        },
        supported,
    );
    config.shutdown_grace = Duration::from_millis(500);
    config
}

pub async fn provider(archive: Archive, config: Config) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let archive = std::sync::Arc::new(archive);
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(serve(listener, config, std::sync::Arc::clone(&archive), async {
        let _ = stopped.await;
    }));
    Running {
        address,
        archive,
        stop,
        task,
    }
}

pub async fn client(address: SocketAddr, proposals: &[Proposal]) -> Result<Client> {
    Client::connect(address, &ClientConfig::new("TEST", "UPTAKE"), proposals).await
}

pub fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

pub fn study_query() -> InMemDicomObject {
    let mut query = InMemDicomObject::new_empty();
    put(&mut query, tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY");
    put(&mut query, tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3");
    query
}

/// A CT image of `rows` rows of 512 pixels.
pub fn image(number: usize, rows: u16) -> InMemDicomObject {
    let mut image = InMemDicomObject::new_empty();
    put(&mut image, tags::SOP_CLASS_UID, VR::UI, CT);
    put(
        &mut image,
        tags::SOP_INSTANCE_UID,
        VR::UI,
        &format!("1.2.3.4.{number}"),
    );
    put(&mut image, tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3");
    put(&mut image, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3.4");
    put(&mut image, tags::MODALITY, VR::CS, "CT");
    put(&mut image, tags::PATIENT_ID, VR::LO, "PHANTOM");
    put(&mut image, tags::PATIENT_NAME, VR::PN, "Phantom");
    put(&mut image, tags::STUDY_ID, VR::SH, "1");
    put(&mut image, tags::STUDY_DATE, VR::DA, "20260101");
    put(&mut image, tags::STUDY_TIME, VR::TM, "120000");
    put(&mut image, tags::ACCESSION_NUMBER, VR::SH, "1");
    put(&mut image, tags::SERIES_NUMBER, VR::IS, "1");
    put(&mut image, tags::INSTANCE_NUMBER, VR::IS, &number.to_string());
    put(
        &mut image,
        tags::PHOTOMETRIC_INTERPRETATION,
        VR::CS,
        "MONOCHROME2",
    );
    for (tag, value) in [
        (tags::ROWS, rows),
        (tags::COLUMNS, 512),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        image.put(DataElement::new(tag, VR::US, dicom_value!(U16, [value])));
    }
    let pixels: Vec<u16> = (0..usize::from(rows) * 512)
        .map(|at| (at * 31 + number) as u16)
        .collect();
    image.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::U16(pixels.into()),
    ));
    image
}

pub fn instance(number: usize, rows: u16, syntax: &str) -> Instance {
    let data = data_set::encode(&image(number, rows), syntax).unwrap();
    Instance {
        sop_class_uid: CT.to_owned(),
        sop_instance_uid: format!("1.2.3.4.{number}"),
        transfer_syntax_uid: syntax.to_owned(),
        data: Data::Bytes(Bytes::from(data)),
    }
}
