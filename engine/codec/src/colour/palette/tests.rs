use super::*;
use dicom_core::{DataElement, VR};

/// Makes an object whose three tables have one descriptor and the data given.
fn object(descriptor: [u16; 3], data: [PrimitiveValue; 3], segmented: bool) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    for ((descriptor_tag, data_tag, segmented_tag), data) in ATTRIBUTES.into_iter().zip(data) {
        let value = PrimitiveValue::U16(descriptor.as_slice().into());
        object.put(DataElement::new(descriptor_tag, VR::US, value));
        let tag = if segmented { segmented_tag } else { data_tag };
        object.put(DataElement::new(tag, VR::OW, data));
    }
    object
}

fn words(values: &[u16]) -> PrimitiveValue {
    PrimitiveValue::U16(values.into())
}

fn description(bits: u16, signed: bool) -> FrameDescription {
    FrameDescription {
        rows: 1,
        columns: 1,
        samples_per_pixel: 1,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        signed,
        planar: false,
        photometric: Photometric::PaletteColor,
    }
}

#[test]
fn values_outside_have_the_colours_of_the_ends() {
    let data = [words(&[0x100, 0x200]), words(&[3, 4]), words(&[5, 0xFFFF])];
    let palette = Palette::from_object(&object([2, 10, 16], data, false), false).unwrap();
    let (rgb, described) = palette.rgb(&[9, 10, 11, 255], &description(8, false)).unwrap();
    let (low, high) = ([0, 1, 3, 0, 5, 0], [0, 2, 4, 0, 0xFF, 0xFF]);
    assert_eq!(rgb, [low, low, high, high].concat());
    assert_eq!((described.bits_allocated, described.samples_per_pixel), (16, 3));
    assert_eq!(
        palette.rgb(&[9, 0, 11, 1], &description(16, false)).unwrap().0,
        [low, high].concat()
    );
}

#[test]
fn eight_bits_come_packed_or_a_word_each() {
    let packed = words(&[0x0201, 0x0003]);
    let spread = words(&[1, 2, 3]);
    let bytes = PrimitiveValue::U8([1, 2, 3, 0].as_slice().into());
    for data in [packed, spread, bytes] {
        let palette = Palette::from_object(
            &object([3, 0, 8], [data.clone(), data.clone(), data], false),
            false,
        );
        assert_eq!(
            palette.unwrap().rgb(&[0, 2], &description(8, false)).unwrap().0,
            [1, 1, 1, 3, 3, 3]
        );
    }
    // Announced as 8 bits, scaled to 16.
    let data = words(&[0x0100, 0x0200, 0xFF00]);
    let palette = Palette::from_object(
        &object([3, 0, 8], [data.clone(), data.clone(), data], false),
        false,
    );
    assert_eq!(
        palette
            .unwrap()
            .rgb(&[2], &description(8, false))
            .unwrap()
            .1
            .bits_allocated,
        16
    );
}

#[test]
fn the_first_value_is_signed_as_the_pixels_are() {
    let data = [words(&[1, 2]), words(&[1, 2]), words(&[1, 2])];
    let object = object([2, 0xFFFF, 8], data, false);
    let palette = Palette::from_object(&object, true).unwrap();
    assert_eq!(
        palette.rgb(&[0xFE, 0xFF, 0], &description(8, true)).unwrap().0,
        [1, 1, 1, 1, 1, 1, 2, 2, 2]
    );
    assert_eq!(
        palette
            .rgb(&[0xFF, 0xFF, 0, 0], &description(16, true))
            .unwrap()
            .0,
        [1, 1, 1, 2, 2, 2]
    );
    let palette = Palette::from_object(&object, false).unwrap();
    assert_eq!(
        palette
            .rgb(&[0xFF, 0xFF, 0, 0], &description(16, false))
            .unwrap()
            .0,
        [1; 6]
    );
}

#[test]
fn no_entries_means_65536() {
    let data = words(&(0..=u16::MAX).collect::<Vec<_>>());
    let palette = Palette::from_object(
        &object([0, 0, 16], [data.clone(), data.clone(), data], false),
        false,
    );
    assert_eq!(palette.unwrap().colour(65535), [65535; 3]);
}

#[test]
fn segments_are_expanded() {
    let data = words(&[0, 1, 0, 1, 255, 0xFF00]);
    let palette = Palette::from_object(
        &object([256, 0, 16], [data.clone(), data.clone(), data], true),
        false,
    );
    assert_eq!(palette.unwrap().colour(128), [0x8000; 3]);
    // Opcode, length and value are bytes when entries are.
    let data = PrimitiveValue::U8([0, 1, 10, 1, 2, 30].as_slice().into());
    let palette = Palette::from_object(
        &object([3, 0, 8], [data.clone(), data.clone(), data], true),
        false,
    );
    assert_eq!(
        palette
            .unwrap()
            .rgb(&[0, 1, 2], &description(8, false))
            .unwrap()
            .0,
        [10, 10, 10, 20, 20, 20, 30, 30, 30]
    );
}

#[test]
fn contradictions_are_errors() {
    let fails = |object: &InMemDicomObject| Palette::from_object(object, false).unwrap_err().to_string();
    let data = || [words(&[1]), words(&[1]), words(&[1])];
    assert_eq!(
        fails(&InMemDicomObject::new_empty()),
        "no Palette Color Lookup Table Descriptor in the object; cannot decode its pixels"
    );
    assert_eq!(
        fails(&object([4, 0, 16], data(), false)),
        "Palette Color Lookup Table Data: expected 4 entries, found 2 bytes"
    );
    assert_eq!(
        fails(&object([1, 0, 12], data(), false)),
        "bits of palette entries: expected 8 or 16, found 12"
    );
    let mut two = object([1, 0, 16], data(), false);
    two.put(DataElement::new(ATTRIBUTES[1].0, VR::US, words(&[2, 0, 16])));
    two.put(DataElement::new(ATTRIBUTES[1].1, VR::OW, words(&[1, 1])));
    assert_eq!(
        fails(&two),
        "palette descriptors: expected 1 entries from 0, found 2 entries from 0"
    );
    two.put(DataElement::new(ATTRIBUTES[1].0, VR::US, words(&[2, 0])));
    assert_eq!(
        fails(&two),
        "Palette Color Lookup Table Descriptor: expected 3 values, found 2"
    );
}
