//! The images that a volume was made of, as objects made on it refer to them.

use std::sync::Arc;

use dicom_dictionary_std::tags;

use super::{Dataset, Error, ImagePlane};
use crate::dicom::{ImageReference, ObjectReference, read};
use crate::geometry::Grid;

/// One image, or one frame of a multi-frame object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceImage {
    /// Referenced SOP Class UID.
    pub sop_class_uid: String,
    /// Referenced SOP Instance UID.
    pub sop_instance_uid: String,
    /// Referenced Frame Number, from 1; `None` for objects of one frame.
    pub frame: Option<u32>,
}

impl SourceImage {
    /// The item that names it (PS3.3 10.3, Image SOP Instance Reference Macro).
    pub(super) fn item(&self) -> Dataset {
        let mut item = reference(&self.sop_class_uid, &self.sop_instance_uid);
        if let Some(frame) = self.frame {
            item.integers(tags::REFERENCED_FRAME_NUMBER, &[i64::from(frame)]);
        }
        item
    }
}

/// The item that names one object.
pub(super) fn reference(class_uid: &str, instance_uid: &str) -> Dataset {
    let mut item = Dataset::new();
    item.text(tags::REFERENCED_SOP_CLASS_UID, class_uid)
        .text(tags::REFERENCED_SOP_INSTANCE_UID, instance_uid);
    item
}

/// The item that names an image or some of its frames (PS3.3 10.3).
pub(super) fn image_item(image: &ImageReference) -> Dataset {
    let object = &image.reference;
    let mut item = reference(&object.sop_class_uid, &object.sop_instance_uid);
    if !image.frames.is_empty() {
        let frames: Vec<i64> = image.frames.iter().copied().map(i64::from).collect();
        item.integers(tags::REFERENCED_FRAME_NUMBER, &frames);
    }
    item
}

/// Adds an image; the frames of one object that follow each other are named together.
pub(super) fn add_image(images: &mut Vec<ImageReference>, image: ImageReference) {
    match images.last_mut() {
        Some(last) if last.reference == image.reference => last.frames.extend(image.frames),
        _ => images.push(image),
    }
}

/// A series' volume: its grid, and the image of each slice.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceImages {
    /// Study Instance UID of the images.
    pub study_instance_uid: String,
    /// Series Instance UID of the images.
    pub series_instance_uid: String,
    /// Frame of Reference UID of the images.
    pub frame_of_reference_uid: Option<String>,
    /// Where the voxels lie.
    pub grid: Arc<Grid>,
    /// The image of each slice, in the order of the grid's slices.
    pub slices: Vec<SourceImage>,
}

impl SourceImages {
    /// The images of a stack of a series.
    #[must_use]
    pub fn of(series: &read::Series, stack: &read::Stack) -> Self {
        let image = |at: &read::FrameRef| {
            let instance = &series.instances[at.instance];
            SourceImage {
                sop_class_uid: instance.sop_class_uid.clone(),
                sop_instance_uid: instance.sop_instance_uid.clone(),
                frame: (instance.frames.len() > 1).then_some(at.frame as u32 + 1),
            }
        };
        Self {
            study_instance_uid: series.instances[stack.frames[0].instance]
                .study_instance_uid
                .clone(),
            series_instance_uid: series.series_instance_uid.clone(),
            frame_of_reference_uid: stack.frame_of_reference_uid.clone(),
            grid: Arc::new(stack.grid.clone()),
            slices: stack.frames.iter().map(image).collect(),
        }
    }

    /// The images as references, one for each object.
    #[must_use]
    pub fn references(&self) -> Vec<ObjectReference> {
        let mut references: Vec<ObjectReference> =
            self.slices.iter().map(|image| self.object(image)).collect();
        references.dedup();
        references
    }

    /// The images as references, one for each object, with their frames.
    #[must_use]
    pub fn image_references(&self) -> Vec<ImageReference> {
        let mut images = Vec::new();
        for image in &self.slices {
            let reference = self.object(image);
            let frames = image.frame.into_iter().collect();
            add_image(&mut images, ImageReference { reference, frames });
        }
        images
    }

    fn object(&self, image: &SourceImage) -> ObjectReference {
        ObjectReference {
            study_instance_uid: self.study_instance_uid.clone(),
            series_instance_uid: self.series_instance_uid.clone(),
            sop_class_uid: image.sop_class_uid.clone(),
            sop_instance_uid: image.sop_instance_uid.clone(),
        }
    }

    /// Where slice `k` lies, as a frame says it.
    ///
    /// # Errors
    ///
    /// As [`ImagePlane::of`].
    pub fn plane(&self, k: usize) -> Result<ImagePlane, Error> {
        ImagePlane::of(&self.grid, k)
    }
}

/// Sets the Common Instance Reference module (PS3.3 C.12.2): every object once, those of the same study apart from
/// others.
pub(super) fn put_references(
    dataset: &mut Dataset,
    study_instance_uid: &str,
    mut named: Vec<ObjectReference>,
) {
    named.sort_unstable();
    named.dedup();
    let (own, others): (Vec<_>, Vec<_>) = named
        .into_iter()
        .partition(|object| object.study_instance_uid == study_instance_uid);
    if !own.is_empty() {
        dataset.sequence(tags::REFERENCED_SERIES_SEQUENCE, series_items(&own));
    }
    let studies = others
        .chunk_by(|a, b| a.study_instance_uid == b.study_instance_uid)
        .map(|objects| {
            let mut study = Dataset::new();
            study
                .text(tags::STUDY_INSTANCE_UID, &objects[0].study_instance_uid)
                .sequence(tags::REFERENCED_SERIES_SEQUENCE, series_items(objects));
            study
        });
    let studies: Vec<Dataset> = studies.collect();
    if !studies.is_empty() {
        dataset.sequence(
            tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE,
            studies,
        );
    }
}

/// An item for each series of sorted references.
fn series_items(objects: &[ObjectReference]) -> Vec<Dataset> {
    let series = objects.chunk_by(|a, b| a.series_instance_uid == b.series_instance_uid);
    let item = |objects: &[ObjectReference]| {
        let instances = objects
            .iter()
            .map(|object| reference(&object.sop_class_uid, &object.sop_instance_uid));
        let mut series = Dataset::new();
        series
            .text(tags::SERIES_INSTANCE_UID, &objects[0].series_instance_uid)
            .sequence(tags::REFERENCED_INSTANCE_SEQUENCE, instances.collect());
        series
    };
    series.map(item).collect()
}
