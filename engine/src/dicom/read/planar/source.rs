//! Where a frame's display attributes are found: at the top of its object, or in its functional groups.

use codec::pixels::{PixelData, PixelKind};
use codec::{Photometric, Warning};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::super::attributes::Attributes;
use super::super::frame::Frame;
use super::super::instance::Instance;
use crate::dicom::{Error, Result};
use crate::volume::Rescale;

/// One frame of an object while its attributes are read.
pub(super) struct Source<'a> {
    pub(super) instance: &'a Instance,
    pub(super) object: &'a InMemDicomObject,
    pub(super) pixels: &'a PixelData<'a>,
    /// The frame, counted from 0.
    frame: usize,
    description: &'a Frame,
    pub(super) warnings: Vec<Warning>,
}

impl<'a> Source<'a> {
    pub(super) fn new(instance: &'a Instance, frame: usize, pixels: &'a PixelData<'_>) -> Result<Self> {
        let description = instance.frames.get(frame).ok_or_else(|| Error::Invalid {
            attribute: "frame",
            expected: "one that the object describes",
            found: frame.saturating_add(1).to_string(),
        })?;
        Ok(Self {
            instance,
            object: &instance.data_set,
            pixels,
            frame,
            description,
            warnings: Vec::new(),
        })
    }

    /// The frame as the decoder counts, from 0.
    pub(super) fn frame_number(&self) -> u32 {
        u32::try_from(self.frame).unwrap_or(u32::MAX)
    }

    pub(super) fn description_of_frame(&self) -> &'a Frame {
        self.description
    }

    pub(super) fn warn(&mut self, code: &'static str, text: String) {
        self.warnings.push(Warning::new(code, text));
    }

    /// Whether attributes of frames are in functional groups (PS3.3 C.7.6.16).
    pub(super) fn is_enhanced(&self) -> bool {
        self.object
            .item(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
            .is_some()
    }

    /// A functional group: the frame's, else the one shared by all.
    pub(super) fn group(&self, sequence: Tag) -> Option<&'a InMemDicomObject> {
        let object = self.object;
        let own = object
            .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
            .get(self.frame);
        let shared = object.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        [own, shared]
            .into_iter()
            .flatten()
            .find_map(|item| item.item(sequence))
    }

    pub(super) fn is_signed(&self) -> bool {
        self.pixels.description().signed
    }

    /// The lowest and the highest value that Bits Stored allow.
    pub(super) fn stored_limits(&self) -> [f64; 2] {
        let description = self.pixels.description();
        let values = f64::from(description.bits_stored).exp2();
        if description.signed {
            [-values / 2.0, values / 2.0 - 1.0]
        } else {
            [0.0, values - 1.0]
        }
    }

    /// Pixel Padding Value to Pixel Padding Range Limit (PS3.3 C.7.5.1.1.2), both included.
    pub(super) fn padding(&self) -> Option<(f64, f64)> {
        let (value, limit) = match self.pixels.kind() {
            PixelKind::Integer => (tags::PIXEL_PADDING_VALUE, tags::PIXEL_PADDING_RANGE_LIMIT),
            PixelKind::Float => (
                tags::FLOAT_PIXEL_PADDING_VALUE,
                tags::FLOAT_PIXEL_PADDING_RANGE_LIMIT,
            ),
            PixelKind::DoubleFloat => (
                tags::DOUBLE_FLOAT_PIXEL_PADDING_VALUE,
                tags::DOUBLE_FLOAT_PIXEL_PADDING_RANGE_LIMIT,
            ),
        };
        let read = |tag| self.object.number(tag).map(|number| self.as_stored(number));
        let value = read(value)?;
        let limit = read(limit).unwrap_or(value);
        Some((value.min(limit), value.max(limit)))
    }

    /// A number of 16 bits with the sign of stored values: writers use US for SS and the reverse.
    pub(super) fn as_stored(&self, number: f64) -> f64 {
        if self.pixels.kind() != PixelKind::Integer || number.abs() > 65535.0 {
            return number;
        }
        let word = number as i32 as u16;
        if self.is_signed() {
            word.cast_signed().into()
        } else {
            word.into()
        }
    }

    /// The range of images whose values are grey levels already; see [`super::Planar::default_curve`].
    pub(super) fn nominal_range(&self) -> Option<(f64, f64)> {
        let counts = ["NM", "PT", "ST"].contains(&self.instance.modality.as_str());
        let description = self.pixels.description();
        let is_grey = self.pixels.kind() == PixelKind::Integer
            && description.bits_stored <= 8
            && !counts
            && self.description.rescale == Rescale::IDENTITY
            && self.object.item(tags::MODALITY_LUT_SEQUENCE).is_none();
        let [low, high] = self.stored_limits();
        is_grey.then_some((low, high))
    }

    /// Whether the lowest value is white: by Presentation LUT Shape, else by Photometric Interpretation.
    pub(super) fn is_inverse(&mut self, photometric: Photometric) -> bool {
        let is_monochrome1 = photometric == Photometric::Monochrome1;
        let is_inverse = super::description::is_inverse(self.object, is_monochrome1);
        if is_inverse != is_monochrome1 {
            let text = format!(
                "Presentation LUT Shape contradicts {}; the shape decides",
                photometric.term()
            );
            self.warn("presentation-lut-shape", text);
        }
        is_inverse
    }
}
