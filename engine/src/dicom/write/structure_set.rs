//! RT Structure Set Storage (PS3.3 A.19): regions as closed planar contours.

use dicom_dictionary_std::{tags, uids};

use super::keyhole::keyholed;
use super::source_images::reference;
use super::{Dataset, DateTime, Error, Instance, Series, SourceImages, Study};
use crate::geometry::{Patient as PatientSpace, Point};
use crate::voi::PolygonStack;

/// A closed planar contour.
#[derive(Debug, Clone, PartialEq)]
pub struct Contour {
    /// Its corners, LPS in mm; the last joins the first.
    pub points: Vec<Point<PatientSpace>>,
    /// SOP Instance UID of the image that it lies in.
    pub source_instance_uid: Option<String>,
}

/// A region.
#[derive(Debug, Clone, PartialEq)]
pub struct Roi {
    /// ROI Name.
    pub name: String,
    /// RT ROI Interpreted Type, such as `GTV` or `ORGAN`.
    pub interpreted_type: &'static str,
    /// ROI Display Color: red, green, blue.
    pub colour: [u8; 3],
    /// Its contours.
    pub contours: Vec<Contour>,
}

impl Roi {
    /// A region of contours that were made on the grid of a series, as of [`Mask::contours`](crate::voi::Mask::contours).
    ///
    /// Each contour names the image of the slice that it lies in; a hole is joined to the outline around it by a
    /// channel without width, as CLOSED_PLANAR contours have holes.
    #[must_use]
    pub fn of_contours(
        name: impl Into<String>,
        interpreted_type: &'static str,
        colour: [u8; 3],
        contours: &PolygonStack,
        images: &SourceImages,
    ) -> Self {
        let slices = images.slices.len() as f64;
        let image = |polygon: &[Point<PatientSpace>]| {
            let slice = images.grid.voxel(*polygon.first()?)[2].round();
            let within = (0.0..slices).contains(&slice);
            within.then(|| images.slices[slice as usize].sop_instance_uid.clone())
        };
        let contour = |polygon: Vec<Point<PatientSpace>>| Contour {
            source_instance_uid: image(&polygon),
            points: polygon,
        };
        Self {
            name: name.into(),
            interpreted_type,
            colour,
            contours: keyholed(contours.polygons(), &images.grid)
                .into_iter()
                .map(contour)
                .collect(),
        }
    }
}

/// What is particular to one structure set.
#[derive(Debug, Clone)]
pub struct StructureSet {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Structure Set Label, at most 16 characters.
    pub label: String,
    /// When it was made.
    pub created: DateTime,
    /// SOP class and series of the images that the contours lie in.
    pub source: (String, String),
    /// The regions.
    pub rois: Vec<Roi>,
}

/// Makes a structure set.
///
/// # Errors
///
/// [`Error::Invalid`] when the series has no frame of reference or a contour has no points.
pub fn structure_set(study: &Study, series: &Series, set: StructureSet) -> Result<Instance, Error> {
    let frame_of_reference_uid = series
        .frame_of_reference_uid
        .as_deref()
        .ok_or_else(|| Error::invalid("frame of reference of a structure set", "a UID", "none"))?;
    if set
        .rois
        .iter()
        .any(|roi| roi.contours.iter().any(|contour| contour.points.is_empty()))
    {
        return Err(Error::invalid("contour", "at least one point", "none"));
    }
    let mut dataset = series.begin(study, "RTSTRUCT");
    dataset
        .integers(tags::INSTANCE_NUMBER, &[1])
        .text(tags::STRUCTURE_SET_LABEL, &set.label)
        .text(tags::STRUCTURE_SET_DATE, set.created.date())
        .text(tags::STRUCTURE_SET_TIME, set.created.time())
        .text(tags::APPROVAL_STATUS, "UNAPPROVED")
        .empty(tags::OPERATORS_NAME);
    put_source(study, &set, frame_of_reference_uid, &mut dataset);
    put_rois(&set, frame_of_reference_uid, &mut dataset);
    Ok(Instance::new(
        uids::RT_STRUCTURE_SET_STORAGE,
        &set.sop_instance_uid,
        dataset,
    ))
}

