//! Who holds the platform's three offices. The security administrator appoints; nobody holds two offices, and none is
//! ever without somebody (ACC-26).

mod pages;

#[cfg(test)]
mod tests;

use axum::Router;

use crate::Platform;

pub(super) fn router() -> Router<Platform> {
    pages::router()
}
