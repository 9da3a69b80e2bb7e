//! What the server is told: a TOML file, then the environment, then the command line, each over the one before.
//!
//! Every setting has a default, so that `uptake serve` alone is enough. [`Config::load`] refuses what it does not know, by
//! name; [`Config::to_toml`] prints all of it. Secrets stand in files of their own, whose names are settings.

mod environment;
mod network;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

pub use network::Network;

/// All settings.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of objects, index and spool.
    pub data: PathBuf,
    /// HTTP: DICOMweb, uploads, health.
    pub http: Http,
    /// DICOM network services.
    pub dicom: Dicom,
    /// Where the index is.
    pub index: Index,
    /// What objects may be.
    pub limits: Limits,
    /// What is written to standard error.
    pub log: Log,
}

/// HTTP.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    pub listen: SocketAddr,
    /// File of bearer tokens; `tokens.toml` in the data folder unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<PathBuf>,
    /// With a certificate only HTTPS is spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Connections at once, and from one address.
    pub connections: usize,
    /// Connections at once from one address other than this machine.
    pub connections_of_address: usize,
}

/// A certificate and its key, PEM.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// File of the certificate, those that sign it behind it.
    pub certificate: PathBuf,
    /// File of the private key.
    pub key: PathBuf,
}

/// DICOM network services.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dicom {
    /// Address and port.
    pub listen: SocketAddr,
    /// Our AE title.
    pub ae_title: String,
    /// Associations at once, of all peers.
    pub associations: usize,
    /// Who may associate, by AE title, and where they are.
    pub peers: BTreeMap<String, Peer>,
}

/// An application of the hospital's network.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Peer {
    /// Where it is sent to by C-MOVE and routing: `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Networks that it may come from; any when empty.
    pub networks: Vec<Network>,
    /// Associations at once.
    pub associations: usize,
}

/// Where the index is.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Index {
    /// File with the URL of a PostgreSQL database; SQLite in the data folder where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres_url_file: Option<PathBuf>,
}

/// What objects may be.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of one object.
    pub object_bytes: u64,
    /// Associations and connections waiting without a byte are ended after these seconds.
    pub silence_s: u64,
}

/// What is written to standard error.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `text` or `json`.
    pub format: LogFormat,
    /// What is logged: `info`, `warn,dimse=debug`.
    pub filter: String,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, an object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("uptake-data"),
            http: Http::default(),
            dicom: Dicom::default(),
            index: Index::default(),
            limits: Limits::default(),
            log: Log::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tokens: None,
            tls: None,
            connections: 2048,
            connections_of_address: 256,
        }
    }
}

impl Default for Dicom {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 11112)),
            ae_title: "UPTAKE".to_owned(),
            associations: 512,
            peers: BTreeMap::new(),
        }
    }
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            address: None,
            networks: Vec::new(),
            associations: 16,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_bytes: 4 << 30,
            silence_s: 120,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

impl Config {
    /// Reads the file, where there is one, and the environment over it.
    ///
    /// # Errors
    ///
    /// What is not understood, with its name and where it stands.
    pub fn load(
        file: Option<&Path>,
        variables: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut table = match file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read the configuration {}", path.display()))?;
                toml::from_str(&text).with_context(|| format!("the configuration {}", path.display()))?
            }
        };
        environment::lay_over(&mut table, variables)?;
        let config: Self = toml::Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| {
                // Its second line names the setting.
                anyhow::anyhow!("configuration: {}", error.to_string().trim().replace('\n', ", "))
            })?;
        Ok(config)
    }

    /// Refuses what cannot be meant.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be, with what was expected.
    pub fn check(&self) -> anyhow::Result<()> {
        check_ae_title("dicom.ae_title", &self.dicom.ae_title)?;
        for (title, peer) in &self.dicom.peers {
            check_ae_title("dicom.peers", title)?;
            if let Some(address) = &peer.address {
                let port = address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
                if !matches!(port, Some(Ok(1..))) {
                    bail!("dicom.peers.{title}.address: expected host:port, found {address:?}");
                }
            }
            ensure!(
                peer.associations > 0,
                "dicom.peers.{title}.associations: expected at least 1, found 0"
            );
        }
        for (name, value) in [
            ("http.connections", self.http.connections),
            ("http.connections_of_address", self.http.connections_of_address),
            ("dicom.associations", self.dicom.associations),
        ] {
            ensure!(value > 0, "{name}: expected at least 1, found 0");
        }
        ensure!(
            self.limits.silence_s > 0,
            "limits.silence_s: expected at least 1, found 0"
        );
        ensure!(
            self.limits.object_bytes >= 1 << 20,
            "limits.object_bytes: expected at least 1048576, found {}",
            self.limits.object_bytes
        );
        Ok(())
    }

    /// All settings as TOML, those that nobody set too.
    ///
    /// # Errors
    ///
    /// When a path is not text.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// The file of bearer tokens.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        let given = self.http.tokens.clone();
        given.unwrap_or_else(|| self.data.join("tokens.toml"))
    }
}

/// An AE title is 1 to 16 characters of the default repertoire without backslash (PS3.5 6.2).
fn check_ae_title(name: &str, title: &str) -> anyhow::Result<()> {
    let allowed = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'\\';
    let is_title = (1..=16).contains(&title.len()) && title.bytes().all(allowed) && title.trim() == title;
    ensure!(
        is_title,
        "{name}: expected an AE title of 1 to 16 characters, found {title:?}"
    );
    Ok(())
}
