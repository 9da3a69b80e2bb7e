//! What tokens come of, and what ends with it: codes, refresh tokens, access tokens that were taken back, what people let
//! programs do.

pub mod store;
