//! Means of a transfer function over the values of a segment.

use engine::colormap::{Curve, TransferFunction};

/// Mean extinction per mm of values from `a` to `b`, and of extinction times red, green, blue.
pub fn mean(transfer: &TransferFunction, a: f64, b: f64) -> [f64; 4] {
    let (low, high) = (a.min(b), a.max(b));
    let level = |value: f64| {
        let per_mm = transfer.extinction_per_mm(value);
        let [red, green, blue] = transfer.color().at(value);
        [per_mm, per_mm * red, per_mm * green, per_mm * blue]
    };
    if high.is_infinite() || low.is_infinite() {
        // Nearly all of the way is as at its infinite end.
        return if low.is_infinite() && high.is_infinite() && low < high {
            let [x, y] = [low, high].map(level);
            std::array::from_fn(|n| (x[n] + y[n]) / 2.0)
        } else if high.is_infinite() {
            level(high)
        } else {
            level(low)
        };
    }
    if high - low < 1e-9 * (1.0 + low.abs()) {
        return level(low);
    }
    let mut knots = vec![low, high];
    knots.extend(places(transfer.opacity()).chain(places(transfer.color())));
    knots.retain(|place| (low..=high).contains(place));
    knots.sort_by(f64::total_cmp);
    let mut sum = [0.0; 4];
    for pair in knots.windows(2) {
        // By the mean of many places: the curves are smooth between their points.
        const PLACES: usize = 24;
        let width = (pair[1] - pair[0]) / PLACES as f64;
        for n in 0..PLACES {
            let part = level(pair[0] + (n as f64 + 0.5) * width);
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part * width / (high - low);
            }
        }
    }
    sum
}

fn places<T: Copy>(curve: &Curve<T>) -> impl Iterator<Item = f64> + '_ {
    curve.points().iter().map(|point| point.0)
}
