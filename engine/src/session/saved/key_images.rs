//! Key images as a selection of key objects (PS3.16 TID 2010), and back.

use crate::dicom::key_objects::{KeyObjectKind, KeyObjects};
use crate::dicom::{Code, ImageReference};
use crate::session::Session;
use crate::session::command::Command;
use crate::session::error::Refusal;
use crate::session::saved::is_same;
use crate::session::state::KeyImage;

const WHAT: &str = "a selection of key objects";

impl Session {
    /// The objects of the key images, in the order in which they were marked: what a key object selection refers to.
    ///
    /// Images whose objects are not known are left out.
    #[must_use]
    pub fn key_image_references(&self) -> Vec<ImageReference> {
        let images = self.state.key_images.iter();
        images
            .filter_map(|image| self.key_image_reference(image))
            .collect()
    }

    fn key_image_reference(&self, image: &KeyImage) -> Option<ImageReference> {
        let facts = self
            .stage
            .facts(&image.series)
            .ok()
            .filter(|_| image.phase == 0)?;
        facts.images.get(image.slice as usize).cloned()
    }

    /// The key images as a selection; with those that it cannot hold.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotSaved`] when there are none whose objects are known.
    pub fn key_objects(&self, title: Code) -> Result<(KeyObjects, Vec<String>), Refusal> {
        let images = self.key_image_references();
        if images.is_empty() {
            return Err(Refusal::NotSaved {
                what: WHAT,
                reason: "there are no key images whose objects are known".to_owned(),
            });
        }
        let mut told = Vec::new();
        for image in &self.state.key_images {
            if self.key_image_reference(image).is_none() {
                told.push(format!(
                    "the object of slice {} of phase {} of {:?} is not known and not in the selection",
                    image.slice + 1,
                    image.phase + 1,
                    image.series
                ));
            }
        }
        Ok((KeyObjects::of_images(title, images), told))
    }

    /// The command that makes the images of a selection key images, beside those that are; with what is not followed.
    ///
    /// # Errors
    ///
    /// [`Refusal::OtherSeries`] when no series has any of its images.
    pub fn commands_of_key_objects(
        &self,
        selected: &KeyObjects,
    ) -> Result<(Vec<Command>, Vec<String>), Refusal> {
        let (mut images, mut told) = (self.state.key_images.clone(), Vec::new());
        let mut is_any_known = false;
        for object in &selected.objects {
            let uid = &object.object.reference.sop_instance_uid;
            if object.kind != KeyObjectKind::Image {
                told.push(format!("object {uid} of the selection is no image"));
                continue;
            }
            let before = is_any_known;
            is_any_known = self.add_named(&object.object, &mut images) || before;
            if self.slice_of_image(&object.object).is_none() {
                told.push(format!(
                    "image {uid} of the selection is in no series that is open"
                ));
            }
            if object.presentation_state.is_some() {
                told.push(format!("the presentation state of image {uid} is not followed"));
            }
        }
        if !is_any_known {
            return Err(Refusal::OtherSeries(WHAT));
        }
        Ok((vec![Command::SetKeyImages { images }], told))
    }

    /// Adds all slices that a reference names; whether there are any.
    fn add_named(&self, named: &ImageReference, images: &mut Vec<KeyImage>) -> bool {
        let mut is_known = false;
        for facts in self.series() {
            for (slice, known) in facts.images.iter().enumerate() {
                if is_same(known, named) {
                    is_known = true;
                    let image = KeyImage {
                        series: facts.key.clone(),
                        slice: slice as u32,
                        phase: 0,
                    };
                    if !images.contains(&image) {
                        images.push(image);
                    }
                }
            }
        }
        is_known
    }
}
