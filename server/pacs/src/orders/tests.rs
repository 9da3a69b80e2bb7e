//! Orders: what is taken, how they are found, how far they get, on both databases and over HTTP.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::access::{Action, Authorize, Context, Failed, Open, Principal};
use crate::dicomweb::compact;
use crate::events::Boxed;
use crate::events::EventTable;
use crate::index::tests::on_both;
use crate::test_folder::TestFolder;

/// A made-up order of a bone scan.
pub(crate) fn order(id: &str, name: &str, date: &str, time: &str) -> InMemDicomObject {
    let mut step = InMemDicomObject::new_empty();
    for (tag, vr, value) in [
        (tags::MODALITY, VR::CS, "NM"),
        (tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "SPECT1"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, date),
        (tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, time),
        (tags::SCHEDULED_PERFORMING_PHYSICIAN_NAME, VR::PN, "Li^Wei=李^伟"),
        (tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION, VR::LO, "全身骨显像"),
        (tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, id),
    ] {
        step.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
    let mut object = InMemDicomObject::new_empty();
    let study = format!("1.2.826.0.1.3680043.8.498.900.{}", id.len());
    for (tag, vr, value) in [
        (tags::ACCESSION_NUMBER, VR::SH, "A900"),
        (tags::PATIENT_NAME, VR::PN, name),
        (tags::PATIENT_ID, VR::LO, "P900"),
        (tags::PATIENT_SEX, VR::CS, "F"),
        (tags::STUDY_INSTANCE_UID, VR::UI, study.as_str()),
        (tags::REQUESTED_PROCEDURE_ID, VR::SH, "RP900"),
        (tags::REQUESTED_PROCEDURE_DESCRIPTION, VR::LO, "Bone scan"),
    ] {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
    object.put(DataElement::new(
        tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
        VR::SQ,
        DataSetSequence::from(vec![step]),
    ));
    object
}

fn usual(id: &str) -> InMemDicomObject {
    order(id, "Wang^XiaoDong=王^小东", "20260304", "0930")
}

/// The order with one attribute of its patient or of its step changed, or taken out.
fn changed(tag: Tag, value: Option<&str>) -> InMemDicomObject {
    let mut object = usual("S1");
    let steps = object.get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).unwrap();
    let mut step = steps.items().unwrap()[0].clone();
    let within = if object.get(tag).is_some() {
        &mut object
    } else {
        &mut step
    };
    within.remove_element(tag);
    if let Some(value) = value {
        within.put(DataElement::new(tag, VR::LO, PrimitiveValue::from(value)));
    }
    object.put(DataElement::new(
        tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
        VR::SQ,
        DataSetSequence::from(vec![step]),
    ));
    object
}

#[test]
fn an_item_must_have_what_a_worklist_needs() {
    assert_eq!(Step::all_of(&usual("S1")).unwrap()[0].id, "S1");
    for tag in [
        tags::PATIENT_NAME,
        tags::PATIENT_ID,
        tags::STUDY_INSTANCE_UID,
        tags::REQUESTED_PROCEDURE_ID,
        tags::REQUESTED_PROCEDURE_DESCRIPTION,
        tags::SCHEDULED_PROCEDURE_STEP_ID,
        tags::SCHEDULED_STATION_AE_TITLE,
        tags::SCHEDULED_PROCEDURE_STEP_START_DATE,
        tags::SCHEDULED_PROCEDURE_STEP_START_TIME,
        tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION,
        tags::MODALITY,
    ] {
        for value in [None, Some(""), Some(" ")] {
            assert_eq!(
                Step::all_of(&changed(tag, value)),
                Err(Invalid::Missing(tag)),
                "{tag} {value:?}"
            );
        }
    }
    for (tag, value) in [
        (tags::STUDY_INSTANCE_UID, "1.2.x"),
        (tags::STUDY_INSTANCE_UID, "12"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_DATE, "20261301"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_DATE, "2026030"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_DATE, "王王"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_TIME, "noon"),
        (tags::SCHEDULED_PROCEDURE_STEP_ID, "12345678901234567"),
    ] {
        let found = Step::all_of(&changed(tag, Some(value)));
        assert!(
            matches!(found, Err(Invalid::Value { tag: named, .. }) if named == tag),
            "{tag} {value}"
        );
    }
}

#[test]
fn what_is_completed_stays_so() {
    use Progress::{Complete, Discontinue, Reopen, Start};
    use State::{Completed, Discontinued, InProgress, Scheduled};
    for (state, events) in [
        (
            Scheduled,
            [Some(InProgress), Some(Discontinued), Some(Completed), None],
        ),
        (
            InProgress,
            [Some(InProgress), Some(Discontinued), Some(Completed), None],
        ),
        (Discontinued, [Some(InProgress), None, None, Some(Scheduled)]),
        (Completed, [None, None, None, None]),
    ] {
        for (progress, expected) in [Start, Discontinue, Complete, Reopen].into_iter().zip(events) {
            assert_eq!(state.next(progress).ok(), expected, "{state:?} {progress:?}");
        }
        assert_eq!(State::from_text(state.as_str()), Some(state));
    }
}

fn key(values: &[(Tag, VR, &str)], step: &[(Tag, VR, &str)]) -> InMemDicomObject {
    let object = |values: &[(Tag, VR, &str)]| {
        let elements = values
            .iter()
            .map(|(tag, vr, value)| DataElement::new(*tag, *vr, PrimitiveValue::from(*value)));
        InMemDicomObject::from_element_iter(elements)
    };
    let mut identifier = object(values);
    identifier.put(DataElement::new(
        tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
        VR::SQ,
        DataSetSequence::from(vec![object(step)]),
    ));
    identifier
}

#[test]
fn every_required_key_is_matched() {
    let item = usual("S1");
    let name = |text| key(&[(tags::PATIENT_NAME, VR::PN, text)], &[]);
    let of_step = |tag, vr, text| key(&[], &[(tag, vr, text)]);
    let start = |date, time| {
        key(
            &[],
            &[
                (tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, date),
                (tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, time),
            ],
        )
    };
    for (identifier, expected) in [
        (key(&[], &[]), true),
        (name("王^小*"), true),
        (name("王*"), true),
        (name("wang^*"), true),
        (name("李*"), false),
        (key(&[(tags::PATIENT_ID, VR::LO, "P900")], &[]), true),
        (key(&[(tags::PATIENT_ID, VR::LO, "P90")], &[]), false),
        (key(&[(tags::ACCESSION_NUMBER, VR::SH, "A9*")], &[]), true),
        (
            key(&[(tags::REQUESTED_PROCEDURE_ID, VR::SH, "RP901")], &[]),
            false,
        ),
        (of_step(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "SPECT1"), true),
        (of_step(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, "SPECT2"), false),
        (of_step(tags::MODALITY, VR::CS, "NM"), true),
        (of_step(tags::MODALITY, VR::CS, "PT"), false),
        (
            of_step(tags::SCHEDULED_PERFORMING_PHYSICIAN_NAME, VR::PN, "李*"),
            true,
        ),
        (
            of_step(tags::SCHEDULED_PERFORMING_PHYSICIAN_NAME, VR::PN, "王*"),
            false,
        ),
        (start("20260304", ""), true),
        (start("20260305", ""), false),
        (start("20260301-20260304", ""), true),
        (start("-20260303", ""), false),
        (start("", "0900-1000"), true),
        (start("", "1000-"), false),
        // Both as ranges are one range: from the first day's time to the last day's.
        (start("20260303-20260305", "1000-1100"), true),
        (start("20260304-20260305", "1000-1100"), false),
        (start("20260304-20260304", "0900-0930"), true),
        (start("20260303-20260304", "0900-0929"), false),
    ] {
        let matched = Identifier::new(identifier.clone()).unwrap().matches(&item);
        assert_eq!(matched, expected, "{identifier:?}");
    }
}

#[test]
fn an_answer_has_what_was_asked_for() {
    let item = usual("S1");
    let identifier = key(
        &[
            (tags::PATIENT_NAME, VR::PN, ""),
            (tags::PATIENT_BIRTH_DATE, VR::DA, ""),
        ],
        &[(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "")],
    );
    let answer = Identifier::new(identifier).unwrap().answer(&item);
    assert_eq!(text(&answer, tags::PATIENT_NAME), "Wang^XiaoDong=王^小东");
    assert!(
        text(&answer, tags::PATIENT_BIRTH_DATE).is_empty() && answer.get(tags::PATIENT_BIRTH_DATE).is_some()
    );
    let steps = answer
        .get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)
        .unwrap()
        .items()
        .unwrap();
    assert_eq!((steps.len(), steps[0].iter().count()), (1, 1));
    assert_eq!(text(&steps[0], tags::SCHEDULED_PROCEDURE_STEP_ID), "S1");
    // Nothing asked within a sequence asks for all of it.
    let answer = Identifier::new(key(&[], &[])).unwrap().answer(&item);
    let steps = answer
        .get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)
        .unwrap()
        .items()
        .unwrap();
    assert_eq!(steps[0].iter().count(), 7);
}

