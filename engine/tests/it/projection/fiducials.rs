//! What lies at a known place of the body is seen at its place of the picture.

use engine::geometry::{Grid, Patient};

use super::*;

const PICTURE: Size = Size {
    width: 120,
    height: 100,
};

/// A round spot of 4 mm standard deviation.
fn spot(grid: Grid, place: Point<Patient>) -> Volume {
    let size = grid.size();
    let value = |n: usize| {
        let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        let distance = grid.patient(at.map(|i| i as f64).into()).distance(place);
        (1000.0 * (-distance * distance / 32.0).exp()) as f32
    };
    let voxels = Voxels::F32((0..grid.voxels()).map(value).collect());
    Volume::new(grid, voxels, Rescale::IDENTITY, Unit::Unspecified).unwrap()
}

/// Where the picture of a spot has its middle, pixels.
fn middle(values: &[f32]) -> [f64; 2] {
    let mut sums = [0.0; 3];
    for (n, value) in values.iter().enumerate() {
        let weight = f64::from(if *value > 100.0 { *value } else { 0.0 });
        let at = [(n % 120) as f64, (n / 120) as f64, 1.0];
        sums = std::array::from_fn(|i| sums[i] + weight * at[i]);
    }
    [sums[0] / sums[2], sums[1] / sums[2]]
}

/// Where a camera sees a place, pixels.
fn seen(camera: &Camera, place: Point<Patient>) -> [f64; 2] {
    let plane_from_patient = camera.plane.patient_from_plane.inverse().unwrap();
    let at = plane_from_patient * place;
    let Some(eye) = camera.eye else {
        return [at[0], at[1]];
    };
    let eye = plane_from_patient * eye;
    let part = -eye[2] / (at[2] - eye[2]);
    [0, 1].map(|axis| eye[axis] + part * (at[axis] - eye[axis]))
}

#[test]
fn spots_are_seen_at_their_places() {
    let size = [48, 44, 26];
    let uneven: Vec<f64> = (0..26).map(|k| f64::from(k) + 0.3 * f64::from(k % 2)).collect();
    let grids = [
        Grid::new(size, upright([1.7, 1.7, 3.0])).unwrap(),
        Grid::new(size, skewed()).unwrap(),
        Grid::with_slice_positions(size, upright([1.5, 1.5, 2.5]), uneven).unwrap(),
    ];
    for grid in grids {
        let place = grid.patient(Point::new(29.3, 15.8, 14.6));
        let volume = spot(grid, place);
        let smallest_mm = volume
            .grid()
            .spacing_mm()
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        for (azimuth, elevation) in [
            (0.0, 0.0),
            (90.0, 0.0),
            (-47.0, 20.0),
            (180.0, -35.0),
            (10.0, 88.0),
        ] {
            let direction = Direction::from_degrees(azimuth, elevation);
            let camera = Camera::centered(direction, volume.grid().center(), 1.0, PICTURE).unwrap();
            for camera in [camera, camera.with_eye(250.0, PICTURE)] {
                let view = View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM));
                let scene = scene(view, &volume, Interpolation::Linear);
                let values = CpuRenderer::new()
                    .values(&scene, 0, &lend(&volume), PICTURE)
                    .unwrap()
                    .values;
                let (found, expected) = (middle(&values), seen(&camera, place));
                let apart_mm = (found[0] - expected[0]).hypot(found[1] - expected[1]);
                assert!(
                    apart_mm < 0.25 * smallest_mm,
                    "{azimuth}, {elevation}: {found:?}, not {expected:?}"
                );
            }
        }
    }
}

#[test]
fn left_is_left() {
    let grid = Grid::new([40, 40, 40], upright([1.5; 3])).unwrap();
    let center = grid.center();
    // On the patient's left, towards the back, near the head.
    let place = center + Vector::new(15.0, 8.0, 20.0);
    let volume = spot(grid, place);
    for (azimuth, right_of_middle) in [(0.0, 15.0), (90.0, 8.0), (180.0, -15.0), (270.0, -8.0)] {
        let direction = Direction::from_degrees(azimuth, 0.0);
        let camera = Camera::centered(direction, center, 1.0, PICTURE).unwrap();
        let view = View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM));
        let scene = scene(view, &volume, Interpolation::Linear);
        let values = CpuRenderer::new()
            .values(&scene, 0, &lend(&volume), PICTURE)
            .unwrap()
            .values;
        let [x, y] = middle(&values);
        assert!((x - 59.5 - right_of_middle).abs() < 0.3, "{azimuth}: {x}");
        assert!((y - 49.5 + 20.0).abs() < 0.3, "{azimuth}: {y}");
    }
}
