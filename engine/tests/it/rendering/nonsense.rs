//! Degenerate volumes and scenes that make no sense: a picture or one clear error, never a panic or a hang.

use std::collections::BTreeMap;

use engine::colormap::{TransferFunction, Window};
use engine::geometry::{Affine, Grid, Point, Vector};
use engine::presentation::Size;
use engine::render::{
    Cancel, Classification, ClipPlane, CpuRenderer, Cut, Error, Labels, Light, Material, Removes, Renderer,
    Scene, Shading, Surface, Tint, Volumes,
};
use engine::volume::{Rescale, Unit, Volume, Voxels};

use super::{
    ID, LABELS, SIZE, ct, grid, labels, of, render, rendering, rgb, scene, shaded, upright, uptake, volumes,
};

fn refused(scene: &Scene, volumes: &Volumes) -> String {
    CpuRenderer::new()
        .render(scene, volumes, SIZE)
        .unwrap_err()
        .to_string()
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let volumes = volumes(ct(upright()));
    let good = scene(&volumes);
    let check = |change: &dyn Fn(&mut Scene), expected: &str| {
        let mut scene = good.clone();
        change(&mut scene);
        let found = refused(&scene, &volumes);
        assert!(found.contains(expected), "{found}, not {expected}");
    };
    check(
        &|scene| rendering(scene).occlusion = 1.5,
        "the occlusion must be 0 to 1, found 1.5",
    );
    check(
        &|scene| rendering(scene).shadow = f64::NAN,
        "the shadow must be 0 to 1",
    );
    check(
        &|scene| rendering(scene).depth_mm = Some([f64::NAN, 1.0]),
        "a depth must be a number",
    );
    check(
        &|scene| rendering(scene).light = Light::From(Vector::new(0.0, 0.0, 0.0)),
        "the light",
    );
    check(&|scene| scene.quality.step_mm = Some(0.0), "distance of samples");
    check(&|scene| scene.quality.step_mm = Some(1e-6), "distance of samples");
    check(
        &|scene| scene.quality.step_mm = Some(f64::INFINITY),
        "distance of samples",
    );
    check(
        &|scene| scene.layers[0].opacity = -1.0,
        "an opacity must be 0 to 1",
    );
    check(
        &|scene| rendering(scene).camera.plane.patient_from_plane.linear *= 0.0,
        "a view's plane",
    );
    check(
        &|scene| rendering(scene).camera.eye = Some(Point::new(f64::NAN, 0.0, 0.0)),
        "a view's plane",
    );
    check(
        &|scene| scene.layers[0].scene_from_volume.linear *= 0.0,
        "registration",
    );
    check(
        &|scene| scene.layers = vec![scene.layers[0].clone(); 5],
        "at most 4 layers",
    );
    check(
        &|scene| {
            let plane = ClipPlane {
                point: Point::new(0.0, 0.0, 0.0),
                normal: Vector::new(1.0, 0.0, 0.0),
            };
            scene.layers[0].clip.planes = vec![plane; 13];
        },
        "at most 12 clip planes",
    );
    check(
        &|scene| {
            let plane = ClipPlane {
                point: Point::new(0.0, 0.0, 0.0),
                normal: Vector::new(0.0, 0.0, 0.0),
            };
            scene.layers[0].clip.planes = vec![plane];
        },
        "the normal of a clip plane",
    );
    check(
        &|scene| {
            let cut = Cut {
                camera: rendering(scene).camera,
                outline: Vec::new(),
                removes: Removes::Inside,
                depth_mm: None,
            };
            scene.layers[0].clip.cuts = vec![cut; 9];
        },
        "at most 8 free cuts",
    );
    check(
        &|scene| {
            let shading = Shading {
                shininess: 0.0,
                ..Shading::default()
            };
            scene.layers[0].material.as_mut().unwrap().shading = Some(shading);
        },
        "the exponent of the gloss must be 1 to 128, found 0",
    );
    check(
        &|scene| {
            let surface = Surface {
                threshold: f64::NAN,
                color: [0; 3],
                opacity: 1.0,
            };
            scene.layers[0].material = of(Classification::Surfaces(vec![surface]));
        },
        "the threshold of a surface",
    );
    check(
        &|scene| scene.layers[0].material = of(Classification::Labels(Labels::default())),
        "a label map must hold unsigned integers",
    );
    check(
        &|scene| {
            scene.layers[0].material = of(Classification::Tissue {
                transfer: super::tissue(),
                tint: Some(Tint {
                    labels: ID,
                    styles: BTreeMap::new(),
                    others: 1.0,
                }),
            });
        },
        "a label map must hold unsigned integers",
    );
    check(
        &|scene| {
            scene.layers[0].material = None;
            scene.layers[0].window = Window::between(0.0, f64::NAN);
        },
        "a window must be finite",
    );
}

#[test]
fn volumes_of_few_voxels_are_shown() {
    let axes = [[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 4.0]];
    for size in [[1, 1, 1], [1, 7, 1], [6, 1, 1], [2, 2, 1], [1, 5, 6], [3, 3, 3]] {
        let grid = grid(size, axes);
        let count = grid.voxels();
        let kinds = [
            Voxels::I16(vec![500; count].into()),
            Voxels::U8(vec![200; count].into()),
            Voxels::F32(vec![500.0; count].into()),
        ];
        for voxels in kinds {
            let volume = Volume::new(grid.clone(), voxels, Rescale::IDENTITY, Unit::Hounsfield).unwrap();
            let volumes = volumes(volume);
            let mut scene = scene(&volumes);
            super::check(&format!("{size:?}"), &dense(&scene, &volumes), &volumes);
            scene.layers[0].volume = LABELS;
            scene.layers[0].material = of(Classification::Labels(Labels::default()));
            render(&scene, &volumes);
        }
    }
}

