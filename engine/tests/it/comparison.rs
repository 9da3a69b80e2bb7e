//! Ways of looking at registered volumes: checkerboard, swipe, contours, side by side.

use engine::colormap::{ColorMap, Window};
use engine::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use engine::presentation::{Camera, CurvedPlane, Direction, ImagePlane, Orientation, Side, Size};
use engine::render::{
    Cancel, Comparison, Contours, CpuRenderer, Curved, DrawnAs, Error, Image, Layer, Lens, Projection,
    ProjectionKind, Renderer, Rendering, Scene, Sharpening, ShownIn, Slab, View, VolumeId, Volumes, compared,
    draft, joined, magnify, panel_size,
};
use engine::volume::{Interpolation, Rescale, Unit, Volume, Voxels};

use crate::definition::comparison::{part, pixels_off};

mod ways;

const CT: VolumeId = VolumeId(1);
const PET: VolumeId = VolumeId(2);
const MASK: VolumeId = VolumeId(3);

pub const SIZE: Size = Size {
    width: 33,
    height: 29,
};

fn grid(size: [usize; 3], axes: [[f64; 3]; 3], positions: Option<Vec<f64>>) -> Grid {
    let axes = axes.map(Vector::from);
    let middle = |axis: usize| (size[axis] as f64 - 1.0) / 2.0;
    let corner = Point::new(0.0, 0.0, 0.0) - axes[0] * middle(0) - axes[1] * middle(1) - axes[2] * middle(2);
    let patient_from_voxel = Affine::from_axes(axes, corner);
    match positions {
        None => Grid::new(size, patient_from_voxel).unwrap(),
        Some(positions) => Grid::with_slice_positions(size, patient_from_voxel, positions).unwrap(),
    }
}

fn values<T>(grid: &Grid, value: impl Fn(Point<Patient>) -> T) -> Vec<T> {
    let [columns, rows, slices] = grid.size();
    let mut values = Vec::with_capacity(grid.voxels());
    for k in 0..slices {
        for j in 0..rows {
            for i in 0..columns {
                let voxel = Point::<Voxel>::new(i as f64, j as f64, k as f64);
                values.push(value(grid.patient(voxel)));
            }
        }
    }
    values
}

/// Turned, moved, and a little larger: where the moving volumes lie in the scene.
pub fn scene_from_moving() -> Affine<Patient, Patient> {
    let turn = nalgebra::Rotation3::from_euler_angles(0.2, -0.15, 0.3);
    Affine::new(turn.matrix() * 1.05, nalgebra::Vector3::new(2.3, -1.7, 1.1))
}

/// A CT whose outline and core lie about the origin, an uptake on another grid, with uneven slices and voxels
/// that are no numbers, and a mask whose values fall where its stored ones rise.
pub fn volumes() -> Volumes {
    let mut volumes = Volumes::new();
    let from = |place: Point<Patient>, x, y, z| place.distance(Point::new(x, y, z));
    let fine = grid(
        [26, 24, 14],
        [[1.2, 0.0, 0.0], [0.0, 1.2, 0.0], [0.0, 0.0, 2.0]],
        None,
    );
    let rescale = Rescale {
        slope: 0.5,
        intercept: -1024.0,
    };
    let ct = values(&fine, |place| {
        let ripple = 30.0 * (place[0] * 1.3).sin() * (place[1] * 1.1).cos();
        let soft = |distance: f64| 1.0 / (1.0 + (distance / 0.8).exp());
        let real = -1000.0 + (1040.0 + ripple) * soft(from(place, 0.0, 0.0, 0.0) - 11.0);
        let real = real + 700.0 * soft(from(place, 3.0, 2.0, 1.0) - 4.0);
        rescale.stored(real).round() as i16
    });
    let ct = Volume::new(fine, Voxels::I16(ct.into()), rescale, Unit::Hounsfield).unwrap();
    volumes.insert(CT, ct);
    let positions = (0..11)
        .map(|k| f64::from(k) + 0.3 * (f64::from(k) * 1.7).sin())
        .collect();
    let axes = [[2.3, 0.1, 0.0], [0.0, 2.5, 0.1], [0.1, 0.0, 2.4]];
    let coarse = grid([12, 11, 11], axes, Some(positions));
    let pet = values(&coarse, |place| {
        let hot = from(place, 3.0, 2.0, 1.0) / 4.0;
        match from(place, -6.0, -4.0, 0.0) < 3.0 {
            true => [f32::NAN, f32::INFINITY, 1.0][(place[2].abs() * 10.0) as usize % 3],
            false => (0.8 + 7.0 * (-hot * hot).exp()) as f32,
        }
    });
    let pet = Volume::new(coarse, Voxels::F32(pet.into()), Rescale::IDENTITY, Unit::SuvBw).unwrap();
    volumes.insert(PET, pet);
    let plain = grid(
        [10, 12, 9],
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]],
        None,
    );
    let mask = values(&plain, |place| u8::from(from(place, 0.0, 0.0, 0.0) > 7.0));
    let falling = Rescale {
        slope: -1.0,
        intercept: 1.0,
    };
    let mask = Volume::new(plain, Voxels::U8(mask.into()), falling, Unit::Unspecified).unwrap();
    volumes.insert(MASK, mask);
    volumes
}

