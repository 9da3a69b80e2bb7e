//! The names and numbers of one object's patient, staff and institution, so that they are found where they do not belong.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::options::Options;

/// Numbers and names that tell who it is; every name of a person (VR PN) is taken besides.
const PATIENT: &[Tag] = &[
    tags::PATIENT_ID,
    // Other Patient IDs, retired.
    Tag(0x0010, 0x1000),
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_ADDRESS,
    tags::PATIENT_TELEPHONE_NUMBERS,
    // Medical Record Locator, retired.
    Tag(0x0010, 0x1090),
    tags::ACCESSION_NUMBER,
    tags::STUDY_ID,
    tags::ADMISSION_ID,
    tags::REQUESTED_PROCEDURE_ID,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
];
const INSTITUTION: &[Tag] = &[tags::INSTITUTION_NAME, tags::INSTITUTION_ADDRESS];
const DEVICE: &[Tag] = &[tags::DEVICE_SERIAL_NUMBER, tags::STATION_NAME];

/// What to look for, in lower case.
pub(super) struct Identifiers(Vec<String>);

/// Takes the identifiers of the original, less those that the options keep.
pub(super) fn of(original: &InMemDicomObject, options: &Options) -> Identifiers {
    let mut tags = PATIENT.to_vec();
    if !options.keep_institution {
        tags.extend(INSTITUTION);
    }
    if !options.keep_device {
        tags.extend(DEVICE);
    }
    let mut terms = Vec::new();
    collect(original, &tags, &mut terms);
    terms.retain(|term| is_telling(term));
    terms.sort_unstable();
    terms.dedup();
    Identifiers(terms)
}

fn collect(object: &InMemDicomObject, tags: &[Tag], terms: &mut Vec<String>) {
    for element in object.iter() {
        if let Some(items) = element.items() {
            items.iter().for_each(|item| collect(item, tags, terms));
            continue;
        }
        let is_name = element.vr() == VR::PN;
        if !is_name && !tags.contains(&element.header().tag) {
            continue;
        }
        let Ok(text) = element.to_str() else { continue };
        for value in text.to_lowercase().split('\\') {
            terms.push(value.trim().to_owned());
            if is_name {
                names(value, terms);
            }
        }
    }
}

/// A name's groups, its parts, and the parts as people write them together.
fn names(value: &str, terms: &mut Vec<String>) {
    for group in value.split('=') {
        let parts: Vec<&str> = group.split(['^', ' ']).filter(|part| !part.is_empty()).collect();
        terms.push(parts.concat());
        terms.push(parts.join(" "));
        terms.extend(parts.into_iter().map(str::to_owned));
    }
}

/// Short terms occur everywhere by chance.
fn is_telling(term: &str) -> bool {
    let characters = term.chars().count();
    if !term.is_ascii() {
        characters >= 2
    } else if term.bytes().all(|byte| byte.is_ascii_digit()) {
        characters >= 5
    } else {
        characters >= 3
    }
}

impl Identifiers {
    /// Whether one of them stands in `text`: longer ones anywhere, short ones as words of their own.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.any_in(text, |_| true)
    }

    /// As [`Self::are_in`], of terms that are no single word: for attributes whose words have a meaning of their own.
    ///
    /// A patient called Perfusion in a trial must not cost an image its type.
    pub(super) fn are_surely_in(&self, text: &str) -> bool {
        let is_sure = |term: &str| {
            let is_word = term.bytes().all(|byte| byte.is_ascii_alphabetic());
            !term.is_ascii() || (!is_word && term.len() >= 5)
        };
        self.any_in(text, is_sure)
    }

    fn any_in(&self, text: &str, counts: impl Fn(&str) -> bool) -> bool {
        let text = text.to_lowercase();
        self.0.iter().filter(|term| counts(term)).any(|term| {
            let anywhere = !term.is_ascii() || term.len() >= 6;
            text.match_indices(term.as_str()).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                let after = text[at + term.len()..].chars().next();
                anywhere || (!joins(before) && !joins(after))
            })
        })
    }
}

fn joins(neighbour: Option<char>) -> bool {
    neighbour.is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::tags;
    use dicom_object::InMemDicomObject;

    use super::of;
    use crate::deidentify::Options;

    #[test]
    fn finds_names_and_numbers_as_people_write_them() {
        let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
        let object = InMemDicomObject::from_element_iter([
            text(tags::PATIENT_NAME, VR::PN, "Wang^XiaoDong=王^小东"),
            text(tags::PATIENT_ID, VR::LO, "0012345"),
            text(tags::INSTITUTION_NAME, VR::LO, "East"),
        ]);
        let all = of(&object, &Options::default());
        for telling in [
            "WB wang 2 min",
            "王小东 全身",
            "id:0012345;",
            "xiaodong",
            "XIAODONGWANG",
            "East",
            "of East.",
        ] {
            assert!(all.are_in(telling), "{telling}");
        }
        for plain in ["Wangler filter", "0012346", "Feast", "beast", "全身"] {
            assert!(!all.are_in(plain), "{plain}");
        }
        assert!(all.are_surely_in("王小东") && all.are_surely_in("0012345") && !all.are_surely_in("EAST"));
        let options = Options {
            keep_institution: true,
            ..Options::default()
        };
        assert!(!of(&object, &options).are_in("East"));
    }
}
