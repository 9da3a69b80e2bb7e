//! What the archive keeps of a device.

use std::future::Future;
use std::pin::Pin;

use dicom_dictionary_std::tags;
use pacs::index::{Index, Key, Level, Match, Query, Restriction};

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
    /// Gives how many studies with images of a device are kept: because their time is not over, because somebody holds
    /// them, or because nobody has let them go since.
    fn retained_studies<'a>(
        &'a self,
        images: &'a Images,
    ) -> Pin<Box<dyn Future<Output = Result<u64>> + Send + 'a>>;
}

/// The archive keeps every study until its own retention removes it: what it shows is what is retained.
impl Holdings for Index {
    fn retained_studies<'a>(
        &'a self,
        images: &'a Images,
    ) -> Pin<Box<dyn Future<Output = Result<u64>> + Send + 'a>> {
        Box::pin(async move {
            if images.stations.is_empty() {
                return Ok(0);
            }
            let stations = images.stations.iter().cloned().map(Match::Single).collect();
            let mut query = Query::all(Level::Study).within(Restriction::of(vec![images.organisation]));
            query.keys.push(Key {
                tag: tags::STATION_NAME,
                matching: Match::AnyOf(stations),
            });
            self.count(&query)
                .await
                .map_err(|error| Error::internal(format_args!("the archive failed: {error}")))
        })
    }
}