/// The CT, and the uptake over it where a registration says.
fn pair(volumes: &Volumes) -> Vec<Layer> {
    let mut lower = Layer::single(CT, volumes.get(CT).unwrap());
    lower.window = Window::linear(0.0, 1500.0);
    let mut upper = Layer::overlay(PET, volumes.get(PET).unwrap(), 0.6);
    upper.scene_from_volume = scene_from_moving();
    upper.color_map = ColorMap::named("viridis").unwrap();
    vec![lower, upper]
}

fn plane(orientation: Orientation) -> ImagePlane {
    ImagePlane::centered(orientation, Point::new(0.7, -0.4, 0.3), 0.9, SIZE).unwrap()
}

/// Planes, straight, oblique and curved, and what lies about them.
fn views() -> Vec<View> {
    let oblique = plane(Orientation::Oblique(Vector::new(0.4, -0.5, 0.6)));
    let points = [[-12.0, -6.0, 0.0], [0.0, 4.0, 2.0], [12.0, -3.0, -2.0]].map(Point::from);
    let curve = CurvedPlane::along(
        &points,
        Side::Fixed(Vector::new(0.0, 0.0, -1.0)),
        0.9,
        SIZE.height,
    );
    let curve = |slab| {
        View::Curved(Curved {
            plane: curve.clone().unwrap(),
            slab,
        })
    };
    let slab = Slab {
        thickness_mm: 5.0,
        kind: ProjectionKind::Mean,
    };
    let direction = Direction::from_degrees(30.0, 20.0);
    let camera = Camera::centered(direction, Point::new(0.0, 0.0, 0.0), 1.1, SIZE).unwrap();
    vec![
        View::Plane(plane(Orientation::Axial)),
        View::Plane(oblique),
        curve(None),
        curve(Some(slab)),
        View::Projection(Projection::slab(oblique, slab)),
        View::Projection(Projection::new(camera, ProjectionKind::MAXIMUM)),
    ]
}

fn contours(levels: &[f64], width_pixels: f64) -> DrawnAs {
    DrawnAs::Contours(Contours {
        levels: levels.to_vec(),
        color: [20, 255, 120],
        width_pixels,
    })
}

