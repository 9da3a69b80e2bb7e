//! A volume: stored values, what they mean, and where they lie.

use std::sync::Arc;

use crate::geometry::Grid;

/// Stored values of a volume in reading order: columns fastest, then rows, then slices.
///
/// Cloning shares the values.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Voxels {
    /// Signed 16 bit, as most CT.
    I16(Arc<[i16]>),
    /// Unsigned 16 bit.
    U16(Arc<[u16]>),
    /// Unsigned 8 bit.
    U8(Arc<[u8]>),
    /// Single precision: slices with slopes of their own, wider integers, parametric maps.
    F32(Arc<[f32]>),
}

/// A type that voxels are stored in.
pub trait Stored: Copy + PartialOrd + Send + Sync + 'static {
    /// The stored value as f32; exact for every integer type here.
    fn to_f32(self) -> f32;
}

impl Stored for i16 {
    #[inline]
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
}

impl Stored for u16 {
    #[inline]
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
}

impl Stored for u8 {
    #[inline]
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
}

impl Stored for f32 {
    #[inline]
    fn to_f32(self) -> f32 {
        self
    }
}

/// Calls `$body` with `$values` bound to the slice of stored values, whatever their type.
#[macro_export]
macro_rules! with_voxels {
    ($voxels:expr, $values:ident => $body:expr) => {
        match $voxels {
            $crate::volume::Voxels::I16($values) => $body,
            $crate::volume::Voxels::U16($values) => $body,
            $crate::volume::Voxels::U8($values) => $body,
            $crate::volume::Voxels::F32($values) => $body,
        }
    };
}

impl Voxels {
    /// Number of voxels.
    #[must_use]
    pub fn len(&self) -> usize {
        with_voxels!(self, values => values.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Stored value at `index` in reading order; exact.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<f64> {
        with_voxels!(self, values => values.get(index).map(|v| f64::from(v.to_f32())))
    }

    /// Bytes that the values take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        with_voxels!(self, values => std::mem::size_of_val(&**values))
    }

    /// Smallest and largest stored value that is a number; `None` when there is none.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        fn range<T: Stored>(values: &[T]) -> Option<(f64, f64)> {
            let numbers = values.iter().map(|v| v.to_f32()).filter(|v| !v.is_nan());
            let (low, high) = numbers.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| {
                (l.min(v), h.max(v))
            });
            (low <= high).then_some((f64::from(low), f64::from(high)))
        }
        with_voxels!(self, values => range(values))
    }
}

/// From stored values to real ones: `slope * stored + intercept`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rescale {
    /// Rescale Slope (0028,1053), times whatever unit conversion was applied.
    pub slope: f64,
    /// Rescale Intercept (0028,1052), in the real unit.
    pub intercept: f64,
}

impl Rescale {
    /// Stored values are real values.
    pub const IDENTITY: Self = Self {
        slope: 1.0,
        intercept: 0.0,
    };

    /// Real value of a stored one.
    #[must_use]
    pub fn real(self, stored: f64) -> f64 {
        self.slope * stored + self.intercept
    }

    /// Stored value of a real one.
    #[must_use]
    pub fn stored(self, real: f64) -> f64 {
        (real - self.intercept) / self.slope
    }
}

/// What real values are measured in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Hounsfield units.
    Hounsfield,
    /// Becquerels per millilitre.
    BecquerelPerMl,
    /// Standardized uptake value by body weight, g/mL.
    SuvBw,
    /// Counts.
    Counts,
    /// Nothing is known of the unit.
    Unspecified,
    /// Another unit, by the term of its object (a DICOM Units term, a UCUM code, a Rescale Type).
    Other(String),
}

impl Unit {
    /// Short text for people: `HU`, `Bq/ml`, `SUVbw`.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Hounsfield => "HU",
            Self::BecquerelPerMl => "Bq/ml",
            Self::SuvBw => "SUVbw",
            Self::Counts => "counts",
            Self::Unspecified => "",
            Self::Other(term) => term,
        }
    }
}

