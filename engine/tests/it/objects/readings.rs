//! What a reading session holds, as objects: `dciodvfy` finds no error, and another session shows and measures the same.
//!
//! The series is PET in SUV, whose slices have a slope each and pixels that are not square: states then have a window for
//! each image, and circles lie in space.

use codec::TransferSyntax;
use engine::dicom::key_objects::KeyObjects;
use engine::dicom::presentation_state::Content;
use engine::dicom::read::{self, Regions};
use engine::dicom::write::{
    self, Instance, KeyObjectDocument, Masks, ReportDocument, SegmentationType, derived_uid,
};
use engine::presentation::Size;
use engine::session::{Collection, Command, Event, SavedVois, Session};

use super::peers;
use super::study::{CREATED, pet, pet_files, series};

const SIZE: Size = Size {
    width: 128,
    height: 128,
};

/// Bytes that a session asks for.
struct Bytes(Vec<Vec<u8>>);

impl read::Source for Bytes {
    fn read(&self, key: usize, range: std::ops::Range<u64>, buffer: &mut Vec<u8>) -> Result<(), String> {
        read::InMemory(&self.0).read(key, range, buffer)
    }
}

fn slope(k: usize) -> f64 {
    0.5 + 0.125 * k as f64
}

fn session() -> Session {
    let (studies, files) = pet_files(slope);
    Session::new(Box::new(Collection::new(studies, Bytes(files))))
}

fn done(session: &mut Session, line: &str) {
    let key = session.series()[0].key.clone();
    let events = session.apply_json(&line.replace("KEY", &key));
    let is_refused = events.iter().any(|event| matches!(event, Event::Refused { .. }));
    assert!(!is_refused, "{line}: {events:?}");
}

fn drawn() -> Session {
    let mut session = session();
    for line in [
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["KEY"]}}}"#,
        r#"{"do": {"go_to_slice": {"viewport": 1, "slice": 2}}}"#,
        r#"{"do": {"set_window": {"viewport": 1, "layer": 0, "window": {"center": 0.6, "width": 1.2}}}}"#,
        r#"{"do": {"mark_key_image": {"viewport": 1}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[20, 30, 128, 128], [90, 70, 128, 128]], "text": "Läsion"}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "circle", "points": [[40, 50, 128, 128], [55, 50, 128, 128]]}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "ellipse", "points": [[30, 50, 128, 128], [70, 50, 128, 128], [50, 60, 128, 128]]}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "polygon", "points": [[30, 50, 128, 128], [70, 50, 128, 128], [50, 90, 128, 128]]}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "cobb", "points": [[20, 30, 128, 128], [90, 70, 128, 128], [30, 90, 128, 128], [70, 100, 128, 128]]}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "probe", "points": [[40, 50, 128, 128]]}}}"#,
        r#"{"do": {"add_mark": {"viewport": 1, "kind": "arrow", "points": [[40, 50, 128, 128], [90, 70, 128, 128]], "text": "here"}}}"#,
        r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "name": "right lung", "recipe": {"grow": {"seed_mm": SEED, "at_least": 0.5, "most_ml": 100}}}}}"#,
    ] {
        let grid = session.series()[0].grid.clone();
        let seed = grid.patient([5.0, 6.0, 2.0].into());
        let seed = format!("[{}, {}, {}]", seed[0], seed[1], seed[2]);
        done(&mut session, &line.replace("SEED", &seed));
    }
    session
}

fn conformant(folder: &std::path::Path, name: &str, instance: Result<Instance, write::Error>) -> Vec<u8> {
    let bytes = instance
        .unwrap()
        .encode(TransferSyntax::ExplicitLittleEndian)
        .unwrap();
    let file = folder.join(name);
    std::fs::write(&file, &bytes).unwrap();
    peers::assert_conformant(&file);
    bytes
}

fn content() -> Content {
    Content {
        sop_instance_uid: derived_uid(&["objects", "reading state", "object"]),
        label: "READING".to_owned(),
        created: Some(CREATED),
        ..Content::default()
    }
}

fn segmentation(saved: &SavedVois) -> Masks<'_> {
    Masks {
        segmentation_type: SegmentationType::Binary,
        sop_instance_uid: derived_uid(&["objects", "reading seg", "object"]),
        dimension_organization_uid: derived_uid(&["objects", "reading dimensions"]),
        created: CREATED,
        label: "READING".to_owned(),
        description: "Volumes of interest".to_owned(),
        images: &saved.images,
        segments: saved.segments(),
    }
}

