//! JPEG (ITU-T T.81): an upright baseline picture as it was compressed (PS3.5 8.2.1), so that decoding gives the same pixels as
//! before. A progressive or a turned one is decoded, once, by the decoder that shows DICOM's own.

use codec::colour::{Rounding, rgb_from_ybr};
use codec::jpeg::Jpeg;
use codec::{Decoder as _, FrameDescription, Photometric};
use dicom_dictionary_std::uids;

use super::picture::{self, Colour, Form};
use super::{Error, Header, Limits, pixels_within, upright};

const FORMAT: &str = "JPEG";
/// Lossy Image Compression Method (0028,2114).
pub(super) const METHOD: &str = "ISO_10918_1";
/// The Huffman tables of ITU-T T.81 K.3.3, as a segment: what a movie's pictures are decoded with where they bring none.
const TABLES: &[u8; 420] = include_bytes!("huffman.bin");

/// What is kept of a JPEG, and what it says.
#[derive(Default)]
pub(super) struct Parsed {
    kept: Vec<u8>,
    frame: Option<Frame>,
    is_baseline: bool,
    /// Whether it brings Huffman tables.
    has_tables: bool,
    /// Transform of Adobe's segment (APP14).
    adobe: Option<u8>,
    has_jfif: bool,
    /// Whether it is one field of an interlaced frame (APP0 of AVI).
    is_field: bool,
    orientation: u16,
    icc: Vec<(u8, Vec<u8>)>,
}

struct Frame {
    rows: u16,
    columns: u16,
    /// Identifier of each component.
    components: Vec<u8>,
}

pub(super) fn convert(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Vec<u8>, Error> {
    let parsed = parse(bytes)?;
    let form = parsed.form()?;
    let sides = (form.rows.into(), form.columns.into());
    let native = pixels_within(FORMAT, sides, form.samples().into(), limits)?;
    let icc = profile(&parsed.icc);
    if parsed.is_baseline && parsed.orientation <= 1 {
        let mut object = picture::begin(form, 1, icc.as_deref(), header)?;
        picture::lossy(&mut object, METHOD, native, parsed.kept.len() as u64);
        return object.encapsulated(vec![parsed.kept], uids::JPEG_BASELINE8_BIT);
    }
    let (form, values) = upright::turned(decoded(&parsed.kept, form)?, parsed.orientation)
        .ok_or_else(|| unsupported("an orientation of 1 to 8", parsed.orientation.to_string()))?;
    let mut object = picture::begin(form, 1, icc.as_deref(), header)?;
    picture::lossy(&mut object, METHOD, native, parsed.kept.len() as u64);
    picture::put_values(&mut object, form, values);
    object.native()
}

/// Gives the pixels of a picture, in grey or red, green and blue.
fn decoded(kept: &[u8], form: Form) -> Result<(Form, Vec<u8>), Error> {
    let mut description = FrameDescription {
        rows: form.rows.into(),
        columns: form.columns.into(),
        samples_per_pixel: form.samples(),
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        signed: false,
        planar: false,
        photometric: match form.colour {
            Colour::Grey => Photometric::Monochrome2,
            Colour::Rgb => Photometric::Rgb,
            Colour::Ybr => Photometric::YbrFull,
        },
    };
    let failed = |_| damaged("it cannot be decoded");
    let mut values = vec![0; description.frame_bytes().map_err(failed)?];
    Jpeg.decode(kept, &description, &mut values).map_err(failed)?;
    if form.colour != Colour::Ybr {
        return Ok((form, values));
    }
    description.photometric = Photometric::YbrFull;
    rgb_from_ybr(&mut values, &description, Rounding::Jpeg).map_err(failed)?;
    let colour = Colour::Rgb;
    Ok((Form { colour, ..form }, values))
}

impl Parsed {
    /// The picture's form, as it is compressed.
    fn form(&self) -> Result<Form, Error> {
        let frame = self.frame.as_ref().ok_or_else(|| damaged("no picture in it"))?;
        Ok(Form {
            rows: frame.rows,
            columns: frame.columns,
            colour: colour(self, frame)?,
            bits: 8,
        })
    }
}

/// Gives one picture of a movie as it was compressed, with the tables that it may leave to its player.
///
/// # Errors
///
/// [`Error`]; a movie's pictures are baseline and whole.
pub(super) fn of_movie(bytes: &[u8]) -> Result<(Form, Vec<u8>), Error> {
    let mut parsed = parse(bytes)?;
    if !parsed.is_baseline {
        return Err(unsupported("baseline pictures in a movie", "others"));
    }
    if parsed.is_field {
        return Err(unsupported("whole pictures in a movie", "interlaced fields"));
    }
    if !parsed.has_tables {
        // After the start of the image; tables may come in any order before the scan.
        parsed.kept.splice(2..2, TABLES.iter().copied());
    }
    Ok((parsed.form()?, parsed.kept))
}

fn damaged(why: &'static str) -> Error {
    Error::Damaged { format: FORMAT, why }
}

fn unsupported(expected: &'static str, found: impl Into<String>) -> Error {
    Error::Unsupported {
        format: FORMAT,
        expected,
        found: found.into(),
    }
}

fn colour(parsed: &Parsed, frame: &Frame) -> Result<Colour, Error> {
    match frame.components[..] {
        [_] => Ok(Colour::Grey),
        // Who writes neither segment names the components.
        [b'R', b'G', b'B'] if parsed.adobe.is_none() && !parsed.has_jfif => Ok(Colour::Rgb),
        [_, _, _] if parsed.adobe == Some(0) => Ok(Colour::Rgb),
        [_, _, _] => Ok(Colour::Ybr),
        [_, _, _, _] => Err(unsupported("grey or three colours", "CMYK")),
        _ => Err(unsupported(
            "grey or three colours",
            format!("{} components", frame.components.len()),
        )),
    }
}

/// Goes through the segments up to the first picture's end; what follows it, as some phones append, is not kept.
fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    let mut parsed = Parsed {
        kept: vec![0xFF, 0xD8],
        ..Parsed::default()
    };
    let mut at = 2;
    loop {
        let marker = marker(bytes, &mut at)?;
        match marker {
            0xD9 => return Err(damaged("it ends before its picture")),
            0x01 | 0xD0..=0xD7 => continue,
            _ => {}
        }
        let length = bytes.get(at..at + 2).ok_or_else(|| damaged("it is cut short"))?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let segment = bytes.get(at + 2..(at + length).max(at + 2));
        let segment = segment.ok_or_else(|| damaged("it is cut short"))?;
        at += length.max(2);
        take(&mut parsed, marker, segment)?;
        if marker == 0xDA {
            return scan_to_end(bytes, at, parsed);
        }
    }
}

