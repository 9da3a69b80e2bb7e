//! Lengths, angles and areas between points that a person or a program has set.
//!
//! A [`Caliper`] measures points of patient space, or of an image whose pixels have a known size, a size
//! calibrated by the reader, or none: then lengths are in pixels and say so. Angles are in radians.

mod diameter;
mod ellipse;
mod polygon;

pub use diameter::{Bidirectional, Diameter};
pub use ellipse::Ellipse;
pub(super) use polygon::area as polygon_area;

use std::marker::PhantomData;

use crate::geometry::{Patient, Plane, Point, Space, Vector};

/// What a length was measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LengthUnit {
    /// Millimetres.
    Mm,
    /// Pixels of the image, taken for square: what they cover in the patient is not known.
    Pixels,
}

/// A length with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    /// How many of the unit.
    pub value: f64,
    /// Millimetres, unless nothing is known of them.
    pub unit: LengthUnit,
}

/// An area with the unit of its sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// How many squares of the unit.
    pub value: f64,
    /// Millimetres for mm², pixels for squares of a pixel's width.
    pub side: LengthUnit,
}

/// Why there is nothing to measure.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CaliperError {
    /// A point has a coordinate that is no number.
    #[error("points must have finite coordinates")]
    NotFinite,
    /// A size is zero, negative or no number.
    #[error("{what} must be positive, found {found}")]
    NotPositive {
        /// Which size.
        what: &'static str,
        /// What was given or measured.
        found: f64,
    },
    /// A line has no direction: its ends are one.
    #[error("{0} needs two different ends")]
    NoDirection(&'static str),
    /// There are too few points.
    #[error("expected at least {expected} points, found {found}")]
    TooFewPoints {
        /// How many it takes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The points do not lie in a plane.
    #[error("points must lie within {allowed_mm} mm of a plane, found {found_mm} mm")]
    NotPlanar {
        /// A thousandth of their extent.
        allowed_mm: f64,
        /// Largest distance from the plane.
        found_mm: f64,
    },
}

/// The width of the heart against that of the chest, on a frontal image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cardiothoracic {
    /// From the midline to the first border of the heart; negative when that border lies on the other side.
    pub first: Length,
    /// From the midline to the second border of the heart, to the other side.
    pub second: Length,
    /// The chest's width.
    pub thorax: Length,
    /// `(first + second) / thorax`.
    pub ratio: f64,
}

/// Measures between points of space `S`.
///
/// ```
/// use engine::geometry::Point;
/// use engine::voi::{Caliper, LengthUnit};
/// // A column is 0.5 mm wide, a row 2 mm high.
/// let caliper = Caliper::spaced([0.5, 2.0]).unwrap();
/// let length = caliper.length(Point::new(0.0, 0.0, 0.0), Point::new(6.0, 2.0, 0.0)).unwrap();
/// assert_eq!((length.value, length.unit), (5.0, LengthUnit::Mm));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caliper<S: Space> {
    /// What a step of each coordinate covers, in the unit.
    step: [f64; 3],
    unit: LengthUnit,
    space: PhantomData<S>,
}

impl Caliper<Patient> {
    /// Measures places in patient space, mm.
    pub const PATIENT: Self = Self {
        step: [1.0; 3],
        unit: LengthUnit::Mm,
        space: PhantomData,
    };
}

impl Caliper<Plane> {
    /// Measures pixels of an image whose size nobody knows, in widths of a pixel; they are taken for square.
    pub const PIXELS: Self = Self {
        step: [1.0; 3],
        unit: LengthUnit::Pixels,
        space: PhantomData,
    };

    /// Measures pixels of an image by the distance between its columns and between its rows, mm.
    ///
    /// DICOM's Pixel Spacing (0028,0030) has the distance between rows first.
    ///
    /// # Errors
    ///
    /// [`CaliperError::NotPositive`] for a distance that is zero, negative or no number.
    pub fn spaced([between_columns_mm, between_rows_mm]: [f64; 2]) -> Result<Self, CaliperError> {
        positive("the distance between columns", between_columns_mm)?;
        positive("the distance between rows", between_rows_mm)?;
        Ok(Self {
            step: [between_columns_mm, between_rows_mm, 1.0],
            unit: LengthUnit::Mm,
            space: PhantomData,
        })
    }

