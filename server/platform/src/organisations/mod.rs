//! Organisations: hospitals, diagnosis teams, departments, the platform itself; who belongs to them, in which role.
//!
//! A person belongs to several and works in one at a time, the active one, whose role says what the person may. What a page
//! shows and changes is the active organisation's; a number of another's row is refused.

mod administrators;
pub mod devices;
pub mod dictionary;
pub mod dockings;
mod members;
mod model;
mod onboarding;
mod record;
mod roles;
pub mod store;
mod upload_codes;

#[cfg(test)]
mod tests;

use axum::Router;

pub use members::store as membership;
pub use model::{Policy, standard_roles};
pub(crate) use record::edit_page;
pub(crate) use roles::CATEGORIES;
pub use roles::store as role_store;

use crate::Platform;

/// The pages of this folder.
pub fn router() -> Router<Platform> {
    Router::new()
        .merge(record::router())
        .merge(upload_codes::router())
        .merge(members::router())
        .merge(roles::router())
        .merge(devices::router())
        .merge(dockings::router())
        .merge(dictionary::router())
        .merge(onboarding::router())
        .merge(administrators::router())
}
