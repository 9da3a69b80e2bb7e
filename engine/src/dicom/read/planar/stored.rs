//! The decoded values of a monochrome frame, in the narrowest type that holds them.

use codec::FrameDescription;
use codec::pixels::PixelKind;

/// Stored values in reading order.
#[derive(Debug, Clone)]
pub(super) enum Stored {
    U8(Vec<u8>),
    U16(Vec<u16>),
    /// Signed values of 8 and 16 bits.
    I16(Vec<i16>),
    /// Wider integers and floats; integers beyond 2^53 are rounded.
    F64(Vec<f64>),
}

impl Stored {
    /// Takes decoded bytes, little endian, of one sample a pixel.
    pub(super) fn new(bytes: Vec<u8>, description: &FrameDescription, kind: PixelKind) -> Self {
        match (kind, description.bytes_per_sample(), description.signed) {
            (PixelKind::Float, ..) => Self::F64(each(&bytes, |b| f32::from_le_bytes(b).into())),
            (PixelKind::DoubleFloat, ..) => Self::F64(each(&bytes, f64::from_le_bytes)),
            (_, 1, _) if description.bits_allocated == 1 => Self::U8(bytes),
            (_, 1, false) => Self::U8(bytes),
            (_, 1, true) => Self::I16(each(&bytes, |b| i8::from_le_bytes(b).into())),
            (_, 2, false) => Self::U16(each(&bytes, u16::from_le_bytes)),
            (_, 2, true) => Self::I16(each(&bytes, i16::from_le_bytes)),
            (_, 4, false) => Self::F64(each(&bytes, |b| u32::from_le_bytes(b).into())),
            (_, 4, true) => Self::F64(each(&bytes, |b| i32::from_le_bytes(b).into())),
            (_, _, false) => Self::F64(each(&bytes, |b| u64::from_le_bytes(b) as f64)),
            (_, _, true) => Self::F64(each(&bytes, |b| i64::from_le_bytes(b) as f64)),
        }
    }

    /// The value at an index in reading order.
    pub(super) fn get(&self, index: usize) -> Option<f64> {
        match self {
            Self::U8(values) => values.get(index).map(|value| f64::from(*value)),
            Self::U16(values) => values.get(index).map(|value| f64::from(*value)),
            Self::I16(values) => values.get(index).map(|value| f64::from(*value)),
            Self::F64(values) => values.get(index).copied(),
        }
    }

    /// Gives `of` of every value; of integers it is computed once a distinct value, not once a pixel.
    pub(super) fn map<T: Copy>(&self, of: impl Fn(f64) -> T) -> Vec<T> {
        match self {
            Self::U8(values) => by_table(values, of),
            Self::U16(values) => by_table(values, of),
            Self::I16(values) => by_table(values, of),
            Self::F64(values) => values.iter().map(|value| of(*value)).collect(),
        }
    }

    /// The lowest and highest finite `of` of all values.
    pub(super) fn range(&self, of: impl Fn(f64) -> f64) -> Option<(f64, f64)> {
        // A table may be no line: which values occur matters, not only the outermost.
        let mut found: Option<(f64, f64)> = None;
        let mut meet = |value: f64| {
            if value.is_finite() {
                let (low, high) = found.unwrap_or((value, value));
                found = Some((low.min(value), high.max(value)));
            }
        };
        match self {
            Self::U8(values) => occurring(values).for_each(|value| meet(of(value))),
            Self::U16(values) => occurring(values).for_each(|value| meet(of(value))),
            Self::I16(values) => occurring(values).for_each(|value| meet(of(value))),
            Self::F64(values) => values.iter().for_each(|value| meet(of(*value))),
        }
        found
    }
}

fn each<const BYTES: usize, T>(bytes: &[u8], value: impl Fn([u8; BYTES]) -> T) -> Vec<T> {
    bytes
        .as_chunks::<BYTES>()
        .0
        .iter()
        .map(|bytes| value(*bytes))
        .collect()
}

/// The outermost values.
fn bounds<T: Copy + Into<i32>>(values: &[T]) -> Option<(i32, i32)> {
    let first: i32 = (*values.first()?).into();
    let widen = |(low, high): (i32, i32), value: &T| {
        let value: i32 = (*value).into();
        (low.min(value), high.max(value))
    };
    Some(values.iter().fold((first, first), widen))
}

fn by_table<T: Copy + Into<i32>, R: Copy>(values: &[T], of: impl Fn(f64) -> R) -> Vec<R> {
    let Some((low, high)) = bounds(values) else {
        return Vec::new();
    };
    let table: Vec<R> = (low..=high).map(|value| of(f64::from(value))).collect();
    values
        .iter()
        .map(|value| table[((*value).into() - low) as usize])
        .collect()
}

/// Each value that occurs, once.
fn occurring<T: Copy + Into<i32>>(values: &[T]) -> impl Iterator<Item = f64> {
    let (low, high) = bounds(values).unwrap_or((0, -1));
    let mut occurs = vec![false; (high - low + 1) as usize];
    for value in values {
        occurs[((*value).into() - low) as usize] = true;
    }
    (low..=high)
        .zip(occurs)
        .filter(|(_, occurs)| *occurs)
        .map(|(value, _)| f64::from(value))
}
