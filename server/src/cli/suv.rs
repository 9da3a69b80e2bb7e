//! `uptake suv`: SUV statistics of a PET or SPECT series, with their audit.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use engine::dicom::read::{suv_attributes, suv_conversion};
use engine::suv::{Conversion, Factors, SuvKind};
use engine::voi::{Mask, Scale, Statistics};
use engine::volume::Volume;
use serde::Serialize;

use super::report::{AuditReport, KindReport};
use super::{mask, open};

/// What `uptake suv` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Files, folders or zips that hold the series.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Series Instance UID, where there are several PET or SPECT series.
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    /// DICOM SEG, RTSTRUCT or NIfTI file to measure in; #NAME or #NUMBER chooses among several regions.
    #[arg(long, value_name = "FILE[#ROI]")]
    mask: Option<String>,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    series_instance_uid: String,
    /// SUVbw of one unit of the rescaled values; null where it differs from slice to slice.
    factor_bw: Option<f64>,
    units: Option<String>,
    kinds: BTreeMap<&'static str, KindReport>,
    /// Kinds of SUV that cannot be had, and why.
    refused: BTreeMap<&'static str, String>,
    audit: AuditReport,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let opened = open::studies(&options.paths)?;
    let series = open::choose(
        &opened,
        options.series.as_deref(),
        "PET or SPECT series",
        |series| series.is_emission(),
    )?;
    let stack = open::main_stack(series)?;
    let attributes = suv_attributes(series, stack);
    let conversion = suv_conversion(series, stack)
        .with_context(|| format!("series {} has no SUV", series.series_instance_uid))?;
    let volume = open::volume(&opened, series, stack)?;
    let mask = options
        .mask
        .as_deref()
        .map(|text| mask::read(text, &volume))
        .transpose()?;
    let (kinds, refused) = measure(&volume, mask.as_ref(), &conversion)?;
    let report = Report {
        series_instance_uid: series.series_instance_uid.clone(),
        factor_bw: conversion.factors_bw.uniform(),
        units: attributes.units.clone(),
        kinds,
        refused,
        audit: (&conversion.audit).into(),
    };
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(())
}

type Kinds = (BTreeMap<&'static str, KindReport>, BTreeMap<&'static str, String>);

/// Measures SUVbw on the voxels; the other kinds are multiples of it.
fn measure(volume: &Volume, mask: Option<&Mask>, conversion: &Conversion) -> anyhow::Result<Kinds> {
    let scale = match &conversion.factors_bw {
        Factors::Uniform(factor) => Scale::Factor(*factor),
        Factors::PerSlice(factors) => Scale::PerSlice(factors),
    };
    let bw = match mask {
        Some(mask) => Statistics::inside(volume, mask, scale)?,
        None => Statistics::of_volume(volume, scale)?,
    };
    let (mut kinds, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for kind in SuvKind::ALL {
        match conversion.multiplier(kind) {
            Ok(multiplier) => {
                kinds.insert(kind.key(), KindReport::from(&bw.times(multiplier)));
            }
            Err(refusal) => {
                refused.insert(kind.key(), refusal.to_string());
            }
        }
    }
    if kinds.is_empty() {
        bail!("expected at least SUVbw, found no kind of SUV that can be had");
    }
    Ok((kinds, refused))
}

fn print(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    writeln!(out, "series {}", report.series_instance_uid)?;
    let factor = report
        .factor_bw
        .map_or("one a slice".to_owned(), |factor| format!("{factor:.6e}"));
    writeln!(
        out,
        "factor to SUVbw {factor} from {}",
        report.units.as_deref().unwrap_or("unstated units")
    )?;
    for kind in SuvKind::ALL {
        if let Some(one) = report.kinds.get(kind.key()) {
            writeln!(
                out,
                "{:20} min {:.3}  median {:.3}  mean {:.3}  sd {:.3}  max {:.3}",
                kind.label(),
                one.min,
                one.median,
                one.mean,
                one.sd,
                one.max
            )?;
        } else if let Some(reason) = report.refused.get(kind.key()) {
            writeln!(out, "{:20} none: {reason}", kind.label())?;
        }
    }
    if let Some(one) = report.kinds.values().next() {
        writeln!(out, "{} voxels, {:.3} ml", one.voxels, one.volume_ml)?;
    }
    let uptake = report
        .audit
        .uptake_s
        .map_or("unknown".to_owned(), |s| format!("{:.1} min", s / 60.0));
    writeln!(out, "uptake time {uptake}; {}", report.audit.reference_time)?;
    for repair in &report.audit.repairs {
        writeln!(out, "repaired {}: {}", repair.code, repair.text)?;
    }
    for warning in &report.audit.warnings {
        writeln!(out, "warning {}: {}", warning.code, warning.text)?;
    }
    Ok(())
}
