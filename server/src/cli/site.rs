//! `uptake site`: the platform's administrators and organisations, from the machine itself; `uptake audit`: the journal.
//!
//! Rows of the database only: they hold while the site is served.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use journal::heads::Heads;
use platform::Platform;
use platform::organisations::store as organisations;
use platform::permissions::Kind;
use platform::setup::{self, Office};

use super::serve::{Settings, runtime};
use crate::archive::{self, site};
use crate::config::Config;

/// What is done with the site.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints a link, good once, that makes the first holder of an office.
    Link(Link),
    /// Adds an organisation; prints its number here and the number that people call it by.
    AddOrganisation(AddOrganisation),
    /// Lists the organisations.
    Organisations(List),
    /// Writes facts for whoever looks after the site into a zip: nothing of patients, no secrets.
    Bundle(Bundle),
}

/// What is done with the journal.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Reads all of the journal and compares it with its signed ends.
    Verify(List),
}

/// An office.
#[derive(Debug, Args)]
pub struct Link {
    #[command(flatten)]
    settings: Settings,
    /// system, security or audit.
    #[arg(long, default_value = "system", value_parser = office)]
    office: Office,
}

/// Where the bundle is written to.
#[derive(Debug, Args)]
pub struct Bundle {
    #[command(flatten)]
    settings: Settings,
    /// A file that is not there yet.
    file: PathBuf,
}

/// An organisation to be.
#[derive(Debug, Args)]
pub struct AddOrganisation {
    #[command(flatten)]
    settings: Settings,
    /// hospital, team or department.
    #[arg(long, value_parser = kind)]
    kind: Kind,
    /// Its name.
    #[arg(long)]
    name: String,
}

/// All of it.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    settings: Settings,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

fn office(text: &str) -> Result<Office, String> {
    Office::from_word(text).ok_or_else(|| "expected system, security or audit".to_owned())
}

fn kind(text: &str) -> Result<Kind, String> {
    let kind = Kind::from_word(text).filter(|kind| *kind != Kind::Platform);
    kind.ok_or_else(|| "expected hospital, team or department".to_owned())
}

fn with<T>(
    settings: &Settings,
    act: impl AsyncFnOnce(&Config, Platform) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let config = settings.load()?;
    runtime()?.block_on(async {
        let index = archive::open_index(&config).await?;
        let platform = site::open_rows(&config, &index).await?;
        act(&config, platform).await
    })
}

/// Runs a command on the site.
///
/// # Errors
///
/// Whatever keeps it from its result.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Link(options) => link(options),
        Command::AddOrganisation(options) => add_organisation(options),
        Command::Organisations(options) => list(options),
        Command::Bundle(options) => bundle(options),
    }
}

fn link(options: &Link) -> anyhow::Result<()> {
    let link = with(&options.settings, async |config, platform| {
        let path = setup::link(&platform, options.office).await?;
        let path = path.with_context(|| format!("the office {} is held already", options.office.word()))?;
        let scheme = if config.http.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let base = config.site.public_url.clone();
        let base = base.unwrap_or_else(|| format!("{scheme}://{}", config.http.listen));
        Ok(format!("{}{path}", base.trim_end_matches('/')))
    })?;
    println!("{link}");
    Ok(())
}

fn bundle(options: &Bundle) -> anyhow::Result<()> {
    let path = &options.file;
    ensure!(
        !path.exists(),
        "{}: expected a file that is not there yet, found one",
        path.display()
    );
    let bytes = with(&options.settings, async |config, platform| {
        platform.tell_configuration(config.to_toml()?);
        let bytes = platform::support::bundle(&platform).await?;
        let entry = journal::Entry::new("bundle.made", "cli", platform.clock().now_ns());
        platform.recorder().record(entry).await?;
        Ok(bytes)
    })?;
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn add_organisation(options: &AddOrganisation) -> anyhow::Result<()> {
    let name = options.name.trim();
    ensure!(
        (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control),
        "--name: expected 1 to 100 characters that are seen"
    );
    let (id, number) = with(&options.settings, async |_, platform| {
        let change = platform.writer().begin().await?;
        let (id, _) = organisations::add(&*change, options.kind, name, platform.clock().now_ns()).await?;
        let added = organisations::one(&*change, id)
            .await?
            .context("the organisation is not there")?;
        let entry = journal::Entry {
            organisation: Some(id),
            subject: Some(format!("organisation:{id}")),
            ..journal::Entry::new("organisation.added", "cli", platform.clock().now_ns())
        };
        journal::append(&change, &[entry]).await?;
        change.commit().await?;
        Ok((id, added.number))
    })?;
    println!("{id} {number}");
    Ok(())
}

fn list(options: &List) -> anyhow::Result<()> {
    with(&options.settings, async |_, platform| {
        let mut after = 0;
        loop {
            let page = organisations::find(platform.readers(), "", after, 500).await?;
            for one in &page {
                after = one.id;
                if options.json {
                    let active = one.is_active;
                    let json = serde_json::json!({ "id": one.id, "number": one.number, "kind": one.kind.word(), "name": one.name, "active": active });
                    println!("{json}");
                } else {
                    println!(
                        "{:6}  {}  {:10}  {}",
                        one.id,
                        one.number,
                        one.kind.word(),
                        one.name
                    );
                }
            }
            if page.len() < 500 {
                return Ok(());
            }
        }
    })
}

/// Runs a command on the journal; findings end in exit code 1.
///
/// # Errors
///
/// What was found, or what keeps it from being read.
pub fn audit(command: &Audit) -> anyhow::Result<()> {
    let Audit::Verify(options) = command;
    let config = options.settings.load()?;
    let report = runtime()?.block_on(async {
        let index = archive::open_index(&config).await?;
        let key = site::journal_key(&config)?;
        let heads = Heads::at(site::heads(&config)).read(&key.public())?;
        anyhow::Ok(journal::verify::verify(index.readers(), &heads).await?)
    })?;
    if options.json {
        let findings: Vec<String> = report
            .findings
            .iter()
            .map(|finding| format!("{finding:?}"))
            .collect();
        let json = serde_json::json!({
            "entries": report.entries, "heads": report.heads, "sealed": report.sealed, "findings": findings,
        });
        println!("{json}");
    } else {
        println!(
            "{} entries, {} signed ends, the last of entry {}",
            report.entries,
            report.heads,
            report.sealed.map_or("none".to_owned(), |id| id.to_string())
        );
        for finding in &report.findings {
            println!("{finding:?}");
        }
    }
    ensure!(
        report.findings.is_empty(),
        "the journal was tampered with: {} findings",
        report.findings.len()
    );
    Ok(())
}
