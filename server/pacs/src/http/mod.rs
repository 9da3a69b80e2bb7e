//! What the archive's HTTP interfaces share: who asks, how they are refused, and how connections are kept within bounds.
//!
//! A handler takes [`App`] and [`Caller`], asks once whether the caller may, and gives a response or an [`Error`]. What the
//! interfaces offer stands with them: DICOMweb in [`crate::dicomweb`].

mod caller;
mod error;
mod serve;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use tower_http::catch_panic::CatchPanicLayer;

pub use caller::Caller;
pub use error::Error;
pub use serve::{Limits, serve};

use crate::access::Authorize;
use crate::services::Archive;

/// Result of handlers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What every handler has; clones share it.
#[derive(Debug, Clone)]
pub struct App {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    archive: Archive,
    authorize: Arc<dyn Authorize>,
}

impl App {
    /// An archive behind its guard.
    #[must_use]
    pub fn new(archive: Archive, authorize: Arc<dyn Authorize>) -> Self {
        Self {
            shared: Arc::new(Shared { archive, authorize }),
        }
    }

    /// The archive.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.shared.archive
    }

    pub(crate) fn authorize(&self) -> &dyn Authorize {
        &*self.shared.authorize
    }
}

/// Everything that the archive offers over HTTP. A handler that panics costs its own request only.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(crate::corrections::router())
        .merge(crate::conflicts::router())
        .merge(crate::rejection::router())
        .merge(crate::retention::router())
        .merge(crate::scrub::router())
        .merge(crate::tiers::router())
        .fallback(async || Error::NotFound)
        .layer(CatchPanicLayer::new())
        .with_state(app)
}

/// Refuses what does not come from this machine, for an archive that is open: requests that a proxy sent on, for another
/// host, or from another page (DNS rebinding, cross-site requests).
pub fn only_this_machine(router: Router) -> Router {
    router.layer(axum::middleware::from_fn(caller::only_this_machine))
}
