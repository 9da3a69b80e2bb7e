//! Our provider and our user.

use std::sync::atomic::Ordering;

use dicom_dictionary_std::tags;

use super::support::*;
use crate::client::Answer;
use crate::negotiation::{EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN};
use crate::server::{AllowList, NormalizedRequest, Operation};
use crate::*;

#[tokio::test]
async fn echo_and_release() {
    let provider = provider(Archive::default(), config()).await;
    let mut client = client(provider.address, &[Proposal::uncompressed("1.2.840.10008.1.1")])
        .await
        .unwrap();
    assert_eq!(client.echo().await.unwrap().status, Status::SUCCESS);
    assert_eq!(client.negotiated().peer_max_pdu, 128 << 10);
    client.release().await.unwrap();
}

#[tokio::test]
async fn every_class_in_the_syntax_it_has() {
    let provider = provider(Archive::default(), config()).await;
    let pairs = [
        (CT, EXPLICIT_LITTLE_ENDIAN),
        (CT, IMPLICIT_LITTLE_ENDIAN),
        (CT, EXPLICIT_LITTLE_ENDIAN),
    ];
    let proposals = Proposal::for_instances(pairs);
    assert_eq!(proposals.len(), 2);
    let mut client = client(provider.address, &proposals).await.unwrap();
    for (number, syntax) in [(1, EXPLICIT_LITTLE_ENDIAN), (2, IMPLICIT_LITTLE_ENDIAN)] {
        let outcome = client.store(instance(number, 512, syntax)).await.unwrap();
        assert_eq!(outcome.status, Status::SUCCESS);
    }
    let compressed = Instance {
        transfer_syntax_uid: "1.2.840.10008.1.2.4.70".into(),
        ..instance(3, 1, EXPLICIT_LITTLE_ENDIAN)
    };
    assert!(matches!(
        client.store(compressed).await,
        Err(Error::NoContext { .. })
    ));
    client.release().await.unwrap();
    let stored = provider.archive.stored.lock().unwrap();
    for ((request, bytes), number) in stored.iter().zip([1, 2]) {
        let expected = data_set::encode(&image(number, 512), &request.transfer_syntax_uid).unwrap();
        assert!(
            *bytes == expected,
            "instance {number} came otherwise than it was sent"
        );
    }
    assert_eq!(stored.len(), 2);
}

#[tokio::test]
async fn a_data_set_too_large_is_refused_and_the_next_one_taken() {
    let mut config = config();
    config.limits.store_bytes = 600_000;
    let provider = provider(Archive::default(), config).await;
    let mut client = client(provider.address, &[Proposal::uncompressed(CT)])
        .await
        .unwrap();
    let large = client
        .store(instance(1, 1024, EXPLICIT_LITTLE_ENDIAN))
        .await
        .unwrap();
    assert_eq!(large.status, Status::OUT_OF_RESOURCES);
    let small = client
        .store(instance(2, 64, EXPLICIT_LITTLE_ENDIAN))
        .await
        .unwrap();
    assert_eq!(small.status, Status::SUCCESS);
}

#[tokio::test]
async fn find_gives_all_answers_and_hears_cancel() {
    let archive = Archive {
        matches: 5000,
        ..Archive::default()
    };
    let provider = provider(archive, config()).await;
    let mut client = client(provider.address, &[Proposal::uncompressed(FIND)])
        .await
        .unwrap();
    let (found, outcome) = client
        .find(FIND, &study_query())
        .await
        .unwrap()
        .all(usize::MAX)
        .await
        .unwrap();
    assert_eq!((found.len(), outcome.status), (5000, Status::SUCCESS));
    let last = found[4999].element(tags::STUDY_INSTANCE_UID).unwrap();
    assert_eq!(last.to_str().unwrap(), "1.2.3.4999");

    // A second query on the same association, cancelled after one answer.
    let mut find = client.find(FIND, &study_query()).await.unwrap();
    assert!(matches!(find.next().await.unwrap(), Answer::Match(_)));
    find.cancel().await.unwrap();
    loop {
        if let Answer::End(outcome) = find.next().await.unwrap() {
            // All may have been sent before the cancel came.
            assert!(matches!(outcome.status, Status::CANCEL | Status::SUCCESS));
            break;
        }
    }
    client.release().await.unwrap();
}

