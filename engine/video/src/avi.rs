//! AVI 1.0 with a JPEG for each picture.
//!
//! The file is a list of headers of fixed size, a list of pictures, and an index of where each is. The headers are
//! written twice: with zeros at first, and with counts and sizes when the pictures are known.

use std::io::{Seek, SeekFrom, Write};

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::{Error, Movie, Picture, Shape};

/// Most bytes of a file: players of the first AVI count with signs, and some stop at 1 GiB.
pub const MAX_AVI_BYTES: u64 = 1 << 30;

/// Bytes before the first picture.
const HEADER_BYTES: u64 = 224;
/// Bytes of the index for each picture.
const ENTRY_BYTES: u64 = 16;
/// Every picture stands for itself.
const KEY_FRAME: u32 = 0x10;
/// The file has an index.
const HAS_INDEX: u32 = 0x10;

/// An AVI that is being written: memory holds one picture, and 8 bytes for each that is written.
#[derive(Debug)]
pub struct Avi<W> {
    sink: W,
    start: u64,
    shape: Shape,
    /// Place (from the word `movi` on) and bytes of each picture.
    entries: Vec<[u32; 2]>,
    /// Bytes of pictures with their heads.
    picture_bytes: u64,
    jpeg: Vec<u8>,
    most_bytes: u64,
}

impl<W: Write + Seek> Avi<W> {
    /// Begins a file where the sink stands.
    ///
    /// # Errors
    ///
    /// [`Error::Size`], [`Error::Rate`] or [`Error::Quality`] of the shape, [`Error::Io`] of the sink.
    pub fn new(mut sink: W, shape: Shape) -> Result<Self, Error> {
        shape.check()?;
        let start = sink.stream_position()?;
        sink.write_all(&[0; HEADER_BYTES as usize])?;
        Ok(Self {
            sink,
            start,
            shape,
            entries: Vec::new(),
            picture_bytes: 0,
            jpeg: Vec::new(),
            most_bytes: MAX_AVI_BYTES,
        })
    }

    /// Bytes of the file with `more` bytes of pictures.
    fn file_bytes(&self, more: u64) -> u64 {
        let entries = self.entries.len() as u64 + u64::from(more > 0);
        HEADER_BYTES + self.picture_bytes + more + 8 + ENTRY_BYTES * entries
    }

    /// The headers for what is written by now.
    fn header(&self) -> Vec<u8> {
        let Shape {
            width, height, rate, ..
        } = self.shape;
        let count = self.entries.len() as u32;
        let largest = self.entries.iter().map(|[_, bytes]| *bytes).max().unwrap_or(0);
        let micros = (u64::from(rate.seconds) * 2_000_000 / u64::from(rate.images)).div_ceil(2) as u32;
        let bytes_per_s = u64::from(largest) * u64::from(rate.images) / u64::from(rate.seconds);
        let mut out = Words(Vec::with_capacity(HEADER_BYTES as usize));
        out.tag(b"RIFF")
            .word((self.file_bytes(0) - 8) as u32)
            .tag(b"AVI ");
        out.tag(b"LIST").word(192).tag(b"hdrl");
        out.tag(b"avih").word(56);
        out.words(&[micros, bytes_per_s.min(u64::from(u32::MAX)) as u32, 0, HAS_INDEX]);
        out.words(&[count, 0, 1, largest, width, height, 0, 0, 0, 0]);
        out.tag(b"LIST").word(116).tag(b"strl");
        out.tag(b"strh").word(56).tag(b"vids").tag(b"MJPG");
        // Scale and rate are the exact fraction; the microseconds above are its rounding.
        out.words(&[0, 0, 0, rate.seconds, rate.images, 0, count, largest]);
        out.words(&[u32::MAX, 0, 0, width | height << 16]);
        out.tag(b"strf").word(40);
        // Planes and bits a pixel share a word.
        out.words(&[40, width, height, 1 | 24 << 16]).tag(b"MJPG");
        out.words(&[width * height * 3, 0, 0, 0, 0]);
        out.tag(b"LIST")
            .word((self.picture_bytes + 4) as u32)
            .tag(b"movi");
        out.0
    }

    fn index(&self) -> Vec<u8> {
        let mut out = Words(Vec::with_capacity(8 + self.entries.len() * ENTRY_BYTES as usize));
        out.tag(b"idx1")
            .word(self.entries.len() as u32 * ENTRY_BYTES as u32);
        for [place, bytes] in &self.entries {
            out.tag(b"00dc").words(&[KEY_FRAME, *place, *bytes]);
        }
        out.0
    }
}

