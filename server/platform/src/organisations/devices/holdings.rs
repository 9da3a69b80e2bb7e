//! What the archive keeps of a device.

use pacs::events::Boxed;
use pacs::index::{Index, Restriction};
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
            let within = Restriction::of(vec![images.organisation]);
            let now_ns = self.clock.now_ns();
            retention::retained(&self.index, self.policy, &images.stations, &within, now_ns)
                .await
                .map_err(|error| Error::internal(format_args!("the archive failed: {error}")))
        })
    }
}
