//! A segmentation of a hundred labels of 512 x 512 x 500 from its file to masks: processor time of all threads.
//!
//! As BINARY (10 000 frames of bits, none empty) and as LABELMAP (500 frames of bytes). The file is in the page cache.

use std::path::Path;
use std::time::Duration;

use cpu_time::CpuTime;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::dicom::read::{Regions, read_regions};
use engine::dicom::write::SegmentationType;

mod cpu_time;

/// Reads the file and its masks; gives their voxels, so that the work cannot be left out.
fn voxels(file: &Path) -> usize {
    let bytes = std::fs::read(file).expect("the bench wrote it");
    let (regions, _) = read_regions(&bytes).expect("bench data are good");
    let Regions::Segmentation(segmentation) = regions else {
        panic!("the bench wrote a segmentation");
    };
    segmentation
        .segments
        .iter()
        .map(|segment| segment.mask.count())
        .sum()
}

fn seg_read(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("seg_read");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5));
    let files = [SegmentationType::Binary, SegmentationType::Labelmap].map(benches::segmentation);
    let counts = files.each_ref().map(|file| voxels(file));
    assert_eq!(counts[0], counts[1], "both hold the same masks");
    for (name, file) in ["binary", "labelmap"].into_iter().zip(&files) {
        group.bench_function(name, |bencher| bencher.iter(|| voxels(file)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = seg_read
}
criterion_main!(benches);
