//! Real values of any modality as numbers from 0 to 1 that use all bins.

/// Parts of the values below and above which the rest is taken as the lowest and highest.
const TAIL: f64 = 0.002;

/// Places at which the mapping is kept.
const KNOTS: usize = 256;

/// A rising mapping of real values to 0..1.
#[derive(Debug, Clone)]
pub(super) struct Intensity {
    low: f32,
    high: f32,
    knots: Vec<f32>,
}

impl Intensity {
    /// From the values that matter; `even` is how far the mapping makes all results equally frequent, 0 to 1.
    ///
    /// CT has most of its tissue in a tenth of its range, PET all but some organs: bins of equal width would
    /// tell little apart, bins of equal count would make much of noise.
    ///
    /// `None` when the values are all the same.
    pub fn new(mut values: Vec<f32>, even: f32) -> Option<Self> {
        values.retain(|value| value.is_finite());
        if values.is_empty() {
            return None;
        }
        values.sort_unstable_by(f32::total_cmp);
        let last = values.len() - 1;
        let rank = |part: f64| values[(part * last as f64).round() as usize];
        let (mut low, mut high) = (rank(TAIL), rank(1.0 - TAIL));
        if low >= high {
            (low, high) = (values[0], values[last]);
        }
        if !(high > low && (high - low).is_finite()) {
            return None;
        }
        let knot = |n: usize| {
            let part = n as f32 / (KNOTS - 1) as f32;
            let value = low + part * (high - low);
            let below = values.partition_point(|v| *v < value);
            let up_to = values.partition_point(|v| *v <= value);
            let middle = (below + up_to) as f32 / 2.0 / values.len() as f32;
            even * middle + (1.0 - even) * part
        };
        let knots: Vec<f32> = (0..KNOTS).map(knot).collect();
        let (first, span) = (knots[0], knots[KNOTS - 1] - knots[0]);
        let knots = knots.iter().map(|knot| (knot - first) / span).collect();
        Some(Self { low, high, knots })
    }

    /// The number of a value; NaN of what is no value.
    #[inline]
    pub fn map(&self, value: f32) -> f32 {
        if !value.is_finite() {
            return f32::NAN;
        }
        let at = (value.clamp(self.low, self.high) - self.low) / (self.high - self.low) * (KNOTS - 1) as f32;
        let below = (at as usize).min(KNOTS - 2);
        let part = at - below as f32;
        self.knots[below] + part * (self.knots[below + 1] - self.knots[below])
    }
}

#[cfg(test)]
mod tests {
    use super::Intensity;

    #[test]
    fn a_crowd_of_values_gets_more_room() {
        // Nine tenths of the values lie between 0 and 1, the rest up to 100.
        let values: Vec<f32> = (0..1000)
            .map(|n| {
                if n % 10 == 0 {
                    n as f32 / 10.0
                } else {
                    n as f32 / 1000.0
                }
            })
            .collect();
        let plain = Intensity::new(values.clone(), 0.0).unwrap();
        let even = Intensity::new(values, 0.8).unwrap();
        assert!(plain.map(1.0) < 0.02);
        assert!(even.map(1.0) > 0.6);
        for intensity in [plain, even] {
            assert_eq!((intensity.map(-5.0), intensity.map(1e9)), (0.0, 1.0));
            assert!(intensity.map(f32::NAN).is_nan());
            assert!((1..100).all(|n| intensity.map(n as f32) >= intensity.map(n as f32 - 1.0)));
        }
    }

    #[test]
    fn nothing_can_be_told_of_one_value() {
        assert!(Intensity::new(vec![3.0; 50], 0.5).is_none());
        assert!(Intensity::new(vec![f32::NAN; 50], 0.5).is_none());
        assert!(Intensity::new(Vec::new(), 0.5).is_none());
        assert!(Intensity::new(vec![f32::MIN, f32::MAX], 0.5).is_none());
        // Rare values are all there is to tell.
        let mut rare = vec![0.0; 5000];
        rare[7] = 1.0;
        assert!(Intensity::new(rare, 0.5).is_some());
    }
}
