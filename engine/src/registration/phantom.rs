//! A body of ellipsoids with exactly known places, as CT and as PET, for tests.

use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// An ellipsoid: middle and half axes, mm, and its values.
struct Organ([f64; 3], [f64; 3], f32, f32);

/// From the skin to the lesions; later ones lie within earlier ones.
const ORGANS: &[Organ] = &[
    Organ([0.0, 0.0, 0.0], [150.0, 100.0, 230.0], -90.0, 0.4),
    Organ([0.0, -5.0, 235.0], [70.0, 85.0, 60.0], -90.0, 0.4),
    Organ([-72.0, 5.0, -210.0], [60.0, 65.0, 120.0], -90.0, 0.4),
    Organ([72.0, 5.0, -210.0], [60.0, 65.0, 120.0], -90.0, 0.4),
    Organ([0.0, 0.0, 0.0], [138.0, 88.0, 218.0], 40.0, 0.8),
    Organ([0.0, -5.0, 235.0], [60.0, 75.0, 50.0], 40.0, 3.0),
    Organ([-72.0, 5.0, -210.0], [50.0, 55.0, 110.0], 40.0, 0.8),
    Organ([72.0, 5.0, -210.0], [50.0, 55.0, 110.0], 40.0, 0.8),
    Organ([-65.0, 0.0, 90.0], [50.0, 60.0, 85.0], -820.0, 0.45),
    Organ([68.0, -5.0, 95.0], [48.0, 58.0, 80.0], -820.0, 0.45),
    Organ([18.0, -20.0, 75.0], [42.0, 38.0, 45.0], 50.0, 2.4),
    Organ([-55.0, -10.0, -45.0], [70.0, 60.0, 50.0], 60.0, 2.2),
    Organ([75.0, 25.0, -40.0], [28.0, 30.0, 40.0], 55.0, 1.9),
    Organ([0.0, 60.0, 0.0], [18.0, 16.0, 210.0], 500.0, 1.2),
    Organ([-50.0, 45.0, -110.0], [24.0, 20.0, 45.0], 40.0, 4.5),
    Organ([52.0, 45.0, -115.0], [24.0, 20.0, 45.0], 40.0, 4.2),
    Organ([5.0, -35.0, -180.0], [32.0, 28.0, 25.0], 8.0, 15.0),
    Organ([30.0, -50.0, 20.0], [12.0, 10.0, 14.0], 35.0, 9.0),
    Organ([-80.0, 20.0, 60.0], [11.0, 12.0, 11.0], 35.0, 8.0),
];

fn value(place: Point<Patient>, of: impl Fn(&Organ) -> f32, air: f32) -> f32 {
    let within = |Organ(middle, half, ..): &Organ| {
        (0..3)
            .map(|axis| ((place[axis] - middle[axis]) / half[axis]).powi(2))
            .sum::<f64>()
            <= 1.0
    };
    ORGANS.iter().rev().find(|organ| within(organ)).map_or(air, of)
}

/// A grid of cubes around the origin.
pub fn grid(size: [usize; 3], spacing_mm: [f64; 3]) -> Grid {
    let axis = |n: usize| {
        let mut axis = [0.0; 3];
        axis[n] = spacing_mm[n];
        Vector::from(axis)
    };
    let first: [f64; 3] = std::array::from_fn(|n| -0.5 * (size[n] as f64 - 1.0) * spacing_mm[n]);
    Grid::new(
        size,
        Affine::from_axes([axis(0), axis(1), axis(2)], Point::from(first)),
    )
    .unwrap()
}

/// A number from -1 to 1 for a voxel: noise that is the same each time.
fn noise(index: usize) -> f32 {
    let mut z = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 40) as f32 / (1u64 << 23) as f32 - 1.0
}

fn volume(grid: Grid, unit: Unit, value: impl Fn(Point<Patient>, f32) -> f32) -> Volume {
    let size = grid.size();
    let voxel = |n: usize| {
        let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        value(grid.patient(Point::<Voxel>::from(at.map(|n| n as f64))), noise(n))
    };
    let voxels = Voxels::F32((0..grid.voxels()).map(voxel).collect());
    Volume::new(grid, voxels, Rescale::IDENTITY, unit).unwrap()
}

/// CT of the body at rest.
pub fn ct(grid: Grid) -> Volume {
    volume(grid, Unit::Hounsfield, |place, noise| {
        value(place, |organ| organ.2, -1000.0) + 25.0 * noise
    })
}

/// PET of the body after `moved`, in SUV.
pub fn pet(grid: Grid, moved: &Affine<Patient, Patient>) -> Volume {
    let back = moved.inverse().unwrap();
    volume(grid, Unit::SuvBw, |place, noise| {
        let suv = value(back * place, |organ| organ.3, 0.0);
        (suv + 0.2 * noise * (suv + 0.02).sqrt()).max(0.0)
    })
}

/// The grids that tests use: fine enough for a millimetre, coarse enough for a second.
pub fn ct_grid() -> Grid {
    grid([88, 64, 120], [4.0, 4.0, 4.0])
}

/// And the scanner's for emission images.
pub fn pet_grid() -> Grid {
    grid([90, 80, 124], [4.1, 4.1, 4.1])
}
