//! The codestream inside a JP2 file.

use crate::Result;

use super::damaged;
use super::reader::Reader;

/// The first bytes of a codestream: SOC, then SIZ (ITU-T T.800 A.4.1).
const CODESTREAM: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];

/// The signature box that opens a JP2 file (T.800 I.5.1).
const SIGNATURE: [u8; 12] = *b"\0\0\0\x0CjP  \r\n\x87\n";

/// Gives the codestream of a frame.
///
/// DICOM asks for a bare codestream (PS3.5 A.4.4), yet some writers store a whole JP2 file; its boxes
/// (palette, channel definition, colour) are left out, since the object's own attributes say the same.
///
/// # Errors
///
/// [`crate::Error::Damaged`] when there is neither.
pub(super) fn codestream(frame: &[u8]) -> Result<&[u8]> {
    if frame.starts_with(&CODESTREAM) {
        return Ok(frame);
    }
    if !frame.starts_with(&SIGNATURE) {
        return Err(damaged("expected a codestream or a JP2 file, found neither"));
    }
    let mut boxes = Reader::new(frame);
    loop {
        let length = boxes.u32()?;
        let kind = boxes.u32()?.to_be_bytes();
        let body = match length {
            0 => boxes.rest(),
            1 => {
                let long = (u64::from(boxes.u32()?) << 32) | u64::from(boxes.u32()?);
                boxes.take(body_length(long, 16)?)?
            }
            _ => boxes.take(body_length(u64::from(length), 8)?)?,
        };
        if &kind == b"jp2c" {
            return Ok(body);
        }
        if length == 0 {
            return Err(damaged("no codestream in the JP2 file"));
        }
    }
}

fn body_length(length: u64, header: u64) -> Result<usize> {
    length
        .checked_sub(header)
        .and_then(|body| usize::try_from(body).ok())
        .ok_or_else(|| {
            damaged(format!(
                "expected a box of {header} bytes or more, found {length}"
            ))
        })
}
