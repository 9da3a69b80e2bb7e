//! Random numbers that depend on a seed and a place only, so that threads cannot change them.

/// Mixes 64 bits so that every input bit reaches every output bit (the finalizer of SplitMix64).
pub const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A sequence of random numbers (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of a seed and of what it is used for.
    pub fn new(seed: u64, stream: &str) -> Self {
        let name = stream.bytes().fold(seed, |state, byte| {
            mix(state ^ u64::from(byte)).wrapping_add(STEP)
        });
        Self { state: mix(name) }
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A number from 0 to 1, the end excluded.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number between two.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A number of mean 0 and variance 1, by the sum of twelve uniform ones.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Noise by counter: the value at a place is a function of the seed and the place.
#[derive(Debug, Clone, Copy)]
pub struct NoiseField {
    key: u64,
}

impl NoiseField {
    /// The field of a seed and of what it is used for.
    pub fn new(seed: u64, stream: &str) -> Self {
        Self {
            key: Random::new(seed, stream).bits(),
        }
    }

    /// A number of mean 0 and variance 1 for a counter.
    ///
    /// The sum of four uniform numbers; a filter over neighbours makes it all but normal.
    pub fn normal(&self, counter: u64) -> f32 {
        const SCALE: f32 = 1.732_050_8 / 65_536.0;
        let bits = mix(self.key ^ counter.wrapping_mul(STEP));
        let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
        (sum as f32 - 131_070.0) * SCALE
    }

    /// Smooth noise from -1 to 1 that changes over distances of 1 (trilinear between lattice values).
    pub fn smooth(&self, x: f32, y: f32, z: f32) -> f32 {
        let (ix, iy, iz) = (x.floor(), y.floor(), z.floor());
        let (fx, fy, fz) = (ease(x - ix), ease(y - iy), ease(z - iz));
        let at = |dx: i32, dy: i32, dz: i32| self.lattice(ix as i32 + dx, iy as i32 + dy, iz as i32 + dz);
        let row = |dy: i32, dz: i32| lerp(at(0, dy, dz), at(1, dy, dz), fx);
        lerp(lerp(row(0, 0), row(1, 0), fy), lerp(row(0, 1), row(1, 1), fy), fz)
    }

    fn lattice(&self, x: i32, y: i32, z: i32) -> f32 {
        let place = (x as u32 as u64) ^ ((y as u32 as u64) << 21) ^ ((z as u32 as u64) << 42);
        (mix(self.key ^ place.wrapping_mul(STEP)) >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use super::{NoiseField, Random};

    #[test]
    fn moments_are_those_of_a_standard_normal() {
        let field = NoiseField::new(7, "test");
        let mut random = Random::new(7, "test");
        let count = 100_000;
        for (name, values) in [
            (
                "field",
                (0..count).map(|n| f64::from(field.normal(n))).collect::<Vec<_>>(),
            ),
            ("sequence", (0..count).map(|_| random.normal()).collect()),
        ] {
            let mean = values.iter().sum::<f64>() / count as f64;
            let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count as f64;
            assert!(
                mean.abs() < 0.015 && (variance - 1.0).abs() < 0.015,
                "{name} {mean} {variance}"
            );
        }
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, stream| Random::new(seed, stream).unit();
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_eq!(first(1, "a"), first(1, "a"));
    }

    #[test]
    fn smooth_noise_is_continuous_and_bounded() {
        let field = NoiseField::new(3, "smooth");
        for n in 0..2000 {
            let x = n as f32 * 0.013 - 9.0;
            let (here, near) = (field.smooth(x, 0.4, -2.2), field.smooth(x + 1e-3, 0.4, -2.2));
            assert!(here.abs() <= 1.0 && (here - near).abs() < 0.01);
        }
    }
}
