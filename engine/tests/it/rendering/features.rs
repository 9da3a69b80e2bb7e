//! Every feature against the definition.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::colormap::TransferFunction;
use engine::geometry::{Affine, Point, Vector};
use engine::presentation::Camera;
use engine::render::{
    Classification, ClipPlane, Cut, LabelStyle, Labels, Light, Material, Removes, Shading, Surface, Tint,
};
use engine::volume::{Rescale, Unit, Volume, Voxels};

use super::{
    ID, LABELS, SIZE, camera, check, ct, labels, of, rendering, scene, shaded, skewed, tissue, uneven,
    upright, uptake, values, volumes,
};

fn surface(threshold: f64, color: [u8; 3], opacity: f64) -> Surface {
    Surface {
        threshold,
        color,
        opacity,
    }
}

fn surfaces() -> Vec<Surface> {
    vec![
        surface(-400.0, [230, 160, 130], 0.3),
        surface(300.0, [250, 240, 220], 0.9),
        surface(0.0, [200, 40, 40], 0.2),
    ]
}

fn styles() -> BTreeMap<u16, LabelStyle> {
    let style = |color, opacity| LabelStyle { color, opacity };
    BTreeMap::from([
        (2, style([220, 40, 40], 0.9)),
        (5, style([40, 200, 60], 0.4)),
        (7, style([60, 80, 230], 0.7)),
    ])
}

#[test]
fn tissue_on_every_grid() {
    for (name, grid) in [("upright", upright()), ("skewed", skewed()), ("uneven", uneven())] {
        let volumes = volumes(ct(grid));
        let mut scene = scene(&volumes);
        check(name, &scene, &volumes);
        for (azimuth, elevation) in [(0.0, 0.0), (90.0, 0.0), (200.0, -60.0), (0.0, 90.0)] {
            rendering(&mut scene).camera = camera(azimuth, elevation);
            check(&format!("{name} from {azimuth}, {elevation}"), &scene, &volumes);
        }
    }
}

#[test]
fn steps_of_every_length() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    // A long step may end where the tissue is all but even and its normal anything.
    let shading = &mut scene.layers[0].material.as_mut().unwrap().shading;
    shading.as_mut().unwrap().even_below = 5.0;
    for step_mm in [0.1, 1.0, 2.7, 9.0, 100.0] {
        scene.quality.step_mm = Some(step_mm);
        check(&format!("{step_mm} mm"), &scene, &volumes);
    }
}

#[test]
fn every_type_of_voxels() {
    let signed = ct(upright());
    let stored = |n: usize| signed.voxels().get(n).unwrap();
    let all = || 0..signed.voxels().len();
    let [low, high] = [0.0, 3600.0];
    let eighth = Rescale {
        slope: (high - low) / 255.0 * 0.5,
        intercept: -1024.0,
    };
    let falling = Rescale {
        slope: -0.5,
        intercept: 1000.0,
    };
    let kinds = [
        (
            Voxels::U16(all().map(|n| stored(n).max(0.0) as u16).collect()),
            signed.rescale(),
        ),
        (
            Voxels::U8(all().map(|n| (stored(n) * 255.0 / high) as u8).collect()),
            eighth,
        ),
        (
            Voxels::F32(all().map(|n| stored(n) as f32).collect()),
            signed.rescale(),
        ),
        (
            Voxels::I16(all().map(|n| (4048.0 - stored(n)) as i16).collect()),
            falling,
        ),
    ];
    for (n, (voxels, rescale)) in kinds.into_iter().enumerate() {
        let volume = Volume::new(upright(), voxels, rescale, Unit::Hounsfield).unwrap();
        let volumes = volumes(volume);
        check(&format!("kind {n}"), &scene(&volumes), &volumes);
    }
}

#[test]
fn what_is_no_number_is_clear() {
    let grid = upright();
    let smooth: Vec<f32> = values(&grid, |place| super::body(place) as f32);
    let holes: Arc<[f32]> = smooth
        .iter()
        .enumerate()
        .map(|(n, value)| match n % 397 {
            0 => f32::NAN,
            1 => f32::INFINITY,
            2 => f32::NEG_INFINITY,
            _ => *value,
        })
        .collect();
    let volume = Volume::new(grid, Voxels::F32(holes), Rescale::IDENTITY, Unit::Hounsfield).unwrap();
    let volumes = volumes(volume);
    let mut scene = scene(&volumes);
    scene.quality.step_mm = Some(0.7);
    check("holes", &scene, &volumes);
}

