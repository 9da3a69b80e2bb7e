//! How fast the other end takes what it is sent, from the time between handing a chunk over and being asked for the next.

use std::time::Instant;

/// Bytes that say nothing of the link: buffers on the way take them at once.
const BUFFERED_BYTES: u64 = 4 << 20;

/// Bytes that the figure is made of; older ones count less and less.
const WINDOW_BYTES: f64 = 4e6;

/// Bytes of frames that one processor compresses in a second, at least.
const ENCODED_BYTES_S: f64 = 40e6;

/// The way to one reader.
#[derive(Debug, Default)]
pub(super) struct Link {
    handed: Option<(Instant, usize)>,
    bytes: f64,
    seconds: f64,
    sent: u64,
}

impl Link {
    /// A chunk is handed over.
    pub(super) fn hand(&mut self, bytes: usize, now: Instant) {
        self.handed = Some((now, bytes));
    }

    /// The next one is asked for.
    pub(super) fn asked(&mut self, now: Instant) {
        let Some((at, bytes)) = self.handed.take() else {
            return;
        };
        self.sent += bytes as u64;
        self.bytes += bytes as f64;
        self.seconds += now.duration_since(at).as_secs_f64();
        if self.bytes > WINDOW_BYTES {
            self.bytes /= 2.0;
            self.seconds /= 2.0;
        }
    }

    /// Whether compressing on the way costs less time than it saves; at the beginning nothing is known, and nothing done.
    pub(super) fn is_slow(&self, processors: usize) -> bool {
        self.sent > BUFFERED_BYTES && self.bytes < self.seconds * ENCODED_BYTES_S * processors as f64
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Link;

    /// Sends chunks of 200 kB that are taken in so many milliseconds each.
    fn link(of: &[(usize, u64)]) -> bool {
        let (mut link, mut now) = (Link::default(), Instant::now());
        for (chunks, milliseconds) in of {
            for _ in 0..*chunks {
                link.hand(200_000, now);
                now += Duration::from_millis(*milliseconds);
                link.asked(now);
                // Time that the chunk took to make is not the link's.
                now += Duration::from_secs(1);
            }
        }
        link.is_slow(2)
    }

    #[test]
    fn a_link_is_slow_when_it_takes_longer_than_compressing() {
        for (of, expected) in [
            (&[][..], false),
            (&[(20, 100)][..], false),
            (&[(30, 100)], true),
            (&[(30, 1)], false),
            (&[(30, 1), (40, 100)], true),
            (&[(30, 100), (200, 0)], false),
        ] {
            assert_eq!(link(of), expected, "{of:?}");
        }
    }
}
