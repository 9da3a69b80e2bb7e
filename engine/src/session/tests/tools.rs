//! Smooth curves, ways along edges, brushes, volumes of interest under the pointer, and pointers of others.

use std::f64::consts::PI;

use super::world;
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer};
use crate::session::state::{MarkKind, Recipe};
use crate::session::{Command, Entry, Event, Hit, Session, Sharpness, Spot};

const SIZE: Size = Size {
    width: 128,
    height: 128,
};

fn done(session: &mut Session, lines: &[&str]) {
    for line in lines {
        let events = session.apply_json(line);
        let refused = events.iter().any(|event| matches!(event, Event::Refused { .. }));
        assert!(!refused, "{line}: {events:?}");
    }
}

fn spot(x: f64, y: f64) -> Spot {
    Spot {
        x,
        y,
        width: 128.0,
        height: 128.0,
    }
}

/// The place of the patient in an axial picture of the CT, a pixel a millimetre.
fn seen(x: f64, y: f64) -> Spot {
    spot(x + 63.5, y + 63.5)
}

fn with(lines: &[&str]) -> Session {
    let mut session = world::session();
    done(&mut session, lines);
    session
}

const PLANE: &str = r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct", "pet"]}}}"#;
const STACK: &str = r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct"]}}}"#;

#[test]
fn a_spline_through_eight_points_of_a_circle_is_the_circle() {
    let mut session = with(&[PLANE]);
    let points = (0..8).map(|n| {
        let (sin, cos) = (f64::from(n) * PI / 4.0).sin_cos();
        seen(-5.0 + 30.0 * cos, 3.0 + 30.0 * sin)
    });
    let command = Command::AddMark {
        viewport: 1,
        kind: MarkKind::Spline,
        points: points.collect(),
        text: String::new(),
    };
    session.apply(command).unwrap();
    let readout = session.mark_readout(1).unwrap();
    let area = readout.get("area", None).unwrap();
    assert!((area / (PI * 900.0) - 1.0).abs() < 0.005, "{area}");
    let around = readout.get("perimeter", None).unwrap();
    assert!((around / (PI * 60.0) - 1.0).abs() < 0.005, "{around}");
    // The bone lies inside: its voxels are those of the circle.
    done(
        &mut session,
        &[
            r#"{"do": {"place_mark": {"viewport": 1, "kind": "circle", "points_mm": [[-5, 3, 0], [25, 3, 0]]}}}"#,
        ],
    );
    let circle = session.mark_readout(2).unwrap();
    for name in ["mean", "max", "voxels"] {
        let [one, other] = [&readout, &circle].map(|readout| readout.get(name, Some("ct")).unwrap());
        assert!((one / other - 1.0).abs() < 0.02, "{name}: {one} {other}");
    }
}

#[test]
fn a_way_along_edges_follows_the_body() {
    for view in [STACK, PLANE] {
        let mut session = with(&[view]);
        // Set a little off the edge, as a hand does.
        let ends = [
            seen(56.0, 0.0),
            seen(0.0, 39.0),
            seen(-54.0, 0.0),
            seen(0.0, -41.0),
        ];
        let mut outline = Vec::new();
        for n in 0..4 {
            let way = session.livewire(1, ends[n], ends[(n + 1) % 4]).unwrap();
            assert_eq!(way[0], ends[n], "{view}");
            for at in &way[1..way.len() - 1] {
                let (x, y) = (at.x - 63.5, at.y - 63.5);
                // How far off the ellipse, about.
                let off = ((x / 55.0).hypot(y / 40.0) - 1.0) * 45.0;
                assert!(off.abs() < 1.6, "{view}: {x} {y} lies {off} mm off");
            }
            outline.extend_from_slice(&way[1..]);
        }
        let freehand = Command::AddMark {
            viewport: 1,
            kind: MarkKind::Freehand,
            points: outline,
            text: String::new(),
        };
        session.apply(freehand).unwrap();
        let area = session.mark_readout(1).unwrap().get("area", None).unwrap();
        assert!((area / (PI * 55.0 * 40.0) - 1.0).abs() < 0.015, "{view}: {area}");
    }
}

