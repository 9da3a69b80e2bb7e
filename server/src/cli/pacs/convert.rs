//! `uptake pacs convert`.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{ArgAction, Args};
use pacs::convert::{Header, Limits, to_dicom};

/// The file, and whose it is.
#[derive(Debug, Args)]
pub struct Options {
    /// JPEG, PNG, BMP, TIFF, PDF or MP4.
    file: PathBuf,
    /// DICOM file to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Patient ID; it is never guessed.
    #[arg(long, value_name = "ID")]
    patient_id: String,
    /// Issuer of Patient ID.
    #[arg(long, default_value = "", value_name = "ISSUER")]
    issuer: String,
    /// Patient's name, with carets between its components.
    #[arg(long, default_value = "", value_name = "NAME")]
    patient_name: String,
    /// Patient's birth date.
    #[arg(long, default_value = "", value_name = "YYYYMMDD")]
    birth_date: String,
    /// Patient's sex: M, F or O.
    #[arg(long, default_value = "", value_name = "SEX")]
    sex: String,
    /// Study Instance UID that it belongs to, or new.
    #[arg(long, default_value = "new", value_name = "UID|new")]
    study: String,
    /// Series Instance UID that it belongs to, or new.
    #[arg(long, default_value = "new", value_name = "UID|new")]
    series: String,
    /// Study date.
    #[arg(long, default_value = "", value_name = "YYYYMMDD")]
    study_date: String,
    /// Study time.
    #[arg(long, default_value = "", value_name = "HHMMSS")]
    study_time: String,
    /// Accession number.
    #[arg(long, default_value = "", value_name = "NUMBER")]
    accession_number: String,
    /// Study description.
    #[arg(long, default_value = "", value_name = "TEXT")]
    study_description: String,
    /// Series description.
    #[arg(long, default_value = "", value_name = "TEXT")]
    series_description: String,
    /// Series number.
    #[arg(long, default_value_t = 1, value_name = "N")]
    series_number: u32,
    /// Instance number.
    #[arg(long, default_value_t = 1, value_name = "N")]
    instance_number: u32,
    /// Day when it was made.
    #[arg(long, default_value = "", value_name = "YYYYMMDD")]
    content_date: String,
    /// Time when it was made.
    #[arg(long, default_value = "", value_name = "HHMMSS")]
    content_time: String,
    /// Title of a document.
    #[arg(long, default_value = "", value_name = "TEXT")]
    title: String,
    /// The picture is a photograph of the patient, not a capture of a screen.
    #[arg(long)]
    photograph: bool,
    /// Whether pixels or pages tell who the patient is, where somebody looked.
    #[arg(long, action = ArgAction::Set, value_name = "true|false")]
    burned_in: Option<bool>,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let limits = Limits::default();
    let file = &options.file;
    let cannot_read = || format!("cannot read {}", file.display());
    let size = std::fs::metadata(file).with_context(cannot_read)?.len();
    ensure!(
        size <= limits.file_bytes,
        "{}: at most {} bytes are accepted, found {size}",
        file.display(),
        limits.file_bytes
    );
    let bytes = std::fs::read(file).with_context(cannot_read)?;
    let object = to_dicom(&bytes, &header(options), &limits)
        .with_context(|| format!("{} is not converted", file.display()))?;
    std::fs::write(&options.output, object)
        .with_context(|| format!("cannot write {}", options.output.display()))
}

fn header(options: &Options) -> Header {
    let uid = |text: &str| {
        if text == "new" {
            String::new()
        } else {
            text.to_owned()
        }
    };
    Header {
        patient_id: options.patient_id.clone(),
        issuer_of_patient_id: options.issuer.clone(),
        patient_name: options.patient_name.clone(),
        patient_birth_date: options.birth_date.clone(),
        patient_sex: options.sex.clone(),
        study_instance_uid: uid(&options.study),
        series_instance_uid: uid(&options.series),
        study_date: options.study_date.clone(),
        study_time: options.study_time.clone(),
        accession_number: options.accession_number.clone(),
        study_description: options.study_description.clone(),
        series_description: options.series_description.clone(),
        series_number: options.series_number,
        instance_number: options.instance_number,
        content_date: options.content_date.clone(),
        content_time: options.content_time.clone(),
        document_title: options.title.clone(),
        is_photograph: options.photograph,
        burned_in_annotation: options.burned_in,
        ..Header::default()
    }
}
