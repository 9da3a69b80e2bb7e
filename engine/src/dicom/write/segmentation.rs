//! Segmentation Storage (PS3.3 A.51) and Label Map Segmentation Storage (A.101): masks, frame by frame.
//!
//! BINARY has a frame for each segment and plane, so that segments may overlap. LABELMAP has one frame for
//! each plane, whose values are the numbers of the segments.

use dicom_dictionary_std::{tags, uids};

use super::functional_groups::{position, put_dimensions, ranks, shared};
use super::source_images::put_references;
use super::{Code, Dataset, DateTime, Error, ImagePlane, Instance, Pixels, Series, SourceImage, Study};
use crate::dicom::presentation_state::CieLab;
use crate::dicom::{ObjectReference, concepts};

/// Label Map Segmentation Storage (PS3.4 B.5).
const LABEL_MAP_SEGMENTATION_STORAGE: &str = "1.2.840.10008.5.1.4.1.1.66.7";

/// How the masks are stored, Segmentation Type (0062,0001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentationType {
    /// One bit a pixel, a frame for each segment and plane; segments may overlap.
    Binary,
    /// The number of the segment in each pixel, 0 where there is none; 8 bits, or 16 above 255 segments.
    Labelmap,
}

/// What made a segment (PS3.3 10.16).
#[derive(Debug, Clone, PartialEq)]
pub struct Algorithm {
    /// Segment Algorithm Name.
    pub name: String,
    /// Algorithm Version.
    pub version: String,
    /// Algorithm Family, of PS3.16 CID 7162.
    pub family: Code,
    /// Whether a person took part: SEMIAUTOMATIC, else AUTOMATIC.
    pub with_a_person: bool,
}

/// One segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Segment Label.
    pub label: String,
    /// What kind of thing it is.
    pub category: Code,
    /// What it is.
    pub kind: Code,
    /// Anatomic Region, with its side; `None` where the kind says it already or nobody knows.
    pub region: Option<(Code, Option<Code>)>,
    /// What made it; `None` for a mask drawn by hand.
    pub algorithm: Option<Algorithm>,
    /// Recommended Display CIELab Value, as sRGB levels: red, green, blue.
    pub colour: Option<[u8; 3]>,
    /// Tracking ID and UID, the same for one lesion in all studies.
    pub tracking: Option<(String, String)>,
}

impl Segment {
    /// A lesion, at a place where one is known, with its tracking ID and UID.
    #[must_use]
    pub fn lesion(label: impl Into<String>, tracking: (String, String)) -> Self {
        Self {
            label: label.into(),
            category: concepts::ABNORMAL_STRUCTURE,
            kind: concepts::LESION,
            region: None,
            algorithm: None,
            colour: None,
            tracking: Some(tracking),
        }
    }
}

/// One frame of a segmentation.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentFrame {
    /// Index of its segment, from 0; `None` in a labelmap, whose pixels say it.
    pub segment: Option<usize>,
    /// Where it lies.
    pub plane: ImagePlane,
    /// The image that it was made on.
    pub source: Option<SourceImage>,
}

/// The series of a segmentation's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSeries {
    /// Study Instance UID; `None` for that of the segmentation.
    pub study_instance_uid: Option<String>,
    /// Series Instance UID.
    pub series_instance_uid: String,
}

/// What is particular to one segmentation.
#[derive(Debug, Clone)]
pub struct Segmentation {
    /// How the masks are stored.
    pub segmentation_type: SegmentationType,
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
    /// The segments, numbered from 1.
    pub segments: Vec<Segment>,
    /// Whether any two segments share a pixel; `None` where nobody looked.
    pub overlap: Option<bool>,
    /// The frames, in the order of their pixels.
    pub frames: Vec<SegmentFrame>,
    /// Distance between neighbouring planes, mm.
    pub slice_spacing_mm: f64,
    /// Series of the images that it was made on.
    pub source_series: Option<SourceSeries>,
    /// The values: bits (see [`Pixels::from_bits`]), or segment numbers of 8 or 16 bits.
    pub pixels: Pixels,
}

