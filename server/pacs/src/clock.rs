//! The time of day, in one place.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970 (UTC); 0 on a clock before that.
#[must_use]
pub fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
