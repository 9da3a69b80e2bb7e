use std::io::Write;

use proptest::prelude::*;

use super::{Selection, mask, read, read_frames};
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::nifti::{Error, Packing, Warning, write, write_mask};
use crate::voi::Mask;
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// A header of either version in either byte order, field by field.
struct Made {
    bytes: Vec<u8>,
    big: bool,
}

impl Made {
    fn put<const N: usize>(&mut self, at: usize, mut le: [u8; N]) {
        if self.big {
            le.reverse();
        }
        self.bytes[at..at + N].copy_from_slice(&le);
    }

    /// NIfTI-1 of 2 x 1 x 2 voxels of 1.5, 2 and 3 mm without orientation.
    fn first(big: bool, datatype: i16, data: &[u8]) -> Self {
        let mut made = Self {
            bytes: vec![0; 352],
            big,
        };
        made.put(0, 348i32.to_le_bytes());
        for (n, side) in [3i16, 2, 1, 2, 1, 1, 1, 1].into_iter().enumerate() {
            made.put(40 + 2 * n, side.to_le_bytes());
        }
        made.put(70, datatype.to_le_bytes());
        for (n, size) in [1.0f32, 1.5, 2.0, 3.0].into_iter().enumerate() {
            made.put(76 + 4 * n, size.to_le_bytes());
        }
        made.put(108, 352f32.to_le_bytes());
        made.bytes[344..348].copy_from_slice(b"n+1\0");
        made.bytes.extend(data);
        made
    }

    /// The same as NIfTI-2.
    fn second(big: bool, datatype: i16, data: &[u8]) -> Self {
        let mut made = Self {
            bytes: vec![0; 544],
            big,
        };
        made.put(0, 540i32.to_le_bytes());
        made.bytes[4..12].copy_from_slice(b"n+2\0\r\n\x1a\n");
        made.put(12, datatype.to_le_bytes());
        for (n, side) in [3i64, 2, 1, 2, 1, 1, 1, 1].into_iter().enumerate() {
            made.put(16 + 8 * n, side.to_le_bytes());
        }
        for (n, size) in [1.0f64, 1.5, 2.0, 3.0].into_iter().enumerate() {
            made.put(104 + 8 * n, size.to_le_bytes());
        }
        made.put(168, 544i64.to_le_bytes());
        made.bytes.extend(data);
        made
    }
}

