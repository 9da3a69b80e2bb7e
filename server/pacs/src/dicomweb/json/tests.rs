//! Both ways, with the cases that other writers get wrong.

use dicom_core::header::Length;
use dicom_core::value::{DataSetSequence, Value as DicomValue};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use serde_json::{Value, json};

use super::{Error, Limits, read, write};
use crate::dicomweb::BulkData;

fn written(object: &InMemDicomObject, left_out: &[(Tag, VR)]) -> Value {
    let bulk = BulkData {
        inline_bytes: 8,
        uri: &|path| format!("bulk/{path}"),
        left_out,
    };
    let mut bytes = Vec::new();
    write(object, &bulk, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn object(elements: impl IntoIterator<Item = (Tag, VR, PrimitiveValue)>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(
        elements
            .into_iter()
            .map(|(tag, vr, value)| DataElement::new(tag, vr, value)),
    )
}

/// A value, what it is in JSON, and back.
fn check(tag: Tag, vr: VR, value: PrimitiveValue, expected: Value) {
    let original = object([(tag, vr, value)]);
    let json = written(&original, &[]);
    let key = format!("{:04X}{:04X}", tag.0, tag.1);
    assert_eq!(json[&key], expected);
    let (back, bulk) = read(json.to_string().as_bytes(), Limits::default()).unwrap();
    assert!(bulk.is_empty());
    let bits = |object: &InMemDicomObject| format!("{:?}", object.get(tag).unwrap().value());
    assert_eq!(bits(&back), bits(&original));
}

#[test]
fn names_have_groups() {
    let name = |text: &str| PrimitiveValue::from(text);
    check(
        tags::PATIENT_NAME,
        VR::PN,
        name("Wang^XiaoDong=王^小东"),
        json!({"vr": "PN", "Value": [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}]}),
    );
    check(
        tags::PATIENT_NAME,
        VR::PN,
        name("==yi"),
        json!({"vr": "PN", "Value": [{"Phonetic": "yi"}]}),
    );
}

#[test]
fn decimal_text_is_numbers() {
    let strs = |parts: &[&str]| PrimitiveValue::Strs(parts.iter().map(|part| (*part).to_owned()).collect());
    check(
        tags::PIXEL_SPACING,
        VR::DS,
        strs(&["0.5", "2"]),
        json!({"vr": "DS", "Value": [0.5, 2.0]}),
    );
    check(
        tags::IMAGE_POSITION_PATIENT,
        VR::DS,
        strs(&["1", "", "3"]),
        json!({"vr": "DS", "Value": [1.0, null, 3.0]}),
    );
    check(
        tags::INSTANCE_NUMBER,
        VR::IS,
        "12".into(),
        json!({"vr": "IS", "Value": [12]}),
    );
    // What is no number stays as it is.
    check(
        tags::SLICE_THICKNESS,
        VR::DS,
        "NaN".into(),
        json!({"vr": "DS", "Value": ["NaN"]}),
    );
    check(
        tags::INSTANCE_NUMBER,
        VR::IS,
        "1.5".into(),
        json!({"vr": "IS", "Value": ["1.5"]}),
    );
}

#[test]
fn numbers_keep_their_value() {
    let tag = Tag(0x0018, 0x9999);
    let reals = PrimitiveValue::F64(
        [0.1, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324]
            .as_slice()
            .into(),
    );
    check(
        tag,
        VR::FD,
        reals,
        json!({"vr": "FD", "Value": [0.1, "inf", "-inf", "NaN", 5e-324]}),
    );
    let reals = PrimitiveValue::F32([0.1_f32, f32::MAX].as_slice().into());
    check(
        tag,
        VR::FL,
        reals,
        json!({"vr": "FL", "Value": [0.1, 3.402_823_5e38]}),
    );
    let whole = PrimitiveValue::U64([7, u64::MAX].as_slice().into());
    check(
        tag,
        VR::UV,
        whole,
        json!({"vr": "UV", "Value": [7, "18446744073709551615"]}),
    );
    let whole = PrimitiveValue::I64([-7, i64::MIN].as_slice().into());
    check(
        tag,
        VR::SV,
        whole,
        json!({"vr": "SV", "Value": [-7, "-9223372036854775808"]}),
    );
    check(
        tag,
        VR::SS,
        PrimitiveValue::from(-1_i16),
        json!({"vr": "SS", "Value": [-1]}),
    );
    check(
        tag,
        VR::AT,
        PrimitiveValue::Tags([Tag(0x7FE0, 0x10)].as_slice().into()),
        json!({"vr": "AT", "Value": ["7FE00010"]}),
    );
}

#[test]
fn text_and_private_attributes() {
    check(
        tags::IMAGE_COMMENTS,
        VR::LT,
        "a\\b \"c\"\u{1}".into(),
        json!({"vr": "LT", "Value": ["a\\b \"c\"\u{1}"]}),
    );
    check(
        tags::SPECIFIC_CHARACTER_SET,
        VR::CS,
        "ISO_IR 192".into(),
        json!({"vr": "CS", "Value": ["ISO_IR 192"]}),
    );
    check(
        tags::ACCESSION_NUMBER,
        VR::SH,
        PrimitiveValue::Empty,
        json!({"vr": "SH"}),
    );
    check(
        Tag(0x0009, 0x1001),
        VR::LO,
        "x".into(),
        json!({"vr": "LO", "Value": ["x"]}),
    );
    let other = object([(tags::SPECIFIC_CHARACTER_SET, VR::CS, "GB18030".into())]);
    assert_eq!(written(&other, &[])["00080005"]["Value"], json!(["ISO_IR 192"]));
}

#[test]
fn short_binary_is_inline_and_long_is_elsewhere() {
    let bytes = |n: u16| PrimitiveValue::U16((0..n).collect());
    check(
        Tag(0x6000, 0x3000),
        VR::OW,
        bytes(3),
        json!({"vr": "OW", "InlineBinary": "AAABAAIA"}),
    );
    let item = object([(Tag(0x0028, 0x3006), VR::OW, bytes(5))]);
    let lut = DataSetSequence::new(vec![item], Length::UNDEFINED);
    let mut original = object([(tags::ROWS, VR::US, PrimitiveValue::from(4_u16))]);
    original.put(DataElement::new(
        Tag(0x0028, 0x3010),
        VR::SQ,
        DicomValue::from(lut),
    ));
    original.put(DataElement::new(
        Tag(0x0040, 0x0555),
        VR::SQ,
        DicomValue::from(DataSetSequence::<InMemDicomObject>::empty()),
    ));
    let json = written(&original, &[(tags::PIXEL_DATA, VR::OW)]);
    assert_eq!(
        json,
        json!({
            "00280010": {"vr": "US", "Value": [4]},
            "00283010": {"vr": "SQ", "Value": [{"00283006": {"vr": "OW", "BulkDataURI": "bulk/00283010/0/00283006"}}]},
            "00400555": {"vr": "SQ"},
            "7FE00010": {"vr": "OW", "BulkDataURI": "bulk/7FE00010"},
        })
    );
    let (back, bulk) = read(json.to_string().as_bytes(), Limits::default()).unwrap();
    let found: Vec<_> = bulk
        .iter()
        .map(|bulk| (bulk.path.as_str(), bulk.uri.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("00283010/0/00283006", "bulk/00283010/0/00283006"),
            ("7FE00010", "bulk/7FE00010")
        ]
    );
    assert_eq!(back.get(Tag(0x0028, 0x3010)).unwrap().items().unwrap().len(), 1);
}

#[test]
fn what_is_not_the_model_is_refused() {
    for text in [
        "",
        "[]",
        "{\"0010001\":{\"vr\":\"PN\"}}",
        "{\"+0100010\":{\"vr\":\"PN\"}}",
        "{\"00100010\":{}}",
        "{\"00100010\":{\"vr\":\"XX\"}}",
        "{\"00100010\":{\"vr\":\"PN\",\"Value\":\"x\"}}",
        "{\"00100010\":{\"vr\":\"PN\",\"Value\":[[]]}}",
        "{\"00280010\":{\"vr\":\"US\",\"Value\":[65536]}}",
        "{\"00280010\":{\"vr\":\"US\",\"Value\":[1.5]}}",
        "{\"7FE00010\":{\"vr\":\"OB\",\"InlineBinary\":\"A\"}}",
        "{\"7FE00010\":{\"vr\":\"OB\",\"BulkDataURI\":1}}",
        "{\"00400555\":{\"vr\":\"SQ\",\"Value\":[1]}}",
    ] {
        assert!(read(text.as_bytes(), Limits::default()).is_err(), "{text}");
    }
    let deep = format!("{}1", "{\"00400555\":{\"vr\":\"SQ\",\"Value\":[".repeat(10_000));
    assert!(matches!(
        read(deep.as_bytes(), Limits::default()),
        Err(Error::Json(_))
    ));
    let limits = Limits {
        values: 3,
        ..Limits::default()
    };
    let many = "{\"00280010\":{\"vr\":\"US\",\"Value\":[1,2,3]}}";
    assert!(matches!(
        read(many.as_bytes(), limits),
        Err(Error::TooLarge { .. })
    ));
    let limits = Limits {
        bytes: 3,
        ..Limits::default()
    };
    assert!(matches!(
        read(many.as_bytes(), limits),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn decimal_text_fits_its_representation() {
    let json = "{\"00180050\":{\"vr\":\"DS\",\"Value\":[-0.12345678901234567,1e300,3]}}";
    let (object, _) = read(json.as_bytes(), Limits::default()).unwrap();
    let text = object
        .get(tags::SLICE_THICKNESS)
        .unwrap()
        .to_str()
        .unwrap()
        .into_owned();
    assert!(text.split('\\').all(|part| part.len() <= 16), "{text}");
    assert!(
        text.starts_with("-1.234567890") && text.ends_with("\\3"),
        "{text}"
    );
}
