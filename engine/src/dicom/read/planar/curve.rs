//! Real values to grey: a window, or a lookup table.

use super::table::Table;
use crate::colormap::Window;

/// The transformation that PS3.3 C.11.2 calls VOI LUT: which real values are told apart, and how.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// A centre and a width.
    Window(Window),
    /// An item of VOI LUT Sequence (0028,3010).
    Table(Table),
}

impl Curve {
    /// Where a real value lies between black (0) and white (1); not a number for what is not a number.
    #[must_use]
    pub fn fraction(&self, value: f64) -> f64 {
        match self {
            Self::Window(window) => window.fraction(value),
            Self::Table(table) => table.fraction(value),
        }
    }
}
