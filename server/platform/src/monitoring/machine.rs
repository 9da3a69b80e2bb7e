//! What a process measures of the machine that it runs on, and of what it stands on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use database::{Backend, Connection as _, Database, Sql};
use futures_util::future::join_all;
use pacs::events::Boxed;
use pacs::storage::Storage;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sysinfo::System;
use tokio::net::TcpStream;

use crate::clock::{DAY_NS, SECOND_NS};

/// How long anything may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// One value that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Its name: a word of the list of metrics, and behind a colon of what.
    pub metric: String,
    /// The value; none where there was no answer.
    pub value: Option<f64>,
}

impl Reading {
    pub(super) fn new(metric: impl Into<String>, value: Option<f64>) -> Self {
        Self {
            metric: metric.into(),
            value,
        }
    }
}

/// Measures; tests bring one that says what they want.
pub trait Sampler: std::fmt::Debug + Send + Sync {
    /// What is measured of this process' machine.
    fn sample(&self) -> Boxed<'_, Vec<Reading>>;

    /// Milliseconds until the database answers; none where it does not.
    fn database<'a>(&'a self, database: &'a Database) -> Boxed<'a, Option<f64>> {
        Box::pin(latency_ms(database))
    }

    /// Seconds by which the database's clock differs from this machine's, where it is another's.
    fn clock_s<'a>(&'a self, database: &'a Database) -> Boxed<'a, Option<f64>> {
        Box::pin(clock_s(database))
    }
}

/// Where a process keeps what it needs.
#[derive(Debug, Default)]
pub struct Places {
    /// Folders whose disks must have space, by name.
    pub disks: Vec<(String, PathBuf)>,
    /// Stores of objects, by name.
    pub stores: Vec<(String, Storage)>,
    /// Files of certificates, by name.
    pub certificates: Vec<(String, PathBuf)>,
    /// Where DICOM is listened for.
    pub dicom: Option<SocketAddr>,
}

/// The machine as it is.
#[derive(Debug)]
pub struct Machine {
    places: Places,
    /// None where the system tells nothing.
    system: Option<Mutex<System>>,
    /// Disks that were asked and have not answered yet: they are not asked again meanwhile.
    asked: Vec<Arc<AtomicBool>>,
}

impl Machine {
    /// This machine, and what a process needs of it.
    #[must_use]
    pub fn new(places: Places) -> Self {
        Self {
            asked: places.disks.iter().map(|_| Arc::default()).collect(),
            places,
            system: System::new().ok().map(Mutex::new),
        }
    }

    /// Processors, memory, load; of the container where its bounds are tighter than the machine's.
    fn system(&self) -> Vec<Reading> {
        let Some(system) = &self.system else {
            return ["cpu", "memory"].map(|name| Reading::new(name, None)).to_vec();
        };
        let mut system = system.lock().unwrap_or_else(PoisonError::into_inner);
        system.refresh_cpu_usage();
        system.refresh_memory();
        let (mut total, mut free) = (system.total_memory(), system.available_memory());
        if let Some(limits) = system.cgroup_limits()
            && limits.total_memory < total
        {
            (total, free) = (limits.total_memory, limits.free_memory);
        }
        let processors = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
        let used = total.saturating_sub(free) as f64 * 100.0 / total.max(1) as f64;
        let load = System::load_average().ok().map(|load| load.one / processors);
        vec![
            Reading::new("cpu", Some(f64::from(system.global_cpu_usage()))),
            Reading::new("memory", Some(used)),
            Reading::new("load", load),
        ]
    }

    async fn disk(&self, place: usize) -> Option<f64> {
        let (asked, path) = (self.asked.get(place)?, self.places.disks.get(place)?.1.clone());
        if asked.swap(true, Ordering::AcqRel) {
            return None;
        }
        let asked = Arc::clone(asked);
        let work = tokio::task::spawn_blocking(move || {
            let used = used_percent(&path);
            asked.store(false, Ordering::Release);
            used
        });
        tokio::time::timeout(PATIENCE, work).await.ok()?.ok()?
    }
}

/// What this machine is called by.
#[must_use]
pub fn host_name() -> String {
    System::host_name().unwrap_or_else(|_| "localhost".to_owned())
}

/// How much of the space of a folder's disk is used, in percent of what may be used.
pub(super) fn used_percent(path: &Path) -> Option<f64> {
    let space = rustix::fs::statvfs(path).ok()?;
    let used = space.f_blocks.saturating_sub(space.f_bfree) as f64;
    let usable = used + space.f_bavail as f64;
    (usable > 0.0).then(|| used * 100.0 / usable)
}

/// Days until the first certificate of a file expires; none where it cannot be read.
pub(super) fn days_left(path: &Path, now_ns: i64) -> Option<f64> {
    let der = CertificateDer::from_pem_file(path).ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).ok()?;
    let until_s = certificate.validity().not_after.timestamp();
    Some((until_s - now_ns / SECOND_NS) as f64 / (DAY_NS / SECOND_NS) as f64)
}

/// Milliseconds that something takes which must end in time and well.
pub(super) async fn timed_ms<T, E>(work: impl Future<Output = Result<T, E>>) -> Option<f64> {
    let began = Instant::now();
    let done = tokio::time::timeout(PATIENCE, work).await;
    matches!(done, Ok(Ok(_))).then(|| began.elapsed().as_secs_f64() * 1000.0)
}

async fn latency_ms(database: &Database) -> Option<f64> {
    let sql = Sql::new("SELECT id FROM servers LIMIT 1");
    timed_ms(sql.one(database)).await
}

/// SQLite has no clock of its own.
async fn clock_s(database: &Database) -> Option<f64> {
    if database.backend() == Backend::Sqlite {
        return None;
    }
    let sql = Sql::new("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)");
    let row = sql.one(database).await.ok().flatten()?;
    let theirs: f64 = row.get(0).ok()?;
    Some((theirs - pacs::clock::now_ns() as f64 / 1e9).abs())
}

impl Sampler for Machine {
    fn sample(&self) -> Boxed<'_, Vec<Reading>> {
        Box::pin(async move {
            let named = |what: &str, name: &str, value| Reading::new(format!("{what}:{name}"), value);
            // Asked together: what hangs holds up nothing else, and the heart-beat not for long.
            let disks = self.places.disks.iter().enumerate();
            let disks = disks.map(async |(place, (name, _))| named("disk", name, self.disk(place).await));
            let stores = self.places.stores.iter();
            let stores =
                stores.map(async |(name, store)| named("storage", name, timed_ms(store.answers()).await));
            let dicom = self.places.dicom.iter();
            let dicom =
                dicom.map(async |address| Reading::new("dicom", timed_ms(TcpStream::connect(address)).await));
            let (disks, stores, dicom) = tokio::join!(join_all(disks), join_all(stores), join_all(dicom));
            let mut readings = self.system();
            readings.extend([disks, stores, dicom].into_iter().flatten());
            let now_ns = pacs::clock::now_ns();
            readings.extend(
                self.places
                    .certificates
                    .iter()
                    .map(|(name, path)| named("certificate", name, days_left(path, now_ns))),
            );
            readings
        })
    }
}
