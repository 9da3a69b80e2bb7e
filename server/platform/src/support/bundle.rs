//! The bundle: a zip of texts that say how the site is, and nothing of whom.

use std::fmt::Write as _;
use std::io::Write as _;

use database::{Backend, Connection, Database, Sql};
use serde_json::{Value, json};
use sysinfo::System;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::lines;
use crate::clock::SECOND_NS;
use crate::monitoring;
use crate::organisations::store::only;
use crate::{Error, Platform, Result};

/// Alarms that are told of.
const ALARMS: u32 = 500;
/// Of what a metric is: names of the program, in the place of anything else stands `other`.
const PARTS: [&str; 7] = ["", "data", "main", "cold", "http", "dicom", "backup"];
const README: &str = "\
Uptake: facts for whoever looks after this site.

versions.json       the program, its database and schemas, the machine
configuration.toml  settings in force; secrets and whatever looks like one are left out
servers.json        servers by number and kind, with their figures now
alarms.json         the last alarms, by kind
tables.json         how many rows each table has
log.txt             the last lines of the log: when, how bad, from which line of the program, numbers;
                    empty where the bundle was made on the command line

Names, texts and numbers that people typed are in none of these files, nor is anything of a patient.
";

/// Makes the bundle.
///
/// # Errors
///
/// The database's.
pub async fn make(platform: &Platform) -> Result<Vec<u8>> {
    let readers = platform.readers();
    let tables = tables(readers).await?;
    let files = [
        ("README.txt", README.to_owned()),
        ("versions.json", pretty(&versions(readers, &tables).await?)),
        (
            "configuration.toml",
            without_secrets(
                platform
                    .configuration()
                    .unwrap_or("# started without a configuration\n"),
            ),
        ),
        ("servers.json", pretty(&servers(platform).await?)),
        ("alarms.json", pretty(&alarms(readers).await?)),
        ("tables.json", pretty(&counts(readers, &tables).await?)),
        ("log.txt", lines::kept().join("\n")),
    ];
    zipped(&files).map_err(|error| Error::internal(format_args!("the bundle cannot be written: {error}")))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn zipped(files: &[(&str, String)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, SimpleFileOptions::default())?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Settings without what is secret: values of names that say so, and passwords in addresses.
#[must_use]
pub fn without_secrets(toml: &str) -> String {
    const SECRET: [&str; 7] = [
        "secret",
        "password",
        "token",
        "credential",
        "private",
        "api_key",
        "app_id",
    ];
    let mut kept = String::with_capacity(toml.len());
    for line in toml.lines() {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        let lower = name.to_lowercase();
        // A name of a file tells where a secret stands, not the secret.
        let is_file = lower.trim().ends_with("_file");
        let is_secret = SECRET.iter().any(|word| lower.contains(word)) && !is_file;
        let has_user = value.contains("://") && value.contains('@');
        if line.trim_start().starts_with('#') || value.is_empty() {
            let _ = writeln!(kept, "{line}");
        } else if is_secret || has_user {
            let _ = writeln!(kept, "{name}= \"(left out)\"");
        } else {
            let _ = writeln!(kept, "{line}");
        }
    }
    kept
}

/// The names of all tables of the database.
async fn tables(connection: &Database) -> Result<Vec<String>> {
    let sql = match connection.backend() {
        Backend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        }
        Backend::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema() \
             AND table_type = 'BASE TABLE' ORDER BY 1"
        }
    };
    let rows = Sql::new(sql).all(connection).await?;
    let names: Vec<String> = rows.iter().map(|row| Ok(row.get(0)?)).collect::<Result<_>>()?;
    // They are written into statements.
    let is_name = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    Ok(names.into_iter().filter(is_name).collect())
}

async fn counts(connection: &Database, tables: &[String]) -> Result<Value> {
    let mut counts = serde_json::Map::new();
    for table in tables {
        let sql = Sql::new(format!("SELECT COUNT(*) FROM {table}"));
        counts.insert(table.clone(), only(&sql, connection).await?.into());
    }
    Ok(Value::Object(counts))
}

async fn versions(connection: &Database, tables: &[String]) -> Result<Value> {
    let mut schemas = serde_json::Map::new();
    for table in tables.iter().filter(|table| table.ends_with("migrations")) {
        let sql = Sql::new(format!("SELECT COALESCE(MAX(version), 0) FROM {table}"));
        schemas.insert(table.clone(), only(&sql, connection).await?.into());
    }
    let backend = match connection.backend() {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgresql",
    };
    let memory_bytes = System::new().ok().map(|mut system| {
        system.refresh_memory();
        system.total_memory()
    });
    Ok(json!({
        "uptake": env!("CARGO_PKG_VERSION"),
        "database": backend,
        "schemas": schemas,
        "system": {
            "name": System::name().ok(),
            "version": System::os_version().ok(),
            "kernel": System::kernel_version().ok(),
            "architecture": std::env::consts::ARCH,
            "processors": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "memory_bytes": memory_bytes,
            "up_s": System::uptime().ok(),
        },
    }))
}

/// The name of a metric, in words of the program only.
fn metric(name: &str) -> Option<String> {
    let (word, part) = name.split_once(':').unwrap_or((name, ""));
    let word = monitoring::metric_word(word)?;
    let part = PARTS.into_iter().find(|known| *known == part).unwrap_or("other");
    Some(if part.is_empty() {
        word.to_owned()
    } else {
        format!("{word}:{part}")
    })
}

async fn servers(platform: &Platform) -> Result<Value> {
    let readers = platform.readers();
    let now_ns = platform.clock().now_ns();
    let current = monitoring::current(readers).await?;
    let kinds = ["node", "probe", "site"];
    let mut shown = Vec::new();
    for server in monitoring::servers(readers).await? {
        let own = current.iter().filter(|one| one.server == server.id);
        let figures: Vec<Value> = own
            .filter_map(|one| Some(json!({ "metric": metric(&one.metric)?, "value": one.value })))
            .collect();
        shown.push(json!({
            "id": server.id,
            "kind": kinds.into_iter().find(|kind| *kind == server.kind),
            "same_version": server.version == env!("CARGO_PKG_VERSION"),
            "alive": server.is_alive(now_ns),
            "silent_s": (now_ns - server.heartbeat_ns) / SECOND_NS,
            "figures": figures,
        }));
    }
    Ok(Value::Array(shown))
}

async fn alarms(connection: &Database) -> Result<Value> {
    let found = monitoring::alarms(connection, None, ALARMS).await?;
    let shown = found.iter().map(|alarm| {
        let (server, of) = alarm.subject.split_once('/').unwrap_or((&alarm.subject, ""));
        let server = server
            .strip_prefix("server:")
            .and_then(|id| id.parse::<i32>().ok());
        json!({
            "id": alarm.id,
            "kind": alarm.kind.word(),
            "severity": alarm.severity.word(),
            "server": server,
            "metric": metric(of),
            "first_ns": alarm.first_ns,
            "last_ns": alarm.last_ns,
            "count": alarm.count,
            "flapping": alarm.is_flapping,
            "acknowledged": alarm.acknowledged_ns.is_some(),
            "cleared_ns": alarm.cleared_ns,
        })
    });
    Ok(shown.collect())
}
