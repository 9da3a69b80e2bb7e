//! Each branch of the pipeline on objects of a few pixels, made by hand.

mod overlays;

use std::borrow::Cow;

use codec::TransferSyntax;
use codec::dataset::{Object, PixelKind, PixelLocation};
use codec::pixels::{PixelData, PixelValue};
use dicom_core::smallvec::SmallVec;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::{Curve, Pixels, Planar};
use crate::colormap::Window;
use crate::dicom::read::Instance;

/// An object of one row while it is made.
struct Made {
    object: InMemDicomObject,
    pixels: Vec<u8>,
}

impl Made {
    /// A row of 16-bit cells, all bits stored.
    fn of(values: &[i32]) -> Self {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| (*value as i16).to_le_bytes())
            .collect();
        let made = Self {
            object: InMemDicomObject::new_empty(),
            pixels: bytes,
        };
        made.us(tags::ROWS, 1)
            .us(tags::COLUMNS, values.len() as u16)
            .us(tags::SAMPLES_PER_PIXEL, 1)
            .us(tags::BITS_ALLOCATED, 16)
            .us(tags::BITS_STORED, 16)
            .us(tags::HIGH_BIT, 15)
            .us(tags::PIXEL_REPRESENTATION, 0)
            .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
    }

    fn signed(values: &[i32]) -> Self {
        Self::of(values).us(tags::PIXEL_REPRESENTATION, 1)
    }

    fn put(mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> Self {
        self.object.put(DataElement::new(tag, vr, value));
        self
    }

    fn us(self, tag: Tag, value: u16) -> Self {
        self.put(tag, VR::US, PrimitiveValue::from(value))
    }

    fn text(self, tag: Tag, value: &str) -> Self {
        self.put(tag, VR::LO, PrimitiveValue::from(value))
    }

    fn window(self, center: &str, width: &str) -> Self {
        self.text(tags::WINDOW_CENTER, center)
            .text(tags::WINDOW_WIDTH, width)
    }

    fn items(mut self, tag: Tag, items: Vec<InMemDicomObject>) -> Self {
        let sequence = DataSetSequence::from(SmallVec::from_vec(items));
        self.object.put(DataElement::new(tag, VR::SQ, sequence));
        self
    }

    fn read(&self, frame: usize) -> (Planar, Vec<String>) {
        let value = PixelValue::Native {
            bytes: &self.pixels,
            vr: VR::OW,
        };
        let syntax = TransferSyntax::ExplicitLittleEndian;
        let (pixels, _) = PixelData::new(&self.object, syntax, PixelKind::Integer, value).unwrap();
        let (planar, warnings) = Planar::read(&self.instance(), frame, &pixels).unwrap();
        (planar, warnings.into_iter().map(|warning| warning.text).collect())
    }

    fn instance(&self) -> Instance {
        let object = Object {
            transfer_syntax_uid: String::new(),
            transfer_syntax: None,
            data_set: self.object.clone(),
            meta: InMemDicomObject::new_empty(),
            pixels: Some(PixelLocation {
                kind: PixelKind::Integer,
                vr: VR::OW,
                range: 0..self.pixels.len(),
                announced: None,
            }),
            bytes: Cow::Borrowed(&[]),
            warnings: Vec::new(),
        };
        Instance::new(0, object)
    }

    /// Holds the grey levels of the first view to `expected`, without a warning.
    fn shows(&self, expected: &[u8]) {
        let (planar, warnings) = self.read(0);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(planar.display(None).pixels, Pixels::Grey(expected.to_vec()));
    }

    fn shows_with(&self, warning: &str, expected: &[u8]) {
        let (planar, warnings) = self.read(0);
        assert_eq!(warnings, [warning]);
        assert_eq!(planar.display(None).pixels, Pixels::Grey(expected.to_vec()));
    }
}

/// An item of a modality or VOI LUT sequence.
fn table(count: u16, first: u16, bits: u16, data: PrimitiveValue) -> InMemDicomObject {
    let descriptor = PrimitiveValue::U16([count, first, bits].into_iter().collect());
    InMemDicomObject::from_element_iter([
        DataElement::new(tags::LUT_DESCRIPTOR, VR::US, descriptor),
        DataElement::new(tags::LUT_DATA, VR::OW, data),
    ])
}

fn words(words: &[u16]) -> PrimitiveValue {
    PrimitiveValue::U16(words.iter().copied().collect())
}

