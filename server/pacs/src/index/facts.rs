//! What the index keeps of one object, taken from its data set.

use std::collections::BTreeMap;

use codec::dataset::CharacterSet;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use dicom_object::InMemDicomObject;

use super::attributes::{ATTRIBUTES, Kind};
use super::{matching, metadata};
use crate::storage::ObjectInfo;

/// Characters kept of a value: the standard's longest short text has 64, and an index's entry must fit a page.
const MAX_CHARACTERS: usize = 256;

/// Items kept of a sequence.
const MAX_ITEMS: usize = 32;

/// What the index keeps of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The object.
    pub object: ObjectInfo,
    /// Whose its study is; no object says so.
    pub custodian: Option<i64>,
    /// Its transfer syntax.
    pub transfer_syntax_uid: String,
    /// Values of the attributes that have columns, in Unicode; several values with `\` between them.
    pub values: BTreeMap<Tag, String>,
    /// Further identifiers of the patient.
    pub other_ids: Vec<Identifier>,
    /// What was injected.
    pub tracers: Vec<Tracer>,
    /// What was ordered.
    pub requests: Vec<Request>,
    /// DICOM JSON of the data set without its bulk, deflated.
    pub metadata: Vec<u8>,
}

/// An identifier of a patient.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    /// Patient ID (0010,0020).
    pub id: String,
    /// Issuer of Patient ID (0010,0021), empty when not said.
    pub issuer: String,
}

/// An item of Radiopharmaceutical Information Sequence (0054,0016).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tracer {
    /// Radiopharmaceutical (0018,0031), or the meaning of its code.
    pub radiopharmaceutical: Option<String>,
    /// Radiopharmaceutical Code Sequence (0054,0304).
    pub radiopharmaceutical_code: Code,
    /// Radionuclide Code Sequence (0054,0300).
    pub radionuclide: Code,
    /// Injected activity in Bq.
    pub activity_bq: Option<f64>,
    /// Radionuclide Total Dose (0018,1074) as written, in the unit of its class.
    pub total_dose: Option<String>,
    /// Radiopharmaceutical Start DateTime (0018,1078), else Start Time (0018,1072), which has no date; as written.
    pub injection: Option<String>,
}

/// The first item of a code sequence (PS3.3 8).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Code {
    /// Code Value (0008,0100).
    pub value: Option<String>,
    /// Coding Scheme Designator (0008,0102).
    pub scheme: Option<String>,
    /// Code Meaning (0008,0104).
    pub meaning: Option<String>,
}

/// An item of Request Attributes Sequence (0040,0275).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Scheduled Procedure Step ID (0040,0009).
    pub step_id: Option<String>,
    /// Requested Procedure ID (0040,1001).
    pub procedure_id: Option<String>,
}

impl Facts {
    /// Takes what the index keeps from a data set.
    #[must_use]
    pub fn of(object: ObjectInfo, parsed: &codec::dataset::Object<'_>) -> Self {
        let data_set = &parsed.data_set;
        let mut values = BTreeMap::new();
        for attribute in ATTRIBUTES {
            let Some(value) = text(data_set, attribute.tag) else {
                continue;
            };
            let value = match attribute.kind {
                Kind::Date => matching::date(&value),
                Kind::Integer => matching::integer(&value),
                _ => value,
            };
            values.insert(attribute.tag, value);
        }
        Self {
            object,
            custodian: None,
            transfer_syntax_uid: clipped(&parsed.transfer_syntax_uid),
            values,
            other_ids: other_ids(data_set),
            tracers: tracers(data_set),
            requests: items(data_set, tags::REQUEST_ATTRIBUTES_SEQUENCE)
                .map(|item| Request {
                    step_id: text(item, tags::SCHEDULED_PROCEDURE_STEP_ID),
                    procedure_id: text(item, tags::REQUESTED_PROCEDURE_ID),
                })
                .collect(),
            metadata: metadata::deflated_json(parsed),
        }
    }

    /// The value of an attribute, empty where there is none.
    #[must_use]
    pub fn value(&self, tag: Tag) -> &str {
        self.values.get(&tag).map_or("", String::as_str)
    }

    /// Which patient this is: the custodian's, by the identifier with its issuer, or, without one, by the study alone.
    pub(crate) fn patient_key(&self) -> String {
        match self.value(tags::PATIENT_ID) {
            // Patients without an identifier are not one and the same.
            "" => format!(
                "{}study {}",
                domain(self.custodian),
                self.value(tags::STUDY_INSTANCE_UID)
            ),
            id => {
                let identifier = Identifier {
                    id: id.to_owned(),
                    issuer: self.value(tags::ISSUER_OF_PATIENT_ID).to_owned(),
                };
                patient_key(&identifier, self.custodian)
            }
        }
    }

