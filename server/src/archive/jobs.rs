//! What the archive does by itself: sending on, reporting commitments, verifying, compressing, making ahead for viewers, moving
//! to the colder store, tidying.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use pacs::clock::now_ns;
use pacs::compression::{self, Compressor};
use pacs::delivery::{Begin, Line, Queue};
use pacs::dicomweb::upload::{self, Uploads};
use pacs::fast::Ahead;
use pacs::http::App;
use pacs::retention;
use pacs::routing::{self, Routes};
use pacs::scrub;
use pacs::services::Archive;
use pacs::tiers::{self, Tiers};
use tokio::sync::Mutex;

use crate::config::Config;

/// How often what is no longer needed is looked for.
const HOUR: Duration = Duration::from_secs(3600);
/// Rows of what was delivered are kept so long.
const DELIVERED: Duration = Duration::from_secs(90 * 24 * 3600);
/// Objects moved to the colder store an hour.
const MOVED_AT_ONCE: u32 = 20_000;
/// What came in is let alone so long before anything is made of it.
const QUIET: Duration = Duration::from_secs(60);

/// Everything that was opened for it.
pub(super) struct Jobs {
    pub(super) uploads: Uploads,
    pub(super) queue: Queue,
    routes: Arc<Routes>,
    lines: Vec<Line>,
    tiers: Option<Tiers>,
    compressor: Option<Compressor>,
}

impl Jobs {
    /// Opens what is needed, and ends what a crash left half done: before anybody is served.
    pub(super) async fn prepare(config: &Config, archive: &Archive) -> anyhow::Result<Self> {
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
        let limits = upload::Limits {
            object_bytes: config.limits.upload_object_bytes,
            zip_bytes: config.limits.upload_zip_bytes,
            ..upload::Limits::default()
        };
        let uploads = Uploads::open(&config.data.join("uploads"), index.clone(), limits)
            .await
            .context("the folder of uploads cannot be opened")?;
        Ok(Self {
            uploads,
            queue: Queue::open(index, "routing", Begin::Now).await?,
            routes: Arc::new(Routes::new(config.routing.clone())?),
            lines: routing::lines(&config.routing, archive)?,
            tiers,
            compressor: is_any.then_some(compressor),
        })
    }

    /// Works until `shutdown` is ready.
    pub(super) async fn run(self, config: &Config, app: &App, shutdown: impl Future<Output = ()>) {
        let archive = app.archive();
        let policy = scrub::Policy {
            within_days: config.scrub.within_days,
            bytes_per_second: config.scrub.bytes_per_second,
        };
        let Self {
            uploads,
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
                tidy(&uploads, &queue).await;
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

async fn tidy(uploads: &Uploads, queue: &Queue) {
    if let Err(error) = uploads.sweep().await {
        tracing::error!(%error, "abandoned uploads cannot be removed now");
    }
    let before_ns = now_ns() - i64::try_from(DELIVERED.as_nanos()).unwrap_or(i64::MAX);
    if let Err(error) = queue.prune(before_ns).await {
        tracing::error!(%error, "rows of what was delivered cannot be removed now");
    }
}
