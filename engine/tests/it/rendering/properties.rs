//! What must hold of renderings by themselves.

use std::collections::BTreeMap;

use engine::colormap::TransferFunction;
use engine::geometry::{Point, Vector};
use engine::presentation::{Camera, Direction, Size};
use engine::render::{
    Classification, ClipPlane, CpuRenderer, Image, LabelStyle, Labels, Layer, Material, Renderer, Rendering,
    Scene, Surface, View, Volumes,
};
use engine::volume::{Rescale, Unit, Volume, Voxels};

use super::{
    ID, SIZE, UPPER, camera, ct, differences, grid, of, render, rendering, rgb, scene, shaded, tissue,
    upright, uptake, values, volumes,
};

fn same(a: &Image, b: &Image, most: u8, what: &str) {
    let apart = differences(a, b).into_iter().max().unwrap();
    assert!(apart <= most, "{what}: {apart}");
}

#[test]
fn the_order_of_surfaces_is_that_of_the_body() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    let surface = |threshold, color, opacity| Surface {
        threshold,
        color,
        opacity,
    };
    let mut list = vec![
        surface(-400.0, [255, 0, 0], 0.4),
        surface(300.0, [0, 255, 0], 0.8),
        surface(0.0, [0, 0, 255], 0.3),
        surface(0.0, [9, 90, 200], 0.3),
    ];
    scene.layers[0].material = of(Classification::Surfaces(list.clone()));
    let first = render(&scene, &volumes);
    for _ in 0..list.len() {
        list.rotate_left(1);
        list.swap(0, 2);
        scene.layers[0].material = of(Classification::Surfaces(list.clone()));
        assert_eq!(render(&scene, &volumes), first);
    }
}

#[test]
fn a_ratio_of_nothing_or_all_is_one_of_the_layers() {
    let volumes = volumes(ct(upright()));
    let mut fused = scene(&volumes);
    let lower = render(&fused, &volumes);
    fused.layers.push(uptake(&volumes));
    let mut upper = fused.clone();
    upper.layers.remove(0);
    upper.layers[0].opacity = 1.0;
    // Samples lie alike in both only where they are as far apart.
    fused.quality.step_mm = Some(0.5);
    upper.quality.step_mm = Some(0.5);
    fused.layers[1].opacity = 0.0;
    same(&render(&fused, &volumes), &lower, 0, "ratio 0");
    fused.layers[1].opacity = 1.0;
    same(&render(&fused, &volumes), &render(&upper, &volumes), 0, "ratio 1");
}

#[test]
fn the_step_does_not_change_the_light_of_smooth_tissue() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    let fog = TransferFunction::new(
        vec![(-900.0, 0.0), (0.0, 0.06), (800.0, 0.3)],
        vec![(-900.0, [120, 60, 40]), (800.0, [255, 240, 220])],
        1.0,
    );
    scene.layers[0].material = Some(Material {
        shading: None,
        ..Material::shaded(fog.unwrap(), Default::default())
    });
    let mut at = |step_mm| {
        scene.quality.step_mm = Some(step_mm);
        render(&scene, &volumes)
    };
    let (coarse, fine) = (at(0.6), at(0.3));
    same(&coarse, &fine, 2, "half the step");
}

