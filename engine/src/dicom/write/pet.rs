//! Positron Emission Tomography Image Storage (PS3.3 A.21).

use dicom_dictionary_std::{tags, uids};

use super::study::put_patient_orientation;
use super::{Code, Dataset, DateTime, ImagePlane, Instance, Pixels, Series, Study};

/// What was injected, and when (Radiopharmaceutical Information Sequence, PS3.3 C.8.9.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Radiopharmaceutical {
    /// Its name.
    pub name: String,
    /// The radionuclide's code.
    pub radionuclide: Code,
    /// The tracer's code.
    pub tracer: Code,
    /// Radionuclide Total Dose, Bq at the time of injection.
    pub activity_bq: f64,
    /// Radionuclide Half Life, s.
    pub half_life_s: f64,
    /// Radionuclide Positron Fraction, 0 to 1.
    pub positron_fraction: f64,
    /// When it was injected.
    pub injected: DateTime,
}

impl Radiopharmaceutical {
    /// The item of the sequence.
    pub(super) fn item(&self) -> Dataset {
        let mut item = Dataset::new();
        item.text(tags::RADIOPHARMACEUTICAL, &self.name)
            .text(tags::RADIOPHARMACEUTICAL_START_TIME, self.injected.time())
            .text(
                tags::RADIOPHARMACEUTICAL_START_DATE_TIME,
                self.injected.date_time(),
            )
            .decimals(tags::RADIONUCLIDE_TOTAL_DOSE, &[self.activity_bq])
            .decimals(tags::RADIONUCLIDE_HALF_LIFE, &[self.half_life_s])
            .decimals(tags::RADIONUCLIDE_POSITRON_FRACTION, &[self.positron_fraction])
            .code(tags::RADIONUCLIDE_CODE_SEQUENCE, self.radionuclide.clone())
            .code(tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE, self.tracer.clone());
        item
    }
}

/// Decay Correction (0054,1102).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecayCorrection {
    /// To the start of the acquisition.
    Start,
    /// To the injection.
    Administration,
    /// Not corrected.
    None,
}

impl DecayCorrection {
    const fn term(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Administration => "ADMIN",
            Self::None => "NONE",
        }
    }
}

/// What all images of a PET series share (PS3.3 C.8.9.1).
#[derive(Debug, Clone, PartialEq)]
pub struct PetSeries {
    /// Units (0054,1001): `BQML`, `GML`, `CNTS`.
    pub units: &'static str,
    /// Decay Correction.
    pub decay_correction: DecayCorrection,
    /// What was injected.
    pub radiopharmaceutical: Radiopharmaceutical,
    /// First value of Series Type: `WHOLE BODY`, `STATIC`, `DYNAMIC`, `GATED`.
    pub kind: &'static str,
    /// Number of Slices.
    pub slices: u16,
    /// Which corrections were made (Corrected Image): `DECY`, `ATTN`, `SCAT`, …
    pub corrected: Vec<&'static str>,
}

/// When one PET image was acquired (PS3.3 C.8.9.4).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PetFrame {
    /// Acquisition Date and Time: the start of the bed position or time frame.
    pub acquired: DateTime,
    /// Actual Frame Duration, s.
    pub duration_s: f64,
    /// Frame Reference Time, s after the series' reference time.
    pub reference_s: f64,
    /// Decay Factor that the values were multiplied by.
    pub decay_factor: f64,
}

/// R-R interval of a gated PET image (PS3.3 C.8.9.3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatedTiming {
    /// Trigger Time, s after the R wave.
    pub trigger_s: f64,
    /// Frame Time, s.
    pub frame_s: f64,
}

/// What is particular to one PET image.
#[derive(Debug, Clone)]
pub struct PetImage {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Instance Number.
    pub instance_number: i64,
    /// Image Index (0054,1330), from 1.
    pub image_index: u16,
    /// Where the image lies.
    pub plane: ImagePlane,
    /// When it was acquired.
    pub frame: PetFrame,
    /// Gate, in gated series.
    pub gated: Option<GatedTiming>,
    /// Rescale Slope of this image; PET has no intercept.
    pub slope: f64,
    /// Window Center and Width, in the series' units.
    pub window: [f64; 2],
    /// The stored values.
    pub pixels: Pixels,
}

/// Makes a PET image.
#[must_use]
pub fn pet_image(study: &Study, series: &Series, pet: &PetSeries, image: PetImage) -> Instance {
    let mut dataset = series.begin(study, "PT");
    series.put_image(&mut dataset, image.instance_number, image.frame.acquired);
    put_patient_orientation(&mut dataset);
    image.plane.put(&mut dataset);
    put_series(pet, &mut dataset);
    dataset
        .texts(tags::IMAGE_TYPE, &["ORIGINAL", "PRIMARY"])
        .unsigned(tags::IMAGE_INDEX, &[image.image_index])
        .integers(
            tags::ACTUAL_FRAME_DURATION,
            &[(image.frame.duration_s * 1000.0).round() as i64],
        )
        .decimals(tags::FRAME_REFERENCE_TIME, &[image.frame.reference_s * 1000.0])
        .decimals(tags::DECAY_FACTOR, &[image.frame.decay_factor])
        .decimals(tags::RESCALE_SLOPE, &[image.slope])
        .decimals(tags::RESCALE_INTERCEPT, &[0.0])
        .decimals(tags::WINDOW_CENTER, &[image.window[0]])
        .decimals(tags::WINDOW_WIDTH, &[image.window[1]]);
    if let Some(gate) = image.gated {
        dataset
            .decimals(tags::TRIGGER_TIME, &[gate.trigger_s * 1000.0])
            .decimals(tags::FRAME_TIME, &[gate.frame_s * 1000.0]);
    }
    Instance::new(
        uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE,
        &image.sop_instance_uid,
        dataset,
    )
    .with_pixels(image.pixels)
}

fn put_series(pet: &PetSeries, dataset: &mut Dataset) {
    dataset
        .text(tags::UNITS, pet.units)
        .text(tags::COUNTS_SOURCE, "EMISSION")
        .texts(tags::SERIES_TYPE, &[pet.kind, "IMAGE"])
        .unsigned(tags::NUMBER_OF_SLICES, &[pet.slices])
        .texts(tags::CORRECTED_IMAGE, &pet.corrected)
        .text(tags::DECAY_CORRECTION, pet.decay_correction.term())
        .text(tags::COLLIMATOR_TYPE, "NONE")
        .text(tags::RANDOMS_CORRECTION_METHOD, "DLYD")
        .text(tags::ATTENUATION_CORRECTION_METHOD, "CT-based")
        .text(tags::SCATTER_CORRECTION_METHOD, "model-based")
        .text(tags::RECONSTRUCTION_METHOD, "analytic phantom")
        .item(
            tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
            pet.radiopharmaceutical.item(),
        );
}
