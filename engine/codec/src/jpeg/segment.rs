//! Marker segments (T.81 B.1.1), as JPEG and JPEG-LS share them.

use crate::{Error, Result};

pub(crate) const SOI: u8 = 0xd8;
pub(crate) const EOI: u8 = 0xd9;
pub(crate) const SOS: u8 = 0xda;
pub(crate) const DRI: u8 = 0xdd;
pub(crate) const DNL: u8 = 0xdc;
pub(crate) const APP8: u8 = 0xe8;

/// A marker with the parameters that follow it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    /// Second byte of the marker.
    pub(crate) marker: u8,
    /// What stands behind the length field; empty for markers that stand alone.
    pub(crate) payload: &'a [u8],
}

/// Walks the marker segments of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Segments<'a> {
    data: &'a [u8],
    position: usize,
    codec: &'static str,
}

impl<'a> Segments<'a> {
    /// Starts behind the SOI marker that must open the stream.
    pub(crate) fn new(data: &'a [u8], codec: &'static str) -> Result<Self> {
        if data.starts_with(&[0xff, SOI]) {
            return Ok(Self {
                data,
                position: 2,
                codec,
            });
        }
        Err(Error::Damaged {
            codec,
            reason: "expected a start of image marker first".into(),
        })
    }

    /// The bytes behind the last segment: behind SOS, its entropy-coded data.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.data[self.position..]
    }

    /// Goes on behind `count` bytes of [`Segments::rest`].
    pub(crate) fn skip(&mut self, count: usize) {
        self.position = self.position.saturating_add(count).min(self.data.len());
    }

    /// The next segment; `None` where the data end. Bytes that are no marker are passed over, as are
    /// stuffed zeros (JPEG-LS: anything below 0x80) and restart markers left behind by a scan.
    pub(crate) fn next(&mut self) -> Result<Option<Segment<'a>>> {
        let Some(marker) = self.next_marker() else {
            return Ok(None);
        };
        if marker == SOI || marker == EOI {
            return Ok(Some(Segment { marker, payload: &[] }));
        }
        let rest = self.rest();
        let length = match rest {
            [high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        if length < 2 || length > rest.len() {
            return Err(Error::Truncated {
                what: "marker segment",
                expected: length.max(2) as u64,
                found: rest.len() as u64,
            });
        }
        self.position += length;
        Ok(Some(Segment {
            marker,
            payload: &rest[2..length],
        }))
    }

    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let rest = self.rest();
            let Some(at) = rest
                .windows(2)
                .position(|pair| pair[0] == 0xff && pair[1] >= 0x80 && pair[1] != 0xff)
            else {
                self.position = self.data.len();
                return None;
            };
            self.position += at + 2;
            if !(0xd0..=0xd7).contains(&rest[at + 1]) {
                return Some(rest[at + 1]);
            }
        }
    }

    /// Gives an error that names this stream's compression.
    pub(crate) fn damaged(&self, reason: impl Into<String>) -> Error {
        Error::Damaged {
            codec: self.codec,
            reason: reason.into(),
        }
    }
}

/// Whether one of the eight bytes is 0xff, the byte that announces markers and stuffing.
#[inline(always)]
pub(crate) fn has_marker_byte(word: u64) -> bool {
    let inverted = !word;
    inverted.wrapping_sub(0x0101_0101_0101_0101) & !inverted & 0x8080_8080_8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_segments_between_fill_and_garbage() {
        let data = [
            0xff, SOI, 0xff, 0xff, 0xe0, 0, 3, 7, 1, 2, 0xff, 0xd3, 0xff, 0x00, 0xff, EOI,
        ];
        let mut segments = Segments::new(&data, "JPEG").unwrap();
        let first = segments.next().unwrap().unwrap();
        assert_eq!((first.marker, first.payload), (0xe0, &[7u8][..]));
        assert_eq!(segments.next().unwrap().unwrap().marker, EOI);
        assert!(segments.next().unwrap().is_none());
    }

    #[test]
    fn refuses_a_segment_longer_than_the_data() {
        let mut segments = Segments::new(&[0xff, SOI, 0xff, 0xe0, 0, 9, 1], "JPEG").unwrap();
        assert!(matches!(
            segments.next(),
            Err(Error::Truncated {
                expected: 9,
                found: 3,
                ..
            })
        ));
        assert!(Segments::new(&[0xff], "JPEG").is_err());
    }

    #[test]
    fn sees_a_marker_byte_anywhere() {
        for at in 0..8 {
            let mut bytes = [0xfeu8, 0, 1, 0x80, 0x7f, 0xfe, 0, 0xfe];
            assert!(!has_marker_byte(u64::from_be_bytes(bytes)));
            bytes[at] = 0xff;
            assert!(has_marker_byte(u64::from_be_bytes(bytes)));
        }
    }
}
