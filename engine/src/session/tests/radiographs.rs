//! Objects of images without a volume, made by hand, as bytes; and sources over them.

use codec::dataset::{Limits, read};
use dicom_core::smallvec::SmallVec;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::dicom::read::{self, Instance, collect};
use crate::session::Collection;

/// An object while it is made.
#[derive(Clone)]
pub struct Made {
    pub object: InMemDicomObject,
    uid: String,
}

impl Made {
    /// Images of grey, frame by frame in reading order.
    pub fn grey(modality: &str, [columns, rows]: [u16; 2], frames: &[Vec<u16>]) -> Self {
        let bytes: Vec<u8> = frames
            .concat()
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Self::of(modality, [columns, rows], frames.len(), bytes)
            .number(tags::SAMPLES_PER_PIXEL, 1)
            .number(tags::BITS_ALLOCATED, 16)
            .number(tags::BITS_STORED, 12)
            .number(tags::HIGH_BIT, 11)
            .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
    }

    /// An image of red, green and blue.
    pub fn colour(modality: &str, [columns, rows]: [u16; 2], rgb: Vec<u8>) -> Self {
        Self::of(modality, [columns, rows], 1, rgb)
            .number(tags::SAMPLES_PER_PIXEL, 3)
            .number(tags::PLANAR_CONFIGURATION, 0)
            .number(tags::BITS_ALLOCATED, 8)
            .number(tags::BITS_STORED, 8)
            .number(tags::HIGH_BIT, 7)
            .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB")
    }

    fn of(modality: &str, [columns, rows]: [u16; 2], frames: usize, bytes: Vec<u8>) -> Self {
        let made = Self {
            object: InMemDicomObject::new_empty(),
            uid: String::new(),
        };
        let made = made
            .number(tags::ROWS, rows)
            .number(tags::COLUMNS, columns)
            .number(tags::PIXEL_REPRESENTATION, 0)
            .text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string())
            .text(tags::MODALITY, VR::CS, modality)
            .text(
                tags::SOP_CLASS_UID,
                VR::UI,
                uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
            )
            .text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.8")
            .text(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.8.1")
            .text(tags::PATIENT_NAME, VR::PN, "Somebody^Made^Up");
        let pixels = PrimitiveValue::U8(SmallVec::from_vec(bytes));
        made.put(tags::PIXEL_DATA, VR::OW, pixels).named("1.2.8.1.1")
    }

    pub fn named(mut self, uid: &str) -> Self {
        uid.clone_into(&mut self.uid);
        self.text(tags::SOP_INSTANCE_UID, VR::UI, uid)
    }

    pub fn put(mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> Self {
        self.object.put(DataElement::new(tag, vr, value));
        self
    }

    pub fn number(self, tag: Tag, value: u16) -> Self {
        self.put(tag, VR::US, PrimitiveValue::from(value))
    }

    pub fn text(self, tag: Tag, vr: VR, value: &str) -> Self {
        self.put(tag, vr, PrimitiveValue::from(value))
    }

    pub fn items(mut self, tag: Tag, items: Vec<InMemDicomObject>) -> Self {
        let sequence = DataSetSequence::from(SmallVec::from_vec(items));
        self.object.put(DataElement::new(tag, VR::SQ, sequence));
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .media_storage_sop_class_uid(uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE)
            .media_storage_sop_instance_uid(&*self.uid);
        let file = self.object.clone().with_meta(meta).unwrap();
        let mut bytes = Vec::new();
        file.write_all(&mut bytes).unwrap();
        bytes
    }
}

/// Objects in memory.
pub struct Held(pub Vec<Vec<u8>>);

impl read::Source for Held {
    fn read(&self, key: usize, range: std::ops::Range<u64>, buffer: &mut Vec<u8>) -> Result<(), String> {
        read::InMemory(&self.0).read(key, range, buffer)
    }
}

/// A source over objects.
pub fn collection(objects: Vec<Vec<u8>>) -> Collection<Held> {
    let instances = objects.iter().enumerate().map(|(key, bytes)| {
        let object = read(bytes, Limits::default()).unwrap();
        Instance::new(key, object)
    });
    let studies = collect(instances.collect());
    Collection::new(studies, Held(objects))
}

/// A radiograph of 12 columns of 0.5 mm and 8 rows of 0.25 mm at the detector, whose values are column + 100 * row.
pub fn radiograph() -> Made {
    let values = (0..96_u16).map(|n| n % 12 + n / 12 * 100).collect();
    Made::grey("DX", [12, 8], &[values])
        .text(tags::IMAGER_PIXEL_SPACING, VR::DS, "0.25\\0.5")
        .text(tags::PATIENT_ORIENTATION, VR::CS, "L\\F")
        .text(tags::WINDOW_CENTER, VR::DS, "400\\20")
        .text(tags::WINDOW_WIDTH, VR::DS, "800\\40")
        .text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO")
}
