//! Orders: scheduled procedure steps that devices find as their worklist (PS3.4 K), and how far each is.
//!
//! Where a hospital has its own scheduling, that stands behind [`OrderSource`]; until then [`OrderTable`] keeps what the
//! command line imports and the HTTP interface takes. Devices ask and report by DIMSE ([`crate::services`]).

mod http;
mod import;
mod matching;
mod state;
mod step;
mod store;

#[cfg(test)]
pub(crate) mod tests;

use crate::events::Boxed;
use crate::index::{self, Change, Restriction};

pub use http::router;
pub use import::{Imported, import};
pub use matching::Identifier;
pub use state::{Progress, Refused, State};
pub use step::{Invalid, Step};
pub use store::OrderTable;

pub(crate) use matching::vr_of;
pub(crate) use step::text;

/// Why orders were not given or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// An item is not what a worklist needs.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is an order with this Scheduled Procedure Step ID.
    #[error("scheduled procedure step {0} is there already")]
    Duplicate(String),
    /// There is none with this Scheduled Procedure Step ID.
    #[error("no scheduled procedure step {0}")]
    Unknown(String),
    /// The state does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Bytes that are neither DICOM nor DICOM JSON.
    #[error("expected a worklist item: {0}")]
    Unreadable(String),
    /// Another source of orders failed.
    #[error("the source of orders failed: {0}")]
    Source(String),
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        Self::Index(error.into())
    }
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Which steps are asked for; what is empty asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// First and last start date, each eight digits or empty.
    pub dates: (String, String),
    /// Modality.
    pub modality: Option<String>,
    /// Scheduled Station AE Title, one of the step's.
    pub station: Option<String>,
    /// Scheduled Procedure Step ID.
    pub step_id: Option<String>,
    /// States; none for all.
    pub states: Vec<State>,
    /// What there is for who asks: orders of these organisations, for these modalities.
    pub within: Restriction,
    /// Gives only steps after the one with this number.
    pub after: Option<i64>,
    /// Steps given at most.
    pub limit: u32,
}

/// What of an order a device refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Scheduled Procedure Step ID.
    pub step_id: String,
    /// Study Instance UID: that of the order, or the reference is not to it.
    pub study_uid: String,
}

/// Where orders come from.
pub trait OrderSource: std::fmt::Debug + Send + Sync {
    /// Gives steps by number, with their numbers.
    fn find<'a>(&'a self, filter: &'a Filter) -> Boxed<'a, Result<Vec<(i64, Step)>>>;

    /// Hears what a device did of a step, in the transaction that keeps the device's report. Gives the new state; `None`
    /// when there is no such step or its state does not change.
    fn progress<'a>(
        &'a self,
        change: &'a Change,
        reference: &'a Reference,
        progress: Progress,
        actor: &'a str,
    ) -> Boxed<'a, Result<Option<State>>>;
}
