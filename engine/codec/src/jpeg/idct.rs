//! The inverse discrete cosine transform, exact to the bit as libjpeg's accurate integer method.
//!
//! The scheme of Loeffler, Ligtenberg and Moschytz (1989) with 13-bit constants. Every rounding stands
//! where libjpeg's `jidctint` has it, so that all software built on it shows the same values.

use std::num::Wrapping;

/// Damaged coefficients may overflow; they wrap and the result is clamped.
type Int = Wrapping<i32>;

const CONSTANT_BITS: usize = 13;

/// Position in reading order of each coefficient in zigzag order.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Turns coefficients in reading order into samples of `precision` (8 or 12) bits.
pub(super) fn inverse(coefficients: &[i16; 64], quantization: &[u16; 64], precision: u32) -> [u16; 64] {
    // 12-bit samples leave one bit less for the fraction between the passes.
    let fraction = if precision == 8 { 2 } else { 1 };
    let centre = 1i32 << (precision - 1);
    let largest = 2 * centre - 1;
    let sample = |value: Int| (value.0.wrapping_add(centre)).clamp(0, largest) as u16;

    let mut work = [Wrapping(0); 64];
    for column in 0..8 {
        let input: [Int; 8] = std::array::from_fn(|row| {
            let at = 8 * row + column;
            Wrapping(i32::from(coefficients[at])) * Wrapping(i32::from(quantization[at]))
        });
        let output = if input[1..].iter().all(|value| value.0 == 0) {
            [input[0] << fraction; 8]
        } else {
            transform(input, CONSTANT_BITS - fraction)
        };
        for (row, value) in output.into_iter().enumerate() {
            work[8 * row + column] = value;
        }
    }
    let mut samples = [0; 64];
    let (rows, _) = work.as_chunks::<8>();
    let (out, _) = samples.as_chunks_mut::<8>();
    for (row, out) in rows.iter().zip(out) {
        *out = transform(*row, CONSTANT_BITS + fraction + 3).map(sample);
    }
    samples
}

/// One-dimensional transform, its results rounded off by `shift` bits.
#[inline(always)]
fn transform(input: [Int; 8], shift: usize) -> [Int; 8] {
    let times = |value: Int, constant: i32| value * Wrapping(constant);
    // Even part; constants are round(x * 8192) of sums and differences of sqrt(2) cos(k pi / 16).
    let shared = times(input[2] + input[6], 4433);
    let even2 = shared - times(input[6], 15137);
    let even3 = shared + times(input[2], 6270);
    let even0 = (input[0] + input[4]) << CONSTANT_BITS;
    let even1 = (input[0] - input[4]) << CONSTANT_BITS;
    let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];
    // Odd part.
    let [a, b, c, d] = [input[7], input[5], input[3], input[1]];
    let rotation = times(a + c + b + d, 9633);
    let ac = rotation - times(a + c, 16069);
    let bd = rotation - times(b + d, 3196);
    let ad = times(a + d, -7373);
    let bc = times(b + c, -20995);
    let odd = [
        times(d, 12299) + ad + bd,
        times(c, 25172) + bc + ac,
        times(b, 16819) + bc + bd,
        times(a, 2446) + ad + ac,
    ];
    let round = Wrapping(1 << (shift - 1));
    std::array::from_fn(|at| {
        let value = if at < 4 {
            even[at] + odd[at]
        } else {
            even[7 - at] - odd[7 - at]
        };
        (value + round) >> shift
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition (A.3.3) in floating point.
    fn plain(coefficients: &[i16; 64], quantization: &[u16; 64], centre: f64) -> [f64; 64] {
        let scale = |k: usize| {
            if k == 0 {
                std::f64::consts::FRAC_1_SQRT_2
            } else {
                1.0
            }
        };
        let cosine =
            |at: usize, k: usize| ((2 * at + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        std::array::from_fn(|at| {
            let sum: f64 = (0..64)
                .map(|k| {
                    let value = f64::from(coefficients[k]) * f64::from(quantization[k]);
                    value * scale(k % 8) * scale(k / 8) * cosine(at % 8, k % 8) * cosine(at / 8, k / 8)
                })
                .sum();
            (sum / 4.0 + centre).clamp(0.0, 2.0 * centre - 1.0)
        })
    }

    #[test]
    fn agrees_with_the_definition_within_one() {
        let mut seed = 1u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as i32
        };
        for precision in [8, 12] {
            for round in 0..200 {
                let size = 1 << (precision - 2);
                let coefficients = std::array::from_fn(|k| {
                    let value = random() % size - size / 2;
                    if k > round % 64 {
                        0
                    } else {
                        (value / (1 + k as i32 / 4)) as i16
                    }
                });
                let quantization = std::array::from_fn(|k| 1 + (k as u16 % 5));
                let samples = inverse(&coefficients, &quantization, precision);
                let expected = plain(&coefficients, &quantization, f64::from(1 << (precision - 1)));
                for (sample, expected) in samples.iter().zip(expected) {
                    assert!(
                        (f64::from(*sample) - expected).abs() <= 1.0,
                        "{sample} for {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn zigzag_is_a_permutation() {
        let mut seen = ZIGZAG;
        seen.sort_unstable();
        assert!(
            seen.iter()
                .enumerate()
                .all(|(at, position)| at == usize::from(*position))
        );
    }
}