/// Both layers in parts of the picture, with and without lines.
fn changed(mut layers: Vec<Layer>, n: usize) -> Vec<Layer> {
    let board = |cell: [f64; 2], corner| ShownIn::Checkerboard { cell, corner };
    let line = |point, towards| ShownIn::HalfPlane { point, towards };
    match n {
        0 => layers[1].shown_in = board([5.0, 4.0], [1.5, -0.5]),
        1 => {
            layers[0].shown_in = board([3.7, 7.3], [0.2, 1e4]);
            layers[1].shown_in = board([3.7, 7.3], [3.9, 1e4]);
        }
        2 => layers[1].shown_in = board([0.3, 1e9], [0.0, -5e8]),
        3 => layers[1].shown_in = line([11.5, 3.0], [2.0, 0.0]),
        4 => {
            layers[0].shown_in = line([14.0, 12.0], [-1.0, -0.4]);
            layers[1].shown_in = line([13.3, 12.2], [1.0, 0.4]);
        }
        5 => layers[1].drawn_as = contours(&[1.5, 2.5, 5.0], 1.5),
        6 => {
            layers[1].drawn_as = contours(&[2.5], 6.3);
            layers[1].interpolation = Interpolation::Nearest;
        }
        7 => {
            layers.swap(0, 1);
            layers[1].drawn_as = contours(&[-300.0, 200.0], 0.6);
            layers[1].shown_in = board([9.0, 9.0], [-0.5, -0.5]);
            layers[1].interpolation = Interpolation::Cubic;
        }
        _ => {
            layers[1].volume = MASK;
            layers[1].drawn_as = contours(&[0.5, 1.0], 2.0);
            layers.push(Layer {
                drawn_as: contours(&[0.0], 16.0),
                opacity: 0.3,
                ..layers[0].clone()
            });
        }
    }
    layers
}

/// Scenes of every way of looking at two volumes, in every view.
pub fn scenes(volumes: &Volumes) -> Vec<(String, Scene)> {
    let mut scenes = Vec::new();
    for (v, view) in views().into_iter().enumerate() {
        for n in 0..9 {
            let mut scene = Scene::new(view.clone(), changed(pair(volumes), n));
            scene.background = [10, 20, 30];
            let is_sharpened = v < 3 && (n == 3 || n == 5);
            scene.sharpening = is_sharpened.then_some(Sharpening {
                amount: 1.5,
                radius_pixels: 2,
            });
            scenes.push((format!("view {v}, layers {n}"), scene));
        }
    }
    scenes
}

#[test]
fn every_way_follows_its_definition() {
    let volumes = volumes();
    let mut renderer = CpuRenderer::new();
    for (name, scene) in scenes(&volumes) {
        let off = pixels_off(&mut renderer, &scene, &volumes, SIZE);
        assert_eq!(off, 0, "{name}");
    }
}

/// A volume of distances from the origin, and its layer.
fn distances(spacing: [f64; 3]) -> (Volumes, Layer) {
    let [x, y, z] = spacing;
    let axes = [[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, z]];
    let grid = grid([40, 40, 40], axes, None);
    let voxels = values(&grid, |place| place.distance(Point::new(0.0, 0.0, 0.0)) as f32);
    let volume = Volume::new(
        grid,
        Voxels::F32(voxels.into()),
        Rescale::IDENTITY,
        Unit::Unspecified,
    )
    .unwrap();
    let layer = Layer::single(PET, &volume);
    let mut volumes = Volumes::new();
    volumes.insert(PET, volume);
    (volumes, layer)
}

/// Red parts of a picture by distance from a place, mm, in a plane.
fn ring(image: &Image, plane: &ImagePlane, center: Point<Patient>) -> Vec<(f64, f64)> {
    let places = (0..image.height).flat_map(|y| (0..image.width).map(move |x| (x, y)));
    places
        .map(|(x, y)| {
            let place = plane.patient(x.into(), y.into());
            (place.distance(center), f64::from(image.pixel(x, y)[0]) / 255.0)
        })
        .collect()
}

