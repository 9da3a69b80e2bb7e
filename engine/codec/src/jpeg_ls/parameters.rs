//! Coding parameters: what an LSE segment presets and what follows from it (T.87 A.2, C.2.4.1).

use crate::{Error, Result};

/// Preset coding parameters of an LSE segment; zero asks for the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Preset {
    pub(super) maxval: u32,
    pub(super) t1: u32,
    pub(super) t2: u32,
    pub(super) t3: u32,
    pub(super) reset: u32,
}

/// The parameters in force during one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters {
    /// Largest sample value.
    pub(super) maxval: i32,
    /// Largest difference between a sample and its reconstruction.
    pub(super) near: i32,
    /// Gradient thresholds.
    pub(super) t1: i32,
    pub(super) t2: i32,
    pub(super) t3: i32,
    /// Count at which a context halves its sums.
    pub(super) reset: u32,
    /// Number of different prediction errors.
    pub(super) range: i32,
    /// Bits of an error stored without prefix code.
    pub(super) qbpp: u32,
    /// Longest code word in bits.
    pub(super) limit: u32,
    /// 2 NEAR + 1, the distance of reconstructed values.
    pub(super) step: i32,
    /// Zeros of a code's prefix that announce a plain value (A.5.3).
    pub(super) prefix_limit: u32,
}

impl Parameters {
    /// Works out the parameters of a scan from samples of `precision` bits (2 to 16).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where the preset or `near` leaves the ranges of table C.1.
    pub(super) fn new(precision: u32, near: u32, preset: Preset) -> Result<Self> {
        let largest = (1i64 << precision) - 1;
        let maxval = ranged("MAXVAL", preset.maxval, largest, 1, largest)?;
        let near = ranged("NEAR", near, 0, 0, (maxval / 2).min(255))?;
        let default = default_thresholds(maxval, near);
        let t1 = ranged("T1", preset.t1, default[0], near + 1, maxval)?;
        let t2 = ranged("T2", preset.t2, clamped(default[1], t1, maxval), t1, maxval)?;
        let t3 = ranged("T3", preset.t3, clamped(default[2], t2, maxval), t2, maxval)?;
        let reset = ranged("RESET", preset.reset, 64, 3, maxval.max(255))?;
        let range = (maxval + 2 * near) / (2 * near + 1) + 1;
        let bpp = ceil_log2(maxval + 1).max(2);
        let limit = 2 * (bpp + bpp.max(8));
        let qbpp = ceil_log2(range);
        Ok(Self {
            maxval: maxval as i32,
            near: near as i32,
            t1: t1 as i32,
            t2: t2 as i32,
            t3: t3 as i32,
            reset: reset as u32,
            range: range as i32,
            qbpp,
            limit,
            step: (2 * near + 1) as i32,
            prefix_limit: limit - qbpp - 1,
        })
    }

    /// Whether reconstruction is a plain sum modulo a power of two.
    pub(super) fn is_plain_lossless(&self) -> bool {
        self.near == 0 && (self.maxval + 1).count_ones() == 1
    }

    /// [`Parameters::prefix_limit`] for the sample behind a run of an order up to 15 (A.7.2.2).
    pub(super) fn run_prefix_limit(&self, order: u32) -> u32 {
        self.prefix_limit - order - 1
    }

    /// Brings a reconstruction back into the range of samples (A.4.4, A.4.5).
    #[inline(always)]
    pub(super) fn reconstruct<const LOSSLESS: bool>(&self, prediction: i32, error: i32) -> i32 {
        if LOSSLESS {
            return (prediction + error) & self.maxval;
        }
        let mut value = prediction + error * self.step;
        if value < -self.near {
            value += self.range * self.step;
        } else if value > self.maxval + self.near {
            value -= self.range * self.step;
        }
        value.clamp(0, self.maxval)
    }

    /// Quantises a prediction error and brings it to the shortest representative (A.4.4, A.4.5).
    #[inline(always)]
    pub(super) fn quantise<const LOSSLESS: bool>(&self, error: i32) -> i32 {
        let Self {
            maxval,
            near,
            range,
            step,
            ..
        } = *self;
        if LOSSLESS {
            let half = (maxval + 1) >> 1;
            return ((error + half) & maxval) - half;
        }
        let mut error = if error > 0 {
            (error + near) / step
        } else {
            -((near - error) / step)
        };
        if error < 0 {
            error += range;
        }
        if error >= (range + 1) / 2 {
            error -= range;
        }
        error
    }

    /// What the sums of error magnitudes start from (A.2.1).
    pub(super) fn initial_magnitude(&self) -> u32 {
        ((self.range as u32 + 32) / 64).max(2)
    }
}

