//! Images of one view, one after the other.

use std::sync::Arc;

use crate::scintigraphy::curve::check;
use crate::scintigraphy::{Curve, Error, FrameTime};
use crate::voi::Mask;
use crate::volume::Volume;

/// A dynamic planar study: images of one detector and energy window, and when each was counted.
///
/// Each image is a volume of one slice, so that regions are masks of `voi` like all others.
#[derive(Debug, Clone, PartialEq)]
pub struct Dynamic {
    frames: Vec<Volume>,
    times: Arc<[FrameTime]>,
}

impl Dynamic {
    /// Puts images and times together.
    ///
    /// # Errors
    ///
    /// [`Error::Count`] unless there is a time for each image, [`Error::FrameTime`] for a frame without a
    /// duration or out of order, [`Error::OtherGrid`] unless all images are one slice at one place.
    pub fn new(frames: Vec<Volume>, times: Vec<FrameTime>) -> Result<Self, Error> {
        check(&times)?;
        if frames.len() != times.len() {
            return Err(Error::Count {
                what: "images",
                expected: times.len(),
                found: frames.len(),
            });
        }
        let first = frames[0].grid().clone();
        for frame in &frames {
            if first.size()[2] != 1 || !frame.grid().matches(&first) {
                return Err(Error::OtherGrid(first.size(), frame.grid().size()));
            }
        }
        Ok(Self {
            frames,
            times: times.into(),
        })
    }

    /// The images in the order of time.
    #[must_use]
    pub fn frames(&self) -> &[Volume] {
        &self.frames
    }

    /// When each image was counted.
    #[must_use]
    pub fn times(&self) -> &[FrameTime] {
        &self.times
    }

    /// The counts of a region over time; values that are NaN or infinite count as none.
    ///
    /// # Errors
    ///
    /// [`Error::OtherGrid`] for a region of other images, [`Error::EmptyRegion`] for one without pixels.
    pub fn curve(&self, region: &Mask) -> Result<Curve, Error> {
        let grid = self.frames[0].grid();
        if !region.lies_on(grid) {
            return Err(Error::OtherGrid(grid.size(), region.grid().size()));
        }
        if region.is_empty() {
            return Err(Error::EmptyRegion("region"));
        }
        let counts = self.frames.iter().map(|frame| counts(frame, region));
        Curve::new(self.times.clone(), counts.collect())
    }

    /// The counts of a region over time less those of a background region, pixel for pixel.
    ///
    /// # Errors
    ///
    /// As [`Self::curve`].
    pub fn curve_less_background(&self, region: &Mask, background: &Mask) -> Result<Curve, Error> {
        let (own, beside) = (self.curve(region)?, self.curve(background)?);
        own.less_background(region.count(), &beside, background.count())
    }
}

fn counts(frame: &Volume, region: &Mask) -> f64 {
    let indices = region.runs().iter().flat_map(|run| run.start..run.end);
    let stored = indices.filter_map(|index| frame.voxels().get(index));
    let real = stored.map(|stored| frame.rescale().real(stored));
    real.filter(|value| value.is_finite()).sum()
}

#[cfg(test)]
mod tests {
    use super::Dynamic;
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::scintigraphy::{Error, FrameTime};
    use crate::voi::Mask;
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    fn image(values: [u16; 6], spacing_mm: f64) -> Volume {
        let axes = [
            Vector::new(spacing_mm, 0.0, 0.0),
            Vector::new(0.0, spacing_mm, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ];
        let grid = Grid::new([3, 2, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        Volume::new(grid, Voxels::U16(values.into()), Rescale::IDENTITY, Unit::Counts).unwrap()
    }

    fn times(n: usize) -> Vec<FrameTime> {
        let time = |n| FrameTime {
            start_s: n as f64,
            duration_s: 1.0,
        };
        (0..n).map(time).collect()
    }

    #[test]
    fn regions_give_their_counts() {
        let frames = vec![image([1, 2, 3, 4, 5, 6], 3.0), image([0, 0, 9, 0, 0, 7], 3.0)];
        let study = Dynamic::new(frames, times(2)).unwrap();
        let grid = study.frames()[0].grid().clone();
        let right = Mask::from_predicate(grid.clone(), |[i, ..]| i == 2);
        let left = Mask::from_predicate(grid.clone(), |at| at == [0, 1, 0]);
        assert_eq!(study.curve(&right).unwrap().counts(), [9.0, 16.0]);
        let net = study.curve_less_background(&right, &left).unwrap();
        assert_eq!(net.counts(), [1.0, 16.0]);
        assert_eq!(study.curve(&Mask::empty(grid)), Err(Error::EmptyRegion("region")));
        let elsewhere = Mask::empty(image([0; 6], 2.0).grid().clone());
        assert!(matches!(study.curve(&elsewhere), Err(Error::OtherGrid(..))));
    }

    #[test]
    fn images_that_do_not_belong_together_are_refused() {
        let (fine, coarse) = (image([1; 6], 2.0), image([1; 6], 3.0));
        let refused = Dynamic::new(vec![fine.clone(), coarse], times(2));
        assert!(matches!(refused, Err(Error::OtherGrid(..))), "{refused:?}");
        let refused = Dynamic::new(vec![fine.clone()], times(2));
        assert!(matches!(refused, Err(Error::Count { .. })), "{refused:?}");
        assert!(matches!(Dynamic::new(vec![], vec![]), Err(Error::TooFew { .. })));
        let no_duration = vec![FrameTime {
            start_s: 0.0,
            duration_s: 0.0,
        }];
        let refused = Dynamic::new(vec![fine], no_duration);
        assert!(matches!(refused, Err(Error::FrameTime { .. })), "{refused:?}");
    }
}