/// The line at a level of a registered ball is a circle where geometry says, as wide as asked, in any plane.
#[test]
fn the_contour_of_a_ball_is_its_circle() {
    let (volumes, mut layer) = distances([1.0, 1.1, 0.9]);
    let turn = nalgebra::Rotation3::from_euler_angles(0.4, -0.2, 0.9);
    let center = Point::new(3.25, -2.5, 1.75);
    layer.scene_from_volume = Affine::new(*turn.matrix(), center.xyz);
    let size = Size {
        width: 120,
        height: 110,
    };
    for (orientation, width_pixels) in [
        (Orientation::Axial, 1.0),
        (Orientation::Coronal, 1.5),
        (Orientation::Oblique(Vector::new(0.4, -0.5, 0.6)), 3.0),
    ] {
        layer.drawn_as = DrawnAs::Contours(Contours {
            levels: vec![12.0],
            color: [255, 0, 0],
            width_pixels,
        });
        let mm_per_pixel = 0.25;
        let plane = ImagePlane::centered(orientation, center, mm_per_pixel, size).unwrap();
        let scene = Scene::of_plane(plane, vec![layer.clone()]);
        let image = CpuRenderer::new().render(&scene, &volumes, size).unwrap();
        let ring = ring(&image, &plane, center);
        let ink: f64 = ring.iter().map(|(_, ink)| ink).sum();
        let radius = ring.iter().map(|(radius, ink)| radius * ink).sum::<f64>() / ink;
        // Straight between voxels, the distance is a little too large: a chord of 1 mm at 12 mm sags 0.01 mm.
        assert!((radius - 12.0).abs() < 0.03, "{orientation:?}: {radius} mm");
        let seen = ring
            .iter()
            .filter(|(radius, _)| (radius - 12.0).abs() < 6.0)
            .count() as f64;
        assert!(seen > 3000.0);
        // Ink is the area of the line that is in the picture; its circle is larger than the picture is high.
        let expected = ring
            .iter()
            .map(|(radius, _)| {
                let half = width_pixels / 2.0;
                let off = (radius - 12.0).abs() / mm_per_pixel;
                ((off + 0.5).min(half) - (off - 0.5).max(-half)).max(0.0)
            })
            .sum::<f64>();
        assert!((ink / expected - 1.0).abs() < 0.03, "{ink}, not {expected}");
    }
}

#[test]
fn what_draws_nothing_changes_nothing() {
    let volumes = volumes();
    let mut renderer = CpuRenderer::new();
    let plane = plane(Orientation::Axial);
    let layers = pair(&volumes);
    let mut draw = |layers: &[Layer]| {
        let scene = Scene::of_plane(plane, layers.to_vec());
        renderer.render(&scene, &volumes, SIZE).unwrap()
    };
    let lower = draw(&layers[..1]);
    let mut over = layers.clone();
    for drawn_as in [
        contours(&[-5.0, 1e4, 1e300, -1e300], 3.0),
        contours(&[2.5], 0.0),
        contours(&[], 3.0),
    ] {
        over[1].drawn_as = drawn_as;
        assert_eq!(draw(&over), lower);
    }
    let away = ShownIn::HalfPlane {
        point: [1e9, 0.0],
        towards: [1.0, 0.0],
    };
    over[1].drawn_as = DrawnAs::Colors;
    over[1].shown_in = away;
    assert_eq!(draw(&over), lower);
    let huge = |corner| ShownIn::Checkerboard {
        cell: [1e300; 2],
        corner: [corner, -1.0],
    };
    over[1].shown_in = huge(1e6);
    assert_eq!(draw(&over), lower);
    over[1].shown_in = huge(-1e6);
    assert_eq!(draw(&over), draw(&layers));
}

