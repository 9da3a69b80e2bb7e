//! Help from people: tickets, which reach the system administrator (NFR-01), and the bundle of facts that whoever looks after
//! Uptake needs to know, without anything of patients.
//!
//! What stands in the bundle is written down here piece by piece: numbers, times, and words of the program's own lists. What
//! a person could have typed anywhere is not in it.

mod bundle;
pub mod lines;
mod pages;
mod store;

#[cfg(test)]
mod tests;

use axum::Router;

pub use bundle::{make as bundle, without_secrets};

use crate::Platform;

pub(crate) fn router() -> Router<Platform> {
    pages::router()
}
