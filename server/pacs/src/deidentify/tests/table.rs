//! Every row of the table under the basic profile and under each option, in the data set and in a sequence's item.
//!
//! What is expected is read from the table's text here, apart from the code that acts on it.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;

use super::{contains, object, read, run, sequence, text};
use crate::deidentify::{Dates, Options, Request};

const SOURCE: &str = include_str!("../table.csv");
const PLANTED: &str = "ZZPLANTED";

/// Columns of the table that options are about.
const PROFILE: usize = 2;
const UIDS: usize = 4;
const DEVICE: usize = 5;
const INSTITUTION: usize = 6;
const PATIENT: usize = 7;
const FULL_DATES: usize = 8;
const MODIFIED_DATES: usize = 9;

fn planted_tag(cell: &str) -> Tag {
    let number = |text: &str| u16::from_str_radix(text, 16).unwrap();
    match cell {
        "private" => Tag(0x0029, 0x1010),
        "50xxxxxx" => Tag(0x5002, 0x3000),
        _ if cell.starts_with("60xx") => Tag(0x6002, number(&cell[4..])),
        _ => Tag(number(&cell[..4]), number(&cell[4..])),
    }
}

fn representation(tag: Tag, keyword: &str) -> VR {
    match StandardDataDictionary.by_tag(tag) {
        Some(entry) => entry.vr().relaxed(),
        None if keyword.ends_with("Sequence") => VR::SQ,
        None if keyword.ends_with("DateTime") => VR::DT,
        None => VR::LO,
    }
}

fn planted(tag: Tag, vr: VR) -> DataElement<InMemDicomObject> {
    let value: PrimitiveValue = match vr {
        VR::SQ => {
            let item = InMemDicomObject::from_element_iter([
                text(tags::CODE_MEANING, VR::LO, "coded"),
                text(tags::PATIENT_NAME, VR::PN, PLANTED),
                text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3.99"),
            ]);
            return sequence(tag, vec![item]);
        }
        VR::UI => "1.2.3.99".into(),
        VR::DA => "20240229".into(),
        VR::DT => "20240229235959.5".into(),
        VR::TM => "235959.5".into(),
        VR::AS => "061Y".into(),
        VR::DS | VR::IS => "7".into(),
        VR::SH if tag == tags::TIMEZONE_OFFSET_FROM_UTC => "+0800".into(),
        VR::US | VR::OW => PrimitiveValue::from(7_u16),
        VR::SS => PrimitiveValue::from(7_i16),
        VR::UL | VR::OL => PrimitiveValue::from(7_u32),
        VR::SL => PrimitiveValue::from(7_i32),
        VR::UV | VR::OV => PrimitiveValue::from(7_u64),
        VR::SV => PrimitiveValue::from(7_i64),
        VR::FL | VR::OF => PrimitiveValue::from(7.0_f32),
        VR::FD | VR::OD => PrimitiveValue::from(7.0_f64),
        VR::OB | VR::UN => PrimitiveValue::U8(b"ZZPLANTED!".as_slice().into()),
        _ => PLANTED.into(),
    };
    DataElement::new(tag, vr, value)
}

fn configurations() -> [(usize, Options); 7] {
    let none = Options::default;
    [
        (PROFILE, none()),
        (
            UIDS,
            Options {
                keep_uids: true,
                ..none()
            },
        ),
        (
            DEVICE,
            Options {
                keep_device: true,
                ..none()
            },
        ),
        (
            INSTITUTION,
            Options {
                keep_institution: true,
                ..none()
            },
        ),
        (
            PATIENT,
            Options {
                keep_patient_characteristics: true,
                ..none()
            },
        ),
        (
            FULL_DATES,
            Options {
                dates: Dates::Kept,
                ..none()
            },
        ),
        (
            MODIFIED_DATES,
            Options {
                dates: Dates::Shifted,
                ..none()
            },
        ),
    ]
}

/// What came out of `tag`, beside what went in.
struct Outcome<'a> {
    before: &'a DataElement<InMemDicomObject>,
    after: Option<&'a DataElement<InMemDicomObject>>,
}

