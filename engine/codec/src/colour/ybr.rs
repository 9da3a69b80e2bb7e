//! Luminance and colour differences to RGB (PS3.3 C.7.6.3.1.2, ITU-R BT.601).

use crate::{Error, FrameDescription, Photometric, Result};

/// How products are rounded; the two differ by 1 in 45 of the 66 048 sums that 8 bits allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest integer, halves upwards, as if by real arithmetic.
    Exact,
    /// As the Independent JPEG Group's decoder does, and libjpeg-turbo: factors of five decimals in 16
    /// fractional bits. Viewers that take RGB from a JPEG library show these values.
    Jpeg,
}

/// `red = y + red_cr * cr` and so on, in integers of `bits` fractional bits.
struct Matrix {
    luminance: i64,
    black: i64,
    red_cr: i64,
    green_cb: i64,
    green_cr: i64,
    blue_cb: i64,
    half: i64,
    bits: u32,
}

impl Matrix {
    fn new(luminance: f64, black: i64, rounding: Rounding) -> Self {
        let (bits, green_cb, green_cr) = match rounding {
            Rounding::Exact => (40, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587),
            Rounding::Jpeg => (16, -0.34414, -0.71414),
        };
        let scaled = |factor: f64| (factor * (1_i64 << bits) as f64).round() as i64;
        // For exact sums the factors' own error, below 2^-24, must not turn a half downwards; no other sum
        // comes nearer than 1/293500 to a half.
        let lift = if rounding == Rounding::Exact { 1 << 20 } else { 0 };
        // Differences span 224 of 256 steps where luminance spans 219.
        let chroma = if luminance == 1.0 { 1.0 } else { 255.0 / 224.0 };
        Self {
            luminance: scaled(luminance),
            black,
            red_cr: scaled(1.402 * chroma),
            green_cb: scaled(green_cb * chroma),
            green_cr: scaled(green_cr * chroma),
            blue_cb: scaled(1.772 * chroma),
            half: (1 << (bits - 1)) + lift,
            bits,
        }
    }

    fn rgb(&self, [y, cb, cr]: [i64; 3]) -> [i64; 3] {
        let y = self.luminance * (y - self.black) + self.half;
        [
            (y + self.red_cr * cr) >> self.bits,
            (y + self.green_cb * cb + self.green_cr * cr) >> self.bits,
            (y + self.blue_cb * cb) >> self.bits,
        ]
    }
}

/// Turns a decoded frame of 8 or 16 bits a sample from YBR to RGB, in place.
///
/// YBR_FULL and YBR_ICT share one matrix; YBR_PARTIAL_422 has luminance from 16 to 235 (of 8 bits).
///
/// # Errors
///
/// [`Error::Invalid`] for another photometric interpretation or depth.
pub fn rgb_from_ybr(samples: &mut [u8], description: &FrameDescription, rounding: Rounding) -> Result<()> {
    let bits = u32::from(description.bits_stored);
    if description.samples_per_pixel != 3 || !matches!(description.bits_allocated, 8 | 16) || bits < 8 {
        return Err(refused(format!("{bits} of {} bits", description.bits_allocated)));
    }
    let matrix = match description.photometric {
        Photometric::YbrFull | Photometric::YbrFull422 | Photometric::YbrIct => Matrix::new(1.0, 0, rounding),
        Photometric::YbrPartial422 | Photometric::YbrPartial420 => {
            Matrix::new(255.0 / 219.0, 16 << (bits - 8), rounding)
        }
        other => return Err(refused(other.term().to_owned())),
    };
    match description.bits_allocated {
        8 if bits == 8 => convert_bytes(&matrix, samples),
        8 => {
            for pixel in samples.as_chunks_mut::<3>().0 {
                *pixel = convert(&matrix, bits, pixel.map(i64::from)).map(|value| value as u8);
            }
        }
        _ => {
            for pixel in samples.as_chunks_mut::<2>().0.as_chunks_mut::<3>().0 {
                let ybr = pixel.map(|sample| i64::from(u16::from_le_bytes(sample)));
                *pixel = convert(&matrix, bits, ybr).map(|value| (value as u16).to_le_bytes());
            }
        }
    }
    Ok(())
}

/// As [`convert`], from tables of the products.
fn convert_bytes(matrix: &Matrix, samples: &mut [u8]) {
    let table = |factor: i64, zero: i64, offset: i64| -> [i64; 256] {
        std::array::from_fn(|value| factor * (value as i64 - zero) + offset)
    };
    let luminance = table(matrix.luminance, matrix.black, matrix.half);
    let [red_cr, green_cb, green_cr, blue_cb] =
        [matrix.red_cr, matrix.green_cb, matrix.green_cr, matrix.blue_cb].map(|factor| table(factor, 128, 0));
    for pixel in samples.as_chunks_mut::<3>().0 {
        let [y, cb, cr] = pixel.map(usize::from);
        let sums = [red_cr[cr], green_cb[cb] + green_cr[cr], blue_cb[cb]];
        *pixel = sums.map(|sum| ((luminance[y] + sum) >> matrix.bits).clamp(0, 255) as u8);
    }
}

