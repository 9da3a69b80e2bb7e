//! The adaptive model that encoder and decoder share: gradients, contexts, prediction (T.87 A.3 to A.7).

use super::parameters::Parameters;

/// Orders of the run lengths (A.2.1, table J).
pub(super) const RUN_ORDER: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];

/// Largest run index.
pub(super) const LAST_RUN_INDEX: u32 = 31;

/// Statistics of one regular context; kept small, for the table is read at random.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    magnitude: u32,
    bias: i32,
    count: u16,
    correction: i8,
    golomb: u8,
}

impl Context {
    fn new(magnitude: u32) -> Self {
        Self {
            magnitude,
            bias: 0,
            count: 1,
            correction: 0,
            golomb: golomb(1, magnitude) as u8,
        }
    }

    /// Golomb parameter: the least k with `count << k >= magnitude` (A.5.1).
    #[inline(always)]
    pub(super) fn golomb(&self) -> u32 {
        u32::from(self.golomb)
    }

    /// Correction added to the prediction.
    #[inline(always)]
    pub(super) fn correction(&self) -> i32 {
        i32::from(self.correction)
    }

    /// All ones where errors of a lossless scan with k = 0 are mapped in reverse (A.5.2), else zero.
    #[inline(always)]
    pub(super) fn reversal(&self) -> i32 {
        if self.golomb == 0 {
            (2 * self.bias + i32::from(self.count) - 1) >> 31
        } else {
            0
        }
    }

    /// Takes in a prediction error (A.6).
    #[inline(always)]
    pub(super) fn update(&mut self, error: i32, step: i32, reset: u32) {
        let mut count = i32::from(self.count);
        let mut bias = self.bias + error * step;
        self.magnitude += error.unsigned_abs();
        if count as u32 == reset {
            self.magnitude >>= 1;
            bias >>= 1;
            count >>= 1;
        }
        count += 1;
        // All ones or zero: these comparisons follow the noise, no branch predictor learns them.
        let below = (bias + count - 1) >> 31;
        let above = -bias >> 31;
        let correction = i32::from(self.correction) + below - above;
        self.correction = correction.clamp(-128, 127) as i8;
        self.bias = (bias + (count & below) - (count & above)).clamp(1 - count, 0);
        self.count = count as u16;
        // Here and not where it is used: it is off the chain from sample to sample.
        self.golomb = golomb(count as u32, self.magnitude) as u8;
    }
}

/// Statistics of one context for the sample that ends a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunContext {
    magnitude: u32,
    count: u32,
    negatives: u32,
    /// 1 where the neighbours left and above are alike (RItype).
    kind: u32,
}

impl RunContext {
    pub(super) fn golomb(&self) -> u32 {
        golomb(self.count, self.magnitude + (self.count >> 1) * self.kind)
    }

    /// Turns a decoded code into an error (A.7.2).
    pub(super) fn error(&self, code: u32, k: u32) -> i32 {
        let value = code + self.kind;
        let odd = value & 1;
        let magnitude = value.div_ceil(2) as i32;
        let reversed = k != 0 || 2 * self.negatives >= self.count;
        if reversed == (odd == 1) {
            -magnitude
        } else {
            magnitude
        }
    }

    /// Turns an error into the code that [`RunContext::error`] reads.
    pub(super) fn code(&self, error: i32, k: u32) -> u32 {
        let reversed = k != 0 || 2 * self.negatives >= self.count;
        let odd = error != 0 && reversed == (error < 0);
        2 * error.unsigned_abs() - self.kind - u32::from(odd)
    }

    pub(super) fn update(&mut self, error: i32, code: u32, reset: u32) {
        self.negatives += u32::from(error < 0);
        self.magnitude += (code + 1 - self.kind) >> 1;
        if self.count == reset {
            self.magnitude >>= 1;
            self.count >>= 1;
            self.negatives >>= 1;
        }
        self.count += 1;
    }
}

