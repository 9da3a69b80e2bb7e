//! Graphics, texts and their layers (PS3.3 C.10.5, C.10.7).

use std::collections::HashSet;

use dicom_core::value::PrimitiveValue;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::{Attributes as _, Tag};
use super::reader::Reader;
use crate::dicom::presentation_state::{
    Anchor, Annotation, CieLab, Graphic, GraphicLayer, Justification, Shape, Text, TextBox, Tracking, Units,
};

const OF_LAYER: &[Tag] = &[
    tags::GRAPHIC_LAYER,
    tags::GRAPHIC_LAYER_ORDER,
    tags::GRAPHIC_LAYER_DESCRIPTION,
    tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE,
    tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIE_LAB_VALUE,
];
const OF_ANNOTATION: &[Tag] = &[
    tags::REFERENCED_IMAGE_SEQUENCE,
    tags::GRAPHIC_LAYER,
    tags::GRAPHIC_OBJECT_SEQUENCE,
    tags::TEXT_OBJECT_SEQUENCE,
];
const OF_GRAPHIC: &[Tag] = &[
    tags::GRAPHIC_ANNOTATION_UNITS,
    tags::GRAPHIC_DIMENSIONS,
    tags::NUMBER_OF_GRAPHIC_POINTS,
    tags::GRAPHIC_DATA,
    tags::GRAPHIC_TYPE,
    tags::GRAPHIC_FILLED,
    tags::TRACKING_ID,
    tags::TRACKING_UID,
];
const OF_TEXT: &[Tag] = &[
    tags::UNFORMATTED_TEXT_VALUE,
    tags::BOUNDING_BOX_ANNOTATION_UNITS,
    tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER,
    tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER,
    tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION,
    tags::ANCHOR_POINT_ANNOTATION_UNITS,
    tags::ANCHOR_POINT,
    tags::ANCHOR_POINT_VISIBILITY,
    tags::TRACKING_ID,
    tags::TRACKING_UID,
];

pub(super) fn layers(reader: &mut Reader, object: &InMemDicomObject) -> Vec<GraphicLayer> {
    let mut layers = Vec::new();
    for item in reader.items(object, tags::GRAPHIC_LAYER_SEQUENCE) {
        reader.tell_unknown(item, &[OF_LAYER], "a graphic layer");
        let order = item.integer(tags::GRAPHIC_LAYER_ORDER);
        let order = order.and_then(|order| i32::try_from(order).ok());
        let (Some(name), Some(order)) = (item.text(tags::GRAPHIC_LAYER), order) else {
            let text = "expected a name and an order of a graphic layer, found none; it is left out";
            reader.warn("graphic-layer", text);
            continue;
        };
        let grey = item.integer(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE);
        layers.push(GraphicLayer {
            name,
            order,
            description: item.text(tags::GRAPHIC_LAYER_DESCRIPTION).unwrap_or_default(),
            grey: grey.and_then(|grey| u16::try_from(grey).ok()),
            colour: colour(item, tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIE_LAB_VALUE),
        });
    }
    layers
}

/// A colour of three words.
pub(in crate::dicom::read) fn colour(item: &InMemDicomObject, tag: Tag) -> Option<CieLab> {
    let [l, a, b] = item.numbers_of::<3>(tag)?;
    let word = |number: f64| u16::try_from(number as i64).ok();
    Some(CieLab([word(l)?, word(a)?, word(b)?]))
}

pub(super) fn annotations(
    reader: &mut Reader,
    object: &InMemDicomObject,
    layers: &[GraphicLayer],
) -> Vec<Annotation> {
    let known: HashSet<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    let mut annotations = Vec::new();
    for item in reader.items(object, tags::GRAPHIC_ANNOTATION_SEQUENCE) {
        // Compound graphics come with simple ones in their place (PS3.3 C.10.5.1.1.2), which are read.
        reader.tell_unknown(item, &[OF_ANNOTATION], "a graphic annotation");
        let Some(images) = reader.images(item, "a graphic annotation") else {
            continue;
        };
        let layer = item.text(tags::GRAPHIC_LAYER).unwrap_or_default();
        if !known.contains(layer.as_str()) {
            let text = "expected a layer that the state describes in a graphic annotation, found another";
            reader.warn("graphic-layer", text);
        }
        let graphics = item.items(tags::GRAPHIC_OBJECT_SEQUENCE).iter();
        let graphics = graphics.map_while(|item| graphic(reader, item)).flatten();
        let graphics = graphics.collect();
        let texts = item.items(tags::TEXT_OBJECT_SEQUENCE).iter();
        let texts = texts.map_while(|item| text(reader, item)).flatten();
        annotations.push(Annotation {
            images,
            layer,
            graphics,
            texts: texts.collect(),
        });
    }
    annotations
}

/// A graphic, or `Some(None)` for one that cannot be used; `None` when there is no more room.
fn graphic(reader: &mut Reader, item: &InMemDicomObject) -> Option<Option<Graphic>> {
    let data = item
        .get(tags::GRAPHIC_DATA)
        .and_then(|data| data.value().primitive());
    let numbers = data.map_or(0, PrimitiveValue::multiplicity) as usize;
    if !reader.has_room(numbers / 2) {
        return None;
    }
    reader.tell_unknown(item, &[OF_GRAPHIC], "a graphic");
    let term = item.text(tags::GRAPHIC_TYPE).unwrap_or_default();
    let units = units(item, tags::GRAPHIC_ANNOTATION_UNITS);
    let shape = points(item).and_then(|points| shape(&term, points));
    let (Some(units), Some(shape)) = (units, shape) else {
        reader.warn(
            "graphic",
            "expected a graphic of known units and type with the points it needs, found another; it is left out",
        );
        return Some(None);
    };
    let is_filled = item.text(tags::GRAPHIC_FILLED).as_deref() == Some("Y");
    if is_filled && !shape.is_closed() {
        reader.warn(
            "graphic",
            "an open graphic is called filled; it is taken for a line",
        );
    }
    Some(Some(Graphic {
        units,
        is_filled: is_filled && shape.is_closed(),
        tracking: tracking(reader, item),
        shape,
    }))
}

