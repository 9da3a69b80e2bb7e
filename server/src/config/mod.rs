//! What the server is told: a TOML file, then the environment, then the command line, each over the one before.
//!
//! Every setting has a default, so that `uptake serve` alone is enough. [`Config::load`] refuses what it does not know, by
//! name; [`Config::to_toml`] prints all of it. Secrets stand in files of their own, whose names are settings.

mod backup;
mod environment;
mod index;
mod role;
mod site;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
pub use backup::Backup;
use dimse::CharacterSet;
pub use index::Index;
use pacs::access::Action;
use pacs::compression::Kept;
use pacs::services::applications::{ALL_ACTIONS, Application, check_title};
use pacs::storage::Place;
pub use role::{Role, has};
use serde::{Deserialize, Serialize};
pub use site::{
    AuditRepository, AuditSecurity, Mail, MailSecurity, Push, Site, Sms, SmsService, SmsTemplate, WeChat,
};

/// All settings.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of objects, index and spool.
    pub data: PathBuf,
    /// What this process does: `["all"]`, or of `pacs`, `web`, `gateway`, `worker` those that are its own.
    pub roles: Vec<Role>,
    /// HTTP: DICOMweb, uploads, health.
    pub http: Http,
    /// DICOM network services.
    pub dicom: Dicom,
    /// Where the index is.
    pub index: Index,
    /// Where objects lie.
    pub storage: Storage,
    /// Where the site is backed up to by itself.
    pub backup: Backup,
    /// What is made for viewers before they ask, and drawn for them.
    pub viewer: Viewer,
    /// What objects may be.
    pub limits: Limits,
    /// How long studies are kept.
    pub retention: Retention,
    /// How often every object is verified.
    pub scrub: Scrub,
    /// Whereto what is received is sent on.
    pub routing: pacs::routing::Config,
    /// People and pages.
    pub site: Site,
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
    /// Origins of other pages that may read answers: `https://viewer.example`.
    pub origins: Vec<String>,
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address other than this machine.
    pub connections_of_address: usize,
    /// Told to end, the process says that it is not ready, and goes on answering, for so many seconds: a balancer in front of
    /// several nodes turns away from it meanwhile.
    pub drain_s: u64,
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
    /// A second listener, over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<DicomTls>,
    /// File of the certificates that sign those of peers with `tls`, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_authority: Option<PathBuf>,
    /// Applications that may associate, by AE title; `uptake pacs ae` adds others while the archive runs.
    pub peers: BTreeMap<String, Peer>,
}

/// DICOM over TLS (PS3.15 B).
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DicomTls {
    /// Address and port; 2762 is the port registered for it.
    pub listen: SocketAddr,
    /// File of the certificate, those that sign it behind it.
    pub certificate: PathBuf,
    /// File of the private key.
    pub key: PathBuf,
    /// File of the certificates that sign those of callers, PEM; without, callers show none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<PathBuf>,
}

/// An application of the hospital's network.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Peer {
    /// Where it is sent to by C-MOVE and routing: `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it is reached over TLS.
    pub tls: bool,
    /// Networks that it may come from, as `10.1.0.0/16`; any when empty.
    pub networks: Vec<String>,
    /// Associations at once.
    pub associations: u32,
    /// What it may do; `retrieve` and `export` are the same here.
    pub may: Vec<Action>,
    /// The organisation, by its number, whose the studies become that it sends, and whose it sees; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<i64>,
    /// Specific Character Set of answers to it: `ISO_IR 192`, `GB18030`, `GBK`, `ISO 2022 IR 58`.
    pub character_set: String,
}

/// Where objects lie.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// What is received: a folder or a bucket; in the data folder unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main: Option<Place>,
    /// A colder store: a folder or a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold: Option<Place>,
    /// Studies older than so many days move there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold_after_days: Option<u32>,
    /// How objects are kept that come uncompressed: `as-received`, or without loss in `jpeg-ls`, `jpeg-2000`, `htj2k`, `rle`,
    /// `jpeg-lossless`.
    pub compression: Kept,
    /// The same for some modalities: `{ NM = "as-received" }`.
    pub compression_of: BTreeMap<String, Kept>,
}

/// What is made for viewers before they ask, and drawn for them.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Viewer {
    /// Bytes on the disk at most for what is made of objects and can be made again; 0 for none.
    pub kept_bytes: u64,
    /// Bytes of memory at most for the voxels of all who are drawn for.
    pub memory_bytes: u64,
    /// Sessions that are drawn for at once, at most.
    pub sessions: usize,
    /// On what is drawn: `auto` (a graphics card where there is one), `gpu`, `cpu`.
    pub renderer: crate::streaming::Choice,
}

/// How long studies are kept at least: longer than the law wants, never shorter.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Of out-patients.
    pub out_patient_years: u32,
    /// Of in-patients, and where nobody said.
    pub in_patient_years: u32,
}

/// How often every object is read and its hash compared.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scrub {
    /// Once within so many days.
    pub within_days: u32,
    /// Bytes read in a second at most.
    pub bytes_per_second: u64,
}

/// What objects may be.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of one object.
    pub object_bytes: u64,
    /// Bytes of a .dcm file that people upload.
    pub upload_object_bytes: u64,
    /// Bytes of a .zip file that people upload.
    pub upload_zip_bytes: u64,
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
            roles: vec![Role::All],
            http: Http::default(),
            dicom: Dicom::default(),
            index: Index::default(),
            storage: Storage::default(),
            backup: Backup::default(),
            viewer: Viewer::default(),
            limits: Limits::default(),
            retention: Retention::default(),
            scrub: Scrub::default(),
            routing: pacs::routing::Config::default(),
            site: Site::default(),
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
            origins: Vec::new(),
            connections: 2048,
            connections_of_address: 256,
            drain_s: 0,
        }
    }
}