#[inline(always)]
fn golomb(count: u32, magnitude: u32) -> u32 {
    let k = count.leading_zeros().saturating_sub(magnitude.leading_zeros());
    k + u32::from((u64::from(count) << k) < u64::from(magnitude))
}

/// Everything that adapts during a scan.
pub(super) struct Model {
    pub(super) parameters: Parameters,
    pub(super) contexts: [Context; 365],
    pub(super) runs: [RunContext; 2],
    pub(super) regions: Regions,
}

/// Quantised gradients from `-t3` to `t3`; beyond, the ends hold.
#[derive(Debug)]
pub(super) struct Regions(Vec<i8>);

impl Regions {
    /// Quantises a gradient to -4..=4 (A.3.3).
    #[inline(always)]
    pub(super) fn of(&self, gradient: i32) -> i32 {
        let last = self.0.len() as i32 - 1;
        i32::from(self.0[(gradient + (last >> 1)).clamp(0, last) as usize])
    }

    /// The context of a sample from its neighbours, negative where all gradients are mirrored.
    pub(super) fn context(&self, left: i32, above_left: i32, above: i32, above_right: i32) -> i32 {
        81 * self.of(above_right - above) + 9 * self.of(above - above_left) + self.of(above_left - left)
    }
}

impl Model {
    pub(super) fn new(parameters: Parameters) -> Self {
        let (contexts, runs) = initial(&parameters);
        let regions: Vec<i8> = (-parameters.t3..=parameters.t3)
            .map(|gradient| region(&parameters, gradient))
            .collect();
        Self {
            parameters,
            contexts,
            runs,
            regions: Regions(regions),
        }
    }

    /// Forgets all statistics, as after a restart marker.
    pub(super) fn reset(&mut self) {
        (self.contexts, self.runs) = initial(&self.parameters);
    }
}

fn initial(parameters: &Parameters) -> ([Context; 365], [RunContext; 2]) {
    let magnitude = parameters.initial_magnitude();
    let run = |kind| RunContext {
        magnitude,
        count: 1,
        negatives: 0,
        kind,
    };
    ([Context::new(magnitude); 365], [run(0), run(1)])
}

fn region(parameters: &Parameters, gradient: i32) -> i8 {
    let size = gradient.abs();
    let region = if size <= parameters.near {
        0
    } else if size < parameters.t1 {
        1
    } else if size < parameters.t2 {
        2
    } else if size < parameters.t3 {
        3
    } else {
        4
    };
    if gradient < 0 { -region } else { region }
}

/// The edge-detecting predictor (A.4.1): the median of left, above and their plane.
#[inline(always)]
pub(super) fn predict(left: i32, above: i32, above_left: i32) -> i32 {
    let low = left.min(above);
    let high = left.max(above);
    (left + above - above_left).clamp(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg_ls::parameters::Preset;

    #[test]
    fn golomb_parameter_is_the_least_that_reaches_the_magnitude() {
        for count in 1..70u32 {
            for magnitude in [0, 1, 2, 3, 63, 64, 65, 1000, 65_535, 4_000_000] {
                let k = golomb(count, magnitude);
                assert!(u64::from(count) << k >= u64::from(magnitude));
                assert!(k == 0 || u64::from(count) << (k - 1) < u64::from(magnitude));
            }
        }
    }

    #[test]
    fn run_codes_and_errors_are_inverse() {
        let parameters = Parameters::new(8, 0, Preset::default()).unwrap();
        let mut model = Model::new(parameters);
        for kind in 0..2 {
            for step in 0..300 {
                let run = model.runs[kind];
                let k = run.golomb();
                // Where the neighbours are alike an error of zero would have continued the run.
                for error in (-128..128).filter(|&error| error != 0 || kind == 0) {
                    assert_eq!(run.error(run.code(error, k), k), error, "kind {kind} k {k}");
                }
                let error = (step * 7 % 31) - 20;
                let error = if error == 0 { 1 } else { error };
                model.runs[kind].update(error, run.code(error, k), 64);
            }
        }
    }
}
