//! The plane that an image shows.

use nalgebra::{Matrix3, Vector3};

use crate::geometry::{Affine, Grid, Patient, Plane, Point, Vector};
use crate::presentation::Letters;

/// Why a plane cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaneError {
    /// The normal has no direction.
    #[error("a plane's normal must be finite and not zero, found {0:?}")]
    Normal([f64; 3]),
    /// The scale is not usable.
    #[error("millimetres per pixel must be a positive number, found {0}")]
    Scale(f64),
    /// The place is not finite.
    #[error("a plane's place must be finite, found {0:?}")]
    Place([f64; 3]),
    /// The image has no pixels.
    #[error("an image needs at least one pixel a side, found {0} x {1}")]
    Size(u32, u32),
    /// There is nothing to fit to.
    #[error("a plane is fitted to at least one grid, found none")]
    Nothing,
}

/// Longest side of an image, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Columns and rows of an image, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// How a plane lies in the body, and from which side it is seen.
///
/// The three straight planes follow the radiological convention: axial is seen from the feet (patient's
/// right on the image's left, anterior up), coronal from the front (right on the left, head up), sagittal
/// from the patient's left (anterior on the left, head up).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Orientation {
    /// Across the body.
    Axial,
    /// Parallel to the front.
    Coronal,
    /// Parallel to the side.
    Sagittal,
    /// Any other, by its normal (any length).
    ///
    /// The plane is seen from the side of the straight plane whose normal is nearest, so a normal and its
    /// opposite give the same image and nothing is mirrored. Up is the head, or anterior for planes
    /// nearest to axial, as far as the plane allows.
    Oblique(Vector<Patient>),
}

impl Orientation {
    /// Unit vectors to the image's right, down, and away from the viewer.
    ///
    /// # Errors
    ///
    /// [`PlaneError::Normal`] for an oblique normal without direction.
    pub fn axes(self) -> Result<[Vector<Patient>; 3], PlaneError> {
        let sight = match self {
            Self::Axial => Vector::new(0.0, 0.0, 1.0),
            Self::Coronal => Vector::new(0.0, 1.0, 0.0),
            Self::Sagittal => Vector::new(-1.0, 0.0, 0.0),
            Self::Oblique(normal) => line_of_sight(normal)?,
        };
        let nearest_axial = strongest_axis(sight) == 2;
        let down = if nearest_axial {
            Vector::new(0.0, 1.0, 0.0)
        } else {
            Vector::new(0.0, 0.0, -1.0)
        };
        // Right x down = away: LPS and the image's axes are both right-handed.
        let right = down
            .cross(sight)
            .normalized()
            .expect("down is never along the sight");
        Ok([right, sight.cross(right), sight])
    }
}

fn strongest_axis(direction: Vector<Patient>) -> usize {
    // On ties the later axis wins: axial before coronal before sagittal.
    (0..3).fold(0, |best, axis| {
        if direction[axis].abs() >= direction[best].abs() {
            axis
        } else {
            best
        }
    })
}

/// The normal turned so that its strongest part looks as a straight plane does: to the head, back, or right.
fn line_of_sight(normal: Vector<Patient>) -> Result<Vector<Patient>, PlaneError> {
    let unit = normal.normalized().ok_or(PlaneError::Normal(normal.xyz.into()))?;
    let axis = strongest_axis(unit);
    let seen_along = [-1.0, 1.0, 1.0][axis];
    Ok(if unit[axis] * seen_along < 0.0 {
        -unit
    } else {
        unit
    })
}

/// A plane of square or other pixels in the body.
///
/// Pixel (0, 0) is the upper left one; integers are pixel centres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImagePlane {
    /// From pixels (x right, y down, z away from the viewer) to patient space; the axes carry mm per pixel.
    pub patient_from_plane: Affine<Patient, Plane>,
}

