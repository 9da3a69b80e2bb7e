//! A CT series of 400 slices of 512 x 512 from files to a volume in memory: processor time of all threads.
//!
//! The files are the synthetic study's, or those below `UPTAKE_BENCH_DICOM` in the peers' layout (`ct`,
//! `ct-jpegls`, `ct-j2k`, `ct-rle`, `ct-jpegll`), so that both sides read the same bytes. They are in the
//! page cache after the first call.

use std::path::{Path, PathBuf};
use std::time::Duration;

use benches::ct_series;
use codec::TransferSyntax;
use cpu_time::CpuTime;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::dicom::read::load;
use engine::local::open;

mod cpu_time;

/// Opens the folder and loads its one volume; gives its voxels, so that the work cannot be left out.
fn load_series(folder: &Path) -> usize {
    let opened = open(&[folder.to_owned()], &|_, _| {});
    let series = &opened.studies[0].series[0];
    let (volume, _) =
        load(series, &series.sorted.stacks[0], &opened.files, &|_, _| {}).expect("bench data are good");
    volume.voxels().len()
}

fn folder(name: &str, syntax: TransferSyntax) -> PathBuf {
    match std::env::var_os("UPTAKE_BENCH_DICOM") {
        Some(root) => Path::new(&root).join(name),
        None => ct_series(syntax),
    }
}

fn series_load(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("series_load");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5));
    for (name, part, syntax) in [
        ("raw", "ct", TransferSyntax::ExplicitLittleEndian),
        ("rle", "ct-rle", TransferSyntax::RleLossless),
        ("jpeg_ls", "ct-jpegls", TransferSyntax::JpegLsLossless),
        (
            "jpeg_lossless",
            "ct-jpegll",
            TransferSyntax::JpegLosslessFirstOrder,
        ),
        ("jpeg_2000", "ct-j2k", TransferSyntax::Jpeg2000Lossless),
        ("htj2k", "ct-htj2k", TransferSyntax::Htj2kLossless),
    ] {
        let folder = folder(part, syntax);
        if folder.is_dir() {
            group.bench_function(name, |bencher| bencher.iter(|| load_series(&folder)));
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = series_load
}
criterion_main!(benches);
