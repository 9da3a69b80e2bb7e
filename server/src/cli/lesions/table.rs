//! The table of lesions: for programs, for spreadsheets, for people.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use engine::lesion::follow_up::LesionRef;
use engine::lesion::response::{Assessed, Assessment};
use engine::lesion::{Detection, Finding, Reference};
use serde::Serialize;

use super::Options;
use super::over_time::{OverTime, Tracking};

/// All that is said of an exam's lesions.
#[derive(Serialize)]
pub struct Report {
    rule: String,
    /// Its threshold, SUVbw.
    threshold: f64,
    mtv_rule: String,
    lesions: Vec<LesionReport>,
    totals: TotalsReport,
    references: ReferencesReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    follow_up: Option<FollowUpReport>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct LesionReport {
    id: usize,
    tracking_uid: String,
    site: String,
    centre_mm: [f64; 3],
    volume_ml: f64,
    suv_max: f64,
    suv_max_at_mm: [f64; 3],
    suv_mean: f64,
    suv_sd: f64,
    suv_peak: Option<BTreeMap<&'static str, f64>>,
    long_axis_mm: Option<f64>,
    short_axis_mm: Option<f64>,
    mtv_ml: Option<f64>,
    tlg: Option<f64>,
    /// Every rule asked for, the first too.
    mtv_by_rule: Vec<BoundaryReport>,
    hu_mean: Option<f64>,
    physiological: Option<PhysiologicalReport>,
}

#[derive(Serialize)]
struct BoundaryReport {
    rule: String,
    threshold: f64,
    mtv_ml: f64,
    tlg: f64,
    ran_out: bool,
}

#[derive(Serialize)]
struct PhysiologicalReport {
    organ: &'static str,
    reason: String,
}

#[derive(Serialize)]
struct TotalsReport {
    mtv_ml: f64,
    tlg: f64,
    lesions: usize,
    by_rule: Vec<RuleTotal>,
}

#[derive(Serialize)]
struct RuleTotal {
    rule: String,
    mtv_ml: f64,
    tlg: f64,
}

#[derive(Serialize)]
struct ReferencesReport {
    liver: Option<ReferenceReport>,
    blood_pool: Option<ReferenceReport>,
}

#[derive(Serialize)]
struct ReferenceReport {
    centre_mm: [f64; 3],
    volume_ml: f64,
    suv_mean: f64,
    suv_sd: f64,
    suv_max: f64,
    doubts: Vec<String>,
}

#[derive(Serialize)]
struct FollowUpReport {
    /// Oldest first; the last is the current one.
    exams: Vec<ExamReport>,
    tracks: Vec<TrackReport>,
    response: BTreeMap<&'static str, ResponseReport>,
}

#[derive(Serialize)]
struct ExamReport {
    study_date: String,
    series_instance_uid: String,
}

#[derive(Serialize)]
struct TrackReport {
    track: u32,
    lesions: Vec<TrackedReport>,
}

#[derive(Serialize)]
struct TrackedReport {
    exam: usize,
    id: usize,
    /// Where it comes from, such as `new`, `persistent`, `split`.
    arrival: String,
    /// What becomes of it, such as `resolved`.
    departure: String,
}

#[derive(Serialize)]
struct ResponseReport {
    category: String,
    reasons: Vec<String>,
    warnings: Vec<String>,
}

/// The report of a detection.
pub fn report(
    options: &Options,
    detection: &Detection,
    tracking: &Tracking,
    over_time: Option<&OverTime>,
) -> Report {
    let totals = detection.totals();
    let by_rule: Vec<RuleTotal> = totals
        .by_rule
        .iter()
        .map(|(rule, mtv_ml, tlg)| RuleTotal {
            rule: rule.label(),
            mtv_ml: *mtv_ml,
            tlg: *tlg,
        })
        .collect();
    Report {
        rule: options.candidates().label(),
        threshold: detection.threshold,
        mtv_rule: by_rule
            .first()
            .map(|total| total.rule.clone())
            .unwrap_or_default(),
        lesions: detection
            .findings
            .iter()
            .map(|finding| lesion(finding, detection, tracking))
            .collect(),
        totals: TotalsReport {
            mtv_ml: by_rule.first().map_or(0.0, |total| total.mtv_ml),
            tlg: by_rule.first().map_or(0.0, |total| total.tlg),
            lesions: totals.lesions,
            by_rule,
        },
        references: ReferencesReport {
            liver: detection.references.liver.as_ref().map(reference),
            blood_pool: detection.references.blood_pool.as_ref().map(reference),
        },
        follow_up: over_time.map(follow_up),
        warnings: detection.warnings.clone(),
    }
}

fn lesion(finding: &Finding, detection: &Detection, tracking: &Tracking) -> LesionReport {
    let measures = finding.measures.as_ref();
    let boundary = finding.boundaries.first();
    LesionReport {
        id: finding.id,
        tracking_uid: tracking.finding(finding.id),
        site: finding.site.to_string(),
        centre_mm: finding.center.xyz.into(),
        volume_ml: finding.statistics.volume_ml,
        suv_max: finding.statistics.max,
        suv_max_at_mm: detection.place_of_max(finding).xyz.into(),
        suv_mean: finding.statistics.mean,
        suv_sd: finding.statistics.sd,
        suv_peak: measures.map(|measures| measures.peaks.named().into_iter().collect()),
        long_axis_mm: measures.map(|measures| measures.axes.long.length_mm),
        short_axis_mm: measures.map(|measures| measures.axes.short.length_mm),
        mtv_ml: boundary.map(|boundary| boundary.mtv_ml),
        tlg: boundary.map(|boundary| boundary.tlg),
        mtv_by_rule: finding
            .boundaries
            .iter()
            .map(|boundary| BoundaryReport {
                rule: boundary.rule.label(),
                threshold: boundary.threshold,
                mtv_ml: boundary.mtv_ml,
                tlg: boundary.tlg,
                ran_out: boundary.ran_out,
            })
            .collect(),
        hu_mean: finding.hu_mean,
        physiological: finding.physiological.as_ref().map(|found| PhysiologicalReport {
            organ: found.organ.label(),
            reason: found.reason.clone(),
        }),
    }
}

fn reference(of: &Reference) -> ReferenceReport {
    ReferenceReport {
        centre_mm: of.center.xyz.into(),
        volume_ml: of.statistics.volume_ml,
        suv_mean: of.statistics.mean,
        suv_sd: of.statistics.sd,
        suv_max: of.statistics.max,
        doubts: of.doubts.clone(),
    }
}

fn follow_up(over: &OverTime) -> FollowUpReport {
    let word = |of: Option<String>| of.unwrap_or_default().to_lowercase();
    let tracked = |at: &LesionRef| TrackedReport {
        exam: at.exam,
        id: over.ids[at.exam][at.lesion],
        arrival: word(over.follow_up.arrival(*at).map(|arrival| format!("{arrival:?}"))),
        departure: word(
            over.follow_up
                .departure(*at)
                .map(|departure| format!("{departure:?}")),
        ),
    };
    FollowUpReport {
        exams: over
            .exams
            .iter()
            .map(|exam| ExamReport {
                study_date: exam.study_date.clone(),
                series_instance_uid: exam.series_instance_uid.clone(),
            })
            .collect(),
        tracks: over
            .follow_up
            .tracks()
            .iter()
            .map(|track| TrackReport {
                track: track.id,
                lesions: track.lesions.iter().map(tracked).collect(),
            })
            .collect(),
        response: responses(&over.response),
    }
}

fn responses(of: &Assessment) -> BTreeMap<&'static str, ResponseReport> {
    let mut all = BTreeMap::new();
    if let Some(found) = &of.percist {
        all.insert("percist", response(found, found.category.code().to_owned()));
    }
    if let Some(found) = &of.eortc {
        all.insert("eortc", response(found, found.category.code().to_owned()));
    }
    if let Some(found) = &of.five_point {
        all.insert("deauville", response(found, found.category.code().to_owned()));
    }
    if let Some(found) = &of.qpet {
        let value = found
            .category
            .value
            .map_or_else(|| "none".to_owned(), |value| format!("{value:.2}"));
        all.insert(
            "qpet",
            response(found, format!("{value}, score {}", found.category.score.code())),
        );
    }
    if let Some(found) = &of.lugano {
        all.insert("lugano", response(found, found.category.code().to_owned()));
    }
    if let Some(found) = &of.recip {
        all.insert("recip", response(found, found.category.code().to_owned()));
    }
    all.insert(
        "recist",
        response(&of.recist, of.recist.category.code().to_owned()),
    );
    all
}

