//! What the figures say of associations, requests, objects and deliveries.

use std::sync::Arc;
use std::time::Duration;

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dimse::{Client, ClientConfig, Config, Proposal, Provider, Status};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use super::super::applications::{Application, Applications};
use super::super::supported;
use super::{EXPLICIT, FIND, archive, instance, object};
use crate::delivery::{Begin, NewDelivery, Queue};
use crate::figures::{self, Associations};
use crate::storage::{self, Hash};
use crate::test_folder::TestFolder;
use crate::test_node::until;

/// The value of a figure with these labels; 0 where there is none.
fn value(figures: &PrometheusHandle, name: &str, labels: &[&str]) -> f64 {
    let text = figures.render();
    let is_it = |line: &&str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    };
    let line = text.lines().find(is_it);
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

async fn associate(port: u16, title: &str) -> Client {
    let mut proposals = vec![
        Proposal::uncompressed(FIND),
        Proposal::uncompressed(uids::VERIFICATION),
    ];
    proposals.extend(Proposal::for_instances([(uids::CT_IMAGE_STORAGE, EXPLICIT)]));
    let config = ClientConfig::new(title, "UPTAKE");
    Client::connect(("127.0.0.1", port), &config, &proposals)
        .await
        .unwrap()
}

// One thread: what is counted here is this test's.
#[tokio::test]
async fn what_is_done_is_counted_and_strangers_are_not_named() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let figures = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    figures::describe();
    let folder = TestFolder::new("figures");
    let archive = archive(folder.path(), Default::default()).await;
    let applications = Applications::open(archive.index().clone()).await.unwrap();
    applications.put(&Application::new("CT1")).await.unwrap();
    let listed = applications.clone().admitting_others(Application::new(""));
    let mut config = Config::new("UPTAKE", listed.called_as(&["UPTAKE".to_owned()]), supported());
    config.observer = Arc::new(Associations::of(applications));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let provider = Provider::new(config, Arc::new(archive.clone()));
    tokio::spawn(async move { provider.serve(listener, std::future::pending()).await });

    let mut scanner = associate(port, "CT1").await;
    let mut stranger = associate(port, "STRANGER").await;
    assert_eq!(value(&figures, "uptake_dimse_associations_open", &[]), 2.0);
    for number in [0, 0] {
        let stored = scanner.store(instance(number)).await.unwrap();
        assert_eq!(stored.status, Status::SUCCESS);
    }
    stranger.store(instance(1)).await.unwrap();
    let identifier = object(&[
        (tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY"),
        (tags::STUDY_INSTANCE_UID, VR::UI, ""),
    ]);
    scanner
        .find(FIND, &identifier)
        .await
        .unwrap()
        .all(9)
        .await
        .unwrap();
    let wrong = object(&[(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "PATIENT")]);
    scanner.find(FIND, &wrong).await.unwrap().all(9).await.unwrap();
    scanner.release().await.unwrap();
    // One that goes without a word, and one that calls somebody else.
    drop(stranger);
    let other = ClientConfig::new("CT1", "OTHER");
    let verification = [Proposal::uncompressed(uids::VERIFICATION)];
    assert!(
        Client::connect(("127.0.0.1", port), &other, &verification)
            .await
            .is_err()
    );
    until("all are over", async || {
        value(&figures, "uptake_dimse_associations_open", &[]) == 0.0
    })
    .await;

    for (name, labels, expected) in [
        ("uptake_dimse_associations_total", &["CT1"][..], 1.0),
        ("uptake_dimse_associations_total", &["other"], 1.0),
        ("uptake_dimse_associations_broken_total", &[], 1.0),
        ("uptake_dimse_associations_rejected_total", &["\"1-7\""], 1.0),
        ("uptake_dimse_requests_total", &["C-STORE", "0x0000", "CT1"], 2.0),
        (
            "uptake_dimse_requests_total",
            &["C-STORE", "0x0000", "other"],
            1.0,
        ),
        ("uptake_dimse_requests_total", &["C-FIND", "0x0000", "CT1"], 1.0),
        ("uptake_dimse_requests_total", &["C-FIND", "0xA900", "CT1"], 1.0),
        ("uptake_dimse_request_duration_seconds_count", &["C-FIND"], 2.0),
        ("uptake_ingest_objects_total", &["stored"], 2.0),
        ("uptake_ingest_objects_total", &["identical"], 1.0),
        ("uptake_storage_errors_total", &[], 0.0),
    ] {
        assert_eq!(
            value(&figures, name, labels),
            expected,
            "{name} {labels:?}:\n{}",
            figures.render()
        );
    }
    assert!(value(&figures, "uptake_dimse_received_bytes_total", &[]) > 3.0 * 8192.0);
    let text = figures.render();
    assert!(
        text.contains("# HELP uptake_ingest_objects_total Objects that came in"),
        "{text}"
    );
    assert!(
        !text.contains("STRANGER") && !text.contains("P77") && !text.contains("1.2.826"),
        "{text}"
    );
}

#[tokio::test]
async fn damage_and_what_waits_are_measured() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let figures = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let folder = TestFolder::new("figures");
    let archive = archive(folder.path(), Default::default()).await;
    let bytes = crate::test_node::file(1, 1, "", 100);
    archive.ingest().take(&bytes).await.unwrap();
    let hash = Hash::of(&bytes);
    let name = hash.to_string();
    let path = folder
        .path()
        .join(format!("objects/objects/{}/{name}", &name[..2]));
    std::fs::write(&path, b"other bytes").unwrap();
    let read = archive.storage().read(hash, 1 << 20).await;
    assert!(matches!(read, Err(storage::Error::Damaged { .. })));
    assert_eq!(value(&figures, "uptake_storage_errors_total", &["damaged"]), 1.0);
    let policy = crate::scrub::Policy::default();
    let (index, storage) = (archive.index(), archive.storage());
    crate::scrub::round(index, storage, policy, crate::clock::now_ns(), 9)
        .await
        .unwrap();
    assert_eq!(value(&figures, "uptake_scrub_objects_total", &[]), 1.0);
    assert_eq!(value(&figures, "uptake_scrub_damaged_total", &[]), 1.0);

    let queue = Queue::open(index.clone(), "routing", Begin::Now).await.unwrap();
    let new = |number: u32, held: Option<&str>| NewDelivery {
        destination: "there".to_owned(),
        hash,
        sop_uid: format!("1.{number}"),
        study_uid: "1".to_owned(),
        sop_class_uid: "1.2".to_owned(),
        transfer_syntax_uid: "1.2".to_owned(),
        not_before_ns: i64::MAX,
        held: held.map(str::to_owned),
    };
    queue.send(&[new(1, None), new(2, None)]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    figures::measure(index, ["there", "nowhere"].into_iter())
        .await
        .unwrap();
    let waiting = |name, destination: &str| {
        value(
            &figures,
            name,
            &[&format!("destination=\"{destination}\""), "waiting"],
        )
    };
    assert_eq!(waiting("uptake_delivery_queue_objects", "there"), 2.0);
    assert_eq!(waiting("uptake_delivery_queue_objects", "nowhere"), 0.0);
    assert!(value(&figures, "uptake_delivery_oldest_waiting_seconds", &["\"there\""]) >= 0.02);
}
