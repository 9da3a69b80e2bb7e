//! Whether everything runs: each process of Uptake says so and writes its figures, other servers are asked; what is wrong is
//! an alarm, one row for a condition, and the right people are told (OPS-05 to OPS-08).
//!
//! ```text
//! Sampler --readings--> judge (limits, hysteresis) --raise, clear--> alarms --round--> notifications, SMS to who is on call
//! ```
//!
//! Other features raise alarms of their own with [`raise`] and [`clear`], in the transaction of what they found. Figures are
//! no entries of the journal; alarms that begin or end are.

mod alarms;
mod chart;
mod figures;
mod kind;
mod limits;
mod machine;
mod on_call;
mod pages;
mod probe;
mod servers;
mod site;
mod text;
mod watch;

#[cfg(test)]
mod tests;

use axum::Router;

pub use alarms::{Alarm, clear, list as alarms, open as open_alarms, raise};
pub use figures::{Current, current};
pub use kind::{Kind, Severity};
pub use machine::{Machine, Places, Reading, Sampler, host_name};
pub use servers::{Node, Server, list as servers};
pub use watch::{Watch, describe, run};

use crate::Platform;

pub(crate) fn router() -> Router<Platform> {
    pages::router()
}

/// The word of the program's own list that a metric's name begins with.
pub(crate) fn metric_word(name: &str) -> Option<&'static str> {
    limits::metric(name).map(|metric| metric.word)
}
