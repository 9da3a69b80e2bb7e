//! Applications of two organisations: neither is told of the other's studies, nor adds to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dimse::server::{Handler, NormalizedRequest, Operation};
use dimse::{Client, ClientConfig, Proposal, Status};

use super::super::applications::{Application, Applications};
use super::super::performed::tests::begun;
use super::{EXPLICIT, FIND, GET, archive, instance, object, serve};
use crate::access::{Action, Authorize, Context, Failed, Principal, Restriction};
use crate::events::Boxed;
use crate::index::{Level, Query};
use crate::orders::OrderTable;
use crate::test_folder::TestFolder;

const STUDY: &str = "1.2.826.0.1.3680043.8.498.77";
const PATIENT_FIND: &str = uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
const MOVE: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE;
const WORKLIST: &str = uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND;
const MPPS: &str = uids::MODALITY_PERFORMED_PROCEDURE_STEP;
const MPPS_GET: &str = uids::MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE;
const COMMITMENT: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL;

/// The list's answers, and what was recorded of them.
#[derive(Debug)]
struct Recorded {
    list: Applications,
    is_broken: bool,
    seen: Mutex<Vec<String>>,
    refused: Mutex<Vec<String>>,
}

impl Authorize for Recorded {
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        self.list.bearer(token, context)
    }

    fn may<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        self.list.may(who, action, study_uid)
    }

    fn scope<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Restriction, Failed>> {
        self.list.scope(who)
    }

    fn custodian<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Option<i64>, Failed>> {
        self.list.custodian(who)
    }

    fn seen<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
        context: &'a Context,
    ) -> Boxed<'a, Result<(), Failed>> {
        Box::pin(async move {
            if self.is_broken {
                return Err(Failed::new("the journal is full"));
            }
            assert!(context.address.is_some_and(|address| address.is_loopback()));
            let way = context.way.as_deref().unwrap();
            let study_uid = study_uid.unwrap_or("-");
            let words = format!("{} {action:?} {study_uid} {way}", who.actor());
            self.seen.lock().unwrap().push(words);
            Ok(())
        })
    }

    fn refused<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
        _context: &'a Context,
    ) -> Boxed<'a, Result<(), Failed>> {
        let words = format!("{} {action:?} {}", who.actor(), study_uid.unwrap_or("-"));
        self.refused.lock().unwrap().push(words);
        Box::pin(async { Ok(()) })
    }
}

struct Nobody;

impl Handler for Nobody {}

async fn associate(port: u16, title: &str) -> Client {
    let classes = [
        FIND,
        PATIENT_FIND,
        GET,
        MOVE,
        WORKLIST,
        MPPS,
        MPPS_GET,
        COMMITMENT,
    ];
    let mut proposals = classes.map(Proposal::uncompressed).to_vec();
    proposals.extend(Proposal::for_instances([(uids::CT_IMAGE_STORAGE, EXPLICIT)]));
    let config = ClientConfig::new(title, "UPTAKE");
    Client::connect(("127.0.0.1", port), &config, &proposals)
        .await
        .unwrap()
}

fn identifier(level: &str, key: Tag, vr: VR, value: &str) -> InMemDicomObject {
    object(&[
        (tags::QUERY_RETRIEVE_LEVEL, VR::CS, level),
        (key, vr, value),
        (tags::PATIENT_NAME, VR::PN, ""),
    ])
}

async fn find(client: &mut Client, class: &str, identifier: &InMemDicomObject) -> (usize, Status) {
    let asked = client.find(class, identifier).await.unwrap();
    let (found, outcome) = asked.all(100).await.unwrap();
    (found.len(), outcome.status)
}

