//! A civil date with a time of day, and the seconds between two of them.

/// Seconds of a civil day.
pub(super) const DAY_S: f64 = 86_400.0;

/// Days before each month of a year that is not a leap year.
const DAYS_BEFORE_MONTH: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// The proleptic Gregorian day number of 1970-01-01, counted from 0001-01-01 as day 1.
const EPOCH_DAY: i64 = 719_163;

/// A moment as a hospital writes it: a civil date, the seconds since that day's midnight, and the offset
/// from UTC where it is known.
///
/// Values: DICOM PS3.5 6.2 (DA, TM, DT); the offset is the suffix of a DT, or Timezone Offset From UTC for
/// the values that have none. Reading those strings is left to `dicom`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DateTime {
    days: i64,
    second_of_day: f64,
    utc_offset_s: Option<i32>,
}

impl DateTime {
    /// Makes a moment of a civil date (Gregorian, years 1 to 9999) and the seconds since its midnight.
    ///
    /// `None` if there is no such date, or if the seconds are not in 0 to 86 401 (the last is left for the
    /// leap second 23:59:60, which PS3.5 permits).
    ///
    /// ```
    /// use engine::suv::DateTime;
    /// let injected = DateTime::new(2024, 2, 29, 23.5 * 3600.0).unwrap();
    /// let scanned = DateTime::new(2024, 3, 1, 0.5 * 3600.0).unwrap();
    /// assert_eq!(scanned.seconds_since(injected), 3600.0);
    /// assert!(DateTime::new(2023, 2, 29, 0.0).is_none());
    /// ```
    #[must_use]
    pub fn new(year: i32, month: u32, day: u32, second_of_day: f64) -> Option<Self> {
        let days = days_since_epoch(year, month, day)?;
        is_in_day(second_of_day).then_some(Self {
            days,
            second_of_day,
            utc_offset_s: None,
        })
    }

    /// The same civil moment, said to be `utc_offset_s` seconds ahead of UTC (+0100 is 3600).
    #[must_use]
    pub const fn with_utc_offset_s(self, utc_offset_s: i32) -> Self {
        Self {
            utc_offset_s: Some(utc_offset_s),
            ..self
        }
    }

    /// Seconds ahead of UTC, where known.
    #[must_use]
    pub const fn utc_offset_s(self) -> Option<i32> {
        self.utc_offset_s
    }

    /// Seconds since midnight of its own civil day, 0 to 86 401.
    #[must_use]
    pub const fn second_of_day(self) -> f64 {
        self.second_of_day
    }

    /// Another time of the same civil day, at the same offset from UTC; `None` if no day has such a second.
    #[must_use]
    pub fn at_second_of_day(self, second_of_day: f64) -> Option<Self> {
        is_in_day(second_of_day).then_some(Self {
            second_of_day,
            ..self
        })
    }

    /// This moment, later by so many seconds (earlier if negative); fractions are kept.
    ///
    /// The seconds must be finite; beyond the days that can be counted the result stays at the last one.
    #[must_use]
    pub fn plus_seconds(self, seconds: f64) -> Self {
        let total_s = self.second_of_day + seconds;
        Self {
            days: self.days.saturating_add((total_s / DAY_S).floor() as i64),
            second_of_day: total_s.rem_euclid(DAY_S),
            ..self
        }
    }

    /// Seconds from `earlier` to this moment; negative if this one is the earlier.
    ///
    /// Where both know their offset from UTC the difference is taken in UTC. Where either does not, both
    /// are taken to be of one place and are subtracted as written: PS3.5 6.2 gives values without an offset
    /// the local time of the equipment.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        let as_written =
            (self.days as f64 - earlier.days as f64) * DAY_S + (self.second_of_day - earlier.second_of_day);
        match (self.utc_offset_s, earlier.utc_offset_s) {
            (Some(own), Some(other)) => as_written - f64::from(own) + f64::from(other),
            _ => as_written,
        }
    }
}

/// Up to the leap second 23:59:60.
fn is_in_day(second_of_day: f64) -> bool {
    (0.0..DAY_S + 1.0).contains(&second_of_day)
}

fn days_since_epoch(year: i32, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let years = i64::from(year) - 1;
    let before_year = 365 * years + years / 4 - years / 100 + years / 400;
    let before_month = DAYS_BEFORE_MONTH[month as usize - 1] + i64::from(leap && month > 2);
    Some(before_year + before_month + i64::from(day) - EPOCH_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(year: i32, month: u32, day: u32, expected_days: Option<i64>) {
        assert_eq!(
            days_since_epoch(year, month, day),
            expected_days,
            "{year}-{month}-{day}"
        );
    }

    #[test]
    fn dates_are_counted_as_the_gregorian_calendar_does() {
        check(1970, 1, 1, Some(0));
        check(1969, 12, 31, Some(-1));
        check(2000, 2, 29, Some(11_016));
        check(2000, 3, 1, Some(11_017));
        check(2024, 12, 31, Some(20_088));
        check(2025, 1, 1, Some(20_089));
        check(1, 1, 1, Some(-719_162));
        check(9999, 12, 31, Some(2_932_896));
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for (year, month, day) in [
            (1900, 2, 29),
            (2025, 0, 1),
            (2025, 13, 1),
            (2025, 4, 31),
            (2025, 1, 0),
            (0, 1, 1),
        ] {
            check(year, month, day, None);
        }
        for seconds in [-0.001, 86_401.0, f64::NAN, f64::INFINITY] {
            assert_eq!(DateTime::new(2025, 1, 1, seconds), None, "{seconds}");
        }
    }

    #[test]
    fn offsets_count_only_where_both_are_known() {
        let noon = DateTime::new(2025, 1, 1, 43_200.0).unwrap();
        let in_berlin = noon.with_utc_offset_s(3600);
        let in_utc = noon.with_utc_offset_s(0);
        assert_eq!(in_utc.seconds_since(in_berlin), 3600.0);
        assert_eq!(in_utc.seconds_since(noon), 0.0);
        assert_eq!(noon.seconds_since(in_berlin), 0.0);
    }

    proptest::proptest! {
        #[test]
        fn plus_and_since_undo_each_other(second in 0.0..86_400.0, shift in -1e7..1e7) {
            let start = DateTime::new(2025, 6, 30, second).unwrap();
            let moved = start.plus_seconds(shift);
            proptest::prop_assert!((moved.seconds_since(start) - shift).abs() < 1e-6);
            proptest::prop_assert!((0.0..86_400.0 + 1e-6).contains(&moved.second_of_day()));
        }
    }
}
