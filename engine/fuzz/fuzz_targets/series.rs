//! A file to a series, its frames, its volume and its SUV attributes.
#![no_main]

use codec::dataset::{Limits, read};
use engine::dicom::read::{Instance, Source, collect, load, suv_attributes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(object) = read(bytes, Limits::default()) else { return };
    let files = [bytes];
    let source: &dyn Source = &Files(&files);
    for study in collect(vec![Instance::new(0, object)]) {
        for series in &study.series {
            for stack in series.sorted.stacks.iter().take(4) {
                let _ = engine::suv::convert(&suv_attributes(series, stack));
                // Declared sizes are bounded; a fuzzer need not fill the largest of them.
                if stack.grid.voxels() < 1 << 22 {
                    let _ = load(series, stack, source, &|_, _| {});
                }
            }
        }
    }
});

struct Files<'a>(&'a [&'a [u8]]);

impl Source for Files<'_> {
    fn read(&self, key: usize, range: std::ops::Range<u64>, buffer: &mut Vec<u8>) -> Result<(), String> {
        self.0.read(key, range, buffer)
    }
}
