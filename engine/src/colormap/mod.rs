//! Value to colour: windows and lookup tables.
//!
//! A [`Window`] turns a displayed value into a fraction from 0 to 1, a [`ColorMap`] the fraction into a
//! colour. Which window and map suit which volume is said in `fusion` and `presentation`.

mod catalog;
mod color_map;
mod formulas;
mod transfer;
mod window;

pub use catalog::names;
pub use color_map::{ColorMap, ColorMapError, MAX_COLORS};
pub use transfer::{Curve, TransferError, TransferFunction, extinction_per_mm};
pub use window::{Window, WindowFunction};
