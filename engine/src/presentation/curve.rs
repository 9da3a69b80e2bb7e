//! A plane that follows a curve: a vessel, a jaw, a spine.

use std::sync::Arc;

use crate::geometry::{Patient, Point, Vector};

/// Why there is no curved plane.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// Too few or too many points.
    #[error("a curve needs 2 to {MAX_POINTS} points, found {0}")]
    Points(usize),
    /// Points that are not finite, or all at one place.
    #[error("a curve's points must be finite, with some length between them")]
    Length,
    /// The scale is not usable.
    #[error("millimetres per pixel must be a positive number, found {0}")]
    Scale(f64),
    /// The rows have no direction.
    #[error("the side of a curved plane must have a direction that the curve does not run along")]
    Side,
}

/// Most points of a curve.
pub const MAX_POINTS: usize = 4096;
/// Pieces that each stretch between two points is measured in.
const PIECES: usize = 64;

/// Where the rows of a curved plane lie beside its curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Side {
    /// In one direction everywhere (stretched): a jaw's rows all run to the feet.
    Fixed(Vector<Patient>),
    /// At right angles to the curve, turning as little as can be (straightened): the direction at the start.
    Straightened(Vector<Patient>),
}

/// One column of pixels: a straight line in the body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Straight {
    /// Place of the uppermost pixel.
    pub top: Point<Patient>,
    /// From one pixel to the next below, mm.
    pub down: Vector<Patient>,
    /// Away from the viewer, of length 1.
    pub away: Vector<Patient>,
}

/// Pixels whose columns stand along a curve, one `mm_per_pixel` of its length after the other.
///
/// Cloning shares the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvedPlane {
    columns: Arc<[Straight]>,
    mm_per_pixel: f64,
}

impl CurvedPlane {
    /// Lays a plane along the centripetal Catmull-Rom spline through `points`; the curve runs in the middle
    /// of `height` rows, from the image's left to its right.
    ///
    /// Points that repeat the one before are left out. At most 16384 columns are made.
    ///
    /// # Errors
    ///
    /// [`CurveError`] for fewer than two different points, numbers that are not finite, a scale that is not
    /// positive, or a side without direction.
    pub fn along(
        points: &[Point<Patient>],
        side: Side,
        mm_per_pixel: f64,
        height: u32,
    ) -> Result<Self, CurveError> {
        if !(2..=MAX_POINTS).contains(&points.len()) {
            return Err(CurveError::Points(points.len()));
        }
        if !(mm_per_pixel.is_finite() && mm_per_pixel > 0.0) {
            return Err(CurveError::Scale(mm_per_pixel));
        }
        let traced = evenly(&spline(points)?, mm_per_pixel);
        let half_mm = (f64::from(height.max(1)) - 1.0) / 2.0 * mm_per_pixel;
        let mut beside = match side {
            Side::Fixed(down) | Side::Straightened(down) => down.normalized().ok_or(CurveError::Side)?,
        };
        let mut columns = Vec::with_capacity(traced.len());
        for (at, along) in traced {
            let across = beside + along * -beside.dot(along);
            let upright = across.normalized().ok_or(CurveError::Side)?;
            let down = match side {
                Side::Fixed(_) => beside,
                Side::Straightened(_) => upright,
            };
            beside = down;
            columns.push(Straight {
                top: at + down * -half_mm,
                down: down * mm_per_pixel,
                away: along.cross(upright).normalized().ok_or(CurveError::Side)?,
            });
        }
        Ok(Self {
            columns: columns.into(),
            mm_per_pixel,
        })
    }

    /// The columns, from the image's left; an image may be narrower or wider than they are.
    #[must_use]
    pub fn columns(&self) -> &[Straight] {
        &self.columns
    }

    /// Size of a pixel along the curve and down, mm.
    #[must_use]
    pub fn mm_per_pixel(&self) -> f64 {
        self.mm_per_pixel
    }

    /// Place of a pixel (a whole column; fractions of rows allowed); `None` beyond the curve's ends.
    #[must_use]
    pub fn patient(&self, column: usize, y: f64) -> Option<Point<Patient>> {
        let straight = self.columns.get(column)?;
        Some(straight.top + straight.down * y)
    }
}

/// The spline as a chain of short straight pieces.
fn spline(points: &[Point<Patient>]) -> Result<Vec<Point<Patient>>, CurveError> {
    let mut knots: Vec<Point<Patient>> = Vec::with_capacity(points.len() + 2);
    for point in points {
        if !point.xyz.iter().all(|v| v.abs() < 1e9) {
            return Err(CurveError::Length);
        }
        if knots.last().is_none_or(|last| last.distance(*point) > 1e-6) {
            knots.push(*point);
        }
    }
    let [first, second, .., before, last] = match knots.as_slice() {
        [first, .., last] if knots.len() > 1 => [*first, knots[1], knots[knots.len() - 2], *last],
        _ => return Err(CurveError::Length),
    };
    // Mirrored ends give the outermost stretches a neighbour.
    knots.insert(0, first + (first - second));
    knots.push(last + (last - before));
    let mut chain = vec![first];
    for four in knots.windows(4) {
        let four = [four[0], four[1], four[2], four[3]];
        chain.extend((1..=PIECES).map(|n| centripetal(four, n as f64 / PIECES as f64)));
    }
    Ok(chain)
}

