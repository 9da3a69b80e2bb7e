//! Looks at pictures that `uptake serve` draws, as `<nm-viewer>` does over its socket (docs/viewer-session.md): how soon the
//! first comes, how many a second while somebody scrolls and turns, how late, how large, and for how many at once.
//!
//! Fills a data folder with a synthetic PET-CT and doctors, serves it, and measures; or measures what is served at an address
//! already. Commands come sixty times a second, whether or not pictures do (open loop). A command counts until the first
//! picture has come that shows what it did. Nothing is painted: a browser adds its own.
//!
//! ```text
//! look UPTAKE [--demo bench] [--data FOLDER] [--studies UID,UID] [--size 1024] [--seconds 10] [--sessions 20] [--viewers 50] [--openings 5]
//!      [--shape 60ms,20Mbit] [--cut 10s] [--p95-ms LIMIT] [--shaped-p95-ms LIMIT] [--budget-mb 2048] [--wado 60] [--decode]
//! look ADDRESS --credential FILE ...
//! ```
//!
//! With `--wado` the CT is also loaded as viewers load it that draw by themselves, for as many seconds at most.
//! With `--shape` all is measured over such a link too, a link for each session; with `--cut` the link is lost for a while,
//! once so that nothing passes, once so that connections are reset. With a limit, scrolling that is later than that ends in
//! exit code 1; as does a server that needs more memory than its budget, and whatever is not as the protocol has it.
//! A folder that is named is kept, and filled only where it is empty.

mod conversation;
mod cut;
mod figures;
mod likeness;
mod looking;
mod many;
mod measures;
mod options;
mod report;
mod served;
#[path = "../load/server.rs"]
mod server;
mod store;
mod wado;
mod wire;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use serde_json::Value;

use conversation::Wish;
use looking::Looking;
use options::{Options, Whose};
use report::Report;
use served::{Credential, Served};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::read(std::env::args().skip(1))?;
    let own = std::env::temp_dir().join(format!("uptake-look-{}", std::process::id()));
    let outcome = look(&options, &own).await;
    let _ = std::fs::remove_dir_all(&own);
    outcome
}

async fn look(options: &Options, own: &Path) -> anyhow::Result<ExitCode> {
    let (mut served, credentials) = match &options.whose {
        Whose::Program(uptake) => {
            let data = options.data.as_deref().unwrap_or(own);
            let cookies = store::fill(
                uptake,
                data,
                &options.demo,
                options.sessions.max(options.viewers).max(1),
            )
            .await?;
            (Served::start(uptake, data)?, cookies)
        }
        Whose::Address(address) => {
            let file = options.credential.as_ref().context("no credential")?;
            let credential = std::fs::read_to_string(file).context("the credential cannot be read")?;
            (Served::other(*address), vec![credential.trim().to_owned()])
        }
    };
    let credentials = credentials
        .iter()
        .map(|line| served::credential(line))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let wish = wish(options, served.address, &credentials[0]).await?;
    let mut report = Report::default();
    if served.is_own() {
        let openings = looking::cold(options, &mut served, &credentials[0], &wish).await?;
        report.add_openings(openings, "first image, cold", Some(looking::FIRST_P95_MS));
    }
    let mut looking = Looking {
        options,
        served: &served,
        credentials: &credentials,
        wish: &wish,
        shape: None,
        report: &mut report,
    };
    looking.all().await?;
    if let Some(shape) = options.shape {
        looking.shape = Some(shape);
        looking.all().await?;
    }
    if let Some(lasting) = options.cut {
        looking.cuts(lasting).await?;
    }
    let is_good = report.print(&served, options);
    served.end()?;
    Ok(if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The studies that are looked at, and the CT that is opened first.
async fn wish(options: &Options, address: SocketAddr, credential: &Credential) -> anyhow::Result<Wish> {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(conversation::PATIENCE)
        .build()?;
    let ask = async |path: String| {
        let request = client.get(format!("http://{address}/dicom-web/studies{path}"));
        let answer = request.header(credential.0, &credential.1).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "expected a list of {path:?}, found {status}");
        anyhow::Ok(serde_json::from_slice::<Vec<Value>>(&answer.bytes().await?)?)
    };
    let word = |object: &Value, tag: &str| object[tag]["Value"][0].as_str().map(str::to_owned);
    let mut studies = options.studies.clone();
    if studies.is_empty() {
        let found = ask("?ModalitiesInStudy=PT&limit=1".to_owned()).await?;
        let study = found.first().and_then(|study| word(study, "0020000D"));
        studies.push(study.context("expected a study with PET, found none")?);
    }
    let series = ask(format!("/{}/series", studies[0])).await?;
    let images = |series: &Value| series["00201209"]["Value"][0].as_u64();
    let ct = series
        .iter()
        .filter(|series| word(series, "00080060").as_deref() == Some("CT"))
        .max_by_key(|series| images(series))
        .context("expected a CT in the study, found none")?;
    println!(
        "CT of {} images, drawn as {side} x {side}",
        images(ct).unwrap_or(0),
        side = options.side
    );
    Ok(Wish {
        studies,
        series: word(ct, "0020000E"),
        side: options.side,
        session: None,
    })
}
