//! The boxes of an ISO base media file (ISO/IEC 14496-12) with one track of AV1 (AV1 in ISOBMFF, version 1.2).
//!
//! All pictures are one chunk, which begins at a known place: so no table of places is kept, and files may pass
//! 4 GiB.

use crate::Shape;

/// What the tables of a track are made of.
#[derive(Debug)]
pub(crate) struct Track<'a> {
    /// Size and rate.
    pub(crate) shape: &'a Shape,
    /// The content of `av1C`.
    pub(crate) configuration: &'a [u8],
    /// Bytes of each picture.
    pub(crate) sizes: &'a [u32],
    /// Which pictures can be begun with, counted from 1.
    pub(crate) key_frames: &'a [u32],
    /// Where the first picture is in the file.
    pub(crate) first_at: u32,
}

/// A box of content.
fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    out.extend((content.len() as u32 + 8).to_be_bytes());
    out.extend(name);
    out.extend(content);
    out
}

/// A box that begins with a version and flags.
fn full(name: &[u8; 4], version: u8, flags: u32, content: &[u8]) -> Vec<u8> {
    let head = u32::from(version) << 24 | flags;
    boxed(name, &[&head.to_be_bytes(), content].concat())
}

/// A table: how many words, and the words.
fn table(rows: u32, words: impl IntoIterator<Item = u32>) -> Vec<u8> {
    std::iter::once(rows)
        .chain(words)
        .flat_map(u32::to_be_bytes)
        .collect()
}

/// `ftyp`: what a reader must know.
pub(crate) fn file_type() -> Vec<u8> {
    boxed(b"ftyp", b"isom\0\0\x02\0isomiso6av01mp41")
}

/// The unity matrix of `mvhd` and `tkhd`.
const UNITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

impl Track<'_> {
    fn duration(&self) -> [u8; 8] {
        (self.sizes.len() as u64 * u64::from(self.shape.rate.seconds)).to_be_bytes()
    }

    /// `moov`: all that is not pictures. Times of making are 0: there is no clock here.
    pub(crate) fn movie(&self) -> Vec<u8> {
        let scale = self.shape.rate.images.to_be_bytes();
        let header = [
            &[0; 16][..],
            &scale,
            &self.duration(),
            // Plain speed, full volume.
            &words(&[0x1_0000, 0x0100_0000, 0, 0]),
            &words(&UNITY),
            &[0; 24],
            &words(&[2]),
        ];
        let header = full(b"mvhd", 1, 0, &header.concat());
        boxed(b"moov", &[header, self.track()].concat())
    }

    fn track(&self) -> Vec<u8> {
        let header = [
            &[0; 16][..],
            &words(&[1, 0]),
            &self.duration(),
            &[0; 16],
            &words(&UNITY),
            &words(&[self.shape.width << 16, self.shape.height << 16]),
        ];
        // In use, part of the movie.
        let header = full(b"tkhd", 1, 3, &header.concat());
        boxed(b"trak", &[header, self.media()].concat())
    }

    fn media(&self) -> Vec<u8> {
        // The language is "undetermined": und in three times five bits.
        let header = [
            &[0; 16][..],
            &self.shape.rate.images.to_be_bytes(),
            &self.duration(),
            &[0x55, 0xc4, 0, 0],
        ];
        let header = full(b"mdhd", 1, 0, &header.concat());
        let handler = full(b"hdlr", 0, 0, b"\0\0\0\0vide\0\0\0\0\0\0\0\0\0\0\0\0video\0");
        let video = full(b"vmhd", 0, 1, &[0; 8]);
        // The pictures are in this file.
        let here = full(b"url ", 0, 1, &[]);
        let reference = full(b"dref", 0, 0, &[table(1, []), here].concat());
        let data = boxed(b"dinf", &reference);
        let information = boxed(b"minf", &[video, data, self.samples()].concat());
        boxed(b"mdia", &[header, handler, information].concat())
    }

    fn samples(&self) -> Vec<u8> {
        let count = self.sizes.len() as u32;
        let description = full(b"stsd", 0, 0, &[table(1, []), self.entry()].concat());
        let times = full(b"stts", 0, 0, &table(1, [count, self.shape.rate.seconds]));
        let keys = full(
            b"stss",
            0,
            0,
            &table(self.key_frames.len() as u32, self.key_frames.iter().copied()),
        );
        let chunks = full(b"stsc", 0, 0, &table(1, [1, count, 1]));
        let sizes = full(
            b"stsz",
            0,
            0,
            &table(0, std::iter::once(count).chain(self.sizes.iter().copied())),
        );
        let places = full(b"stco", 0, 0, &table(1, [self.first_at]));
        boxed(
            b"stbl",
            &[description, times, keys, chunks, sizes, places].concat(),
        )
    }

    /// How the pictures are coded.
    fn entry(&self) -> Vec<u8> {
        let [width, height] = [self.shape.width, self.shape.height].map(|side| (side as u16).to_be_bytes());
        // Primaries, curve and matrix of BT.709, limited range: what `planes` makes.
        let colour = boxed(b"colr", b"nclx\0\x01\0\x01\0\x01\0");
        let content = [
            &[0, 0, 0, 0, 0, 0, 0, 1][..],
            &[0; 16],
            &width,
            &height,
            // 72 pixels an inch, which nobody reads; one picture a sample; no name; depth 24.
            &words(&[0x48_0000, 0x48_0000, 0]),
            &[0, 1],
            &[0; 32],
            &[0, 24, 0xff, 0xff],
            &boxed(b"av1C", self.configuration),
            &colour,
        ];
        boxed(b"av01", &content.concat())
    }
}
