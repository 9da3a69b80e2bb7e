//! What hangs: priors beside the current study, screens, looks and reset, windows that wait for voxels.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::world;
use crate::colormap::{DefaultPalette, DefaultPalettes, Role, Window};
use crate::presentation::hanging::Protocol;
use crate::presentation::{Size, WindowPresets};
use crate::render::{Cancel, CpuRenderer};
use crate::session::state::{Desk, Shown};
use crate::session::{
    Arrival, Command, Department, Event, InMemory, Link, SeriesFacts, Session, Setting, Sharpness, Source,
};
use crate::volume::{Rescale, Volume, Voxels};

fn done(session: &mut Session, line: &str) -> Vec<Event> {
    let events = session.apply_json(line);
    let is_refused = |event: &Event| matches!(event, Event::Refused { .. });
    assert!(!events.iter().any(is_refused), "{line}: {events:?}");
    events
}

fn shown(session: &Session, viewport: u32) -> &Shown {
    let view = &session.state().desk.viewports[&viewport];
    view.shown.as_ref().expect("a view that shows something")
}

/// The PET-CT of the made-up patient, made again and again, each time in a space of its own; `now` is the latest.
fn over_years(studies: usize) -> InMemory {
    let once = world::source();
    let mut source = InMemory::new();
    for n in 0..studies {
        for facts in once.series().iter().filter(|facts| facts.study == "1.2.3") {
            let Arrival::Whole(volume) = once.volume(&facts.key, 0) else {
                panic!("all is there")
            };
            let space = format!("1.1.{n}");
            let mut facts = SeriesFacts {
                key: format!("{}-{n}", facts.key),
                study: format!("year-{n}"),
                study_time: format!("{}0101", 2026 - n),
                ..facts.clone()
            };
            facts.hanging.frame_of_reference_uid = Some(space.clone());
            source.add(facts, [volume.in_frame_of_reference(Some(space))]);
        }
    }
    source
}

fn hung(studies: usize, screens: usize) -> Session {
    let mut session = Session::new(Box::new(over_years(studies)));
    let command = Command::Hang {
        studies: (0..studies).map(|n| format!("year-{n}")).collect(),
        protocol: None,
        screens: vec![[2560, 1440]; screens],
    };
    session.apply(command).unwrap();
    session
}

