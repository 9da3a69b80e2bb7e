//! AVI with a JPEG a frame (Motion JPEG), as they were compressed: one fragment a frame (PS3.5 8.2.1).
//!
//! The container (RIFF) is left behind; what players repeat is repeated. Sound has no place in DICOM's pictures and is refused,
//! as is what was made of several files.

use dicom_dictionary_std::uids;

use super::{Error, Header, Limits, jpeg, movie, picture, within};

const FORMAT: &str = "AVI";
/// Lists within lists at most.
const MAX_DEPTH: u32 = 3;

/// The movie in a file.
#[derive(Default)]
struct Movie<'a> {
    streams: u32,
    /// Frames in `rate` seconds' units: `rate / scale` a second.
    rate: u32,
    scale: u32,
    pictures: Vec<&'a [u8]>,
}

pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"AVI ")
}

pub(super) fn convert(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Vec<u8>, Error> {
    let movie = read(bytes)?;
    let (mut form, mut pictures, mut compressed) = (None, Vec::with_capacity(movie.pictures.len()), 0);
    for picture in movie.pictures {
        let (own, kept) = jpeg::of_movie(picture)?;
        if *form.get_or_insert(own) != own {
            return Err(unsupported("pictures of one size and kind", "different ones"));
        }
        compressed += kept.len() as u64;
        // A picture without tables is given some.
        within(
            "bytes of the pictures",
            limits.file_bytes.saturating_mul(2),
            compressed,
        )?;
        pictures.push(kept);
    }
    let form = form.ok_or_else(|| damaged("no picture in it"))?;
    let frames = pictures.len() as u64;
    let mut object = movie::begin(header)?;
    picture::pixels(&mut object, form);
    movie::timing(
        &mut object,
        frames,
        f64::from(movie.rate) / f64::from(movie.scale),
    );
    let native = u64::from(form.rows) * u64::from(form.columns) * u64::from(form.samples()) * frames;
    picture::lossy(&mut object, jpeg::METHOD, native, compressed);
    object.encapsulated(pictures, uids::JPEG_BASELINE8_BIT)
}

fn damaged(why: &'static str) -> Error {
    Error::Damaged { format: FORMAT, why }
}

fn unsupported(expected: &'static str, found: &str) -> Error {
    Error::Unsupported {
        format: FORMAT,
        expected,
        found: found.to_owned(),
    }
}

fn read(bytes: &[u8]) -> Result<Movie<'_>, Error> {
    let mut movie = Movie::default();
    let end = size(bytes, 4)?.checked_add(8).filter(|end| *end <= bytes.len());
    let end = end.ok_or_else(|| damaged("it is cut short"))?;
    if bytes[end..].starts_with(b"RIFF") {
        return Err(unsupported("one part", "several"));
    }
    chunks(&bytes[12..end], 0, &mut movie)?;
    if movie.streams == 0 || movie.rate == 0 || movie.scale == 0 {
        return Err(damaged("it does not say how fast its pictures follow each other"));
    }
    Ok(movie)
}

/// Takes the chunks of a list: four letters, a length, content, and a byte more where the length is odd.
fn chunks<'a>(mut rest: &'a [u8], depth: u32, movie: &mut Movie<'a>) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(damaged("its lists lie too deep"));
    }
    while rest.len() >= 8 {
        let length = size(rest, 4)?;
        let content = rest[8..]
            .get(..length)
            .ok_or_else(|| damaged("it is cut short"))?;
        match &rest[..4] {
            b"LIST" => chunks(content.get(4..).unwrap_or_default(), depth + 1, movie)?,
            b"strh" => stream(content, movie)?,
            [b'0', b'0', b'd', b'c' | b'b'] => {
                // Nothing: the picture before is shown again.
                let before = movie.pictures.last().copied();
                let shown = if content.is_empty() { before } else { Some(content) };
                movie.pictures.extend(shown);
            }
            _ => {}
        }
        rest = rest[8 + length..].get(length % 2..).unwrap_or_default();
    }
    Ok(())
}

/// A stream's header.
fn stream<'a>(content: &'a [u8], movie: &mut Movie<'a>) -> Result<(), Error> {
    movie.streams += 1;
    if content.get(..4) != Some(b"vids") || movie.streams > 1 {
        return Err(unsupported("one stream of pictures", "sound or more streams"));
    }
    if content
        .get(4..8)
        .is_none_or(|codec| !codec.eq_ignore_ascii_case(b"MJPG"))
    {
        return Err(unsupported("Motion JPEG", "another compression"));
    }
    (movie.scale, movie.rate) = (size(content, 20)? as u32, size(content, 24)? as u32);
    Ok(())
}

fn size(bytes: &[u8], at: usize) -> Result<usize, Error> {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    let four = four.ok_or_else(|| damaged("it is cut short"))?;
    Ok(u32::from_le_bytes(four) as usize)
}