impl Default for Dicom {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 11112)),
            ae_title: "UPTAKE".to_owned(),
            associations: 512,
            tls: None,
            tls_authority: None,
            peers: BTreeMap::new(),
        }
    }
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            address: None,
            tls: false,
            networks: Vec::new(),
            associations: 5,
            may: ALL_ACTIONS.to_vec(),
            organisation: None,
            character_set: CharacterSet::default().term().to_owned(),
        }
    }
}

impl Default for Viewer {
    fn default() -> Self {
        Self {
            kept_bytes: 4 << 30,
            memory_bytes: 2 << 30,
            sessions: 200,
            renderer: crate::streaming::Choice::default(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            out_patient_years: 15,
            in_patient_years: 30,
        }
    }
}

impl Default for Scrub {
    fn default() -> Self {
        let pacs::scrub::Policy {
            within_days,
            bytes_per_second,
        } = pacs::scrub::Policy::default();
        Self {
            within_days,
            bytes_per_second,
        }
    }
}

impl Peer {
    /// The application as the archive knows it.
    ///
    /// # Errors
    ///
    /// A network or a character set that is none.
    pub fn application(&self, ae_title: &str) -> anyhow::Result<Application> {
        let network = |text: &String| {
            text.parse()
                .with_context(|| format!("dicom.peers.{ae_title}.networks: {text:?}"))
        };
        let character_set = CharacterSet::from_term(&self.character_set).with_context(|| {
            let terms = CharacterSet::ALL.map(|(_, term)| term.trim_start_matches('\\'));
            format!(
                "dicom.peers.{ae_title}.character_set: expected one of {}, found {:?}",
                terms.join(", "),
                self.character_set
            )
        })?;
        Ok(Application {
            networks: self.networks.iter().map(network).collect::<anyhow::Result<_>>()?,
            associations: self.associations,
            may: self.may.clone(),
            address: self.address.clone(),
            is_secure: self.tls,
            character_set,
            custodian: self.organisation,
            ..Application::new(ae_title)
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_bytes: 4 << 30,
            upload_object_bytes: 20_000_000,
            upload_zip_bytes: 500_000_000,
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
        self.check_roles()?;
        check_title(&self.dicom.ae_title).context("dicom.ae_title")?;
        for (title, peer) in &self.dicom.peers {
            check_title(title).context("dicom.peers")?;
            if let Some(address) = &peer.address {
                let port = address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
                if !matches!(port, Some(Ok(1..))) {
                    bail!("dicom.peers.{title}.address: expected host:port, found {address:?}");
                }
            }
            peer.application(title)?;
            ensure!(
                !peer.tls || self.dicom.tls_authority.is_some(),
                "dicom.peers.{title}.tls: expected dicom.tls_authority too, found none"
            );
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
        for origin in &self.http.origins {
            let is_origin = origin.contains("://") && !origin.ends_with('/');
            ensure!(
                is_origin && origin.parse::<axum::http::HeaderValue>().is_ok(),
                "http.origins: expected an origin as https://viewer.example, found {origin:?}"
            );
        }
        self.routing.check().context("routing")?;
        self.backup.check(&self.data)?;
        crate::archive::site::check(self)?;
        let address = self.site.public_url.as_deref();
        ensure!(
            address.is_none_or(|url| url.starts_with("https://") || url.starts_with("http://")),
            "site.public_url: expected an address as https://uptake.example, found {address:?}"
        );
        pacs::retention::Policy::new(self.retention.out_patient_years, self.retention.in_patient_years)
            .context("retention")?;
        let Storage { main, cold, .. } = &self.storage;
        let to = &self.backup.to;
        ensure!(
            to.is_none() || (to != main && to != cold),
            "backup.to: expected another place than those of objects, found the same"
        );
        for (name, place) in [("storage.main", main), ("storage.cold", cold)] {
            if let Some(place) = place {
                place.check().with_context(|| name.to_owned())?;
            }
        }
        ensure!(
            cold.is_none() || main != cold,
            "storage.cold: expected another place than storage.main, found the same"
        );
        ensure!(
            self.storage.cold.is_some() || self.storage.cold_after_days.is_none(),
            "storage.cold_after_days: expected a place in storage.cold too, found none"
        );
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

    /// Parts of the service run apart where others can reach what they share.
    fn check_roles(&self) -> anyhow::Result<()> {
        ensure!(!self.roles.is_empty(), "roles: expected at least one, found none");
        if has(&self.roles, Role::All) {
            return Ok(());
        }
        ensure!(
            self.index.postgres_url_file.is_some(),
            "roles: parts of the service share a PostgreSQL; expected index.postgres_url_file too, found none"
        );
        ensure!(
            matches!(self.storage.main, Some(Place::Bucket(_))),
            "roles: parts of the service share a bucket; expected one in storage.main, found a folder"
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

    /// The folder of keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        let given = self.site.keys.clone();
        given.unwrap_or_else(|| self.data.join("keys"))
    }

    /// The file of bearer tokens.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        let given = self.http.tokens.clone();
        given.unwrap_or_else(|| self.data.join("tokens.toml"))
    }
}
