//! What every converted object has: patient, study, series, equipment (PS3.3 C.7), and its bytes.

use crate::identity::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use dicom_core::value::{DataSetSequence, PixelFragmentSequence};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use super::{Error, Header};

/// An object in the making.
pub(super) struct Converted {
    object: InMemDicomObject,
    class: &'static str,
    instance: String,
}

impl Converted {
    pub(super) fn new(class: &'static str, modality: &str, header: &Header) -> Result<Self, Error> {
        let given_or_new = |given: &str| match given {
            "" => new_uid(),
            given => Ok(given.to_owned()),
        };
        let instance = new_uid()?;
        let mut converted = Self {
            object: InMemDicomObject::new_empty(),
            class,
            instance: instance.clone(),
        };
        let (series_number, instance_number) = (
            header.series_number.to_string(),
            header.instance_number.to_string(),
        );
        for (tag, vr, value) in [
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
            (tags::SOP_CLASS_UID, VR::UI, class),
            (tags::SOP_INSTANCE_UID, VR::UI, &instance),
            (tags::PATIENT_NAME, VR::PN, &header.patient_name),
            (tags::PATIENT_ID, VR::LO, &header.patient_id),
            (tags::PATIENT_BIRTH_DATE, VR::DA, &header.patient_birth_date),
            (tags::PATIENT_SEX, VR::CS, &header.patient_sex),
            (
                tags::STUDY_INSTANCE_UID,
                VR::UI,
                &given_or_new(&header.study_instance_uid)?,
            ),
            (tags::STUDY_DATE, VR::DA, &header.study_date),
            (tags::STUDY_TIME, VR::TM, &header.study_time),
            (tags::STUDY_ID, VR::SH, &header.study_id),
            (tags::ACCESSION_NUMBER, VR::SH, &header.accession_number),
            (
                tags::REFERRING_PHYSICIAN_NAME,
                VR::PN,
                &header.referring_physician_name,
            ),
            (tags::MODALITY, VR::CS, modality),
            (
                tags::SERIES_INSTANCE_UID,
                VR::UI,
                &given_or_new(&header.series_instance_uid)?,
            ),
            (tags::SERIES_NUMBER, VR::IS, &series_number),
            (tags::MANUFACTURER, VR::LO, ""),
            (tags::INSTANCE_NUMBER, VR::IS, &instance_number),
            (tags::CONTENT_DATE, VR::DA, &header.content_date),
            (tags::CONTENT_TIME, VR::TM, &header.content_time),
        ] {
            converted.put(tag, vr, value);
        }
        for (tag, vr, value) in [
            (tags::ISSUER_OF_PATIENT_ID, VR::LO, &header.issuer_of_patient_id),
            (tags::STUDY_DESCRIPTION, VR::LO, &header.study_description),
            (tags::SERIES_DESCRIPTION, VR::LO, &header.series_description),
        ] {
            if !value.is_empty() {
                converted.put(tag, vr, value);
            }
        }
        Ok(converted)
    }

    /// Sets an attribute of text; empty where there is none.
    pub(super) fn put(&mut self, tag: Tag, vr: VR, value: &str) {
        let value = if value.is_empty() {
            PrimitiveValue::Empty
        } else {
            PrimitiveValue::Strs(value.split('\\').map(str::to_owned).collect())
        };
        self.object.put(DataElement::new(tag, vr, value));
    }

    /// Sets an attribute of 16 bits.
    pub(super) fn put16(&mut self, tag: Tag, value: u16) {
        self.object
            .put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }

    pub(super) fn put_value(&mut self, tag: Tag, vr: VR, value: PrimitiveValue) {
        self.object.put(DataElement::new(tag, vr, value));
    }

    /// Sets a sequence without items.
    pub(super) fn put_nothing(&mut self, tag: Tag) {
        self.object
            .put(DataElement::new(tag, VR::SQ, DataSetSequence::empty()));
    }

    /// Sets Anatomic Region Sequence, which visible light images must have (PS3.3 C.8.12.1), to the concept of which every
    /// region is one: no file tells more, and a region is never guessed.
    pub(super) fn put_any_region(&mut self) {
        let mut code = InMemDicomObject::new_empty();
        for (tag, vr, value) in [
            (tags::CODE_VALUE, VR::SH, "123037004"),
            (tags::CODING_SCHEME_DESIGNATOR, VR::SH, "SCT"),
            (tags::CODE_MEANING, VR::LO, "Body structure"),
        ] {
            code.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
        }
        let region = DataSetSequence::from(vec![code]);
        self.object
            .put(DataElement::new(tags::ANATOMIC_REGION_SEQUENCE, VR::SQ, region));
    }

    /// Gives the file with native pixels or a document, in explicit little endian.
    pub(super) fn native(self) -> Result<Vec<u8>, Error> {
        self.written(uids::EXPLICIT_VR_LITTLE_ENDIAN)
    }

    /// Gives the file with compressed pixels, each of `fragments` in one.
    pub(super) fn encapsulated(
        mut self,
        mut fragments: Vec<Vec<u8>>,
        transfer_syntax_uid: &str,
    ) -> Result<Vec<u8>, Error> {
        for fragment in &mut fragments {
            if fragment.len() % 2 == 1 {
                fragment.push(0);
            }
        }
        let fragments = PixelFragmentSequence::new(Vec::new(), fragments);
        self.object
            .put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
        self.written(transfer_syntax_uid)
    }

    fn written(self, transfer_syntax_uid: &str) -> Result<Vec<u8>, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Write(error.to_string());
        let meta = FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(self.class)
            .media_storage_sop_instance_uid(self.instance)
            .transfer_syntax(transfer_syntax_uid)
            .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
            .implementation_version_name(IMPLEMENTATION_VERSION_NAME)
            .build()
            .map_err(|error| failed(&error))?;
        let mut bytes = vec![0; 128];
        bytes.extend_from_slice(b"DICM");
        meta.write(&mut bytes).map_err(|error| failed(&error))?;
        // All transfer syntaxes written here encode the data set as explicit little endian.
        let encoder = dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder::default();
        let encoder = dicom_encoding::encode::EncoderFor::new(encoder);
        self.object
            .write_dataset(&mut bytes, encoder)
            .map_err(|error| failed(&error))?;
        Ok(bytes)
    }
}

/// A new UID: a random UUID in decimal under 2.25 (PS3.5 B.2).
fn new_uid() -> Result<String, Error> {
    crate::identity::new_uid().map_err(|error| Error::Write(error.to_string()))
}
