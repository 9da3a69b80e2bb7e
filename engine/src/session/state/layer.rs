//! How one series of a view looks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One series of a view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewLayer {
    /// Which series.
    pub series: String,
    /// The window; none for the usual one of its values.
    pub window: Option<ViewWindow>,
    /// Where `window` is none: from one percentage of the largest value to another. It is found when the voxels have
    /// come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent_of_max: Option<[f64; 2]>,
    /// A table in place of a window, of images without a volume.
    #[serde(default)]
    pub table: Option<Arc<ViewTable>>,
    /// Which of the views that the maker of images without a volume offers, from 0, where there is neither window nor
    /// table.
    #[serde(default)]
    pub stated: u32,
    /// The palette; none for the usual one.
    pub palette: Option<String>,
    /// Whether its colours are turned round.
    pub is_inverted: bool,
    /// Its part in the mix with what lies below, 0 to 1.
    pub ratio: f64,
    /// Whether values between voxels are made.
    pub is_interpolated: bool,
}

/// A window by center and width, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewWindow {
    /// Its middle.
    pub center: f64,
    /// From its lower limit to its upper.
    pub width: f64,
    /// How both are read.
    #[serde(default)]
    pub function: ViewFunction,
}

/// How a window is read; see [`crate::colormap::WindowFunction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewFunction {
    /// As DICOM's default for whole numbers.
    Linear,
    /// From half a width below the center to half a width above.
    #[default]
    LinearExact,
    /// Bent.
    Sigmoid,
}

/// Real values to grey by a table (VOI LUT, PS3.3 C.11.2); see [`crate::dicom::read::planar::Table`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewTable {
    /// The value of the first entry.
    pub first: i32,
    /// Bits of an entry, 8 to 16.
    pub bits: u32,
    /// The entries, 1 to 65536.
    pub entries: Vec<u16>,
}

/// What of an image is covered: all that lies outside any of the shapes. Pixels are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewShutter {
    /// First and last column, first and last row that are seen.
    #[serde(default)]
    pub rectangle: Option<[i32; 4]>,
    /// Column and row of the middle, and the radius in pixels.
    #[serde(default)]
    pub circle: Option<[i32; 3]>,
    /// Columns and rows of the corners.
    #[serde(default)]
    pub polygon: Option<Vec<[i32; 2]>>,
    /// What covers, 0 black to 65535 white.
    #[serde(default)]
    pub grey: u16,
}