/// Why a volume cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// The number of values is not that of the grid.
    #[error("a grid of {expected} voxels needs as many values, found {found}")]
    Count {
        /// Voxels of the grid.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// The slope is zero or not a number.
    #[error(
        "rescale slope must be a number other than 0 with a finite intercept, found {slope} and {intercept}"
    )]
    Rescale {
        /// The slope given.
        slope: f64,
        /// The intercept given.
        intercept: f64,
    },
}

/// Voxels on a grid in patient space. Cloning shares the voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    grid: Grid,
    voxels: Voxels,
    rescale: Rescale,
    unit: Unit,
    frame_of_reference_uid: Option<String>,
}

impl Volume {
    /// Puts voxels on a grid.
    ///
    /// # Errors
    ///
    /// [`VolumeError`] when the counts differ or the rescale cannot be inverted.
    pub fn new(grid: Grid, voxels: Voxels, rescale: Rescale, unit: Unit) -> Result<Self, VolumeError> {
        if voxels.len() != grid.voxels() {
            return Err(VolumeError::Count {
                expected: grid.voxels(),
                found: voxels.len(),
            });
        }
        Self {
            grid,
            voxels,
            rescale: Rescale::IDENTITY,
            unit: Unit::Unspecified,
            frame_of_reference_uid: None,
        }
        .with_rescale(rescale, unit)
    }

    /// The same voxels with another meaning, for example Bq/mL as SUV; nothing is copied.
    ///
    /// # Errors
    ///
    /// [`VolumeError::Rescale`] when the rescale cannot be inverted.
    pub fn with_rescale(self, rescale: Rescale, unit: Unit) -> Result<Self, VolumeError> {
        let Rescale { slope, intercept } = rescale;
        if slope == 0.0 || !slope.is_finite() || !intercept.is_finite() {
            return Err(VolumeError::Rescale { slope, intercept });
        }
        Ok(Self {
            rescale,
            unit,
            ..self
        })
    }

    /// The same volume in a named frame of reference (0020,0052).
    #[must_use]
    pub fn in_frame_of_reference(self, uid: Option<String>) -> Self {
        Self {
            frame_of_reference_uid: uid,
            ..self
        }
    }

    /// Where the voxels lie.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The stored values.
    #[must_use]
    pub fn voxels(&self) -> &Voxels {
        &self.voxels
    }

    /// From stored to real values.
    #[must_use]
    pub fn rescale(&self) -> Rescale {
        self.rescale
    }

    /// What real values are measured in.
    #[must_use]
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// Frame of Reference UID (0020,0052); volumes of different ones are not aligned by themselves.
    #[must_use]
    pub fn frame_of_reference_uid(&self) -> Option<&str> {
        self.frame_of_reference_uid.as_deref()
    }

    /// Real value of voxel (column, row, slice); `None` outside the grid.
    #[must_use]
    pub fn value(&self, [i, j, k]: [usize; 3]) -> Option<f64> {
        let [columns, rows, slices] = self.grid.size();
        if i >= columns || j >= rows || k >= slices {
            return None;
        }
        self.voxels
            .get((k * rows + j) * columns + i)
            .map(|stored| self.rescale.real(stored))
    }

    /// Smallest and largest real value that is a number; `None` when there is none.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        let (low, high) = self.voxels.range()?;
        let (a, b) = (self.rescale.real(low), self.rescale.real(high));
        Some((a.min(b), a.max(b)))
    }

    /// Voxel (column, row, slice) of the largest real value, the first on ties; `None` when no value is a number.
    #[must_use]
    pub fn argmax(&self) -> Option<[usize; 3]> {
        fn extreme<T: Stored>(values: &[T], sign: f32) -> Option<usize> {
            let mut best: Option<(usize, f32)> = None;
            for (index, value) in values.iter().enumerate() {
                let value = sign * value.to_f32();
                if !value.is_nan() && best.is_none_or(|(_, largest)| value > largest) {
                    best = Some((index, value));
                }
            }
            best.map(|(index, _)| index)
        }
        let sign = if self.rescale.slope > 0.0 { 1.0 } else { -1.0 };
        let index = with_voxels!(&self.voxels, values => extreme(values, sign))?;
        let [columns, rows, _] = self.grid.size();
        Some([index % columns, index / columns % rows, index / (columns * rows)])
    }
}
