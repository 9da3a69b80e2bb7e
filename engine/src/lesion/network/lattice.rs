//! The lattice that a network was trained on, laid over a volume.

use super::card::{Channel, ModelCard};
use crate::geometry::{Affine, Grid, GridError, Point, Vector, Voxel};
use crate::volume::{Interpolation, Volume, sample};

/// The lattice that covers all of `over`: its columns are a network's last dimension, its slices the third last.
///
/// Its first voxel lies half a step within the box that holds the volume's voxels.
///
/// # Errors
///
/// [`GridError`] when the steps are so small that there would be no end of voxels.
pub(super) fn lattice(card: &ModelCard, over: &Grid) -> Result<Grid, GridError> {
    // Grids name the fastest axis first, networks last.
    let (mut axes, mut steps) = (card.axes.vectors(), card.spacing_mm);
    axes.reverse();
    steps.reverse();
    let corners = over.corners();
    let along = |axis: usize| corners.iter().map(move |corner| axes[axis].xyz.dot(&corner.xyz));
    let low = [0, 1, 2].map(|axis| along(axis).fold(f64::INFINITY, f64::min));
    let high = [0, 1, 2].map(|axis| along(axis).fold(f64::NEG_INFINITY, f64::max));
    let size = [0, 1, 2].map(|axis| ((high[axis] - low[axis]) / steps[axis] - 1e-6).ceil().max(1.0) as usize);
    let first = (0..3).fold(Vector::new(0.0, 0.0, 0.0), |at, axis| {
        at + axes[axis] * (low[axis] + 0.5 * steps[axis])
    });
    let columns = [0, 1, 2].map(|axis| axes[axis] * steps[axis]);
    Grid::new(size, Affine::from_axes(columns, Point::from(first.xyz)))
}

/// A channel's numbers at the voxels of a lattice, in reading order.
pub(super) fn channel(volume: &Volume, channel: &Channel, lattice: &Grid) -> Vec<f32> {
    let [columns, rows, _] = lattice.size();
    let mut numbers = vec![0.0; lattice.voxels()];
    let fill = |(row, numbers): (usize, &mut [f32])| {
        for (i, number) in numbers.iter_mut().enumerate() {
            let at = Point::<Voxel>::new(i as f64, (row % rows) as f64, (row / rows) as f64);
            let place = volume.grid().voxel(lattice.patient(at));
            *number = channel.normalised(sample(volume, place, Interpolation::Linear));
        }
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        numbers.par_chunks_mut(columns).enumerate().for_each(fill);
    }
    #[cfg(not(feature = "parallel"))]
    numbers.chunks_mut(columns).enumerate().for_each(fill);
    numbers
}

#[cfg(test)]
mod tests {
    use super::lattice;
    use crate::geometry::{Affine, Direction, Grid, Point, Vector, Voxel};
    use crate::lesion::network::{Axes, Channel, ModelCard};

    fn card(axes: [Direction; 3], spacing_mm: [f64; 3]) -> ModelCard {
        ModelCard {
            axes: Axes::new(axes).unwrap(),
            spacing_mm,
            window: [4; 3],
            channels: vec![Channel {
                lowest: 0.0,
                highest: 1.0,
                mean: 0.0,
                sd: 1.0,
                outside: 0.0,
            }],
            classes: vec![String::new(); 2],
        }
    }

    #[test]
    fn the_lattice_runs_as_the_network_does() {
        let axes = [
            Vector::new(2.0, 0.0, 0.0),
            Vector::new(0.0, 2.0, 0.0),
            Vector::new(0.0, 0.0, 3.0),
        ];
        let over = Grid::new(
            [10, 20, 30],
            Affine::from_axes(axes, Point::new(-9.0, 11.0, 100.0)),
        )
        .unwrap();
        let ras = card(
            [Direction::Right, Direction::Anterior, Direction::Head],
            [1.0, 4.0, 6.0],
        );
        let grid = lattice(&ras, &over).unwrap();
        assert_eq!(grid.size(), [15, 10, 20]);
        // Columns to the head, rows to the front, slices to the right, from the far corner on.
        let at = |i: f64, j: f64, k: f64| grid.patient(Point::<Voxel>::new(i, j, k));
        assert_eq!(at(0.0, 0.0, 0.0), Point::new(9.5, 48.0, 101.5));
        assert_eq!(at(1.0, 2.0, 3.0), Point::new(6.5, 40.0, 107.5));
    }
}
