//! Sizes of film and paper.

/// How the long side of a film lies (Film Orientation, PS3.3 C.13.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FilmOrientation {
    /// Upright.
    #[default]
    Portrait,
    /// Lying.
    Landscape,
}

impl FilmOrientation {
    /// The defined term.
    #[must_use]
    pub fn term(self) -> &'static str {
        match self {
            Self::Portrait => "PORTRAIT",
            Self::Landscape => "LANDSCAPE",
        }
    }
}

/// The size of a film: those that DICOM names (Film Size ID, PS3.3 C.13.3), or any.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FilmSize {
    /// 8INX10IN.
    In8x10,
    /// 8_5INX11IN.
    In8_5x11,
    /// 10INX12IN.
    In10x12,
    /// 10INX14IN, which is 257 x 364 mm.
    In10x14,
    /// 11INX14IN.
    In11x14,
    /// 11INX17IN.
    In11x17,
    /// 14INX14IN.
    In14x14,
    /// 14INX17IN.
    In14x17,
    /// 24CMX24CM.
    Cm24x24,
    /// 24CMX30CM.
    Cm24x30,
    /// A4.
    A4,
    /// A3.
    A3,
    /// Any other; it has no term.
    Custom {
        /// The side that is horizontal in portrait, mm.
        width_mm: f64,
        /// The other side, mm.
        height_mm: f64,
    },
}

/// Every size that has a term, with the term and its sides in portrait, mm.
const NAMED: [(FilmSize, &str, [f64; 2]); 12] = [
    (FilmSize::In8x10, "8INX10IN", [203.2, 254.0]),
    (FilmSize::In8_5x11, "8_5INX11IN", [215.9, 279.4]),
    (FilmSize::In10x12, "10INX12IN", [254.0, 304.8]),
    // The standard's note: 25.7 x 36.4 cm, not what the inches say.
    (FilmSize::In10x14, "10INX14IN", [257.0, 364.0]),
    (FilmSize::In11x14, "11INX14IN", [279.4, 355.6]),
    (FilmSize::In11x17, "11INX17IN", [279.4, 431.8]),
    (FilmSize::In14x14, "14INX14IN", [355.6, 355.6]),
    (FilmSize::In14x17, "14INX17IN", [355.6, 431.8]),
    (FilmSize::Cm24x24, "24CMX24CM", [240.0, 240.0]),
    (FilmSize::Cm24x30, "24CMX30CM", [240.0, 300.0]),
    (FilmSize::A4, "A4", [210.0, 297.0]),
    (FilmSize::A3, "A3", [297.0, 420.0]),
];

impl FilmSize {
    /// Every size that has a term.
    pub fn named() -> impl Iterator<Item = Self> {
        NAMED.iter().map(|(size, _, _)| *size)
    }

    /// The size of a defined term.
    #[must_use]
    pub fn of_term(term: &str) -> Option<Self> {
        let found = NAMED.iter().find(|(_, name, _)| *name == term.trim());
        found.map(|(size, _, _)| *size)
    }

    /// The defined term; `None` for a size of one's own.
    #[must_use]
    pub fn term(self) -> Option<&'static str> {
        let found = NAMED.iter().find(|(size, _, _)| *size == self);
        found.map(|(_, name, _)| *name)
    }

    /// Width and height as the film lies, mm.
    ///
    /// ```
    /// use engine::film::{FilmOrientation, FilmSize};
    /// assert_eq!(FilmSize::A4.sides_mm(FilmOrientation::Landscape), [297.0, 210.0]);
    /// ```
    #[must_use]
    pub fn sides_mm(self, orientation: FilmOrientation) -> [f64; 2] {
        let [width, height] = match self {
            Self::Custom { width_mm, height_mm } => [width_mm, height_mm],
            named => NAMED
                .iter()
                .find(|(size, _, _)| *size == named)
                .map_or([f64::NAN; 2], |(_, _, sides)| *sides),
        };
        match orientation {
            FilmOrientation::Portrait => [width, height],
            FilmOrientation::Landscape => [height, width],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FilmOrientation, FilmSize};

    #[test]
    fn terms_and_sizes_belong_together() {
        for size in FilmSize::named() {
            assert_eq!(FilmSize::of_term(size.term().unwrap()), Some(size));
            let [width, height] = size.sides_mm(FilmOrientation::Portrait);
            assert!(width <= height && width > 200.0, "{size:?}");
            assert_eq!(size.sides_mm(FilmOrientation::Landscape), [height, width]);
        }
        assert_eq!(FilmSize::of_term("14INX17IN "), Some(FilmSize::In14x17));
        assert_eq!(FilmSize::of_term("14X17"), None);
    }
}
