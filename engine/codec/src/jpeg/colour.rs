//! What the samples of a stream mean: marks in the stream against the object's own words.

use super::header::{Frame, Process};
use crate::{FrameDescription, Photometric};

/// What application segments say of colour.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    /// A JFIF segment (APP0) is there.
    pub(super) jfif: bool,
    /// Transform flag of an Adobe segment (APP14).
    pub(super) adobe_transform: Option<u8>,
}

impl Marks {
    pub(super) fn take_app0(&mut self, payload: &[u8]) {
        self.jfif |= payload.starts_with(b"JFIF\0");
    }

    pub(super) fn take_app14(&mut self, payload: &[u8]) {
        if payload.starts_with(b"Adobe") {
            self.adobe_transform = payload.get(11).copied();
        }
    }
}

/// Gives the photometric interpretation of the decoded, not yet colour-transformed samples.
pub(super) fn photometric(frame: &Frame, marks: Marks, description: &FrameDescription) -> Photometric {
    let [red, green, blue] = &frame.components[..] else {
        return description.photometric;
    };
    let stated = description.photometric;
    let luminance = match stated {
        Photometric::YbrPartial420 | Photometric::YbrPartial422 => stated,
        _ => Photometric::YbrFull,
    };
    match marks.adobe_transform {
        Some(0) => return Photometric::Rgb,
        Some(1) => return luminance,
        _ => {}
    }
    if [red.id, green.id, blue.id] == *b"RGB" {
        return Photometric::Rgb;
    }
    if stated != Photometric::Rgb {
        return luminance;
    }
    // A lossless stream's samples are what the object says they are. Red, green and blue are never
    // subsampled, and a JFIF stream is YCbCr by definition, whatever the object says.
    let subsampled = !frame.is_full(green) || !frame.is_full(blue);
    if frame.process != Process::Lossless && (marks.jfif || subsampled) {
        luminance
    } else {
        Photometric::Rgb
    }
}
