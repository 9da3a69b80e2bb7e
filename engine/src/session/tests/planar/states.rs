//! Presentation states of images without a volume.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::super::radiographs::Made;
use super::super::saved::{content, through_dicom};
use super::{done, session_of, show};
use crate::dicom::presentation_state::PresentationState;
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer};
use crate::session::{Session, Sharpness};

const SIZE: Size = Size {
    width: 96,
    height: 96,
};

fn picture(session: &mut Session) -> crate::session::Picture {
    let mut renderer = CpuRenderer::new();
    session
        .image(1, SIZE, Sharpness::Still, &mut renderer, &Cancel::new())
        .unwrap()
}

/// Shows a state in a session that has shown nothing yet; gives what it does not follow.
fn follow(session: &mut Session, state: &PresentationState) -> Vec<String> {
    let (commands, told) = session.commands_of(1, SIZE, state).unwrap();
    for command in commands {
        session.apply(command).unwrap();
    }
    told
}

#[test]
fn a_state_of_a_radiograph_shows_the_picture_that_it_was_made_of() {
    let values = (0..64 * 48_u16).map(|n| (n * 5) % 4000).collect();
    let made = Made::grey("CR", [64, 48], &[values])
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1")
        .text(tags::PIXEL_ASPECT_RATIO, VR::IS, "3\\2")
        .text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3")
        .text(tags::RESCALE_SLOPE, VR::DS, "2")
        .text(tags::RESCALE_INTERCEPT, VR::DS, "-100")
        .text(tags::SHUTTER_SHAPE, VR::CS, "CIRCULAR")
        .text(tags::CENTER_OF_CIRCULAR_SHUTTER, VR::IS, "24\\32")
        .text(tags::RADIUS_OF_CIRCULAR_SHUTTER, VR::IS, "20");
    let all: &[&[&str]] = &[
        &[],
        &[
            r#"{"do": {"set_window": {"viewport": 1, "layer": 0, "window": {"center": 3000, "width": 2500}}}}"#,
            r#"{"do": {"invert": {"viewport": 1, "layer": 0}}}"#,
            r#"{"do": {"rotate": {"viewport": 1, "angle_rad": 1.5707963267948966}}}"#,
        ],
        &[
            r#"{"do": {"set_table": {"viewport": 1, "layer": 0, "table": {"first": 500, "bits": 9, "entries": [0, 500, 20, 300]}}}}"#,
            r#"{"do": {"set_shutter": {"viewport": 1, "shutter": {"rectangle": [5, 50, 4, 40]}}}}"#,
            r#"{"do": {"flip_horizontally": {"viewport": 1}}}"#,
            r#"{"do": {"place_mark": {"viewport": 1, "kind": "rectangle", "points_mm": [[4, 3, 0], [20, 21, 0]], "text": "plate"}}}"#,
        ],
        &[r#"{"do": {"set_shutter": {"viewport": 1, "shutter": {}}}}"#],
    ];
    for lines in all {
        let mut session = session_of(&[&made]);
        show(&mut session);
        lines.iter().for_each(|line| done(&mut session, line));
        let expected = picture(&mut session);
        let (state, told) = session.presentation_state(1, SIZE, content()).unwrap();
        assert!(told.is_empty(), "{told:?}");
        let mut other = session_of(&[&made]);
        let told = follow(&mut other, &through_dicom(&state));
        assert!(told.is_empty(), "{told:?}");
        let found = picture(&mut other);
        assert!(found.image == expected.image, "{lines:?}");
        let texts = |picture: &crate::session::Picture| {
            picture
                .lines
                .iter()
                .map(|line| line.text.clone())
                .collect::<String>()
        };
        assert_eq!(texts(&found), texts(&expected));
    }
}

#[test]
fn a_state_of_colours_is_refused() {
    let mut session = session_of(&[&Made::colour("US", [40, 30], vec![9; 3600])]);
    show(&mut session);
    let refusal = session
        .presentation_state(1, SIZE, content())
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("images of colour"), "{refusal}");
}
