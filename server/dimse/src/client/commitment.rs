//! Storage Commitment, Push Model (PS3.4 J.3): what is asked, what is reported, and asking for it.

use std::time::Duration;

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::Client;
use crate::Result;
use crate::association::unexpected;
use crate::server::{NormalizedOutcome, NormalizedRequest, Operation};

/// The event type of a report without failures.
const ALL_COMMITTED: u16 = 1;
/// The event type of a report with failures.
const SOME_FAILED: u16 = 2;
/// The action type of a request.
const REQUEST: u16 = 1;

/// SOP Class and SOP Instance UIDs.
pub type Instances = Vec<(String, String)>;

/// What a provider reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Transaction UID of the request.
    pub transaction_uid: String,
    /// Where the instances can be retrieved.
    pub retrieve_ae_title: Option<String>,
    /// Those it takes responsibility for.
    pub committed: Instances,
    /// Those it does not, with Failure Reason (PS3.3 C.14.1.1).
    pub failed: Vec<(String, String, u16)>,
}

fn text(object: &InMemDicomObject, tag: Tag) -> Option<String> {
    let text = object.get(tag)?.to_str().ok()?;
    Some(text.trim_matches(['\0', ' ']).to_owned()).filter(|text| !text.is_empty())
}

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    object.get(tag).and_then(DataElement::items).unwrap_or_default()
}

fn reference(class: &str, instance: &str) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put(&mut item, tags::REFERENCED_SOP_CLASS_UID, VR::UI, class);
    put(&mut item, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance);
    item
}

fn named(item: &InMemDicomObject) -> Option<(String, String)> {
    let class = text(item, tags::REFERENCED_SOP_CLASS_UID)?;
    Some((class, text(item, tags::REFERENCED_SOP_INSTANCE_UID)?))
}

/// Reads a request's Transaction UID and its instances; `None` where one of them is missing.
pub fn referenced(action: &InMemDicomObject) -> Option<(String, Instances)> {
    let transaction_uid = text(action, tags::TRANSACTION_UID)?;
    let instances: Option<Instances> = items(action, tags::REFERENCED_SOP_SEQUENCE)
        .iter()
        .map(named)
        .collect();
    Some((
        transaction_uid,
        instances.filter(|instances| !instances.is_empty())?,
    ))
}

/// Writes a report as the N-EVENT-REPORT that carries it.
pub fn reported(report: &Report) -> NormalizedRequest {
    let mut event = InMemDicomObject::new_empty();
    put(&mut event, tags::TRANSACTION_UID, VR::UI, &report.transaction_uid);
    if let Some(title) = &report.retrieve_ae_title {
        put(&mut event, tags::RETRIEVE_AE_TITLE, VR::AE, title);
    }
    let committed = report
        .committed
        .iter()
        .map(|(class, instance)| reference(class, instance));
    let failed = report.failed.iter().map(|(class, instance, reason)| {
        let mut item = reference(class, instance);
        item.put(DataElement::new(
            tags::FAILURE_REASON,
            VR::US,
            PrimitiveValue::from(*reason),
        ));
        item
    });
    let lists: [(Tag, Vec<_>); 2] = [
        (tags::REFERENCED_SOP_SEQUENCE, committed.collect()),
        (tags::FAILED_SOP_SEQUENCE, failed.collect()),
    ];
    for (tag, items) in lists.into_iter().filter(|(_, items)| !items.is_empty()) {
        event.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
    }
    let is_whole = report.failed.is_empty();
    NormalizedRequest {
        operation: Operation::EventReport(if is_whole { ALL_COMMITTED } else { SOME_FAILED }),
        sop_class_uid: uids::STORAGE_COMMITMENT_PUSH_MODEL.to_owned(),
        sop_instance_uid: Some(uids::STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE.to_owned()),
        data_set: Some(event),
    }
}

/// Reads the report of an N-EVENT-REPORT; `None` for anything else.
pub fn report_of(request: &NormalizedRequest) -> Option<Report> {
    let (Operation::EventReport(ALL_COMMITTED | SOME_FAILED), Some(event)) =
        (&request.operation, &request.data_set)
    else {
        return None;
    };
    let failed = items(event, tags::FAILED_SOP_SEQUENCE).iter().map(|item| {
        let (class, instance) = named(item)?;
        let reason = item
            .get(tags::FAILURE_REASON)
            .and_then(|reason| reason.to_int().ok());
        Some((class, instance, reason.unwrap_or(0)))
    });
    let committed = items(event, tags::REFERENCED_SOP_SEQUENCE).iter().map(named);
    Some(Report {
        transaction_uid: text(event, tags::TRANSACTION_UID)?,
        retrieve_ae_title: text(event, tags::RETRIEVE_AE_TITLE),
        committed: committed.collect::<Option<_>>()?,
        failed: failed.collect::<Option<_>>()?,
    })
}

impl Client {
    /// Asks the provider to take responsibility for instances; its report follows ([`Self::commitment`]), here or on an
    /// association of its own.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NoContext`] when the class was not accepted; otherwise the association is over.
    pub async fn request_commitment(
        &mut self,
        transaction_uid: &str,
        instances: &[(String, String)],
    ) -> Result<NormalizedOutcome> {
        let references: Vec<_> = instances
            .iter()
            .map(|(class, uid)| reference(class, uid))
            .collect();
        let mut action = InMemDicomObject::new_empty();
        put(&mut action, tags::TRANSACTION_UID, VR::UI, transaction_uid);
        action.put(DataElement::new(
            tags::REFERENCED_SOP_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(references),
        ));
        self.normalized(NormalizedRequest {
            operation: Operation::Action(REQUEST),
            sop_class_uid: uids::STORAGE_COMMITMENT_PUSH_MODEL.to_owned(),
            sop_instance_uid: Some(uids::STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE.to_owned()),
            data_set: Some(action),
        })
        .await
    }

    /// Waits for the report on this association.
    ///
    /// # Errors
    ///
    /// [`crate::Error::TimedOut`] and everything else ends the association.
    pub async fn commitment(&mut self, within: Duration) -> Result<Report> {
        let request = self.event_report(within).await?;
        match report_of(&request) {
            Some(report) => Ok(report),
            None => Err(self
                .fail(unexpected("a report of storage commitment", "another event"))
                .await),
        }
    }
}
