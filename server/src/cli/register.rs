//! `uptake register`: where one volume lies on another.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use engine::dicom::read::{Series, Stack, in_suv, suv_conversion};
use engine::dicom::registration::RegistrationMethod;
use engine::dicom::write::{
    RegistrationDocument, Series as NewSeries, SourceImages, Study, derived_uid, registration,
};
use engine::geometry::{Affine, DisplacementField, Patient, Transform};
use engine::local::Opened;
use engine::registration::{
    Confidence, Flexibility, Model, Options as Search, Registration, Similarity, Watch, register,
};
use engine::volume::Volume;
use serde::Serialize;

use super::progress::Progress;
use super::{made, open};

/// What `uptake register` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// File, folder or zip with the volume that stays, as a rule CT or MR.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    fixed: Vec<PathBuf>,
    /// File, folder or zip with the volume that is moved, as a rule PET or SPECT.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    moving: Vec<PathBuf>,
    /// Series Instance UID, where there are several to choose the fixed one from.
    #[arg(long, value_name = "UID")]
    fixed_series: Option<String>,
    /// Series Instance UID, where there are several to choose the moving one from.
    #[arg(long, value_name = "UID")]
    moving_series: Option<String>,
    /// What the moving volume may do.
    #[arg(long, value_enum, default_value_t)]
    model: ModelArgument,
    /// Searches although both share a frame of reference, and gives what is found instead of the scanner's.
    #[arg(long)]
    search: bool,
    /// Writes a DICOM Spatial Registration, unless the registration failed.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ModelArgument {
    /// Turns and shifts.
    #[default]
    Rigid,
    /// And grows evenly.
    Similarity,
    /// And stretches and shears.
    Affine,
    /// Turns and shifts, then bends where breathing and posture differ.
    Deformable,
}

impl From<ModelArgument> for Model {
    fn from(argument: ModelArgument) -> Self {
        match argument {
            ModelArgument::Rigid | ModelArgument::Deformable => Self::Rigid,
            ModelArgument::Similarity => Self::Similarity,
            ModelArgument::Affine => Self::Affine,
        }
    }
}

#[derive(Serialize)]
struct Report {
    /// fixed_from_moving, LPS in mm, row by row; of a map that bends, without its bending.
    matrix: [f64; 16],
    /// The longest displacement of a map that bends, mm.
    #[serde(skip_serializing_if = "Option::is_none")]
    bends_up_to_mm: Option<f64>,
    /// What the search found, where the scanner's registration was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    found_matrix: Option<[f64; 16]>,
    confidence: &'static str,
    /// The similarity that was reached.
    metric: f64,
    similarity: &'static str,
    overlap: f64,
    consistency_mm: Option<f64>,
    surface_mm: Option<f64>,
    largest_surface_mm: Option<f64>,
    seconds: f64,
    warnings: Vec<String>,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let fixed_opened = open::studies(&options.fixed)?;
    let moving_opened = open::studies(&options.moving)?;
    let fixed = Chosen::load(&fixed_opened, options.fixed_series.as_deref(), Role::Fixed)?;
    let moving = Chosen::load(&moving_opened, options.moving_series.as_deref(), Role::Moving)?;
    if fixed.series.series_instance_uid == moving.series.series_instance_uid {
        bail!("expected two series, found one and the same for --fixed and --moving");
    }
    let (registration, seconds) = search(options, &fixed.volume, &moving.volume)?;
    let report = Report::new(&registration, seconds)?;
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    if registration.verdict.confidence == Confidence::Failed {
        let reasons = report.warnings.join("; ");
        bail!("the registration failed and is not to be used: {reasons}");
    }
    match &options.output {
        Some(file) => write(file, &fixed, &moving, &registration),
        None => Ok(()),
    }
}

#[derive(Clone, Copy)]
enum Role {
    Fixed,
    Moving,
}

/// A series and its volume; emission images in SUV where that can be had.
struct Chosen<'a> {
    series: &'a Series,
    stack: &'a Stack,
    volume: Volume,
}

impl<'a> Chosen<'a> {
    fn load(opened: &'a Opened, uid: Option<&str>, role: Role) -> anyhow::Result<Self> {
        let several = open::with_volumes(opened).count() > 1;
        let (what, option) = match role {
            Role::Fixed => ("CT or MR series", "--fixed-series"),
            Role::Moving => ("PET or SPECT series", "--moving-series"),
        };
        let suits = |series: &Series| !several || series.is_emission() == matches!(role, Role::Moving);
        let series = open::choose(opened, uid, what, suits).with_context(|| format!("see {option}"))?;
        let stack = open::main_stack(series)?;
        let mut volume = open::volume(opened, series, stack)?;
        if let (true, Ok(conversion)) = (series.is_emission(), suv_conversion(series, stack)) {
            volume = in_suv(volume, &conversion.factors_bw)?;
        }
        Ok(Self {
            series,
            stack,
            volume,
        })
    }

    fn images(&self) -> SourceImages {
        SourceImages::of(self.series, self.stack)
    }
}

struct Bar(Progress);

impl Watch for Bar {
    fn progress(&self, done: f64) {
        self.0.set((100.0 * done) as usize, 100);
    }

