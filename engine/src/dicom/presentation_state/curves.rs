//! Stored values to real ones, real ones to grey, grey to P-values (PS3.3 C.11.1, C.11.8, C.11.6).

use crate::dicom::ImageReference;
use crate::dicom::read::planar::{StatedWindow, Table};

/// Stored values to real ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Modality {
    /// Real is stored times slope plus intercept.
    Rescale {
        /// Rescale Slope (0028,1053).
        slope: f64,
        /// Rescale Intercept (0028,1052).
        intercept: f64,
        /// Rescale Type (0028,1054): `HU`, `US` for unspecified; empty where the object that was read does not say it.
        kind: String,
    },
    /// An entry for each stored value.
    Table {
        /// The entries.
        table: Table,
        /// Modality LUT Type (0028,3004): `HU`, `OD`, `US`.
        kind: String,
        /// LUT Explanation (0028,3003); may be empty.
        explanation: String,
    },
}

/// Real values to grey, for some images.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftcopyWindow {
    /// The images; all of the state's where empty.
    pub images: Vec<ImageReference>,
    /// The window or table; a state has one for each image (PS3.3 C.11.8).
    pub view: StatedWindow,
}

/// Grey to P-values.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum PresentationLut {
    /// The highest value is white.
    #[default]
    Identity,
    /// The lowest value is white.
    Inverse,
    /// An entry for each grey.
    Table {
        /// The entries; the first is for 0.
        table: Table,
        /// LUT Explanation (0028,3003); may be empty.
        explanation: String,
    },
}
