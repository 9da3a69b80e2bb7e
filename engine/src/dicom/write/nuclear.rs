//! Nuclear Medicine Image Storage (PS3.3 A.5): one object, many frames, each with its place in vectors.

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use super::study::put_patient_orientation;
use super::{
    Code, Dataset, DateTime, Error, ImagePlane, Instance, Pixels, Radiopharmaceutical, Series, Study,
};

/// What the frames of an object are: the third value of Image Type (PS3.3 C.8.4.9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NmKind {
    /// Planar images.
    Static,
    /// Images of a camera moving along the body.
    WholeBody,
    /// Planar images over time.
    Dynamic,
    /// Planar images over the cardiac cycle.
    Gated,
    /// Projections from around the patient.
    Tomo,
    /// Projections over the cardiac cycle.
    GatedTomo,
    /// Reconstructed slices.
    ReconTomo,
    /// Reconstructed slices over the cardiac cycle.
    ReconGatedTomo,
}

impl NmKind {
    const fn term(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::WholeBody => "WHOLE BODY",
            Self::Dynamic => "DYNAMIC",
            Self::Gated => "GATED",
            Self::Tomo => "TOMO",
            Self::GatedTomo => "GATED TOMO",
            Self::ReconTomo => "RECON TOMO",
            Self::ReconGatedTomo => "RECON GATED TOMO",
        }
    }

    /// The vectors that frames are counted by (PS3.3 table C.8-8).
    const fn vectors(self) -> &'static [NmVector] {
        use NmVector as V;
        match self {
            Self::Static | Self::WholeBody => &[V::EnergyWindow, V::Detector],
            Self::Dynamic => &[V::EnergyWindow, V::Detector, V::Phase, V::TimeSlice],
            Self::Gated => &[V::EnergyWindow, V::Detector, V::RrInterval, V::TimeSlot],
            Self::Tomo => &[V::EnergyWindow, V::Detector, V::Rotation, V::AngularView],
            Self::GatedTomo => &[
                V::EnergyWindow,
                V::Detector,
                V::Rotation,
                V::RrInterval,
                V::TimeSlot,
                V::AngularView,
            ],
            Self::ReconTomo => &[V::Slice],
            Self::ReconGatedTomo => &[V::RrInterval, V::TimeSlot, V::Slice],
        }
    }
}

/// What frames are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NmVector {
    EnergyWindow,
    Detector,
    Phase,
    TimeSlice,
    RrInterval,
    TimeSlot,
    Rotation,
    AngularView,
    Slice,
}

impl NmVector {
    const fn tag(self) -> Tag {
        match self {
            Self::EnergyWindow => tags::ENERGY_WINDOW_VECTOR,
            Self::Detector => tags::DETECTOR_VECTOR,
            Self::Phase => tags::PHASE_VECTOR,
            Self::TimeSlice => tags::TIME_SLICE_VECTOR,
            Self::RrInterval => tags::RR_INTERVAL_VECTOR,
            Self::TimeSlot => tags::TIME_SLOT_VECTOR,
            Self::Rotation => tags::ROTATION_VECTOR,
            Self::AngularView => tags::ANGULAR_VIEW_VECTOR,
            Self::Slice => tags::SLICE_VECTOR,
        }
    }

    const fn of(self, frame: &NmFrame) -> u16 {
        match self {
            Self::EnergyWindow => frame.energy_window,
            Self::Detector => frame.detector,
            Self::Phase => frame.phase,
            Self::TimeSlice => frame.time_slice,
            Self::RrInterval => frame.rr_interval,
            Self::TimeSlot => frame.time_slot,
            Self::Rotation => frame.rotation,
            Self::AngularView => frame.angular_view,
            Self::Slice => frame.slice,
        }
    }
}

/// The place of a frame in each vector, counted from 1; vectors that the kind does not use are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct NmFrame {
    pub energy_window: u16,
    pub detector: u16,
    pub phase: u16,
    pub time_slice: u16,
    pub rr_interval: u16,
    pub time_slot: u16,
    pub rotation: u16,
    pub angular_view: u16,
    pub slice: u16,
}

