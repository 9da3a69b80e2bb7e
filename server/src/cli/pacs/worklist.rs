//! `uptake pacs worklist`: the orders that devices find, also while the archive is served.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use dicom_dictionary_std::tags;
use pacs::index::Restriction;
use pacs::orders::{Filter, OrderSource as _, OrderTable, State, Step, import};
use serde_json::{Value, json};

use super::super::serve::{Settings, runtime};
use crate::archive;

/// Steps of one list at most.
const MAX_LISTED: u32 = 100_000;

/// What is done with the worklist.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds one scheduled procedure step.
    Add(Box<Add>),
    /// Adds worklist items from files: DICOM, or DICOM JSON with one item or a list.
    Import(Import),
    /// Lists scheduled procedure steps.
    List(List),
    /// Brings a step into a state by hand.
    State(SetState),
}

/// A scheduled procedure step.
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    settings: Settings,
    /// The organisation, by its number, whose applications find it.
    #[arg(long, value_name = "NUMBER")]
    organisation: Option<i64>,
    /// Scheduled Procedure Step ID.
    #[arg(long, value_name = "ID")]
    id: String,
    /// Patient ID.
    #[arg(long, value_name = "ID")]
    patient_id: String,
    /// Patient's name, with carets between its components.
    #[arg(long, value_name = "NAME")]
    patient_name: String,
    /// Patient's birth date.
    #[arg(long, value_name = "YYYYMMDD")]
    birth_date: Option<String>,
    /// Patient's sex: M, F or O.
    #[arg(long, value_name = "SEX")]
    sex: Option<String>,
    /// Patient's weight.
    #[arg(long, value_name = "KG")]
    weight_kg: Option<f64>,
    /// Accession number.
    #[arg(long, value_name = "NUMBER")]
    accession_number: Option<String>,
    /// Modality: PT, NM, CT.
    #[arg(long, value_name = "MODALITY")]
    modality: String,
    /// AE title of the device.
    #[arg(long, value_name = "AE")]
    station: String,
    /// Start date.
    #[arg(long, value_name = "YYYYMMDD")]
    date: String,
    /// Start time.
    #[arg(long, value_name = "HHMMSS")]
    time: String,
    /// What is to be done.
    #[arg(long, value_name = "TEXT")]
    description: String,
    /// Study Instance UID; a new one unless said.
    #[arg(long, value_name = "UID")]
    study: Option<String>,
    /// Requested Procedure ID; that of the step unless said.
    #[arg(long, value_name = "ID")]
    procedure_id: Option<String>,
}

/// Files of worklist items.
#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    settings: Settings,
    /// The organisation, by its number, whose applications find it.
    #[arg(long, value_name = "NUMBER")]
    organisation: Option<i64>,
    /// Files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Which steps are listed.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    settings: Settings,
    /// Start date, or first and last.
    #[arg(long, value_name = "YYYYMMDD[-YYYYMMDD]", value_parser = dates)]
    date: Option<(String, String)>,
    /// Modality.
    #[arg(long, value_name = "MODALITY")]
    modality: Option<String>,
    /// AE title of the device.
    #[arg(long, value_name = "AE")]
    station: Option<String>,
    /// State.
    #[arg(long, value_parser = state)]
    state: Option<State>,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

/// A state for a step.
#[derive(Debug, Args)]
pub struct SetState {
    #[command(flatten)]
    settings: Settings,
    /// Scheduled Procedure Step ID.
    id: String,
    /// scheduled, in-progress, discontinued or completed.
    #[arg(value_parser = state)]
    state: State,
}

fn dates(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let is_date = |text: &str| text.is_empty() || text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    if is_date(from) && is_date(to) {
        Ok((from.to_owned(), to.to_owned()))
    } else {
        Err("expected YYYYMMDD or YYYYMMDD-YYYYMMDD".to_owned())
    }
}

fn state(text: &str) -> Result<State, String> {
    State::from_text(&text.to_ascii_uppercase().replace('-', " "))
        .ok_or_else(|| "expected scheduled, in-progress, discontinued or completed".to_owned())
}

/// Runs a command.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Add(options) => {
            let item = item(options)?;
            let steps = import(item.to_string().as_bytes())?;
            add(&options.settings, &steps, options.organisation)
        }
        Command::Import(options) => {
            let mut steps = Vec::new();
            for file in &options.files {
                let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
                let found = import(&bytes).with_context(|| format!("{} is not taken", file.display()))?;
                steps.extend(found);
            }
            add(&options.settings, &steps, options.organisation)
        }
        Command::List(options) => list(options),
        Command::State(options) => with(&options.settings, async |orders| {
            Ok(orders
                .set_state(&options.id, options.state, &Restriction::NONE, "cli")
                .await?)
        }),
    }
}

