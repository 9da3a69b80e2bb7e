//! Three numbers of single precision, for the painters' inner loops.

/// A place or a direction in body space (LPS, mm).
pub type V3 = [f32; 3];

pub fn add(a: V3, b: V3) -> V3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub fn sub(a: V3, b: V3) -> V3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub fn scale(a: V3, factor: f32) -> V3 {
    [a[0] * factor, a[1] * factor, a[2] * factor]
}

pub fn dot(a: V3, b: V3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn cross(a: V3, b: V3) -> V3 {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub fn norm(a: V3) -> f32 {
    dot(a, a).sqrt()
}

/// The direction of length 1; the input must not be zero.
pub fn unit(a: V3) -> V3 {
    scale(a, 1.0 / norm(a))
}

/// Components of `v` along three axes.
pub fn along(axes: &[V3; 3], v: V3) -> V3 {
    [dot(axes[0], v), dot(axes[1], v), dot(axes[2], v)]
}

/// Right-handed axes of length 1, the third along `direction`, the first as near to x as it can be.
pub fn axes_along(direction: V3) -> [V3; 3] {
    let third = unit(direction);
    let helper = if third[0].abs() < 0.9 {
        [1.0, 0.0, 0.0]
    } else {
        [0.0, 1.0, 0.0]
    };
    let first = unit(sub(helper, scale(third, dot(helper, third))));
    [first, cross(third, first), third]
}
