//! The moment to which images with Decay Correction START were corrected.

use crate::suv::attributes::ACQUISITION;
use crate::suv::audit::Notes;
use crate::suv::decay;
use crate::suv::injection::{TOLERATED_EFFECT, apart_in_day_s};
use crate::suv::time::DAY_S;
use crate::suv::{Acquisition, Attributes, DateTime, ReferenceTimeRule, Refusal};

/// Times are often written in whole seconds.
const ROUNDING_S: f64 = 1.0;

/// Finds the moment by the first rule that holds, and warns where another attribute contradicts it.
///
/// One moment serves the whole series, however many beds, gates or times it has: PS3.3 C.8.9.1.1.5 demands
/// that all images of a series be corrected to the same time.
pub(super) fn reference_time(
    attributes: &Attributes,
    constant_per_s: f64,
    notes: &mut Notes,
) -> Result<(DateTime, ReferenceTimeRule), Refusal> {
    let found = first_that_holds(attributes, constant_per_s, notes)?;
    compare(attributes, constant_per_s, found, notes);
    Ok(found)
}

fn first_that_holds(
    attributes: &Attributes,
    constant_per_s: f64,
    notes: &mut Notes,
) -> Result<(DateTime, ReferenceTimeRule), Refusal> {
    if let Some(written) = attributes.decay_correction_date_time {
        return Ok((written, ReferenceTimeRule::DecayCorrectionDateTime));
    }
    let earliest = attributes.earliest_acquisition();
    if let Some(scan) = attributes.ge_scan_date_time {
        if earliest.is_none_or(|earliest| (-ROUNDING_S..=DAY_S).contains(&earliest.seconds_since(scan))) {
            return Ok((scan, ReferenceTimeRule::GeScanDateTime));
        }
        notes.warn(
            "ge-scan-time-implausible",
            "GE's private scan time does not fit the acquisition and was not used.",
        );
    }
    // Without it nothing tells the Series Time of a scan from that of a later reconstruction.
    let earliest = earliest.ok_or(Refusal::Missing(ACQUISITION))?;
    if attributes
        .acquisitions
        .iter()
        .any(|image| image.acquisition_date_time.is_none())
    {
        notes.warn(
            "acquisition-times-incomplete",
            "Some images have no acquisition time; the first may be among them.",
        );
    }
    if let Some(series) = attributes
        .series_date_time
        .filter(|series| series.seconds_since(earliest) <= 0.0)
    {
        return Ok((series, ReferenceTimeRule::SeriesDateTime));
    }
    match from_frames(&attributes.acquisitions, earliest, constant_per_s) {
        Ok(frames) => {
            if frames.spread_s > ROUNDING_S {
                let spread_s = frames.spread_s;
                let text =
                    format!("Frame reference times disagree by {spread_s:.1} s; their median was used.");
                notes.warn("frame-reference-times-spread", text);
            }
            Ok((frames.start, ReferenceTimeRule::FrameReferenceTime))
        }
        Err(why) => {
            let text =
                format!("Series Time is absent or after the first acquisition, and {why}: that was used.");
            notes.warn("reference-time-doubtful", text);
            Ok((earliest, ReferenceTimeRule::EarliestAcquisition))
        }
    }
}

/// The moment that the frame reference times of all images count from.
struct Frames {
    start: DateTime,
    /// Seconds between the earliest and the latest that an image gives.
    spread_s: f64,
}

/// Counts every image back to the moment that its Frame Reference Time is an offset from: acquisition start
/// plus average time less frame reference time (PS3.3 C.8.9.4.1.5).
///
/// The median serves, since one image with a wrong time cannot move it. A moment after the first
/// acquisition cannot be its START: then the scanner wrote something else, often zero.
fn from_frames(
    images: &[Acquisition],
    earliest: DateTime,
    constant_per_s: f64,
) -> Result<Frames, &'static str> {
    let mut starts_s: Vec<f64> = images
        .iter()
        .filter_map(|image| series_start_s(image, earliest, constant_per_s))
        .collect();
    starts_s.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (starts_s.first(), starts_s.last()) else {
        return Err("there is no frame reference time with a duration");
    };
    let (median_s, spread_s) = (starts_s[starts_s.len() / 2], last - first);
    if decay::effect(constant_per_s, spread_s) > TOLERATED_EFFECT {
        Err("frame reference times contradict each other")
    } else if median_s > ROUNDING_S {
        Err("frame reference times give a start after it")
    } else {
        Ok(Frames {
            start: earliest.plus_seconds(median_s),
            spread_s,
        })
    }
}

/// Seconds from `earliest` to the moment that an image's Frame Reference Time counts from.
fn series_start_s(image: &Acquisition, earliest: DateTime, constant_per_s: f64) -> Option<f64> {
    let acquired_s = image.acquisition_date_time?.seconds_since(earliest);
    let duration_s = image.actual_frame_duration_ms? / 1000.0;
    let start_s = acquired_s + decay::average_time_s(constant_per_s, duration_s)
        - image.frame_reference_time_ms? / 1000.0;
    (duration_s > 0.0 && start_s.is_finite()).then_some(start_s)
}

fn compare(
    attributes: &Attributes,
    constant_per_s: f64,
    (found, rule): (DateTime, ReferenceTimeRule),
    notes: &mut Notes,
) {
    let matters = |apart_s: f64| decay::effect(constant_per_s, apart_s) > TOLERATED_EFFECT;
    if let Some(siemens) = attributes.siemens_decay_correction_date_time {
        let apart_s = apart_in_day_s(siemens, found);
        if matters(apart_s) {
            notes.warn(
                "siemens-decay-time-differs",
                format!("Siemens' private decay correction time differs by {apart_s:.0} s."),
            );
        }
    }
    let Some(earliest) = attributes.earliest_acquisition() else {
        return;
    };
    if let Ok(frames) = from_frames(&attributes.acquisitions, earliest, constant_per_s) {
        let apart_s = frames.start.seconds_since(found);
        if rule != ReferenceTimeRule::FrameReferenceTime && matters(apart_s) {
            let percent = ((constant_per_s * apart_s).exp() - 1.0) * 100.0;
            let text = format!(
                "Frame reference times give a start {apart_s:+.0} s away: SUV would change by {percent:+.1} %."
            );
            notes.warn("reference-times-disagree", text);
        }
    }
}
