//! Scenes and voxels that make no sense give a picture or one clear error.

use engine::render::Error;

use super::*;

#[test]
fn nonsense_gives_one_clear_error() {
    let size = Size { width: 8, height: 8 };
    let volume = volume(Grid::new([9, 9, 9], upright([1.0; 3])).unwrap(), i16_noise);
    let good = planes(volume.grid(), size)[0];
    let attempt = |plane: ImagePlane, change: &dyn Fn(&mut Layer), size: Size| {
        let mut layer = layer(Interpolation::Linear);
        change(&mut layer);
        CpuRenderer::new().render(&Scene::of_plane(plane, vec![layer]), &lend(&volume), size)
    };
    let unchanged = |_: &mut Layer| {};
    for (width, height) in [(0, 5), (5, 0), (16_385, 1), (u32::MAX, u32::MAX)] {
        let size = Size { width, height };
        assert_eq!(attempt(good, &unchanged, size), Err(Error::Size(size)));
    }
    assert_eq!(
        attempt(good, &|l| l.volume = VolumeId(9), size),
        Err(Error::UnknownVolume(VolumeId(9)))
    );
    for opacity in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(
            attempt(good, &|l| l.opacity = opacity, size),
            Err(Error::Opacity(_))
        ));
    }
    for (center, width) in [(f64::NAN, 1.0), (0.0, f64::INFINITY), (0.0, -1.0)] {
        assert!(matches!(
            attempt(good, &|l| l.window = Window::linear(center, width), size),
            Err(Error::Window { .. })
        ));
    }
    assert!(matches!(
        attempt(good, &|l| l.scene_from_volume.linear *= 0.0, size),
        Err(Error::Singular("a layer's registration"))
    ));
    for factor in [0.0, f64::NAN, f64::INFINITY, 1e200] {
        let mut bad = good;
        bad.patient_from_plane.linear *= factor;
        assert!(
            matches!(
                attempt(bad, &unchanged, size),
                Err(Error::Singular("a view's plane"))
            ),
            "{factor}"
        );
    }
    for place in [f64::NAN, 1e300] {
        let mut bad = good;
        bad.patient_from_plane.origin.y = place;
        assert!(attempt(bad, &unchanged, size).is_err(), "{place}");
    }
    let scene = Scene::of_plane(good, vec![]);
    let found = CpuRenderer::new().values(&scene, 0, &lend(&volume), size);
    assert_eq!(found, Err(Error::NoLayer { layers: 0, found: 0 }));
}

/// Numbers that are absurd but usable give a picture.
#[test]
fn huge_numbers_give_a_picture() {
    let volume = volume(Grid::new([9, 9, 9], skewed()).unwrap(), i16_noise);
    let size = Size { width: 70, height: 3 };
    for scale in [1e-12, 1e-6, 1e6, 1e12] {
        for away in [0.0, 1e6, -1e12] {
            for interpolation in ALL {
                let mut plane = planes(volume.grid(), size)[3];
                plane.patient_from_plane.linear *= scale;
                plane.patient_from_plane.origin.x += away;
                compare(&volume, &plane, size, interpolation);
            }
        }
    }
    for window in [
        Window::between(0.0, 1e300),
        Window::linear(1e300, 1.0),
        Window::sigmoid(0.0, 1e-300),
    ] {
        let scene = Scene::of_plane(
            planes(volume.grid(), size)[0],
            vec![Layer {
                window,
                ..layer(Interpolation::Cubic)
            }],
        );
        assert!(CpuRenderer::new().render(&scene, &lend(&volume), size).is_ok());
    }
}

/// Voxels that are no numbers show as background and reach no farther than interpolation does.
#[test]
fn voxels_that_are_no_numbers_stay_where_they_are() {
    let holes = |noise: &mut Noise, n: usize| {
        let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let value = |noise: &mut Noise| match noise.next() % 40 {
            hole @ 0..=2 => special[hole as usize],
            _ => noise.unit() as f32,
        };
        Voxels::F32((0..n).map(|_| value(noise)).collect())
    };
    let volume = volume(Grid::new([20, 20, 20], upright([1.0; 3])).unwrap(), holes);
    let size = Size {
        width: 40,
        height: 40,
    };
    // Half-way planes have pixels on voxel centres and between them.
    let place = volume.grid().patient(Point::new(9.5, 9.5, 10.0));
    for mm_per_pixel in [1.0, 0.5] {
        let plane = ImagePlane::centered(Orientation::Axial, place, mm_per_pixel, size).unwrap();
        for interpolation in ALL {
            let values = values_of(&volume, plane, size, interpolation);
            for (n, found) in values.values.iter().enumerate() {
                let at = volume
                    .grid()
                    .voxel(plane.patient((n % 40) as f64, (n / 40) as f64));
                let expected = sample(&volume, at, interpolation).map_or(f32::NAN, |value| value as f32);
                let close = (found - expected).abs() <= 1e-3 * expected.abs().max(1.0);
                assert!(
                    close || !(found.is_finite() || expected.is_finite()),
                    "{found}, not {expected}"
                );
            }
        }
    }
    let only = Scene::of_plane(planes(volume.grid(), size)[0], vec![layer(Interpolation::Linear)]);
    let values = CpuRenderer::new().values(&only, 0, &lend(&volume), size).unwrap();
    let image = CpuRenderer::new().render(&only, &lend(&volume), size).unwrap();
    assert!(values.values.iter().any(|v| v.is_nan()) && values.values.iter().any(|v| !v.is_nan()));
    for (value, pixel) in values.values.iter().zip(image.rgba.chunks(4)) {
        assert!(!value.is_nan() || pixel == [0, 0, 0, 255]);
    }
}

#[test]
fn a_plane_outside_shows_the_background() {
    let volume = volume(Grid::new([9, 9, 9], upright([1.0; 3])).unwrap(), i16_noise);
    let size = Size {
        width: 40,
        height: 30,
    };
    let away = Point::new(1000.0, 0.0, 0.0);
    let plane = ImagePlane::centered(Orientation::Sagittal, away, 1.0, size).unwrap();
    let mut scene = Scene::of_plane(plane, vec![layer(Interpolation::Linear)]);
    scene.background = [1, 2, 3];
    let image = CpuRenderer::new().render(&scene, &lend(&volume), size).unwrap();
    assert!(image.rgba.chunks(4).all(|pixel| pixel == [1, 2, 3, 255]));
    assert!(
        values_of(&volume, plane, size, Interpolation::Cubic)
            .values
            .iter()
            .all(|v| v.is_nan())
    );
}
