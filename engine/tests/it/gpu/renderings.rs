//! Volume renderings against the plain definition.

use std::collections::BTreeMap;

use engine::colormap::TransferFunction;
use engine::presentation::{Camera, Direction};
use engine::render::{
    Classification, Clip, ClipPlane, Cut, LabelStyle, Labels, Light, Material, Removes, Rendering, Shading,
    Surface, Tint, View,
};

use super::*;
use crate::definition::rendering::picture;

const SIZE: Size = Size {
    width: 33,
    height: 25,
};

/// Two soft balls in air: smooth, so that gradients mean something.
fn body(grid: &Grid) -> Voxels {
    let size = grid.size();
    let value = |n: usize| {
        let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        let place = [0, 1, 2].map(|axis| (at[axis] as f64 + 0.5) / size[axis] as f64);
        let ball = |center: [f64; 3], radius: f64| {
            let square: f64 = (0..3).map(|axis| (place[axis] - center[axis]).powi(2)).sum();
            (1.0 - (square.sqrt() / radius).powi(2)).max(-0.5)
        };
        let dense = ball([0.4, 0.45, 0.5], 0.35).max(ball([0.75, 0.6, 0.4], 0.2));
        (dense * 800.0) as i16
    };
    Voxels::I16((0..grid.voxels()).map(value).collect())
}

fn soft(grid: Grid) -> Volume {
    let rescale = Rescale {
        slope: 1.2,
        intercept: -50.0,
    };
    let voxels = body(&grid);
    Volume::new(grid, voxels, rescale, Unit::Hounsfield).unwrap()
}

fn bone() -> TransferFunction {
    let opacity = vec![(100.0, 0.0), (300.0, 0.2), (700.0, 0.5)];
    let color = vec![
        (100.0, [200, 80, 40]),
        (400.0, [240, 200, 150]),
        (700.0, [255, 255, 250]),
    ];
    TransferFunction::new(opacity, color, 1.0).unwrap()
}

fn shaded() -> Material {
    Material::shaded(bone(), Shading::default())
}

fn rendering(volume: &Volume) -> Rendering {
    let direction = Direction::from_degrees(30.0, 20.0);
    Rendering::new(Camera::fitted(direction, &[volume.grid()], SIZE).unwrap())
}

fn scene(volume: &Volume, rendering: Rendering, material: Material) -> Scene {
    let mut scene = Scene::new(
        View::Rendering(rendering),
        vec![layer(volume, Interpolation::Linear)],
    );
    scene.layers[0].material = Some(material);
    scene.background = [20, 40, 60];
    scene
}

/// Holds a picture to the definition and skipping to none: 2 of 255 on 99.9 % of the pixels, and 45 dB.
fn hold(gpu: &Arc<Gpu>, scene: &Scene, volumes: &Volumes) -> Image {
    let mut renderer = GpuRenderer::new(gpu.clone());
    let found = renderer.render(scene, volumes, SIZE).unwrap();
    let mut plain = scene.clone();
    plain.quality.skips_empty_space = false;
    let all = renderer.render(&plain, volumes, SIZE).unwrap();
    assert_eq!(
        compare_images(&found, &all, 2).0,
        0,
        "skipping changed the picture"
    );
    hold_to_processor(&mut renderer, scene, volumes);
    let expected = picture(scene, volumes, SIZE);
    let (mut beyond, mut squares, mut seen) = (0, 0.0, 0);
    for (found, expected) in found.rgba.chunks(4).zip(&expected) {
        let off = [0, 1, 2].map(|n| (f64::from(found[n]) - expected[n]).abs());
        beyond += usize::from(off.iter().any(|off| *off > 2.5));
        squares += off.iter().map(|off| off * off).sum::<f64>() / 3.0;
        seen += usize::from((0..3).any(|n| (expected[n] - f64::from(scene.background[n])).abs() > 3.0));
    }
    let mean = squares / expected.len() as f64;
    let decibel = 10.0 * (255.0f64.powi(2) / mean.max(1e-12)).log10();
    assert!(seen > 40, "the comparison saw too little: {seen}");
    assert!(
        beyond <= expected.len() / 1000 && decibel >= 45.0,
        "{beyond} pixels, {decibel:.1} dB: {:?}",
        scene
            .layers
            .iter()
            .map(|layer| &layer.material)
            .collect::<Vec<_>>()
    );
    found
}

/// Holds a finer picture to the processor's: 2 of 255 on 99.9 % of the pixels, and 45 dB.
fn hold_to_processor(renderer: &mut GpuRenderer, scene: &Scene, volumes: &Volumes) {
    const FINER: u32 = 3;
    let mut scene = scene.clone();
    if let View::Rendering(rendering) = &mut scene.view {
        let linear = &mut rendering.camera.plane.patient_from_plane.linear;
        for axis in 0..2 {
            linear.column_mut(axis).unscale_mut(f64::from(FINER));
        }
    }
    let [width, height] = [SIZE.width * FINER, SIZE.height * FINER];
    let size = Size { width, height };
    let found = renderer.render(&scene, volumes, size).unwrap();
    let expected = CpuRenderer::new().render(&scene, volumes, size).unwrap();
    let (beyond, square) = compare_images(&found, &expected, 2);
    let decibel = 10.0 * (255.0f64.powi(2) / square.max(1e-12)).log10();
    let pixels = (width * height) as usize;
    assert!(
        beyond <= pixels / 1000 && decibel >= 45.0,
        "{beyond} of {pixels} pixels are not the processor's, {decibel:.1} dB"
    );
}