impl Outcome<'_> {
    fn is_absent(&self) -> bool {
        self.after.is_none()
    }

    fn text(&self) -> Option<String> {
        Some(self.after?.value().primitive()?.to_str().into_owned())
    }

    fn is_empty(&self) -> bool {
        self.after.is_some_and(|after| match after.items() {
            Some(items) => items.is_empty(),
            None => self.text().is_some_and(|text| text.is_empty()),
        })
    }

    /// There, with a value, which is another; of a sequence its names and references are others.
    fn is_dummy(&self) -> bool {
        let Some(after) = self.after else { return false };
        match after.items() {
            Some(items) => items.iter().all(is_clean),
            None => !self.is_empty() && self.after.map(|e| e.value()) != Some(self.before.value()),
        }
    }

    fn is_kept(&self) -> bool {
        let Some(after) = self.after else { return false };
        match after.items() {
            Some(items) => items.len() == 1 && items.iter().all(is_clean),
            None => self.text() == Some(self.before.value().primitive().unwrap().to_str().into_owned()),
        }
    }

    fn is_shifted(&self) -> bool {
        let (Some(text), vr) = (self.text(), self.before.vr()) else {
            return false;
        };
        match vr {
            VR::DA => text.len() == 8 && text.as_str() < "20240229" && text.as_str() > "20140101",
            VR::DT => text.ends_with("235959.5") && text.as_str() < "20240229" && text.as_str() > "20140101",
            _ => self.is_kept(),
        }
    }
}

fn is_clean(item: &InMemDicomObject) -> bool {
    let value = |tag| {
        item.get(tag)
            .map(|element| element.to_str().unwrap().into_owned())
    };
    value(tags::PATIENT_NAME).is_none_or(|name| name != PLANTED)
}

fn check(row: &[&str], column: usize, outcome: &Outcome) -> bool {
    let vr = outcome.before.vr();
    let is_date = matches!(vr, VR::DA | VR::DT | VR::TM | VR::SH);
    match row[column] {
        "K" => return outcome.is_kept(),
        "C" if column == MODIFIED_DATES && is_date => return outcome.is_shifted(),
        // An option's Clean takes a person: the profile holds.
        _ => {}
    }
    let is_pseudonym = ["00100010", "00100020"].contains(&row[0]) && outcome.is_dummy();
    match row[PROFILE] {
        "X" => outcome.is_absent(),
        "Z" => outcome.is_empty() || is_pseudonym,
        "D" => outcome.is_dummy(),
        "U" => outcome.text().is_some_and(|uid| uid.starts_with("2.25.")),
        "Z/D" => outcome.is_empty() || outcome.is_dummy(),
        "X/Z" => outcome.is_absent() || outcome.is_empty(),
        "X/D" => outcome.is_absent() || outcome.is_dummy(),
        "X/Z/D" | "X/Z/U*" => outcome.is_absent() || outcome.is_empty() || outcome.is_dummy(),
        other => panic!("action {other}"),
    }
}

/// The element in an item of a sequence that the table leaves alone, and beside it.
fn original(before: &DataElement<InMemDicomObject>, is_foreign: bool) -> InMemDicomObject {
    let mut original = object();
    let item = InMemDicomObject::from_element_iter([before.clone()]);
    original.put(sequence(
        tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
        vec![item],
    ));
    if !is_foreign {
        original.put(before.clone());
    }
    original
}

#[test]
fn every_row_does_what_it_says() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in SOURCE.lines().skip(1) {
        let row: Vec<&str> = line.split(',').collect();
        let tag = planted_tag(row[0]);
        let vr = if row[0] == "private" {
            VR::LO
        } else {
            representation(tag, row[1])
        };
        let before = planted(tag, vr);
        // Groups of commands, of meta information and of directories are no part of an object.
        let is_foreign = tag.0 < 0x0008;
        for (column, options) in configurations() {
            let original = original(&before, is_foreign);
            let request = Request {
                options,
                ..Request::default()
            };
            if tag == tags::ENCAPSULATED_DOCUMENT {
                assert!(run(&original, &request).is_err());
                continue;
            }
            let result = run(&original, &request).unwrap();
            let new = read(&result);
            let items = new
                .get(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)
                .unwrap()
                .items()
                .unwrap();
            for place in [&new, &items[0]] {
                let outcome = Outcome {
                    before: &before,
                    after: place.get(tag),
                };
                let is_right = if is_foreign {
                    outcome.is_absent()
                } else {
                    check(&row, column, &outcome)
                };
                checked += 1;
                if !is_right {
                    wrong.push(format!("{line} column {column}: {:?}", outcome.after));
                }
            }
            let stays = row[column] == "K" && vr != VR::SQ;
            if !stays && contains(&result.bytes, PLANTED.as_bytes()) {
                wrong.push(format!("{line} column {column}: planted text is in the bytes"));
            }
        }
    }
    assert_eq!(checked, 655 * 7 * 2);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}
