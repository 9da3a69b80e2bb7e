//! The engine's parts together, held to plain definitions and to real data.

// Clippy's leave for tests ends at `#[test]`; the helpers beside them are tests too.
#![allow(clippy::unwrap_used)]

mod render;
