//! Label maps smoothed where they are read: cubic B-splines over 64 voxels.

use crate::render::classify::LabelTable;
use crate::render::cpu::rendering::places::{LANES, Places};
use crate::volume::{Volume, Voxels};

/// What the labels around a place add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    /// The part of the B-spline on labels that have a style.
    pub part: f32,
    /// Sums of the styles' four numbers by the B-spline.
    pub style: [f32; 4],
    /// Slope of `part` along the axes of the voxels.
    pub slope: [f32; 3],
}

/// Whether a volume is a label map.
pub(super) fn is_label_map(volume: &Volume) -> bool {
    matches!(volume.voxels(), Voxels::U8(_) | Voxels::U16(_))
}

/// Reads the labels around one of the places.
pub(super) fn around(labels: &Volume, table: &LabelTable, places: &Places, lane: usize) -> Around {
    let size = labels.grid().size();
    match labels.voxels() {
        Voxels::U8(voxels) => smooth(voxels, size, table, places, lane),
        Voxels::U16(voxels) => smooth(voxels, size, table, places, lane),
        // No label map: refused before.
        Voxels::I16(_) | Voxels::F32(_) => Around::default(),
    }
}

/// The voxels on one axis with their weights and the weights' slopes.
struct Axis {
    index: [usize; 4],
    weight: [f32; 4],
    slope: [f32; 4],
}

impl Axis {
    #[inline(always)]
    fn new(size: usize, base: i32, part: f32) -> Self {
        let last = size as i32 - 1;
        let t = part;
        let (t2, t3) = (t * t, t * t * t);
        let u = 1.0 - t;
        Self {
            index: std::array::from_fn(|n| (base - 1 + n as i32).clamp(0, last) as usize),
            weight: [
                u * u * u / 6.0,
                (3.0 * t3 - 6.0 * t2 + 4.0) / 6.0,
                (-3.0 * t3 + 3.0 * t2 + 3.0 * t + 1.0) / 6.0,
                t3 / 6.0,
            ],
            slope: [-0.5 * u * u, 1.5 * t2 - 2.0 * t, -1.5 * t2 + t + 0.5, 0.5 * t2],
        }
    }
}

#[inline(always)]
fn smooth<T: Copy + Into<u16> + PartialEq>(
    voxels: &[T],
    size: [usize; 3],
    table: &LabelTable,
    places: &Places,
    lane: usize,
) -> Around {
    let [across, down, away]: [Axis; 3] =
        std::array::from_fn(|axis| Axis::new(size[axis], places.base[axis][lane], places.part[axis][lane]));
    let mut taken = [[0u16; 4]; 16];
    for k in 0..4 {
        for j in 0..4 {
            let first = (away.index[k] * size[1] + down.index[j]) * size[0];
            taken[4 * k + j] = across.index.map(|i| voxels[first + i].into());
        }
    }
    let one = taken[0][0];
    if taken
        .as_flattened()
        .iter()
        .fold(true, |same, label| same & (*label == one))
    {
        let part = if table.knows(one) { 1.0 } else { 0.0 };
        return Around {
            part,
            style: table.style(one).map(|number| part * number),
            slope: [0.0; 3],
        };
    }
    let mut sum = Around::default();
    for k in 0..4 {
        for j in 0..4 {
            let mut row = Around::default();
            for (i, label) in taken[4 * k + j].into_iter().enumerate() {
                if table.knows(label) {
                    row.part += across.weight[i];
                    row.slope[0] += across.slope[i];
                    for (sum, number) in row.style.iter_mut().zip(table.style(label)) {
                        *sum += across.weight[i] * number;
                    }
                }
            }
            let both = away.weight[k] * down.weight[j];
            sum.part += both * row.part;
            sum.slope[0] += both * row.slope[0];
            sum.slope[1] += away.weight[k] * down.slope[j] * row.part;
            sum.slope[2] += away.slope[k] * down.weight[j] * row.part;
            for (sum, number) in sum.style.iter_mut().zip(row.style) {
                *sum += both * number;
            }
        }
    }
    sum
}

/// Numbers of [`Around`] of all lanes that are asked for.
pub(super) fn all(
    labels: &Volume,
    table: &LabelTable,
    places: &Places,
    asked: impl Fn(usize) -> bool,
) -> [Around; LANES] {
    std::array::from_fn(|lane| {
        if asked(lane) {
            around(labels, table, places, lane)
        } else {
            Around::default()
        }
    })
}
