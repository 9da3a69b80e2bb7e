//! Segmentation networks: every voxel against onnxruntime, a process beside the test.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use engine::geometry::{Affine, Grid, Point, Vector};
use engine::lesion::network::{Axes, Channel, ModelCard, Network, NetworkError};
use engine::volume::{Rescale, Unit, Volume, Voxels};

const REFERENCE: &str = include_str!("reference.py");
/// Columns, rows, slices of the two volumes of `reference.py`.
const WINDOW: [usize; 3] = [8, 16, 12];
const LARGE: [usize; 3] = [13, 27, 20];

/// The folder with what the peer made; `None` where it is not installed.
fn reference(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("network").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("UPTAKE_PEERS_PYTHON")
        .map_or_else(|| root.join("../target/venv/bin/python"), PathBuf::from);
    let output = Command::new(&python)
        .arg("-c")
        .arg(REFERENCE)
        .arg(&folder)
        .output();
    match output {
        Ok(output) if output.status.success() => Some(folder),
        Ok(output) => panic!("onnxruntime: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            let required = std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() == Ok("1");
            assert!(!required, "Python with onnxruntime is absent: {error}");
            let _ = writeln!(std::io::stderr(), "skipped: Python with onnxruntime is absent");
            None
        }
    }
}

fn floats(file: &Path) -> Vec<f32> {
    let bytes = std::fs::read(file).unwrap();
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

fn card() -> ModelCard {
    let as_it_is = Channel {
        lowest: -1e6,
        highest: 1e6,
        mean: 0.0,
        sd: 1.0,
        outside: 0.0,
    };
    ModelCard {
        axes: Axes::SLICES_ROWS_COLUMNS,
        spacing_mm: [5.0, 3.0, 2.0],
        window: [12, 16, 8],
        channels: vec![as_it_is; 2],
        classes: ["background", "a", "b", "c"].map(str::to_owned).into(),
    }
}

/// The two channels as volumes on the network's own lattice.
fn volumes(numbers: &[f32], size: [usize; 3]) -> [Volume; 2] {
    let axes = [[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 5.0]].map(Vector::from);
    let grid = Grid::new(size, Affine::from_axes(axes, Point::new(-30.0, 12.0, 400.0))).unwrap();
    let (first, second) = numbers.split_at(grid.voxels());
    [first, second].map(|channel| {
        let voxels = Voxels::F32(channel.into());
        Volume::new(grid.clone(), voxels, Rescale::IDENTITY, Unit::Unspecified).unwrap()
    })
}

/// Labels are those of the largest answer; only where the two largest are equal to five digits may they differ.
fn check(network: &Network, folder: &Path, name: &str, size: [usize; 3]) {
    let [first, second] = volumes(&floats(&folder.join(format!("{name}.input"))), size);
    let answers = floats(&folder.join(format!("{name}.output")));
    let labels = network.segment(&[&first, &second], &|_, _| true).unwrap();
    assert_eq!(labels.grid().size(), size);
    assert!(labels.grid().matches(first.grid()));
    let voxels = labels.grid().voxels();
    let mut close = 0;
    for n in 0..voxels {
        let of = |class: usize| answers[class * voxels + n];
        let found = labels.voxels().get(n).unwrap() as usize;
        let largest = (0..4).map(of).fold(f32::NEG_INFINITY, f32::max);
        let lags = largest - of(found);
        assert!(
            lags <= 1e-5 * (1.0 + largest.abs()),
            "voxel {n}: class {found} is {lags} below the largest"
        );
        close += usize::from(lags > 0.0);
    }
    assert!(close * 1000 <= voxels, "{close} of {voxels} voxels are undecided");
    let classes: std::collections::BTreeSet<u64> = (0..voxels)
        .map(|n| labels.voxels().get(n).unwrap() as u64)
        .collect();
    assert!(
        classes.len() > 2,
        "the network must tell something apart, found {classes:?}"
    );
}

#[test]
fn a_network_answers_as_onnxruntime_does() {
    let Some(folder) = reference("answers") else {
        return;
    };
    let bytes = std::fs::read(folder.join("network.onnx")).unwrap();
    let network = Network::load(&bytes, card()).unwrap();
    check(&network, &folder, "window", WINDOW);
    check(&network, &folder, "large", LARGE);
}

#[test]
fn what_is_no_network_or_another_is_refused() {
    let error = |bytes: &[u8], card| Network::load(bytes, card).unwrap_err();
    assert!(matches!(error(b"no network", card()), NetworkError::File(_)));
    assert!(matches!(
        error(&[], card()),
        NetworkError::File(_) | NetworkError::Run(_)
    ));
    let Some(folder) = reference("refused") else {
        return;
    };
    let bytes = std::fs::read(folder.join("network.onnx")).unwrap();
    assert!(matches!(
        error(&bytes[..bytes.len() / 2], card()),
        NetworkError::File(_)
    ));
    let mut three = card();
    three.classes.pop();
    assert!(matches!(error(&bytes, three), NetworkError::Shape { .. }));
    let mut one = card();
    one.channels.pop();
    assert!(matches!(error(&bytes, one), NetworkError::File(_)));
}

#[test]
fn other_volumes_and_a_stop_are_told() {
    let Some(folder) = reference("stopped") else {
        return;
    };
    let bytes = std::fs::read(folder.join("network.onnx")).unwrap();
    let network = Network::load(&bytes, card()).unwrap();
    let [first, second] = volumes(&floats(&folder.join("window.input")), WINDOW);
    let failed = |volumes: &[&Volume], goes_on: bool| network.segment(volumes, &|_, _| goes_on).unwrap_err();
    assert!(matches!(
        failed(&[&first], true),
        NetworkError::Volumes {
            expected: 2,
            found: 1
        }
    ));
    assert!(matches!(
        failed(&[&first, &second], false),
        NetworkError::Stopped(_)
    ));
    let first = first.in_frame_of_reference(Some("1.2".to_owned()));
    let second = second.in_frame_of_reference(Some("1.3".to_owned()));
    assert!(matches!(
        failed(&[&first, &second], true),
        NetworkError::FrameOfReference(..)
    ));
}
