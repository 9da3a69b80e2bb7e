//! Scenes that nobody would draw on purpose: a picture or one clear error, never a panic, never for long.

use engine::colormap::{ColorMap, TransferFunction, Window};
use engine::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use engine::presentation::{Camera, CurvedPlane, Direction, ImagePlane, Orientation, Side, Size};
use engine::render::{
    Cancel, Classification, Clip, ClipPlane, Contours, CpuRenderer, Curved, Cut, DrawnAs, Error, LabelStyle,
    Labels, Layer, Light, Material, Projection, ProjectionKind, Removes, Renderer, Rendering, Scene, Shading,
    Sharpening, ShownIn, Slab, Surface, Tint, View, VolumeId, Volumes,
};
use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels};
use proptest::prelude::*;

const CT: VolumeId = VolumeId(1);
const PET: VolumeId = VolumeId(2);
const LABELS: VolumeId = VolumeId(3);
const THIN: VolumeId = VolumeId(4);
const ABSENT: VolumeId = VolumeId(99);

fn grid(size: [usize; 3], spacing: [f64; 3]) -> Grid {
    let axes = [
        Vector::new(spacing[0], 0.1, 0.0),
        Vector::new(-0.2, spacing[1], 0.0),
        Vector::new(0.1, 0.0, spacing[2]),
    ];
    let patient_from_voxel: Affine<Patient, Voxel> = Affine::from_axes(axes, Point::new(-8.0, -9.0, -5.0));
    Grid::new(size, patient_from_voxel).unwrap()
}

/// A CT, a PET with holes, a label map, and a slice of one voxel's height that holds no number.
pub fn volumes() -> Volumes {
    let mut volumes = Volumes::new();
    let mut put = |id, grid: Grid, make: &dyn Fn(usize) -> Voxels, unit| {
        let voxels = make(grid.voxels());
        volumes.insert(id, Volume::new(grid, voxels, Rescale::IDENTITY, unit).unwrap());
    };
    let noise = |n: usize| (n as u32).wrapping_mul(0x9E37_79B1) >> 20;
    let ct = |n: usize| Voxels::I16((0..n).map(|n| noise(n) as i16 - 1024).collect());
    put(CT, grid([17, 19, 11], [1.0, 1.0, 1.5]), &ct, Unit::Hounsfield);
    let odd = |n: usize| match noise(n) % 31 {
        0 => f32::NAN,
        1 => f32::INFINITY,
        2 => f32::NEG_INFINITY,
        3 => f32::MAX,
        other => other as f32,
    };
    let pet = |n: usize| Voxels::F32((0..n).map(odd).collect());
    put(PET, grid([9, 7, 8], [2.0, 2.4, 2.1]), &pet, Unit::SuvBw);
    let labels = |n: usize| Voxels::U8((0..n).map(|n| (n / 40 % 4) as u8).collect());
    put(
        LABELS,
        grid([17, 19, 11], [1.0, 1.0, 1.5]),
        &labels,
        Unit::Unspecified,
    );
    let thin = |n: usize| Voxels::F32(vec![f32::NAN; n].into());
    put(THIN, grid([5, 1, 1], [3.0, 3.0, 3.0]), &thin, Unit::Unspecified);
    volumes
}

/// Numbers that break things, among ordinary ones.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -30.0..30.0f64,
        1 => prop::sample::select(vec![
            0.0, -0.0, 1.0, 0.5, 1e-300, 1e-30, -1e-9, 1e9, -1e30, 1e300,
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE,
        ]),
    ]
}

fn three() -> impl Strategy<Value = [f64; 3]> {
    prop::array::uniform3(number())
}

