//! Segmentation Storage (PS3.3 A.51): binary masks, one frame a segment and plane.

use dicom_dictionary_std::{tags, uids};

use super::functional_groups::{position, put_dimensions, ranks, shared};
use super::{Code, Dataset, DateTime, Error, ImagePlane, Instance, Pixels, Series, Study};

/// One segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Segment Label.
    pub label: String,
    /// What kind of thing it is.
    pub category: Code,
    /// What it is.
    pub kind: Code,
    /// Algorithm name and whether a person took part; `None` for a mask drawn by hand.
    pub algorithm: Option<(String, bool)>,
    /// Tracking ID and UID, the same for one lesion in all studies.
    pub tracking: Option<(String, String)>,
}

/// One frame of a segmentation.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentFrame {
    /// Index of its segment, from 0.
    pub segment: usize,
    /// Where it lies.
    pub plane: ImagePlane,
    /// SOP class and instance of the image that it was made on.
    pub source: Option<(&'static str, String)>,
}

/// What is particular to one segmentation.
#[derive(Debug, Clone)]
pub struct Segmentation {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// UID of the frames' dimensions.
    pub dimension_organization_uid: String,
    /// When it was made.
    pub created: DateTime,
    /// Content Label: upper case, at most 16 characters.
    pub label: String,
    /// Content Description.
    pub description: String,
    /// The segments.
    pub segments: Vec<Segment>,
    /// The frames, in the order of their pixels.
    pub frames: Vec<SegmentFrame>,
    /// Distance between neighbouring planes, mm.
    pub slice_spacing_mm: f64,
    /// Series of the images that it was made on.
    pub source_series_instance_uid: Option<String>,
    /// One bit a pixel, see [`Pixels::from_bits`].
    pub pixels: Pixels,
}

/// Makes a binary segmentation.
///
/// # Errors
///
/// [`Error::Invalid`] when frames and pixels do not match, a frame names no segment, or planes differ in
/// orientation.
pub fn segmentation(study: &Study, series: &Series, seg: Segmentation) -> Result<Instance, Error> {
    let frames = seg.pixels.frames()?;
    if frames != seg.frames.len() {
        return Err(Error::invalid("frames", seg.frames.len(), frames));
    }
    if let Some(frame) = seg
        .frames
        .iter()
        .find(|frame| frame.segment >= seg.segments.len())
    {
        let expected = format!("below {}", seg.segments.len());
        return Err(Error::invalid("segment of a frame", expected, frame.segment));
    }
    let planes: Vec<ImagePlane> = seg.frames.iter().map(|frame| frame.plane).collect();
    let mut dataset = series.begin(study, "SEG");
    put_content(&seg, &mut dataset);
    dataset
        .item(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            shared(&planes, seg.slice_spacing_mm)?,
        )
        .sequence(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            seg.frames
                .iter()
                .zip(ranks(&planes))
                .map(|(frame, rank)| frame_item(frame, rank))
                .collect(),
        );
    put_dimensions(
        &mut dataset,
        &seg.dimension_organization_uid,
        &[
            (
                tags::REFERENCED_SEGMENT_NUMBER,
                tags::SEGMENT_IDENTIFICATION_SEQUENCE,
            ),
            (tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE),
        ],
    );
    put_source(&seg, &mut dataset);
    Ok(Instance::new(uids::SEGMENTATION_STORAGE, &seg.sop_instance_uid, dataset).with_pixels(seg.pixels))
}

fn put_content(seg: &Segmentation, dataset: &mut Dataset) {
    dataset
        .texts(tags::IMAGE_TYPE, &["DERIVED", "PRIMARY"])
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::CONTENT_DATE, seg.created.date())
        .text(tags::CONTENT_TIME, seg.created.time())
        .text(tags::CONTENT_LABEL, &seg.label)
        .text(tags::CONTENT_DESCRIPTION, &seg.description)
        .empty(tags::CONTENT_CREATOR_NAME)
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::SEGMENTATION_TYPE, "BINARY")
        .integers(tags::NUMBER_OF_FRAMES, &[seg.frames.len() as i64])
        .sequence(
            tags::SEGMENT_SEQUENCE,
            seg.segments
                .iter()
                .enumerate()
                .map(|(n, segment)| segment_item(n, segment))
                .collect(),
        );
}

fn segment_item(index: usize, segment: &Segment) -> Dataset {
    let mut item = Dataset::new();
    item.unsigned(tags::SEGMENT_NUMBER, &[index as u16 + 1])
        .text(tags::SEGMENT_LABEL, &segment.label)
        .code(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, segment.category)
        .code(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, segment.kind);
    match &segment.algorithm {
        None => item.text(tags::SEGMENT_ALGORITHM_TYPE, "MANUAL"),
        Some((name, with_a_person)) => item
            .text(
                tags::SEGMENT_ALGORITHM_TYPE,
                if *with_a_person {
                    "SEMIAUTOMATIC"
                } else {
                    "AUTOMATIC"
                },
            )
            .text(tags::SEGMENT_ALGORITHM_NAME, name),
    };
    if let Some((id, uid)) = &segment.tracking {
        item.text(tags::TRACKING_ID, id).text(tags::TRACKING_UID, uid);
    }
    item
}

fn frame_item(frame: &SegmentFrame, rank: u32) -> Dataset {
    let number = frame.segment as u16 + 1;
    let mut item = position(&frame.plane, &[u32::from(number), rank]);
    let mut segment = Dataset::new();
    segment.unsigned(tags::REFERENCED_SEGMENT_NUMBER, &[number]);
    item.item(tags::SEGMENT_IDENTIFICATION_SEQUENCE, segment);
    if let Some((class_uid, instance_uid)) = &frame.source {
        let mut source = reference(class_uid, instance_uid);
        source.code(
            tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
            Code::new("121322", "DCM", "Source image for image processing operation"),
        );
        let mut derivation = Dataset::new();
        derivation.item(tags::SOURCE_IMAGE_SEQUENCE, source).code(
            tags::DERIVATION_CODE_SEQUENCE,
            Code::new("113076", "DCM", "Segmentation"),
        );
        item.item(tags::DERIVATION_IMAGE_SEQUENCE, derivation);
    }
    item
}

/// The item that names one object.
pub(super) fn reference(class_uid: &str, instance_uid: &str) -> Dataset {
    let mut item = Dataset::new();
    item.text(tags::REFERENCED_SOP_CLASS_UID, class_uid)
        .text(tags::REFERENCED_SOP_INSTANCE_UID, instance_uid);
    item
}

/// Sets the Common Instance Reference module (PS3.3 C.12.2): each source image once.
fn put_source(seg: &Segmentation, dataset: &mut Dataset) {
    let Some(series_uid) = &seg.source_series_instance_uid else {
        return;
    };
    let mut sources: Vec<&(&str, String)> = seg.frames.iter().filter_map(|f| f.source.as_ref()).collect();
    sources.sort_by(|a, b| a.1.cmp(&b.1));
    sources.dedup();
    let instances = sources
        .iter()
        .map(|(class_uid, uid)| reference(class_uid, uid))
        .collect();
    let mut series = Dataset::new();
    series
        .text(tags::SERIES_INSTANCE_UID, series_uid)
        .sequence(tags::REFERENCED_INSTANCE_SEQUENCE, instances);
    dataset.item(tags::REFERENCED_SERIES_SEQUENCE, series);
}