fn response<C>(of: &Assessed<C>, category: String) -> ResponseReport {
    ResponseReport {
        category,
        reasons: of.sentences(),
        warnings: of.warnings.iter().map(|warning| format!("{warning}.")).collect(),
    }
}

/// Writes one line a finding; numbers with a point, as they are.
pub fn write_csv(file: &Path, report: &Report) -> anyhow::Result<()> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let mut text = String::from(
        "id,tracking_uid,site,x_mm,y_mm,z_mm,volume_ml,suv_max,suv_mean,suv_sd,suv_peak_local,suv_peak_global,\
         suv_peak_global_pv,suv_peak_percist,suv_peak_qpet4,long_axis_mm,short_axis_mm,mtv_rule,mtv_ml,tlg,hu_mean,\
         physiological,reason\r\n",
    );
    for one in &report.lesions {
        let peak = |name: &str| number(one.suv_peak.as_ref().and_then(|peaks| peaks.get(name).copied()));
        let mut fields = vec![one.id.to_string(), one.tracking_uid.clone(), one.site.clone()];
        fields.extend(one.centre_mm.iter().map(f64::to_string));
        let statistics = [one.volume_ml, one.suv_max, one.suv_mean, one.suv_sd];
        fields.extend(statistics.iter().map(f64::to_string));
        fields.extend(["local", "global", "global_pv", "percist", "qpet4"].map(peak));
        fields.extend([
            number(one.long_axis_mm),
            number(one.short_axis_mm),
            report.mtv_rule.clone(),
        ]);
        fields.extend([number(one.mtv_ml), number(one.tlg), number(one.hu_mean)]);
        let physiological = one.physiological.as_ref();
        fields.push(
            physiological
                .map(|found| found.organ.to_owned())
                .unwrap_or_default(),
        );
        fields.push(
            physiological
                .map(|found| found.reason.clone())
                .unwrap_or_default(),
        );
        let quoted: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        text.push_str(&quoted.join(","));
        text.push_str("\r\n");
    }
    std::fs::write(file, text).with_context(|| file.display().to_string())
}

