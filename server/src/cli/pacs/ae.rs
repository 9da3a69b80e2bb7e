//! `uptake pacs ae`: the applications that may associate, also while the archive is served.

use anyhow::{bail, ensure};
use clap::{Args, Subcommand};
use dimse::CharacterSet;
use dimse::server::Network;
use pacs::access::Action;
use pacs::services::applications::{ALL_ACTIONS, Application, Applications, check_title};

use super::super::serve::{Settings, runtime};
use super::action;
use crate::archive;

/// What is done with the list.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Adds an application, or changes the one with its AE title; a server that runs knows within a second.
    Add(Add),
    /// Lists the applications.
    List(List),
    /// Takes an application out.
    Remove(Remove),
}

/// An application.
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    settings: Settings,
    /// Its AE title.
    #[arg(value_name = "AE")]
    ae_title: String,
    /// Where it takes objects and reports; without, it is no destination.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// It is reached over TLS.
    #[arg(long, requires = "address")]
    tls: bool,
    /// Addresses that it may call from, as 10.1.2.3 or 10.1.0.0/16; any unless said.
    #[arg(long, value_delimiter = ',', value_name = "NETWORK,…")]
    from: Vec<Network>,
    /// Associations at once.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    associations: u32,
    /// What it may: store, find, export (or retrieve, the same here), schedule; all of them unless said.
    #[arg(long, value_delimiter = ',', value_name = "ACTION,…", value_parser = action)]
    may: Vec<Action>,
    /// The organisation, by its number, whose the studies become that it sends, and whose it sees; it sees all unless said.
    #[arg(long, value_name = "NUMBER")]
    organisation: Option<i64>,
    /// Character set of answers to it, as DICOM calls it (ISO_IR 192, GB18030, ISO_IR 100).
    #[arg(long, value_name = "TERM")]
    character_set: Option<String>,
}

/// The list.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    settings: Settings,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

/// One of the list.
#[derive(Debug, Args)]
pub struct Remove {
    #[command(flatten)]
    settings: Settings,
    /// Its AE title.
    #[arg(value_name = "AE")]
    ae_title: String,
}

/// Runs a command.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Add(options) => {
            let application = application(options)?;
            with(&options.settings, async |all| {
                not_configured(&all, &application.ae_title)?;
                Ok(all.put(&application).await?)
            })
        }
        Command::List(options) => with(&options.settings, async |all| {
            list(&all.all(), options.json);
            Ok(())
        }),
        Command::Remove(options) => with(&options.settings, async |all| {
            let title = &options.ae_title;
            not_configured(&all, title)?;
            ensure!(
                all.remove(title).await?,
                "no application has the AE title {title:?}"
            );
            Ok(())
        }),
    }
}

/// What stands in the file would come back, or be as the file has it, at the next start.
fn not_configured(all: &Applications, title: &str) -> anyhow::Result<()> {
    let is_configured = all
        .all()
        .iter()
        .any(|one| one.ae_title == title && one.is_configured);
    ensure!(
        !is_configured,
        "{title:?} stands in the configuration under dicom.peers: change it there and start the archive anew"
    );
    Ok(())
}

/// Opens the list, and the objects not: the archive may be served meanwhile.
fn with(
    settings: &Settings,
    act: impl AsyncFnOnce(Applications) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let config = settings.load()?;
    runtime()?.block_on(async {
        let index = archive::open_index(&config).await?;
        act(Applications::open(index).await?).await
    })
}

fn application(options: &Add) -> anyhow::Result<Application> {
    check_title(&options.ae_title)?;
    if let Some(address) = &options.address {
        let port = address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        ensure!(
            matches!(port, Some(Ok(1..))),
            "--address: expected host:port, found {address:?}"
        );
    }
    for action in &options.may {
        ensure!(
            ALL_ACTIONS.contains(action),
            "--may: expected store, find, export, retrieve or schedule"
        );
    }
    let mut application = Application::new(&options.ae_title);
    application.address.clone_from(&options.address);
    application.is_secure = options.tls;
    application.networks.clone_from(&options.from);
    application.associations = options.associations;
    application.custodian = options.organisation;
    if !options.may.is_empty() {
        application.may.clone_from(&options.may);
    }
    if let Some(term) = &options.character_set {
        let Some(set) = CharacterSet::from_term(term) else {
            bail!("--character-set: expected a defined term as ISO_IR 192, found {term:?}");
        };
        application.character_set = set;
    }
    Ok(application)
}

fn list(all: &[Application], is_json: bool) {
    let words = |application: &Application| -> Vec<String> {
        let words = application
            .may
            .iter()
            .filter_map(|action| serde_json::to_value(action).ok());
        words
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect()
    };
    let networks = |application: &Application| -> Vec<String> {
        application.networks.iter().map(ToString::to_string).collect()
    };
    if is_json {
        let all = all.iter().map(|application| {
            serde_json::json!({
                "ae_title": application.ae_title,
                "address": application.address,
                "tls": application.is_secure,
                "from": networks(application),
                "associations": application.associations,
                "may": words(application),
                "character_set": application.character_set.term(),
                "organisation": application.custodian,
                "configured": application.is_configured,
            })
        });
        println!("{}", serde_json::Value::from_iter(all));
        return;
    }
    for application in all {
        let networks = networks(application);
        println!(
            "{:16}  {:22}  from {}  may {}{}",
            application.ae_title,
            application.address.as_deref().unwrap_or("-"),
            if networks.is_empty() {
                "anywhere".to_owned()
            } else {
                networks.join(",")
            },
            words(application).join(","),
            if application.is_configured {
                "  (configured)"
            } else {
                ""
            },
        );
    }
}