fn grid() -> Grid {
    Grid::new([26, 22, 13], skewed()).unwrap()
}

#[test]
fn tissue_follows_the_definition() {
    let (Some(gpu), Some(plain)) = (shared(), plain()) else {
        return;
    };
    let volume = soft(grid());
    let glowing = Material::glowing(
        Window::between(100.0, 900.0),
        &ColorMap::named("hot_iron").unwrap(),
    );
    for material in [glowing, shaded()] {
        hold(
            &gpu,
            &scene(&volume, rendering(&volume), material),
            &lend(&volume),
        );
    }
    hold(
        &plain,
        &scene(&volume, rendering(&volume), shaded()),
        &lend(&volume),
    );
    let bordered = bone()
        .with_gradient_opacity(vec![(10.0, 0.0), (60.0, 1.0)])
        .unwrap();
    let even = Shading {
        even_below: 40.0,
        ..Shading::default()
    };
    let mut lamp = rendering(&volume);
    lamp.light = Light::From(Vector::new(0.5, -0.7, 0.9));
    hold(
        &gpu,
        &scene(&volume, lamp, Material::shaded(bordered, even)),
        &lend(&volume),
    );
}

#[test]
fn cameras_and_grids_of_all_kinds_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let positions = vec![0.0, 1.0, 1.5, 4.5, 5.0, 7.0, 8.0, 9.5];
    let uneven = soft(Grid::with_slice_positions([26, 22, 8], skewed(), positions).unwrap());
    hold(
        &gpu,
        &scene(&uneven, rendering(&uneven), shaded()),
        &lend(&uneven),
    );
    let volume = soft(grid());
    for distance_mm in [60.0, 4.0] {
        let mut perspective = rendering(&volume);
        perspective.camera = perspective.camera.with_eye(distance_mm, SIZE);
        perspective.depth_mm = Some([-8.0, 30.0]);
        hold(&gpu, &scene(&volume, perspective, shaded()), &lend(&volume));
    }
}

#[test]
fn surfaces_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let volume = soft(grid());
    let surface = |threshold, color, opacity| Surface {
        threshold,
        color,
        opacity,
    };
    let surfaces = vec![
        surface(500.0, [255, 240, 200], 1.0),
        surface(150.0, [220, 90, 60], 0.4),
    ];
    let material = Material {
        classification: Classification::Surfaces(surfaces),
        shading: Some(Shading::default()),
    };
    let mut scene = scene(&volume, rendering(&volume), material);
    hold(&gpu, &scene, &lend(&volume));
    scene.layers[0].clip.planes = vec![ClipPlane {
        point: volume.grid().center(),
        normal: Vector::new(0.3, 1.0, -0.2),
    }];
    hold(&gpu, &scene, &lend(&volume));
}

#[test]
fn clips_and_cuts_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let volume = soft(grid());
    let view = rendering(&volume);
    let mut scene = scene(&volume, view, shaded());
    let cut = Cut {
        camera: view.camera,
        outline: vec![[10.0, 6.0], [22.0, 8.0], [15.0, 19.0]],
        removes: Removes::Inside,
        depth_mm: Some([-40.0, 2.0]),
    };
    scene.layers[0].clip = Clip {
        planes: ClipPlane::around_voxels(
            volume.grid(),
            Point::new(3.0, 2.0, 1.0),
            Point::new(20.0, 19.0, 11.0),
        )
        .to_vec(),
        cuts: vec![cut],
    };
    hold(&gpu, &scene, &lend(&volume));
}

/// A label map of the balls.
fn labels(grid: &Grid) -> Volume {
    let Voxels::I16(values) = body(grid) else { panic!() };
    let size = grid.size();
    let label = |(n, value): (usize, &i16)| match *value {
        200.. if n % size[0] < 17 => 3,
        200.. => 5,
        _ => 0,
    };
    let voxels = Voxels::U8(values.iter().enumerate().map(label).collect());
    Volume::new(grid.clone(), voxels, Rescale::IDENTITY, Unit::Unspecified).unwrap()
}

fn styles() -> BTreeMap<u16, LabelStyle> {
    let style = |color, opacity| LabelStyle { color, opacity };
    BTreeMap::from([(3, style([250, 60, 40], 0.5)), (5, style([60, 120, 250], 0.3))])
}

#[test]
fn labels_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let labels = labels(&grid());
    let material = Material {
        classification: Classification::Labels(Labels { styles: styles() }),
        shading: Some(Shading::default()),
    };
    hold(
        &gpu,
        &scene(&labels, rendering(&labels), material),
        &lend(&labels),
    );
}