impl<W: Write + Seek> Movie for Avi<W> {
    fn push(&mut self, picture: Picture<'_>) -> Result<(), Error> {
        self.shape.admit(&picture)?;
        self.jpeg.clear();
        let mut encoder = Encoder::new(&mut self.jpeg, self.shape.quality);
        // Half the colours both ways: what every decoder of Motion JPEG has been built for.
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        let [width, height] = [picture.width, picture.height].map(|side| side as u16);
        encoder
            .encode(picture.rgba, width, height, ColorType::Rgba)
            .map_err(|error| Error::Encoder {
                format: "JPEG",
                reason: error.to_string(),
            })?;
        let bytes = self.jpeg.len() as u32;
        if self.jpeg.len() % 2 == 1 {
            self.jpeg.push(0);
        }
        let more = 8 + self.jpeg.len() as u64;
        if self.file_bytes(more) > self.most_bytes {
            return Err(Error::TooLong {
                format: "an AVI file",
                most: "1 GiB",
            });
        }
        self.sink.write_all(b"00dc")?;
        self.sink.write_all(&bytes.to_le_bytes())?;
        self.sink.write_all(&self.jpeg)?;
        self.entries.push([(4 + self.picture_bytes) as u32, bytes]);
        self.picture_bytes += more;
        Ok(())
    }

    fn finish(mut self) -> Result<u32, Error> {
        if self.entries.is_empty() {
            return Err(Error::Empty);
        }
        self.sink.write_all(&self.index())?;
        self.sink.seek(SeekFrom::Start(self.start))?;
        self.sink.write_all(&self.header())?;
        self.sink.seek(SeekFrom::Start(self.start + self.file_bytes(0)))?;
        self.sink.flush()?;
        Ok(self.entries.len() as u32)
    }
}

/// Little-endian words and names of four letters.
struct Words(Vec<u8>);

impl Words {
    fn tag(&mut self, name: &[u8; 4]) -> &mut Self {
        self.0.extend(name);
        self
    }

    fn word(&mut self, word: u32) -> &mut Self {
        self.0.extend(word.to_le_bytes());
        self
    }

    fn words(&mut self, words: &[u32]) -> &mut Self {
        words.iter().for_each(|word| {
            self.word(*word);
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Seek, SeekFrom, Write};

    use super::Avi;
    use crate::{Error, FrameRate, Movie, Picture, Shape};

    const SHAPE: Shape = Shape {
        width: 32,
        height: 24,
        rate: FrameRate {
            images: 25,
            seconds: 2,
        },
        quality: 90,
    };

    fn picture(rgba: &[u8]) -> Picture<'_> {
        Picture {
            width: 32,
            height: 24,
            rgba,
        }
    }

    fn word(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    /// Follows the lengths and the index of a file that begins behind other bytes.
    #[test]
    fn every_length_leads_to_the_next_part() {
        let mut sink = Cursor::new(Vec::new());
        sink.write_all(b"before").unwrap();
        let mut avi = Avi::new(&mut sink, SHAPE).unwrap();
        for level in [0u8, 90, 200] {
            let rgba: Vec<u8> = (0..32 * 24 * 4)
                .map(|n: u32| level.wrapping_add((n % 97) as u8))
                .collect();
            avi.push(picture(&rgba)).unwrap();
        }
        assert_eq!(avi.finish().unwrap(), 3);
        assert_eq!(
            sink.stream_position().unwrap(),
            sink.seek(SeekFrom::End(0)).unwrap()
        );
        let bytes = &sink.get_ref()[6..];
        assert_eq!(word(bytes, 4) + 8, bytes.len());
        assert_eq!(word(bytes, 32), 80_000, "microseconds a picture");
        assert_eq!([word(bytes, 48), word(bytes, 140)], [3, 3]);
        assert_eq!([word(bytes, 128), word(bytes, 132)], [2, 25]);
        let movi = 20 + word(bytes, 16) + 8;
        assert_eq!(&bytes[movi..movi + 4], b"movi");
        let index = movi + word(bytes, movi - 4);
        assert_eq!(&bytes[index..index + 4], b"idx1");
        assert_eq!(index + 8 + word(bytes, index + 4), bytes.len());
        for entry in bytes[index + 8..].chunks(16) {
            let at = movi + word(entry, 8);
            assert_eq!(&bytes[at..at + 4], b"00dc");
            assert_eq!(word(bytes, at + 4), word(entry, 12));
            assert_eq!(bytes[at + 8..at + 10], [0xff, 0xd8], "a JPEG begins here");
        }
    }

    #[test]
    fn a_file_ends_before_its_limit_and_can_be_finished() {
        let mut sink = Cursor::new(Vec::new());
        let mut avi = Avi::new(&mut sink, SHAPE).unwrap();
        avi.most_bytes = 4000;
        let rgba = vec![128; 32 * 24 * 4];
        let pushed = (0..100).take_while(|_| avi.push(picture(&rgba)).is_ok()).count();
        let refused = avi.push(picture(&rgba)).unwrap_err();
        assert!(matches!(refused, Error::TooLong { .. }), "{refused}");
        assert_eq!(avi.finish().unwrap() as usize, pushed);
        assert!(sink.get_ref().len() <= 4000, "{}", sink.get_ref().len());
    }

    #[test]
    fn no_pictures_make_no_movie() {
        let avi = Avi::new(Cursor::new(Vec::new()), SHAPE).unwrap();
        assert!(matches!(avi.finish(), Err(Error::Empty)));
    }
}
