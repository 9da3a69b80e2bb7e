//! Transfer functions and label styles as tables that both renderers read.
//!
//! Pre-integration (Engel, Kraus & Ertl 2001) with integral tables: between two samples the value is taken as
//! running straight from one to the other, so what the segment holds back and sends is a difference of two
//! entries of the integrals over the value, divided by the difference of the values.

use crate::colormap::TransferFunction;
use crate::render::{LabelStyle, Labels, Tint};

/// Entries of [`Integrals`] between the lowest and the highest value that are told apart.
pub const ENTRIES: usize = 4096;

/// Beyond this many entries from the table a value is as far as any: keeps infinite values finite.
const FAR: f32 = 1e12;

/// Integrals of a transfer function over the value.
///
/// Entry `n` stands at the place `n - 1`, counted in steps of the table from [`Integrals::low`]: the first and
/// the last lie a step beyond, so that the curves run on levelly when the outermost steps are extended.
#[derive(Debug, Clone, PartialEq)]
pub struct Integrals {
    low: f64,
    steps_per_unit: f64,
    /// Integral of the extinction (per mm), and of the extinction times red, green, blue (0 to 1), over steps.
    entries: Vec<[f32; 4]>,
    /// How many of the steps before each entry hold anything back.
    seen_before: Vec<u32>,
    /// Whether values below and above the table hold nothing back.
    clear: [bool; 2],
}

impl Integrals {
    /// Integrates a transfer function over the real values `range` that occur.
    #[must_use]
    pub fn new(transfer: &TransferFunction, range: [f64; 2]) -> Self {
        let ([low, high], [below, above]) = told_apart(transfer, range);
        let steps_per_unit = ENTRIES as f64 / (high - low);
        let place = |n: usize| low + (n as f64 - 1.0) / steps_per_unit;
        let mut sum = [0.0; 4];
        let mut entries = Vec::with_capacity(ENTRIES + 3);
        let mut seen_before = Vec::with_capacity(ENTRIES + 3);
        let mut seen = 0;
        entries.push([0.0; 4]);
        seen_before.push(0);
        for n in 0..ENTRIES + 2 {
            let part = if n == 0 {
                below
            } else if n > ENTRIES {
                above
            } else {
                integral(transfer, place(n), place(n + 1)).map(|part| part * steps_per_unit)
            };
            seen += u32::from(part[0] > 0.0);
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part;
            }
            entries.push(sum.map(|sum| sum as f32));
            seen_before.push(seen);
        }
        let clear = [below, above].map(|end| end[0] == 0.0);
        Self {
            low,
            steps_per_unit,
            entries,
            seen_before,
            clear,
        }
    }

    /// The real value at place 0.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Steps of the table for a real value higher by 1.
    #[must_use]
    pub fn steps_per_unit(&self) -> f64 {
        self.steps_per_unit
    }

    /// The integrals: [`ENTRIES`] + 3 of extinction, red, green, blue.
    #[must_use]
    pub fn entries(&self) -> &[[f32; 4]] {
        &self.entries
    }

    /// Whether values below and above the table hold nothing back.
    #[must_use]
    pub fn clear(&self) -> [bool; 2] {
        self.clear
    }

    /// Whether a real value from `low` to `high` holds anything back; may say so of one that is within a step
    /// of such values.
    #[must_use]
    pub fn sees(&self, low: f64, high: f64) -> bool {
        let entry = |value: f64| ((value - self.low) * self.steps_per_unit + 1.0).floor();
        let last = ENTRIES + 1;
        let first = entry(low).clamp(0.0, last as f64) as usize;
        let end = entry(high).clamp(0.0, last as f64) as usize + 1;
        self.seen_before[end] > self.seen_before[first]
    }

    /// Extinction per mm, and extinction times red, green, blue, of a segment whose value runs from the place
    /// `a` to the place `b`. Closer values than half a step are read as half a step apart.
    #[inline(always)]
    #[must_use]
    pub fn between(&self, a: f32, b: f32) -> [f32; 4] {
        let (a, b) = (a.clamp(-FAR, FAR), b.clamp(-FAR, FAR));
        let middle = 0.5 * (a + b);
        // Far beyond the table places are too coarse to be told half a step apart; the curve is level there.
        let coarse = (middle.abs() - 4.0 * ENTRIES as f32) * (1.0 / 4096.0);
        let half = (0.5 * (b - a).abs()).max(0.25).max(coarse);
        let (from, to) = (middle - half, middle + half);
        let (below, above) = (self.at(from), self.at(to));
        let per_step = 1.0 / (to - from);
        std::array::from_fn(|n| ((above[n] - below[n]) * per_step).max(0.0))
    }

    /// The integrals at a place.
    #[inline(always)]
    fn at(&self, place: f32) -> [f32; 4] {
        let place = place + 1.0;
        let inside = place.max(0.0).min((ENTRIES + 1) as f32);
        let entry = (inside as usize).min(ENTRIES + 1);
        let part = place - entry as f32;
        let (below, above) = (&self.entries[entry], &self.entries[entry + 1]);
        std::array::from_fn(|n| below[n] + part * (above[n] - below[n]))
    }
}