impl Default for NmFrame {
    fn default() -> Self {
        Self {
            energy_window: 1,
            detector: 1,
            phase: 1,
            time_slice: 1,
            rr_interval: 1,
            time_slot: 1,
            rotation: 1,
            angular_view: 1,
            slice: 1,
        }
    }
}

/// An energy window.
#[derive(Debug, Clone, PartialEq)]
pub struct EnergyWindow {
    /// Its name.
    pub name: String,
    /// Lower limit, keV.
    pub low_kev: f64,
    /// Upper limit, keV.
    pub high_kev: f64,
}

/// A detector (PS3.3 C.8.4.11).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detector {
    /// Where the first slice lies, of reconstructed slices; their stack goes on by the spacing.
    pub plane: Option<ImagePlane>,
    /// Angle at the start of a planar image, degrees.
    pub start_angle_degrees: Option<f64>,
    /// From where it looks: anterior, posterior.
    pub view: Option<Code>,
}

/// A phase of a dynamic acquisition (PS3.3 C.8.4.14).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// Frames in it.
    pub frames: u16,
    /// Duration of one, s.
    pub frame_s: f64,
}

/// How the cardiac cycle was cut (PS3.3 C.8.4.13).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gating {
    /// Length of the cycle, s.
    pub rr_s: f64,
    /// Time slots in it.
    pub time_slots: u16,
    /// Cycles that were accepted.
    pub beats: u16,
}

/// A rotation of the detectors (PS3.3 C.8.4.12).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotation {
    /// Angle of the first view of the first detector, degrees.
    pub start_degrees: f64,
    /// Angle from view to view, degrees.
    pub step_degrees: f64,
    /// Views.
    pub views: u16,
    /// Duration of a view, s.
    pub view_s: f64,
    /// Distance of the detector from the axis, mm.
    pub radius_mm: f64,
}

/// What is particular to one NM object.
#[derive(Debug, Clone)]
pub struct NmImage {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Instance Number.
    pub instance_number: i64,
    /// Acquisition Date and Time.
    pub acquired: DateTime,
    /// What the frames are.
    pub kind: NmKind,
    /// Each frame's place in the vectors.
    pub frames: Vec<NmFrame>,
    /// Distance between rows, then between columns, mm.
    pub pixel_spacing_mm: [f64; 2],
    /// Spacing Between Slices of reconstructed slices, mm.
    pub slice_spacing_mm: Option<f64>,
    /// Duration of a frame of static and whole-body images, s.
    pub frame_s: Option<f64>,
    /// Scan Velocity in mm/s and Scan Length in mm, of whole-body images.
    pub sweep: Option<[f64; 2]>,
    /// Energy windows; at least one.
    pub energy_windows: Vec<EnergyWindow>,
    /// Detectors; at least one.
    pub detectors: Vec<Detector>,
    /// What was injected.
    pub radiopharmaceutical: Radiopharmaceutical,
    /// Phases, of dynamic images.
    pub phases: Vec<Phase>,
    /// Gating, of gated images.
    pub gating: Option<Gating>,
    /// Rotation, of projections and of slices made from them.
    pub rotation: Option<Rotation>,
    /// Counts Accumulated.
    pub counts: i64,
    /// The stored values of all frames.
    pub pixels: Pixels,
}

