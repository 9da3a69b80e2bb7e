//! Numbers as written turned into base units, each repair noted: activity, half-life, weight, height.

use crate::suv::audit::Notes;
use crate::suv::body::{self, HEIGHT, LeanBodyMass, WEIGHT, require_positive};
use crate::suv::radionuclide::Radionuclide;
use crate::suv::{Attributes, Refusal, Sex, SuvKind};

/// Below this no patient is injected with Bq: the number is in MBq.
const LEAST_BQ: f64 = 1e5;
/// What is injected for imaging or therapy; outside it the number may be of another unit.
const PLAUSIBLE_BQ: std::ops::RangeInclusive<f64> = 1e6..=2e10;
/// Nobody weighs a tonne: above this the number is in grams.
const MOST_KG: f64 = 1000.0;
/// Nobody is 3 m tall: above this the number is in centimetres.
const MOST_M: f64 = 3.0;
/// Body mass index in kg/m² beyond which weight or height was probably entered wrong.
const PLAUSIBLE_BMI: std::ops::RangeInclusive<f64> = 8.0..=80.0;
/// A written half-life may differ by this from the table's: editions of nuclear data do, by less.
const HALF_LIFE_TOLERANCE: f64 = 0.05;

/// Gives the injected activity in Bq.
pub(super) fn injected_activity_bq(attributes: &Attributes, notes: &mut Notes) -> Result<f64, Refusal> {
    const DOSE: &str = "Radionuclide Total Dose";
    let written = attributes.radionuclide_total_dose.ok_or(Refusal::Missing(DOSE))?;
    require_positive(DOSE, written)?;
    let in_mbq = written < LEAST_BQ;
    let activity_bq = if in_mbq { written * 1e6 } else { written };
    if in_mbq {
        notes.repair(
            "activity-in-mbq",
            format!("Radionuclide Total Dose {written} was read as MBq."),
        );
    }
    if !PLAUSIBLE_BQ.contains(&activity_bq) {
        notes.warn(
            "activity-implausible",
            format!(
                "Injected activity: expected 1 MBq to 20 GBq, found {:.3e} Bq.",
                activity_bq
            ),
        );
    }
    Ok(activity_bq)
}

/// Gives the half-life in seconds: as written, else of the radionuclide named; `None` if neither is known.
pub(super) fn half_life_s(attributes: &Attributes, notes: &mut Notes) -> Option<f64> {
    let named = [
        &attributes.radionuclide_code_value,
        &attributes.radionuclide_code_meaning,
    ]
    .into_iter()
    .find_map(|text| Radionuclide::find(text.as_deref()?));
    let written = attributes
        .radionuclide_half_life_s
        .filter(|written| written.is_finite() && *written > 0.0);
    match (written, named) {
        (Some(written), Some(named)) => {
            if (written / named.half_life_s - 1.0).abs() > HALF_LIFE_TOLERANCE {
                notes.warn(
                    "half-life-differs-from-radionuclide",
                    format!(
                        "Half-life: expected {} s of {}, found {written} s.",
                        named.half_life_s, named.name
                    ),
                );
            }
            Some(written)
        }
        (None, Some(named)) => {
            let text = format!(
                "The half-life of {}, {} s, was taken from a table.",
                named.name, named.half_life_s
            );
            notes.repair("half-life-from-radionuclide", text);
            if !named.verified {
                notes.warn(
                    "half-life-unverified",
                    format!("The table's half-life of {} is not verified.", named.name),
                );
            }
            Some(named.half_life_s)
        }
        (written, None) => written,
    }
}

/// The patient's measures, repaired; what is absent or unusable is refused when it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Body {
    weight_kg: Result<f64, Refusal>,
    height_m: Result<f64, Refusal>,
    sex: Option<Sex>,
}

impl Body {
    pub fn of(attributes: &Attributes, notes: &mut Notes) -> Self {
        let weight_kg = attributes
            .patient_weight
            .ok_or(Refusal::Missing(WEIGHT))
            .and_then(|written| {
                let kg = repaired(
                    written,
                    MOST_KG,
                    1000.0,
                    notes,
                    ("weight-in-grams", WEIGHT, "grams"),
                );
                require_positive(WEIGHT, kg)
            });
        let height_m = attributes
            .patient_size
            .ok_or(Refusal::Missing(HEIGHT))
            .and_then(|written| {
                let m = repaired(
                    written,
                    MOST_M,
                    100.0,
                    notes,
                    ("height-in-centimetres", HEIGHT, "centimetres"),
                );
                require_positive(HEIGHT, m)
            });
        if let (Ok(kg), Ok(m)) = (&weight_kg, &height_m) {
            let bmi = kg / (m * m);
            if !PLAUSIBLE_BMI.contains(&bmi) {
                let text = format!("Body mass index: expected 8 to 80 kg/m², found {bmi:.1}.");
                notes.warn("body-implausible", text);
            }
        }
        Self {
            weight_kg,
            height_m,
            sex: attributes.patient_sex,
        }
    }

    pub fn weight_kg(&self) -> Result<f64, Refusal> {
        self.weight_kg.clone()
    }

    /// Gives by what an SUVbw is multiplied to be of another kind; needs sex M or F where the kind does.
    pub fn multiplier(&self, kind: SuvKind) -> Result<f64, Refusal> {
        self.multiplier_as(kind, self.sex)
    }

    /// Gives the same for values that are stored as this kind, where sex O has to mean something: the mean
    /// of both sexes' masses, with a warning.
    pub fn stored_multiplier(&self, kind: SuvKind, notes: &mut Notes) -> Result<f64, Refusal> {
        match self.multiplier(kind) {
            Err(Refusal::Sex) => {
                let male = self.multiplier_as(kind, Some(Sex::Male))?;
                let female = self.multiplier_as(kind, Some(Sex::Female))?;
                let text = format!(
                    "Patient's Sex is O: {} was turned back by the mean of both formulas.",
                    kind.label()
                );
                notes.warn("sex-other", text);
                Ok((male + female) / 2.0)
            }
            known => known,
        }
    }

    fn multiplier_as(&self, kind: SuvKind, sex: Option<Sex>) -> Result<f64, Refusal> {
        let formula = match kind {
            SuvKind::Bw => return Ok(1.0),
            SuvKind::Bsa => {
                let (kg, m) = (self.weight_kg()?, self.height_m.clone()?);
                // cm²/mL over g/mL: 10⁴ cm² a m² over 10³ g a kg.
                return Ok(body::body_surface_area_m2(kg, m)? * 1e4 / (kg * 1e3));
            }
            SuvKind::Ibw => None,
            SuvKind::LbmJanmahasatian => Some(LeanBodyMass::Janmahasatian),
            SuvKind::LbmJames128 => Some(LeanBodyMass::James128),
            SuvKind::LbmMorgan120 => Some(LeanBodyMass::Morgan120),
        };
        let (kg, m) = (self.weight_kg()?, self.height_m.clone()?);
        let sex = sex.ok_or(Refusal::Missing(body::SEX))?;
        let mass_kg = match formula {
            Some(formula) => body::lean_body_mass_kg(formula, kg, m, sex)?,
            None => body::ideal_body_weight_kg(m, sex)?,
        };
        Ok(mass_kg / kg)
    }
}

fn repaired(
    written: f64,
    most: f64,
    divisor: f64,
    notes: &mut Notes,
    (code, what, unit): (&'static str, &str, &str),
) -> f64 {
    if written <= most || !written.is_finite() {
        return written;
    }
    notes.repair(code, format!("{what} {written} was read as {unit}."));
    written / divisor
}