/// The place a fraction of the way from the second to the third of four points (Yuksel et al. 2011, alpha 1/2).
fn centripetal(p: [Point<Patient>; 4], fraction: f64) -> Point<Patient> {
    let mut knot = [0.0; 4];
    for n in 1..4 {
        knot[n] = knot[n - 1] + p[n].distance(p[n - 1]).sqrt();
    }
    let t = knot[1] + fraction * (knot[2] - knot[1]);
    let between =
        |a: Point<Patient>, b: Point<Patient>, from: f64, to: f64| a + (b - a) * ((t - from) / (to - from));
    let a: [_; 3] = std::array::from_fn(|n| between(p[n], p[n + 1], knot[n], knot[n + 1]));
    let b: [_; 2] = std::array::from_fn(|n| between(a[n], a[n + 1], knot[n], knot[n + 2]));
    between(b[0], b[1], knot[1], knot[2])
}

/// Places and unit directions at even distances along a chain.
fn evenly(chain: &[Point<Patient>], step_mm: f64) -> Vec<(Point<Patient>, Vector<Patient>)> {
    const MOST: usize = crate::presentation::MAX_SIDE as usize;
    let mut found = Vec::new();
    let mut travelled_mm = 0.0;
    for pair in chain.windows(2) {
        let step = pair[1] - pair[0];
        let Some(along) = step.normalized() else { continue };
        let end_mm = travelled_mm + step.norm();
        while found.len() < MOST && found.len() as f64 * step_mm <= end_mm {
            let beyond_mm = found.len() as f64 * step_mm - travelled_mm;
            found.push((pair[0] + along * beyond_mm, along));
        }
        travelled_mm = end_mm;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{CurveError, CurvedPlane, Side};
    use crate::geometry::{Point, Vector};

    const TO_FEET: Side = Side::Fixed(Vector::new(0.0, 0.0, -1.0));

    /// A half circle of radius 50 mm in an axial plane.
    fn jaw() -> Vec<Point<crate::geometry::Patient>> {
        (0..=18)
            .map(|n| f64::from(n) * std::f64::consts::PI / 18.0)
            .map(|angle| Point::new(-50.0 * angle.cos(), -50.0 * angle.sin(), 10.0))
            .collect()
    }

    #[test]
    fn columns_are_as_long_as_the_curve() {
        let plane = CurvedPlane::along(&jaw(), TO_FEET, 0.5, 101).unwrap();
        let expected = 50.0 * std::f64::consts::PI / 0.5;
        assert!((plane.columns().len() as f64 - expected).abs() < 2.0);
        for column in [0, 100, 313] {
            let middle = plane.patient(column, 50.0).unwrap();
            assert!((middle[0].hypot(middle[1]) - 50.0).abs() < 0.06, "{middle:?}");
            assert!((middle[2] - 10.0).abs() < 1e-9);
            assert!((plane.patient(column, 0.0).unwrap()[2] - 35.0).abs() < 1e-9);
            // Seen from outside: the far side is towards the circle's middle.
            let away = plane.columns()[column].away;
            assert!(away.dot(Point::new(0.0, 0.0, 10.0) - middle) > 49.0);
        }
        assert_eq!(plane.patient(100_000, 0.0), None);
    }

    #[test]
    fn a_straightened_side_stays_at_right_angles() {
        let rising: Vec<_> = (0..10)
            .map(|n| Point::new(f64::from(n) * 10.0, 0.0, f64::from(n * n)))
            .collect();
        let side = Side::Straightened(Vector::new(0.0, 0.0, 1.0));
        let plane = CurvedPlane::along(&rising, side, 1.0, 11).unwrap();
        for pair in plane.columns().windows(2) {
            let along = pair[1].top + pair[1].down * 5.0 - (pair[0].top + pair[0].down * 5.0);
            assert!(pair[0].down.dot(along).abs() < 0.05);
            assert!((along.norm() - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let at = |x: f64| Point::new(x, 0.0, 0.0);
        let along = |points: &[_], side, scale| CurvedPlane::along(points, side, scale, 10).map(|_| ());
        assert_eq!(along(&[at(0.0)], TO_FEET, 1.0), Err(CurveError::Points(1)));
        assert_eq!(along(&[at(0.0), at(0.0)], TO_FEET, 1.0), Err(CurveError::Length));
        assert_eq!(
            along(&[at(0.0), at(f64::NAN)], TO_FEET, 1.0),
            Err(CurveError::Length)
        );
        assert_eq!(
            along(&[at(0.0), at(5.0)], TO_FEET, 0.0),
            Err(CurveError::Scale(0.0))
        );
        let same_way = Side::Fixed(Vector::new(1.0, 0.0, 0.0));
        assert_eq!(along(&[at(0.0), at(5.0)], same_way, 1.0), Err(CurveError::Side));
        // However long, the columns are bounded.
        let long = CurvedPlane::along(&[at(0.0), at(1e8)], TO_FEET, 1e-3, 10).unwrap();
        assert_eq!(long.columns().len(), 16_384);
    }
}
