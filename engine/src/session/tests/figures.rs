//! Numbers are those of the voxels, whatever the look and the view.

use super::world;
use crate::session::{Event, Readout, Session, Spot};

fn done(session: &mut Session, line: &str) {
    let events = session.apply_json(line);
    let refused = events.iter().any(|event| matches!(event, Event::Refused { .. }));
    assert!(!refused, "{line}: {events:?}");
}

fn readouts(session: &mut Session) -> Vec<Readout> {
    let state = session.state().clone();
    let mut found: Vec<Readout> = Vec::new();
    found.extend(state.marks.keys().map(|n| session.mark_readout(*n).unwrap()));
    found.extend(state.vois.keys().map(|n| session.voi_readout(*n).unwrap()));
    found
}

#[test]
fn no_look_changes_a_number() {
    let mut session = world::session();
    for line in [
        r#"{"do": {"hang": {"studies": ["1.2.3"]}}}"#,
        r#"{"do": {"crosshair_at": {"viewport": 1, "place_mm": [20, -10, 9]}}}"#,
        r#"{"do": {"add_mark": {"viewport": 3, "kind": "circle", "points": [[83, 53, 128, 128], [93, 60, 128, 128]]}}}"#,
        r#"{"do": {"add_mark": {"viewport": 6, "kind": "rectangle", "points": [[40, 40, 128, 128], [90, 80, 128, 128]]}}}"#,
        r#"{"do": {"add_voi": {"viewport": 3, "layer": 1, "recipe": {"threshold_sphere": {"center_mm": [20, -10, 9], "radius_mm": 14, "level": {"of_max": 0.41}}}}}}"#,
    ] {
        done(&mut session, line);
    }
    let before = readouts(&mut session);
    assert!(
        before.iter().all(|readout| readout.figures.len() > 6),
        "{before:?}"
    );
    for look in ["ge", "siemens", "philips", "uptake"] {
        done(
            &mut session,
            &format!(r#"{{"do": {{"set_look": {{"name": "{look}"}}}}}}"#),
        );
        assert_eq!(readouts(&mut session), before, "{look}");
    }
}

/// The same two places measured in an axial, an oblique and a coronal plane.
#[test]
fn a_length_is_the_same_in_every_plane() {
    let ends = [[-20.0, 10.0, 0.0], [30.0, -14.0, 0.0]];
    let expected = 50.0_f64.hypot(24.0);
    for axis in [
        r#""axial""#,
        r#"{"normal": [0.3, 0.625, 0.9]}"#,
        r#"{"normal": [0.48, 1, -0.2]}"#,
    ] {
        let mut session = world::session();
        done(
            &mut session,
            &format!(
                r#"{{"do": {{"show": {{"viewport": 1, "kind": "plane", "series": ["ct"], "axis": {axis}}}}}}}"#
            ),
        );
        done(
            &mut session,
            r#"{"do": {"crosshair_at": {"viewport": 1, "place_mm": [-20, 10, 0]}}}"#,
        );
        // The pixels of the two places, found by probing the picture's own axes.
        let at = |x: f64, y: f64| {
            let readout = session
                .probe(
                    1,
                    Spot {
                        x,
                        y,
                        width: 200.0,
                        height: 160.0,
                    },
                )
                .unwrap();
            ["x", "y", "z"].map(|name| readout.get(name, None).unwrap())
        };
        let (origin, right, down) = (at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0));
        let pixel = |place: [f64; 3]| {
            let along = |axis: [f64; 3]| {
                let step: [f64; 3] = std::array::from_fn(|n| axis[n] - origin[n]);
                let length: f64 = step.iter().map(|part| part * part).sum();
                (0..3).map(|n| step[n] * (place[n] - origin[n])).sum::<f64>() / length
            };
            [along(right), along(down), 200.0, 160.0]
        };
        let [a, b] = ends.map(pixel);
        done(
            &mut session,
            &format!(
                r#"{{"do": {{"add_mark": {{"viewport": 1, "kind": "length", "points": [{a:?}, {b:?}]}}}}}}"#
            ),
        );
        let length = session.mark_readout(1).unwrap().get("length", None).unwrap();
        assert!((length - expected).abs() < 1e-3 * expected, "{axis}: {length}");
    }
}

/// On a MIP the places are those of the largest values: their distance is that in the body.
#[test]
fn a_length_on_a_mip_is_that_in_space() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": {"projection": {"of": "maximum"}}, "series": ["pet"]}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"jump_to_maximum": {"viewport": 1, "layer": 0, "at": [83.5, 54.5, 128, 128]}}}"#,
    );
    let place = session.state().desk.viewports[&1]
        .shown
        .as_ref()
        .unwrap()
        .crosshair_mm
        .unwrap();
    assert!((place[1] + 10.0).abs() <= 8.0, "{place:?}");
}
