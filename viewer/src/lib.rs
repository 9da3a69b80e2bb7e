//! What `<nm-viewer>` and whoever draws for it say to each other, around one [`engine::session::Session`].
//!
//! The server's streams and the page's own worker are two hosts of this: both take texts ([`message`]), feed voxels as they
//! arrive ([`Arrivals`]), and ask a [`Conversation`] what to draw next and for whom. How pictures are coded, on which
//! renderer they are made, threads and sockets are the hosts'. There is no clock here: hosts say what time it is.
//! The protocol is `docs/viewer-session.md`.
//!
//! ```text
//! element -- text --> Conversation::receive --> Session
//! archive -- stream --> SeriesStream --> Arrivals --> Session (its Source)
//! host: Conversation::due --> Conversation::draw (host's renderer) --> coded by the host --> element
//! ```

mod answers;
mod arrivals;
mod cards;
mod conversation;
pub mod message;
mod metadata;
mod pace;
mod stream;
#[cfg(test)]
mod tests;

pub use arrivals::{Arrivals, Arrived, Wanted};
pub use conversation::{Conversation, Drawn, Due, Says, To, is_renderers};
pub use metadata::{MetadataError, instances};
pub use pace::{Fidelity, Link};
pub use stream::{Chunk, ChunkKind, SeriesStream, StreamError, StreamHeader};
