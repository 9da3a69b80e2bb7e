//! Display shutters (PS3.3 C.7.6.11, C.11.12).

use dicom_dictionary_std::tags;

use super::{Dataset, Error};
use crate::dicom::presentation_state::{Shutter, ShutterShape};

pub(super) fn put(shutter: &Shutter, dataset: &mut Dataset) -> Result<(), Error> {
    let mut terms = Vec::new();
    for shape in &shutter.shapes {
        let term = put_shape(shape, dataset)?;
        if terms.contains(&term) {
            return Err(Error::invalid("shutter", "one shape of a kind", term));
        }
        terms.push(term);
    }
    let Some(grey) = shutter.grey else {
        return Err(Error::invalid("shutter", "a presentation value", "none"));
    };
    if terms.is_empty() {
        return Err(Error::invalid("shutter", "a shape", "none"));
    }
    dataset
        .texts(tags::SHUTTER_SHAPE, &terms)
        .unsigned(tags::SHUTTER_PRESENTATION_VALUE, &[grey]);
    if let Some(colour) = shutter.colour {
        dataset.unsigned(tags::SHUTTER_PRESENTATION_COLOR_CIE_LAB_VALUE, &colour.0);
    }
    Ok(())
}

fn put_shape(shape: &ShutterShape, dataset: &mut Dataset) -> Result<&'static str, Error> {
    let refused = |expected: &str| Err(Error::invalid("shutter", expected, "another"));
    match shape {
        ShutterShape::Rectangular {
            left,
            right,
            upper,
            lower,
        } => {
            if left > right || upper > lower {
                return refused("left before right and upper before lower edge");
            }
            dataset
                .integers(tags::SHUTTER_LEFT_VERTICAL_EDGE, &[(*left).into()])
                .integers(tags::SHUTTER_RIGHT_VERTICAL_EDGE, &[(*right).into()])
                .integers(tags::SHUTTER_UPPER_HORIZONTAL_EDGE, &[(*upper).into()])
                .integers(tags::SHUTTER_LOWER_HORIZONTAL_EDGE, &[(*lower).into()]);
            Ok("RECTANGULAR")
        }
        ShutterShape::Circular {
            center: [column, row],
            radius,
        } => {
            if *radius < 0 {
                return refused("a radius of at least 0");
            }
            dataset
                .integers(
                    tags::CENTER_OF_CIRCULAR_SHUTTER,
                    &[(*row).into(), (*column).into()],
                )
                .integers(tags::RADIUS_OF_CIRCULAR_SHUTTER, &[(*radius).into()]);
            Ok("CIRCULAR")
        }
        ShutterShape::Polygonal(corners) => {
            if corners.len() < 3 {
                return refused("three corners or more");
            }
            let numbers = corners
                .iter()
                .flat_map(|[column, row]| [i64::from(*row), i64::from(*column)]);
            let numbers: Vec<i64> = numbers.collect();
            dataset.integers(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER, &numbers);
            Ok("POLYGONAL")
        }
    }
}
