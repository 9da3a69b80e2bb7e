//! Dates and times of the standard's text forms (PS3.5 6.2: DA, TM, DT).

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes;
use crate::suv::DateTime;

/// Gives the moment of a date attribute and a time attribute.
///
/// The offset is Timezone Offset From UTC (0008,0201), where the data set has it.
pub(crate) fn date_and_time(object: &InMemDicomObject, date: Tag, time: Tag) -> Option<DateTime> {
    let (year, month, day) = parse_date(&object.text(date)?)?;
    let moment = DateTime::new(year, month, day, parse_time(&object.text(time)?)?)?;
    Some(with_offset_of(object, moment))
}

/// Gives the midnight that begins the day of a date attribute.
pub(crate) fn date_of(object: &InMemDicomObject, date: Tag) -> Option<DateTime> {
    let (year, month, day) = parse_date(&object.text(date)?)?;
    DateTime::new(year, month, day, 0.0)
}

/// Gives the moment of a DT attribute; one without a time of day is none, since midnight would be a guess.
pub(crate) fn date_time(object: &InMemDicomObject, tag: Tag) -> Option<DateTime> {
    let moment = parse_date_time(&object.text(tag)?)?;
    Some(with_offset_of(object, moment))
}

pub(super) fn with_offset_of(object: &InMemDicomObject, moment: DateTime) -> DateTime {
    let offset_s = object
        .text(tags::TIMEZONE_OFFSET_FROM_UTC)
        .and_then(|text| parse_offset(&text));
    match (moment.utc_offset_s(), offset_s) {
        (None, Some(offset_s)) => moment.with_utc_offset_s(offset_s),
        _ => moment,
    }
}

/// Seconds since midnight of a TM value: `HH[MM[SS[.F]]]`, or with colons as before DICOM 3.0.
pub(crate) fn parse_time(text: &str) -> Option<f64> {
    let plain: String = text.trim().chars().filter(|c| *c != ':').collect();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole.len(), 2 | 4 | 6)
        || !digits(whole)
        || !digits(fraction)
        || (!fraction.is_empty() && whole.len() < 6)
    {
        return None;
    }
    let part = |at: usize| {
        whole
            .get(at..at + 2)
            .map_or(Some(0.0), |two| two.parse::<f64>().ok())
    };
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    let fraction: f64 = if fraction.is_empty() {
        0.0
    } else {
        format!("0.{fraction}").parse().ok()?
    };
    // 60 is a leap second.
    (hours < 24.0 && minutes < 60.0 && seconds <= 60.0)
        .then_some(hours * 3600.0 + minutes * 60.0 + seconds + fraction)
}

/// Year, month and day of a DA value: `YYYYMMDD`, or with dots as before DICOM 3.0.
fn parse_date(text: &str) -> Option<(i32, u32, u32)> {
    let plain: String = text.trim().chars().filter(|c| *c != '.' && *c != '-').collect();
    if plain.len() != 8 || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((
        plain[..4].parse().ok()?,
        plain[4..6].parse().ok()?,
        plain[6..].parse().ok()?,
    ))
}

/// A DT value: `YYYYMMDDHH[MM[SS[.F]]][&ZZXX]`.
pub(crate) fn parse_date_time(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let (moment, offset) = match text.char_indices().skip(8).find(|(_, c)| matches!(c, '+' | '-')) {
        Some((at, _)) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let (year, month, day) = parse_date(moment.get(..8)?)?;
    let moment = DateTime::new(year, month, day, parse_time(moment.get(8..)?)?)?;
    match offset {
        Some(offset) => Some(moment.with_utc_offset_s(parse_offset(offset)?)),
        None => Some(moment),
    }
}

/// Seconds ahead of UTC of `+HHMM` or `-HHMM`.
fn parse_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.trim().split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::{parse_date_time, parse_offset, parse_time};
    use crate::suv::DateTime;

    #[test]
    fn times_of_every_precision() {
        assert_eq!(parse_time("10"), Some(36_000.0));
        assert_eq!(parse_time("1030"), Some(37_800.0));
        assert_eq!(parse_time("102731.687"), Some(37_651.687));
        assert_eq!(parse_time("10:27:31"), Some(37_651.0));
        for wrong in ["", "1", "24", "1060", "10a0", "1030.5", "-10"] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn date_times_keep_their_offset() {
        let noon = DateTime::new(2024, 2, 29, 43_200.5).unwrap();
        assert_eq!(parse_date_time("20240229120000.500"), Some(noon));
        assert_eq!(
            parse_date_time("20240229120000.5+0800"),
            Some(noon.with_utc_offset_s(28_800))
        );
        assert_eq!(parse_date_time("20240229"), None);
        assert_eq!(parse_date_time("20230229120000"), None);
        assert_eq!(parse_date_time("日本語日本語"), None);
        assert_eq!(parse_offset("-0330"), Some(-12_600));
        assert_eq!(parse_offset("0800"), None);
    }
}
