//! When a byte leaves a line.

use std::time::Duration;

use crate::shape::Link;

/// A line in the link's time: bytes one after the other at its rate, each under way for its delay.
#[derive(Debug, Clone)]
pub struct Line {
    link: Link,
    /// When the last byte that was accepted is on the line.
    free: Duration,
}

impl Line {
    /// An idle line.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            free: Duration::ZERO,
        }
    }

    /// What was asked of it.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// From when on the queue takes more: a byte less than its bound waits then.
    pub fn room(&self) -> Duration {
        match self.link.bits_per_s {
            Some(_) => self.free.saturating_sub(self.link.time_of(self.link.queue_bytes)),
            None => Duration::ZERO,
        }
    }

    /// Takes bytes at a time, and says when the last of them arrives.
    pub fn accept(&mut self, at: Duration, bytes: usize) -> Duration {
        self.free = self.free.max(at) + self.link.time_of(bytes);
        self.free + self.link.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends bytes as (when in ms, how many), and says when each arrives, in microseconds.
    fn arrivals(link: Link, sent: &[(u64, usize)]) -> Vec<u128> {
        let mut line = Line::new(link);
        sent.iter()
            .map(|(at, bytes)| line.accept(Duration::from_millis(*at), *bytes).as_micros())
            .collect()
    }

    #[test]
    fn bytes_leave_by_rate_and_delay() {
        type Case = (&'static str, &'static [(u64, usize)], &'static [u128]);
        let cases: &[Case] = &[
            // Without a rate only the delay counts.
            ("30ms", &[(0, 1), (5, 1_000_000)], &[30_000, 35_000]),
            // 8 Mbit/s: a byte takes a microsecond.
            ("30ms,8Mbit", &[(0, 1000)], &[31_000]),
            // One behind the other, then idle, then at once again.
            (
                "10ms,8Mbit",
                &[(0, 1000), (0, 1000), (1, 500), (50, 1000)],
                &[11_000, 12_000, 12_500, 61_000],
            ),
            ("0ms,8kbit", &[(0, 1), (0, 2)], &[1000, 3000]),
        ];
        for (link, sent, expected) in cases {
            assert_eq!(arrivals(link.parse().unwrap(), sent), *expected, "{link}");
        }
    }

    #[test]
    fn a_line_is_as_fast_as_was_asked_for() {
        // Rates that are no whole number of nanoseconds a byte; the sum may not drift.
        for rate in [1_234_567, 20_000_000, 333_333_333] {
            let mut line = Line::new(Link::new(Duration::ZERO, Some(rate)));
            let bytes: usize = (0..8000).map(|number| 700 + number % 760).sum();
            let last = (0..8000).map(|number| line.accept(Duration::ZERO, 700 + number % 760));
            let seconds = last.last().unwrap().as_secs_f64();
            let found = bytes as f64 * 8.0 / seconds;
            assert!((found / rate as f64 - 1.0).abs() < 1e-4, "{rate}: {found}");
        }
    }

    #[test]
    fn the_queue_has_room_again_when_bytes_have_left() {
        let link = Link {
            queue_bytes: 4000,
            ..Link::new(Duration::from_millis(30), Some(8_000_000))
        };
        let mut line = Line::new(link);
        assert_eq!(line.room(), Duration::ZERO);
        line.accept(Duration::ZERO, 4000);
        assert_eq!(line.room(), Duration::ZERO);
        line.accept(Duration::ZERO, 1500);
        assert_eq!(line.room(), Duration::from_micros(1500));
    }
}
