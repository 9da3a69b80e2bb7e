//! Those who store, until the archive goes away, and who fetch afterwards.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use dimse::server::{Handler, Incoming, StoreAnswer, StoreRequest};
use dimse::{Client, ClientConfig, Data, Instance, Peer, Proposal, Status};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::objects::{CLASS, SYNTAX, data_set, file, sop_uid, study_uid};

const GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";

/// Sends on one association; gives the numbers that were acknowledged, and the statuses of those that were not.
pub async fn store(dicom: SocketAddr, round: u64, numbers: Vec<u64>) -> (Vec<u64>, Vec<Status>) {
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    let config = ClientConfig::new("CHAOS", "UPTAKE");
    let proposals = [Proposal::new(CLASS, &[SYNTAX])];
    let Ok(mut client) = Client::connect(dicom, &config, &proposals).await else {
        return (acknowledged, refused);
    };
    for number in numbers {
        let instance = Instance {
            sop_class_uid: CLASS.to_owned(),
            sop_instance_uid: sop_uid(round, number),
            transfer_syntax_uid: SYNTAX.to_owned(),
            data: Data::Bytes(data_set(round, number)),
        };
        match client.store(instance).await {
            Ok(outcome) if outcome.status == Status::SUCCESS => acknowledged.push(number),
            Ok(outcome) => refused.push(outcome.status),
            Err(_) => return (acknowledged, refused),
        }
    }
    let _ = client.release().await;
    (acknowledged, refused)
}

/// Sends by STOW-RS, some at a time; gives the numbers that were acknowledged, and the status of each answer.
pub async fn stow(http: SocketAddr, round: u64, numbers: Vec<u64>) -> (Vec<u64>, Vec<u16>) {
    let (mut acknowledged, mut statuses) = (Vec::new(), Vec::new());
    for batch in numbers.chunks(5) {
        let mut body = Vec::new();
        for &number in batch {
            body.extend(b"--part\r\nContent-Type: application/dicom\r\n\r\n");
            body.extend(file(round, number));
            body.extend(b"\r\n");
        }
        body.extend(b"--part--\r\n");
        let Some((status, answer)) = post(http, &body).await else {
            break;
        };
        statuses.push(status);
        let stored = answer["00081199"]["Value"].as_array();
        let uids: Vec<&str> = stored
            .into_iter()
            .flatten()
            .filter_map(|item| item["00081155"]["Value"][0].as_str())
            .collect();
        let was_stored = |number: &&u64| uids.contains(&sop_uid(round, **number).as_str());
        acknowledged.extend(batch.iter().filter(was_stored));
    }
    (acknowledged, statuses)
}

async fn post(http: SocketAddr, body: &[u8]) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(http).await.ok()?;
    let head = format!(
        "POST /dicom-web/studies HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\naccept: application/dicom+json\r\n\
         content-type: multipart/related; type=\"application/dicom\"; boundary=part\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let text = String::from_utf8(answer).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let (_, json) = text.split_once("\r\n\r\n")?;
    Some((status, serde_json::from_str(json).ok()?))
}

/// Takes what C-GET brings.
#[derive(Default)]
struct Received {
    data_sets: Mutex<Vec<(String, Vec<u8>)>>,
}

impl Handler for Received {
    async fn store(&self, _peer: &Peer, request: &StoreRequest, data: &mut Incoming<'_>) -> StoreAnswer {
        let mut bytes = Vec::new();
        while let Ok(Some(fragment)) = data.next().await {
            bytes.extend_from_slice(&fragment);
        }
        let mut all = self.data_sets.lock().unwrap();
        all.push((request.sop_instance_uid.clone(), bytes));
        Status::SUCCESS.into()
    }
}

/// Fetches the study of a round: data sets by SOP Instance UID. Panics where one comes twice.
pub async fn fetch(dicom: SocketAddr, round: u64) -> BTreeMap<String, Vec<u8>> {
    let proposals = [
        Proposal::uncompressed(GET),
        Proposal::new(CLASS, &[SYNTAX]).as_provider(),
    ];
    let config = ClientConfig::new("CHAOS", "UPTAKE");
    let mut client = Client::connect(dicom, &config, &proposals).await.unwrap();
    let mut identifier = dicom_object::InMemDicomObject::new_empty();
    for (tag, vr, value) in [
        (
            dicom_core::Tag(0x0008, 0x0052),
            dicom_core::VR::CS,
            "STUDY".to_owned(),
        ),
        (
            dicom_core::Tag(0x0020, 0x000d),
            dicom_core::VR::UI,
            study_uid(round),
        ),
    ] {
        let value = dicom_core::PrimitiveValue::from(value);
        identifier.put(dicom_core::DataElement::new(tag, vr, value));
    }
    let received = Received::default();
    let ended = client.get(GET, &identifier, &received, |_| ()).await.unwrap();
    assert_eq!(ended.outcome.status, Status::SUCCESS);
    assert_eq!(ended.counts.failed, 0);
    let _ = client.release().await;
    let mut found = BTreeMap::new();
    for (uid, bytes) in received.data_sets.into_inner().unwrap() {
        assert!(found.insert(uid.clone(), bytes).is_none(), "{uid} came twice");
    }
    found
}

/// Every acknowledged image of a round is there, bit for bit, once; what else is there is whole.
pub async fn check(dicom: SocketAddr, round: u64, acknowledged: &[u64], sent: u64) {
    let found = fetch(dicom, round).await;
    for number in acknowledged {
        assert!(
            found.contains_key(&sop_uid(round, *number)),
            "image {number} of round {round} was acknowledged and is gone"
        );
    }
    for number in 0..sent {
        if let Some(bytes) = found.get(&sop_uid(round, number)) {
            assert!(
                *bytes == data_set(round, number),
                "image {number} of round {round} is not what was sent"
            );
        }
    }
    assert!(found.len() as u64 <= sent);
}