fn put_source(study: &Study, set: &StructureSet, frame_of_reference_uid: &str, dataset: &mut Dataset) {
    let mut images: Vec<&String> = set
        .rois
        .iter()
        .flat_map(|roi| &roi.contours)
        .filter_map(|c| c.source_instance_uid.as_ref())
        .collect();
    images.sort();
    images.dedup();
    let mut frame_of_reference = Dataset::new();
    frame_of_reference.text(tags::FRAME_OF_REFERENCE_UID, frame_of_reference_uid);
    if !images.is_empty() {
        let images = images.iter().map(|uid| reference(&set.source.0, uid)).collect();
        let mut series = Dataset::new();
        series
            .text(tags::SERIES_INSTANCE_UID, &set.source.1)
            .sequence(tags::CONTOUR_IMAGE_SEQUENCE, images);
        // The retired study class is what readers of this sequence expect.
        let mut of_study = reference("1.2.840.10008.3.1.2.3.1", &study.study_instance_uid);
        of_study.item(tags::RT_REFERENCED_SERIES_SEQUENCE, series);
        frame_of_reference.item(tags::RT_REFERENCED_STUDY_SEQUENCE, of_study);
    }
    dataset.item(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, frame_of_reference);
}

fn put_rois(set: &StructureSet, frame_of_reference_uid: &str, dataset: &mut Dataset) {
    let numbered = || set.rois.iter().zip(1i64..);
    let structure = |(roi, number): (&Roi, i64)| {
        let mut item = Dataset::new();
        item.integers(tags::ROI_NUMBER, &[number])
            .text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, frame_of_reference_uid)
            .text(tags::ROI_NAME, &roi.name)
            .empty(tags::ROI_GENERATION_ALGORITHM);
        item
    };
    let observation = |(roi, number): (&Roi, i64)| {
        let mut item = Dataset::new();
        item.integers(tags::OBSERVATION_NUMBER, &[number])
            .integers(tags::REFERENCED_ROI_NUMBER, &[number])
            .text(tags::RTROI_INTERPRETED_TYPE, roi.interpreted_type)
            .empty(tags::ROI_INTERPRETER);
        item
    };
    let contours = |(roi, number): (&Roi, i64)| {
        let mut item = Dataset::new();
        item.integers(tags::ROI_DISPLAY_COLOR, &roi.colour.map(i64::from))
            .integers(tags::REFERENCED_ROI_NUMBER, &[number])
            .sequence(
                tags::CONTOUR_SEQUENCE,
                roi.contours
                    .iter()
                    .map(|c| contour_item(c, &set.source.0))
                    .collect(),
            );
        item
    };
    dataset
        .sequence(
            tags::STRUCTURE_SET_ROI_SEQUENCE,
            numbered().map(structure).collect(),
        )
        .sequence(tags::ROI_CONTOUR_SEQUENCE, numbered().map(contours).collect())
        .sequence(
            tags::RTROI_OBSERVATIONS_SEQUENCE,
            numbered().map(observation).collect(),
        );
}

fn contour_item(contour: &Contour, class_uid: &str) -> Dataset {
    let data: Vec<f64> = contour.points.iter().flat_map(|p| [p[0], p[1], p[2]]).collect();
    let kind = if contour.points.len() == 1 {
        "POINT"
    } else {
        "CLOSED_PLANAR"
    };
    let mut item = Dataset::new();
    item.text(tags::CONTOUR_GEOMETRIC_TYPE, kind)
        .integers(tags::NUMBER_OF_CONTOUR_POINTS, &[contour.points.len() as i64])
        .decimals(tags::CONTOUR_DATA, &data);
    if let Some(uid) = &contour.source_instance_uid {
        item.item(tags::CONTOUR_IMAGE_SEQUENCE, reference(class_uid, uid));
    }
    item
}
