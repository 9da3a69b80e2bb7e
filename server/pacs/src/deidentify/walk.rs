//! From the table's actions to the data set, sequence within sequence.
//!
//! Depth and number of elements are limited where the data set is read.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::Length;
use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;

use super::identifiers::Identifiers;
use super::options::{Dates, Options};
use super::pseudonym::Pseudonyms;
use super::structured::is_public_code;
use super::table::{Action, Table};
use super::{dates, dummy, private};
use crate::dicomweb::signedness;

/// What SUV is computed from besides what the table leaves alone.
const SUV: &[Tag] = &[
    tags::PATIENT_SEX,
    tags::PATIENT_AGE,
    tags::PATIENT_SIZE,
    tags::PATIENT_WEIGHT,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::SERIES_DATE,
    tags::SERIES_TIME,
    tags::ACQUISITION_DATE,
    tags::ACQUISITION_TIME,
    tags::ACQUISITION_DATE_TIME,
    tags::CONTENT_DATE,
    tags::CONTENT_TIME,
    tags::RADIOPHARMACEUTICAL_START_TIME,
    tags::RADIOPHARMACEUTICAL_STOP_TIME,
    tags::RADIOPHARMACEUTICAL_START_DATE_TIME,
    tags::RADIOPHARMACEUTICAL_STOP_DATE_TIME,
    tags::DECAY_CORRECTION_DATE_TIME,
    tags::FRAME_ACQUISITION_DATE_TIME,
    tags::FRAME_REFERENCE_DATE_TIME,
];

/// UIDs that name a class, a scheme or a vocabulary, not an object.
const NAMING: &[Tag] = &[
    tags::SOP_CLASS_UID,
    tags::REFERENCED_SOP_CLASS_UID,
    tags::RELATED_GENERAL_SOP_CLASS_UID,
    tags::ORIGINAL_SPECIALIZED_SOP_CLASS_UID,
    tags::SOP_CLASSES_IN_STUDY,
    tags::CODING_SCHEME_UID,
    tags::CONTEXT_UID,
    tags::MAPPING_RESOURCE_UID,
];

/// Whose words are the manufacturer's own, and decide how numbers are read.
const VENDOR: &[Tag] = &[tags::MANUFACTURER, tags::MANUFACTURER_MODEL_NAME];

/// The root of the UIDs that the standard itself gives out.
const STANDARD_ROOT: &str = "1.2.840.10008.";

/// What is done to one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Remove,
    Empty,
    Dummy,
    Keep,
    Uid,
    Shift,
}

/// Whether text within a sequence is replaced whatever the table says of its attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// No: the table decides.
    Table,
    /// Yes: the sequence itself is to be a dummy. With `codes`, codes of public schemes stay.
    Dummy { codes: bool },
}

type Element = DataElement<InMemDicomObject>;

