//! Counts over time.

use std::sync::Arc;

use crate::scintigraphy::Error;
use crate::scintigraphy::error::positive;

/// Parts of a second that frames may overlap or leave out: times are stored in milliseconds.
const TOLERANCE_S: f64 = 2e-3;

/// When a frame was counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameTime {
    /// Start, s after the start of the study.
    pub start_s: f64,
    /// How long it was counted, s.
    pub duration_s: f64,
}

impl FrameTime {
    /// Middle of the frame, s.
    #[must_use]
    pub fn middle_s(self) -> f64 {
        self.start_s + self.duration_s / 2.0
    }

    /// End of the frame, s.
    #[must_use]
    pub fn end_s(self) -> f64 {
        self.start_s + self.duration_s
    }

    /// Seconds that the frame shares with a time.
    fn shared_s(self, [from_s, to_s]: [f64; 2]) -> f64 {
        (self.end_s().min(to_s) - self.start_s.max(from_s)).max(0.0)
    }
}

/// Counts of one region, frame by frame: a time-activity curve.
///
/// ```
/// use engine::scintigraphy::{Curve, FrameTime};
/// let frame = |start_s| FrameTime { start_s, duration_s: 20.0 };
/// let curve = Curve::new([frame(0.0), frame(20.0), frame(40.0)], vec![200.0, 400.0, 300.0]).unwrap();
/// assert_eq!(curve.rates().collect::<Vec<_>>(), [10.0, 20.0, 15.0]);
/// assert_eq!(curve.counts_between([10.0, 30.0]), Ok(300.0));
/// assert_eq!(curve.rate_at(40.0), Some(17.5));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    times: Arc<[FrameTime]>,
    counts: Vec<f64>,
}

impl Curve {
    /// Makes a curve of the frames' times and counts.
    ///
    /// # Errors
    ///
    /// [`Error::FrameTime`] for a frame without a duration or before the one before, [`Error::Count`]
    /// unless there is a count for each, [`Error::TooFew`] without frames.
    pub fn new(times: impl Into<Arc<[FrameTime]>>, counts: Vec<f64>) -> Result<Self, Error> {
        let times = times.into();
        check(&times)?;
        if counts.len() != times.len() {
            return Err(Error::Count {
                what: "counts",
                expected: times.len(),
                found: counts.len(),
            });
        }
        Ok(Self { times, counts })
    }

    /// When the frames were counted.
    #[must_use]
    pub fn times(&self) -> &[FrameTime] {
        &self.times
    }

    /// Counts of each frame.
    #[must_use]
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// Counts per second of each frame: frames of different durations compare by these only.
    pub fn rates(&self) -> impl Iterator<Item = f64> + '_ {
        let both = self.counts.iter().zip(self.times.iter());
        both.map(|(counts, time)| counts / time.duration_s)
    }

    /// Counts between two times, s; a frame that is there in part gives that part.
    ///
    /// # Errors
    ///
    /// [`Error::NotCovered`] when the frames do not cover it all.
    pub fn counts_between(&self, [from_s, to_s]: [f64; 2]) -> Result<f64, Error> {
        let shared = |time: &FrameTime| time.shared_s([from_s, to_s]);
        let covered_s: f64 = self.times.iter().map(shared).sum();
        let wanted_s = to_s - from_s;
        // Not a number is neither more nor less.
        if !(wanted_s > 0.0 && covered_s >= wanted_s - TOLERANCE_S * self.times.len() as f64) {
            return Err(Error::NotCovered {
                from_s,
                to_s,
                covered_s,
            });
        }
        let parts = self.rates().zip(self.times.iter());
        Ok(parts.map(|(rate, time)| rate * shared(time)).sum())
    }

    /// Counts per second at a time, s, linear between the middles of frames; `None` before the first and
    /// after the last middle.
    #[must_use]
    pub fn rate_at(&self, at_s: f64) -> Option<f64> {
        let rates: Vec<f64> = self.rates().collect();
        let above = self.times.partition_point(|time| time.middle_s() < at_s);
        let time = self.times.get(above)?.middle_s();
        if time == at_s {
            return Some(rates[above]);
        }
        let below = above.checked_sub(1)?;
        let from = self.times[below].middle_s();
        Some(rates[below] + (rates[above] - rates[below]) * (at_s - from) / (time - from))
    }

    /// The curve less a background that was counted beside it at the same time, pixel for pixel.
    ///
    /// Counts may come out negative where the background is hotter than the region; what is made of them
    /// refuses that where it matters.
    ///
    /// # Errors
    ///
    /// [`Error::OtherFrames`] for a background over other frames, [`Error::NotPositive`] for no pixels.
    pub fn less_background(
        &self,
        pixels: usize,
        background: &Self,
        background_pixels: usize,
    ) -> Result<Self, Error> {
        self.require_frames_of(background)?;
        let share = positive("pixels of the region", pixels as f64)?
            / positive("pixels of the background", background_pixels as f64)?;
        let both = self.counts.iter().zip(&background.counts);
        Ok(Self {
            times: self.times.clone(),
            counts: both.map(|(own, background)| own - share * background).collect(),
        })
    }

    /// The same curve with its times counted from another moment, such as the injection, s.
    #[must_use]
    pub fn from_moment(&self, moment_s: f64) -> Self {
        let times = self.times.iter().map(|time| FrameTime {
            start_s: time.start_s - moment_s,
            ..*time
        });
        Self {
            times: times.collect(),
            counts: self.counts.clone(),
        }
    }

    pub(super) fn require_frames_of(&self, other: &Self) -> Result<(), Error> {
        if self.times == other.times {
            Ok(())
        } else {
            Err(Error::OtherFrames)
        }
    }
}

