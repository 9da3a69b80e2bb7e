//! The ways out by DIMSE: what is found, and what is sent to whoever asks and to others.

use std::sync::{Arc, Mutex};

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dimse::server::{AllowList, Handler, Incoming, StoreAnswer, StoreRequest};
use dimse::{Client, ClientConfig, Config, Peer, Proposal, Provider, Roles, Status, Supported};
use tokio::net::TcpListener;

use super::told::{All, EXPLICIT, SERIES, STUDY, told, told_of};
use crate::services::applications::{Application, Applications};
use crate::services::{Archive, supported};

const FIND: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
const GET: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET;
const MOVE: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE;

/// Keeps what comes.
#[derive(Default)]
pub(super) struct Receiver(Mutex<Vec<Vec<u8>>>);

impl Receiver {
    fn all(&self) -> All {
        self.0.lock().unwrap().iter().map(|bytes| told(bytes)).collect()
    }
}

impl Handler for Receiver {
    async fn store(&self, _peer: &Peer, _request: &StoreRequest, data: &mut Incoming<'_>) -> StoreAnswer {
        let mut bytes = Vec::new();
        while let Ok(Some(fragment)) = data.next().await {
            bytes.extend_from_slice(&fragment);
        }
        self.0.lock().unwrap().push(bytes);
        Status::SUCCESS.into()
    }
}

pub(super) async fn c_get(port: u16) -> All {
    let roles = Some(Roles {
        user: false,
        provider: true,
    });
    let class = Proposal {
        roles,
        ..Proposal::new(uids::CT_IMAGE_STORAGE, &[EXPLICIT])
    };
    let mut client = connected(port, &[Proposal::uncompressed(GET), class]).await;
    let receiver = Receiver::default();
    let end = client.get(GET, &named("STUDY"), &receiver, |_| {}).await.unwrap();
    assert_eq!(end.outcome.status, Status::SUCCESS);
    client.release().await.unwrap();
    receiver.all()
}

/// What C-FIND tells of every instance.
pub(super) async fn c_find(port: u16) -> All {
    let mut client = connected(port, &[Proposal::uncompressed(FIND)]).await;
    let mut asked = named("IMAGE");
    for (tag, vr, value) in [
        (tags::SERIES_INSTANCE_UID, VR::UI, SERIES),
        (tags::SOP_INSTANCE_UID, VR::UI, ""),
        (tags::PATIENT_NAME, VR::PN, ""),
        (tags::PATIENT_ID, VR::LO, ""),
        (tags::PATIENT_SEX, VR::CS, ""),
        (tags::ACCESSION_NUMBER, VR::SH, ""),
        (tags::STUDY_DESCRIPTION, VR::LO, ""),
    ] {
        asked.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
    let found = client.find(FIND, &asked).await.unwrap().all(100).await.unwrap();
    client.release().await.unwrap();
    found.0.iter().map(|found| told_of(found, None)).collect()
}

/// What C-MOVE sends to another application.
pub(super) async fn c_move(archive: &Archive) -> All {
    let receiver = Arc::new(Receiver::default());
    // What it keeps is read as it comes: without compression.
    let plain = Supported::verification().storage(&[EXPLICIT], true);
    let there = provided(Arc::clone(&receiver), plain).await;
    let applications = Applications::open(archive.index().clone()).await.unwrap();
    let mut listed = Application::new("MOVED_TO");
    listed.address = Some(format!("127.0.0.1:{there}"));
    applications.put(&listed).await.unwrap();
    let applications = applications.admitting_others(Application::new(""));
    let here = provided(
        Arc::new(archive.clone().with_applications(applications)),
        supported(),
    )
    .await;
    let mut client = connected(here, &[Proposal::uncompressed(MOVE)]).await;
    let end = client
        .move_to(MOVE, "MOVED_TO", &named("STUDY"), |_| {})
        .await
        .unwrap();
    assert_eq!(end.outcome.status, Status::SUCCESS);
    client.release().await.unwrap();
    receiver.all()
}

/// Starts a provider that anybody may call; gives its port.
async fn provided<H: Handler>(handler: Arc<H>, supported: Supported) -> u16 {
    let everybody = AllowList {
        others: Some(8),
        ..AllowList::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let provider = Provider::new(Config::new("ANY", everybody, supported), handler);
    tokio::spawn(async move { provider.serve(listener, std::future::pending()).await });
    port
}

async fn connected(port: u16, proposals: &[Proposal]) -> Client {
    let config = ClientConfig::new("TESTER", "HERE");
    Client::connect(("127.0.0.1", port), &config, proposals)
        .await
        .unwrap()
}

/// An identifier that names the study.
fn named(level: &str) -> InMemDicomObject {
    let mut study = InMemDicomObject::new_empty();
    for (tag, vr, value) in [
        (tags::QUERY_RETRIEVE_LEVEL, VR::CS, level),
        (tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
    ] {
        study.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
    study
}
