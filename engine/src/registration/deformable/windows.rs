//! How alike two images are within small windows.
//!
//! In a window of some centimetres two images of one anatomy are nearly linear functions of each other, whatever their
//! modalities: there is one boundary, and a value on either side of it in both. So the square of the coefficient of
//! correlation, which does not care which side is brighter, is large where the boundaries lie on each other (Cachier and
//! Pennec, MMBIA 2000, p. 182; Avants et al., Med. Image Anal. 12 (2008) 26). It is small where one image has nothing but
//! noise, and no shading across the body changes it.

use super::lattice::Control;
use super::taps::Taps;

/// Cells on either side of a window's middle.
const REACH: usize = 2;

/// Windows with fewer places are left out: with less than a third.
const LEAST_PLACES: f32 = 40.0;

/// Fewer windows do not tell anything.
const LEAST_WINDOWS: usize = 64;

/// The part of the windows, from those that vary least, that is taken for one tissue and its noise.
const PLAIN: f64 = 0.25;

/// Values of both images are from 0 to 1; less this, their squares keep more digits.
const MIDDLE: f32 = 0.5;

/// One value of both images.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Which cell of the box it lies in, in reading order; no other lies there.
    pub cell: usize,
    pub fixed: f32,
    /// Value of the moving image before it is displaced.
    pub moving: f32,
}

/// Places in a box of cells, and the windows around each cell.
pub(super) struct Windows {
    size: [usize; 3],
    cells: Vec<usize>,
    fixed: Vec<f32>,
    /// Of each window: places in it, sum and sum of squares of their values in the fixed image.
    sums: Vec<Control>,
    /// Windows with enough places.
    many: usize,
    /// Variances of noise in both images: windows that vary less show nothing.
    noise: [f32; 2],
}

impl Windows {
    /// `None` where there are too few places to tell anything.
    pub fn new(size: [usize; 3], places: &[Place]) -> Option<Self> {
        let sums = |value: fn(&Place) -> f32| {
            let mut known = vec![[0.0; 4]; size.iter().product()];
            for place in places {
                let value = value(place) - MIDDLE;
                known[place.cell] = [1.0, value, value * value, 0.0];
            }
            windowed(&known, size)
        };
        let fixed = sums(|place| place.fixed);
        let moving = sums(|place| place.moving);
        let many = fixed.iter().filter(|sums| sums[0] >= LEAST_PLACES).count();
        (many >= LEAST_WINDOWS).then(|| Self {
            size,
            cells: places.iter().map(|place| place.cell).collect(),
            fixed: places.iter().map(|place| place.fixed - MIDDLE).collect(),
            noise: [noise(&fixed), noise(&moving)],
            sums: fixed,
            many,
        })
    }

    /// The mean of the windows' squared correlation for other moving values of the places, and how it changes with
    /// each of them.
    pub fn correlation(&self, moving: &[f32]) -> (f64, Vec<f32>) {
        let mut lanes = vec![[0.0; 4]; self.sums.len()];
        for ((cell, fixed), moving) in self.cells.iter().zip(&self.fixed).zip(moving) {
            let moving = moving - MIDDLE;
            lanes[*cell] = [moving, moving * moving, moving * fixed, 0.0];
        }
        let sums = windowed(&lanes, self.size);
        let mut value = 0.0;
        for ((lanes, fixed), moving) in lanes.iter_mut().zip(&self.sums).zip(&sums) {
            *lanes = [0.0; 4];
            if fixed[0] >= LEAST_PLACES {
                let (squared, slopes) = self.of_window(*fixed, *moving);
                value += f64::from(squared);
                *lanes = slopes;
            }
        }
        let slopes = windowed(&lanes, self.size);
        let each = 1.0 / self.many as f32;
        let by_moving = |((cell, fixed), moving): ((&usize, &f32), &f32)| {
            let [by_fixed, at_fixed, by_moving, at_moving] = slopes[*cell];
            each * (by_fixed * fixed - at_fixed - by_moving * (moving - MIDDLE) + at_moving)
        };
        let places = self.cells.iter().zip(&self.fixed).zip(moving);
        (value / self.many as f64, places.map(by_moving).collect())
    }

    /// The squared correlation of one window, and what it adds to the slopes of its places: `by_fixed` times the fixed
    /// value less its mean, less `by_moving` times the moving value less its mean, given as factor and product.
    #[inline]
    fn of_window(&self, fixed: Control, moving: Control) -> (f32, Control) {
        let [count, fixed, fixed_squared, _] = fixed;
        let [moving, moving_squared, product, _] = moving;
        let (fixed_mean, moving_mean) = (fixed / count, moving / count);
        let together = product - fixed * moving_mean;
        let of_fixed = (fixed_squared - fixed * fixed_mean).max(0.0) + self.noise[0] * count;
        let of_moving = (moving_squared - moving * moving_mean).max(0.0) + self.noise[1] * count;
        let by_fixed = 2.0 * together / (of_fixed * of_moving);
        let by_moving = by_fixed * together / of_moving;
        let slopes = [
            by_fixed,
            by_fixed * fixed_mean,
            by_moving,
            by_moving * moving_mean,
        ];
        (by_fixed * together / 2.0, slopes)
    }
}

