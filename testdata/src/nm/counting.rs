//! Counts: whole numbers around their means.

use crate::elementary::exp;
use crate::random::Random;

/// Draws counts of given means, by Poisson's law.
pub fn counts(means: &[f64], random: &mut Random) -> Vec<u16> {
    means.iter().map(|mean| poisson(*mean, random)).collect()
}

/// Knuth's product of uniform numbers for small means; a rounded normal number above 40.
fn poisson(mean: f64, random: &mut Random) -> u16 {
    if mean > 40.0 {
        return (mean + mean.sqrt() * random.normal())
            .round()
            .clamp(0.0, 65_535.0) as u16;
    }
    let limit = exp(-mean.max(0.0));
    let (mut count, mut product) = (0, random.unit());
    while product > limit {
        count += 1;
        product *= random.unit();
    }
    count
}

/// A blob on a plane: 1 in the middle of an ellipse, falling to 0 over `edge` outside its rim.
pub fn blob(x: f64, y: f64, centre: [f64; 2], half: [f64; 2], edge: f64) -> f64 {
    let (u, v) = ((x - centre[0]) / half[0], (y - centre[1]) / half[1]);
    let r = (u * u + v * v).sqrt();
    ((1.0 - r) * half[0].min(half[1]) / edge + 0.5).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::counts;
    use crate::random::Random;

    #[test]
    fn counts_have_poissons_moments() {
        let mut random = Random::new(5, "counts");
        for mean in [0.3, 4.0, 39.0, 41.0, 900.0] {
            let drawn = counts(&vec![mean; 20_000], &mut random);
            let average = drawn.iter().map(|v| f64::from(*v)).sum::<f64>() / 20_000.0;
            let variance = drawn
                .iter()
                .map(|v| (f64::from(*v) - average).powi(2))
                .sum::<f64>()
                / 20_000.0;
            assert!(
                (average - mean).abs() < 5.0 * (mean / 20_000.0).sqrt(),
                "{mean} {average}"
            );
            assert!((variance / mean - 1.0).abs() < 0.06, "{mean} {variance}");
        }
    }
}
