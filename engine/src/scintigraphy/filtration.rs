//! Glomerular filtration by the camera alone.

use crate::scintigraphy::error::{not_negative, positive};
use crate::scintigraphy::{Curve, Error};
use crate::suv::Warning;

/// The minute that Gates' uptake is counted in: 2 to 3 minutes after the injection, s.
pub const GATES_WINDOW_S: [f64; 2] = [120.0, 180.0];

/// Attenuation of Tc-99m's 140 keV in soft tissue as the method takes it, narrow beam, 1/mm.
pub const TC99M_ATTENUATION_PER_MM: f64 = 0.0153;

/// What a depth formula needs of the patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Body {
    /// Weight, kg.
    pub weight_kg: f64,
    /// Height, m.
    pub height_m: f64,
}

/// How deep the kidneys lie below the skin of the back.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum KidneyDepth {
    /// Right 13.3 W/H + 0.7 and left 13.2 W/H + 0.7, cm of kg and cm (Tønnesen et al. 1974, cited with Gates
    /// 1982). Made of ultrasound of sitting patients: too small for many, notably Chinese adults.
    Tonnesen(Body),
    /// Right 151.3 W/H + 0.22 A − 0.77 and left 161.7 W/H + 0.27 A + 0.70, mm of kg, cm and years (Taylor et
    /// al. 1993, J Nucl Med 34:1766).
    Taylor {
        /// Weight and height.
        body: Body,
        /// Age, years.
        age_years: f64,
    },
    /// Measured, such as on CT or a lateral view: middle of each kidney to the skin, mm.
    Measured {
        /// Left kidney.
        left_mm: f64,
        /// Right kidney.
        right_mm: f64,
    },
}

impl KidneyDepth {
    /// Depths of the left and right kidney, mm.
    ///
    /// # Errors
    ///
    /// [`Error::NotPositive`] for a measure of the body, or a depth, that is none.
    pub fn left_right_mm(&self) -> Result<[f64; 2], Error> {
        let [left, right] = match *self {
            Self::Tonnesen(body) => {
                let ratio = body.kg_for_cm()?;
                [132.0 * ratio + 7.0, 133.0 * ratio + 7.0]
            }
            Self::Taylor { body, age_years } => {
                let ratio = body.kg_for_cm()?;
                let age = positive("age", age_years)?;
                [
                    161.7 * ratio + 0.27 * age + 0.70,
                    151.3 * ratio + 0.22 * age - 0.77,
                ]
            }
            Self::Measured { left_mm, right_mm } => [left_mm, right_mm],
        };
        Ok([
            positive("depth of the left kidney", left)?,
            positive("depth of the right kidney", right)?,
        ])
    }
}

impl Body {
    fn kg_for_cm(self) -> Result<f64, Error> {
        Ok(positive("weight", self.weight_kg)? / (100.0 * positive("height", self.height_m)?))
    }
}

/// The syringe on the same camera, at the same distance: counts per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SyringeCounts {
    /// Before the injection.
    pub full_cps: f64,
    /// After it.
    pub empty_cps: f64,
}

/// Filtration of each kidney, and what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Filtration {
    /// Both kidneys, mL/min; not for a body surface.
    pub total_ml_min: f64,
    /// The left kidney's part by its share of the uptake, mL/min.
    pub left_ml_min: f64,
    /// The right kidney's part, mL/min.
    pub right_ml_min: f64,
    /// Uptake of the left and right kidney, parts of what was injected, 0 to 1.
    pub uptake: [f64; 2],
    /// Depths that were corrected for, left and right, mm.
    pub depth_mm: [f64; 2],
    /// What is to be shown beside the number.
    pub warnings: Vec<Warning>,
}

impl Filtration {
    /// The total for a body surface of 1.73 m², mL/min.
    ///
    /// # Errors
    ///
    /// [`Error::NotPositive`] for a surface that is none.
    pub fn for_standard_surface_ml_min(&self, surface_m2: f64) -> Result<f64, Error> {
        Ok(self.total_ml_min * 1.73 / positive("body surface", surface_m2)?)
    }
}

/// Gives the glomerular filtration by Gates from Tc-99m DTPA: 9.8127 U − 6.82519 mL/min, U the uptake of
/// both kidneys in percent of what was injected (Gates 1982, AJR Am J Roentgenol 138:565).
///
/// Curves are from the back, less their background, with times counted from the injection. Counts of the
/// third minute are corrected for depth by exp(0.0153 / mm · depth).
///
/// # Errors
///
/// [`Error::NotPositive`] when nothing was injected, or for an uptake so small that the formula gives no
/// filtration; [`Error::Negative`] for kidneys below their background; [`Error::NotCovered`] when a frame is
/// missing.
pub fn gates(
    left: &Curve,
    right: &Curve,
    syringe: SyringeCounts,
    depth: &KidneyDepth,
) -> Result<Filtration, Error> {
    let full = not_negative("counts of the full syringe", syringe.full_cps)?;
    let empty = not_negative("counts of the empty syringe", syringe.empty_cps)?;
    let injected_cps = positive("counts injected", full - empty)?;
    let depth_mm = depth.left_right_mm()?;
    let seconds = GATES_WINDOW_S[1] - GATES_WINDOW_S[0];
    let uptake_of = |what, kidney: &Curve, depth_mm: f64| {
        let counts = not_negative(what, kidney.counts_between(GATES_WINDOW_S)?)?;
        Ok(counts / seconds / (-TC99M_ATTENUATION_PER_MM * depth_mm).exp() / injected_cps)
    };
    let uptake = [
        uptake_of("counts of the left kidney", left, depth_mm[0])?,
        uptake_of("counts of the right kidney", right, depth_mm[1])?,
    ];
    let both = positive("uptake of both kidneys", uptake[0] + uptake[1])?;
    let total_ml_min = positive("filtration by Gates' formula", 9.8127 * 100.0 * both - 6.82519)?;
    Ok(Filtration {
        total_ml_min,
        left_ml_min: total_ml_min * uptake[0] / both,
        right_ml_min: total_ml_min * uptake[1] / both,
        uptake,
        depth_mm,
        warnings: warnings(depth, both),
    })
}

fn warnings(depth: &KidneyDepth, both: f64) -> Vec<Warning> {
    let mut warnings = vec![Warning {
        code: "gates-estimate",
        text: "Filtration by Gates is an estimate: stations differ with region, background and depth."
            .to_owned(),
    }];
    if let KidneyDepth::Tonnesen(_) = depth {
        warnings.push(Warning {
            code: "tonnesen-depth",
            text:
                "Tønnesen's kidney depth is too small for many adults, which lowers the filtration; a depth \
                   measured on CT is better."
                    .to_owned(),
        });
    }
    if both > 1.0 {
        warnings.push(Warning {
            code: "uptake-above-injected",
            text: format!("The kidneys hold {:.0} % of what was injected.", both * 100.0),
        });
    }
    warnings
}

#[cfg(test)]
mod tests;
