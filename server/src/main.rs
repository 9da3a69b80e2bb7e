//! The `uptake` program.
fn main() {}
