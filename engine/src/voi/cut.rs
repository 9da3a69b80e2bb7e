//! A threshold on real values moved to the stored ones.

use crate::volume::{Rescale, Stored};

/// The stored values whose real value is at least a threshold.
///
/// `slope * stored + intercept` rounded to f64 never falls where the exact value rises, so those stored
/// values are all from one on, or all up to one: to compare with that one decides as the real values do,
/// to the last bit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cut<T> {
    /// No stored value reaches the threshold.
    Nothing,
    /// This one and those above.
    From(T),
    /// This one and those below: the slope is negative.
    UpTo(T),
}

impl<T: Counted> Cut<T> {
    /// The cut for real values of at least `threshold`; nothing is at least NaN.
    pub(super) fn at_least(threshold: f64, rescale: Rescale) -> Self {
        let reaches = |key: u32| rescale.real(f64::from(T::at(key).to_f32())) >= threshold;
        if rescale.slope > 0.0 {
            let first = first_key::<T>(reaches);
            return first.map_or(Self::Nothing, |key| Self::From(T::at(key)));
        }
        match first_key::<T>(|key| !reaches(key)) {
            None => Self::UpTo(T::at(T::LAST)),
            Some(key) if key == T::FIRST => Self::Nothing,
            Some(key) => Self::UpTo(T::at(key - 1)),
        }
    }

    /// Whether a stored value belongs; NaN does not.
    #[inline]
    pub(super) fn holds(self, stored: T) -> bool {
        match self {
            Self::Nothing => false,
            Self::From(cut) => stored >= cut,
            Self::UpTo(cut) => stored <= cut,
        }
    }
}

/// The first key from which on `is_true` holds.
fn first_key<T: Counted>(is_true: impl Fn(u32) -> bool) -> Option<u32> {
    let (mut low, mut high) = (u64::from(T::FIRST), u64::from(T::LAST) + 1);
    while low < high {
        let middle = (low + high) / 2;
        if is_true(middle as u32) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    (low <= u64::from(T::LAST)).then_some(low as u32)
}

/// A stored type whose values, without NaN, can be counted through from the smallest to the largest.
pub(super) trait Counted: Stored {
    /// Key of the smallest value.
    const FIRST: u32;
    /// Key of the largest value.
    const LAST: u32;
    /// The value of a key.
    fn at(key: u32) -> Self;
}

impl Counted for u8 {
    const FIRST: u32 = 0;
    const LAST: u32 = 0xff;
    fn at(key: u32) -> Self {
        key as Self
    }
}

impl Counted for u16 {
    const FIRST: u32 = 0;
    const LAST: u32 = 0xffff;
    fn at(key: u32) -> Self {
        key as Self
    }
}

impl Counted for i16 {
    const FIRST: u32 = 0;
    const LAST: u32 = 0xffff;
    fn at(key: u32) -> Self {
        (key ^ 0x8000) as Self
    }
}

/// Infinities are values; negative ones have the sign bit set and their bits count backwards.
impl Counted for f32 {
    const FIRST: u32 = 0x007f_ffff;
    const LAST: u32 = 0xff80_0000;
    fn at(key: u32) -> Self {
        Self::from_bits(if key >> 31 == 1 { key ^ 0x8000_0000 } else { !key })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Counted, Cut};
    use crate::volume::Rescale;

    fn check<T: Counted>(stored: T, threshold: f64, rescale: Rescale) {
        let real = rescale.real(f64::from(stored.to_f32()));
        let cut = Cut::<T>::at_least(threshold, rescale);
        assert_eq!(
            cut.holds(stored),
            real >= threshold,
            "{real} >= {threshold}, {rescale:?}"
        );
    }

    #[test]
    fn the_keys_of_floats_run_from_infinity_to_infinity() {
        assert_eq!(f32::at(f32::FIRST), f32::NEG_INFINITY);
        assert_eq!(f32::at(f32::LAST), f32::INFINITY);
        assert_eq!(f32::at(0x8000_0000), 0.0);
        assert_eq!((i16::at(0), i16::at(0xffff)), (i16::MIN, i16::MAX));
    }

    #[test]
    fn extremes_and_what_is_no_number() {
        let rescale = Rescale {
            slope: -2.0,
            intercept: 3.0,
        };
        for threshold in [
            f64::NEG_INFINITY,
            f64::INFINITY,
            f64::NAN,
            0.0,
            65539.0,
            -65531.0,
            1e300,
        ] {
            for stored in [
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
                0.0,
                -0.0,
                f32::MIN,
                f32::MAX,
            ] {
                check(stored, threshold, Rescale::IDENTITY);
                check(stored, threshold, rescale);
            }
            for stored in [i16::MIN, -1, 0, 1, i16::MAX] {
                check(stored, threshold, rescale);
            }
            check(0u8, threshold, rescale);
            check(u16::MAX, threshold, rescale);
        }
    }

    proptest! {
        /// The threshold is the real value of a stored one, give or take the last bits: where rounding could decide.
        #[test]
        fn stored_and_real_values_decide_alike(
            slope in prop_oneof![-3.0..-1e-7f64, 1e-7..3.0f64],
            intercept in prop_oneof![Just(0.0), -2000.0..2000.0f64],
            stored: i16,
            float in -3e4..3e4f32,
            step in -2i32..3,
            ulps in -2i64..3,
        ) {
            let rescale = Rescale { slope, intercept };
            let nudged = |real: f64| f64::from_bits((real.to_bits() as i64 + ulps) as u64);
            let near = stored.saturating_add(step as i16);
            check(near, nudged(rescale.real(f64::from(stored))), rescale);
            check(near as u16, nudged(rescale.real(f64::from(stored as u16))), rescale);
            check(near as u8, nudged(rescale.real(f64::from(stored as u8))), rescale);
            let near = f32::from_bits((float.to_bits() as i32 + step) as u32);
            check(near, nudged(rescale.real(f64::from(float))), rescale);
        }
    }
}
