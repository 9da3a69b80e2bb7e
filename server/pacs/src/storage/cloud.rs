//! Opens a [`Place`]: builds the client of a bucket and tries it out, so that what is wrong is said at the start, by its name.
//!
//! One HTTP client for all services, ours: its TLS, its certificates and its bounds are those of everything else that goes
//! out. A request is tried again while less than the place's time has passed since it began; that is idempotent, because an
//! object's name is its hash. S3 gets a SHA-256 of every request's bytes beside them and refuses others; Azure and Google are
//! guarded by TLS alone. Keys are read once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};

use super::place::{Azure, Bucket, Gcs, Place, Reach, S3};
use super::{Storage, answer};
use crate::gateway::{WebError, web};

/// Attempts beyond the first while a place is tried out: who starts the archive wants to know.
const RETRIES_AT_START: usize = 1;
/// Attempts beyond the first later; the place's time ends them before.
const RETRIES: usize = 100;
/// Between attempts at most.
const PAUSE: Duration = Duration::from_secs(2);

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A setting that cannot be.
    #[error("{name}: expected {expected}, found {found:?}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What can be.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The address of the store.
    #[error("endpoint: {0}")]
    Endpoint(WebError),
    /// A file that is named cannot be used.
    #[error(transparent)]
    File(#[from] WebError),
    /// A file of credentials that are none.
    #[error("the credentials in {path} cannot be used: {words}")]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        words: String,
    },
    /// The folder, or the spool.
    #[error(transparent)]
    Folder(#[from] super::Error),
    /// The name of the store is not known.
    #[error("the name {0} is not known (DNS)")]
    NoName(String),
    /// Nobody listens.
    #[error("no connection to {host}: {words}")]
    NoConnection {
        /// The store.
        host: String,
        /// Why.
        words: String,
    },
    /// It is another server, or its certificate is not trusted.
    #[error("no TLS with {host}: {words}")]
    NoTls {
        /// The store.
        host: String,
        /// Why.
        words: String,
    },
    /// It listens, and says nothing.
    #[error("{0} does not answer")]
    Silent(String),
    /// It does not know who asks.
    #[error("{host} refuses the credentials in {path}: {words}")]
    Stranger {
        /// The store.
        host: String,
        /// The file.
        path: PathBuf,
        /// The service's words.
        words: String,
    },
    /// It knows who asks, who may not.
    #[error("the credentials in {path} may not {what} objects in {bucket}: {words}")]
    MayNot {
        /// The file.
        path: PathBuf,
        /// `list`, `write`, `read` or `delete`.
        what: &'static str,
        /// The bucket.
        bucket: String,
        /// The service's words.
        words: String,
    },
    /// There is no such bucket.
    #[error("{host} has no bucket {bucket}")]
    NoBucket {
        /// The store.
        host: String,
        /// The bucket.
        bucket: String,
    },
    /// What was written is not what is read.
    #[error("{0} gives other bytes than it was given")]
    Unfaithful(String),
    /// Anything else.
    #[error("{host} cannot {what} objects in {bucket}: {words}")]
    Failed {
        /// The store.
        host: String,
        /// `list`, `write`, `read` or `delete`.
        what: &'static str,
        /// The bucket.
        bucket: String,
        /// The service's words.
        words: String,
    },
}

impl OpenError {
    pub(super) fn setting(name: &'static str, expected: String, found: &str) -> Self {
        Self::Setting {
            name,
            expected,
            found: found.to_owned(),
        }
    }
}

impl Place {
    /// Opens it; a bucket is tried out first, by listing, writing, reading and deleting. What arrives for a bucket waits in
    /// the local folder `spool` until it is whole.
    ///
    /// # Errors
    ///
    /// [`OpenError`], which says in one sentence what is wrong.
    pub async fn open(&self, spool: &Path) -> Result<Storage, OpenError> {
        self.check()?;
        match self {
            Self::Folder(folder) => Ok(Storage::local(folder)?),
            Self::Bucket(bucket) => bucket.open(spool).await,
        }
    }
}

impl Bucket {
    async fn open(&self, spool: &Path) -> Result<Storage, OpenError> {
        let reach = self.reach()?;
        try_out(&*self.store(&reach, RETRIES_AT_START)?, &reach).await?;
        if reach.url.scheme() == "http" {
            tracing::warn!(
                store = reach.host(),
                "objects go over the local network unencrypted"
            );
        }
        Ok(Storage::remote(self.store(&reach, RETRIES)?, spool)?)
    }

    fn store(&self, reach: &Reach<'_>, retries: usize) -> Result<Arc<dyn ObjectStore>, OpenError> {
        let silence = Duration::from_secs(reach.timeout_s);
        let connector = Connector(web::local_client(&reach.url, reach.tls_authority, silence)?);
        let retry = RetryConfig {
            backoff: BackoffConfig {
                max_backoff: PAUSE,
                ..BackoffConfig::default()
            },
            max_retries: retries,
            retry_timeout: silence,
        };
        let store = match self {
            Self::S3(s3) => s3.store(reach, connector, retry)?,
            Self::Azure(azure) => azure.store(reach, connector, retry)?,
            Self::Gcs(gcs) => gcs.store(reach, connector, retry)?,
        };
        Ok(match reach.prefix {
            None => store,
            Some(prefix) => Arc::new(PrefixStore::new(store, prefix)),
        })
    }
}

