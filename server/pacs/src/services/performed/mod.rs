//! Modality Performed Procedure Step: what devices report that they do (PS3.4 F.7, F.8).
//!
//! Every report is kept, also one of a step that was never scheduled. Those that name a scheduled step move its state in the
//! same transaction.

mod store;

#[cfg(test)]
pub(super) mod tests;

use dicom_core::header::Header as _;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use dimse::server::{NormalizedOutcome, NormalizedRequest, Operation};
use dimse::{Outcome, Status};

use super::Archive;
use crate::dicomweb::compact;
use crate::identity::new_uid;
use crate::index::{self, Restriction};
use crate::orders::{self, OrderSource, Progress, Reference, State, text};

pub use store::{PerformedStep, of_study};

/// Attributes that N-CREATE must have a value of (PS3.4 table F.7.2-1).
const REQUIRED: &[Tag] = &[
    tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE,
    tags::PERFORMED_PROCEDURE_STEP_ID,
    tags::PERFORMED_STATION_AE_TITLE,
    tags::PERFORMED_PROCEDURE_STEP_START_DATE,
    tags::PERFORMED_PROCEDURE_STEP_START_TIME,
    tags::PERFORMED_PROCEDURE_STEP_STATUS,
    tags::MODALITY,
];

/// Attributes that must have a value when a step ends.
const REQUIRED_AT_END: &[Tag] = &[
    tags::PERFORMED_PROCEDURE_STEP_END_DATE,
    tags::PERFORMED_PROCEDURE_STEP_END_TIME,
];

/// Attributes that N-SET may not change: who the patient is, and what was scheduled.
const FIXED: &[Tag] = &[
    tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::REFERENCED_PATIENT_SEQUENCE,
    tags::PERFORMED_PROCEDURE_STEP_ID,
    tags::PERFORMED_STATION_AE_TITLE,
    tags::PERFORMED_STATION_NAME,
    tags::PERFORMED_LOCATION,
    tags::PERFORMED_PROCEDURE_STEP_START_DATE,
    tags::PERFORMED_PROCEDURE_STEP_START_TIME,
    tags::MODALITY,
    tags::STUDY_ID,
];

/// Attribute list error: done, but for some attributes.
const ATTRIBUTE_LIST_ERROR: Status = Status(0x0107);
/// An attribute that must have a value has none.
const MISSING_VALUE: Status = Status(0x0121);

/// Why a report was not taken.
enum Failure {
    Answer(Outcome),
    Database(index::Error),
}

impl From<Outcome> for Failure {
    fn from(outcome: Outcome) -> Self {
        Self::Answer(outcome)
    }
}

impl From<index::Error> for Failure {
    fn from(error: index::Error) -> Self {
        Self::Database(error)
    }
}

impl From<orders::Error> for Failure {
    fn from(error: orders::Error) -> Self {
        match error {
            orders::Error::Index(error) => Self::Database(error),
            other => {
                tracing::error!(error = %other, "an order was not moved");
                Self::Answer(Status::PROCESSING_FAILURE.into())
            }
        }
    }
}

impl Archive {
    /// Answers a request about a performed procedure step.
    pub(super) async fn performed(
        &self,
        actor: &str,
        request: NormalizedRequest,
        within: &Restriction,
    ) -> NormalizedOutcome {
        let uid = request.sop_instance_uid.unwrap_or_default();
        let attributes = request.data_set.unwrap_or_else(InMemDicomObject::new_empty);
        let is_new = request.operation == Operation::Create;
        if !is_new && !self.sees_step(actor, &uid, within).await {
            return Status::NO_SUCH_INSTANCE.into();
        }
        let answered = match request.operation {
            Operation::Create => self.begun(actor, uid, attributes).await,
            Operation::Set => self.changed(actor, &uid, attributes).await,
            Operation::Get(wanted) => self.shown(&uid, &wanted).await,
            _ => Err(Failure::Answer(Status::UNRECOGNIZED_OPERATION.into())),
        };
        answered.unwrap_or_else(|failure| match failure {
            Failure::Answer(outcome) => outcome.into(),
            Failure::Database(error) => {
                tracing::error!(%error, "a performed step was not kept");
                Outcome::new(Status::PROCESSING_FAILURE, "the archive cannot keep it now").into()
            }
        })
    }

