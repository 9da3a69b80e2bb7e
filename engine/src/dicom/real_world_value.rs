//! What stored values stand for in the world (PS3.3 C.7.6.16.2.11), as plain data.
//!
//! A mapping goes from stored values straight to real ones: it is instead of Rescale Slope, not behind it.

use super::{Code, ImageReference, concepts};
use crate::suv::SuvKind;

/// How the stored values of some images become real ones.
#[derive(Debug, Clone, PartialEq)]
pub struct RealWorldValue {
    /// LUT Label (0040,9210), at most 16 characters.
    pub label: String,
    /// LUT Explanation (0028,3003).
    pub explanation: String,
    /// The unit of real values.
    pub unit: Code,
    /// What is measured: SUVbw, Ki.
    pub quantity: Option<Code>,
    /// How it was computed.
    pub method: Option<Code>,
    /// The stored values that are mapped.
    pub mapped: MappedRange,
    /// Their real values.
    pub mapping: Mapping,
}

/// First and last stored value that is mapped.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum MappedRange {
    /// Of integer pixels.
    Integer { first: i32, last: i32 },
    /// Of float pixels.
    Float { first: f64, last: f64 },
}

/// Stored to real values.
#[derive(Debug, Clone, PartialEq)]
pub enum Mapping {
    /// Real is stored times slope plus intercept.
    Linear {
        /// Real World Value Slope (0040,9225).
        slope: f64,
        /// Real World Value Intercept (0040,9224).
        intercept: f64,
    },
    /// A real value for each stored integer, from the first mapped on.
    Table(Vec<f64>),
}

impl RealWorldValue {
    /// SUVs that `slope` and `intercept` make of stored integers from `first` to `last`.
    #[must_use]
    pub fn suv(kind: SuvKind, slope: f64, intercept: f64, mapped: MappedRange) -> Self {
        Self {
            label: kind.code().meaning.to_owned(),
            explanation: concepts::suv_unit(kind).meaning.into_owned(),
            unit: concepts::suv_unit(kind),
            quantity: Some(concepts::suv(kind)),
            method: Some(concepts::suv_method(kind)),
            mapped,
            mapping: Mapping::Linear { slope, intercept },
        }
    }

    /// The real value of a stored one; `None` beyond the range that is mapped, and for no number.
    ///
    /// ```
    /// use engine::dicom::real_world_value::{MappedRange, RealWorldValue};
    /// use engine::suv::SuvKind;
    /// let mapped = MappedRange::Integer { first: 0, last: 1000 };
    /// let suv = RealWorldValue::suv(SuvKind::Bw, 0.01, 0.0, mapped);
    /// assert_eq!(suv.real(250.0), Some(2.5));
    /// assert_eq!(suv.real(1001.0), None);
    /// ```
    #[must_use]
    pub fn real(&self, stored: f64) -> Option<f64> {
        let (first, last) = match self.mapped {
            MappedRange::Integer { first, last } => (f64::from(first), f64::from(last)),
            MappedRange::Float { first, last } => (first, last),
        };
        if !(first..=last).contains(&stored) {
            return None;
        }
        match &self.mapping {
            Mapping::Linear { slope, intercept } => Some(stored * slope + intercept),
            Mapping::Table(values) => values.get((stored - first).round() as usize).copied(),
        }
    }

    /// What an SUV is normalised by: from the quantity, else from the unit.
    #[must_use]
    pub fn suv_kind(&self) -> Option<SuvKind> {
        let of_quantity = |quantity: &Code| {
            SuvKind::ALL
                .into_iter()
                .find(|kind| concepts::suv(*kind).is(quantity))
        };
        let quantity = self.quantity.as_ref().and_then(of_quantity);
        quantity.or_else(|| concepts::suv_kind_of_unit(&self.unit))
    }
}

/// A Real World Value Mapping object (PS3.3 A.67): maps and the images that they are for.
#[derive(Debug, Clone, PartialEq)]
pub struct RealWorldValueMap {
    /// Content Label: upper case, at most 16 characters.
    pub label: String,
    /// Content Description.
    pub description: String,
    /// Images that share maps.
    pub mapped: Vec<MappedImages>,
}

impl RealWorldValueMap {
    /// The map of an image that `wanted` accepts; `frame` counts from 1.
    #[must_use]
    pub fn of(
        &self,
        sop_instance_uid: &str,
        frame: u32,
        wanted: impl Fn(&RealWorldValue) -> bool,
    ) -> Option<&RealWorldValue> {
        let names = |image: &ImageReference| image.names(sop_instance_uid, frame);
        let of_image = self
            .mapped
            .iter()
            .filter(|mapped| mapped.images.iter().any(names));
        of_image
            .flat_map(|mapped| &mapped.values)
            .find(|value| wanted(value))
    }
}

/// Images and their maps; several maps say the same pixels in several units.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedImages {
    /// The images.
    pub images: Vec<ImageReference>,
    /// The maps, at least one.
    pub values: Vec<RealWorldValue>,
}
