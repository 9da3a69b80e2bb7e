//! Images as the search reads them: pooled to a resolution, read between cells with their slope.

use super::readings::in_pieces;
use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::volume::{Interpolation, Stored, Volume, resample};
use crate::with_voxels;

/// A volume at one resolution: the mean of the finite values of each cell, NaN where there is none.
#[derive(Debug, Clone)]
pub struct Image {
    /// Where the cells lie; always at even distances.
    pub(super) grid: Grid,
    /// One value a cell, in reading order.
    pub(super) values: Vec<f32>,
}

/// A value between cells and its slope along the three voxel axes, per cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub value: f32,
    pub slope: [f32; 3],
}

impl Image {
    /// Where the cells lie.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// One value a cell from 0 to 1, in reading order; NaN where there is none.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Pools a volume into cells of about `cell_mm`; axes that are coarser stay as they are.
    pub(super) fn of_volume(volume: &Volume, cell_mm: f64) -> Self {
        if volume.grid().slice_positions().is_some()
            && let Some(even) = at_even_distances(volume)
        {
            return Self::of_volume(&even, cell_mm);
        }
        let rescale = volume.rescale();
        with_voxels!(volume.voxels(), values => pool(
            values,
            volume.grid(),
            cell_mm,
            |mean| (rescale.slope * mean + rescale.intercept) as f32,
        ))
    }

    /// Takes away what was padded rather than measured: blocks of at least 3 x 3 x 3 cells that all have the lowest
    /// value, as where a scan was turned onto another grid.
    pub(super) fn without_padding(mut self) -> Self {
        let size = self.grid.size();
        let lowest = self.values.iter().copied().fold(f32::INFINITY, f32::min);
        let low: Vec<bool> = self.values.iter().map(|value| *value == lowest).collect();
        let inner = all_around(&low, size);
        let mut padding = inner.clone();
        // The blocks in full: inner cells and the low ones beside them.
        for (index, _) in inner.iter().enumerate().filter(|(_, inner)| **inner) {
            around(index, size, |beside| padding[beside] = low[beside]);
        }
        for (value, padding) in self.values.iter_mut().zip(padding) {
            if padding {
                *value = f32::NAN;
            }
        }
        self
    }

    /// Pools this image further, into cells of about `cell_mm`.
    pub(super) fn pooled(&self, cell_mm: f64) -> Self {
        pool(&self.values, &self.grid, cell_mm, |mean| mean as f32)
    }

    /// The same cells with other values.
    pub(super) fn map(&self, value: impl Fn(f32) -> f32) -> Self {
        Self {
            grid: self.grid.clone(),
            values: self.values.iter().map(|v| value(*v)).collect(),
        }
    }

    /// Smoothed by a Gaussian of `fwhm_mm` along each axis; a cell without value stays without.
    pub(super) fn smoothed(&self, fwhm_mm: f64) -> Self {
        let size = self.grid.size();
        let spacing_mm = self.grid.spacing_mm();
        let mut values = self.values.clone();
        for (axis, spacing_mm) in spacing_mm.iter().enumerate() {
            values = smoothed_along(&values, size, axis, fwhm_mm / FWHM_OF_SIGMA / spacing_mm);
        }
        Self {
            grid: self.grid.clone(),
            values,
        }
    }