/// Opens the orders, and the objects not: the archive may be served meanwhile.
fn with<T>(settings: &Settings, act: impl AsyncFnOnce(OrderTable) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let config = settings.load()?;
    runtime()?.block_on(async { act(OrderTable::new(archive::open_index(&config).await?)).await })
}

/// Adds all or none, and prints the identifiers.
fn add(settings: &Settings, steps: &[Step], organisation: Option<i64>) -> anyhow::Result<()> {
    with(settings, async |orders| {
        Ok(orders.add(steps, "cli", organisation).await?)
    })?;
    for step in steps {
        println!("{}", step.id);
    }
    Ok(())
}

/// The item as DICOM JSON, which says itself that its text is UTF-8.
fn item(options: &Add) -> anyhow::Result<Value> {
    let value = |vr: &str, value: &str| json!({ "vr": vr, "Value": [value] });
    let name = |name: &str| json!({ "vr": "PN", "Value": [{ "Alphabetic": name }] });
    let study = match &options.study {
        Some(uid) => uid.clone(),
        None => pacs::identity::new_uid()?,
    };
    let procedure = options.procedure_id.as_ref().unwrap_or(&options.id);
    let mut item = json!({
        "00100010": name(&options.patient_name),
        "00100020": value("LO", &options.patient_id),
        "0020000D": value("UI", &study),
        "00401001": value("SH", procedure),
        "00321060": value("LO", &options.description),
        "00400100": { "vr": "SQ", "Value": [{
            "00080060": value("CS", &options.modality),
            "00400001": value("AE", &options.station),
            "00400002": value("DA", &options.date),
            "00400003": value("TM", &options.time),
            "00400007": value("LO", &options.description),
            "00400009": value("SH", &options.id),
        }] },
    });
    for (tag, vr, text) in [
        ("00080050", "SH", &options.accession_number),
        ("00100030", "DA", &options.birth_date),
        ("00100040", "CS", &options.sex),
    ] {
        if let Some(text) = text {
            item[tag] = value(vr, text);
        }
    }
    if let Some(sex) = &options.sex {
        ensure!(
            ["M", "F", "O"].contains(&sex.as_str()),
            "--sex: expected M, F or O, found {sex:?}"
        );
    }
    if let Some(weight_kg) = options.weight_kg {
        if !(weight_kg.is_finite() && weight_kg > 0.0) {
            bail!("--weight-kg: expected more than 0, found {weight_kg}");
        }
        item["00101030"] = json!({ "vr": "DS", "Value": [weight_kg] });
    }
    Ok(item)
}

fn list(options: &List) -> anyhow::Result<()> {
    let filter = Filter {
        dates: options.date.clone().unwrap_or_default(),
        modality: options.modality.clone(),
        station: options.station.clone(),
        states: options.state.into_iter().collect(),
        limit: MAX_LISTED,
        ..Filter::default()
    };
    let steps = with(&options.settings, async |orders| Ok(orders.find(&filter).await?))?;
    let steps = steps.iter().map(|(_, step)| fields(step));
    if options.json {
        println!("{}", Value::from_iter(steps));
        return Ok(());
    }
    for step in steps {
        let words = [
            "date",
            "time",
            "modality",
            "station",
            "step",
            "state",
            "patient_id",
            "patient_name",
        ];
        let words: Vec<&str> = words.iter().filter_map(|word| step[word].as_str()).collect();
        println!("{}", words.join("  "));
    }
    Ok(())
}

fn fields(step: &Step) -> Value {
    let text = |tag| {
        let element = step.item.get(tag);
        let text = element.and_then(|element| element.to_str().ok());
        text.map_or_else(String::new, |text| text.trim_matches(['\0', ' ']).to_owned())
    };
    json!({
        "step": step.id,
        "state": step.state.as_str(),
        "patient_id": text(tags::PATIENT_ID),
        "patient_name": text(tags::PATIENT_NAME),
        "accession_number": text(tags::ACCESSION_NUMBER),
        "study_uid": text(tags::STUDY_INSTANCE_UID),
        "modality": step.of_step(tags::MODALITY),
        "station": step.of_step(tags::SCHEDULED_STATION_AE_TITLE),
        "date": step.of_step(tags::SCHEDULED_PROCEDURE_STEP_START_DATE),
        "time": step.of_step(tags::SCHEDULED_PROCEDURE_STEP_START_TIME),
    })
}