#[test]
fn files_of_both_kinds_are_imported() {
    let item = usual("S1");
    let json = compact::write(&item);
    let list = format!("[{json}, {}]", compact::write(&usual("S22")));
    let bytes =
        dimse::data_set::encode(&dimse::CharacterSet::Gb18030.apply(&item), "1.2.840.10008.1.2.1").unwrap();
    let meta = dicom_object::FileMetaTableBuilder::new()
        .transfer_syntax("1.2.840.10008.1.2.1")
        .media_storage_sop_class_uid("1.2.840.10008.5.1.4.31")
        .media_storage_sop_instance_uid("1.2.3");
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    meta.build().unwrap().write(&mut file).unwrap();
    file.extend(bytes);
    for (bytes, count) in [(json.as_bytes(), 1), (list.as_bytes(), 2), (file.as_slice(), 1)] {
        let steps = import(bytes).unwrap();
        assert_eq!(steps.len(), count);
        assert_eq!(text(&steps[0].item, tags::PATIENT_NAME), "Wang^XiaoDong=王^小东");
        assert_eq!(
            steps[0].of_step(tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION),
            "全身骨显像"
        );
    }
    for bytes in ["", "nothing", "[1]", "{\"00100010\": 1}", "[{}]"] {
        assert!(import(bytes.as_bytes()).is_err(), "{bytes}");
    }
}