/// A cube of 10 mm half-width on air, one voxel's edge.
fn block() -> Volumes {
    let grid = grid([40, 40, 40], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let inside = |place: Point<_>| (0..3).all(|axis| place[axis].abs() < 10.0);
    let voxels = values(&grid, |place| if inside(place) { 1000i16 } else { -1000 });
    let volume = Volume::new(
        grid,
        Voxels::I16(voxels.into()),
        Rescale::IDENTITY,
        Unit::Hounsfield,
    );
    let mut volumes = Volumes::new();
    volumes.insert(ID, volume.unwrap());
    volumes
}

fn solid(volumes: &Volumes, threshold: f64, camera: Camera) -> Scene {
    let mut layer = Layer::single(ID, volumes.get(ID).unwrap());
    layer.material = Some(Material {
        classification: Classification::Surfaces(vec![Surface {
            threshold,
            color: [255; 3],
            opacity: 1.0,
        }]),
        shading: None,
    });
    Scene::new(View::Rendering(Rendering::new(camera)), vec![layer])
}

#[test]
fn surfaces_lie_where_values_cross() {
    let volumes = block();
    let front = Camera::centered(Direction::default(), Point::new(0.0, 0.0, 0.0), 1.0, SIZE).unwrap();
    // Voxel centres at -10.5 (air) and -9.5 mm (block): the value falls evenly between.
    for threshold in [-900.0, -500.0, 0.0, 300.0, 800.0] {
        let expected_mm = -10.5 + (threshold + 1000.0) / 2000.0;
        let mut scene = solid(&volumes, threshold, front);
        scene.quality.step_mm = Some(0.9);
        let mut hit = None;
        for n in 0..80 {
            // What lies before is cut off: the face shows once the surface is passed.
            let far_mm = -12.0 + f64::from(n) * 0.05;
            rendering(&mut scene).depth_mm = Some([-50.0, far_mm]);
            let pixel = render(&scene, &volumes).pixel(20, 18);
            if pixel[0] > 128 {
                hit = Some(far_mm);
                break;
            }
        }
        let found = hit.expect("a surface");
        assert!(
            (found - expected_mm).abs() < 0.25,
            "{threshold}: {found}, not {expected_mm}"
        );
    }
}

#[test]
fn planes_cut_where_they_should() {
    let volumes = block();
    let front = Camera::centered(
        Direction::default(),
        Point::new(0.0, 0.0, 0.0),
        0.25,
        Size {
            width: 101,
            height: 101,
        },
    )
    .unwrap();
    let mut scene = solid(&volumes, 0.0, front);
    let size = Size {
        width: 101,
        height: 101,
    };
    let mut renderer = CpuRenderer::new();
    for edge_mm in [-7.3, 0.0, 4.6] {
        scene.layers[0].clip.planes = vec![ClipPlane {
            point: Point::new(edge_mm, 0.0, 0.0),
            normal: Vector::new(2.0, 0.0, 0.0),
        }];
        let image = renderer.render(&scene, &volumes, size).unwrap();
        // The patient's left is on the right: x rises with the columns.
        for x in 12..89u32 {
            let place_mm = (f64::from(x) - 50.0) * 0.25;
            let shown = image.pixel(x, 50)[0] > 128;
            if (place_mm - edge_mm).abs() > 0.13 {
                assert_eq!(shown, place_mm > edge_mm, "{edge_mm}: column {x}");
            }
        }
    }
}

#[test]
fn left_is_left_and_up_is_up() {
    // Beads at the patient's left, head and front, of three labels.
    let grid = grid([40, 40, 40], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let beads = [
        (Point::new(12.0, 0.0, 0.0), 1u8),
        (Point::new(0.0, 0.0, 12.0), 2),
        (Point::new(0.0, -12.0, 0.0), 3),
    ];
    let voxels = values(&grid, |place| {
        let bead = beads.iter().find(|(center, _)| place.distance(*center) < 3.0);
        bead.map_or(0, |(_, label)| *label)
    });
    let volume = Volume::new(
        grid,
        Voxels::U8(voxels.into()),
        Rescale::IDENTITY,
        Unit::Unspecified,
    )
    .unwrap();
    let mut volumes = Volumes::new();
    volumes.insert(ID, volume);
    let style = |n: usize| LabelStyle {
        color: [0, 1, 2].map(|channel| if channel == n { 255 } else { 0 }),
        opacity: 1.0,
    };
    let styles = BTreeMap::from([(1, style(0)), (2, style(1)), (3, style(2))]);
    for (azimuth, places) in [
        (0.0, [(32, 18), (20, 6), (20, 18)]),
        // From the patient's left: the front is on the left of the picture.
        (90.0, [(20, 18), (20, 6), (8, 18)]),
        (180.0, [(8, 18), (20, 6), (20, 18)]),
    ] {
        let camera = Camera::centered(
            Direction::from_degrees(azimuth, 0.0),
            Point::new(0.0, 0.0, 0.0),
            1.0,
            SIZE,
        );
        let mut layer = Layer::single(ID, volumes.get(ID).unwrap());
        layer.material = Some(Material {
            classification: Classification::Labels(Labels {
                styles: styles.clone(),
            }),
            shading: None,
        });
        let scene = Scene::new(View::Rendering(Rendering::new(camera.unwrap())), vec![layer]);
        let image = render(&scene, &volumes);
        let hidden_from = if azimuth == 180.0 { 2 } else { 3 };
        for (channel, (x, y)) in places.into_iter().enumerate().take(hidden_from) {
            let pixel = image.pixel(x, y);
            assert!(
                pixel[channel] > 200,
                "{azimuth}: channel {channel} at {x}, {y}: {pixel:?}"
            );
        }
    }
}

#[test]
fn weights_change_extinction_not_the_picture_of_one() {
    let volumes = volumes(ct(upright()));
    let mut one = scene(&volumes);
    let full = render(&one, &volumes);
    one.layers[0].opacity = 0.3;
    // The only layer is the largest: nothing to mix with.
    assert_eq!(render(&one, &volumes), full);
    one.layers[0].opacity = 0.0;
    let none = render(&one, &volumes);
    assert!(rgb(&none).all(|pixel| pixel == one.background));
}

#[test]
fn a_renderer_keeps_nothing_wrong() {
    let volumes = volumes(ct(upright()));
    let mut renderer = CpuRenderer::new();
    let mut scene = scene(&volumes);
    let first = renderer.render(&scene, &volumes, SIZE).unwrap();
    scene.layers[0].material =
        shaded(TransferFunction::new(vec![(0.0, 0.0), (50.0, 1.0)], vec![(0.0, [9; 3])], 1.0).unwrap());
    let other = renderer.render(&scene, &volumes, SIZE).unwrap();
    assert_eq!(other, render(&scene, &volumes));
    scene.layers[0].material = shaded(tissue());
    assert_eq!(renderer.render(&scene, &volumes, SIZE).unwrap(), first);
    // Other voxels under the same id.
    let mut moved = super::volumes(ct(super::skewed()));
    moved.insert(UPPER, super::pet());
    let fresh = render(&scene, &moved);
    assert_eq!(renderer.render(&scene, &moved, SIZE).unwrap(), fresh);
}

#[test]
fn figures_tell_what_was_passed_over() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    rendering(&mut scene).camera = camera(0.0, 0.0);
    let mut renderer = CpuRenderer::new();
    renderer.render(&scene, &volumes, SIZE).unwrap();
    let skipping = renderer.statistics().clone();
    scene.quality.skips_empty_space = false;
    renderer.render(&scene, &volumes, SIZE).unwrap();
    let plain = renderer.statistics();
    assert!(skipping.skipped > 0 && skipping.samples < plain.samples && plain.rays > 0);
}
