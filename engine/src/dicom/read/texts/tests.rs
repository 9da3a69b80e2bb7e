use std::borrow::Cow;

use codec::dataset::{Object, PixelKind, PixelLocation};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::{hanging_facts, planar_hanging_facts};
use crate::dicom::read::{FrameRef, Instance, Series, Stack, collect};
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::presentation::hanging::{Laterality, SeriesFacts};

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, text: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(text)));
}

fn put_items(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

fn code(value: &str, meaning: &str) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put(&mut item, tags::CODE_VALUE, VR::SH, value);
    put(&mut item, tags::CODE_MEANING, VR::LO, meaning);
    item
}

fn detector(value: &str, meaning: &str) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_items(&mut item, tags::VIEW_CODE_SEQUENCE, vec![code(value, meaning)]);
    item
}

fn series(modality: &str, change: impl Fn(&mut InMemDicomObject)) -> Series {
    let mut object = InMemDicomObject::new_empty();
    put(&mut object, tags::MODALITY, VR::CS, modality);
    put(&mut object, tags::STUDY_INSTANCE_UID, VR::UI, "1.2");
    put(&mut object, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3");
    change(&mut object);
    let object = Object {
        transfer_syntax_uid: String::new(),
        transfer_syntax: None,
        data_set: object,
        meta: InMemDicomObject::new_empty(),
        pixels: Some(PixelLocation {
            kind: PixelKind::Integer,
            vr: VR::OW,
            range: 0..0,
            announced: None,
        }),
        bytes: Cow::Borrowed(&[]),
        warnings: Vec::new(),
    };
    let mut studies = collect(vec![Instance::new(0, object)]);
    studies.remove(0).series.remove(0)
}

fn facts(series: &Series) -> SeriesFacts {
    let frames: Vec<FrameRef> = (0..series.instances[0].frames.len())
        .map(|frame| FrameRef { instance: 0, frame })
        .collect();
    planar_hanging_facts(series, &frames)
}

#[test]
fn frames_of_a_bone_scan_say_from_where_they_are_seen() {
    let scan = |views: [(&str, &str); 2]| {
        facts(&series("NM", |object| {
            put(object, tags::NUMBER_OF_FRAMES, VR::IS, "2");
            put(
                object,
                tags::IMAGE_TYPE,
                VR::CS,
                "ORIGINAL\\PRIMARY\\WHOLE BODY\\EMISSION",
            );
            put(object, tags::DETECTOR_VECTOR, VR::IS, "2\\1");
            let detectors = views.map(|(value, meaning)| detector(value, meaning));
            put_items(object, tags::DETECTOR_INFORMATION_SEQUENCE, detectors.into());
        }))
    };
    // CID 26 of today and of before 2020, and meanings alone; the second detector made the first frame.
    let found = scan([("399321004", ""), ("G-5216", "")]);
    assert_eq!(found.frame_views, ["posterior", "anterior"]);
    assert_eq!(
        found.image_type,
        ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]
    );
    assert!(!found.has_volume && found.is_emission && found.images == 2);
    let found = scan([("X1", " Anterior projection"), ("X2", "LEFT LATERAL")]);
    assert_eq!(found.frame_views, ["left lateral", "anterior"]);
    for (meaning, expected) in [
        ("ANT", "anterior"),
        ("Posterior view of the body", "posterior"),
        ("antero-posterior", "anterior"),
        ("Postero-anterior", "posterior"),
        ("前位", "anterior"),
        ("后位", "posterior"),
        ("Left anterior oblique", "left anterior oblique"),
        ("左前斜", "左前斜"),
    ] {
        assert_eq!(
            scan([("", meaning), ("", "")]).frame_views[1],
            expected,
            "{meaning}"
        );
    }
}

#[test]
fn frames_that_do_not_say_have_no_views() {
    let silent = series("NM", |object| put(object, tags::NUMBER_OF_FRAMES, VR::IS, "2"));
    assert!(facts(&silent).frame_views.is_empty());
    // A vector that points beyond the detectors that are described.
    let wrong = series("NM", |object| {
        put(object, tags::NUMBER_OF_FRAMES, VR::IS, "2");
        put(object, tags::DETECTOR_VECTOR, VR::IS, "0\\9");
        put_items(
            object,
            tags::DETECTOR_INFORMATION_SEQUENCE,
            vec![detector("G-5215", "")],
        );
    });
    assert!(facts(&wrong).frame_views.is_empty());
}

#[test]
fn breasts_have_a_side_and_a_view() {
    let found = |side: Tag, position: Option<&str>, view: &str| {
        let found = facts(&series("MG", |object| {
            put(object, side, VR::CS, "L");
            put_items(object, tags::VIEW_CODE_SEQUENCE, vec![code(view, "")]);
            if let Some(position) = position {
                put(object, tags::VIEW_POSITION, VR::CS, position);
            }
        }));
        assert_eq!(found.laterality, Some(Laterality::Left));
        found.view_position
    };
    let position = found(tags::IMAGE_LATERALITY, Some("MLO"), "R-10242");
    assert_eq!(position.as_deref(), Some("MLO"));
    assert_eq!(found(tags::LATERALITY, None, "R-10242").as_deref(), Some("CC"));
    assert_eq!(found(tags::LATERALITY, None, "399368009").as_deref(), Some("MLO"));
    assert_eq!(found(tags::LATERALITY, None, "none"), None);
    let unpaired = series("DX", |object| put(object, tags::LATERALITY, VR::CS, "U"));
    assert_eq!(facts(&unpaired).laterality, None);
}

fn grid() -> Grid {
    let axes = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]].map(Vector::from);
    Grid::new([2, 2, 1], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap()
}

#[test]
fn corrections_are_read_wherever_they_stand() {
    let corrected = |text: &str| {
        let series = series("PT", |object| put(object, tags::CORRECTED_IMAGE, VR::CS, text));
        let stack = Stack {
            frames: vec![FrameRef {
                instance: 0,
                frame: 0,
            }],
            grid: grid(),
            labels: Vec::new(),
            frame_of_reference_uid: Some("1.5".to_owned()),
            warnings: Vec::new(),
        };
        let found = hanging_facts(&series, &stack);
        assert_eq!(found.frame_of_reference_uid.as_deref(), Some("1.5"));
        found.is_attenuation_corrected
    };
    assert_eq!(corrected("DECY\\ATTN\\SCAT"), Some(true));
    assert_eq!(corrected("DECY\\SCAT"), Some(false));
    assert_eq!(corrected(""), None);
}
