//! What is left in the body is where left belongs in the picture, to a quarter of a voxel.

use super::*;

/// Small bright cubes at six places of the body: which is where in the picture.
#[test]
fn left_is_left() {
    let grid = Grid::new([41, 41, 41], upright([2.0, 2.0, 2.0])).unwrap();
    let center = grid.center();
    let marks = [
        ('L', Vector::<Patient>::new(30.0, 0.0, 0.0)),
        ('R', Vector::new(-30.0, 0.0, 0.0)),
        ('P', Vector::new(0.0, 30.0, 0.0)),
        ('A', Vector::new(0.0, -30.0, 0.0)),
        ('H', Vector::new(0.0, 0.0, 30.0)),
        ('F', Vector::new(0.0, 0.0, -30.0)),
    ];
    let size = Size {
        width: 101,
        height: 101,
    };
    for orientation in [Orientation::Axial, Orientation::Coronal, Orientation::Sagittal] {
        let plane = ImagePlane::centered(orientation, center, 1.0, size).unwrap();
        let letters = plane.letters();
        for (letter, offset) in marks {
            let mark = center + offset;
            let volume = volume(grid.clone(), |_, n| {
                let near = |index: usize| {
                    let voxel = [index % 41, index / 41 % 41, index / 1681].map(|n| n as f64);
                    grid.patient(voxel.into()).distance(mark) < 5.0
                };
                Voxels::U8((0..n).map(|index| if near(index) { 200 } else { 0 }).collect())
            });
            let (x, y) = brightest(&values_of(&volume, plane, size, Interpolation::Linear));
            let side = match ((x - 50.0).round() as i32, (y - 50.0).round() as i32) {
                (-30, 0) => &letters.left,
                (30, 0) => &letters.right,
                (0, -30) => &letters.top,
                (0, 30) => &letters.bottom,
                _ => continue,
            };
            assert_eq!(*side, letter.to_string(), "{orientation:?}");
        }
        let shown = [&letters.left, &letters.right, &letters.top, &letters.bottom];
        let expected = match orientation {
            Orientation::Axial => ["R", "L", "A", "P"],
            Orientation::Coronal => ["R", "L", "H", "F"],
            _ => ["A", "P", "H", "F"],
        };
        assert_eq!(
            shown,
            expected.map(|letter| letter).each_ref().map(|letter| letter)
        );
    }
}

/// Centre of mass of what is above the background of -300.
fn brightest(values: &Values) -> (f64, f64) {
    let mut sums = [0.0f64; 3];
    for (n, value) in values
        .values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_finite())
    {
        let weight = f64::from(*value) + 300.0;
        let place = [
            (n as u32 % values.width) as f64,
            (n as u32 / values.width) as f64,
            1.0,
        ];
        sums.iter_mut()
            .zip(place)
            .for_each(|(sum, place)| *sum += weight * place);
    }
    (sums[0] / sums[2], sums[1] / sums[2])
}

/// Fiducials of a turned and tilted stack appear where they are, to a quarter of a voxel.
#[test]
fn fiducials_are_in_place() {
    let even = Grid::new([80, 70, 40], skewed()).unwrap();
    let positions = (0..40)
        .map(|k| f64::from(k) + 0.3 * (f64::from(k) * 0.7).sin())
        .collect();
    let uneven = Grid::with_slice_positions([80, 70, 40], skewed(), positions).unwrap();
    let size = Size {
        width: 200,
        height: 180,
    };
    for grid in [even, uneven] {
        for voxel in [[20.3, 30.8, 14.2], [55.5, 22.1, 25.6], [40.0, 50.25, 20.0]] {
            let truth = grid.patient(voxel.into());
            // A soft ball of 4 mm, evaluated in patient space.
            let ball = |index: usize| {
                let at = [index % 80, index / 80 % 70, index / 5600].map(|n| n as f64);
                let distance_mm = grid.patient(at.into()).distance(truth);
                (2000.0 * (-(distance_mm / 4.0).powi(2)).exp()) as i16
            };
            let volume = volume(grid.clone(), |_, n| Voxels::I16((0..n).map(ball).collect()));
            for orientation in [
                Orientation::Axial,
                Orientation::Coronal,
                Orientation::Oblique(Vector::new(0.5, 0.6, 0.6)),
            ] {
                for interpolation in [Interpolation::Linear, Interpolation::Cubic] {
                    let plane =
                        ImagePlane::centered(orientation, truth + Vector::new(6.0, -4.0, 3.0), 0.5, size)
                            .unwrap();
                    let away = (truth - plane.patient(0.0, 0.0))
                        .dot(plane.patient_from_plane.axis(2).normalized().unwrap());
                    let plane = plane.moved(away);
                    let (x, y) = brightest(&values_of(&volume, plane, size, interpolation));
                    let off = grid.voxel(plane.patient(x, y)) - grid.voxel(truth);
                    assert!(
                        off.norm() < 0.25,
                        "{orientation:?} {interpolation:?}: off by {off:?}"
                    );
                }
            }
        }
    }
}
