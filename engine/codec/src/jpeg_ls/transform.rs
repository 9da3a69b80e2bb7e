//! The colour transforms of Hewlett-Packard's encoder, undone line by line.
//!
//! No part of T.87; some encoders offer them, and CharLS reads them.

use super::header::Transform;

/// Turns the three coded lines into red, green and blue, modulo the range of `precision` bits.
pub(super) fn undo(transform: Transform, precision: u32, lines: [&mut [u16]; 3]) {
    let [first, second, third] = lines;
    let range = 1i32 << precision;
    let wrapped = |value: i32| (value & (range - 1)) as u16;
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let (v1, v2, v3) = (i32::from(*first), i32::from(*second), i32::from(*third));
        let (red, green, blue) = match transform {
            Transform::None => (v1, v2, v3),
            Transform::Hp1 => (v1 + v2 - range / 2, v2, v3 + v2 - range / 2),
            Transform::Hp2 => {
                let red = i32::from(wrapped(v1 + v2 - range / 2));
                (red, v2, v3 + ((red + v2) >> 1) - range / 2)
            }
            Transform::Hp3 => {
                let green = i32::from(wrapped(v1 - ((v3 + v2) >> 2) + range / 4));
                (v3 + green - range / 2, green, v2 + green - range / 2)
            }
        };
        (*first, *second, *third) = (wrapped(red), wrapped(green), wrapped(blue));
    }
}