#[test]
fn windows_are_those_of_their_function() {
    let row = || Made::signed(&[-60, -50, 0, 25, 50, 60]);
    // PS3.3 C.11.2.1.2.1: from -50 to 49; 25 is ((25 + 0.5) / 99 + 0.5) * 255 = 193.2.
    row().window("0", "100").shows(&[0, 0, 129, 193, 255, 255]);
    let exact = row()
        .window("0", "100")
        .text(tags::VOILUT_FUNCTION, "LINEAR_EXACT");
    exact.shows(&[0, 0, 128, 191, 255, 255]);
    // 255 / (1 + exp(-4 x / 100)): 21.2, 30.4, 127.5, 186.4, 224.6, 233.9.
    let sigmoid = row().window("0", "100").text(tags::VOILUT_FUNCTION, "SIGMOID");
    sigmoid.shows(&[21, 30, 128, 186, 225, 234]);
    row().window("0", "1").shows(&[0, 0, 255, 255, 255, 255]);
    row()
        .text(tags::VOILUT_FUNCTION, "CUBIC")
        .window("0", "100")
        .shows_with(
            "expected LINEAR, LINEAR_EXACT or SIGMOID as VOI LUT Function, found another; LINEAR taken",
            &[0, 0, 129, 193, 255, 255],
        );
}

#[test]
fn narrow_and_empty_windows_are_named() {
    let row = || Made::of(&[0, 10]).text(tags::RESCALE_SLOPE, "0.01");
    row().window("0.05", "0.2").shows_with(
        "expected a Window Width of at least 1 for LINEAR, found 0.2; LINEAR_EXACT taken",
        &[64, 191],
    );
    row()
        .window("0", "0")
        .shows_with("expected a Window Width above 0, found 0; passed over", &[0, 255]);
    row().window("0.5\\7", "1").shows_with(
        "expected as many Window Widths as Centers, found 1 and 2",
        // A linear window of 1 is a step at its centre less one half.
        &[0, 255],
    );
}

#[test]
fn windows_keep_their_order_and_explanations() {
    let made = Made::of(&[0, 1])
        .window("450\\200\\5", "790\\443\\2")
        .text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, "WIDE\\\\THIN")
        .items(tags::VOILUT_SEQUENCE, vec![table(2, 0, 16, words(&[0, 65535]))]);
    let (planar, _) = made.read(0);
    let windows = planar.windows();
    assert!(matches!(windows[0].curve, Curve::Table(_)));
    let explanations: Vec<Option<&str>> = windows
        .iter()
        .map(|window| window.explanation.as_deref())
        .collect();
    assert_eq!(explanations, [None, Some("WIDE"), None, Some("THIN")]);
    assert_eq!(windows[2].curve, Curve::Window(Window::linear(200.0, 443.0)));
}

#[test]
fn without_windows_the_values_span_the_greys() {
    let row = |padding: u16| Made::signed(&[-2000, -100, 0, 100]).us(tags::PIXEL_PADDING_VALUE, padding);
    // 63536 is -2000 written as unsigned.
    row(63536).shows(&[0, 0, 128, 255]);
    row(7).shows(&[0, 231, 243, 255]);
    row(63536)
        .us(tags::PIXEL_PADDING_RANGE_LIMIT, 65436)
        .shows(&[0, 0, 0, 255]);
    // One value is no range: it is black.
    Made::of(&[7, 7]).shows(&[0, 0]);
    // A negative slope turns the range round.
    Made::of(&[0, 50, 100])
        .text(tags::RESCALE_SLOPE, "-2")
        .shows(&[255, 128, 0]);
}

#[test]
fn few_bits_are_grey_levels_already_but_for_counts() {
    let bits = |made: Made| made.us(tags::BITS_STORED, 8).us(tags::HIGH_BIT, 7);
    bits(Made::of(&[0, 50, 100])).shows(&[0, 50, 100]);
    bits(Made::of(&[0, 50, 100]).text(tags::MODALITY, "NM")).shows(&[0, 128, 255]);
    bits(Made::of(&[0, 50, 100]).text(tags::RESCALE_SLOPE, "2")).shows(&[0, 128, 255]);
}

