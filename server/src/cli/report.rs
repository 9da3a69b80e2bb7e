//! What several commands say of SUV, in the words of their JSON.

use engine::suv::Audit;
use engine::voi::Statistics;
use serde::Serialize;

/// Measures of one kind of SUV.
#[derive(Serialize)]
pub struct KindReport {
    pub min: f64,
    pub median: f64,
    pub max: f64,
    pub mean: f64,
    pub sd: f64,
    pub voxels: usize,
    pub volume_ml: f64,
}

impl From<&Statistics> for KindReport {
    fn from(of: &Statistics) -> Self {
        Self {
            min: of.min,
            median: of.median,
            max: of.max,
            mean: of.mean,
            sd: of.sd,
            voxels: of.voxels,
            volume_ml: of.volume_ml,
        }
    }
}

/// How an SUV came about.
#[derive(Serialize)]
pub struct AuditReport {
    pub unit_path: &'static str,
    pub reference_time_rule: &'static str,
    pub reference_time: &'static str,
    pub uptake_s: Option<f64>,
    pub injected_activity_bq: Option<f64>,
    pub decayed_activity_bq: Option<f64>,
    pub half_life_s: Option<f64>,
    pub repairs: Vec<Remark>,
    pub warnings: Vec<Remark>,
}

/// A repair or a warning.
#[derive(Serialize)]
pub struct Remark {
    pub code: &'static str,
    pub text: String,
}

impl From<&Audit> for AuditReport {
    fn from(audit: &Audit) -> Self {
        let remark = |code: &'static str, text: &str| Remark {
            code,
            text: text.to_owned(),
        };
        Self {
            unit_path: audit.unit_path.code(),
            reference_time_rule: audit.reference_time_rule.code(),
            reference_time: audit.reference_time_rule.text(),
            uptake_s: audit.uptake_s,
            injected_activity_bq: audit.injected_activity_bq,
            decayed_activity_bq: audit.decayed_activity_bq,
            half_life_s: audit.half_life_s,
            repairs: audit
                .repairs
                .iter()
                .map(|one| remark(one.code, &one.text))
                .collect(),
            warnings: audit
                .warnings
                .iter()
                .map(|one| remark(one.code, &one.text))
                .collect(),
        }
    }
}
