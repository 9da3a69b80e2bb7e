//! How often values occur inside a mask.

use crate::voi::statistics::each_value;
use crate::voi::{Mask, Scale, Statistics, StatisticsError};
use crate::volume::Volume;

/// More bins than this are refused.
const MOST_BINS: usize = 1 << 20;

/// The bins of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub enum Bins {
    /// This many of one width, from the smallest to the largest value.
    Count(usize),
    /// Between these rising edges.
    Edges(Vec<f64>),
}

/// Why there is no histogram.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HistogramError {
    /// There is nothing to count.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// The bins are none, too many, or not in order.
    #[error("a histogram needs 1 to 1048576 bins between rising finite edges, found {0}")]
    Bins(String),
}

/// How often values occur: one count between each two edges.
///
/// A bin holds its lower edge and not its upper one; the last holds both, as numpy's.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Edges in rising order, in the unit of the volume times the scale; one more than bins.
    pub edges: Vec<f64>,
    /// Voxels in each bin.
    pub counts: Vec<usize>,
    /// Voxels below the first edge.
    pub below: usize,
    /// Voxels above the last edge.
    pub above: usize,
    /// Voxels left out, because their value is NaN or infinite.
    pub excluded_voxels: usize,
}

impl Histogram {
    /// Counts the voxels of `volume` inside `mask`, which lies on the volume's own grid.
    ///
    /// # Errors
    ///
    /// [`HistogramError`] as [`Statistics::inside`], and for bins that are none.
    pub fn inside(volume: &Volume, mask: &Mask, scale: Scale, bins: &Bins) -> Result<Self, HistogramError> {
        let statistics = Statistics::inside(volume, mask, scale)?;
        let edges = match bins {
            Bins::Edges(edges) => edges.clone(),
            Bins::Count(count) => even(statistics.min, statistics.max, *count)?,
        };
        check(&edges)?;
        let mut histogram = Self {
            counts: vec![0; edges.len() - 1],
            edges,
            below: 0,
            above: 0,
            excluded_voxels: statistics.excluded_voxels,
        };
        each_value(volume, mask, scale, |value| histogram.add(value));
        Ok(histogram)
    }

    fn add(&mut self, value: f64) {
        let last = self.counts.len();
        match self.edges.partition_point(|edge| *edge <= value) {
            0 => self.below += 1,
            beyond if beyond > last && value > self.edges[last] => self.above += 1,
            beyond => self.counts[beyond.min(last) - 1] += 1,
        }
    }
}

/// Edges of bins of one width; around a single value they are a width of 1 apart in all.
fn even(min: f64, max: f64, count: usize) -> Result<Vec<f64>, HistogramError> {
    if count == 0 || count > MOST_BINS {
        return Err(HistogramError::Bins(format!("{count} bins")));
    }
    let (min, max) = if min == max {
        (min - 0.5, max + 0.5)
    } else {
        (min, max)
    };
    let inner = (0..count).map(|n| min + (max - min) * n as f64 / count as f64);
    // The last is exact, so that no value lies outside.
    Ok(inner.chain([max]).collect())
}

fn check(edges: &[f64]) -> Result<(), HistogramError> {
    let rising = edges.windows(2).all(|pair| pair[0] < pair[1]) && edges.iter().all(|edge| edge.is_finite());
    if (2..=MOST_BINS + 1).contains(&edges.len()) && rising {
        return Ok(());
    }
    let ends = (edges.first(), edges.last());
    Err(HistogramError::Bins(format!(
        "{} edges from {:?} to {:?}",
        edges.len(),
        ends.0,
        ends.1
    )))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Bins, Histogram, HistogramError};
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::voi::{Mask, Scale, StatisticsError};
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    fn volume(values: &[f32]) -> Volume {
        let axes = [
            Vector::new(1.0, 0.0, 0.0),
            Vector::new(0.0, 1.0, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ];
        let grid = Grid::new(
            [values.len(), 1, 1],
            Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0)),
        )
        .unwrap();
        Volume::new(grid, Voxels::F32(values.into()), Rescale::IDENTITY, Unit::Counts).unwrap()
    }

    fn histogram(values: &[f32], bins: &Bins) -> Result<Histogram, HistogramError> {
        let volume = volume(values);
        let all = Mask::from_predicate(volume.grid().clone(), |_| true);
        Histogram::inside(&volume, &all, Scale::Factor(1.0), bins)
    }

    #[test]
    fn the_last_bin_holds_its_upper_edge() {
        let values = [0.0, 1.0, 1.5, 2.0, 3.0, 3.5, -1.0, f32::NAN];
        let found = histogram(&values, &Bins::Edges(vec![0.0, 1.0, 2.0, 3.0])).unwrap();
        assert_eq!(found.counts, [1, 2, 2]);
        assert_eq!((found.below, found.above, found.excluded_voxels), (1, 1, 1));
        let found = histogram(&values, &Bins::Count(3)).unwrap();
        assert_eq!(
            (found.edges, found.counts),
            (vec![-1.0, 0.5, 2.0, 3.5], vec![2, 2, 3])
        );
        assert_eq!(histogram(&[4.0, 4.0], &Bins::Count(2)).unwrap().counts, [0, 2]);
    }

    #[test]
    fn bins_without_order_are_refused() {
        for bins in [
            Bins::Count(0),
            Bins::Count(usize::MAX),
            Bins::Edges(vec![1.0]),
            Bins::Edges(vec![1.0, 1.0]),
            Bins::Edges(vec![0.0, f64::INFINITY]),
        ] {
            let refused = histogram(&[1.0, 2.0], &bins);
            assert!(matches!(refused, Err(HistogramError::Bins(_))), "{refused:?}");
        }
        let refused = histogram(&[f32::NAN], &Bins::Count(2));
        assert_eq!(
            refused,
            Err(HistogramError::Statistics(StatisticsError::NoFiniteValue(1)))
        );
    }

    proptest! {
        #[test]
        fn every_value_is_counted_once(values in prop::collection::vec(-1e6..1e6f32, 1..60), count in 1..40usize) {
            let found = histogram(&values, &Bins::Count(count)).unwrap();
            prop_assert_eq!(found.counts.iter().sum::<usize>(), values.len());
            prop_assert_eq!((found.below, found.above), (0, 0));
        }
    }
}
