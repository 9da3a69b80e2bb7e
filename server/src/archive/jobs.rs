//! What the archive does by itself: sending on, reporting commitments, verifying, compressing, making ahead for viewers, moving
//! to the colder store, tidying. Of several nodes one does it, which holds the lead.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use database::{Lead, Place};
use pacs::clock::now_ns;
use pacs::compression::{self, Compressor};
use pacs::delivery::{Begin, Line, Queue};
use pacs::dicomweb::upload::{self, Uploads};
use pacs::fast::Ahead;
use pacs::http::App;
use pacs::index::Index;
use pacs::retention;
use pacs::routing::{self, Routes};
use pacs::scrub;
use pacs::tiers::{self, Tiers};
use tokio::sync::{Mutex, watch};

use crate::config::Config;

/// How often what is no longer needed is looked for.
const HOUR: Duration = Duration::from_secs(3600);
/// Rows of what was delivered are kept so long.
const DELIVERED: Duration = Duration::from_secs(90 * 24 * 3600);
/// Objects moved to the colder store an hour.
const MOVED_AT_ONCE: u32 = 20_000;
/// What came in is let alone so long before anything is made of it.
const QUIET: Duration = Duration::from_secs(60);

/// Which lead of the database it is.
const LEAD: i64 = 7_304_118;
/// How often the lead is tried for.
const TRY: Duration = Duration::from_secs(2);

/// Everything that was opened for it.
pub(super) struct Jobs {
    queue: Queue,
    routes: Arc<Routes>,
    lines: Vec<Line>,
    tiers: Option<Tiers>,
    compressor: Option<Compressor>,
}

/// The work, where this process leads already.
pub(super) struct Working {
    leading: Option<(Lead, Jobs)>,
    place: Place,
    /// Whether this process leads.
    pub(super) leads: watch::Sender<bool>,
}

impl Working {
    /// Takes the lead where nobody has it, and ends what a crash left half done: before anybody is served.
    pub(super) async fn prepare(config: &Config, app: &App) -> anyhow::Result<Self> {
        let place = super::place(config)?;
        let leading = match Lead::take(&place, LEAD).await? {
            None => None,
            Some(lead) => Some((lead, Jobs::prepare(config, app).await?)),
        };
        let leads = watch::Sender::new(leading.is_some());
        Ok(Self {
            leading,
            place,
            leads,
        })
    }

    /// Works whenever this process leads, until `until` is ready.
    pub(super) async fn run<U: Future<Output = ()>>(
        mut self,
        config: &Config,
        app: &App,
        until: impl Fn() -> U,
    ) {
        loop {
            let (lead, jobs) = match self.leading.take() {
                Some(leading) => leading,
                None => tokio::select! {
                    () = until() => return,
                    leading = led(&self.place, config, app) => leading,
                },
            };
            self.leads.send_replace(true);
            let mut is_told = false;
            jobs.run(config, app, async {
                tokio::select! {
                    () = until() => is_told = true,
                    () = lead.lost() => tracing::warn!("another process does the work for all"),
                }
            })
            .await;
            self.leads.send_replace(false);
            if is_told {
                return;
            }
        }
    }
}

/// Waits for the lead.
async fn led(place: &Place, config: &Config, app: &App) -> (Lead, Jobs) {
    loop {
        let taken = async {
            let Some(lead) = Lead::take(place, LEAD).await? else {
                return anyhow::Ok(None);
            };
            tracing::info!("this process does the work for all");
            Ok(Some((lead, Jobs::prepare(config, app).await?)))
        };
        match taken.await {
            Ok(Some(leading)) => return leading,
            Ok(None) => {}
            Err(error) => tracing::error!(error = format!("{error:#}"), "the work for all cannot begin"),
        }
        tokio::time::sleep(TRY).await;
    }
}

/// What every node that is served over HTTP opens.
pub(super) async fn open_queue(index: Index) -> anyhow::Result<Queue> {
    Ok(Queue::open(index, "routing", Begin::Now).await?)
}

