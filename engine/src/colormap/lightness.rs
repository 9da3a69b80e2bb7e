//! How light colours look.

use super::color_map::ColorMap;

/// Steps back in lightness up to this are rounding of colours to bytes, and nobody sees them.
const SEEN: f64 = 1.0;

/// Least difference in lightness between the ends of a map that ranks values by it.
const LEAST_RANGE: f64 = 20.0;

/// CIE 1976 lightness L* of an sRGB colour, 0 to 100 (IEC 61966-2-1, white D65; CIE 15).
fn lightness(color: [u8; 3]) -> f64 {
    let linear = |byte: u8| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    let [red, green, blue] = color.map(linear);
    let luminance = 0.212_639 * red + 0.715_169 * green + 0.072_192 * blue;
    if luminance <= 216.0 / 24389.0 {
        luminance * 24389.0 / 27.0
    } else {
        116.0 * luminance.cbrt() - 16.0
    }
}

impl ColorMap {
    /// CIE lightness L* of each colour, 0 to 100.
    #[must_use]
    pub fn lightness(&self) -> Vec<f64> {
        self.colors().iter().map(|color| lightness(*color)).collect()
    }

    /// Whether more is always lighter, or always darker: then a map can be read without colours.
    ///
    /// Lightness may step back by one unit of L*, which is rounding; its ends must differ by 20.
    ///
    /// ```
    /// use engine::colormap::ColorMap;
    /// assert!(ColorMap::named("viridis")?.is_monotone());
    /// assert!(!ColorMap::named("rainbow")?.is_monotone());
    /// # Ok::<(), engine::colormap::ColorMapError>(())
    /// ```
    #[must_use]
    pub fn is_monotone(&self) -> bool {
        let up = self.lightness();
        let down: Vec<f64> = up.iter().rev().copied().collect();
        rises(&up) || rises(&down)
    }
}

fn rises(lightness: &[f64]) -> bool {
    let mut highest = f64::NEG_INFINITY;
    for &value in lightness {
        if value < highest - SEEN {
            return false;
        }
        highest = highest.max(value);
    }
    lightness[lightness.len() - 1] - lightness[0] >= LEAST_RANGE
}

#[cfg(test)]
mod tests {
    use super::lightness;
    use crate::colormap::ColorMap;

    /// L* of the sRGB primaries and of middle grey, as published for D65.
    #[test]
    fn lightness_is_that_of_cie() {
        let expected = [
            ([0, 0, 0], 0.0),
            ([255, 255, 255], 100.0),
            ([255, 0, 0], 53.24),
            ([0, 255, 0], 87.73),
            ([0, 0, 255], 32.30),
            ([119, 119, 119], 50.03),
        ];
        for (color, expected) in expected {
            assert!((lightness(color) - expected).abs() < 0.02, "{color:?}");
        }
    }

    fn check(name: &str, expected: bool) {
        assert_eq!(ColorMap::named(name).unwrap().is_monotone(), expected, "{name}");
    }

    #[test]
    fn maps_that_rank_by_lightness_are_known() {
        for name in [
            "gray",
            "gray_inverted",
            "hot_iron",
            "hot",
            "viridis",
            "cividis",
            "inferno",
            "batlow",
            "lajolla",
            "cet_l3",
            "cet_l17",
            "gray_8_step",
            "style_ge_warm_metal",
            "style_siemens_pet_gray",
        ] {
            check(name, true);
        }
        for name in [
            "rainbow",
            "jet",
            "hsv",
            "turbo",
            "vik",
            "roma_o",
            "pet_20_step",
            "cet_i1",
            "style_ge_color",
        ] {
            check(name, false);
        }
    }
}
