//! Coordinates of images and of space (PS3.3 C.18.6, C.18.9).

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dicom::measurement_report::{Region, RegionShape};
use crate::dicom::read::attributes::Attributes as _;
use crate::dicom::read::content::Evidence;
use crate::dicom::read::references::is_tiled;

/// Reads a SCOORD or SCOORD3D item; `None` for one whose points make no shape, or lie in no image or space.
pub(super) fn read(item: &InMemDicomObject, evidence: &Evidence) -> Option<Region> {
    let term = item.text(tags::GRAPHIC_TYPE)?;
    let shape = RegionShape::ALL.into_iter().find(|shape| shape.term() == term)?;
    let numbers: Vec<f32> = item
        .numbers(tags::GRAPHIC_DATA)
        .into_iter()
        .map(|n| n as f32)
        .collect();
    let region = if item.text(tags::VALUE_TYPE).as_deref() == Some("SCOORD3D") {
        Region::Patient {
            frame_of_reference_uid: item.text(tags::REFERENCED_FRAME_OF_REFERENCE_UID)?,
            shape,
            points_mm: points(&numbers)?,
        }
    } else {
        let below = item.items(tags::CONTENT_SEQUENCE).iter();
        let mut images = below.filter(|below| below.text(tags::VALUE_TYPE).as_deref() == Some("IMAGE"));
        let image = images.find_map(|image| evidence.image(image))?;
        // Places on a whole slide are no places of one of its frames; of other images the word says nothing.
        let is_of_volume = item.text(tags::PIXEL_ORIGIN_INTERPRETATION).as_deref() == Some("VOLUME");
        if is_of_volume && is_tiled(&image.reference.sop_class_uid) {
            return None;
        }
        Region::Image {
            image,
            shape,
            points: points(&numbers)?,
        }
    };
    region.is_whole().then_some(region)
}

fn points<const N: usize>(numbers: &[f32]) -> Option<Vec<[f32; N]>> {
    let (points, rest) = numbers.as_chunks::<N>();
    rest.is_empty().then(|| points.to_vec())
}

#[cfg(test)]
mod tests {
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::uids;

    use super::*;

    fn item(texts: &[(dicom_core::Tag, &str)], numbers: &[f32]) -> InMemDicomObject {
        let mut item = InMemDicomObject::new_empty();
        for (tag, text) in texts {
            item.put(DataElement::new(*tag, VR::LO, PrimitiveValue::from(*text)));
        }
        item.put(DataElement::new(
            tags::GRAPHIC_DATA,
            VR::FL,
            PrimitiveValue::F32(numbers.into()),
        ));
        item
    }

    fn check_space(term: &str, numbers: &[f32], is_region: bool) {
        let texts = [
            (tags::VALUE_TYPE, "SCOORD3D"),
            (tags::GRAPHIC_TYPE, term),
            (tags::REFERENCED_FRAME_OF_REFERENCE_UID, "1.2"),
        ];
        let nothing = Evidence::of(&InMemDicomObject::new_empty());
        let found = read(&item(&texts, numbers), &nothing);
        assert_eq!(found.is_some(), is_region, "{term} of {numbers:?}");
    }

    #[test]
    fn points_that_make_no_shape_are_no_region() {
        check_space("POINT", &[1.0, 2.0, 3.0], true);
        check_space("POINT", &[1.0, 2.0, f32::NAN], false);
        check_space("POINT", &[1.0, 2.0], false);
        check_space("CIRCLE", &[1.0; 6], false);
        check_space("STAR", &[1.0; 6], false);
        check_space("POLYGON", &[1.0; 12], true);
        check_space(
            "POLYGON",
            &[1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0],
            false,
        );
        check_space("MULTIPOINT", &[], false);
        check_space("MULTIPOINT", &vec![1.0; 3_000_000], true);
        check_space("ELLIPSOID", &[0.5; 18], true);
    }

    #[test]
    fn places_on_whole_slides_are_not_taken_for_places_on_tiles() {
        let nothing = Evidence::of(&InMemDicomObject::new_empty());
        let of_class = |class: &str| {
            let named = item(
                &[
                    (tags::REFERENCED_SOP_CLASS_UID, class),
                    (tags::REFERENCED_SOP_INSTANCE_UID, "1.3"),
                ],
                &[],
            );
            let mut image = item(&[(tags::VALUE_TYPE, "IMAGE")], &[]);
            let sequence = |tag, item| DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item]));
            image.put(sequence(tags::REFERENCED_SOP_SEQUENCE, named));
            let texts = [
                (tags::VALUE_TYPE, "SCOORD"),
                (tags::GRAPHIC_TYPE, "POINT"),
                (tags::PIXEL_ORIGIN_INTERPRETATION, "VOLUME"),
            ];
            let mut region = item(&texts, &[1.0, 2.0]);
            region.put(sequence(tags::CONTENT_SEQUENCE, image));
            read(&region, &nothing)
        };
        assert!(of_class(uids::CT_IMAGE_STORAGE).is_some());
        assert_eq!(of_class(uids::VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE), None);
    }
}