#[test]
fn polarity_comes_after_the_window() {
    let row = || Made::of(&[0, 50, 100]).window("50.5", "101");
    let shape = |made: Made, shape| made.text(tags::PRESENTATION_LUT_SHAPE, shape);
    let monochrome1 = || row().text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME1");
    row().shows(&[0, 128, 255]);
    monochrome1().shows(&[255, 128, 0]);
    shape(row(), "IDENTITY").shows(&[0, 128, 255]);
    shape(monochrome1(), "INVERSE").shows(&[255, 128, 0]);
    shape(monochrome1(), "IDENTITY").shows_with(
        "Presentation LUT Shape contradicts MONOCHROME1; the shape decides",
        &[0, 128, 255],
    );
    shape(row(), "INVERSE").shows_with(
        "Presentation LUT Shape contradicts MONOCHROME2; the shape decides",
        &[255, 128, 0],
    );
}

#[test]
fn modality_tables_replace_the_line() {
    let entries = words(&[1000, 1010, 1040]);
    // The first mapped value, 65535, is -1 for signed pixels.
    let made = Made::signed(&[-5, -1, 0, 1, 9]).items(
        tags::MODALITY_LUT_SEQUENCE,
        vec![table(3, 65535, 16, entries.clone())],
    );
    let values = made.read(0).0.values().unwrap();
    assert_eq!(values, [1000.0, 1000.0, 1010.0, 1040.0, 1040.0]);
    assert_eq!(made.read(0).0.value(2, 0), Some(1010.0));
    assert_eq!(made.read(0).0.value(5, 0), None);
    assert_eq!(made.read(0).0.value(0, 1), None);
    made.shows(&[0, 0, 64, 255, 255]);
    let both = Made::of(&[0, 2])
        .text(tags::RESCALE_SLOPE, "2")
        .text(tags::RESCALE_INTERCEPT, "0")
        .items(tags::MODALITY_LUT_SEQUENCE, vec![table(3, 0, 16, entries)]);
    both.shows_with(
        "expected a rescale or a Modality LUT, found both; the table is used",
        &[0, 255],
    );
}

#[test]
fn tables_of_the_wrong_size_are_passed_over() {
    let modality = |item| Made::of(&[0, 100]).items(tags::MODALITY_LUT_SEQUENCE, vec![item]);
    modality(table(4, 0, 16, words(&[1]))).shows_with(
        "Modality LUT passed over: expected 4 entries, found 2 bytes",
        &[0, 255],
    );
    // 0 stands for 65536 entries.
    modality(table(0, 0, 16, words(&[0; 9]))).shows_with(
        "Modality LUT passed over: expected 65536 entries, found 18 bytes",
        &[0, 255],
    );
    modality(InMemDicomObject::new_empty())
        .shows_with("Modality LUT passed over: expected 3 values, found 0", &[0, 255]);
    let voi = |item| Made::of(&[0, 100]).items(tags::VOILUT_SEQUENCE, vec![item]);
    voi(table(4, 0, 16, PrimitiveValue::Empty)).shows_with(
        "VOI LUT passed over: expected 4 entries, found 0 bytes",
        &[0, 255],
    );
    voi(table(2, 0, 4, words(&[0, 1023]))).shows_with(
        "VOI LUT: expected entries of 8 to 16 bits, found 4 bits and entries up to 1023",
        &[0, 255],
    );
}

#[test]
fn voi_tables_clamp_at_both_ends() {
    let voi = |made: Made, item| made.items(tags::VOILUT_SEQUENCE, vec![item]);
    let row = || Made::of(&[0, 9, 10, 11, 12, 900]);
    let expected = [0, 0, 0, 128, 255, 255];
    voi(row(), table(3, 10, 10, words(&[0, 512, 1023]))).shows(&expected);
    // Entries of 8 bits: one a word, two a word, or as bytes.
    voi(row(), table(3, 10, 8, words(&[0, 128, 255]))).shows(&expected);
    voi(row(), table(3, 10, 8, words(&[0x8000, 0x00FF]))).shows(&expected);
    let bytes = PrimitiveValue::U8([0, 128, 255].into_iter().collect());
    voi(row(), table(3, 10, 8, bytes)).shows(&expected);
    let bytes = PrimitiveValue::U8([0, 0, 0, 2, 255, 3].into_iter().collect());
    voi(row(), table(3, 10, 10, bytes)).shows(&expected);
    // 64536 is -1000: real values reach below zero, stored ones do not.
    let rescaled = Made::of(&[0, 25, 124])
        .text(tags::RESCALE_SLOPE, "1")
        .text(tags::RESCALE_INTERCEPT, "-1024");
    voi(
        rescaled,
        table(100, 64536, 8, words(&(0..100).map(|n| n * 2).collect::<Vec<_>>())),
    )
    .shows(&[0, 2, 198]);
}

