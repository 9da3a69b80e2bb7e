//! Images of different scanners at one resolution, by name.

use crate::volume::{SmoothError, Volume, smoothed};

/// A programme that asks for one resolution of all scanners.
///
/// None of them is a width in mm: each states which recovery of a phantom's spheres a scanner must reach,
/// and a site finds the filter that brings its own reconstruction there. So the filter is always given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standard {
    /// EANM Research Ltd, first specification (Boellaard et al. 2015, Eur J Nucl Med Mol Imaging 42:328).
    Earl1,
    /// EARL's specification for reconstructions with resolution modelling (Kaalep et al. 2018, Eur J Nucl
    /// Med Mol Imaging 45:1344).
    Earl2,
    /// A filter for quantification only, beside the images that are read (Lasnon et al. 2013, Eur J Nucl Med
    /// Mol Imaging 40:985).
    EqPet,
}

impl Standard {
    /// Its name, as it stands beside numbers.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Earl1 => "EARL 1",
            Self::Earl2 => "EARL 2",
            Self::EqPet => "EQ.PET",
        }
    }
}

/// What was done to a volume's resolution; it stands beside every number measured on the result.
///
/// ```
/// use engine::volume::{Harmonisation, Standard};
/// let to_7_mm = Harmonisation::to_resolution(7.0, 4.9).unwrap();
/// assert!((to_7_mm.filter_fwhm_mm() - 4.999).abs() < 1e-3);
/// assert_eq!(to_7_mm.name(), "7 mm FWHM (Gaussian of 5 mm FWHM on 4.9 mm)");
/// let earl = Harmonisation::to_standard(Standard::Earl1, 5.5).unwrap();
/// assert_eq!(earl.name(), "EARL 1 (Gaussian of 5.5 mm FWHM)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harmonisation {
    goal: Goal,
    filter_fwhm_mm: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    Filter,
    Standard(Standard),
    Resolution { target_fwhm_mm: f64, own_fwhm_mm: f64 },
}

impl Harmonisation {
    /// A plain filter of stated width, mm.
    ///
    /// # Errors
    ///
    /// [`SmoothError::Width`] unless it is positive.
    pub fn by_filter(fwhm_mm: f64) -> Result<Self, SmoothError> {
        Self::new(Goal::Filter, fwhm_mm)
    }

    /// The filter that a site has found to bring its scanner and reconstruction to a standard.
    ///
    /// # Errors
    ///
    /// [`SmoothError::Width`] unless it is positive.
    pub fn to_standard(standard: Standard, filter_fwhm_mm: f64) -> Result<Self, SmoothError> {
        Self::new(Goal::Standard(standard), filter_fwhm_mm)
    }

    /// The filter from an image's own resolution to a coarser one: the root of the difference of squares.
    ///
    /// # Errors
    ///
    /// [`SmoothError::Sharper`] for a target that is not coarser, as no filter sharpens;
    /// [`SmoothError::Width`] unless both are positive.
    pub fn to_resolution(target_fwhm_mm: f64, own_fwhm_mm: f64) -> Result<Self, SmoothError> {
        for fwhm_mm in [target_fwhm_mm, own_fwhm_mm] {
            Self::by_filter(fwhm_mm)?;
        }
        if target_fwhm_mm <= own_fwhm_mm {
            return Err(SmoothError::Sharper {
                target_fwhm_mm,
                own_fwhm_mm,
            });
        }
        // As a product the difference keeps its digits where both are close.
        let square = (target_fwhm_mm - own_fwhm_mm) * (target_fwhm_mm + own_fwhm_mm);
        let goal = Goal::Resolution {
            target_fwhm_mm,
            own_fwhm_mm,
        };
        Self::new(goal, square.sqrt())
    }

    fn new(goal: Goal, filter_fwhm_mm: f64) -> Result<Self, SmoothError> {
        if !(filter_fwhm_mm > 0.0 && filter_fwhm_mm.is_finite()) {
            return Err(SmoothError::Width(filter_fwhm_mm));
        }
        Ok(Self { goal, filter_fwhm_mm })
    }

    /// Width of the Gaussian that is applied, mm.
    #[must_use]
    pub fn filter_fwhm_mm(&self) -> f64 {
        self.filter_fwhm_mm
    }

    /// The standard that is met, where one is.
    #[must_use]
    pub fn standard(&self) -> Option<Standard> {
        match self.goal {
            Goal::Standard(standard) => Some(standard),
            _ => None,
        }
    }

    /// What is to be printed beside each number, such as `EARL 1 (Gaussian of 5.5 mm FWHM)`.
    #[must_use]
    pub fn name(&self) -> String {
        let filter = Short(self.filter_fwhm_mm);
        match self.goal {
            Goal::Filter => format!("Gaussian of {filter} mm FWHM"),
            Goal::Standard(standard) => format!("{} (Gaussian of {filter} mm FWHM)", standard.label()),
            Goal::Resolution {
                target_fwhm_mm,
                own_fwhm_mm,
            } => {
                let (target, own) = (Short(target_fwhm_mm), Short(own_fwhm_mm));
                format!("{target} mm FWHM (Gaussian of {filter} mm FWHM on {own} mm)")
            }
        }
    }

    /// The volume at the new resolution; numbers measured on it carry this record.
    ///
    /// # Errors
    ///
    /// As [`smoothed`].
    pub fn apply(&self, volume: &Volume) -> Result<Volume, SmoothError> {
        smoothed(volume, self.filter_fwhm_mm)
    }
}

/// A width with two decimals at most.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.2}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use crate::volume::{Harmonisation, SmoothError, Standard};

    #[test]
    fn no_filter_sharpens() {
        let refused = Harmonisation::to_resolution(5.0, 6.0);
        assert!(matches!(refused, Err(SmoothError::Sharper { .. })), "{refused:?}");
        let text = refused.unwrap_err().to_string();
        assert_eq!(
            text,
            "a filter only makes coarser: expected a target above 6 mm FWHM, found 5 mm"
        );
        assert!(Harmonisation::to_resolution(5.0, 5.0).is_err());
        for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            for refused in [
                Harmonisation::by_filter(width),
                Harmonisation::to_standard(Standard::Earl2, width),
                Harmonisation::to_resolution(7.0, width),
                Harmonisation::to_resolution(width, 7.0),
            ] {
                assert!(matches!(refused, Err(SmoothError::Width(_))), "{refused:?}");
            }
        }
    }

    #[test]
    fn names_say_standard_and_filter() {
        let name = |made: Result<Harmonisation, SmoothError>| made.unwrap().name();
        assert_eq!(name(Harmonisation::by_filter(4.0)), "Gaussian of 4 mm FWHM");
        let eq = Harmonisation::to_standard(Standard::EqPet, 6.345);
        assert_eq!(eq.clone().unwrap().standard(), Some(Standard::EqPet));
        assert_eq!(name(eq), "EQ.PET (Gaussian of 6.34 mm FWHM)");
        let resolution = Harmonisation::to_resolution(10.0, 6.0);
        assert_eq!(name(resolution), "10 mm FWHM (Gaussian of 8 mm FWHM on 6 mm)");
    }
}
