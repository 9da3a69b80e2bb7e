//! The scenes that each way of comparing makes.

use super::*;

fn scene_of(volumes: &Volumes) -> Scene {
    Scene::of_plane(plane(Orientation::Axial), pair(volumes))
}

#[test]
fn a_checkerboard_shows_both_in_turn() {
    let volumes = volumes();
    let scene = scene_of(&volumes);
    let board = |cell_mm, shift| Comparison::Checkerboard { cell_mm, shift };
    let layers = |cell_mm, shift| {
        let scenes = compared(&scene, &board(cell_mm, shift), SIZE).unwrap();
        assert_eq!(scenes.len(), 1);
        scenes[0].layers.clone()
    };
    // 0.9 mm a pixel: 5 mm are 6 pixels; the middle of 33 x 29 pixels is before pixel 16, 14.
    let found = layers(5.0, [0.0; 2]);
    let cell = [6.0, 6.0];
    let corner = [15.5, 13.5];
    assert_eq!(found[0].shown_in, ShownIn::Checkerboard { cell, corner });
    assert_eq!([found[0].opacity, found[1].opacity], [1.0, 1.0]);
    let swapped = layers(5.0, [1.0, 0.0]);
    for (x, y) in (0..33).flat_map(|x| (0..29).map(move |y| (f64::from(x), f64::from(y)))) {
        let [lower, upper] = [&found[0], &found[1]].map(|layer| part(layer.shown_in, x, y));
        assert_eq!(lower + upper, 1.0);
        assert_eq!(part(swapped[0].shown_in, x, y), upper);
    }
    // Cells below a pixel are pixels, and absurd ones are one.
    let tiny = layers(1e-9, [0.0; 2]);
    assert!(matches!(
        tiny[0].shown_in,
        ShownIn::Checkerboard { cell: [1.0, 1.0], .. }
    ));
    layers(1e300, [0.5, -0.5]);
    for (cell_mm, shift) in [(0.0, 0.0), (f64::NAN, 0.0), (-1.0, 0.0), (5.0, f64::NAN)] {
        assert!(matches!(
            compared(&scene, &board(cell_mm, [shift, 0.0]), SIZE),
            Err(Error::Number { .. })
        ));
    }
}

#[test]
fn a_swipe_uncovers_the_lower_layer_from_end_to_end() {
    let volumes = volumes();
    let scene = scene_of(&volumes);
    let parts = |place, degrees: f64| {
        let swipe = Comparison::Swipe {
            place,
            towards_rad: degrees.to_radians(),
        };
        let scenes = compared(&scene, &swipe, SIZE).unwrap();
        [0, 1].map(|n| {
            let shown_in = scenes[0].layers[n].shown_in;
            let all = (0..33).flat_map(|x| (0..29).map(move |y| part(shown_in, x.into(), y.into())));
            all.collect::<Vec<f64>>()
        })
    };
    for degrees in [0.0, 30.0, 90.0, 135.0, 180.0, 270.0, 300.0, -30.0] {
        let mut before = -1.0;
        for n in 0..=10 {
            let [lower, upper] = parts(f64::from(n) / 10.0, degrees);
            let sum: f64 = lower.iter().sum();
            assert!(sum > before, "{degrees}: {sum} after {before}");
            before = sum;
            // Nothing of a soft edge is left without a layer below.
            assert!(
                lower
                    .iter()
                    .zip(&upper)
                    .all(|(lower, upper)| *lower == 1.0 || *upper == 1.0)
            );
            match n {
                0 => assert!(upper.iter().all(|part| *part > 0.99), "{degrees}"),
                10 => assert!(upper.iter().all(|part| *part < 0.51), "{degrees}"),
                _ => {}
            }
        }
        let half = parts(0.5, degrees)[1].iter().sum::<f64>() / f64::from(33 * 29);
        assert!((half - 0.5).abs() < 0.04, "{degrees}: {half}");
    }
    // Straight lines run between pixels.
    assert!(
        parts(0.43, 90.0)[1]
            .iter()
            .all(|part| *part == 0.0 || *part == 1.0)
    );
    for (place, towards_rad) in [(1.1, 0.0), (f64::NAN, 0.0), (0.5, f64::INFINITY)] {
        let swipe = Comparison::Swipe { place, towards_rad };
        assert!(matches!(
            compared(&scene, &swipe, SIZE),
            Err(Error::Number { .. })
        ));
    }
}