    /// Value and slope at a voxel coordinate; `None` outside, or beside a cell without value.
    ///
    /// As in [`crate::volume::sample`], a cell reaches half a step around its centre.
    #[inline]
    pub(super) fn at(&self, coordinate: [f32; 3]) -> Option<Sample> {
        let size = self.grid.size();
        let mut base = [0usize; 3];
        let mut step = [0usize; 3];
        let mut part = [0f32; 3];
        let stride = [1, size[0], size[0] * size[1]];
        for axis in 0..3 {
            let last = (size[axis] - 1) as f32;
            let c = coordinate[axis];
            if !(c >= -0.5 && c <= last + 0.5) {
                return None;
            }
            let c = c.clamp(0.0, last);
            // Below the last cell, so that there is a neighbour above; a lone cell is its own neighbour.
            let below = (c as usize).min(size[axis].saturating_sub(2));
            base[axis] = below * stride[axis];
            step[axis] = if size[axis] > 1 { stride[axis] } else { 0 };
            part[axis] = c - below as f32;
        }
        let first = base[0] + base[1] + base[2];
        let [sx, sy, sz] = step;
        let v = &self.values;
        let (a, b) = (v[first], v[first + sx]);
        let (c, d) = (v[first + sy], v[first + sy + sx]);
        let (e, f) = (v[first + sz], v[first + sz + sx]);
        let (g, h) = (v[first + sz + sy], v[first + sz + sy + sx]);
        let [x, y, z] = part;
        let (ab, cd, ef, gh) = (a + x * (b - a), c + x * (d - c), e + x * (f - e), g + x * (h - g));
        let (low, high) = (ab + y * (cd - ab), ef + y * (gh - ef));
        let value = low + z * (high - low);
        if !value.is_finite() {
            return None;
        }
        let along_x_low = (b - a) + y * ((d - c) - (b - a));
        let along_x_high = (f - e) + y * ((h - g) - (f - e));
        let along_y_low = cd - ab;
        let along_y_high = gh - ef;
        Some(Sample {
            value,
            slope: [
                along_x_low + z * (along_x_high - along_x_low),
                along_y_low + z * (along_y_high - along_y_low),
                high - low,
            ],
        })
    }

    /// Centre of cell `index`, LPS in mm.
    pub(super) fn place(&self, index: usize) -> Point<Patient> {
        let [columns, rows, _] = self.grid.size();
        let at = [index % columns, index / columns % rows, index / (columns * rows)];
        self.grid.patient(Point::<Voxel>::from(at.map(|n| n as f64)))
    }
}

/// Calls `each` with a cell and those that touch it, as far as they are in the image.
fn around(index: usize, size: [usize; 3], mut each: impl FnMut(usize)) {
    let at = [
        index % size[0],
        index / size[0] % size[1],
        index / (size[0] * size[1]),
    ];
    let range = |axis: usize| at[axis].saturating_sub(1)..=(at[axis] + 1).min(size[axis] - 1);
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                each((k * size[1] + j) * size[0] + i);
            }
        }
    }
}

/// Whether a cell and all that touch it are set.
fn all_around(set: &[bool], size: [usize; 3]) -> Vec<bool> {
    let of = |index: usize| {
        let mut all = set[index];
        if all {
            around(index, size, |beside| all &= set[beside]);
        }
        all
    };
    (0..set.len()).map(of).collect()
}

/// Full width at half maximum of a Gaussian for each of its standard deviation: 2 √(2 ln 2).
const FWHM_OF_SIGMA: f64 = 2.354_820_045_030_949_3;

/// Weighted means along one axis, over finite values.
fn smoothed_along(values: &[f32], size: [usize; 3], axis: usize, sigma: f64) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as usize;
    if reach == 0 || size[axis] == 1 || sigma < 0.05 {
        return values.to_vec();
    }
    let weight = |n: usize| (-0.5 * (n as f64 / sigma).powi(2)).exp() as f32;
    let weights: Vec<f32> = (0..=reach).map(weight).collect();
    let stride = [1, size[0], size[0] * size[1]][axis];
    let of = |index: usize| {
        let at = index / stride % size[axis];
        if !values[index].is_finite() {
            return f32::NAN;
        }
        let (mut sum, mut all) = (0.0, 0.0);
        for n in at.saturating_sub(reach)..=(at + reach).min(size[axis] - 1) {
            let value = values[index - at * stride + n * stride];
            if value.is_finite() {
                let weight = weights[n.abs_diff(at)];
                sum += weight * value;
                all += weight;
            }
        }
        sum / all
    };
    in_pieces(values.len(), |range| range.map(of).collect::<Vec<_>>()).concat()
}

/// An uneven stack on even slices at its median distance.
fn at_even_distances(volume: &Volume) -> Option<Volume> {
    let grid = volume.grid();
    let [columns, rows, slices] = grid.size();
    let from = grid.patient(Point::new(0.0, 0.0, 0.0));
    let to = grid.patient(Point::new(0.0, 0.0, slices as f64 - 1.0));
    let [.., step_mm] = grid.spacing_mm();
    // A gap of a thousand slices is no reason to make a million.
    let count = ((from.distance(to) / step_mm).round() as usize + 1).min(4 * slices + 64);
    let steps = (count - 1).max(1) as f64;
    let along = Vector::from((to - from).xyz / steps);
    let own = grid.patient_from_voxel();
    let even = Grid::new(
        [columns, rows, count],
        Affine::from_axes([own.axis(0), own.axis(1), along], from),
    )
    .ok()?;
    resample(volume, &even, Interpolation::Linear, f32::NAN).ok()
}