#[tokio::test]
async fn orders_are_kept_found_and_moved() {
    on_both(async |index| {
        let orders = OrderTable::new(index.clone());
        let mut steps = Step::all_of(&usual("S1")).unwrap();
        steps.extend(Step::all_of(&order("S22", "Li^Si=李^四", "20260305", "101500")).unwrap());
        orders.add(&steps, "cli", None).await.unwrap();
        assert!(
            matches!(orders.add(&steps[1..], "cli", None).await, Err(Error::Duplicate(id)) if id == "S22")
        );
        let list = async |change: &dyn Fn(&mut Filter)| {
            let mut filter = Filter {
                limit: 10,
                ..Filter::default()
            };
            change(&mut filter);
            let found = orders.find(&filter).await.unwrap();
            found.into_iter().map(|(_, step)| step.id).collect::<Vec<_>>()
        };
        assert_eq!(list(&|_| {}).await, ["S1", "S22"]);
        assert_eq!(list(&|f| f.limit = 1).await, ["S1"]);
        assert_eq!(
            list(&|f| f.dates = ("20260305".into(), String::new())).await,
            ["S22"]
        );
        assert_eq!(list(&|f| f.station = Some("SPECT1".into())).await.len(), 2);
        assert!(list(&|f| f.station = Some("SPECT_".into())).await.is_empty());
        assert!(list(&|f| f.station = Some("PECT1".into())).await.is_empty());
        assert!(list(&|f| f.modality = Some("PT".into())).await.is_empty());
        orders
            .set_state("S1", State::Completed, &Restriction::NONE, "web:desk")
            .await
            .unwrap();
        assert!(matches!(
            orders
                .set_state("S1", State::Discontinued, &Restriction::NONE, "web:desk")
                .await,
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            orders
                .set_state("S0", State::Completed, &Restriction::NONE, "cli")
                .await,
            Err(Error::Unknown(_))
        ));
        assert_eq!(list(&|f| f.states = vec![State::Scheduled]).await, ["S22"]);
        let events = EventTable::after(&index, 0, 10).await.unwrap();
        let told: Vec<_> = events
            .iter()
            .map(|(_, e)| (e.kind.as_str(), e.actor.as_str()))
            .collect();
        let added = ("order-added", "cli");
        assert_eq!(told, [added, added, ("order-moved", "web:desk")]);
        let (_, found) = &orders
            .find(&Filter {
                limit: 1,
                ..Filter::default()
            })
            .await
            .unwrap()[0];
        assert_eq!(compact::write(&found.item), compact::write(&steps[0].item));
    })
    .await;
}

