//! What a sphere of even uptake looks like through a scanner of Gaussian resolution, in closed form.
//!
//! The convolution of a ball of radius R with a Gaussian of standard deviation s depends on r / s and
//! u = R / s alone, and r times it is the one-dimensional convolution of x within (-R, R), whose
//! derivatives are elementary. Exponential and error function are summed here, from operations that
//! IEEE 754 fixes to the last bit: voxels are counted by what follows from them.

/// From full width at half maximum to standard deviation: 1 / (2 sqrt(2 ln 2)).
const SD_PER_FWHM: f64 = 0.424_660_900_144_009_5;

const SQRT_2: f64 = std::f64::consts::SQRT_2;

/// 1 / sqrt(2 pi): the height of the Gaussian of standard deviation 1.
const HEIGHT: f64 = 0.398_942_280_401_432_7;

/// Below this radius in standard deviations only the resolution is seen.
const SMALLEST: f64 = 0.3;

/// A ball, as seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlurredSphere {
    /// Its radius in standard deviations of the resolution.
    u: f64,
}

impl BlurredSphere {
    /// The ball of a volume in mL at a resolution in mm, full width at half maximum.
    pub(super) fn of_volume(ml: f64, fwhm_mm: f64) -> Self {
        Self {
            u: (radius_mm(ml) / sd_of_fwhm(fwhm_mm)).max(SMALLEST),
        }
    }

    /// Value at the true edge, as a part of the value at the centre: the level whose contour has the
    /// ball's own volume. It is one half for a large ball and least, 0.374, for a radius of 1.1 FWHM.
    pub(super) fn edge_level(self) -> f64 {
        let u = self.u;
        let edge = erf(SQRT_2 * u) / 2.0 - HEIGHT / u * (1.0 - exp_minus(2.0 * u * u));
        let center = erf(u / SQRT_2) - 2.0 * HEIGHT * u * exp_minus(u * u / 2.0);
        edge / center
    }

    /// What the Laplacian counts, so that its sum with the second derivative along the gradient is 0 at
    /// the true edge.
    ///
    /// The second derivative alone changes its sign within a curved edge, the Laplacian beyond it, by the
    /// same distance s * s / R in the first order; the plain sum (Verbeek and van Vliet, IEEE Trans. PAMI
    /// 16:726, 1994) is exact for large balls and this weight for all.
    pub(super) fn laplacian_weight(self) -> f64 {
        let u = self.u;
        let (near, far) = (HEIGHT, HEIGHT * exp_minus(2.0 * u * u));
        let laplacian = (far - near + 2.0 * u * u * far) / u;
        let slope = ((near - far) / u - u * (near + far)) / u;
        -(laplacian - 2.0 * slope / u) / laplacian
    }
}

/// Radius of a ball in mm by its volume in mL.
pub(super) fn radius_mm(ml: f64) -> f64 {
    cube_root(ml * 1000.0 * 3.0 / (4.0 * std::f64::consts::PI))
}

/// Standard deviation of a Gaussian given by its full width at half maximum.
pub(super) fn sd_of_fwhm(fwhm_mm: f64) -> f64 {
    fwhm_mm * SD_PER_FWHM
}

/// `exp(-x)` for `x >= 0`, to within 1e-11 of itself.
pub(super) fn exp_minus(x: f64) -> f64 {
    if x > 700.0 {
        return 0.0;
    }
    let (mut part, mut squarings) = (x, 0);
    while part > 0.01 {
        part /= 2.0;
        squarings += 1;
    }
    let mut value = (1..=6).rev().fold(1.0, |sum, n| 1.0 - part / f64::from(n) * sum);
    for _ in 0..squarings {
        value *= value;
    }
    value
}

/// The error function of `x >= 0`: a series of positive terms.
fn erf(x: f64) -> f64 {
    if x > 6.0 {
        return 1.0;
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..160 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    // 2 / sqrt(pi) = 2 sqrt(2) times the height.
    2.0 * SQRT_2 * HEIGHT * exp_minus(x * x) * sum
}

/// The cube root of a positive number, by Newton's steps from above.
fn cube_root(value: f64) -> f64 {
    let mut root = value.max(1.0);
    loop {
        let next = root - (root - value / (root * root)) / 3.0;
        // Once rounding rules, the steps no longer fall.
        if next >= root || next.is_nan() {
            return root;
        }
        root = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BlurredSphere, cube_root, erf, exp_minus, sd_of_fwhm};

    fn sphere(u: f64) -> BlurredSphere {
        BlurredSphere { u }
    }

    /// The blurred ball at `r`, both in standard deviations, summed in shells: the definition.
    fn summed(r: f64, u: f64) -> f64 {
        const STEPS: usize = 40_000;
        let step = u / STEPS as f64;
        // Mean over a shell of radius q of the Gaussian about a point at r.
        let shell = |q: f64| {
            let (near, far) = ((r - q) * (r - q) / 2.0, (r + q) * (r + q) / 2.0);
            q / r * ((-near).exp() - (-far).exp()) / (std::f64::consts::TAU).sqrt()
        };
        (0..STEPS).map(|n| shell((n as f64 + 0.5) * step) * step).sum()
    }

    #[test]
    fn the_edge_is_where_the_summed_ball_says() {
        for u in [0.5, 1.0, 2.0, 2.94, 5.0, 9.0] {
            let expected = summed(u, u) / summed(1e-4, u);
            assert!(
                (sphere(u).edge_level() - expected).abs() < 1e-6,
                "u {u}: {expected}"
            );
        }
    }

    #[test]
    fn weighted_derivatives_vanish_at_the_edge() {
        for u in [1.0, 2.0, 4.0, 8.0] {
            let step = 1e-2;
            let at = |n: f64| summed(u + n * step, u);
            let slope = (at(1.0) - at(-1.0)) / (2.0 * step);
            let second = (at(1.0) - 2.0 * at(0.0) + at(-1.0)) / (step * step);
            let laplacian = second + 2.0 * slope / u;
            let sum = second + sphere(u).laplacian_weight() * laplacian;
            assert!(sum.abs() < 1e-4, "u {u}: {sum}");
        }
        assert!((sphere(40.0).laplacian_weight() - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_ball_of_known_volume_has_its_radius() {
        // 15 mm across is 1.7671 mL; 6 mm FWHM is 2.54797 mm.
        let ball = BlurredSphere::of_volume(1.767_145_867_6, 6.0);
        assert!((ball.u - 7.5 / 2.547_965_4).abs() < 1e-7);
        assert!((sd_of_fwhm(6.0) - 2.547_965_4).abs() < 1e-7);
        assert!((cube_root(27.0) - 3.0).abs() < 1e-15 && (cube_root(1e-9) - 1e-3).abs() < 1e-15);
    }

    #[test]
    fn the_error_function_has_its_tabled_values() {
        // Abramowitz and Stegun, table 7.1.
        for (x, value) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_8),
            (1.0, 0.842_700_792_9),
            (2.0, 0.995_322_265_0),
        ] {
            assert!((erf(x) - value).abs() < 1e-10, "{x}");
        }
        assert!((erf(5.99) - 1.0).abs() < 1e-11);
    }

    proptest! {
        #[test]
        fn the_exponential_is_the_library_s(x in 0.0..100.0f64) {
            prop_assert!((exp_minus(x) / (-x).exp() - 1.0).abs() < 1e-11);
        }
    }
}
