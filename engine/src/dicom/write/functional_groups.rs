//! Functional groups of enhanced multi-frame objects (PS3.3 C.7.6.16), and their dimensions.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{Dataset, Error, ImagePlane};

/// Pixel measures and orientation, shared by all frames.
///
/// # Errors
///
/// [`Error::Invalid`] when there is no frame, or frames differ in orientation or spacing.
pub(super) fn shared(planes: &[ImagePlane], slice_spacing_mm: f64) -> Result<Dataset, Error> {
    let first = planes
        .first()
        .ok_or_else(|| Error::invalid("frames", "at least one", "none"))?;
    let alike = |plane: &&ImagePlane| {
        plane.orientation() == first.orientation() && plane.pixel_spacing_mm == first.pixel_spacing_mm
    };
    if let Some(other) = planes.iter().find(|plane| !alike(plane)) {
        let found = format!("{:?}", other.orientation());
        return Err(Error::invalid(
            "orientation and spacing of frames",
            "one for all",
            found,
        ));
    }
    let mut measures = Dataset::new();
    measures
        .decimals(tags::PIXEL_SPACING, &first.pixel_spacing_mm)
        .decimals(tags::SLICE_THICKNESS, &[first.slice_thickness_mm])
        .decimals(tags::SPACING_BETWEEN_SLICES, &[slice_spacing_mm]);
    let mut orientation = Dataset::new();
    orientation.decimals(tags::IMAGE_ORIENTATION_PATIENT, &first.orientation());
    let mut shared = Dataset::new();
    shared
        .item(tags::PIXEL_MEASURES_SEQUENCE, measures)
        .item(tags::PLANE_ORIENTATION_SEQUENCE, orientation);
    Ok(shared)
}

/// Position of one frame, with its place in the dimensions, counted from 1.
pub(super) fn position(plane: &ImagePlane, places: &[u32]) -> Dataset {
    let mut content = Dataset::new();
    content.longs(tags::DIMENSION_INDEX_VALUES, places);
    let mut position = Dataset::new();
    let place = [plane.position[0], plane.position[1], plane.position[2]];
    position.decimals(tags::IMAGE_POSITION_PATIENT, &place);
    let mut frame = Dataset::new();
    frame
        .item(tags::FRAME_CONTENT_SEQUENCE, content)
        .item(tags::PLANE_POSITION_SEQUENCE, position);
    frame
}

/// Rank of each plane along the stack's normal, counted from 1; planes at one place share a rank.
pub(super) fn ranks(planes: &[ImagePlane]) -> Vec<u32> {
    /// Places nearer than this are one: a thousandth of a millimetre, below what decimal strings vary by.
    const SAME_MM: f64 = 1e-3;
    let along = |plane: &ImagePlane| {
        let normal = plane.row_direction.cross(plane.column_direction);
        normal.xyz.dot(&plane.position.xyz)
    };
    let mut places: Vec<f64> = planes.iter().map(along).collect();
    places.sort_by(f64::total_cmp);
    places.dedup_by(|a, b| (*a - *b).abs() < SAME_MM);
    let rank =
        |plane: &ImagePlane| places.partition_point(|place| *place < along(plane) - SAME_MM) as u32 + 1;
    planes.iter().map(rank).collect()
}

/// Sets the Multi-frame Dimension module: what frames are counted by, and where that is written.
pub(super) fn put_dimensions(dataset: &mut Dataset, organization_uid: &str, dimensions: &[(Tag, Tag)]) {
    let mut organization = Dataset::new();
    organization.text(tags::DIMENSION_ORGANIZATION_UID, organization_uid);
    let index = |(pointer, group): &(Tag, Tag)| {
        let mut item = Dataset::new();
        item.text(tags::DIMENSION_ORGANIZATION_UID, organization_uid)
            .tags(tags::DIMENSION_INDEX_POINTER, &[*pointer])
            .tags(tags::FUNCTIONAL_GROUP_POINTER, &[*group]);
        item
    };
    dataset
        .item(tags::DIMENSION_ORGANIZATION_SEQUENCE, organization)
        .sequence(
            tags::DIMENSION_INDEX_SEQUENCE,
            dimensions.iter().map(index).collect(),
        );
}