#[derive(Debug)]
struct ReadsOnly;

impl Authorize for ReadsOnly {
    fn bearer<'a>(
        &'a self,
        _token: &'a str,
        _context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        Box::pin(async { Ok(Some(Principal::Anyone)) })
    }

    fn may<'a>(
        &'a self,
        _who: &'a Principal,
        action: Action,
        _study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        let may = action == Action::Find;
        Box::pin(async move { Ok(may) })
    }
}

#[tokio::test]
async fn the_web_interface_adds_lists_and_moves() {
    let folder = TestFolder::new("orders");
    let app = crate::http::tests::app(&folder, Arc::new(Open)).await;
    let ask = async |method: &str, path: &str, body: String| {
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let response = crate::http::router(app.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap_or_default(),
        )
    };
    let both = format!(
        "[{},{}]",
        compact::write(&usual("S1")),
        compact::write(&usual("S22"))
    );
    let (status, told) = ask("POST", "/worklist", both.clone()).await;
    assert_eq!((status, &told["steps"][1]), (StatusCode::CREATED, &"S22".into()));
    assert_eq!(ask("POST", "/worklist", both).await.0, StatusCode::CONFLICT);
    assert_eq!(
        ask("POST", "/worklist", "{}".into()).await.0,
        StatusCode::BAD_REQUEST
    );
    let (_, told) = ask(
        "GET",
        "/worklist?date=20260304&limit=1&state=SCHEDULED",
        String::new(),
    )
    .await;
    assert_eq!(told["items"][0]["step"], "S1");
    assert_eq!(
        told["items"][0]["item"]["00100010"]["Value"][0]["Ideographic"],
        "王^小东"
    );
    let path = format!("/worklist?after={}", told["next"]);
    let (_, told) = ask("GET", &path, String::new()).await;
    assert_eq!(
        (&told["items"][0]["step"], &told["next"]),
        (&"S22".into(), &serde_json::Value::Null)
    );
    for (path, state, expected) in [
        ("/worklist/S1/state", "DISCONTINUED", StatusCode::NO_CONTENT),
        ("/worklist/S1/state", "COMPLETED", StatusCode::CONFLICT),
        ("/worklist/S1/state", "SCHEDULED", StatusCode::NO_CONTENT),
        ("/worklist/S1/state", "DONE", StatusCode::BAD_REQUEST),
        ("/worklist/S0/state", "COMPLETED", StatusCode::NOT_FOUND),
    ] {
        let body = format!("{{\"state\": \"{state}\"}}");
        assert_eq!(ask("PUT", path, body).await.0, expected, "{path} {state}");
    }
    for path in [
        "/worklist?limit=0",
        "/worklist?date=today",
        "/worklist?state=NEW",
        "/worklist?name=x",
    ] {
        assert_eq!(
            ask("GET", path, String::new()).await.0,
            StatusCode::BAD_REQUEST,
            "{path}"
        );
    }
    let folder = TestFolder::new("orders");
    let app = crate::http::tests::app(&folder, Arc::new(ReadsOnly)).await;
    let request = Request::get("/worklist")
        .header("authorization", "Bearer x")
        .body(Body::empty())
        .unwrap();
    let response = crate::http::router(app).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
