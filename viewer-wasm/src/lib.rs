//! Draws for `<nm-viewer>` inside the page's own worker: the session and the renderer, compiled to WebAssembly.
//!
//! [`Drawer`] is all of it but the browser, and is tested without one: it takes what the element says, asks for series and
//! reads their streams ([`Loading`]), keeps within what the page may hold ([`Limits`]), and says which picture is to be made
//! next. A session draws with a renderer that answers at once, WebGPU does not: a picture is looked for among those made
//! already ([`Prefetched`]), made where it is missing, and looked for again. `page` is the edge to JavaScript, which fetches,
//! waits and posts (`element/local-worker.js`). What it says is `docs/viewer-session.md`; nothing of a patient is stored.

mod drawer;
mod limits;
mod loading;
#[cfg(target_arch = "wasm32")]
mod page;
mod prefetched;
#[cfg(test)]
mod tests;

pub use drawer::{Closing, Drawer, On, Step};
pub use limits::Limits;
pub use loading::{Loading, Worked};
pub use prefetched::{Missing, Prefetched};
