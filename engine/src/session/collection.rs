//! DICOM studies whose bytes are at hand as a session's source.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dicom::read::planar::Planar;
use crate::dicom::read::{self, LastRead, Study, display_shutter, load};
use crate::session::listing::Listing;
use crate::session::source::{Arrival, ImageArrival, PlanarImage, SeriesFacts, Source};
use crate::volume::Rescale;

/// Studies whose bytes are at hand: each volume is read when it is first wanted, and kept; images without a place in a
/// volume are read each time. What its series are, [`Listing`] says.
pub struct Collection<S> {
    listing: Listing,
    bytes: S,
    read: Mutex<BTreeMap<(usize, usize), Arrival>>,
    last: Mutex<LastRead>,
}

impl<S: read::Source> Collection<S> {
    /// The volumes and images of studies.
    #[must_use]
    pub fn new(studies: Vec<Study>, bytes: S) -> Self {
        Self {
            listing: Listing::new(studies),
            bytes,
            read: Mutex::default(),
            last: Mutex::default(),
        }
    }

    fn load(&self, n: usize, phase: usize) -> Arrival {
        let Some(listed) = self.listing.get(n).filter(|listed| listed.phases() > 0) else {
            return Arrival::Failed("its images make no volume".to_owned());
        };
        let Some(stack) = listed.stack(phase) else {
            return Arrival::Failed(format!("there is no phase {}", phase + 1));
        };
        match load(listed.series, stack, &self.bytes, &|_, _| {}) {
            Ok((volume, _)) => Arrival::Whole(listed.displayed(stack, volume)),
            Err(error) => Arrival::Failed(error.to_string()),
        }
    }
}

impl<S: read::Source> Source for Collection<S> {
    fn series(&self) -> &[SeriesFacts] {
        self.listing.facts()
    }

    fn volume(&self, key: &str, phase: usize) -> Arrival {
        let Some(n) = self.listing.position(key) else {
            return Arrival::Failed("there is no such series".to_owned());
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.entry((n, phase))
            .or_insert_with(|| self.load(n, phase))
            .clone()
    }

    fn image(&self, key: &str, n: usize) -> ImageArrival {
        let Some(listed) = self.listing.position(key).and_then(|at| self.listing.get(at)) else {
            return ImageArrival::Failed("there is no such series".to_owned());
        };
        let Some(frame) = listed.images().get(n) else {
            return ImageArrival::Failed(format!("there is no image {}", n + 1));
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match Planar::load(listed.series, *frame, &self.bytes, &mut last) {
            Ok((planar, _)) => ImageArrival::Whole(Arc::new(PlanarImage {
                planar,
                shutter: display_shutter(&listed.series.instances[frame.instance].data_set).0,
            })),
            Err(error) => ImageArrival::Failed(error.to_string()),
        }
    }

    fn rescales(&self, key: &str) -> Vec<Rescale> {
        self.listing.rescales(key)
    }
}
