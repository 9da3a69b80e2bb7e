//! Voxels as they arrive: what a session asks for, hosts fetch, and frames become volumes and images.
//!
//! A session asks for a volume whenever it draws; the first time its series is *wanted*. The host looks for
//! [`Arrivals::wanted`] series, fetches their frames in any order, puts them in as they come, and says when all have.
//! Decoding never holds up who asks: what is shown is published now and then, and whole at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codec::TransferSyntax;
use codec::pixels::PixelData;
use engine::dicom::read::planar::Planar;
use engine::dicom::read::{Coded, Filling, FrameRef, display_shutter};
use engine::session::{Arrival, ImageArrival, Listing, PlanarImage, SeriesFacts, Source};
use engine::volume::Rescale;

/// Parts of a volume after which what there is is shown anew: each time costs a copy of the voxels.
const SHOWN_AT: [f64; 3] = [0.0, 1.0 / 3.0, 2.0 / 3.0];

/// A series that is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Study Instance UID.
    pub study_instance_uid: String,
    /// Series Instance UID.
    pub series_instance_uid: String,
}

/// A frame that has come.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// Of which object.
    pub sop_instance_uid: &'a str,
    /// Which of its frames, from 1.
    pub frame: u32,
    /// What it is coded in.
    pub syntax: TransferSyntax,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What has arrived; clones share it. A session's [`Source`].
#[derive(Debug, Clone)]
pub struct Arrivals(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    listing: Listing,
    /// Listed series by Series Instance UID.
    by_series: BTreeMap<String, Vec<usize>>,
    coming: Mutex<BTreeMap<String, Coming>>,
    shown: Mutex<Shown>,
}

/// A series that is being put together.
#[derive(Debug, Default)]
struct Coming {
    /// Where each frame of each object goes.
    slots: HashMap<(String, usize), Slot>,
    fillings: BTreeMap<(usize, usize), (Filling, usize)>,
    images: usize,
    images_wanted: usize,
}

/// Volumes and series.
type Grown = (Vec<(usize, usize)>, BTreeSet<usize>);

#[derive(Debug, Clone, Copy)]
enum Slot {
    /// A slice: listed series, phase, slice.
    Slice(usize, usize, usize),
    /// An image: listed series, which of its images, and the frame that it is.
    Image(usize, usize, FrameRef),
}

/// What sessions see.
#[derive(Debug, Default)]
struct Shown {
    states: BTreeMap<String, State>,
    volumes: BTreeMap<(usize, usize), Arrival>,
    images: BTreeMap<(usize, usize), Arc<PlanarImage>>,
    versions: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Wanted,
    Coming(f64),
    Whole,
    Failed(String),
}

impl Arrivals {
    /// Nothing of the listed series has come.
    #[must_use]
    pub fn new(listing: Listing) -> Self {
        let mut by_series: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for n in 0..listing.facts().len() {
            let series = listing
                .get(n)
                .map(|listed| listed.series.series_instance_uid.clone());
            by_series.entry(series.unwrap_or_default()).or_default().push(n);
        }
        Self(Arc::new(Shared {
            listing,
            by_series,
            coming: Mutex::default(),
            shown: Mutex::default(),
        }))
    }

    /// What can be shown.
    #[must_use]
    pub fn listing(&self) -> &Listing {
        &self.0.listing
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn coming(&self) -> MutexGuard<'_, BTreeMap<String, Coming>> {
        self.0.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The series that were asked for since the last time: the host fetches each.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut shown = self.shown();
        let states = shown.states.iter_mut();
        let wanted = states.filter(|(_, state)| **state == State::Wanted);
        let found: Vec<String> = wanted
            .map(|(series, state)| {
                *state = State::Coming(0.0);
                series.clone()
            })
            .collect();
        drop(shown);
        let named = found.into_iter().filter_map(|series_instance_uid| {
            let n = *self.0.by_series.get(&series_instance_uid)?.first()?;
            Some(Wanted {
                study_instance_uid: self.0.listing.facts()[n].study.clone(),
                series_instance_uid,
            })
        });
        named.collect()
    }

    /// Asks for a series before anything shows it: a thumbnail, a preload.
    pub fn want(&self, key: &str) {
        if let Some(n) = self.0.listing.position(key) {
            self.ask(n, &mut self.shown());
        }
    }

    fn ask(&self, n: usize, shown: &mut Shown) {
        if let Some(listed) = self.0.listing.get(n) {
            let series = listed.series.series_instance_uid.clone();
            shown.states.entry(series).or_insert(State::Wanted);
        }
    }

