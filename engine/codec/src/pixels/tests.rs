mod encapsulated;
mod random;

use super::*;
use dicom_core::{DataElement, PrimitiveValue, Tag};
use dicom_dictionary_std::tags;

/// Makes the Image Pixel attributes of a frame, MONOCHROME2 or RGB.
fn object(
    (rows, columns): (u16, u16),
    samples: u16,
    [allocated, stored, high, signed]: [u16; 4],
) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let attributes = [
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::SAMPLES_PER_PIXEL, samples),
        (tags::BITS_ALLOCATED, allocated),
        (tags::BITS_STORED, stored),
        (tags::HIGH_BIT, high),
        (tags::PIXEL_REPRESENTATION, signed),
        (tags::PLANAR_CONFIGURATION, 0),
    ];
    for (tag, value) in attributes {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    set_text(
        &mut object,
        tags::PHOTOMETRIC_INTERPRETATION,
        if samples == 1 { "MONOCHROME2" } else { "RGB" },
    );
    object
}

fn set(object: &mut InMemDicomObject, tag: Tag, value: u16) {
    object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
}

fn set_text(object: &mut InMemDicomObject, tag: Tag, value: &str) {
    object.put(DataElement::new(tag, VR::CS, PrimitiveValue::from(value)));
}

const WORD: [u16; 4] = [16, 16, 15, 0];
const BYTE: [u16; 4] = [8, 8, 7, 0];
const LITTLE: TransferSyntax = TransferSyntax::ExplicitLittleEndian;
const BIG: TransferSyntax = TransferSyntax::ExplicitBigEndian;

fn native<'a>(
    object: &InMemDicomObject,
    syntax: TransferSyntax,
    vr: VR,
    bytes: &'a [u8],
) -> Result<(PixelData<'a>, Vec<Warning>)> {
    PixelData::new(
        object,
        syntax,
        PixelKind::Integer,
        PixelValue::Native { bytes, vr },
    )
}

/// Holds the frames that `bytes` decode to, and the codes of the warnings, to those expected.
fn check(
    object: &InMemDicomObject,
    (syntax, vr): (TransferSyntax, VR),
    bytes: &[u8],
    frames: &[&[u8]],
    codes: &[&str],
) {
    let (pixels, warnings) = native(object, syntax, vr, bytes).unwrap();
    let found: Vec<_> = (0..pixels.frames_present())
        .map(|frame| pixels.decode(frame).unwrap())
        .collect();
    assert_eq!(found, frames);
    assert_eq!(
        warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(),
        codes,
        "{warnings:?}"
    );
}

fn refuses(object: &InMemDicomObject, expected: &str) {
    let error = native(object, LITTLE, VR::OW, &[0; 256])
        .err()
        .expect("a refusal")
        .to_string();
    assert_eq!(error, expected);
    assert_eq!(
        describe(object, PixelKind::Integer).unwrap_err().to_string(),
        expected
    );
}

#[test]
fn byte_order_follows_cells_and_words() {
    let words = object((1, 3), 1, WORD);
    check(
        &words,
        (LITTLE, VR::OW),
        &[1, 2, 3, 4, 5, 6],
        &[&[1, 2, 3, 4, 5, 6]],
        &[],
    );
    check(
        &words,
        (BIG, VR::OW),
        &[1, 2, 3, 4, 5, 6],
        &[&[2, 1, 4, 3, 6, 5]],
        &[],
    );
    check(
        &words,
        (BIG, VR::OB),
        &[1, 2, 3, 4, 5, 6],
        &[&[2, 1, 4, 3, 6, 5]],
        &[],
    );
    let long = object((1, 1), 1, [32, 32, 31, 0]);
    check(&long, (BIG, VR::OW), &[1, 2, 3, 4], &[&[4, 3, 2, 1]], &[]);
    let very_long = object((1, 1), 1, [64, 64, 63, 0]);
    check(
        &very_long,
        (BIG, VR::OV),
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &[&[8, 7, 6, 5, 4, 3, 2, 1]],
        &[],
    );
    let mut bytes = object((1, 3), 1, BYTE);
    set(&mut bytes, tags::NUMBER_OF_FRAMES, 2);
    check(
        &bytes,
        (BIG, VR::OB),
        &[1, 2, 3, 4, 5, 6],
        &[&[1, 2, 3], &[4, 5, 6]],
        &[],
    );
    check(
        &bytes,
        (BIG, VR::OW),
        &[2, 1, 4, 3, 6, 5],
        &[&[1, 2, 3], &[4, 5, 6]],
        &[],
    );
}

