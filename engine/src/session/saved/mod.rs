//! What a session holds as contents of DICOM objects, and contents that were read as commands.
//!
//! One file for each kind of object. Bytes are the matter of [`crate::dicom`]; patient, UIDs and times are the host's.
//! What an object cannot hold, or a session cannot follow, is told in sentences and never bent. What was read changes
//! nothing by itself: it becomes commands, so that it stands in the log and is undone.

mod blending;
mod joints;
mod key_images;
mod marks;
mod report;
mod state;
mod vois;
mod windows;

use std::sync::Arc;

use crate::dicom::ImageReference;
use crate::dicom::write::{SourceImage, SourceImages};
use crate::geometry::Grid;
use crate::session::error::Refusal;
use crate::session::sight::point;
use crate::session::state::Mark;
use crate::session::{SeriesFacts, Session};

pub use joints::SavedJoint;
pub use vois::{SavedVoi, SavedVois};

/// How far from a slice a point may lie to be on it, in slices.
const ON_SLICE: f64 = 0.02;

/// Whether an image of a series is among those that a reference names.
fn is_same(known: &ImageReference, named: &ImageReference) -> bool {
    let frame = known.frames.first().copied().unwrap_or(1);
    named.names(&known.reference.sop_instance_uid, frame)
}

/// The slice that all points of a mark lie on.
fn slice_of(mark: &Mark, grid: &Grid) -> Option<usize> {
    let mut slice = None;
    for place in &mark.points_mm {
        let along = grid.voxel(point(*place))[2];
        let nearest = along.round();
        let is_on = (along - nearest).abs() < ON_SLICE && (0.0..grid.size()[2] as f64).contains(&nearest);
        if !is_on || slice.is_some_and(|known| known != nearest as usize) {
            return None;
        }
        slice = Some(nearest as usize);
    }
    slice
}

/// The images of a series' slices, as objects refer to them.
fn source_images(facts: &SeriesFacts, what: &'static str) -> Result<SourceImages, Refusal> {
    let first = facts.images.first().map(|image| &image.reference);
    let first = first.filter(|_| facts.images.len() == facts.grid.size()[2]);
    let first = first.ok_or_else(|| Refusal::NotSaved {
        what,
        reason: format!("the objects of series {:?} are not known", facts.key),
    })?;
    let image = |image: &ImageReference| SourceImage {
        sop_class_uid: image.reference.sop_class_uid.clone(),
        sop_instance_uid: image.reference.sop_instance_uid.clone(),
        frame: image.frames.first().copied(),
    };
    Ok(SourceImages {
        study_instance_uid: first.study_instance_uid.clone(),
        series_instance_uid: first.series_instance_uid.clone(),
        frame_of_reference_uid: facts.hanging.frame_of_reference_uid.clone(),
        grid: Arc::new(facts.grid.clone()),
        slices: facts.images.iter().map(image).collect(),
    })
}

impl Session {
    fn check_view(&self, viewport: u32) -> Result<(), Refusal> {
        let view = self.state.desk.viewports.get(&viewport);
        view.map(|_| ()).ok_or(Refusal::NoViewport(viewport))
    }

    /// The first series that has one of the images.
    fn series_of(&self, images: &[ImageReference]) -> Option<&SeriesFacts> {
        let has = |facts: &&SeriesFacts| {
            let mut named = images.iter();
            named.any(|image| facts.images.iter().any(|known| is_same(known, image)))
        };
        self.series().iter().find(has)
    }

    /// The series and slice of an image.
    fn slice_of_image(&self, image: &ImageReference) -> Option<(&SeriesFacts, usize)> {
        self.series().iter().find_map(|facts| {
            let slice = facts.images.iter().position(|known| is_same(known, image))?;
            Some((facts, slice))
        })
    }

    /// All series that are measured with one: those of a view that shows it, else it alone.
    fn layers_with(&self, viewport: u32, key: &str) -> Vec<String> {
        let view = self.state.desk.viewports.get(&viewport);
        let shown = view.and_then(|view| view.shown.as_ref());
        let layers = shown.map(|shown| shown.layers.iter().map(|layer| layer.series.clone()));
        let layers: Vec<String> = layers.into_iter().flatten().collect();
        if layers.iter().any(|layer| layer == key) {
            layers
        } else {
            vec![key.to_owned()]
        }
    }
}
