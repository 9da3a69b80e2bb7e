//! Labels smoothed by cubic B-splines.

use std::collections::BTreeMap;

use engine::geometry::{Point, Voxel};
use engine::render::LabelStyle;
use engine::volume::{Volume, Voxels};

/// What the cubic B-spline makes of the labels around a place.
#[derive(Clone, Copy)]
pub struct Around {
    /// Part of labels with a style.
    pub part: f64,
    /// Their colours and opacities, summed.
    pub color: [f64; 3],
    pub opacity: f64,
    /// Slope of `part` along the axes of the voxels.
    pub slope: [f64; 3],
}

pub fn around(labels: &Volume, styles: &BTreeMap<u16, LabelStyle>, voxel: Point<Voxel>) -> Around {
    let size = labels.grid().size();
    let place: [f64; 3] = std::array::from_fn(|axis| voxel[axis].clamp(0.0, size[axis] as f64 - 1.0));
    let mut around = Around {
        part: 0.0,
        color: [0.0; 3],
        opacity: 0.0,
        slope: [0.0; 3],
    };
    for n in 0..64 {
        let ahead = [n % 4, n / 4 % 4, n / 16].map(|n| f64::from(n) - 1.0);
        let nodes: [f64; 3] = std::array::from_fn(|axis| place[axis].floor() + ahead[axis]);
        let index = |axis: usize| nodes[axis].clamp(0.0, size[axis] as f64 - 1.0) as usize;
        let at = (index(2) * size[1] + index(1)) * size[0] + index(0);
        let label = match labels.voxels() {
            Voxels::U8(voxels) => u16::from(voxels[at]),
            Voxels::U16(voxels) => voxels[at],
            _ => panic!("labels"),
        };
        let Some(style) = styles.get(&label) else {
            continue;
        };
        let along: [(f64, f64); 3] = std::array::from_fn(|axis| spline(place[axis] - nodes[axis]));
        let weight = along[0].0 * along[1].0 * along[2].0;
        around.part += weight;
        around.opacity += weight * style.opacity;
        for n in 0..3 {
            around.color[n] += weight * f64::from(style.color[n]) / 255.0;
            around.slope[n] += along[n].1 * along[(n + 1) % 3].0 * along[(n + 2) % 3].0;
        }
    }
    around
}

/// The cubic B-spline at a distance, and its slope.
fn spline(x: f64) -> (f64, f64) {
    let d = x.abs();
    if d < 1.0 {
        (
            2.0 / 3.0 - d * d + d * d * d / 2.0,
            (-2.0 * d + 1.5 * d * d) * x.signum(),
        )
    } else if d < 2.0 {
        ((2.0 - d).powi(3) / 6.0, -0.5 * (2.0 - d).powi(2) * x.signum())
    } else {
        (0.0, 0.0)
    }
}