#[test]
fn one_bit_frames_begin_anywhere_in_a_byte() {
    let mut bits = object((1, 3), 1, [1, 1, 0, 0]);
    set(&mut bits, tags::NUMBER_OF_FRAMES, 3);
    let (packed, frames): ([u8; 2], [&[u8]; 3]) = ([0b0111_0101, 0b1], [&[1, 0, 1], &[0, 1, 1], &[1, 0, 1]]);
    check(
        &bits,
        (LITTLE, VR::OB),
        &packed,
        &[frames[0], frames[1], &[1, 0, 1]],
        &[],
    );
    check(&bits, (BIG, VR::OB), &packed, &frames, &[]);
    check(&bits, (BIG, VR::OW), &[packed[1], packed[0]], &frames, &[]);
    check(
        &bits,
        (LITTLE, VR::OB),
        &packed[..1],
        &frames[..2],
        &["pixel-data-too-short"],
    );
}

#[test]
fn colour_comes_out_by_pixel() {
    let mut rgb = object((1, 2), 3, BYTE);
    check(
        &rgb,
        (LITTLE, VR::OB),
        &[1, 2, 3, 4, 5, 6],
        &[&[1, 2, 3, 4, 5, 6]],
        &[],
    );
    set(&mut rgb, tags::PLANAR_CONFIGURATION, 1);
    check(
        &rgb,
        (LITTLE, VR::OB),
        &[1, 4, 2, 5, 3, 6],
        &[&[1, 2, 3, 4, 5, 6]],
        &[],
    );
    check(
        &rgb,
        (BIG, VR::OW),
        &[4, 1, 5, 2, 6, 3],
        &[&[1, 2, 3, 4, 5, 6]],
        &[],
    );
    let mut deep = object((1, 2), 3, WORD);
    set(&mut deep, tags::PLANAR_CONFIGURATION, 1);
    let planes = [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6];
    check(
        &deep,
        (BIG, VR::OW),
        &planes,
        &[&[1, 0, 3, 0, 5, 0, 2, 0, 4, 0, 6, 0]],
        &[],
    );
}

#[test]
fn halved_colour_differences_are_spread() {
    let mut ybr = object((2, 2), 3, BYTE);
    set_text(&mut ybr, tags::PHOTOMETRIC_INTERPRETATION, "YBR_FULL_422");
    let frame: &[u8] = &[10, 3, 4, 20, 3, 4, 30, 7, 8, 40, 7, 8];
    check(
        &ybr,
        (LITTLE, VR::OB),
        &[10, 20, 3, 4, 30, 40, 7, 8],
        &[frame],
        &[],
    );
    let (pixels, _) = native(&ybr, LITTLE, VR::OB, &[10, 20, 128, 128, 30, 40, 128, 128]).unwrap();
    assert_eq!(pixels.description().photometric, Photometric::YbrFull);
    let (rgb, description) = pixels.decode_rgb(0).unwrap();
    assert_eq!(rgb, [10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40]);
    assert_eq!(description.photometric, Photometric::Rgb);
    // A writer that decompressed to full colour differences and kept the name.
    check(
        &ybr,
        (LITTLE, VR::OB),
        frame,
        &[frame],
        &["chroma-not-subsampled"],
    );
    set_text(&mut ybr, tags::PHOTOMETRIC_INTERPRETATION, "YBR_PARTIAL_420");
    let (pixels, _) = native(&ybr, LITTLE, VR::OB, frame).unwrap();
    assert!(
        pixels
            .decode(0)
            .unwrap_err()
            .to_string()
            .ends_with("found YBR_PARTIAL_420")
    );
}