/// Refuses frames without a duration and frames that overlap.
pub(super) fn check(times: &[FrameTime]) -> Result<(), Error> {
    let mut end_s = f64::NEG_INFINITY;
    for (frame, time) in times.iter().enumerate() {
        let FrameTime { start_s, duration_s } = *time;
        let is_time = start_s.is_finite() && duration_s.is_finite() && duration_s > 0.0;
        if !is_time || start_s < end_s - TOLERANCE_S {
            return Err(Error::FrameTime {
                frame,
                start_s,
                duration_s,
            });
        }
        end_s = time.end_s();
    }
    if times.is_empty() {
        return Err(Error::TooFew {
            what: "frames",
            needed: 1,
            found: 0,
        });
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{Curve, FrameTime};
    use crate::scintigraphy::Error;

    /// Frames of one duration from 0, counted by a function of their middle that gives counts per second.
    pub(in crate::scintigraphy) fn sampled(
        frames: usize,
        duration_s: f64,
        rate: impl Fn(f64) -> f64,
    ) -> Curve {
        let times: Vec<FrameTime> = (0..frames)
            .map(|n| FrameTime {
                start_s: n as f64 * duration_s,
                duration_s,
            })
            .collect();
        let counts = times
            .iter()
            .map(|time| rate(time.middle_s()) * duration_s)
            .collect();
        Curve::new(times, counts).unwrap()
    }

    #[test]
    fn frames_without_a_duration_or_order_are_refused() {
        let time = |start_s, duration_s| FrameTime { start_s, duration_s };
        for times in [
            vec![time(0.0, 0.0)],
            vec![time(0.0, f64::NAN)],
            vec![time(0.0, 10.0), time(5.0, 10.0)],
        ] {
            let refused = Curve::new(times.clone(), vec![1.0; times.len()]);
            assert!(matches!(refused, Err(Error::FrameTime { .. })), "{refused:?}");
        }
        assert!(matches!(Curve::new([], vec![]), Err(Error::TooFew { .. })));
        let refused = Curve::new([time(0.0, 1.0)], vec![]);
        assert!(matches!(refused, Err(Error::Count { .. })), "{refused:?}");
    }

    #[test]
    fn a_time_beyond_the_study_is_refused() {
        let curve = sampled(6, 20.0, |_| 5.0);
        assert_eq!(curve.counts_between([0.0, 120.0]), Ok(600.0));
        let refused = curve.counts_between([60.0, 180.0]);
        assert!(
            matches!(refused, Err(Error::NotCovered { covered_s: 60.0, .. })),
            "{refused:?}"
        );
        assert!(curve.counts_between([60.0, f64::NAN]).is_err());
        assert_eq!(
            (curve.rate_at(5.0), curve.rate_at(115.0), curve.rate_at(110.0)),
            (None, None, Some(5.0))
        );
        let late = curve.from_moment(-30.0);
        assert!(late.counts_between([0.0, 60.0]).is_err());
        assert_eq!(late.counts_between([30.0, 60.0]), Ok(150.0));
    }

    #[test]
    fn a_background_is_taken_off_pixel_for_pixel() {
        let (own, background) = (sampled(3, 10.0, |_| 9.0), sampled(3, 10.0, |_| 2.0));
        let found = own.less_background(30, &background, 10).unwrap();
        assert_eq!(found.counts(), [30.0; 3]);
        assert_eq!(
            own.less_background(30, &sampled(3, 9.0, |_| 2.0), 10),
            Err(Error::OtherFrames)
        );
        assert!(own.less_background(30, &background, 0).is_err());
    }

    proptest! {
        #[test]
        fn parts_of_a_time_add_up(
            counts in prop::collection::vec(0.0..1e4f64, 2..20),
            cuts in prop::array::uniform3(0.0..1.0f64),
        ) {
            let frames = counts.len();
            let times: Vec<FrameTime> = (0..frames).map(|n| FrameTime { start_s: 7.0 * n as f64, duration_s: 7.0 }).collect();
            let curve = Curve::new(times, counts).unwrap();
            let mut cuts = cuts.map(|cut| cut * 7.0 * frames as f64);
            cuts.sort_by(f64::total_cmp);
            prop_assume!(cuts[0] < cuts[1] && cuts[1] < cuts[2]);
            let between = |a: usize, b: usize| curve.counts_between([cuts[a], cuts[b]]).unwrap();
            prop_assert!((between(0, 1) + between(1, 2) - between(0, 2)).abs() < 1e-6);
        }
    }
}