impl ImagePlane {
    /// The plane with `center` in the middle of an image of `size`.
    ///
    /// # Errors
    ///
    /// [`PlaneError`] for a normal without direction, a scale that is not positive, a place that is not
    /// finite, or a size of 0.
    pub fn centered(
        orientation: Orientation,
        center: Point<Patient>,
        mm_per_pixel: f64,
        size: Size,
    ) -> Result<Self, PlaneError> {
        Self::with_axes(orientation.axes()?, center, mm_per_pixel, size)
    }

    /// The plane of square pixels along unit vectors to the image's right, down, and away from the viewer.
    pub(super) fn with_axes(
        axes: [Vector<Patient>; 3],
        center: Point<Patient>,
        mm_per_pixel: f64,
        size: Size,
    ) -> Result<Self, PlaneError> {
        if !(mm_per_pixel.is_finite() && mm_per_pixel > 0.0) {
            return Err(PlaneError::Scale(mm_per_pixel));
        }
        if let Some(axis) = axes.iter().find(|axis| !axis.xyz.iter().all(|v| v.is_finite())) {
            return Err(PlaneError::Normal(axis.xyz.into()));
        }
        if !center.xyz.iter().all(|v| v.is_finite()) {
            return Err(PlaneError::Place(center.xyz.into()));
        }
        if size.width == 0 || size.height == 0 {
            return Err(PlaneError::Size(size.width, size.height));
        }
        let axes = axes.map(|axis| axis * mm_per_pixel);
        let [right, down, _] = axes;
        let half = |pixels: u32| (f64::from(pixels) - 1.0) / 2.0;
        let corner = center + right * -half(size.width) + down * -half(size.height);
        Ok(Self {
            patient_from_plane: Affine::from_axes(axes, corner),
        })
    }