    /// How much of a listed series' DICOM series has come, 0 to 1; none where it was never asked for, or has failed.
    #[must_use]
    pub fn fraction(&self, key: &str) -> Option<f64> {
        let listed = self.0.listing.position(key).and_then(|n| self.0.listing.get(n))?;
        match self.shown().states.get(&listed.series.series_instance_uid)? {
            State::Wanted => Some(0.0),
            State::Coming(fraction) => Some(*fraction),
            State::Whole => Some(1.0),
            State::Failed(_) => None,
        }
    }

    /// Whether there is anything of a listed series to be seen, be it small pictures of its frames.
    #[must_use]
    pub fn has_something(&self, key: &str) -> bool {
        let Some(n) = self.0.listing.position(key) else {
            return false;
        };
        let shown = self.shown();
        let volumes = shown.volumes.range((n, 0)..=(n, usize::MAX));
        volumes
            .into_iter()
            .any(|(_, arrival)| !matches!(arrival, Arrival::Waiting))
            || shown.images.range((n, 0)..=(n, usize::MAX)).next().is_some()
    }

    /// Takes frames of a series in, on all cores; gives the keys of series that look different now. Frames that belong
    /// nowhere are passed over.
    ///
    /// # Errors
    ///
    /// One sentence when a frame cannot be used; the series has failed then.
    pub fn put(&self, series: &str, frames: &[Arrived<'_>]) -> Result<Vec<String>, String> {
        let mut coming = self.coming();
        if !coming.contains_key(series) {
            coming.insert(series.to_owned(), self.prepare(series)?);
        }
        let of = coming.get_mut(series).expect("it was put there above");
        let published = self.put_into(of, frames).and_then(|(volumes, images)| {
            let mut keys = self.publish(of, &volumes)?;
            keys.extend(images.into_iter().map(|n| self.0.listing.facts()[n].key.clone()));
            Ok(keys)
        });
        let fraction = of.fraction();
        match published {
            Ok(keys) => {
                self.shown()
                    .states
                    .insert(series.to_owned(), State::Coming(fraction));
                Ok(keys)
            }
            Err(why) => {
                coming.remove(series);
                drop(coming);
                self.failed(series, &why);
                Err(why)
            }
        }
    }

    /// Takes in a small picture of a frame: see [`Filling::put_overview`].
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    pub fn put_overview(&self, series: &str, frame: Arrived<'_>, step: usize) -> Result<(), String> {
        let mut coming = self.coming();
        if !coming.contains_key(series) {
            coming.insert(series.to_owned(), self.prepare(series)?);
        }
        let of = coming.get_mut(series).expect("it was put there above");
        let at = frame.frame.saturating_sub(1) as usize;
        let Some(Slot::Slice(n, phase, slice)) =
            of.slots.get(&(frame.sop_instance_uid.to_owned(), at)).copied()
        else {
            return Ok(());
        };
        let (Some(listed), Some((filling, _))) = (self.0.listing.get(n), of.fillings.get_mut(&(n, phase)))
        else {
            return Ok(());
        };
        let Some(stack) = listed.stack(phase) else {
            return Ok(());
        };
        let coded = Coded {
            slice,
            syntax: frame.syntax,
            bytes: frame.bytes,
        };
        // What cannot be shown small is shown when it comes.
        let _ = filling.put_overview(listed.series, stack, coded, step);
        Ok(())
    }

    /// Shows what there is of a series now; gives the keys of series that look different.
    ///
    /// # Errors
    ///
    /// One sentence when it makes no volume.
    pub fn show(&self, series: &str) -> Result<Vec<String>, String> {
        let mut coming = self.coming();
        let Some(of) = coming.get_mut(series) else {
            return Ok(Vec::new());
        };
        for (_, shown_at) in of.fillings.values_mut() {
            *shown_at = 0;
        }
        let all: Vec<_> = of.fillings.keys().copied().collect();
        self.publish(of, &all)
    }

    /// Says that all frames of a series have come. What is missing then never comes.
    pub fn finished(&self, series: &str) -> Vec<String> {
        let of = self.coming().remove(series);
        let missing = of.as_ref().map_or(0, |of| {
            let slices = of.fillings.values().map(|(filling, _)| filling.missing());
            slices.sum::<usize>() + (of.images_wanted - of.images)
        });
        if of.is_none() || missing > 0 {
            let why = match of {
                None => "none of its images has come".to_owned(),
                Some(_) => format!("{missing} of its images have not come"),
            };
            return self.failed(series, &why);
        }
        self.shown().states.insert(series.to_owned(), State::Whole);
        self.keys(series)
    }

    /// Says that a series cannot be had, and why: one sentence without the patient's name. Gives the keys of its series.
    pub fn failed(&self, series: &str, why: &str) -> Vec<String> {
        self.coming().remove(series);
        let mut shown = self.shown();
        shown
            .states
            .insert(series.to_owned(), State::Failed(why.to_owned()));
        for n in self.0.by_series.get(series).into_iter().flatten() {
            let phases = self.0.listing.facts()[*n].phases;
            for phase in 0..phases {
                let known = shown.volumes.get(&(*n, phase));
                if !matches!(known, Some(Arrival::Whole(_))) {
                    shown.volumes.insert((*n, phase), Arrival::Failed(why.to_owned()));
                }
            }
        }
        drop(shown);
        self.keys(series)
    }

    /// Forgets the voxels of series that are whole, but for those that are to be kept: they are fetched again when they are
    /// asked for. Gives how many bytes that frees.
    pub fn forget(&self, keep: impl Fn(&str) -> bool) -> usize {
        let mut shown = self.shown();
        let mut freed = 0;
        for (series, listed) in &self.0.by_series {
            let is_kept = listed.iter().any(|n| keep(&self.0.listing.facts()[*n].key));
            if is_kept || shown.states.get(series) != Some(&State::Whole) {
                continue;
            }
            shown.states.remove(series);
            for n in listed {
                shown.volumes.retain(|(of, _), arrival| {
                    freed += if of == n { bytes_of(arrival) } else { 0 };
                    of != n
                });
                shown.images.retain(|(of, _), image| {
                    freed += if of == n { image_bytes(image) } else { 0 };
                    of != n
                });
            }
        }
        freed
    }

    /// Bytes of what has come.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let shown = self.shown();
        let volumes: usize = shown.volumes.values().map(bytes_of).sum();
        volumes
            + shown
                .images
                .values()
                .map(|image| image_bytes(image))
                .sum::<usize>()
    }

