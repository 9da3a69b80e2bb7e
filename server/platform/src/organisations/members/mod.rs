//! Members of an organisation: added, invited, given another role, sent away (ACC-28, ACC-29, ACC-30).

mod pages;
pub mod store;

use axum::Router;

use crate::Platform;

pub(super) fn router() -> Router<Platform> {
    pages::router()
}