/// Makes a segmentation.
///
/// # Errors
///
/// [`Error::Invalid`] when frames and pixels do not match, a frame or a pixel names no segment, planes differ in
/// orientation, or the pixels are not of the type's bits.
pub fn segmentation(study: &Study, series: &Series, seg: Segmentation) -> Result<Instance, Error> {
    check_frames(&seg)?;
    check_pixels(&seg)?;
    let planes: Vec<ImagePlane> = seg.frames.iter().map(|frame| frame.plane).collect();
    let mut dataset = series.begin(study, "SEG");
    // Each segment has its own region and side.
    dataset.remove(tags::LATERALITY);
    put_content(&seg, &mut dataset);
    let frames = seg.frames.iter().zip(ranks(&planes));
    dataset
        .item(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            shared(&planes, seg.slice_spacing_mm)?,
        )
        .sequence(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            frames.map(|(frame, rank)| frame_item(frame, rank)).collect(),
        );
    let by_segment = (
        tags::REFERENCED_SEGMENT_NUMBER,
        tags::SEGMENT_IDENTIFICATION_SEQUENCE,
    );
    let by_place = (tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE);
    let (class, dimensions) = match seg.segmentation_type {
        SegmentationType::Binary => (uids::SEGMENTATION_STORAGE, vec![by_segment, by_place]),
        SegmentationType::Labelmap => (LABEL_MAP_SEGMENTATION_STORAGE, vec![by_place]),
    };
    put_dimensions(&mut dataset, &seg.dimension_organization_uid, &dimensions);
    put_references(&mut dataset, &study.study_instance_uid, sources(study, &seg));
    Ok(Instance::new(class, &seg.sop_instance_uid, dataset).with_pixels(seg.pixels))
}

/// The images of all frames.
fn sources(study: &Study, seg: &Segmentation) -> Vec<ObjectReference> {
    let Some(source) = &seg.source_series else {
        return Vec::new();
    };
    let images = seg.frames.iter().filter_map(|frame| frame.source.as_ref());
    images
        .map(|image| ObjectReference {
            study_instance_uid: source
                .study_instance_uid
                .clone()
                .unwrap_or(study.study_instance_uid.clone()),
            series_instance_uid: source.series_instance_uid.clone(),
            sop_class_uid: image.sop_class_uid.clone(),
            sop_instance_uid: image.sop_instance_uid.clone(),
        })
        .collect()
}

fn check_frames(seg: &Segmentation) -> Result<(), Error> {
    let frames = seg.pixels.frames()?;
    if frames != seg.frames.len() {
        return Err(Error::invalid("frames", seg.frames.len(), frames));
    }
    let fits = |frame: &&SegmentFrame| match (seg.segmentation_type, frame.segment) {
        (SegmentationType::Binary, Some(segment)) => segment < seg.segments.len(),
        (SegmentationType::Labelmap, segment) => segment.is_none(),
        (SegmentationType::Binary, None) => false,
    };
    if let Some(frame) = seg.frames.iter().find(|frame| !fits(frame)) {
        let expected = match seg.segmentation_type {
            SegmentationType::Binary => format!("below {}", seg.segments.len()),
            SegmentationType::Labelmap => "none in a labelmap".to_owned(),
        };
        let found = format!("{:?}", frame.segment);
        return Err(Error::invalid("segment of a frame", expected, found));
    }
    if seg.segments.len() >= usize::from(u16::MAX) {
        return Err(Error::invalid("segments", "fewer than 65535", seg.segments.len()));
    }
    Ok(())
}

fn check_pixels(seg: &Segmentation) -> Result<(), Error> {
    let bits = seg.pixels.description.bits_allocated;
    let values = &seg.pixels.values;
    let largest = match (seg.segmentation_type, bits) {
        (SegmentationType::Binary, 1) => return Ok(()),
        (SegmentationType::Labelmap, 8) => values.iter().copied().max().map(u16::from),
        (SegmentationType::Labelmap, 16) => values
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .max(),
        (SegmentationType::Binary, _) => return Err(Error::invalid("bits of a binary mask", 1, bits)),
        (SegmentationType::Labelmap, _) => return Err(Error::invalid("bits of a labelmap", "8 or 16", bits)),
    };
    match largest {
        Some(number) if usize::from(number) > seg.segments.len() => {
            let expected = format!("at most {}", seg.segments.len());
            Err(Error::invalid("segment number of a pixel", expected, number))
        }
        _ => Ok(()),
    }
}

