//! What must have been done to the images before SUV: the guards of modality, intercept, attenuation, decay.

use crate::suv::{Attributes, Refusal};

/// The event that the values were corrected to for decay. Decay Correction, PS3.3 C.8.9.1.1.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecayCorrection {
    None,
    Start,
    Administration,
}

impl DecayCorrection {
    pub fn of(attributes: &Attributes) -> Result<Self, Refusal> {
        let Some(term) = term(attributes.decay_correction.as_deref()) else {
            // An enhanced image names the moment instead of the event.
            let moment = attributes.decay_correction_date_time.map(|_| Self::Start);
            return moment.ok_or(Refusal::Missing("Decay Correction"));
        };
        match term.as_str() {
            "NONE" => Ok(Self::None),
            "START" => Ok(Self::Start),
            "ADMIN" => Ok(Self::Administration),
            _ => Err(Refusal::DecayCorrection { found: term }),
        }
    }

    const fn term(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Start => "START",
            Self::Administration => "ADMIN",
        }
    }
}

/// A code string without its padding, in capitals; `None` for an empty one.
pub(super) fn term(written: Option<&str>) -> Option<String> {
    written
        .map(|text| text.trim().to_ascii_uppercase())
        .filter(|text| !text.is_empty())
}

/// Demands PET or nuclear medicine, and an intercept of zero.
pub(super) fn require_emission_values(attributes: &Attributes) -> Result<(), Refusal> {
    match term(attributes.modality.as_deref()) {
        Some(found) if found != "PT" && found != "NM" => return Err(Refusal::Modality { found }),
        _ => {}
    }
    let intercepts = attributes
        .acquisitions
        .iter()
        .filter_map(|image| image.rescale_intercept);
    match intercepts.into_iter().find(|intercept| *intercept != 0.0) {
        Some(found) => Err(Refusal::RescaleIntercept { found }),
        None => Ok(()),
    }
}

/// Demands attenuation correction.
pub(super) fn require_attenuation(attributes: &Attributes) -> Result<(), Refusal> {
    if holds(attributes, "ATTN")? {
        Ok(())
    } else {
        Err(Refusal::NotAttenuationCorrected {
            found: list(attributes),
        })
    }
}

/// Demands that Corrected Image says the same of decay as Decay Correction.
pub(super) fn require_decay(attributes: &Attributes, correction: DecayCorrection) -> Result<(), Refusal> {
    match (correction, has_decay(attributes)?) {
        (DecayCorrection::None, true) => Err(Refusal::ContradictoryDecay {
            found: list(attributes),
        }),
        (DecayCorrection::Start | DecayCorrection::Administration, false) => {
            Err(Refusal::NotDecayCorrected {
                decay_correction: correction.term(),
                found: list(attributes),
            })
        }
        _ => Ok(()),
    }
}

/// Whether Corrected Image holds DECY.
pub(super) fn has_decay(attributes: &Attributes) -> Result<bool, Refusal> {
    holds(attributes, "DECY")
}

fn holds(attributes: &Attributes, correction: &str) -> Result<bool, Refusal> {
    let corrections = attributes
        .corrected_image
        .as_ref()
        .ok_or(Refusal::Missing("Corrected Image"))?;
    Ok(corrections
        .iter()
        .any(|found| found.trim().eq_ignore_ascii_case(correction)))
}

fn list(attributes: &Attributes) -> String {
    let list = attributes
        .corrected_image
        .iter()
        .flatten()
        .map(|found| found.trim())
        .collect::<Vec<_>>()
        .join("\\");
    if list.is_empty() { "none".to_owned() } else { list }
}