#[tokio::test]
async fn a_handler_stops_when_its_peer_goes_away() {
    let archive = Archive {
        matches: usize::MAX,
        ..Archive::default()
    };
    let provider = provider(archive, config()).await;
    let mut client = client(provider.address, &[Proposal::uncompressed(FIND)])
        .await
        .unwrap();
    let mut find = client.find(FIND, &study_query()).await.unwrap();
    assert!(matches!(find.next().await.unwrap(), Answer::Match(_)));
    client.abort().await;
    let sent = || provider.archive.sent.load(Ordering::Relaxed);
    let mut before = 0;
    while sent() != before {
        before = sent();
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

async fn with_stored(archive: Archive, count: usize) -> Running {
    let provider = provider(archive, config()).await;
    let mut client = client(provider.address, &[Proposal::uncompressed(CT)])
        .await
        .unwrap();
    for number in 0..count {
        client
            .store(instance(number, 64, EXPLICIT_LITTLE_ENDIAN))
            .await
            .unwrap();
    }
    client.release().await.unwrap();
    provider
}

#[tokio::test]
async fn get_brings_instances_back_on_the_association() {
    let provider = with_stored(Archive::default(), 5).await;
    let proposals = [
        Proposal::uncompressed(GET),
        Proposal::uncompressed(CT).as_provider(),
    ];
    let mut client = client(provider.address, &proposals).await.unwrap();
    let here = Archive::default();
    let mut heard = 0;
    let end = client
        .get(GET, &study_query(), &here, |_| heard += 1)
        .await
        .unwrap();
    assert_eq!(end.outcome.status, Status::SUCCESS);
    assert_eq!((end.counts.completed, end.counts.failed, heard), (5, 0, 5));
    assert_eq!(
        *here.stored.lock().unwrap(),
        *provider.archive.stored.lock().unwrap()
    );
    client.release().await.unwrap();
}

#[tokio::test]
async fn get_without_the_role_fails_and_names_what_failed() {
    let provider = with_stored(Archive::default(), 2).await;
    let proposals = [Proposal::uncompressed(GET), Proposal::uncompressed(CT)];
    let mut client = client(provider.address, &proposals).await.unwrap();
    let end = client
        .get(GET, &study_query(), &Archive::default(), |_| {})
        .await
        .unwrap();
    assert_eq!(end.outcome.status, Status::CANNOT_PERFORM);
    let identifier = end.identifier.unwrap();
    let failed = identifier.element(tags::FAILED_SOP_INSTANCE_UID_LIST).unwrap();
    assert_eq!(failed.to_multi_str().unwrap().len(), 2);
}

#[tokio::test]
async fn move_stores_at_the_destination() {
    let target = provider(Archive::default(), config()).await;
    let destinations = [
        ("TARGET".to_owned(), target.address.to_string()),
        ("NOBODY".to_owned(), "127.0.0.1:9".to_owned()),
    ];
    let archive = Archive {
        destinations: destinations.into(),
        ..Archive::default()
    };
    let provider = with_stored(archive, 3).await;
    let mut client = client(provider.address, &[Proposal::uncompressed(MOVE)])
        .await
        .unwrap();
    let end = client
        .move_to(MOVE, "TARGET", &study_query(), |_| {})
        .await
        .unwrap();
    assert_eq!((end.outcome.status, end.counts.completed), (Status::SUCCESS, 3));
    let originators: Vec<_> = target
        .archive
        .stored
        .lock()
        .unwrap()
        .iter()
        .map(|(r, _)| r.move_originator.clone())
        .collect();
    assert_eq!(originators, vec![Some(("TEST".to_owned(), 1)); 3]);
    let end = client
        .move_to(MOVE, "UNKNOWN", &study_query(), |_| {})
        .await
        .unwrap();
    assert_eq!(end.outcome.status, Status::DESTINATION_UNKNOWN);
    let end = client
        .move_to(MOVE, "NOBODY", &study_query(), |_| {})
        .await
        .unwrap();
    assert_eq!(
        (end.outcome.status, end.counts.failed),
        (Status::CANNOT_PERFORM, 3)
    );
    provider.archive.stored.lock().unwrap().clear();
    let end = client
        .move_to(MOVE, "TARGET", &study_query(), |_| {})
        .await
        .unwrap();
    assert_eq!((end.outcome.status, end.counts.completed), (Status::SUCCESS, 0));
}

#[tokio::test]
async fn normalized_services_go_both_ways() {
    let provider = provider(Archive::default(), config()).await;
    let proposals = [Proposal::uncompressed(MPPS), Proposal::uncompressed(COMMITMENT)];
    let mut client = client(provider.address, &proposals).await.unwrap();
    for (operation, class) in [
        (Operation::Create, MPPS),
        (Operation::Set, MPPS),
        (Operation::Get(vec![tags::PATIENT_ID]), MPPS),
        (Operation::Action(1), COMMITMENT),
        (Operation::EventReport(1), COMMITMENT),
        (Operation::Delete, MPPS),
    ] {
        let has_data = !matches!(operation, Operation::Get(_) | Operation::Delete);
        let request = NormalizedRequest {
            operation: operation.clone(),
            sop_class_uid: class.into(),
            sop_instance_uid: Some("1.2.5".into()),
            data_set: has_data.then(study_query),
        };
        let answer = client.normalized(request).await.unwrap();
        assert_eq!(answer.outcome.status, Status::SUCCESS);
        assert_eq!(answer.data_set.is_some(), has_data);
        let seen = provider.archive.seen.lock().unwrap().pop().unwrap();
        assert_eq!(seen, format!("{operation:?} {class} Some(\"1.2.5\")"));
    }
    client.release().await.unwrap();
}

#[tokio::test]
async fn ae_titles_are_checked_and_counted() {
    let mut config = config();
    config.admission = std::sync::Arc::new(AllowList {
        called: vec!["UPTAKE".into()],
        calling: [("TEST".to_owned(), 1), ("ELSEWHERE".to_owned(), 1)].into(),
        networks: [
            ("TEST".to_owned(), vec!["127.0.0.0/8".parse().unwrap()]),
            ("ELSEWHERE".to_owned(), vec!["192.0.2.0/24".parse().unwrap()]),
        ]
        .into(),
        others: None,
    });
    let provider = provider(Archive::default(), config).await;
    let verification = [Proposal::uncompressed("1.2.840.10008.1.1")];
    let refused = async |calling: &str, called: &str| {
        let config = ClientConfig::new(calling, called);
        match Client::connect(provider.address, &config, &verification).await {
            Err(Error::Rejected(rejection)) => rejection,
            other => panic!("expected a rejection, found {other:?}"),
        }
    };
    assert_eq!(refused("TEST", "OTHER").await, Rejection::CALLED_AE_TITLE);
    for calling in ["STRANGER", "ELSEWHERE"] {
        assert_eq!(refused(calling, "UPTAKE").await, Rejection::CALLING_AE_TITLE);
    }
    let first = client(provider.address, &verification).await.unwrap();
    assert_eq!(refused("TEST", "UPTAKE").await, Rejection::LOCAL_LIMIT);
    first.release().await.unwrap();
    // The place is given back a moment after the release's answer.
    for _ in 0..100 {
        if client(provider.address, &verification).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the place was not given back");
}

#[tokio::test]
async fn a_panic_of_the_handler_ends_one_association() {
    let provider = provider(Archive::default(), config()).await;
    let proposals = [
        Proposal::uncompressed(MPPS),
        Proposal::uncompressed("1.2.840.10008.1.1"),
    ];
    let mut other = client(provider.address, &proposals).await.unwrap();
    let mut hit = client(provider.address, &proposals).await.unwrap();
    let request = NormalizedRequest {
        operation: Operation::Delete,
        sop_class_uid: MPPS.into(),
        sop_instance_uid: Some("panic".into()),
        data_set: None,
    };
    assert!(hit.normalized(request).await.is_err());
    assert_eq!(other.echo().await.unwrap().status, Status::SUCCESS);
}

#[tokio::test]
async fn a_shutdown_ends_idle_associations() {
    let provider = provider(Archive::default(), config()).await;
    let verification = [Proposal::uncompressed("1.2.840.10008.1.1")];
    let mut client = client(provider.address, &verification).await.unwrap();
    provider.stop.send(()).unwrap();
    provider.task.await.unwrap();
    assert!(client.echo().await.is_err());
}

#[tokio::test]
async fn any_stream_will_do() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let archive = std::sync::Arc::new(Archive::default());
    let provider = server::Provider::new(config(), archive);
    tokio::spawn(async move { provider.serve_stream(ours, None).await });
    let verification = [Proposal::uncompressed("1.2.840.10008.1.1")];
    let config = ClientConfig::new("TEST", "UPTAKE");
    let mut client = Client::over(theirs, None, &config, &verification).await.unwrap();
    assert_eq!(client.echo().await.unwrap().status, Status::SUCCESS);
    client.release().await.unwrap();
}
