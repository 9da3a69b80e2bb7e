//! Dates moved by whole days (VR DA and DT, PS3.5 6.2).

/// Gives a DA or DT value `days` earlier; `None` for what is no full date, which then cannot be kept.
pub(super) fn earlier(value: &str, days: i64) -> Option<String> {
    let value = value.trim_matches([' ', '\0']);
    // Dates before DICOM 3 have full stops.
    let plain: String = match value.as_bytes() {
        [_, _, _, _, b'.', _, _, b'.', _, _] => value.replace('.', ""),
        _ => value.to_owned(),
    };
    let (date, rest) = (plain.get(..8)?, plain.get(8..)?);
    let is_time = |rest: &str| {
        rest.bytes()
            .all(|byte| byte.is_ascii_digit() || b".+-".contains(&byte))
    };
    if !date.bytes().all(|byte| byte.is_ascii_digit()) || !is_time(rest) || rest.len() > 18 {
        return None;
    }
    let (year, month, day) = (
        date[..4].parse().ok()?,
        date[4..6].parse().ok()?,
        date[6..].parse().ok()?,
    );
    let number = days_from(year, month, day)?;
    let (year, month, day) = date_of(number - days);
    (year >= 0).then(|| format!("{year:04}{month:02}{day:02}{rest}"))
}

/// Whether a value is a time of day (VR TM) and nothing else.
pub(super) fn is_time(value: &str) -> bool {
    let value = value.trim_matches([' ', '\0']);
    value.len() <= 16
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".:".contains(&byte))
}

/// Days since 1 March of the year 0, in the Gregorian calendar.
pub(crate) fn days_from(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // A year from March on: the leap day is its last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(before + (153 * month + 2) / 5 + day - 1)
}

/// Gives the date of a number of days since 1 January 1970.
pub(crate) fn date_since_1970(days: i64) -> (i64, i64, i64) {
    date_of(days + DAYS_TO_1970)
}

/// Days from 1 March of the year 0 to 1 January 1970.
pub(crate) const DAYS_TO_1970: i64 = 719_468;

fn date_of(days: i64) -> (i64, i64, i64) {
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = year_of_era + era * 400;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{date_of, days_from, earlier, is_time};

    fn check(value: &str, days: i64, expected: Option<&str>) {
        assert_eq!(earlier(value, days).as_deref(), expected, "{value} {days}");
    }

    #[test]
    fn moves_over_months_years_and_leap_days() {
        check("20240301", 1, Some("20240229"));
        check("20230301", 1, Some("20230228"));
        check("20000301", 1, Some("20000229"));
        check("19000301", 1, Some("19000228"));
        check("20240101", 1, Some("20231231"));
        check("20240101", 3650, Some("20140103"));
        check("2024.01.02", 1, Some("20240101"));
    }

    #[test]
    fn keeps_the_time_of_a_date_time() {
        check(
            "20240301235959.123456+0800",
            1,
            Some("20240229235959.123456+0800"),
        );
    }

    #[test]
    fn refuses_what_is_no_full_date() {
        for value in [
            "",
            "2024",
            "202401",
            "20240230",
            "20241301",
            "Li Wei 1",
            "20240301 Li Wei",
            "李偉李偉李偉",
        ] {
            check(value, 1, None);
        }
        assert!(is_time("235959.12") && is_time("12:30:00") && !is_time("Li Wei"));
    }

    proptest! {
        #[test]
        fn numbers_and_dates_are_inverse(number in 0_i64..4_000_000) {
            let (year, month, day) = date_of(number);
            prop_assert_eq!(days_from(year, month, day), Some(number));
        }
    }
}
