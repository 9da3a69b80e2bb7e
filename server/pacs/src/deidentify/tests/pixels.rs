//! Pixels that may bear text leave only masked or confirmed.

use codec::TransferSyntax;
use codec::dataset::{self, Limits, PixelKind};
use codec::encapsulation::encapsulate;
use codec::pixels::{PixelData, PixelValue};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::{PLAIN, PixelBytes, contains, file, key, object, text};
use crate::deidentify::{Confirmation, Deidentified, Error, PixelMask, Rectangle, Request, Risk, deidentify};

/// Four by four pixels of 16 bits: 0, 1000, 2000 ...
fn image(class: &str, elements: &[(Tag, &str)]) -> InMemDicomObject {
    let mut object = object();
    let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    object.put(text(tags::SOP_CLASS_UID, VR::UI, class));
    object.put(text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"));
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 4),
        (tags::COLUMNS, 4),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(number(tag, value));
    }
    for (tag, value) in elements {
        object.put(text(*tag, VR::CS, value));
    }
    object
}

fn samples() -> Vec<u8> {
    (0..16_u16).flat_map(|at| (at * 1000).to_le_bytes()).collect()
}

fn native() -> PixelBytes {
    PixelBytes::Native {
        tag: tags::PIXEL_DATA,
        vr: VR::OW,
        bytes: samples(),
    }
}

fn run(object: &InMemDicomObject, request: &Request) -> Result<Deidentified, Error> {
    deidentify(&file(object, PLAIN, native()), &key(), request)
}

fn decoded(result: &Deidentified) -> Vec<u8> {
    let object = dataset::read(&result.bytes, Limits::default()).unwrap();
    let location = object.pixels.clone().unwrap();
    let bytes = &object.bytes[location.range];
    let value = match location.announced {
        Some(_) => PixelValue::Native {
            bytes,
            vr: location.vr,
        },
        None => PixelValue::Encapsulated(bytes),
    };
    let syntax = object.transfer_syntax.unwrap();
    let (pixels, _) = PixelData::new(&object.data_set, syntax, PixelKind::Integer, value).unwrap();
    pixels.decode(0).unwrap()
}

fn mask() -> PixelMask {
    let rectangle = Rectangle {
        column: 0,
        row: 1,
        width: 4,
        height: 1,
    };
    PixelMask {
        rows: 4,
        columns: 4,
        model: None,
        rectangles: vec![rectangle],
    }
}

fn masked() -> Vec<u8> {
    let mut samples = samples();
    samples[8..16].fill(0);
    samples
}

fn confirmation(person: &str, series: &str) -> Request {
    let confirmation = Confirmation {
        person: person.to_owned(),
        series_instance_uid: series.to_owned(),
    };
    Request {
        confirmation: Some(confirmation),
        ..Request::default()
    }
}

/// A class, some attributes, and the risk that they make.
type Case<'a> = (&'a str, &'a [(Tag, &'a str)], Option<Risk>);

#[test]
fn in_doubt_it_does_not_leave() {
    const CT: &str = uids::CT_IMAGE_STORAGE;
    let burned = tags::BURNED_IN_ANNOTATION;
    let kind = tags::IMAGE_TYPE;
    let cases: &[Case] = &[
        (CT, &[], None),
        (CT, &[(burned, "NO")], None),
        (CT, &[(burned, "YES")], Some(Risk::Stated)),
        (CT, &[(kind, "ORIGINAL\\PRIMARY\\AXIAL")], None),
        (CT, &[(kind, "DERIVED\\SECONDARY\\MPR")], None),
        (
            CT,
            &[(kind, "DERIVED\\SECONDARY\\OTHER\\CT_SOM5 PROT"), (burned, "NO")],
            Some(Risk::Screenshot),
        ),
        (
            CT,
            &[(kind, "DERIVED\\SECONDARY\\SCREEN SAVE")],
            Some(Risk::Screenshot),
        ),
        (CT, &[(kind, "DERIVED\\SECONDARY\\OTHER")], Some(Risk::Unstated)),
        (
            CT,
            &[(tags::CONVERSION_TYPE, "WSD"), (burned, "NO")],
            Some(Risk::SecondaryCapture),
        ),
        (
            CT,
            &[(tags::RECOGNIZABLE_VISUAL_FEATURES, "YES")],
            Some(Risk::Face),
        ),
        (uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE, &[], None),
        (uids::NUCLEAR_MEDICINE_IMAGE_STORAGE, &[], None),
        (
            uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
            &[],
            Some(Risk::Unstated),
        ),
        (uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE, &[(burned, "NO")], None),
        (
            uids::ULTRASOUND_IMAGE_STORAGE,
            &[(burned, "NO")],
            Some(Risk::Ultrasound),
        ),
        (
            uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
            &[(burned, "NO")],
            Some(Risk::SecondaryCapture),
        ),
        (
            uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
            &[],
            Some(Risk::SecondaryCapture),
        ),
    ];
    for (class, elements, expected) in cases {
        let found = match run(&image(class, elements), &Request::default()) {
            Ok(_) => None,
            Err(Error::Pixels(risk)) => Some(risk),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, *expected, "{class} {elements:?}");
    }
}

