//! Where objects lie, as a configuration says it: a folder, or a bucket of S3, Azure Blob or Google Cloud Storage.
//!
//! In TOML a folder is a text, `main = "/srv/objects"`, and a bucket a table, `[storage.main.s3]`. Secrets stand in files
//! of their own, whose names are settings.

use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::OpenError;
use crate::gateway::web;

/// Where objects lie.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// A folder on a local disk.
    Folder(PathBuf),
    /// A store behind the network.
    Bucket(Bucket),
}

/// A store behind the network; in TOML a table of one entry.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bucket {
    /// A bucket of Amazon S3, or of a server that speaks its protocol.
    S3(S3),
    /// A container of Azure Blob Storage.
    Azure(Azure),
    /// A bucket of Google Cloud Storage.
    Gcs(Gcs),
}

/// A bucket of S3.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// The server, `https://store.hospital.example:9000`; Amazon's of the region unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The region; servers of one's own mostly take any.
    #[serde(default = "region")]
    pub region: String,
    /// The bucket: there already, and of this archive alone, or alone below `prefix`.
    pub bucket: String,
    /// Whether the bucket stands in the path of addresses instead of in the name of the server.
    #[serde(default)]
    pub path_style: bool,
    /// A file with the access key's id in its first line and the secret key in its second.
    pub credentials_file: PathBuf,
    /// What the names of objects begin with: `uptake`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Certificates, as PEM, that are trusted instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_authority: Option<PathBuf>,
    /// A store that says nothing for so long has failed.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
}

/// A container of Azure.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Azure {
    /// The service's address for the account, `https://ACCOUNT.blob.core.chinacloudapi.cn`; that of the public cloud unless
    /// said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The storage account.
    pub account: String,
    /// The container: there already, and of this archive alone, or alone below `prefix`.
    pub container: String,
    /// A file with an access key of the account.
    pub key_file: PathBuf,
    /// What the names of objects begin with: `uptake`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Certificates, as PEM, that are trusted instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_authority: Option<PathBuf>,
    /// A store that says nothing for so long has failed.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
}

/// A bucket of Google Cloud Storage.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gcs {
    /// The service's address, where it is not Google's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The bucket: there already, and of this archive alone, or alone below `prefix`.
    pub bucket: String,
    /// The key file (JSON) of a service account.
    pub service_account_file: PathBuf,
    /// What the names of objects begin with: `uptake`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Certificates, as PEM, that are trusted instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_authority: Option<PathBuf>,
    /// A store that says nothing for so long has failed.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
}

fn region() -> String {
    "us-east-1".to_owned()
}

const fn timeout_s() -> u64 {
    20
}

/// What all stores behind the network have in common.
pub(super) struct Reach<'a> {
    pub(super) url: Url,
    pub(super) bucket: &'a str,
    pub(super) credentials: &'a Path,
    pub(super) prefix: Option<&'a str>,
    pub(super) tls_authority: Option<&'a Path>,
    pub(super) timeout_s: u64,
}

impl Place {
    /// Refuses what cannot be meant; opens no file and no connection.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be, by its name, with what was expected.
    pub fn check(&self) -> Result<(), OpenError> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Bucket(bucket) => bucket.check(),
        }
    }

    /// Whether all of it stays on this machine.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        match self {
            Self::Folder(_) => true,
            Self::Bucket(bucket) => bucket.reach().is_ok_and(|reach| web::is_this_machine(&reach.url)),
        }
    }
}

impl Bucket {
    fn check(&self) -> Result<(), OpenError> {
        if let Self::S3(S3 {
            endpoint: Some(endpoint),
            path_style: false,
            ..
        }) = self
            && Url::parse(endpoint).is_ok_and(|url| url.domain().is_none())
        {
            return Err(OpenError::setting(
                "path_style",
                "true where the endpoint has no name".to_owned(),
                "false",
            ));
        }
        let reach = self.reach()?;
        let (name, longest, others) = match self {
            Self::Azure(_) => ("container", 63, "-$"),
            Self::Gcs(_) => ("bucket", 222, "-._"),
            _ => ("bucket", 63, "-."),
        };
        let is_named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(c);
        if !(3..=longest).contains(&reach.bucket.len()) || !reach.bucket.chars().all(is_named) {
            let expected = format!("3 to {longest} of a-z, 0-9, {others}");
            return Err(OpenError::setting(name, expected, reach.bucket));
        }
        if let Self::Azure(azure) = self
            && !azure
                .account
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        {
            return Err(OpenError::setting(
                "account",
                "a-z and 0-9".to_owned(),
                &azure.account,
            ));
        }
        if let Some(prefix) = reach.prefix
            && (prefix.is_empty() || prefix.split('/').any(|part| !is_segment(part)))
        {
            return Err(OpenError::setting(
                "prefix",
                "names of a-z, A-Z, 0-9, -_. between single /".to_owned(),
                prefix,
            ));
        }
        if !(1..=600).contains(&reach.timeout_s) {
            let found = reach.timeout_s.to_string();
            return Err(OpenError::setting("timeout_s", "1 to 600".to_owned(), &found));
        }
        Ok(())
    }

    /// What the stores have in common.
    pub(super) fn reach(&self) -> Result<Reach<'_>, OpenError> {
        let (url, bucket, credentials, prefix, tls_authority, timeout_s) = match self {
            Self::S3(s3) => (
                s3.url(),
                &s3.bucket,
                &s3.credentials_file,
                &s3.prefix,
                &s3.tls_authority,
                s3.timeout_s,
            ),
            Self::Azure(azure) => (
                azure.url(),
                &azure.container,
                &azure.key_file,
                &azure.prefix,
                &azure.tls_authority,
                azure.timeout_s,
            ),
            Self::Gcs(gcs) => (
                gcs.url(),
                &gcs.bucket,
                &gcs.service_account_file,
                &gcs.prefix,
                &gcs.tls_authority,
                gcs.timeout_s,
            ),
        };
        Ok(Reach {
            url: web::local_address(&url).map_err(OpenError::Endpoint)?,
            bucket,
            credentials,
            prefix: prefix.as_deref(),
            tls_authority: tls_authority.as_deref(),
            timeout_s,
        })
    }
}

fn is_segment(part: &str) -> bool {
    let is_plain = part
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    is_plain && !part.is_empty() && !part.chars().all(|c| c == '.')
}

impl S3 {
    /// The server's address, with the bucket where it is part of the name.
    fn url(&self) -> String {
        let amazon = || format!("https://s3.{}.amazonaws.com", self.region);
        let server = self.endpoint.clone().unwrap_or_else(amazon);
        match server.split_once("://") {
            Some((scheme, host)) if !self.path_style => format!("{scheme}://{}.{host}", self.bucket),
            _ => server,
        }
    }
}

impl Azure {
    pub(super) fn url(&self) -> String {
        let public = || format!("https://{}.blob.core.windows.net", self.account);
        self.endpoint.clone().unwrap_or_else(public)
    }
}

impl Gcs {
    pub(super) fn url(&self) -> String {
        let google = || "https://storage.googleapis.com".to_owned();
        self.endpoint.clone().unwrap_or_else(google)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Folder(path) => path.serialize(serializer),
            Self::Bucket(bucket) => bucket.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlaceVisitor)
    }
}

struct PlaceVisitor;

impl<'de> Visitor<'de> for PlaceVisitor {
    type Value = Place;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a folder, or a table s3, azure or gcs")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Place, E> {
        Ok(Place::Folder(PathBuf::from(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Place, A::Error> {
        Bucket::deserialize(MapAccessDeserializer::new(map)).map(Place::Bucket)
    }
}
