//! The `uptake` program as a person or a script runs it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod archive;
mod command_line;
mod comparisons;
mod lesions;
mod pictures;
mod registrations;
mod sessions;
mod streaming;
