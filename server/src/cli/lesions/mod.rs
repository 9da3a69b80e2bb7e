//! `uptake lesions`: the lesions of a whole PET, measured, followed over exams, as a table and as DICOM.

mod arguments;
mod exam;
mod label_map;
mod objects;
mod over_time;
mod table;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use engine::lesion::UptakeThreshold;

use arguments::{Rule, candidate_rule, mtv_rule};
use exam::{Exam, detected};

use super::Usage;

/// What `uptake lesions` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Files, folders or zips that hold the PET, and the CT beside it.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Series Instance UID, where there are several PET or SPECT series.
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    /// Which voxels are looked at: fixed:SUV, max:FRACTION, liver, blood-pool, or benchmark (fixed:4 of at least 3 mL).
    #[arg(long, value_name = "RULE", default_value = "fixed:4", value_parser = candidate_rule)]
    rule: Rule,
    /// Boundaries of lesions, side by side: fixed:SUV, max:FRACTION, liver, blood-pool; totals follow the first.
    #[arg(long, value_name = "RULE", value_delimiter = ',', default_value = "fixed:4,max:0.41", value_parser = mtv_rule)]
    mtv: Vec<UptakeThreshold>,
    /// Smaller lesions are left out, mL.
    #[arg(long, value_name = "ML")]
    min_volume_ml: Option<f64>,
    /// Organs that override the rules: DICOM SEG, or NIfTI with --label-names.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// JSON object from the numbers of a NIfTI label map to names such as "liver".
    #[arg(long, value_name = "FILE", requires = "labels")]
    label_names: Option<PathBuf>,
    /// An earlier exam of the same patient, once for each; up to three, in any order.
    #[arg(long, value_name = "PATH")]
    prior: Vec<PathBuf>,
    /// Spatial Registration or Deformable Spatial Registration object that joins the exams, once for each.
    #[arg(long, value_name = "FILE")]
    transform: Vec<PathBuf>,
    /// Writes the lesions as a DICOM segmentation.
    #[arg(long, value_name = "FILE")]
    seg: Option<PathBuf>,
    /// Writes the measurements as a DICOM structured report (TID 1500).
    #[arg(long, value_name = "FILE")]
    sr: Option<PathBuf>,
    /// Writes the lesions as a DICOM structure set.
    #[arg(long, value_name = "FILE")]
    rtstruct: Option<PathBuf>,
    /// Writes the table as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

impl Options {
    fn candidates(&self) -> UptakeThreshold {
        self.rule.candidates
    }

    /// Options of the engine, but for what belongs to one exam.
    fn engine(&self) -> anyhow::Result<engine::lesion::Options> {
        let least_ml = self.min_volume_ml.unwrap_or(self.rule.least_ml);
        if !(least_ml >= 0.0 && least_ml.is_finite()) {
            let text = format!("--min-volume-ml must be 0 or more, found {least_ml}");
            return Err(Usage(text).into());
        }
        if self.prior.len() > 3 {
            let text = format!("expected up to 3 earlier exams, found {}", self.prior.len());
            return Err(Usage(text).into());
        }
        Ok(engine::lesion::Options {
            candidates: self.candidates(),
            mtv: self.mtv.clone(),
            least_ml,
            ..engine::lesion::Options::default()
        })
    }
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let engine = options.engine()?;
    let current = Exam::open(&options.paths, options.series.as_deref())?;
    let labels = options.labels.as_deref();
    let labels = labels.map(|file| label_map::read(file, options.label_names.as_deref()));
    let detected = detected(&current, labels.transpose()?.as_ref(), &engine)?;
    let over_time = over_time::follow(options, &engine, &current, &detected)?;
    let tracking = over_time::tracking(&current, &detected, over_time.as_ref());
    let report = table::report(options, &detected, &tracking, over_time.as_ref());
    objects::write(options, &current, &detected, &tracking)?;
    if let Some(file) = &options.csv {
        table::write_csv(file, &report)?;
    }
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        table::print(&mut out, &report)?;
    }
    Ok(())
}
