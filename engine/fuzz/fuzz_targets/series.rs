//! A file to a series, its frames, its volume and its SUV attributes.
#![no_main]

use codec::dataset::{Limits, read};
use engine::dicom::read::{InMemory, Instance, collect, load, suv_attributes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(object) = read(bytes, Limits::default()) else { return };
    let files = [bytes];
    for study in collect(vec![Instance::new(0, object)]) {
        for series in &study.series {
            for stack in series.sorted.stacks.iter().take(4) {
                let _ = engine::suv::convert(&suv_attributes(series, stack));
                // Declared sizes are bounded; a fuzzer need not fill the largest of them.
                if stack.grid.voxels() < 1 << 22 {
                    let _ = load(series, stack, &InMemory(&files), &|_, _| {});
                }
            }
        }
    }
});
