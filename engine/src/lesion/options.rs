//! What is asked of a detection.

/// From which uptake on a voxel is looked at, or belongs to a lesion's metabolic tumor volume.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum UptakeThreshold {
    /// A fixed SUV.
    Fixed {
        /// The threshold, SUV.
        suv: f64,
    },
    /// A share of the largest value: of the volume for candidates, of the lesion for its boundary.
    OfMax {
        /// From 0 to 1; 0.41 is usual for boundaries.
        fraction: f64,
    },
    /// PERCIST 1.0: 1.5 times the mean of the liver plus twice its standard deviation
    /// (Wahl et al., J Nucl Med 2009;50 Suppl 1:122S). The same voxels whether in SUVbw or SUL.
    Liver,
    /// PERCIST 1.0 where the liver is diseased: twice the blood pool's mean plus twice its standard deviation.
    BloodPool,
}

impl UptakeThreshold {
    /// Short words for files and people: `fixed 4.0`, `41 % of max`, `liver`, `blood pool`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Fixed { suv } => format!("fixed {suv:.1}"),
            Self::OfMax { fraction } => format!("{:.0} % of max", fraction * 100.0),
            Self::Liver => "liver".to_owned(),
            Self::BloodPool => "blood pool".to_owned(),
        }
    }
}

/// How to detect.
///
/// ```
/// use engine::lesion::{UptakeThreshold, Options};
/// let options = Options { candidates: UptakeThreshold::Liver, ..Options::default() };
/// assert_eq!(options.mtv[0], UptakeThreshold::Fixed { suv: 4.0 });
/// assert_eq!(Options::benchmark().least_ml, 3.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Which voxels are looked at.
    pub candidates: UptakeThreshold,
    /// Which boundaries each lesion gets, side by side; totals and order follow the first.
    pub mtv: Vec<UptakeThreshold>,
    /// Lesions of less are left out, mL, measured above the candidates' threshold.
    pub least_ml: f64,
    /// Two touching lesions are one when the pass between them is at least this share of the lower maximum.
    pub joined_above: f64,
    /// Whether physiological uptake is looked for; without, every candidate is a lesion.
    pub physiological: bool,
    /// SUL of an SUV of 1, where the body's measures are known: the liver's range is then checked in SUL.
    pub sul_per_suv: Option<f64>,
}

impl Default for Options {
    /// SUV 4.0, boundaries at 4.0 and at 41 % of the maximum, 0.3 mL.
    fn default() -> Self {
        Self {
            candidates: UptakeThreshold::Fixed { suv: 4.0 },
            mtv: vec![
                UptakeThreshold::Fixed { suv: 4.0 },
                UptakeThreshold::OfMax { fraction: 0.41 },
            ],
            least_ml: 0.3,
            joined_above: 0.7,
            physiological: true,
            sul_per_suv: None,
        }
    }
}

impl Options {
    /// The rule of published lymphoma benchmarks: SUV 4.0 and at least 3 mL.
    #[must_use]
    pub fn benchmark() -> Self {
        Self {
            least_ml: 3.0,
            ..Self::default()
        }
    }
}
