//! Body measures by which SUV is normalised: lean body mass, ideal body weight, body surface area.
//!
//! Each formula takes the weight in kg and the height in m, and is printed in its source in kg and cm.
//! SUV Type, PS3.3 C.8.9.1, names them.

use crate::suv::Refusal;

/// Patient's Sex, PS3.3 C.7.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// M.
    Male,
    /// F.
    Female,
    /// O: neither formula is known to hold.
    Other,
}

impl Sex {
    /// Gives the sex that a value of Patient's Sex stands for: M, F or O; `None` for anything else.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code.trim() {
            "M" | "m" => Some(Self::Male),
            "F" | "f" => Some(Self::Female),
            "O" | "o" => Some(Self::Other),
            _ => None,
        }
    }
}

/// The published formulas of lean body mass that SUV Type distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeanBodyMass {
    /// 9270 W / (6680 + 216 BMI), or 9270 W / (8780 + 244 BMI) for women. LBMJANMA.
    Janmahasatian,
    /// 1.10 W − 128 (W/H)², or 1.07 W − 148 (W/H)² for women; falls again in obesity. LBMJAMES128.
    James128,
    /// The same with 120 for men. LBM.
    Morgan120,
}

/// Gives the lean body mass in kg.
///
/// ```
/// use engine::suv::body::{LeanBodyMass, Sex, lean_body_mass_kg};
/// let mass = lean_body_mass_kg(LeanBodyMass::Janmahasatian, 70.0, 1.75, Sex::Male)?;
/// assert!((mass - 55.857).abs() < 1e-3);
/// # Ok::<(), engine::suv::Refusal>(())
/// ```
///
/// # Errors
///
/// [`Refusal::Sex`] for [`Sex::Other`]; [`Refusal::NotPositive`] if weight or height is not positive, or if
/// the body lies so far outside the formula that its result is not.
pub fn lean_body_mass_kg(
    formula: LeanBodyMass,
    weight_kg: f64,
    height_m: f64,
    sex: Sex,
) -> Result<f64, Refusal> {
    require_positive(WEIGHT, weight_kg)?;
    require_positive(HEIGHT, height_m)?;
    let bmi = weight_kg / (height_m * height_m);
    let weight_per_cm = weight_kg / (height_m * 100.0);
    let kg = match (formula, male(sex)?) {
        (LeanBodyMass::Janmahasatian, true) => 9270.0 * weight_kg / (6680.0 + 216.0 * bmi),
        (LeanBodyMass::Janmahasatian, false) => 9270.0 * weight_kg / (8780.0 + 244.0 * bmi),
        (LeanBodyMass::James128, true) => 1.10 * weight_kg - 128.0 * weight_per_cm.powi(2),
        (LeanBodyMass::Morgan120, true) => 1.10 * weight_kg - 120.0 * weight_per_cm.powi(2),
        (_, false) => 1.07 * weight_kg - 148.0 * weight_per_cm.powi(2),
    };
    require_positive("lean body mass", kg)
}

/// Gives the ideal body weight in kg: 48.0 + 1.06 (H − 152), or 45.5 + 0.91 (H − 152) for women.
///
/// It is not capped at the true weight: the IBSI reference object of this unit (`DRO_2_2`) holds a
/// patient who is lighter than ideal.
///
/// # Errors
///
/// [`Refusal::Sex`] for [`Sex::Other`]; [`Refusal::NotPositive`] if the height is not positive, or so small
/// that the formula's result is not (below about 1.07 m).
pub fn ideal_body_weight_kg(height_m: f64, sex: Sex) -> Result<f64, Refusal> {
    require_positive(HEIGHT, height_m)?;
    let above_cm = height_m * 100.0 - 152.0;
    let kg = if male(sex)? {
        48.0 + 1.06 * above_cm
    } else {
        45.5 + 0.91 * above_cm
    };
    require_positive("ideal body weight", kg)
}

/// Gives the body surface area in m² by Du Bois: 0.007184 W^0.425 H^0.725.
///
/// # Errors
///
/// [`Refusal::NotPositive`] if weight or height is not positive.
pub fn body_surface_area_m2(weight_kg: f64, height_m: f64) -> Result<f64, Refusal> {
    require_positive(WEIGHT, weight_kg)?;
    require_positive(HEIGHT, height_m)?;
    Ok(0.007_184 * weight_kg.powf(0.425) * (height_m * 100.0).powf(0.725))
}

pub(super) const WEIGHT: &str = "Patient's Weight";
pub(super) const HEIGHT: &str = "Patient's Size (height)";
pub(super) const SEX: &str = "Patient's Sex";

fn male(sex: Sex) -> Result<bool, Refusal> {
    match sex {
        Sex::Male => Ok(true),
        Sex::Female => Ok(false),
        Sex::Other => Err(Refusal::Sex),
    }
}

/// Gives the value back if it is a positive, finite number.
pub(super) fn require_positive(what: &'static str, found: f64) -> Result<f64, Refusal> {
    if found.is_finite() && found > 0.0 {
        Ok(found)
    } else {
        Err(Refusal::NotPositive { what, found })
    }
}
