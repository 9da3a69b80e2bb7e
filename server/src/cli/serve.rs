//! `uptake serve`: the archive over DICOM and DICOMweb; `uptake config`: all settings.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::archive;
use crate::config::{Config, Role};

/// Settings that every command of the server takes.
#[derive(Debug, Args)]
pub struct Settings {
    /// Configuration (TOML); UPTAKE_CONFIG names it too. Variables as UPTAKE_HTTP_LISTEN lie over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of objects and index [default: uptake-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Settings {
    /// The settings in force.
    ///
    /// # Errors
    ///
    /// What is not understood.
    pub fn load(&self) -> anyhow::Result<Config> {
        let file = self
            .config
            .clone()
            .or_else(|| std::env::var_os("UPTAKE_CONFIG").map(PathBuf::from));
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut config = Config::load(file.as_deref(), variables)?;
        if let Some(data) = &self.data {
            config.data = data.clone();
        }
        config.check()?;
        Ok(config)
    }
}

/// What `uptake serve` is asked.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    settings: Settings,
    /// Address of HTTP [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR:PORT")]
    http: Option<SocketAddr>,
    /// Address of DICOM [default: 127.0.0.1:11112].
    #[arg(long, value_name = "ADDR:PORT")]
    dicom: Option<SocketAddr>,
    /// Our AE title [default: UPTAKE].
    #[arg(long, value_name = "AE")]
    aet: Option<String>,
    /// What this process does, of all, pacs, web, gateway, worker [default: all].
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',', value_parser = Role::from_word)]
    roles: Vec<Role>,
    /// Asks nobody who they are: for tools and tests on this machine, with test data only.
    #[arg(long)]
    open: bool,
}

impl Options {
    fn load(&self) -> anyhow::Result<Config> {
        let mut config = self.settings.load()?;
        if let Some(http) = self.http {
            config.http.listen = http;
        }
        if let Some(dicom) = self.dicom {
            config.dicom.listen = dicom;
        }
        if let Some(title) = &self.aet {
            config.dicom.ae_title.clone_from(title);
        }
        if !self.roles.is_empty() {
            config.roles.clone_from(&self.roles);
        }
        config.check()?;
        Ok(config)
    }
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.load()?;
    archive::start_log(&config.log)?;
    runtime()?.block_on(async { archive::serve(&config, options.open, ended()).await })
}

/// Prints the settings in force.
pub fn config(settings: &Settings) -> anyhow::Result<()> {
    print!("{}", settings.load()?.to_toml()?);
    Ok(())
}

/// Threads for what waits.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")
}

/// Ready when the program is told to end; heard from the call on, before anything says that it runs.
pub fn ended() -> impl Future<Output = ()> {
    let interrupted = signal(SignalKind::interrupt());
    let terminated = signal(SignalKind::terminate());
    let told = async |signal: std::io::Result<Signal>| match signal {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    };
    async move {
        tokio::select! {
            () = told(interrupted) => {}
            () = told(terminated) => {}
        }
    }
}
