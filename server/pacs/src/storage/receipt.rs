//! Times of receipt: now, and later than every earlier one, so that an index made anew finds the order in which objects came.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::now_ns;

/// The last time that was given, in nanoseconds since 1970 (UTC).
#[derive(Debug, Default)]
pub(super) struct Receipts(AtomicI64);

impl Receipts {
    /// Lets no later time be earlier than this one.
    pub(super) fn not_before(&self, received_ns: i64) {
        self.0.fetch_max(received_ns, Ordering::SeqCst);
    }

    pub(super) fn next_ns(&self) -> i64 {
        let now = now_ns();
        let later = |last: i64| now.max(last.saturating_add(1));
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(later(last)))
            .map_or(now, later)
    }
}
