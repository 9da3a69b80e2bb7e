//! What an image took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::render::{Clock, Statistics};

/// The host's clock, where there is one.
#[derive(Clone, Default)]
pub(super) struct HostClock(pub Option<Arc<dyn Clock>>);

impl std::fmt::Debug for HostClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "a clock" } else { "no clock" })
    }
}

/// What was done to a part of an image.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub rays: u64,
    pub samples: u64,
    pub skipped: u64,
}

/// Counts of one image, added up from all threads.
#[derive(Debug, Default)]
pub(super) struct Counter {
    rays: AtomicU64,
    samples: AtomicU64,
    skipped: AtomicU64,
}

impl Counter {
    pub(super) fn add(&self, tally: Tally) {
        self.rays.fetch_add(tally.rays, Ordering::Relaxed);
        self.samples.fetch_add(tally.samples, Ordering::Relaxed);
        self.skipped.fetch_add(tally.skipped, Ordering::Relaxed);
    }
}

/// Times the stages of one image.
pub(super) struct Stages {
    clock: HostClock,
    last: f64,
    stages: Vec<(&'static str, f64)>,
}

impl Stages {
    pub(super) fn begin(clock: &HostClock) -> Self {
        Self {
            last: clock.0.as_ref().map_or(0.0, |clock| clock.seconds()),
            clock: clock.clone(),
            stages: Vec::new(),
        }
    }

    /// Ends the stage that ran since the last call.
    pub(super) fn end(&mut self, name: &'static str) {
        if let Some(clock) = &self.clock.0 {
            let now = clock.seconds();
            self.stages.push((name, now - self.last));
            self.last = now;
        }
    }

    pub(super) fn statistics(self, counter: &Counter, extra_bytes: usize) -> Statistics {
        Statistics {
            rays: counter.rays.load(Ordering::Relaxed),
            samples: counter.samples.load(Ordering::Relaxed),
            skipped: counter.skipped.load(Ordering::Relaxed),
            stages: self.stages,
            gpu_ms: None,
            extra_bytes: extra_bytes as u64,
        }
    }
}
