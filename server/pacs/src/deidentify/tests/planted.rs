//! Names and numbers planted everywhere, found nowhere.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::{PLAIN, PixelBytes, contains, file, key, object, read, run, sequence, text};
use crate::deidentify::{Cleaning, Dates, Error, Key, Options, Request, Subject, deidentify};

/// What must not leave: in Chinese characters and in Latin letters.
const NAMES: &[&str] = &[
    "王小东",
    "王^小东",
    "WangXiaoDong",
    "Wang^XiaoDong",
    "李医生",
    "4711-0815",
    "13800138000",
    "ACC99881",
];

fn item(elements: impl IntoIterator<Item = DataElement<InMemDicomObject>>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

/// A report with identifiers in every corner.
fn planted() -> InMemDicomObject {
    let mut object = object();
    let creator = Tag(0x0029, 0x0010);
    let content = item([
        text(tags::VALUE_TYPE, VR::CS, "TEXT"),
        text(tags::TEXT_VALUE, VR::UT, "王小东 seen by 李医生, 13800138000"),
        sequence(
            tags::CONTENT_SEQUENCE,
            vec![item([
                text(tags::VALUE_TYPE, VR::CS, "PNAME"),
                text(tags::PERSON_NAME, VR::PN, "李医生"),
                sequence(
                    tags::CONCEPT_NAME_CODE_SEQUENCE,
                    vec![item([
                        text(tags::CODE_VALUE, VR::SH, "ACC99881"),
                        text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "99HOSP"),
                        text(tags::CODE_MEANING, VR::LO, "王小东"),
                    ])],
                ),
            ])],
        ),
    ]);
    for element in [
        text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "GB18030"),
        text(tags::SOP_CLASS_UID, VR::UI, uids::ENHANCED_SR_STORAGE),
        text(tags::PATIENT_NAME, VR::PN, "Wang^XiaoDong=王^小东"),
        text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, "李医生"),
        text(tags::ACCESSION_NUMBER, VR::SH, "ACC99881"),
        text(tags::PATIENT_TELEPHONE_NUMBERS, VR::SH, "13800138000"),
        text(tags::SERIES_DESCRIPTION, VR::LO, "PET 王小东"),
        // Not in the table; text that people type all the same.
        text(tags::FILTER_TYPE, VR::SH, "x 王小东 y"),
        text(tags::CONVOLUTION_KERNEL, VR::SH, "wang"),
        text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\ACC99881"),
        text(tags::SERIES_NUMBER, VR::IS, "13800138000"),
        text(tags::PROTOCOL_NAME, VR::LO, "4711-0815"),
        text(tags::CONTENT_LABEL, VR::CS, "ACC99881"),
        text(creator, VR::LO, "王小东"),
        text(Tag(0x0029, 0x1001), VR::LO, "王小东"),
        DataElement::new(
            Tag(0x0029, 0x1002),
            VR::UN,
            PrimitiveValue::U8("4711-0815".as_bytes().into()),
        ),
        // A standard attribute in the wrong representation.
        DataElement::new(
            tags::DETECTOR_ID,
            VR::OB,
            PrimitiveValue::U8(b"WangXiaoDong".as_slice().into()),
        ),
        DataElement::new(
            tags::SPATIAL_RESOLUTION,
            VR::DS,
            PrimitiveValue::from("13800138000 Wang"),
        ),
        sequence(tags::CONTENT_SEQUENCE, vec![content]),
    ] {
        object.put(element);
    }
    object
}

/// The bytes of Chinese text in GB18030, known from the code tables.
const GB18030_NAME: &[u8] = &[0xCD, 0xF5, 0xD0, 0xA1, 0xB6, 0xAB];

fn everything_that_can_be_kept() -> Options {
    Options {
        dates: Dates::Shifted,
        keep_device: true,
        keep_patient_characteristics: true,
        keep_safe_private: true,
        keep_suv: true,
        ..Options::default()
    }
}

#[test]
fn planted_text_is_nowhere_in_the_bytes() {
    let bytes = file(&planted(), PLAIN, PixelBytes::None);
    assert!(contains(&bytes, GB18030_NAME), "planted in GB18030");
    for options in [Options::default(), everything_that_can_be_kept()] {
        let request = Request {
            options,
            ..Request::default()
        };
        let result = deidentify(&bytes, &key(), &request).unwrap();
        assert!(!contains(&result.bytes, GB18030_NAME));
        for name in NAMES {
            assert!(!contains(&result.bytes, name.as_bytes()), "{name}");
            let lower = result.bytes.to_ascii_lowercase();
            assert!(!contains(&lower, name.to_lowercase().as_bytes()), "{name}");
        }
        assert!(result.found_in.contains(&tags::FILTER_TYPE));
        assert!(result.file_name().starts_with("2.25."));
    }
}

#[test]
fn says_what_was_done() {
    let result = run(&planted(), &Request::default()).unwrap();
    let new = read(&result);
    let value = |tag| new.get(tag).unwrap().to_str().unwrap().into_owned();
    assert_eq!(value(tags::PATIENT_IDENTITY_REMOVED), "YES");
    assert_eq!(value(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED), "REMOVED");
    assert!(value(tags::DEIDENTIFICATION_METHOD).contains("PS3.15"));
    assert_eq!(codes(&new), ["113100"]);
    let options = Options {
        dates: Dates::Kept,
        keep_uids: true,
        ..Options::default()
    };
    let new = read(
        &run(
            &planted(),
            &Request {
                options,
                ..Request::default()
            },
        )
        .unwrap(),
    );
    assert_eq!(codes(&new), ["113100", "113106", "113110"]);
    assert_eq!(
        new.get(tags::SOP_INSTANCE_UID).unwrap().to_str().unwrap(),
        "1.2.3.4.1"
    );
}