#[test]
fn cameras_of_every_kind() {
    let volumes = volumes(ct(skewed()));
    let mut scene = scene(&volumes);
    for distance_mm in [300.0, 40.0, 12.0, 3.0] {
        let camera = camera(25.0, 15.0).with_eye(distance_mm, SIZE);
        rendering(&mut scene).camera = camera;
        check(&format!("eye at {distance_mm} mm"), &scene, &volumes);
    }
    // The eye within the body.
    let mut inside = camera(140.0, -20.0);
    inside.plane.patient_from_plane.linear *= 0.5;
    rendering(&mut scene).camera = inside.with_eye(10.0, SIZE);
    check("eye inside", &scene, &volumes);
}

#[test]
fn depths_bound_the_rays() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    for depth in [[-3.0, 50.0], [-50.0, 1.3], [0.0, 4.0], [-2.05, -1.9]] {
        rendering(&mut scene).depth_mm = Some(depth);
        check(&format!("{depth:?}"), &scene, &volumes);
    }
}

#[test]
fn materials_answer_light() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    rendering(&mut scene).light = Light::From(Vector::new(2.0, -1.0, 1.5));
    check("a fixed light", &scene, &volumes);
    scene.layers[0].material = Some(Material::shaded(
        tissue(),
        Shading {
            ambient: 0.1,
            diffuse: 0.7,
            specular: 0.5,
            shininess: 60.0,
            even_below: 120.0,
        },
    ));
    check("even tissue", &scene, &volumes);
    let by_gradient = tissue().with_gradient_opacity(vec![(20.0, 0.0), (90.0, 0.7), (250.0, 1.0)]);
    scene.layers[0].material = shaded(by_gradient.unwrap());
    check("gradient opacity", &scene, &volumes);
    scene.layers[0].material.as_mut().unwrap().shading = None;
    check("glowing", &scene, &volumes);
    scene.layers[0].material = None;
    check("a window", &scene, &volumes);
}

#[test]
fn surroundings_darken() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    rendering(&mut scene).occlusion = 0.8;
    check("occlusion", &scene, &volumes);
    rendering(&mut scene).light = Light::From(Vector::new(-1.0, -1.0, 2.0));
    rendering(&mut scene).shadow = 0.7;
    check("shadow", &scene, &volumes);
    scene.layers[0].material = of(Classification::Surfaces(surfaces()));
    check("of surfaces", &scene, &volumes);
}

#[test]
fn samples_move_from_pixel_to_pixel() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    scene.quality.step_mm = Some(1.7);
    for number in [0, 1, 77] {
        scene.quality.jitter = Some(number);
        check(&format!("jitter {number}"), &scene, &volumes);
    }
}

#[test]
fn curves_with_jumps_and_bands() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    let jump = vec![
        (-200.0, 0.0),
        (-200.0, 0.3),
        (-100.0, 0.3),
        (-100.0, 0.0),
        (300.0, 0.0),
        (300.0, 1.0),
    ];
    let color = vec![(-200.0, [255, 0, 0]), (0.0, [255, 0, 0]), (0.0, [0, 255, 0])];
    let transfer = TransferFunction::new(jump, color, 2.0).unwrap();
    scene.layers[0].material = shaded(transfer);
    check("jumps", &scene, &volumes);
    let level = TransferFunction::new(vec![(0.0, 0.04)], vec![(0.0, [90, 120, 200])], 1.0).unwrap();
    scene.layers[0].material = Some(Material {
        shading: None,
        ..Material::shaded(level, Shading::default())
    });
    check("level", &scene, &volumes);
}

#[test]
fn surfaces_in_order_with_cut_faces() {
    let volumes = volumes(ct(skewed()));
    let mut scene = scene(&volumes);
    scene.layers[0].material = of(Classification::Surfaces(surfaces()));
    check("surfaces", &scene, &volumes);
    scene.quality.step_mm = Some(1.3);
    check("surfaces, long steps", &scene, &volumes);
    scene.layers[0].clip.planes.push(ClipPlane {
        point: Point::new(0.0, 0.0, 3.0),
        normal: Vector::new(0.3, 0.9, -0.2),
    });
    check("cut faces", &scene, &volumes);
    rendering(&mut scene).depth_mm = Some([-5.0, 4.0]);
    check("cut by depth", &scene, &volumes);
}

