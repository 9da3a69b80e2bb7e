//! Roles of an organisation: what they hold, of which examination categories, at which hours (ACC-26, ACC-27, ACC-35).

mod pages;
pub mod store;

use axum::Router;

pub(crate) use pages::CATEGORIES;

use crate::Platform;

pub(super) fn router() -> Router<Platform> {
    pages::router()
}