/// Cells a side, voxels a cell and the first voxel that is taken, of one axis.
fn cells(voxels: usize, spacing_mm: f64, cell_mm: f64) -> (usize, usize, usize) {
    let factor = ((cell_mm / spacing_mm).round() as usize).clamp(1, voxels);
    let count = voxels / factor;
    (count, factor, (voxels - count * factor) / 2)
}

fn pool<T: Stored>(values: &[T], grid: &Grid, cell_mm: f64, real: impl Fn(f64) -> f32 + Sync) -> Image {
    let size = grid.size();
    let spacing_mm = grid.spacing_mm();
    let axes: [(usize, usize, usize); 3] =
        std::array::from_fn(|axis| cells(size[axis], spacing_mm[axis], cell_mm));
    let coarse = axes.map(|(count, ..)| count);
    let mut pooled = vec![0f32; coarse.iter().product()];
    let plane = coarse[0] * coarse[1];
    let fill = |(k, out): (usize, &mut [f32])| {
        let mut line = Line::new(size[0]);
        for (j, out) in out.chunks_exact_mut(coarse[0]).enumerate() {
            line.clear();
            for slice in axes[2].2 + k * axes[2].1..axes[2].2 + (k + 1) * axes[2].1 {
                for row in axes[1].2 + j * axes[1].1..axes[1].2 + (j + 1) * axes[1].1 {
                    let first = (slice * size[1] + row) * size[0];
                    line.add(&values[first..first + size[0]]);
                }
            }
            let (_, factor, start) = axes[0];
            for (i, out) in out.iter_mut().enumerate() {
                *out = line.mean(start + i * factor, factor).map_or(f32::NAN, &real);
            }
        }
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        pooled.par_chunks_mut(plane).enumerate().for_each(fill);
    }
    #[cfg(not(feature = "parallel"))]
    pooled.chunks_mut(plane).enumerate().for_each(fill);
    Image {
        grid: coarser(grid, axes),
        values: pooled,
    }
}

fn coarser(grid: &Grid, axes: [(usize, usize, usize); 3]) -> Grid {
    let own = grid.patient_from_voxel();
    let first = axes.map(|(_, factor, start)| start as f64 + (factor as f64 - 1.0) / 2.0);
    let scaled: [Vector<Patient>; 3] = std::array::from_fn(|axis| own.axis(axis) * axes[axis].1 as f64);
    let affine = Affine::from_axes(scaled, *own * Point::<Voxel>::from(first));
    Grid::new(axes.map(|(count, ..)| count), affine).expect("cells of a grid span space as its voxels do")
}

/// Sums and counts of finite values, a column each.
struct Line {
    sums: Vec<f32>,
    counts: Vec<f32>,
}

impl Line {
    fn new(columns: usize) -> Self {
        Self {
            sums: vec![0.0; columns],
            counts: vec![0.0; columns],
        }
    }

    fn clear(&mut self) {
        self.sums.fill(0.0);
        self.counts.fill(0.0);
    }

    fn add<T: Stored>(&mut self, row: &[T]) {
        for ((sum, count), value) in self.sums.iter_mut().zip(&mut self.counts).zip(row) {
            let value = value.to_f32();
            let finite = value.is_finite();
            *sum += if finite { value } else { 0.0 };
            *count += if finite { 1.0 } else { 0.0 };
        }
    }

    fn mean(&self, first: usize, many: usize) -> Option<f64> {
        let sum: f64 = self.sums[first..first + many].iter().map(|v| f64::from(*v)).sum();
        let count: f64 = self.counts[first..first + many]
            .iter()
            .map(|v| f64::from(*v))
            .sum();
        (count > 0.0).then(|| sum / count)
    }
}

#[cfg(test)]
mod tests {
    use super::Image;
    use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
    use crate::volume::{Rescale, Unit, Volume, Voxels};

