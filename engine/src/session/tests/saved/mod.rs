//! What is saved comes back through the bytes of its object.

mod blending;
mod joints;
mod key_images;
mod marks;
mod vois;

use codec::TransferSyntax;

use super::world;
use crate::dicom::presentation_state::{Content, Modality, PresentationState};
use crate::dicom::read::presentation_state;
use crate::dicom::write::{self, CharacterSet, DateTime, Equipment, Patient, Series, Study};
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer};
use crate::session::{Command, Entry, Event, Picture, Session, Sharpness};

const SIZE: Size = Size {
    width: 128,
    height: 128,
};

fn done(session: &mut Session, line: &str) {
    let events = session.apply_json(line);
    let refused = events.iter().any(|event| matches!(event, Event::Refused { .. }));
    assert!(!refused, "{line}: {events:?}");
}

fn picture(session: &mut Session) -> Picture {
    session
        .image(1, SIZE, Sharpness::Still, &mut CpuRenderer::new(), &Cancel::new())
        .unwrap()
}

const CREATED: DateTime = DateTime::new(2026, 3, 4, 11, 30, 15);

fn study() -> Study {
    Study {
        character_set: CharacterSet::Utf8,
        patient: Patient {
            name: "Test".to_owned(),
            id: "1".to_owned(),
            birth_date: None,
            sex: None,
            weight_kg: None,
            height_m: None,
        },
        study_instance_uid: "1.2.3".to_owned(),
        start: Some(CREATED),
        id: String::new(),
        accession_number: String::new(),
        description: String::new(),
    }
}

fn series(frame_of_reference_uid: Option<&str>) -> Series {
    Series {
        series_instance_uid: "1.2.3.7".to_owned(),
        number: 9,
        description: "Saved".to_owned(),
        start: CREATED,
        frame_of_reference_uid: frame_of_reference_uid.map(str::to_owned),
        patient_position: "HFS",
        body_part: "",
        equipment: Equipment {
            manufacturer: "Uptake".to_owned(),
            model: "Uptake".to_owned(),
            serial_number: "1".to_owned(),
            software: "0.1".to_owned(),
        },
    }
}

pub fn content() -> Content {
    Content {
        sop_instance_uid: "1.2.3.4".to_owned(),
        label: "READING".to_owned(),
        created: Some(CREATED),
        ..Content::default()
    }
}

/// The bytes of an object.
fn bytes(instance: Result<write::Instance, write::Error>) -> Vec<u8> {
    instance
        .unwrap()
        .encode(TransferSyntax::ExplicitLittleEndian)
        .unwrap()
}

/// Does what was read in one gesture, and sees that one step takes it back.
fn follow(session: &mut Session, commands: Vec<Command>) {
    let before = session.snapshot();
    for command in commands {
        let entry = Entry {
            by: None,
            gesture: Some(77),
            command,
        };
        session.apply(entry).unwrap();
    }
    let after = session.snapshot();
    session.apply(Command::Undo).unwrap();
    assert!(
        session.snapshot() == before,
        "one step takes back what was opened"
    );
    session.apply(Command::Redo).unwrap();
    assert!(session.snapshot() == after);
}

/// A session over other series than the world's.
fn elsewhere() -> Session {
    Session::new(Box::new(crate::session::InMemory::new()))
}

/// What a reader answers to every kind of broken bytes: errors, and never a panic.
fn check_broken<T>(bytes: &[u8], read: impl Fn(&[u8]) -> Option<T>, mut follow: impl FnMut(T)) {
    for n in 0..200 {
        let end = bytes.len() * n / 200;
        if let Some(found) = read(&bytes[..end]) {
            follow(found);
        }
        let mut flipped = bytes.to_vec();
        let at = (bytes.len() - 1) * n / 200;
        flipped[at] ^= 1 << (n % 8);
        if let Some(found) = read(&flipped) {
            follow(found);
        }
    }
}

/// Through the bytes of a DICOM object.
pub fn through_dicom(state: &PresentationState) -> PresentationState {
    let bytes = bytes(write::presentation_state(&study(), &series(None), state));
    let (read, warnings) = presentation_state(&bytes).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    read
}

