//! Images without a volume: their pictures, their numbers, what they refuse.

mod numbers;
mod states;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::radiographs::{Made, collection, radiograph};
use crate::colormap::Window;
use crate::dicom::read::planar::Pixels;
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer, Image};
use crate::session::{ImageArrival, Session, Sharpness, Source};

fn session_of(made: &[&Made]) -> Session {
    Session::new(Box::new(collection(
        made.iter().map(|made| made.bytes()).collect(),
    )))
}

fn done(session: &mut Session, line: &str) {
    let events = session.apply_json(line);
    let told = serde_json::to_string(&events).unwrap();
    assert!(!told.contains("refused"), "{line}: {told}");
}

fn refused(session: &mut Session, line: &str, part: &str) {
    let before = session.state().clone();
    let told = serde_json::to_string(&session.apply_json(line)).unwrap();
    assert!(told.contains("refused") && told.contains(part), "{line}: {told}");
    assert_eq!(*session.state(), before);
}

fn picture(session: &mut Session, width: u32, height: u32) -> crate::session::Picture {
    let size = Size { width, height };
    let mut renderer = CpuRenderer::new();
    session
        .image(1, size, Sharpness::Still, &mut renderer, &Cancel::new())
        .unwrap()
}

fn grey(image: &Image) -> Vec<u8> {
    image.rgba.chunks_exact(4).map(|pixel| pixel[0]).collect()
}

