//! Working hours of a role (ACC-35).

use serde::{Deserialize, Serialize};

/// Minutes of a week.
const WEEK: u32 = 7 * 1440;

/// A stretch of time that comes each week, in minutes since Monday, 00:00; it may run over the end of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its first minute.
    pub from: u32,
    /// The minute after its last.
    pub until: u32,
}

/// When a role holds; no window for always.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hours(pub Vec<Window>);

impl Hours {
    /// Whether a minute of the week is within them.
    #[must_use]
    pub fn contain(&self, minute_of_week: u32) -> bool {
        let minute = minute_of_week % WEEK;
        self.0.is_empty()
            || self.0.iter().any(|window| match window.from <= window.until {
                true => (window.from..window.until).contains(&minute),
                false => minute >= window.from || minute < window.until,
            })
    }

    /// The same hours on some days: 0 is Monday. Hours that end before they begin run into the next day.
    #[must_use]
    pub fn on_days(days: &[u32], from: u32, until: u32) -> Self {
        let window = |day: &u32| {
            let end = if until > from { until } else { until + 1440 };
            Window {
                from: (day * 1440 + from) % WEEK,
                until: match (day * 1440 + end) % WEEK {
                    0 => WEEK,
                    minute => minute,
                },
            }
        };
        Self(days.iter().map(window).collect())
    }

    /// Days, begin and end as [`Hours::on_days`] takes them, where all windows are of the same hours.
    #[must_use]
    pub fn as_days(&self) -> Option<(Vec<u32>, u32, u32)> {
        let first = self.0.first()?;
        let (from, until) = (first.from % 1440, first.until % 1440);
        let days = self.0.iter().map(|window| window.from / 1440).collect();
        Some((days, from, until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_hold_on_their_days_and_run_over_midnight_and_the_week() {
        let work = Hours::on_days(&[0, 1, 2, 3, 4], 8 * 60, 17 * 60);
        let night = Hours::on_days(&[6], 22 * 60, 6 * 60);
        let whole = Hours::on_days(&[6], 0, 1440);
        for (hours, minute, expected) in [
            (&Hours::default(), 0, true),
            (&work, 8 * 60 - 1, false),
            (&work, 8 * 60, true),
            (&work, 17 * 60 - 1, true),
            (&work, 17 * 60, false),
            (&work, 5 * 1440 + 9 * 60, false),
            (&night, 6 * 1440 + 22 * 60, true),
            (&night, 0, true),
            (&night, 6 * 60, false),
            (&night, 6 * 1440, false),
            (&whole, 6 * 1440, true),
            (&whole, WEEK - 1, true),
            (&whole, 0, false),
        ] {
            assert_eq!(hours.contain(minute), expected, "{hours:?} {minute}");
        }
        assert_eq!(work.as_days(), Some((vec![0, 1, 2, 3, 4], 8 * 60, 17 * 60)));
        assert_eq!(night.as_days(), Some((vec![6], 22 * 60, 6 * 60)));
    }
}