    /// All identifiers of the patient.
    pub(crate) fn identifiers(&self) -> Vec<Identifier> {
        let mut all = self.other_ids.clone();
        let id = self.value(tags::PATIENT_ID);
        if !id.is_empty() {
            all.push(Identifier {
                id: id.to_owned(),
                issuer: self.value(tags::ISSUER_OF_PATIENT_ID).to_owned(),
            });
        }
        all.sort();
        all.dedup();
        all
    }

    /// Orders objects by receipt. The values of the first object of a patient, study or series are the ones shown.
    pub(crate) fn leader(&self) -> String {
        format!("{:020} {}", self.object.received_ns, self.object.hash)
    }
}

/// Which patient of a custodian's has an identifier.
pub(super) fn patient_key(identifier: &Identifier, custodian: Option<i64>) -> String {
    let Identifier { id, issuer } = identifier;
    format!("{}id {id}\u{1}{issuer}", domain(custodian))
}

/// What stands before the keys of a custodian's patients.
fn domain(custodian: Option<i64>) -> String {
    custodian.map_or_else(String::new, |number| format!("of {number} "))
}

/// Reads [`patient_key`].
pub(super) fn from_patient_key(key: &str) -> Option<(Identifier, Option<i64>)> {
    let (custodian, key) = match key.strip_prefix("of ") {
        Some(rest) => {
            let (number, key) = rest.split_once(' ')?;
            (Some(number.parse().ok()?), key)
        }
        None => (None, key),
    };
    let (id, issuer) = key.strip_prefix("id ")?.split_once('\u{1}')?;
    let identifier = Identifier {
        id: id.to_owned(),
        issuer: issuer.to_owned(),
    };
    Some((identifier, custodian))
}

fn other_ids(data_set: &InMemDicomObject) -> Vec<Identifier> {
    let from_items = items(data_set, tags::OTHER_PATIENT_I_DS_SEQUENCE).filter_map(|item| {
        Some(Identifier {
            id: text(item, tags::PATIENT_ID)?,
            issuer: text(item, tags::ISSUER_OF_PATIENT_ID).unwrap_or_default(),
        })
    });
    let mut all: Vec<_> = from_items.collect();
    all.sort();
    all.dedup();
    all
}

fn tracers(data_set: &InMemDicomObject) -> Vec<Tracer> {
    // NM states megabecquerels (PS3.3 C.8.4.10), PET becquerels (C.8.9.2), in the same attribute.
    let unit_bq = match text(data_set, tags::SOP_CLASS_UID).as_deref().map(trimmed) {
        Some(
            uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE
            | uids::ENHANCED_PET_IMAGE_STORAGE
            | uids::LEGACY_CONVERTED_ENHANCED_PET_IMAGE_STORAGE,
        ) => Some(1.0),
        Some(uids::NUCLEAR_MEDICINE_IMAGE_STORAGE) => Some(1e6),
        // Other classes are not said to have a unit: no activity rather than a guessed one.
        _ => None,
    };
    items(data_set, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)
        .map(|item| Tracer {
            radiopharmaceutical: text(item, tags::RADIOPHARMACEUTICAL)
                .or_else(|| code(item, tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE).meaning),
            radiopharmaceutical_code: code(item, tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE),
            radionuclide: code(item, tags::RADIONUCLIDE_CODE_SEQUENCE),
            total_dose: text(item, tags::RADIONUCLIDE_TOTAL_DOSE),
            activity_bq: text(item, tags::RADIONUCLIDE_TOTAL_DOSE)
                .and_then(|value| value.parse::<f64>().ok())
                .zip(unit_bq)
                .map(|(value, unit)| value * unit)
                .filter(|activity| activity.is_finite() && *activity > 0.0),
            injection: text(item, tags::RADIOPHARMACEUTICAL_START_DATE_TIME)
                .or_else(|| text(item, tags::RADIOPHARMACEUTICAL_START_TIME)),
        })
        .collect()
}

fn code(item: &InMemDicomObject, tag: Tag) -> Code {
    let Some(code) = items(item, tag).next() else {
        return Code::default();
    };
    Code {
        value: text(code, tags::CODE_VALUE).or_else(|| text(code, tags::LONG_CODE_VALUE)),
        scheme: text(code, tags::CODING_SCHEME_DESIGNATOR),
        meaning: text(code, tags::CODE_MEANING),
    }
}

fn trimmed(uid: &str) -> &str {
    uid.trim()
}

