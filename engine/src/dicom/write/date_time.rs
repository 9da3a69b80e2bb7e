//! Moments of the calendar, as DICOM writes them.

/// A moment in local time, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime {
    /// Microseconds since the midnight that began 1970-01-01.
    microseconds: i64,
}

const DAY_US: i64 = 86_400_000_000;

impl DateTime {
    /// Makes a moment of a date (proleptic Gregorian) and a time of day.
    #[must_use]
    pub const fn new(year: i32, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Self {
        let seconds = hour as i64 * 3600 + minute as i64 * 60 + second as i64;
        Self {
            microseconds: days_from_civil(year, month, day) * DAY_US + seconds * 1_000_000,
        }
    }

    /// The moment `seconds` later, to the nearest microsecond.
    #[must_use]
    pub fn plus_s(self, seconds: f64) -> Self {
        Self {
            microseconds: self.microseconds + (seconds * 1e6).round() as i64,
        }
    }

    /// Seconds from `earlier` to this moment.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.microseconds - earlier.microseconds) as f64 / 1e6
    }

    /// The date as DA: `20240607`.
    #[must_use]
    pub fn date(self) -> String {
        let (year, month, day) = civil_from_days(self.microseconds.div_euclid(DAY_US));
        format!("{year:04}{month:02}{day:02}")
    }

    /// The time of day as TM: `093005`, with a fraction only where there is one.
    #[must_use]
    pub fn time(self) -> String {
        let of_day = self.microseconds.rem_euclid(DAY_US);
        let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let whole = format!("{hour:02}{minute:02}{second:02}");
        if fraction == 0 {
            whole
        } else {
            format!("{whole}.{fraction:06}")
        }
    }

    /// Date and time as DT.
    #[must_use]
    pub fn date_time(self) -> String {
        self.date() + &self.time()
    }
}

/// The civil moment as written; where it had an offset from UTC, that is left out.
impl From<crate::suv::DateTime> for DateTime {
    fn from(moment: crate::suv::DateTime) -> Self {
        let epoch = crate::suv::DateTime::new(1970, 1, 1, 0.0).expect("a day of the calendar");
        Self::new(1970, 1, 1, 0, 0, 0).plus_s(moment.seconds_since(epoch))
    }
}

/// Days from 1970-01-01; years are counted from March so that the leap day ends them.
const fn days_from_civil(year: i32, month: u32, day: u32) -> i64 {
    let year = year as i64 - if month <= 2 { 1 } else { 0 };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i64 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::DateTime;

    fn check(from: DateTime, seconds: f64, expected: &str) {
        assert_eq!(from.plus_s(seconds).date_time(), expected);
    }

    #[test]
    fn midnight_and_leap_days_are_passed() {
        check(DateTime::new(2024, 2, 28, 23, 59, 59), 1.0, "20240229000000");
        check(
            DateTime::new(2023, 2, 28, 23, 59, 59),
            1.5,
            "20230301000000.500000",
        );
        check(DateTime::new(2025, 1, 1, 0, 0, 0), -0.25, "20241231235959.750000");
        check(DateTime::new(1960, 1, 1, 12, 0, 0), 0.0, "19600101120000");
        check(DateTime::new(2000, 12, 31, 0, 0, 0), 86_400.0, "20010101000000");
    }

    #[test]
    fn moments_that_were_read_are_written_as_they_were() {
        let read = crate::suv::DateTime::new(2024, 2, 29, 37_651.687).unwrap();
        assert_eq!(DateTime::from(read).date_time(), "20240229102731.687000");
        let ahead = read.with_utc_offset_s(28_800);
        assert_eq!(DateTime::from(ahead), DateTime::from(read));
    }

    #[test]
    fn differences_are_seconds() {
        let start = DateTime::new(2024, 6, 7, 23, 30, 0);
        assert_eq!(start.plus_s(3600.25).seconds_since(start), 3600.25);
    }
}