fn show(session: &mut Session) {
    let key = session.series()[0].key.clone();
    done(
        session,
        &format!(r#"{{"do": {{"show": {{"viewport": 1, "kind": "stack", "series": ["{key}"]}}}}}}"#),
    );
}

/// An image of square pixels is shown pixel by pixel as its own pipeline has it.
fn shows_itself(made: &Made) {
    let source = collection(vec![made.bytes()]);
    let ImageArrival::Whole(image) = source.image("1.2.8.1", 0) else {
        panic!("the image is there");
    };
    let expected = image.planar.display(None);
    let mut session = session_of(&[made]);
    show(&mut session);
    let shown = picture(&mut session, expected.width, expected.height).image;
    match expected.pixels {
        Pixels::Grey(levels) => assert_eq!(grey(&shown), levels),
        Pixels::Rgb(rgb) => {
            let found: Vec<u8> = shown
                .rgba
                .chunks_exact(4)
                .flat_map(|pixel| pixel[..3].to_vec())
                .collect();
            assert_eq!(found, rgb);
        }
    }
}

fn ramp() -> Vec<u16> {
    (0..80 * 60_u16).map(|n| (n * 7) % 4096).collect()
}

#[test]
fn at_a_pixel_a_pixel_the_picture_is_the_makers() {
    let plain = Made::grey("CR", [80, 60], &[ramp()]);
    shows_itself(&plain);
    shows_itself(
        &plain
            .clone()
            .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1"),
    );
    let windowed =
        plain
            .clone()
            .text(tags::WINDOW_CENTER, VR::DS, "1000")
            .text(tags::WINDOW_WIDTH, VR::DS, "700");
    shows_itself(&windowed.clone().text(tags::VOILUT_FUNCTION, VR::CS, "SIGMOID"));
    shows_itself(&windowed);
    let mut table = InMemDicomObject::new_empty();
    let words = |words: Vec<u16>| PrimitiveValue::U16(words.into_iter().collect());
    for (tag, vr, value) in [
        (tags::LUT_DESCRIPTOR, VR::US, words(vec![256, 500, 10])),
        (
            tags::LUT_DATA,
            VR::OW,
            words((0..256).map(|n| n * n / 64).collect()),
        ),
    ] {
        table.put(dicom_core::DataElement::new(tag, vr, value));
    }
    shows_itself(&plain.clone().items(tags::VOILUT_SEQUENCE, vec![table.clone()]));
    shows_itself(&plain.items(tags::MODALITY_LUT_SEQUENCE, vec![table]));
    let rgb: Vec<u8> = (0..40 * 30 * 3_u32).map(|n| (n * 31 % 256) as u8).collect();
    shows_itself(&Made::colour("US", [40, 30], rgb));
}

#[test]
fn an_image_that_is_reduced_loses_no_pixel() {
    // A single bright pixel among 1024 by 1024 dark ones: its light is in the picture of 64 by 64.
    let mut values = vec![0_u16; 1024 * 1024];
    values[500 * 1024 + 301] = 4000;
    let made = Made::grey("CR", [1024, 1024], &[values])
        .text(tags::WINDOW_CENTER, VR::DS, "8")
        .text(tags::WINDOW_WIDTH, VR::DS, "16");
    let mut session = session_of(&[&made]);
    show(&mut session);
    let found = grey(&picture(&mut session, 64, 64).image);
    let brightest = (0..found.len()).max_by_key(|n| found[*n]).unwrap();
    assert_eq!((brightest % 64, brightest / 64), (18, 31));
    // 4000 over 256 pixels, against a window of 16.
    assert!(found[brightest] > 200, "{}", found[brightest]);
}

#[test]
fn windows_palettes_turning_and_overlays_follow() {
    let made = radiograph();
    let mut session = session_of(&[&made]);
    show(&mut session);
    let first = grey(&picture(&mut session, 12, 4).image);
    // Values of row 0 and 1 are averaged (a pixel of the picture covers two rows of half a height).
    done(
        &mut session,
        r#"{"do": {"use_stated_window": {"viewport": 1, "layer": 0, "index": 1}}}"#,
    );
    let narrow = grey(&picture(&mut session, 12, 4).image);
    assert_ne!(first, narrow);
    refused(
        &mut session,
        r#"{"do": {"use_stated_window": {"viewport": 1, "layer": 0, "index": 2}}}"#,
        "below 2",
    );
    done(
        &mut session,
        r#"{"do": {"set_window": {"viewport": 1, "layer": 0, "window": {"center": 400, "width": 800}}}}"#,
    );
    done(&mut session, r#"{"do": {"invert": {"viewport": 1, "layer": 0}}}"#);
    let inverted = grey(&picture(&mut session, 12, 4).image);
    assert!(
        first
            .iter()
            .zip(&inverted)
            .all(|(a, b)| u16::from(*a) + u16::from(*b) == 255 || a.abs_diff(255 - b) <= 1)
    );
    done(
        &mut session,
        r#"{"do": {"drag_window": {"viewport": 1, "layer": 0, "by": [10, 10]}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"set_table": {"viewport": 1, "layer": 0, "table": {"first": 0, "bits": 8, "entries": [64]}}}}"#,
    );
    done(
        &mut session,
        r#"{"do": {"set_palette": {"viewport": 1, "layer": 0, "name": "hot_iron"}}}"#,
    );
    done(&mut session, r#"{"do": {"invert": {"viewport": 1, "layer": 0}}}"#);
    // DICOM's hot iron has [128, 0, 0] there.
    let image = picture(&mut session, 12, 4).image;
    assert!(image.rgba.chunks_exact(4).all(|pixel| pixel[..3] == [128, 0, 0]));
    refused(
        &mut session,
        r#"{"do": {"set_table": {"viewport": 1, "layer": 0, "table": {"first": 0, "bits": 8, "entries": []}}}}"#,
        "0 entries",
    );
    done(&mut session, r#"{"do": {"reset": {}}}"#);
    assert_eq!(grey(&picture(&mut session, 12, 4).image), first);
}

#[test]
fn overlays_are_laid_over_until_they_are_hidden() {
    let tag = |element| dicom_core::Tag(0x6000, element);
    let mut bits = [0_u8; 12];
    bits[0] = 0b100;
    let made = Made::grey("CR", [12, 8], &[vec![0; 96]])
        .text(tags::WINDOW_CENTER, VR::DS, "1000")
        .text(tags::WINDOW_WIDTH, VR::DS, "1000")
        .number(tag(0x0010), 8)
        .number(tag(0x0011), 12)
        .text(tag(0x0040), VR::CS, "G")
        .put(
            tag(0x0050),
            VR::SS,
            PrimitiveValue::I16([1, 1].into_iter().collect()),
        )
        .number(tag(0x0100), 1)
        .number(tag(0x0102), 0)
        .put(
            tag(0x3000),
            VR::OB,
            PrimitiveValue::U8(bits.into_iter().collect()),
        );
    let mut session = session_of(&[&made]);
    show(&mut session);
    let mut expected = vec![0; 96];
    expected[2] = 255;
    assert_eq!(grey(&picture(&mut session, 12, 8).image), expected);
    let mut texts = serde_json::to_value(session.state().texts).unwrap();
    texts["overlays"] = false.into();
    done(
        &mut session,
        &format!(r#"{{"do": {{"set_texts": {{"texts": {texts}}}}}}}"#),
    );
    assert_eq!(grey(&picture(&mut session, 12, 8).image), [0; 96]);
    done(&mut session, r#"{"do": "undo"}"#);
    assert_eq!(grey(&picture(&mut session, 12, 8).image), expected);
    done(&mut session, r#"{"do": {"deidentify": {"on": true}}}"#);
    assert_eq!(grey(&picture(&mut session, 12, 8).image), [0; 96]);
}

#[test]
fn letters_follow_the_patients_orientation() {
    let mut session = session_of(&[&radiograph()]);
    show(&mut session);
    let letters = |session: &mut Session| {
        let letters = picture(session, 24, 8).annotations.letters.unwrap();
        [letters.left, letters.right, letters.top, letters.bottom]
    };
    assert_eq!(letters(&mut session), ["R", "L", "H", "F"]);
    done(&mut session, r#"{"do": {"flip_horizontally": {"viewport": 1}}}"#);
    assert_eq!(letters(&mut session), ["L", "R", "H", "F"]);
    done(
        &mut session,
        r#"{"do": {"rotate": {"viewport": 1, "angle_rad": 1.5707963267948966}}}"#,
    );
    let turned = letters(&mut session);
    assert_eq!([&turned[2][..], &turned[3][..]], ["L", "R"]);
}

#[test]
fn images_without_a_volume_are_not_cut() {
    let mut session = session_of(&[&radiograph()]);
    show(&mut session);
    let key = session.series()[0].key.clone();
    for kind in [
        r#""plane""#,
        r#"{"projection": {"of": "maximum"}}"#,
        r#"{"rendering": {}}"#,
        r#""interleaved""#,
    ] {
        let line = format!(r#"{{"do": {{"show": {{"viewport": 1, "kind": {kind}, "series": ["{key}"]}}}}}}"#);
        refused(&mut session, &line, "stack or tiles");
    }
    let twice =
        format!(r#"{{"do": {{"show": {{"viewport": 1, "kind": "stack", "series": ["{key}", "{key}"]}}}}}}"#);
    refused(&mut session, &twice, "expected 1");
    for line in [
        r#"{"do": {"set_slab": {"viewport": 1, "thickness_mm": 5, "kind": "mean"}}}"#,
        r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": {"sphere": {"center_mm": [1, 1, 0], "radius_mm": 1}}}}}"#,
        r#"{"do": {"jump_to_maximum": {"viewport": 1, "layer": 0, "at": [1, 1, 12, 8]}}}"#,
        r#"{"do": {"detect_lesions": {"viewport": 1, "layer": 0}}}"#,
    ] {
        refused(&mut session, line, "no volume");
    }
}

#[test]
fn frames_of_an_object_are_paged_and_radiographs_stand_alone() {
    let frames: Vec<Vec<u16>> = (0..5).map(|n| vec![n * 100; 96]).collect();
    let cine = Made::grey("XA", [12, 8], &frames)
        .text(tags::WINDOW_CENTER, VR::DS, "250")
        .text(tags::WINDOW_WIDTH, VR::DS, "500");
    let mut session = session_of(&[&cine]);
    assert_eq!(session.series().len(), 1);
    assert_eq!(session.series()[0].grid.size(), [12, 8, 5]);
    assert_eq!(session.series()[0].images[3].frames, [4]);
    show(&mut session);
    let level = |session: &mut Session| grey(&picture(session, 12, 8).image)[40];
    assert_eq!(level(&mut session), 0);
    done(&mut session, r#"{"do": {"scroll": {"viewport": 1, "steps": 2}}}"#);
    let third = level(&mut session);
    assert!((100..=104).contains(&third), "{third}");
    done(
        &mut session,
        r#"{"do": {"set_kind": {"viewport": 1, "kind": {"tiles": {"rows": 1, "columns": 3}}}}}"#,
    );
    let image = picture(&mut session, 36, 8).image;
    let tiles: Vec<u8> = [6, 18, 30].iter().map(|x| image.rgba[(4 * 36 + x) * 4]).collect();
    assert!(tiles[0] < tiles[1] && tiles[1] < tiles[2], "{tiles:?}");
    done(&mut session, r#"{"do": {"mark_key_image": {"viewport": 1}}}"#);
    assert_eq!(session.key_image_references().len(), 1);
    let second = radiograph().named("1.2.8.1.2");
    let session = session_of(&[&radiograph(), &second]);
    let keys: Vec<&str> = session.series().iter().map(|facts| &*facts.key).collect();
    assert_eq!(keys, ["1.2.8.1", "1.2.8.1#2"]);
}

#[test]
fn what_a_shutter_covers_is_black() {
    let plain = Made::grey("CR", [40, 30], &[vec![4000; 1200]])
        .text(tags::WINDOW_CENTER, VR::DS, "1000")
        .text(tags::WINDOW_WIDTH, VR::DS, "1000");
    let covered = plain
        .clone()
        .text(tags::SHUTTER_SHAPE, VR::CS, "RECTANGULAR")
        .text(tags::SHUTTER_LEFT_VERTICAL_EDGE, VR::IS, "11")
        .text(tags::SHUTTER_RIGHT_VERTICAL_EDGE, VR::IS, "30")
        .text(tags::SHUTTER_UPPER_HORIZONTAL_EDGE, VR::IS, "6")
        .text(tags::SHUTTER_LOWER_HORIZONTAL_EDGE, VR::IS, "25");
    let seen = |session: &mut Session| {
        grey(&picture(session, 40, 30).image)
            .iter()
            .filter(|level| **level == 255)
            .count()
    };
    let mut session = session_of(&[&covered]);
    show(&mut session);
    assert_eq!(seen(&mut session), 20 * 20);
    done(
        &mut session,
        r#"{"do": {"set_shutter": {"viewport": 1, "shutter": {"circle": [20, 15, 5]}}}}"#,
    );
    let within = (-5..=5_i32)
        .flat_map(|y| (-5..=5_i32).map(move |x| x * x + y * y))
        .filter(|r| *r <= 25)
        .count();
    assert_eq!(seen(&mut session), within);
    done(&mut session, r#"{"do": "undo"}"#);
    assert_eq!(seen(&mut session), 20 * 20);
    let mut session = session_of(&[&plain]);
    show(&mut session);
    let corners = r#"[[5, 5], [15, 5], [15, 15], [5, 15]]"#;
    let line = format!(
        r#"{{"do": {{"set_shutter": {{"viewport": 1, "shutter": {{"polygon": {corners}, "grey": 30000}}}}}}}}"#
    );
    done(&mut session, &line);
    assert_eq!(seen(&mut session), 100);
}

#[test]
fn no_name_in_the_pixels_reaches_a_picture() {
    let screen = Made::colour("OT", [40, 30], vec![200; 3600]);
    let mut session = session_of(&[&screen]);
    show(&mut session);
    assert!(
        grey(&picture(&mut session, 40, 30).image)
            .iter()
            .all(|level| *level == 200)
    );
    done(&mut session, r#"{"do": {"deidentify": {"on": true}}}"#);
    let hidden = picture(&mut session, 40, 30);
    assert!(grey(&hidden.image).iter().all(|level| *level == 0));
    assert!(hidden.remarks.iter().any(|remark| remark.starts_with("hidden")));
    // One whose maker says that nothing is burned in is shown.
    let clean = screen.text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    let mut session = session_of(&[&clean]);
    show(&mut session);
    done(&mut session, r#"{"do": {"deidentify": {"on": true}}}"#);
    assert!(
        grey(&picture(&mut session, 40, 30).image)
            .iter()
            .all(|level| *level == 200)
    );
}

#[test]
fn a_volume_opens_in_the_window_of_its_maker() {
    let slice = |n: u16, window: [&str; 2]| {
        Made::grey("MR", [12, 8], &[vec![n * 100; 96]])
            .named(&format!("1.2.8.1.{}", n + 1))
            .text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.4")
            .text(tags::PIXEL_SPACING, VR::DS, "1\\1")
            .text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0")
            .text(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!("0\\0\\{n}"))
            .text(tags::WINDOW_CENTER, VR::DS, window[0])
            .text(tags::WINDOW_WIDTH, VR::DS, window[1])
    };
    let made = [
        slice(0, ["1", "2"]),
        slice(1, ["150", "300"]),
        slice(2, ["1", "2"]),
    ];
    let session = session_of(&made.each_ref());
    assert_eq!(session.series()[0].window, Some(Window::linear(150.0, 300.0)));
    // A window without width is none.
    let session = session_of(&[&slice(0, ["0", "0"])]);
    assert_eq!(session.series()[0].window, None);
}