fn items(data_set: &InMemDicomObject, tag: Tag) -> impl Iterator<Item = &InMemDicomObject> {
    let items = data_set.get(tag).and_then(|element| element.items());
    items.unwrap_or_default().iter().take(MAX_ITEMS)
}

/// Gives a value as text, `None` when there is none; several with `\` between them.
pub(crate) fn text(data_set: &InMemDicomObject, tag: Tag) -> Option<String> {
    let element = data_set.get(tag)?;
    let text = if element.vr() == VR::UN {
        unknown_text(data_set, tag, element.value().primitive()?)?
    } else {
        element.value().to_multi_str().ok()?.join("\\")
    };
    let text = clipped(&text);
    (!text.is_empty()).then_some(text)
}

/// Reads a text that its sender wrote as of unknown representation (PS3.5 6.2.2) by the dictionary's.
fn unknown_text(data_set: &InMemDicomObject, tag: Tag, value: &PrimitiveValue) -> Option<String> {
    let vr = StandardDataDictionary.by_tag(tag)?.vr().relaxed();
    if matches!(
        vr,
        VR::US | VR::SS | VR::UL | VR::SL | VR::FL | VR::FD | VR::AT | VR::OB | VR::OW | VR::SQ
    ) {
        return None;
    }
    let terms = data_set.get(tags::SPECIFIC_CHARACTER_SET);
    let charset = terms.map_or_else(CharacterSet::default, |terms| {
        CharacterSet::of_terms(terms.value())
    });
    Some(charset.decode(&value.to_bytes(), vr == VR::PN))
}

/// Databases do not take NUL, and index entries have a size.
fn clipped(text: &str) -> String {
    let kept: String = text.chars().filter(|c| *c != '\0').take(MAX_CHARACTERS).collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use codec::dataset::Object;
    use dicom_core::value::{DataSetSequence, Value};
    use dicom_core::{DataElement, VR};
    use dicom_dictionary_std::{tags, uids};
    use dicom_object::InMemDicomObject;

    use super::Facts;
    use crate::storage::{Hash, ObjectInfo};

    fn of(sop_class_uid: &str, total_dose: &str) -> Facts {
        let item = InMemDicomObject::from_element_iter([
            DataElement::new(tags::RADIONUCLIDE_TOTAL_DOSE, VR::DS, total_dose),
            DataElement::new(tags::RADIOPHARMACEUTICAL_START_TIME, VR::TM, "101500"),
        ]);
        let items = Value::from(DataSetSequence::from(vec![item]));
        let data_set = InMemDicomObject::from_element_iter([
            DataElement::new(tags::SOP_CLASS_UID, VR::UI, sop_class_uid),
            DataElement::new(tags::PATIENT_NAME, VR::PN, "x".repeat(1000)),
            DataElement::new(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, VR::SQ, items),
        ]);
        let parsed = Object {
            transfer_syntax_uid: uids::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
            transfer_syntax: None,
            data_set,
            meta: InMemDicomObject::new_empty(),
            pixels: None,
            bytes: Cow::Borrowed(&[]),
            warnings: Vec::new(),
        };
        let object = ObjectInfo {
            received_ns: 1,
            hash: Hash::of(b""),
            size: 0,
        };
        Facts::of(object, &parsed)
    }

    #[test]
    fn injected_activity_is_in_becquerels_whatever_the_class_states() {
        for (class, total_dose, expected_bq) in [
            (
                uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE,
                "3.5e8",
                Some(350e6),
            ),
            (uids::NUCLEAR_MEDICINE_IMAGE_STORAGE, "740", Some(740e6)),
            // Nothing says in which unit a CT would have it; what is no activity is none.
            (uids::CT_IMAGE_STORAGE, "740", None),
            (uids::NUCLEAR_MEDICINE_IMAGE_STORAGE, "-740", None),
            (uids::NUCLEAR_MEDICINE_IMAGE_STORAGE, "much", None),
            (uids::NUCLEAR_MEDICINE_IMAGE_STORAGE, "inf", None),
        ] {
            let tracer = &of(class, total_dose).tracers[0];
            assert_eq!(tracer.activity_bq, expected_bq, "{class} {total_dose}");
            assert_eq!(tracer.injection.as_deref(), Some("101500"));
        }
    }

    #[test]
    fn long_values_are_cut_for_the_index_only() {
        let facts = of(uids::CT_IMAGE_STORAGE, "1");
        assert_eq!(facts.value(tags::PATIENT_NAME).len(), super::MAX_CHARACTERS);
        let json = super::metadata::inflated(&facts.metadata).unwrap();
        assert!(json.contains(&"x".repeat(1000)));
    }
}
