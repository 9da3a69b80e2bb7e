//! Which attributes may be corrected, and what their values look like.
//!
//! Identity and administration only. Weight, size, dose and every time of an examination are what numbers were computed
//! from: a wrong one is told by rejecting and sending again, never by laying another over it, because a value beside
//! uncorrected ones (a clock was wrong for decay and scan alike) would make a false number look right.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::Refusal;
use crate::index::Level;

/// An attribute that may be corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correctable {
    /// The attribute.
    pub tag: Tag,
    /// Its representation.
    pub vr: VR,
    /// What it describes: it is corrected for the whole of it.
    pub level: Level,
}

const fn row(tag: Tag, vr: VR, level: Level) -> Correctable {
    Correctable { tag, vr, level }
}

/// Every attribute that may be corrected.
pub const CORRECTABLE: &[Correctable] = &[
    row(tags::ACCESSION_NUMBER, VR::SH, Level::Study),
    row(tags::INSTITUTION_NAME, VR::LO, Level::Series),
    row(tags::REFERRING_PHYSICIAN_NAME, VR::PN, Level::Study),
    row(tags::STUDY_DESCRIPTION, VR::LO, Level::Study),
    row(tags::SERIES_DESCRIPTION, VR::LO, Level::Series),
    row(tags::PATIENT_NAME, VR::PN, Level::Patient),
    row(tags::PATIENT_ID, VR::LO, Level::Patient),
    row(tags::ISSUER_OF_PATIENT_ID, VR::LO, Level::Patient),
    row(tags::PATIENT_BIRTH_DATE, VR::DA, Level::Patient),
    row(tags::PATIENT_SEX, VR::CS, Level::Patient),
    row(tags::OTHER_PATIENT_NAMES, VR::PN, Level::Patient),
    row(tags::BODY_PART_EXAMINED, VR::CS, Level::Series),
    row(tags::STUDY_ID, VR::SH, Level::Study),
    row(tags::LATERALITY, VR::CS, Level::Series),
    row(tags::IMAGE_LATERALITY, VR::CS, Level::Instance),
];

/// Gives the row of an attribute; `None` for one that may not be corrected.
#[must_use]
pub fn correctable(tag: Tag) -> Option<&'static Correctable> {
    CORRECTABLE.iter().find(|row| row.tag == tag)
}

/// Judges one change at a level; an empty value empties the attribute.
///
/// # Errors
///
/// [`Refusal`], which never holds the value.
pub fn check(level: Level, tag: Tag, value: &str) -> Result<(), Refusal> {
    let row = correctable(tag).ok_or(Refusal::NotCorrectable(tag))?;
    // What describes the whole study is not corrected for a part of it; what describes series may be for all of a study.
    if row.level < level && row.level != Level::Patient || row.level == Level::Patient && level > Level::Study
    {
        return Err(Refusal::WiderThanScope(tag));
    }
    if level == Level::Patient && row.level != Level::Patient {
        return Err(Refusal::NarrowerThanScope(tag));
    }
    if tag == tags::PATIENT_ID && value.is_empty() {
        return Err(Refusal::BadValue(tag, "an identifier"));
    }
    is_value(row.tag, row.vr, value).map_err(|expected| Refusal::BadValue(tag, expected))
}

fn is_value(tag: Tag, vr: VR, value: &str) -> Result<(), &'static str> {
    if value.is_empty() {
        return Ok(());
    }
    if value.chars().any(|c| c.is_control() || c == '\\') || value.trim() != value {
        return Err("one value without control characters, backslash or spaces around it");
    }
    match vr {
        VR::PN => {
            let groups: Vec<&str> = value.split('=').collect();
            let fits = |group: &&str| group.chars().count() <= 64 && group.split('^').count() <= 5;
            if groups.len() <= 3 && groups.iter().all(fits) {
                Ok(())
            } else {
                Err("at most three groups of 64 characters and five components")
            }
        }
        VR::DA if is_date(value) => Ok(()),
        VR::DA => Err("a date as YYYYMMDD"),
        VR::CS => {
            let of_set = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ' || c == '_';
            let words: &[&str] = match tag {
                tags::PATIENT_SEX => &["M", "F", "O"],
                tags::LATERALITY => &["R", "L"],
                tags::IMAGE_LATERALITY => &["R", "L", "U", "B"],
                _ => &[],
            };
            if value.len() > 16 || !value.chars().all(of_set) {
                Err("at most 16 upper-case letters, digits, spaces and underscores")
            } else if !words.is_empty() && !words.contains(&value) {
                Err("one of the standard's terms")
            } else {
                Ok(())
            }
        }
        VR::SH if value.chars().count() > 16 => Err("at most 16 characters"),
        VR::LO if value.chars().count() > 64 => Err("at most 64 characters"),
        _ => Ok(()),
    }
}

