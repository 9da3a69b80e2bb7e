//! MP4 with H.264, as it was compressed (PS3.5 8.2.7 to 8.2.9; ISO/IEC 14496-12, -15).
//!
//! The container stays as it is, in one fragment. It must be of one video track with a constant rate of frames, of a profile
//! and level that a transfer syntax names.

mod boxes;
mod sps;

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::{Error, Header, movie, picture};
use sps::Stream;

const FORMAT: &str = "MP4";
/// Profiles whose streams a decoder of High Profile takes: Main, High; Constrained Baseline stands beside them.
const MAIN: u8 = 77;
const HIGH: u8 = 100;
const BASELINE: u8 = 66;

pub(super) fn convert(bytes: &[u8], header: &Header) -> Result<Vec<u8>, Error> {
    let track = boxes::video(bytes)?;
    let stream = sps::read(&track.sps).ok_or_else(|| damaged("its H.264 parameters cannot be read"))?;
    let transfer_syntax_uid = transfer_syntax(&stream)?;
    let (rows, columns) = (side(stream.rows)?, side(stream.columns)?);
    let mut object = movie::begin(header)?;
    object.put(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "YBR_PARTIAL_420");
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 3),
        (tags::PLANAR_CONFIGURATION, 0),
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put16(tag, value);
    }
    let rate = f64::from(track.time_scale) / f64::from(track.ticks_of_frame);
    movie::timing(&mut object, u64::from(track.frames), rate);
    let native = u64::from(rows) * u64::from(columns) * 3 * u64::from(track.frames);
    picture::lossy(&mut object, "ISO_14496_10", native, bytes.len() as u64);
    object.encapsulated(vec![bytes.to_vec()], transfer_syntax_uid)
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

fn side(pixels: u32) -> Result<u16, Error> {
    match u16::try_from(pixels) {
        Ok(pixels) if pixels > 0 => Ok(pixels),
        _ => Err(damaged("a picture of no size that there is")),
    }
}

/// The transfer syntax whose decoders take the stream.
fn transfer_syntax(stream: &Stream) -> Result<&'static str, Error> {
    let fits = match stream.profile {
        MAIN | HIGH => true,
        // Constraint set 1: the stream is one of Main Profile too.
        BASELINE => stream.constraints & 0x40 != 0,
        _ => false,
    };
    if !fits {
        return Err(unsupported(
            "H.264 of Constrained Baseline, Main or High Profile",
            format!("profile {}", stream.profile),
        ));
    }
    if !stream.is_420_of_8_bits {
        return Err(unsupported("4:2:0 of 8 bits", "another"));
    }
    match stream.level {
        ..=41 => Ok(uids::MPEG4HP41),
        42 => Ok(uids::MPEG4HP422D),
        level => Err(unsupported(
            "at most level 4.2",
            format!("{}.{}", level / 10, level % 10),
        )),
    }
}
