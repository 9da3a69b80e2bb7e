//! From volumes and masks to NIfTI-1 bytes.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Error, Result};
use crate::geometry::Grid;
use crate::voi::Mask;
use crate::volume::{Rescale, Volume, Voxels};

/// How the bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are, for `.nii`.
    Plain,
    /// Gzipped, for `.nii.gz`; without a time, so that equal volumes give equal bytes.
    Gzip,
}

/// Writes a volume with its stored values and rescale as NIfTI-1, little endian, with an sform in mm.
///
/// Slope, intercept and place are single precision in this format.
///
/// # Errors
///
/// [`Error::Uneven`] for slices at uneven distances, [`Error::Side`] for more than 32767 voxels a side.
pub fn write(volume: &Volume, packing: Packing) -> Result<Vec<u8>> {
    let (code, data) = match volume.voxels() {
        Voxels::U8(values) => (2, values.to_vec()),
        Voxels::I16(values) => (4, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        Voxels::U16(values) => (512, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        Voxels::F32(values) => (16, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
    };
    file(volume.grid(), volume.rescale(), code, &data, packing)
}

/// Writes a mask as NIfTI-1 of 8 bit: 1 inside, 0 outside.
///
/// # Errors
///
/// As [`write()`].
pub fn write_mask(mask: &Mask, packing: Packing) -> Result<Vec<u8>> {
    let data: Vec<u8> = mask.to_dense().into_iter().map(u8::from).collect();
    file(mask.grid(), Rescale::IDENTITY, 2, &data, packing)
}

fn file(grid: &Grid, rescale: Rescale, datatype: i16, data: &[u8], packing: Packing) -> Result<Vec<u8>> {
    let header = header(grid, rescale, datatype, data.len() / grid.voxels())?;
    match packing {
        Packing::Plain => Ok([header.as_slice(), data].concat()),
        Packing::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            let packed = encoder
                .write_all(&header)
                .and_then(|()| encoder.write_all(data))
                .and_then(|()| encoder.finish());
            Ok(packed.expect("writing to memory does not fail"))
        }
    }
}

/// The header and the four zero bytes that say that no extension follows.
fn header(grid: &Grid, rescale: Rescale, datatype: i16, value_bytes: usize) -> Result<[u8; 352]> {
    if grid.slice_positions().is_some() {
        return Err(Error::Uneven);
    }
    let size = grid.size();
    let mut header = [0; 352];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348i32.to_le_bytes());
    put(40, &3i16.to_le_bytes());
    for n in 0..7 {
        let side = size.get(n).copied().unwrap_or(1);
        let side = i16::try_from(side).map_err(|_| Error::Side(size))?;
        put(42 + 2 * n, &side.to_le_bytes());
    }
    put(70, &datatype.to_le_bytes());
    put(72, &(8 * value_bytes as i16).to_le_bytes());
    let spacing = grid.spacing_mm();
    for n in 0..8 {
        let step = if (1..4).contains(&n) {
            spacing[n - 1] as f32
        } else {
            1.0
        };
        put(76 + 4 * n, &step.to_le_bytes());
    }
    put(108, &352f32.to_le_bytes());
    put(112, &(rescale.slope as f32).to_le_bytes());
    put(116, &(rescale.intercept as f32).to_le_bytes());
    // Millimetres and seconds; the sform leads to scanner coordinates.
    put(123, &[2 | 8]);
    put(254, &1i16.to_le_bytes());
    let affine = grid.patient_from_voxel();
    for row in 0..3 {
        let ras = if row < 2 { -1.0 } else { 1.0 };
        for column in 0..4 {
            let lps = if column < 3 {
                affine.linear[(row, column)]
            } else {
                affine.origin[row]
            };
            put(280 + 16 * row + 4 * column, &((ras * lps) as f32).to_le_bytes());
        }
    }
    put(344, b"n+1\0");
    Ok(header)
}
