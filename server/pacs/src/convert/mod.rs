//! Pictures, documents and movies as DICOM objects (PS3.3 A.8, A.32.4, A.32.5, A.45.1).
//!
//! [`to_dicom`] takes one file's bytes and gives a Part 10 file. Baseline JPEG, alone or as a movie, and H.264 stay as they were
//! compressed, everything else becomes native pixels, each as it was. Pictures are turned as they say that they are to be seen,
//! and nothing is scaled. Who the patient is comes with [`Header`] and is never guessed. What does not fit is refused in one
//! sentence. [`router`] takes files over HTTP.
//!
//! A JPEG loses its comments and metadata (EXIF, XMP): they may name a place or a person where nobody looks.

mod avi;
mod bmp;
mod header;
mod http;
mod jpeg;
mod movie;
mod mp4;
mod object;
mod pdf;
mod picture;
mod png;
mod tiff;
mod upright;

#[cfg(test)]
mod tests;

pub use header::Header;
pub use http::router;

/// How much one file may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file, which is in memory.
    pub file_bytes: u64,
    /// Bytes of all its pixels.
    pub pixel_bytes: u64,
    /// Pages.
    pub pages: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 512 << 20,
            pixel_bytes: 512 << 20,
            pages: 1000,
        }
    }
}

/// Why a file is not converted. Messages hold nothing of the file's text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a format that is converted.
    #[error("expected JPEG, PNG, BMP, TIFF, PDF, MP4 or AVI, found another file")]
    Unknown,
    /// A kind of the format that is not converted.
    #[error("{format}: expected {expected}, found {found}")]
    Unsupported {
        /// The format.
        format: &'static str,
        /// What is converted.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The file is damaged or cut short.
    #[error("{format}: the file is damaged: {why}")]
    Damaged {
        /// The format.
        format: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// The file asks for more than is accepted.
    #[error("{what}: at most {limit} is accepted, found {found}")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit in force.
        limit: u64,
        /// What is announced.
        found: u64,
    },
    /// What the caller says of patient and study cannot be written.
    #[error("{what}: expected {expected}")]
    Header {
        /// The attribute.
        what: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The object cannot be written.
    #[error("the object cannot be written: {0}")]
    Write(String),
}

/// Gives the DICOM object of a picture, document or movie, whatever its name says it is.
///
/// # Errors
///
/// [`Error`]: one sentence, fit to be shown to whoever brings the file.
pub fn to_dicom(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Vec<u8>, Error> {
    header.check()?;
    within("bytes of the file", limits.file_bytes, bytes.len() as u64)?;
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => jpeg::convert(bytes, header, limits),
        [0x89, b'P', b'N', b'G', ..] => png::convert(bytes, header, limits),
        [b'B', b'M', ..] => bmp::convert(bytes, header, limits),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => tiff::convert(bytes, header, limits),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => mp4::convert(bytes, header),
        _ if avi::is_one(bytes) => avi::convert(bytes, header, limits),
        _ if pdf::is_one(bytes) => pdf::convert(bytes, header),
        _ => Err(Error::Unknown),
    }
}

fn within(what: &'static str, limit: u64, found: u64) -> Result<(), Error> {
    if found <= limit {
        Ok(())
    } else {
        Err(Error::TooLarge { what, limit, found })
    }
}

/// The pixels of a picture's header, judged before anything is allocated.
fn pixels_within(
    format: &'static str,
    (rows, columns): (u32, u32),
    bytes_per_pixel: u64,
    limits: &Limits,
) -> Result<u64, Error> {
    // Rows and Columns have 16 bits.
    for side in [rows, columns] {
        within(
            "rows and columns of a picture",
            u64::from(u16::MAX),
            u64::from(side),
        )?;
        if side == 0 {
            return Err(Error::Damaged {
                format,
                why: "no pixels",
            });
        }
    }
    let bytes = u64::from(rows) * u64::from(columns) * bytes_per_pixel;
    within("bytes of the pixels", limits.pixel_bytes, bytes)?;
    Ok(bytes)
}