fn follow(session: &mut Session, (commands, told): (Vec<Command>, Vec<String>)) {
    assert_eq!(told, Vec::<String>::new());
    for command in commands {
        session.apply(command).unwrap();
    }
}

#[test]
fn a_state_of_pet_has_the_window_of_its_suv() {
    let folder = peers::folder("reading-state");
    let study = pet(slope).study;
    let session = drawn();
    let (state, told) = session.presentation_state(1, SIZE, content()).unwrap();
    // A circle and an ellipse lie on the slice, drawn as lines.
    assert_eq!(told, Vec::<String>::new());
    assert_eq!(state.windows.len(), 6);
    let instance = write::presentation_state(&study, &series("reading state", 11), &state);
    let bytes = conformant(&folder, "state.dcm", instance);
    let (read, _) = read::presentation_state(&bytes).unwrap();
    let mut other = self::session();
    let commands = other.commands_of(1, SIZE, &read).unwrap();
    follow(&mut other, commands);
    let window = |session: &Session| {
        let view = &session.state().desk.viewports[&1];
        view.shown.as_ref().unwrap().layers[0].window.unwrap()
    };
    let (found, expected) = (window(&other), window(&session));
    assert!((found.center - expected.center).abs() < 1e-9, "{found:?}");
    assert!((found.width - expected.width).abs() < 1e-9, "{found:?}");
}

fn assert_same_marks(session: &Session, other: &Session) {
    for n in 1..=7 {
        let [a, b] = [session, other].map(|session| session.mark_readout(n).unwrap().figures);
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            let off = (a.value - b.value).abs();
            assert!(off <= 1e-3 * a.value.abs().max(1.0), "{a:?} {b:?}");
        }
    }
}

#[test]
fn marks_volumes_and_key_images_come_back() {
    let folder = peers::folder("reading");
    let study = pet(slope).study;
    let mut session = drawn();
    let mut other = self::session();
    done(
        &mut other,
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["KEY"]}}}"#,
    );

    let uid = derived_uid(&["objects", "reading report", "object"]);
    let (report, told) = session
        .measurement_report(&study.study_instance_uid, &uid, Vec::new())
        .unwrap();
    assert_eq!(told, Vec::<String>::new());
    let document = ReportDocument {
        sop_instance_uid: uid,
        created: CREATED,
        complete: true,
        report,
    };
    let instance = write::measurement_report(&study, &series("reading report", 12), document);
    let (read, warnings) = read::measurement_report(&conformant(&folder, "sr.dcm", instance)).unwrap();
    assert_eq!(warnings, []);
    let commands = other.commands_of_report(1, &read).unwrap();
    follow(&mut other, commands);

    let key = session.series()[0].key.clone();
    let (saved, _) = session.saved_vois(&key).unwrap();
    let instance = write::segmentation_of_masks(&study, &series("reading seg", 13), segmentation(&saved));
    let bytes = conformant(&folder, "seg.dcm", instance);
    let (Regions::Segmentation(read), _) = read::read_regions(&bytes).unwrap() else {
        panic!("expected a segmentation");
    };
    let commands = other.commands_of_segmentation(1, &read).unwrap();
    follow(&mut other, commands);

    let (key_objects, _) = session.key_objects(KeyObjects::OF_INTEREST).unwrap();
    let document = KeyObjectDocument {
        sop_instance_uid: derived_uid(&["objects", "reading keys", "object"]),
        created: CREATED,
        key_objects,
    };
    let instance = write::key_objects(&study, &series("reading keys", 14), &document);
    let (read, _) = read::key_objects(&conformant(&folder, "kos.dcm", instance)).unwrap();
    let commands = other.commands_of_key_objects(&read).unwrap();
    follow(&mut other, commands);

    assert_eq!(other.state().key_images, session.state().key_images);
    assert_eq!(other.state().marks.len(), 7);
    assert_same_marks(&session, &other);
    let [a, b] = [&mut session, &mut other].map(|session| {
        let voi = *session.state().vois.keys().next().unwrap();
        let name = session.state().vois[&voi].name.clone();
        (name, session.voi_readout(voi).unwrap().figures)
    });
    assert!(a.1.iter().any(|figure| figure.unit == "SUVbw"));
    assert_eq!(a, b);
}
