//! Organisations as the platform's system administrator sees them: listed, brought in by a page that asks for all that is
//! needed, closed and opened again (NFR-05).

mod pages;
mod store;
mod wizard;

#[cfg(test)]
mod tests;

use axum::Router;

use crate::Platform;

pub(super) fn router() -> Router<Platform> {
    Router::new().merge(pages::router()).merge(wizard::router())
}