/// Ordinary cameras, and any twelve numbers as one.
fn camera() -> impl Strategy<Value = Camera> {
    let ordinary = (-180.0..180.0f64, -90.0..90.0f64, three(), 0.05..4.0f64).prop_map(
        |(azimuth, elevation, at, mm_per_pixel)| {
            let direction = Direction::from_degrees(azimuth, elevation);
            let size = Size {
                width: 21,
                height: 17,
            };
            Camera::centered(direction, at.into(), mm_per_pixel, size)
                .or_else(|_| Camera::centered(direction, Point::new(0.0, 0.0, 0.0), 1.0, size))
                .unwrap()
        },
    );
    let any = (three(), three(), three(), three()).prop_map(|(a, b, c, origin)| Camera {
        plane: ImagePlane {
            patient_from_plane: Affine::from_axes([a.into(), b.into(), c.into()], origin.into()),
        },
        eye: None,
    });
    let with_eye = (prop_oneof![3 => ordinary, 1 => any], prop::option::of(three()));
    with_eye.prop_map(|(camera, eye)| Camera {
        eye: eye.map(Point::from),
        ..camera
    })
}

fn kind() -> impl Strategy<Value = ProjectionKind> {
    prop_oneof![
        number().prop_map(|depth_weight| ProjectionKind::Maximum { depth_weight }),
        Just(ProjectionKind::MAXIMUM),
        Just(ProjectionKind::Minimum),
        Just(ProjectionKind::Mean),
        Just(ProjectionKind::Sum),
    ]
}

fn depth() -> impl Strategy<Value = Option<[f64; 2]>> {
    prop::option::of(prop::array::uniform2(number()))
}

fn curve() -> impl Strategy<Value = Option<CurvedPlane>> {
    (
        prop::collection::vec(three(), 2..6),
        three(),
        any::<bool>(),
        0.1..3.0f64,
    )
        .prop_map(|(points, down, straightened, mm_per_pixel)| {
            let points: Vec<Point<Patient>> = points.into_iter().map(Point::from).collect();
            let side = if straightened {
                Side::Straightened(down.into())
            } else {
                Side::Fixed(down.into())
            };
            CurvedPlane::along(&points, side, mm_per_pixel, 17).ok()
        })
}

fn view() -> impl Strategy<Value = View> {
    let light = prop_oneof![
        Just(Light::Head),
        three().prop_map(|from| Light::From(from.into()))
    ];
    let slab = prop::option::of((number(), kind()));
    prop_oneof![
        camera().prop_map(|camera| View::Plane(camera.plane)),
        (curve(), slab).prop_map(|(plane, slab)| {
            let at = Point::new(0.0, 0.0, 0.0);
            let size = Size { width: 5, height: 5 };
            let upright = ImagePlane::centered(Orientation::Axial, at, 1.0, size).unwrap();
            plane.map_or(View::Plane(upright), |plane| {
                let slab = slab.map(|(thickness_mm, kind)| Slab { thickness_mm, kind });
                View::Curved(Curved { plane, slab })
            })
        }),
        (camera(), kind(), depth()).prop_map(|(camera, kind, depth_mm)| {
            View::Projection(Projection {
                camera,
                kind,
                depth_mm,
            })
        }),
        (camera(), depth(), light, number(), number()).prop_map(
            |(camera, depth_mm, light, occlusion, shadow)| {
                View::Rendering(Rendering {
                    camera,
                    depth_mm,
                    light,
                    occlusion,
                    shadow,
                })
            }
        ),
    ]
}

fn styles() -> std::collections::BTreeMap<u16, LabelStyle> {
    let style = |label: u16| LabelStyle {
        color: [label as u8 * 60, 100, 200],
        opacity: 0.4,
    };
    (1..4).map(|label| (label, style(label))).collect()
}

