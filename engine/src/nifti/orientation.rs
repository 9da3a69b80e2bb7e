//! Where the voxels of a NIfTI file lie, in LPS.

use nalgebra::{Matrix3, Vector3};

use super::header::Header;
use super::{Error, Result, Warning};
use crate::geometry::{Affine, Grid, Patient, Voxel};

/// Forms closer than this say the same place: the fields are single precision.
const SAME_PLACE_MM: f64 = 0.1;

/// Gives the grid of the file: by its sform, else its qform, else its voxel sizes alone.
pub(super) fn grid(header: &Header) -> Result<(Grid, Vec<Warning>)> {
    let mm = unit_mm(header.xyzt_units);
    let sform = (header.sform_code > 0).then(|| sform(header));
    let qform = if header.qform_code > 0 {
        Some(qform(header))
    } else {
        None
    };
    let at = |(linear, offset): (Matrix3<f64>, Vector3<f64>)| {
        Grid::new(header.size, lps(linear * mm, offset * mm))
    };
    match (sform, qform) {
        (Some(sform), qform) => {
            let grid = at(sform)?;
            let other = qform.transpose().ok().flatten().and_then(|q| at(q).ok());
            Ok((
                grid.clone(),
                other
                    .and_then(|other| differ(&grid, &other))
                    .into_iter()
                    .collect(),
            ))
        }
        (None, Some(qform)) => Ok((at(qform?)?, Vec::new())),
        (None, None) => {
            let sizes = Matrix3::from_diagonal(&Vector3::from(voxel_sizes(header)?));
            Ok((at((sizes, Vector3::zeros()))?, vec![Warning::OrientationUnknown]))
        }
    }
}

/// Millimetres in the file's unit of length: metre, millimetre, micron; none is taken as mm, as all tools do.
fn unit_mm(xyzt_units: u8) -> f64 {
    match xyzt_units & 7 {
        1 => 1000.0,
        3 => 0.001,
        _ => 1.0,
    }
}

/// From the format's RAS to LPS: the first two coordinates change their sign.
fn lps(linear: Matrix3<f64>, offset: Vector3<f64>) -> Affine<Patient, Voxel> {
    let turn = Matrix3::from_diagonal(&Vector3::new(-1.0, -1.0, 1.0));
    Affine::new(turn * linear, turn * offset)
}

fn differ(a: &Grid, b: &Grid) -> Option<Warning> {
    let largest = a
        .corners()
        .iter()
        .zip(b.corners())
        .map(|(a, b)| a.distance(b))
        .fold(0.0, f64::max);
    (largest > SAME_PLACE_MM).then_some(Warning::FormsDiffer(largest))
}

fn sform(header: &Header) -> (Matrix3<f64>, Vector3<f64>) {
    let [x, y, z] = header.srow;
    let linear = Matrix3::new(x[0], x[1], x[2], y[0], y[1], y[2], z[0], z[1], z[2]);
    (linear, Vector3::new(x[3], y[3], z[3]))
}

/// Rotation from the quaternion, times the voxel sizes; `pixdim[0]` is the sign of the third axis.
fn qform(header: &Header) -> Result<(Matrix3<f64>, Vector3<f64>)> {
    let [b, c, d] = header.quatern;
    let square = b * b + c * c + d * d;
    // Three rounded components of a half turn may exceed length 1 by a little.
    if square.is_nan() || square > 1.0 + 1e-4 {
        return Err(Error::Header {
            field: "quatern",
            expected: "components of a unit quaternion",
            found: format!("{b}, {c}, {d}"),
        });
    }
    let scale = if square > 1.0 { square.sqrt().recip() } else { 1.0 };
    let (b, c, d) = (b * scale, c * scale, d * scale);
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let rotation = Matrix3::new(
        a * a + b * b - c * c - d * d,
        2.0 * (b * c - a * d),
        2.0 * (b * d + a * c),
        2.0 * (b * c + a * d),
        a * a + c * c - b * b - d * d,
        2.0 * (c * d - a * b),
        2.0 * (b * d - a * c),
        2.0 * (c * d + a * b),
        a * a + d * d - b * b - c * c,
    );
    let [x, y, z] = voxel_sizes(header)?;
    let third = if header.pixdim[0] < 0.0 { -z } else { z };
    let linear = rotation * Matrix3::from_diagonal(&Vector3::new(x, y, third));
    Ok((linear, Vector3::from(header.qoffset)))
}

fn voxel_sizes(header: &Header) -> Result<[f64; 3]> {
    let sizes = [1, 2, 3].map(|n| header.pixdim[n].abs());
    if sizes.iter().all(|size| size.is_finite() && *size > 0.0) {
        return Ok(sizes);
    }
    Err(Error::Header {
        field: "pixdim",
        expected: "voxel sizes above 0",
        found: format!("{:?}", &header.pixdim[1..]),
    })
}
