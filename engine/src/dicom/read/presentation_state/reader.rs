//! What reading a state keeps in mind: warnings, and where the images belong that items name.

use std::collections::{HashMap, HashSet};

use codec::Warning;
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;

use super::super::attributes::{Attributes as _, Tag};
use super::super::references::{image_reference, is_tiled};
use super::MAX_OBJECTS;
use crate::dicom::{ImageReference, ObjectReference};

/// Places of graphics that are read of one state.
const MAX_POINTS: usize = 4_000_000;
/// Items that are read of a sequence that is no list of graphics, texts or images.
const MAX_ITEMS: usize = 10_000;

#[derive(Default)]
pub(super) struct Reader {
    pub(super) warnings: Vec<Warning>,
    /// What was told once: the attribute, and of what it is.
    told: HashSet<(&'static str, Tag)>,
    /// Study and series of each image.
    series_of: HashMap<String, (String, String)>,
    /// Whether some of the images are tiles of a picture.
    pub(super) has_tiles: bool,
    objects: usize,
    points: usize,
}

impl Reader {
    pub(super) fn warn(&mut self, code: &'static str, text: impl Into<String>) {
        // Equal sentences of many items are one.
        let warning = Warning::new(code, text);
        if self.warnings.len() < 1000 && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The images of Referenced Series Sequence (PS3.3 C.11.11), which lie in the state's own study.
    pub(super) fn relationship(&mut self, object: &InMemDicomObject) -> Vec<ImageReference> {
        let study = object.text(tags::STUDY_INSTANCE_UID).unwrap_or_default();
        self.images_of_series(object, &study)
    }

    /// The images of Referenced Series Sequence of an item, of a study.
    pub(super) fn images_of_series(&mut self, item: &InMemDicomObject, study: &str) -> Vec<ImageReference> {
        let mut images = Vec::new();
        for series in item.items(tags::REFERENCED_SERIES_SEQUENCE) {
            let series_uid = series.text(tags::SERIES_INSTANCE_UID).unwrap_or_default();
            for image in series.items(tags::REFERENCED_IMAGE_SEQUENCE) {
                if let Some(uid) = image.text(tags::REFERENCED_SOP_INSTANCE_UID) {
                    let at = (study.to_owned(), series_uid.clone());
                    self.series_of.insert(uid, at);
                }
                let class = image.text(tags::REFERENCED_SOP_CLASS_UID);
                self.has_tiles |= class.is_some_and(|class| is_tiled(&class));
                images.extend(self.image(image));
            }
        }
        if images.is_empty() {
            self.warn("no-images", "expected references to images, found none");
        }
        images
    }

    fn image(&mut self, item: &InMemDicomObject) -> Option<ImageReference> {
        if item.get(tags::REFERENCED_SEGMENT_NUMBER).is_some() {
            let text = "a reference to single segments is taken for one to the whole object";
            self.warn("segment-reference", text);
        }
        image_reference(item, &self.series_of)
    }

    /// The images that an item is for.
    ///
    /// `None`, with a warning, where it names some and none can be read: taken as empty it would be for all.
    pub(super) fn images(
        &mut self,
        item: &InMemDicomObject,
        of: &'static str,
    ) -> Option<Vec<ImageReference>> {
        let items = item.items(tags::REFERENCED_IMAGE_SEQUENCE);
        let images: Vec<_> = items.iter().filter_map(|image| self.image(image)).collect();
        if images.len() < items.len() {
            let text = format!("expected images in {of}, found a reference without a UID");
            self.warn("image-reference", text);
        }
        let is_strange = |object: &ObjectReference| !self.series_of.contains_key(&object.sop_instance_uid);
        if images.iter().any(|image| is_strange(&image.reference)) {
            let text = format!("expected images of the state in {of}, found others");
            self.warn("image-reference", text);
        }
        (!images.is_empty() || items.is_empty()).then_some(images)
    }

    /// The items of a sequence, no more of them than can be meant.
    pub(super) fn items<'a>(&mut self, holder: &'a InMemDicomObject, tag: Tag) -> &'a [InMemDicomObject] {
        let items = holder.items(tag);
        if items.len() > MAX_ITEMS {
            let text = format!(
                "expected at most {MAX_ITEMS} items in {}, found {}; the rest is left out",
                name_of(tag),
                items.len()
            );
            self.warn("too-many-items", text);
        }
        &items[..items.len().min(MAX_ITEMS)]
    }

    /// Counts one more graphic or text of some places; whether it is still to be read.
    pub(super) fn has_room(&mut self, points: usize) -> bool {
        self.objects += 1;
        self.points = self.points.saturating_add(points);
        let has_room = self.objects <= MAX_OBJECTS && self.points <= MAX_POINTS;
        if !has_room {
            let text = format!("expected at most {MAX_OBJECTS} graphics and texts; the rest is left out");
            self.warn("too-many-items", text);
        }
        has_room
    }

    /// Warns of each attribute that is not known, once for all items that are alike.
    pub(super) fn tell_unknown(&mut self, item: &InMemDicomObject, known: &[&[Tag]], of: &'static str) {
        let is_top = item.get(tags::SOP_CLASS_UID).is_some();
        for tag in item.iter().map(|element| element.header().tag) {
            let Tag(group, element) = tag;
            let is_private = group % 2 == 1;
            // At the top stand patient, study, series and equipment too.
            let is_of_state = matches!(
                (group, element),
                (0x0018, 0x1600..=0x16FF) | (0x0028 | 0x0070 | 0x2050, _)
            );
            let is_of_others = is_top && !is_private && !is_of_state;
            let is_named = known.iter().any(|tags| tags.contains(&tag));
            // All private attributes are one.
            let key = if is_private { Tag(0xFFFF, 0) } else { tag };
            if is_of_others || is_named || element == 0 || !self.told.insert((of, key)) {
                continue;
            }
            let name = if is_private {
                "what is private".to_owned()
            } else {
                name_of(tag)
            };
            self.warn(
                "not-understood",
                format!("{name} in {of} is not understood and left out"),
            );
        }
    }
}

/// The attribute's name, with its number.
fn name_of(tag: Tag) -> String {
    let name = StandardDataDictionary.by_tag(tag);
    let name = name.map_or("an attribute", |entry| entry.alias());
    format!("{name} ({:04X},{:04X})", tag.0, tag.1)
}
