//! The fields of NIfTI-1 and NIfTI-2 headers that matter here, in either byte order.

use super::{Error, Result};

/// Bytes of the longer of the two headers.
pub(super) const LONGEST_HEADER: usize = 540;

/// Most volumes in a file: each costs memory of its own, however few voxels it has.
const MOST_FRAMES: i64 = 1 << 16;

/// One number type of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Datatype {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Datatype {
    fn from_code(code: i16) -> Result<Self> {
        Ok(match code {
            2 => Self::U8,
            4 => Self::I16,
            8 => Self::I32,
            16 => Self::F32,
            64 => Self::F64,
            256 => Self::I8,
            512 => Self::U16,
            768 => Self::U32,
            1024 => Self::I64,
            1280 => Self::U64,
            other => return Err(Error::Datatype(other)),
        })
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// What a header says, with its names; lengths in the file's own unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub big_endian: bool,
    /// Columns, rows, slices.
    pub size: [usize; 3],
    /// Volumes in the file.
    pub frames: usize,
    pub datatype: Datatype,
    /// Where the values begin.
    pub vox_offset: u64,
    pub scl_slope: f64,
    pub scl_inter: f64,
    pub xyzt_units: u8,
    pub pixdim: [f64; 4],
    pub qform_code: i32,
    pub sform_code: i32,
    /// b, c, d of the unit quaternion, then the offset.
    pub quatern: [f64; 3],
    pub qoffset: [f64; 3],
    pub srow: [[f64; 4]; 3],
}

impl Header {
    /// Reads the header at the start of `bytes`, which may go on after it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let size = bytes.first_chunk::<4>().copied().unwrap_or_default();
        let (big_endian, length) = match (u32::from_le_bytes(size), u32::from_be_bytes(size)) {
            (348, _) => (false, 348),
            (_, 348) => (true, 348),
            (540, _) => (false, 540),
            (_, 540) => (true, 540),
            _ => {
                return Err(Error::NotNifti(format!(
                    "{} bytes beginning with {size:02x?}",
                    bytes.len()
                )));
            }
        };
        let Some(header) = bytes.get(..length) else {
            let (expected, found) = (length as u64, bytes.len() as u64);
            return Err(Error::Truncated { expected, found });
        };
        let fields = Fields {
            bytes: header,
            big_endian,
        };
        if length == 348 {
            first(&fields)
        } else {
            second(&fields)
        }
    }

    /// Number of voxels of one volume.
    pub(super) fn voxels(&self) -> usize {
        self.size.iter().product()
    }

    /// Bytes of all values; cannot overflow, since [`dimensions`] bounds it.
    pub(super) fn data_bytes(&self) -> u64 {
        self.voxels() as u64 * self.frames as u64 * self.datatype.bytes() as u64
    }
}

fn first(fields: &Fields) -> Result<Header> {
    match &fields.bytes[344..348] {
        b"n+1\0" => {}
        b"ni1\0" => return Err(Error::Pair),
        other => return Err(Error::NotNifti(format!("magic {}", other.escape_ascii()))),
    }
    let datatype = Datatype::from_code(fields.i16(70))?;
    let dim = std::array::from_fn(|n| i64::from(fields.i16(40 + 2 * n)));
    let (size, frames) = dimensions(dim, datatype)?;
    let f32s = |at: usize| f64::from(fields.f32(at));
    let offset = f32s(108);
    Ok(Header {
        big_endian: fields.big_endian,
        size,
        frames,
        datatype,
        vox_offset: vox_offset(if offset.fract() == 0.0 { offset as i64 } else { -1 }, 352)?,
        scl_slope: f32s(112),
        scl_inter: f32s(116),
        xyzt_units: fields.bytes[123],
        pixdim: std::array::from_fn(|n| f32s(76 + 4 * n)),
        qform_code: i32::from(fields.i16(252)),
        sform_code: i32::from(fields.i16(254)),
        quatern: std::array::from_fn(|n| f32s(256 + 4 * n)),
        qoffset: std::array::from_fn(|n| f32s(268 + 4 * n)),
        srow: std::array::from_fn(|row| std::array::from_fn(|n| f32s(280 + 16 * row + 4 * n))),
    })
}

fn second(fields: &Fields) -> Result<Header> {
    match &fields.bytes[4..8] {
        b"n+2\0" => {}
        b"ni2\0" => return Err(Error::Pair),
        other => return Err(Error::NotNifti(format!("magic {}", other.escape_ascii()))),
    }
    let datatype = Datatype::from_code(fields.i16(12))?;
    let (size, frames) = dimensions(std::array::from_fn(|n| fields.i64(16 + 8 * n)), datatype)?;
    Ok(Header {
        big_endian: fields.big_endian,
        size,
        frames,
        datatype,
        vox_offset: vox_offset(fields.i64(168), 544)?,
        scl_slope: fields.f64(176),
        scl_inter: fields.f64(184),
        xyzt_units: fields.i32(500) as u8,
        pixdim: std::array::from_fn(|n| fields.f64(104 + 8 * n)),
        qform_code: fields.i32(344),
        sform_code: fields.i32(348),
        quatern: std::array::from_fn(|n| fields.f64(352 + 8 * n)),
        qoffset: std::array::from_fn(|n| fields.f64(376 + 8 * n)),
        srow: std::array::from_fn(|row| std::array::from_fn(|n| fields.f64(400 + 32 * row + 8 * n))),
    })
}

/// Values begin after the header and its extension flag; 0 in a single file means right there.
fn vox_offset(offset: i64, lowest: u64) -> Result<u64> {
    match u64::try_from(offset) {
        Ok(0) => Ok(lowest),
        Ok(offset) if offset >= lowest - 4 => Ok(offset),
        _ => Err(Error::Header {
            field: "vox_offset",
            expected: "a place after the header",
            found: offset.to_string(),
        }),
    }
}

/// Columns, rows, slices and the number of volumes, checked against [`super::MAX_DATA_BYTES`].
fn dimensions(dim: [i64; 8], datatype: Datatype) -> Result<([usize; 3], usize)> {
    let wrong = |expected| Error::Header {
        field: "dim",
        expected,
        found: format!("{dim:?}"),
    };
    let used = usize::try_from(dim[0])
        .ok()
        .filter(|n| (1..=7).contains(n))
        .ok_or_else(|| wrong("1 to 7 dimensions"))?;
    let side = |n: usize| if n <= used { dim[n] } else { 1 };
    if (1..8).any(|n| side(n) < 1) {
        return Err(wrong("sides of 1 or more"));
    }
    if (5..8).any(|n| side(n) > 1) {
        return Err(wrong("one value a voxel"));
    }
    if side(4) > MOST_FRAMES {
        return Err(wrong("at most 65536 volumes"));
    }
    let bytes = (1..5).try_fold(datatype.bytes() as u64, |bytes, n| {
        bytes.checked_mul(side(n) as u64)
    });
    let limit = super::MAX_DATA_BYTES.min(isize::MAX as u64 / 2);
    match bytes {
        Some(bytes) if bytes <= limit => Ok(([1, 2, 3].map(|n| side(n) as usize), side(4) as usize)),
        found => Err(Error::TooLarge {
            limit,
            found: found.unwrap_or(u64::MAX),
        }),
    }
}

/// Numbers at places of a header that is long enough for all of them.
struct Fields<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Fields<'_> {
    fn at<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.bytes[at..at + N]);
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.at(at))
    }

    fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.at(at))
    }

    fn i64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.at(at))
    }

    fn f32(&self, at: usize) -> f32 {
        f32::from_le_bytes(self.at(at))
    }

    fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.at(at))
    }
}