/// Values are those of the layer, wherever it is shown and whatever is drawn of it; renderings show all of it.
#[test]
fn values_and_renderings_do_not_mind() {
    let volumes = volumes();
    let mut renderer = CpuRenderer::new();
    let plain = pair(&volumes);
    let direction = Direction::from_degrees(30.0, 20.0);
    let camera = Camera::centered(direction, Point::new(0.0, 0.0, 0.0), 1.1, SIZE).unwrap();
    for n in 0..6 {
        let changed = changed(plain.clone(), n);
        let values = |renderer: &mut CpuRenderer, layers: &[Layer]| {
            let scene = Scene::of_plane(plane(Orientation::Axial), layers.to_vec());
            let values = renderer.values(&scene, 1, &volumes, SIZE).unwrap().values;
            values.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(values(&mut renderer, &changed), values(&mut renderer, &plain));
        let body = |renderer: &mut CpuRenderer, layers: &[Layer]| {
            let scene = Scene::new(View::Rendering(Rendering::new(camera)), layers.to_vec());
            renderer.render(&scene, &volumes, SIZE).unwrap()
        };
        assert_eq!(body(&mut renderer, &changed), body(&mut renderer, &plain));
    }
}

#[test]
fn nonsense_is_refused() {
    let volumes = volumes();
    let attempt = |change: &dyn Fn(&mut Layer), view: View| {
        let mut layers = pair(&volumes);
        change(&mut layers[1]);
        let scene = Scene::new(view, layers);
        let found = CpuRenderer::new().render(&scene, &volumes, SIZE);
        found.map(|_| ()).map_err(|error| error.to_string())
    };
    let cell = |side| ShownIn::Checkerboard {
        cell: [side, 5.0],
        corner: [0.0; 2],
    };
    for view in views() {
        let of = |change: &dyn Fn(&mut Layer)| attempt(change, view.clone()).unwrap_err();
        assert_eq!(
            of(&|layer| layer.shown_in = cell(0.0)),
            "the side of a checkerboard's cell must be a positive number of pixels, found 0"
        );
        assert_eq!(
            of(&|layer| layer.drawn_as = contours(&[f64::NAN], 1.0)),
            "a contour's level must be finite, found NaN"
        );
        assert_eq!(
            of(&|layer| layer.drawn_as = contours(&[1.0], 17.0)),
            "the width of a contour's line must be 0 to 16 pixels, found 17"
        );
        assert_eq!(
            of(&|layer| layer.drawn_as = contours(&[1.0; 17], 1.0)),
            "a scene takes at most 16 levels of a layer's contours, found 17"
        );
        assert_eq!(
            attempt(&|layer| layer.shown_in = cell(1e300), view.clone()),
            Ok(())
        );
    }
}

/// What is drawn while things move, and what lies under a lens, shows the same part of the picture.
#[test]
fn drafts_and_lenses_keep_to_the_part() {
    let volumes = volumes();
    let mut renderer = CpuRenderer::new();
    let mut layers = pair(&volumes);
    layers[0].shown_in = ShownIn::Checkerboard {
        cell: [8.0, 8.0],
        corner: [-0.5, -0.5],
    };
    layers[1].shown_in = ShownIn::HalfPlane {
        point: [-1.0, 0.0],
        towards: [-1.0, 0.0],
    };
    let mut flat = Scene::of_plane(plane(Orientation::Axial), layers);
    flat.background = [0, 0, 255];
    // Black below every value: cells are black, all else is blue.
    flat.layers[0].window = Window::linear(1e6, 1.0);
    let rough = draft(&mut renderer, &flat, &volumes, SIZE, 4, &Cancel::new()).unwrap();
    let full = renderer.render(&flat, &volumes, SIZE).unwrap();
    // In the middle of cells, and of blocks of pixels.
    for (x, y) in [(3, 3), (11, 3), (11, 11), (19, 11), (19, 19), (27, 27)] {
        assert_eq!(rough.pixel(x, y), full.pixel(x, y), "{x}, {y}");
    }
    assert_ne!(full.pixel(11, 11), full.pixel(19, 11));
    let lens = Lens {
        center: [16.0, 14.0],
        radius_pixels: 8.0,
        factor: 2.0,
    };
    let mut image = full.clone();
    magnify(&mut renderer, &flat, &volumes, &mut image, &lens, &Cancel::new()).unwrap();
    for (x, y) in [(12, 14), (14, 12), (18, 14), (20, 16), (16, 20), (22, 14)] {
        let [u, v] = [(x as i32 - 16) / 2 + 16, (y as i32 - 14) / 2 + 14];
        assert_eq!(image.pixel(x, y), full.pixel(u as u32, v as u32), "{x}, {y}");
    }
}
