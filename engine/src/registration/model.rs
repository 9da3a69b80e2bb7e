//! The families of maps that a search chooses from, as numbers in mm.

use nalgebra::{DVector, Matrix3, Rotation3, Vector3};

use super::metric::Evaluation;
use crate::geometry::{Affine, Patient, Point};

/// What the moving image may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Model {
    /// Turn and shift: 6 numbers. Of one patient between two scans, the right one for most.
    #[default]
    Rigid,
    /// And grow or shrink evenly: 7 numbers.
    Similarity,
    /// And stretch and shear: 12 numbers.
    Affine,
}

impl Model {
    /// How many numbers it has.
    #[must_use]
    pub const fn numbers(self) -> usize {
        match self {
            Self::Rigid => 6,
            Self::Similarity => 7,
            Self::Affine => 12,
        }
    }
}

/// Maps of a model around one map.
///
/// Every number is in mm at the body's surface: turns, growth and shear are taken times `radius_mm`, about `center`. So
/// a step of one number moves the body as far as a step of another, and an optimiser needs no weights for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    pub model: Model,
    /// What zeros give.
    pub base: Affine<Patient, Patient>,
    /// What turns about, in the fixed patient space.
    pub center: Point<Patient>,
    pub radius_mm: f64,
}

impl Around {
    /// The map of `numbers`: `base` after the small change.
    pub fn map(&self, numbers: &DVector<f64>) -> Affine<Patient, Patient> {
        let (linear, shift) = self.change(numbers);
        let center = self.center.xyz;
        self.base * Affine::new(linear, center + shift - linear * center)
    }

    fn change(&self, numbers: &DVector<f64>) -> (Matrix3<f64>, Vector3<f64>) {
        let shift = Vector3::new(numbers[3], numbers[4], numbers[5]);
        let linear = match self.model {
            Model::Rigid => self.rotation(numbers).into_inner(),
            Model::Similarity => self.rotation(numbers).into_inner() * self.growth(numbers),
            Model::Affine => Matrix3::identity() + self.entries(numbers),
        };
        (linear, shift)
    }

    fn turn(&self, numbers: &DVector<f64>) -> Vector3<f64> {
        Vector3::new(numbers[0], numbers[1], numbers[2]) / self.radius_mm
    }

    fn rotation(&self, numbers: &DVector<f64>) -> Rotation3<f64> {
        Rotation3::from_scaled_axis(self.turn(numbers))
    }

    fn growth(&self, numbers: &DVector<f64>) -> f64 {
        (numbers[6] / self.radius_mm).exp()
    }

    /// What an affine change has beyond the identity: its first three numbers turn, the next six after the shift
    /// stretch and shear.
    fn entries(&self, numbers: &DVector<f64>) -> Matrix3<f64> {
        let mut entries = Matrix3::zeros();
        for (number, direction) in self.affine_directions() {
            entries += direction * numbers[number];
        }
        entries
    }

    /// The affine numbers beside the shift, and what one mm of each does to the linear part.
    fn affine_directions(&self) -> [(usize, Matrix3<f64>); 9] {
        let unit = |row: usize, column: usize| {
            let mut matrix = Matrix3::zeros();
            matrix[(row, column)] = 1.0 / self.radius_mm;
            matrix
        };
        let turn = |a: usize, b: usize| unit(b, a) - unit(a, b);
        let shear = |a: usize, b: usize| unit(b, a) + unit(a, b);
        [
            (0, turn(1, 2)),
            (1, turn(2, 0)),
            (2, turn(0, 1)),
            (6, unit(0, 0)),
            (7, unit(1, 1)),
            (8, unit(2, 2)),
            (9, shear(1, 2)),
            (10, shear(2, 0)),
            (11, shear(0, 1)),
        ]
    }

    /// How a similarity changes with each number, from how it changes with the entries of the map.
    pub fn gradient(&self, numbers: &DVector<f64>, evaluation: &Evaluation) -> DVector<f64> {
        // Entries of base * (L, c + t - L c) by those of L and t.
        let by_shift = self.base.linear.transpose() * evaluation.by_origin;
        let by_linear =
            self.base.linear.transpose() * evaluation.by_linear - by_shift * self.center.xyz.transpose();
        let mut gradient = DVector::zeros(self.model.numbers());
        for axis in 0..3 {
            gradient[3 + axis] = by_shift[axis];
        }
        for (number, direction) in self.linear_directions(numbers) {
            gradient[number] = by_linear.component_mul(&direction).sum();
        }
        gradient
    }

