//! One object of a series: what it says of itself before its pixels are touched.

use codec::dataset::{Object, PixelLocation};
use codec::{TransferSyntax, Warning};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::attributes::Attributes;
use super::frame::{self, Frame};

/// A parsed object without its pixels.
#[derive(Debug, Clone)]
pub struct Instance {
    /// What the caller's byte source knows it by.
    pub key: usize,
    /// SOP Instance UID (0008,0018); empty in objects older than UIDs.
    pub sop_instance_uid: String,
    /// SOP Class UID (0008,0016).
    pub sop_class_uid: String,
    /// Study Instance UID (0020,000D).
    pub study_instance_uid: String,
    /// Series Instance UID (0020,000E).
    pub series_instance_uid: String,
    /// Modality (0008,0060).
    pub modality: String,
    /// Transfer syntax UID as stated or found.
    pub transfer_syntax_uid: String,
    /// Transfer syntax, when known.
    pub transfer_syntax: Option<TransferSyntax>,
    /// Every element before the pixel data.
    pub data_set: InMemDicomObject,
    /// Where the pixel data lies.
    pub pixels: Option<PixelLocation>,
    /// The frames, described; empty for objects without pixels or without a readable description.
    pub frames: Vec<Frame>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

impl Instance {
    /// Takes a parsed object; `key` is what the caller's byte source knows it by.
    #[must_use]
    pub fn new(key: usize, object: Object<'_>) -> Self {
        let text = |tag| object.data_set.text(tag).unwrap_or_default();
        let mut instance = Self {
            key,
            sop_instance_uid: text(tags::SOP_INSTANCE_UID),
            sop_class_uid: text(tags::SOP_CLASS_UID),
            study_instance_uid: text(tags::STUDY_INSTANCE_UID),
            series_instance_uid: text(tags::SERIES_INSTANCE_UID),
            modality: text(tags::MODALITY),
            transfer_syntax_uid: object.transfer_syntax_uid,
            transfer_syntax: object.transfer_syntax,
            pixels: object.pixels,
            frames: Vec::new(),
            warnings: object.warnings,
            data_set: object.data_set,
        };
        if instance.pixels.is_some() {
            let (frames, warnings) = frame::frames_of(&instance);
            instance.frames = frames;
            instance.warnings.extend(warnings);
        }
        instance
    }

    /// Instance Number (0020,0013), for the order that people expect of images without geometry.
    #[must_use]
    pub fn instance_number(&self) -> Option<i64> {
        self.data_set.integer(tags::INSTANCE_NUMBER)
    }

    /// Study Date (0008,0020), as stored.
    #[must_use]
    pub fn study_date(&self) -> Option<String> {
        self.data_set.text(tags::STUDY_DATE)
    }

    /// Radiopharmaceutical (0018,0031) of the first tracer, or the meaning of its code.
    #[must_use]
    pub fn radiopharmaceutical(&self) -> Option<String> {
        let item = self
            .data_set
            .item(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)?;
        let code = || {
            let code = item.item(tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE)?;
            code.text(tags::CODE_MEANING)
        };
        item.text(tags::RADIOPHARMACEUTICAL).or_else(code)
    }

    /// Manufacturer, model and station, as far as they are stated: what names the scanner.
    #[must_use]
    pub fn scanner(&self) -> Option<String> {
        self.joined(&[
            tags::MANUFACTURER,
            tags::MANUFACTURER_MODEL_NAME,
            tags::STATION_NAME,
        ])
    }

    /// Reconstruction Method (0054,1103) and Convolution Kernel (0018,1210), as far as they are stated.
    #[must_use]
    pub fn reconstruction(&self) -> Option<String> {
        self.joined(&[tags::RECONSTRUCTION_METHOD, tags::CONVOLUTION_KERNEL])
    }

    fn joined(&self, parts: &[Tag]) -> Option<String> {
        let parts: Vec<String> = parts.iter().filter_map(|tag| self.data_set.text(*tag)).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Frame of Reference UID (0020,0052).
    #[must_use]
    pub fn frame_of_reference_uid(&self) -> Option<String> {
        self.data_set.text(tags::FRAME_OF_REFERENCE_UID)
    }

    /// Whether it is a scout: an overview that slices are planned on, not one of them.
    #[must_use]
    pub fn is_localizer(&self) -> bool {
        self.data_set
            .texts(tags::IMAGE_TYPE)
            .iter()
            .skip(2)
            .any(|value| value == "LOCALIZER" || value == "SCOUT")
    }

    /// Whether it is a picture of a screen or a made-up image, which belongs to no volume.
    #[must_use]
    pub fn is_secondary_capture(&self) -> bool {
        let classes = [
            uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
            uids::MULTI_FRAME_SINGLE_BIT_SECONDARY_CAPTURE_IMAGE_STORAGE,
            uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
            uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
            uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
        ];
        classes.contains(&self.sop_class_uid.as_str())
            && self.data_set.get(Tag(0x0020, 0x0032)).is_none()
            && self
                .data_set
                .item(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
                .is_none()
    }
}
