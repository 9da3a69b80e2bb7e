//! How much of a tracer the thyroid takes up.

use crate::scintigraphy::Error;
use crate::scintigraphy::error::{not_negative, positive};
use crate::suv::{Warning, decay};

/// Counts per second of one probe or camera at one distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThyroidCounts {
    /// Over the neck.
    pub neck_cps: f64,
    /// Over the thigh: what the rest of the body adds to the neck.
    pub thigh_cps: f64,
    /// Of the whole administered activity in a neck phantom, or of a standard scaled to it.
    pub standard_cps: f64,
    /// Of the empty room.
    pub background_cps: f64,
    /// From counting the standard to counting the neck, s; 0 when both are counted together.
    pub standard_to_neck_s: f64,
    /// Half-life of the nuclide, s.
    pub half_life_s: f64,
}

/// An uptake and what is to be shown beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct ThyroidUptake {
    /// Part of what was given that is in the thyroid, 0 to 1; people read percent.
    pub fraction: f64,
    /// Reasons for doubt.
    pub warnings: Vec<Warning>,
}

/// Gives the thyroid's uptake: (neck − thigh) / (standard − background), the standard decayed to the time
/// of the neck (SNMMI procedure standard for thyroid uptake measurement 3.0, 2006).
///
/// The thigh holds the room's background already, so that none is taken off the neck besides.
///
/// # Errors
///
/// [`Error::NotPositive`] for a standard without counts or a half-life that is none; [`Error::Negative`] for
/// counts below 0, and for a neck with fewer counts than the thigh.
pub fn thyroid_uptake(counts: &ThyroidCounts) -> Result<ThyroidUptake, Error> {
    let neck = not_negative("counts of the neck", counts.neck_cps)?;
    let thigh = not_negative("counts of the thigh", counts.thigh_cps)?;
    let background = not_negative("counts of the background", counts.background_cps)?;
    let standard = positive(
        "counts of the standard over its background",
        counts.standard_cps - background,
    )?;
    let constant = decay::constant_per_s(positive("half-life", counts.half_life_s)?);
    let elapsed_s = not_negative("time from standard to neck", counts.standard_to_neck_s)?;
    let left = positive("decay of the standard", decay::remaining(constant, elapsed_s))?;
    let fraction = not_negative("neck over thigh", neck - thigh)? / (standard * left);
    let mut warnings = Vec::new();
    if fraction > 1.0 {
        let text = format!("The uptake is {:.0} % of what was given.", fraction * 100.0);
        let code = "uptake-above-given";
        warnings.push(Warning { code, text });
    }
    Ok(ThyroidUptake { fraction, warnings })
}

#[cfg(test)]
mod tests {
    use super::{ThyroidCounts, thyroid_uptake};
    use crate::scintigraphy::Error;

    /// A technologist's exercise, counts per minute: capsule 850 192, neck 116 239, thigh 34 982, room 239;
    /// six hours later, when 0.730 of the I-123 is left. (116 239 − 34 982) / (849 953 x 0.730) = 13.1 %.
    const EXERCISE: ThyroidCounts = ThyroidCounts {
        neck_cps: 116_239.0 / 60.0,
        thigh_cps: 34_982.0 / 60.0,
        standard_cps: 850_192.0 / 60.0,
        background_cps: 239.0 / 60.0,
        standard_to_neck_s: 6.0 * 3600.0,
        half_life_s: 47_604.0,
    };

    #[test]
    fn uptake_is_that_of_the_exercise() {
        let found = thyroid_uptake(&EXERCISE).unwrap();
        assert!(
            (found.fraction - 81_257.0 / (849_953.0 * 0.730_14)).abs() < 1e-5,
            "{found:?}"
        );
        assert_eq!(found.warnings, []);
        let together = ThyroidCounts {
            standard_to_neck_s: 0.0,
            ..EXERCISE
        };
        assert!((thyroid_uptake(&together).unwrap().fraction - 81_257.0 / 849_953.0).abs() < 1e-12);
        let weak = ThyroidCounts {
            standard_cps: 900.0,
            ..EXERCISE
        };
        assert_eq!(
            thyroid_uptake(&weak).unwrap().warnings[0].code,
            "uptake-above-given"
        );
    }

    #[test]
    fn counts_that_cannot_be_are_refused() {
        let check = |counts: ThyroidCounts, what: &str| {
            let text = thyroid_uptake(&counts).unwrap_err().to_string();
            assert!(text.starts_with(what), "{text}");
        };
        check(
            ThyroidCounts {
                standard_cps: 1.0,
                ..EXERCISE
            },
            "counts of the standard over its background",
        );
        check(
            ThyroidCounts {
                thigh_cps: 9000.0,
                ..EXERCISE
            },
            "neck over thigh",
        );
        check(
            ThyroidCounts {
                half_life_s: 0.0,
                ..EXERCISE
            },
            "half-life",
        );
        check(
            ThyroidCounts {
                standard_to_neck_s: -1.0,
                ..EXERCISE
            },
            "time from standard to neck",
        );
        check(
            ThyroidCounts {
                standard_to_neck_s: 1e12,
                ..EXERCISE
            },
            "decay of the standard",
        );
        let refused = thyroid_uptake(&ThyroidCounts {
            neck_cps: f64::NAN,
            ..EXERCISE
        });
        assert!(matches!(refused, Err(Error::Negative { .. })), "{refused:?}");
    }
}
