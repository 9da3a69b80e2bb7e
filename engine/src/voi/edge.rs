//! The edge of a hot spot from first and second derivatives.

use crate::geometry::Grid;
use crate::voi::blurred_sphere::BlurredSphere;
use crate::voi::hot_spot::HotSpot;
use crate::voi::window::Window;

/// Levels (parts of the contrast) between which derivatives decide; below is background, above is spot, where
/// derivatives are noise.
const UNDECIDED: [f64; 2] = [0.15, 0.7];

/// The positions on the inner side of the edge, and all that are hot; the spot is what hangs together of them.
///
/// The gradient is steepest where the second derivative along it is zero. Of a blurred sphere this lies within
/// the true edge, a third of the volume off at 15 mm and 6 mm resolution, and the zero of the Laplacian lies
/// beyond by as much: their weighted sum is zero at the edge itself. A watershed on the gradient's magnitude
/// would keep the error of the steepest place and could only tell whole voxels apart; rays from the middle would
/// miss what is no star. The signs of second derivatives need neither.
pub(super) fn by_gradient(spot: &HotSpot) -> Vec<bool> {
    let weight = BlurredSphere::of_volume(spot.edge_ml, spot.fwhm_mm).laplacian_weight();
    let derivatives = Derivatives::new(&spot.window, spot.volume.grid(), &spot.levels);
    (0..spot.levels.len())
        .map(|position| {
            let level = spot.levels[position];
            level >= UNDECIDED[1]
                || level > UNDECIDED[0] && {
                    let (along_gradient, laplacian) = derivatives.second(position);
                    along_gradient + weight * laplacian < 0.0
                }
        })
        .collect()
}

/// Finite differences in mm, on sheared and uneven grids too.
struct Derivatives<'a> {
    window: &'a Window,
    values: &'a [f64],
    /// Distances along each axis from its first centre.
    places_mm: [Vec<f64>; 3],
    /// Products of the gradients of the coordinates along the axes, in mm: the unit matrix of an upright grid.
    metric: [[f64; 3]; 3],
}

impl<'a> Derivatives<'a> {
    fn new(window: &'a Window, grid: &Grid, values: &'a [f64]) -> Self {
        // Gradient, in patient space, of the distance along axis `n`.
        let gradients = [0, 1, 2].map(|n| {
            let step_mm = grid.patient_from_voxel().axis(n).norm();
            [0, 1, 2].map(|side| step_mm * grid.voxel_from_patient().axis(side)[n])
        });
        let product = |a: usize, b: usize| (0..3).map(|side| gradients[a][side] * gradients[b][side]).sum();
        Self {
            window,
            values,
            places_mm: window.places_mm(grid),
            metric: [0, 1, 2].map(|a| [0, 1, 2].map(|b| product(a, b))),
        }
    }

    /// The second derivative along the gradient, and the Laplacian.
    fn second(&self, position: usize) -> (f64, f64) {
        let place = self.window.place(position);
        let slopes = [0, 1, 2].map(|axis| self.along(place, axis).0);
        let curvatures = [0, 1, 2].map(|a| {
            [0, 1, 2].map(|b| {
                if a == b {
                    self.along(place, a).1
                } else {
                    self.mixed(place, a, b)
                }
            })
        });
        let uphill = [0, 1, 2].map(|a| (0..3).map(|b| self.metric[a][b] * slopes[b]).sum::<f64>());
        let (mut squared, mut bend, mut laplacian) = (0.0, 0.0, 0.0);
        for a in 0..3 {
            squared += uphill[a] * slopes[a];
            for b in 0..3 {
                bend += uphill[a] * curvatures[a][b] * uphill[b];
                laplacian += self.metric[a][b] * curvatures[a][b];
            }
        }
        (if squared > 0.0 { bend / squared } else { 0.0 }, laplacian)
    }

    /// First and second derivative along an axis; beyond the box and at what is no number the value goes on.
    fn along(&self, place: [usize; 3], axis: usize) -> (f64, f64) {
        let own = self.at(place, [(axis, 0), (axis, 0)]).unwrap_or(0.0);
        let [before, after] = [-1, 1].map(|step| self.at(place, [(axis, step), (axis, 0)]).unwrap_or(own));
        let [low, high] = self.steps_mm(place, axis);
        let total = low * high * (low + high);
        let slope = (after - own) * low * low + (own - before) * high * high;
        let curvature = 2.0 * ((after - own) * low - (own - before) * high);
        (slope / total, curvature / total)
    }