    // Ctrl-C ends the process; nothing is written before the end.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Registers, and takes the time.
fn search(options: &Options, fixed: &Volume, moving: &Volume) -> anyhow::Result<(Registration, f64)> {
    let apart = |volume: &Volume| volume.clone().in_frame_of_reference(None);
    let search = Search {
        model: options.model.into(),
        deformable: matches!(options.model, ModelArgument::Deformable).then(Flexibility::default),
        ..Search::default()
    };
    let bar = Bar(Progress::start("registering"));
    let begin = Instant::now();
    let registration = if options.search {
        register(&apart(fixed), &apart(moving), &search, &bar)?
    } else {
        register(fixed, moving, &search, &bar)?
    };
    Ok((registration, begin.elapsed().as_secs_f64()))
}

impl Report {
    fn new(registration: &Registration, seconds: f64) -> anyhow::Result<Self> {
        let verdict = &registration.verdict;
        let differs = registration.found.affine_part() != registration.moving_from_fixed.affine_part();
        let found_matrix = differs.then(|| matrix(&registration.found)).transpose()?;
        Ok(Self {
            matrix: matrix(&registration.moving_from_fixed)?,
            bends_up_to_mm: registration
                .moving_from_fixed
                .field()
                .map(DisplacementField::largest_mm),
            found_matrix,
            confidence: match verdict.confidence {
                Confidence::Good => "good",
                Confidence::Check => "check",
                Confidence::Failed => "failed",
            },
            metric: verdict.value,
            similarity: match verdict.similarity {
                Similarity::Correlation => "correlation",
                Similarity::NormalisedMutualInformation => "normalised mutual information",
                _ => "mutual information",
            },
            overlap: verdict.overlap,
            consistency_mm: verdict.consistency_mm,
            surface_mm: verdict.surface_mm,
            largest_surface_mm: verdict.largest_surface_mm,
            seconds,
            warnings: verdict.reasons.iter().map(ToString::to_string).collect(),
        })
    }
}

/// fixed_from_moving row by row; of a map that bends, its affine part.
fn matrix(moving_from_fixed: &Transform) -> anyhow::Result<[f64; 16]> {
    let fixed_from_moving: Affine<Patient, Patient> = moving_from_fixed.affine_part().inverse()?;
    let (linear, origin) = (fixed_from_moving.linear, fixed_from_moving.origin);
    Ok(std::array::from_fn(|n| match (n / 4, n % 4) {
        (3, column) => f64::from(u8::from(column == 3)),
        // Of a zero with a sign, only the zero.
        (row, 3) => origin[row] + 0.0,
        (row, column) => linear[(row, column)] + 0.0,
    }))
}

fn print(out: &mut impl Write, report: &Report) -> anyhow::Result<()> {
    writeln!(out, "confidence: {}", report.confidence)?;
    for warning in &report.warnings {
        writeln!(out, "  {warning}")?;
    }
    writeln!(
        out,
        "{}: {:.4}, overlap {:.0} %",
        report.similarity,
        report.metric,
        100.0 * report.overlap
    )?;
    if let Some(apart_mm) = report.consistency_mm {
        writeln!(out, "the other way round: {apart_mm:.2} mm apart")?;
    }
    if let (Some(median_mm), Some(largest_mm)) = (report.surface_mm, report.largest_surface_mm) {
        writeln!(
            out,
            "body surfaces: {median_mm:.1} mm apart, {largest_mm:.1} mm where it is most"
        )?;
    }
    writeln!(out, "fixed from moving, mm:")?;
    for row in report.matrix.chunks_exact(4) {
        writeln!(
            out,
            "  {:12.7} {:12.7} {:12.7} {:12.4}",
            row[0], row[1], row[2], row[3]
        )?;
    }
    writeln!(out, "{:.1} s", report.seconds)?;
    Ok(())
}

/// Saves the registration as DICOM; a doubtful one says so in its comment.
fn write(file: &Path, fixed: &Chosen, moving: &Chosen, found: &Registration) -> anyhow::Result<()> {
    let created = made::now();
    let (fixed_images, moving_images) = (fixed.images(), moving.images());
    let uid = |what: &str| {
        derived_uid(&[
            &fixed_images.series_instance_uid,
            &moving_images.series_instance_uid,
            &created.date_time(),
            what,
        ])
    };
    let kept = found.found.affine_part() != found.moving_from_fixed.affine_part();
    let document = RegistrationDocument {
        sop_instance_uid: uid("registration"),
        created,
        label: "REGISTRATION".to_owned(),
        description: format!("{} on {}", moving.series.modality, fixed.series.modality),
        creator: String::new(),
        fixed: &fixed_images,
        moving: &moving_images,
        moving_from_fixed: found.moving_from_fixed.clone(),
        method: if kept && found.moving_from_fixed.field().is_none() {
            RegistrationMethod::FrameOfReferenceIdentity
        } else {
            RegistrationMethod::ImageContent
        },
        comment: match found.verdict.confidence {
            Confidence::Good => "checks passed".to_owned(),
            _ => "to be checked by eye before use".to_owned(),
        },
    };
    let series = NewSeries {
        series_instance_uid: uid("registration series"),
        number: 900,
        description: "Registration".to_owned(),
        start: created,
        frame_of_reference_uid: fixed_images.frame_of_reference_uid.clone(),
        patient_position: "",
        body_part: "",
        equipment: made::equipment(),
    };
    let study = Study::of(&fixed.series.instances[fixed.stack.frames[0].instance]);
    made::save(file, registration(&study, &series, document)?)?;
    eprintln!("uptake: wrote {}", file.display());
    Ok(())
}
