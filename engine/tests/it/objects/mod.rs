//! Objects that the engine writes, shown to other programs: `dciodvfy` finds no error, pydicom and highdicom read the
//! same voxels and numbers.

mod followed;
mod hostile;
mod key_objects;
pub mod peers;
mod planar_reports;
mod presentation_states;
mod readings;
mod real_world_values;
mod registrations;
mod reports;
mod segmentations;
pub mod study;
