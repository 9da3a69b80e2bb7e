//! Parametric Map Storage (PS3.3 A.75): a real value of any quantity in each voxel, as floats.

use dicom_core::VR;
use dicom_core::value::PrimitiveValue;
use dicom_dictionary_std::{tags, uids};

use super::functional_groups::{position, put_dimensions, ranks, shared};
use super::real_world_value::put_values;
use super::segmentation::derived_from;
use super::source_images::put_references;
use super::study::slice_spacing_mm;
use super::{Code, Dataset, DateTime, Error, ImagePlane, Instance, Series, SourceImages, Study};
use crate::dicom::real_world_value::RealWorldValue;

/// The values of a map, voxel by voxel in reading order; NaN where there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum FloatValues {
    /// Float Pixel Data.
    F32(Vec<f32>),
    /// Double Float Pixel Data.
    F64(Vec<f64>),
}

/// What is particular to one parametric map.
#[derive(Debug, Clone)]
pub struct ParametricMap<'a> {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// UID of the frames' dimensions.
    pub dimension_organization_uid: String,
    /// When it was made.
    pub created: DateTime,
    /// Modality of the images that it was made of: `PT`.
    pub modality: &'static str,
    /// Content Label: upper case, at most 16 characters.
    pub label: String,
    /// Content Description.
    pub description: String,
    /// The images that it was made of, on whose grid its voxels lie.
    pub images: &'a SourceImages,
    /// How it was made of them, a derivation of PS3.16 CID 7203.
    pub derivation: Code,
    /// The values.
    pub values: FloatValues,
    /// What the values mean.
    pub real_world_value: RealWorldValue,
    /// Window center and width that suit the values.
    pub window: [f64; 2],
}

/// Makes a parametric map.
///
/// # Errors
///
/// [`Error::Invalid`] unless there is a value for each voxel, or when the real world value cannot be written.
pub fn parametric_map(study: &Study, series: &Series, map: ParametricMap<'_>) -> Result<Instance, Error> {
    let grid = &map.images.grid;
    let count = match &map.values {
        FloatValues::F32(values) => values.len(),
        FloatValues::F64(values) => values.len(),
    };
    if count != grid.voxels() {
        return Err(Error::invalid("values of a parametric map", grid.voxels(), count));
    }
    let slices = grid.size()[2];
    let planes = (0..slices)
        .map(|k| map.images.plane(k))
        .collect::<Result<Vec<_>, _>>()?;
    let mut dataset = series.begin(study, map.modality);
    put_content(&map, &mut dataset);
    let frames = (0..slices).zip(ranks(&planes));
    dataset
        .item(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            shared_groups(&map, &planes, slice_spacing_mm(grid))?,
        )
        .sequence(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            frames
                .map(|(k, rank)| frame_item(&map, k, &planes[k], rank))
                .collect(),
        );
    let by_place = (tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE);
    put_dimensions(&mut dataset, &map.dimension_organization_uid, &[by_place]);
    put_references(&mut dataset, &study.study_instance_uid, map.images.references());
    put_values_of_pixels(map.values, &mut dataset);
    Ok(Instance::new(
        uids::PARAMETRIC_MAP_STORAGE,
        &map.sop_instance_uid,
        dataset,
    ))
}

const IMAGE_TYPE: [&str; 4] = ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"];

fn put_content(map: &ParametricMap<'_>, dataset: &mut Dataset) {
    let [columns, rows, slices] = map.images.grid.size();
    let bits = match map.values {
        FloatValues::F32(_) => 32,
        FloatValues::F64(_) => 64,
    };
    dataset
        .texts(tags::IMAGE_TYPE, &IMAGE_TYPE)
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::CONTENT_DATE, map.created.date())
        .text(tags::CONTENT_TIME, map.created.time())
        .text(tags::CONTENT_LABEL, &map.label)
        .text(tags::CONTENT_DESCRIPTION, &map.description)
        .empty(tags::CONTENT_CREATOR_NAME)
        .text(tags::PIXEL_PRESENTATION, "MONOCHROME")
        .text(tags::CONTENT_QUALIFICATION, "PRODUCT")
        .text(tags::BURNED_IN_ANNOTATION, "NO")
        .text(tags::RECOGNIZABLE_VISUAL_FEATURES, "NO")
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::PRESENTATION_LUT_SHAPE, "IDENTITY")
        .sequence(tags::ACQUISITION_CONTEXT_SEQUENCE, Vec::new())
        .integers(tags::NUMBER_OF_FRAMES, &[slices as i64])
        .unsigned(tags::SAMPLES_PER_PIXEL, &[1])
        .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
        .unsigned(tags::ROWS, &[rows as u16])
        .unsigned(tags::COLUMNS, &[columns as u16])
        .unsigned(tags::BITS_ALLOCATED, &[bits]);
}

fn shared_groups(
    map: &ParametricMap<'_>,
    planes: &[ImagePlane],
    slice_spacing_mm: f64,
) -> Result<Dataset, Error> {
    let mut groups = shared(planes, slice_spacing_mm)?;
    let mut frame_type = Dataset::new();
    frame_type.texts(tags::FRAME_TYPE, &IMAGE_TYPE);
    let mut window = Dataset::new();
    window
        .decimals(tags::WINDOW_CENTER, &[map.window[0]])
        .decimals(tags::WINDOW_WIDTH, &[map.window[1]])
        .text(tags::VOILUT_FUNCTION, "LINEAR_EXACT");
    let mut identity = Dataset::new();
    identity
        .decimals(tags::RESCALE_INTERCEPT, &[0.0])
        .decimals(tags::RESCALE_SLOPE, &[1.0])
        .text(tags::RESCALE_TYPE, "US");
    groups
        .item(tags::PARAMETRIC_MAP_FRAME_TYPE_SEQUENCE, frame_type)
        .item(tags::FRAME_VOILUT_SEQUENCE, window)
        .item(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, identity);
    put_values(&mut groups, std::slice::from_ref(&map.real_world_value))?;
    Ok(groups)
}

fn frame_item(map: &ParametricMap<'_>, k: usize, plane: &ImagePlane, rank: u32) -> Dataset {
    let mut item = position(plane, &[rank]);
    if let Some(image) = map.images.slices.get(k) {
        item.item(
            tags::DERIVATION_IMAGE_SEQUENCE,
            derived_from(image, map.derivation.clone()),
        );
    }
    item
}

fn put_values_of_pixels(values: FloatValues, dataset: &mut Dataset) {
    match values {
        FloatValues::F32(values) => {
            dataset.value(tags::FLOAT_PIXEL_DATA, VR::OF, PrimitiveValue::F32(values.into()));
        }
        FloatValues::F64(values) => {
            dataset.value(
                tags::DOUBLE_FLOAT_PIXEL_DATA,
                VR::OD,
                PrimitiveValue::F64(values.into()),
            );
        }
    }
}
