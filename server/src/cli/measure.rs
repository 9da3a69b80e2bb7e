//! `uptake measure`: all that one VOI holds, on the PET or SPECT and on the CT beside it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use engine::suv::{Conversion, SuvKind};
use engine::voi::{Measurement, Peak, PeakKind, Peaks, Statistics, measure};
use engine::volume::Volume;
use serde::Serialize;

use super::emission::Emission;
use super::report::{AuditReport, KindReport};
use super::{mask, open};

/// What `uptake measure` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Files, folders or zips that hold the series, and the CT beside it.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// DICOM SEG, RTSTRUCT or NIfTI file of the VOI; #NAME or #NUMBER chooses among several regions.
    #[arg(long, value_name = "FILE[#ROI]")]
    voi: String,
    /// Series Instance UID, where there are several PET or SPECT series.
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    series_instance_uid: String,
    kinds: BTreeMap<&'static str, VoiReport>,
    /// Kinds of SUV that cannot be had, and why.
    refused: BTreeMap<&'static str, String>,
    /// The values as stored, where no SUV can be had.
    stored: Option<StoredReport>,
    /// The same VOI on the CT's own voxels.
    hu: Option<ValuesReport>,
    audit: Option<AuditReport>,
    warnings: Vec<String>,
}

/// One kind of SUV inside the VOI.
#[derive(Serialize)]
struct VoiReport {
    #[serde(flatten)]
    values: ValuesReport,
    /// Total lesion glycolysis of the kind: mean times volume.
    tlg: f64,
    peak: BTreeMap<&'static str, PeakReport>,
}

/// Measures of values in whatever unit.
#[derive(Serialize)]
struct ValuesReport {
    #[serde(flatten)]
    basic: KindReport,
    lower_quartile: f64,
    upper_quartile: f64,
    rms: f64,
    /// Where the largest value is, LPS in mm.
    max_at_mm: [f64; 3],
}

#[derive(Serialize)]
struct StoredReport {
    unit: String,
    #[serde(flatten)]
    values: ValuesReport,
    peak: BTreeMap<&'static str, PeakReport>,
}

/// A peak, and the sphere that it was measured in.
#[derive(Serialize)]
struct PeakReport {
    value: f64,
    center_mm: [f64; 3],
    sphere_ml: f64,
    voxels: usize,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let opened = open::studies(&options.paths)?;
    let emission = Emission::load(&opened, options.series.as_deref())?;
    let ct = emission.ct_beside(&opened)?;
    let mask = mask::read(&options.voi, &emission.volume)?;
    let measured = measure(&mask, &emission.volume, ct.as_ref())?;
    let of_all = Peaks::new(&emission.volume);
    let peaks = PeakKind::ALL.map(|kind| of_all.of(&mask, kind).map(|peak| (kind, peak)));
    let peaks: Vec<(PeakKind, Peak)> = peaks.into_iter().collect::<Result<_, _>>()?;
    let report = report(&emission, &measured, &peaks, ct.as_ref());
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(())
}

fn report(
    emission: &Emission,
    measured: &Measurement,
    peaks: &[(PeakKind, Peak)],
    ct: Option<&Volume>,
) -> Report {
    let mut warnings: Vec<String> = measured.warnings.iter().map(ToString::to_string).collect();
    let (mut kinds, mut refused, mut stored, mut audit) = (BTreeMap::new(), BTreeMap::new(), None, None);
    match &emission.conversion {
        Ok(conversion) => {
            (kinds, refused) = of_kinds(&measured.statistics, peaks, conversion, &emission.volume);
            audit = Some(AuditReport::from(&conversion.audit));
        }
        Err(refusal) => {
            warnings.push(format!("no SUV: {refusal}"));
            stored = Some(StoredReport {
                unit: measured.unit.label().to_owned(),
                values: values(&measured.statistics, &emission.volume),
                peak: peak_reports(peaks, 1.0),
            });
        }
    }
    Report {
        series_instance_uid: emission.series.series_instance_uid.clone(),
        kinds,
        refused,
        stored,
        hu: measured.hu.as_ref().zip(ct).map(|(hu, ct)| values(hu, ct)),
        audit,
        warnings,
    }
}

type Kinds = (BTreeMap<&'static str, VoiReport>, BTreeMap<&'static str, String>);

fn of_kinds(bw: &Statistics, peaks: &[(PeakKind, Peak)], conversion: &Conversion, pet: &Volume) -> Kinds {
    let (mut kinds, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for kind in SuvKind::ALL {
        match conversion.multiplier(kind) {
            Ok(multiplier) => {
                let own = bw.times(multiplier);
                let report = VoiReport {
                    values: values(&own, pet),
                    tlg: own.total,
                    peak: peak_reports(peaks, multiplier),
                };
                kinds.insert(kind.key(), report);
            }
            Err(refusal) => {
                refused.insert(kind.key(), refusal.to_string());
            }
        }
    }
    (kinds, refused)
}

fn values(of: &Statistics, volume: &Volume) -> ValuesReport {
    let max_at = volume.grid().patient(of.max_at.map(|n| n as f64).into());
    ValuesReport {
        basic: of.into(),
        lower_quartile: of.quartiles[0],
        upper_quartile: of.quartiles[1],
        rms: of.rms,
        max_at_mm: max_at.xyz.into(),
    }
}

fn peak_reports(peaks: &[(PeakKind, Peak)], multiplier: f64) -> BTreeMap<&'static str, PeakReport> {
    let of = |(kind, peak): &(PeakKind, Peak)| {
        let report = PeakReport {
            value: peak.value * multiplier,
            center_mm: peak.center.xyz.into(),
            sphere_ml: peak.sphere_ml,
            voxels: peak.voxels,
        };
        (kind.name(), report)
    };
    peaks.iter().map(of).collect()
}

fn print(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    writeln!(out, "series {}", report.series_instance_uid)?;
    for kind in SuvKind::ALL {
        if let Some(one) = report.kinds.get(kind.key()) {
            print_values(out, kind.label(), &one.values)?;
            print_peaks(out, &one.peak)?;
            writeln!(out, "{:20} TLG {:.3}", "", one.tlg)?;
        } else if let Some(reason) = report.refused.get(kind.key()) {
            writeln!(out, "{:20} none: {reason}", kind.label())?;
        }
    }
    if let Some(stored) = &report.stored {
        print_values(out, &stored.unit, &stored.values)?;
        print_peaks(out, &stored.peak)?;
    }
    if let Some(hu) = &report.hu {
        print_values(out, "HU", hu)?;
    }
    for warning in &report.warnings {
        writeln!(out, "warning {warning}")?;
    }
    Ok(())
}

fn print_values(out: &mut impl Write, name: &str, of: &ValuesReport) -> std::io::Result<()> {
    let basic = &of.basic;
    writeln!(
        out,
        "{name:20} min {:.3}  median {:.3}  mean {:.3}  sd {:.3}  max {:.3}  in {} voxels, {:.3} ml",
        basic.min, basic.median, basic.mean, basic.sd, basic.max, basic.voxels, basic.volume_ml
    )
}

fn print_peaks(out: &mut impl Write, peaks: &BTreeMap<&'static str, PeakReport>) -> std::io::Result<()> {
    let all: Vec<String> = peaks
        .iter()
        .map(|(name, peak)| format!("{name} {:.3}", peak.value))
        .collect();
    writeln!(out, "{:20} peak {}", "", all.join("  "))
}
