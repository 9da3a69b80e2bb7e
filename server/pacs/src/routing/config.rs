//! Rules and destinations, as they are written in the configuration.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Error;
use crate::gateway::CloudNode;

/// Destinations and the rules that send to them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Nodes.
    #[serde(default)]
    pub destination: Vec<Destination>,
    /// Rules; each that fits sends.
    #[serde(default)]
    pub rule: Vec<Rule>,
}

/// A node that objects are sent to.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Its name, in rules and in the queue: renamed, it is another destination.
    pub name: String,
    /// Studies sent at once.
    #[serde(default = "two")]
    pub parallel: usize,
    /// How it is reached.
    pub node: Node,
    /// As whom it sends to us, as `web:NAME` or `dimse:AE`: what comes from there does not go back. A DIMSE node is
    /// known by its AE title without this.
    #[serde(default)]
    pub sends_as: Vec<String>,
}

/// How a node is reached.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// By C-STORE.
    Dimse(DimseNode),
    /// By STOW-RS.
    Dicomweb(WebNode),
    /// By the gateway's own protocol, over HTTPS, in resumable pieces.
    Cloud(CloudNode),
}

/// A provider of C-STORE.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DimseNode {
    /// Its AE title.
    pub ae_title: String,
    /// Host and port.
    pub address: String,
    /// The certificates, as PEM, of which one must have signed the node's: then TLS is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_authority: Option<PathBuf>,
}

/// A provider of STOW-RS.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WebNode {
    /// The address of its DICOMweb services: `https://host/dicom-web`.
    pub url: String,
    /// A file that holds the bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// Certificates, as PEM, that are trusted instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_authority: Option<PathBuf>,
}

/// By which way an object came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// By C-STORE.
    Dimse,
    /// By STOW-RS or an upload.
    Web,
    /// From a gateway.
    Gateway,
}

/// A rule. Patterns have `*` for any text and `?` for any character; a list that is empty asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// What it is called.
    pub name: String,
    /// By which way the object came.
    pub source: Vec<Source>,
    /// AE titles of senders.
    pub ae_title: Vec<String>,
    /// Modality (0008,0060).
    pub modality: Vec<String>,
    /// Body Part Examined (0018,0015).
    pub body_part: Vec<String>,
    /// Study Description (0008,1030).
    pub study_description: Vec<String>,
    /// Series Description (0008,103E).
    pub series_description: Vec<String>,
    /// Station Name (0008,1010).
    pub station: Vec<String>,
    /// A study is sent when nothing was received of it for so many seconds; 0 sends each object at once.
    pub quiet_s: u32,
    /// Names of destinations.
    pub to: Vec<String>,
}

fn two() -> usize {
    2
}

impl Config {
    /// Looks whether names are unique and known, and rules send somewhere.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`].
    pub fn check(&self) -> Result<(), Error> {
        let mut names = HashSet::new();
        for destination in &self.destination {
            if destination.name.is_empty() || !names.insert(destination.name.as_str()) {
                let words = format!("destination {:?}: expected a name of its own", destination.name);
                return Err(Error::Invalid(words));
            }
            if !(1..=16).contains(&destination.parallel) {
                let found = destination.parallel;
                let words = format!(
                    "destination {}: expected parallel from 1 to 16, found {found}",
                    destination.name
                );
                return Err(Error::Invalid(words));
            }
        }
        for rule in &self.rule {
            if rule.to.is_empty() {
                return Err(Error::Invalid(format!(
                    "rule {:?}: expected a destination in `to`",
                    rule.name
                )));
            }
            if let Some(unknown) = rule.to.iter().find(|name| !names.contains(name.as_str())) {
                let words = format!("rule {:?}: no destination is called {unknown:?}", rule.name);
                return Err(Error::Invalid(words));
            }
        }
        Ok(())
    }
}
