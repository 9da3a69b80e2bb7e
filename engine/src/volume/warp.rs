//! A volume as a transform takes it onto the grid of another.

use crate::geometry::{Grid, Transform};
use crate::volume::resample::read_at;
use crate::volume::{Interpolation, Volume, VolumeError};

/// Gives the values of `moving` where `moving_from_target` takes the voxel centres of `grid`, as f32 real values in
/// the moving volume's unit.
///
/// Centres that are taken outside the volume get `outside`. Values are carried, not amounts: where the map squeezes
/// tissue, a concentration stays what it is and the activity of an organ changes with its size.
/// The result names no frame of reference: it lies in the target's, which the caller knows.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Transform, Vector};
/// use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels, warped};
/// let axes = [Vector::new(2.0, 0.0, 0.0), Vector::new(0.0, 2.0, 0.0), Vector::new(0.0, 0.0, 2.0)];
/// let grid = Grid::new([4, 1, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// let voxels = Voxels::U8(vec![0, 10, 20, 30].into());
/// let moving = Volume::new(grid.clone(), voxels, Rescale::IDENTITY, Unit::Counts).unwrap();
/// let moving_from_target = Transform::from(Affine::translation(Vector::new(3.0, 0.0, 0.0)));
/// let carried = warped(&moving, &moving_from_target, &grid, Interpolation::Linear, -1.0).unwrap();
/// let values: Vec<_> = (0..4).map(|i| carried.value([i, 0, 0]).unwrap()).collect();
/// // The last voxel reaches half a step beyond its centre, to 7 mm.
/// assert_eq!(values, [15.0, 25.0, 30.0, -1.0]);
/// ```
///
/// # Errors
///
/// [`VolumeError`] never for a valid `moving`; it is passed on from [`Volume::new`].
pub fn warped(
    moving: &Volume,
    moving_from_target: &Transform,
    grid: &Grid,
    interpolation: Interpolation,
    outside: f32,
) -> Result<Volume, VolumeError> {
    read_at(moving, grid, interpolation, outside, |at| {
        moving_from_target.apply(at)
    })
}

#[cfg(test)]
mod tests {
    use crate::geometry::{
        Affine, Deformation, DisplacementField, Grid, Patient, Point, Transform, Vector, Voxel,
    };
    use crate::volume::{Interpolation, Rescale, Unit, Volume, Voxels, resample, warped};

    fn grid(size: [usize; 3], spacing_mm: f64, first_mm: f64) -> Grid {
        let axes = [
            Vector::new(spacing_mm, 0.0, 0.0),
            Vector::new(0.0, spacing_mm, 0.0),
            Vector::new(0.0, 0.0, spacing_mm),
        ];
        Grid::new(
            size,
            Affine::from_axes(axes, Point::new(first_mm, first_mm, first_mm)),
        )
        .unwrap()
    }

    /// A value for every place that is linear, so that linear interpolation is exact.
    fn ramp(at: Point<Patient>) -> f64 {
        2.0 * at[0] - 3.0 * at[1] + at[2]
    }

    fn moving() -> Volume {
        let grid = grid([24, 24, 24], 3.0, 0.0);
        let places = (0..grid.voxels()).map(|n| [n % 24, n / 24 % 24, n / 576].map(|v| v as f64));
        let values = places.map(|voxel| ramp(grid.patient(voxel.into())) as f32);
        let voxels = Voxels::F32(values.collect());
        Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw)
            .unwrap()
            .in_frame_of_reference(Some("1.2.3".to_owned()))
    }

    fn bent() -> Transform {
        let grid = grid([5, 6, 7], 12.0, 1.0);
        let displacements = (0..grid.voxels()).map(|n| [0.02 * n as f32, 1.5, -0.01 * n as f32]);
        let field = DisplacementField::new(grid.clone(), displacements.collect()).unwrap();
        let turn = Affine::rotation(grid.center(), Vector::new(0.0, 1.0, 1.0), 0.1).unwrap();
        Transform::from(Deformation { field, affine: turn })
    }

    #[test]
    fn each_voxel_has_the_value_of_the_place_it_comes_from() {
        let (moving, transform, target) = (moving(), bent(), grid([20, 21, 9], 3.5, -5.0));
        let carried = warped(&moving, &transform, &target, Interpolation::Linear, -999.0).unwrap();
        assert_eq!((carried.grid(), carried.unit()), (&target, &Unit::SuvBw));
        assert_eq!(carried.frame_of_reference_uid(), None);
        let mut inside = 0;
        for n in 0..target.voxels() {
            let voxel = [n % 20, n / 20 % 21, n / 420];
            let from = transform.apply(target.patient(Point::<Voxel>::from(voxel.map(|v| v as f64))));
            let centres = (0..3).all(|axis| (0.0..=69.0).contains(&from[axis]));
            let beyond = (0..3).any(|axis| !(-1.5..70.5).contains(&from[axis]));
            let found = carried.value(voxel).unwrap();
            if centres {
                assert!(
                    (found - ramp(from)).abs() < 1e-3,
                    "{voxel:?}: {found} for {}",
                    ramp(from)
                );
                inside += 1;
            } else if beyond {
                assert_eq!(found, -999.0, "{voxel:?}");
            }
        }
        assert!(inside > 1000, "{inside}");
    }

    #[test]
    fn the_identity_is_plain_resampling() {
        let (moving, target) = (moving(), grid([11, 7, 9], 4.1, 2.0));
        for interpolation in [
            Interpolation::Nearest,
            Interpolation::Linear,
            Interpolation::Cubic,
        ] {
            let carried = warped(&moving, &Transform::identity(), &target, interpolation, 0.0).unwrap();
            let plain = resample(&moving, &target, interpolation, 0.0).unwrap();
            assert_eq!(carried.voxels(), plain.voxels());
        }
    }

    #[test]
    fn a_map_to_nowhere_gives_the_outside() {
        let away = Affine::translation(Vector::new(f64::NAN, 0.0, 0.0)).into();
        let carried = warped(
            &moving(),
            &away,
            &grid([3, 3, 3], 4.0, 0.0),
            Interpolation::Linear,
            7.0,
        )
        .unwrap();
        assert_eq!(carried.range(), Some((7.0, 7.0)));
    }
}
