//! PET over an oblique MR stack in any diagnostic orientation, and re-slices of a field that is known.

use super::*;

const SIZE: Size = Size {
    width: 160,
    height: 140,
};

/// Turned about all axes, as a cardiac or sellar stack.
fn oblique_mr() -> Grid {
    let axes = [
        Vector::new(0.62, 0.41, 0.27),
        Vector::new(-0.47, 0.62, 0.16),
        Vector::new(-0.45, -0.98, 2.52),
    ];
    Grid::new(
        [90, 90, 40],
        Affine::from_axes(axes, Point::new(-12.0, -50.0, -60.0)),
    )
    .unwrap()
}

fn orientations() -> [Orientation; 5] {
    [
        Orientation::Axial,
        Orientation::Coronal,
        Orientation::Sagittal,
        Orientation::Oblique(Vector::new(0.5, 0.6, 0.6)),
        Orientation::Oblique(Vector::new(-0.8, 0.3, 0.5)),
    ]
}

fn painted(grid: Grid, value: impl Fn(Point<Patient>) -> f64) -> Volume {
    let size = grid.size();
    let at = |n: usize| [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])].map(|n| n as f64);
    let voxels = (0..grid.voxels())
        .map(|n| value(grid.patient(at(n).into())) as f32)
        .collect();
    Volume::new(grid, Voxels::F32(voxels), Rescale::IDENTITY, Unit::Unspecified).unwrap()
}

/// Centre of mass of a picture's values.
fn middle(values: &Values) -> (f64, f64) {
    let (mut sum, mut x, mut y) = (0.0, 0.0, 0.0);
    for (n, value) in values
        .values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_finite())
    {
        let weight = f64::from(*value);
        sum += weight;
        x += weight * f64::from(n as u32 % values.width);
        y += weight * f64::from(n as u32 / values.width);
    }
    (x / sum, y / sum)
}

#[test]
fn pet_lies_over_an_oblique_mr_to_half_a_voxel() {
    let mr = oblique_mr();
    let truth = mr.center() + Vector::new(4.3, -3.1, 2.7);
    let pet = Grid::new([50, 60, 50], upright([3.0, 3.0, 3.27])).unwrap();
    let ball = |center: Point<Patient>| {
        move |at: Point<Patient>| 1000.0 * (-(at.distance(center) / 5.0).powi(2)).exp()
    };
    // A registration brings the PET over: it was scanned 6 degrees turned and shifted.
    let turn = nalgebra::Rotation3::from_euler_angles(0.05, -0.08, 0.1);
    let shift = truth.xyz - turn * (pet.center() + Vector::new(7.0, -5.0, 11.0)).xyz;
    let scene_from_pet: Affine<Patient, Patient> = Affine::new(*turn.matrix(), shift);
    let in_pet = scene_from_pet.inverse().unwrap() * truth;
    let mut volumes = Volumes::new();
    volumes.insert(ID, painted(mr.clone(), ball(truth)));
    volumes.insert(UPPER, painted(pet.clone(), ball(in_pet)));
    for orientation in orientations() {
        let plane = ImagePlane::centered(orientation, truth, 0.4, SIZE).unwrap();
        let over = Layer {
            volume: UPPER,
            scene_from_volume: scene_from_pet,
            opacity: 0.5,
            ..layer(Interpolation::Linear)
        };
        let scene = Scene::of_plane(plane, vec![layer(Interpolation::Linear), over]);
        let place = |layer: usize| {
            let values = CpuRenderer::new().values(&scene, layer, &volumes, SIZE).unwrap();
            let (x, y) = middle(&values);
            plane.patient(x, y)
        };
        let (lower, upper) = (place(0), place(1));
        let off_mr = (mr.voxel(lower) - mr.voxel(truth)).norm();
        let off_pet = (pet.voxel(in_pet + (upper - truth)) - pet.voxel(in_pet)).norm();
        assert!(
            off_mr < 0.25 && off_pet < 0.25,
            "{orientation:?}: {off_mr} and {off_pet} voxels"
        );
        assert!(lower.distance(upper) < 0.5 * 0.8, "{orientation:?}");
    }
}

/// A smooth field, re-sliced in every orientation, is within half a per cent of what it is.
#[test]
fn a_known_field_is_kept_in_every_orientation() {
    let field = |at: Point<Patient>| {
        1000.0 + 200.0 * (at[0] / 17.0).sin() + 150.0 * (at[1] / 21.0).cos() + 100.0 * (at[2] / 25.0).sin()
    };
    let grid = oblique_mr();
    let mut volumes = Volumes::new();
    volumes.insert(ID, painted(grid.clone(), field));
    for orientation in orientations() {
        for interpolation in [Interpolation::Linear, Interpolation::Cubic] {
            let plane = ImagePlane::centered(orientation, grid.center(), 0.31, SIZE).unwrap();
            let scene = Scene::of_plane(plane, vec![layer(interpolation)]);
            let values = CpuRenderer::new().values(&scene, 0, &volumes, SIZE).unwrap();
            let mut compared = 0;
            for (n, value) in values.values.iter().enumerate() {
                let at = plane.patient(f64::from(n as u32 % SIZE.width), f64::from(n as u32 / SIZE.width));
                let voxel = grid.voxel(at);
                // Half a voxel at the border holds the outermost value.
                let inside =
                    (0..3).all(|axis| voxel[axis] >= 0.0 && voxel[axis] <= (grid.size()[axis] - 1) as f64);
                if inside {
                    let off = (f64::from(*value) / field(at) - 1.0).abs();
                    assert!(off < 0.005, "{orientation:?} {interpolation:?}: {off}");
                    compared += 1;
                }
            }
            assert!(compared > 5000, "{orientation:?}: {compared} pixels");
        }
    }
}
