//! PDF: a document within DICOM, byte for byte (PS3.3 A.45.1).

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use super::object::Converted;
use super::{Error, Header, picture};

/// Bytes in which the mark must be, as readers of PDF look for it.
const HEAD: usize = 1024;

pub(super) fn is_one(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    head.windows(5).any(|window| window == b"%PDF-")
}

pub(super) fn convert(bytes: &[u8], header: &Header) -> Result<Vec<u8>, Error> {
    let tail = &bytes[bytes.len().saturating_sub(HEAD)..];
    if !tail.windows(5).any(|window| window == b"%%EOF") {
        return Err(Error::Damaged {
            format: "PDF",
            why: "it has no end",
        });
    }
    let mut object = Converted::new(uids::ENCAPSULATED_PDF_STORAGE, "DOC", header)?;
    object.put(tags::CONVERSION_TYPE, VR::CS, "WSD");
    object.put(tags::ACQUISITION_DATE_TIME, VR::DT, "");
    picture::burned_in(&mut object, header, true);
    object.put(tags::DOCUMENT_TITLE, VR::ST, &header.document_title);
    object.put_nothing(tags::CONCEPT_NAME_CODE_SEQUENCE);
    object.put(
        tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT,
        VR::LO,
        "application/pdf",
    );
    let length = u32::try_from(bytes.len()).map_err(|_| Error::Write("4 GiB or more".to_owned()))?;
    object.put_value(
        tags::ENCAPSULATED_DOCUMENT_LENGTH,
        VR::UL,
        PrimitiveValue::from(length),
    );
    let mut document = bytes.to_vec();
    if document.len() % 2 == 1 {
        document.push(0);
    }
    object.put_value(
        tags::ENCAPSULATED_DOCUMENT,
        VR::OB,
        PrimitiveValue::from(document),
    );
    object.native()
}
