//! Softcopy presentation states (PS3.3 A.33) as plain data, the same for writing and reading.
//!
//! A [`PresentationState`] says how images of grey are to be seen and what is drawn on them, a [`ColourState`] the same
//! of images of colour, a [`BlendingState`] how one series lies over another. None has pixels. Places are in pixels of
//! an image, counted in columns and rows, as each type says. Bytes are the matter of `write` and `read`, pictures that
//! of who shows them.

mod annotation;
mod area;
mod blending;
mod colour;
mod curves;
mod shutter;

use super::ImageReference;
use super::write::DateTime;
pub use annotation::{
    Anchor, Annotation, Graphic, GraphicLayer, Justification, Shape, Text, TextBox, Tracking, Units,
};
pub use area::{DisplayedArea, Orientation, PixelShape, QuarterTurns, Scaling};
pub use blending::{BlendedImages, BlendingState, Palette};
pub use colour::CieLab;
pub use curves::{Modality, PresentationLut, SoftcopyWindow};
pub use shutter::{Shutter, ShutterShape};

/// How images of grey are to be seen (Grayscale Softcopy Presentation State, PS3.3 A.33.1).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PresentationState {
    /// What it is called, and by whom it was made.
    pub content: Content,
    /// The images that it is for; all of one study.
    pub images: Vec<ImageReference>,
    /// Stored values to real ones, in place of what the images say; `None` leaves stored values as they are.
    pub modality: Option<Modality>,
    /// Real values to grey; images that no item names are shown by their whole range.
    pub windows: Vec<SoftcopyWindow>,
    /// Grey to P-values.
    pub presentation_lut: PresentationLut,
    /// What is covered.
    pub shutter: Option<Shutter>,
    /// Overlays of the images that are shown, and in which layer.
    pub overlays: Vec<ActiveOverlay>,
    /// How the images lie on the screen, and what is drawn on them.
    pub layout: Layout,
}

impl PresentationState {
    /// The window of a frame; `frame` counts from 1.
    #[must_use]
    pub fn window(&self, sop_instance_uid: &str, frame: u32) -> Option<&SoftcopyWindow> {
        let mut windows = self.windows.iter();
        windows.find(|window| names(&window.images, sop_instance_uid, frame))
    }
}

/// How images of colour are to be seen (Color Softcopy Presentation State, PS3.3 A.33.2); its colours are sRGB.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColourState {
    /// What it is called, and by whom it was made.
    pub content: Content,
    /// The images that it is for; all of one study.
    pub images: Vec<ImageReference>,
    /// What is covered.
    pub shutter: Option<Shutter>,
    /// Overlays of the images that are shown, and in which layer.
    pub overlays: Vec<ActiveOverlay>,
    /// How the images lie on the screen, and what is drawn on them.
    pub layout: Layout,
}

/// What a presentation state is called, and by whom it was made (PS3.3 C.11.10, 10.9).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
    /// Content Label (0070,0080): upper case, at most 16 characters.
    pub label: String,
    /// Content Description (0070,0081), at most 64 characters; may be empty.
    pub description: String,
    /// Content Creator's Name (0070,0084) in PN form; may be empty.
    pub creator: String,
    /// Presentation Creation Date and Time, local; `None` where the object that was read does not say it.
    pub created: Option<DateTime>,
}

/// How images lie on the screen, and what is drawn on them: what all kinds of state share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// How images are turned before they are shown.
    pub orientation: Orientation,
    /// The part of each image that is shown, and how large.
    pub areas: Vec<DisplayedArea>,
    /// What is drawn.
    pub annotations: Vec<Annotation>,
    /// The layers that annotations and overlays lie in.
    pub layers: Vec<GraphicLayer>,
}

impl Layout {
    /// The displayed area of a frame; `frame` counts from 1.
    #[must_use]
    pub fn area(&self, sop_instance_uid: &str, frame: u32) -> Option<&DisplayedArea> {
        let mut areas = self.areas.iter();
        areas.find(|area| names(&area.images, sop_instance_uid, frame))
    }

    /// The annotations of a frame, those of the lowest layer first; `frame` counts from 1.
    #[must_use]
    pub fn annotations(&self, sop_instance_uid: &str, frame: u32) -> Vec<&Annotation> {
        let order = |annotation: &&Annotation| {
            let mut layers = self.layers.iter();
            layers
                .find(|layer| layer.name == annotation.layer)
                .map(|layer| layer.order)
        };
        let annotations = self.annotations.iter();
        let mut found: Vec<_> = annotations
            .filter(|annotation| names(&annotation.images, sop_instance_uid, frame))
            .collect();
        found.sort_by_key(order);
        found
    }
}

/// An overlay of the images that is shown (PS3.3 C.11.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveOverlay {
    /// The overlay's group, even, from 0x6000 to 0x601E.
    pub group: u16,
    /// The graphic layer that it is shown in; `None` hides it.
    pub layer: Option<String>,
}

/// Whether references name a frame; an empty list names all images.
fn names(images: &[ImageReference], sop_instance_uid: &str, frame: u32) -> bool {
    images.is_empty() || images.iter().any(|image| image.names(sop_instance_uid, frame))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::ObjectReference;

    fn image(uid: &str, frames: &[u32]) -> ImageReference {
        ImageReference {
            reference: ObjectReference {
                study_instance_uid: "1.2".to_owned(),
                series_instance_uid: "1.3".to_owned(),
                sop_class_uid: "1.4".to_owned(),
                sop_instance_uid: uid.to_owned(),
            },
            frames: frames.to_vec(),
        }
    }

    #[test]
    fn annotations_are_those_of_the_frame_from_the_lowest_layer_up() {
        let annotation = |layer: &str, images| Annotation {
            images,
            layer: layer.to_owned(),
            ..Annotation::default()
        };
        let layer = |name: &str, order| GraphicLayer {
            name: name.to_owned(),
            order,
            ..GraphicLayer::default()
        };
        let layout = Layout {
            layers: vec![layer("TOP", 2), layer("LOW", 1)],
            annotations: vec![
                annotation("TOP", vec![]),
                annotation("LOW", vec![image("1.5", &[2])]),
                annotation("LOW", vec![image("1.6", &[])]),
            ],
            ..Layout::default()
        };
        let of = |uid, frame| {
            let found = layout.annotations(uid, frame);
            found.iter().map(|a| a.layer.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of("1.5", 2), ["LOW", "TOP"]);
        assert_eq!(of("1.5", 1), ["TOP"]);
        assert_eq!(of("1.6", 7), ["LOW", "TOP"]);
    }
}
