//! What is on pictures, and what is not.

use super::world;
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer};
use crate::session::{Arrival, Hit, Picture, SeriesFacts, Session, Sharpness, Source, Spot};

const SIZE: Size = Size {
    width: 128,
    height: 128,
};

fn picture(session: &mut Session, viewport: u32) -> Picture {
    let mut renderer = CpuRenderer::new();
    session
        .image(viewport, SIZE, Sharpness::Still, &mut renderer, &Cancel::new())
        .unwrap()
}

fn done(session: &mut Session, lines: &[&str]) {
    for line in lines {
        let events = session.apply_json(line);
        let refused = events
            .iter()
            .any(|event| matches!(event, crate::session::Event::Refused { .. }));
        assert!(!refused, "{line}: {events:?}");
    }
}

#[test]
fn nobody_is_named_in_the_corners_of_a_de_identified_session() {
    let mut session = world::session();
    done(
        &mut session,
        &[r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"]}}}"#],
    );
    let corners = |session: &mut Session| format!("{:?}", picture(session, 1).annotations.corners);
    assert!(corners(&mut session).contains("Somebody"));
    done(&mut session, &[r#"{"do": {"deidentify": {"on": true}}}"#]);
    assert!(!corners(&mut session).contains("Somebody"));
    assert!(corners(&mut session).contains("mm"));
    done(&mut session, &[r#"{"do": {"deidentify": {"on": false}}}"#]);
    assert!(corners(&mut session).contains("Somebody"));
}

#[test]
fn marks_lie_where_they_were_drawn_and_are_hit_there() {
    let mut session = world::session();
    done(
        &mut session,
        &[
            r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct", "pet"]}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[20, 64, 128, 128], [60, 34, 128, 128]]}}}"#,
        ],
    );
    let lines = picture(&mut session, 1).lines;
    let line = lines
        .iter()
        .find(|line| line.mark == Some(1) && !line.has_handles)
        .unwrap();
    for (found, expected) in line.points.iter().zip([[20.0, 64.0], [60.0, 34.0]]) {
        assert!(
            (found[0] - expected[0]).hypot(found[1] - expected[1]) < 1e-6,
            "{line:?}"
        );
    }
    let spot = |x, y| Spot {
        x,
        y,
        width: 128.0,
        height: 128.0,
    };
    let hit = |handle| Some(Hit::Mark { mark: 1, handle });
    assert_eq!(session.hit(1, spot(61.0, 34.0), 5.0).unwrap(), hit(Some(1)));
    assert_eq!(session.hit(1, spot(40.0, 50.0), 5.0).unwrap(), hit(None));
    assert_eq!(session.hit(1, spot(100.0, 100.0), 5.0).unwrap(), None);
    // On another slice it is not seen.
    done(
        &mut session,
        &[r#"{"do": {"scroll": {"viewport": 1, "steps": 1}}}"#],
    );
    assert!(
        picture(&mut session, 1)
            .lines
            .iter()
            .all(|line| line.mark.is_none())
    );
}

#[test]
fn a_volume_of_interest_is_outlined() {
    let mut session = world::session();
    done(
        &mut session,
        &[r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["pet"]}}}"#],
    );
    let bare = picture(&mut session, 1).image;
    done(
        &mut session,
        &[
            r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": {"sphere": {"center_mm": [0, 0, 0], "radius_mm": 20}}}}}"#,
        ],
    );
    let outlined = picture(&mut session, 1).image;
    let changed = (0..128 * 128).filter(|n| bare.rgba[n * 4..n * 4 + 4] != outlined.rgba[n * 4..n * 4 + 4]);
    let radii: Vec<f64> = changed
        .map(|n| ((n % 128) as f64 - 63.5).hypot((n / 128) as f64 - 63.5))
        .collect();
    assert!(radii.len() > 60);
    assert!(
        radii.iter().all(|radius| (14.0..26.0).contains(radius)),
        "{radii:?}"
    );
}

#[test]
fn other_planes_are_lines() {
    let mut session = world::session();
    done(
        &mut session,
        &[
            r#"{"do": {"set_layout": {"layout": {"name": "1x2", "rows": 1, "columns": 2}}}}"#,
            r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"]}}}"#,
            r#"{"do": {"show": {"viewport": 2, "kind": "plane", "series": ["ct"], "axis": "coronal"}}}"#,
            r#"{"do": {"crosshair_at": {"viewport": 1, "place_mm": [10, -12, 6]}}}"#,
            r#"{"do": {"set_texts": {"texts": {"corners": true, "patient": false, "letters": true, "scale_bar": false, "color_bar": true, "crosshair": false, "reference_lines": true, "marks": true}}}}"#,
        ],
    );
    let lines = picture(&mut session, 1).lines;
    // A picture of 128 pixels over 128 mm: y = -12 mm is row 51.5.
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].points.iter().all(|[_, y]| (y - 51.5).abs() < 0.02),
        "{lines:?}"
    );
}

#[test]
fn the_magnified_place_stays_under_the_pointer() {
    let mut session = world::session();
    done(
        &mut session,
        &[r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"]}}}"#],
    );
    let spot = Spot {
        x: 30.0,
        y: 90.0,
        width: 128.0,
        height: 128.0,
    };
    let before = session.probe(1, spot).unwrap();
    done(
        &mut session,
        &[r#"{"do": {"zoom": {"viewport": 1, "factor": 2.5, "about": [30, 90, 128, 128]}}}"#],
    );
    let after = session.probe(1, spot).unwrap();
    for axis in ["x", "y", "z"] {
        let apart = before.get(axis, None).unwrap() - after.get(axis, None).unwrap();
        assert!(apart.abs() < 1e-9);
    }
}

/// A source whose volume comes in two parts.
struct Slow(
    crate::session::InMemory,
    std::sync::Arc<std::sync::atomic::AtomicU32>,
);

impl Source for Slow {
    fn series(&self) -> &[SeriesFacts] {
        self.0.series()
    }

    fn volume(&self, key: &str, phase: usize) -> Arrival {
        let whole = self.0.volume(key, phase);
        match (self.1.load(std::sync::atomic::Ordering::Relaxed), whole) {
            (0, _) => Arrival::Waiting,
            (1, Arrival::Whole(volume)) => Arrival::Part {
                volume,
                version: 1,
                fraction: 0.5,
            },
            (_, whole) => whole,
        }
    }
}

#[test]
fn what_has_come_is_shown_and_only_the_whole_is_measured() {
    let come = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let mut session = Session::new(Box::new(Slow(world::source(), come.clone())));
    done(
        &mut session,
        &[
            r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"]}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "circle", "points": [[64, 64, 128, 128], [74, 64, 128, 128]]}}}"#,
        ],
    );
    let nothing = picture(&mut session, 1);
    assert_eq!(
        (nothing.fraction, nothing.image.pixel(64, 64)),
        (0.0, [0, 0, 0, 255])
    );
    assert!(session.mark_readout(1).unwrap().warnings[0].contains("have not come yet"));
    come.store(1, std::sync::atomic::Ordering::Relaxed);
    let part = picture(&mut session, 1);
    assert_eq!((part.fraction, part.image.pixel(64, 64)[0] > 0), (0.5, true));
    assert!(session.mark_readout(1).unwrap().get("mean", Some("ct")).is_none());
    come.store(2, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(picture(&mut session, 1).fraction, 1.0);
    assert!(session.mark_readout(1).unwrap().get("mean", Some("ct")).is_some());
}

#[test]
fn a_film_shows_no_handles() {
    let mut session = world::session();
    done(
        &mut session,
        &[
            r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"]}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[20, 64, 128, 128], [60, 34, 128, 128]]}}}"#,
            r#"{"do": {"add_to_film": {"viewport": 1}}}"#,
        ],
    );
    let item = session.state().film[0].number;
    let film = session
        .film_image(item, SIZE, &mut CpuRenderer::new(), &Cancel::new())
        .unwrap();
    let handles = |picture: &Picture| picture.lines.iter().filter(|line| line.is_selected).count();
    assert_eq!((handles(&picture(&mut session, 1)), handles(&film)), (1, 0));
    assert_eq!(film.lines.len(), picture(&mut session, 1).lines.len());
}

/// Renderers keep what they made of a number's voxels: an edited volume of interest has another.
#[test]
fn an_edited_outline_is_another_volume() {
    let mut session = world::session();
    let sphere = |radius: u32| format!(r#"{{"sphere": {{"center_mm": [0, 0, 0], "radius_mm": {radius}}}}}"#);
    done(
        &mut session,
        &[
            r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["pet"]}}}"#,
            &format!(
                r#"{{"do": {{"add_voi": {{"viewport": 1, "layer": 0, "recipe": {}}}}}}}"#,
                sphere(20)
            ),
        ],
    );
    let mut seen = std::collections::BTreeSet::new();
    for radius in [12, 16, 24] {
        picture(&mut session, 1);
        assert!(seen.insert(session.drawn.outline_ids()), "{seen:?}");
        done(
            &mut session,
            &[&format!(
                r#"{{"do": {{"edit_voi": {{"voi": 1, "recipe": {}}}}}}}"#,
                sphere(radius)
            )],
        );
    }
}

#[test]
fn a_cardiothoracic_ratio_is_written_beside_its_lines() {
    let mut session = world::session();
    done(
        &mut session,
        &[
            r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"]}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "cardiothoracic", "points": [[64, 10, 128, 128], [64, 110, 128, 128], [44, 60, 128, 128], [94, 70, 128, 128], [14, 80, 128, 128], [114, 80, 128, 128]]}}}"#,
        ],
    );
    let lines = picture(&mut session, 1).lines;
    assert!(
        lines.iter().any(|line| line.text.starts_with("0.500")),
        "{lines:?}"
    );
}

/// A window and a unit are those of the series that is seen.
#[test]
fn interleaved_series_carry_their_own_unit() {
    let mut session = world::session();
    done(
        &mut session,
        &[
            r#"{"do": {"show": {"viewport": 1, "kind": "interleaved", "series": ["ct", "pet"]}}}"#,
            r#"{"do": {"scroll": {"viewport": 1, "steps": -500}}}"#,
        ],
    );
    let unit = |session: &mut Session| picture(session, 1).annotations.color_bar.map(|bar| bar.unit);
    assert_eq!(unit(&mut session).as_deref(), Some("HU"));
    done(
        &mut session,
        &[r#"{"do": {"scroll": {"viewport": 1, "steps": 1}}}"#],
    );
    assert_eq!(unit(&mut session).as_deref(), Some("SUVbw"));
}

/// Why there is no SUV stands beside the picture.
#[test]
fn what_a_series_lacks_is_told() {
    let known = world::source();
    let mut source = crate::session::InMemory::new();
    for facts in known.series() {
        if facts.planar.is_some() {
            continue;
        }
        let Arrival::Whole(volume) = known.volume(&facts.key, 0) else {
            panic!("a whole volume")
        };
        let remarks = vec!["no SUV: no weight in the images".to_owned()];
        source.add(
            SeriesFacts {
                remarks,
                phases: 1,
                ..facts.clone()
            },
            [volume],
        );
    }
    let mut session = Session::new(Box::new(source));
    done(
        &mut session,
        &[r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["pet"]}}}"#],
    );
    assert_eq!(
        picture(&mut session, 1).remarks,
        ["no SUV: no weight in the images"]
    );
}

#[test]
fn what_moves_is_drawn_coarsely_and_never_taken_for_what_rests() {
    let mut session = world::session();
    done(
        &mut session,
        &[
            r#"{"do": {"show": {"viewport": 1, "kind": {"rendering": {"preset": "ct-bone"}}, "series": ["ct"]}}}"#,
        ],
    );
    let mut renderer = CpuRenderer::new();
    let mut drawn = |session: &mut Session, sharpness| {
        let picture = session.image(1, SIZE, sharpness, &mut renderer, &Cancel::new());
        picture.unwrap().image
    };
    let moving = drawn(&mut session, Sharpness::Moving);
    let still = drawn(&mut session, Sharpness::Still);
    assert_ne!(moving, still);
    let differences = moving
        .rgba
        .iter()
        .zip(&still.rgba)
        .map(|(a, b)| f64::from(a.abs_diff(*b)));
    let mean = differences.sum::<f64>() / moving.rgba.len() as f64;
    assert!(mean < 2.0, "{mean} of 255 on average");
    // What was drawn in full serves for what moves.
    assert_eq!(drawn(&mut session, Sharpness::Moving), still);
}