fn codes(object: &InMemDicomObject) -> Vec<String> {
    let items = object
        .get(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE)
        .unwrap()
        .items()
        .unwrap();
    items
        .iter()
        .map(|item| item.get(tags::CODE_VALUE).unwrap().to_str().unwrap().into_owned())
        .collect()
}

#[test]
fn objects_of_a_study_stay_together() {
    let options = Options {
        dates: Dates::Shifted,
        ..Options::default()
    };
    let request = Request {
        options,
        ..Request::default()
    };
    let made = |sop: &str, date: &str, key: &Key| {
        let mut object = object();
        object.put(text(tags::SOP_INSTANCE_UID, VR::UI, sop));
        object.put(text(tags::STUDY_DATE, VR::DA, date));
        let reference = item([text(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3.4.2")]);
        object.put(sequence(tags::SOURCE_IMAGE_SEQUENCE, vec![reference]));
        read(&deidentify(&file(&object, PLAIN, PixelBytes::None), key, &request).unwrap())
    };
    let value = |object: &InMemDicomObject, tag| object.get(tag).unwrap().to_str().unwrap().into_owned();
    let (one, two) = (
        made("1.2.3.4.1", "20240301", &key()),
        made("1.2.3.4.2", "20240229", &key()),
    );
    for tag in [
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
        tags::PATIENT_ID,
        tags::PATIENT_NAME,
    ] {
        let there = |object: &InMemDicomObject| object.get(tag).map(|e| e.to_str().unwrap().into_owned());
        assert_eq!(there(&one), there(&two));
    }
    let reference = one.get(tags::SOURCE_IMAGE_SEQUENCE).unwrap().items().unwrap();
    assert_eq!(
        value(&reference[0], tags::REFERENCED_SOP_INSTANCE_UID),
        value(&two, tags::SOP_INSTANCE_UID)
    );
    // Neighbouring days stay neighbours.
    let date = value(&one, tags::STUDY_DATE);
    assert_eq!(
        super::super::dates::earlier(&date, 1),
        Some(value(&two, tags::STUDY_DATE))
    );
    let other = made("1.2.3.4.1", "20240301", &Key::new([7; 32]));
    assert_ne!(
        value(&other, tags::STUDY_INSTANCE_UID),
        value(&one, tags::STUDY_INSTANCE_UID)
    );
    assert_ne!(value(&other, tags::PATIENT_ID), value(&one, tags::PATIENT_ID));
}

#[test]
fn a_study_may_name_its_subjects() {
    let subject = Some(Subject {
        id: "S-001".to_owned(),
        name: "S-001".to_owned(),
    });
    let new = read(
        &run(
            &planted(),
            &Request {
                subject,
                ..Request::default()
            },
        )
        .unwrap(),
    );
    assert_eq!(new.get(tags::PATIENT_ID).unwrap().to_str().unwrap(), "S-001");
    assert_eq!(new.get(tags::PATIENT_NAME).unwrap().to_str().unwrap(), "S-001");
}

#[test]
fn options_that_take_a_person_are_refused() {
    for cleaning in [
        Cleaning::Descriptors,
        Cleaning::StructuredContent,
        Cleaning::Graphics,
        Cleaning::PixelData,
        Cleaning::VisualFeatures,
    ] {
        let options = Options {
            cleaning: vec![cleaning],
            ..Options::default()
        };
        let error = run(
            &planted(),
            &Request {
                options,
                ..Request::default()
            },
        )
        .unwrap_err();
        assert!(
            matches!(error, Error::Cleaning(found) if found == cleaning),
            "{error}"
        );
    }
}

#[test]
fn safe_private_attributes_stay_when_asked() {
    let mut object = object();
    let factor = Tag(0x7053, 0x1000);
    object.put(text(Tag(0x7053, 0x0010), VR::LO, "Philips PET Private Group"));
    object.put(DataElement::new(
        factor,
        VR::UN,
        PrimitiveValue::U8(b"0.00015 ".as_slice().into()),
    ));
    object.put(text(Tag(0x7053, 0x1001), VR::LO, "4711-0815"));
    object.put(text(Tag(0x7053, 0x1009), VR::DS, "Wang"));
    object.put(text(Tag(0x0009, 0x0010), VR::LO, "GEMS_PETD_01"));
    object.put(text(Tag(0x0009, 0x100D), VR::DT, "20240229120000.00"));
    object.put(text(Tag(0x0009, 0x103B), VR::DT, "20240229110000.00"));
    assert!(
        read(&run(&object, &Request::default()).unwrap())
            .iter()
            .all(|element| element.header().tag.0 % 2 == 0)
    );
    let options = Options {
        keep_suv: true,
        ..Options::default()
    };
    let new = read(
        &run(
            &object,
            &Request {
                options,
                ..Request::default()
            },
        )
        .unwrap(),
    );
    assert_eq!(new.get(factor).unwrap().to_float64().unwrap(), 0.00015);
    assert!(new.get(Tag(0x7053, 0x1001)).is_none() && new.get(Tag(0x7053, 0x1009)).is_none());
    let time = |element| {
        new.get(Tag(0x0009, element))
            .unwrap()
            .to_str()
            .unwrap()
            .into_owned()
    };
    let (scan, given) = (time(0x100D), time(0x103B));
    assert!(
        scan.ends_with("120000.00") && scan[..8] == given[..8] && &scan[..8] != "20240229",
        "{scan}"
    );
}