fn material() -> impl Strategy<Value = Option<Material>> {
    let opacity = (number(), 0.1..50.0f64, 0.0..=1.0f64);
    let transfer = (opacity, any::<bool>()).prop_map(|((from, width, most), gradient)| {
        let points = vec![(from, 0.0), (from + width, most)];
        let transfer = TransferFunction::new(points, vec![(from, [200, 100, 50])], 1.0).ok()?;
        match gradient {
            true => transfer.with_gradient_opacity(vec![(0.0, 0.2), (5.0, 1.0)]).ok(),
            false => Some(transfer),
        }
    });
    let shading = prop::option::of((number(), number(), number(), number(), number()).prop_map(
        |(ambient, diffuse, specular, shininess, even_below)| Shading {
            ambient,
            diffuse,
            specular,
            shininess,
            even_below,
        },
    ));
    let tint =
        prop::option::of((prop::sample::select(vec![LABELS, CT, ABSENT]), number())).prop_map(|tint| {
            tint.map(|(labels, others)| Tint {
                labels,
                styles: styles(),
                others,
            })
        });
    let classification = prop_oneof![
        (transfer, tint).prop_map(|(transfer, tint)| {
            transfer.map(|transfer| Classification::Tissue { transfer, tint })
        }),
        prop::collection::vec((number(), number()), 0..4).prop_map(|surfaces| {
            let surface = |(threshold, opacity)| Surface {
                threshold,
                color: [250, 240, 230],
                opacity,
            };
            Some(Classification::Surfaces(
                surfaces.into_iter().map(surface).collect(),
            ))
        }),
        Just(Some(Classification::Labels(Labels { styles: styles() }))),
    ];
    (classification, shading).prop_map(|(classification, shading)| {
        classification.map(|classification| Material {
            classification,
            shading,
        })
    })
}

fn clip() -> impl Strategy<Value = Clip> {
    let planes = prop::collection::vec((three(), three()), 0..4);
    let outline = prop::collection::vec(prop::array::uniform2(number()), 0..6);
    let cuts = prop::collection::vec((camera(), outline, any::<bool>(), depth()), 0..2);
    (planes, cuts).prop_map(|(planes, cuts)| Clip {
        planes: planes
            .into_iter()
            .map(|(point, normal)| ClipPlane {
                point: point.into(),
                normal: normal.into(),
            })
            .collect(),
        cuts: cuts
            .into_iter()
            .map(|(camera, outline, inside, depth_mm)| Cut {
                camera,
                outline,
                removes: if inside { Removes::Inside } else { Removes::Outside },
                depth_mm,
            })
            .collect(),
    })
}

/// Mostly everywhere, else anything.
fn shown_in() -> impl Strategy<Value = ShownIn> {
    let two = || prop::array::uniform2(number());
    let side = || prop_oneof![4 => 0.1..9.0f64, 1 => number()];
    prop_oneof![
        6 => Just(ShownIn::Everywhere),
        1 => (prop::array::uniform2(side()), two()).prop_map(|(cell, corner)| {
            ShownIn::Checkerboard { cell, corner }
        }),
        1 => (two(), two()).prop_map(|(point, towards)| ShownIn::HalfPlane { point, towards }),
    ]
}

/// Mostly colours, else any lines.
fn drawn_as() -> impl Strategy<Value = DrawnAs> {
    let lines = (
        prop::collection::vec(prop_oneof![4 => -40.0..40.0f64, 1 => number()], 0..4),
        prop_oneof![4 => 0.0..16.0f64, 1 => number()],
    );
    prop_oneof![
        6 => Just(DrawnAs::Colors),
        2 => lines.prop_map(|(levels, width_pixels)| {
            DrawnAs::Contours(Contours { levels, color: [255, 0, 0], width_pixels })
        }),
    ]
}