/// The variance of the windows that vary little.
fn noise(sums: &[Control]) -> f32 {
    let variance = |[count, sum, squared, _]: &Control| {
        (*count >= LEAST_PLACES).then(|| (squared / count - (sum / count).powi(2)).max(0.0))
    };
    let mut variances: Vec<f32> = sums.iter().filter_map(variance).collect();
    let plain = ((variances.len() as f64 * PLAIN) as usize).min(variances.len() - 1);
    let (_, variance, _) = variances.select_nth_unstable_by(plain, f32::total_cmp);
    // Above what single precision makes of equal values.
    variance.max(1e-5)
}

/// Sums over the window around each cell.
fn windowed(values: &[Control], size: [usize; 3]) -> Vec<Control> {
    let taps = Taps {
        outside: 0,
        phases: vec![(-(REACH as isize), vec![1.0; 2 * REACH + 1])],
    };
    let (mut sums, _) = taps.along(values, size, 0);
    for axis in 1..3 {
        (sums, _) = taps.along(&sums, size, axis);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::{LEAST_PLACES, Place, REACH, Windows};

    const SIZE: [usize; 3] = [9, 8, 10];

    fn noise(n: usize) -> f32 {
        (n as f32 * 12.9898).sin().abs()
    }

    /// A boundary with some noise, seen brighter on the one side by one image and on the other by the other; a tenth of
    /// the cells have no place.
    fn places() -> Vec<Place> {
        let cells = (0..SIZE.iter().product()).filter(|n| n % 10 != 3);
        let place = |cell: usize| {
            let side = if cell / 9 % 8 > 3 { 0.6 } else { 0.1 };
            Place {
                cell,
                fixed: side + 0.2 * noise(cell),
                moving: 0.9 - 0.7 * side + 0.1 * noise(7 * cell + 1),
            }
        };
        cells.map(place).collect()
    }

    fn moving(places: &[Place]) -> Vec<f32> {
        places
            .iter()
            .map(|place| place.moving + 0.05 * noise(3 * place.cell))
            .collect()
    }

    fn at(cell: usize) -> [usize; 3] {
        [
            cell % SIZE[0],
            cell / SIZE[0] % SIZE[1],
            cell / (SIZE[0] * SIZE[1]),
        ]
    }

    /// The definition in plain loops.
    fn by_definition(windows: &Windows, places: &[Place], moving: &[f32]) -> f64 {
        let (mut sum, mut many) = (0.0, 0.0);
        for middle in 0..SIZE.iter().product() {
            let near = |cell: usize| (0..3).all(|axis| at(cell)[axis].abs_diff(at(middle)[axis]) <= REACH);
            let pairs: Vec<[f64; 2]> = places
                .iter()
                .zip(moving)
                .filter(|(place, _)| near(place.cell))
                .map(|(place, moving)| [f64::from(place.fixed), f64::from(*moving)])
                .collect();
            let count = pairs.len() as f64;
            if count < f64::from(LEAST_PLACES) {
                continue;
            }
            let mean = |of: usize| pairs.iter().map(|pair| pair[of]).sum::<f64>() / count;
            let means = [mean(0), mean(1)];
            let product = |a: usize, b: usize| {
                pairs
                    .iter()
                    .map(|pair| (pair[a] - means[a]) * (pair[b] - means[b]))
                    .sum::<f64>()
                    / count
            };
            let noise = windows.noise.map(f64::from);
            sum += product(0, 1).powi(2) / ((product(0, 0) + noise[0]) * (product(1, 1) + noise[1]));
            many += 1.0;
        }
        sum / many
    }

    #[test]
    fn it_is_what_the_definition_says() {
        let places = places();
        let windows = Windows::new(SIZE, &places).unwrap();
        let moving = moving(&places);
        let (found, wanted) = (
            windows.correlation(&moving).0,
            by_definition(&windows, &places, &moving),
        );
        assert!((found - wanted).abs() < 1e-5, "{found} for {wanted}");
        assert!(wanted > 0.3, "{wanted}");
    }

    #[test]
    fn its_slope_is_that_of_its_value() {
        let places = places();
        let windows = Windows::new(SIZE, &places).unwrap();
        let (_, by_moving) = windows.correlation(&moving(&places));
        for n in [0, 99, 350, 500] {
            let with = |by: f32| {
                let mut moving = moving(&places);
                moving[n] += by;
                by_definition(&windows, &places, &moving)
            };
            let (found, wanted) = (f64::from(by_moving[n]), (with(0.01) - with(-0.01)) / 0.02);
            assert!(
                (found - wanted).abs() < 1e-5 + 0.02 * wanted.abs(),
                "{found} for {wanted}"
            );
        }
    }

    #[test]
    fn brighter_or_darker_more_or_less_does_not_matter() {
        let places = places();
        let windows = Windows::new(SIZE, &places).unwrap();
        let other: Vec<f32> = moving(&places).iter().map(|value| 1.0 - value).collect();
        let (a, b) = (
            windows.correlation(&moving(&places)).0,
            windows.correlation(&other).0,
        );
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }

    #[test]
    fn few_places_and_equal_values_tell_nothing() {
        assert!(Windows::new([1, 1, 1], &[]).is_none());
        assert!(Windows::new(SIZE, &places()[..100]).is_none());
        let same: Vec<Place> = places()
            .iter()
            .map(|place| Place { fixed: 0.7, ..*place })
            .collect();
        let windows = Windows::new(SIZE, &same).unwrap();
        let (value, by_moving) = windows.correlation(&moving(&same));
        assert!(
            value.abs() < 1e-5 && by_moving.iter().all(|slope| slope.abs() < 1e-3),
            "{value}"
        );
    }
}
