//! A cursor over bytes from outside.

use crate::{Error, Result};

use super::damaged;

/// Reads big-endian numbers from a slice; running out is an error, never a panic.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The bytes not yet read.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let rest = self.rest();
        let Some(taken) = rest.get(..count) else {
            return Err(Error::Truncated {
                what: "JPEG 2000 codestream",
                expected: count as u64,
                found: rest.len() as u64,
            });
        };
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.take(N)?;
        Ok(taken.try_into().expect("take gives exactly N bytes"))
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// Reads a marker segment's length field and gives its body.
    pub(super) fn segment(&mut self) -> Result<Reader<'a>> {
        let length = usize::from(self.u16()?);
        let body = length.checked_sub(2).ok_or_else(|| {
            damaged(format!(
                "expected a marker segment of 2 bytes or more, found {length}"
            ))
        })?;
        Ok(Reader::new(self.take(body)?))
    }
}