fn put_content(seg: &Segmentation, dataset: &mut Dataset) {
    let overlap = match (seg.segmentation_type, seg.overlap) {
        (SegmentationType::Labelmap, _) | (_, Some(false)) => "NO",
        (_, Some(true)) => "YES",
        (_, None) => "UNDEFINED",
    };
    dataset
        .texts(tags::IMAGE_TYPE, &["DERIVED", "PRIMARY"])
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::CONTENT_DATE, seg.created.date())
        .text(tags::CONTENT_TIME, seg.created.time())
        .text(tags::CONTENT_LABEL, &seg.label)
        .text(tags::CONTENT_DESCRIPTION, &seg.description)
        .empty(tags::CONTENT_CREATOR_NAME)
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::SEGMENTS_OVERLAP, overlap)
        .integers(tags::NUMBER_OF_FRAMES, &[seg.frames.len() as i64]);
    let numbered = seg
        .segments
        .iter()
        .zip(1u16..)
        .map(|(segment, number)| segment_item(number, segment));
    match seg.segmentation_type {
        SegmentationType::Binary => {
            dataset
                .text(tags::SEGMENTATION_TYPE, "BINARY")
                .sequence(tags::SEGMENT_SEQUENCE, numbered.collect());
        }
        SegmentationType::Labelmap => {
            // Every value that pixels have is described, and Pixel Padding Value says which is the background
            // (PS3.3 C.8.20.2).
            let segments = std::iter::once(background_item()).chain(numbered).collect();
            dataset
                .text(tags::SEGMENTATION_TYPE, "LABELMAP")
                .unsigned(tags::PIXEL_PADDING_VALUE, &[0])
                .sequence(tags::SEGMENT_SEQUENCE, segments);
        }
    }
}

fn background_item() -> Dataset {
    const BACKGROUND: Code = Code::new("125040", "DCM", "Background");
    let mut item = Dataset::new();
    item.unsigned(tags::SEGMENT_NUMBER, &[0])
        .text(tags::SEGMENT_LABEL, "Background")
        .code(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, BACKGROUND)
        .code(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, BACKGROUND)
        .text(tags::SEGMENT_ALGORITHM_TYPE, "MANUAL");
    item
}

fn segment_item(number: u16, segment: &Segment) -> Dataset {
    let mut item = Dataset::new();
    item.unsigned(tags::SEGMENT_NUMBER, &[number])
        .text(tags::SEGMENT_LABEL, &segment.label)
        .code(
            tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE,
            segment.category.clone(),
        )
        .code(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, segment.kind.clone());
    if let Some((region, side)) = &segment.region {
        let mut code = region.item();
        if let Some(side) = side {
            code.code(tags::ANATOMIC_REGION_MODIFIER_SEQUENCE, side.clone());
        }
        item.item(tags::ANATOMIC_REGION_SEQUENCE, code);
    }
    match &segment.algorithm {
        None => {
            item.text(tags::SEGMENT_ALGORITHM_TYPE, "MANUAL");
        }
        Some(algorithm) => put_algorithm(algorithm, &mut item),
    }
    if let Some(levels) = segment.colour {
        let CieLab(words) = CieLab::of_srgb(levels);
        item.unsigned(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, &words);
    }
    if let Some((id, uid)) = &segment.tracking {
        item.text(tags::TRACKING_ID, id).text(tags::TRACKING_UID, uid);
    }
    item
}

fn put_algorithm(algorithm: &Algorithm, item: &mut Dataset) {
    let kind = if algorithm.with_a_person {
        "SEMIAUTOMATIC"
    } else {
        "AUTOMATIC"
    };
    let mut identification = Dataset::new();
    identification
        .code(tags::ALGORITHM_FAMILY_CODE_SEQUENCE, algorithm.family.clone())
        .text(tags::ALGORITHM_NAME, &algorithm.name)
        .text(tags::ALGORITHM_VERSION, &algorithm.version);
    item.text(tags::SEGMENT_ALGORITHM_TYPE, kind)
        .text(tags::SEGMENT_ALGORITHM_NAME, &algorithm.name)
        .item(
            tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE,
            identification,
        );
}

fn frame_item(frame: &SegmentFrame, rank: u32) -> Dataset {
    let mut item = match frame.segment {
        None => position(&frame.plane, &[rank]),
        Some(segment) => {
            let number = segment as u16 + 1;
            let mut identification = Dataset::new();
            identification.unsigned(tags::REFERENCED_SEGMENT_NUMBER, &[number]);
            let mut item = position(&frame.plane, &[u32::from(number), rank]);
            item.item(tags::SEGMENT_IDENTIFICATION_SEQUENCE, identification);
            item
        }
    };
    if let Some(source) = &frame.source {
        let segmentation = Code::new("113076", "DCM", "Segmentation");
        item.item(
            tags::DERIVATION_IMAGE_SEQUENCE,
            derived_from(source, segmentation),
        );
    }
    item
}

/// The derivation of a frame from one image.
pub(super) fn derived_from(image: &SourceImage, derivation: Code) -> Dataset {
    let mut source = image.item();
    source.code(
        tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
        Code::new("121322", "DCM", "Source image for image processing operation"),
    );
    let mut item = Dataset::new();
    item.item(tags::SOURCE_IMAGE_SEQUENCE, source)
        .code(tags::DERIVATION_CODE_SEQUENCE, derivation);
    item
}
