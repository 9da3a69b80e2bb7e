//! Text on its way out: the character sets that devices take (PS3.3 C.12.1.1.2, PS3.5 6.1 and Annexes J, K).
//!
//! Data sets hold Unicode. [`CharacterSet::apply`] turns their text into the bytes of a set and says so in Specific
//! Character Set; what came in was decoded by `codec::dataset`, whatever its set was.

use dicom_core::header::Header as _;
use dicom_core::value::Value;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags::SPECIFIC_CHARACTER_SET;
use dicom_object::InMemDicomObject;
use encoding_rs::{Encoding, GB18030, GBK};

/// Designates GB 2312 for the upper half of the bytes.
const ESCAPE_GB2312: &[u8] = b"\x1B$)A";
/// What stands for a character that a set does not have.
const ABSENT: u8 = b'?';

/// A character set that text leaves in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CharacterSet {
    /// ISO_IR 192.
    #[default]
    Utf8,
    /// GB18030, which has every character.
    Gb18030,
    /// GBK.
    Gbk,
    /// ASCII with GB 2312 by code extension: no characters beyond the 6763 of 1980.
    Iso2022Ir58,
}

impl CharacterSet {
    /// All, with their value of Specific Character Set.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Utf8, "ISO_IR 192"),
        (Self::Gb18030, "GB18030"),
        (Self::Gbk, "GBK"),
        (Self::Iso2022Ir58, "\\ISO 2022 IR 58"),
    ];

    /// The value of Specific Character Set (0008,0005).
    pub fn term(self) -> &'static str {
        let found = Self::ALL.iter().find(|(set, _)| *set == self);
        found.expect("every set has its term").1
    }

    /// Reads [`Self::term`]; the empty first value may be left out.
    pub fn from_term(term: &str) -> Option<Self> {
        let wanted = term.trim().trim_start_matches('\\');
        let found = Self::ALL
            .iter()
            .find(|(_, own)| own.trim_start_matches('\\') == wanted);
        found.map(|(set, _)| *set)
    }

    /// The set that a peer wrote in, where answers in it are possible.
    pub fn of(object: &InMemDicomObject) -> Option<Self> {
        let element = object.get(SPECIFIC_CHARACTER_SET)?;
        Self::from_term(&element.to_str().ok()?)
    }

    /// Encodes text; `is_name` tells that `^` and `=` are delimiters too. What the set does not have becomes `?`.
    pub fn encode(self, text: &str, is_name: bool) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Gb18030 => GB18030.encode(text).0.into_owned(),
            Self::Gbk => text.chars().flat_map(|c| character(GBK, c, |_| true)).collect(),
            Self::Iso2022Ir58 => extended(text, is_name),
        }
    }

    /// The data set with its text in this character set, in items too.
    pub fn apply(self, object: &InMemDicomObject) -> InMemDicomObject {
        let mut applied = self.items(object);
        let term = PrimitiveValue::from(self.term());
        applied.put(DataElement::new(SPECIFIC_CHARACTER_SET, VR::CS, term));
        applied
    }

    fn items(self, object: &InMemDicomObject) -> InMemDicomObject {
        let elements = object
            .iter()
            .filter(|element| element.tag() != SPECIFIC_CHARACTER_SET);
        InMemDicomObject::from_element_iter(elements.map(|element| {
            let (tag, vr) = (element.tag(), element.vr());
            match element.value() {
                Value::Sequence(sequence) => {
                    let items: Vec<_> = sequence.items().iter().map(|item| self.items(item)).collect();
                    DataElement::new(tag, vr, dicom_core::value::DataSetSequence::from(items))
                }
                Value::Primitive(value) if is_text(vr) && self != Self::Utf8 => {
                    let mut bytes = self.encode(&value.to_str(), vr == VR::PN);
                    if bytes.len() % 2 == 1 {
                        bytes.push(b' ');
                    }
                    DataElement::new(tag, vr, PrimitiveValue::U8(bytes.into()))
                }
                _ => element.clone(),
            }
        }))
    }
}