    /// The mixed second derivative along two axes; 0 next to the box's end or to what is no number.
    fn mixed(&self, place: [usize; 3], a: usize, b: usize) -> f64 {
        let corner = |step_a, step_b| self.at(place, [(a, step_a), (b, step_b)]);
        let corners = [corner(1, 1), corner(-1, -1), corner(1, -1), corner(-1, 1)];
        let [Some(up), Some(down), Some(right), Some(left)] = corners else {
            return 0.0;
        };
        let [low_a, high_a] = self.steps_mm(place, a);
        let [low_b, high_b] = self.steps_mm(place, b);
        (up + down - right - left) / ((low_a + high_a) * (low_b + high_b))
    }

    /// Distances to the neighbours along an axis; at the box's end that of the other side.
    fn steps_mm(&self, place: [usize; 3], axis: usize) -> [f64; 2] {
        let (places, at) = (&self.places_mm[axis], place[axis]);
        let step = |low: usize| Some(places.get(low + 1)? - places[low]);
        let low = at.checked_sub(1).and_then(step);
        let high = step(at);
        // An axis of one voxel has no derivative; any distance will do.
        let any = low.or(high).unwrap_or(1.0);
        [low.unwrap_or(any), high.unwrap_or(any)]
    }

    /// The finite value so many steps along two axes away.
    fn at(&self, mut place: [usize; 3], steps: [(usize, isize); 2]) -> Option<f64> {
        for (axis, step) in steps {
            place[axis] = place[axis].checked_add_signed(step)?;
            if place[axis] >= self.window.size[axis] {
                return None;
            }
        }
        Some(self.values[self.window.position(place)]).filter(|value| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::Derivatives;
    use crate::geometry::{Affine, Grid, Point, Vector, Voxel};
    use crate::voi::window::Window;

    /// Oblique, sheared and uneven: 4, 3 and 2 to 3 mm.
    fn grid() -> Grid {
        let axes = [[3.2, 2.4, 0.0], [-1.8, 2.4, 0.0], [0.4, 0.6, 2.0]].map(Vector::from);
        let affine = Affine::from_axes(axes, Point::new(-3.0, 4.0, 5.0));
        Grid::with_slice_positions([7, 7, 6], affine, vec![0.0, 1.0, 2.0, 3.5, 5.0, 6.0]).unwrap()
    }

    #[test]
    fn a_quadratic_has_its_own_derivatives_on_any_grid() {
        let grid = grid();
        let window = Window::new([0..7, 0..7, 0..6]);
        let values: Vec<f64> = (0..window.voxels())
            .map(|position| {
                let at = grid.patient(Point::<Voxel>::from(window.place(position).map(|n| n as f64)));
                let (x, y, z) = (at[0], at[1], at[2]);
                x * x - 2.0 * y * y + 0.5 * z * z + 0.3 * x * y - y * z + 4.0 * x
            })
            .collect();
        let derivatives = Derivatives::new(&window, &grid, &values);
        for place in [[3, 3, 1], [2, 4, 4]] {
            let at = grid.patient(Point::<Voxel>::from(place.map(|n| n as f64)));
            let slope = Vector::<crate::geometry::Patient>::new(
                2.0 * at[0] + 0.3 * at[1] + 4.0,
                -4.0 * at[1] + 0.3 * at[0] - at[2],
                at[2] - at[1],
            );
            let bent: Vector<crate::geometry::Patient> = Vector::new(
                2.0 * slope[0] + 0.3 * slope[1],
                0.3 * slope[0] - 4.0 * slope[1] - slope[2],
                -slope[1] + slope[2],
            );
            let expected = slope.dot(bent) / slope.dot(slope);
            let (along, laplacian) = derivatives.second(window.position(place));
            assert!((laplacian - (2.0 - 4.0 + 1.0)).abs() < 1e-9, "{laplacian}");
            assert!((along - expected).abs() < 1e-9, "{along} {expected}");
        }
    }
}
