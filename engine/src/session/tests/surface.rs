//! Marks on volume renderings lie where the picture shows a surface.

use super::world;
use crate::colormap::TransferFunction;
use crate::geometry::{Patient, Point};
use crate::presentation::Size;
use crate::render::{Cancel, Classification, CpuRenderer, Material, Renderer, Scene, View, Volumes};
use crate::session::apply::shown;
use crate::session::sight::point;
use crate::session::surface::surface;
use crate::session::{Event, Session, Spot};

const SIZE: Size = Size {
    width: 96,
    height: 80,
};

fn spot(x: f64, y: f64) -> Spot {
    Spot {
        x,
        y,
        width: f64::from(SIZE.width),
        height: f64::from(SIZE.height),
    }
}

/// Does what a line says; gives why it is refused.
fn tried(session: &mut Session, line: &str) -> Option<String> {
    session
        .apply_json(line)
        .into_iter()
        .find_map(|event| match event {
            Event::Refused { text } => Some(text),
            _ => None,
        })
}

fn done(session: &mut Session, line: &str) {
    assert_eq!(tried(session, line), None, "{line}");
}

fn rendering(mut session: Session, series: &str, preset: &str, from: [f64; 2]) -> Session {
    let [azimuth, elevation] = from;
    for line in [
        format!(
            r#"{{"do": {{"show": {{"viewport": 1, "kind": {{"rendering": {preset}}}, "series": [{series}]}}}}}}"#
        ),
        format!(
            r#"{{"do": {{"look_from": {{"viewport": 1, "azimuth_rad": {azimuth}, "elevation_rad": {elevation}}}}}}}"#
        ),
    ] {
        done(&mut session, &line);
    }
    session
}

const SOLID: &str = r#"{"preset": "ct-bone-solid"}"#;

fn scene(session: &Session) -> (Scene, Volumes) {
    let shown = shown(session.state(), 1, "a test").unwrap();
    let grid = session.stage.facts(&shown.layers[0].series).unwrap().grid.clone();
    let plane = shown.plane(&grid, SIZE).unwrap();
    session
        .stage
        .rendered(&session.state().joints, shown, plane)
        .unwrap()
}

fn picked(session: &mut Session, [x, y]: [f64; 2]) -> Result<Point<Patient>, String> {
    let (width, height) = (SIZE.width, SIZE.height);
    let line = format!(
        r#"{{"do": {{"add_mark": {{"viewport": 1, "kind": "probe", "points": [[{x}, {y}, {width}, {height}]]}}}}}}"#
    );
    match tried(session, &line) {
        Some(text) => Err(text),
        None => Ok(point(session.state().marks.values().last().unwrap().points_mm[0])),
    }
}

