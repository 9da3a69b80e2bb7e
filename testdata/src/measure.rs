//! Measures on stored voxels by plain loops in f64: what any correct program must find.

use engine::geometry::{Grid, Point, Voxel};

/// Radius of a sphere of 1 mL, mm.
const PEAK_RADIUS_MM: f64 = 6.203_504_908_994;

/// Values on a grid, as read back from the stored integers.
pub struct Values<'a> {
    /// Where the voxels lie; even slices along the patient's axes.
    pub grid: &'a Grid,
    /// Value of a voxel by its index in reading order.
    pub at: &'a (dyn Fn(usize) -> f64 + Sync),
}

/// Statistics of a set of voxels.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Statistics {
    /// Number of voxels.
    pub voxels: usize,
    /// Their volume.
    pub volume_ml: f64,
    /// Smallest value.
    pub min: f64,
    /// Mean value.
    pub mean: f64,
    /// Largest value.
    pub max: f64,
    /// Standard deviation of the population.
    pub sd: f64,
    /// Mean times volume.
    pub tlg: f64,
    /// Column, row, slice of the largest value, the first on ties; slice 0 is nearest the feet.
    pub max_voxel: [usize; 3],
}

/// Largest mean of 1 mL around a lesion, by three definitions.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Peaks {
    /// Sphere on the hottest voxel of the lesion, voxel centres inside.
    pub local: f64,
    /// Largest of the spheres on all voxels of the lesion, voxel centres inside.
    pub global: f64,
    /// As `global`, voxels weighted by the share of them that lies in the sphere.
    pub global_pv: f64,
}

/// Voxels connected to a lesion's hottest one at or above a threshold.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Region {
    /// The threshold, SUV.
    pub threshold: f64,
    /// Voxels of the region.
    pub voxels: usize,
    /// Metabolic volume.
    pub mtv_ml: f64,
    /// Sum of SUV times volume.
    pub tlg: f64,
}

