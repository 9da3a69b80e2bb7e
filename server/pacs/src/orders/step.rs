//! One scheduled procedure step as a worklist has it (PS3.4 K.6.1.2.2).

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::State;
use crate::index::{date_form, time_form};

/// An order: one scheduled procedure step, with its patient and its requested procedure around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Scheduled Procedure Step ID.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// The worklist item; its Scheduled Procedure Step Sequence has one item.
    pub item: InMemDicomObject,
}

/// What an item lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// An attribute that every item must have a value of.
    #[error("no {0} in the worklist item")]
    Missing(Tag),
    /// A value that is none.
    #[error("{tag} in the worklist item: expected {expected}")]
    Value {
        /// The attribute.
        tag: Tag,
        /// What it should have.
        expected: &'static str,
    },
}

/// Attributes that answers must have a value of, but for the step's own.
const REQUIRED: &[Tag] = &[
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::STUDY_INSTANCE_UID,
    tags::REQUESTED_PROCEDURE_ID,
];

/// The same within the Scheduled Procedure Step Sequence.
const REQUIRED_OF_STEP: &[Tag] = &[
    tags::SCHEDULED_PROCEDURE_STEP_ID,
    tags::SCHEDULED_STATION_AE_TITLE,
    tags::SCHEDULED_PROCEDURE_STEP_START_DATE,
    tags::SCHEDULED_PROCEDURE_STEP_START_TIME,
    tags::MODALITY,
];

/// An attribute's text, empty where there is none.
pub(crate) fn text(object: &InMemDicomObject, tag: Tag) -> String {
    let text = object.get(tag).and_then(|element| element.to_str().ok());
    // Databases do not take NUL, which pads UIDs and nothing else.
    text.map_or_else(String::new, |text| {
        text.replace('\0', "").trim_matches(' ').to_owned()
    })
}

impl Step {
    /// Takes a data set as new orders: one for each item of its Scheduled Procedure Step Sequence.
    ///
    /// # Errors
    ///
    /// [`Invalid`], naming the attribute.
    pub fn all_of(object: &InMemDicomObject) -> Result<Vec<Self>, Invalid> {
        for tag in REQUIRED {
            required(object, *tag)?;
        }
        let described = [
            tags::REQUESTED_PROCEDURE_DESCRIPTION,
            tags::REQUESTED_PROCEDURE_CODE_SEQUENCE,
        ];
        one_of(object, described)?;
        let uid = text(object, tags::STUDY_INSTANCE_UID);
        let is_uid =
            uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.') && uid.contains('.');
        checked(
            is_uid,
            tags::STUDY_INSTANCE_UID,
            "a UID of at most 64 digits and dots",
        )?;
        let steps = object.get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE);
        let steps = steps.and_then(DataElement::items).unwrap_or_default();
        if steps.is_empty() {
            return Err(Invalid::Missing(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE));
        }
        steps.iter().map(|step| Self::of(object, step)).collect()
    }

    fn of(object: &InMemDicomObject, step: &InMemDicomObject) -> Result<Self, Invalid> {
        for tag in REQUIRED_OF_STEP {
            required(step, *tag)?;
        }
        let described = [
            tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION,
            tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE,
        ];
        one_of(step, described)?;
        let day = date_form(&text(step, tags::SCHEDULED_PROCEDURE_STEP_START_DATE));
        let number = |range| day.get(range).and_then(|part: &str| part.parse::<u32>().ok());
        let is_day = day.len() == 8
            && day.bytes().all(|byte| byte.is_ascii_digit())
            && number(4..6).is_some_and(|month| (1..=12).contains(&month))
            && number(6..8).is_some_and(|day| (1..=31).contains(&day));
        checked(
            is_day,
            tags::SCHEDULED_PROCEDURE_STEP_START_DATE,
            "a date YYYYMMDD",
        )?;
        let time = time_form(&text(step, tags::SCHEDULED_PROCEDURE_STEP_START_TIME));
        checked(
            time.is_some(),
            tags::SCHEDULED_PROCEDURE_STEP_START_TIME,
            "a time HHMMSS",
        )?;
        let id = text(step, tags::SCHEDULED_PROCEDURE_STEP_ID);
        checked(
            id.chars().count() <= 16,
            tags::SCHEDULED_PROCEDURE_STEP_ID,
            "at most 16 characters",
        )?;
        let mut item = object.clone();
        item.remove_element(tags::SPECIFIC_CHARACTER_SET);
        item.put(DataElement::new(
            tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(vec![step.clone()]),
        ));
        Ok(Self {
            id,
            state: State::Scheduled,
            item,
        })
    }

    /// The text of an attribute of the step itself.
    #[must_use]
    pub fn of_step(&self, tag: Tag) -> String {
        let steps = self.item.get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE);
        let step = steps.and_then(DataElement::items).and_then(<[_]>::first);
        step.map_or_else(String::new, |step| text(step, tag))
    }
}

fn required(object: &InMemDicomObject, tag: Tag) -> Result<(), Invalid> {
    let is_there = !text(object, tag).is_empty();
    is_there.then_some(()).ok_or(Invalid::Missing(tag))
}

fn one_of(object: &InMemDicomObject, tags: [Tag; 2]) -> Result<(), Invalid> {
    let [description, codes] = tags;
    let has_codes = object
        .get(codes)
        .and_then(DataElement::items)
        .is_some_and(|codes| !codes.is_empty());
    let is_there = has_codes || !text(object, description).is_empty();
    is_there.then_some(()).ok_or(Invalid::Missing(description))
}

fn checked(holds: bool, tag: Tag, expected: &'static str) -> Result<(), Invalid> {
    holds.then_some(()).ok_or(Invalid::Value { tag, expected })
}