    /// Bytes that the voxels of a series will take, about.
    #[must_use]
    pub fn bytes_to_come(&self, series: &str) -> usize {
        let listed = self.0.by_series.get(series).into_iter().flatten();
        let facts = listed.map(|n| &self.0.listing.facts()[*n]);
        facts
            .map(|facts| facts.grid.size().iter().product::<usize>() * 2 * facts.phases.max(1))
            .sum()
    }

    fn keys(&self, series: &str) -> Vec<String> {
        let listed = self.0.by_series.get(series).into_iter().flatten();
        listed.map(|n| self.0.listing.facts()[*n].key.clone()).collect()
    }

    fn prepare(&self, series: &str) -> Result<Coming, String> {
        let mut of = Coming::default();
        for n in self.0.by_series.get(series).into_iter().flatten() {
            let Some(listed) = self.0.listing.get(*n) else {
                continue;
            };
            let sop = |at: &FrameRef| {
                let instance = listed.series.instances.get(at.instance);
                instance.map(|instance| (instance.sop_instance_uid.clone(), at.frame))
            };
            for phase in 0..listed.phases() {
                let Some(stack) = listed.stack(phase) else {
                    continue;
                };
                let filling = Filling::new(listed.series, stack).map_err(|error| error.to_string())?;
                of.fillings.insert((*n, phase), (filling, 0));
                for (slice, at) in stack.frames.iter().enumerate() {
                    of.slots
                        .extend(sop(at).map(|place| (place, Slot::Slice(*n, phase, slice))));
                }
            }
            for (image, at) in listed.images().iter().enumerate() {
                of.slots
                    .extend(sop(at).map(|place| (place, Slot::Image(*n, image, *at))));
                of.images_wanted += 1;
            }
        }
        Ok(of)
    }