/// Close enough that few voxels fill the picture.
fn dense(scene: &Scene, volumes: &Volumes) -> Scene {
    let mut scene = scene.clone();
    let size = volumes.get(ID).unwrap().grid().size();
    let widest = size.into_iter().max().unwrap() as f64;
    let camera = &mut rendering(&mut scene).camera;
    let center = Point::new(0.0, 0.0, 0.0);
    let direction = engine::presentation::Direction::from_degrees(25.0, 15.0);
    *camera = engine::presentation::Camera::centered(direction, center, 0.1 * widest, SIZE).unwrap();
    scene.quality.step_mm = Some(0.5);
    scene
}

#[test]
fn values_that_are_all_alike_or_none() {
    for voxel in [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        0.0,
        f32::MAX,
        -f32::MAX,
    ] {
        let grid = upright();
        let count = grid.voxels();
        let voxels = Voxels::F32(vec![voxel; count].into());
        let volume = Volume::new(grid, voxels, Rescale::IDENTITY, Unit::Counts).unwrap();
        let volumes = volumes(volume);
        let mut scene = scene(&volumes);
        let image = render(&scene, &volumes);
        if voxel.is_nan() || voxel < -1000.0 {
            assert!(rgb(&image).all(|pixel| pixel == scene.background), "{voxel}");
        } else {
            assert!(rgb(&image).any(|pixel| pixel != scene.background), "{voxel}");
        }
        scene.layers[0].material = None;
        render(&scene, &volumes);
    }
}

#[test]
fn curves_of_extreme_places() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    let white = vec![(0.0, [255; 3])];
    for opacity in [
        vec![(-1e300, 0.0), (1e300, 1.0)],
        vec![(1e300, 1.0)],
        vec![(0.0, 0.0)],
        vec![(5.0, 1.0), (5.0, 0.0), (5.0, 1.0)],
        vec![(0.0, 0.0), (1e-300, 1.0)],
    ] {
        let transfer = TransferFunction::new(opacity, white.clone(), 1.0).unwrap();
        scene.layers[0].material = shaded(transfer);
        render(&scene, &volumes);
    }
    let short = TransferFunction::new(vec![(0.0, 0.5)], white, 1e-300).unwrap();
    scene.layers[0].material = shaded(short);
    render(&scene, &volumes);
}

#[test]
fn cameras_far_off_and_of_no_use() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    let camera = rendering(&mut scene).camera;
    for away in [1e6, 1e12, -1e12, 1e60] {
        let moved = camera.sight().unwrap() * away;
        let plane = &mut rendering(&mut scene).camera.plane.patient_from_plane;
        plane.origin = camera.plane.patient_from_plane.origin + moved.xyz;
        render(&scene, &volumes);
    }
    rendering(&mut scene).camera = camera;
    let on_a_pixel = camera.plane.patient(20.0, 18.0);
    rendering(&mut scene).camera.eye = Some(on_a_pixel);
    render(&scene, &volumes);
    for depth in [
        [5.0, -5.0],
        [f64::NEG_INFINITY, f64::INFINITY],
        [1e300, 1e301],
        [0.0, 0.0],
    ] {
        rendering(&mut scene).camera = camera;
        rendering(&mut scene).depth_mm = Some(depth);
        render(&scene, &volumes);
    }
}

#[test]
fn no_layers_are_background() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    scene.layers.clear();
    let image = render(&scene, &volumes);
    assert!(rgb(&image).all(|pixel| pixel == scene.background));
    scene.layers.push(uptake(&volumes));
    scene.layers[0].material = of(Classification::Surfaces(Vec::new()));
    let image = render(&scene, &volumes);
    assert!(rgb(&image).all(|pixel| pixel == scene.background));
    let one = Size { width: 1, height: 1 };
    assert!(CpuRenderer::new().render(&scene, &volumes, one).is_ok());
}

#[test]
fn a_picture_is_stopped() {
    let volumes = volumes(ct(upright()));
    let scene = scene(&volumes);
    let cancel = Cancel::new();
    cancel.cancel();
    let found = CpuRenderer::new().render_until(&scene, &volumes, SIZE, &cancel);
    assert_eq!(found, Err(Error::Cancelled));
}

#[test]
fn tissue_without_voxels_around_a_tint() {
    let mut volumes = volumes(ct(upright()));
    let far: Affine<_, _> = Affine::from_axes(
        [
            Vector::new(1.0, 0.0, 0.0),
            Vector::new(0.0, 1.0, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ],
        Point::new(1e6, 0.0, 0.0),
    );
    volumes.insert(LABELS, labels(Grid::new([3, 3, 3], far).unwrap()));
    let mut scene = scene(&volumes);
    let mut material = Material::shaded(super::tissue(), Shading::default());
    material.classification = Classification::Tissue {
        transfer: super::tissue(),
        tint: Some(Tint {
            labels: LABELS,
            styles: BTreeMap::new(),
            others: 1.0,
        }),
    };
    let plain = render(&scene, &volumes);
    scene.layers[0].material = Some(material);
    assert_eq!(render(&scene, &volumes), plain);
}
