//! Displayed areas and how images are turned (PS3.3 C.10.4, C.10.6).

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::{Attributes as _, Tag};
use super::reader::Reader;
use crate::dicom::presentation_state::{DisplayedArea, Orientation, PixelShape, QuarterTurns, Scaling};

const OF_AREA: &[Tag] = &[
    tags::REFERENCED_IMAGE_SEQUENCE,
    tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER,
    tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER,
    tags::PRESENTATION_SIZE_MODE,
    tags::PRESENTATION_PIXEL_SPACING,
    tags::PRESENTATION_PIXEL_ASPECT_RATIO,
    tags::PRESENTATION_PIXEL_MAGNIFICATION_RATIO,
    tags::PIXEL_ORIGIN_INTERPRETATION,
];

pub(super) fn orientation(reader: &mut Reader, object: &InMemDicomObject) -> Orientation {
    let degrees = object.number(tags::IMAGE_ROTATION);
    let turns = QuarterTurns::ALL
        .into_iter()
        .find(|turns| degrees.unwrap_or(0.0) == f64::from(turns.degrees()));
    if turns.is_none() {
        let text = "expected 0, 90, 180 or 270 as Image Rotation, found another; the image is not turned";
        reader.warn("image-rotation", text);
    }
    let flip = object.text(tags::IMAGE_HORIZONTAL_FLIP);
    if !matches!(flip.as_deref(), None | Some("Y" | "N")) {
        let text = "expected Y or N as Image Horizontal Flip, found another; the image is not mirrored";
        reader.warn("image-flip", text);
    }
    Orientation {
        turns: turns.unwrap_or_default(),
        is_mirrored: flip.as_deref() == Some("Y"),
    }
}

pub(super) fn areas(reader: &mut Reader, object: &InMemDicomObject) -> Vec<DisplayedArea> {
    let items = reader.items(object, tags::DISPLAYED_AREA_SELECTION_SEQUENCE);
    let areas: Vec<_> = items.iter().filter_map(|item| area(reader, item)).collect();
    if items.is_empty() {
        reader.warn("displayed-area", "expected a displayed area, found none");
    }
    areas
}

fn area(reader: &mut Reader, item: &InMemDicomObject) -> Option<DisplayedArea> {
    reader.tell_unknown(item, &[OF_AREA], "a displayed area");
    // Of images that are no tiles of a picture the word says nothing, and some producers write it of all.
    let is_of_volume = item.text(tags::PIXEL_ORIGIN_INTERPRETATION).as_deref() == Some("VOLUME");
    if is_of_volume && reader.has_tiles {
        let text = "a displayed area of a whole slide, not of a frame, is left out";
        reader.warn("displayed-area", text);
        return None;
    }
    let images = reader.images(item, "a displayed area")?;
    let corners = [
        tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER,
        tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER,
    ];
    let [Some(top_left), Some(bottom_right)] = corners.map(|tag| whole(item, tag)) else {
        let text = "expected corners of a displayed area as two whole numbers each; it is left out";
        reader.warn("displayed-area", text);
        return None;
    };
    Some(DisplayedArea {
        images,
        top_left,
        bottom_right,
        scaling: scaling(reader, item)?,
        pixel: pixel(reader, item),
    })
}

/// `N` whole numbers.
pub(super) fn whole<const N: usize>(item: &InMemDicomObject, tag: Tag) -> Option<[i32; N]> {
    let numbers = item.numbers_of::<N>(tag)?;
    let is_whole = |number: &f64| number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX);
    // Exact: checked above.
    numbers
        .iter()
        .all(is_whole)
        .then(|| numbers.map(|number| number as i32))
}

fn scaling(reader: &mut Reader, item: &InMemDicomObject) -> Option<Scaling> {
    let ratio = item.number(tags::PRESENTATION_PIXEL_MAGNIFICATION_RATIO);
    match (item.text(tags::PRESENTATION_SIZE_MODE).as_deref(), ratio) {
        (Some("SCALE TO FIT"), _) => Some(Scaling::ScaleToFit),
        (Some("TRUE SIZE"), _) => Some(Scaling::TrueSize),
        (Some("MAGNIFY"), Some(ratio)) if ratio > 0.0 => Some(Scaling::Magnify(ratio as f32)),
        _ => {
            let text = "expected SCALE TO FIT, TRUE SIZE or MAGNIFY with a ratio as size of a displayed area, found \
                        another; it is left out";
            reader.warn("presentation-size-mode", text);
            None
        }
    }
}

fn pixel(reader: &mut Reader, item: &InMemDicomObject) -> Option<PixelShape> {
    let spacing_mm = item.numbers_of::<2>(tags::PRESENTATION_PIXEL_SPACING);
    let ratio = whole::<2>(item, tags::PRESENTATION_PIXEL_ASPECT_RATIO);
    let shape = match (spacing_mm, ratio) {
        (Some(spacing_mm), _) if spacing_mm.iter().all(|mm| *mm > 0.0) => {
            Some(PixelShape::SpacingMm(spacing_mm))
        }
        (_, Some([height, width])) if height > 0 && width > 0 => Some(PixelShape::AspectRatio([
            height.unsigned_abs(),
            width.unsigned_abs(),
        ])),
        _ => None,
    };
    if shape.is_none() {
        let text = "expected a pixel spacing or aspect ratio in a displayed area, found none";
        reader.warn("displayed-area-pixel", text);
    }
    shape
}