    /// Whether a step is there for a peer: its own, or one of a study that is.
    async fn sees_step(&self, actor: &str, uid: &str, within: &Restriction) -> bool {
        if within.is_none() {
            return true;
        }
        let sees = async {
            Ok::<_, index::Error>(match store::origin(&self.index, uid).await? {
                Some((created_by, _)) if created_by == actor => true,
                Some((_, study_uid)) => self.index.is_within(within, &study_uid).await?,
                None => false,
            })
        };
        sees.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a performed step is not told of");
            false
        })
    }

    async fn begun(
        &self,
        actor: &str,
        uid: String,
        attributes: InMemDicomObject,
    ) -> Result<NormalizedOutcome, Failure> {
        complete(&attributes, REQUIRED)?;
        let state = state_of(&attributes)?;
        if state != State::InProgress {
            let words = "expected IN PROGRESS as status of a new step";
            return Err(refused(
                Status::INVALID_ATTRIBUTE,
                tags::PERFORMED_PROCEDURE_STEP_STATUS,
                words,
            )
            .into());
        }
        let (uid, is_ours) = match uid.is_empty() {
            true => (
                new_uid().map_err(|_| Outcome::from(Status::PROCESSING_FAILURE))?,
                true,
            ),
            false => (uid, false),
        };
        let step = PerformedStep {
            sop_uid: uid.clone(),
            state,
            attributes,
        };
        let change = self.index.begin().await?;
        if store::read(&*change, &uid).await?.is_some() {
            return Err(Outcome::new(Status::DUPLICATE_INSTANCE, "there is a step with this UID").into());
        }
        store::insert(&change, &step, actor).await?;
        self.orders_hear(&change, &step, actor).await?;
        change.commit().await?;
        Ok(NormalizedOutcome {
            outcome: Status::SUCCESS.into(),
            sop_instance_uid: is_ours.then_some(uid),
            data_set: None,
        })
    }

    async fn changed(
        &self,
        actor: &str,
        uid: &str,
        attributes: InMemDicomObject,
    ) -> Result<NormalizedOutcome, Failure> {
        let change = self.index.begin().await?;
        let Some(mut step) = store::read(&*change, uid).await? else {
            return Err(Outcome::from(Status::NO_SUCH_INSTANCE).into());
        };
        if step.state != State::InProgress {
            let words = "performed procedure step may no longer be updated";
            return Err(Outcome::new(Status::PROCESSING_FAILURE, words).into());
        }
        let refused = step.merge(&attributes);
        step.state = state_of(&step.attributes)?;
        if step.state != State::InProgress {
            complete(&step.attributes, REQUIRED_AT_END)?;
        }
        if step.state == State::Completed {
            complete(&step.attributes, &[tags::PERFORMED_SERIES_SEQUENCE])?;
        }
        store::update(&change, &step, actor).await?;
        self.orders_hear(&change, &step, actor).await?;
        change.commit().await?;
        Ok(Outcome {
            status: if refused.is_empty() {
                Status::SUCCESS
            } else {
                ATTRIBUTE_LIST_ERROR
            },
            comment: None,
            offending: refused,
        }
        .into())
    }

    async fn shown(&self, uid: &str, wanted: &[Tag]) -> Result<NormalizedOutcome, Failure> {
        let Some(step) = store::read(self.index.readers(), uid).await? else {
            return Err(Outcome::from(Status::NO_SUCH_INSTANCE).into());
        };
        let is_wanted = |tag: Tag| wanted.is_empty() || wanted.contains(&tag);
        let elements = step.attributes.iter().filter(|element| is_wanted(element.tag()));
        Ok(NormalizedOutcome {
            outcome: Status::SUCCESS.into(),
            sop_instance_uid: None,
            data_set: Some(InMemDicomObject::from_element_iter(elements.cloned())),
        })
    }

    /// Tells the source of orders what became of the scheduled steps that are named.
    async fn orders_hear(
        &self,
        change: &index::Change,
        step: &PerformedStep,
        actor: &str,
    ) -> Result<(), Failure> {
        let progress = match step.state {
            State::Scheduled => return Ok(()),
            State::InProgress => Progress::Start,
            State::Discontinued => Progress::Discontinue,
            State::Completed => Progress::Complete,
        };
        let orders: &dyn OrderSource = &*self.orders;
        for reference in step.references() {
            orders.progress(change, &reference, progress, actor).await?;
        }
        Ok(())
    }
}

impl PerformedStep {
    /// The scheduled steps that it performs.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        let items = self.attributes.get(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE);
        let items = items.and_then(DataElement::items).unwrap_or_default();
        let references = items.iter().map(|item| Reference {
            step_id: text(item, tags::SCHEDULED_PROCEDURE_STEP_ID),
            study_uid: text(item, tags::STUDY_INSTANCE_UID),
        });
        references
            .filter(|reference| !reference.step_id.is_empty())
            .collect()
    }

    /// Takes over what may change; gives the attributes that may not and would have.
    fn merge(&mut self, attributes: &InMemDicomObject) -> Vec<Tag> {
        let mut refused = Vec::new();
        for element in attributes {
            let tag = element.tag();
            if !FIXED.contains(&tag) {
                self.attributes.put(element.clone());
            } else if self.attributes.get(tag).map(as_text) != Some(as_text(element)) {
                refused.push(tag);
            }
        }
        refused
    }
}

/// An element in a form that can be compared: undefined lengths equal nothing.
fn as_text(element: &InMemElement) -> String {
    compact::write(&InMemDicomObject::from_element_iter([element.clone()]))
}

/// Every one of these has a value, or an item that names its study.
fn complete(attributes: &InMemDicomObject, required: &[Tag]) -> Result<(), Outcome> {
    for tag in required {
        let Some(element) = attributes.get(*tag) else {
            return Err(refused(
                Status::MISSING_ATTRIBUTE,
                *tag,
                "a required attribute is missing",
            ));
        };
        let has_value = match element.vr() {
            VR::SQ => element.items().is_some_and(|items| !items.is_empty()),
            _ => !text(attributes, *tag).is_empty(),
        };
        if !has_value {
            return Err(refused(MISSING_VALUE, *tag, "a required attribute has no value"));
        }
    }
    let steps = attributes.get(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE);
    let steps = steps.and_then(DataElement::items).unwrap_or_default();
    let study = tags::STUDY_INSTANCE_UID;
    if steps.iter().any(|step| text(step, study).is_empty()) {
        return Err(refused(
            Status::MISSING_ATTRIBUTE,
            study,
            "a step has no Study Instance UID",
        ));
    }
    Ok(())
}

fn state_of(attributes: &InMemDicomObject) -> Result<State, Outcome> {
    let tag = tags::PERFORMED_PROCEDURE_STEP_STATUS;
    let state = State::from_text(&text(attributes, tag)).filter(|state| *state != State::Scheduled);
    state.ok_or_else(|| {
        let words = "expected IN PROGRESS, COMPLETED or DISCONTINUED as status";
        refused(Status::INVALID_ATTRIBUTE, tag, words)
    })
}

fn refused(status: Status, tag: Tag, words: &str) -> Outcome {
    Outcome {
        offending: vec![tag],
        ..Outcome::new(status, words)
    }
}
