//! Hospitals and diagnosis teams that work together (ACC-33), and the doctors that a team sets for a hospital (ACC-34).
//!
//! Either side asks by the other's number, and the other answers. While it is accepted the hospital may order; what was
//! ordered before it ended is finished. A doctor's fee is copied into an order when it is made ([`fee_of`]).

mod doctors;
mod model;
mod pages;
pub mod store;

#[cfg(test)]
mod tests;

use axum::Router;

pub use model::{Event, Refused, Side, State, next};
pub use store::{Fee, fee_of, may_order};

use crate::Platform;

pub(super) fn router() -> Router<Platform> {
    Router::new().merge(pages::router()).merge(doctors::router())
}
