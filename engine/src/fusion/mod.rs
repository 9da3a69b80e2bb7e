//! Aligned volumes shown as one: whether two may be laid over each other, how their colours mix, and
//! which window and colours each gets when nobody has chosen.

mod alignment;
mod blend;
mod defaults;

pub use alignment::{Alignment, AlignmentError, align};
pub use blend::Weight;
pub use defaults::{overlay_color_map, single_color_map, window_for};