#[test]
fn documents_and_private_classes_never_leave() {
    let with = |class| run(&image(class, &[]), &confirmation("Dr. A", "1.2.3.4.5"));
    assert!(matches!(
        with(uids::ENCAPSULATED_PDF_STORAGE),
        Err(Error::Document)
    ));
    assert!(matches!(with("1.3.12.2.1107.5.9.1"), Err(Error::PrivateClass)));
}

#[test]
fn a_named_person_confirms_one_series() {
    let object = image(
        uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        &[(tags::BURNED_IN_ANNOTATION, "YES")],
    );
    let result = run(&object, &confirmation("Dr. A", "1.2.3.4.5")).unwrap();
    assert_eq!(
        (result.confirmed_by.as_deref(), result.risk),
        (Some("Dr. A"), Some(Risk::Stated))
    );
    assert!(!contains(&result.bytes, b"Dr. A"));
    let new = super::read(&result);
    assert_eq!(
        new.get(tags::BURNED_IN_ANNOTATION).unwrap().to_str().unwrap(),
        "NO"
    );
    assert_eq!(decoded(&result), samples());
    for (person, series) in [("", "1.2.3.4.5"), ("Dr. A", "1.2.3.4.6"), ("Dr. A", "")] {
        assert!(matches!(
            run(&object, &confirmation(person, series)),
            Err(Error::Confirmation { .. })
        ));
    }
}

#[test]
fn a_mask_blackens_native_pixels() {
    let object = image(uids::ULTRASOUND_IMAGE_STORAGE, &[]);
    let request = Request {
        mask: Some(mask()),
        ..Request::default()
    };
    let result = run(&object, &request).unwrap();
    assert_eq!(decoded(&result), masked());
    let new = super::read(&result);
    let codes = new
        .get(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE)
        .unwrap()
        .items()
        .unwrap();
    assert_eq!(
        codes[1].get(tags::CODE_VALUE).unwrap().to_str().unwrap(),
        "113101"
    );
}

#[test]
fn a_mask_blackens_compressed_pixels() {
    let object = image(uids::ULTRASOUND_IMAGE_STORAGE, &[]);
    for syntax in [TransferSyntax::RleLossless, TransferSyntax::JpegLsLossless] {
        let encoder = codec::compression::encoder_for(syntax).unwrap();
        let (description, _) = codec::pixels::describe(&object, PixelKind::Integer).unwrap();
        let frame = encoder.encode(&samples(), &description).unwrap();
        let value = encapsulate([frame.as_slice()]).unwrap();
        // What stands behind the delimiter is no pixel.
        let items = value[..value.len() - 8].to_vec();
        let mut bytes = file(&object, syntax.uid(), PixelBytes::Encapsulated(items));
        bytes.extend_from_slice(b"WangXiaoDong");
        let request = Request {
            mask: Some(mask()),
            ..Request::default()
        };
        assert_eq!(
            decoded(&deidentify(&bytes, &key(), &request).unwrap()),
            masked(),
            "{}",
            syntax.name()
        );
        let confirmed = deidentify(&bytes, &key(), &confirmation("Dr. A", "1.2.3.4.5")).unwrap();
        assert_eq!(decoded(&confirmed), samples(), "{}", syntax.name());
        assert!(!contains(&confirmed.bytes, b"WangXiaoDong"));
    }
}

#[test]
fn a_mask_of_other_images_is_refused() {
    let object = image(uids::ULTRASOUND_IMAGE_STORAGE, &[]);
    let nothing = Rectangle {
        column: 4,
        row: 0,
        width: 9,
        height: 9,
    };
    for mask in [
        PixelMask { rows: 5, ..mask() },
        PixelMask {
            model: Some("another".to_owned()),
            ..mask()
        },
        PixelMask {
            rectangles: vec![nothing],
            ..mask()
        },
        PixelMask {
            rectangles: Vec::new(),
            ..mask()
        },
    ] {
        let request = Request {
            mask: Some(mask),
            ..Request::default()
        };
        assert!(matches!(run(&object, &request), Err(Error::MaskMismatch { .. })));
    }
    let face = image(
        uids::CT_IMAGE_STORAGE,
        &[(tags::RECOGNIZABLE_VISUAL_FEATURES, "YES")],
    );
    let request = Request {
        mask: Some(mask()),
        ..Request::default()
    };
    assert!(matches!(run(&face, &request), Err(Error::Pixels(Risk::Face))));
}

/// An overlay in the four bits above twelve stored ones: the group goes, and so do the bits.
#[test]
fn an_overlay_within_the_pixels_goes() {
    let mut object = image(uids::CT_IMAGE_STORAGE, &[]);
    let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    for (tag, value) in [(tags::BITS_STORED, 12), (tags::HIGH_BIT, 11)] {
        object.put(number(tag, value));
    }
    for (tag, value) in [(Tag(0x6000, 0x0010), 4), (Tag(0x6000, 0x0102), 12)] {
        object.put(number(tag, value));
    }
    let result = run(&object, &Request::default()).unwrap();
    let new = dataset::read(&result.bytes, Limits::default()).unwrap();
    let stored = &new.bytes[new.pixels.clone().unwrap().range];
    let expected: Vec<u8> = (0..16_u16)
        .flat_map(|at| ((at * 1000) & 0x0FFF).to_le_bytes())
        .collect();
    assert_eq!(stored, expected);
    assert!(new.data_set.iter().all(|element| element.header().tag.0 < 0x6000));
}
