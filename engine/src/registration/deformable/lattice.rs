//! Displacements as cubic B-splines: smooth everywhere, and each control point moves only what is near it.

use super::taps::Taps;
use crate::geometry::{Affine, DisplacementField, FieldError, Grid, Patient, Point, Vector};

/// How far the linear field may be from the splines, mm.
const FIELD_MM: f64 = 0.1;

/// Voxels of a field at most: 48 MB.
const FIELD_VOXELS: usize = 4_000_000;

/// What one control point adds, mm along x, y, z; the fourth number is 0 and fills a register.
pub(super) type Control = [f32; 4];

/// Control points at even distances along the axes of patient space. Beyond them all displacements fade to 0 within
/// two spacings.
#[derive(Debug, Clone)]
pub(super) struct Lattice {
    /// Place of the first control point.
    pub origin: Point<Patient>,
    pub spacing_mm: f64,
    pub size: [usize; 3],
    /// In reading order, x fastest.
    pub controls: Vec<Control>,
}

/// The control points around a place: the first of them, and the weights of four along each axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    pub first: usize,
    weights: [[f32; 4]; 3],
}

impl Lattice {
    /// Control points, all 0, so that a box may be displaced as a whole and `margin_mm` beyond it.
    pub fn around([low, high]: [Point<Patient>; 2], spacing_mm: f64, margin_mm: f64) -> Self {
        // Every place of the box needs four control points along each axis.
        let margin_mm = margin_mm.max(spacing_mm);
        let origin = low - Vector::new(margin_mm, margin_mm, margin_mm);
        let size = [0, 1, 2].map(|axis| {
            let span_mm = high[axis] - low[axis] + 2.0 * margin_mm;
            (span_mm / spacing_mm).ceil() as usize + 2
        });
        Self {
            origin,
            spacing_mm,
            size,
            controls: vec![[0.0; 4]; size.iter().product()],
        }
    }

    /// The same displacements by control points at half the distance.
    pub fn refined(&self) -> Self {
        let mut controls = self.controls.clone();
        let mut size = self.size;
        let halved = Taps {
            outside: 1,
            phases: vec![(-1, vec![0.125, 0.75, 0.125]), (0, vec![0.5, 0.5])],
        };
        for axis in 0..3 {
            (controls, size) = halved.along(&controls, size, axis);
        }
        let half_mm = self.spacing_mm / 2.0;
        Self {
            origin: self.origin - Vector::new(half_mm, half_mm, half_mm),
            spacing_mm: half_mm,
            size,
            controls,
        }
    }

    /// Where a place lies among control points, from the first one, in spacings.
    pub fn coordinate(&self, place: Point<Patient>) -> [f32; 3] {
        let step = (place - self.origin) * (1.0 / self.spacing_mm);
        [step[0] as f32, step[1] as f32, step[2] as f32]
    }

    /// The control points around a coordinate; `None` where some of them are missing.
    #[inline]
    pub fn near(&self, coordinate: [f32; 3]) -> Option<Near> {
        let mut first = 0;
        let mut weights = [[0.0; 4]; 3];
        for axis in (0..3).rev() {
            let at = coordinate[axis];
            if !(at >= 1.0 && at < (self.size[axis] - 2) as f32) {
                return None;
            }
            let below = at as usize;
            weights[axis] = spline(at - below as f32);
            first = first * self.size[axis] + below - 1;
        }
        Some(Near { first, weights })
    }

    /// Calls `visit` with the index of each row of four control points along x, and the row's weight.
    #[inline]
    fn rows(&self, near: &Near, mut visit: impl FnMut(usize, f32)) {
        let [_, y, z] = &near.weights;
        for (k, z) in z.iter().enumerate() {
            for (j, y) in y.iter().enumerate() {
                visit(near.first + (k * self.size[1] + j) * self.size[0], y * z);
            }
        }
    }