#[test]
fn labels_are_smooth_bodies() {
    for (name, grid) in [("upright", upright()), ("uneven", uneven())] {
        let mut volumes = volumes(ct(grid));
        let mut scene = scene(&volumes);
        scene.layers[0].volume = LABELS;
        scene.layers[0].material = of(Classification::Labels(Labels { styles: styles() }));
        check(name, &scene, &volumes);
        let wide = labels(skewed());
        let wide: Vec<u16> = (0..wide.voxels().len())
            .map(|n| wide.voxels().get(n).unwrap() as u16 * 1000)
            .collect();
        let wide = Volume::new(
            skewed(),
            Voxels::U16(wide.into()),
            Rescale::IDENTITY,
            Unit::Unspecified,
        );
        volumes.insert(LABELS, wide.unwrap());
        let mut thousand = BTreeMap::new();
        styles().into_iter().for_each(|(label, style)| {
            thousand.insert(label * 1000, style);
        });
        thousand.get_mut(&5000).unwrap().opacity = 0.0;
        scene.layers[0].material = of(Classification::Labels(Labels { styles: thousand }));
        check("sixteen bit, one hidden", &scene, &volumes);
    }
}

#[test]
fn labels_tint_tissue() {
    let mut volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    for (name, grid, others) in [("same grid", upright(), 1.0), ("its own grid", skewed(), 0.2)] {
        volumes.insert(LABELS, labels(grid));
        scene.layers[0].material = of(Classification::Tissue {
            transfer: tissue(),
            tint: Some(Tint {
                labels: LABELS,
                styles: styles(),
                others,
            }),
        });
        check(name, &scene, &volumes);
    }
}

fn cut(camera: Camera, removes: Removes, depth_mm: Option<[f64; 2]>) -> Cut {
    Cut {
        camera,
        outline: vec![[8.0, 6.0], [30.0, 12.0], [22.0, 30.0], [14.0, 20.0]],
        removes,
        depth_mm,
    }
}

#[test]
fn cuts_take_tissue_away() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    let planes = ClipPlane::around(Point::new(-8.0, -6.5, -9.0), Point::new(9.0, 12.0, 8.5));
    scene.layers[0].clip.planes.extend(planes);
    check("a crop box", &scene, &volumes);
    let aside = camera(60.0, 5.0);
    for (name, cut) in [
        ("inside", cut(aside, Removes::Inside, None)),
        ("outside", cut(aside, Removes::Outside, Some([-30.0, 4.0]))),
        (
            "from an eye",
            cut(aside.with_eye(60.0, SIZE), Removes::Inside, Some([-60.0, 0.0])),
        ),
    ] {
        scene.layers[0].clip.cuts = vec![cut];
        check(name, &scene, &volumes);
    }
    scene.layers[0].clip.cuts = vec![
        cut(aside, Removes::Inside, None),
        cut(camera(-20.0, 30.0), Removes::Inside, Some([-40.0, -2.0])),
    ];
    check("two", &scene, &volumes);
    scene.layers[0].material = of(Classification::Surfaces(surfaces()));
    check("surfaces", &scene, &volumes);
}

#[test]
fn layers_are_marched_at_once() {
    let volumes = volumes(ct(upright()));
    let mut scene = scene(&volumes);
    scene.layers.push(uptake(&volumes));
    check("fused", &scene, &volumes);
    scene.layers[1].opacity = 0.25;
    scene.layers[1].scene_from_volume = Affine::from_axes(
        [
            Vector::new(0.98, 0.17, 0.0),
            Vector::new(-0.17, 0.98, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        ],
        Point::new(2.0, -1.0, 1.5),
    );
    check("registered", &scene, &volumes);
    let mut bodies = scene.layers[0].clone();
    bodies.volume = LABELS;
    bodies.opacity = 0.5;
    bodies.material = of(Classification::Labels(Labels { styles: styles() }));
    let mut skin = scene.layers[0].clone();
    skin.opacity = 0.4;
    skin.material = of(Classification::Surfaces(surfaces()));
    skin.clip.planes.push(ClipPlane {
        point: Point::new(0.0, 0.0, 0.0),
        normal: Vector::new(1.0, 0.2, 0.0),
    });
    scene.layers.extend([bodies, skin]);
    check("four", &scene, &volumes);
    assert_eq!(scene.layers[0].volume, ID);
}
