//! Any bytes as NIfTI: a value or an error; what was read is written and read again.
#![no_main]

use engine::nifti::{Packing, read, read_frames, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_frames(bytes);
    if let Ok((volume, _)) = read(bytes)
        && let Ok(written) = write(&volume, Packing::Plain)
    {
        // Slopes and steps may leave single precision; the voxels may not change.
        if let Ok((back, _)) = read(&written) {
            assert_eq!(back.voxels().bytes(), volume.voxels().bytes());
        }
    }
});