    fn oblique() -> Affine<Patient, Voxel> {
        let turn = Affine::rotation(Point::new(5.0, 0.0, 0.0), Vector::new(1.0, 2.0, 0.5), 0.4).unwrap();
        let axes = [
            Vector::new(1.0, 0.0, 0.0),
            Vector::new(0.0, 1.5, 0.0),
            Vector::new(0.0, 0.2, 3.0),
        ];
        turn * Affine::from_axes(axes, Point::new(-20.0, 3.0, 8.0))
    }

    /// Values that rise along a direction of patient space.
    fn ramp(size: [usize; 3]) -> Volume {
        let grid = Grid::new(size, oblique()).unwrap();
        let value = |n: usize| {
            let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
            rise(grid.patient(Point::from(at.map(|n| n as f64)))) as f32
        };
        let voxels = Voxels::F32((0..grid.voxels()).map(value).collect());
        Volume::new(grid, voxels, Rescale::IDENTITY, Unit::Unspecified).unwrap()
    }

    fn rise(place: Point<Patient>) -> f64 {
        2.0 * place[0] - place[1] + 0.5 * place[2]
    }

    #[test]
    fn pooling_keeps_a_rise_where_it_is() {
        let image = Image::of_volume(&ramp([17, 13, 9]), 3.1);
        assert_eq!(image.grid.size(), [5, 6, 9]);
        for (index, value) in image.values.iter().enumerate() {
            assert!((f64::from(*value) - rise(image.place(index))).abs() < 1e-3);
        }
        let again = image.pooled(6.0);
        assert_eq!(again.grid.size(), [2, 3, 4]);
        for (index, value) in again.values.iter().enumerate() {
            assert!((f64::from(*value) - rise(again.place(index))).abs() < 1e-3);
        }
    }

    #[test]
    fn a_sample_has_the_value_and_slope_of_a_rise() {
        let image = Image::of_volume(&ramp([17, 13, 9]), 1.0);
        let at = Point::<Voxel>::new(3.3, 7.8, 5.1);
        let sample = image.at([3.3, 7.8, 5.1]).unwrap();
        assert!((f64::from(sample.value) - rise(image.grid.patient(at))).abs() < 1e-3);
        for axis in 0..3 {
            let along = image.grid.patient_from_voxel().axis(axis);
            let expected = 2.0 * along[0] - along[1] + 0.5 * along[2];
            assert!((f64::from(sample.slope[axis]) - expected).abs() < 1e-3);
        }
        assert!(image.at([-0.6, 0.0, 0.0]).is_none());
        assert!(image.at([16.4, 12.4, 8.4]).is_some());
        assert!(image.at([f32::NAN, 0.0, 0.0]).is_none());
    }

    #[test]
    fn cells_without_values_are_not_read() {
        let grid = Grid::new([4, 1, 1], oblique()).unwrap();
        let values = vec![1.0, f32::NAN, f32::NAN, f32::INFINITY];
        let volume = Volume::new(
            grid,
            Voxels::F32(values.into()),
            Rescale::IDENTITY,
            Unit::Unspecified,
        )
        .unwrap();
        let image = Image::of_volume(&volume, 2.0);
        assert_eq!(image.values.len(), 2);
        assert_eq!(image.values[0], 1.0);
        assert!(image.values[1].is_nan());
        assert!(image.at([0.6, 0.0, 0.0]).is_none());
    }

    #[test]
    fn uneven_slices_become_even_ones() {
        let upright = Affine::from_axes(
            [
                Vector::new(1.0, 0.0, 0.0),
                Vector::new(0.0, 1.0, 0.0),
                Vector::new(0.0, 0.0, 1.0),
            ],
            Point::new(0.0, 0.0, 0.0),
        );
        let grid = Grid::with_slice_positions([2, 2, 4], upright, vec![0.0, 1.0, 2.0, 5.0]).unwrap();
        let values: Vec<u8> = [0, 10, 20, 50].iter().flat_map(|v| [*v; 4]).collect();
        let volume = Volume::new(grid, Voxels::U8(values.into()), Rescale::IDENTITY, Unit::Counts).unwrap();
        let image = Image::of_volume(&volume, 1.0);
        assert_eq!(image.grid.size(), [2, 2, 6]);
        assert_eq!(image.values[4 * 4], 40.0);
    }
}
