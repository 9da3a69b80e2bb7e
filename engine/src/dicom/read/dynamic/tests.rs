use std::borrow::Cow;

use codec::TransferSyntax;
use codec::dataset::{Object, PixelKind, PixelLocation};
use codec::pixels::{PixelData, PixelValue};
use dicom_core::smallvec::SmallVec;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::{View, dynamic};
use crate::dicom::read::Instance;
use crate::dicom::{Error, Result};
use crate::scintigraphy::Dynamic;

/// A dynamic object of two pixels a frame; the first of them holds the frame's number.
struct Made {
    object: InMemDicomObject,
    frames: u16,
}

impl Made {
    /// `vectors` are (phase, time slice, detector), one for each frame in the order of the object.
    fn of(vectors: &[[u16; 3]]) -> Self {
        let made = Self {
            object: InMemDicomObject::new_empty(),
            frames: vectors.len() as u16,
        };
        let vector = |n: usize| vectors.iter().map(|frame| frame[n]).collect::<Vec<u16>>();
        made.text(tags::MODALITY, "NM")
            .us(tags::ROWS, &[1])
            .us(tags::COLUMNS, &[2])
            .us(tags::SAMPLES_PER_PIXEL, &[1])
            .us(tags::BITS_ALLOCATED, &[16])
            .us(tags::BITS_STORED, &[16])
            .us(tags::HIGH_BIT, &[15])
            .us(tags::PIXEL_REPRESENTATION, &[0])
            .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
            .text(tags::PIXEL_SPACING, "3\\2")
            .text(tags::NUMBER_OF_FRAMES, &vectors.len().to_string())
            .us(tags::PHASE_VECTOR, &vector(0))
            .us(tags::TIME_SLICE_VECTOR, &vector(1))
            .us(tags::DETECTOR_VECTOR, &vector(2))
    }

