//! What is asked of a link.

use std::str::FromStr;
use std::time::Duration;

/// Why words are no link.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No time, or more than an hour.
    #[error("expected a time as 60ms or 2s, found {0:?}")]
    Time(String),
    /// No rate, or none that a link has.
    #[error("expected a rate as 500kbit, 20Mbit or 1Gbit, found {0:?}")]
    Rate(String),
    /// More parts than two.
    #[error("expected a delay and a rate as 60ms,20Mbit, found {0:?}")]
    Parts(String),
}

/// One direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// From the far end of the queue to who receives.
    pub delay: Duration,
    /// None: as fast as the machine can.
    pub bits_per_s: Option<u64>,
    /// Bytes that may wait for their turn; who sends more is held up.
    pub queue_bytes: usize,
}

/// What a line without a rate may hold: as much as 100 Mbit/s has under way in more than a second.
const WITHOUT_RATE_BYTES: usize = 16 << 20;
/// A queue before a line holds a tenth of a second, as those of access lines do, but so much at least.
const LEAST_QUEUE_BYTES: usize = 16 << 10;

impl Link {
    /// A line with a queue of a tenth of a second.
    pub fn new(delay: Duration, bits_per_s: Option<u64>) -> Self {
        let queue_bytes = match bits_per_s {
            Some(rate) => LEAST_QUEUE_BYTES.max((rate / 80) as usize),
            None => WITHOUT_RATE_BYTES,
        };
        Self {
            delay,
            bits_per_s,
            queue_bytes,
        }
    }

    /// How long `bytes` take to be put onto the line.
    pub fn time_of(&self, bytes: usize) -> Duration {
        let Some(rate) = self.bits_per_s else {
            return Duration::ZERO;
        };
        let nanoseconds = bytes as u128 * 8 * 1_000_000_000 / u128::from(rate.max(1));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// Bytes that are at most in the queue and under way, of one connection.
    pub fn most_held_bytes(&self) -> usize {
        let under_way = self
            .bits_per_s
            .map_or(0, |rate| (self.delay.as_secs_f64() * rate as f64 / 8.0) as usize);
        self.queue_bytes + under_way
    }
}

/// Both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// From who connects.
    pub up: Link,
    /// To who connects.
    pub down: Link,
}

impl Shape {
    /// The same rate both ways, the round trip halved.
    pub fn even(round_trip: Duration, bits_per_s: Option<u64>) -> Self {
        let up = round_trip / 2;
        Self {
            up: Link::new(up, bits_per_s),
            down: Link::new(round_trip - up, bits_per_s),
        }
    }

    /// Of a byte that is sent and answered on an idle link.
    pub fn round_trip(&self) -> Duration {
        self.up.delay + self.down.delay
    }
}

impl FromStr for Link {
    type Err = Error;

    /// `30ms,20Mbit`, or `30ms` for a line without a rate.
    fn from_str(words: &str) -> Result<Self, Error> {
        let (delay, bits_per_s) = parts(words)?;
        Ok(Self::new(delay, bits_per_s))
    }
}

impl FromStr for Shape {
    type Err = Error;

    /// `60ms,20Mbit`: the round trip, and the rate each way.
    fn from_str(words: &str) -> Result<Self, Error> {
        let (round_trip, bits_per_s) = parts(words)?;
        Ok(Self::even(round_trip, bits_per_s))
    }
}

fn parts(words: &str) -> Result<(Duration, Option<u64>), Error> {
    let mut parts = words.split(',').map(str::trim);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(time), None, _) => Ok((duration(time)?, None)),
        (Some(time), Some(rate), None) => Ok((duration(time)?, Some(bits_per_s(rate)?))),
        _ => Err(Error::Parts(words.to_owned())),
    }
}

/// Reads `60ms`, `2s` or `0.5s`; at most an hour.
///
/// # Errors
///
/// [`Error::Time`].
pub fn duration(words: &str) -> Result<Duration, Error> {
    let refused = || Error::Time(words.to_owned());
    let (number, scale) = match (words.strip_suffix("ms"), words.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => return Err(refused()),
    };
    let seconds = number.parse::<f64>().map_err(|_| refused())? * scale;
    if !(0.0..=3600.0).contains(&seconds) {
        return Err(refused());
    }
    Ok(Duration::from_nanos((seconds * 1e9).round() as u64))
}

fn bits_per_s(words: &str) -> Result<u64, Error> {
    let refused = || Error::Rate(words.to_owned());
    let number = words.strip_suffix("bit").ok_or_else(refused)?;
    let (number, scale) = match number.char_indices().next_back() {
        Some((at, 'k')) => (&number[..at], 1e3),
        Some((at, 'M')) => (&number[..at], 1e6),
        Some((at, 'G')) => (&number[..at], 1e9),
        _ => (number, 1.0),
    };
    let rate = number.parse::<f64>().map_err(|_| refused())? * scale;
    if !(1.0..=1e12).contains(&rate) {
        return Err(refused());
    }
    Ok(rate as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_links() {
        for (words, delay_ms, rate) in [
            ("60ms,20Mbit", 60, Some(20_000_000)),
            ("0.5s, 1.5Mbit", 500, Some(1_500_000)),
            ("30ms,500kbit", 30, Some(500_000)),
            ("0ms,1Gbit", 0, Some(1_000_000_000)),
            ("2s,9600bit", 2000, Some(9600)),
            ("25ms", 25, None),
        ] {
            let link: Link = words.parse().unwrap();
            assert_eq!(
                (link.delay, link.bits_per_s),
                (Duration::from_millis(delay_ms), rate),
                "{words}"
            );
            let shape: Shape = words.parse().unwrap();
            assert_eq!(shape.round_trip(), Duration::from_millis(delay_ms), "{words}");
        }
    }

    #[test]
    fn other_words_are_not() {
        for (words, message) in [
            ("", "expected a time as 60ms or 2s, found \"\""),
            ("60", "expected a time as 60ms or 2s, found \"60\""),
            ("-1s", "expected a time as 60ms or 2s, found \"-1s\""),
            ("NaNs", "expected a time as 60ms or 2s, found \"NaNs\""),
            ("2h", "expected a time as 60ms or 2s, found \"2h\""),
            (
                "1ms,20",
                "expected a rate as 500kbit, 20Mbit or 1Gbit, found \"20\"",
            ),
            (
                "1ms,0bit",
                "expected a rate as 500kbit, 20Mbit or 1Gbit, found \"0bit\"",
            ),
            (
                "1ms,兆bit",
                "expected a rate as 500kbit, 20Mbit or 1Gbit, found \"兆bit\"",
            ),
            (
                "1ms,1Mbit,3",
                "expected a delay and a rate as 60ms,20Mbit, found \"1ms,1Mbit,3\"",
            ),
        ] {
            assert_eq!(words.parse::<Link>().unwrap_err().to_string(), message);
        }
    }
}