/// The values between which a transfer function changes where it is seen, within those that occur, and what
/// it is below and above.
fn told_apart(transfer: &TransferFunction, [least, most]: [f64; 2]) -> ([f64; 2], [[f64; 4]; 2]) {
    let opacity = transfer.opacity().points();
    let (first, last) = (opacity[0], opacity[opacity.len() - 1]);
    let color = transfer.color().points();
    let (color_first, color_last) = (color[0].0, color[color.len() - 1].0);
    // What is not seen needs no colours.
    let visible = |pair: &[(f64, f64)]| pair[0].1 > 0.0 || pair[1].1 > 0.0;
    let begins = opacity.windows(2).find(|pair| visible(pair));
    let ends = opacity.windows(2).rfind(|pair| visible(pair));
    let low = if first.1 > 0.0 {
        first.0.min(color_first)
    } else {
        begins.map_or(first.0, |pair| pair[0].0)
    };
    let high = if last.1 > 0.0 {
        last.0.max(color_last)
    } else {
        ends.map_or(last.0, |pair| pair[1].0)
    };
    // A jump at the end of the table lies beyond it; within the values that occur, the curve goes on.
    let below = level(transfer, if least > low { least } else { f64::NEG_INFINITY });
    let above = level(transfer, if most < high { most } else { f64::INFINITY });
    let (low, high) = (low.max(least), high.min(most));
    let size = [low, high, least, most]
        .map(f64::abs)
        .into_iter()
        .filter(|end| end.is_finite());
    let least_width = (1e-6 * size.fold(0.0, f64::max)).max(1e-6);
    if (high - low).is_finite() && high - low > least_width {
        return ([low, high], [below, above]);
    }
    // All that occurs is on one side of the curve's changes, or they are one jump.
    let middle = if low.is_finite() { low } else { 0.0 };
    ([middle - least_width, middle + least_width], [below, above])
}

/// Extinction and colours of a value.
fn level(transfer: &TransferFunction, value: f64) -> [f64; 4] {
    let per_mm = transfer.extinction_per_mm(value);
    let [red, green, blue] = transfer.color().at(value);
    [per_mm, per_mm * red, per_mm * green, per_mm * blue]
}

/// The integrals between two values, piece by piece of the curves.
fn integral(transfer: &TransferFunction, from: f64, to: f64) -> [f64; 4] {
    let opacity = transfer.opacity().points().iter().map(|point| point.0);
    let color = transfer.color().points().iter().map(|point| point.0);
    let mut knots: Vec<f64> = opacity
        .chain(color)
        .filter(|place| *place > from && *place < to)
        .chain([from, to])
        .collect();
    knots.sort_by(f64::total_cmp);
    let mut sum = [0.0; 4];
    for pair in knots.windows(2) {
        let width = pair[1] - pair[0];
        // Gauss-Legendre, three places: the opacity's logarithm is smooth within a piece of a step.
        const PLACES: [(f64, f64); 3] = [
            (0.112_701_665_379_258_3, 5.0 / 18.0),
            (0.5, 8.0 / 18.0),
            (0.887_298_334_620_741_7, 5.0 / 18.0),
        ];
        for (place, weight) in PLACES {
            let part = level(transfer, pair[0] + place * width);
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part * weight * width;
            }
        }
    }
    sum
}

/// What labels look like, by label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelTable {
    /// Of each label: red, green, blue and opacity, 0 to 1.
    styles: Vec<[f32; 4]>,
    /// Whether a label has a style that counts.
    known: Vec<bool>,
}

impl LabelTable {
    /// Bodies: the labels that are seen.
    #[must_use]
    pub fn new(labels: &Labels) -> Self {
        Self::of(labels.styles.iter().filter(|(label, _)| labels.shows(**label)))
    }

    /// Tissue: all labels that have a style.
    #[must_use]
    pub fn tint(tint: &Tint) -> Self {
        Self::of(tint.styles.iter())
    }

    fn of<'a>(styles: impl Iterator<Item = (&'a u16, &'a LabelStyle)> + Clone) -> Self {
        let count = styles.clone().map(|(label, _)| usize::from(*label) + 1).max();
        // One more than the largest label: what all larger ones look like.
        let count = count.unwrap_or(0) + 1;
        let mut table = Self {
            styles: vec![[0.0; 4]; count],
            known: vec![false; count],
        };
        for (label, style) in styles {
            let [red, green, blue] = style.color.map(|part| f32::from(part) / 255.0);
            table.styles[usize::from(*label)] = [red, green, blue, style.opacity as f32];
            table.known[usize::from(*label)] = true;
        }
        table
    }

    /// Whether a label has a style.
    #[inline(always)]
    #[must_use]
    pub fn knows(&self, label: u16) -> bool {
        self.known[usize::from(label).min(self.known.len() - 1)]
    }

    /// The style of a label; zeros without one.
    #[inline(always)]
    #[must_use]
    pub fn style(&self, label: u16) -> [f32; 4] {
        self.styles[usize::from(label).min(self.styles.len() - 1)]
    }

    /// The styles of labels from 0; the last is that of all above.
    #[must_use]
    pub fn styles(&self) -> &[[f32; 4]] {
        &self.styles
    }
}

