//! What the values of a series are, as Units and SUV Type name it.

use crate::suv::corrections::term;
use crate::suv::{Attributes, Refusal, SuvKind};

/// What the values are. Units and SUV Type, PS3.3 C.8.9.1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Units {
    /// BQML.
    ActivityConcentration,
    /// GML, CM2ML.
    Suv(SuvKind),
    /// CNTS.
    Counts,
}

impl Units {
    pub fn of(attributes: &Attributes) -> Result<Self, Refusal> {
        let units = term(attributes.units.as_deref()).ok_or(Refusal::Missing("Units"))?;
        let suv_type = term(attributes.suv_type.as_deref());
        match units.as_str() {
            "BQML" => Ok(Self::ActivityConcentration),
            "CNTS" => Ok(Self::Counts),
            "GML" => Ok(Self::Suv(stored_by_mass(suv_type)?)),
            "CM2ML" => match suv_type.as_deref() {
                None | Some("BSA") => Ok(Self::Suv(SuvKind::Bsa)),
                Some(found) => Err(suv_type_refusal("CM2ML", "BSA", found)),
            },
            _ => Err(Refusal::Units { found: units }),
        }
    }
}

/// PS3.3 C.8.9.1: an absent SUV Type means body weight.
fn stored_by_mass(suv_type: Option<String>) -> Result<SuvKind, Refusal> {
    match suv_type.as_deref() {
        None | Some("BW") => Ok(SuvKind::Bw),
        Some("LBM") => Ok(SuvKind::LbmMorgan120),
        Some("LBMJAMES128") => Ok(SuvKind::LbmJames128),
        Some("LBMJANMA") => Ok(SuvKind::LbmJanmahasatian),
        Some("IBW") => Ok(SuvKind::Ibw),
        Some(found) => Err(suv_type_refusal(
            "GML",
            "BW, LBM, LBMJAMES128, LBMJANMA or IBW",
            found,
        )),
    }
}

fn suv_type_refusal(units: &'static str, expected: &'static str, found: &str) -> Refusal {
    Refusal::SuvType {
        units,
        expected,
        found: found.to_owned(),
    }
}