impl Values<'_> {
    fn voxel_of(&self, index: usize) -> [usize; 3] {
        let [columns, rows, _] = self.grid.size();
        [index % columns, index / columns % rows, index / (columns * rows)]
    }

    fn index_of(&self, [i, j, k]: [usize; 3]) -> usize {
        let [columns, rows, _] = self.grid.size();
        (k * rows + j) * columns + i
    }

    /// The neighbour at an offset, unless it lies outside the grid.
    fn neighbour(&self, voxel: [usize; 3], offset: [i64; 3]) -> Option<[usize; 3]> {
        let at = [0, 1, 2].map(|a| voxel[a] as i64 + offset[a]);
        let size = self.grid.size();
        (0..3)
            .all(|a| at[a] >= 0 && at[a] < size[a] as i64)
            .then(|| at.map(|v| v as usize))
    }

    /// Indices of the voxels whose centres a test accepts, within a box around a point.
    pub fn voxels_in(
        &self,
        centre: [f64; 3],
        reach_mm: f64,
        inside: impl Fn([f64; 3]) -> bool,
    ) -> Vec<usize> {
        let (size, spacing) = (self.grid.size(), self.grid.spacing_mm());
        let middle = self.grid.voxel(Point::from(centre));
        let range = |a: usize| {
            let low = (middle[a] - reach_mm / spacing[a] - 1.0).max(0.0) as usize;
            let high = (middle[a] + reach_mm / spacing[a] + 2.0).clamp(0.0, size[a] as f64) as usize;
            low..high
        };
        let mut found = Vec::new();
        for k in range(2) {
            for j in range(1) {
                for i in range(0) {
                    let p = self
                        .grid
                        .patient(Point::<Voxel>::new(i as f64, j as f64, k as f64));
                    if inside([p[0], p[1], p[2]]) {
                        found.push(self.index_of([i, j, k]));
                    }
                }
            }
        }
        found
    }

    /// Statistics of voxels; `None` of none.
    pub fn statistics(&self, voxels: &[usize]) -> Option<Statistics> {
        let hottest = self.hottest(voxels)?;
        let voxel_ml = self.grid.voxel_ml(0);
        let count = voxels.len() as f64;
        let values = || voxels.iter().map(|v| (self.at)(*v));
        let mean = values().sum::<f64>() / count;
        let variance = values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
        Some(Statistics {
            voxels: voxels.len(),
            volume_ml: count * voxel_ml,
            min: values().fold(f64::INFINITY, f64::min),
            mean,
            max: (self.at)(hottest),
            sd: variance.sqrt(),
            tlg: mean * count * voxel_ml,
            max_voxel: self.voxel_of(hottest),
        })
    }

    /// The voxel of the largest value, the first on ties.
    fn hottest(&self, voxels: &[usize]) -> Option<usize> {
        voxels
            .iter()
            .copied()
            .reduce(|best, v| if (self.at)(v) > (self.at)(best) { v } else { best })
    }

    /// The three SUVpeaks of a set of voxels; spheres reach beyond it and are cut at the grid's edge.
    pub fn peaks(&self, voxels: &[usize]) -> Option<Peaks> {
        let binary = peak_kernel(self.grid.spacing_mm(), false);
        let exact = peak_kernel(self.grid.spacing_mm(), true);
        let largest = (self.at)(self.hottest(voxels)?);
        let over = |kernel: &[([i64; 3], f64)], only_hottest: bool| {
            voxels
                .iter()
                .filter(|v| !only_hottest || (self.at)(**v) == largest)
                .map(|v| self.sphere_mean(*v, kernel))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        Some(Peaks {
            local: over(&binary, true),
            global: over(&binary, false),
            global_pv: over(&exact, false),
        })
    }

    fn sphere_mean(&self, centre: usize, kernel: &[([i64; 3], f64)]) -> f64 {
        let voxel = self.voxel_of(centre);
        let (mut sum, mut weights) = (0.0, 0.0);
        for (offset, weight) in kernel {
            if let Some(at) = self.neighbour(voxel, *offset) {
                sum += weight * (self.at)(self.index_of(at));
                weights += weight;
            }
        }
        sum / weights
    }

    /// Grows from the hottest of some voxels over the whole grid: 26 neighbours, `value >= threshold`.
    pub fn region(&self, voxels: &[usize], threshold: f64) -> Option<Region> {
        let seed = self.hottest(voxels)?;
        let mut taken = std::collections::HashSet::new();
        let mut open = Vec::new();
        if (self.at)(seed) >= threshold {
            taken.insert(seed);
            open.push(seed);
        }
        while let Some(voxel) = open.pop() {
            for n in (0..27).filter(|n| *n != 13) {
                let offset = [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1];
                let Some(at) = self.neighbour(self.voxel_of(voxel), offset) else {
                    continue;
                };
                let index = self.index_of(at);
                if (self.at)(index) >= threshold && taken.insert(index) {
                    open.push(index);
                }
            }
        }
        let voxel_ml = self.grid.voxel_ml(0);
        // Summed in reading order: a set's own order changes from run to run, and with it the last bit.
        let mut taken: Vec<usize> = taken.into_iter().collect();
        taken.sort_unstable();
        Some(Region {
            threshold,
            voxels: taken.len(),
            mtv_ml: taken.len() as f64 * voxel_ml,
            tlg: taken.iter().map(|v| (self.at)(*v)).sum::<f64>() * voxel_ml,
        })
    }
}

/// Offsets and weights of a sphere of 1 mL on a voxel: 1 for centres inside, or each voxel's share inside.
fn peak_kernel(spacing_mm: [f64; 3], shares: bool) -> Vec<([i64; 3], f64)> {
    let reach = spacing_mm.map(|s| (PEAK_RADIUS_MM / s).ceil() as i64);
    let mut kernel = Vec::new();
    for k in -reach[2]..=reach[2] {
        for j in -reach[1]..=reach[1] {
            for i in -reach[0]..=reach[0] {
                let centre = [
                    i as f64 * spacing_mm[0],
                    j as f64 * spacing_mm[1],
                    k as f64 * spacing_mm[2],
                ];
                let weight = if shares {
                    share_in_sphere(centre, spacing_mm)
                } else {
                    let squared: f64 = centre.iter().map(|v| v * v).sum();
                    f64::from(squared <= PEAK_RADIUS_MM * PEAK_RADIUS_MM)
                };
                if weight > 0.0 {
                    kernel.push(([i, j, k], weight));
                }
            }
        }
    }
    kernel
}

/// Share of a voxel that lies in the sphere: lines along z are cut exactly, 64 x 64 of them.
fn share_in_sphere(centre: [f64; 3], spacing_mm: [f64; 3]) -> f64 {
    const LINES: u32 = 64;
    let place =
        |a: usize, n: u32| centre[a] + ((f64::from(n) + 0.5) / f64::from(LINES) - 0.5) * spacing_mm[a];
    let (low, high) = (centre[2] - spacing_mm[2] / 2.0, centre[2] + spacing_mm[2] / 2.0);
    let mut sum = 0.0;
    for n in 0..LINES * LINES {
        let (x, y) = (place(0, n % LINES), place(1, n / LINES));
        let half = (PEAK_RADIUS_MM * PEAK_RADIUS_MM - x * x - y * y).max(0.0).sqrt();
        sum += (high.min(half) - low.max(-half)).max(0.0);
    }
    sum / (f64::from(LINES * LINES) * spacing_mm[2])
}

