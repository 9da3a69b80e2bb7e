//! The exact median of many values without a copy of them all.

/// Up to this many values are collected and partitioned; more are counted where they lie.
const COLLECTED: usize = 1 << 20;

/// Gives the median of the `count` values that `visit` shows, the mean of the middle two for an even
/// count; `None` for no values. No value may be NaN.
///
/// `visit` is called once for up to a million values and six times beyond, each time with the same
/// values in any order; memory stays below 9 MB.
pub(super) fn median(count: usize, visit: impl Fn(&mut dyn FnMut(f64))) -> Option<f64> {
    match count {
        0 => None,
        1..=COLLECTED => Some(of_collected(count, visit)),
        _ => Some(of_counted(count, visit)),
    }
}

fn of_collected(count: usize, visit: impl Fn(&mut dyn FnMut(f64))) -> f64 {
    let mut values = Vec::with_capacity(count);
    visit(&mut |value| values.push(value));
    let middle = values.len() / 2;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if count % 2 == 1 {
        return *upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower + (*upper - lower) / 2.0
}

/// Finds the value of the lower middle rank 16 bits at a time, from counts of what follows the bits
/// already known.
fn of_counted(count: usize, visit: impl Fn(&mut dyn FnMut(f64))) -> f64 {
    let mut rank = (count - 1) / 2;
    let mut key = 0u64;
    let mut at_or_below = 0;
    for shift in [48, 32, 16, 0] {
        let mut counts = vec![0usize; 1 << 16];
        visit(&mut |value| {
            let own = sortable(value);
            // A shift by 64 is undefined: before the first round all values match.
            if shift == 48 || own >> (shift + 16) == key >> (shift + 16) {
                counts[(own >> shift) as usize & 0xffff] += 1;
            }
        });
        let mut digit = 0;
        while rank >= counts[digit] {
            rank -= counts[digit];
            at_or_below += counts[digit];
            digit += 1;
        }
        key |= (digit as u64) << shift;
        if shift == 0 {
            at_or_below += counts[digit];
        }
    }
    let lower = value_of(key);
    if count % 2 == 1 || at_or_below > count / 2 {
        return lower;
    }
    let mut upper = f64::INFINITY;
    visit(&mut |value| {
        if sortable(value) > key {
            upper = upper.min(value);
        }
    });
    lower + (upper - lower) / 2.0
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

    use super::{median, of_collected, of_counted};

    fn visit(values: &[f64]) -> impl Fn(&mut dyn FnMut(f64)) {
        |see| values.iter().for_each(|v| see(*v))
    }

    #[test]
    fn an_even_count_gives_the_mean_of_the_middle_two() {
        assert_eq!(median(4, visit(&[4.0, -1.0, 2.0, 1.0])), Some(1.5));
        assert_eq!(median(3, visit(&[5.0, 1.0, 2.0])), Some(2.0));
        assert_eq!(median(0, visit(&[])), None);
    }

    proptest! {
        #[test]
        fn counting_and_sorting_agree(values in prop::collection::vec(prop_oneof![-2i32..2, -1000..1000], 1..200), scale in 0.001..1e6f64) {
            let mut values: Vec<f64> = values.into_iter().map(|v| f64::from(v) * scale).collect();
            let counted = of_counted(values.len(), visit(&values));
            prop_assert_eq!(counted, of_collected(values.len(), visit(&values)));
            values.sort_by(f64::total_cmp);
            let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
            prop_assert!((counted - (low + high) / 2.0).abs() <= 1e-12 * (1.0 + counted.abs()));
        }
    }
}
