//! From NIfTI bytes to volumes and masks.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::header::{Datatype, Header, LONGEST_HEADER};
use super::orientation::grid;
use super::{Error, Result, Warning};
use crate::geometry::Grid;
use crate::voi::Mask;
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// Largest number of bytes of values that a file may hold, inflated (4 GiB).
pub const MAX_DATA_BYTES: u64 = 1 << 32;

/// No deflate stream holds more bytes than this for each of its own.
const LARGEST_DEFLATE_RATIO: u64 = 1032;

/// Bytes converted at a time.
const CHUNK_BYTES: usize = 1 << 16;

/// Which values of a volume are inside a mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Selection {
    /// Values above this one; 0.5 for masks of 0 and 1.
    Above(f64),
    /// Values that round to this label.
    Label(i64),
}

/// Reads the one volume of a NIfTI file, `.nii` or `.nii.gz`.
///
/// Integers of 8 and 16 bits are kept as stored, all else as f32: wider integers and doubles are rounded
/// to 24 bits. The unit is unspecified and there is no frame of reference: the format knows neither.
///
/// # Errors
///
/// [`Error`] when the bytes are no NIfTI file, end early, announce too much, or hold several volumes.
pub fn read(bytes: &[u8]) -> Result<(Volume, Vec<Warning>)> {
    let (mut volumes, warnings) = read_some(bytes, true)?;
    let volume = volumes.pop().expect("a header without a volume is refused");
    Ok((volume, warnings))
}

/// Reads all volumes of a NIfTI file of four dimensions, one for each step of the fourth; else as [`read`].
///
/// # Errors
///
/// As [`read`].
pub fn read_frames(bytes: &[u8]) -> Result<(Vec<Volume>, Vec<Warning>)> {
    read_some(bytes, false)
}

/// Gives the voxels of a volume whose values are selected.
#[must_use]
pub fn mask(volume: &Volume, selection: Selection) -> Mask {
    match selection {
        Selection::Above(threshold) => Mask::of_values(volume, |value| value > threshold),
        Selection::Label(label) => Mask::of_values(volume, |value| (value - label as f64).abs() < 0.5),
    }
}

fn read_some(bytes: &[u8], single: bool) -> Result<(Vec<Volume>, Vec<Warning>)> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let header = Header::parse(bytes)?;
        let found = bytes.len() as u64;
        check_room(&header, found)?;
        return volumes(&header, &bytes[header.vox_offset as usize..], single);
    }
    let mut inflated = MultiGzDecoder::new(bytes);
    let mut start = Vec::with_capacity(LONGEST_HEADER);
    let taken = inflated
        .by_ref()
        .take(LONGEST_HEADER as u64)
        .read_to_end(&mut start);
    taken.map_err(|error| Error::Inflate(error.to_string()))?;
    let header = Header::parse(&start)?;
    check_room(
        &header,
        (bytes.len() as u64).saturating_mul(LARGEST_DEFLATE_RATIO),
    )?;
    let mut values = start.as_slice().chain(inflated);
    skip(&mut values, header.vox_offset)?;
    volumes(&header, values, single)
}

/// Refuses a file that cannot hold what its header announces, before anything is allocated.
fn check_room(header: &Header, found: u64) -> Result<()> {
    let expected = header.vox_offset.saturating_add(header.data_bytes());
    if expected > found {
        return Err(Error::Truncated { expected, found });
    }
    Ok(())
}

fn skip(values: &mut impl Read, count: u64) -> Result<()> {
    let skipped = std::io::copy(&mut values.take(count), &mut std::io::sink());
    match skipped.map_err(|error| Error::Inflate(error.to_string()))? {
        found if found < count => Err(Error::Truncated {
            expected: count,
            found,
        }),
        _ => Ok(()),
    }
}

fn volumes(header: &Header, mut values: impl Read, single: bool) -> Result<(Vec<Volume>, Vec<Warning>)> {
    if single && header.frames != 1 {
        return Err(Error::Frames(header.frames));
    }
    let (grid, warnings) = grid(header)?;
    let rescale = rescale(header);
    let volume = |_| volume(header, &grid, rescale, &mut values);
    Ok(((0..header.frames).map(volume).collect::<Result<_>>()?, warnings))
}

/// A slope of 0 or no number means that values are stored as they are.
fn rescale(header: &Header) -> Rescale {
    if header.scl_slope == 0.0 || !header.scl_slope.is_finite() {
        return Rescale::IDENTITY;
    }
    Rescale {
        slope: header.scl_slope,
        intercept: header.scl_inter,
    }
}

fn volume(header: &Header, grid: &Grid, rescale: Rescale, values: &mut impl Read) -> Result<Volume> {
    let source = &mut Source {
        values,
        count: header.voxels(),
        big_endian: header.big_endian,
    };
    let voxels = match header.datatype {
        Datatype::U8 => Voxels::U8(source.take(|[byte]| byte)?.into()),
        Datatype::I8 => Voxels::I16(source.take(|b| i16::from(i8::from_le_bytes(b)))?.into()),
        Datatype::U16 => Voxels::U16(source.take(u16::from_le_bytes)?.into()),
        Datatype::I16 => Voxels::I16(source.take(i16::from_le_bytes)?.into()),
        Datatype::U32 => Voxels::F32(source.take(|b| u32::from_le_bytes(b) as f32)?.into()),
        Datatype::I32 => Voxels::F32(source.take(|b| i32::from_le_bytes(b) as f32)?.into()),
        Datatype::U64 => Voxels::F32(source.take(|b| u64::from_le_bytes(b) as f32)?.into()),
        Datatype::I64 => Voxels::F32(source.take(|b| i64::from_le_bytes(b) as f32)?.into()),
        Datatype::F32 => Voxels::F32(source.take(f32::from_le_bytes)?.into()),
        Datatype::F64 => Voxels::F32(source.take(|b| f64::from_le_bytes(b) as f32)?.into()),
    };
    Ok(Volume::new(grid.clone(), voxels, rescale, Unit::Unspecified)?)
}

/// The values of one volume, still as bytes of the file.
struct Source<'a, R> {
    values: &'a mut R,
    count: usize,
    big_endian: bool,
}

impl<R: Read> Source<'_, R> {
    /// Converts all values. Memory grows with what really arrives, not with what was announced.
    fn take<const N: usize, T>(&mut self, from_le_bytes: impl Fn([u8; N]) -> T) -> Result<Vec<T>> {
        let mut taken = Vec::new();
        let mut chunk = vec![0u8; CHUNK_BYTES];
        while taken.len() < self.count {
            let bytes = ((self.count - taken.len()) * N).min(CHUNK_BYTES);
            self.fill(&mut chunk[..bytes], taken.len() * N)?;
            taken.extend(chunk[..bytes].chunks_exact(N).map(|value| {
                let mut own = [0; N];
                own.copy_from_slice(value);
                if self.big_endian {
                    own.reverse();
                }
                from_le_bytes(own)
            }));
        }
        Ok(taken)
    }

    fn fill(&mut self, chunk: &mut [u8], before: usize) -> Result<()> {
        let mut filled = 0;
        while filled < chunk.len() {
            match self.values.read(&mut chunk[filled..]) {
                Ok(0) => {
                    return Err(Error::Truncated {
                        expected: (before + chunk.len()) as u64,
                        found: (before + filled) as u64,
                    });
                }
                Ok(count) => filled += count,
                Err(error) => return Err(Error::Inflate(error.to_string())),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
