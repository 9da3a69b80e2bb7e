//! How studies are hung: which series goes where on the screen, in which manner.
//!
//! A [`Protocol`] is a document (`engine/hanging/*.json`, or bytes of a department's own): it names series by
//! rules, says which of them must be there, and places them as views on a [`Layout`](super::Layout).
//! [`hang`] is pure: of [`Facts`] about the open studies it makes a [`Hung`], which says what each cell shows
//! and why. A cell whose series is missing stays empty and says so; no other series takes its place.
//! Several studies are compared by protocols that name series of priors; what shows more of them fits better.
//! A [`Look`] (`engine/looks/*.json`) is a manner of working: palettes, windows, arrangement, mouse, keys.
//! Showing any of it is left to hosts, facts come from those who read studies.

mod catalog;
mod check;
mod choose;
mod error;
mod facts;
mod hung;
mod look;
mod protocol;
mod rule;

pub use catalog::{look, looks, protocol, protocols};
pub use choose::{Preferences, hang};
pub use error::HangingError;
pub use facts::{Facts, Laterality, ScreenFacts, SeriesFacts, SeriesIndex, SeriesOrientation, StudyFacts};
pub use hung::{Content, Empty, Hung, HungLayer, HungView, Shown};
pub use look::{
    Arrangement, Button, KeyBinding, Look, Modifier, MouseBinding, PaletteChoice, Tool, WindowChoice,
};
pub use protocol::{
    LayerRule, Links, NamedSeries, Protocol, Rule, Title, ViewKind, ViewRule, WindowRule, WindowUnit, Without,
};
pub use rule::{SeriesRule, StudyChoice};

/// Largest document that is read, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Most screens that views are hung on.
pub const MAX_SCREENS: usize = 4;

#[cfg(test)]
mod tests;