    /// The caliper by which the line from `a` to `b` is `length_mm` long; pixels keep their proportion.
    ///
    /// # Errors
    ///
    /// [`CaliperError::NotPositive`] for a length that is zero, negative or no number and for a line without
    /// length, [`CaliperError::NotFinite`] for ends that are no places.
    pub fn calibrated(&self, a: Point<Plane>, b: Point<Plane>, length_mm: f64) -> Result<Self, CaliperError> {
        positive("the known length", length_mm)?;
        let found = positive("the line", self.length(a, b)?.value)?;
        Self::spaced([0, 1].map(|axis| self.step[axis] * (length_mm / found)))
    }
}

impl<S: Space> Caliper<S> {
    /// The unit of its lengths.
    #[must_use]
    pub fn unit(&self) -> LengthUnit {
        self.unit
    }

    /// Length of a straight line.
    ///
    /// # Errors
    ///
    /// [`CaliperError::NotFinite`] for ends that are no places.
    pub fn length(&self, a: Point<S>, b: Point<S>) -> Result<Length, CaliperError> {
        self.path(&[a, b])
    }

    /// Length of straight lines from point to point.
    ///
    /// # Errors
    ///
    /// [`CaliperError::NotFinite`] for points that are no places, [`CaliperError::TooFewPoints`] for less than
    /// two.
    pub fn path(&self, points: &[Point<S>]) -> Result<Length, CaliperError> {
        let places = self.places(points, 2)?;
        Ok(self.in_unit(places.windows(2).map(|ends| (ends[1] - ends[0]).norm()).sum()))
    }

    /// Length around a closed polygon; the last corner joins the first.
    ///
    /// # Errors
    ///
    /// As [`Caliper::path`], for less than three corners.
    pub fn perimeter(&self, corners: &[Point<S>]) -> Result<Length, CaliperError> {
        let places = self.places(corners, 3)?;
        let next = places.iter().cycle().skip(1);
        Ok(self.in_unit(places.iter().zip(next).map(|(a, b)| (*b - *a).norm()).sum()))
    }

    /// Area of a closed polygon in any plane; of one that crosses itself, of what the even-odd rule holds
    /// inside, as its mask does.
    ///
    /// # Errors
    ///
    /// As [`Caliper::perimeter`]; [`CaliperError::NotPlanar`] for corners further from a plane than a
    /// thousandth of their extent.
    pub fn area(&self, corners: &[Point<S>]) -> Result<Area, CaliperError> {
        let flat = polygon::flattened(&self.places(corners, 3)?)?;
        Ok(Area {
            value: polygon::area(&flat),
            side: self.unit,
        })
    }

    /// The ellipse about `center` through `a` and `b`, which are a quarter turn apart on it: the ends of its
    /// two axes, or what a linear map makes of those.
    ///
    /// So an ellipse within a rectangle of pixels is still right where pixels are not square.
    ///
    /// # Errors
    ///
    /// [`CaliperError::NotFinite`] for points that are no places, [`CaliperError::NotPositive`] for an ellipse
    /// without width.
    pub fn ellipse(&self, center: Point<S>, a: Point<S>, b: Point<S>) -> Result<Ellipse, CaliperError> {
        let places = self.places(&[center, a, b], 3)?;
        ellipse::measured(places[1] - places[0], places[2] - places[0], self.unit)
    }

    /// The angle at `vertex` between the lines to `a` and to `b`: 0 to pi.
    ///
    /// # Errors
    ///
    /// [`CaliperError::NoDirection`] when the vertex is also an end, [`CaliperError::NotFinite`].
    pub fn angle_rad(&self, a: Point<S>, vertex: Point<S>, b: Point<S>) -> Result<f64, CaliperError> {
        self.angle_between_rad([vertex, a], [vertex, b])
    }

