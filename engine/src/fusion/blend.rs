//! How two colours mix.

/// The part of the upper layer in a mix, in 256ths: 0 shows the lower layer only, 256 the upper only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight(u16);

impl Weight {
    /// The upper layer only.
    pub const FULL: Self = Self(256);

    /// The lower layer only.
    pub const NONE: Self = Self(0);

    /// The nearest weight of a ratio from 0 to 1; `None` for anything else.
    #[must_use]
    pub fn from_ratio(ratio: f64) -> Option<Self> {
        (0.0..=1.0)
            .contains(&ratio)
            .then(|| Self((ratio * 256.0).round() as u16))
    }

    /// The weight in 256ths.
    #[must_use]
    pub const fn of_256(self) -> u16 {
        self.0
    }

    /// The weight in a pixel that is covered in part, in 256ths: all of it for 256.
    #[must_use]
    #[inline(always)]
    pub const fn of_part(self, part_of_256: u16) -> Self {
        let part = if part_of_256 < 256 { part_of_256 } else { 256 };
        Self(((self.0 as u32 * part as u32 + 128) >> 8) as u16)
    }

    /// Mixes one channel: `(lower * (256 - w) + upper * w + 128) / 256`, rounded down.
    ///
    /// Equal channels stay as they are at every weight, and the ends are exact.
    ///
    /// ```
    /// use engine::fusion::Weight;
    /// let half = Weight::from_ratio(0.5).unwrap();
    /// assert_eq!(half.mix(10, 21), 16);
    /// ```
    #[must_use]
    #[inline(always)]
    pub const fn mix(self, lower: u8, upper: u8) -> u8 {
        // At most 255 * 256 + 128: fits 16 bits.
        ((lower as u16 * (256 - self.0) + upper as u16 * self.0 + 128) >> 8) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::Weight;

    #[test]
    fn the_ends_and_equals_are_exact() {
        let weights = (0..=100).map(|percent| Weight::from_ratio(f64::from(percent) / 100.0).unwrap());
        for (weight, a) in weights.zip(0..=u8::MAX) {
            assert_eq!(weight.mix(a, a), a);
            assert_eq!(Weight::FULL.mix(a, 77), 77);
            assert_eq!(Weight(0).mix(a, 77), a);
        }
        assert_eq!(Weight::FULL.of_part(77), Weight(77));
        assert_eq!(Weight(77).of_part(256), Weight(77));
        assert_eq!(Weight(77).of_part(128), Weight(39));
        assert_eq!(Weight(77).of_part(0), Weight(0));
        assert_eq!(Weight::from_ratio(1.001), None);
        assert_eq!(Weight::from_ratio(f64::NAN), None);
    }

    #[test]
    fn a_mix_is_within_one_level_of_the_real_one() {
        for percent in 0..=100 {
            let ratio = f64::from(percent) / 100.0;
            let weight = Weight::from_ratio(ratio).unwrap();
            for (lower, upper) in [(0u8, 255u8), (255, 0), (13, 200), (250, 5)] {
                let real = f64::from(lower) * (1.0 - ratio) + f64::from(upper) * ratio;
                assert!((f64::from(weight.mix(lower, upper)) - real).abs() <= 1.0);
            }
        }
    }
}