/// Gives RGB within `0..2^bits`.
fn convert(matrix: &Matrix, bits: u32, [y, cb, cr]: [i64; 3]) -> [i64; 3] {
    let centre = 1 << (bits - 1);
    matrix
        .rgb([y, cb - centre, cr - centre])
        .map(|value| value.clamp(0, (1 << bits) - 1))
}

fn refused(found: String) -> Error {
    Error::Invalid {
        what: "YBR frame",
        expected: "8 or 16 bits of YBR_FULL or YBR_PARTIAL_422".to_owned(),
        found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(bits: u16, photometric: Photometric) -> FrameDescription {
        FrameDescription {
            rows: 1,
            columns: 1,
            samples_per_pixel: 3,
            bits_allocated: bits.next_multiple_of(8),
            bits_stored: bits,
            high_bit: bits - 1,
            signed: false,
            planar: false,
            photometric,
        }
    }

    fn check(ybr: [u8; 3], photometric: Photometric, rounding: Rounding, rgb: [u8; 3]) {
        let mut pixel = ybr;
        rgb_from_ybr(&mut pixel, &description(8, photometric), rounding).unwrap();
        assert_eq!(pixel, rgb, "{ybr:?}");
    }

    /// Rounds `numerator / denominator` to the nearest integer, halves upwards, in 0 to 255.
    fn nearest(numerator: i64, denominator: i64) -> u8 {
        (2 * numerator + denominator)
            .div_euclid(2 * denominator)
            .clamp(0, 255) as u8
    }

    #[test]
    fn exact_is_the_inverse_of_the_standard_in_rational_numbers() {
        // PS3.3 C.7.6.3.1.2 defines Y = 0.299 R + 0.587 G + 0.114 B, Cb = (B - Y) / 1.772 + 128 and
        // Cr = (R - Y) / 1.402 + 128, up to four decimals.
        for cb in 0..256_i64 {
            for cr in 0..256_i64 {
                let (b, r) = (cb - 128, cr - 128);
                for y in [0, 16, 100, 128, 200, 255] {
                    let expected = [
                        nearest(1000 * y + 1402 * r, 1000),
                        nearest(587_000 * y - 114 * 1772 * b - 299 * 1402 * r, 587_000),
                        nearest(1000 * y + 1772 * b, 1000),
                    ];
                    check(
                        [y as u8, cb as u8, cr as u8],
                        Photometric::YbrFull,
                        Rounding::Exact,
                        expected,
                    );
                }
            }
        }
    }

    #[test]
    fn jpeg_rounds_as_its_library() {
        // ISO/IEC 10918-5 section 7 with factors of 16 fractional bits, as every JPEG library rounds.
        for cb in 0..=255_u8 {
            for cr in 0..=255_u8 {
                let (b, r) = (i64::from(cb) - 128, i64::from(cr) - 128);
                let clamped = |value: i64| value.clamp(0, 255) as u8;
                let expected = [
                    clamped(128 + ((91881 * r + 32768) >> 16)),
                    clamped(128 + ((-22554 * b - 46802 * r + 32768) >> 16)),
                    clamped(128 + ((116_130 * b + 32768) >> 16)),
                ];
                check([128, cb, cr], Photometric::YbrFull422, Rounding::Jpeg, expected);
            }
        }
    }

    #[test]
    fn grey_stays_grey_and_studio_range_is_stretched() {
        for rounding in [Rounding::Exact, Rounding::Jpeg] {
            check([77, 128, 128], Photometric::YbrIct, rounding, [77; 3]);
            check([16, 128, 128], Photometric::YbrPartial422, rounding, [0; 3]);
            check([235, 128, 128], Photometric::YbrPartial422, rounding, [255; 3]);
            // Pure red of BT.601 in studio range.
            check([81, 90, 240], Photometric::YbrPartial422, rounding, [254, 0, 0]);
        }
    }

    #[test]
    fn deeper_samples_scale() {
        let mut pixel: Vec<u8> = [100_u16 << 4, 90 << 4, 240 << 4]
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        rgb_from_ybr(
            &mut pixel,
            &description(12, Photometric::YbrFull),
            Rounding::Exact,
        )
        .unwrap();
        let rgb: Vec<u16> = pixel
            .as_chunks()
            .0
            .iter()
            .map(|sample| u16::from_le_bytes(*sample))
            .collect();
        // 1600 + 1.402 * 1792; 1600 + 0.344136 * 608 - 0.714136 * 1792; 1600 - 1.772 * 608
        assert_eq!(rgb, [4095, 530, 523]);
    }

    #[test]
    fn what_is_no_ybr_is_refused() {
        for (bits, photometric) in [
            (8, Photometric::YbrRct),
            (8, Photometric::Rgb),
            (32, Photometric::YbrFull),
        ] {
            assert!(rgb_from_ybr(&mut [0; 12], &description(bits, photometric), Rounding::Exact).is_err());
        }
    }
}
