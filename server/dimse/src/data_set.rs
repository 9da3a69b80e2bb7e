//! Data sets that are parsed here: identifiers of queries, attributes of N-services.

use dicom_encoding::TransferSyntaxIndex;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::negotiation::{EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN};
use crate::{Error, Result};

/// Reads a bare data set in the transfer syntax that was negotiated for it.
///
/// # Errors
///
/// [`Error::DataSet`] for noise, and for more nesting or elements than `limits` allow.
pub fn decode(
    bytes: &[u8],
    transfer_syntax: &str,
    limits: codec::dataset::Limits,
) -> Result<InMemDicomObject> {
    if bytes.is_empty() {
        return Ok(InMemDicomObject::new_empty());
    }
    // A file's header before it: a bare data set may begin in any group, and only a file says its syntax.
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    let mut uid = transfer_syntax.as_bytes().to_vec();
    if uid.len() % 2 == 1 {
        uid.push(0);
    }
    file.extend_from_slice(&[0x02, 0x00, 0x10, 0x00, b'U', b'I']);
    file.extend_from_slice(&u16::try_from(uid.len()).unwrap_or(0).to_le_bytes());
    file.extend_from_slice(&uid);
    // Read the other way round, the first group of what a printer says (2110) looks like a group too. A group length
    // before it, which is passed over, tells the byte order.
    if bytes.get(1).is_some_and(|high| *high != 0) {
        match transfer_syntax {
            EXPLICIT_LITTLE_ENDIAN => file.extend_from_slice(b"\x08\0\0\0UL\x04\0\0\0\0\0"),
            IMPLICIT_LITTLE_ENDIAN => file.extend_from_slice(b"\x08\0\0\0\x04\0\0\0\0\0\0\0"),
            _ => {}
        }
    }
    file.extend_from_slice(bytes);
    let object = codec::dataset::read(&file, limits)?;
    if object.data_set.iter().next().is_none() && object.pixels.is_none() {
        let what = "data set in bytes";
        return Err(Error::DataSet(codec::Error::Truncated {
            what,
            expected: 8,
            found: bytes.len() as u64,
        }));
    }
    Ok(object.data_set)
}

/// Writes a data set in a transfer syntax.
///
/// # Errors
///
/// [`Error::Encode`] for a transfer syntax unknown here and for values that do not fit their representation.
pub fn encode(data_set: &InMemDicomObject, transfer_syntax: &str) -> Result<Vec<u8>> {
    let failed = |reason: String| Error::Encode {
        what: "data set",
        reason,
    };
    let syntax = TransferSyntaxRegistry
        .get(transfer_syntax)
        .ok_or_else(|| failed(format!("unknown transfer syntax {transfer_syntax}")))?;
    let mut bytes = Vec::new();
    data_set
        .write_dataset_with_ts(&mut bytes, syntax)
        // The words of the encoder may hold the value.
        .map_err(|_| failed(format!("a value does not fit {transfer_syntax}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::{DataElement, Tag, VR};

    #[test]
    fn a_data_set_of_any_group_is_read() {
        for group in [0x0008, 0x0010, 0x0040, 0x2000, 0x2010, 0x2110, 0x4008, 0x7FE1] {
            for syntax in [EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN] {
                let tag = Tag(group, 0x0010);
                let mut object = InMemDicomObject::new_empty();
                object.put(DataElement::new(tag, VR::CS, "NORMAL"));
                let bytes = encode(&object, syntax).unwrap();
                let back = decode(&bytes, syntax, codec::dataset::Limits::default()).unwrap();
                assert!(back.get(tag).is_some(), "{tag} {syntax}");
            }
        }
    }
}