/// The default thresholds (C.2.4.1.1.1) before T2 and T3 are held above their neighbours.
fn default_thresholds(maxval: i64, near: i64) -> [i64; 3] {
    if maxval >= 128 {
        let factor = (maxval.min(4095) + 128) / 256;
        let raw = [
            factor + 2 + 3 * near,
            factor * 4 + 3 + 5 * near,
            factor * 17 + 4 + 7 * near,
        ];
        [clamped(raw[0], near + 1, maxval), raw[1], raw[2]]
    } else {
        let factor = 256 / (maxval + 1);
        let raw = [
            (3 / factor + 3 * near).max(2),
            (7 / factor + 5 * near).max(3),
            (21 / factor + 7 * near).max(4),
        ];
        [clamped(raw[0], near + 1, maxval), raw[1], raw[2]]
    }
}

/// The standard's CLAMP: a value out of range becomes the range's lower end.
fn clamped(value: i64, lower: i64, upper: i64) -> i64 {
    if value > upper || value < lower {
        lower
    } else {
        value
    }
}

fn ranged(what: &'static str, value: u32, default: i64, lower: i64, upper: i64) -> Result<i64> {
    let chosen = if value == 0 { default } else { i64::from(value) };
    if (lower..=upper).contains(&chosen) {
        return Ok(chosen);
    }
    Err(Error::Invalid {
        what: "JPEG-LS coding parameter",
        expected: format!("{what} in {lower}..={upper}"),
        found: chosen.to_string(),
    })
}

fn ceil_log2(value: i64) -> u32 {
    64 - ((value - 1) as u64).leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(precision: u32, near: u32) -> [i32; 3] {
        let parameters = Parameters::new(precision, near, Preset::default()).unwrap();
        [parameters.t1, parameters.t2, parameters.t3]
    }

    // T.87 table C.3 for 8 bits; the others as WG-04's samples state them in their LSE segments.
    #[test]
    fn default_thresholds_are_those_of_the_standard() {
        assert_eq!(thresholds(8, 0), [3, 7, 21]);
        assert_eq!(thresholds(10, 0), [6, 19, 72]);
        assert_eq!(thresholds(12, 0), [18, 67, 276]);
        assert_eq!(thresholds(16, 0), [18, 67, 276]);
        assert_eq!(thresholds(10, 4), [18, 39, 100]);
        assert_eq!(thresholds(16, 4), [30, 87, 304]);
    }

    #[test]
    fn code_lengths_follow_range_and_precision() {
        let twelve = Parameters::new(12, 0, Preset::default()).unwrap();
        assert_eq!((twelve.range, twelve.qbpp, twelve.limit), (4096, 12, 48));
        let near = Parameters::new(8, 3, Preset::default()).unwrap();
        assert_eq!((near.range, near.qbpp, near.limit), (38, 6, 32));
        assert_eq!(twelve.initial_magnitude(), 64);
        for precision in 2..=16 {
            let parameters = Parameters::new(precision, 0, Preset::default()).unwrap();
            assert!(parameters.run_prefix_limit(15) >= 1);
        }
    }

    #[test]
    fn presets_out_of_range_are_refused() {
        let preset = Preset {
            maxval: 300,
            ..Preset::default()
        };
        assert!(Parameters::new(8, 0, preset).is_err());
        assert!(Parameters::new(8, 128, Preset::default()).is_err());
        let preset = Preset {
            t1: 9,
            t2: 5,
            ..Preset::default()
        };
        assert!(Parameters::new(8, 0, preset).is_err());
    }

    #[test]
    fn quantised_errors_reconstruct_within_near() {
        for (precision, near, maxval) in [(8, 0, 0), (8, 3, 0), (12, 10, 0), (8, 0, 200), (9, 2, 300)] {
            let preset = Preset {
                maxval,
                ..Preset::default()
            };
            let parameters = Parameters::new(precision, near, preset).unwrap();
            for prediction in [0, 1, parameters.maxval / 2, parameters.maxval] {
                for value in 0..=parameters.maxval {
                    let error = parameters.quantise::<false>(value - prediction);
                    let back = parameters.reconstruct::<false>(prediction, error);
                    assert!(
                        (back - value).abs() <= parameters.near,
                        "{prediction} {value} {back}"
                    );
                    if parameters.is_plain_lossless() {
                        let error = parameters.quantise::<true>(value - prediction);
                        assert_eq!(parameters.reconstruct::<true>(prediction, error), value);
                    }
                }
            }
        }
    }
}
