//! A link to an address, for programs that are no Rust: cut by lines on the input, ended with it.
//!
//! ```text
//! shaper 127.0.0.1:8080 [--listen 127.0.0.1:0] [--shape 60ms,20Mbit] [--up 30ms,2Mbit] [--down 30ms,20Mbit]
//! shaper --probe [--shape …]       what such a link turns out to be
//! ```
//!
//! Says `link 127.0.0.1:PORT` when it listens. `stall 10s` and `reset 2s` cut it.

use std::io::{BufRead as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use shaper::{Cut, Shape, Shaper, duration, probe};
use tokio::sync::mpsc;

/// What is asked for.
struct Options {
    target: Option<SocketAddr>,
    listen: SocketAddr,
    shape: Shape,
    is_probe: bool,
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        target: None,
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        shape: Shape::even(Duration::ZERO, None),
        is_probe: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .with_context(|| format!("{name}: expected a value, found nothing"))
        };
        match name.as_str() {
            "--probe" => options.is_probe = true,
            "--listen" => options.listen = value()?.parse().context("--listen")?,
            "--shape" => options.shape = value()?.parse()?,
            "--up" => options.shape.up = value()?.parse()?,
            "--down" => options.shape.down = value()?.parse()?,
            address if !address.starts_with("--") => {
                options.target = Some(
                    address
                        .parse()
                        .with_context(|| format!("expected an address, found {address:?}"))?,
                );
            }
            _ => {
                bail!("expected an address, --listen, --shape, --up, --down or --probe, found {name:?}")
            }
        }
    }
    Ok(options)
}

/// A line of the input.
fn cut(line: &str) -> anyhow::Result<(Cut, Duration)> {
    let (how, lasting) = line.trim().split_once(' ').unwrap_or((line, ""));
    let how = match how {
        "stall" => Cut::Stall,
        "reset" => Cut::Reset,
        _ => bail!("expected stall 10s or reset 10s, found {line:?}"),
    };
    Ok((how, duration(lasting)?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = options()?;
    if options.is_probe {
        println!("{}", probe(options.shape, Duration::from_secs(2)).await?);
        return Ok(());
    }
    let target = options
        .target
        .context("expected an address to connect to, found nothing")?;
    let shaper = Shaper::start_at(options.listen, target, options.shape).await?;
    println!("link {}", shaper.address());
    std::io::stdout().flush()?;
    let (sender, mut lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        match cut(&line) {
            Ok((how, lasting)) => shaper.cut(how, lasting),
            Err(error) => eprintln!("{error:#}"),
        }
    }
    Ok(())
}
