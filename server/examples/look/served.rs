//! Who draws: a process of our own or another's.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};

use super::server::Server;

/// A header's name and value, which say who asks.
pub type Credential = (&'static str, String);

/// A header line's name and value.
pub fn credential(line: &str) -> anyhow::Result<Credential> {
    let (name, value) = line.split_once(": ").unwrap_or(("cookie", line));
    let name = match name.to_ascii_lowercase().as_str() {
        "cookie" => "cookie",
        "authorization" => "authorization",
        _ => bail!("expected cookie or authorization, found another header"),
    };
    Ok((name, value.to_owned()))
}

/// What is served, by a process of our own or by another.
pub struct Served {
    pub server: Option<Server>,
    pub address: SocketAddr,
    started_with: Option<(PathBuf, PathBuf)>,
}

impl Served {
    pub fn start(uptake: &Path, data: &Path) -> anyhow::Result<Self> {
        let server = Server::start(uptake, data)?;
        let address = server.address.trim_start_matches("http://").trim_end_matches('/');
        Ok(Self {
            address: address.parse().context("the program says no address")?,
            server: Some(server),
            started_with: Some((uptake.to_owned(), data.to_owned())),
        })
    }

    pub fn other(address: SocketAddr) -> Self {
        Self {
            server: None,
            address,
            started_with: None,
        }
    }

    pub fn is_own(&self) -> bool {
        self.server.is_some()
    }

    /// Ends it and starts it again: nothing is in its memory then.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        let (uptake, data) = self.started_with.clone().context("another's server")?;
        if let Some(server) = self.server.take() {
            server.end()?;
        }
        *self = Self::start(&uptake, &data)?;
        Ok(())
    }

    /// How many processors it used meanwhile: processor time for the time that passed.
    pub async fn watched<T>(&self, doing: impl Future<Output = T>) -> (T, Option<f64>) {
        let (begun, before_s) = (Instant::now(), self.processor_s());
        let done = doing.await;
        let wall_s = begun.elapsed().as_secs_f64();
        let used_s = before_s
            .zip(self.processor_s())
            .map(|(before, after)| after - before);
        (done, used_s.map(|used_s| used_s / wall_s))
    }

    fn processor_s(&self) -> Option<f64> {
        Some(self.server.as_ref()?.processor_s())
    }

    pub fn end(self) -> anyhow::Result<()> {
        self.server.map_or(Ok(()), Server::end)
    }
}
