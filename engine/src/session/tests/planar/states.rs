//! Presentation states of images without a volume.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::super::radiographs::{Made, collection};
use super::super::saved::{content, through_dicom};
use super::{done, grey, session_of, show};
use crate::dicom::presentation_state::PresentationState;
use crate::dicom::read::presentation_state;
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer};
use crate::session::state::MarkKind;
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

/// A state of another maker for a real radiograph, whose pixels were taken away: others stand for them.
#[test]
fn the_state_of_another_maker_is_followed() {
    let Some(folder) = shared_data::set("objects/pr-pdf-stl") else {
        return;
    };
    let radiograph = dicom_object::open_file(folder.join("CR000000.dcm")).unwrap();
    let side = 2688_u16;
    let values: Vec<u16> = (0..u32::from(side) * u32::from(side))
        .map(|n| ((n % u32::from(side) / 8 * 7) % 4096) as u16)
        .collect();
    let filled = Made::grey("CR", [side, side], &[values.clone()]);
    let mut object = radiograph.into_inner();
    object.put(filled.object.element(tags::PIXEL_DATA).unwrap().clone());
    let meta = dicom_object::FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("1.2");
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    let mut session = Session::new(Box::new(collection(vec![bytes])));
    let (state, _) = presentation_state(&std::fs::read(folder.join("PR000000.dcm")).unwrap()).unwrap();
    let told = follow(&mut session, &state);
    assert!(told.is_empty(), "{told:?}");
    // The state's window of 2048 and 4096 from black to white, though the image is MONOCHROME1; columns in eights.
    let image = grey(&picture(&mut session).image);
    let expected: Vec<u8> = (0..96_u32)
        .map(|x| {
            // 28 columns of the image a pixel, their copies of four and eight columns have whole eights.
            let column = 28.0 * f64::from(x) + 13.5;
            let value = |at: f64| f64::from(values[(at.clamp(0.0, 2687.0)) as usize]);
            let mean = (0..28).map(|n| value(column - 13.5 + f64::from(n))).sum::<f64>() / 28.0;
            (mean / 4095.0 * 255.0).round() as u8
        })
        .collect();
    for (x, expected) in expected.iter().enumerate() {
        // Where the values begin again at 0, a mean of both sides depends on how it is made.
        let is_smooth = x == 0 || expected.abs_diff(image[48 * 96 + x - 1]) < 40;
        let found = image[48 * 96 + x];
        assert!(
            !is_smooth || found.abs_diff(*expected) <= 12,
            "{x}: {found} is not {expected}"
        );
    }
    let marks: Vec<_> = session.state().marks.values().collect();
    assert_eq!(marks.len(), 1);
    assert_eq!(marks[0].kind, MarkKind::Ellipse);
    assert!(marks[0].text.starts_with("Mean: 2651.41"), "{}", marks[0].text);
    // Its diameters in the state: 792.5 columns of 0.16 mm at the detector.
    let n = *session.state().marks.keys().next().unwrap();
    let readout = session.mark_readout(n).unwrap();
    let long = readout
        .get("long_axis", None)
        .unwrap()
        .max(readout.get("short_axis", None).unwrap());
    assert!((long - 792.491 * 0.16).abs() < 0.1, "{long}");
    assert!(
        readout
            .warnings
            .iter()
            .any(|warning| warning.contains("detector"))
    );
}
