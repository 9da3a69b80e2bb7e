//! Numbers at even distances, taken along one axis at a time.

use super::lattice::Control;

/// What is made, along one axis, of values at even distances that are 0 outside.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    /// Results begin and end so many of their own steps outside the values.
    pub outside: usize,
    /// For each result of one step between values: which values it takes, counted from the value at or below it, and
    /// how much of each. As many entries as there are results a step.
    pub phases: Vec<(isize, Vec<f32>)>,
}

impl Taps {
    /// Results from so many values.
    pub fn results(&self, values: usize) -> usize {
        self.phases.len() * (values - 1) + 1 + 2 * self.outside
    }

    /// Takes values, in reading order, along one axis (0, 1, 2), and says how many results lie along each.
    pub fn along(&self, values: &[Control], size: [usize; 3], axis: usize) -> (Vec<Control>, [usize; 3]) {
        let mut results = size;
        results[axis] = self.results(size[axis]);
        let mut taken = vec![[0.0; 4]; results.iter().product()];
        // Lines along x lie in memory as they are; along y and z, whole rows and slices are taken at once.
        let slab: usize = size[..axis].iter().product();
        let line = |(n, taken): (usize, &mut [Control])| {
            let values = &values[n * size[0]..(n + 1) * size[0]];
            for (n, taken) in taken.chunks_exact_mut(1).enumerate() {
                self.one(values, n, taken);
            }
        };
        let rows = |(n, taken): (usize, &mut [Control])| {
            let block = slab * size[axis];
            let first = n / results[axis] * block;
            self.one(&values[first..first + block], n % results[axis], taken);
        };
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            if axis == 0 {
                taken.par_chunks_exact_mut(results[0]).enumerate().for_each(line);
            } else {
                taken.par_chunks_exact_mut(slab).enumerate().for_each(rows);
            }
        }
        #[cfg(not(feature = "parallel"))]
        if axis == 0 {
            taken.chunks_exact_mut(results[0]).enumerate().for_each(line);
        } else {
            taken.chunks_exact_mut(slab).enumerate().for_each(rows);
        }
        (taken, results)
    }

    /// Result `n` of every line through a slab, which is as long as `taken`.
    #[inline]
    fn one(&self, values: &[Control], n: usize, taken: &mut [Control]) {
        let step = self.phases.len() as isize;
        let position = n as isize - self.outside as isize;
        let (offset, weights) = &self.phases[position.rem_euclid(step) as usize];
        let first = position.div_euclid(step) + offset;
        for (tap, weight) in weights.iter().enumerate() {
            // A place before the first value has become a very large number.
            let from = ((first + tap as isize) as usize).wrapping_mul(taken.len());
            let Some(values) = values.get(from..from.wrapping_add(taken.len())) else {
                continue;
            };
            for (taken, value) in taken.iter_mut().zip(values) {
                for (sum, value) in taken.iter_mut().zip(value) {
                    *sum += weight * value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Taps;

    #[test]
    fn values_are_zero_outside() {
        let taps = Taps {
            outside: 1,
            phases: vec![(-1, vec![1.0, -2.0, 1.0])],
        };
        let values = [3.0, 5.0].map(|v| [v, 0.0, -v, 0.0]);
        for axis in 0..3 {
            let mut size = [1; 3];
            size[axis] = 2;
            let (taken, results) = taps.along(&values, size, axis);
            assert_eq!(results[axis], 4);
            assert_eq!(
                taken.iter().map(|v| v[0]).collect::<Vec<_>>(),
                [3.0, -1.0, -7.0, 5.0]
            );
            assert_eq!(taken[2], [-7.0, 0.0, 7.0, 0.0]);
        }
    }

    #[test]
    fn results_between_values_have_their_own_weights() {
        let taps = Taps {
            outside: 0,
            phases: vec![(0, vec![1.0]), (0, vec![0.5, 0.5])],
        };
        let values = [1.0, 2.0, 4.0, 8.0, 10.0, 20.0].map(|v| [v; 4]);
        let (taken, results) = taps.along(&values, [2, 3, 1], 1);
        assert_eq!(results, [2, 5, 1]);
        let first: Vec<f32> = taken.iter().map(|v| v[0]).collect();
        assert_eq!(first, [1.0, 2.0, 2.5, 5.0, 4.0, 8.0, 7.0, 14.0, 10.0, 20.0]);
    }
}