    /// The angle between two lines as they are drawn, from the first end to the second: 0 to pi.
    ///
    /// # Errors
    ///
    /// [`CaliperError::NoDirection`] for a line without length, [`CaliperError::NotFinite`].
    pub fn angle_between_rad(&self, one: [Point<S>; 2], other: [Point<S>; 2]) -> Result<f64, CaliperError> {
        let (one, other) = (self.direction("a line", one)?, self.direction("a line", other)?);
        // The arc cosine has no digits left where lines are nearly parallel.
        Ok(one.cross(other).norm().atan2(one.dot(other)))
    }

    /// Cobb's angle between two lines, along the end plates of the vertebrae most tilted: 0 to pi / 2,
    /// whichever way they are drawn.
    ///
    /// J. R. Cobb, Outline for the study of scoliosis, AAOS Instructional Course Lectures 5 (1948) 261-275.
    /// Two lines have no larger angle; for a curve above 90 degrees draw both from the same side of the
    /// patient and take [`Caliper::angle_between_rad`].
    ///
    /// # Errors
    ///
    /// As [`Caliper::angle_between_rad`].
    pub fn cobb_angle_rad(&self, upper: [Point<S>; 2], lower: [Point<S>; 2]) -> Result<f64, CaliperError> {
        let angle = self.angle_between_rad(upper, lower)?;
        Ok(angle.min(std::f64::consts::PI - angle))
    }

    /// The cardiothoracic ratio: the heart's largest extents to both sides of the midline, together, over the
    /// chest's largest inner width, all measured across the midline.
    ///
    /// `heart` and `thorax` are places on their borders, in both the same side first; where along the
    /// midline they lie does not count. C. S. Danzer, The cardiothoracic ratio, Am. J. Med. Sci. 157 (1919)
    /// 513-521.
    ///
    /// # Errors
    ///
    /// [`CaliperError::NoDirection`] for a midline without length, [`CaliperError::NotPositive`] for a chest
    /// or a heart without width or with its borders the other way round, [`CaliperError::NotFinite`].
    pub fn cardiothoracic(
        &self,
        midline: [Point<S>; 2],
        heart: [Point<S>; 2],
        thorax: [Point<S>; 2],
    ) -> Result<Cardiothoracic, CaliperError> {
        let along = self.direction("the midline", midline)?;
        let chest = self.direction("the chest", thorax)?;
        let across = chest - along * along.dot(chest);
        let across = across
            .normalized()
            .ok_or(CaliperError::NoDirection("the chest, across the midline,"))?;
        let places = self.places(&[midline[0], heart[0], heart[1], thorax[0], thorax[1]], 5)?;
        let from_midline = |place: usize| across.dot(places[place] - places[0]);
        let (first, second) = (-from_midline(1), from_midline(2));
        let thorax = positive("the width of the chest", from_midline(4) - from_midline(3))?;
        let heart = positive("the width of the heart", first + second)?;
        Ok(Cardiothoracic {
            first: self.in_unit(first),
            second: self.in_unit(second),
            thorax: self.in_unit(thorax),
            ratio: heart / thorax,
        })
    }

    /// Points in the unit of lengths; at least `expected`.
    fn places(&self, points: &[Point<S>], expected: usize) -> Result<Vec<Point<S>>, CaliperError> {
        if points.len() < expected {
            let found = points.len();
            return Err(CaliperError::TooFewPoints { expected, found });
        }
        if !points.iter().all(|point| point.xyz.iter().all(|c| c.is_finite())) {
            return Err(CaliperError::NotFinite);
        }
        let place = |point: &Point<S>| Point::from([0, 1, 2].map(|axis| point[axis] * self.step[axis]));
        Ok(points.iter().map(place).collect())
    }

    fn direction(&self, what: &'static str, ends: [Point<S>; 2]) -> Result<Vector<S>, CaliperError> {
        let places = self.places(&ends, 2)?;
        (places[1] - places[0])
            .normalized()
            .ok_or(CaliperError::NoDirection(what))
    }

    fn in_unit(&self, value: f64) -> Length {
        Length {
            value,
            unit: self.unit,
        }
    }
}

fn positive(what: &'static str, found: f64) -> Result<f64, CaliperError> {
    let positive = found > 0.0 && found.is_finite();
    positive
        .then_some(found)
        .ok_or(CaliperError::NotPositive { what, found })
}

#[cfg(test)]
mod tests;