/// `exp(-x)` of numbers from 0 on, to 3e-7 of it: the same bits on every processor.
#[inline(always)]
#[must_use]
pub fn passing(depth: f32) -> f32 {
    // As 2^(whole + part), the part between -1/2 and 1/2; beyond 2^-126 is nothing.
    let exponent = (-std::f32::consts::LOG2_E * depth).max(-126.0);
    let whole = floor(exponent + 0.5);
    let part = (exponent - whole as f32) * std::f32::consts::LN_2;
    let series = 1.0 / 720.0;
    let series = series * part + 1.0 / 120.0;
    let series = series * part + 1.0 / 24.0;
    let series = series * part + 1.0 / 6.0;
    let series = series * part + 0.5;
    let series = series * part + 1.0;
    let series = series * part + 1.0;
    series * f32::from_bits(((whole + 127) as u32) << 23)
}

/// Rounds towards minus infinity, for numbers of less than 2^31: plain conversions that vector code has.
#[inline(always)]
pub(crate) fn floor(value: f32) -> i32 {
    // Saturates, which costs little beside reads.
    let whole = value as i32;
    whole - i32::from((whole as f32) > value)
}

#[cfg(test)]
mod tests {
    use super::{Integrals, passing};
    use crate::colormap::TransferFunction;

    fn bone() -> TransferFunction {
        let opacity = vec![
            (-3024.0, 0.0),
            (140.0, 0.0),
            (200.0, 0.25),
            (450.0, 0.75),
            (3071.0, 0.85),
        ];
        let color = vec![
            (-3024.0, [0; 3]),
            (180.0, [224, 153, 74]),
            (450.0, [255, 240, 242]),
        ];
        TransferFunction::new(opacity, color, 1.0).unwrap()
    }

    /// The mean of the extinction over the value, by many places.
    fn mean(transfer: &TransferFunction, a: f64, b: f64) -> [f64; 4] {
        const PLACES: usize = 20_000;
        let mut sum = [0.0; 4];
        for n in 0..PLACES {
            let part = super::level(transfer, a + (n as f64 + 0.5) / PLACES as f64 * (b - a));
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part / PLACES as f64;
            }
        }
        sum
    }

    fn check(transfer: &TransferFunction, range: [f64; 2], a: f64, b: f64) {
        let table = Integrals::new(transfer, range);
        let place = |value: f64| ((value - table.low()) * table.steps_per_unit()) as f32;
        let found = table.between(place(a), place(b));
        for (found, expected) in found.iter().zip(mean(transfer, a, b)) {
            let error = (f64::from(*found) - expected).abs();
            assert!(
                error < 3e-3 * (1.0 + expected),
                "{a} to {b}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn differences_of_integrals_are_means() {
        let range = [-1024.0, 3071.0];
        for (a, b) in [
            (0.0, 3000.0),
            (3000.0, 0.0),
            (150.0, 150.5),
            (199.0, 199.2),
            (-500.0, 130.0),
            (450.0, 2000.0),
            (2000.0, 2000.0),
            (-1e9, 1e9),
        ] {
            check(&bone(), range, a, b);
        }
        // A window of the values that occur changes nothing within it.
        check(&bone(), [100.0, 500.0], 120.0, 480.0);
        let level = TransferFunction::new(vec![(0.0, 0.5)], vec![(0.0, [255, 0, 51])], 1.0).unwrap();
        check(&level, [-5.0, 5.0], -3.0, 4.0);
        check(&level, [7.0, 7.0], 7.0, 7.0);
    }

    #[test]
    fn what_is_clear_is_nothing_at_all() {
        let table = Integrals::new(&bone(), [-1024.0, 3071.0]);
        assert_eq!(table.clear(), [true, false]);
        let place = |value: f64| ((value - table.low()) * table.steps_per_unit()) as f32;
        assert_eq!(table.between(place(-1000.0), place(140.0))[0], 0.0);
        assert!(!table.sees(-1000.0, 138.0));
        assert!(table.sees(-1000.0, 142.0) && table.sees(5000.0, 6000.0));
    }

    #[test]
    fn infinite_values_are_as_far_as_any() {
        let table = Integrals::new(&bone(), [-1024.0, 3071.0]);
        let level = mean(&bone(), 4000.0, 4000.0);
        let found = table.between(0.0, f32::INFINITY);
        assert!((f64::from(found[0]) - level[0]).abs() < 0.01, "{found:?}");
        assert_eq!(table.between(f32::NEG_INFINITY, 0.0)[0], 0.0);
    }

    #[test]
    fn it_is_the_exponential() {
        assert_eq!(passing(0.0), 1.0);
        for n in 0..20_000 {
            let depth = n as f32 * 0.004;
            let exact = (-f64::from(depth)).exp();
            let error = (f64::from(passing(depth)) - exact).abs();
            assert!(error <= 3e-7 * exact * (1.0 + f64::from(depth)), "{depth}");
        }
        assert!(passing(1e30) < 1e-37 && passing(f32::INFINITY) < 1e-37);
    }
}
