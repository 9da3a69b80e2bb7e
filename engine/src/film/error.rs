//! Why there is no page.

use crate::film::{MAX_BOXES, MAX_DPI, MAX_PAGE_PIXELS, MAX_PIXELS_AT_ONCE, MIN_DPI};
use crate::render::MAX_SIDE;

/// Why a sheet cannot become pages, or pages not become a file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The film is smaller or larger than any.
    #[error("a film's sides must be 20 to 1500 mm, found {0} x {1}")]
    Film(f64, f64),
    /// The resolution is not one of printers.
    #[error("a film has {MIN_DPI} to {MAX_DPI} pixels an inch, found {0}")]
    Dpi(f64),
    /// The page would be too large.
    #[error("a page has at most {MAX_SIDE} pixels a side and {MAX_PAGE_PIXELS} in all, found {0} x {1}")]
    PageSize(u64, u64),
    /// The pages would be too large together.
    #[error("at most {MAX_PIXELS_AT_ONCE} pixels are made at once, expected {0}; make the pages one by one")]
    Pages(u64),
    /// The format is not one of those that divide a film evenly.
    #[error(
        "expected STANDARD\\columns,rows or ROW\\n,n,... or COL\\n,n,... of 1 to {MAX_BOXES} boxes, found {0:?}"
    )]
    Format(String),
    /// A number of the sheet cannot be used.
    #[error("{what} must be {expected}, found {found}")]
    Number {
        /// The number.
        what: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
    /// Margins, gaps and texts leave no room for pictures.
    #[error(
        "an image box needs at least {needed} x {needed} pixels for its picture, found {width} x {height}"
    )]
    NoRoom {
        /// The least.
        needed: u32,
        /// Columns that are left.
        width: i64,
        /// Rows that are left.
        height: i64,
    },
    /// The sheet has no such page.
    #[error("expected a page below {pages}, found {found}")]
    NoPage {
        /// Pages of the sheet.
        pages: usize,
        /// The page asked for.
        found: usize,
    },
    /// The host has no picture of that name.
    #[error("item {0} names a picture that is not there")]
    NoPicture(usize),
    /// A picture's bytes do not fit its size.
    #[error(
        "a picture of {width} x {height} pixels needs as many times four bytes and 1 to {MAX_SIDE} a side, found {bytes} bytes"
    )]
    Picture {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Bytes.
        bytes: usize,
    },
    /// True size or a scale bar was asked for without a scale.
    #[error("item {0} asks for true size or a scale bar, but its picture has no millimetres per pixel")]
    NoScale(usize),
    /// An item in true size is larger than its box.
    #[error(
        "item {item} is {width_mm:.1} x {height_mm:.1} mm in true size; its box is {box_width_mm:.1} x {box_height_mm:.1} mm"
    )]
    TrueSize {
        /// Which item.
        item: usize,
        /// What it needs.
        width_mm: f64,
        /// What it needs.
        height_mm: f64,
        /// What is there.
        box_width_mm: f64,
        /// What is there.
        box_height_mm: f64,
    },
    /// No font at hand has these characters.
    #[error("expected texts of characters that the fonts have, found {0:?}")]
    Letters(String),
    /// A document without pages.
    #[error("a document needs at least one page, found none")]
    NoPages,
    /// A quality that JPEG does not know.
    #[error("a quality must be 1 to 100, found {0}")]
    Quality(u8),
    /// An encoder refused a picture.
    #[error("{format}: {reason}")]
    Encoder {
        /// What it writes.
        format: &'static str,
        /// What it said.
        reason: String,
    },
}
