//! The cloud end: who may deliver. A row of the index for each, so that it holds while the archive is served.

use anyhow::{Context, ensure};
use clap::Args;
use pacs::gateway::{Devices, Kind};
use pacs::index::Index;
use serde_json::{Value, json};

use super::super::pacs::check_name;
use super::super::serve::{Settings, runtime};
use crate::archive;

/// A device or site.
#[derive(Debug, Args)]
pub struct Named {
    #[command(flatten)]
    settings: Settings,
    /// Its name: a word for logs.
    name: String,
}

/// A new one.
#[derive(Debug, Args)]
pub struct New {
    #[command(flatten)]
    named: Named,
    /// The organisation, by its number, whose the studies become that it delivers.
    #[arg(long, value_name = "NUMBER")]
    organisation: Option<i64>,
}

/// All of them.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    settings: Settings,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

fn with<T>(settings: &Settings, act: impl AsyncFnOnce(Index) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let config = settings.load()?;
    runtime()?.block_on(async { act(archive::open_index(&config).await?).await })
}

/// Prints the secret: nobody can print it again.
pub fn enroll(options: &New, kind: Kind) -> anyhow::Result<()> {
    let name = &options.named.name;
    check_name(name)?;
    let secret = with(&options.named.settings, async |index| {
        let secret = Devices::enroll(&index, name, kind, options.organisation).await?;
        secret.with_context(|| format!("{name} is taken, also where it was revoked: expected another name"))
    })?;
    println!("{secret}");
    Ok(())
}

/// Ends one.
pub fn revoke(options: &Named) -> anyhow::Result<()> {
    let name = &options.name;
    with(&options.settings, async |index| {
        let was_there = Devices::revoke(&index, name).await?;
        ensure!(was_there, "nobody named {name} may deliver");
        Ok(())
    })
}

/// Lists them.
pub fn list(options: &List) -> anyhow::Result<()> {
    let devices = with(&options.settings, async |index| Ok(Devices::list(&index).await?))?;
    if options.json {
        let devices = devices.iter().map(|device| {
            json!({
                "name": device.name,
                "kind": device.kind.as_str(),
                "created_ns": device.created_ns,
                "revoked_ns": device.revoked_ns,
                "organisation": device.custodian,
            })
        });
        println!("{}", Value::from_iter(devices));
        return Ok(());
    }
    for device in devices {
        let state = device.revoked_ns.map_or("may deliver", |_| "revoked");
        println!("{:24}  {:4}  {state}", device.name, device.kind.as_str());
    }
    Ok(())
}