fn values(volume: &Volume) -> Vec<f64> {
    (0..volume.voxels().len())
        .map(|n| volume.rescale().real(volume.voxels().get(n).unwrap()))
        .collect()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_datatype_in_both_versions_and_byte_orders() {
    fn check<const N: usize>(code: i16, numbers: [[u8; N]; 4], expected: [f64; 4]) {
        for big in [false, true] {
            let data: Vec<u8> = numbers
                .iter()
                .flat_map(|le| {
                    let mut own = *le;
                    if big {
                        own.reverse();
                    }
                    own
                })
                .collect();
            for made in [Made::first(big, code, &data), Made::second(big, code, &data)] {
                assert_eq!(
                    values(&read(&made.bytes).unwrap().0),
                    expected,
                    "code {code}, big endian {big}"
                );
                assert_eq!(values(&read(&gz(&made.bytes)).unwrap().0), expected);
            }
        }
    }
    check(
        2,
        [0u8, 1, 128, 255].map(u8::to_le_bytes),
        [0.0, 1.0, 128.0, 255.0],
    );
    check(
        256,
        [0i8, 1, -128, 127].map(i8::to_le_bytes),
        [0.0, 1.0, -128.0, 127.0],
    );
    check(
        4,
        [0i16, 1, -32768, 32767].map(i16::to_le_bytes),
        [0.0, 1.0, -32768.0, 32767.0],
    );
    check(
        512,
        [0u16, 1, 65535, 258].map(u16::to_le_bytes),
        [0.0, 1.0, 65535.0, 258.0],
    );
    check(
        8,
        [0i32, -1, 1 << 20, 70_000].map(i32::to_le_bytes),
        [0.0, -1.0, 1_048_576.0, 70_000.0],
    );
    check(
        768,
        [0u32, 1, 1 << 31, 9].map(u32::to_le_bytes),
        [0.0, 1.0, 2_147_483_648.0, 9.0],
    );
    check(
        1024,
        [0i64, -1, 1 << 40, 9].map(i64::to_le_bytes),
        [0.0, -1.0, 1_099_511_627_776.0, 9.0],
    );
    check(
        1280,
        [0u64, 1, 1 << 63, 9].map(u64::to_le_bytes),
        [0.0, 1.0, 9_223_372_036_854_775_808.0, 9.0],
    );
    check(
        16,
        [0.5f32, -1.25, 3e30, 0.0].map(f32::to_le_bytes),
        [0.5, -1.25, f64::from(3e30f32), 0.0],
    );
    check(
        64,
        [0.5f64, -1.25, 3.0, 0.0].map(f64::to_le_bytes),
        [0.5, -1.25, 3.0, 0.0],
    );
}

#[test]
fn slope_and_intercept_apply_unless_the_slope_is_none() {
    for (slope, inter, expected) in [(2.0f32, 10.0f32, 14.0), (0.0, 10.0, 2.0), (f32::NAN, 10.0, 2.0)] {
        let mut made = Made::first(false, 2, &[2, 0, 0, 0]);
        made.put(112, slope.to_le_bytes());
        made.put(116, inter.to_le_bytes());
        assert_eq!(read(&made.bytes).unwrap().0.value([0, 0, 0]), Some(expected));
    }
}

#[test]
fn without_a_form_the_orientation_is_doubtful() {
    let (volume, warnings) = read(&Made::first(false, 2, &[0; 4]).bytes).unwrap();
    assert_eq!(warnings, [Warning::OrientationUnknown]);
    assert_eq!(
        volume.grid().patient(Point::new(1.0, 1.0, 1.0)),
        Point::new(-1.5, -2.0, 3.0)
    );
}

/// The quaternion (b, c, d) = (0.5, 0.5, 0.5) turns x to y, y to z, z to x: 120 degrees around the diagonal.
#[test]
fn a_qform_turns_and_mirrors() {
    for (qfac, z) in [(1.0f32, 3.0), (-1.0, -3.0)] {
        let mut made = Made::first(false, 2, &[0; 4]);
        made.put(76, qfac.to_le_bytes());
        made.put(252, 1i16.to_le_bytes());
        for (n, value) in [0.5f32, 0.5, 0.5, 10.0, 20.0, 30.0].into_iter().enumerate() {
            made.put(256 + 4 * n, value.to_le_bytes());
        }
        let (volume, warnings) = read(&made.bytes).unwrap();
        assert_eq!(warnings, []);
        let affine = volume.grid().patient_from_voxel();
        // RAS: columns go to y, rows to z, slices to x; LPS changes the signs of x and y.
        assert_eq!(affine.origin(), Point::new(-10.0, -20.0, 30.0));
        let expected = [
            Vector::new(0.0, -1.5, 0.0),
            Vector::new(0.0, 0.0, 2.0),
            Vector::new(-z, 0.0, 0.0),
        ];
        for (axis, expected) in expected.into_iter().enumerate() {
            assert!((affine.axis(axis) - expected).norm() < 1e-9, "axis {axis}");
        }
    }
}

#[test]
fn the_sform_wins_and_a_different_qform_is_told() {
    let mut made = Made::first(false, 2, &[0; 4]);
    made.put(252, 1i16.to_le_bytes());
    made.put(254, 1i16.to_le_bytes());
    for (n, value) in [1.5f32, 0.0, 0.0, 5.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0]
        .into_iter()
        .enumerate()
    {
        made.put(280 + 4 * n, value.to_le_bytes());
    }
    let (volume, warnings) = read(&made.bytes).unwrap();
    assert_eq!(
        volume.grid().patient(Point::new(0.0, 0.0, 0.0)),
        Point::new(-5.0, 0.0, 0.0)
    );
    assert_eq!(warnings, [Warning::FormsDiffer(5.0)]);
}

#[test]
fn metres_and_microns_become_millimetres() {
    for (unit, factor) in [(1u8, 1000.0), (2, 1.0), (3, 0.001), (10, 1.0), (0, 1.0)] {
        let mut made = Made::first(false, 2, &[0; 4]);
        made.bytes[123] = unit;
        let spacing = read(&made.bytes).unwrap().0.grid().spacing_mm();
        assert!(
            (spacing[0] - 1.5 * factor).abs() < 1e-9,
            "unit {unit}: {spacing:?}"
        );
    }
}

#[test]
fn four_dimensions_are_several_volumes() {
    let mut made = Made::first(false, 2, &[1, 2, 3, 4, 5, 6, 7, 8]);
    made.put(40, 4i16.to_le_bytes());
    made.put(48, 2i16.to_le_bytes());
    assert_eq!(read(&made.bytes), Err(Error::Frames(2)));
    let (volumes, _) = read_frames(&gz(&made.bytes)).unwrap();
    assert_eq!(
        volumes.iter().map(values).collect::<Vec<_>>(),
        [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
    );
}

#[test]
fn bad_files_end_in_one_sentence() {
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(read(bytes).unwrap_err().to_string(), expected);
    }
    let change = |at: usize, value: i16| {
        let mut made = Made::first(false, 2, &[0; 4]);
        made.put(at, value.to_le_bytes());
        made.bytes
    };
    check(
        b"",
        "expected a NIfTI-1 or NIfTI-2 header, found 0 bytes beginning with [00, 00, 00, 00]",
    );
    check(&change(0, 348)[..300], "expected 348 bytes of NIfTI, found 300");
    check(&change(0, 348)[..355], "expected 356 bytes of NIfTI, found 355");
    check(
        &change(70, 128),
        "expected a NIfTI datatype of 8 to 64 bit integers or floats, found code 128",
    );
    check(
        &change(42, -2),
        "NIfTI dim: expected sides of 1 or more, found [3, -2, 1, 2, 1, 1, 1, 1]",
    );
    let mut pair = change(0, 348);
    pair[345] = b'i';
    check(
        &pair,
        "expected header and values in one file (.nii), found the header of a .hdr/.img pair",
    );
    let mut short = gz(&change(0, 348));
    short.truncate(short.len() - 9);
    assert!(matches!(
        read(&short),
        Err(Error::Inflate(_) | Error::Truncated { .. })
    ));
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let mut made = Made::first(false, 16, &[]);
    for n in 1..4 {
        made.put(40 + 2 * n, 4096i16.to_le_bytes());
    }
    assert_eq!(
        read(&made.bytes),
        Err(Error::TooLarge {
            limit: 1 << 32,
            found: 1 << 38
        })
    );
    made.put(46, 16i16.to_le_bytes());
    // A gibibyte announced, 352 bytes there: more than any deflate stream of that length can hold.
    assert!(matches!(read(&gz(&made.bytes)), Err(Error::Truncated { .. })));
}

fn sheared() -> Grid {
    let axes = [
        Vector::new(1.5, 0.2, 0.0),
        Vector::new(-0.2, 1.5, 0.4),
        Vector::new(0.0, 0.0, -3.25),
    ];
    Grid::new(
        [3, 4, 5],
        Affine::from_axes(axes, Point::new(-100.5, 33.25, 871.0)),
    )
    .unwrap()
}

#[test]
fn what_cannot_be_said_is_not_written() {
    let uneven =
        Grid::with_slice_positions([1, 1, 3], *sheared().patient_from_voxel(), vec![0.0, 1.0, 3.0]).unwrap();
    assert_eq!(
        write_mask(&Mask::empty(uneven), Packing::Plain),
        Err(Error::Uneven)
    );
    let long = Grid::new([40_000, 1, 1], *sheared().patient_from_voxel()).unwrap();
    assert_eq!(
        write_mask(&Mask::empty(long), Packing::Plain),
        Err(Error::Side([40_000, 1, 1]))
    );
}

proptest! {
    #[test]
    fn written_volumes_and_masks_are_read_back(stored in prop::collection::vec(any::<i16>(), 60), slope in 0.25..8.0f32, gzip in any::<bool>()) {
        let packing = if gzip { Packing::Gzip } else { Packing::Plain };
        let rescale = Rescale { slope: f64::from(slope), intercept: -1.5 };
        for voxels in [
            Voxels::I16(stored.clone().into()),
            Voxels::U16(stored.iter().map(|v| *v as u16).collect()),
            Voxels::U8(stored.iter().map(|v| *v as u8).collect()),
            Voxels::F32(stored.iter().map(|v| f32::from(*v) / 7.0).collect()),
        ] {
            let volume = Volume::new(sheared(), voxels, rescale, Unit::Unspecified).unwrap();
            let (back, warnings) = read(&write(&volume, packing).unwrap()).unwrap();
            prop_assert_eq!(warnings, []);
            prop_assert_eq!((back.voxels(), back.rescale()), (volume.voxels(), volume.rescale()));
            prop_assert!(back.grid().matches(volume.grid()));
        }
        let dense: Vec<bool> = stored.iter().map(|v| v % 3 == 0).collect();
        let written = Mask::from_dense(sheared(), &dense).unwrap();
        let (back, _) = read(&write_mask(&written, packing).unwrap()).unwrap();
        prop_assert_eq!(mask(&back, Selection::Above(0.5)).to_dense(), dense.clone());
        prop_assert_eq!(mask(&back, Selection::Label(1)).to_dense(), dense);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..700), start in prop::sample::select(vec![0usize, 1, 2, 3]), at in 0usize..600) {
        let mut made = match start {
            0 => bytes.clone(),
            1 => Made::first(false, 16, &bytes).bytes,
            2 => Made::second(true, 4, &bytes).bytes,
            _ => gz(&Made::first(true, 2, &bytes).bytes),
        };
        let patch = &bytes[..bytes.len().min(8)];
        if let Some(place) = made.get_mut(at..at + patch.len()) {
            place.copy_from_slice(patch);
        }
        let _ = read_frames(&made);
    }
}