#[test]
fn current_and_prior_page_together_once_something_joins_them() {
    let mut session = hung(2, 1);
    let z = |session: &Session, n: u32| shown(session, n).focus_mm[2];
    assert_eq!(shown(&session, 5).layers[0].series, "ct-1");
    done(&mut session, r#"{"do": {"scroll": {"viewport": 3, "steps": 2}}}"#);
    assert_eq!([3, 7].map(|n| z(&session, n)), [6.0, 0.0]);
    let offset = r#"{"do": {"set_offset": {"moving": "ct-1", "fixed": "ct-0", "mm": [0, 0, 12]}}}"#;
    done(&mut session, offset);
    done(&mut session, r#"{"do": {"scroll": {"viewport": 3, "steps": 1}}}"#);
    assert_eq!(
        [1, 2, 3, 5, 6, 7].map(|n| z(&session, n)),
        [9.0, 9.0, 9.0, 3.0, 3.0, 3.0]
    );
    done(
        &mut session,
        r#"{"do": {"scroll": {"viewport": 6, "steps": -1}}}"#,
    );
    assert_eq!([3, 7].map(|n| z(&session, n)), [6.0, 0.0]);
    // MIPs of both dates turn together, and planes do not turn with them.
    let before = shown(&session, 7).axes;
    let look = r#"{"do": {"look_from": {"viewport": 4, "azimuth_rad": 1.0, "elevation_rad": 0}}}"#;
    done(&mut session, look);
    assert_eq!(shown(&session, 4).axes, shown(&session, 8).axes);
    assert_eq!(shown(&session, 7).axes, before);
}

#[test]
fn one_change_of_a_window_is_one_of_four_studies() {
    let mut session = hung(4, 1);
    assert_eq!(
        session.state().hanging.as_ref().unwrap().protocol,
        "pet-ct-compare-four"
    );
    done(
        &mut session,
        r#"{"do": {"preset_window": {"viewport": 6, "layer": 0, "name": "0-12"}}}"#,
    );
    for row in 0..4 {
        let width = |n: u32, layer: usize| shown(&session, 4 * row + n).layers[layer].window.unwrap().width;
        assert_eq!([width(2, 0), width(3, 1), width(4, 0)], [12.0; 3]);
        assert!(width(1, 0) > 100.0);
    }
}

#[test]
fn five_studies_hang_and_the_sixth_is_refused() {
    let session = hung(5, 1);
    assert_eq!(session.state().desk.visible().len(), 20);
    assert_eq!(shown(&session, 19).layers[0].series, "ct-4");
    let mut session = Session::new(Box::new(over_years(6)));
    let command = Command::Hang {
        studies: (0..6).map(|n| format!("year-{n}")).collect(),
        protocol: None,
        screens: Vec::new(),
    };
    let refused = session.apply(command).unwrap_err().to_string();
    assert_eq!(refused, "expected 1 to 5 studies, found 6");
}

#[test]
fn a_study_that_nothing_shows_is_told() {
    let mut session = Session::new(Box::new(over_years(2)));
    let line = r#"{"do": {"hang": {"studies": ["year-0", "year-1"], "protocol": "pet-ct"}}}"#;
    let told = Event::Remark {
        text: "pet-ct shows nothing of study year-1".to_owned(),
    };
    assert!(done(&mut session, line).contains(&told));
}

#[test]
fn the_prior_hangs_on_the_second_screen() {
    let mut session = hung(2, 2);
    let desk = session.state().desk.clone();
    assert_eq!(desk.screens().count(), 2);
    assert_eq!(desk.views_on(0), (1..=10).collect::<Vec<_>>());
    assert_eq!(desk.views_on(1), (101..=110).collect::<Vec<_>>());
    assert!(desk.views_on(2).is_empty());
    assert_eq!((Desk::screen_of(10), Desk::screen_of(101)), (0, 1));
    let series = |n| shown(&session, n).layers[0].series.clone();
    assert_eq!([series(3), series(103)], ["ct-0", "ct-1"]);
    // One shown alone leaves the other screen as it is.
    done(&mut session, r#"{"do": {"maximize": {"viewport": 101}}}"#);
    let visible = session.state().desk.visible();
    assert_eq!(visible, (1..=10).chain([101]).collect::<Vec<_>>());
    // A look hangs it anew for the same screens; where it has an arrangement for one screen, it is that.
    done(&mut session, r#"{"do": {"set_look": {"name": "siemens"}}}"#);
    assert_eq!(session.state().desk.screens().count(), 2);
}

#[test]
fn a_snapshot_of_before_screens_and_groups_restores() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"]}}}"#,
    );
    let text = String::from_utf8(session.snapshot()).unwrap();
    for name in ["further_screens", "groups", "percent_of_max"] {
        assert!(!text.contains(name), "{name} is written though it says nothing");
    }
    let before = session.state().clone();
    session.restore(text.as_bytes()).unwrap();
    assert_eq!(*session.state(), before);
    let many = text.replacen(
        "\"maximized\"",
        &format!(
            "\"further_screens\":[{}],\"maximized\"",
            [r#"{"name":"a","rows":1,"columns":1}"#; 4].join(",")
        ),
        1,
    );
    let refused = session.restore(many.as_bytes()).unwrap_err().to_string();
    assert!(refused.contains("5 screens"), "{refused}");
}

#[test]
fn reset_gives_the_picture_in_the_present_look() {
    let mut session = world::session();
    for line in [
        r#"{"do": {"set_layout": {"layout": {"name": "1x2", "rows": 1, "columns": 2}}}}"#,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct", "pet"]}}}"#,
        r#"{"do": {"show": {"viewport": 2, "kind": "plane", "series": ["pet"], "axis": "coronal"}}}"#,
        r#"{"do": {"add_voi": {"viewport": 2, "layer": 0, "recipe": {"sphere": {"center_mm": [20, -10, 9], "radius_mm": 12}}}}}"#,
    ] {
        done(&mut session, line);
    }
    let readout = session.voi_readout(1).unwrap();
    let placed = shown(&session, 1).focus_mm;
    let mut pictures = Vec::new();
    for look in ["ge", "siemens", "philips", "uptake"] {
        done(
            &mut session,
            &format!(r#"{{"do": {{"set_look": {{"name": "{look}"}}}}}}"#),
        );
        let dressed = [1, 2].map(|n| shown(&session, n).layers.clone());
        let drawn = super::pictures(&mut session);
        for line in [
            r#"{"do": {"drag_window": {"viewport": 1, "layer": 1, "by": [0, -90]}}}"#,
            r#"{"do": {"set_palette": {"viewport": 2, "layer": 0, "name": "cyan"}}}"#,
            r#"{"do": {"scroll": {"viewport": 1, "steps": 3}}}"#,
        ] {
            done(&mut session, line);
        }
        assert_ne!(
            [1, 2].map(|n| shown(&session, n).layers.clone()),
            dressed,
            "{look}"
        );
        done(&mut session, r#"{"do": {"reset": {}}}"#);
        assert_eq!(
            [1, 2].map(|n| shown(&session, n).layers.clone()),
            dressed,
            "{look}"
        );
        assert_eq!(shown(&session, 1).focus_mm, placed);
        assert!(super::pictures(&mut session) == drawn, "{look}");
        // Quantities are those of the voxels, whatever the look (NM-07).
        assert_eq!(session.voi_readout(1).unwrap(), readout, "{look}");
        pictures.push(drawn);
    }
    assert!(pictures[0] != pictures[1] && pictures[1] != pictures[2]);
}

/// The made-up patient's images, which come when told.
struct Late {
    source: InMemory,
    is_there: Arc<AtomicBool>,
}

impl Source for Late {
    fn series(&self) -> &[SeriesFacts] {
        self.source.series()
    }

    fn volume(&self, key: &str, phase: usize) -> Arrival {
        if self.is_there.load(Ordering::Relaxed) {
            self.source.volume(key, phase)
        } else {
            Arrival::Waiting
        }
    }
}

/// The window that a view's only layer is drawn with; none before its voxels come.
fn drawn_window(session: &mut Session) -> Option<Window> {
    let size = Size {
        width: 32,
        height: 32,
    };
    let mut renderer = CpuRenderer::new();
    let picture = session.image(1, size, Sharpness::Still, &mut renderer, &Cancel::new());
    picture.unwrap().annotations.color_bar.map(|bar| bar.window)
}

/// A session over a source, with the PET hung by a protocol of its own from 10 to 40 % of its maximum.
fn by_rule(source: Box<dyn Source + Send>) -> Session {
    let text = r#"{
        "name": "own-pet", "title": {"zh": "PET", "en": "PET"},
        "series": [{"name": "pet", "is": {"modality": ["PT"]}}],
        "matches": [{"needs": ["pet"]}],
        "layout": {"name": "one", "rows": 1, "columns": 1},
        "views": [{"cell": 0, "kind": "axial", "base": {
            "series": "pet", "window": {"range": {"low": 10, "high": 40, "unit": "percent_of_max"}}
        }}]
    }"#;
    let own = Protocol::read(text.as_bytes(), &WindowPresets::default()).unwrap();
    let mut session = Session::new(source);
    session.set_department(Department {
        protocols: vec![own],
        ..Department::default()
    });
    done(
        &mut session,
        r#"{"do": {"hang": {"studies": ["1.2.3"], "protocol": "own-pet"}}}"#,
    );
    session
}

#[test]
fn a_share_of_the_maximum_is_found_when_the_voxels_have_come() {
    let is_there = Arc::new(AtomicBool::new(false));
    let mut session = by_rule(Box::new(Late {
        source: world::source(),
        is_there: is_there.clone(),
    }));
    assert_eq!(drawn_window(&mut session), None);
    let waiting = session.snapshot();
    is_there.store(true, Ordering::Relaxed);
    // The largest SUV of the patient is 10.
    let limits = |session: &mut Session| drawn_window(session).unwrap().limits();
    assert_eq!(limits(&mut session), (1.0, 4.0));
    assert_eq!(session.snapshot(), waiting);
    let mut restored = Session::new(Box::new(world::source()));
    restored.restore(&waiting).unwrap();
    assert_eq!(limits(&mut restored), (1.0, 4.0));
    // A reader's change begins there, and undo goes back to the rule.
    done(
        &mut session,
        r#"{"do": {"drag_window": {"viewport": 1, "layer": 0, "by": [0, 0]}}}"#,
    );
    assert_eq!(limits(&mut session), (1.0, 4.0));
    assert_eq!(shown(&session, 1).layers[0].percent_of_max, None);
    done(
        &mut session,
        r#"{"do": {"preset_window": {"viewport": 1, "layer": 0, "name": "0-7"}}}"#,
    );
    assert_eq!(limits(&mut session), (0.0, 7.0));
    session.apply(Command::Undo).unwrap();
    session.apply(Command::Undo).unwrap();
    assert_eq!(session.snapshot(), waiting);
    assert_eq!(limits(&mut session), (1.0, 4.0));
}

#[test]
fn a_share_of_nothing_is_the_usual_window() {
    let once = world::source();
    let facts = once.series().iter().find(|facts| facts.key == "pet").unwrap();
    let nothing = vec![0.0_f32; facts.grid.voxels()];
    let nothing = Volume::new(
        facts.grid.clone(),
        Voxels::F32(nothing.into()),
        Rescale::IDENTITY,
        facts.unit.clone(),
    );
    let mut source = InMemory::new();
    source.add(facts.clone(), [nothing.unwrap()]);
    let mut session = by_rule(Box::new(source));
    assert_eq!(drawn_window(&mut session).unwrap().limits(), (0.0, 5.0));
}

#[test]
fn lung_and_mediastinum_keep_their_windows() {
    let once = world::source();
    let mut facts = once.series()[0].clone();
    facts.hanging.body_part = "CHEST".to_owned();
    let Arrival::Whole(volume) = once.volume("ct", 0) else {
        panic!("all is there")
    };
    let mut source = InMemory::new();
    source.add(facts, [volume]);
    let mut session = Session::new(Box::new(source));
    done(&mut session, r#"{"do": {"hang": {"studies": ["1.2.3"]}}}"#);
    assert_eq!(session.state().hanging.as_ref().unwrap().protocol, "ct-chest");
    let width = |session: &Session, n: u32| shown(session, n).layers[0].window.unwrap().width;
    assert_eq!([2, 3].map(|n| width(&session, n)), [1500.0; 2]);
    let line = r#"{"do": {"preset_window": {"viewport": 1, "layer": 0, "name": "liver"}}}"#;
    done(&mut session, line);
    assert_eq!(
        [1, 2, 3, 4].map(|n| width(&session, n)),
        [150.0, 1500.0, 1500.0, 150.0]
    );
    let ours = r#"{"do": {"set_groups": {"viewport": 3, "groups": {"window": "mine"}}}}"#;
    done(&mut session, ours);
    done(&mut session, r#"{"do": {"set_look": {"name": "ge"}}}"#);
    let group = |n: u32| shown(&session, n).groups.as_ref().unwrap()[&Link::Window].clone();
    assert_eq!(
        [1, 2, 3, 4].map(group),
        ["mediastinum", "lung", "mine", "mediastinum"]
    );
}

#[test]
fn presets_of_the_part_come_first_and_the_others_are_offered_too() {
    let once = world::source();
    let Arrival::Whole(volume) = once.volume("ct", 0) else {
        panic!("all is there")
    };
    for (part, first) in [("LIVER", "liver"), ("WHOLEBODY", "soft_tissue")] {
        let mut facts = once.series()[0].clone();
        facts.hanging.body_part = part.to_owned();
        let mut source = InMemory::new();
        source.add(facts, [volume.clone()]);
        let mut session = Session::new(Box::new(source));
        done(&mut session, r#"{"do": {"hang": {"studies": ["1.2.3"]}}}"#);
        let controls = session.controls(1).unwrap().controls;
        let presets = controls.into_iter().find_map(|control| match control.setting {
            Setting::Window { presets, .. } => Some(presets),
            _ => None,
        });
        let presets = presets.unwrap();
        assert_eq!(presets[0], first);
        let all = WindowPresets::default().of_modality("CT").count();
        assert_eq!(presets.len(), all, "{part}: {presets:?}");
    }
}

#[test]
fn a_department_sets_palettes_and_windows() {
    let mut windows = WindowPresets::default().presets().to_vec();
    let liver = windows.iter_mut().find(|preset| preset.name == "liver").unwrap();
    liver.window = Window::linear(77.0, 222.0);
    let choice = |role, palette: &str| DefaultPalette {
        modality: "PT".to_owned(),
        role,
        palette: palette.to_owned(),
    };
    let choices = [choice(Role::Single, "batlow"), choice(Role::Overlay, "viridis")];
    let department = Department {
        palettes: DefaultPalettes::default().with(choices).unwrap(),
        windows: WindowPresets::new(windows).unwrap(),
        ..Department::default()
    };
    let mut session = world::session();
    session.set_department(department);
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct", "pet"]}}}"#,
    );
    let palettes = |session: &Session| {
        let layers = shown(session, 1).layers.clone();
        layers.into_iter().map(|layer| layer.palette).collect::<Vec<_>>()
    };
    assert_eq!(palettes(&session), [None, Some("viridis".to_owned())]);
    done(
        &mut session,
        r#"{"do": {"preset_window": {"viewport": 1, "layer": 0, "name": "liver"}}}"#,
    );
    assert_eq!(shown(&session, 1).layers[0].window.unwrap().width, 222.0);
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["pet"]}}}"#,
    );
    assert_eq!(palettes(&session), [Some("batlow".to_owned())]);
}
