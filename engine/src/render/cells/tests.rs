//! Cells and distances against plain loops.

use std::sync::Arc;

use crate::geometry::{Affine, Grid, Point, Vector};
use crate::render::cells::{CELL, Cells, CellsCache, DistanceMap, FINE, Seen};
use crate::render::{Cancel, Error, VolumeId};
use crate::volume::{Rescale, Unit, Volume, Voxels};

fn volume(size: [usize; 3], voxels: Voxels) -> Volume {
    let axes = [
        Vector::new(1.0, 0.0, 0.0),
        Vector::new(0.0, 1.0, 0.0),
        Vector::new(0.0, 0.0, 1.0),
    ];
    let grid = Grid::new(size, Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    Volume::new(grid, voxels, Rescale::IDENTITY, Unit::Unspecified).unwrap()
}

fn noise(count: usize) -> impl Iterator<Item = u32> {
    (0..count as u32).map(|n| n.wrapping_mul(0x9E37_79B1) ^ (n >> 3).wrapping_mul(0x85EB_CA6B))
}

/// All of four types, the last with holes.
fn volumes(size: [usize; 3]) -> Vec<Volume> {
    let count = size.iter().product();
    let special = |n: u32| match n % 301 {
        0 => f32::NAN,
        1 => f32::INFINITY,
        2 => f32::NEG_INFINITY,
        _ => (n >> 8) as f32 / 1000.0,
    };
    vec![
        volume(
            size,
            Voxels::I16(noise(count).map(|n| (n >> 16) as i16).collect()),
        ),
        volume(
            size,
            Voxels::U16(noise(count).map(|n| (n >> 16) as u16).collect()),
        ),
        volume(size, Voxels::U8(noise(count).map(|n| (n >> 24) as u8).collect())),
        volume(size, Voxels::F32(noise(count).map(special).collect())),
    ]
}

/// Values at coordinates `side c` up to `side c + reach`.
fn within(volume: &Volume, cell: [usize; 3], side: usize, reach: usize) -> Vec<f32> {
    let size = volume.grid().size();
    let [i, j, k] = [0, 1, 2].map(|axis| side * cell[axis]..(side * cell[axis] + reach).min(size[axis]));
    let places = k.flat_map(|k| {
        j.clone().flat_map({
            let i = i.clone();
            move |j| i.clone().map(move |i| [i, j, k])
        })
    });
    places.map(|at| volume.value(at).unwrap() as f32).collect()
}

fn bounds(values: &[f32]) -> (f32, f32) {
    let fold = |start, of_two: fn(f32, f32) -> f32| values.iter().copied().fold(start, of_two);
    (fold(f32::INFINITY, f32::min), fold(f32::NEG_INFINITY, f32::max))
}

fn places(size: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [columns, rows, slices] = size;
    (0..columns * rows * slices).map(move |n| [n % columns, n / columns % rows, n / (columns * rows)])
}

fn check(volume: &Volume) {
    let cells = Cells::of(volume);
    assert_eq!(cells.size(), volume.grid().size().map(|n| n.div_ceil(CELL)));
    assert_eq!(cells.count(), cells.size().iter().product::<usize>());
    for (n, cell) in places(cells.size()).enumerate() {
        let values = within(volume, cell, CELL, CELL + 1);
        assert_eq!((cells.low()[n], cells.high()[n]), bounds(&values), "{cell:?}");
        assert_eq!(
            cells.holes()[n],
            values.iter().any(|v| !v.is_finite()),
            "{cell:?}"
        );
        let inner: Vec<f64> = within(volume, cell, CELL, CELL)
            .into_iter()
            .filter(|v| v.is_finite())
            .map(f64::from)
            .collect();
        let mean = inner.iter().sum::<f64>() / (inner.len().max(1)) as f64;
        let scale = inner.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
        assert!(
            (f64::from(cells.mean()[n]) - mean).abs() < 1e-5 * scale,
            "{cell:?}"
        );
    }
    let fine = cells.fine();
    for (n, cell) in places(fine.size).enumerate() {
        let expected = bounds(&within(volume, cell, FINE, FINE + 1));
        let found = (fine.low.get(n).unwrap() as f32, fine.high.get(n).unwrap() as f32);
        assert_eq!(found, expected, "fine {cell:?}");
    }
}

#[test]
fn cells_bound_their_voxels() {
    for size in [
        [37, 21, 19],
        [8, 8, 8],
        [9, 16, 17],
        [1, 1, 1],
        [3, 40, 1],
        [12, 4, 5],
    ] {
        volumes(size).iter().for_each(check);
    }
    let nothing = volume([9, 9, 9], Voxels::F32(vec![f32::NAN; 729].into()));
    check(&nothing);
    assert_eq!(Cells::of(&nothing).range(), None);
}

#[test]
fn cells_take_little_room() {
    for volume in volumes([128, 96, 80]) {
        let part = Cells::of(&volume).bytes() as f64 / volume.voxels().bytes() as f64;
        assert!(part < 0.06, "{part}");
    }
}

#[test]
fn distances_are_those_of_the_definition() {
    let size = [23, 14, 9];
    for one_of in [3, 200, 1000, 100_000] {
        let occupied: Vec<bool> = noise(23 * 14 * 9).map(|n| n % one_of == 0).collect();
        let map = DistanceMap::of(size, occupied.iter().copied());
        let taken: Vec<[usize; 3]> = places(size)
            .zip(&occupied)
            .filter(|(_, o)| **o)
            .map(|(at, _)| at)
            .collect();
        assert_eq!(map.occupied(), taken.len());
        for (n, at) in places(size).enumerate() {
            let apart = |other: &[usize; 3]| (0..3).map(|a| at[a].abs_diff(other[a])).max().unwrap();
            let expected = taken.iter().map(apart).min().unwrap_or(255);
            assert_eq!(usize::from(map.distances()[n]), expected, "{at:?}");
        }
    }
}

#[test]
fn far_distances_end_at_255() {
    let map = DistanceMap::of([600, 1, 1], (0..600).map(|n| n == 0));
    let expected: Vec<u8> = (0..600).map(|n| n.min(255) as u8).collect();
    assert_eq!(map.distances(), expected);
}

#[test]
fn a_range_sees_what_any_value_in_it_does() {
    // Seen from 40 to 41 only.
    let seen = Seen::new([-1000.0, 1000.0], 1024, |[low, high]| low <= 41.0 && high >= 40.0);
    for (low, high, expected) in [
        (40.5, 40.5, true),
        (-1000.0, 1000.0, true),
        (-5000.0, 40.0, true),
        (41.0, 9000.0, true),
        (-1000.0, 30.0, false),
        (51.0, 1000.0, false),
        (f32::INFINITY, f32::NEG_INFINITY, false),
        (f32::NEG_INFINITY, f32::INFINITY, true),
    ] {
        assert_eq!(seen.any(low, high), expected, "{low} to {high}");
    }
    let constant = Seen::new([7.0, 7.0], 16, |_| true);
    assert!(constant.any(7.0, 7.0) && constant.any(-1.0, 100.0));
    let map = DistanceMap::new(
        &Cells::of(&volumes([30, 20, 20])[0]),
        &Seen::new([0.0, 1.0], 4, |_| false),
    );
    assert!(map.occupied() == 0 && map.distances().iter().all(|distance| *distance == 255));
}

#[test]
fn the_cache_knows_other_voxels_under_the_same_id() {
    let all = volumes([20, 20, 20]);
    let (a, b) = (&all[0], &all[1]);
    let each = Cells::of(a).bytes();
    let mut cache = CellsCache::with_budget(2 * each);
    let mut get = |id, volume: &Volume| cache.get(VolumeId(id), volume, &Cancel::new()).unwrap();
    let first = get(1, a);
    assert!(Arc::ptr_eq(&first, &get(1, &a.clone())));
    assert!(!Arc::ptr_eq(&first, &get(1, b)));
    let second = get(2, a);
    get(3, a);
    assert!(Arc::ptr_eq(&second, &get(2, a)));
    assert!(cache.bytes() <= 2 * each);
    let stopped = Cancel::new();
    stopped.cancel();
    assert_eq!(cache.get(VolumeId(9), a, &stopped), Err(Error::Cancelled));
}
