//! A presentation state written here shows the same picture when it is read.

use codec::TransferSyntax;

use super::world;
use crate::dicom::presentation_state::{Content, PresentationState};
use crate::dicom::read::presentation_state;
use crate::dicom::write::{self, CharacterSet, DateTime, Equipment, Patient, Series, Study};
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer};
use crate::session::{Command, Event, Picture, Session, Sharpness};

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

/// Through the bytes of a DICOM object.
fn through_dicom(state: &PresentationState) -> PresentationState {
    let study = Study {
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
    };
    let series = Series {
        series_instance_uid: "1.2.3.7".to_owned(),
        number: 9,
        description: "State".to_owned(),
        start: CREATED,
        frame_of_reference_uid: None,
        patient_position: "HFS",
        body_part: "",
        equipment: Equipment {
            manufacturer: "Uptake".to_owned(),
            model: "Uptake".to_owned(),
            serial_number: "1".to_owned(),
            software: "0.1".to_owned(),
        },
    };
    let instance = write::presentation_state(&study, &series, state).unwrap();
    let bytes = instance.encode(TransferSyntax::ExplicitLittleEndian).unwrap();
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
        let content = Content {
            sop_instance_uid: "1.2.3.4".to_owned(),
            label: "READING".to_owned(),
            created: Some(CREATED),
            ..Content::default()
        };
        let (state, told) = session.presentation_state(1, SIZE, content).unwrap();
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

#[test]
fn key_images_are_the_objects_of_their_slices() {
    let mut session = world::session();
    for line in [
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct"]}}}"#,
        r#"{"do": {"go_to_slice": {"viewport": 1, "slice": 7}}}"#,
        r#"{"do": {"mark_key_image": {"viewport": 1}}}"#,
        r#"{"do": {"go_to_slice": {"viewport": 1, "slice": 2}}}"#,
        r#"{"do": {"mark_key_image": {"viewport": 1}}}"#,
    ] {
        done(&mut session, line);
    }
    let uids: Vec<String> = session
        .key_image_references()
        .into_iter()
        .map(|image| image.reference.sop_instance_uid)
        .collect();
    assert_eq!(uids, ["1.2.3.2.8", "1.2.3.2.3"]);
}

#[test]
fn the_voxels_of_a_volume_of_interest_leave_as_a_mask() {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["pet"]}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": {"solid": {"form": "box", "center_mm": [0, 0, 0], "size_mm": [8, 8, 6]}}}}}"#,
    );
    let (mask, warnings) = session.voi_mask(1).unwrap();
    assert_eq!((mask.count(), warnings.len()), (8, 0));
    assert!(session.voi_mask(2).is_err());
}
