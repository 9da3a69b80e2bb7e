//! What the archive's HTTP interfaces share: who asks, how they are refused, and how connections are kept within bounds.
//!
//! A handler takes [`App`] and [`Caller`], asks once whether the caller may, and gives a response or an [`Error`]. What the
//! interfaces offer stands with them: DICOMweb in [`crate::dicomweb`].

mod caller;
mod error;
pub(crate) mod list;
mod said;
mod serve;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;

pub use caller::Caller;
pub(crate) use caller::bearer;
pub use error::Error;
pub(crate) use said::{Bounded, Path, Query, Said};
pub use serve::{Limits, Peer, serve};

use crate::access::Authorize;
use crate::delivery::Queue;
use crate::dicomweb::rendered::RenderFrame;
use crate::dicomweb::upload::Uploads;
use crate::dicomweb::wado::layout::Layouts;
use crate::fast::FrameCache;
use crate::services::Archive;

/// Result of handlers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What every handler has; clones share it.
#[derive(Debug, Clone)]
pub struct App {
    shared: Arc<Shared>,
}

#[derive(Debug, Clone)]
struct Shared {
    archive: Archive,
    authorize: Arc<dyn Authorize>,
    renderer: Option<Arc<dyn RenderFrame>>,
    layouts: Arc<Layouts>,
    frame_cache: Arc<FrameCache>,
    uploads: Option<Uploads>,
    queue: Option<Queue>,
}

impl App {
    /// An archive behind its guard.
    #[must_use]
    pub fn new(archive: Archive, authorize: Arc<dyn Authorize>) -> Self {
        Self {
            shared: Arc::new(Shared {
                archive,
                authorize,
                renderer: None,
                layouts: Arc::default(),
                frame_cache: Arc::default(),
                uploads: None,
                queue: None,
            }),
        }
    }

    /// The same with somebody who draws.
    #[must_use]
    pub fn with_renderer(self, renderer: Arc<dyn RenderFrame>) -> Self {
        self.with(|shared| shared.renderer = Some(renderer))
    }

    /// The same with a place for uploads that can be broken off; without one they are not offered.
    #[must_use]
    pub fn with_uploads(self, uploads: Uploads) -> Self {
        self.with(|shared| shared.uploads = Some(uploads))
    }

    /// The same with the queue of what leaves for other nodes; without one its list is not offered.
    #[must_use]
    pub fn with_queue(self, queue: Queue) -> Self {
        self.with(|shared| shared.queue = Some(queue))
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// The place for uploads.
    ///
    /// # Errors
    ///
    /// [`Error::NotOffered`] where there is none.
    pub(crate) fn uploads(&self) -> Result<&Uploads> {
        self.shared
            .uploads
            .as_ref()
            .ok_or(Error::NotOffered("uploading in pieces"))
    }

    /// The queue of what leaves for other nodes.
    ///
    /// # Errors
    ///
    /// [`Error::NotOffered`] where there is none.
    pub fn queue(&self) -> Result<&Queue> {
        self.shared
            .queue
            .as_ref()
            .ok_or(Error::NotOffered("a queue of deliveries"))
    }

    /// The archive.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.shared.archive
    }

    pub(crate) fn renderer(&self) -> Option<&dyn RenderFrame> {
        self.shared.renderer.as_deref()
    }

    /// Where frames lie in the objects asked for lately.
    pub(crate) fn layouts(&self) -> &Layouts {
        &self.shared.layouts
    }

    /// Chunks of viewers' streams made lately.
    pub(crate) fn frame_cache(&self) -> &FrameCache {
        &self.shared.frame_cache
    }

    pub(crate) fn authorize(&self) -> &dyn Authorize {
        &*self.shared.authorize
    }
}

/// Everything that the archive offers over HTTP. A handler that panics costs its own request only.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(crate::dicomweb::qido::router())
        .merge(crate::dicomweb::stow::router())
        .merge(crate::dicomweb::upload::router())
        .merge(crate::dicomweb::wado::router())
        .merge(crate::fast::router())
        .merge(crate::orders::router())
        .merge(crate::gateway::router(app.clone()))
        .merge(crate::media::router())
        .merge(crate::convert::router())
        .merge(crate::corrections::router())
        .merge(crate::conflicts::router())
        .merge(crate::rejection::router())
        .merge(crate::retention::router())
        .merge(crate::delivery::router())
        .merge(crate::scrub::router())
        .merge(crate::tiers::router())
        .method_not_allowed_fallback(async || Error::Method)
        .fallback(async || Error::NotFound)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(app)
}

/// What gateways deliver to, alone.
pub fn router_of_gateways(app: App) -> Router {
    Router::new()
        .merge(crate::gateway::router(app.clone()))
        .method_not_allowed_fallback(async || Error::Method)
        .fallback(async || Error::NotFound)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(app)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Error::Internal.into_response()
}

/// Refuses what does not come from this machine, for an archive that is open: requests that a proxy sent on, for another
/// host, or from another page (DNS rebinding, cross-site requests).
pub fn only_this_machine(router: Router) -> Router {
    router.layer(axum::middleware::from_fn(caller::only_this_machine))
}
