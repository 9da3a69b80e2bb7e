//! `uptake pacs token`: who may ask over HTTP.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use pacs::access::{Action, TokenFile, new_token};
use toml::{Table, Value};

use super::super::serve::Settings;
use super::{action, check_name};

/// The token wanted.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    settings: Settings,
    /// Whom it is for: a word for logs.
    #[arg(required_unless_present_any = ["list", "revoke"])]
    name: Option<String>,
    /// What it may: find, retrieve (look at images), export (take objects away), store, schedule, correct, deliver, watch.
    #[arg(long, value_delimiter = ',', requires = "name", value_name = "ACTION,…", value_parser = action)]
    may: Vec<Action>,
    /// Lists the tokens by name, with what each may.
    #[arg(long, conflicts_with_all = ["name", "revoke"])]
    list: bool,
    /// Takes a token out; a server that runs refuses it within a second.
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    revoke: Option<String>,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.settings.load()?;
    let path = config.tokens();
    match (&options.name, &options.revoke) {
        (Some(name), _) => add(&path, name, &options.may),
        (None, Some(name)) => revoke(&path, name),
        (None, None) => list(&path),
    }
}

/// The file as it stands, once it is one that the server takes.
fn read(path: &Path) -> anyhow::Result<Table> {
    TokenFile::open(path)?;
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).with_context(|| format!("{}", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Table::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn name_of(entry: &Value) -> &str {
    entry.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn list(path: &Path) -> anyhow::Result<()> {
    let table = read(path)?;
    for entry in table.get("token").and_then(Value::as_array).into_iter().flatten() {
        let may = entry.get("may").and_then(Value::as_array).into_iter().flatten();
        let may: Vec<&str> = may.filter_map(Value::as_str).collect();
        println!("{:24}  {}", name_of(entry), may.join(","));
    }
    Ok(())
}

fn revoke(path: &Path, name: &str) -> anyhow::Result<()> {
    let mut table = read(path)?;
    let tokens = table.get_mut("token").and_then(Value::as_array_mut);
    let tokens = tokens.with_context(|| format!("no token is named {name}"))?;
    let before = tokens.len();
    tokens.retain(|entry| name_of(entry) != name);
    ensure!(tokens.len() < before, "no token is named {name}");
    // The server may read it at any moment: it is the old file or the new one.
    let new = path.with_extension("new");
    let written = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(table.to_string().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        // Only then is it the new one over a loss of power too.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

fn add(path: &Path, name: &str, may: &[Action]) -> anyhow::Result<()> {
    check_name(name)?;
    ensure!(!may.is_empty(), "expected --may and what the token may");
    let tokens = TokenFile::open(path)?;
    ensure!(!tokens.has(name), "a token named {name} is there already");
    let (token, entry) = new_token(name, may).map_err(|error| anyhow!("no random numbers: {error}"))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(entry.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("{token}");
    Ok(())
}
