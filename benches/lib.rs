//! What the benches share: the data they run on, and CPU time as their measure.

mod cpu_time;
mod phantom;
mod series;

pub use cpu_time::CpuTime;
pub use phantom::{ct, pet};
pub use series::ct_series;
