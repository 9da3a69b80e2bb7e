//! A department's day of list pages against `uptake serve` with everything in it: how soon they are answered.
//!
//! Fills a data folder with synthetic studies and people, the same for the same seed, serves it, and asks for pages at a
//! fixed rate as signed-in people of five roles would, whether or not earlier pages were answered (open loop): the time of a
//! page counts from when it was due. Whoever asks is recorded, as always.
//!
//! ```text
//! load UPTAKE [--studies 100000] [--people 10000] [--rate 300] [--seconds 60] [--seed 7] [--p95-ms LIMIT] [--data FOLDER]
//! ```
//!
//! With `--p95-ms` a slower day ends in exit code 1, as any answer does that is not 200. A folder that is named is kept, and
//! filled only where it is empty.

mod mix;
mod run;
mod server;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

/// What is asked for.
struct Options {
    uptake: PathBuf,
    studies: u64,
    people: u64,
    rate: f64,
    seconds: f64,
    seed: u64,
    p95_ms: Option<f64>,
    data: Option<PathBuf>,
}

fn options() -> anyhow::Result<Options> {
    let mut arguments = std::env::args().skip(1);
    let uptake = arguments
        .next()
        .context("expected the program uptake, found nothing")?;
    let mut options = Options {
        uptake: uptake.into(),
        studies: 100_000,
        people: 10_000,
        rate: 300.0,
        seconds: 60.0,
        seed: 7,
        p95_ms: None,
        data: None,
    };
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .with_context(|| format!("{name}: expected a value, found nothing"))?;
        let number = || {
            value
                .parse::<f64>()
                .with_context(|| format!("{name}: expected a number, found {value:?}"))
        };
        match name.as_str() {
            "--studies" => options.studies = number()? as u64,
            "--people" => options.people = number()? as u64,
            "--rate" => options.rate = number()?,
            "--seconds" => options.seconds = number()?,
            "--seed" => options.seed = number()? as u64,
            "--p95-ms" => options.p95_ms = Some(number()?),
            "--data" => options.data = Some(value.into()),
            _ => bail!(
                "expected --studies, --people, --rate, --seconds, --seed, --p95-ms or --data, found {name:?}"
            ),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = options()?;
    let own = std::env::temp_dir().join(format!("uptake-load-{}", std::process::id()));
    let data = options.data.clone().unwrap_or_else(|| own.clone());
    let outcome = day(&options, &data).await;
    if options.data.is_none() {
        let _ = std::fs::remove_dir_all(&own);
    }
    outcome
}

async fn day(options: &Options, data: &std::path::Path) -> anyhow::Result<ExitCode> {
    let begun = std::time::Instant::now();
    let sessions = store::fill(data, options.seed, options.studies, options.people).await?;
    println!(
        "{} studies, {} people, {} of them signed in; made in {:.0} s",
        options.studies,
        options.people,
        sessions.len(),
        begun.elapsed().as_secs_f64()
    );
    let server = server::Server::start(&options.uptake, data)?;
    // What a start does once is not part of a day.
    run::run(&server.address, &sessions, options.seed, 20.0, 3.0).await?;
    let before_s = server.processor_s();
    let times = run::run(
        &server.address,
        &sessions,
        options.seed + 1,
        options.rate,
        options.seconds,
    )
    .await?;
    let processor_s = server.processor_s() - before_s;
    let mut is_good = true;
    for (role, times) in times.by_role() {
        println!("{role:14} {times}");
    }
    let all = times.all();
    println!("{:14} {all}", "all");
    println!(
        "{:.2} ms of processor a page, {:.0} MB at most",
        processor_s * 1000.0 / all.count as f64,
        server.most_mb()
    );
    for (what, count) in &times.failed {
        println!("failed: {what}: {count}");
        is_good = false;
    }
    if let Some(limit) = options.p95_ms.filter(|limit| all.p95_ms > *limit) {
        println!(
            "expected 95 of 100 pages within {limit} ms, found {:.0} ms",
            all.p95_ms
        );
        is_good = false;
    }
    server.end()?;
    Ok(if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
