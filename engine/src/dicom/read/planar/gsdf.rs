//! The Grayscale Standard Display Function (PS3.14): how bright equal steps of grey must be to look equal.
//!
//! A display is calibrated when its P-values, from 0 to the largest, are spread evenly over the indices of
//! just noticeable differences between its own darkest and brightest luminance.

/// Luminance, in cd/m², of an index of just noticeable differences from 1 to 1023 (PS3.14 7.1).
///
/// Indices outside give the luminance of the nearest end: 0.05 and 3993.4 cd/m².
///
/// ```
/// use engine::dicom::read::planar::gsdf::luminance_cd_m2;
/// assert!((luminance_cd_m2(1.0) - 0.0500).abs() < 1e-4);
/// ```
#[must_use]
pub fn luminance_cd_m2(jnd: f64) -> f64 {
    const ABOVE: [f64; 5] = [
        -1.301_187_7,
        8.024_263_6e-2,
        1.364_669_9e-1,
        -2.546_840_4e-2,
        1.363_533_4e-3,
    ];
    const BELOW: [f64; 6] = [
        1.0,
        -2.584_019_1e-2,
        -1.032_022_9e-1,
        2.874_562_0e-2,
        -3.197_897_7e-3,
        1.299_263_4e-4,
    ];
    let ln = jnd.clamp(1.0, 1023.0).ln();
    10_f64.powf(polynomial(&ABOVE, ln) / polynomial(&BELOW, ln))
}

/// Index of just noticeable differences of a luminance from 0.05 to 3993.4 cd/m² (PS3.14 7.1, note 1).
///
/// It is an interpolation of its own, not the exact inverse: the two agree to 0.1 of an index. Luminances
/// outside give the index of the nearest end.
#[must_use]
pub fn jnd(luminance_cd_m2: f64) -> f64 {
    const FACTORS: [f64; 9] = [
        71.498_068,
        94.593_053,
        41.912_053,
        9.824_700_4,
        0.281_754_07,
        -1.187_845_5,
        -0.180_143_49,
        0.147_108_99,
        -0.017_046_845,
    ];
    polynomial(&FACTORS, luminance_cd_m2.clamp(0.05, 3993.404).log10()).clamp(1.0, 1023.0)
}

/// Factors are in the order of rising powers.
fn polynomial(factors: &[f64], x: f64) -> f64 {
    factors.iter().rev().fold(0.0, |sum, factor| sum * x + factor)
}

#[cfg(test)]
mod tests {
    use super::{jnd, luminance_cd_m2};

    /// Rows of PS3.14 table B-1, which is given to four decimals; the formula is within 0.3 % of the logarithm.
    #[test]
    fn luminance_is_that_of_the_table() {
        let rows = [
            (1.0, 0.0500),
            (2.0, 0.0547),
            (3.0, 0.0594),
            (4.0, 0.0643),
            (5.0, 0.0696),
            (10.0, 0.0991),
            (1022.0, 3967.5470),
            (1023.0, 3993.4040),
        ];
        for (index, expected) in rows {
            let found = luminance_cd_m2(index);
            assert!(
                (found - expected).abs() <= 1e-4 + 2e-4 * expected,
                "{index}: {found}, not {expected}"
            );
        }
    }

    /// PS3.14 D.2: a film viewer's 12.0 cd/m² is index 233.32.
    #[test]
    fn index_is_the_inverse() {
        assert!((jnd(12.0) - 233.32).abs() < 0.05, "{}", jnd(12.0));
        for index in 1..=1023 {
            let back = jnd(luminance_cd_m2(index.into()));
            assert!((back - f64::from(index)).abs() < 0.1, "{index}: {back}");
        }
    }

    #[test]
    fn ends_hold_for_what_lies_outside() {
        assert_eq!(luminance_cd_m2(0.0), luminance_cd_m2(1.0));
        assert_eq!(luminance_cd_m2(5000.0), luminance_cd_m2(1023.0));
        assert_eq!(jnd(0.0), jnd(0.05));
        assert_eq!(jnd(f64::INFINITY), jnd(3993.404));
    }
}
