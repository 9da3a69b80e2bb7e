//! Display and presentation state shutters (PS3.3 C.7.6.11, C.11.12).

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::Attributes as _;
use super::annotation::colour;
use super::area::whole;
use super::reader::Reader;
use crate::dicom::presentation_state::{Shutter, ShutterShape};

/// Corners that are read of a polygon.
const MAX_CORNERS: usize = 100_000;

pub(super) fn read(reader: &mut Reader, object: &InMemDicomObject) -> Option<Shutter> {
    let terms = object.texts(tags::SHUTTER_SHAPE);
    let mut shapes = Vec::new();
    for term in terms.iter().take(4) {
        let shape = match term.as_str() {
            "RECTANGULAR" => rectangle(object),
            "CIRCULAR" => circle(object),
            "POLYGONAL" => polygon(object),
            "BITMAP" => {
                reader.warn(
                    "shutter",
                    "a shutter of a bitmap is left out: more of the image is seen",
                );
                continue;
            }
            _ => None,
        };
        match shape {
            Some(shape) => shapes.push(shape),
            None => reader.warn(
                "shutter",
                "expected a shutter with whole numbers that say where it is, found another; left out",
            ),
        }
    }
    if terms.len() > 4 {
        reader.warn(
            "shutter",
            "expected at most 4 shutters, found more; the rest is left out",
        );
    }
    if shapes.is_empty() {
        return None;
    }
    let grey = object.integer(tags::SHUTTER_PRESENTATION_VALUE);
    let grey = grey.and_then(|grey| u16::try_from(grey).ok());
    let colour = colour(object, tags::SHUTTER_PRESENTATION_COLOR_CIE_LAB_VALUE);
    if grey.is_none() {
        reader.warn(
            "shutter",
            "expected a presentation value of a shutter, found none",
        );
    }
    Some(Shutter { shapes, grey, colour })
}

fn rectangle(object: &InMemDicomObject) -> Option<ShutterShape> {
    let edge = |tag| whole::<1>(object, tag).map(|[edge]| edge);
    Some(ShutterShape::Rectangular {
        left: edge(tags::SHUTTER_LEFT_VERTICAL_EDGE)?,
        right: edge(tags::SHUTTER_RIGHT_VERTICAL_EDGE)?,
        upper: edge(tags::SHUTTER_UPPER_HORIZONTAL_EDGE)?,
        lower: edge(tags::SHUTTER_LOWER_HORIZONTAL_EDGE)?,
    })
}

fn circle(object: &InMemDicomObject) -> Option<ShutterShape> {
    let [row, column] = whole::<2>(object, tags::CENTER_OF_CIRCULAR_SHUTTER)?;
    let [radius] = whole::<1>(object, tags::RADIUS_OF_CIRCULAR_SHUTTER)?;
    (radius >= 0).then_some(ShutterShape::Circular {
        center: [column, row],
        radius,
    })
}

fn polygon(object: &InMemDicomObject) -> Option<ShutterShape> {
    let numbers = object.numbers(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER);
    let (pairs, rest) = numbers.as_chunks::<2>();
    let corner = |[row, column]: &[f64; 2]| {
        let is_whole = |number: f64| number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX);
        (is_whole(*row) && is_whole(*column)).then_some([*column as i32, *row as i32])
    };
    let corners: Option<Vec<_>> = pairs.iter().map(corner).collect();
    let is_polygon = rest.is_empty() && (3..=MAX_CORNERS).contains(&pairs.len());
    Some(ShutterShape::Polygonal(corners.filter(|_| is_polygon)?))
}