/// One pass over an object.
pub(super) struct Walk<'a> {
    options: &'a Options,
    pseudonyms: &'a Pseudonyms<'a>,
    identifiers: &'a Identifiers,
    /// Where an identifier of the object was found beyond the table.
    pub(super) found_in: Vec<Tag>,
    /// Whether the pixels are signed: the new object is explicit, the original may not have been.
    is_signed: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        options: &'a Options,
        pseudonyms: &'a Pseudonyms,
        identifiers: &'a Identifiers,
    ) -> Self {
        Self {
            options,
            pseudonyms,
            identifiers,
            found_in: Vec::new(),
            is_signed: false,
        }
    }

    /// De-identifies a data set in place.
    pub(super) fn data_set(&mut self, object: &mut InMemDicomObject) {
        self.is_signed = signedness::is_signed(object);
        self.object(object, Within::Table);
    }

    fn object(&mut self, object: &mut InMemDicomObject, within: Within) {
        let within = match within {
            Within::Dummy { codes: true } if is_public_code(object) => Within::Table,
            other => other,
        };
        let private = private::kept(object, self.options, self.pseudonyms.shift_days);
        let tags: Vec<Tag> = object.tags().collect();
        for tag in tags {
            let Some(element) = object.take(tag) else { continue };
            if tag.0 % 2 == 1 && Table::get().row(tag).is_none() {
                continue;
            }
            if let Some(element) = self.element(element, within) {
                let signed = if self.is_signed {
                    signedness::signed(&element)
                } else {
                    None
                };
                let element = signed.unwrap_or(element);
                object.put(element);
            }
        }
        for element in private {
            object.put(element);
        }
    }

    fn element(&mut self, element: Element, within: Within) -> Option<Element> {
        let (tag, vr) = (element.header().tag, element.vr());
        let mut step = self.step(tag, vr);
        if matches!(step, Step::Keep) && within != Within::Table && dummy::is_text(vr) {
            step = Step::Dummy;
        }
        if step == Step::Dummy && vr == VR::UI {
            step = Step::Uid;
        }
        if step == Step::Remove {
            return None;
        }
        if vr == VR::SQ {
            return self.sequence(element, step, within);
        }
        // A dummy has nothing of a value whose representation is unknown.
        let is_readable = (vr != VR::UN || step == Step::Dummy)
            && is_of_its_kind(tag, vr)
            && element.value().primitive().is_some();
        if step != Step::Empty && !is_readable {
            return None;
        }
        let value = element
            .value()
            .primitive()
            .cloned()
            .unwrap_or(PrimitiveValue::Empty);
        let value = self.value(tag, vr, value, step);
        Some(DataElement::new(tag, vr, value))
    }

    fn sequence(&mut self, element: Element, step: Step, within: Within) -> Option<Element> {
        let tag = element.header().tag;
        if step == Step::Empty {
            return Some(DataElement::new(
                tag,
                VR::SQ,
                Value::from(DataSetSequence::<InMemDicomObject>::empty()),
            ));
        }
        let codes = [
            tags::CONTENT_SEQUENCE,
            tags::GRAPHIC_ANNOTATION_SEQUENCE,
            tags::WAVEFORM_ANNOTATION_SEQUENCE,
        ];
        let within = match step {
            Step::Dummy => Within::Dummy {
                codes: codes.contains(&tag),
            },
            _ => within,
        };
        // A value that is no sequence has no items to clean.
        let mut items = element.into_value().into_items()?;
        items.iter_mut().for_each(|item| self.object(item, within));
        Some(DataElement::new(
            tag,
            VR::SQ,
            Value::from(DataSetSequence::new(items, Length::UNDEFINED)),
        ))
    }

    fn value(&mut self, tag: Tag, vr: VR, value: PrimitiveValue, step: Step) -> PrimitiveValue {
        match (tag, step) {
            (tags::PATIENT_NAME, Step::Dummy | Step::Empty) => {
                return self.pseudonyms.patient_name.as_str().into();
            }
            (tags::PATIENT_ID, Step::Dummy | Step::Empty) => {
                return self.pseudonyms.patient_id.as_str().into();
            }
            _ => {}
        }
        let is_empty = value.calculate_byte_len() == 0;
        match step {
            Step::Keep => self.kept(tag, vr, value),
            // A dummy in place of nothing would say more than was there.
            _ if is_empty => PrimitiveValue::Empty,
            Step::Uid => each(&value, |uid| Some(self.uid(uid))),
            Step::Shift => self.shifted(vr, &value),
            Step::Dummy => dummy::value(vr),
            Step::Empty | Step::Remove => PrimitiveValue::Empty,
        }
    }

    /// A value that stays, unless an identifier stands in it or it is no value of its representation.
    fn kept(&mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> PrimitiveValue {
        let is_number = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_digit() || b"+-.eE \\".contains(&byte))
        };
        match vr {
            VR::DS | VR::IS if !is_number(&value.to_str()) => return PrimitiveValue::Empty,
            VR::CS | VR::AS => {}
            // A patient's number that happens to be, or was made, a series'.
            VR::IS if tag != tags::NUMBER_OF_FRAMES && self.identifiers.are_in(&value.to_str()) => {
                self.found_in.push(tag);
                return PrimitiveValue::Empty;
            }
            _ if dummy::is_text(vr) => {}
            _ => return value,
        }
        let text = value.to_str();
        let is_found = if vr == VR::CS || VENDOR.contains(&tag) {
            self.identifiers.are_surely_in(&text)
        } else {
            self.identifiers.are_in(&text)
        };
        if !is_found {
            return value;
        }
        self.found_in.push(tag);
        dummy::value(vr)
    }

    fn uid(&self, uid: &str) -> String {
        if uid.is_empty() || uid.starts_with(STANDARD_ROOT) {
            return uid.to_owned();
        }
        self.pseudonyms.uid(uid)
    }

    /// Dates moved; times of day as they are; what is neither becomes a dummy.
    fn shifted(&self, vr: VR, value: &PrimitiveValue) -> PrimitiveValue {
        let days = self.pseudonyms.shift_days;
        let shifted = each(value, |text| match vr {
            VR::DA | VR::DT => dates::earlier(text, days),
            VR::TM => dates::is_time(text).then(|| text.to_owned()),
            // Time Zone Offset From UTC is the one of another representation.
            VR::SH
                if text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || b"+-".contains(&byte)) =>
            {
                Some(text.to_owned())
            }
            _ => None,
        });
        match shifted {
            PrimitiveValue::Empty => dummy::value(vr),
            shifted => shifted,
        }
    }

    fn step(&self, tag: Tag, vr: VR) -> Step {
        let is_overlay_or_curve = matches!(tag.0, 0x5000..=0x50FF | 0x6000..=0x60FF);
        if tag.0 < 0x0008 || is_overlay_or_curve || tag == tags::SPECIFIC_CHARACTER_SET || tag.0 == 0x7FE0 {
            return Step::Remove;
        }
        let is_date = matches!(vr, VR::DA | VR::DT | VR::TM) || tag == tags::TIMEZONE_OFFSET_FROM_UTC;
        if self.options.keep_suv && SUV.contains(&tag) {
            return match self.options.dates {
                Dates::Removed | Dates::Shifted if is_date => Step::Shift,
                _ => Step::Keep,
            };
        }
        let Some(row) = Table::get().row(tag) else {
            return self.unlisted(tag, vr);
        };
        match row.action(self.options) {
            Action::Clean if is_date => Step::Shift,
            Action::Clean => step_of(row.profile),
            action => step_of(action),
        }
    }

    /// What the table does not list is kept where its representation leaves no room for a person.
    fn unlisted(&self, tag: Tag, vr: VR) -> Step {
        if StandardDataDictionary.by_tag(tag).is_none() {
            return Step::Remove;
        }
        match vr {
            VR::PN | VR::LT | VR::ST | VR::UT | VR::UC | VR::AE => Step::Dummy,
            VR::UR => Step::Remove,
            VR::UI if self.options.keep_uids || NAMING.contains(&tag) => Step::Keep,
            VR::UI => Step::Uid,
            VR::DA | VR::DT | VR::TM => match self.options.dates {
                Dates::Removed => Step::Dummy,
                Dates::Shifted => Step::Shift,
                Dates::Kept => Step::Keep,
            },
            _ => Step::Keep,
        }
    }
}