#[test]
fn only_the_stored_bits_remain() {
    let unsigned = object((1, 2), 1, [16, 12, 11, 0]);
    check(
        &unsigned,
        (LITTLE, VR::OW),
        &[0x34, 0xF2, 0xFF, 0x8F],
        &[&[0x34, 0x02, 0xFF, 0x0F]],
        &[],
    );
    let signed = object((1, 2), 1, [16, 12, 11, 1]);
    check(
        &signed,
        (LITTLE, VR::OW),
        &[0x34, 0x08, 0xFF, 0x87],
        &[&[0x34, 0xF8, 0xFF, 0x07]],
        &[],
    );
    let left = object((1, 1), 1, [16, 12, 15, 0]);
    check(&left, (BIG, VR::OW), &[0x12, 0x3F], &[&[0x23, 0x01]], &[]);
}

#[test]
fn floats_are_left_as_they_are() {
    let mut map = object((1, 1), 1, [32, 0, 0, 0]);
    for tag in [tags::BITS_STORED, tags::HIGH_BIT, tags::PIXEL_REPRESENTATION] {
        map.remove_element(tag);
    }
    for (kind, vr, bytes) in [
        (PixelKind::Float, VR::OF, (-1.5_f32).to_be_bytes().to_vec()),
        (PixelKind::DoubleFloat, VR::OD, 1e-300_f64.to_be_bytes().to_vec()),
    ] {
        let value = PixelValue::Native { bytes: &bytes, vr };
        let (pixels, warnings) = PixelData::new(&map, BIG, kind, value).unwrap();
        let little: Vec<u8> = bytes.iter().rev().copied().collect();
        assert_eq!(
            (pixels.decode(0).unwrap(), pixels.kind(), warnings),
            (little, kind, Vec::new())
        );
        let encapsulated = PixelValue::Encapsulated(&[]);
        assert!(PixelData::new(&map, TransferSyntax::RleLossless, kind, encapsulated).is_err());
    }
}

#[test]
fn a_wrong_length_is_said_and_what_is_there_decodes() {
    let mut three = object((1, 3), 1, BYTE);
    set(&mut three, tags::NUMBER_OF_FRAMES, 3);
    check(
        &three,
        (LITTLE, VR::OB),
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &[&[1, 2, 3], &[4, 5, 6]],
        &["pixel-data-too-short"],
    );
    let (pixels, _) = native(&three, LITTLE, VR::OB, &[0; 8]).unwrap();
    assert_eq!((pixels.number_of_frames(), pixels.frames_present()), (3, 2));
    assert_eq!(
        pixels.decode(2).unwrap_err().to_string(),
        "pixel data: expected 9 bytes, found 8"
    );
    assert_eq!(
        pixels.decode(3).unwrap_err().to_string(),
        "frame: expected 0 to 2, found 3"
    );
    assert_eq!(
        pixels.decode_into(0, &mut [0; 2]).unwrap_err().to_string(),
        "output of a frame: expected 3 bytes, found 2 bytes"
    );
    let odd = object((1, 3), 1, BYTE);
    check(&odd, (LITTLE, VR::OB), &[1, 2, 3, 0], &[&[1, 2, 3]], &[]);
    check(
        &odd,
        (LITTLE, VR::OB),
        &[1, 2, 3, 0, 0],
        &[&[1, 2, 3]],
        &["pixel-data-too-long"],
    );
    check(&odd, (LITTLE, VR::OB), &[], &[], &["pixel-data-too-short"]);
}

