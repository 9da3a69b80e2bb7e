//! Activity concentration to standardized uptake value (SUV): decay, body measures, units.
//!
//! [`convert`] takes what the images of a series say ([`Attributes`]) and gives the factor to SUV with the
//! record of how it was had, or the reason why there is none. Reading those attributes from DICOM is left to
//! `dicom`, applying the factor to `volume`. Decision 0003 explains the rules.

mod attributes;
mod audit;
pub mod body;
mod conversion;
mod convert;
mod corrections;
pub mod decay;
mod injection;
mod kind;
mod radionuclide;
mod reference_time;
mod refusal;
mod time;
mod units;
mod written;

#[cfg(test)]
mod tests;

pub use attributes::{Acquisition, Attributes};
pub use audit::{Audit, ReferenceTimeRule, Repair, UnitPath, Warning};
pub use body::Sex;
pub use conversion::{Conversion, Factors};
pub use convert::convert;
pub use kind::{Code, SuvKind};
pub use radionuclide::Radionuclide;
pub use refusal::Refusal;
pub use time::DateTime;
