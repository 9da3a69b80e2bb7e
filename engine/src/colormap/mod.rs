//! Value to colour: windows and lookup tables.
//!
//! A [`Window`] turns a displayed value into a fraction from 0 to 1, a [`ColorMap`] the fraction into a
//! colour. [`palettes`] is the catalogue of named maps, with origin and licence; [`DefaultPalettes`] says which
//! of them a modality is shown with, until a department says otherwise. Windows for volumes and parts of the
//! body are in `fusion` and `presentation`.

mod catalog;
mod color_map;
mod defaults;
mod lightness;
mod palette;
mod transfer;
mod window;

pub use catalog::names;
pub use color_map::{ColorMap, ColorMapError, MAX_COLORS};
pub use defaults::{DefaultPalette, DefaultPalettes, Role, default_for};
pub use palette::{Family, Palette, palette, palettes};
pub use transfer::{Curve, TransferError, TransferFunction, extinction_per_mm};
pub use window::{Window, WindowFunction};
