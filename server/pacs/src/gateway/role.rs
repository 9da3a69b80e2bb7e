//! The gateway as a whole: what it is told, what it runs, and how it stands.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::net::TcpListener;

use super::{Finding, ReceiveError, Receiver, Service, check, local_router, store};
use crate::clock::now_ns;
use crate::delivery::{Begin, Counted, Delivery, Queue, State, Trouble};
use crate::index::{Index, Place, Restriction};
use crate::ingest::{Ingest, Limits, Refusals, Refused};
use crate::routing::{self, Destination, Routes, Rule};
use crate::services::Archive;
use crate::storage::Storage;

/// How long rows of what was delivered are kept.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How often old rows are removed.
const PRUNED: Duration = Duration::from_secs(60 * 60);
/// Rows of the log that are shown.
const SHOWN: u32 = 20;

/// What a gateway is told.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where objects and the queue lie.
    #[serde(default = "data")]
    pub data: PathBuf,
    /// Where objects are received.
    #[serde(default = "dicom")]
    pub dicom: SocketAddr,
    /// The AE title that it is called by.
    #[serde(default = "ae_title")]
    pub ae_title: String,
    /// Where its page is: on this machine only.
    #[serde(default = "page")]
    pub page: SocketAddr,
    /// AE titles it takes objects from; all where none is named.
    #[serde(default)]
    pub senders: Vec<String>,
    /// Where objects go.
    #[serde(default)]
    pub destination: Vec<Destination>,
    /// Which go where; without a rule all go to all.
    #[serde(default)]
    pub rule: Vec<Rule>,
}

fn data() -> PathBuf {
    PathBuf::from("uptake-gateway")
}

fn dicom() -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, 13227).into()
}

fn ae_title() -> String {
    "NM-TRANSFER".to_owned()
}

fn page() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 13228).into()
}

