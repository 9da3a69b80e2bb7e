//! How long to wait after a failure.

use std::time::Duration;

/// Waits that double, up to a limit; spread, so that what failed together does not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            most: Duration::from_secs(15 * 60),
        }
    }
}

impl Backoff {
    /// The wait after so many failures: from half of the doubled wait to all of it, as `random` says.
    #[must_use]
    pub fn wait(self, failures: u32, random: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(30));
        let whole = doubled.min(self.most);
        whole / 2 + (whole / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

/// A number of the system's random source; without one the waits are not spread.
pub(super) fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_are_spread_over_their_second_half() {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
        };
        for (failures, random, seconds) in [
            (0, u32::MAX, 1.0),
            (1, u32::MAX, 1.0),
            (1, 0, 0.5),
            (2, u32::MAX, 2.0),
            (5, 0, 8.0),
            (7, u32::MAX, 60.0),
            (u32::MAX, u32::MAX, 60.0),
            (u32::MAX, 0, 30.0),
        ] {
            assert_eq!(
                backoff.wait(failures, random).as_secs_f64(),
                seconds,
                "{failures} failures"
            );
        }
    }
}
