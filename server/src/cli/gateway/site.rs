//! The hospital's end: a gateway that runs, and questions to it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use pacs::gateway::{Config, Finding, Gateway, check};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::serve::{ended, runtime};
use crate::archive;

/// Bytes of an answer at most.
const MAX_ANSWER: u64 = 1 << 20;
/// How long the gateway may take to answer.
const WITHIN: Duration = Duration::from_secs(10);

/// Where a gateway's configuration is.
#[derive(Debug, Args)]
pub struct Site {
    /// Configuration (TOML): data, dicom, ae_title, page, senders, [[destination]], [[rule]].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A gateway.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    site: Site,
    /// Folder of objects and queue [default: uptake-gateway].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of DICOM [default: 0.0.0.0:13227].
    #[arg(long, value_name = "ADDR:PORT")]
    dicom: Option<SocketAddr>,
    /// Address of its page, on this machine [default: 127.0.0.1:13228].
    #[arg(long, value_name = "ADDR:PORT")]
    page: Option<SocketAddr>,
    /// Its AE title [default: NM-TRANSFER].
    #[arg(long, value_name = "AE")]
    aet: Option<String>,
}

/// A test of a connection.
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    site: Site,
    /// The destination's name.
    name: String,
    /// Says in Chinese what was found.
    #[arg(long)]
    chinese: bool,
}

/// A question to the gateway that runs.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    site: Site,
    /// Address of its page [default: that of the configuration].
    #[arg(long, value_name = "ADDR:PORT")]
    page: Option<SocketAddr>,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

impl Site {
    fn load(&self) -> anyhow::Result<Config> {
        let text = match &self.config {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the configuration {}", path.display()))?,
        };
        let named = self.config.as_deref().unwrap_or_else(|| "of no file".as_ref());
        toml::from_str(&text).with_context(|| format!("the configuration {}", named.display()))
    }
}

/// Runs a gateway until it is told to end.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut config = options.site.load()?;
    if let Some(data) = &options.data {
        config.data.clone_from(data);
    }
    config.dicom = options.dicom.unwrap_or(config.dicom);
    config.page = options.page.unwrap_or(config.page);
    if let Some(title) = &options.aet {
        config.ae_title.clone_from(title);
    }
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    archive::start_log(&crate::config::Config::load(None, variables)?.log)?;
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot make the data folder {}", config.data.display()))?;
    runtime()?.block_on(async {
        let lines = format!(
            "dicom  {}@{}\npage   http://{}\ndata   {}\n",
            config.ae_title,
            config.dicom,
            config.page,
            config.data.display()
        );
        let gateway = Gateway::open(config).await?;
        print!("{lines}");
        Ok(Arc::new(gateway).run(ended()).await?)
    })
}

/// Tests a connection; what stands in the way ends in exit code 1.
pub fn test(options: &Test) -> anyhow::Result<()> {
    let config = options.site.load()?;
    let mut destinations = config.destination.iter();
    let destination = destinations.find(|destination| destination.name == options.name);
    let destination = destination
        .with_context(|| format!("no destination is named {} in the configuration", options.name))?;
    let finding = runtime()?.block_on(check(&destination.node, &config.ae_title));
    if options.chinese {
        println!("{}", finding.in_chinese());
    } else {
        println!("{finding}");
    }
    ensure!(
        finding == Finding::Good,
        "{} cannot be delivered to",
        options.name
    );
    Ok(())
}

/// Asks the gateway that runs.
pub fn status(options: &Status) -> anyhow::Result<()> {
    let page = match options.page {
        Some(page) => page,
        None => options.site.load()?.page,
    };
    let status = runtime()?
        .block_on(async { tokio::time::timeout(WITHIN, asked(page)).await })
        .context("no answer in time")
        .flatten()
        .with_context(|| format!("no gateway answers at {page}"))?;
    if options.json {
        println!("{status}");
        return Ok(());
    }
    let receiving = if status["receiving"] == true {
        "receives"
    } else {
        "does not receive"
    };
    println!(
        "{} {receiving} at port {}; {} refused",
        status["ae_title"].as_str().unwrap_or_default(),
        status["port"],
        status["refused"]
    );
    for destination in status["destinations"].as_array().into_iter().flatten() {
        println!(
            "{}: {} waiting, {} sending, {} delivered, {} quarantined",
            destination["name"].as_str().unwrap_or_default(),
            destination["waiting"],
            destination["sending"],
            destination["delivered"],
            destination["quarantined"]
        );
        if let Some(words) = destination["trouble"]["words"].as_str() {
            println!("  {words}");
        }
    }
    Ok(())
}

/// One request over the loopback, of an answer whose length is bounded.
async fn asked(page: SocketAddr) -> anyhow::Result<Value> {
    let mut stream = TcpStream::connect(page).await?;
    let request = format!("GET /gateway/status HTTP/1.1\r\nhost: {page}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer).await?;
    let is_good = answer.starts_with("HTTP/1.1 200 ");
    let first = answer.lines().next().unwrap_or_default();
    ensure!(is_good, "expected status 200, found {first:?}");
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .context("expected an answer, found its head only")?;
    serde_json::from_str(body).context("expected JSON")
}