    /// Gives the volumes that grew, and the series that have more images.
    fn put_into(&self, of: &mut Coming, frames: &[Arrived<'_>]) -> Result<Grown, String> {
        let mut images = BTreeSet::new();
        let mut slices: BTreeMap<(usize, usize), Vec<Coded<'_>>> = BTreeMap::new();
        for frame in frames {
            let at = frame.frame.saturating_sub(1) as usize;
            match of.slots.get(&(frame.sop_instance_uid.to_owned(), at)) {
                Some(Slot::Slice(n, phase, slice)) => slices.entry((*n, *phase)).or_default().push(Coded {
                    slice: *slice,
                    syntax: frame.syntax,
                    bytes: frame.bytes,
                }),
                Some(Slot::Image(n, image, at)) => {
                    let read = self.image_of(*n, *at, frame)?;
                    let is_new = self.shown().images.insert((*n, *image), Arc::new(read)).is_none();
                    of.images += usize::from(is_new);
                    images.insert(*n);
                }
                None => {}
            }
        }
        for ((n, phase), coded) in &slices {
            let listed = self.0.listing.get(*n);
            let filling = of.fillings.get_mut(&(*n, *phase));
            if let (Some(listed), Some((filling, _))) = (listed, filling)
                && let Some(stack) = listed.stack(*phase)
            {
                filling
                    .put(listed.series, stack, coded)
                    .map_err(|error| error.to_string())?;
            }
        }
        Ok((slices.into_keys().collect(), images))
    }

    fn image_of(&self, n: usize, at: FrameRef, frame: &Arrived<'_>) -> Result<PlanarImage, String> {
        let listed = self.0.listing.get(n).ok_or("there is no such series")?;
        let instance = &listed.series.instances[at.instance];
        let kind = instance.pixels.as_ref().map(|pixels| pixels.kind);
        let kind = kind.ok_or("the image has no pixels")?;
        let number = u32::try_from(at.frame).map_err(|_| "the image has too many frames")?;
        let read = PixelData::of_frame(&instance.data_set, frame.syntax, kind, number, frame.bytes)
            .map_err(|error| error.to_string())
            .and_then(|(pixels, _)| {
                let read = Planar::read(instance, at.frame, &pixels);
                read.map_err(|error| error.to_string())
            });
        let (planar, _) = read?;
        Ok(PlanarImage {
            planar,
            shutter: display_shutter(&instance.data_set).0,
        })
    }

    /// Lets sessions see of the volumes what there is, where it is much more than they saw.
    fn publish(&self, of: &mut Coming, changed: &[(usize, usize)]) -> Result<Vec<String>, String> {
        let mut keys = Vec::new();
        for (n, phase) in changed {
            let (Some(listed), Some((filling, shown_at))) =
                (self.0.listing.get(*n), of.fillings.get_mut(&(*n, *phase)))
            else {
                continue;
            };
            let is_due = SHOWN_AT
                .get(*shown_at)
                .is_some_and(|at| filling.fraction() >= *at);
            let Some(stack) = listed.stack(*phase).filter(|_| is_due || filling.is_whole()) else {
                continue;
            };
            while SHOWN_AT
                .get(*shown_at)
                .is_some_and(|at| filling.fraction() >= *at)
            {
                *shown_at += 1;
            }
            let volume = filling.volume().map_err(|error| error.to_string())?;
            let volume = listed.displayed(stack, volume);
            let fraction = filling.fraction();
            let mut shown = self.shown();
            shown.versions += 1;
            let version = shown.versions;
            let arrival = match filling.is_whole() {
                true => Arrival::Whole(volume),
                false => Arrival::Part {
                    volume,
                    version,
                    fraction,
                },
            };
            shown.volumes.insert((*n, *phase), arrival);
            keys.push(self.0.listing.facts()[*n].key.clone());
        }
        Ok(keys)
    }
}

impl Coming {
    fn fraction(&self) -> f64 {
        let all = self.slots.len().max(1);
        let slices: usize = self.fillings.values().map(|(filling, _)| filling.missing()).sum();
        1.0 - (slices + self.images_wanted - self.images) as f64 / all as f64
    }
}

fn bytes_of(arrival: &Arrival) -> usize {
    match arrival {
        Arrival::Whole(volume) | Arrival::Part { volume, .. } => volume.voxels().bytes(),
        Arrival::Waiting | Arrival::Failed(_) => 0,
    }
}

fn image_bytes(image: &PlanarImage) -> usize {
    // Grey is kept in up to four bytes a pixel, colour in three.
    image
        .planar
        .size()
        .iter()
        .map(|side| *side as usize)
        .product::<usize>()
        * 4
}

impl Source for Arrivals {
    fn series(&self) -> &[SeriesFacts] {
        self.0.listing.facts()
    }

    fn volume(&self, key: &str, phase: usize) -> Arrival {
        let Some(n) = self.0.listing.position(key) else {
            return Arrival::Failed("there is no such series".to_owned());
        };
        let mut shown = self.shown();
        if let Some(arrival) = shown.volumes.get(&(n, phase)) {
            return arrival.clone();
        }
        self.ask(n, &mut shown);
        Arrival::Waiting
    }

    fn image(&self, key: &str, n: usize) -> ImageArrival {
        let Some(listed) = self.0.listing.position(key) else {
            return ImageArrival::Failed("there is no such series".to_owned());
        };
        let mut shown = self.shown();
        if let Some(image) = shown.images.get(&(listed, n)) {
            return ImageArrival::Whole(image.clone());
        }
        self.ask(listed, &mut shown);
        let series = self
            .0
            .listing
            .get(listed)
            .map(|listed| &listed.series.series_instance_uid);
        match series.and_then(|series| shown.states.get(series)) {
            Some(State::Failed(why)) => ImageArrival::Failed(why.clone()),
            Some(State::Whole) => ImageArrival::Failed(format!("there is no image {}", n + 1)),
            _ => ImageArrival::Waiting,
        }
    }

    fn rescales(&self, key: &str) -> Vec<Rescale> {
        self.0.listing.rescales(key)
    }
}