/// The folder of uploads of this node.
pub(super) async fn open_uploads(config: &Config, index: Index) -> anyhow::Result<Uploads> {
    let limits = upload::Limits {
        object_bytes: config.limits.upload_object_bytes,
        zip_bytes: config.limits.upload_zip_bytes,
        ..upload::Limits::default()
    };
    let uploads = Uploads::open(&config.data.join("uploads"), index, limits).await;
    uploads.context("the folder of uploads cannot be opened")
}

/// Removes abandoned uploads of this node, now and then.
pub(super) async fn sweep(uploads: Uploads) {
    loop {
        if let Err(error) = uploads.sweep().await {
            tracing::error!(%error, "abandoned uploads cannot be removed now");
        }
        tokio::time::sleep(HOUR).await;
    }
}

impl Jobs {
    /// Opens what is needed, and ends what a crash left half done.
    async fn prepare(config: &Config, app: &App) -> anyhow::Result<Self> {
        let archive = app.archive();
        retention::finish_removals(archive, now_ns())
            .await
            .context("removals that were begun")?;
        let index = archive.index().clone();
        let tiers = match &config.storage.cold {
            None => None,
            Some(_) => Some(Tiers::new(index.clone(), archive.storage())?),
        };
        if let Some(tiers) = &tiers {
            tiers.resume().await.context("moves that were begun")?;
        }
        let policy = compression::Policy {
            kept: config.storage.compression,
            by_modality: config.storage.compression_of.clone(),
            quiet: QUIET,
        };
        let is_any = policy.is_any();
        let compressor = Compressor::new(archive.clone(), policy);
        compressor
            .resume()
            .await
            .context("compressions that were begun")?;
        Ok(Self {
            queue: app.queue()?.clone(),
            routes: Arc::new(Routes::new(config.routing.clone())?),
            lines: routing::lines(&config.routing, archive)?,
            tiers,
            compressor: is_any.then_some(compressor),
        })
    }

    /// Works until `shutdown` is ready.
    async fn run(self, config: &Config, app: &App, shutdown: impl Future<Output = ()>) {
        let archive = app.archive();
        let policy = scrub::Policy {
            within_days: config.scrub.within_days,
            bytes_per_second: config.scrub.bytes_per_second,
        };
        let Self {
            queue,
            routes,
            lines,
            tiers,
            compressor,
        } = self;
        let verifying = async {
            loop {
                let verified = scrub::run(archive.index(), archive.storage(), policy, std::future::pending());
                if let Err(error) = verified.await {
                    tracing::error!(%error, "objects cannot be verified now");
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            }
        };
        // An object is not moved while it is compressed.
        let turn = Mutex::new(());
        let compressing = async {
            let Some(compressor) = &compressor else {
                return std::future::pending().await;
            };
            loop {
                if let Err(error) = compressor.run(&turn).await {
                    tracing::error!(%error, "objects cannot be compressed now");
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            }
        };
        let making_ahead = async {
            let mut ahead = Ahead::new(app.clone(), QUIET);
            loop {
                if let Err(error) = ahead.run().await {
                    tracing::error!(%error, "nothing can be made for viewers now");
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            }
        };
        let tidying = async {
            loop {
                tidy(&queue).await;
                if let (Some(tiers), Some(older_than_days)) = (&tiers, config.storage.cold_after_days) {
                    let policy = tiers::Policy { older_than_days };
                    let _turn = turn.lock().await;
                    if let Err(error) = tiers.run(policy, now_ns(), MOVED_AT_ONCE).await {
                        tracing::error!(%error, "objects cannot be moved to the colder store now");
                    }
                }
                tokio::time::sleep(HOUR).await;
            }
        };
        let reporting = archive.report_commitments();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let sending = queue.run(routes, lines, async {
            let _ = stopped.await;
        });
        // What waits may be dropped at any moment; what is being sent is given time to end.
        let others = async {
            tokio::select! {
                () = shutdown => {}
                () = verifying => {}
                () = compressing => {}
                () = making_ahead => {}
                () = tidying => {}
                () = reporting => {}
            }
            drop(stop);
        };
        tokio::join!(sending, others);
    }
}

async fn tidy(queue: &Queue) {
    let before_ns = now_ns() - i64::try_from(DELIVERED.as_nanos()).unwrap_or(i64::MAX);
    if let Err(error) = queue.prune(before_ns).await {
        tracing::error!(%error, "rows of what was delivered cannot be removed now");
    }
}