#[test]
fn points_lie_on_the_ball_that_is_seen() {
    let (middle, radius) = world::BALL_MM;
    let middle = point(middle);
    for from in [[0.0, 0.0], [0.7, 0.4], [-2.0, -1.1]] {
        let mut session = rendering(world::ball(), r#""ball""#, SOLID, from);
        let View::Rendering(view) = scene(&session).0.view else {
            panic!("a rendering")
        };
        let (mut on, mut beside) = (0, 0);
        for n in 0..SIZE.width * SIZE.height / 37 {
            let at = [f64::from(n * 37 % SIZE.width), f64::from(n * 37 / SIZE.width)];
            let ray = view.camera.ray(at[0], at[1]).unwrap();
            let along = ray.direction.dot(middle - ray.origin);
            let off = ray.at(along).distance(middle);
            match picked(&mut session, at) {
                Ok(place) => {
                    on += 1;
                    assert!(off < radius + 1.0, "{at:?}: {off}");
                    assert!((place.distance(middle) - radius).abs() < 1.5, "{at:?}: {place:?}");
                    assert!(ray.direction.dot(place - middle) < 3.0, "the far side");
                    let expected = along - (radius * radius - off * off).max(0.0).sqrt();
                    let found = ray.direction.dot(place - ray.origin);
                    // Where the ray grazes the ball depth is ill-defined.
                    assert!(off > 0.9 * radius || (found - expected).abs() < 1.5, "{at:?}");
                }
                Err(text) => {
                    beside += 1;
                    assert!(off > radius - 1.0, "{at:?}: {off}");
                    let expected = "a mark needs something under the pointer in the view, found nothing";
                    assert_eq!(text, expected);
                }
            }
        }
        assert!(on > 40 && beside > 40, "{on} {beside}");
    }
}

#[test]
fn planted_distances_and_angles_are_right() {
    let (middle, radius) = world::BALL_MM;
    let mut session = rendering(world::ball(), r#""ball""#, SOLID, [0.4, 0.3]);
    let View::Rendering(view) = scene(&session).0.view else {
        panic!("a rendering")
    };
    // Places of the ball's front, and the pixels they are seen in.
    let [right, down] = [0, 1].map(|axis| {
        view.camera
            .plane
            .patient_from_plane
            .axis(axis)
            .normalized()
            .unwrap()
    });
    let away = view.camera.ray(0.0, 0.0).unwrap().direction;
    let front = |x: f64, y: f64| {
        let deep = (1.0 - x * x - y * y).sqrt();
        point(middle) + (right * x + down * y - away * deep) * radius
    };
    let places = [
        front(-0.6, 0.1),
        front(0.1, -0.5),
        front(0.5, 0.5),
        front(-0.2, 0.6),
    ];
    let pixels = places.map(|place| {
        let [x, y] = view.camera.plane.pixel(place).unwrap();
        [x, y, f64::from(SIZE.width), f64::from(SIZE.height)]
    });
    let mut add = |kind: &str, count: usize| {
        let line = format!(
            r#"{{"do": {{"add_mark": {{"viewport": 1, "kind": "{kind}", "points": {:?}}}}}}}"#,
            &pixels[..count]
        );
        done(&mut session, &line);
        let last = *session.state().marks.keys().last().unwrap();
        session.mark_readout(last).unwrap()
    };
    let step = |a: usize, b: usize| places[b] - places[a];
    let length = add("length", 2).get("length", None).unwrap();
    assert!((length - step(0, 1).norm()).abs() < 1.0, "{length}");
    let path = add("polyline", 4).get("length", None).unwrap();
    let expected: f64 = (0..3).map(|n| step(n, n + 1).norm()).sum();
    assert!((path - expected).abs() < 2.0, "{path} {expected}");
    let between = |a: crate::geometry::Vector<Patient>, b: crate::geometry::Vector<Patient>| {
        (a.dot(b) / a.norm() / b.norm()).acos().to_degrees()
    };
    let angle = add("angle", 3).get("angle", None).unwrap();
    assert!((angle - between(step(1, 0), step(1, 2))).abs() < 2.0, "{angle}");
    let cobb = add("cobb", 4).get("cobb_angle", None).unwrap();
    let expected = between(step(0, 1), step(2, 3));
    assert!((cobb - expected.min(180.0 - expected)).abs() < 2.0, "{cobb}");
    let triangle = add("polygon", 3).get("area", None).unwrap();
    let expected = step(0, 1).cross(step(0, 2)).norm() / 2.0;
    assert!((triangle / expected - 1.0).abs() < 0.05, "{triangle} {expected}");
}

/// Of a picture without light before a white wall, what is left of the white is the light that passes.
fn passes(scene: &Scene, volumes: &Volumes, [x, y]: [u32; 2], to_mm: f64) -> f64 {
    let mut scene = scene.clone();
    scene.background = [255; 3];
    for layer in &mut scene.layers {
        let material = layer
            .material
            .clone()
            .unwrap_or_else(|| Material::glowing(layer.window, &layer.color_map));
        let Classification::Tissue { transfer, .. } = material.classification else {
            panic!("tissue")
        };
        let black = vec![(0.0, [0; 3]), (1.0, [0; 3])];
        let mut dark =
            TransferFunction::new(transfer.opacity().points().to_vec(), black, transfer.unit_mm()).unwrap();
        if let Some(factor) = transfer.gradient_opacity() {
            dark = dark.with_gradient_opacity(factor.points().to_vec()).unwrap();
        }
        layer.material = Some(Material {
            classification: Classification::Tissue {
                transfer: dark,
                tint: None,
            },
            shading: None,
        });
    }
    if let View::Rendering(rendering) = &mut scene.view {
        rendering.depth_mm = Some([-1e4, to_mm]);
    }
    let image = CpuRenderer::new()
        .render_until(&scene, volumes, SIZE, &Cancel::new())
        .unwrap();
    f64::from(image.rgba[4 * (y * SIZE.width + x) as usize]) / 255.0
}

#[test]
fn half_of_the_pictures_light_is_held_back_at_the_place() {
    for (session, series, preset) in [
        (world::ball(), r#""ball""#, SOLID),
        (world::ball(), r#""ball""#, r#"{"preset": "ct-muscle"}"#),
        (world::session(), r#""ct""#, r#"{"preset": "ct-skin"}"#),
        (world::session(), r#""pet""#, "{}"),
        (world::session(), r#""ct", "pet""#, r#"{"preset": "ct-bone"}"#),
        (world::session(), r#""ct", "mr""#, r#"{"preset": "ct-bone"}"#),
    ] {
        let mut session = session;
        if series.contains("mr") {
            done(
                &mut session,
                r#"{"do": {"align_by_hand": {"moving": "mr", "fixed": "ct", "change": {"move_by": {"mm": [-5, 0, 0]}}}}}"#,
            );
        }
        let session = rendering(session, series, preset, [0.5, 0.2]);
        let (scene, volumes) = scene(&session);
        let View::Rendering(view) = &scene.view else {
            panic!("a rendering")
        };
        let step_mm = scene.step_mm(&volumes).unwrap();
        let (mut seen, mut clear) = (0, 0);
        for [x, y] in [[48, 40], [55, 37], [40, 50], [62, 40], [30, 30], [2, 2]] {
            let found = surface(&scene, &volumes, [f64::from(x), f64::from(y)]).unwrap();
            let Some(place) = found else {
                clear += 1;
                assert!(
                    passes(&scene, &volumes, [x, y], 1e4) > 0.48,
                    "{series} {preset} {x} {y}"
                );
                continue;
            };
            seen += 1;
            let ray = view.camera.ray(f64::from(x), f64::from(y)).unwrap();
            let along = ray.direction.dot(place - ray.origin);
            let before = passes(&scene, &volumes, [x, y], along - step_mm);
            let behind = passes(&scene, &volumes, [x, y], along + step_mm);
            assert!(before > 0.5, "{series} {preset} {x} {y}: {before}");
            assert!(behind < 0.5, "{series} {preset} {x} {y}: {behind}");
        }
        assert!(seen >= 2 && clear >= 1, "{series} {preset}: {seen} {clear}");
    }
}

#[test]
fn what_needs_a_plane_is_refused_on_a_rendering() {
    let mut session = rendering(world::ball(), r#""ball""#, SOLID, [0.0, 0.0]);
    let mark = |kind: &str, points: &str| {
        format!(r#"{{"do": {{"add_mark": {{"viewport": 1, "kind": "{kind}", "points": {points}}}}}}}"#)
    };
    let four = "[[40, 30, 96, 80], [60, 32, 96, 80], [58, 50, 96, 80], [38, 48, 96, 80]]";
    let refused = tried(&mut session, &mark("polygon", four)).unwrap();
    assert!(refused.starts_with("points must lie within"), "{refused}");
    let two = "[[40, 30, 96, 80], [60, 32, 96, 80]]";
    for kind in ["rectangle", "circle"] {
        assert_eq!(
            tried(&mut session, &mark(kind, two)).unwrap(),
            "this kind of mark needs a plane in the view, found a volume rendering"
        );
    }
    let offered = session.controls(1).unwrap().marks;
    assert!(
        offered.iter().all(|kind| kind.is_spatial()) && offered.len() == 9,
        "{offered:?}"
    );
}

#[test]
fn a_mark_that_is_moved_stays_on_the_surface() {
    let (middle, radius) = world::BALL_MM;
    let mut session = rendering(world::ball(), r#""ball""#, SOLID, [0.2, 0.1]);
    done(
        &mut session,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "arrow", "points": [[40, 35, 96, 80], [50, 40, 96, 80]]}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"move_mark": {"mark": 1, "viewport": 1, "from": [10, 10, 96, 80], "to": [18, 4, 96, 80]}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"move_handle": {"mark": 1, "handle": 0, "viewport": 1, "to": [42, 47, 96, 80]}}}"#,
    );
    for place in &session.state().marks[&1].points_mm {
        let off = point(*place).distance(point(middle)) - radius;
        assert!(off.abs() < 1.5, "{off}");
    }
    // What is told of the pointer is told of the surface.
    let readout = session.probe(1, spot(48.0, 40.0)).unwrap();
    let at = ["x", "y", "z"].map(|name| readout.get(name, None).unwrap());
    assert!((point(at).distance(point(middle)) - radius).abs() < 1.5, "{at:?}");
    assert!(session.probe(1, spot(1.0, 1.0)).is_err());
}
