//! The engine on synthetic and real series.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read files, and a test that cannot go on must fail"
)]

mod render;
mod suv_reference;