/// Makes an NM image.
///
/// # Errors
///
/// [`Error::Invalid`] when the number of frames and of their places differ.
pub fn nm_image(study: &Study, series: &Series, image: NmImage) -> Result<Instance, Error> {
    let frames = image.pixels.frames()?;
    if frames != image.frames.len() {
        return Err(Error::invalid("frames", image.frames.len(), frames));
    }
    let mut dataset = series.begin(study, "NM");
    series.put_image(&mut dataset, image.instance_number, image.acquired);
    put_patient_orientation(&mut dataset);
    dataset
        .texts(
            tags::IMAGE_TYPE,
            &["ORIGINAL", "PRIMARY", image.kind.term(), "EMISSION"],
        )
        .decimals(tags::PIXEL_SPACING, &image.pixel_spacing_mm)
        .integers(tags::COUNTS_ACCUMULATED, &[image.counts]);
    put_vectors(&image, &mut dataset);
    put_isotope(&image, &mut dataset);
    put_detectors(&image, &mut dataset);
    put_timing(&image, &mut dataset);
    Ok(Instance::new(
        uids::NUCLEAR_MEDICINE_IMAGE_STORAGE,
        &image.sop_instance_uid,
        dataset,
    )
    .with_pixels(image.pixels))
}

/// Frame Increment Pointer and the vectors it points to (PS3.3 C.8.4.8).
fn put_vectors(image: &NmImage, dataset: &mut Dataset) {
    let vectors = image.kind.vectors();
    let pointers: Vec<Tag> = vectors.iter().map(|vector| vector.tag()).collect();
    dataset
        .integers(tags::NUMBER_OF_FRAMES, &[image.frames.len() as i64])
        .tags(tags::FRAME_INCREMENT_POINTER, &pointers);
    for vector in vectors {
        let places: Vec<u16> = image.frames.iter().map(|frame| vector.of(frame)).collect();
        dataset.unsigned(vector.tag(), &places);
    }
    let largest = |vector: NmVector| image.frames.iter().map(|f| vector.of(f)).max().unwrap_or(1);
    let uses = |vector: NmVector| vectors.contains(&vector);
    dataset
        .unsigned(
            tags::NUMBER_OF_ENERGY_WINDOWS,
            &[image.energy_windows.len() as u16],
        )
        .unsigned(tags::NUMBER_OF_DETECTORS, &[image.detectors.len() as u16]);
    for (vector, count) in [
        (NmVector::Phase, tags::NUMBER_OF_PHASES),
        (NmVector::RrInterval, tags::NUMBER_OF_RR_INTERVALS),
        (NmVector::TimeSlot, tags::NUMBER_OF_TIME_SLOTS),
        (NmVector::Slice, tags::NUMBER_OF_SLICES),
    ] {
        if uses(vector) {
            dataset.unsigned(count, &[largest(vector)]);
        }
    }
}

fn put_isotope(image: &NmImage, dataset: &mut Dataset) {
    let window = |window: &EnergyWindow| {
        let mut range = Dataset::new();
        range
            .decimals(tags::ENERGY_WINDOW_LOWER_LIMIT, &[window.low_kev])
            .decimals(tags::ENERGY_WINDOW_UPPER_LIMIT, &[window.high_kev]);
        let mut item = Dataset::new();
        item.text(tags::ENERGY_WINDOW_NAME, &window.name)
            .item(tags::ENERGY_WINDOW_RANGE_SEQUENCE, range);
        item
    };
    dataset
        .sequence(
            tags::ENERGY_WINDOW_INFORMATION_SEQUENCE,
            image.energy_windows.iter().map(window).collect(),
        )
        .item(
            tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
            image.radiopharmaceutical.item(),
        );
}

fn put_detectors(image: &NmImage, dataset: &mut Dataset) {
    let detector = |detector: &Detector| {
        let mut item = Dataset::new();
        item.text(tags::COLLIMATOR_TYPE, "PARA")
            .empty(tags::COLLIMATOR_GRID_NAME);
        match detector.plane {
            Some(plane) => {
                let position = [plane.position[0], plane.position[1], plane.position[2]];
                item.decimals(tags::IMAGE_POSITION_PATIENT, &position)
                    .decimals(tags::IMAGE_ORIENTATION_PATIENT, &plane.orientation())
            }
            None => item
                .empty(tags::IMAGE_POSITION_PATIENT)
                .empty(tags::IMAGE_ORIENTATION_PATIENT),
        };
        if let Some(angle) = detector.start_angle_degrees {
            item.decimals(tags::START_ANGLE, &[angle]);
        }
        if let Some(view) = &detector.view {
            item.code(tags::VIEW_CODE_SEQUENCE, view.clone());
        }
        item
    };
    dataset.sequence(
        tags::DETECTOR_INFORMATION_SEQUENCE,
        image.detectors.iter().map(detector).collect(),
    );
    if let Some(spacing_mm) = image.slice_spacing_mm {
        dataset
            .decimals(tags::SPACING_BETWEEN_SLICES, &[spacing_mm])
            .decimals(tags::SLICE_THICKNESS, &[spacing_mm]);
    }
}

