//! The last lines of the log, as the bundle has them: when, how bad, from which line of the program, and fields that are known
//! to hold nothing of people. Messages and all other fields are left out: they may hold what somebody sent.

use std::collections::VecDeque;
use std::fmt::{Debug, Write as _};
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Lines that are kept.
const KEPT: usize = 2000;
/// Fields whose numbers are kept.
const NUMBERS: [&str; 9] = [
    "status", "seconds", "count", "number", "bytes", "tries", "failures", "objects", "attempts",
];
/// Methods of HTTP.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Characters of a route that are kept.
const LONGEST: usize = 80;

static LINES: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Keeps the last lines; stands beside what writes the log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keep;

/// The lines that are kept, the earliest first.
#[must_use]
pub fn kept() -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().cloned().collect()
}

impl<S: Subscriber> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        if *metadata.level() > Level::INFO {
            return;
        }
        let mut line = format!(
            "{} {} {}:{}",
            crate::clock::Zone::utc().second(pacs::clock::now_ns()),
            metadata.level(),
            metadata.file().unwrap_or(metadata.target()),
            metadata.line().unwrap_or(0)
        );
        event.record(&mut Fields(&mut line));
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        while lines.len() >= KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

struct Fields<'a>(&'a mut String);

impl Fields<'_> {
    fn number(&mut self, field: &Field, value: &dyn std::fmt::Display) {
        if NUMBERS.contains(&field.name()) {
            let _ = write!(self.0, " {}={value}", field.name());
        }
    }
}

impl Visit for Fields<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let is_known = match field.name() {
            // A pattern of a route has no values in it.
            "route" => {
                let is_plain = |c: char| c.is_ascii_lowercase() || "/{}-_.".contains(c);
                value.starts_with('/') && value.len() <= LONGEST && value.chars().all(is_plain)
            }
            "method" => METHODS.contains(&value),
            _ => false,
        };
        if is_known {
            let _ = write!(self.0, " {}={value}", field.name());
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}
