//! The letters of patient directions: L, R, A, P, H, F (PS3.3 C.7.6.1.1.1).

use super::space::{Patient, Vector};

/// One of the six directions of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the patient's left, +x.
    Left,
    /// To the patient's right, -x.
    Right,
    /// To the back, +y.
    Posterior,
    /// To the front, -y.
    Anterior,
    /// To the head, +z.
    Head,
    /// To the feet, -z.
    Feet,
}

impl Direction {
    /// The letter of the standard.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Left => 'L',
            Self::Right => 'R',
            Self::Posterior => 'P',
            Self::Anterior => 'A',
            Self::Head => 'H',
            Self::Feet => 'F',
        }
    }

    /// The unit vector that points there.
    #[must_use]
    pub const fn vector(self) -> Vector<Patient> {
        match self {
            Self::Left => Vector::new(1.0, 0.0, 0.0),
            Self::Right => Vector::new(-1.0, 0.0, 0.0),
            Self::Posterior => Vector::new(0.0, 1.0, 0.0),
            Self::Anterior => Vector::new(0.0, -1.0, 0.0),
            Self::Head => Vector::new(0.0, 0.0, 1.0),
            Self::Feet => Vector::new(0.0, 0.0, -1.0),
        }
    }

    const fn of_axis(axis: usize, positive: bool) -> Self {
        match (axis, positive) {
            (0, true) => Self::Left,
            (0, false) => Self::Right,
            (1, true) => Self::Posterior,
            (1, false) => Self::Anterior,
            (_, true) => Self::Head,
            (_, false) => Self::Feet,
        }
    }
}

/// Smallest part of a direction, as the sine of its angle to the plane of the others, that earns a
/// letter of its own (5.7 degrees): below it, people read the plane as straight.
const SMALLEST_SHOWN: f64 = 0.1;

/// Letters of a direction, strongest first: `L`, or `LA`, or `HLA` for oblique ones; empty for no direction.
#[must_use]
pub fn letters(direction: Vector<Patient>) -> String {
    let Some(unit) = direction.normalized() else {
        return String::new();
    };
    let mut axes = [0, 1, 2];
    axes.sort_by(|a, b| unit[*b].abs().total_cmp(&unit[*a].abs()));
    axes.into_iter()
        .filter(|axis| unit[*axis].abs() > SMALLEST_SHOWN)
        .map(|axis| Direction::of_axis(axis, unit[axis] > 0.0).letter())
        .collect()
}

/// The strongest of [`letters`]; `None` for no direction.
#[must_use]
pub fn dominant_letter(direction: Vector<Patient>) -> Option<char> {
    letters(direction).chars().next()
}

#[cfg(test)]
mod tests {
    use super::{Vector, letters};

    fn check(direction: [f64; 3], expected: &str) {
        assert_eq!(letters(Vector::from(direction)), expected);
    }

    #[test]
    fn letters_come_strongest_first() {
        check([1.0, 0.0, 0.0], "L");
        check([-2.0, 0.0, 0.0], "R");
        check([0.0, -1.0, 0.0], "A");
        check([0.0, 0.0, -1.0], "F");
        check([0.5, -0.8, 0.05], "AL");
        check([-0.5, 0.6, 0.62], "HPR");
        check([0.0, 0.0, 0.0], "");
        check([f64::NAN, 0.0, 0.0], "");
    }
}
