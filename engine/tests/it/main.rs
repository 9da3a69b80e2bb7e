//! The engine on synthetic and real series.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read files, and a test that cannot go on must fail"
)]
// Clippy's leave for tests ends at `#[test]`; the helpers beside them are tests too.
#![allow(clippy::unwrap_used)]

mod render;
mod suv_reference;
