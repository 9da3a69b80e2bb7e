//! From values to colour and opacity, for volume rendering.

/// Why control points make no transfer function.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// None, or too many.
    #[error("{what} of a transfer function needs 1 to {MAX_POINTS} control points, found {found}")]
    Count {
        /// The curve.
        what: &'static str,
        /// Points given.
        found: usize,
    },
    /// Places that do not rise, or are not finite.
    #[error("control points of {what} must be finite and rise, found {found} after {before}")]
    Order {
        /// The curve.
        what: &'static str,
        /// The place before.
        before: f64,
        /// The place that does not follow it.
        found: f64,
    },
    /// An opacity that is not a part of one, or a length that is not positive.
    #[error("{what} must be {expected}, found {found}")]
    Number {
        /// The number.
        what: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
}

/// Most control points of a curve.
pub const MAX_POINTS: usize = 256;

/// Control points of a curve: places that rise, and what the curve is there; straight between them, level
/// beyond the outermost.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve<T> {
    points: Vec<(f64, T)>,
}

impl<T: Copy> Curve<T> {
    /// Makes a curve of points whose places rise; equal places make a jump.
    fn new(what: &'static str, points: Vec<(f64, T)>) -> Result<Self, TransferError> {
        if !(1..=MAX_POINTS).contains(&points.len()) {
            let found = points.len();
            return Err(TransferError::Count { what, found });
        }
        let mut before = f64::NEG_INFINITY;
        for (found, _) in &points {
            if !found.is_finite() || *found < before {
                let found = *found;
                return Err(TransferError::Order { what, before, found });
            }
            before = *found;
        }
        Ok(Self { points })
    }

    /// The control points.
    #[must_use]
    pub fn points(&self) -> &[(f64, T)] {
        &self.points
    }

    /// The two points around a place and how far it is from the first to the second, 0 to 1; at a jump,
    /// what follows it.
    fn around(&self, at: f64) -> (T, T, f64) {
        let above = self.points.partition_point(|(place, _)| *place <= at);
        let last = self.points.len() - 1;
        if above == 0 || above > last {
            let end = self.points[above.min(last)].1;
            return (end, end, 0.0);
        }
        let ((low, a), (high, b)) = (self.points[above - 1], self.points[above]);
        (a, b, (at - low) / (high - low))
    }
}

impl Curve<f64> {
    /// The curve at a place.
    #[must_use]
    pub fn at(&self, place: f64) -> f64 {
        let (a, b, part) = self.around(place);
        a + part * (b - a)
    }

    /// Checks that all of it is between 0 and 1.
    fn parts_of_one(self, what: &'static str) -> Result<Self, TransferError> {
        match self.points.iter().find(|(_, part)| !(0.0..=1.0).contains(part)) {
            Some((_, found)) => Err(TransferError::Number {
                what,
                expected: "0 to 1",
                found: *found,
            }),
            None => Ok(self),
        }
    }
}

impl Curve<[u8; 3]> {
    /// The colour at a place, parts from 0 to 1, not rounded.
    #[must_use]
    pub fn at(&self, place: f64) -> [f64; 3] {
        let (a, b, part) = self.around(place);
        std::array::from_fn(|n| (f64::from(a[n]) + part * (f64::from(b[n]) - f64::from(a[n]))) / 255.0)
    }
}

/// Most opacity of a millimetre that is told from solid: what is denser hides all behind it within a
/// hundredth of a millimetre.
const DENSEST: f64 = 1.0 - 1e-6;

/// Which values are seen, how opaque and in which colour.
///
/// Colours are sRGB and are mixed as such, as on every workstation.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferFunction {
    opacity: Curve<f64>,
    color: Curve<[u8; 3]>,
    gradient_opacity: Option<Curve<f64>>,
    unit_mm: f64,
}

impl TransferFunction {
    /// Makes a transfer function of control points over real values (HU, SUV).
    ///
    /// An opacity is the part of the light that `unit_mm` of such tissue holds back, 0 to 1.
    ///
    /// ```
    /// use engine::colormap::TransferFunction;
    /// let bone = TransferFunction::new(vec![(150.0, 0.0), (450.0, 0.8)], vec![(150.0, [200, 150, 90]), (450.0, [255, 250, 240])], 1.0)?;
    /// assert_eq!(bone.opacity().at(300.0), 0.4);
    /// assert_eq!(bone.opacity().at(3000.0), 0.8);
    /// # Ok::<(), engine::colormap::TransferError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TransferError`] for a curve without points, places that do not rise, an opacity beyond 0 to 1, or a
    /// `unit_mm` that is not a positive number.
    pub fn new(
        opacity: Vec<(f64, f64)>,
        color: Vec<(f64, [u8; 3])>,
        unit_mm: f64,
    ) -> Result<Self, TransferError> {
        if !(unit_mm.is_finite() && unit_mm > 0.0) {
            return Err(TransferError::Number {
                what: "the length that an opacity holds for, mm,",
                expected: "a positive number",
                found: unit_mm,
            });
        }
        Ok(Self {
            opacity: Curve::new("the opacity", opacity)?.parts_of_one("an opacity")?,
            color: Curve::new("the colour", color)?,
            gradient_opacity: None,
            unit_mm,
        })
    }

