//! Viewers that are drawn for: sessions of the engine on this server, reached over a WebSocket (`docs/viewer-session.md`).
//!
//! A session has a thread of its own (`host`), which takes what its viewers say, and draws for them when it has its turn
//! (`schedule`). Voxels are fetched once for all sessions of the same studies (`opened`), within a budget of bytes; what
//! nobody looks at makes room and is fetched again. Who may see which study, the archive's guard says when a conversation is
//! opened. Sessions are kept for a while without a viewer, and their snapshots in the database (`store`), so that a
//! conversation goes on after a cut, a restart, or on another node.

mod assets;
mod coding;
pub mod figures;
mod host;
mod opened;
mod rendered;
mod renderer;
mod schedule;
mod sessions;
mod socket;
mod store;

use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router};
use pacs::http::App;

pub use rendered::Frames;
pub use renderer::{Choice, Renderers};
pub use sessions::Sessions;
pub use store::Store;

/// What streaming may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of voxels, of all sessions together.
    pub memory_bytes: usize,
    /// Sessions at once.
    pub sessions: usize,
}

/// The viewers' socket, and what browsers load for it.
pub fn router(app: App, sessions: Arc<Sessions>) -> Router {
    Router::new()
        .route("/viewer/v1/session", get(socket::upgrade))
        .route("/viewer/element/{file}", get(assets::element))
        .route("/viewer/wasm/{file}", get(assets::drawer))
        .layer(Extension(sessions))
        .with_state(app)
}
