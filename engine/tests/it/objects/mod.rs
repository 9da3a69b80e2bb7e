//! Objects that the engine writes, shown to other programs: `dciodvfy` finds no error, pydicom and highdicom read the
//! same voxels and numbers.

mod hostile;
pub mod peers;
mod real_world_values;
mod registrations;
mod reports;
mod segmentations;
pub mod study;