    /// The displacement, mm.
    #[inline]
    pub fn displacement(&self, near: &Near) -> Control {
        let mut sum = [0.0; 4];
        self.rows(near, |first, weight| {
            let row: &[Control; 4] = self.controls[first..first + 4]
                .try_into()
                .expect("four are taken");
            for (control, x) in row.iter().zip(near.weights[0]) {
                for (sum, value) in sum.iter_mut().zip(control) {
                    *sum += weight * x * value;
                }
            }
        });
        sum
    }

    /// Adds to what is collected at control points (those from `from` on) what a push at a place means for each.
    #[inline]
    pub fn collect(&self, near: &Near, push: Control, from: usize, collected: &mut [Control]) {
        self.rows(near, |first, weight| {
            let first = first - from;
            let row: &mut [Control; 4] = (&mut collected[first..first + 4])
                .try_into()
                .expect("four are taken");
            for (sum, x) in row.iter_mut().zip(near.weights[0]) {
                for (sum, push) in sum.iter_mut().zip(push) {
                    *sum += weight * x * push;
                }
            }
        });
    }

    /// Control points from the first to the last that one place needs.
    pub fn span(&self) -> usize {
        3 * self.size[0] * self.size[1] + 3 * self.size[0] + 4
    }

    /// The displacements on a grid fine enough to be linear between its voxels to within 0.1 mm, where that takes no
    /// more than four million of them.
    ///
    /// # Errors
    ///
    /// [`FieldError::NotFinite`] for control points that are not numbers.
    pub fn field(&self) -> Result<DisplacementField, FieldError> {
        let parts = self.parts();
        let fine = Taps {
            outside: 2 * parts,
            phases: (0..parts)
                .map(|n| (-1, spline(n as f32 / parts as f32).to_vec()))
                .collect(),
        };
        let mut values = self.controls.clone();
        let mut size = self.size;
        for axis in 0..3 {
            (values, size) = fine.along(&values, size, axis);
        }
        let step_mm = self.spacing_mm / parts as f64;
        let axes = [
            Vector::new(step_mm, 0.0, 0.0),
            Vector::new(0.0, step_mm, 0.0),
            Vector::new(0.0, 0.0, step_mm),
        ];
        let fade_mm = 2.0 * self.spacing_mm;
        let first = self.origin - Vector::new(fade_mm, fade_mm, fade_mm);
        let grid =
            Grid::new(size, Affine::from_axes(axes, first)).expect("three axes at right angles span space");
        DisplacementField::new(grid, values.iter().map(|[x, y, z, _]| [*x, *y, *z]).collect())
    }

    /// Parts of a spacing, so that a field is close enough to the splines.
    ///
    /// A function is nowhere farther from its linear interpolation than an eighth of the step's square times its
    /// second derivative; that of a spline is a mean of second differences of control points.
    fn parts(&self) -> usize {
        let bend: f64 = (0..3).map(|axis| self.largest_second_difference(axis)).sum();
        let wanted = (bend / 8.0 / FIELD_MM).sqrt().ceil() as usize;
        let voxels = |parts: usize| -> usize { self.size.iter().map(|n| (n + 3) * parts + 1).product() };
        (1..=wanted.clamp(1, 16))
            .rev()
            .find(|parts| voxels(*parts) <= FIELD_VOXELS)
            .unwrap_or(1)
    }

    fn largest_second_difference(&self, axis: usize) -> f64 {
        let second = Taps {
            outside: 1,
            phases: vec![(-1, vec![1.0, -2.0, 1.0])],
        };
        let (bends, _) = second.along(&self.controls, self.size, axis);
        let lengths = bends
            .iter()
            .map(|v| v.iter().map(|v| f64::from(v * v)).sum::<f64>());
        lengths.fold(0.0, f64::max).sqrt()
    }
}

/// Weights of a cubic B-spline for the four control points around a place, `t` beyond the second.
#[inline]
pub(super) fn spline(t: f32) -> [f32; 4] {
    let s = 1.0 - t;
    let middle = |near: f32| (4.0 - 3.0 * near * near * (2.0 - near)) / 6.0;
    [s * s * s / 6.0, middle(t), middle(s), t * t * t / 6.0]
}

