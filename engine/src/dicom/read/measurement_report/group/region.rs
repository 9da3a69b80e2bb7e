//! Coordinates of images and of space (PS3.3 C.18.6, C.18.9).

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use crate::dicom::measurement_report::{Region, RegionShape};
use crate::dicom::read::attributes::Attributes as _;
use crate::dicom::read::content::Evidence;

/// Classes whose frames are tiles of one picture.
const TILED: [&str; 2] = [
    uids::VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE,
    uids::CONFOCAL_MICROSCOPY_TILED_PYRAMIDAL_IMAGE_STORAGE,
];

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
        if is_of_volume && TILED.contains(&image.reference.sop_class_uid.as_str()) {
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