#[test]
fn a_state_shows_the_picture_that_it_was_made_of() {
    for turning in [
        &[][..],
        &[r#"{"do": {"rotate": {"viewport": 1, "angle_rad": 1.5707963267948966}}}"#],
        &[
            r#"{"do": {"rotate": {"viewport": 1, "angle_rad": 3.141592653589793}}}"#,
            r#"{"do": {"flip_horizontally": {"viewport": 1}}}"#,
        ],
        &[r#"{"do": {"flip_vertically": {"viewport": 1}}}"#],
    ] {
        let mut session = world::session();
        for line in [
            r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct"]}}}"#,
            r#"{"do": {"go_to_slice": {"viewport": 1, "slice": 19}}}"#,
            r#"{"do": {"set_window": {"viewport": 1, "layer": 0, "window": {"center": 100, "width": 900, "function": "linear"}}}}"#,
            r#"{"do": {"invert": {"viewport": 1, "layer": 0}}}"#,
            r#"{"do": {"set_zoom": {"viewport": 1, "zoom": 2}}}"#,
            r#"{"do": {"center_on": {"viewport": 1, "place_mm": [8, -4, -1.5]}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[20, 30, 128, 128], [90, 70, 128, 128]]}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "polygon", "points": [[20, 30, 128, 128], [90, 70, 128, 128], [30, 90, 128, 128]]}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "text", "points": [[50, 50, 128, 128]], "text": "nodule"}}}"#,
        ] {
            done(&mut session, line);
        }
        turning.iter().for_each(|line| done(&mut session, line));
        let expected = picture(&mut session);
        let (state, told) = session.presentation_state(1, SIZE, content()).unwrap();
        assert!(told.is_empty(), "{told:?}");
        let state = through_dicom(&state);
        let mut other = world::session();
        let (commands, told) = other.commands_of(1, SIZE, &state).unwrap();
        assert!(told.is_empty(), "{told:?}");
        for command in commands {
            other.apply(command).unwrap();
        }
        let slice = Command::GoToSlice {
            viewport: 1,
            slice: 19,
        };
        other.apply(slice).unwrap();
        let found = picture(&mut other);
        assert!(found.image == expected.image, "{turning:?}");
        let texts = |picture: &Picture| {
            let texts = picture.lines.iter().map(|line| line.text.clone());
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&found), texts(&expected));
        for (a, b) in found.lines.iter().zip(&expected.lines) {
            for (a, b) in a.points.iter().zip(&b.points) {
                assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 0.01, "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn a_state_of_one_image_shows_that_image() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct"]}}}"#,
    );
    let content = Content {
        created: Some(CREATED),
        ..Content::default()
    };
    let (mut state, _) = session.presentation_state(1, SIZE, content).unwrap();
    state.images = vec![state.images[5].clone()];
    let (commands, _) = session.commands_of(1, SIZE, &state).unwrap();
    for command in commands {
        session.apply(command).unwrap();
    }
    let texts = picture(&mut session).annotations.corners.bottom_left;
    assert!(texts.contains(&"6 / 40".to_owned()), "{texts:?}");
}

#[test]
fn a_state_says_what_makes_stored_values_into_real_ones() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct"]}}}"#,
    );
    let (mut state, _) = session.presentation_state(1, SIZE, content()).unwrap();
    let modality = |slope, intercept| Modality::Rescale {
        slope,
        intercept,
        kind: "HU".to_owned(),
    };
    assert_eq!(state.modality, Some(modality(1.0, 0.0)));
    // The usual window stands in the state though nobody set it.
    assert_eq!(state.windows.len(), 1);
    // A state whose real values are twice the stored ones, and 1000 more, has its window there.
    state.modality = Some(modality(2.0, 1000.0));
    let (commands, told) = session.commands_of(1, SIZE, &state).unwrap();
    assert!(told.is_empty(), "{told:?}");
    let window = commands.iter().find_map(|command| match command {
        Command::SetWindow { window, .. } => *window,
        _ => None,
    });
    let window = window.unwrap();
    assert_eq!(
        (window.center, window.width),
        ((39.5 - 1000.0) / 2.0, 399.0 / 2.0)
    );
}

#[test]
fn a_state_of_other_series_is_refused() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct"]}}}"#,
    );
    let (state, _) = session.presentation_state(1, SIZE, content()).unwrap();
    let refusal = elsewhere().commands_of(1, SIZE, &state).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "a presentation state is for other series than those that are open"
    );
}

#[test]
fn what_a_state_cannot_hold_is_told() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["pet"]}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"set_palette": {"viewport": 1, "layer": 0, "name": "pet"}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"place_mark": {"viewport": 1, "kind": "length", "points_mm": [[0, 0, 0.4], [10, 0, 0.4]]}}}"#,
    );
    let (_, told) = session.presentation_state(1, SIZE, Content::default()).unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    done(
        &mut session,
        r#"{"do": {"rotate": {"viewport": 1, "angle_rad": 0.3}}}"#,
    );
    let refusal = session
        .presentation_state(1, SIZE, Content::default())
        .unwrap_err();
    assert!(refusal.to_string().contains("turned by quarters"), "{refusal}");
}
