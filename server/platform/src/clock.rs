//! The time, and how people read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike, FixedOffset, Timelike};

/// Nanoseconds of a second.
pub const SECOND_NS: i64 = 1_000_000_000;
/// Nanoseconds of a minute.
pub const MINUTE_NS: i64 = 60 * SECOND_NS;
/// Nanoseconds of a day.
pub const DAY_NS: i64 = 24 * 60 * MINUTE_NS;

/// Tells the time; tests bring one that they move.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// One that is set.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// Nanoseconds since 1970 (UTC).
    #[must_use]
    pub fn now_ns(&self) -> i64 {
        match self {
            Self::System => pacs::clock::now_ns(),
            Self::Set(now) => now.load(Ordering::SeqCst),
        }
    }
}

/// The time zone of the site, in which people read and write times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(FixedOffset);

impl Zone {
    /// Reads an offset as `+08:00`.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// The offset as [`Zone::from_text`] reads it.
    #[must_use]
    pub fn to_text(self) -> String {
        self.0.to_string()
    }

    /// How far its clocks are ahead of UTC, in nanoseconds.
    #[must_use]
    pub fn offset_ns(self) -> i64 {
        i64::from(self.0.local_minus_utc()) * SECOND_NS
    }

    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self(FixedOffset::east_opt(0).expect("no hours are an offset"))
    }

    fn local(self, at_ns: i64) -> DateTime<FixedOffset> {
        DateTime::from_timestamp_nanos(at_ns).with_timezone(&self.0)
    }

    /// `2026-11-30 09:05`.
    #[must_use]
    pub fn minute(self, at_ns: i64) -> String {
        self.local(at_ns).format("%Y-%m-%d %H:%M").to_string()
    }

    /// `2026-11-30 09:05:17`.
    #[must_use]
    pub fn second(self, at_ns: i64) -> String {
        self.local(at_ns).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The beginning of a day that is written as `2026-11-30`, in nanoseconds since 1970 (UTC).
    #[must_use]
    pub fn day_begins_ns(self, text: &str) -> Option<i64> {
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        let midnight = day.and_hms_opt(0, 0, 0)?;
        midnight
            .and_local_timezone(self.0)
            .single()?
            .timestamp_nanos_opt()
    }

    /// A moment that is written as `2026-11-30T09:05`, in nanoseconds since 1970 (UTC).
    #[must_use]
    pub fn minute_begins_ns(self, text: &str) -> Option<i64> {
        let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok()?;
        local.and_local_timezone(self.0).single()?.timestamp_nanos_opt()
    }

    /// Minutes since Monday, 00:00.
    #[must_use]
    pub fn minute_of_week(self, at_ns: i64) -> u32 {
        let local = self.local(at_ns);
        local.weekday().num_days_from_monday() * 1440 + local.hour() * 60 + local.minute()
    }
}

impl Default for Zone {
    /// China's.
    fn default() -> Self {
        Self(FixedOffset::east_opt(8 * 3600).expect("eight hours are an offset"))
    }
}
