//! Whose picture it is, of which study: what no file tells.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::Error;

/// What the caller says of patient, study and series. Empty text means that it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Patient ID (0010,0020); must be there.
    pub patient_id: String,
    /// Issuer of Patient ID (0010,0021).
    pub issuer_of_patient_id: String,
    /// Patient's Name (0010,0010), with carets between its components.
    pub patient_name: String,
    /// Patient's Birth Date (0010,0030), eight digits.
    pub patient_birth_date: String,
    /// Patient's Sex (0010,0040): M, F, O.
    pub patient_sex: String,
    /// Study Instance UID (0020,000D); a new one where it is empty.
    pub study_instance_uid: String,
    /// Series Instance UID (0020,000E); a new one where it is empty.
    pub series_instance_uid: String,
    /// Study Date (0008,0020), eight digits.
    pub study_date: String,
    /// Study Time (0008,0030): six digits, fewer where less is known, or a fraction of seconds more.
    pub study_time: String,
    /// Study ID (0020,0010).
    pub study_id: String,
    /// Accession Number (0008,0050).
    pub accession_number: String,
    /// Referring Physician's Name (0008,0090).
    pub referring_physician_name: String,
    /// Study Description (0008,1030).
    pub study_description: String,
    /// Series Description (0008,103E).
    pub series_description: String,
    /// Series Number (0020,0011).
    pub series_number: u32,
    /// Instance Number (0020,0013).
    pub instance_number: u32,
    /// Content Date (0008,0023), eight digits: when the picture was made.
    pub content_date: String,
    /// Content Time (0008,0033), as Study Time.
    pub content_time: String,
    /// Document Title (0042,0010) of a document.
    pub document_title: String,
    /// Whether a still picture is a photograph of the patient (VL Photographic) rather than a capture.
    pub is_photograph: bool,
    /// Whether pixels or pages tell who the patient is (0028,0301), where somebody looked.
    pub burned_in_annotation: Option<bool>,
}

impl Header {
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.patient_id.trim().is_empty() {
            let expected = "the patient's identifier; it is never guessed";
            return Err(Error::Header {
                what: "Patient ID",
                expected,
            });
        }
        let texts = [
            ("Patient ID", &self.patient_id, 64),
            ("Issuer of Patient ID", &self.issuer_of_patient_id, 64),
            ("Patient's Name", &self.patient_name, 194),
            ("Study ID", &self.study_id, 16),
            ("Accession Number", &self.accession_number, 16),
            ("Referring Physician's Name", &self.referring_physician_name, 194),
            ("Study Description", &self.study_description, 64),
            ("Series Description", &self.series_description, 64),
            ("Document Title", &self.document_title, 1024),
        ];
        for (what, text, most) in texts {
            if !is_text(text, most) {
                let expected = "text of the attribute's length, without backslashes and control characters";
                return Err(Error::Header { what, expected });
            }
        }
        for (what, uid) in [
            ("Study Instance UID", &self.study_instance_uid),
            ("Series Instance UID", &self.series_instance_uid),
        ] {
            if !uid.is_empty() && !is_uid(uid) {
                let expected = "a UID of at most 64 digits and dots, or nothing";
                return Err(Error::Header { what, expected });
            }
        }
        self.check_codes()
    }

    fn check_codes(&self) -> Result<(), Error> {
        for (what, date) in [
            ("Patient's Birth Date", &self.patient_birth_date),
            ("Study Date", &self.study_date),
            ("Content Date", &self.content_date),
        ] {
            if !is_date_or_none(date) {
                let expected = "a date as YYYYMMDD, or nothing";
                return Err(Error::Header { what, expected });
            }
        }
        for (what, time) in [
            ("Study Time", &self.study_time),
            ("Content Time", &self.content_time),
        ] {
            if !is_time_or_none(time) {
                let expected = "a time as HHMMSS, which may have a fraction, or nothing";
                return Err(Error::Header { what, expected });
            }
        }
        if !is_sex_or_none(&self.patient_sex) {
            let expected = "M, F, O, or nothing";
            return Err(Error::Header {
                what: "Patient's Sex",
                expected,
            });
        }
        Ok(())
    }
}

/// Whether a value that the archive has of a study can be written into another object of it. What says who the patient is has to
/// be, and is refused by [`Header::check`] where it cannot; the rest is left out then, as unknown.
pub(super) fn is_written(tag: Tag, value: &str) -> bool {
    match tag {
        tags::PATIENT_BIRTH_DATE | tags::STUDY_DATE => is_date_or_none(value),
        tags::STUDY_TIME => is_time_or_none(value),
        tags::PATIENT_SEX => is_sex_or_none(value),
        tags::STUDY_ID | tags::ACCESSION_NUMBER => is_text(value, 16),
        tags::REFERRING_PHYSICIAN_NAME => is_text(value, 194),
        tags::STUDY_DESCRIPTION => is_text(value, 64),
        _ => true,
    }
}

fn is_text(text: &str, most: usize) -> bool {
    text.chars().all(|c| c != '\\' && !c.is_control()) && text.chars().count() <= most
}

fn is_date_or_none(date: &str) -> bool {
    date.is_empty() || is_date(date)
}

fn is_time_or_none(time: &str) -> bool {
    time.is_empty() || is_time(time)
}

fn is_sex_or_none(sex: &str) -> bool {
    ["", "M", "F", "O"].contains(&sex)
}

/// PS3.5 9.1: no component begins with a zero.
fn is_uid(uid: &str) -> bool {
    let is_component = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits && (part == "0" || !part.starts_with('0'))
    };
    uid.len() <= 64 && uid.split('.').all(is_component)
}

/// Number of two digits at a place.
fn two(text: &str, at: usize) -> Option<u32> {
    text.get(at..at + 2)?.parse().ok()
}

fn is_date(text: &str) -> bool {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        && two(text, 4).is_some_and(|month| (1..=12).contains(&month))
        && two(text, 6).is_some_and(|day| (1..=31).contains(&day))
}

/// Hours, then minutes, seconds and their fraction as far as they are known (PS3.5 6.2, TM).
fn is_time(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let below = |at, end| at >= clock.len() || two(clock, at).is_some_and(|part| part < end);
    is_digits(clock)
        && matches!(clock.len(), 2 | 4 | 6)
        && is_digits(fraction)
        && fraction.len() <= 6
        && (clock.len() == 6 || !text.contains('.'))
        && below(0, 24)
        && below(2, 60)
        && below(4, 61)
}