#[test]
fn tints_and_fused_volumes_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let volume = soft(grid());
    // Labels on a grid of their own.
    let labels = labels(&Grid::new([30, 20, 15], skewed()).unwrap());
    let label_map = VolumeId(9);
    let tint = Tint {
        labels: label_map,
        styles: styles(),
        others: 0.3,
    };
    let tinted = Material {
        classification: Classification::Tissue {
            transfer: bone(),
            tint: Some(tint),
        },
        shading: Some(Shading::default()),
    };
    let pet = soft(Grid::new([15, 16, 7], upright([2.0, 2.0, 3.0])).unwrap());
    let mut volumes = lend(&volume);
    volumes.insert(label_map, labels);
    volumes.insert(UPPER, pet.clone());
    let mut fused = scene(&volume, rendering(&volume), tinted);
    hold(&gpu, &fused, &volumes);
    fused.layers.push(Layer {
        volume: UPPER,
        window: Window::between(100.0, 700.0),
        color_map: ColorMap::named("hot_iron").unwrap(),
        opacity: 0.4,
        ..layer(&pet, Interpolation::Linear)
    });
    hold(&gpu, &fused, &volumes);
}

/// Each kind of layer over another, three and four at once.
#[test]
fn up_to_four_layers_follow_the_definition() {
    let Some(gpu) = shared() else { return };
    let volume = soft(grid());
    let pet = soft(Grid::new([15, 16, 7], upright([2.0, 2.0, 3.0])).unwrap());
    let organs = Grid::new([30, 20, 15], skewed()).unwrap();
    let [label_map, again] = [VolumeId(9), VolumeId(10)];
    let mut volumes = lend(&volume);
    volumes.insert(label_map, labels(&organs));
    volumes.insert(UPPER, pet.clone());
    volumes.insert(again, volume.clone());
    let mut scene = scene(&volume, rendering(&volume), shaded());
    let mut shift = Affine::identity();
    shift.origin.x = 3.0;
    let bodies = Classification::Labels(Labels { styles: styles() });
    scene.layers.push(Layer {
        volume: label_map,
        scene_from_volume: shift,
        material: Some(Material {
            classification: bodies,
            shading: Some(Shading::default()),
        }),
        ..scene.layers[0].clone()
    });
    scene.layers.push(Layer {
        volume: UPPER,
        window: Window::between(100.0, 700.0),
        color_map: ColorMap::named("hot_iron").unwrap(),
        opacity: 0.4,
        ..layer(&pet, Interpolation::Linear)
    });
    let surface = Surface {
        threshold: 600.0,
        color: [90, 220, 120],
        opacity: 0.5,
    };
    scene.layers.push(Layer {
        volume: again,
        opacity: 0.5,
        material: Some(Material {
            classification: Classification::Surfaces(vec![surface]),
            shading: Some(Shading::default()),
        }),
        ..scene.layers[0].clone()
    });
    hold(&gpu, &scene, &volumes);
    scene.layers.remove(1);
    hold(&gpu, &scene, &volumes);
}

/// Surroundings darken pits, and a lamp throws shadows: never brighter, somewhere darker.
#[test]
fn surroundings_darken_as_the_definition_says() {
    let Some(gpu) = shared() else { return };
    let volume = soft(grid());
    let mut lamp = rendering(&volume);
    lamp.light = Light::From(Vector::new(0.9, -0.3, 0.5));
    let draw = |rendering| hold(&gpu, &scene(&volume, rendering, shaded()), &lend(&volume));
    let open = draw(lamp);
    for (occlusion, shadow) in [(1.0, 0.0), (0.0, 1.0), (0.6, 0.5)] {
        let darkened = draw(Rendering {
            occlusion,
            shadow,
            ..lamp
        });
        let sum = |image: &Image| image.rgba.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        assert!(sum(&darkened) < sum(&open));
        assert!(
            darkened
                .rgba
                .iter()
                .zip(&open.rgba)
                .all(|(a, b)| *a <= b.saturating_add(1))
        );
    }
}

/// Samples moved pixel by pixel, and a volume with a side that no texture may have.
#[test]
fn jitter_and_folded_volumes_follow_the_definition() {
    let fold = open(Options {
        max_volume_side: Some(20),
        ..options()
    });
    let Some(gpu) = fold else { return };
    let volume = soft(Grid::new([34, 9, 10], skewed()).unwrap());
    let mut scene = scene(&volume, rendering(&volume), shaded());
    scene.quality.jitter = Some(5);
    hold(&gpu, &scene, &lend(&volume));
}

/// Seen from inside, from far away, with holes in it: a picture, and no hang.
#[test]
fn odd_scenes_give_a_picture() {
    let Some(gpu) = shared() else { return };
    let volume = volume(Grid::new([20, 20, 20], upright([1.0; 3])).unwrap(), holes);
    let mut view = rendering(&volume);
    for eye_mm in [1e-9, 0.5, 1e6] {
        view.camera = view.camera.with_eye(eye_mm, SIZE);
        let scene = scene(&volume, view, shaded());
        assert!(
            GpuRenderer::new(gpu.clone())
                .render(&scene, &lend(&volume), SIZE)
                .is_ok()
        );
    }
}