impl S3 {
    fn store(
        &self,
        reach: &Reach<'_>,
        connector: Connector,
        retry: RetryConfig,
    ) -> Result<Arc<dyn ObjectStore>, OpenError> {
        let text = web::secret(reach.credentials)?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let [id, key] = lines[..] else {
            return Err(OpenError::Credentials {
                path: reach.credentials.to_owned(),
                words: "expected two lines, the access key's id and the secret key".to_owned(),
            });
        };
        let store = AmazonS3Builder::new()
            .with_endpoint(reach.url.as_str().trim_end_matches('/'))
            .with_virtual_hosted_style_request(!self.path_style)
            .with_allow_http(true)
            .with_region(&self.region)
            .with_bucket_name(&self.bucket)
            .with_access_key_id(id)
            .with_secret_access_key(key)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_disable_tagging(true)
            // One by one: not every server knows how to delete many at once.
            .with_disable_bulk_delete(true)
            .with_retry(retry)
            .with_http_connector(connector);
        Ok(Arc::new(store.build().map_err(|error| reach.unusable(&error))?))
    }
}

impl Azure {
    fn store(
        &self,
        reach: &Reach<'_>,
        connector: Connector,
        retry: RetryConfig,
    ) -> Result<Arc<dyn ObjectStore>, OpenError> {
        let store = MicrosoftAzureBuilder::new()
            .with_endpoint(reach.url.as_str().trim_end_matches('/').to_owned())
            .with_allow_http(true)
            .with_account(&self.account)
            .with_container_name(&self.container)
            .with_access_key(web::secret(reach.credentials)?)
            .with_disable_tagging(true)
            .with_retry(retry)
            .with_http_connector(connector);
        Ok(Arc::new(store.build().map_err(|error| reach.unusable(&error))?))
    }
}

impl Gcs {
    fn store(
        &self,
        reach: &Reach<'_>,
        connector: Connector,
        retry: RetryConfig,
    ) -> Result<Arc<dyn ObjectStore>, OpenError> {
        let store = GoogleCloudStorageBuilder::new()
            .with_base_url(reach.url.as_str().trim_end_matches('/'))
            .with_bucket_name(&self.bucket)
            .with_service_account_key(web::secret(reach.credentials)?)
            .with_retry(retry)
            .with_http_connector(connector);
        Ok(Arc::new(store.build().map_err(|error| reach.unusable(&error))?))
    }
}

/// Gives the client that was made for the place.
#[derive(Debug)]
struct Connector(reqwest::Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

/// Lists, writes, reads and deletes.
async fn try_out(store: &dyn ObjectStore, reach: &Reach<'_>) -> Result<(), OpenError> {
    let key = Key::from("check/start");
    let written = Bytes::from_static(b"written when the archive was started");
    let listed = store.list(Some(&Key::from("check"))).try_next().await;
    reach.judge("list", listed).await?;
    reach
        .judge("write", store.put(&key, written.clone().into()).await)
        .await?;
    let got = match store.get(&key).await {
        Ok(got) => got.bytes().await,
        Err(error) => Err(error),
    };
    if reach.judge("read", got).await? != written {
        return Err(OpenError::Unfaithful(reach.host()));
    }
    reach.judge("delete", store.delete(&key).await).await
}

impl Reach<'_> {
    fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or("");
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// A client that cannot be made, as of a key that is none.
    fn unusable(&self, error: &object_store::Error) -> OpenError {
        OpenError::Credentials {
            path: self.credentials.to_owned(),
            words: answer::words(error),
        }
    }

    async fn judge<T>(&self, what: &'static str, answer: object_store::Result<T>) -> Result<T, OpenError> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.why(what, &error).await),
        }
    }

    async fn why(&self, what: &'static str, error: &object_store::Error) -> OpenError {
        let mut causes = answer::causes(error);
        if let Some(http) = causes.find_map(|cause| cause.downcast_ref::<HttpError>()) {
            return self.unreached(http).await;
        }
        let (host, path) = (self.host(), self.credentials.to_owned());
        let (bucket, words) = (self.bucket.to_owned(), answer::words(error));
        if answer::is_no_bucket(error) || (what == "list" && is_not_found(error)) {
            OpenError::NoBucket { host, bucket }
        } else if answer::is_stranger(error) {
            OpenError::Stranger { host, path, words }
        } else if matches!(error, object_store::Error::PermissionDenied { .. }) {
            OpenError::MayNot {
                path,
                what,
                bucket,
                words,
            }
        } else {
            OpenError::Failed {
                host,
                what,
                bucket,
                words,
            }
        }
    }

    /// Why nothing was answered.
    async fn unreached(&self, error: &HttpError) -> OpenError {
        let host = self.host();
        if let Some(words) = web::tls_failure(error) {
            return OpenError::NoTls { host, words };
        }
        if error.kind() == HttpErrorKind::Timeout {
            return OpenError::Silent(host);
        }
        let name = self.url.host_str().unwrap_or("").trim_matches(['[', ']']);
        let port = self.url.port_or_known_default().unwrap_or(0);
        if tokio::net::lookup_host((name, port)).await.is_err() {
            return OpenError::NoName(name.to_owned());
        }
        let words = web::words(error);
        OpenError::NoConnection { host, words }
    }
}

fn is_not_found(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. })
}