/// Representations that Specific Character Set is about (PS3.5 6.1.2.3).
fn is_text(vr: VR) -> bool {
    matches!(vr, VR::PN | VR::LO | VR::SH | VR::UC | VR::LT | VR::ST | VR::UT)
}

/// One character, or what stands for it.
fn character(encoding: &'static Encoding, character: char, takes: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut buffer = [0; 4];
    let (bytes, _, is_absent) = encoding.encode(character.encode_utf8(&mut buffer));
    if is_absent || !takes(&bytes) {
        vec![ABSENT]
    } else {
        bytes.into_owned()
    }
}

/// Each part between delimiters begins in ASCII, so each with Chinese in it has the escape anew (PS3.5 6.1.2.5.3).
fn extended(text: &str, is_name: bool) -> Vec<u8> {
    // GB 2312 is the part of GBK whose bytes are both within A1..FE.
    let is_gb2312 = |bytes: &[u8]| matches!(bytes, [0xA1..=0xF7, 0xA1..=0xFE]);
    let mut out = Vec::with_capacity(text.len());
    let mut is_designated = false;
    for c in text.chars() {
        if c.is_ascii() {
            let is_delimiter =
                matches!(c, '\\' | '\r' | '\n' | '\x0C' | '\t') || is_name && matches!(c, '^' | '=');
            is_designated &= !is_delimiter;
            out.push(c as u8);
            continue;
        }
        let bytes = character(GBK, c, is_gb2312);
        if bytes != [ABSENT] && !is_designated {
            out.extend_from_slice(ESCAPE_GB2312);
            is_designated = true;
        }
        out.extend(bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::tags;

    /// The byte strings of PS3.5 J.3 (GB18030) and K.2 (ISO 2022 IR 58).
    #[test]
    fn names_have_the_bytes_of_the_standard() {
        let plain = b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=";
        assert_eq!(
            CharacterSet::Gb18030.encode("Wang^XiaoDong=王^小东=", true),
            plain
        );
        assert_eq!(CharacterSet::Gbk.encode("Wang^XiaoDong=王^小东=", true), plain);
        let extended = b"Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=";
        assert_eq!(
            CharacterSet::Iso2022Ir58.encode("Zhang^XiaoDong=张^小东=", true),
            extended
        );
    }

    #[test]
    fn what_a_set_has_not_is_marked() {
        // U+9FA6 came after GBK, 镕 after GB 2312.
        assert_eq!(CharacterSet::Gbk.encode("\u{20000}a", false), b"?a");
        assert_eq!(CharacterSet::Iso2022Ir58.encode("镕", false), b"?");
        assert_eq!(CharacterSet::Gbk.encode("镕", false).len(), 2);
    }

    #[test]
    fn text_of_every_set_comes_back() {
        let mut item = InMemDicomObject::new_empty();
        item.put(DataElement::new(
            tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION,
            VR::LO,
            "全身骨显像",
        ));
        let mut object = InMemDicomObject::new_empty();
        object.put(DataElement::new(
            tags::PATIENT_NAME,
            VR::PN,
            "Wang^XiaoDong=王^小东",
        ));
        object.put(DataElement::new(
            tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
            VR::SQ,
            dicom_core::value::DataSetSequence::from(vec![item]),
        ));
        for (set, term) in CharacterSet::ALL {
            let syntax = crate::negotiation::EXPLICIT_LITTLE_ENDIAN;
            let bytes = crate::data_set::encode(&set.apply(&object), syntax).unwrap();
            let back = crate::data_set::decode(&bytes, syntax, codec::dataset::Limits::default()).unwrap();
            assert_eq!(
                back.element(tags::PATIENT_NAME).unwrap().to_str().unwrap(),
                "Wang^XiaoDong=王^小东",
                "{term}"
            );
            let items = back.element(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).unwrap();
            let item = &items.items().unwrap()[0];
            let text = item.element(tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION).unwrap();
            assert_eq!(text.to_str().unwrap(), "全身骨显像", "{term}");
            assert_eq!(CharacterSet::of(&back), Some(set));
        }
    }
}
