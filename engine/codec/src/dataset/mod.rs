//! Part 10 files and bare data sets, read under limits (PS3.5 section 7, PS3.10 section 7).
//!
//! [`read`] gives every element before the pixel data as a `dicom_object` data set, says where the pixel
//! data lies without copying it, and lists what was odd. It accepts what real senders write: no preamble,
//! no meta information, a wrong or missing transfer syntax, implicit elements within explicit ones,
//! truncation. Depth and number of elements are limited, every length is checked against the bytes that
//! are there, and text of every character set of PS3.3 C.12.1.1.2 arrives as Unicode.
//!
//! A text value of more than 256 parts stays one string with backslashes: thousands of contour points as
//! strings of their own would take many times the bytes they came in.

mod charset;
mod element;
mod layout;
mod meta;
mod parser;
mod rewrite;
mod value;

use std::borrow::Cow;
use std::ops::Range;

use dicom_core::{Tag, VR};
use dicom_object::InMemDicomObject;

pub use charset::CharacterSet;
pub use layout::{Layout, Place, layout};
pub use rewrite::{Change, NewPixels, rewrite};

use crate::{Error, Result, TransferSyntax, Warning};

/// How much a data set may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sequences within sequences.
    pub depth: usize,
    /// Elements and items in all; one more for every 50 bytes of input.
    pub elements: usize,
    /// Bytes that a deflated data set may inflate to.
    pub inflated_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 64,
            elements: 500_000,
            inflated_bytes: 2 << 30,
        }
    }
}

/// Which attribute holds the values of the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelKind {
    /// Pixel Data (7FE0,0010).
    Integer,
    /// Float Pixel Data (7FE0,0008).
    Float,
    /// Double Float Pixel Data (7FE0,0009).
    DoubleFloat,
}

impl PixelKind {
    pub(crate) fn of(tag: Tag) -> Option<Self> {
        match tag {
            Tag(0x7FE0, 0x0010) => Some(Self::Integer),
            Tag(0x7FE0, 0x0008) => Some(Self::Float),
            Tag(0x7FE0, 0x0009) => Some(Self::DoubleFloat),
            _ => None,
        }
    }
}

/// Where the pixel data value lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelLocation {
    /// Which attribute it is.
    pub kind: PixelKind,
    /// The element's value representation, `OW` in implicit encoding. In big endian it tells whether 8-bit cells
    /// are swapped as 16-bit words.
    pub vr: VR,
    /// Bytes of the value, of those that are there; of encapsulated data from the offset table's item to
    /// the end of the input.
    pub range: Range<usize>,
    /// Bytes that the element announces; `None` for encapsulated data.
    pub announced: Option<u64>,
}

/// A data set up to its pixel data.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    /// The transfer syntax's UID, as stated or as found.
    pub transfer_syntax_uid: String,
    /// The transfer syntax, when it is known here.
    pub transfer_syntax: Option<TransferSyntax>,
    /// Every element before the pixel data; group lengths and the meta group left out.
    pub data_set: InMemDicomObject,
    /// The meta group's elements.
    pub meta: InMemDicomObject,
    /// Where the pixel data is in [`Object::bytes`].
    pub pixels: Option<PixelLocation>,
    /// The bytes that the data set was read from: the input, or what a deflated one inflated to.
    pub bytes: Cow<'a, [u8]>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

/// Reads a whole Part 10 file, or a data set without preamble or meta information.
///
/// # Errors
///
/// [`Error::Invalid`] for bytes that are no DICOM, [`Error::TooLarge`] beyond `limits`, [`Error::Damaged`] for a
/// deflated data set that does not inflate.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Object<'_>> {
    match read_prefix(bytes, true, limits)? {
        Prefix::Done(object) => Ok(*object),
        Prefix::NeedsMore => Err(Error::Truncated {
            what: "data set",
            expected: bytes.len() as u64 + 1,
            found: bytes.len() as u64,
        }),
    }
}

/// What the first bytes of a file held.
#[derive(Debug)]
pub enum Prefix<'a> {
    /// Everything before the pixel data, which may lie beyond the bytes given.
    Done(Box<Object<'a>>),
    /// The data set goes on: call again with more.
    NeedsMore,
}

/// Reads a data set from the first bytes of a file, so that the pixel data need not be loaded.
///
/// With `complete` the bytes are all there are, and what is cut off is a warning; without, a data set that runs
/// beyond them gives [`Prefix::NeedsMore`]. In a [`Prefix::Done`] from incomplete bytes, the pixel data's range
/// starts where it starts in the file and ends where it is announced to end (encapsulated: at its start).
///
/// # Errors
///
/// As [`read`].
pub fn read_prefix(bytes: &[u8], complete: bool, limits: Limits) -> Result<Prefix<'_>> {
    meta::read_part10(bytes, complete, limits)
}
