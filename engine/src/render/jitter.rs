//! Offsets of samples from pixel to pixel, without pattern: rings become fine grain.

/// Side of the table, pixels; it repeats.
pub const SIDE: usize = 64;

/// Ranks 0 to 4095, 16 bit, little-endian, made by the void-and-cluster method (Ulichney 1993).
const RANKS: &[u8; 2 * SIDE * SIDE] = include_bytes!("blue_noise.bin");

/// The golden ratio less one.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Rank of a pixel among those of the table, each rank once.
#[must_use]
pub fn rank(x: u32, y: u32) -> u16 {
    let at = 2 * ((y as usize % SIDE) * SIDE + x as usize % SIDE);
    u16::from_le_bytes([RANKS[at], RANKS[at + 1]])
}

/// Part of a step, from 0 up to 1, by which the samples of a pixel's ray are moved in picture `number`.
///
/// Each number moves all pixels on by the golden ratio, so that the offsets of the first `n` pictures are
/// spread evenly for any `n`.
#[must_use]
pub fn offset(x: u32, y: u32, number: u32) -> f64 {
    let of_pixel = (f64::from(rank(x, y)) + 0.5) / (SIDE * SIDE) as f64;
    (of_pixel + f64::from(number) * GOLDEN).fract()
}

#[cfg(test)]
mod tests {
    use super::{SIDE, offset, rank};

    #[test]
    fn each_rank_is_there_once() {
        let all = (0..SIDE as u32).flat_map(|y| (0..SIDE as u32).map(move |x| rank(x, y)));
        let mut ranks: Vec<u16> = all.collect();
        ranks.sort_unstable();
        assert!(ranks.iter().copied().eq(0..4096));
        assert_eq!(rank(70, 3), rank(6, 67));
    }

    /// Power of the wave with `u` and `v` periods over the table; that of numbers drawn at random is 1/12.
    fn power(u: usize, v: usize) -> f64 {
        let side = SIDE as f64;
        let (mut re, mut im) = (0.0, 0.0);
        for n in 0..SIDE * SIDE {
            let (x, y) = (n % SIDE, n / SIDE);
            let phase = std::f64::consts::TAU * ((u * x + v * y) % SIDE) as f64 / side;
            let value = offset(x as u32, y as u32, 0) - 0.5;
            re += value * phase.cos();
            im += value * phase.sin();
        }
        (re * re + im * im) / (side * side)
    }

    #[test]
    fn it_has_no_coarse_pattern() {
        let waves = |from: usize, to: usize| {
            let all = (0..to).flat_map(move |u| (0..to).map(move |v| (u, v)));
            let ring = all.filter(|(u, v)| (from * from..to * to).contains(&(u * u + v * v)));
            let powers: Vec<f64> = ring.map(|(u, v)| power(u, v)).collect();
            powers.iter().sum::<f64>() / powers.len() as f64
        };
        let coarse = waves(1, 8);
        assert!(coarse < 0.02 / 12.0, "{coarse}");
        let fine = waves(24, 32);
        assert!(fine > 1.0 / 12.0, "{fine}");
    }

    #[test]
    fn numbers_spread_over_the_step() {
        for count in [5, 13, 34] {
            let mut offsets: Vec<f64> = (0..count).map(|n| offset(11, 7, n)).collect();
            offsets.sort_by(f64::total_cmp);
            let around = offsets[0] + 1.0 - offsets[offsets.len() - 1];
            let widest = offsets
                .windows(2)
                .map(|pair| pair[1] - pair[0])
                .fold(around, f64::max);
            assert!(widest < 2.0 / f64::from(count), "{count}: {widest}");
            assert!(offsets.iter().all(|offset| (0.0..1.0).contains(offset)));
        }
    }
}
