//! The time of a link, which stands still while it is cut.

use std::ops::Range;
use std::time::Duration;

/// Tells the link's time from the real one; both begin at zero.
#[derive(Debug, Clone, Default)]
pub struct LinkTime {
    /// How long all cuts before the last took.
    stood: Duration,
    /// The last, in real time.
    cut: Range<Duration>,
}

impl LinkTime {
    /// Cuts the link from now on. A cut within a cut makes it longer where it ends later, never shorter.
    pub fn cut(&mut self, now: Duration, lasting: Duration) {
        let end = now.saturating_add(lasting);
        if self.cut.contains(&now) {
            self.cut.end = self.cut.end.max(end);
        } else {
            self.stood += self.cut.end - self.cut.start;
            self.cut = now..end;
        }
    }

    /// The link's time at a real one, which does not lie before the last cut.
    pub fn at(&self, now: Duration) -> Duration {
        let stood = now.clamp(self.cut.start, self.cut.end) - self.cut.start;
        now.saturating_sub(self.stood + stood)
    }

    /// The first real time from `now` on at which the link is open and its time is `at` or later, if no other cut comes.
    pub fn real(&self, at: Duration, now: Duration) -> Duration {
        let without = at + self.stood;
        let real = if without > self.cut.start {
            without + (self.cut.end - self.cut.start)
        } else {
            without
        };
        let open = if self.cut.contains(&now) {
            self.cut.end
        } else {
            now
        };
        real.max(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn stands_still_while_the_link_is_cut() {
        // Cuts as (when, how long); then real times with the link's.
        type Case = (&'static [(f64, f64)], &'static [(f64, f64)]);
        let cases: &[Case] = &[
            (&[], &[(0.0, 0.0), (3.5, 3.5)]),
            (
                &[(1.0, 2.0)],
                &[(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (3.5, 1.5), (10.0, 8.0)],
            ),
            (&[(1.0, 2.0), (2.0, 0.5)], &[(2.5, 1.0), (3.0, 1.0), (4.0, 2.0)]),
            (&[(1.0, 2.0), (2.0, 4.0)], &[(5.0, 1.0), (6.0, 1.0), (7.0, 2.0)]),
            (&[(1.0, 2.0), (4.0, 1.0)], &[(4.0, 2.0), (5.0, 2.0), (6.0, 3.0)]),
            (&[(1.0, 2.0), (3.0, 1.0)], &[(3.5, 1.0), (4.0, 1.0), (5.0, 2.0)]),
        ];
        for (cuts, times) in cases {
            let mut time = LinkTime::default();
            for (when, lasting) in *cuts {
                time.cut(s(*when), s(*lasting));
            }
            for (now, at) in *times {
                assert_eq!(time.at(s(*now)), s(*at), "{cuts:?} at {now}");
            }
        }
    }

    #[test]
    fn says_when_a_time_will_be() {
        let mut time = LinkTime::default();
        time.cut(s(1.0), s(2.0));
        for (at, now, real) in [
            // Due before the cut and late for it: after it.
            (0.5, 1.5, 3.0),
            // Due when it began.
            (1.0, 1.0, 3.0),
            (1.25, 1.0, 3.25),
            (1.25, 5.0, 5.0),
            (1.25, 3.0, 3.25),
        ] {
            assert_eq!(time.real(s(at), s(now)), s(real), "{at} seen from {now}");
        }
    }
}
