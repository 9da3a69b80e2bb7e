//! What every page and every call shares: who visits ([`Visit`]), what a form says ([`Form`]), a change with its entry of
//! the journal ([`Change`]), and the layers around all handlers.
//!
//! A handler takes a [`Visit`], asks once whether it may ([`Visit::may`]), and gives a page, a redirection or an
//! [`crate::Error`]. Successful forms answer with a redirection (303), so that going back and reloading do nothing again.

mod change;
mod form;
pub mod layers;
mod limits;
mod statics;
mod upload;
mod visit;

#[cfg(test)]
mod tests;

pub use change::{Change, Done};
pub use form::{Fields, Form, Wrong};
pub(crate) use limits::Limits;
pub use statics::{asset, router as statics};
pub use upload::{MAX_FILE, Upload};
pub use visit::{Visit, address_of};