/// The step that is conformant whatever the attribute's type, where the action leaves it to the type.
fn step_of(action: Action) -> Step {
    match action {
        Action::Remove => Step::Remove,
        Action::Empty | Action::RemoveOrEmpty => Step::Empty,
        Action::Keep | Action::RemoveOrEmptyOrUids => Step::Keep,
        Action::Uid => Step::Uid,
        // Cleaning takes a person: a dummy.
        Action::Dummy
        | Action::Clean
        | Action::EmptyOrDummy
        | Action::RemoveOrDummy
        | Action::RemoveOrEmptyOrDummy => Step::Dummy,
    }
}

/// Applies `change` to each value; empty when it fails for one.
fn each(value: &PrimitiveValue, change: impl Fn(&str) -> Option<String>) -> PrimitiveValue {
    let text = value.to_str();
    let parts = text.split('\\').map(|part| part.trim_matches([' ', '\0']));
    let changed: Option<Vec<String>> = parts
        .map(|part| {
            if part.is_empty() {
                Some(String::new())
            } else {
                change(part)
            }
        })
        .collect();
    changed.map_or(PrimitiveValue::Empty, |parts| {
        PrimitiveValue::from(parts.join("\\"))
    })
}

/// Whether text stands where the dictionary has text, and numbers where it has numbers.
fn is_of_its_kind(tag: Tag, vr: VR) -> bool {
    let Some(entry) = StandardDataDictionary.by_tag(tag) else {
        return true;
    };
    let is_string = |vr: VR| {
        dummy::is_text(vr)
            || matches!(
                vr,
                VR::AS | VR::CS | VR::DA | VR::DS | VR::DT | VR::IS | VR::TM | VR::UI
            )
    };
    let expected = entry.vr().relaxed();
    expected != VR::SQ && is_string(expected) == is_string(vr)
}
