//! States with attributes that are unknown, broken or far too many.

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;

use super::{SYNTAXES, full_state, presentation_state, series, study};
use crate::dicom::presentation_state::{PresentationState, QuarterTurns};
use crate::dicom::read::{self, presentation_state as read_state};
use crate::dicom::write::Dataset;

/// Reads a full state with some of its attributes changed; gives the warnings' codes.
fn codes_after(change: impl Fn(&mut Dataset)) -> (PresentationState, Vec<&'static str>) {
    let mut written = presentation_state(&study(), &series(), &full_state()).unwrap();
    change(&mut written.dataset);
    let bytes = written.encode(SYNTAXES[0]).unwrap();
    let (state, warnings) = read_state(&bytes).unwrap();
    (state, warnings.iter().map(|warning| warning.code).collect())
}

#[test]
fn what_is_not_understood_is_told() {
    let item = |tag, value: &str| {
        let mut item = Dataset::new();
        item.text(tag, value);
        item
    };
    let (_, codes) = codes_after(|state| {
        state
            .text(tags::SHUTTER_SHAPE, "BITMAP")
            .bytes(tags::ICC_PROFILE, vec![1, 2]);
        state.item(tags::GRAPHIC_GROUP_SEQUENCE, item(tags::GRAPHIC_GROUP_LABEL, "A"));
    });
    assert_eq!(codes, ["not-understood", "not-understood", "shutter"]);
    let (state, codes) = codes_after(|state| {
        let mut strange = item(tags::GRAPHIC_ANNOTATION_UNITS, "MATRIX");
        strange.text(tags::GRAPHIC_TYPE, "POINT");
        let mut annotation = item(tags::GRAPHIC_LAYER, "OVERLAY");
        annotation
            .sequence(tags::GRAPHIC_OBJECT_SEQUENCE, vec![strange; 3])
            .item(
                tags::COMPOUND_GRAPHIC_SEQUENCE,
                item(tags::COMPOUND_GRAPHIC_TYPE, "AXIS"),
            );
        state.item(tags::GRAPHIC_ANNOTATION_SEQUENCE, annotation);
    });
    assert_eq!(codes, ["not-understood", "graphic"]);
    assert_eq!(state.layout.annotations[0].graphics, []);
}

/// An item whose images cannot be read must not become one for all images.
#[test]
fn items_for_unknown_images_are_for_none() {
    let (state, codes) = codes_after(|state| {
        let mut item = Dataset::new();
        item.item(tags::REFERENCED_IMAGE_SEQUENCE, Dataset::new())
            .decimals(tags::WINDOW_CENTER, &[1.0])
            .decimals(tags::WINDOW_WIDTH, &[2.0]);
        state.item(tags::SOFTCOPY_VOILUT_SEQUENCE, item);
    });
    assert_eq!(state.windows, []);
    assert_eq!(codes, ["image-reference"]);
}

/// Sequences far longer than any use, numbers that are none: some of it, with a word on the rest.
#[test]
fn hostile_lists_are_cut() {
    let (state, codes) = codes_after(|state| {
        let mut graphic = Dataset::new();
        graphic
            .text(tags::GRAPHIC_ANNOTATION_UNITS, "PIXEL")
            .text(tags::GRAPHIC_TYPE, "POINT")
            .value(
                tags::GRAPHIC_DATA,
                VR::FL,
                PrimitiveValue::F32([1.0, 2.0].as_slice().into()),
            );
        let mut annotation = Dataset::new();
        annotation.text(tags::GRAPHIC_LAYER, "OVERLAY").sequence(
            tags::GRAPHIC_OBJECT_SEQUENCE,
            vec![graphic; read::MAX_OBJECTS + 5],
        );
        let mut layer = Dataset::new();
        layer
            .text(tags::GRAPHIC_LAYER, "OVERLAY")
            .integers(tags::GRAPHIC_LAYER_ORDER, &[1]);
        state
            .item(tags::GRAPHIC_ANNOTATION_SEQUENCE, annotation)
            .sequence(tags::GRAPHIC_LAYER_SEQUENCE, vec![layer; 10_001]);
    });
    assert_eq!(state.layout.annotations[0].graphics.len(), read::MAX_OBJECTS);
    assert_eq!(state.layout.layers.len(), 10_000);
    assert_eq!(codes, ["too-many-items", "too-many-items"]);
    let (state, codes) = codes_after(|state| {
        state
            .text(tags::IMAGE_ROTATION, "45")
            .text(tags::RESCALE_SLOPE, "nan");
    });
    assert_eq!(state.layout.orientation.turns, QuarterTurns::None);
    assert_eq!((state.modality, codes), (None, vec!["rescale", "image-rotation"]));
}