    /// The plane through `place` whose image of `size` just holds all `grids`, in the middle, square pixels.
    ///
    /// # Errors
    ///
    /// As [`ImagePlane::centered`]; [`PlaneError::Nothing`] without grids.
    pub fn fitted(
        orientation: Orientation,
        place: Point<Patient>,
        grids: &[&Grid],
        size: Size,
    ) -> Result<Self, PlaneError> {
        let [right, down, _] = orientation.axes()?;
        let corners = || {
            grids
                .iter()
                .flat_map(|grid| grid.corners())
                .map(|corner| corner - place)
        };
        let extent = |axis: Vector<Patient>| {
            corners()
                .map(|corner| corner.dot(axis))
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), along| {
                    (low.min(along), high.max(along))
                })
        };
        if grids.is_empty() {
            return Err(PlaneError::Nothing);
        }
        let ((left, right_end), (top, bottom)) = (extent(right), extent(down));
        let center = place + right * ((left + right_end) / 2.0) + down * ((top + bottom) / 2.0);
        let mm_per_pixel =
            ((right_end - left) / f64::from(size.width)).max((bottom - top) / f64::from(size.height));
        Self::centered(orientation, center, mm_per_pixel, size)
    }

    /// Place of a pixel (fractions allowed; integers are centres).
    #[must_use]
    pub fn patient(&self, x: f64, y: f64) -> Point<Patient> {
        self.patient_from_plane * Point::<Plane>::new(x, y, 0.0)
    }

    /// The pixel (x, y, fractions) nearest to a place; `None` for a plane that does not span space.
    #[must_use]
    pub fn pixel(&self, place: Point<Patient>) -> Option<[f64; 2]> {
        let pixel = self.patient_from_plane.inverse().ok()? * place;
        Some([pixel[0], pixel[1]])
    }

    /// The plane moved along its line of sight, away from the viewer, mm.
    #[must_use]
    pub fn moved(&self, away_mm: f64) -> Self {
        let sight = self.patient_from_plane.axis(2).normalized();
        let step = sight.map_or(Vector::new(0.0, 0.0, 0.0), |sight| sight * away_mm);
        let mut moved = *self;
        moved.patient_from_plane.origin += step.xyz;
        moved
    }

    /// Size of a pixel (width, height), mm.
    #[must_use]
    pub fn mm_per_pixel(&self) -> [f64; 2] {
        [0, 1].map(|axis| self.patient_from_plane.axis(axis).norm())
    }

    /// The image turned clockwise about its pixel (x, y), radians: what it shows turns on the screen.
    #[must_use]
    pub fn turned(&self, x: f64, y: f64, clockwise_rad: f64) -> Self {
        let (sin, cos) = clockwise_rad.sin_cos();
        self.seen_through([cos, sin, -sin, cos], x, y)
    }

    /// The image mirrored left to right about its column x.
    #[must_use]
    pub fn mirrored_horizontally(&self, x: f64) -> Self {
        self.seen_through([-1.0, 0.0, 0.0, 1.0], x, 0.0)
    }

    /// The image mirrored top to bottom about its row y.
    #[must_use]
    pub fn mirrored_vertically(&self, y: f64) -> Self {
        self.seen_through([1.0, 0.0, 0.0, -1.0], 0.0, y)
    }

    /// The image magnified `factor` times about its pixel (x, y).
    #[must_use]
    pub fn magnified(&self, x: f64, y: f64, factor: f64) -> Self {
        self.seen_through([1.0 / factor, 0.0, 0.0, 1.0 / factor], x, y)
    }

    /// The plane whose pixel p shows what this one's pixel `center + m (p - center)` did.
    fn seen_through(&self, [a, b, c, d]: [f64; 4], x: f64, y: f64) -> Self {
        let linear = Matrix3::new(a, b, 0.0, c, d, 0.0, 0.0, 0.0, 1.0);
        let center = Vector3::new(x, y, 0.0);
        let old_from_new: Affine<Plane, Plane> = Affine::new(linear, center - linear * center);
        Self {
            patient_from_plane: self.patient_from_plane * old_from_new,
        }
    }

    /// The letters of the body's directions at the image's edges.
    #[must_use]
    pub fn letters(&self) -> Letters {
        Letters::of(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ImagePlane, Orientation, PlaneError, Size};
    use crate::geometry::{Affine, Grid, Point, Vector};

    const SIZE: Size = Size {
        width: 101,
        height: 51,
    };

    fn check(orientation: Orientation, [left, right, top, bottom]: [&str; 4]) {
        let plane = ImagePlane::centered(orientation, Point::new(1.0, 2.0, 3.0), 2.0, SIZE).unwrap();
        let letters = plane.letters();
        assert_eq!(
            [&letters.left, &letters.right, &letters.top, &letters.bottom],
            [left, right, top, bottom]
        );
        assert!(plane.patient(50.0, 25.0).distance(Point::new(1.0, 2.0, 3.0)) < 1e-12);
        assert!(
            (plane.patient_from_plane.linear.determinant() - 8.0).abs() < 1e-9,
            "mirrored"
        );
    }

    #[test]
    fn straight_planes_are_seen_as_radiologists_do() {
        check(Orientation::Axial, ["R", "L", "A", "P"]);
        check(Orientation::Coronal, ["R", "L", "H", "F"]);
        check(Orientation::Sagittal, ["A", "P", "H", "F"]);
    }

    #[test]
    fn a_straight_normal_gives_the_straight_plane_from_both_sides() {
        for (normal, straight) in [
            ([0.0, 0.0, 1.0], Orientation::Axial),
            ([0.0, 2.0, 0.0], Orientation::Coronal),
            ([1.0, 0.0, 0.0], Orientation::Sagittal),
        ] {
            for sign in [1.0, -1.0] {
                let oblique = Orientation::Oblique(Vector::from(normal) * sign);
                assert_eq!(oblique.axes().unwrap(), straight.axes().unwrap());
            }
        }
        check(
            Orientation::Oblique(Vector::new(0.0, 0.5, 0.8)),
            ["R", "L", "AH", "PF"],
        );
    }

    #[test]
    fn what_is_no_plane_is_refused() {
        let at = Point::new(0.0, 0.0, 0.0);
        let zero = Orientation::Oblique(Vector::new(0.0, 0.0, 0.0));
        assert_eq!(
            ImagePlane::centered(zero, at, 1.0, SIZE),
            Err(PlaneError::Normal([0.0; 3]))
        );
        assert_eq!(
            ImagePlane::centered(Orientation::Axial, at, 0.0, SIZE),
            Err(PlaneError::Scale(0.0))
        );
        assert_eq!(
            ImagePlane::fitted(Orientation::Axial, at, &[], SIZE),
            Err(PlaneError::Nothing)
        );
        let nowhere = Point::new(f64::NAN, 0.0, 0.0);
        assert!(ImagePlane::centered(Orientation::Axial, nowhere, 1.0, SIZE).is_err());
    }

    #[test]
    fn a_fitted_plane_just_holds_the_grid() {
        let axes = [
            Vector::new(2.0, 0.0, 0.0),
            Vector::new(0.0, 2.0, 0.0),
            Vector::new(0.0, 0.0, 5.0),
        ];
        let grid = Grid::new([100, 50, 20], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        let size = Size {
            width: 100,
            height: 100,
        };
        let plane = ImagePlane::fitted(Orientation::Axial, grid.center(), &[&grid], size).unwrap();
        assert_eq!(plane.mm_per_pixel(), [2.0, 2.0]);
        assert!(
            plane
                .patient(0.0, 25.0)
                .distance(grid.patient(Point::new(0.0, 0.0, 9.5)))
                < 1e-9
        );
        assert!(
            ((plane.moved(3.0).patient(0.0, 0.0) - plane.patient(0.0, 0.0)).dot(Vector::new(0.0, 0.0, 1.0))
                - 3.0)
                .abs()
                < 1e-9
        );
    }

    #[test]
    fn letters_follow_turns_and_mirrors() {
        let at = Point::new(0.0, 0.0, 0.0);
        let plane = ImagePlane::centered(Orientation::Axial, at, 1.0, SIZE).unwrap();
        let letters = |plane: &ImagePlane| {
            let letters = plane.letters();
            [letters.left, letters.right, letters.top, letters.bottom].concat()
        };
        let quarter = std::f64::consts::FRAC_PI_2;
        assert_eq!(letters(&plane), "RLAP");
        assert_eq!(letters(&plane.turned(50.0, 25.0, quarter)), "PARL");
        assert_eq!(letters(&plane.turned(50.0, 25.0, -quarter)), "APLR");
        assert_eq!(letters(&plane.mirrored_horizontally(50.0)), "LRAP");
        assert_eq!(letters(&plane.mirrored_vertically(25.0)), "RLPA");
        let back = plane.turned(3.0, 4.0, 0.3).turned(3.0, 4.0, -0.3);
        assert!(back.patient(90.0, 7.0).distance(plane.patient(90.0, 7.0)) < 1e-9);
        let twice = plane.mirrored_vertically(25.0).mirrored_vertically(25.0);
        assert_eq!(twice, plane);
        let [x, y] = plane.pixel(plane.moved(7.0).patient(12.25, 30.5)).unwrap();
        assert!((x - 12.25).abs() < 1e-9 && (y - 30.5).abs() < 1e-9);
        let lens = plane.magnified(40.0, 20.0, 4.0);
        assert!(lens.patient(44.0, 20.0).distance(plane.patient(41.0, 20.0)) < 1e-9);
    }

    proptest! {
        #[test]
        fn axes_are_upright_and_right_handed(normal in prop::array::uniform3(-1.0..1.0f64)) {
            prop_assume!(normal.iter().any(|part| part.abs() > 1e-3));
            let [right, down, away] = Orientation::Oblique(normal.into()).axes().unwrap();
            prop_assert!((right.cross(down) - away).norm() < 1e-9);
            prop_assert!(right.dot(down).abs() < 1e-9);
            // Head is never below, or anterior is not, where the plane is nearest to axial.
            let is_nearest_to_axial = away[2].abs() >= away[0].abs().max(away[1].abs());
            let is_upright = if is_nearest_to_axial { down[1] > 0.0 } else { down[2] < 0.0 };
            prop_assert!(is_upright);
        }
    }
}
