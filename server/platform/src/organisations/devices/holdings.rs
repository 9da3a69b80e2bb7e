//! What the archive keeps of a device.

use dicom_dictionary_std::tags;
use pacs::events::Boxed;
use pacs::index::{Index, Key, Level, Match, Page, Query, Restriction};
use pacs::retention::{self, Policy};

use crate::clock::Clock;
use crate::{Error, Result};

/// By what a device's images are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    /// The organisation that they are of.
    pub organisation: i64,
    /// Values that Station Name (0008,1010) has in them.
    pub stations: Vec<String>,
}

/// Knows what is kept of a device.
pub trait Holdings: std::fmt::Debug + Send + Sync {
    /// Gives how many studies with images of a device must be kept: their time is not over, or somebody holds them.
    fn retained_studies<'a>(&'a self, images: &'a Images) -> Boxed<'a, Result<u64>>;
}

/// What an archive keeps, by its index and how long it keeps studies.
#[derive(Debug, Clone)]
pub struct ArchiveHoldings {
    /// The index.
    pub index: Index,
    /// How long studies are kept.
    pub policy: Policy,
    /// What day it is.
    pub clock: Clock,
}

impl Holdings for ArchiveHoldings {
    fn retained_studies<'a>(&'a self, images: &'a Images) -> Boxed<'a, Result<u64>> {
        Box::pin(async move {
            if images.stations.is_empty() {
                return Ok(0);
            }
            let all = self.count(images, None).await?;
            Ok(all.saturating_sub(self.expired(images).await?))
        })
    }
}

impl ArchiveHoldings {
    /// Studies of the organisation with images of the device: all, or of these.
    async fn count(&self, images: &Images, studies: Option<Vec<String>>) -> Result<u64> {
        let mut query = Query::all(Level::Study).within(Restriction::of(vec![images.organisation]));
        let stations = images.stations.iter().cloned().map(Match::Single).collect();
        query.keys.push(Key {
            tag: tags::STATION_NAME,
            matching: Match::AnyOf(stations),
        });
        if let Some(studies) = studies {
            query.keys.push(Key {
                tag: tags::STUDY_INSTANCE_UID,
                matching: Match::UidList(studies),
            });
        }
        self.index.count(&query).await.map_err(failed)
    }

    /// Those of the device's studies that need not be kept any more.
    async fn expired(&self, images: &Images) -> Result<u64> {
        let within = Restriction::of(vec![images.organisation]);
        let (mut page, mut count) = (Page::FIRST, 0);
        loop {
            let found =
                retention::expired(&self.index, self.policy, &within, self.clock.now_ns(), page).await;
            let found = found.map_err(failed)?;
            let Some((last, _)) = found.last() else {
                return Ok(count);
            };
            page.after = *last;
            let free = found.into_iter().filter(|(_, kept)| !kept.is_held);
            let studies: Vec<String> = free.map(|(_, kept)| kept.study_uid).collect();
            count += self.count(images, Some(studies)).await?;
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal(format_args!("the archive failed: {error}"))
}
