//! What can be shown: the facts of studies and series, known at once, and their voxels, which arrive.

use std::collections::BTreeMap;

use std::sync::Arc;

use crate::colormap::Window;
use crate::dicom::ImageReference;
use crate::dicom::presentation_state::Shutter;
use crate::dicom::read::planar::{Description, Planar};
use crate::geometry::Grid;
use crate::presentation::hanging;
use crate::volume::{Rescale, Unit, Volume};

/// Gives a session what it shows. Files, networks and threads are the host's; a session only asks.
pub trait Source {
    /// All series that can be shown, in the order in which they are listed. Known before any voxel has come.
    fn series(&self) -> &[SeriesFacts];

    /// As much as has come of a series in one of its phases.
    ///
    /// A session asks whenever it draws or measures; a source keeps what it has read.
    fn volume(&self, key: &str, phase: usize) -> Arrival;

    /// One of the images, from 0, of a series that is no volume: one with [`SeriesFacts::planar`].
    ///
    /// A session keeps some of those that it was given, and asks again for others.
    fn image(&self, key: &str, n: usize) -> ImageArrival {
        let _ = (key, n);
        ImageArrival::Failed("the series has no images".to_owned())
    }

    /// What makes stored values of each slice into those of the first phase's volume; empty where it is not known.
    ///
    /// Presentation states name windows by stored values.
    fn rescales(&self, _key: &str) -> Vec<Rescale> {
        Vec::new()
    }
}

/// An image of a series that is no volume.
#[derive(Debug, Clone)]
pub enum ImageArrival {
    /// Not yet.
    Waiting,
    /// It is here.
    Whole(Arc<PlanarImage>),
    /// It cannot be had, and why: one sentence without the patient's name.
    Failed(String),
}

/// A decoded image and what its maker covers of it.
#[derive(Debug, Clone)]
pub struct PlanarImage {
    /// Its pixels and how they become grey or colour.
    pub planar: Planar,
    /// What is covered.
    pub shutter: Option<Shutter>,
}

/// As much of a volume as has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrival {
    /// Nothing yet.
    Waiting,
    /// Some of it: what is missing is not a number, or what the source puts there. It is shown and not measured.
    Part {
        /// What there is, on the grid of the whole.
        volume: Volume,
        /// Grows with every voxel that comes.
        version: u64,
        /// How much has come, 0 to 1.
        fraction: f64,
    },
    /// All of it.
    Whole(Volume),
    /// It cannot be had, and why: one sentence without the patient's name.
    Failed(String),
}

/// What is known of a series before its voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesFacts {
    /// Names the series in commands: its Series Instance UID, with `#2` and so on behind it for further volumes.
    pub key: String,
    /// Study Instance UID.
    pub study: String,
    /// When the study was made, to tell the current from a prior one: any text that sorts by time.
    pub study_time: String,
    /// Series Number (0020,0011).
    pub number: Option<i64>,
    /// Where its voxels will lie. Images without a place ([`Self::planar`]) have a space of their own: x along their
    /// rows and y down, in their spacing, one image a slice.
    pub grid: Grid,
    /// What is known of images that make no volume; they are shown as a stack or tiles only. All of one series here
    /// have one size, spacing and kind of pixel.
    pub planar: Option<Description>,
    /// Unit of its values once they are loaded.
    pub unit: Unit,
    /// Volumes over time or gate; 1 for a single one.
    pub phases: usize,
    /// What is to be read beside its pictures and numbers: why there is no SUV, for instance.
    pub remarks: Vec<String>,
    /// The window that its maker wants it seen in.
    pub window: Option<Window>,
    /// The objects of its slices, in order, of the first phase; empty where there are none.
    pub images: Vec<ImageReference>,
    /// Modality, body part, description, frame of reference and whatever else hanging goes by.
    pub hanging: hanging::SeriesFacts,
    /// Lines for the corners by field name (`PatientName`, `StudyDate`, `SliceThickness`); what a name or number of the
    /// patient is among them is [`PATIENT_FIELDS`].
    pub texts: BTreeMap<String, String>,
}

/// Fields of [`SeriesFacts::texts`] that say who the patient is.
pub const PATIENT_FIELDS: &[&str] = &[
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientWeight",
    "AccessionNumber",
    "InstitutionName",
    "ReferringPhysicianName",
    "StudyID",
];

impl SeriesFacts {
    /// Modality (0008,0060).
    #[must_use]
    pub fn modality(&self) -> &str {
        &self.hanging.modality
    }

    /// What spaces are told apart by: the frame of reference, or the series itself where it names none.
    #[must_use]
    pub fn space(&self) -> String {
        match &self.hanging.frame_of_reference_uid {
            Some(uid) if self.planar.is_none() => uid.clone(),
            _ => format!("series:{}", self.key),
        }
    }
}

/// A source whose voxels are all there: for tests, scripts and notebooks.
#[derive(Debug, Clone, Default)]
pub struct InMemory {
    facts: Vec<SeriesFacts>,
    volumes: BTreeMap<(String, usize), Volume>,
    images: BTreeMap<(String, usize), Arc<PlanarImage>>,
}

impl InMemory {
    /// No series.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a series of one phase or of several, each a volume on the grid of `facts`.
    pub fn add(&mut self, facts: SeriesFacts, phases: impl IntoIterator<Item = Volume>) {
        for (phase, volume) in phases.into_iter().enumerate() {
            self.volumes.insert((facts.key.clone(), phase), volume);
        }
        self.facts.push(facts);
    }

    /// Adds a series of images that make no volume, one a slice of the grid of `facts`.
    pub fn add_images(&mut self, facts: SeriesFacts, images: impl IntoIterator<Item = PlanarImage>) {
        for (n, image) in images.into_iter().enumerate() {
            self.images.insert((facts.key.clone(), n), Arc::new(image));
        }
        self.facts.push(facts);
    }
}

impl Source for InMemory {
    fn series(&self) -> &[SeriesFacts] {
        &self.facts
    }

    fn volume(&self, key: &str, phase: usize) -> Arrival {
        self.volumes
            .get(&(key.to_owned(), phase))
            .map_or(Arrival::Waiting, |volume| Arrival::Whole(volume.clone()))
    }

    fn image(&self, key: &str, n: usize) -> ImageArrival {
        let found = self.images.get(&(key.to_owned(), n));
        found.map_or(ImageArrival::Waiting, |image| ImageArrival::Whole(image.clone()))
    }

    /// Stored is what the volume holds.
    fn rescales(&self, key: &str) -> Vec<Rescale> {
        let volume = self.volumes.get(&(key.to_owned(), 0));
        volume.map_or_else(Vec::new, |volume| vec![volume.rescale(); volume.grid().size()[2]])
    }
}
