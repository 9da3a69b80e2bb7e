//! What became of the objects of a request, as its response says it (PS3.18 10.5.3).

use axum::http::StatusCode;
use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::ingest::{Outcome, Reason, Receipt};

/// Out of resources.
pub(crate) const FULL: u16 = 0xA700;
/// The object is not what the request says of it.
pub(crate) const MISMATCH: u16 = 0xA900;
/// The bytes are not understood.
pub(crate) const NOT_UNDERSTOOD: u16 = 0xC000;
/// The study is another organisation's.
pub(crate) const NOT_AUTHORIZED: u16 = 0x0124;
/// The archive failed.
pub(crate) const FAILED: u16 = 0x0110;
/// Other bytes were there under the same UID: of the standard's warnings the one that says that not all is as it was sent.
pub(crate) const KEPT_BESIDE: u16 = 0xB000;

/// What became of one object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Taken {
    /// Kept, or refused by what it is.
    Judged(Outcome),
    /// Neither: a failure reason.
    Failed(u16),
}

/// What became of all of them, in the order they were sent.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What is acknowledged, and whether other bytes had the UID.
    stored: Vec<(Receipt, bool)>,
    /// What is known by its UIDs and was not stored: class, instance, reason.
    failed: Vec<(String, String, u16)>,
    /// Reasons of what is not known by UIDs.
    unknown: Vec<u16>,
}

impl Report {
    pub(crate) fn of(all: impl IntoIterator<Item = Taken>) -> Self {
        let mut report = Self::default();
        for taken in all {
            match taken {
                Taken::Judged(Outcome::Stored(receipt) | Outcome::IdenticalDuplicate(receipt)) => {
                    report.stored.push((receipt, false));
                }
                Taken::Judged(Outcome::DifferentDuplicate(receipt)) => report.stored.push((receipt, true)),
                Taken::Judged(Outcome::Refused(Reason::OtherStudy {
                    sop_class_uid,
                    sop_uid,
                })) => report.failed.push((sop_class_uid, sop_uid, MISMATCH)),
                Taken::Judged(Outcome::Refused(Reason::OtherCustodian {
                    sop_class_uid,
                    sop_uid,
                })) => report.failed.push((sop_class_uid, sop_uid, NOT_AUTHORIZED)),
                Taken::Judged(Outcome::Refused(reason)) => report.unknown.push(failure(&reason)),
                Taken::Failed(reason) => report.unknown.push(reason),
            }
        }
        report
    }

    /// Whether nothing was sent.
    pub(super) fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.failed.is_empty() && self.unknown.is_empty()
    }

    /// Whether an object was stored beside another of its UID.
    pub(super) fn has_beside(&self) -> bool {
        self.stored.iter().any(|(_, is_beside)| *is_beside)
    }

    /// The status of the response.
    pub(crate) fn status(&self) -> StatusCode {
        let is_whole = self.failed.is_empty() && self.unknown.is_empty();
        match (self.stored.is_empty(), is_whole) {
            (false, true) if !self.has_beside() => StatusCode::OK,
            (false, _) => StatusCode::ACCEPTED,
            (true, _) if self.unknown.contains(&FULL) => StatusCode::INSUFFICIENT_STORAGE,
            // Not the objects are at fault: a sender may try again.
            (true, _) if self.unknown.contains(&FAILED) => StatusCode::SERVICE_UNAVAILABLE,
            (true, _) => StatusCode::CONFLICT,
        }
    }

    /// The data set of the response; `service` is the address of DICOMweb.
    pub(super) fn data_set(&self, service: &str) -> InMemDicomObject {
        let study = |receipt: &Receipt| format!("{service}/studies/{}", receipt.study_uid);
        let mut all = InMemDicomObject::new_empty();
        let mut studies = self.stored.iter().map(|(receipt, _)| study(receipt));
        let first = studies.next().unwrap_or_default();
        let of_one_study = if studies.all(|other| other == first) {
            first
        } else {
            String::new()
        };
        all.put(text(tags::RETRIEVE_URL, VR::UR, &of_one_study));
        let stored = self.stored.iter().map(|(receipt, is_beside)| {
            let mut item = reference(&receipt.sop_class_uid, &receipt.sop_uid);
            let address = format!(
                "{}/series/{}/instances/{}",
                study(receipt),
                receipt.series_uid,
                receipt.sop_uid
            );
            item.put(text(tags::RETRIEVE_URL, VR::UR, &address));
            if *is_beside {
                item.put(reason(tags::WARNING_REASON, KEPT_BESIDE));
            }
            item
        });
        put(&mut all, tags::REFERENCED_SOP_SEQUENCE, stored.collect());
        let failed = self.failed.iter().map(|(class, instance, why)| {
            let mut item = reference(class, instance);
            item.put(reason(tags::FAILURE_REASON, *why));
            item
        });
        put(&mut all, tags::FAILED_SOP_SEQUENCE, failed.collect());
        let unknown = self.unknown.iter();
        let unknown =
            unknown.map(|why| InMemDicomObject::from_element_iter([reason(tags::FAILURE_REASON, *why)]));
        put(&mut all, tags::OTHER_FAILURES_SEQUENCE, unknown.collect());
        all
    }
}

/// The standard's number of why an object was refused.
fn failure(reason: &Reason) -> u16 {
    match reason {
        Reason::Missing(_) | Reason::BadUid(_) | Reason::Unannounced(_) | Reason::OtherStudy { .. } => {
            MISMATCH
        }
        Reason::OtherCustodian { .. } => NOT_AUTHORIZED,
        Reason::TooLarge { .. } => FULL,
        _ => NOT_UNDERSTOOD,
    }
}

fn put(all: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    if !items.is_empty() {
        let items = Value::from(DataSetSequence::from(items));
        all.put(DataElement::new(tag, VR::SQ, items));
    }
}

fn reference(class: &str, instance: &str) -> InMemDicomObject {
    InMemDicomObject::from_element_iter([
        text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, class),
        text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance),
    ])
}

fn text(tag: Tag, vr: VR, text: &str) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, vr, PrimitiveValue::from(text))
}

fn reason(tag: Tag, number: u16) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, VR::US, PrimitiveValue::from(number))
}