/// A field as RFC 4180 has it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// Prints the table for people.
pub fn print(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    writeln!(
        out,
        "candidates {} (SUV {:.2}), boundary {}",
        report.rule, report.threshold, report.mtv_rule
    )?;
    writeln!(
        out,
        "{:>3} {:28} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>7}",
        "", "site", "SUVmax", "SUVmean", "SUVpeak", "ml", "MTV ml", "TLG", "HU"
    )?;
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    for one in report.lesions.iter().filter(|one| one.physiological.is_none()) {
        let peak = one
            .suv_peak
            .as_ref()
            .and_then(|peaks| peaks.get("global_pv").copied());
        writeln!(
            out,
            "{:>3} {:28} {:>8.2} {:>8.2} {:>8} {:>8.2} {:>9} {:>9} {:>7}",
            one.id,
            one.site,
            one.suv_max,
            one.suv_mean,
            number(peak, 2),
            one.volume_ml,
            number(one.mtv_ml, 2),
            number(one.tlg, 2),
            number(one.hu_mean, 0)
        )?;
    }
    for total in &report.totals.by_rule {
        writeln!(
            out,
            "total {:20} MTV {:.2} ml, TLG {:.2}",
            total.rule, total.mtv_ml, total.tlg
        )?;
    }
    writeln!(
        out,
        "SUVpeak is global_pv: the largest mean of 1 ml around any voxel of the lesion"
    )?;
    for one in &report.lesions {
        if let Some(found) = &one.physiological {
            writeln!(
                out,
                "set aside {:>3} {:16} SUVmax {:.2}: {}",
                one.id, found.organ, one.suv_max, found.reason
            )?;
        }
    }
    for (name, found) in [
        ("liver", &report.references.liver),
        ("blood pool", &report.references.blood_pool),
    ] {
        match found {
            Some(found) => writeln!(
                out,
                "{name}: SUVmean {:.2}, sd {:.2}",
                found.suv_mean, found.suv_sd
            )?,
            None => writeln!(out, "{name}: no reference region found")?,
        }
    }
    if let Some(follow_up) = &report.follow_up {
        print_follow_up(out, follow_up)?;
    }
    for warning in &report.warnings {
        writeln!(out, "warning {warning}")?;
    }
    Ok(())
}

fn print_follow_up(out: &mut impl Write, follow_up: &FollowUpReport) -> std::io::Result<()> {
    for track in &follow_up.tracks {
        let steps: Vec<String> = track
            .lesions
            .iter()
            .map(|one| format!("exam {} lesion {} ({})", one.exam + 1, one.id, one.arrival))
            .collect();
        let last = follow_up.exams.len() - 1;
        let ends = if track.lesions.iter().all(|one| one.exam < last) {
            ", resolved"
        } else {
            ""
        };
        writeln!(out, "track {}: {}{ends}", track.track, steps.join(", "))?;
    }
    for (name, response) in &follow_up.response {
        writeln!(out, "{name}: {}", response.category)?;
        for sentence in response.reasons.iter().chain(&response.warnings) {
            writeln!(out, "  {sentence}")?;
        }
    }
    Ok(())
}