/// Pairs of numbers, as many as the item says.
fn points(item: &InMemDicomObject) -> Option<Vec<[f32; 2]>> {
    let dimensions = item.integer(tags::GRAPHIC_DIMENSIONS).unwrap_or(2);
    let numbers = item.numbers(tags::GRAPHIC_DATA);
    let stated = item.integer(tags::NUMBER_OF_GRAPHIC_POINTS);
    let (pairs, rest) = numbers.as_chunks::<2>();
    // Above 65535 points the count, of 16 bits, wraps round.
    let is_whole = rest.is_empty() && dimensions == 2;
    let is_counted = stated.is_none_or(|count| count == (pairs.len() & 0xFFFF) as i64);
    let points: Option<Vec<_>> = pairs.iter().map(|pair| single(*pair)).collect();
    points.filter(|_| is_whole && is_counted)
}

fn shape(term: &str, points: Vec<[f32; 2]>) -> Option<Shape> {
    match (term, points.as_slice()) {
        ("POINT", [point]) => Some(Shape::Point(*point)),
        ("POLYLINE", [_, _, ..]) => Some(Shape::Polyline(points)),
        ("INTERPOLATED", [_, _, ..]) => Some(Shape::Interpolated(points)),
        ("CIRCLE", [center, on_circle]) => Some(Shape::Circle {
            center: *center,
            on_circle: *on_circle,
        }),
        ("ELLIPSE", [a, b, c, d]) => Some(Shape::Ellipse {
            major: [*a, *b],
            minor: [*c, *d],
        }),
        _ => None,
    }
}

fn units(item: &InMemDicomObject, tag: Tag) -> Option<Units> {
    match item.text(tag).as_deref() {
        Some("PIXEL") => Some(Units::Pixel),
        Some("DISPLAY") => Some(Units::Display),
        _ => None,
    }
}

fn text(reader: &mut Reader, item: &InMemDicomObject) -> Option<Option<Text>> {
    if !reader.has_room(0) {
        return None;
    }
    reader.tell_unknown(item, &[OF_TEXT], "a text");
    // Short text is one value: backslashes are its own (PS3.5 6.2).
    let value = item.get(tags::UNFORMATTED_TEXT_VALUE);
    let value = value.and_then(|value| value.value().primitive());
    let value = value.map(|value| value.to_raw_str().trim_end_matches([' ', '\0']).to_owned());
    let text = Text {
        text: value.unwrap_or_default(),
        bounds: bounds(reader, item),
        anchor: anchor(reader, item),
        tracking: tracking(reader, item),
    };
    if text.text.is_empty() || (text.bounds.is_none() && text.anchor.is_none()) {
        reader.warn(
            "text",
            "expected a text with a place, found one without; it is left out",
        );
        return Some(None);
    }
    Some(Some(text))
}

fn tracking(reader: &mut Reader, item: &InMemDicomObject) -> Option<Tracking> {
    let id = item.texts(tags::TRACKING_ID).join("\\");
    match (id.is_empty(), item.text(tags::TRACKING_UID)) {
        (false, Some(uid)) => Some(Tracking { id, uid }),
        (true, None) => None,
        _ => {
            reader.warn(
                "tracking",
                "expected a tracking ID and UID, found one of them; left out",
            );
            None
        }
    }
}

fn bounds(reader: &mut Reader, item: &InMemDicomObject) -> Option<TextBox> {
    item.get(tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER)?;
    let corners = (
        units(item, tags::BOUNDING_BOX_ANNOTATION_UNITS),
        place(item, tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER),
        place(item, tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER),
    );
    let (Some(units), Some(top_left), Some(bottom_right)) = corners else {
        reader.warn(
            "text-box",
            "expected units and two corners of a text's box, found others; left out",
        );
        return None;
    };
    let justification = match item
        .text(tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION)
        .as_deref()
    {
        Some("LEFT") => Some(Justification::Left),
        Some("RIGHT") => Some(Justification::Right),
        Some("CENTER") => Some(Justification::Center),
        _ => {
            reader.warn(
                "text-box",
                "expected LEFT, RIGHT or CENTER as justification, found another",
            );
            None
        }
    };
    Some(TextBox {
        units,
        top_left,
        bottom_right,
        justification,
    })
}

fn anchor(reader: &mut Reader, item: &InMemDicomObject) -> Option<Anchor> {
    item.get(tags::ANCHOR_POINT)?;
    let (Some(units), Some(point)) = (
        units(item, tags::ANCHOR_POINT_ANNOTATION_UNITS),
        place(item, tags::ANCHOR_POINT),
    ) else {
        reader.warn(
            "text-anchor",
            "expected units and a place of a text's anchor, found others; left out",
        );
        return None;
    };
    Some(Anchor {
        units,
        point,
        is_visible: item.text(tags::ANCHOR_POINT_VISIBILITY).as_deref() == Some("Y"),
    })
}

fn place(item: &InMemDicomObject, tag: Tag) -> Option<[f32; 2]> {
    single(item.numbers_of::<2>(tag)?)
}

/// A place in single precision, as FL has it; text may say more than that holds.
fn single(place: [f64; 2]) -> Option<[f32; 2]> {
    let place = place.map(|number| number as f32);
    place.iter().all(|number| number.is_finite()).then_some(place)
}