fn put_timing(image: &NmImage, dataset: &mut Dataset) {
    if let Some(frame_s) = image.frame_s {
        dataset.integers(tags::ACTUAL_FRAME_DURATION, &[milliseconds(frame_s)]);
    }
    if let Some([velocity_mm_s, length_mm]) = image.sweep {
        dataset
            .decimals(tags::SCAN_VELOCITY, &[velocity_mm_s])
            .integers(tags::SCAN_LENGTH, &[length_mm.round() as i64]);
    }
    if !image.phases.is_empty() {
        let phases = image.phases.iter().map(|phase| {
            let mut item = Dataset::new();
            item.unsigned(tags::NUMBER_OF_FRAMES_IN_PHASE, &[phase.frames])
                .integers(tags::PHASE_DELAY, &[0])
                .integers(tags::ACTUAL_FRAME_DURATION, &[milliseconds(phase.frame_s)])
                .integers(tags::PAUSE_BETWEEN_FRAMES, &[0]);
            item
        });
        dataset.sequence(tags::PHASE_INFORMATION_SEQUENCE, phases.collect());
    }
    if let Some(gating) = &image.gating {
        dataset.item(tags::GATED_INFORMATION_SEQUENCE, gated_item(gating));
    }
    if let Some(rotation) = &image.rotation {
        dataset.unsigned(tags::NUMBER_OF_ROTATIONS, &[1]);
        dataset.item(
            tags::ROTATION_INFORMATION_SEQUENCE,
            rotation_item(rotation, image.detectors.len()),
        );
    }
}

fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

fn gated_item(gating: &Gating) -> Dataset {
    let mut interval = Dataset::new();
    let rr_ms = milliseconds(gating.rr_s);
    interval
        .decimals(
            tags::FRAME_TIME,
            &[gating.rr_s * 1000.0 / f64::from(gating.time_slots)],
        )
        .integers(tags::LOW_RR_VALUE, &[rr_ms * 9 / 10])
        .integers(tags::HIGH_RR_VALUE, &[rr_ms * 11 / 10])
        .integers(tags::INTERVALS_ACQUIRED, &[i64::from(gating.beats)])
        .integers(tags::INTERVALS_REJECTED, &[0]);
    let mut item = Dataset::new();
    item.decimals(tags::TRIGGER_TIME, &[0.0])
        .text(tags::CARDIAC_FRAMING_TYPE, "FORW")
        .item(tags::DATA_INFORMATION_SEQUENCE, interval);
    item
}

fn rotation_item(rotation: &Rotation, detectors: usize) -> Dataset {
    let mut item = Dataset::new();
    item.decimals(tags::START_ANGLE, &[rotation.start_degrees])
        .decimals(tags::ANGULAR_STEP, &[rotation.step_degrees])
        .text(tags::ROTATION_DIRECTION, "CC")
        .decimals(
            tags::SCAN_ARC,
            &[rotation.step_degrees * f64::from(rotation.views) * detectors as f64],
        )
        .integers(tags::ACTUAL_FRAME_DURATION, &[milliseconds(rotation.view_s)])
        .decimals(
            tags::RADIAL_POSITION,
            &vec![rotation.radius_mm; usize::from(rotation.views)],
        )
        .decimals(tags::TABLE_TRAVERSE, &[0.0])
        .decimals(tags::TABLE_HEIGHT, &[0.0])
        .unsigned(tags::NUMBER_OF_FRAMES_IN_ROTATION, &[rotation.views]);
    item
}
