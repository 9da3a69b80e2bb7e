//! An unsharp mask on values.

use crate::render::Sharpening;

/// Binomial weights of the five values each way.
const WEIGHTS: [f32; 5] = [1.0, 4.0, 6.0, 4.0, 1.0];

/// Sharpens the values of an image `width` pixels wide; those that are not finite neither count nor change.
pub(crate) fn sharpen(values: &mut [f32], width: usize, sharpening: Sharpening) {
    let radius = sharpening.radius_pixels as usize;
    let finite = |value: &f32| value.is_finite();
    let counted: Vec<f32> = values
        .iter()
        .map(|value| if finite(value) { *value } else { 0.0 })
        .collect();
    let weights: Vec<f32> = values
        .iter()
        .map(|value| if finite(value) { 1.0 } else { 0.0 })
        .collect();
    let [sums, weights] = [counted, weights].map(|plane| blurred(&plane, width, radius));
    let amount = sharpening.amount as f32;
    for ((value, sum), weight) in values.iter_mut().zip(sums).zip(weights) {
        if value.is_finite() {
            // A value counts itself: the weight is not 0.
            *value += amount * (*value - sum / weight);
        }
    }
}

/// Weighted sums of five values across, then of five down; what lies outside counts nothing.
fn blurred(values: &[f32], width: usize, radius: usize) -> Vec<f32> {
    let mut across = vec![0.0; values.len()];
    for (sums, row) in across.chunks_mut(width).zip(values.chunks(width)) {
        for (tap, weight) in WEIGHTS.iter().enumerate() {
            add(sums, row, tap, radius, *weight);
        }
    }
    let mut both = vec![0.0; values.len()];
    for (tap, weight) in WEIGHTS.iter().enumerate() {
        add(&mut both, &across, tap, radius * width, *weight);
    }
    both
}

/// Adds to each sum the value `tap - 2` times `stride` further on, where there is one.
fn add(sums: &mut [f32], values: &[f32], tap: usize, stride: usize, weight: f32) {
    let back = 2usize.saturating_sub(tap) * stride;
    let on = tap.saturating_sub(2) * stride;
    let sums = sums.iter_mut().skip(back);
    for (sum, value) in sums.zip(values.iter().skip(on)) {
        *sum += weight * *value;
    }
}

#[cfg(test)]
mod tests {
    use super::sharpen;
    use crate::render::Sharpening;

    /// The definition, with plain loops.
    fn expected(values: &[f32], width: i32, x: i32, y: i32, sharpening: Sharpening) -> f32 {
        let height = values.len() as i32 / width;
        let at = |x: i32, y: i32| values[(y * width + x) as usize];
        let radius = sharpening.radius_pixels as i32;
        let (mut sum, mut weights) = (0.0, 0.0);
        for (v, down) in (-2..=2).zip([1.0, 4.0, 6.0, 4.0, 1.0]) {
            for (u, across) in (-2..=2).zip([1.0, 4.0, 6.0, 4.0, 1.0]) {
                let (i, j) = (x + u * radius, y + v * radius);
                let inside = (0..width).contains(&i) && (0..height).contains(&j);
                if inside && at(i, j).is_finite() {
                    sum += f64::from(across * down * at(i, j));
                    weights += f64::from(across * down);
                }
            }
        }
        let value = f64::from(at(x, y));
        (value + sharpening.amount * (value - sum / weights)) as f32
    }

    #[test]
    fn values_are_moved_away_from_the_mean_around_them() {
        let width = 37;
        let mut values: Vec<f32> = (0..37u32 * 29)
            .map(|n| (n.wrapping_mul(0x9E37_79B1) >> 20) as f32)
            .collect();
        values[100..140].fill(f32::NAN);
        values[500] = f32::INFINITY;
        for (amount, radius_pixels) in [(0.0, 1), (1.5, 1), (10.0, 3), (0.7, 16)] {
            let sharpening = Sharpening {
                amount,
                radius_pixels,
            };
            let mut found = values.clone();
            sharpen(&mut found, width, sharpening);
            for (n, value) in found.iter().enumerate() {
                if !values[n].is_finite() {
                    assert_eq!(value.to_bits(), values[n].to_bits());
                    continue;
                }
                let (x, y) = (n as i32 % 37, n as i32 / 37);
                let expected = expected(&values, 37, x, y, sharpening);
                assert!(
                    (value - expected).abs() < 0.05,
                    "{x}, {y}: {value}, not {expected}"
                );
            }
        }
    }
}
