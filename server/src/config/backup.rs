//! Where the site is backed up to, and when.

use std::path::Path;

use anyhow::{Context, ensure};
use chrono::{NaiveTime, Timelike as _};
use pacs::storage::Place;
use serde::{Deserialize, Serialize};

/// Where the site is backed up to, and when.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Folder of the backup, on another disk or machine, or a bucket; nothing is backed up by itself without. Of several nodes
    /// those that name one reach the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Place>,
    /// The time of the day in the site's zone, as `02:30`.
    pub at: String,
    /// Moments that are kept.
    pub keep: usize,
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            to: None,
            at: "02:30".to_owned(),
            keep: 14,
        }
    }
}

impl Backup {
    /// When it is made, in minutes after midnight.
    ///
    /// # Errors
    ///
    /// A time that is none.
    pub fn minute(&self) -> anyhow::Result<u16> {
        let at = NaiveTime::parse_from_str(&self.at, "%H:%M");
        let at = at.with_context(|| {
            format!(
                "backup.at: expected a time of the day as 02:30, found {:?}",
                self.at
            )
        })?;
        Ok(u16::try_from(at.num_seconds_from_midnight() / 60)?)
    }

    /// Refuses what cannot be meant.
    pub(super) fn check(&self, data: &Path) -> anyhow::Result<()> {
        self.minute()?;
        ensure!(self.keep > 0, "backup.keep: expected at least 1, found 0");
        if let Some(to) = &self.to {
            to.check().context("backup.to")?;
        }
        if let Some(Place::Folder(to)) = &self.to {
            ensure!(
                !std::path::absolute(to)?.starts_with(std::path::absolute(data)?),
                "backup.to: expected a folder outside the data folder {}, found {}",
                data.display(),
                to.display()
            );
        }
        Ok(())
    }
}
