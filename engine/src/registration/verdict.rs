//! How far a registration can be trusted, and why not.

use super::deformable::Kept;
use super::metric::Similarity;

/// Whether a registration may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Every check agrees.
    Good,
    /// A person must look before it is used; [`Verdict::reasons`] say at what.
    Check,
    /// It is not to be used: it is no registration.
    Failed,
}

/// One of the two volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    /// The one that stays.
    Fixed,
    /// The one that is moved.
    Moving,
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Moving => "moving",
        })
    }
}

/// Why a registration is not simply good.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// All values of a volume are the same, or none is a number.
    OneValue(Which),
    /// A volume is too thin for turns and shifts to be told apart.
    Thin {
        /// Which one.
        which: Which,
        /// Its thinnest extent, mm.
        extent_mm: f64,
    },
    /// The images do not overlap enough.
    Overlap {
        /// Part of the smaller one that lies in the other, 0 to 1.
        part: f64,
    },
    /// The images have next to nothing in common where they overlap.
    Unlike {
        /// The similarity that was reached.
        similarity: f64,
    },
    /// Searched the other way round, another place is found.
    Inconsistent {
        /// How far away, mm.
        apart_mm: f64,
    },
    /// Another place is nearly as good.
    Rival {
        /// How far away, mm.
        apart_mm: f64,
    },
    /// The bodies' surfaces lie best on each other elsewhere.
    SurfacesElsewhere {
        /// How far away, mm.
        apart_mm: f64,
    },
    /// The bodies' surfaces are apart.
    SurfacesApart {
        /// Median distance where it is largest, mm.
        largest_mm: f64,
    },
    /// A body's surface is not to be seen, so that it could not be compared.
    NoSurface,
    /// The map stretches or turns a body inside out.
    Stretched {
        /// Smallest factor along any direction.
        smallest: f64,
        /// Largest factor.
        largest: f64,
    },
    /// The map bends: nothing but the eye can tell whether tissue did.
    Bent {
        /// By how much at most, mm.
        largest_mm: f64,
    },
    /// The map was to bend, but does not.
    NotBent(Kept),
    /// Both volumes were scanned in one frame of reference, but the patient seems to have moved since.
    Moved {
        /// How far, mm.
        by_mm: f64,
    },
}

/// Limits of [`Confidence::Good`] and of anything better than [`Confidence::Failed`].
struct Limits {
    good: f64,
    usable: f64,
}

/// Least overlap.
const OVERLAP: Limits = Limits {
    good: 0.5,
    usable: 0.1,
};
/// Largest distance of the way back, mm.
const CONSISTENCY_MM: Limits = Limits {
    good: 2.0,
    usable: 20.0,
};
/// Largest distance of a rival, mm.
const RIVAL_MM: Limits = Limits {
    good: 3.0,
    usable: f64::INFINITY,
};
/// Largest distance to where surfaces fit best, mm.
const ELSEWHERE_MM: Limits = Limits {
    good: 2.0,
    // Of a body that is cut off or nearly round, surfaces alone say little.
    usable: f64::INFINITY,
};
/// Largest local misfit of surfaces, mm.
const MISFIT_MM: Limits = Limits {
    good: 6.0,
    usable: 40.0,
};
/// Thinnest extent that turns can be told by, mm.
const EXTENT_MM: Limits = Limits {
    good: 60.0,
    usable: 15.0,
};
/// Motion within one frame of reference, mm, that a registration of emission images cannot tell from none.
const MOTION_MM: f64 = 4.0;

impl Reason {
    /// How much it takes away.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        let above = |value: f64, limits: Limits| {
            if value <= limits.good {
                Confidence::Good
            } else if value <= limits.usable {
                Confidence::Check
            } else {
                // What is not a number is no good.
                Confidence::Failed
            }
        };
        let below = |value: f64, limits: Limits| {
            above(
                -value,
                Limits {
                    good: -limits.good,
                    usable: -limits.usable,
                },
            )
        };
        match *self {
            Self::OneValue(_) | Self::Unlike { .. } => Confidence::Failed,
            Self::NoSurface | Self::Bent { .. } | Self::NotBent(_) => Confidence::Check,
            Self::Thin { extent_mm, .. } => below(extent_mm, EXTENT_MM),
            Self::Overlap { part } => below(part, OVERLAP),
            Self::Inconsistent { apart_mm } => above(apart_mm, CONSISTENCY_MM),
            Self::Rival { apart_mm } => above(apart_mm, RIVAL_MM),
            Self::SurfacesElsewhere { apart_mm } => above(apart_mm, ELSEWHERE_MM),
            Self::SurfacesApart { largest_mm } => above(largest_mm, MISFIT_MM),
            Self::Stretched { smallest, largest } if smallest >= 0.9 && largest <= 1.1 => Confidence::Good,
            Self::Stretched { smallest, largest } if smallest >= 0.7 && largest <= 1.4 => Confidence::Check,
            Self::Stretched { .. } => Confidence::Failed,
            Self::Moved { by_mm } if by_mm <= MOTION_MM => Confidence::Good,
            Self::Moved { .. } => Confidence::Check,
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneValue(which) => write!(
                f,
                "the {which} volume must have more than one value, found one or none"
            ),
            Self::Thin { which, extent_mm } => write!(
                f,
                "the {which} volume must be at least {:.0} mm thick every way, found {extent_mm:.0} mm",
                EXTENT_MM.good
            ),
            Self::Overlap { part } => write!(
                f,
                "at least {:.0} % of the smaller body must lie in the other image, found {:.0} %",
                100.0 * OVERLAP.good,
                100.0 * part
            ),
            Self::Unlike { similarity } => write!(
                f,
                "the images have nothing in common, found a similarity of {similarity:.3}"
            ),
            Self::Inconsistent { apart_mm } => {
                write!(f, "the search the other way round ended {apart_mm:.1} mm away")
            }
            Self::Rival { apart_mm } => write!(f, "a place {apart_mm:.1} mm away fits nearly as well"),
            Self::SurfacesElsewhere { apart_mm } => {
                write!(f, "the body surfaces fit best {apart_mm:.1} mm away")
            }
            Self::SurfacesApart { largest_mm } => {
                write!(f, "the body surfaces are up to {largest_mm:.1} mm apart")
            }
            Self::NoSurface => f.write_str("a body surface is not to be seen and could not be compared"),
            Self::Stretched { smallest, largest } => {
                write!(
                    f,
                    "the map stretches by factors from {smallest:.2} to {largest:.2}"
                )
            }
            Self::Bent { largest_mm } => write!(f, "the map bends by up to {largest_mm:.1} mm"),
            Self::NotBent(kept) => write!(f, "the map does not bend: {kept}"),
            Self::Moved { by_mm } => write!(
                f,
                "the volumes share a frame of reference, but the patient seems to have moved by {by_mm:.1} mm"
            ),
        }
    }
}

