//! Median and quartiles of many values without a copy of them all.

/// Up to this many values are collected and partitioned; more are counted where they lie.
const COLLECTED: usize = 1 << 20;

/// Gives the lower quartile, the median and the upper quartile of the `count` values that `visit` shows;
/// `None` for no values. No value may be NaN.
///
/// A quantile `p` lies at place `p (count - 1)` of the sorted values counted from 0, between two values
/// linearly (Hyndman and Fan's type 7, the default of numpy and R). `visit` is called once for up to a
/// million values and four times beyond, each time with the same values in any order; memory stays below
/// 12 MB.
pub(super) fn quartiles(count: usize, visit: impl Fn(&mut dyn FnMut(f64))) -> Option<[f64; 3]> {
    match count {
        0 => None,
        1..=COLLECTED => Some(of_collected(count, visit)),
        _ => Some(of_counted(count, visit)),
    }
}

/// The ranks on both sides of a quartile, and how far it lies from the lower to the upper one.
fn place(count: usize, quarters: usize) -> (usize, usize, f64) {
    let fourfold = (count - 1) * quarters;
    let below = fourfold / 4;
    ((below), (below + 1).min(count - 1), (fourfold % 4) as f64 / 4.0)
}

fn between(lower: f64, upper: f64, part: f64) -> f64 {
    // The difference of infinities would be none.
    if lower == upper {
        lower
    } else {
        lower + (upper - lower) * part
    }
}

fn of_collected(count: usize, visit: impl Fn(&mut dyn FnMut(f64))) -> [f64; 3] {
    let mut values = Vec::with_capacity(count);
    visit(&mut |value| values.push(value));
    let mut sorted_to = 0;
    [1, 2, 3].map(|quarters| {
        let (lower, upper, part) = place(count, quarters);
        // What is below the quartile before stays there: each search is in what is left.
        let from = sorted_to.min(lower);
        let (_, at, above) = values[from..].select_nth_unstable_by(lower - from, f64::total_cmp);
        let at = *at;
        sorted_to = lower;
        let next = above.iter().copied().fold(f64::INFINITY, f64::min);
        between(at, if upper > lower { next } else { at }, part)
    })
}

/// Finds the values of all ranks at once, 16 bits at a time, from counts of what follows the bits already
/// known.
fn of_counted(count: usize, visit: impl Fn(&mut dyn FnMut(f64))) -> [f64; 3] {
    let places = [1, 2, 3].map(|quarters| place(count, quarters));
    let mut ranks: Vec<Rank> = places
        .iter()
        .flat_map(|(lower, upper, _)| [*lower, *upper])
        .map(|left| Rank { left, key: 0 })
        .collect();
    for shift in [48, 32, 16, 0] {
        let mut known: Vec<u64> = ranks.iter().map(|rank| rank.known(shift)).collect();
        known.dedup();
        let mut counts = vec![0usize; known.len() << 16];
        visit(&mut |value| {
            let own = sortable(value);
            let prefix = above(own, shift);
            if let Some(n) = known.iter().position(|known| *known == prefix) {
                counts[n << 16 | (own >> shift) as usize & 0xffff] += 1;
            }
        });
        for rank in &mut ranks {
            let n = known.iter().position(|known| *known == rank.known(shift));
            let n = n.expect("every rank's bits were counted");
            rank.narrow(&counts[n << 16..(n + 1) << 16], shift);
        }
    }
    [0, 1, 2].map(|n| {
        let [lower, upper] = [ranks[2 * n], ranks[2 * n + 1]].map(|rank| value_of(rank.key));
        between(lower, upper, places[n].2)
    })
}

/// A rank that is looked for: how many values are below it among those with its bits, and its bits.
#[derive(Debug, Clone, Copy)]
struct Rank {
    left: usize,
    key: u64,
}

impl Rank {
    fn known(&self, shift: u32) -> u64 {
        above(self.key, shift)
    }

    fn narrow(&mut self, counts: &[usize], shift: u32) {
        let mut digit = 0;
        while self.left >= counts[digit] {
            self.left -= counts[digit];
            digit += 1;
        }
        self.key |= (digit as u64) << shift;
    }
}

/// The bits above the 16 from `shift`.
fn above(key: u64, shift: u32) -> u64 {
    // A shift by 64 is undefined: before the first round all values match.
    if shift == 48 { 0 } else { key >> (shift + 16) }
}

/// Bits that rise with the value.
fn sortable(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn value_of(sortable: u64) -> f64 {
    f64::from_bits(if sortable >> 63 == 1 {
        sortable & !(1 << 63)
    } else {
        !sortable
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{of_collected, of_counted, quartiles};

    fn visit(values: &[f64]) -> impl Fn(&mut dyn FnMut(f64)) {
        |see| values.iter().for_each(|v| see(*v))
    }

    /// numpy 2.4: `numpy.percentile(values, [25, 50, 75])`.
    #[test]
    fn quartiles_are_those_of_numpy() {
        let check = |values: &[f64], expected: [f64; 3]| {
            let found = quartiles(values.len(), visit(values)).unwrap();
            assert!(
                (0..3).all(|n| (found[n] - expected[n]).abs() < 1e-12),
                "{found:?} {expected:?}"
            );
            assert_eq!(of_counted(values.len(), visit(values)), found);
        };
        check(&[4.0, -1.0, 2.0, 1.0], [0.5, 1.5, 2.5]);
        check(&[5.0, 1.0, 2.0], [1.5, 2.0, 3.5]);
        check(&[7.25], [7.25, 7.25, 7.25]);
        check(&[3.0, 1.0], [1.5, 2.0, 2.5]);
        check(&[0.1, 0.2, 0.4, 0.8, 1.6, 3.2], [0.25, 0.6, 1.4]);
        check(&[-2.0, 9.5, 3.0, 3.0, 8.0, 1.5, 4.0], [2.25, 3.0, 6.0]);
        assert_eq!(quartiles(0, visit(&[])), None);
    }

    proptest! {
        #[test]
        fn counting_and_sorting_agree(values in prop::collection::vec(prop_oneof![-2i32..2, -1000..1000], 1..200), scale in 0.001..1e6f64) {
            let mut values: Vec<f64> = values.into_iter().map(|v| f64::from(v) * scale).collect();
            let counted = of_counted(values.len(), visit(&values));
            prop_assert_eq!(counted, of_collected(values.len(), visit(&values)));
            values.sort_by(f64::total_cmp);
            for (found, quarters) in counted.into_iter().zip(1..) {
                let at = (values.len() - 1) as f64 * f64::from(quarters) / 4.0;
                let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
                let expected = low + (high - low) * at.fract();
                prop_assert!((found - expected).abs() <= 1e-12 * (1.0 + expected.abs()));
            }
        }
    }
}