fn is_date(value: &str) -> bool {
    let part = |range| {
        value
            .get(range)
            .and_then(|digits: &str| digits.parse::<i64>().ok())
    };
    value.len() == 8
        && value.bytes().all(|byte| byte.is_ascii_digit())
        && match (part(0..4), part(4..6), part(6..8)) {
            (Some(year), Some(month), Some(day)) => {
                crate::deidentify::dates::days_from(year, month, day).is_some()
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
    use dicom_dictionary_std::{StandardDataDictionary, tags};

    use super::{CORRECTABLE, check};
    use crate::index::Level::{self, Instance, Patient, Series, Study};

    #[test]
    fn representations_are_the_standards_and_the_order_that_of_tags() {
        for row in CORRECTABLE {
            let entry = StandardDataDictionary.by_tag(row.tag).unwrap();
            assert_eq!(entry.vr().relaxed(), row.vr, "{}", row.tag);
        }
        assert!(CORRECTABLE.is_sorted_by_key(|row| row.tag));
    }

    #[test]
    fn only_what_identifies_is_corrected_and_for_the_whole_of_what_it_describes() {
        let rows: [(Level, dicom_core::Tag, &str, &str); 21] = [
            (Patient, tags::PATIENT_NAME, "Wang^XiaoDong=王^小东", ""),
            (Study, tags::PATIENT_NAME, "Wang", ""),
            (Series, tags::PATIENT_NAME, "Wang", "whole"),
            (Patient, tags::ACCESSION_NUMBER, "A1", "study"),
            (Study, tags::ACCESSION_NUMBER, "A1", ""),
            (Series, tags::ACCESSION_NUMBER, "A1", "whole"),
            (Study, tags::BODY_PART_EXAMINED, "HEART", ""),
            (Series, tags::BODY_PART_EXAMINED, "HEART", ""),
            (Series, tags::BODY_PART_EXAMINED, "heart", "upper-case"),
            (Instance, tags::IMAGE_LATERALITY, "L", ""),
            (Instance, tags::LATERALITY, "L", "whole"),
            (Patient, tags::PATIENT_ID, "", "identifier"),
            (Patient, tags::PATIENT_SEX, "X", "terms"),
            (Patient, tags::PATIENT_BIRTH_DATE, "19700230", "YYYYMMDD"),
            (Patient, tags::PATIENT_BIRTH_DATE, "", ""),
            (Patient, tags::PATIENT_NAME, "a\\b", "backslash"),
            (Study, tags::PATIENT_WEIGHT, "70", "clinical"),
            (Study, tags::STUDY_DATE, "20250101", "clinical"),
            (Series, tags::SERIES_TIME, "101500", "clinical"),
            (Study, tags::RADIONUCLIDE_TOTAL_DOSE, "1", "clinical"),
            (Study, tags::PIXEL_DATA, "1", "clinical"),
        ];
        for (level, tag, value, expected) in rows {
            let found =
                check(level, tag, value).map_or_else(|refusal| refusal.to_string(), |()| String::new());
            assert_eq!(
                found.is_empty(),
                expected.is_empty(),
                "{level:?} {tag} {value}: {found}"
            );
            assert!(found.contains(expected), "{level:?} {tag} {value}: {found}");
        }
    }
}
