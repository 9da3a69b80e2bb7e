//! `uptake info`: what is in files, folders, zips and discs.

mod registrations;

use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use engine::dicom::read::{Series, Study};
use engine::local::Opened;
use serde::Serialize;

use self::registrations::RegistrationReport;
use super::open;

/// What `uptake info` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Files, folders, zips, or a DICOMDIR.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    studies: Vec<StudyReport<'a>>,
    rejected: Vec<RejectedReport<'a>>,
}

#[derive(Serialize)]
struct StudyReport<'a> {
    study_instance_uid: &'a str,
    patient: PatientReport<'a>,
    series: Vec<SeriesReport<'a>>,
}

#[derive(Serialize)]
struct PatientReport<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct SeriesReport<'a> {
    series_instance_uid: &'a str,
    modality: &'a str,
    manufacturer: &'a str,
    description: &'a str,
    instances: usize,
    columns: Option<u32>,
    rows: Option<u32>,
    /// Slices of the largest volume; of a series without volume, its images.
    slices: usize,
    /// Volumes in the series: phases, time slots, energy windows count one each.
    volumes: usize,
    spacing_mm: Option<[f64; 3]>,
    orientation: Option<[f64; 6]>,
    frame_of_reference_uid: Option<String>,
    transfer_syntaxes: Vec<&'a str>,
    /// What registration objects of the series join; absent in other series.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    registrations: Vec<RegistrationReport>,
    warnings: Vec<WarningReport<'a>>,
}

#[derive(Serialize)]
struct WarningReport<'a> {
    code: &'a str,
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct RejectedReport<'a> {
    path: &'a str,
    reason: &'a str,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let opened = open::studies(&options.paths)?;
    let report = report(&opened);
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(())
}

fn report(opened: &Opened) -> Report<'_> {
    Report {
        studies: opened.studies.iter().map(study_report).collect(),
        rejected: opened
            .rejected
            .iter()
            .map(|one| RejectedReport {
                path: &one.path,
                reason: &one.reason,
            })
            .collect(),
    }
}

fn study_report(study: &Study) -> StudyReport<'_> {
    StudyReport {
        study_instance_uid: &study.study_instance_uid,
        patient: PatientReport {
            id: &study.patient_id,
            name: &study.patient_name,
        },
        series: study.series.iter().map(series_report).collect(),
    }
}

fn series_report(series: &Series) -> SeriesReport<'_> {
    let stack = series.sorted.stacks.first();
    let first = series
        .instances
        .iter()
        .find_map(|instance| instance.frames.first());
    let shown = stack.map_or(first, |stack| {
        let at = stack.frames[0];
        series.instances[at.instance].frames.get(at.frame)
    });
    let orientation = stack.map(|stack| {
        let (row, column) = (stack.grid.row_direction(), stack.grid.column_direction());
        [row[0], row[1], row[2], column[0], column[1], column[2]]
    });
    let (registrations, unread) = registrations::of(series);
    let unread = unread.into_iter().map(|text| WarningReport {
        code: "registration",
        text: Cow::Owned(text),
    });
    SeriesReport {
        series_instance_uid: &series.series_instance_uid,
        modality: &series.modality,
        manufacturer: &series.manufacturer,
        description: &series.description,
        instances: series.instances.len(),
        columns: shown.map(|frame| frame.size[1]),
        rows: shown.map(|frame| frame.size[0]),
        slices: stack.map_or(series.sorted.images.len(), |stack| stack.frames.len()),
        volumes: series.sorted.stacks.len(),
        spacing_mm: stack.map(|stack| stack.grid.spacing_mm()),
        orientation,
        frame_of_reference_uid: stack.map_or_else(
            || series.instances[0].frame_of_reference_uid(),
            |stack| stack.frame_of_reference_uid.clone(),
        ),
        transfer_syntaxes: series.transfer_syntaxes(),
        registrations,
        warnings: series
            .warnings
            .iter()
            .map(|one| WarningReport {
                code: one.code,
                text: Cow::Borrowed(one.text.as_str()),
            })
            .chain(unread)
            .collect(),
    }
}

fn print(out: &mut impl Write, report: &Report<'_>) -> std::io::Result<()> {
    for study in &report.studies {
        writeln!(
            out,
            "study {}  patient {} {}",
            study.study_instance_uid, study.patient.id, study.patient.name
        )?;
        for series in &study.series {
            print_series(out, series)?;
        }
    }
    for rejected in &report.rejected {
        writeln!(out, "rejected {}: {}", rejected.path, rejected.reason)?;
    }
    Ok(())
}

fn print_series(out: &mut impl Write, series: &SeriesReport<'_>) -> std::io::Result<()> {
    let size = match (series.columns, series.rows) {
        (Some(columns), Some(rows)) => format!("{columns} x {rows} x {}", series.slices),
        _ => "no pixels".to_owned(),
    };
    let spacing = series.spacing_mm.map_or(String::new(), |[x, y, z]| {
        format!(", {x:.3} x {y:.3} x {z:.3} mm")
    });
    writeln!(
        out,
        "  {:4} {size}{spacing}  {} instances  {} {}",
        series.modality, series.instances, series.manufacturer, series.description
    )?;
    writeln!(out, "       {}", series.series_instance_uid)?;
    for registration in &series.registrations {
        registration.print(out)?;
    }
    for warning in &series.warnings {
        writeln!(out, "       ! {}: {}", warning.code, warning.text)?;
    }
    Ok(())
}
