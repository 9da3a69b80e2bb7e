//! A row of colours.

use std::sync::Arc;

/// Most colours that a map may have: more cannot be told apart on a screen, and tables stay in cache.
pub const MAX_COLORS: usize = 4096;

/// Why there is no such colour map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColorMapError {
    /// Too few or too many colours.
    #[error("a colour map needs 2 to {MAX_COLORS} colours, found {0}")]
    Size(usize),
    /// No map of that name.
    #[error("expected the name of a colour map such as hot_iron or gray_inverted, found {0:?}")]
    Unknown(String),
}

/// Colours from the lowest fraction of a window to the highest. Cloning shares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColorMap {
    colors: Arc<[[u8; 3]]>,
}

impl ColorMap {
    /// Makes a map of its colours (red, green, blue), lowest first.
    ///
    /// # Errors
    ///
    /// [`ColorMapError::Size`] unless there are 2 to [`MAX_COLORS`].
    pub fn new(colors: impl Into<Arc<[[u8; 3]]>>) -> Result<Self, ColorMapError> {
        let colors = colors.into();
        if !(2..=MAX_COLORS).contains(&colors.len()) {
            return Err(ColorMapError::Size(colors.len()));
        }
        Ok(Self { colors })
    }

    /// Makes a map of 256 colours from a formula of the fraction; parts of colours are clamped to 0..1.
    #[must_use]
    pub fn from_formula(color: impl Fn(f64) -> [f64; 3]) -> Self {
        let byte = |part: f64| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
        let colors = (0..256).map(|n| color(f64::from(n) / 255.0).map(byte)).collect();
        Self { colors }
    }

    /// Black to white.
    #[must_use]
    pub fn gray() -> Self {
        Self::from_formula(|t| [t; 3])
    }

    /// White to black, as PET is read.
    #[must_use]
    pub fn gray_inverted() -> Self {
        Self::gray().inverted()
    }

    /// The same colours from the other end.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self {
            colors: self.colors.iter().rev().copied().collect(),
        }
    }

    /// The colours, lowest first.
    #[must_use]
    pub fn colors(&self) -> &[[u8; 3]] {
        &self.colors
    }

    /// The colour of a fraction: entry `round(fraction * (n - 1))`, halves up; the ends beyond 0 and 1.
    ///
    /// ```
    /// use engine::colormap::ColorMap;
    /// let hot_iron = ColorMap::named("Hot_Iron")?;
    /// assert_eq!(hot_iron.color(0.0), [0, 0, 0]);
    /// assert_eq!(hot_iron.color(64.0 / 255.0), [128, 0, 0]);
    /// # Ok::<(), engine::colormap::ColorMapError>(())
    /// ```
    #[must_use]
    pub fn color(&self, fraction: f64) -> [u8; 3] {
        let last = self.colors.len() - 1;
        let index = (fraction.clamp(0.0, 1.0) * last as f64 + 0.5).floor() as usize;
        self.colors[index.min(last)]
    }
}

#[cfg(test)]
mod tests {
    use super::{ColorMap, ColorMapError};

    #[test]
    fn entries_are_rounded_to() {
        let map = ColorMap::new([[0; 3], [1; 3], [2; 3]]).unwrap();
        assert_eq!(map.color(0.24), [0; 3]);
        assert_eq!(map.color(0.25), [1; 3]);
        assert_eq!(map.color(1.0), [2; 3]);
        assert_eq!(map.color(-3.0), [0; 3]);
        assert_eq!(map.inverted().color(0.0), [2; 3]);
    }

    #[test]
    fn one_colour_is_no_map() {
        assert_eq!(ColorMap::new([[0; 3]]), Err(ColorMapError::Size(1)));
    }

    #[test]
    fn gray_runs_through_every_level() {
        let colors: Vec<u8> = ColorMap::gray().colors().iter().map(|c| c[0]).collect();
        assert_eq!(colors, (0..=255).collect::<Vec<u8>>());
    }
}
