//! Attributes that are US or SS as the pixels are signed or not (PS3.5 6.2): implicit encoding does not tell which.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// Single values in the pixels' own range. Lookup tables' descriptors are left alone: they mix both.
const PIXEL_VALUES: &[Tag] = &[
    tags::SMALLEST_IMAGE_PIXEL_VALUE,
    tags::LARGEST_IMAGE_PIXEL_VALUE,
    tags::SMALLEST_PIXEL_VALUE_IN_SERIES,
    tags::LARGEST_PIXEL_VALUE_IN_SERIES,
    tags::PIXEL_PADDING_VALUE,
    tags::PIXEL_PADDING_RANGE_LIMIT,
    tags::REAL_WORLD_VALUE_FIRST_VALUE_MAPPED,
    tags::REAL_WORLD_VALUE_LAST_VALUE_MAPPED,
];

/// Whether an object's pixels are signed, as its Pixel Representation (0028,0103) says.
pub(crate) fn is_signed(object: &InMemDicomObject) -> bool {
    let representation = object.get(tags::PIXEL_REPRESENTATION);
    representation.and_then(|element| element.to_int::<u16>().ok()) == Some(1)
}

/// Gives the element as SS where it was read as US for want of the pixels' sign.
pub(crate) fn signed(element: &InMemElement) -> Option<InMemElement> {
    let tag = element.header().tag;
    match element.value().primitive() {
        Some(PrimitiveValue::U16(numbers)) if element.vr() == VR::US && PIXEL_VALUES.contains(&tag) => {
            let numbers = numbers.iter().map(|number| number.cast_signed()).collect();
            Some(DataElement::new(tag, VR::SS, PrimitiveValue::I16(numbers)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::tags;

    use super::signed;

    #[test]
    fn padding_below_nought_is_told_from_far_above() {
        let value = |tag| DataElement::new(tag, VR::US, PrimitiveValue::from(63_536_u16));
        let element = signed(&value(tags::PIXEL_PADDING_VALUE)).unwrap();
        assert_eq!((element.vr(), element.to_int::<i32>().unwrap()), (VR::SS, -2000));
        assert!(signed(&value(tags::ROWS)).is_none());
    }
}
