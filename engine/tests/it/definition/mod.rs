//! Plain definitions of what renderers make: loops in f64, nothing passed over.

pub mod comparison;
pub mod projection;
pub mod rendering;
