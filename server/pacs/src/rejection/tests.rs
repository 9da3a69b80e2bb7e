//! Notes of rejection, from whom they are heeded, and what becomes of what they name.

use std::path::Path;

use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::note;
use crate::access::{Action, Authorize, Context, Failed, Principal};
use crate::corrections::tests::{ask, object, on_both_archives, take};
use crate::events::Boxed;
use crate::index::{Level, Query, RejectionReason};
use crate::services::Archive;

fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, VR::SQ, Value::from(DataSetSequence::from(items)))
}

fn item(values: &[(Tag, VR, &str)]) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(
        values
            .iter()
            .map(|(tag, vr, value)| DataElement::new(*tag, *vr, *value)),
    )
}

/// A note of made-up identity that rejects instances of the made-up study.
fn key_objects(number: u32, code: &str, instances: &[&str]) -> InMemDicomObject {
    let mut note = object(
        number,
        &[
            (
                tags::SOP_CLASS_UID,
                VR::UI,
                uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
            ),
            (tags::MODALITY, VR::CS, "KO"),
            (tags::SERIES_INSTANCE_UID, VR::UI, "2.25.77.9"),
        ],
    );
    let title = [
        (tags::CODE_VALUE, VR::SH, code),
        (tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM"),
        (tags::CODE_MEANING, VR::LO, "title"),
    ];
    note.put(sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![item(&title)]));
    let named = instances
        .iter()
        .map(|uid| item(&[(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, uid)]));
    let mut series = item(&[(tags::SERIES_INSTANCE_UID, VR::UI, "2.25.77.0")]);
    series.put(sequence(tags::REFERENCED_SOP_SEQUENCE, named.collect()));
    let mut study = item(&[(tags::STUDY_INSTANCE_UID, VR::UI, "2.25.77")]);
    study.put(sequence(tags::REFERENCED_SERIES_SEQUENCE, vec![series]));
    note.put(sequence(
        tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
        vec![study],
    ));
    note
}

/// One application may reject.
#[derive(Debug)]
struct Rights;

impl Authorize for Rights {
    fn bearer<'a>(
        &'a self,
        _token: &'a str,
        _context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        Box::pin(async { Ok(None) })
    }

    fn may<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        _study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        let may = *who == Principal::Application("CT1".to_owned()) && action == Action::Correct;
        Box::pin(async move { Ok(may) })
    }
}

#[test]
fn only_titles_of_rejection_reject() {
    for (code, expected) in [
        ("113001", Some(RejectionReason::Quality)),
        ("113037", Some(RejectionReason::PatientSafety)),
        ("113038", Some(RejectionReason::WrongWorklistEntry)),
        ("113039", Some(RejectionReason::RetentionExpired)),
        // Of Interest.
        ("113000", None),
    ] {
        let found = note(&key_objects(5, code, &["2.25.77.1"]));
        assert_eq!(found.as_ref().map(|note| note.reason), expected, "{code}");
        assert!(found.is_none_or(|note| note.instances["2.25.77"] == ["2.25.77.1"]));
    }
    assert_eq!(note(&object(1, &[])), None);
}

#[tokio::test]
async fn a_note_is_heeded_once_and_from_who_may() {
    on_both_archives(async |_folder: &Path, archive: Archive| {
        for number in 1..4 {
            take(&archive, &object(number, &[])).await;
        }
        let visible = async || archive.index().count(&Query::all(Level::Instance)).await.unwrap();
        let receipt = take(&archive, &key_objects(5, "113001", &["2.25.77.1", "2.25.77.2"])).await;
        let heed = async |sender: &str| {
            let sender = Principal::Application(sender.to_owned());
            archive
                .heed_note(&receipt, &sender, &Context::default(), &Rights)
                .await
                .unwrap()
        };
        assert!(heed("STRANGER").await.is_empty());
        assert_eq!(visible().await, 4);
        let made = heed("CT1").await;
        assert_eq!((made.len(), visible().await), (1, 2));
        // Sent again: the same note, and what it rejected.
        assert!(heed("CT1").await.is_empty());
        take(&archive, &object(1, &[])).await;
        assert_eq!(visible().await, 2);
        let before = archive.index().dump().await.unwrap();
        archive.ingest().rebuild().await.unwrap();
        assert_eq!(archive.index().dump().await.unwrap(), before);
        let (_, listed) = ask(&archive, "GET", "/archive/rejections?study=2.25.77", None).await;
        let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap();
        assert_eq!(listed["items"][0]["note"], "2.25.77.5");
        assert_eq!(listed["items"][0]["actor"], "dimse:CT1");
        let (status, _) = ask(
            &archive,
            "DELETE",
            &format!("/archive/rejections/{}", made[0]),
            None,
        )
        .await;
        assert_eq!(status, 204);
        assert_eq!(visible().await, 4);
        // What a person undid stays undone when the note comes again.
        assert!(heed("CT1").await.is_empty());
        let reject =
            serde_json::json!({ "study": "2.25.77", "instances": ["2.25.77.3"], "reason": "113037" });
        assert_eq!(
            ask(&archive, "POST", "/archive/rejections", Some(reject)).await.0,
            201
        );
        assert_eq!(visible().await, 3);
        let wrong = serde_json::json!({ "study": "2.25.77", "reason": "1" });
        assert_eq!(
            ask(&archive, "POST", "/archive/rejections", Some(wrong)).await.0,
            400
        );
    })
    .await;
}
