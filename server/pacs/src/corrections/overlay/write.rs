//! Elements as bytes, in the encoding of the object they go into (PS3.5 section 7).

use dicom_core::{Tag, VR};

use super::Error;

/// The encoding of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) is_explicit: bool,
    pub(super) is_big_endian: bool,
}

pub(super) const ITEM: Tag = Tag(0xFFFE, 0xE000);

impl Encoding {
    /// An element; its value is padded to an even length.
    pub(super) fn element(self, tag: Tag, vr: VR, value: &[u8]) -> Result<Vec<u8>, Error> {
        let length = value.len().next_multiple_of(2);
        let mut bytes = self.header(tag, Some(vr), Some(length))?;
        bytes.extend_from_slice(value);
        if value.len() < length {
            bytes.push(if vr == VR::UI { 0 } else { b' ' });
        }
        Ok(bytes)
    }

    /// An item of a sequence.
    pub(super) fn item(self, elements: &[u8]) -> Result<Vec<u8>, Error> {
        let mut bytes = self.header(ITEM, None, Some(elements.len()))?;
        bytes.extend_from_slice(elements);
        Ok(bytes)
    }

    /// A header; `None` as length for one that ends with a delimiter.
    pub(super) fn header(self, tag: Tag, vr: Option<VR>, length: Option<usize>) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(12);
        bytes.extend(self.u16(tag.0));
        bytes.extend(self.u16(tag.1));
        let vr = vr.filter(|_| self.is_explicit);
        if let Some(vr) = vr {
            bytes.extend(vr.to_bytes());
        }
        if vr.is_some_and(is_short) {
            let found = length.unwrap_or(usize::MAX);
            let short = u16::try_from(found).map_err(|_| too_long(tag, usize::from(u16::MAX), found))?;
            bytes.extend(self.u16(short));
            return Ok(bytes);
        }
        if vr.is_some() {
            bytes.extend([0, 0]);
        }
        let limit = u32::MAX as usize - 1;
        let long = match length {
            None => u32::MAX,
            Some(found) if found <= limit => found as u32,
            Some(found) => return Err(too_long(tag, limit, found)),
        };
        bytes.extend(self.u32(long));
        Ok(bytes)
    }

    pub(super) fn u16(self, value: u16) -> [u8; 2] {
        if self.is_big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub(super) fn u32(self, value: u32) -> [u8; 4] {
        if self.is_big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub(super) fn read_u32(self, bytes: &[u8]) -> Option<u32> {
        let bytes = bytes.try_into().ok()?;
        Some(if self.is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }
}

fn too_long(tag: Tag, limit: usize, found: usize) -> Error {
    Error::TooLong { tag, limit, found }
}

/// Whether explicit elements have a length of 16 bits; all others have 32 (PS3.5 table 7.1-1).
fn is_short(vr: VR) -> bool {
    use VR::{OB, OD, OF, OL, OV, OW, SQ, SV, UC, UN, UR, UT, UV};
    !matches!(vr, OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV)
}