#[test]
fn contours_lie_over_the_other_layer_in_full() {
    let volumes = volumes();
    let scene = scene_of(&volumes);
    let lines = Contours {
        levels: vec![-300.0],
        color: [0, 255, 0],
        width_pixels: 1.0,
    };
    let of = |layer| {
        let contours = lines.clone();
        compared(&scene, &Comparison::Contours { layer, contours }, SIZE)
    };
    for (layer, other) in [(0, 1), (1, 0)] {
        let layers = &of(layer).unwrap()[0].layers;
        let expected = [
            Layer {
                opacity: 1.0,
                ..scene.layers[other].clone()
            },
            Layer {
                opacity: 1.0,
                drawn_as: DrawnAs::Contours(lines.clone()),
                ..scene.layers[layer].clone()
            },
        ];
        assert_eq!(layers.as_slice(), expected);
    }
    assert_eq!(of(2), Err(Error::NoLayer { layers: 2, found: 2 }));
    let mut alone = scene.clone();
    alone.layers.pop();
    let error = compared(&alone, &Comparison::SideBySide, SIZE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the layers of a comparison must be 2 or more, found 1"
    );
    let direction = Direction::from_degrees(0.0, 0.0);
    let camera = Camera::centered(direction, Point::new(0.0, 0.0, 0.0), 1.1, SIZE).unwrap();
    let body = Scene::new(View::Rendering(Rendering::new(camera)), scene.layers.clone());
    let swipe = Comparison::Swipe {
        place: 0.5,
        towards_rad: 0.0,
    };
    assert_eq!(compared(&body, &swipe, SIZE), Err(Error::NoComparison));
    assert_eq!(
        compared(&body, &Comparison::SideBySide, SIZE).map(|scenes| scenes.len()),
        Ok(2)
    );
}

#[test]
fn panels_show_one_place_at_one_scale() {
    let volumes = volumes();
    let mut renderer = CpuRenderer::new();
    for width in [33, 34, 200, 201] {
        let size = Size { width, height: 29 };
        let panel = panel_size(size, 2);
        let view = ImagePlane::centered(Orientation::Axial, Point::new(0.7, -0.4, 0.3), 0.9, panel).unwrap();
        let scene = Scene::of_plane(view, pair(&volumes));
        let scenes = compared(&scene, &Comparison::SideBySide, panel).unwrap();
        let mut draw = |scene: &Scene| renderer.render(scene, &volumes, panel).unwrap();
        let panels: Vec<Image> = scenes.iter().map(&mut draw).collect();
        let image = joined(&panels, size).unwrap();
        for n in [0, 1] {
            assert_eq!(scenes[n].view, scene.view);
            let left = n as u32 * (width - panel.width);
            for (x, y) in (0..panel.width).flat_map(|x| (0..29).map(move |y| (x, y))) {
                assert_eq!(image.pixel(left + x, y), panels[n].pixel(x, y));
            }
        }
        let gap = width - 2 * panel.width;
        assert!((2..4).contains(&gap));
        assert!((0..gap).all(|x| image.pixel(panel.width + x, 5) == [96, 96, 96, 255]));
        assert!(joined(&panels[..1], size).is_err());
    }
    let tiny = Size { width: 1, height: 1 };
    let dot = Image {
        width: 1,
        height: 1,
        rgba: vec![1, 2, 3, 255],
    };
    assert_eq!(joined(&[dot.clone(), dot.clone()], tiny), Err(Error::Size(tiny)));
    assert_eq!(joined(std::slice::from_ref(&dot), tiny), Ok(dot.clone()));
    assert!(joined(&[], tiny).is_ok());
}
