//! Small figures above or below the line, made of plain ones: ¹⁸F, ⁹⁹ᵐTc, H₂O.
//!
//! Chinese fonts have few of them, and nuclides are written with all.

use super::{Contour, Curve, Shape};

/// How much smaller they are, and how far up or down they stand: what Noto Sans CJK's own ¹, ² and ³ have.
const SMALLER: f64 = 0.595;
const UP_EM: f64 = 0.441;
const DOWN_EM: f64 = 0.15;
/// What is added at each side, em.
const BESIDE_EM: f64 = 0.04;

/// Where a small figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raised {
    Above,
    Below,
}

/// Small figures above and below the line, and their plain ones.
const ABOVE: [&str; 2] = ["⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿᵐ", "0123456789+-()nm"];
const BELOW: [&str; 2] = ["₀₁₂₃₄₅₆₇₈₉₊₋₍₎", "0123456789+-()"];

impl Raised {
    /// The plain character of a small one, and where that stands.
    pub(super) fn of(character: char) -> Option<(char, Self)> {
        [(ABOVE, Self::Above), (BELOW, Self::Below)]
            .into_iter()
            .find_map(|([small, plain], raised)| {
                let at = small.chars().position(|one| one == character)?;
                plain.chars().nth(at).map(|plain| (plain, raised))
            })
    }

    pub(super) fn advance_em(self, plain_em: f64) -> f64 {
        plain_em * SMALLER + 2.0 * BESIDE_EM
    }

    pub(super) fn shape(self, plain: &Shape) -> Shape {
        let up = match self {
            Self::Above => UP_EM,
            Self::Below => -DOWN_EM,
        };
        let place = |[x, y]: [f64; 2]| [x * SMALLER + BESIDE_EM, y * SMALLER - up];
        let small = |point: [f32; 2]| place(point.map(f64::from)).map(|along| along as f32);
        match plain {
            Shape::Strokes(lines) => {
                let line = |line: &Vec<[f64; 2]>| line.iter().copied().map(place).collect();
                Shape::Strokes(lines.iter().map(line).collect())
            }
            Shape::Outline(contours) => {
                let curve = |curve: &Curve| match *curve {
                    Curve::Line(to) => Curve::Line(small(to)),
                    Curve::Quadratic(points) => Curve::Quadratic(points.map(small)),
                    Curve::Cubic(points) => Curve::Cubic(points.map(small)),
                };
                let contour = |contour: &Contour| Contour {
                    start: small(contour.start),
                    curves: contour.curves.iter().map(curve).collect(),
                };
                Shape::Outline(contours.iter().map(contour).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ABOVE, BELOW, Raised};

    #[test]
    fn every_small_figure_has_its_plain_one() {
        for [small, plain] in [ABOVE, BELOW] {
            assert_eq!(small.chars().count(), plain.chars().count());
        }
        assert_eq!(Raised::of('⁸'), Some(('8', Raised::Above)));
        assert_eq!(Raised::of('₂'), Some(('2', Raised::Below)));
        assert_eq!(Raised::of('8'), None);
    }
}