/// The next marker; any number of fill bytes may be before it.
fn marker(bytes: &[u8], at: &mut usize) -> Result<u8, Error> {
    let cut = || damaged("it is cut short");
    if bytes.get(*at).ok_or_else(cut)? != &0xFF {
        return Err(damaged("no marker where one must be"));
    }
    while bytes.get(*at).ok_or_else(cut)? == &0xFF {
        *at += 1;
    }
    *at += 1;
    Ok(bytes[*at - 1])
}

fn take(parsed: &mut Parsed, marker: u8, segment: &[u8]) -> Result<(), Error> {
    match marker {
        0xC0..=0xC2 => {
            parsed.is_baseline = marker == 0xC0;
            parsed.frame = Some(frame(segment)?);
        }
        0xC4 => parsed.has_tables = true,
        0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
            let expected = "baseline, extended or progressive";
            return Err(unsupported(expected, "lossless, hierarchical or arithmetic"));
        }
        0xE0 => {
            parsed.has_jfif |= segment.starts_with(b"JFIF\0");
            parsed.is_field |= segment.starts_with(b"AVI1") && segment.get(4) != Some(&0);
        }
        0xE1 if segment.starts_with(b"Exif\0\0") => {
            parsed.orientation = upright::orientation(&segment[6..]).unwrap_or(1);
        }
        0xE2 if segment.starts_with(b"ICC_PROFILE\0") && segment.len() > 14 => {
            parsed.icc.push((segment[12], segment[14..].to_vec()));
        }
        0xEE if segment.starts_with(b"Adobe") => parsed.adobe = segment.get(11).copied(),
        _ => {}
    }
    // Of what programs write for themselves only what tells the colours is kept.
    let is_kept = match marker {
        0xE0 => segment.starts_with(b"JFIF\0"),
        0xEE => segment.starts_with(b"Adobe"),
        0xE1..=0xED | 0xEF | 0xFE => false,
        _ => true,
    };
    if is_kept {
        parsed.kept.extend([0xFF, marker]);
        parsed.kept.extend((segment.len() as u16 + 2).to_be_bytes());
        parsed.kept.extend_from_slice(segment);
    }
    Ok(())
}

fn frame(segment: &[u8]) -> Result<Frame, Error> {
    let [bits, r0, r1, c0, c1, count, components @ ..] = segment else {
        return Err(damaged("its frame's header is cut short"));
    };
    if *bits != 8 {
        return Err(unsupported("8 bits", bits.to_string()));
    }
    if components.len() != usize::from(*count) * 3 {
        return Err(damaged("its frame's header is cut short"));
    }
    Ok(Frame {
        rows: u16::from_be_bytes([*r0, *r1]),
        columns: u16::from_be_bytes([*c0, *c1]),
        components: components.chunks_exact(3).map(|part| part[0]).collect(),
    })
}

/// Keeps the scans from `at` to the picture's end.
fn scan_to_end(bytes: &[u8], mut at: usize, mut parsed: Parsed) -> Result<Parsed, Error> {
    let start = at;
    loop {
        let rest = bytes.get(at..).ok_or_else(|| damaged("it is cut short"))?;
        let next = rest
            .windows(2)
            .position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF | 0xD0..=0xD7));
        at += next.ok_or_else(|| damaged("it is cut short"))?;
        if bytes[at + 1] == 0xD9 {
            parsed.kept.extend_from_slice(&bytes[start..at + 2]);
            return Ok(parsed);
        }
        // Tables or another scan of the same picture.
        let length = bytes
            .get(at + 2..at + 4)
            .ok_or_else(|| damaged("it is cut short"))?;
        at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
    }
}

/// A colour profile's parts, in the order of their numbers.
fn profile(parts: &[(u8, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|(number, _)| *number);
    let all: Vec<u8> = parts
        .into_iter()
        .flat_map(|(_, part)| part.iter().copied())
        .collect();
    (!all.is_empty()).then_some(all)
}