#[test]
fn frames_of_enhanced_objects_have_their_own_window() {
    let item = |elements: Vec<DataElement<InMemDicomObject>>| InMemDicomObject::from_element_iter(elements);
    let text = |tag, value: &str| DataElement::new(tag, VR::DS, PrimitiveValue::from(value));
    let group = |tag, inner| {
        let sequence = DataSetSequence::from(SmallVec::from_vec(vec![inner]));
        DataElement::new(tag, VR::SQ, sequence)
    };
    let window = |center| {
        let inner = item(vec![
            text(tags::WINDOW_CENTER, center),
            text(tags::WINDOW_WIDTH, "101"),
        ]);
        item(vec![group(tags::FRAME_VOILUT_SEQUENCE, inner)])
    };
    let line = item(vec![
        text(tags::RESCALE_SLOPE, "2"),
        text(tags::RESCALE_INTERCEPT, "0"),
    ]);
    let mut made = Made::of(&[0, 50])
        .text(tags::NUMBER_OF_FRAMES, "2")
        .window("1", "1")
        .items(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![item(vec![group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, line)])],
        )
        .items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            vec![window("50.5"), window("100.5")],
        );
    made.pixels = made.pixels.repeat(2);
    made.shows(&[0, 255]);
    assert_eq!(made.read(1).0.display(None).pixels, Pixels::Grey(vec![0, 128]));
    let value = PixelValue::Native {
        bytes: &made.pixels,
        vr: VR::OW,
    };
    let syntax = TransferSyntax::ExplicitLittleEndian;
    let (pixels, _) = PixelData::new(&made.object, syntax, PixelKind::Integer, value).unwrap();
    let error = Planar::read(&made.instance(), 2, &pixels).unwrap_err();
    assert_eq!(
        error.to_string(),
        "frame: expected one that the object describes, found 3"
    );
}

/// PS3.3 C.8.7.1.1.2: the table leads back to X-ray intensity and is not for display.
#[test]
fn angiograms_of_logarithms_are_shown_as_stored() {
    let made = |relationship| {
        Made::of(&[0, 1, 2])
            .text(tags::SOP_CLASS_UID, uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE)
            .text(tags::PIXEL_INTENSITY_RELATIONSHIP, relationship)
            .items(
                tags::MODALITY_LUT_SEQUENCE,
                vec![table(3, 0, 16, words(&[0, 10, 1000]))],
            )
    };
    made("LOG").shows(&[0, 128, 255]);
    made("LIN").shows(&[0, 3, 255]);
}

#[test]
fn colours_of_16_bits_are_scaled() {
    let mut made = Made::of(&[0, 0, 0])
        .us(tags::SAMPLES_PER_PIXEL, 3)
        .us(tags::COLUMNS, 1)
        .us(tags::PLANAR_CONFIGURATION, 0)
        .text(tags::PHOTOMETRIC_INTERPRETATION, "RGB");
    made.pixels = [0_u16, 32768, 65535].map(u16::to_le_bytes).concat();
    let (planar, _) = made.read(0);
    assert!(planar.is_colour());
    assert_eq!(planar.display(None).pixels, Pixels::Rgb(vec![0, 128, 255]));
    assert_eq!(
        (planar.values(), planar.value(0, 0), planar.value_range()),
        (None, None, None)
    );
}

#[test]
fn supplemental_palettes_colour_what_lies_above_their_first_value() {
    let colour = |made: Made, [descriptor, data]: [Tag; 2], high: u16| {
        made.put(descriptor, VR::US, words(&[2, 100, 16])).put(
            data,
            VR::OW,
            words(&[0x0101 * high, 0x0101 * (high + 1)]),
        )
    };
    let red = [
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ];
    let green = [
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ];
    let blue = [
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ];
    let row = Made::of(&[0, 50, 99, 100, 101, 500]);
    let made = colour(colour(colour(row, red, 10), green, 20), blue, 30);
    // Nothing asks for colour yet.
    assert!(matches!(made.read(0).0.display(None).pixels, Pixels::Grey(_)));
    let made = made.text(tags::PIXEL_PRESENTATION, "COLOR");
    let (planar, warnings) = made.read(0);
    assert_eq!(warnings, [""; 0]);
    // Colours are no measurements: grey spans the others.
    assert_eq!(planar.value_range(), Some((0.0, 99.0)));
    let expected = [
        [0; 3],
        [129; 3],
        [255; 3],
        [10, 20, 30],
        [11, 21, 31],
        [11, 21, 31],
    ];
    assert_eq!(planar.display(None).pixels, Pixels::Rgb(expected.concat()));
}