#[test]
fn a_way_along_edges_is_refused_where_there_is_none() {
    let mut session = with(&[STACK]);
    let far = session.livewire(1, seen(0.0, 0.0), seen(9e6, 0.0)).unwrap_err();
    assert!(
        far.to_string()
            .contains("at most 1048576 pixels about the two spots"),
        "{far}"
    );
    done(
        &mut session,
        &[r#"{"do": {"set_kind": {"viewport": 1, "kind": {"projection": {"of": "maximum"}}}}}"#],
    );
    let refused = session.livewire(1, seen(0.0, 0.0), seen(9.0, 0.0)).unwrap_err();
    assert!(refused.to_string().contains("a stack or a plane"), "{refused}");
}

#[test]
fn a_mark_of_a_snapshot_that_lacks_points_is_dropped() {
    for kind in ["length", "probe", "spline"] {
        let mut session = with(&[
            PLANE,
            r#"{"do": {"place_mark": {"viewport": 1, "kind": "angle", "points_mm": [[0, 0, 0], [9, 0, 0], [9, 9, 0]]}}}"#,
        ]);
        let text = String::from_utf8(session.snapshot()).unwrap();
        let sound = r#""kind":"angle""#;
        let points = "[[0.0,0.0,0.0],[9.0,0.0,0.0],[9.0,9.0,0.0]]";
        assert!(text.contains(sound) && text.contains(points));
        let broken = text
            .replace(sound, &format!(r#""kind":"{kind}""#))
            .replace(points, "[]");
        session.restore(broken.as_bytes()).unwrap();
        assert!(session.state().marks.is_empty(), "{kind}");
        assert_eq!(session.state().selected_mark, None);
    }
}

const BALL: &str = r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": {"sphere": {"center_mm": [0, 0, 1.5], "radius_mm": 20}}}}}"#;

#[test]
fn volumes_of_interest_are_hit() {
    let mut session = with(&[PLANE, BALL]);
    let voi = |voi, on_outline| Some(Hit::Voi { voi, on_outline });
    let mut hit = |x: f64, y: f64| session.hit(1, seen(x, y), 4.0).unwrap();
    assert_eq!(hit(1.0, 2.0), voi(1, false));
    assert_eq!(hit(14.0, 14.0), voi(1, true));
    assert_eq!(hit(0.0, 22.5), voi(1, true));
    assert_eq!(hit(0.0, 30.0), None);
    done(
        &mut session,
        &[
            r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": {"sphere": {"center_mm": [2, 2, 1.5], "radius_mm": 7}}}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "probe", "points": [[57.5, 57.5, 128, 128]]}}}"#,
        ],
    );
    let mut hit = |x: f64, y: f64| session.hit(1, seen(x, y), 3.0).unwrap();
    // A mark first, then what is smaller.
    assert_eq!(
        hit(-6.0, -6.0),
        Some(Hit::Mark {
            mark: 3,
            handle: Some(0)
        })
    );
    assert_eq!(hit(2.5, 2.0), voi(2, false));
    assert_eq!(hit(-10.0, 6.0), voi(1, false));
    // Nothing of it is seen on another slice.
    done(
        &mut session,
        &[r#"{"do": {"scroll": {"viewport": 1, "steps": 9}}}"#],
    );
    assert_eq!(session.hit(1, seen(1.0, 1.0), 4.0).unwrap(), None);
    assert!(session.hit(1, seen(1.0, 1.0), f64::NAN).is_err());
}

#[test]
fn the_chosen_volume_of_interest_is_drawn_stronger_but_not_on_a_film() {
    let mut session = with(&[PLANE, BALL, r#"{"do": {"add_to_film": {"viewport": 1}}}"#]);
    let mut renderer = CpuRenderer::new();
    let mut colored = |session: &mut Session, item: Option<u64>| {
        let picture = match item {
            None => session.image(1, SIZE, Sharpness::Still, &mut renderer, &Cancel::new()),
            Some(item) => session.film_image(item, SIZE, &mut renderer, &Cancel::new()),
        };
        let image = picture.unwrap().image;
        image
            .rgba
            .chunks(4)
            .filter(|pixel| pixel[0] > pixel[1].saturating_add(60))
            .count()
    };
    assert_eq!(session.state().selected_voi, Some(1));
    let item = session.state().film[0].number;
    let (strong, on_film) = (colored(&mut session, None), colored(&mut session, Some(item)));
    done(&mut session, &[r#"{"do": {"select_voi": {"voi": null}}}"#]);
    let thin = colored(&mut session, None);
    assert!(strong > thin * 3 / 2 && thin > 60, "{strong} {thin}");
    assert_eq!(on_film, thin);
}

#[test]
fn a_volume_of_interest_is_moved_with_its_strokes() {
    let mut session = with(&[
        PLANE,
        BALL,
        r#"{"do": {"brush": {"voi": 1, "viewport": 1, "path": [[90, 64, 128, 128], [95, 64, 128, 128]], "radius_mm": 6, "ball": true}}}"#,
    ]);
    let before = session.voi_mask(1).unwrap().0;
    done(
        &mut session,
        &[
            r#"{"do": {"move_voi": {"voi": 1, "viewport": 1, "from": [20, 20, 128, 128], "to": [12, 26, 128, 128]}}}"#,
        ],
    );
    let after = session.voi_mask(1).unwrap().0;
    // 4 voxels to the right of the patient, 3 to the back.
    let moved: Vec<usize> = before.runs().iter().map(|run| run.start + 3 * 64 - 4).collect();
    let found: Vec<usize> = after.runs().iter().map(|run| run.start).collect();
    assert_eq!(found, moved);
    assert_eq!(after.count(), before.count());
}

/// A stroke by its number.
fn stroke(n: u32, gesture: u64) -> Entry {
    let at = |m: u32| {
        let along = f64::from((n * 17 + m * 5) % 60);
        spot(34.0 + along, 40.0 + f64::from((n * 29 + m * 3) % 50))
    };
    Entry {
        by: None,
        gesture: Some(gesture),
        command: Command::Brush {
            voi: 1,
            viewport: 1,
            path: (0..3).map(at).collect(),
            radius_mm: 3.0 + f64::from(n % 4),
            erase: n % 3 == 2,
            ball: n.is_multiple_of(2),
        },
    }
}

#[test]
fn a_stroke_and_one_taken_back_cost_no_more_than_themselves() {
    let mut session = with(&[PLANE, BALL]);
    // As from nothing: what a session makes that begins with the snapshot.
    let anew = |session: &Session| {
        let mut other = world::session();
        other.restore(&session.snapshot()).unwrap();
        other.voi_mask(1).unwrap().0
    };
    for n in 0..40 {
        let laid = session.vois.laid;
        session.apply(stroke(n, u64::from(n))).unwrap();
        assert_eq!(session.vois.laid, laid + 1, "stroke {n}");
        if n % 7 == 0 {
            assert!(session.voi_mask(1).unwrap().0 == anew(&session), "stroke {n}");
        }
    }
    let laid = session.vois.laid;
    for _ in 0..25 {
        session.apply(Command::Undo).unwrap();
        session.voi_mask(1).unwrap();
    }
    assert_eq!(session.vois.laid, laid, "taken back");
    assert!(session.voi_mask(1).unwrap().0 == anew(&session));
    // Another way on from there.
    for n in 100..110 {
        session.apply(stroke(n, u64::from(n))).unwrap();
    }
    assert_eq!(session.vois.laid, laid + 10);
    assert!(session.voi_mask(1).unwrap().0 == anew(&session));
    // A restored one is found in one go, and gone back in short steps.
    let mut restored = world::session();
    restored.restore(&session.snapshot()).unwrap();
    restored.voi_mask(1).unwrap();
    let laid = restored.vois.laid;
    let shorter = {
        let mut voi = crate::session::state::Voi::clone(&restored.state().vois[&1]);
        voi.strokes.pop();
        std::sync::Arc::new(voi)
    };
    let volume = restored.stage.whole("ct", 0).unwrap();
    restored.vois.mask(&shorter, &volume).unwrap();
    assert!(restored.vois.laid - laid < 16, "{}", restored.vois.laid - laid);
}

#[test]
fn many_masks_do_not_pile_up() {
    let mut session = with(&[
        PLANE,
        r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": "empty"}}}"#,
    ]);
    for n in 0..4500 {
        let recipe = Recipe::Sphere {
            center_mm: [0.0, 0.0, 1.5],
            radius_mm: 4.0 + 1e-3 * f64::from(n),
        };
        let command = Command::EditVoi {
            voi: 1,
            recipe: Some(recipe),
            name: None,
            color: None,
        };
        session.apply(command).unwrap();
    }
    assert!(session.vois.masks() <= 4096, "{}", session.vois.masks());
}

#[test]
fn a_cursor_is_seen_where_its_place_is() {
    let mut session = with(&[
        r#"{"do": {"set_layout": {"layout": {"name": "2x2", "rows": 2, "columns": 2}}}}"#,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"], "axis": "axial"}}}"#,
        r#"{"do": {"show": {"viewport": 2, "kind": "plane", "series": ["pet"], "axis": "axial"}}}"#,
        r#"{"do": {"show": {"viewport": 3, "kind": {"tiles": {"rows": 2, "columns": 2}}, "series": ["ct"]}}}"#,
        r#"{"do": {"show": {"viewport": 4, "kind": {"projection": {"of": "maximum"}}, "series": ["pet"]}}}"#,
        r#"{"do": {"join": {"participant": 2, "name": "other"}}}"#,
    ]);
    let found = |session: &Session, viewport| session.cursor_in(2, viewport, SIZE).unwrap();
    let point = |session: &mut Session, viewport, at| {
        let command = Command::Point {
            viewport: Some(viewport),
            at: Some(at),
        };
        let entry = Entry {
            by: Some(2),
            gesture: None,
            command,
        };
        session.apply(entry).unwrap();
    };
    assert_eq!(found(&session, 1), None, "nobody points");
    point(&mut session, 1, seen(20.0, -10.0));
    for viewport in [1, 2] {
        let [x, y] = found(&session, viewport).unwrap();
        assert!((x - 83.5).hypot(y - 53.5) < 1e-6, "{viewport}: {x}, {y}");
    }
    assert_eq!(
        found(&session, 4),
        None,
        "how deep it lies in a projection is not said"
    );
    // Twice as large, it is twice as far from the middle; what is beyond the edge is not seen.
    done(
        &mut session,
        &[r#"{"do": {"set_zoom": {"viewport": 1, "zoom": 2}}}"#],
    );
    let [x, y] = session.cursor_in(2, 1, SIZE).unwrap().unwrap();
    assert!((x - 103.5).hypot(y - 43.5) < 1e-6, "{x}, {y}");
    done(
        &mut session,
        &[r#"{"do": {"set_zoom": {"viewport": 1, "zoom": 9}}}"#],
    );
    assert_eq!(found(&session, 1), None);
    // In tiles a spot comes back as itself, on whichever tile it is.
    for at in [spot(10.0, 20.0), spot(90.0, 20.0), spot(30.0, 100.0)] {
        point(&mut session, 3, at);
        let [x, y] = found(&session, 3).unwrap();
        assert!((x - at.x).hypot(y - at.y) < 1e-6, "{x}, {y}");
    }
    // On a projection it is seen where it points.
    point(&mut session, 4, spot(70.0, 40.0));
    let [x, y] = found(&session, 4).unwrap();
    assert!((x - 70.0).hypot(y - 40.0) < 1e-6, "{x}, {y}");
    assert_eq!(found(&session, 2), None);
    assert!(session.cursor_in(2, 9, SIZE).is_err());
}

#[test]
fn windows_are_told_as_they_are_drawn() {
    let mut session = with(&[PLANE]);
    let written = session.written(1, SIZE).unwrap();
    let told: Vec<_> = written
        .windows
        .values()
        .map(|window| (window.center, window.width))
        .collect();
    // Nobody set them: those of HU and SUV.
    assert_eq!(told, [(40.0, 400.0), (2.5, 5.0)]);
    done(
        &mut session,
        &[
            r#"{"do": {"set_window": {"viewport": 1, "layer": 0, "window": {"center": 300, "width": 1500, "function": "linear"}}}}"#,
        ],
    );
    let window = session.written(1, SIZE).unwrap().windows[&0];
    assert_eq!((window.center, window.width), (300.0, 1500.0));
    assert_eq!(window.limits(), (-450.0, 1049.0));
}
