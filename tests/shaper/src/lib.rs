//! A TCP proxy that is as slow, as narrow and as often cut as a link that a test asks for: a line to a clinic, where the
//! kernel cannot make one (no netem).
//!
//! Each direction is a line of its own with a one-way delay, a rate, and a queue before it that is bounded: who sends more
//! than the line takes is held up, as on a real link. All connections through one [`Shaper`] share its two lines. A line can
//! be cut for a while, so that connections stall or are reset. When a byte leaves is a pure matter of numbers ([`Line`],
//! [`LinkTime`]); [`pass`] moves bytes by it, and the clock is tokio's, which tests may hold.
//!
//! What a real link also does is left out: bytes that get lost, and what senders do then; speeds that vary. Timers wake up to
//! 1 ms late, so a round trip is up to 2 ms longer than asked for; rates are not touched by that.

mod line;
mod link_time;
mod pass;
mod probe;
mod proxy;
mod shape;

pub use line::Line;
pub use link_time::LinkTime;
pub use pass::{Lane, pass};
pub use probe::{Found, probe};
pub use proxy::{Cut, Shaper};
pub use shape::{Error, Link, Shape, duration};
