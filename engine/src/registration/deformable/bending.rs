//! How much displacements bend: the thin-plate energy, which shifts, turns and even stretches do not have.
//!
//! The integral over all space of the sum of squared second derivatives (Rueckert et al., IEEE TMI 18 (1999) 712) is a
//! quadratic form of the control points whose matrix is a sum of products along the axes: the integrals of products
//! of two B-splines, of their first and of their second derivatives, from 0 to 3 spacings apart.

use super::lattice::{Control, Lattice};
use super::taps::Taps;

/// Integrals of products of two cubic B-splines 0, 1, 2, 3 spacings apart.
const VALUES: [f64; 4] = [2416.0 / 5040.0, 1191.0 / 5040.0, 120.0 / 5040.0, 1.0 / 5040.0];
/// And of their first derivatives.
const SLOPES: [f64; 4] = [2.0 / 3.0, -1.0 / 8.0, -1.0 / 5.0, -1.0 / 120.0];
/// And of their second derivatives.
const CURVES: [f64; 4] = [8.0 / 3.0, -3.0 / 2.0, 0.0, 1.0 / 6.0];

/// The bending energy of a lattice's displacements, in mm (squared second derivatives, 1/mm², over mm³), and its
/// change with each control point.
pub(super) fn bending(lattice: &Lattice) -> (f64, Vec<Control>) {
    let size = lattice.size;
    let take = |values: &[Control], axis: usize, lags: [f64; 4]| taps(lags).along(values, size, axis).0;
    let controls = &lattice.controls;
    let [value, slope, curve] = [VALUES, SLOPES, CURVES].map(|lags| take(controls, 0, lags));
    let flat = take(&value, 1, VALUES);
    let bent = sum([
        (1.0, take(&curve, 1, VALUES)),
        (1.0, take(&value, 1, CURVES)),
        (2.0, take(&slope, 1, SLOPES)),
    ]);
    let sloped = sum([(2.0, take(&slope, 1, VALUES)), (2.0, take(&value, 1, SLOPES))]);
    let mut by_control = sum([
        (1.0, take(&bent, 2, VALUES)),
        (1.0, take(&flat, 2, CURVES)),
        (1.0, take(&sloped, 2, SLOPES)),
    ]);
    // Second derivatives have 1/spacing² each, the volume has spacing³.
    let per_mm = 1.0 / lattice.spacing_mm;
    let pairs = controls.iter().flatten().zip(by_control.iter().flatten());
    let energy = per_mm * pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    for value in by_control.iter_mut().flatten() {
        *value *= 2.0 * per_mm as f32;
    }
    (energy, by_control)
}

fn taps(lags: [f64; 4]) -> Taps {
    let weights = (-3i32..=3).map(|lag| lags[lag.unsigned_abs() as usize] as f32);
    Taps {
        outside: 0,
        phases: vec![(-3, weights.collect())],
    }
}

fn sum<const N: usize>(parts: [(f32, Vec<Control>); N]) -> Vec<Control> {
    let mut sums = vec![[0.0; 4]; parts[0].1.len()];
    for (factor, part) in parts {
        for (sum, value) in sums.iter_mut().flatten().zip(part.iter().flatten()) {
            *sum += factor * value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::bending;
    use crate::geometry::Point;
    use crate::registration::deformable::lattice::Lattice;

    fn lattice() -> Lattice {
        let low = Point::new(0.0, 0.0, 0.0);
        let mut lattice = Lattice::around([low, Point::new(30.0, 20.0, 25.0)], 20.0, 0.0);
        for (n, control) in lattice.controls.iter_mut().enumerate() {
            let noise = |m: usize| ((3 * n + m) as f32 * 12.9898).sin();
            *control = [noise(0), noise(1), noise(2), 0.0];
        }
        lattice
    }

    /// The definition: second differences of the displacements, summed over a fine grid.
    fn by_definition(lattice: &Lattice) -> f64 {
        let mut fine = lattice.clone();
        for _ in 0..4 {
            fine = fine.refined();
        }
        let (size, step) = (fine.size, fine.spacing_mm);
        // So near, control points are the displacements themselves.
        let at = |i: usize, j: usize, k: usize| fine.controls[(k * size[1] + j) * size[0] + i].map(f64::from);
        let mut sum = 0.0;
        for n in 0..fine.controls.len() {
            let (i, j, k) = (n % size[0], n / size[0] % size[1], n / (size[0] * size[1]));
            if [i, j, k]
                .iter()
                .zip(size)
                .any(|(n, size)| *n == 0 || *n == size - 1)
            {
                continue;
            }
            for c in 0..3 {
                let here = 2.0 * at(i, j, k)[c];
                let xx = at(i - 1, j, k)[c] + at(i + 1, j, k)[c] - here;
                let yy = at(i, j - 1, k)[c] + at(i, j + 1, k)[c] - here;
                let zz = at(i, j, k - 1)[c] + at(i, j, k + 1)[c] - here;
                let corner = |a: [usize; 3], b: [usize; 3]| at(a[0], a[1], a[2])[c] + at(b[0], b[1], b[2])[c];
                let xy = corner([i + 1, j + 1, k], [i - 1, j - 1, k])
                    - corner([i + 1, j - 1, k], [i - 1, j + 1, k]);
                let yz = corner([i, j + 1, k + 1], [i, j - 1, k - 1])
                    - corner([i, j + 1, k - 1], [i, j - 1, k + 1]);
                let xz = corner([i + 1, j, k + 1], [i - 1, j, k - 1])
                    - corner([i + 1, j, k - 1], [i - 1, j, k + 1]);
                sum += xx * xx + yy * yy + zz * zz + 2.0 * (xy * xy + yz * yz + xz * xz) / 16.0;
            }
        }
        sum / step
    }

    #[test]
    fn it_is_what_the_definition_says() {
        let lattice = lattice();
        let (found, wanted) = (bending(&lattice).0, by_definition(&lattice));
        assert!((found / wanted - 1.0).abs() < 0.04, "{found} for {wanted}");
    }

    #[test]
    fn its_slope_is_that_of_its_value() {
        let (lattice, by_control) = (lattice(), bending(&lattice()).1);
        for (index, axis) in [(0, 0), (17, 1), (60, 2), (101, 0)] {
            let moved = |by: f32| {
                let mut moved = lattice.clone();
                moved.controls[index][axis] += by;
                bending(&moved).0
            };
            let wanted = (moved(0.5) - moved(-0.5)) as f32;
            let found = by_control[index][axis];
            assert!(
                (found - wanted).abs() < 1e-3 * (1.0 + wanted.abs()),
                "{found} for {wanted}"
            );
        }
    }
}
