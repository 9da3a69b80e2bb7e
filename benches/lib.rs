//! What the benches share: the data they run on.
