//! Dynamic planar objects of nuclear medicine: images of one view, and when each was counted.

use codec::Warning;
use codec::pixels::PixelData;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::Attributes;
use super::frame::Frame;
use super::instance::Instance;
use super::planar::Planar;
use crate::dicom::{Error, Result};
use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::scintigraphy::{Dynamic, FrameTime};
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// Which frames of an object are taken; both are counted from 1, as in the object's vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Detector Vector (0054,0020).
    pub detector: i64,
    /// Energy Window Vector (0054,0010).
    pub energy_window: i64,
}

impl Default for View {
    fn default() -> Self {
        Self {
            detector: 1,
            energy_window: 1,
        }
    }
}

/// Decodes the frames of one view of a dynamic object (PS3.3 C.8.4.8, C.8.4.14) in the order of time.
///
/// Times count from the first phase's start, its delay included: each phase follows the one before after
/// Phase Delay, each frame the one before after Pause Between Frames. Images lie in their own plane, x
/// along the rows and y down; planar images have no place in the patient.
///
/// # Errors
///
/// [`Error::Missing`] for phases, durations or Pixel Spacing, none of which are guessed; [`Error::Invalid`] for
/// values that cannot be; [`Error::Codec`] for frames that cannot be decoded; [`Error::Dynamic`] when no frame
/// is of the view.
pub fn dynamic(instance: &Instance, pixels: &PixelData<'_>, view: View) -> Result<(Dynamic, Vec<Warning>)> {
    let phases = phases(&instance.data_set)?;
    let mut warnings = Vec::new();
    let ordered = ordered(instance, view, &mut warnings);
    let mut times = Vec::with_capacity(ordered.len());
    let mut images = Vec::with_capacity(ordered.len());
    for place in ordered {
        let phase = usize::try_from(place.phase - 1).ok().and_then(|n| phases.get(n));
        let phase = phase.ok_or_else(|| Error::Invalid {
            attribute: "Phase Vector",
            expected: "an item of Phase Information Sequence",
            found: place.phase.to_string(),
        })?;
        times.push(phase.time(place.time_slice));
        let (image, found) = image(instance, place.frame, pixels)?;
        images.push(image);
        warnings.extend(found);
    }
    warnings.dedup();
    Ok((Dynamic::new(images, times)?, warnings))
}

/// A phase: frames of one duration.
struct Phase {
    start_s: f64,
    frame_s: f64,
    pause_s: f64,
}

impl Phase {
    /// When a frame was counted; frames of a phase are numbered from 1.
    fn time(&self, time_slice: i64) -> FrameTime {
        FrameTime {
            start_s: self.start_s + (time_slice - 1) as f64 * (self.frame_s + self.pause_s),
            duration_s: self.frame_s,
        }
    }
}

fn phases(object: &InMemDicomObject) -> Result<Vec<Phase>> {
    let purpose = "tell when frames were counted";
    let items = object.items(tags::PHASE_INFORMATION_SEQUENCE);
    if items.is_empty() {
        let attribute = "Phase Information Sequence";
        return Err(Error::Missing { attribute, purpose });
    }
    let mut clock_s = 0.0;
    let mut phases = Vec::with_capacity(items.len());
    for item in items {
        let number = |tag, attribute| item.number(tag).ok_or(Error::Missing { attribute, purpose });
        // Milliseconds in the object; pauses are often left out when there are none.
        let frame_s = number(tags::ACTUAL_FRAME_DURATION, "Actual Frame Duration")? / 1000.0;
        let frames = number(tags::NUMBER_OF_FRAMES_IN_PHASE, "Number of Frames in Phase")?;
        let delay_s = item.number(tags::PHASE_DELAY).unwrap_or(0.0) / 1000.0;
        let pause_s = item.number(tags::PAUSE_BETWEEN_FRAMES).unwrap_or(0.0) / 1000.0;
        let start_s = clock_s + delay_s;
        clock_s = start_s + frames * (frame_s + pause_s);
        phases.push(Phase {
            start_s,
            frame_s,
            pause_s,
        });
    }
    Ok(phases)
}

/// Where a frame belongs in time.
struct Place {
    phase: i64,
    time_slice: i64,
    frame: usize,
}

/// The frames of a view in the order of phases and time slices.
fn ordered(instance: &Instance, view: View, warnings: &mut Vec<Warning>) -> Vec<Place> {
    let of_view = |frame: &Frame| {
        let is = |name, number| label(frame, name).is_none_or(|found| found == number);
        is("detector", view.detector) && is("energy window", view.energy_window)
    };
    let frames = instance.frames.iter().enumerate();
    let mut places: Vec<Place> = Vec::new();
    let mut unnumbered = false;
    for (number, frame) in frames.filter(|(_, frame)| of_view(frame)) {
        let phase = label(frame, "phase").unwrap_or(1);
        let before = places.iter().filter(|place| place.phase == phase).count() as i64;
        let time_slice = label(frame, "time slice");
        unnumbered |= time_slice.is_none();
        places.push(Place {
            phase,
            time_slice: time_slice.unwrap_or(before + 1),
            frame: number,
        });
    }
    if unnumbered {
        let text = "expected a Time Slice Vector, found none; frames are taken in their order in the object";
        warnings.push(Warning::new("frame-order", text));
    }
    places.sort_by_key(|place| (place.phase, place.time_slice, place.frame));
    places
}

/// Number of a frame in one of the object's vectors, which labels hold in thousandths.
fn label(frame: &Frame, name: &str) -> Option<i64> {
    let found = frame.labels.iter().find(|(label, _)| *label == name);
    found.map(|(_, thousandths)| thousandths / 1000)
}

fn image(instance: &Instance, number: usize, pixels: &PixelData<'_>) -> Result<(Volume, Vec<Warning>)> {
    let spacing = instance.frames[number].pixel_spacing_mm.ok_or(Error::Missing {
        attribute: "Pixel Spacing",
        purpose: "measure regions",
    })?;
    let (planar, warnings) = Planar::read(instance, number, pixels)?;
    let values = planar.values().ok_or_else(|| Error::Invalid {
        attribute: "Photometric Interpretation",
        expected: "counts in one sample a pixel",
        found: "colours".to_owned(),
    })?;
    let [columns, rows] = planar.size().map(|n| n as usize);
    let volume = Volume::new(
        Grid::new([columns, rows, 1], plane(spacing))?,
        Voxels::F32(values.into()),
        Rescale::IDENTITY,
        Unit::Counts,
    )?;
    Ok((volume, warnings))
}

/// The image's own plane; one slice of 1 mm, so that a pixel's area in mm² is its volume in mm³.
fn plane([rows_mm, columns_mm]: [f64; 2]) -> Affine<Patient, Voxel> {
    // Pixel Spacing is the distance of rows, then of columns.
    let axes = [
        Vector::new(columns_mm, 0.0, 0.0),
        Vector::new(0.0, rows_mm, 0.0),
        Vector::new(0.0, 0.0, 1.0),
    ];
    Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))
}

#[cfg(test)]
mod tests;