    fn put(mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> Self {
        self.object.put(DataElement::new(tag, vr, value));
        self
    }

    fn us(self, tag: Tag, values: &[u16]) -> Self {
        self.put(tag, VR::US, PrimitiveValue::U16(values.iter().copied().collect()))
    }

    fn text(self, tag: Tag, value: &str) -> Self {
        self.put(tag, VR::LO, PrimitiveValue::from(value))
    }

    /// Phases as (frames, duration, delay, pause), times in ms.
    fn phases(mut self, phases: &[[i32; 4]]) -> Self {
        let tags = [
            tags::NUMBER_OF_FRAMES_IN_PHASE,
            tags::ACTUAL_FRAME_DURATION,
            tags::PHASE_DELAY,
            tags::PAUSE_BETWEEN_FRAMES,
        ];
        let item = |phase: &[i32; 4]| {
            let elements = tags.iter().zip(phase).filter(|(_, value)| **value >= 0);
            let element = |(tag, value): (&Tag, &i32)| {
                DataElement::new(*tag, VR::IS, PrimitiveValue::from(value.to_string()))
            };
            InMemDicomObject::from_element_iter(elements.map(element))
        };
        let items: Vec<InMemDicomObject> = phases.iter().map(item).collect();
        let sequence = DataSetSequence::from(SmallVec::from_vec(items));
        self.object.put(DataElement::new(
            tags::PHASE_INFORMATION_SEQUENCE,
            VR::SQ,
            sequence,
        ));
        self
    }

    fn without(mut self, tag: Tag) -> Self {
        self.object.remove_element(tag);
        self
    }

    fn read(&self, view: View) -> Result<(Dynamic, Vec<&'static str>)> {
        let bytes: Vec<u8> = (0..self.frames).flat_map(|n| [n as u8, 0, 7, 0]).collect();
        let located = PixelLocation {
            kind: PixelKind::Integer,
            vr: VR::OW,
            range: 0..bytes.len(),
            announced: None,
        };
        let object = Object {
            transfer_syntax_uid: String::new(),
            transfer_syntax: None,
            data_set: self.object.clone(),
            meta: InMemDicomObject::new_empty(),
            pixels: Some(located),
            bytes: Cow::Borrowed(&[]),
            warnings: Vec::new(),
        };
        let value = PixelValue::Native {
            bytes: &bytes,
            vr: VR::OW,
        };
        let syntax = TransferSyntax::ExplicitLittleEndian;
        let (pixels, _) = PixelData::new(&self.object, syntax, PixelKind::Integer, value).unwrap();
        let (study, warnings) = dynamic(&Instance::new(0, object), &pixels, view)?;
        Ok((study, warnings.iter().map(|warning| warning.code).collect()))
    }
}

/// Start, duration and first pixel of each frame.
fn told(study: &Dynamic) -> Vec<[f64; 3]> {
    let both = study.times().iter().zip(study.frames());
    both.map(|(time, frame)| [time.start_s, time.duration_s, frame.value([0, 0, 0]).unwrap()])
        .collect()
}

#[test]
fn frames_come_in_the_order_of_time() {
    // Written the other way round, with a delay before the second phase and pauses within it.
    let made = Made::of(&[[2, 2, 1], [2, 1, 1], [1, 2, 1], [1, 1, 1]])
        .phases(&[[2, 1000, 0, 0], [2, 60_000, 500, 250]]);
    let (study, warnings) = made.read(View::default()).unwrap();
    let expected = [
        [0.0, 1.0, 3.0],
        [1.0, 1.0, 2.0],
        [2.5, 60.0, 1.0],
        [62.75, 60.0, 0.0],
    ];
    assert_eq!((told(&study), warnings), (expected.to_vec(), vec![]));
    // Rows are 3 mm apart, columns 2 mm.
    assert_eq!(study.frames()[0].grid().spacing_mm(), [2.0, 3.0, 1.0]);
}

#[test]
fn a_view_is_of_one_detector() {
    let made = Made::of(&[[1, 1, 1], [1, 1, 2], [1, 2, 1], [1, 2, 2]]).phases(&[[2, 1000, -1, -1]]);
    let behind = View {
        detector: 2,
        ..View::default()
    };
    assert_eq!(
        told(&made.read(behind).unwrap().0),
        [[0.0, 1.0, 1.0], [1.0, 1.0, 3.0]]
    );
    let none = View {
        energy_window: 1,
        detector: 3,
    };
    assert!(matches!(made.read(none), Err(Error::Dynamic(_))));
}

#[test]
fn frames_without_numbers_keep_their_order() {
    let made = Made::of(&[[1, 1, 1], [1, 2, 1]]).phases(&[[2, 500, -1, -1]]);
    let (study, warnings) = made
        .without(tags::TIME_SLICE_VECTOR)
        .read(View::default())
        .unwrap();
    assert_eq!(told(&study), [[0.0, 0.5, 0.0], [0.5, 0.5, 1.0]]);
    assert_eq!(warnings, ["frame-order"]);
}

#[test]
fn durations_and_lengths_are_not_guessed() {
    let check = |made: Made, expected: &str| {
        let text = made.read(View::default()).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    };
    let two = || Made::of(&[[1, 1, 1], [1, 2, 1]]);
    check(two(), "no Phase Information Sequence");
    check(two().phases(&[[2, -1, 0, 0]]), "no Actual Frame Duration");
    check(two().phases(&[[2, 0, 0, 0]]), "expected a positive duration");
    check(two().phases(&[[-1, 1000, 0, 0]]), "no Number of Frames in Phase");
    check(
        two().phases(&[[2, 1000, 0, 0]]).without(tags::PIXEL_SPACING),
        "no Pixel Spacing",
    );
    check(
        Made::of(&[[1, 1, 1], [2, 1, 1]]).phases(&[[1, 1000, 0, 0]]),
        "Phase Vector",
    );
}