    /// Each number but the shift, and how the linear part of the change moves with it.
    fn linear_directions(&self, numbers: &DVector<f64>) -> Vec<(usize, Matrix3<f64>)> {
        if self.model == Model::Affine {
            return self.affine_directions().to_vec();
        }
        let rotation = self.rotation(numbers).into_inner();
        let growth = if self.model == Model::Similarity {
            self.growth(numbers)
        } else {
            1.0
        };
        let mut directions: Vec<_> = (0..3)
            .map(|axis| {
                (
                    axis,
                    by_turn(&self.turn(numbers), &rotation, axis) * (growth / self.radius_mm),
                )
            })
            .collect();
        if self.model == Model::Similarity {
            directions.push((6, rotation * (growth / self.radius_mm)));
        }
        directions
    }
}

/// Change of a rotation with one component of its rotation vector (Gallego and Yezzi, J. Math. Imaging Vis. 51 (2015)
/// 378).
fn by_turn(turn: &Vector3<f64>, rotation: &Matrix3<f64>, axis: usize) -> Matrix3<f64> {
    let mut unit = Vector3::zeros();
    unit[axis] = 1.0;
    let squared = turn.norm_squared();
    if squared < 1e-20 {
        return unit.cross_matrix();
    }
    let sideways = turn.cross(&((Matrix3::identity() - rotation) * unit));
    (turn.cross_matrix() * turn[axis] + sideways.cross_matrix()) * rotation / squared
}

#[cfg(test)]
mod tests {
    use nalgebra::{DVector, Matrix3, Vector3};

    use super::{Around, Model};
    use crate::geometry::{Affine, Point, Vector};
    use crate::registration::metric::Evaluation;

    /// A similarity that is a linear function of the map's entries.
    fn evaluation() -> Evaluation {
        Evaluation {
            value: 0.0,
            by_linear: Matrix3::new(3.0, -1.0, 2.0, 0.5, 4.0, -2.0, 1.0, 1.5, -0.3),
            by_origin: Vector3::new(0.02, -0.01, 0.03),
            overlap: 1.0,
        }
    }

    fn value(map: &Affine<crate::geometry::Patient, crate::geometry::Patient>) -> f64 {
        let evaluation = evaluation();
        evaluation.by_linear.component_mul(&map.linear).sum() + evaluation.by_origin.dot(&map.origin)
    }

    fn check(model: Model) {
        let around = Around {
            model,
            base: Affine::rotation(Point::new(1.0, 2.0, 3.0), Vector::new(0.3, 1.0, -0.2), 0.3).unwrap(),
            center: Point::new(10.0, -40.0, 100.0),
            radius_mm: 150.0,
        };
        for start in [0.0, 7.0] {
            let numbers = DVector::from_fn(model.numbers(), |n, _| start * (n as f64 * 0.7 - 1.9));
            let gradient = around.gradient(&numbers, &evaluation());
            for n in 0..model.numbers() {
                let at = |step: f64| {
                    let mut numbers = numbers.clone();
                    numbers[n] += step;
                    value(&around.map(&numbers))
                };
                let expected = (at(1e-3) - at(-1e-3)) / 2e-3;
                assert!(
                    (gradient[n] - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                    "{model:?} {n}: {} {expected}",
                    gradient[n]
                );
            }
        }
    }

    #[test]
    fn gradients_are_those_of_the_map() {
        check(Model::Rigid);
        check(Model::Similarity);
        check(Model::Affine);
    }

    #[test]
    fn zeros_give_the_base() {
        for model in [Model::Rigid, Model::Similarity, Model::Affine] {
            let base = Affine::translation(Vector::new(1.0, 2.0, 3.0));
            let center = Point::new(5.0, 6.0, 7.0);
            let around = Around {
                model,
                base,
                center,
                radius_mm: 100.0,
            };
            let map = around.map(&DVector::zeros(model.numbers()));
            assert!((map.linear - base.linear).norm() + (map.origin - base.origin).norm() < 1e-12);
        }
    }
}
