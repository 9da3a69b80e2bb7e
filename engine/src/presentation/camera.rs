//! From where a body is looked at: what projections and volume renderings are seen by.

use nalgebra::{Rotation3, Unit};

use crate::geometry::{Affine, Grid, Patient, Plane, Point, Vector};
use crate::presentation::{ImagePlane, PlaneError, Size};

/// A plane of pixels and the rays through them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Where the pixels lie in the body; rays count their millimetres from here, positive away from the viewer.
    pub plane: ImagePlane,
    /// Where all rays meet, before the plane; `None` for parallel rays at right angles to the plane.
    pub eye: Option<Point<Patient>>,
}

/// A straight line of sight, in patient space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ray {
    /// Where it passes the camera's plane.
    pub origin: Point<Patient>,
    /// Away from the viewer, of length 1.
    pub direction: Vector<Patient>,
    /// Millimetres from the origin at which it begins: at the eye, or infinitely far before the plane.
    pub start_mm: f64,
}

/// From which side a camera looks, radians.
///
/// Both 0: from the front, head up. Azimuth turns the viewer to the patient's left, elevation towards the
/// head.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Direction {
    /// Around the body's long axis.
    pub azimuth_rad: f64,
    /// Above the horizon.
    pub elevation_rad: f64,
}

impl Direction {
    /// The direction of two angles in degrees, as people write them.
    #[must_use]
    pub fn from_degrees(azimuth: f64, elevation: f64) -> Self {
        Self {
            azimuth_rad: azimuth.to_radians(),
            elevation_rad: elevation.to_radians(),
        }
    }

    /// Unit vectors to the image's right, down, and away from the viewer.
    #[must_use]
    pub fn axes(self) -> [Vector<Patient>; 3] {
        let (sin_a, cos_a) = self.azimuth_rad.sin_cos();
        let (sin_e, cos_e) = self.elevation_rad.sin_cos();
        let right = Vector::new(cos_a, sin_a, 0.0);
        let up = Vector::new(-sin_a * sin_e, cos_a * sin_e, cos_e);
        let to_viewer = Vector::new(sin_a * cos_e, -cos_a * cos_e, sin_e);
        [right, -up, -to_viewer]
    }
}

impl Camera {
    /// Parallel rays through an image of `size` with `center` in its middle.
    ///
    /// # Errors
    ///
    /// [`PlaneError`] for a scale that is not positive, a place or direction that is not finite, a size of 0.
    pub fn centered(
        direction: Direction,
        center: Point<Patient>,
        mm_per_pixel: f64,
        size: Size,
    ) -> Result<Self, PlaneError> {
        let plane = ImagePlane::with_axes(direction.axes(), center, mm_per_pixel, size)?;
        Ok(Self { plane, eye: None })
    }

    /// Parallel rays that hold all `grids` at any azimuth: the scale does not change while the body turns.
    ///
    /// # Errors
    ///
    /// As [`Camera::centered`]; [`PlaneError::Nothing`] without grids.
    pub fn fitted(direction: Direction, grids: &[&Grid], size: Size) -> Result<Self, PlaneError> {
        let corners: Vec<_> = grids.iter().flat_map(|grid| grid.corners()).collect();
        let bounds = |axis: usize| {
            corners
                .iter()
                .map(|corner| corner[axis])
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
                    (low.min(at), high.max(at))
                })
        };
        if corners.is_empty() {
            return Err(PlaneError::Nothing);
        }
        let [x, y, z] = [0, 1, 2].map(bounds);
        let center = Point::new((x.0 + x.1) / 2.0, (y.0 + y.1) / 2.0, (z.0 + z.1) / 2.0);
        let radius = (x.1 - x.0).hypot(y.1 - y.0) / 2.0;
        let (sin_e, cos_e) = direction.elevation_rad.sin_cos();
        let half_height = radius * sin_e.abs() + (z.1 - z.0) / 2.0 * cos_e.abs();
        let width = 2.0 * radius / f64::from(size.width.max(1));
        let height = 2.0 * half_height / f64::from(size.height.max(1));
        Self::centered(direction, center, width.max(height), size)
    }

    /// The camera turned about the axis through `center`, by the right-hand rule, radians.
    ///
    /// About the axis to the head a positive angle takes the viewer from the front to the patient's left.
    #[must_use]
    pub fn turned(&self, center: Point<Patient>, axis: Vector<Patient>, angle_rad: f64) -> Self {
        let Some(unit) = Unit::try_new(axis.xyz, 1e-300) else {
            return *self;
        };
        let rotation = *Rotation3::from_axis_angle(&unit, angle_rad).matrix();
        let turned: Affine<Patient, Patient> = Affine::new(rotation, center.xyz - rotation * center.xyz);
        Self {
            plane: ImagePlane {
                patient_from_plane: turned * self.plane.patient_from_plane,
            },
            eye: self.eye.map(|eye| turned * eye),
        }
    }

    /// `count` cameras around the axis to the head through `center`, evenly over 360 degrees, this one first.
    pub fn rotation(self, center: Point<Patient>, count: u32) -> impl Iterator<Item = Self> {
        let step_rad = std::f64::consts::TAU / f64::from(count.max(1));
        let to_head = Vector::new(0.0, 0.0, 1.0);
        (0..count).map(move |n| self.turned(center, to_head, f64::from(n) * step_rad))
    }

    /// The same picture plane seen from a point `distance_mm` before the middle of an image of `size`.
    #[must_use]
    pub fn with_eye(&self, distance_mm: f64, size: Size) -> Self {
        let middle = |pixels: u32| (f64::from(pixels) - 1.0) / 2.0;
        let center = self.plane.patient(middle(size.width), middle(size.height));
        let eye = self.sight().map(|sight| center + sight * -distance_mm);
        Self { eye, ..*self }
    }

    /// Direction away from the viewer, of length 1; `None` when the plane has none.
    #[must_use]
    pub fn sight(&self) -> Option<Vector<Patient>> {
        self.plane.patient_from_plane.axis(2).normalized()
    }

    /// The ray through a pixel (fractions allowed; integers are centres).
    ///
    /// `None` when the plane has no line of sight or the eye lies in the pixel.
    #[must_use]
    pub fn ray(&self, x: f64, y: f64) -> Option<Ray> {
        let origin = self.plane.patient_from_plane * Point::<Plane>::new(x, y, 0.0);
        let Some(eye) = self.eye else {
            return Some(Ray {
                origin,
                direction: self.sight()?,
                start_mm: f64::NEG_INFINITY,
            });
        };
        let away = origin - eye;
        Some(Ray {
            origin,
            direction: away.normalized()?,
            start_mm: -away.norm(),
        })
    }
}

