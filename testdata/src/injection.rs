//! What was injected, and what an SUV of 1 is then.

use engine::dicom::write::{Code, DateTime, Radiopharmaceutical};
use serde::Serialize;

use crate::elementary::{exp, ln};

/// A radionuclide with its usual tracer.
#[derive(Debug, Clone)]
pub struct Tracer {
    /// Name of the radiopharmaceutical.
    pub name: &'static str,
    /// Code of the radionuclide.
    pub radionuclide: Code,
    /// Code of the radiopharmaceutical.
    pub code: Code,
    /// Half-life, s.
    pub half_life_s: f64,
    /// Share of decays that emit a positron.
    pub positron_fraction: f64,
}

/// Fluorodeoxyglucose.
pub const FDG: Tracer = Tracer {
    name: "Fluorodeoxyglucose F^18^",
    radionuclide: Code::new("77004003", "SCT", "^18^Fluorine"),
    code: Code::new("35321007", "SCT", "Fluorodeoxyglucose F^18^"),
    half_life_s: 6586.2,
    positron_fraction: 0.967,
};

/// Technetium medronate.
pub const MDP: Tracer = Tracer {
    name: "Technetium Tc^99m^ medronate",
    radionuclide: Code::new("72454007", "SCT", "^99m^Technetium"),
    code: Code::new("404707004", "SCT", "Technetium Tc^99m^ medronate"),
    half_life_s: 21_624.0,
    positron_fraction: 0.0,
};

/// An injection into a patient, and the moment that images are decay-corrected to.
#[derive(Debug, Clone)]
pub struct Injection {
    /// What was injected.
    pub tracer: Tracer,
    /// Activity at the time of injection, Bq.
    pub activity_bq: f64,
    /// When.
    pub injected: DateTime,
    /// Start of the images.
    pub image_start: DateTime,
    /// Weight of the patient, kg.
    pub weight_kg: f64,
}

/// The injection as the truth tells it.
#[derive(Serialize)]
pub struct InjectionTruth {
    activity_bq: f64,
    injected: String,
    half_life_s: f64,
    image_start: String,
    uptake_s: f64,
    weight_kg: f64,
    suv_bw_per_bq_ml: f64,
}

impl Injection {
    /// Decay constant, 1/s.
    pub fn decay_per_s(&self) -> f64 {
        ln(2.0) / self.tracer.half_life_s
    }

    /// SUV by body weight of 1 Bq/mL, decay-corrected to the start of the images.
    pub fn suv_per_bq_ml(&self) -> f64 {
        let left_bq = self.activity_bq * exp(-self.decay_per_s() * self.uptake_s());
        self.weight_kg * 1000.0 / left_bq
    }

    fn uptake_s(&self) -> f64 {
        self.image_start.seconds_since(self.injected)
    }

    /// The injection as DICOM holds it.
    pub fn radiopharmaceutical(&self) -> Radiopharmaceutical {
        Radiopharmaceutical {
            name: self.tracer.name.to_owned(),
            radionuclide: self.tracer.radionuclide.clone(),
            tracer: self.tracer.code.clone(),
            activity_bq: self.activity_bq,
            half_life_s: self.tracer.half_life_s,
            positron_fraction: self.tracer.positron_fraction,
            injected: self.injected,
        }
    }

    /// The injection as the truth tells it.
    pub fn truth(&self) -> InjectionTruth {
        InjectionTruth {
            activity_bq: self.activity_bq,
            injected: self.injected.date_time(),
            half_life_s: self.tracer.half_life_s,
            image_start: self.image_start.date_time(),
            uptake_s: self.uptake_s(),
            weight_kg: self.weight_kg,
            suv_bw_per_bq_ml: self.suv_per_bq_ml(),
        }
    }
}
