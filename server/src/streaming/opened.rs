//! Studies that are looked at: what is in them, and their voxels as they are fetched, once for all sessions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use engine::dicom::read::{Instance, collect};
use engine::session::Listing;
use futures_util::StreamExt as _;
use pacs::fast::{Frame, SeriesFrames};
use pacs::http::{App, Error};
use viewer::{Arrivals, Arrived, Wanted};

use super::host::Input;

/// Frames that are taken in together: more keep cores busy, fewer are seen sooner.
const BATCH: usize = 16;
/// Frames of the first batch, the middle of a series: what is looked at first.
const FIRST: usize = 3;
/// Instances whose metadata a thread reads at least.
const SHARE: usize = 64;

/// Whom to tell of what arrives.
type Listener = (u64, Sender<Input>);

/// Studies that are looked at.
#[derive(Debug)]
pub struct Opened {
    /// Study Instance UIDs, in the order in which they were asked for.
    pub studies: Vec<String>,
    /// Their voxels.
    pub arrivals: Arrivals,
    listeners: Mutex<Vec<Listener>>,
    /// Bytes of voxels that are being fetched.
    promised: AtomicUsize,
    used: Mutex<Instant>,
}

impl Opened {
    /// Reads what is in studies. Who may see them, the caller has asked.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for a study without images.
    pub async fn open(app: &App, studies: &[String]) -> Result<Arc<Self>, Error> {
        let mut metadata = Vec::new();
        for study in studies {
            let found = app.archive().index().deflated_metadata(study, None, None).await?;
            if found.is_empty() {
                return Err(Error::NotFound);
            }
            metadata.extend(found);
        }
        let read = tokio::task::spawn_blocking(move || {
            let texts: Result<Vec<String>, _> =
                metadata.iter().map(pacs::index::DeflatedMetadata::json).collect();
            Ok::<_, Error>(listing(&texts?))
        });
        let listing = read.await.map_err(|_| Error::Internal)??;
        if listing.facts().is_empty() {
            return Err(Error::NotFound);
        }
        Ok(Arc::new(Self {
            studies: studies.to_vec(),
            arrivals: Arrivals::new(listing),
            listeners: Mutex::default(),
            promised: AtomicUsize::new(0),
            used: Mutex::new(Instant::now()),
        }))
    }

    /// Tells a session what arrives.
    pub fn listen(&self, session: u64, to: Sender<Input>) {
        self.listeners().push((session, to));
    }

    /// Tells a session no more.
    pub fn forget(&self, session: u64) {
        self.listeners().retain(|(known, _)| *known != session);
        self.touch();
    }

    /// Whether a session looks.
    pub fn is_used(&self) -> bool {
        !self.listeners().is_empty()
    }

    /// Notes that it is looked at now.
    pub fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// When it was looked at last.
    pub fn used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all sessions that series look different.
    pub fn tell(&self, keys: &[String]) {
        if !keys.is_empty() {
            self.listeners()
                .retain(|(_, to)| to.send(Input::Arrived(keys.to_vec())).is_ok());
        }
    }

    fn listeners(&self) -> std::sync::MutexGuard<'_, Vec<Listener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of voxels that are here or on their way.
    pub fn held(&self) -> usize {
        self.arrivals.bytes() + self.promised.load(Ordering::Relaxed)
    }

    /// Keeps room for what is about to be fetched.
    pub fn promise(&self, bytes: usize) {
        self.promised.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Fetches a series for which so much room was kept, from the middle outwards.
    pub async fn fetch(self: Arc<Self>, app: App, wanted: Wanted, promised: usize) {
        let series = wanted.series_instance_uid.clone();
        let fetched = self.fetched(&app, &wanted).await;
        let keys = match fetched {
            Ok(()) => self.arrivals.finished(&series),
            Err(why) => self.arrivals.failed(&series, &why),
        };
        self.promised.fetch_sub(promised, Ordering::Relaxed);
        self.tell(&keys);
    }

    async fn fetched(self: &Arc<Self>, app: &App, wanted: &Wanted) -> Result<(), String> {
        let series = &wanted.series_instance_uid;
        let said = |error: Error| error.to_string();
        let frames = SeriesFrames::open(app, &wanted.study_instance_uid, series)
            .await
            .map_err(said)?;
        let order = from_the_middle(frames.count());
        let mut stream = Box::pin(frames.stream(order));
        let mut batch: Vec<Frame> = Vec::with_capacity(BATCH);
        let mut size = FIRST;
        while let Some(frame) = stream.next().await {
            batch.push(frame.map_err(said)?);
            if batch.len() >= size {
                size = BATCH;
                self.take_in(series, std::mem::take(&mut batch)).await?;
            }
        }
        self.take_in(series, batch).await
    }

    async fn take_in(self: &Arc<Self>, series: &str, batch: Vec<Frame>) -> Result<(), String> {
        if batch.is_empty() {
            return Ok(());
        }
        let (own, series) = (Arc::clone(self), series.to_owned());
        let put = tokio::task::spawn_blocking(move || {
            let arrived = batch.iter().map(|frame| Arrived {
                sop_instance_uid: &frame.sop_instance_uid,
                frame: frame.frame,
                syntax: frame.syntax,
                bytes: &frame.content,
            });
            let arrived: Vec<_> = arrived.collect();
            let keys = own.arrivals.put(&series, &arrived)?;
            own.tell(&keys);
            Ok(())
        });
        put.await.map_err(|_| "its images could not be read".to_owned())?
    }
}

/// The middle first, then its neighbours.
fn from_the_middle(count: usize) -> Vec<usize> {
    let middle = count / 2;
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|place| place.abs_diff(middle));
    order
}

/// What metadata say can be shown.
fn listing(texts: &[String]) -> Listing {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let share = texts.len().div_ceil(processors).max(SHARE);
    let read = |(first, texts): (usize, &[String])| {
        let instance = |(n, text): (usize, &String)| viewer::instances(text, first + n).unwrap_or_default();
        texts
            .iter()
            .enumerate()
            .flat_map(instance)
            .collect::<Vec<Instance>>()
    };
    let instances: Vec<Instance> = std::thread::scope(|scope| {
        let shares = texts.chunks(share).enumerate();
        let threads: Vec<_> = shares
            .map(|(n, share_texts)| scope.spawn(move || read((n * share, share_texts))))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_default())
            .collect()
    });
    Listing::new(collect(instances))
}

#[cfg(test)]
mod tests {
    use super::from_the_middle;

    #[test]
    fn the_middle_comes_first_and_all_come() {
        assert_eq!(from_the_middle(5), [2, 1, 3, 0, 4]);
        assert_eq!(from_the_middle(2), [1, 0]);
        assert_eq!(from_the_middle(0), Vec::<usize>::new());
    }
}
