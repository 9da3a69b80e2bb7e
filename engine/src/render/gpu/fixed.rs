//! Coordinates with 32 bits behind the point, as shaders add them up: exact, and alike on every device.

use nalgebra::Vector3;

const ONE: f64 = 4_294_967_296.0;

/// A number as whole and part. Beyond 2^31 it turns over: what reads it asks a rough number first.
pub(super) fn split(value: f64) -> (i32, u32) {
    let bits = (value * ONE).round() as i128 as i64;
    ((bits >> 32) as i32, bits as u32)
}

/// A vector as wholes and parts.
pub(super) fn split_vector(vector: &Vector3<f64>) -> ([i32; 3], [u32; 3]) {
    let parts = [0, 1, 2].map(|axis| split(vector[axis]));
    (parts.map(|(whole, _)| whole), parts.map(|(_, part)| part))
}

#[cfg(test)]
mod tests {
    use super::split;

    fn check(value: f64, whole: i32, part: f64) {
        let (found, bits) = split(value);
        assert_eq!(found, whole, "{value}");
        assert!((f64::from(bits) / super::ONE - part).abs() < 1e-9, "{value}");
    }

    #[test]
    fn wholes_are_rounded_down() {
        check(3.25, 3, 0.25);
        check(-3.25, -4, 0.75);
        check(-0.5, -1, 0.5);
        check(f64::from(i32::MAX), i32::MAX, 0.0);
        check(f64::from(1u32 << 31) * 4.0 + 0.5, 0, 0.5);
    }
}