    /// The same with an opacity that also depends on how fast values change: a factor from 0 to 1 over the
    /// gradient's magnitude, real values per mm. It shows borders and hides the inside of even tissue.
    ///
    /// # Errors
    ///
    /// As [`TransferFunction::new`].
    pub fn with_gradient_opacity(self, factor: Vec<(f64, f64)>) -> Result<Self, TransferError> {
        let curve = Curve::new("the gradient opacity", factor)?.parts_of_one("a gradient opacity")?;
        Ok(Self {
            gradient_opacity: Some(curve),
            ..self
        })
    }

    /// Opacity of `unit_mm` over the value.
    #[must_use]
    pub fn opacity(&self) -> &Curve<f64> {
        &self.opacity
    }

    /// Colour over the value.
    #[must_use]
    pub fn color(&self) -> &Curve<[u8; 3]> {
        &self.color
    }

    /// Factor of the extinction over the gradient's magnitude, where there is one.
    #[must_use]
    pub fn gradient_opacity(&self) -> Option<&Curve<f64>> {
        self.gradient_opacity.as_ref()
    }

    /// The length that opacities hold for, mm.
    #[must_use]
    pub fn unit_mm(&self) -> f64 {
        self.unit_mm
    }

    /// Extinction of a value, per mm: `-ln(1 - opacity) / unit_mm`, so that any length can be made of it.
    #[must_use]
    pub fn extinction_per_mm(&self, value: f64) -> f64 {
        extinction_per_mm(self.opacity.at(value), self.unit_mm)
    }
}

/// Extinction, per mm, of what holds back a part `opacity` of the light within `unit_mm`.
#[must_use]
pub fn extinction_per_mm(opacity: f64, unit_mm: f64) -> f64 {
    -(1.0 - opacity.clamp(0.0, DENSEST)).ln() / unit_mm
}

#[cfg(test)]
mod tests {
    use super::{TransferError, TransferFunction, extinction_per_mm};

    const WHITE: [u8; 3] = [255; 3];

    #[test]
    fn curves_are_straight_between_points_and_level_beyond() {
        let transfer = TransferFunction::new(
            vec![(0.0, 0.0), (10.0, 0.5), (10.0, 0.8), (20.0, 1.0)],
            vec![(0.0, [0, 0, 0]), (20.0, [255, 0, 51])],
            2.0,
        )
        .unwrap();
        let opacity = |value| transfer.opacity().at(value);
        assert_eq!(
            [-5.0, 0.0, 5.0, 15.0, 99.0].map(opacity),
            [0.0, 0.0, 0.25, 0.9, 1.0]
        );
        assert_eq!(opacity(10.0), 0.8);
        assert_eq!(transfer.color().at(10.0), [0.5, 0.0, 0.1]);
    }

    #[test]
    fn opacity_holds_for_its_length() {
        let per_mm = extinction_per_mm(0.75, 2.0);
        assert!((1.0 - (-per_mm * 2.0).exp() - 0.75).abs() < 1e-12);
        assert!(extinction_per_mm(1.0, 1.0).is_finite());
        assert_eq!(extinction_per_mm(0.0, 1.0), 0.0);
    }

    fn check(opacity: Vec<(f64, f64)>, unit_mm: f64, expected: &str) {
        let found = TransferFunction::new(opacity, vec![(0.0, WHITE)], unit_mm).unwrap_err();
        assert_eq!(found.to_string(), expected);
    }

    #[test]
    fn what_is_no_transfer_function_is_refused() {
        let none = "the opacity of a transfer function needs 1 to 256 control points, found 0";
        check(vec![], 1.0, none);
        let falls = "control points of the opacity must be finite and rise, found 1 after 2";
        check(vec![(2.0, 0.0), (1.0, 1.0)], 1.0, falls);
        check(vec![(0.0, 1.5)], 1.0, "an opacity must be 0 to 1, found 1.5");
        let length = "the length that an opacity holds for, mm, must be a positive number, found 0";
        check(vec![(0.0, 1.0)], 0.0, length);
        let gradient = TransferFunction::new(vec![(0.0, 1.0)], vec![(0.0, WHITE)], 1.0)
            .unwrap()
            .with_gradient_opacity(vec![(f64::NAN, 0.0)]);
        assert!(matches!(gradient, Err(TransferError::Order { .. })));
    }
}
