//! Storage commitment by our own user: on the association that asked, and on another after a restart.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dicom_dictionary_std::uids;
use dimse::client::commitment::{Report, report_of};
use dimse::server::{AllowList, Handler, NormalizedOutcome, NormalizedRequest, Reports};
use dimse::{Config, Peer, Proposal, Provider, Status, Supported};
use tokio::net::TcpListener;

use super::super::Destination;
use super::super::tests::{EXPLICIT, archive, client, damage, instance, serve};
use crate::test_folder::TestFolder;

const CLASS: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL;
const CT: &str = uids::CT_IMAGE_STORAGE;

fn everybody() -> AllowList {
    AllowList {
        others: Some(8),
        ..AllowList::default()
    }
}

fn uid(number: usize) -> String {
    instance(number).sop_instance_uid
}

fn asked() -> Vec<(String, String)> {
    vec![
        (CT.to_owned(), uid(0)),
        (uids::MR_IMAGE_STORAGE.to_owned(), uid(1)),
        (CT.to_owned(), uid(2)),
        (CT.to_owned(), "1.2.3.999".to_owned()),
        // No name of any instance, though it would match all.
        (CT.to_owned(), "*".to_owned()),
    ]
}

fn check(report: &Report) {
    assert_eq!(report.transaction_uid, "1.2.77");
    assert_eq!(report.committed, [(CT.to_owned(), uid(0))]);
    let reasons: Vec<_> = report
        .failed
        .iter()
        .map(|(_, uid, reason)| (uid.clone(), *reason))
        .collect();
    assert_eq!(
        reasons,
        [
            (uid(1), 0x0119),
            (uid(2), 0x0110),
            ("1.2.3.999".to_owned(), 0x0112),
            ("*".to_owned(), 0x0112),
        ]
    );
}

/// Stores three instances and damages one.
async fn stored(port: u16, folder: &std::path::Path) {
    let mut sender = client(port, &Proposal::for_instances([(CT, EXPLICIT)])).await;
    for number in 0..3 {
        assert_eq!(
            sender.store(instance(number)).await.unwrap().status,
            Status::SUCCESS
        );
    }
    sender.release().await.unwrap();
    damage(folder, &uid(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_judged_and_reported_on_the_same_association() {
    let folder = TestFolder::new("commitment");
    let running = serve(archive(folder.path(), Default::default()).await, everybody()).await;
    stored(running.port, folder.path()).await;
    let proposals = [
        Proposal::uncompressed(CLASS),
        Proposal::uncompressed(uids::VERIFICATION),
    ];
    let mut asker = client(running.port, &proposals).await;
    let answer = asker.request_commitment("1.2.77", &asked()).await.unwrap();
    assert_eq!(answer.outcome.status, Status::SUCCESS);
    check(&asker.commitment(Duration::from_secs(20)).await.unwrap());
    // The association goes on.
    assert_eq!(asker.echo().await.unwrap().status, Status::SUCCESS);
    let nothing = asker.request_commitment("1.2.78", &[]).await.unwrap();
    assert_eq!(nothing.outcome.status, Status::INVALID_ARGUMENT);
    asker.release().await.unwrap();
    running.end().await;
}

/// The requester's own provider.
#[derive(Default)]
struct Requester {
    heard: Mutex<Vec<Report>>,
}

impl Handler for Requester {
    async fn normalized(
        &self,
        _peer: &Peer,
        request: NormalizedRequest,
        _reports: &Reports,
    ) -> NormalizedOutcome {
        let mut heard = self.heard.lock().unwrap();
        heard.push(report_of(&request).unwrap());
        Status::SUCCESS.into()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_survives_a_restart_and_finds_its_requester() {
    let folder = TestFolder::new("commitment");
    let running = serve(archive(folder.path(), Default::default()).await, everybody()).await;
    stored(running.port, folder.path()).await;
    let mut asker = client(running.port, &[Proposal::uncompressed(CLASS)]).await;
    asker.request_commitment("1.2.77", &asked()).await.unwrap();
    asker.abort().await;
    // The first try is over when the request is due again.
    let index = running.archive.index().clone();
    for _ in 0..200 {
        if super::store::due(&index, super::now_ns())
            .await
            .unwrap()
            .is_some()
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.end().await;
    drop(index);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = Destination {
        address: listener.local_addr().unwrap().to_string(),
        ae_title: "TESTER".to_owned(),
    };
    let requester = Arc::new(Requester::default());
    let supported = Supported::verification().class(CLASS, &[EXPLICIT]);
    let provider = Provider::new(
        Config::new("TESTER", everybody(), supported),
        Arc::clone(&requester),
    );
    let listening = tokio::spawn(async move { provider.serve(listener, std::future::pending()).await });
    let archive = archive(folder.path(), [("TESTER".to_owned(), there)].into()).await;
    let worker = tokio::spawn(async move { archive.report_commitments().await });
    for _ in 0..200 {
        if !requester.heard.lock().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    worker.abort();
    listening.abort();
    let heard = requester.heard.lock().unwrap();
    assert_eq!(heard.len(), 1, "reported once");
    check(&heard[0]);
}