impl Ray {
    /// The place `t_mm` along the ray.
    #[must_use]
    pub fn at(&self, t_mm: f64) -> Point<Patient> {
        self.origin + self.direction * t_mm
    }
}

#[cfg(test)]
mod tests {
    use super::{Camera, Direction};
    use crate::geometry::{Affine, Grid, Point, Vector};
    use crate::presentation::Size;

    const SIZE: Size = Size {
        width: 101,
        height: 51,
    };

    fn check(azimuth: f64, elevation: f64, [left, right, top, bottom]: [&str; 4]) {
        let direction = Direction::from_degrees(azimuth, elevation);
        let camera = Camera::centered(direction, Point::new(1.0, 2.0, 3.0), 2.0, SIZE).unwrap();
        let letters = camera.plane.letters();
        let found = [&letters.left, &letters.right, &letters.top, &letters.bottom];
        assert_eq!(found, [left, right, top, bottom], "{azimuth}, {elevation}");
        let determinant = camera.plane.patient_from_plane.linear.determinant();
        assert!((determinant - 8.0).abs() < 1e-9, "mirrored");
    }

    #[test]
    fn left_is_left_from_every_side() {
        check(0.0, 0.0, ["R", "L", "H", "F"]);
        check(90.0, 0.0, ["A", "P", "H", "F"]);
        check(-90.0, 0.0, ["P", "A", "H", "F"]);
        check(180.0, 0.0, ["L", "R", "H", "F"]);
        check(0.0, 90.0, ["R", "L", "P", "A"]);
        check(0.0, -90.0, ["R", "L", "A", "P"]);
        check(0.0, 40.0, ["R", "L", "HP", "FA"]);
    }

    #[test]
    fn a_rotation_goes_by_the_patients_left() {
        let at = Point::new(10.0, -5.0, 3.0);
        let front = Camera::centered(Direction::default(), at, 1.5, SIZE).unwrap();
        let cameras: Vec<_> = front.rotation(at, 4).collect();
        let left = Camera::centered(Direction::from_degrees(90.0, 0.0), at, 1.5, SIZE).unwrap();
        for pixel in [(0.0, 0.0), (100.0, 50.0)] {
            let [a, b] = [&cameras[1], &left].map(|camera| camera.plane.patient(pixel.0, pixel.1));
            assert!(a.distance(b) < 1e-9);
        }
    }

    #[test]
    fn a_fitted_camera_holds_the_body_at_every_azimuth() {
        let axes = [
            Vector::new(2.0, 0.0, 0.0),
            Vector::new(0.0, 2.0, 0.0),
            Vector::new(0.0, 0.0, 5.0),
        ];
        let grid = Grid::new([60, 50, 40], Affine::from_axes(axes, Point::new(0.0, 7.0, 0.0))).unwrap();
        for azimuth in [0.0, 33.0, 90.0, 200.0] {
            for elevation in [0.0, 20.0, -90.0] {
                let direction = Direction::from_degrees(azimuth, elevation);
                let camera = Camera::fitted(direction, &[&grid], SIZE).unwrap();
                let plane_from_patient = camera.plane.patient_from_plane.inverse().unwrap();
                for corner in grid.corners() {
                    let pixel = plane_from_patient * corner;
                    assert!((-0.51..=100.51).contains(&pixel[0]) && (-0.51..=50.51).contains(&pixel[1]));
                }
            }
        }
    }

    #[test]
    fn rays_pass_their_pixels() {
        let at = Point::new(0.0, 0.0, 0.0);
        let parallel = Camera::centered(Direction::from_degrees(30.0, 10.0), at, 1.0, SIZE).unwrap();
        let perspective = parallel.with_eye(400.0, SIZE);
        let eye = perspective.eye.unwrap();
        for camera in [parallel, perspective] {
            let ray = camera.ray(80.0, 5.0).unwrap();
            assert!((ray.direction.norm() - 1.0).abs() < 1e-12);
            assert!(ray.origin.distance(camera.plane.patient(80.0, 5.0)) < 1e-12);
        }
        let ray = perspective.ray(80.0, 5.0).unwrap();
        assert!(ray.at(ray.start_mm).distance(eye) < 1e-9);
        assert!((perspective.ray(50.0, 25.0).unwrap().start_mm + 400.0).abs() < 1e-9);
    }
}
