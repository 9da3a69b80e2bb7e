//! What viewers will ask for is made before they do: once a series has gone quiet, in viewing order, one chunk at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::coding::{self, For, Kind};
use crate::dicomweb::wado::find::Address;
use crate::http::{App, Result};
use crate::index::{self, Sql};

/// How long nothing is looked for.
const PAUSE: Duration = Duration::from_secs(20);
/// Instances of the time before a start that are looked at.
const BEFORE: i64 = 20_000;
/// Instances looked at in one turn.
const AT_ONCE: i64 = 10_000;

/// Makes chunks ahead and keeps them.
#[derive(Debug)]
pub struct Ahead {
    app: App,
    quiet: Duration,
    /// The last row looked at.
    after: Option<i64>,
    /// Series that may still grow, and when the last of their instances came.
    growing: BTreeMap<(String, String), i64>,
}

impl Ahead {
    /// Makes them for series of which nothing came for so long.
    #[must_use]
    pub fn new(app: App, quiet: Duration) -> Self {
        Self {
            app,
            quiet,
            after: None,
            growing: BTreeMap::new(),
        }
    }

    /// Goes on until it is dropped; without a place to keep chunks there is nothing to do.
    ///
    /// # Errors
    ///
    /// Of the index.
    pub async fn run(&mut self) -> index::Result<()> {
        if self.app.archive().kept_frames().is_none() {
            return std::future::pending().await;
        }
        loop {
            self.round(crate::clock::now_ns()).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Looks once; gives how many series were made ready.
    ///
    /// # Errors
    ///
    /// Of the index.
    pub async fn round(&mut self, now_ns: i64) -> index::Result<u32> {
        self.look().await?;
        let quiet_ns = i64::try_from(self.quiet.as_nanos()).unwrap_or(i64::MAX);
        let is_quiet = |last_ns: i64| last_ns < now_ns.saturating_sub(quiet_ns);
        let ready = self.growing.iter().filter(|(_, last_ns)| is_quiet(**last_ns));
        let ready: Vec<_> = ready.map(|(series, _)| series.clone()).collect();
        let mut made = 0;
        for (study, series) in ready {
            self.growing.remove(&(study.clone(), series.clone()));
            match self.series(&study, &series).await {
                Ok(()) => made += 1,
                // Without images, removed meanwhile, or not to be decoded: viewers are told when they ask.
                Err(error) => tracing::debug!(series, %error, "a series was not made ready for viewers"),
            }
        }
        Ok(made)
    }

    /// Takes note of the series of instances that came.
    async fn look(&mut self) -> index::Result<()> {
        let readers = self.app.archive().index().readers();
        let after = match self.after {
            Some(after) => after,
            None => {
                let sql = Sql::new("SELECT COALESCE(MAX(id), 0) FROM instances");
                let row = sql.one(readers).await?;
                let last: i64 = row.map_or(Ok(0), |row| row.get(0))?;
                last.saturating_sub(BEFORE)
            }
        };
        self.after = Some(after);
        let mut sql = Sql::new(
            "SELECT st.study_uid, se.series_uid, MAX(i.received_ns), MAX(i.id) FROM (SELECT id, series, received_ns \
             FROM instances WHERE id > ",
        );
        sql.bind(after).push(" ORDER BY id LIMIT ").bind(AT_ONCE);
        sql.push(
            ") i JOIN series se ON se.id = i.series JOIN studies st ON st.id = se.study \
             GROUP BY st.study_uid, se.series_uid",
        );
        for row in sql.all(readers).await? {
            let series = (row.get(0)?, row.get(1)?);
            let last_ns = self.growing.entry(series).or_default();
            *last_ns = (*last_ns).max(row.get(2)?);
            self.after = self.after.max(Some(row.get(3)?));
        }
        Ok(())
    }

    async fn series(&self, study: &str, series: &str) -> Result<()> {
        let Some(kept) = self.app.archive().kept_frames() else {
            return Ok(());
        };
        let address = Address::of(study, Some(series), None)?;
        let index = self.app.archive().index();
        let metadata = index.deflated_metadata(study, Some(series), None).await?;
        let header = super::header(&self.app, &address, metadata, true).await?;
        for place in &header.places {
            for kind in [Kind::Overview, Kind::Frame] {
                let key = (place.target.hash, place.frame, kind);
                if kept.has(&key) {
                    continue;
                }
                let chunk = coding::make(&self.app, kind, place, For::Later).await?;
                if coding::is_worth_keeping(kind, chunk.0) {
                    kept.put(key, chunk).await;
                }
            }
        }
        Ok(())
    }
}
