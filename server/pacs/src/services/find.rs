//! C-FIND: an identifier as a query of the index, its rows as answers.

use dicom_core::header::Header as _;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dimse::server::Answers;
use dimse::{CharacterSet, Outcome, Peer, Status};

use super::Archive;
use crate::index::{Error, Key, Level, Query, Restriction, Row};
use crate::orders::{text, vr_of};

/// Rows that are asked of the index at once.
const PAGE: u64 = 500;
/// Models whose highest level is the study.
const STUDY_ROOT: [&str; 3] = [
    uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
    uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
    uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
];
/// Attributes of an identifier that say how it is to be read, and match nothing.
const NO_KEYS: &[Tag] = &[
    tags::SPECIFIC_CHARACTER_SET,
    tags::QUERY_RETRIEVE_LEVEL,
    tags::QUERY_RETRIEVE_VIEW,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::RETRIEVE_AE_TITLE,
    tags::INSTANCE_AVAILABILITY,
];

/// Of what is negotiated for a query: that names are matched fuzzily (PS3.4 C.5.1.1).
const FUZZY: usize = 2;

/// What is agreed to of a query's extended negotiation: relational queries, which are answered asked for or not, and fuzzy
/// matching of names.
pub(super) const NEGOTIATED: &[u8] = &[1, 0, 1];

/// An identifier, understood.
pub(super) struct Asked {
    pub(super) query: Query,
    /// The attributes that answers have.
    returned: Vec<(Tag, VR)>,
    level: &'static str,
    /// A key has a value and is not matched on.
    pub(super) has_unmatched: bool,
}

/// Reads an identifier.
pub(super) fn asked(query: &dimse::server::Query) -> Result<Asked, Outcome> {
    let identifier = &query.identifier;
    let has_patients = !STUDY_ROOT.contains(&query.sop_class_uid.as_str());
    let (level, name) = match text(identifier, tags::QUERY_RETRIEVE_LEVEL).as_str() {
        "PATIENT" if has_patients => (Level::Patient, "PATIENT"),
        "STUDY" => (Level::Study, "STUDY"),
        "SERIES" => (Level::Series, "SERIES"),
        "IMAGE" => (Level::Instance, "IMAGE"),
        _ => {
            let words = "expected a level of the query model: PATIENT, STUDY, SERIES, IMAGE";
            return Err(Outcome::new(Status::CLASS_MISMATCH, words));
        }
    };
    let mut asked = Asked {
        query: Query::all(level),
        returned: Vec::new(),
        level: name,
        has_unmatched: false,
    };
    for element in identifier {
        let tag = element.tag();
        if tag.element() == 0 || NO_KEYS.contains(&tag) {
            continue;
        }
        asked.returned.push((tag, vr_of(tag, element.vr())));
        if let Some(items) = element.items() {
            asked.add_keys_within(&[tag], items);
            continue;
        }
        let value = text(identifier, tag);
        if value.is_empty() {
            continue;
        }
        if tag == tags::SOP_CLASSES_IN_STUDY {
            asked.query.include.push(tag);
        }
        if Key::is_matched(tag) {
            asked.query.keys.push(Key::from_text(tag, &value));
        } else {
            asked.has_unmatched = true;
        }
    }
    Ok(asked)
}

impl Asked {
    /// Adds the keys within a sequence (PS3.4 C.2.2.2.6).
    fn add_keys_within(&mut self, path: &[Tag], items: &[InMemDicomObject]) {
        for item in items {
            for element in item {
                let path = [path, &[element.tag()]].concat();
                let value = text(item, element.tag());
                match element.items() {
                    Some(items) => self.add_keys_within(&path, items),
                    None if value.is_empty() => {}
                    None => match Key::in_items(&path, &value) {
                        Some(key) => self.query.keys.push(key),
                        None => self.has_unmatched = true,
                    },
                }
            }
        }
    }
}

impl Archive {
    /// Sends what matches of what is there for the peer.
    pub(super) async fn answer(
        &self,
        peer: &Peer,
        query: &dimse::server::Query,
        answers: &Answers,
        set: CharacterSet,
        within: Restriction,
    ) -> Outcome {
        let mut asked = match asked(query) {
            Ok(asked) => asked,
            Err(outcome) => return outcome,
        };
        asked.query.within = within;
        if is_fuzzy(peer, &query.sop_class_uid) {
            asked.query.keys = asked.query.keys.into_iter().map(Key::into_fuzzy).collect();
        }
        let pending = if asked.has_unmatched {
            Status::PENDING_KEYS_UNSUPPORTED
        } else {
            Status::PENDING
        };
        asked.query.limit = Some(PAGE);
        loop {
            let rows = match self.index.query(&asked.query).await {
                Ok(rows) => rows,
                Err(error) => return failed(&error),
            };
            for row in &rows {
                let mut answer = self.row(row, &asked);
                if set != CharacterSet::Utf8 {
                    answer = set.apply(&answer);
                }
                if answers.send_as(answer, pending).await.is_err() {
                    return Status::CANCEL.into();
                }
            }
            let Some(last) = rows.last().filter(|_| rows.len() as u64 == PAGE) else {
                return Status::SUCCESS.into();
            };
            asked.query.after = Some(last.cursor.clone());
        }
    }

    /// An answer has what was asked for, empty where nothing is known.
    fn row(&self, row: &Row, asked: &Asked) -> InMemDicomObject {
        let mut answer = InMemDicomObject::new_empty();
        let mut put = |tag: Tag, vr: VR, text: &str| {
            let value = match (text.is_empty(), vr) {
                (true, VR::SQ) => return,
                (true, _) => PrimitiveValue::Empty,
                _ => PrimitiveValue::from(text),
            };
            answer.put(DataElement::new(tag, vr, value));
        };
        put(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        put(tags::QUERY_RETRIEVE_LEVEL, VR::CS, asked.level);
        put(tags::RETRIEVE_AE_TITLE, VR::AE, &self.ae_title);
        put(tags::INSTANCE_AVAILABILITY, VR::CS, "ONLINE");
        for (tag, vr) in &asked.returned {
            put(*tag, *vr, row.value(*tag));
        }
        answer
    }
}

fn is_fuzzy(peer: &Peer, sop_class_uid: &str) -> bool {
    let mut extended = peer.extended.iter();
    extended.any(|(class, asked)| class == sop_class_uid && asked.get(FUZZY) == Some(&1))
}

/// Why the index gave nothing, in words that hold no value.
pub(super) fn failed(error: &Error) -> Outcome {
    match error {
        Error::NotMatched(_) | Error::WrongMatching(_) | Error::TooMany { .. } => {
            Outcome::new(Status::CLASS_MISMATCH, error.to_string())
        }
        _ => {
            tracing::error!(%error, "a query failed");
            Outcome::new(Status::CANNOT_UNDERSTAND, "the archive cannot search now")
        }
    }
}
