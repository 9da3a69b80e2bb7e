//! Pages of images for film, paper and files, and images in time as movies.
//!
//! A [`Sheet`] says as plain data what a film shows: its size, how it is divided into boxes, and the items that fill
//! them in order, over as many pages as they need. [`page`] and [`pages`] make images of it, on which a millimetre
//! of the body stays measurable: aspect is kept, scale bars are drawn after scaling, and an item may be asked for in
//! its true size. A page leaves as a file ([`encode`]), as part of a document ([`pdf`]), or as the pixels of a
//! printer's image box ([`ImageBoxPixels`]); [`moving`] writes a cine or a turning projection. What is on the
//! pictures comes from `render`; DICOM objects are made in `dicom`, which takes [`rgb`] of a page.

mod compose;
mod encode;
mod error;
mod format;
mod layout;
mod lettering;
pub mod moving;
mod pdf;
mod printer;
mod scale;
mod sheet;
mod size;
mod whole;

pub use compose::{MAX_PIXELS_AT_ONCE, page, pages};
pub use encode::{Format, encode, file_name, rgb};
pub use error::Error;
pub use format::{DisplayFormat, MAX_BOXES};
pub use layout::{Layout, MAX_DPI, MAX_PAGE_PIXELS, MIN_DPI, Rectangle};
pub use pdf::{Coding, Created, Document, pdf};
pub use printer::{Depth, ImageBoxPixels};
pub use sheet::{Background, Item, PictureId, Placement, Sheet, Text};
pub use size::{FilmOrientation, FilmSize};
