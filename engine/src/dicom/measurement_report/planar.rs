//! Lengths, angles, areas and single values, with where they were taken.

use super::{Measurement, MeasurementGroup, Region};
use crate::dicom::concepts;

impl MeasurementGroup {
    /// A group of a tracking ID and UID with measurements.
    #[must_use]
    pub fn tracked(
        id: impl Into<String>,
        uid: impl Into<String>,
        measurements: impl IntoIterator<Item = Measurement>,
    ) -> Self {
        Self {
            tracking_id: Some(id.into()),
            tracking_uid: Some(uid.into()),
            measurements: measurements.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same group as measurements of a region, such as the mean of an ellipse.
    #[must_use]
    pub fn of_region(mut self, region: Region) -> Self {
        self.regions.push(region);
        self
    }
}

impl Measurement {
    /// A length, mm.
    ///
    /// ```
    /// use engine::dicom::measurement_report::Measurement;
    /// let length = Measurement::length_mm(12.5);
    /// assert_eq!((length.quantity.value.as_ref(), length.unit.value.as_ref()), ("410668003", "mm"));
    /// ```
    #[must_use]
    pub fn length_mm(value: f64) -> Self {
        Self::new(concepts::LENGTH, value, concepts::MILLIMETRE)
    }

    /// The longest diameter in a plane, mm: one of the two of a bidirectional measurement.
    #[must_use]
    pub fn long_axis_mm(value: f64) -> Self {
        Self::new(concepts::LONG_AXIS, value, concepts::MILLIMETRE)
    }

    /// The longest diameter across the long axis, mm: the other one.
    #[must_use]
    pub fn short_axis_mm(value: f64) -> Self {
        Self::new(concepts::SHORT_AXIS, value, concepts::MILLIMETRE)
    }

    /// An angle, stored in degrees.
    #[must_use]
    pub fn angle_rad(value: f64) -> Self {
        Self::new(concepts::ANGLE, value.to_degrees(), concepts::DEGREE)
    }

    /// The angle of two vertebrae, stored in degrees.
    #[must_use]
    pub fn cobb_angle_rad(value: f64) -> Self {
        Self::new(concepts::COBB_ANGLE, value.to_degrees(), concepts::DEGREE)
    }

    /// An area, mm².
    #[must_use]
    pub fn area_mm2(value: f64) -> Self {
        Self::new(concepts::AREA, value, concepts::SQUARE_MILLIMETRE)
    }

    /// Width of the heart by width of the thorax.
    #[must_use]
    pub fn cardiothoracic_ratio(value: f64) -> Self {
        Self::new(concepts::CARDIOTHORACIC_RATIO, value, concepts::NO_UNITS)
    }

    /// An attenuation, HU.
    #[must_use]
    pub fn attenuation_hu(value: f64) -> Self {
        Self::new(concepts::ATTENUATION_COEFFICIENT, value, concepts::HOUNSFIELD)
    }

    /// The same measurement as taken along or at a region.
    #[must_use]
    pub fn at(mut self, region: Region) -> Self {
        self.regions.push(region);
        self
    }
}
