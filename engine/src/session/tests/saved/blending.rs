//! A view of two series through the bytes of a blending state.

use super::{SIZE, bytes, check_broken, content, done, elsewhere, follow, picture, series, study, world};
use crate::dicom::presentation_state::BlendingState;
use crate::dicom::read::blending_state;
use crate::dicom::write;
use crate::session::{Command, Session};

fn fused(lines: &[&str]) -> Session {
    let mut session = world::session();
    done(
        &mut session,
        r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct", "pet"]}}}"#,
    );
    lines.iter().for_each(|line| done(&mut session, line));
    session
}

fn written(state: &BlendingState) -> Vec<u8> {
    bytes(write::blending_state(&study(), &series(None), state))
}

#[test]
fn a_fused_view_shows_the_picture_that_it_was_made_of() {
    let cases: [&[&str]; 3] = [
        &[],
        &[
            r#"{"do": {"set_window": {"viewport": 1, "layer": 0, "window": {"center": 60, "width": 500, "function": "linear"}}}}"#,
            r#"{"do": {"set_window": {"viewport": 1, "layer": 1, "window": {"center": 3.5, "width": 7}}}}"#,
            r#"{"do": {"set_palette": {"viewport": 1, "layer": 1, "name": "pet"}}}"#,
            r#"{"do": {"set_ratio": {"viewport": 1, "ratio": 0.3}}}"#,
            r#"{"do": {"rotate": {"viewport": 1, "angle_rad": 1.5707963267948966}}}"#,
            r#"{"do": {"set_zoom": {"viewport": 1, "zoom": 2}}}"#,
            r#"{"do": {"center_on": {"viewport": 1, "place_mm": [8, -4, 1.5]}}}"#,
        ],
        &[
            r#"{"do": {"invert": {"viewport": 1, "layer": 1}}}"#,
            r#"{"do": {"set_kind": {"viewport": 1, "kind": "plane"}}}"#,
            r#"{"do": {"center_on": {"viewport": 1, "place_mm": [0, 0, 1.5]}}}"#,
            r#"{"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[20, 30, 128, 128], [90, 70, 128, 128]]}}}"#,
        ],
    ];
    for lines in cases {
        let mut session = fused(lines);
        let slice = Command::GoToSlice {
            viewport: 1,
            slice: 20,
        };
        // The plane lies on that slice already.
        let is_stack = session.apply(slice.clone()).is_ok();
        assert!(is_stack || lines.len() == 4);
        let expected = picture(&mut session);
        let (state, told) = session.blending_state(1, SIZE, content(), Vec::new()).unwrap();
        assert!(told.is_empty(), "{told:?}");
        let bytes = written(&state);
        let (read, warnings) = blending_state(&bytes).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        let mut other = world::session();
        let (commands, told) = other.commands_of_blending(1, SIZE, &read).unwrap();
        assert!(told.is_empty(), "{told:?}");
        follow(&mut other, commands);
        other.apply(slice).unwrap();
        let found = picture(&mut other);
        assert!(found.image == expected.image, "{lines:?}");
        assert_eq!(session.state().marks.len(), other.state().marks.len());
        check_broken(
            &bytes,
            |bytes| blending_state(bytes).ok(),
            |(read, _)| drop(other.commands_of_blending(1, SIZE, &read)),
        );
        let refusal = elsewhere().commands_of_blending(1, SIZE, &read).unwrap_err();
        assert!(refusal.to_string().contains("for other series"), "{refusal}");
    }
}

#[test]
fn what_a_blending_state_cannot_hold_is_told_or_refused() {
    let session = fused(&[
        r#"{"do": {"set_palette": {"viewport": 1, "layer": 0, "name": "bone"}}}"#,
        r#"{"do": {"sharpen": {"viewport": 1, "amount": 2}}}"#,
    ]);
    let (_, told) = session.blending_state(1, SIZE, content(), Vec::new()).unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    let session = fused(&[
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "axis": "coronal", "series": ["ct", "pet"]}}}"#,
    ]);
    let refusal = session
        .blending_state(1, SIZE, content(), Vec::new())
        .unwrap_err();
    assert!(refusal.to_string().contains("turned by quarters"), "{refusal}");
    let session = fused(&[r#"{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["ct"]}}}"#]);
    let refusal = session
        .blending_state(1, SIZE, content(), Vec::new())
        .unwrap_err();
    assert!(refusal.to_string().contains("slices of two series"), "{refusal}");
}
