//! The page with a viewer: `<nm-viewer>` filling it, above it one slim bar with the way back and who the patient is (NM-24).
//!
//! `/view/{study}` shows a study; `?with=UID` (up to four times) others beside it, `?series=UID` a series alone, `?tools=` fewer tools
//! than the role could have, `?patient=hidden` nothing of who the patient is (V2D-31), `?screen=2` the window on the second
//! screen, which shows what the first shows (ACC-23), `?session=NAME` the session of somebody who lets others take part. The
//! element asks the server for images with the session's own rights, so the page gives it addresses and no token.

mod model;
mod pages;

#[cfg(test)]
mod tests;

use axum::Router;
use pacs::http::App;

use crate::Platform;

/// The pages of this folder.
pub(crate) fn router(archive: &App) -> Router<Platform> {
    pages::router().with_state(archive.clone())
}