/// What was checked of a registration.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The least that any reason leaves.
    pub confidence: Confidence,
    /// What takes confidence away, most serious first; empty when it is good.
    pub reasons: Vec<Reason>,
    /// What was made large.
    pub similarity: Similarity,
    /// How large it became.
    pub value: f64,
    /// Part of the smaller body that lies in the other image, 0 to 1.
    pub overlap: f64,
    /// Mean distance, at the corners of the box around the fixed body, of what a search the other way round finds,
    /// mm; `None` when there was none.
    pub consistency_mm: Option<f64>,
    /// Median distance of the bodies' surfaces, mm; `None` when one is not to be seen.
    pub surface_mm: Option<f64>,
    /// The largest of the medians of pieces of the surface some centimetres wide, mm.
    pub largest_surface_mm: Option<f64>,
}

impl Verdict {
    /// Judges by what was found; reasons that take nothing away are left out.
    pub(super) fn judged(mut self, reasons: Vec<Reason>) -> Self {
        self.reasons = reasons;
        self.reasons
            .retain(|reason| reason.confidence() > Confidence::Good);
        self.reasons
            .sort_by_key(|reason| std::cmp::Reverse(reason.confidence()));
        let least = self.reasons.first().map(Reason::confidence);
        self.confidence = least.unwrap_or(Confidence::Good);
        self
    }

    /// Nothing is known yet.
    pub(super) fn of(similarity: Similarity) -> Self {
        Self {
            confidence: Confidence::Failed,
            reasons: Vec::new(),
            similarity,
            value: 0.0,
            overlap: 0.0,
            consistency_mm: None,
            surface_mm: None,
            largest_surface_mm: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Confidence, Reason, Similarity, Verdict, Which};

    fn check(reasons: &[Reason], confidence: Confidence, said: &str) {
        let verdict = Verdict::of(Similarity::Correlation).judged(reasons.to_vec());
        assert_eq!(verdict.confidence, confidence, "{reasons:?}");
        assert_eq!(
            verdict
                .reasons
                .first()
                .map(ToString::to_string)
                .unwrap_or_default(),
            said
        );
    }

    #[test]
    fn the_worst_reason_decides() {
        let fine = [
            Reason::Overlap { part: 0.9 },
            Reason::Inconsistent { apart_mm: 0.4 },
            Reason::SurfacesApart { largest_mm: 3.0 },
        ];
        check(&fine, Confidence::Good, "");
        let doubtful = [fine.as_slice(), &[Reason::Rival { apart_mm: 7.0 }]].concat();
        check(
            &doubtful,
            Confidence::Check,
            "a place 7.0 mm away fits nearly as well",
        );
        let bad = [doubtful.as_slice(), &[Reason::Overlap { part: 0.02 }]].concat();
        check(
            &bad,
            Confidence::Failed,
            "at least 50 % of the smaller body must lie in the other image, found 2 %",
        );
        check(
            &[Reason::OneValue(Which::Moving)],
            Confidence::Failed,
            "the moving volume must have more than one value, found one or none",
        );
    }

    #[test]
    fn what_is_no_number_is_never_good() {
        for reason in [
            Reason::Overlap { part: f64::NAN },
            Reason::Inconsistent { apart_mm: f64::NAN },
            Reason::SurfacesApart { largest_mm: f64::NAN },
            Reason::Stretched {
                smallest: f64::NAN,
                largest: f64::NAN,
            },
            Reason::Moved { by_mm: f64::NAN },
            Reason::Thin {
                which: Which::Fixed,
                extent_mm: f64::NAN,
            },
        ] {
            assert!(reason.confidence() > Confidence::Good, "{reason:?}");
        }
    }
}
