//! The backup that a site makes by itself.

use std::sync::Arc;

use anyhow::bail;
use database::schema::Boxed;
use pacs::storage::Place;
use platform::jobs::{Backups, Progress};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::make;
use crate::config::Config;

/// The backup that a site makes by itself once a day.
#[derive(Debug)]
pub(in crate::archive) struct Daily {
    config: Config,
    to: Place,
    minute: u16,
}

impl Daily {
    /// As the configuration says, where it names a place.
    ///
    /// # Errors
    ///
    /// A time of the day that is none.
    pub(in crate::archive) fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let minute = config.backup.minute()?;
        Ok(config.backup.to.clone().map(|to| Self {
            config: config.clone(),
            to,
            minute,
        }))
    }
}

impl Backups for Daily {
    fn minute(&self) -> u16 {
        self.minute
    }

    fn make(&self, progress: Arc<Progress>) -> Boxed<'_, Result<(), String>> {
        let (config, to) = (self.config.clone(), self.to.clone());
        Box::pin(async move {
            // Files are copied and hashed by the thread that asks, which has to be one that may wait. Whoever asked goes on
            // holding `_asks` for as long as it wants the backup.
            let (_asks, broken_off) = oneshot::channel::<()>();
            let runtime = Handle::current();
            let making = spawn_blocking(move || {
                runtime.block_on(async {
                    tokio::select! {
                        made = make(&config, &to, config.backup.keep, "server", &progress) => made.map(|_| ()),
                        _ = broken_off => bail!("it was broken off"),
                    }
                })
            });
            let made = making
                .await
                .unwrap_or_else(|_| bail!("it ended without an answer"));
            made.map_err(|error| format!("{error:#}"))
        })
    }
}