fn layer() -> impl Strategy<Value = Layer> {
    let id = prop::sample::select(vec![CT, CT, PET, PET, LABELS, THIN]);
    let interpolation = prop::sample::select(vec![
        Interpolation::Nearest,
        Interpolation::Linear,
        Interpolation::Cubic,
    ]);
    let registration = prop_oneof![
        4 => Just(Affine::identity()),
        1 => (three(), three(), three(), three()).prop_map(|(a, b, c, origin)| {
            Affine::from_axes([a.into(), b.into(), c.into()], origin.into())
        }),
    ];
    let window = (number(), prop_oneof![4 => 0.1..40.0f64, 1 => number()]);
    let opacity = prop_oneof![4 => 0.0..=1.0f64, 1 => number()];
    (
        id,
        interpolation,
        registration,
        window,
        opacity,
        (material(), clip()),
        (shown_in(), drawn_as()),
    )
        .prop_map(
            |(
                volume,
                interpolation,
                scene_from_volume,
                (low, width),
                opacity,
                (material, clip),
                (shown_in, drawn_as),
            )| Layer {
                volume,
                window: Window::between(low, low + width),
                color_map: ColorMap::gray(),
                interpolation,
                opacity,
                scene_from_volume,
                material,
                clip,
                shown_in,
                drawn_as,
            },
        )
}

pub fn scene() -> impl Strategy<Value = Scene> {
    let sharpening = prop::option::of((number(), 0..40u32));
    let layers = prop::collection::vec(layer(), 0..6);
    let quality = (
        prop::option::of(number()),
        prop::option::of(any::<u32>()),
        any::<bool>(),
    );
    (view(), layers, quality, sharpening).prop_map(|(view, layers, (step_mm, jitter, skips), sharpening)| {
        let mut scene = Scene::new(view, layers);
        scene.quality.step_mm = step_mm;
        scene.quality.jitter = jitter;
        scene.quality.skips_empty_space = skips;
        scene.sharpening = sharpening.map(|(amount, radius_pixels)| Sharpening {
            amount,
            radius_pixels,
        });
        scene
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_is_a_picture_or_an_error(scene in scene(), width in 1..22u32, height in 1..18u32) {
        let volumes = volumes();
        let size = Size { width, height };
        let mut renderer = CpuRenderer::new();
        match renderer.render(&scene, &volumes, size) {
            Ok(image) => {
                prop_assert_eq!(image.rgba.len(), (width * height * 4) as usize);
                prop_assert!(image.rgba.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        if let Ok(values) = renderer.values(&scene, 0, &volumes, size) {
            prop_assert_eq!(values.values.len(), (width * height) as usize);
        }
    }
}

#[test]
fn a_cancelled_image_ends_with_its_error() {
    let volumes = volumes();
    let cancel = Cancel::new();
    cancel.cancel();
    let size = Size {
        width: 64,
        height: 64,
    };
    let at = Point::new(0.0, 0.0, 0.0);
    let camera = Camera::centered(Direction::default(), at, 0.3, size).unwrap();
    let layer = Layer::single(CT, volumes.get(CT).unwrap());
    for view in [
        View::Plane(camera.plane),
        View::Projection(Projection::new(camera, ProjectionKind::Mean)),
        View::Rendering(Rendering::new(camera)),
    ] {
        let scene = Scene::new(view, vec![layer.clone()]);
        let ended = CpuRenderer::new().render_until(&scene, &volumes, size, &cancel);
        assert_eq!(ended, Err(Error::Cancelled));
    }
}

#[test]
fn sizes_of_0_and_beyond_the_limit_are_refused_and_the_limit_is_drawn() {
    let volumes = volumes();
    let at = Point::new(0.0, 0.0, 0.0);
    let layer = Layer::single(CT, volumes.get(CT).unwrap());
    let drawn = |width, height| {
        let size = Size { width, height };
        let camera = Camera::centered(Direction::default(), at, 0.01, Size { width: 9, height: 9 }).unwrap();
        let view = View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM));
        CpuRenderer::new().render(&Scene::new(view, vec![layer.clone()]), &volumes, size)
    };
    for (width, height) in [(0, 4), (4, 0), (16_385, 4)] {
        assert!(matches!(drawn(width, height), Err(Error::Size(_))));
    }
    assert!(drawn(16_384, 2).is_ok());
    assert!(drawn(1, 1).is_ok());
}
