//! What the benches and `uptake bench-render` share: the data they run on and the scenes they draw.

mod phantom;
pub mod scenes;
mod segmentation;
mod series;

pub use phantom::{ct, peers_pet, pet};
pub use segmentation::segmentation;
pub use series::ct_series;
