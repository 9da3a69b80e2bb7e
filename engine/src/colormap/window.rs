//! Windows: which values are told apart, as a centre and a width.

/// How a window's centre and width are read (VOI LUT Function, PS3.3 C.11.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WindowFunction {
    /// DICOM's default, for integers: from `center - 0.5 - (width - 1) / 2` to `center - 0.5 + (width - 1) / 2`.
    #[default]
    Linear,
    /// From `center - width / 2` to `center + width / 2`: what fractional values such as SUV need.
    LinearExact,
    /// `1 / (1 + exp(-4 (value - center) / width))`.
    Sigmoid,
}

/// A window, in the unit in which the volume is displayed (HU, SUV).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Window Center (0028,1050).
    pub center: f64,
    /// Window Width (0028,1051).
    pub width: f64,
    /// VOI LUT Function (0028,1056).
    pub function: WindowFunction,
}

impl Window {
    /// DICOM's default window; for whole numbers such as HU.
    #[must_use]
    pub const fn linear(center: f64, width: f64) -> Self {
        Self {
            center,
            width,
            function: WindowFunction::Linear,
        }
    }

    /// The window that shows `low` as 0 and `high` as 1.
    ///
    /// ```
    /// use engine::colormap::Window;
    /// assert_eq!(Window::between(0.0, 5.0).fraction(2.5), 0.5);
    /// ```
    #[must_use]
    pub const fn between(low: f64, high: f64) -> Self {
        Self {
            center: (low + high) / 2.0,
            width: high - low,
            function: WindowFunction::LinearExact,
        }
    }

    /// The sigmoid window.
    #[must_use]
    pub const fn sigmoid(center: f64, width: f64) -> Self {
        Self {
            center,
            width,
            function: WindowFunction::Sigmoid,
        }
    }

    /// Whether it can be used: finite, and the width not negative.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.center.is_finite() && self.width.is_finite() && self.width >= 0.0
    }

    /// The values that a linear window shows as 0 and as 1.
    ///
    /// Of a sigmoid, those of the line that touches it in the centre (0.12 and 0.88 of its range). The
    /// two are equal for a window that is a step.
    #[must_use]
    pub fn limits(self) -> (f64, f64) {
        let (middle, width) = match self.function {
            WindowFunction::Linear => (self.center - 0.5, (self.width - 1.0).max(0.0)),
            WindowFunction::LinearExact | WindowFunction::Sigmoid => (self.center, self.width.max(0.0)),
        };
        (middle - width / 2.0, middle + width / 2.0)
    }

    /// Where a value lies in the window, from 0 to 1; not a number for what is not a number.
    ///
    /// A window without width (below 1 for [`WindowFunction::Linear`]) is a step: values up to the limit
    /// are 0, values above it 1 (PS3.3 C.11.2.1.2.1).
    #[must_use]
    pub fn fraction(self, value: f64) -> f64 {
        if value.is_nan() {
            return f64::NAN;
        }
        let (low, high) = self.limits();
        if low == high {
            return if value <= low { 0.0 } else { 1.0 };
        }
        match self.function {
            WindowFunction::Sigmoid => 1.0 / (1.0 + (-4.0 * (value - self.center) / self.width).exp()),
            _ => ((value - low) / (high - low)).clamp(0.0, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Window, WindowFunction};

    fn check(window: Window, value: f64, expected: f64) {
        let found = window.fraction(value);
        assert!(
            (found - expected).abs() < 1e-12,
            "{window:?} of {value}: {found}, not {expected}"
        );
    }

    /// PS3.3 C.11.2.1.2.1: centre 2048, width 4096 takes 0..4095 to the whole range; width 1 is a step.
    #[test]
    fn linear_is_that_of_the_standard() {
        check(Window::linear(2048.0, 4096.0), 0.0, 0.0);
        check(Window::linear(2048.0, 4096.0), 4095.0, 1.0);
        check(Window::linear(2048.0, 4096.0), 2047.5, 0.5);
        // "c=0, w=100: y = 0 at x <= -50, 255 at x > 49, else ((x + 0.5) / 99 + 0.5) * 255"
        check(Window::linear(0.0, 100.0), -50.0, 0.0);
        check(Window::linear(0.0, 100.0), 49.0, 1.0);
        check(Window::linear(0.0, 100.0), 10.0, 10.5 / 99.0 + 0.5);
        check(Window::linear(2048.0, 1.0), 2047.0, 0.0);
        check(Window::linear(2048.0, 1.0), 2048.0, 1.0);
    }

    /// PS3.3 C.11.2.1.3.2: centre 0, width 100 is 0 up to -50 and 1 above 50.
    #[test]
    fn exact_and_sigmoid_are_those_of_the_standard() {
        check(Window::between(-50.0, 50.0), 25.0, 0.75);
        check(Window::between(-50.0, 50.0), 50.1, 1.0);
        check(Window::between(-50.0, 50.0), f64::NEG_INFINITY, 0.0);
        check(Window::sigmoid(40.0, 400.0), 40.0, 0.5);
        check(Window::sigmoid(40.0, 400.0), 140.0, 1.0 / (1.0 + (-1.0f64).exp()));
    }

    #[test]
    fn no_width_is_a_step() {
        for function in [
            WindowFunction::Linear,
            WindowFunction::LinearExact,
            WindowFunction::Sigmoid,
        ] {
            let window = Window {
                center: 10.0,
                width: 0.0,
                function,
            };
            let at = window.limits().0;
            check(window, at, 0.0);
            check(window, at + 1e-9, 1.0);
        }
        assert!(Window::between(0.0, 5.0).fraction(f64::NAN).is_nan());
        assert!(!Window::between(5.0, 0.0).is_valid());
    }
}