async fn list(archive: &super::Archive) -> Applications {
    let list = Applications::open(archive.index().clone()).await.unwrap();
    for (title, custodian) in [("SEVEN", Some(7)), ("EIGHT", Some(8)), ("SITE", None)] {
        let mut application = Application::new(title);
        application.custodian = custodian;
        list.put(&application).await.unwrap();
    }
    list
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_given_or_added_across_custodians() {
    let folder = TestFolder::new("custody");
    let archive = archive(folder.path(), Default::default()).await;
    let list = list(&archive).await;
    let recorded = Arc::new(Recorded {
        list: list.clone(),
        is_broken: false,
        seen: Mutex::default(),
        refused: Mutex::default(),
    });
    let archive = archive
        .with_applications(list.clone())
        .with_authorize(recorded.clone());
    let order = crate::orders::tests::order("S1", "Wang^Fang", "20260304", "0930");
    let orders = OrderTable::new(archive.index().clone());
    let steps = crate::orders::Step::all_of(&order).unwrap();
    orders.add(&steps, "cli", Some(7)).await.unwrap();
    let running = serve(archive, list).await;
    let mut seven = associate(running.port, "SEVEN").await;
    let mut eight = associate(running.port, "EIGHT").await;
    let mut site = associate(running.port, "SITE").await;
    assert_eq!(seven.store(instance(0)).await.unwrap().status, Status::SUCCESS);
    // Neither more of the study nor the object that is there.
    for number in [1, 0] {
        let outcome = eight.store(instance(number)).await.unwrap();
        assert_eq!(outcome.status, Status::NOT_AUTHORIZED);
        let words = outcome.comment.unwrap_or_default();
        assert!(words.contains("another organisation"), "{words}");
    }
    let index = running.archive.index();
    assert_eq!(index.count(&Query::all(Level::Instance)).await.unwrap(), 1);
    assert_eq!(index.objects().await.unwrap().len(), 1);
    let studies = [
        (FIND, identifier("STUDY", tags::STUDY_INSTANCE_UID, VR::UI, STUDY)),
        (FIND, identifier("STUDY", tags::PATIENT_ID, VR::LO, "P77")),
        (
            FIND,
            identifier("SERIES", tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
        ),
        (FIND, identifier("IMAGE", tags::MODALITY, VR::CS, "CT")),
        (
            PATIENT_FIND,
            identifier("PATIENT", tags::PATIENT_ID, VR::LO, "P77"),
        ),
        (WORKLIST, object(&[(tags::PATIENT_NAME, VR::PN, "")])),
    ];
    for (class, identifier) in &studies {
        assert_eq!(
            find(&mut seven, class, identifier).await,
            (1, Status::SUCCESS),
            "{class}"
        );
        assert_eq!(
            find(&mut site, class, identifier).await,
            (1, Status::SUCCESS),
            "{class}"
        );
        assert_eq!(
            find(&mut eight, class, identifier).await,
            (0, Status::SUCCESS),
            "{class}"
        );
    }
    for named in [
        identifier("STUDY", tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
        identifier("SERIES", tags::SERIES_INSTANCE_UID, VR::UI, &format!("{STUDY}.0")),
        identifier("IMAGE", tags::SOP_INSTANCE_UID, VR::UI, &format!("{STUDY}.1")),
    ] {
        let got = eight.get(GET, &named, &Nobody, |_| {}).await.unwrap();
        assert_eq!(got.outcome.status, Status::SUCCESS);
        assert_eq!(got.counts.completed + got.counts.failed, 0, "{named:?}");
    }
    let named = identifier("STUDY", tags::STUDY_INSTANCE_UID, VR::UI, STUDY);
    let got = seven.get(GET, &named, &Nobody, |_| {}).await.unwrap();
    assert_eq!(
        got.counts.completed + got.counts.failed,
        1,
        "one is on offer to whose it is"
    );
    // What is performed is told to who reported it, before there are images.
    let report = |operation, data_set| NormalizedRequest {
        operation,
        sop_class_uid: MPPS.to_owned(),
        sop_instance_uid: Some("1.2.7".to_owned()),
        data_set,
    };
    let begun = report(Operation::Create, Some(begun("S1")));
    assert_eq!(
        seven.normalized(begun).await.unwrap().outcome.status,
        Status::SUCCESS
    );
    let ask = || NormalizedRequest {
        sop_class_uid: MPPS_GET.to_owned(),
        ..report(Operation::Get(Vec::new()), None)
    };
    let change = || {
        report(
            Operation::Set,
            Some(object(&[(tags::SERIES_DESCRIPTION, VR::LO, "x")])),
        )
    };
    for request in [ask(), change()] {
        let shown = eight.normalized(request).await.unwrap();
        assert_eq!(shown.outcome.status, Status::NO_SUCH_INSTANCE);
    }
    for request in [ask(), change()] {
        let shown = seven.normalized(request).await.unwrap();
        assert_ne!(shown.outcome.status, Status::NO_SUCH_INSTANCE);
    }
    // Nor is what another sent committed to.
    let named = [(uids::CT_IMAGE_STORAGE.to_owned(), instance(0).sop_instance_uid)];
    for (client, transaction, expected) in [(&mut eight, "1.2.78", 0), (&mut seven, "1.2.77", 1)] {
        client.request_commitment(transaction, &named).await.unwrap();
        let report = client.commitment(Duration::from_secs(20)).await.unwrap();
        assert_eq!(report.committed.len(), expected);
    }
    let seen = recorded.seen.lock().unwrap().clone();
    assert!(
        seen.contains(&format!("dimse:SEVEN Find {STUDY} C-FIND")),
        "{seen:?}"
    );
    assert!(
        seen.contains(&format!("dimse:SEVEN Export {STUDY} C-GET")),
        "{seen:?}"
    );
    let told = |words: &&String| words.starts_with("dimse:EIGHT") && words.contains(STUDY);
    assert_eq!(seen.iter().find(told), None);
    let refused = recorded.refused.lock().unwrap().clone();
    assert!(
        refused.contains(&format!("dimse:EIGHT Export {STUDY}")),
        "{refused:?}"
    );
    for client in [seven, eight, site] {
        client.release().await.unwrap();
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_answered() {
    let folder = TestFolder::new("custody");
    let archive = archive(folder.path(), Default::default()).await;
    let list = list(&archive).await;
    let recorded = Arc::new(Recorded {
        list: list.clone(),
        is_broken: true,
        seen: Mutex::default(),
        refused: Mutex::default(),
    });
    let archive = archive.with_applications(list.clone()).with_authorize(recorded);
    let running = serve(archive, list).await;
    let mut seven = associate(running.port, "SEVEN").await;
    assert_eq!(seven.store(instance(0)).await.unwrap().status, Status::SUCCESS);
    let named = identifier("STUDY", tags::STUDY_INSTANCE_UID, VR::UI, STUDY);
    let (found, status) = find(&mut seven, FIND, &named).await;
    assert_eq!((found, status), (0, Status::PROCESSING_FAILURE));
    let got = seven.get(GET, &named, &Nobody, |_| {}).await.unwrap();
    assert_eq!(
        (got.outcome.status, got.counts.completed),
        (Status::PROCESSING_FAILURE, 0)
    );
    seven.release().await.unwrap();
    running.end().await;
}