#[cfg(test)]
mod tests {
    use super::Lattice;
    use crate::geometry::Point;

    /// Control points that follow no pattern, up to 10 mm.
    fn lattice() -> Lattice {
        let mut lattice = Lattice::around(
            [Point::new(-31.0, 4.0, 9.0), Point::new(52.0, 70.0, 41.0)],
            20.0,
            0.0,
        );
        for (n, control) in lattice.controls.iter_mut().enumerate() {
            let noise = |m: usize| ((3 * n + m) as f32 * 12.9898).sin() * 10.0;
            *control = [noise(0), noise(1), noise(2), 0.0];
        }
        lattice
    }

    fn displacement(lattice: &Lattice, place: Point<crate::geometry::Patient>) -> [f32; 4] {
        lattice.displacement(&lattice.near(lattice.coordinate(place)).unwrap())
    }

    fn places() -> impl Iterator<Item = Point<crate::geometry::Patient>> {
        (0..200).map(|n| {
            let part = |by: f64| (f64::from(n) * by).fract();
            Point::new(
                -31.0 + 83.0 * part(0.37),
                4.0 + 66.0 * part(0.59),
                9.0 + 32.0 * part(0.73),
            )
        })
    }

    #[test]
    fn half_the_distance_moves_nothing() {
        let (coarse, fine) = (lattice(), lattice().refined());
        assert_eq!(fine.spacing_mm, 10.0);
        for place in places() {
            let (a, b) = (displacement(&coarse, place), displacement(&fine, place));
            assert!((0..3).all(|axis| (a[axis] - b[axis]).abs() < 1e-4), "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_field_is_close_to_the_splines() {
        let lattice = lattice();
        let field = lattice.field().unwrap();
        for place in places() {
            let (a, b) = (displacement(&lattice, place), field.at(place));
            let apart = (0..3)
                .map(|axis| (f64::from(a[axis]) - b[axis]).powi(2))
                .sum::<f64>()
                .sqrt();
            assert!(apart < 0.1, "{apart} mm apart at {place:?}");
        }
    }

    #[test]
    fn the_field_ends_in_zeros() {
        let field = lattice().field().unwrap();
        let [columns, rows, slices] = field.grid().size();
        let edge = |n: usize, size: usize| n == 0 || n == size - 1;
        for (n, value) in field.displacements_mm().iter().enumerate() {
            let (i, j, k) = (n % columns, n / columns % rows, n / (columns * rows));
            if edge(i, columns) || edge(j, rows) || edge(k, slices) {
                assert!(value.iter().all(|v| v.abs() < 1e-6), "{value:?}");
            }
        }
    }

    #[test]
    fn collecting_is_the_transpose_of_displacing() {
        let lattice = lattice();
        let place = Point::new(3.0, 20.0, 30.0);
        let near = lattice.near(lattice.coordinate(place)).unwrap();
        let push = [1.0, -2.0, 0.5, 0.0];
        let mut collected = vec![[0.0; 4]; lattice.span()];
        lattice.collect(&near, push, near.first, &mut collected);
        let along: f32 = (0..3)
            .map(|axis| push[axis] * lattice.displacement(&near)[axis])
            .sum();
        let controls = &lattice.controls[near.first..];
        let pairs = collected.iter().zip(controls).flat_map(|(a, b)| a.iter().zip(b));
        let other: f32 = pairs.map(|(a, b)| a * b).sum();
        assert!((along - other).abs() < 1e-3, "{along} {other}");
    }

    #[test]
    fn a_place_at_the_rim_has_no_four_points() {
        let lattice = lattice();
        for outside in [0.9, lattice.size[0] as f32 - 2.0, f32::NAN, f32::INFINITY] {
            assert!(lattice.near([outside, 2.0, 2.0]).is_none());
        }
    }
}
