//! One object with its pixels, and its bytes as a Part 10 file.

use std::io::Write as _;

use codec::TransferSyntax;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::encode::EncoderFor;
use dicom_encoding::encode::explicit_be::ExplicitVRBigEndianEncoder;
use dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder;
use dicom_encoding::encode::implicit_le::ImplicitVRLittleEndianEncoder;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::{Dataset, Error, Pixels};

/// Implementation Class UID of files that Uptake writes.
const IMPLEMENTATION_CLASS_UID: &str = "2.25.190146791043182537444806132342625375407";
/// Implementation Version Name of files that Uptake writes.
const IMPLEMENTATION_VERSION_NAME: &str = "UPTAKE";

/// One object: its attributes and, for images, its pixels.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The attributes, without the pixels; more may be set before the object is encoded.
    pub dataset: Dataset,
    sop_class_uid: &'static str,
    sop_instance_uid: String,
    pixels: Option<Pixels>,
}

impl Instance {
    pub(super) fn new(sop_class_uid: &'static str, sop_instance_uid: &str, mut dataset: Dataset) -> Self {
        dataset
            .text(tags::SOP_CLASS_UID, sop_class_uid)
            .text(tags::SOP_INSTANCE_UID, sop_instance_uid);
        Self {
            dataset,
            sop_class_uid,
            sop_instance_uid: sop_instance_uid.to_owned(),
            pixels: None,
        }
    }

    pub(super) fn with_pixels(mut self, pixels: Pixels) -> Self {
        pixels.describe(&mut self.dataset);
        self.pixels = Some(pixels);
        self
    }

    /// SOP Class UID (0008,0016).
    #[must_use]
    pub fn sop_class_uid(&self) -> &'static str {
        self.sop_class_uid
    }

    /// SOP Instance UID (0008,0018).
    #[must_use]
    pub fn sop_instance_uid(&self) -> &str {
        &self.sop_instance_uid
    }

    /// Gives the bytes of a Part 10 file: preamble, meta information, data set.
    ///
    /// # Errors
    ///
    /// [`Error::Codec`] where the syntax cannot hold the pixels, [`Error::Invalid`] for pixels that are no
    /// whole frames, [`Error::Encoding`] for text outside the character set.
    pub fn encode(&self, syntax: TransferSyntax) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; 128];
        bytes.extend_from_slice(b"DICM");
        let meta = FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(self.sop_class_uid)
            .media_storage_sop_instance_uid(&self.sop_instance_uid)
            .transfer_syntax(syntax.uid())
            .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
            .implementation_version_name(IMPLEMENTATION_VERSION_NAME)
            .build()
            .map_err(|error| Error::Encoding(error.to_string()))?;
        meta.write(&mut bytes)
            .map_err(|error| Error::Encoding(error.to_string()))?;
        let mut object = self.dataset.as_object().clone();
        let is_float = |tag| object.get(tag).is_some();
        if syntax.is_encapsulated()
            && [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA]
                .into_iter()
                .any(is_float)
        {
            // Float pixels are never encapsulated (PS3.5 8.2).
            return Err(Error::invalid(
                "transfer syntax of float pixels",
                "a native one",
                syntax.name(),
            ));
        }
        if let Some(pixels) = &self.pixels {
            pixels.put(&mut object, syntax)?;
        }
        write_dataset(&object, syntax, &mut bytes)?;
        Ok(bytes)
    }

    /// Sets a text attribute; a short form for `dataset.text`.
    #[must_use]
    pub fn with_text(mut self, tag: Tag, value: &str) -> Self {
        self.dataset.text(tag, value);
        self
    }
}

fn write_dataset(
    object: &InMemDicomObject,
    syntax: TransferSyntax,
    bytes: &mut Vec<u8>,
) -> Result<(), Error> {
    let failed = |error: dicom_object::WriteError| Error::Encoding(error.to_string());
    if !syntax.is_explicit() {
        let encoder = EncoderFor::new(ImplicitVRLittleEndianEncoder::default());
        return object.write_dataset(bytes, encoder).map_err(failed);
    }
    if syntax.is_big_endian() {
        let encoder = EncoderFor::new(ExplicitVRBigEndianEncoder::default());
        return object.write_dataset(bytes, encoder).map_err(failed);
    }
    let encoder = EncoderFor::new(ExplicitVRLittleEndianEncoder::default());
    if !syntax.is_deflated() {
        return object.write_dataset(bytes, encoder).map_err(failed);
    }
    let mut plain = Vec::new();
    object.write_dataset(&mut plain, encoder).map_err(failed)?;
    bytes.extend(deflate(&plain).map_err(|error| Error::Encoding(error.to_string()))?);
    Ok(())
}

/// One deflate stream, padded to an even length (PS3.5 A.5).
fn deflate(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut deflater = DeflateEncoder::new(Vec::new(), Compression::default());
    deflater.write_all(plain)?;
    let mut deflated = deflater.finish()?;
    if deflated.len() % 2 == 1 {
        deflated.push(0);
    }
    Ok(deflated)
}
