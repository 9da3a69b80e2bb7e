//! Who may associate and what each may do, changed while the provider runs.

use std::time::Duration;

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dimse::server::{NormalizedRequest, Operation};
use dimse::{Client, ClientConfig, Error, Proposal, Rejection, Status};

use super::super::applications::{ALL_ACTIONS, Application, Applications, check_title};
use super::{EXPLICIT, FIND, GET, archive, instance, object, serve};
use crate::access::Action;
use crate::index::Index;
use crate::index::tests::on_both;
use crate::test_folder::TestFolder;

const MPPS: &str = uids::MODALITY_PERFORMED_PROCEDURE_STEP;

async fn associate(port: u16, title: &str) -> Result<Client, Error> {
    let mut proposals = [FIND, GET, MPPS, uids::VERIFICATION]
        .map(Proposal::uncompressed)
        .to_vec();
    proposals.extend(Proposal::for_instances([(uids::CT_IMAGE_STORAGE, EXPLICIT)]));
    Client::connect(
        ("127.0.0.1", port),
        &ClientConfig::new(title, "UPTAKE"),
        &proposals,
    )
    .await
}

fn rejection(associated: Result<Client, Error>) -> Option<Rejection> {
    match associated {
        Err(Error::Rejected(rejection)) => Some(rejection),
        Err(other) => panic!("expected a rejection, found {other}"),
        Ok(_) => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_changed_while_the_provider_runs() {
    let folder = TestFolder::new("rights");
    let archive = archive(folder.path(), Default::default()).await;
    let index = archive.index().clone();
    let applications = Applications::open(index.clone())
        .await
        .unwrap()
        .called_as(&["UPTAKE".to_owned()]);
    let archive = archive.with_applications(applications.clone());
    let running = serve(archive, applications.clone()).await;
    let stranger = Some(Rejection::CALLING_AE_TITLE);
    assert_eq!(rejection(associate(running.port, "NEW").await), stranger);
    // As the command line does it: by another handle on the same table.
    let elsewhere = Applications::open(index).await.unwrap();
    let mut new = Application::new("NEW");
    new.may = vec![Action::Store];
    elsewhere.put(&new).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut standing = associate(running.port, "NEW").await.unwrap();
    assert_eq!(standing.store(instance(0)).await.unwrap().status, Status::SUCCESS);
    // The sixth association is rejected.
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(associate(running.port, "NEW").await.unwrap());
    }
    assert_eq!(
        rejection(associate(running.port, "NEW").await),
        Some(Rejection::LOCAL_LIMIT)
    );
    drop(others);
    let wrong = ClientConfig::new("NEW", "OTHER");
    let verification = [Proposal::uncompressed(uids::VERIFICATION)];
    let wrong = Client::connect(("127.0.0.1", running.port), &wrong, &verification).await;
    assert_eq!(rejection(wrong), Some(Rejection::CALLED_AE_TITLE));
    // Where it calls from counts.
    new.networks = vec!["192.0.2.0/24".parse().unwrap()];
    applications.put(&new).await.unwrap();
    assert_eq!(rejection(associate(running.port, "NEW").await), stranger);
    // What was taken out may no more, on a standing association neither.
    assert!(applications.remove("NEW").await.unwrap());
    assert!(!applications.remove("NEW").await.unwrap());
    assert_eq!(
        standing.store(instance(1)).await.unwrap().status,
        Status::NOT_AUTHORIZED
    );
    running.end().await;
}

#[tokio::test]
async fn what_stands_in_the_configuration_follows_it_and_the_others_stay() {
    on_both(async |index: Index| {
        let applications = Applications::open(index.clone()).await.unwrap();
        let listed = || {
            let all = applications.all().into_iter();
            let all = all.map(|one| (one.ae_title, one.associations, one.is_configured));
            all.collect::<Vec<_>>()
        };
        let file = |titles: &[&str]| {
            titles
                .iter()
                .map(|title| Application::new(title))
                .collect::<Vec<_>>()
        };
        applications.put(&Application::new("LIVE")).await.unwrap();
        applications.configure(&file(&["CT", "PET"])).await.unwrap();
        let (ct, pet) = (("CT".to_owned(), 5, true), ("PET".to_owned(), 5, true));
        let live = ("LIVE".to_owned(), 5, false);
        assert_eq!(listed(), [ct, live.clone(), pet.clone()]);
        // The next start, after CT was taken out of the file.
        applications.configure(&file(&["PET"])).await.unwrap();
        assert_eq!(listed(), [live.clone(), pet]);
        // What was added live and stands in the file later is the file's.
        let mut changed = file(&["LIVE"]);
        changed[0].associations = 7;
        applications.configure(&changed).await.unwrap();
        assert_eq!(listed(), [("LIVE".to_owned(), 7, true)]);
        applications.configure(&[]).await.unwrap();
        assert!(listed().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_asks_what_its_application_may() {
    let folder = TestFolder::new("rights");
    let archive = archive(folder.path(), Default::default()).await;
    let applications = Applications::open(archive.index().clone()).await.unwrap();
    let running = serve(
        archive.with_applications(applications.clone()),
        applications.clone(),
    )
    .await;
    let identifier = object(&[
        (tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
    ]);
    for may in ALL_ACTIONS {
        let mut one = Application::new("ONE");
        one.may = vec![may];
        applications.put(&one).await.unwrap();
        let mut client = associate(running.port, "ONE").await.unwrap();
        let stored = client.store(instance(0)).await.unwrap().status;
        let found = client
            .find(FIND, &identifier)
            .await
            .unwrap()
            .all(9)
            .await
            .unwrap()
            .1
            .status;
        let got = client
            .get(GET, &identifier, &Nobody, |_| {})
            .await
            .unwrap()
            .outcome
            .status;
        let request = NormalizedRequest {
            operation: Operation::Create,
            sop_class_uid: MPPS.to_owned(),
            sop_instance_uid: Some("1.2.3".to_owned()),
            data_set: None,
        };
        let reported = client.normalized(request).await.unwrap().outcome.status;
        for (action, status) in [
            (Action::Store, stored),
            (Action::Find, found),
            (Action::Export, got),
            (Action::Schedule, reported),
        ] {
            // Over DICOM's network both words are one.
            let may_so = if may == Action::Retrieve {
                Action::Export
            } else {
                may
            };
            assert_eq!(
                status != Status::NOT_AUTHORIZED,
                action == may_so,
                "{action:?} of one that may {may:?}"
            );
        }
        client.release().await.unwrap();
    }
    running.end().await;
}

struct Nobody;

impl dimse::Handler for Nobody {}

#[test]
fn titles_are_those_of_the_standard() {
    for (title, expected) in [
        ("A", true),
        ("SPECT 1", true),
        ("", false),
        (" A", false),
        ("A\\B", false),
    ] {
        assert_eq!(check_title(title).is_ok(), expected, "{title:?}");
    }
    assert!(check_title("SEVENTEENCHARACTR").is_err());
    assert!(check_title("王").is_err());
}