#[test]
fn doubtful_attributes_are_named() {
    let codes = |object: &InMemDicomObject| -> Vec<&str> {
        let (pixels, warnings) = native(object, LITTLE, VR::OW, &[1, 2]).unwrap();
        assert_eq!(pixels.number_of_frames(), 1);
        pixels.decode(0).unwrap();
        warnings.iter().map(|warning| warning.code).collect()
    };
    let good = object((1, 1), 1, WORD);
    assert_eq!(codes(&good), [""; 0]);
    for (tag, value, code) in [
        (tags::BITS_STORED, 17, "bits-stored"),
        (tags::BITS_STORED, 0, "bits-stored"),
        (tags::HIGH_BIT, 16, "high-bit"),
        (tags::HIGH_BIT, 3, "high-bit"),
        (tags::PIXEL_REPRESENTATION, 2, "pixel-representation"),
        (tags::NUMBER_OF_FRAMES, 0, "number-of-frames"),
    ] {
        let mut object = good.clone();
        set(&mut object, tag, value);
        assert_eq!(codes(&object), [code]);
        if tag != tags::NUMBER_OF_FRAMES {
            object.remove_element(tag);
            assert_eq!(codes(&object), [code]);
        }
    }
    for term in ["RGB", "HSV", ""] {
        let mut object = good.clone();
        set_text(&mut object, tags::PHOTOMETRIC_INTERPRETATION, term);
        assert_eq!(codes(&object), ["photometric-interpretation"]);
    }
    let mut object = good.clone();
    set_text(&mut object, tags::NUMBER_OF_FRAMES, "1A");
    assert_eq!(codes(&object), ["number-of-frames"]);
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let mut good = object((1, 1), 1, WORD);
    refuses(&object((0, 1), 1, WORD), "Rows: expected at least 1, found 0");
    refuses(
        &object((1, 1), 4, BYTE),
        "Samples per Pixel: expected 1 or 3, found 4",
    );
    refuses(
        &object((1, 1), 1, [12, 12, 11, 0]),
        "Bits Allocated: expected 8, 16, 32, 64, or 1 with one sample, found 12",
    );
    refuses(
        &object((1, 1), 3, [1, 1, 0, 0]),
        "Bits Allocated: expected 8, 16, 32, 64, or 1 with one sample, found 1",
    );
    // The allocation bomb of the fo-dicom test data: 256 bytes announced as 8.6 GB.
    refuses(
        &object((65535, 65535), 1, WORD),
        "decoded frame in bytes: at most 1073741824 is accepted, found 8589672450",
    );
    good.remove_element(tags::COLUMNS);
    refuses(&good, "no Columns in the object; cannot decode its pixels");
}

#[test]
fn declared_frames_without_bytes_are_not_allocated() {
    // 4096 x 4096 x 16 bit stay below the limit of a frame; there is no byte of them.
    let mut large = object((4096, 4096), 1, WORD);
    set_text(&mut large, tags::NUMBER_OF_FRAMES, "4294967295");
    let (pixels, _) = native(&large, LITTLE, VR::OW, &[0; 256]).unwrap();
    assert_eq!(
        (pixels.number_of_frames(), pixels.frames_present()),
        (u32::MAX, 0)
    );
    assert!(matches!(
        pixels.decode(u32::MAX - 1),
        Err(Error::Truncated { .. })
    ));
    let value = crate::encapsulation::encapsulate([&[0; 256][..]]).unwrap();
    for syntax in [
        TransferSyntax::RleLossless,
        TransferSyntax::DeflatedImageFrame,
        TransferSyntax::EncapsulatedUncompressed,
    ] {
        let (pixels, _) = PixelData::new(
            &large,
            syntax,
            PixelKind::Integer,
            PixelValue::Encapsulated(&value),
        )
        .unwrap();
        let error = pixels.decode(0).unwrap_err().to_string();
        assert!(error.starts_with("compressed frame: expected"), "{error}");
    }
}

#[test]
fn palettes_that_cannot_be_used_spoil_only_colour() {
    let mut object = object((1, 1), 1, BYTE);
    set_text(&mut object, tags::PHOTOMETRIC_INTERPRETATION, "PALETTE COLOR");
    let (pixels, warnings) = native(&object, LITTLE, VR::OB, &[3, 0]).unwrap();
    assert_eq!(warnings[0].code, "palette");
    assert_eq!(pixels.decode(0).unwrap(), [3]);
    assert!(matches!(pixels.decode_rgb(0), Err(Error::Missing(_))));
}