/// Why a gateway does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The page would be open to the network.
    #[error("the page is for this machine only: expected a loopback address, found {0}")]
    Page(IpAddr),
    /// The page's port cannot be opened.
    #[error("the page cannot be opened at {address}: {source}")]
    PagePort {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Routes.
    #[error(transparent)]
    Routes(#[from] routing::Error),
    /// The folder of objects.
    #[error(transparent)]
    Storage(#[from] crate::storage::Error),
    /// The database.
    #[error(transparent)]
    Index(#[from] crate::index::Error),
    /// The way in.
    #[error(transparent)]
    Ingest(#[from] crate::ingest::Error),
    /// The system has no random numbers for the page's forms.
    #[error("no random numbers from the system: {0}")]
    Random(getrandom::Error),
}

/// The last test of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was found.
    pub finding: Finding,
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
}

/// How a gateway stands. No patient's name is in it.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) service: Option<Service>,
    /// What the service would listen to.
    pub(super) wanted: Service,
    pub(super) destinations: Vec<Destination>,
    pub(super) checked: BTreeMap<String, Checked>,
    pub(super) troubles: BTreeMap<String, Trouble>,
    pub(super) counts: Vec<Counted>,
    pub(super) delivered: Vec<Delivery>,
    pub(super) held: Vec<Delivery>,
    /// What was refused when it came, and is kept as files.
    pub(super) refused: Vec<Refused>,
}

/// A gateway.
#[derive(Debug)]
pub struct Gateway {
    archive: Archive,
    queue: Queue,
    receiver: Receiver,
    refusals: Refusals,
    config: Config,
    checked: Mutex<BTreeMap<String, Checked>>,
}

impl Gateway {
    /// Opens the folder of a gateway.
    ///
    /// # Errors
    ///
    /// [`GatewayError`].
    pub async fn open(mut config: Config) -> Result<Self, GatewayError> {
        if !config.page.ip().is_loopback() {
            return Err(GatewayError::Page(config.page.ip()));
        }
        if config.rule.is_empty() && !config.destination.is_empty() {
            config.rule.push(Rule {
                name: "all".to_owned(),
                to: config
                    .destination
                    .iter()
                    .map(|destination| destination.name.clone())
                    .collect(),
                ..Rule::default()
            });
        }
        routes(&config).check()?;
        let storage = Storage::local(&config.data.join("objects"))?;
        let index = Index::open(&Place::Sqlite(config.data.join("gateway.sqlite"))).await?;
        let refusals = Refusals::open(&config.data.join("refused")).map_err(crate::storage::Error::from)?;
        let ingest = Ingest::new(storage.clone(), index.clone(), Limits::default()).await?;
        let ingest = ingest.keeping_refused(refusals.clone());
        let archive = Archive::new(
            ingest,
            index.clone(),
            storage,
            &config.ae_title,
            Default::default(),
        );
        Ok(Self {
            queue: Queue::open(index, "gateway", Begin::AtTheFirst).await?,
            receiver: Receiver::new(archive.clone(), config.senders.clone()),
            archive,
            refusals,
            config,
            checked: Mutex::default(),
        })
    }

    /// Receives, delivers and shows its page until `shutdown` is ready.
    ///
    /// A port that is taken keeps neither the queue nor the page from running: the page says so, and starts it again.
    ///
    /// # Errors
    ///
    /// [`GatewayError`], before anything runs.
    pub async fn run(self: Arc<Self>, shutdown: impl Future<Output = ()>) -> Result<(), GatewayError> {
        let routes = routes(&self.config);
        let lines = routing::lines(&routes, &self.archive)?;
        let chooser = Arc::new(Routes::new(routes)?);
        let address = self.config.page;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| GatewayError::PagePort { address, source })?;
        let router = local_router(Arc::clone(&self)).map_err(GatewayError::Random)?;
        if self.is_wanted().await?
            && let Err(error) = self.receiver.start(&self.wanted().await?).await
        {
            tracing::error!(%error, "the receive service does not run");
        }
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let ended = |mut stopped: tokio::sync::watch::Receiver<bool>| async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let page = crate::http::serve(listener, router, None, Default::default(), ended(stopped.clone()));
        let queue = self.queue.run(chooser, lines, ended(stopped));
        let until = async {
            tokio::select! {
                () = shutdown => {}
                () = self.prune() => {}
            }
            self.receiver.stop().await;
            let _ = stop.send(true);
        };
        tokio::join!(page, queue, until);
        Ok(())
    }

    async fn prune(&self) {
        loop {
            let kept_ns = i64::try_from(KEPT.as_nanos()).unwrap_or(i64::MAX);
            if let Err(error) = self.queue.prune(now_ns().saturating_sub(kept_ns)).await {
                tracing::error!(%error, "old deliveries cannot be removed");
            }
            tokio::time::sleep(PRUNED).await;
        }
    }

    /// The queue.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Opens the port and remembers that it was wanted, also over a restart; gives the port that is open.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`], in the inner result.
    pub async fn start_receiving(
        &self,
        port: u16,
        ae_title: &str,
    ) -> crate::index::Result<Result<u16, ReceiveError>> {
        let service = Service {
            address: SocketAddr::new(self.config.dicom.ip(), port),
            ae_title: ae_title.to_owned(),
        };
        let started = self.receiver.start(&service).await;
        if started.is_ok() {
            let settings = [
                ("receive", "yes".to_owned()),
                ("port", port.to_string()),
                ("ae_title", ae_title.trim().to_owned()),
            ];
            store::set(self.archive.index(), &settings).await?;
        }
        Ok(started)
    }

    /// Closes the port, and leaves it closed over a restart.
    ///
    /// # Errors
    ///
    /// [`crate::index::Error::Database`].
    pub async fn stop_receiving(&self) -> crate::index::Result<()> {
        self.receiver.stop().await;
        store::set(self.archive.index(), &[("receive", "no".to_owned())]).await
    }

    async fn is_wanted(&self) -> crate::index::Result<bool> {
        Ok(store::setting(self.archive.index(), "receive").await?.as_deref() != Some("no"))
    }

    /// What a person set last, else what the configuration says.
    async fn wanted(&self) -> crate::index::Result<Service> {
        let index = self.archive.index();
        let port = store::setting(index, "port")
            .await?
            .and_then(|port| port.parse().ok());
        let title = store::setting(index, "ae_title").await?;
        Ok(Service {
            address: SocketAddr::new(self.config.dicom.ip(), port.unwrap_or(self.config.dicom.port())),
            ae_title: title.unwrap_or_else(|| self.config.ae_title.clone()),
        })
    }

    /// Tests the connection to a node; `None` when there is no such node.
    pub async fn test(&self, name: &str) -> Option<Finding> {
        let node = self
            .config
            .destination
            .iter()
            .find(|destination| destination.name == name)?;
        let finding = check(&node.node, &self.config.ae_title).await;
        let checked = Checked {
            finding: finding.clone(),
            at_ns: now_ns(),
        };
        let mut all = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), checked);
        Some(finding)
    }

    pub(super) async fn standing(&self) -> crate::index::Result<Standing> {
        let checked = self
            .checked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Ok(Standing {
            service: self.receiver.service().await,
            wanted: self.wanted().await?,
            destinations: self.config.destination.clone(),
            checked,
            troubles: self.queue.troubles(),
            counts: self.queue.counts(&Restriction::NONE).await?,
            delivered: self.queue.list(State::Delivered, SHOWN).await?,
            held: self.queue.list(State::Quarantined, SHOWN).await?,
            // A folder that cannot be read is empty here; receiving says so in the log.
            refused: self.refusals.list().unwrap_or_default(),
        })
    }
}

fn routes(config: &Config) -> routing::Config {
    routing::Config {
        destination: config.destination.clone(),
        rule: config.rule.clone(),
    }
}
