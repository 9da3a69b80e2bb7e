//! The value of a volume between its voxels, in f64.

use crate::geometry::{Point, Voxel};
use crate::volume::Volume;

/// How values between voxel centres are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Interpolation {
    /// The nearest voxel's value; ties go to the higher index.
    Nearest,
    /// Linear along each axis.
    #[default]
    Linear,
    /// Cubic convolution along each axis (Keys 1981, a = -1/2, also called Catmull-Rom); it may overshoot.
    Cubic,
}

/// Gives the real value at a voxel coordinate; `None` outside.
///
/// A voxel reaches half a step around its centre, so coordinates from -1/2 to n - 1/2 are inside; between
/// the outermost centres and that edge the outermost value holds.
#[must_use]
pub fn sample(volume: &Volume, at: Point<Voxel>, interpolation: Interpolation) -> Option<f64> {
    let size = volume.grid().size();
    let inside = (0..3).all(|axis| at[axis] >= -0.5 && at[axis] <= size[axis] as f64 - 0.5);
    if !inside {
        return None;
    }
    let taps: [Taps; 3] = std::array::from_fn(|axis| Taps::new(at[axis], size[axis], interpolation));
    let mut sum = 0.0;
    for (k, weight_k) in taps[2].iter() {
        for (j, weight_j) in taps[1].iter() {
            for (i, weight_i) in taps[0].iter() {
                sum += weight_i * weight_j * weight_k * volume.value([i, j, k])?;
            }
        }
    }
    Some(sum)
}

/// The voxels along one axis that a value is made of, and their weights.
struct Taps {
    index: [usize; 4],
    weight: [f64; 4],
    count: usize,
}

impl Taps {
    fn new(at: f64, size: usize, interpolation: Interpolation) -> Self {
        let last = size - 1;
        let at = at.clamp(0.0, last as f64);
        let base = at.floor();
        let fraction = at - base;
        let near = |offset: i64| (base as i64 + offset).clamp(0, last as i64) as usize;
        let (offsets, weight, count): ([i64; 4], [f64; 4], usize) = match interpolation {
            Interpolation::Nearest => (
                [(at + 0.5).floor() as i64 - base as i64, 0, 0, 0],
                [1.0, 0.0, 0.0, 0.0],
                1,
            ),
            Interpolation::Linear => ([0, 1, 0, 0], [1.0 - fraction, fraction, 0.0, 0.0], 2),
            Interpolation::Cubic => ([-1, 0, 1, 2], cubic_weights(fraction), 4),
        };
        Self {
            index: offsets.map(near),
            weight,
            count,
        }
    }

    fn iter(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        // A tap of weight 0 may be NaN or infinite: it must not count.
        (0..self.count)
            .map(|tap| (self.index[tap], self.weight[tap]))
            .filter(|(_, weight)| *weight != 0.0)
    }
}

/// Weights of the voxels at -1, 0, 1, 2 for a place `t` of the way from voxel 0 to voxel 1.
#[must_use]
pub(crate) fn cubic_weights(t: f64) -> [f64; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Interpolation, sample};
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    /// A volume whose values are a linear function of the voxel coordinate.
    fn ramp(size: [usize; 3]) -> Volume {
        let affine = Affine::from_axes(
            [
                Vector::new(2.0, 0.0, 0.0),
                Vector::new(0.0, 2.0, 0.0),
                Vector::new(0.0, 0.0, 2.0),
            ],
            Point::new(0.0, 0.0, 0.0),
        );
        let value = |n: usize| {
            let (i, j, k) = (n % size[0], n / size[0] % size[1], n / (size[0] * size[1]));
            (i + 10 * j + 100 * k) as i16
        };
        let voxels = (0..size.iter().product()).map(value).collect();
        let grid = Grid::new(size, affine).unwrap();
        Volume::new(
            grid,
            Voxels::I16(voxels),
            Rescale {
                slope: 2.0,
                intercept: -1.0,
            },
            Unit::Hounsfield,
        )
        .unwrap()
    }

    #[test]
    fn linear_and_cubic_keep_a_linear_function() {
        let volume = ramp([6, 6, 6]);
        for interpolation in [Interpolation::Linear, Interpolation::Cubic] {
            let value = sample(&volume, Point::new(2.25, 1.5, 3.75), interpolation).unwrap();
            assert!((value - (2.0 * (2.25 + 15.0 + 375.0) - 1.0)).abs() < 1e-9);
        }
    }

    #[test]
    fn the_edge_is_half_a_voxel_out() {
        let volume = ramp([2, 2, 1]);
        assert_eq!(
            sample(&volume, Point::new(-0.5, 0.0, 0.5), Interpolation::Linear),
            Some(-1.0)
        );
        assert_eq!(
            sample(&volume, Point::new(-0.51, 0.0, 0.0), Interpolation::Linear),
            None
        );
        assert_eq!(
            sample(&volume, Point::new(1.4, 1.2, -0.4), Interpolation::Cubic),
            Some(21.0)
        );
        assert_eq!(
            sample(&volume, Point::new(f64::NAN, 0.0, 0.0), Interpolation::Linear),
            None
        );
    }

    #[test]
    fn nearest_ties_go_up() {
        let volume = ramp([3, 1, 1]);
        assert_eq!(
            sample(&volume, Point::new(0.5, 0.0, 0.0), Interpolation::Nearest),
            Some(1.0)
        );
        assert_eq!(
            sample(&volume, Point::new(0.49, 0.0, 0.0), Interpolation::Nearest),
            Some(-1.0)
        );
    }
}
