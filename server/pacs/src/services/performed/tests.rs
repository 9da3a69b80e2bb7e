//! Performed steps by our own user: the state machine of F.7.2, and the orders that follow it.

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dimse::server::{AllowList, NormalizedOutcome, NormalizedRequest, Operation};
use dimse::{Client, Proposal};

use super::super::performed_of_study;
use super::super::tests::{archive, client, object, serve};
use crate::orders::tests::order;
use crate::orders::{Filter, OrderSource as _, OrderTable, State, Step};
use crate::test_folder::TestFolder;

const CLASS: &str = uids::MODALITY_PERFORMED_PROCEDURE_STEP;
const STUDY: &str = "1.2.826.0.1.3680043.8.498.900.2";

pub(in crate::services) fn begun(step_id: &str) -> InMemDicomObject {
    let mut begun = object(&[
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::MODALITY, VR::CS, "NM"),
        (tags::PATIENT_NAME, VR::PN, "Wang^XiaoDong=王^小东"),
        (tags::PERFORMED_STATION_AE_TITLE, VR::AE, "SPECT1"),
        (tags::PERFORMED_PROCEDURE_STEP_START_DATE, VR::DA, "20260304"),
        (tags::PERFORMED_PROCEDURE_STEP_START_TIME, VR::TM, "0935"),
        (tags::PERFORMED_PROCEDURE_STEP_STATUS, VR::CS, "IN PROGRESS"),
        (tags::PERFORMED_PROCEDURE_STEP_ID, VR::SH, "PPS1"),
    ]);
    let scheduled = object(&[
        (tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
        (tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, step_id),
    ]);
    put_items(
        &mut begun,
        tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE,
        vec![scheduled],
    );
    begun
}

fn put_items(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

fn ended(state: &str) -> InMemDicomObject {
    let mut ended = object(&[
        (tags::PERFORMED_PROCEDURE_STEP_STATUS, VR::CS, state),
        (tags::PERFORMED_PROCEDURE_STEP_END_DATE, VR::DA, "20260304"),
        (tags::PERFORMED_PROCEDURE_STEP_END_TIME, VR::TM, "1005"),
    ]);
    let series = object(&[(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3.4")]);
    put_items(&mut ended, tags::PERFORMED_SERIES_SEQUENCE, vec![series]);
    ended
}

async fn ask(
    client: &mut Client,
    operation: Operation,
    uid: &str,
    data: InMemDicomObject,
) -> NormalizedOutcome {
    let request = NormalizedRequest {
        operation,
        sop_class_uid: CLASS.to_owned(),
        sop_instance_uid: Some(uid.to_owned()),
        data_set: Some(data),
    };
    client.normalized(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_performed_once_and_moves_its_order() {
    let folder = TestFolder::new("performed");
    let archive = archive(folder.path(), Default::default()).await;
    let orders = OrderTable::new(archive.index().clone());
    let steps = Step::all_of(&order("S1", "Wang^XiaoDong=王^小东", "20260304", "0930")).unwrap();
    orders.add(&steps, "cli", None).await.unwrap();
    let everybody = AllowList {
        others: Some(8),
        ..AllowList::default()
    };
    let running = serve(archive, everybody).await;
    let mut device = client(running.port, &[Proposal::uncompressed(CLASS)]).await;
    let state = async || {
        let filter = Filter {
            limit: 1,
            ..Filter::default()
        };
        orders.find(&filter).await.unwrap()[0].1.state
    };
    let without = |tag| {
        let mut object = begun("S1");
        object.remove_element(tag);
        object
    };
    let mut empty = begun("S1");
    empty.put(DataElement::new(tags::MODALITY, VR::CS, ""));
    let mut completed = begun("S1");
    completed.put(DataElement::new(
        tags::PERFORMED_PROCEDURE_STEP_STATUS,
        VR::CS,
        "COMPLETED",
    ));
    let mut not_ended = ended("COMPLETED");
    not_ended.remove_element(tags::PERFORMED_PROCEDURE_STEP_END_TIME);
    let mut no_series = ended("COMPLETED");
    put_items(&mut no_series, tags::PERFORMED_SERIES_SEQUENCE, Vec::new());
    let mut renamed = object(&[(tags::PATIENT_NAME, VR::PN, "Other")]);
    renamed.put(DataElement::new(
        tags::PERFORMED_PROCEDURE_STEP_DESCRIPTION,
        VR::LO,
        "whole body",
    ));
    for (operation, uid, data, status, after) in [
        (
            Operation::Create,
            "1.9.1",
            without(tags::PERFORMED_PROCEDURE_STEP_ID),
            0x0120,
            State::Scheduled,
        ),
        (
            Operation::Create,
            "1.9.1",
            without(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE),
            0x0120,
            State::Scheduled,
        ),
        (Operation::Create, "1.9.1", empty, 0x0121, State::Scheduled),
        (Operation::Create, "1.9.1", completed, 0x0106, State::Scheduled),
        (
            Operation::Set,
            "1.9.1",
            ended("COMPLETED"),
            0x0112,
            State::Scheduled,
        ),
        (Operation::Create, "1.9.1", begun("S1"), 0x0000, State::InProgress),
        (Operation::Create, "1.9.1", begun("S1"), 0x0111, State::InProgress),
        (Operation::Set, "1.9.1", renamed, 0x0107, State::InProgress),
        (Operation::Set, "1.9.1", not_ended, 0x0120, State::InProgress),
        (Operation::Set, "1.9.1", no_series, 0x0121, State::InProgress),
        (Operation::Set, "1.9.1", ended("DONE"), 0x0106, State::InProgress),
        (
            Operation::Set,
            "1.9.1",
            ended("DISCONTINUED"),
            0x0000,
            State::Discontinued,
        ),
        (
            Operation::Set,
            "1.9.1",
            ended("COMPLETED"),
            0x0110,
            State::Discontinued,
        ),
        // Begun anew under another UID, and done.
        (Operation::Create, "1.9.2", begun("S1"), 0x0000, State::InProgress),
        (
            Operation::Set,
            "1.9.2",
            ended("COMPLETED"),
            0x0000,
            State::Completed,
        ),
        (
            Operation::Set,
            "1.9.2",
            ended("IN PROGRESS"),
            0x0110,
            State::Completed,
        ),
        // Never scheduled: kept all the same.
        (Operation::Create, "1.9.3", begun(""), 0x0000, State::Completed),
        (Operation::Create, "1.9.4", begun("S9"), 0x0000, State::Completed),
    ] {
        let what = format!("{operation:?} {uid}");
        let answer = ask(&mut device, operation, uid, data).await;
        assert_eq!(answer.outcome.status.0, status, "{what}: {:?}", answer.outcome);
        assert_eq!(state().await, after, "{what}");
    }
    let shown = ask(
        &mut device,
        Operation::Get(vec![tags::PATIENT_NAME]),
        "1.9.1",
        InMemDicomObject::new_empty(),
    );
    let shown = shown.await.data_set.unwrap();
    assert_eq!(
        crate::orders::text(&shown, tags::PATIENT_NAME),
        "Wang^XiaoDong=王^小东"
    );
    let kept = performed_of_study(running.archive.index(), STUDY).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|step| step.sop_uid.as_str()).collect();
    assert_eq!(kept, ["1.9.1", "1.9.2", "1.9.3", "1.9.4"]);
    running.end().await;
}