#[cfg(test)]
mod tests {
    use super::{Values, peak_kernel};
    use crate::size::upright;

    #[test]
    fn voxels_of_a_sphere_fill_its_volume() {
        let grid = upright([50, 50, 50], [1.0; 3], [-24.4, -24.3, -24.7]);
        let values = Values {
            grid: &grid,
            at: &|_| 1.0,
        };
        for radius in [8.0f64, 14.0, 18.5] {
            let inside = |p: [f64; 3]| p.iter().map(|v| v * v).sum::<f64>() <= radius * radius;
            let statistics = values
                .statistics(&values.voxels_in([0.0; 3], radius, inside))
                .unwrap();
            let analytic = crate::elementary::ellipsoid_ml([radius; 3]);
            assert!(
                (statistics.volume_ml / analytic - 1.0).abs() < 0.02,
                "{radius} {statistics:?}"
            );
        }
    }

    /// Known counts of centres inside; shares add up to 1 mL.
    #[test]
    fn kernels_have_the_published_sizes() {
        for (spacing, centres) in [
            ([2.0, 2.0, 2.0], 123),
            ([4.0, 4.0, 4.0], 19),
            ([4.0728, 4.0728, 3.0], 21),
            ([3.65, 3.65, 3.27], 27),
            ([2.734, 2.734, 3.27], 39),
        ] {
            assert_eq!(peak_kernel(spacing, false).len(), centres, "{spacing:?}");
            let exact = peak_kernel(spacing, true);
            let volume: f64 = exact.iter().map(|k| k.1).sum::<f64>() * spacing.iter().product::<f64>();
            assert!((volume - 1000.0).abs() < 0.5, "{volume}");
        }
    }

    /// The digital phantom of the IBSI (reference manual, section 2.1): local 2.6, global 3.103448.
    #[test]
    fn peaks_of_the_digital_phantom() {
        const PHANTOM: [f64; 80] = [
            1., 4., 4., 1., 1., 1., 4., 6., 1., 1., 4., 1., 6., 4., 1., 4., 4., 6., 4., 1., 1., 4., 4., 1.,
            1., 1., 1., 6., 1., 1., 1., 1., 3., 1., 1., 4., 4., 6., 1., 1., 1., 4., 4., 1., 1., 1., 1., 1.,
            1., 1., 1., 1., 9., 1., 1., 1., 1., 6., 1., 1., 1., 4., 4., 1., 1., 1., 1., 1., 1., 1., 1., 1.,
            1., 1., 1., 1., 1., 6., 1., 1.,
        ];
        const OUTSIDE: [usize; 6] = [30, 43, 44, 52, 63, 64];
        let grid = upright([5, 4, 4], [2.0; 3], [0.0; 3]);
        let at = |n: usize| PHANTOM[n];
        let values = Values { grid: &grid, at: &at };
        let voi: Vec<usize> = (0..80).filter(|n| !OUTSIDE.contains(n)).collect();
        let peaks = values.peaks(&voi).unwrap();
        assert!(
            (peaks.local - 2.6).abs() < 1e-9 && (peaks.global - 3.103_448).abs() < 1e-6,
            "{peaks:?}"
        );
        assert!((peaks.global_pv - 2.9).abs() < 5e-4, "{peaks:?}");
        let statistics = values.statistics(&voi).unwrap();
        assert!(
            (statistics.mean - 2.148_649).abs() < 1e-6 && (statistics.sd.powi(2) - 3.045_471).abs() < 1e-6
        );
    }

    #[test]
    fn regions_join_over_corners() {
        let grid = upright([3, 3, 1], [10.0; 3], [0.0; 3]);
        let at = |n: usize| [5.0, 0.0, 4.0, 0.0, 3.0, 0.0, 0.0, 0.0, 2.9][n];
        let values = Values { grid: &grid, at: &at };
        let region = values.region(&[0, 1], 3.0).unwrap();
        assert_eq!((region.voxels, region.mtv_ml, region.tlg), (3, 3.0, 12.0));
        assert_eq!(values.region(&[1], 3.0).unwrap().voxels, 0);
    }
}
