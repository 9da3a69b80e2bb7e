//! Windows, colours and fused layers against their definitions.

use engine::colormap::WindowFunction;
use engine::fusion::Weight;

use super::*;

/// The colour that the definition gives, or its neighbours where the value lies between two.
fn shades(window: Window, color_map: &ColorMap, value: f32) -> [[u8; 3]; 3] {
    let entry = 1.0 / (color_map.colors().len() - 1) as f64;
    // A sigmoid's table has steps of up to an eighth of an entry to either side.
    let off = if window.function == WindowFunction::Sigmoid {
        0.13
    } else {
        0.02
    };
    [-off, 0.0, off].map(|off| color_map.color(window.fraction(f64::from(value)) + off * entry))
}

#[test]
fn windows_and_colours_follow_the_definition() {
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let size = Size {
        width: 90,
        height: 70,
    };
    let plane = planes(volume.grid(), size)[3];
    let small = ColorMap::new([[0, 0, 255], [0, 255, 0], [255, 0, 0]]).unwrap();
    for color_map in [
        ColorMap::gray(),
        ColorMap::gray_inverted(),
        ColorMap::named("pet").unwrap(),
        small,
    ] {
        for window in [
            Window::linear(40.0, 400.0),
            Window::between(-1000.0, 3000.0),
            Window::linear(100.0, 1.0),
            Window::between(250.0, 250.0),
            Window::linear(40.0, 0.0),
            Window::sigmoid(500.0, 700.0),
            Window::sigmoid(500.0, 0.0),
            Window::between(-1e9, 1e9),
        ] {
            let layer = Layer {
                window,
                color_map: color_map.clone(),
                ..layer(Interpolation::Linear)
            };
            let scene = Scene::of_plane(plane, vec![layer]);
            let image = CpuRenderer::new().render(&scene, &lend(&volume), size).unwrap();
            let values = CpuRenderer::new()
                .values(&scene, 0, &lend(&volume), size)
                .unwrap();
            for (value, pixel) in values.values.iter().zip(image.rgba.chunks(4)) {
                let expected = shades(window, &color_map, *value);
                let fits = expected.iter().any(|color| color == &pixel[..3]);
                assert!(
                    pixel[3] == 255 && (value.is_nan() || fits),
                    "{window:?}: {pixel:?} for {value}, not {expected:?}"
                );
            }
        }
    }
}

/// A PET of another grid over a CT, registered by a known shift.
fn pair() -> (Volumes, [Layer; 2], Grid) {
    let ct = volume(
        Grid::new([40, 40, 12], upright([1.0, 1.0, 2.0])).unwrap(),
        i16_noise,
    );
    let pet = volume(Grid::new([25, 30, 7], skewed()).unwrap(), f32_noise);
    let mut volumes = lend(&ct);
    let grid = ct.grid().clone();
    volumes.insert(UPPER, pet);
    let mut shift = Affine::identity();
    shift.origin.x = 2.0;
    let upper = Layer {
        volume: UPPER,
        window: Window::between(-300.0, -270.0),
        color_map: ColorMap::named("hot_iron").unwrap(),
        scene_from_volume: shift,
        ..layer(Interpolation::Linear)
    };
    (volumes, [layer(Interpolation::Linear), upper], grid)
}

#[test]
fn fused_layers_mix_as_stated_at_every_ratio() {
    let (volumes, [lower, upper], grid) = pair();
    let size = Size {
        width: 120,
        height: 90,
    };
    let plane = ImagePlane::fitted(
        Orientation::Oblique(Vector::new(0.2, 0.3, 0.9)),
        grid.center(),
        &[&grid],
        size,
    );
    let plane = plane.unwrap();
    let draw = |layers: Vec<Layer>| {
        CpuRenderer::new()
            .render(&Scene::of_plane(plane, layers), &volumes, size)
            .unwrap()
    };
    let (ct, pet) = (draw(vec![lower.clone()]), draw(vec![upper.clone()]));
    let only = Scene::of_plane(plane, vec![upper.clone()]);
    let uptake = CpuRenderer::new().values(&only, 0, &volumes, size).unwrap();
    assert!(uptake.values.iter().any(|v| v.is_nan()) && uptake.values.iter().any(|v| !v.is_nan()));
    for percent in 0..=100 {
        let ratio = f64::from(percent) / 100.0;
        let weight = Weight::from_ratio(ratio).unwrap();
        let fused = draw(vec![
            lower.clone(),
            Layer {
                opacity: ratio,
                ..upper.clone()
            },
        ]);
        for (n, value) in uptake.values.iter().enumerate() {
            for channel in 0..4 {
                let (below, above) = (ct.rgba[n * 4 + channel], pet.rgba[n * 4 + channel]);
                let expected = if value.is_nan() {
                    below
                } else {
                    weight.mix(below, above)
                };
                assert_eq!(fused.rgba[n * 4 + channel], expected, "ratio {ratio}, pixel {n}");
            }
        }
        match percent {
            0 => assert_eq!(fused, ct),
            100 => assert!(fused.rgba != ct.rgba),
            _ => {}
        }
    }
}

#[test]
fn a_registration_moves_its_layer() {
    let (volumes, [_, upper], grid) = pair();
    let size = Size {
        width: 60,
        height: 50,
    };
    let plane = ImagePlane::fitted(Orientation::Axial, grid.center(), &[&grid], size).unwrap();
    let moved = CpuRenderer::new()
        .values(&Scene::of_plane(plane, vec![upper.clone()]), 0, &volumes, size)
        .unwrap();
    let mut back = plane;
    back.patient_from_plane.origin.x -= 2.0;
    let unmoved = Layer {
        scene_from_volume: Affine::identity(),
        ..upper
    };
    let expected = CpuRenderer::new()
        .values(&Scene::of_plane(back, vec![unmoved]), 0, &volumes, size)
        .unwrap();
    for (a, b) in moved.values.iter().zip(&expected.values) {
        assert!((a - b).abs() < 1e-3 || (a.is_nan() && b.is_nan()), "{a} and {b}");
    }
}
