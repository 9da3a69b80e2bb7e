//! A CT and a PET of bench size: the voxels that the peers' scripts use where `PEERS_DATA` names their
//! folder, else a formula on the same grids.

use std::path::PathBuf;

use engine::geometry::{Affine, Grid, Point, Vector};
use engine::volume::{Rescale, Unit, Volume, Voxels};

/// 512 x 512 x 400 signed integers, HU.
///
/// # Panics
///
/// When the peers' file cannot be read.
#[must_use]
pub fn ct() -> Volume {
    let grid = centered_grid([512, 512, 400], [0.976_562_5, 0.976_562_5, 1.5]);
    let bytes = peers_voxels("ct-v2-512x512x400.npy");
    let voxels = bytes.map_or_else(
        || {
            body(&grid, |shade, n| {
                (shade * 1100.0) as i16 - 1000 + (n.wrapping_mul(0x9E37_79B1) >> 59) as i16
            })
        },
        |bytes| {
            bytes
                .chunks_exact(2)
                .map(|b| i16::from_le_bytes([b[0], b[1]]))
                .collect()
        },
    );
    Volume::new(
        grid,
        Voxels::I16(voxels.into()),
        Rescale::IDENTITY,
        Unit::Hounsfield,
    )
    .expect("a voxel a place")
}

/// 200 x 200 x 300 floats, SUV.
///
/// # Panics
///
/// When the peers' file cannot be read.
#[must_use]
pub fn pet() -> Volume {
    let grid = centered_grid([200, 200, 300], [4.07283, 4.07283, 2.027]);
    let bytes = peers_voxels("pet-v2-200x200x300.npy");
    let voxels = bytes.map_or_else(
        || body(&grid, |shade, n| shade as f32 * 3.0 + (n % 97) as f32 * 0.01),
        |bytes| {
            bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect()
        },
    );
    Volume::new(grid, Voxels::F32(voxels.into()), Rescale::IDENTITY, Unit::SuvBw).expect("a voxel a place")
}

/// A PET on the grid of [`pet`], by the name of its file in the peers' folder; `None` without that folder.
///
/// # Panics
///
/// When the file cannot be read.
#[must_use]
pub fn peers_pet(file: &str) -> Option<Volume> {
    let bytes = peers_voxels(file)?;
    let values = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let voxels = Voxels::F32(values.collect());
    let grid = centered_grid([200, 200, 300], [4.07283, 4.07283, 2.027]);
    Some(Volume::new(grid, voxels, Rescale::IDENTITY, Unit::SuvBw).expect("a voxel a place"))
}

/// A grid whose middle is the origin.
fn centered_grid(size: [usize; 3], spacing_mm: [f64; 3]) -> Grid {
    let [x, y, z] = spacing_mm;
    let axes = [
        Vector::new(x, 0.0, 0.0),
        Vector::new(0.0, y, 0.0),
        Vector::new(0.0, 0.0, z),
    ];
    let first: [f64; 3] = std::array::from_fn(|axis| -0.5 * (size[axis] as f64 - 1.0) * spacing_mm[axis]);
    Grid::new(size, Affine::from_axes(axes, Point::from(first))).expect("a regular grid")
}

/// The data of a little-endian `.npy` file of the peers' folder, `None` without one.
fn peers_voxels(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(std::env::var_os("PEERS_DATA")?).join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // Magic and version (8 bytes), length of the header (2 bytes), header, data.
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    Some(bytes[10 + header..].to_vec())
}

/// Voxels of an elliptic body with waves inside: `value` gets 0 outside to 1 inside, and the voxel's index.
fn body<T>(grid: &Grid, value: impl Fn(f64, u64) -> T) -> Vec<T> {
    let size = grid.size();
    let squares: [Vec<f64>; 2] = std::array::from_fn(|axis| {
        let half = size[axis] as f64 / 2.0;
        (0..size[axis])
            .map(|n| ((n as f64 - half) / (0.4 * size[axis] as f64)).powi(2))
            .collect()
    });
    let waves: Vec<f64> = (0..size[2]).map(|k| 0.8 + 0.2 * (k as f64 * 0.1).sin()).collect();
    let voxel = |n: usize| {
        let (i, j, k) = (n % size[0], n / size[0] % size[1], n / (size[0] * size[1]));
        let inside = squares[0][i] + squares[1][j] < 1.0;
        value(
            if inside {
                waves[(k + i / 4) % waves.len()]
            } else {
                0.0
            },
            n as u64,
        )
    };
    (0..grid.voxels()).map(voxel).collect()
}
