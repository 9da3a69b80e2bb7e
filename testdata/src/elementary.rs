//! Elementary functions whose last bit is the same on every machine.
//!
//! The system's `exp`, `sin` and `cos` differ in the last place between C libraries; the studies' bytes
//! must not. Only additions, multiplications, divisions and square roots are used, which IEEE 754 fixes.

use std::f64::consts::{FRAC_PI_2, LN_2, PI};

/// e to the power of `x`, to about 1e-15 relative; 0 below -700, the value at 700 above it.
pub fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let x = x.min(700.0);
    let halvings = (x / LN_2).round();
    let rest = x - halvings * LN_2;
    let series = (1..=16).rev().fold(1.0, |sum, n| 1.0 + rest * sum / f64::from(n));
    // A power of two is only an exponent: exact.
    series * f64::from_bits(((halvings as i64 + 1023) as u64) << 52)
}

/// Sine and cosine of an angle in radians, to about 1e-15 for angles of a few turns.
pub fn sin_cos(angle: f64) -> (f64, f64) {
    let quarters = (angle / FRAC_PI_2).round();
    let rest = angle - quarters * FRAC_PI_2;
    let square = rest * rest;
    let (mut sine, mut cosine) = (1.0, 1.0);
    for n in (1..=10).rev() {
        let n = f64::from(2 * n);
        sine = 1.0 - square * sine / (n * (n + 1.0));
        cosine = 1.0 - square * cosine / (n * (n - 1.0));
    }
    let sine = rest * sine;
    match quarters.rem_euclid(4.0) as u8 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// Natural logarithm of a positive number, to about 1e-15, by Newton's steps on [`exp`].
pub fn ln(x: f64) -> f64 {
    let exponent = ((x.to_bits() >> 52) & 0x7ff) as f64 - 1023.0;
    let mut y = exponent * LN_2;
    for _ in 0..6 {
        let e = exp(y);
        y += 2.0 * (x - e) / (x + e);
    }
    y
}

/// Radians of degrees.
pub const fn radians(degrees: f64) -> f64 {
    degrees * PI / 180.0
}

/// Volume of an ellipsoid of three semi-axes in mm, in mL.
pub fn ellipsoid_ml(semi_mm: [f64; 3]) -> f64 {
    4.0 / 3.0 * PI * semi_mm[0] * semi_mm[1] * semi_mm[2] / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{exp, ln, sin_cos};

    #[test]
    fn functions_agree_with_the_systems() {
        for step in -400..=400 {
            let x = f64::from(step) * 0.05;
            assert!((exp(x) - x.exp()).abs() <= 4e-15 * x.exp(), "exp {x}");
            let (sine, cosine) = sin_cos(x);
            assert!(
                (sine - x.sin()).abs() < 1e-14 && (cosine - x.cos()).abs() < 1e-14,
                "sin {x}"
            );
            let positive = x.abs() + 0.01;
            assert!(
                (ln(positive) - positive.ln()).abs() < 1e-14 * (1.0 + positive.ln().abs()),
                "ln {positive}"
            );
        }
        assert_eq!((exp(0.0), ln(1.0), sin_cos(0.0)), (1.0, 0.0, (0.0, 1.0)));
    }
}
