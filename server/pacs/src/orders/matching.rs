//! A worklist query: which items match, and what answers have (PS3.4 K.2.2, K.6.1).

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::header::Header as _;
use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;

use super::{Filter, State, text};
use crate::index::{Matcher, date_form};

/// A key with a value, or with keys in the items of a sequence.
#[derive(Debug)]
enum Asked {
    Value {
        tag: Tag,
        matcher: Matcher,
    },
    Item {
        tag: Tag,
        keys: Vec<Asked>,
    },
    /// Start dates and times that are both ranges are one range, from the first's begin to the last's end.
    Start {
        from: (String, String),
        to: (String, String),
    },
}

/// The identifier of a worklist query.
#[derive(Debug)]
pub struct Identifier {
    object: InMemDicomObject,
    keys: Vec<Asked>,
}

/// Attributes that say how an identifier is to be read.
const NO_KEYS: &[Tag] = &[tags::SPECIFIC_CHARACTER_SET, tags::TIMEZONE_OFFSET_FROM_UTC];

impl Identifier {
    /// Reads an identifier; gives the attribute that cannot be matched in the way asked.
    ///
    /// # Errors
    ///
    /// The attribute.
    pub fn new(object: InMemDicomObject) -> Result<Self, Tag> {
        let keys = keys(&object)?;
        Ok(Self { object, keys })
    }

    /// What a source of orders need not give: dates, modality and step that a query does not want.
    #[must_use]
    pub fn filter(&self) -> Filter {
        let mut filter = Filter {
            states: vec![State::Scheduled, State::InProgress],
            limit: 500,
            ..Filter::default()
        };
        let steps = self.object.get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE);
        let Some(step) = steps.and_then(DataElement::items).and_then(<[_]>::first) else {
            return filter;
        };
        let exact =
            |tag| Some(text(step, tag)).filter(|text| !text.is_empty() && !text.contains(['*', '?', '\\']));
        filter.modality = exact(tags::MODALITY);
        filter.step_id = exact(tags::SCHEDULED_PROCEDURE_STEP_ID);
        let dates = text(step, tags::SCHEDULED_PROCEDURE_STEP_START_DATE);
        filter.dates = match dates.split_once('-') {
            Some((from, to)) => (date_form(from), date_form(to)),
            None => (date_form(&dates), date_form(&dates)),
        };
        filter
    }

    /// Whether an item matches all keys.
    #[must_use]
    pub fn matches(&self, item: &InMemDicomObject) -> bool {
        all_match(&self.keys, item)
    }

    /// What is answered of an item: the attributes asked for, empty where there is none; a sequence whole where nothing
    /// within it was asked for.
    #[must_use]
    pub fn answer(&self, item: &InMemDicomObject) -> InMemDicomObject {
        chosen(&self.object, item)
    }
}

fn keys(object: &InMemDicomObject) -> Result<Vec<Asked>, Tag> {
    let mut keys = Vec::new();
    let start = start_range(object);
    let within_start = [
        tags::SCHEDULED_PROCEDURE_STEP_START_DATE,
        tags::SCHEDULED_PROCEDURE_STEP_START_TIME,
    ];
    for element in object {
        let tag = element.tag();
        if NO_KEYS.contains(&tag) || (start.is_some() && within_start.contains(&tag)) {
            continue;
        }
        match element.value() {
            Value::Sequence(sequence) => {
                if let Some(item) = sequence.items().first() {
                    keys.push(Asked::Item {
                        tag,
                        keys: self::keys(item)?,
                    });
                }
            }
            Value::Primitive(_) => {
                let value = text(object, tag);
                if !value.is_empty() {
                    let matcher = Matcher::new(vr_of(tag, element.vr()), &value).ok_or(tag)?;
                    keys.push(Asked::Value { tag, matcher });
                }
            }
            Value::PixelSequence(_) => return Err(tag),
        }
    }
    keys.extend(start);
    Ok(keys)
}

fn start_range(step: &InMemDicomObject) -> Option<Asked> {
    let ends = |tag| {
        let text = text(step, tag);
        let (from, to) = text.split_once('-')?;
        Some((from.trim().to_owned(), to.trim().to_owned()))
    };
    let dates = ends(tags::SCHEDULED_PROCEDURE_STEP_START_DATE)?;
    let times = ends(tags::SCHEDULED_PROCEDURE_STEP_START_TIME)?;
    Some(Asked::Start {
        from: (date_form(&dates.0), times.0),
        to: (date_form(&dates.1), times.1),
    })
}

fn all_match(keys: &[Asked], item: &InMemDicomObject) -> bool {
    keys.iter().all(|key| match key {
        Asked::Value { tag, matcher } => {
            let value = text(item, *tag);
            value.split('\\').any(|one| matcher.passes(one))
        }
        Asked::Item { tag, keys } => {
            // Universal keys match an item that is not there.
            let items = item.get(*tag).and_then(DataElement::items).unwrap_or_default();
            has_only_universal(keys) || items.iter().any(|item| all_match(keys, item))
        }
        Asked::Start { from, to } => starts_within(item, from, to),
    })
}

fn has_only_universal(keys: &[Asked]) -> bool {
    keys.iter().all(|key| match key {
        Asked::Value { .. } | Asked::Start { .. } => false,
        Asked::Item { keys, .. } => has_only_universal(keys),
    })
}

fn starts_within(step: &InMemDicomObject, from: &(String, String), to: &(String, String)) -> bool {
    let date = date_form(&text(step, tags::SCHEDULED_PROCEDURE_STEP_START_DATE));
    let time = text(step, tags::SCHEDULED_PROCEDURE_STEP_START_TIME);
    let range = |ends: String| Matcher::new(VR::TM, &ends).is_some_and(|matcher| matcher.passes(&time));
    let is_after = from.0.is_empty()
        || date > from.0
        || (date == from.0 && (from.1.is_empty() || range(format!("{}-", from.1))));
    let is_before =
        to.0.is_empty() || date < to.0 || (date == to.0 && (to.1.is_empty() || range(format!("-{}", to.1))));
    is_after && is_before
}

fn chosen(asked: &InMemDicomObject, item: &InMemDicomObject) -> InMemDicomObject {
    let mut answer = InMemDicomObject::new_empty();
    for element in asked {
        let tag = element.tag();
        if NO_KEYS.contains(&tag) || tag.element() == 0 {
            continue;
        }
        let vr = vr_of(tag, element.vr());
        let wanted = element
            .items()
            .and_then(<[_]>::first)
            .filter(|wanted| wanted.iter().next().is_some());
        answer.put(match (item.get(tag), wanted) {
            (Some(found), Some(wanted)) if found.items().is_some() => {
                let items = found.items().unwrap_or_default();
                let items: Vec<_> = items.iter().map(|item| chosen(wanted, item)).collect();
                DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
            }
            (Some(found), _) => found.clone(),
            (None, _) if vr == VR::SQ => DataElement::new(tag, VR::SQ, DataSetSequence::empty()),
            (None, _) => DataElement::new(tag, vr, PrimitiveValue::Empty),
        });
    }
    answer
}

/// The representation of the dictionary, for attributes that it knows.
pub(crate) fn vr_of(tag: Tag, sent: VR) -> VR {
    let entry = StandardDataDictionary.by_tag(tag);
    entry.map_or(sent, |entry| entry.vr().relaxed())
}
