//! PET and SPECT series to the attributes that decide their SUV.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::{Attributes as _, private_text};
use super::collection::Series;
use super::date_time::{date_and_time, date_time, parse_date_time, parse_time, with_offset_of};
use super::instance::Instance;
use super::stack::{FrameRef, Stack};
use crate::dicom::Result;
use crate::suv::{Acquisition, Attributes, Conversion, DateTime, Factors, Refusal, Sex, convert};
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// GE's block with the times of administration and scan.
const GE: &[&str] = &["GEMS_PETD_01"];
const GE_SCAN: Tag = Tag(0x0009, 0x100D);
const GE_ADMINISTRATION: Tag = Tag(0x0009, 0x103B);
/// Siemens' block with the time of decay correction.
const SIEMENS: &[&str] = &["SIEMENS MED PT"];
const SIEMENS_DECAY: Tag = Tag(0x0071, 0x1022);
/// Philips' block with both factors.
const PHILIPS: &[&str] = &["Philips PET Private Group"];
const PHILIPS_SUV: Tag = Tag(0x7053, 0x1000);
const PHILIPS_ACTIVITY: Tag = Tag(0x7053, 0x1009);

/// Takes from a series what SUV is made of; the acquisitions are those of the stack's slices in their order, then those of
/// the series' other images.
#[must_use]
pub fn suv_attributes(series: &Series, stack: &Stack) -> Attributes {
    let instance = &series.instances[stack.frames[0].instance];
    let object = &instance.data_set;
    // Two tracers in one body have no one dose: none is taken, and SUV refused for want of it.
    let tracer = match object.items(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE) {
        [only] => Some(only),
        _ => None,
    };
    let nuclide = tracer.and_then(|item| item.item(tags::RADIONUCLIDE_CODE_SEQUENCE));
    let private = |tag, creators| private_text(object, tag, creators);
    let private_time = |tag, creators| {
        let text = private(tag, creators)?;
        Some(with_offset_of(object, parse_date_time(&text)?))
    };
    let private_number = |tag| {
        private(tag, PHILIPS)?
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
    };
    Attributes {
        modality: object.text(tags::MODALITY),
        series_type: object.text(tags::SERIES_TYPE),
        units: units(series, stack),
        suv_type: object.text(tags::SUV_TYPE),
        decay_correction: decay_correction(object),
        corrected_image: corrected_image(object),
        series_date_time: date_and_time(object, tags::SERIES_DATE, tags::SERIES_TIME),
        decay_correction_date_time: date_time(object, tags::DECAY_CORRECTION_DATE_TIME),
        acquisitions: images(series, stack)
            .map(|at| acquisition(&series.instances[at.instance], at.frame))
            .collect(),
        radiopharmaceutical_start_date_time: tracer.and_then(|item| start_date_time(object, item)),
        radiopharmaceutical_start_time_s: tracer
            .and_then(|item| parse_time(&item.text(tags::RADIOPHARMACEUTICAL_START_TIME)?)),
        ge_administration_date_time: private_time(GE_ADMINISTRATION, GE),
        ge_scan_date_time: private_time(GE_SCAN, GE),
        siemens_decay_correction_date_time: private_time(SIEMENS_DECAY, SIEMENS),
        radionuclide_total_dose: tracer.and_then(|item| item.number(tags::RADIONUCLIDE_TOTAL_DOSE)),
        radionuclide_half_life_s: tracer.and_then(|item| item.number(tags::RADIONUCLIDE_HALF_LIFE)),
        radionuclide_code_value: nuclide.and_then(|item| item.text(tags::CODE_VALUE)),
        radionuclide_code_meaning: nuclide.and_then(|item| item.text(tags::CODE_MEANING)),
        patient_weight: object.number(tags::PATIENT_WEIGHT),
        patient_size: object.number(tags::PATIENT_SIZE),
        patient_sex: sex(object),
        philips_suv_scale_factor: private_number(PHILIPS_SUV),
        philips_activity_concentration_scale_factor: private_number(PHILIPS_ACTIVITY),
    }
}

/// Gives the conversion of a stack to SUV: [`convert`] on its series' attributes, with a factor for each of its slices
/// where they differ.
///
/// # Errors
///
/// The [`Refusal`] of [`convert`].
pub fn suv_conversion(series: &Series, stack: &Stack) -> Result<Conversion, Refusal> {
    let mut conversion = convert(&suv_attributes(series, stack))?;
    if let Factors::PerSlice(factors) = &mut conversion.factors_bw {
        factors.truncate(stack.frames.len());
    }
    Ok(conversion)
}

/// The same volume in SUV by body weight; stored values stay unless each slice has a factor of its own.
///
/// # Errors
///
/// [`crate::dicom::Error::Volume`] for a factor that is 0 or not finite.
pub fn in_suv(volume: Volume, factors_bw: &Factors) -> Result<Volume> {
    let rescale = volume.rescale();
    if let Some(factor) = factors_bw.uniform() {
        let rescale = Rescale {
            slope: rescale.slope * factor,
            intercept: rescale.intercept * factor,
        };
        return Ok(volume.with_rescale(rescale, Unit::SuvBw)?);
    }
    let [columns, rows, _] = volume.grid().size();
    let frame = columns * rows;
    let value = |index: usize| {
        let factor = factors_bw.of(index / frame).unwrap_or(f64::NAN);
        (volume
            .voxels()
            .get(index)
            .map_or(f64::NAN, |stored| rescale.real(stored))
            * factor) as f32
    };
    let voxels = Voxels::F32((0..volume.voxels().len()).map(value).collect());
    let frame_of_reference_uid = volume.frame_of_reference_uid().map(str::to_owned);
    Ok(
        Volume::new(volume.grid().clone(), voxels, Rescale::IDENTITY, Unit::SuvBw)?
            .in_frame_of_reference(frame_of_reference_uid),
    )
}

fn sex(object: &InMemDicomObject) -> Option<Sex> {
    match object.text(tags::PATIENT_SEX)?.as_str() {
        "M" => Some(Sex::Male),
        "F" => Some(Sex::Female),
        "O" => Some(Sex::Other),
        _ => None,
    }
}

/// The stack's slices, then the other images of the series: its reference time may hang on the first of them all,
/// which in a dynamic series is of another time than this stack's.
fn images<'a>(series: &'a Series, stack: &'a Stack) -> impl Iterator<Item = FrameRef> + 'a {
    let others = series
        .sorted
        .stacks
        .iter()
        .filter(|other| !std::ptr::eq(*other, stack));
    stack
        .frames
        .iter()
        .chain(others.flat_map(|other| other.frames.iter()))
        .copied()
}

/// Units (0054,1001) of the stack; where images differ all of them, which is no unit and so refused.
fn units(series: &Series, stack: &Stack) -> Option<String> {
    let of = |at: &FrameRef| series.instances[at.instance].data_set.text(tags::UNITS);
    let mut found: Vec<String> = stack.frames.iter().filter_map(of).collect();
    found.sort_unstable();
    found.dedup();
    (!found.is_empty()).then(|| found.join(" and "))
}

fn start_date_time(object: &InMemDicomObject, tracer: &InMemDicomObject) -> Option<DateTime> {
    let moment = parse_date_time(&tracer.text(tags::RADIOPHARMACEUTICAL_START_DATE_TIME)?)?;
    Some(with_offset_of(object, moment))
}

/// Decay Correction (0054,1102); enhanced PET says Decay Corrected (0018,9758) YES or NO.
fn decay_correction(object: &InMemDicomObject) -> Option<String> {
    let classic = object.text(tags::DECAY_CORRECTION);
    classic.or_else(|| (object.text(tags::DECAY_CORRECTED)? == "NO").then(|| "NONE".to_owned()))
}

/// Corrected Image (0028,0051); enhanced PET has a flag for each correction (PS3.3 C.8.22.6).
fn corrected_image(object: &InMemDicomObject) -> Option<Vec<String>> {
    let classic = object.texts(tags::CORRECTED_IMAGE);
    if !classic.is_empty() {
        return Some(classic);
    }
    let flags = [
        (tags::ATTENUATION_CORRECTED, "ATTN"),
        (tags::DECAY_CORRECTED, "DECY"),
        (tags::SCATTER_CORRECTED, "SCAT"),
        (tags::DEAD_TIME_CORRECTED, "DTIM"),
        (tags::RANDOMS_CORRECTED, "RAN"),
    ];
    let stated = flags.iter().any(|(tag, _)| object.get(*tag).is_some());
    let corrected = flags
        .iter()
        .filter(|(tag, _)| object.text(*tag).as_deref() == Some("YES"));
    stated.then(|| corrected.map(|(_, term)| (*term).to_owned()).collect())
}

/// When one frame was acquired: of an enhanced object from its frame content, else from the top.
fn acquisition(instance: &Instance, frame: usize) -> Acquisition {
    let object = &instance.data_set;
    let groups = object
        .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .get(frame);
    let content = groups.and_then(|item| item.item(tags::FRAME_CONTENT_SEQUENCE));
    let classic = || {
        date_and_time(object, tags::ACQUISITION_DATE, tags::ACQUISITION_TIME)
            .or_else(|| date_time(object, tags::ACQUISITION_DATE_TIME))
    };
    Acquisition {
        acquisition_date_time: content
            .and_then(|item| date_time(item, tags::FRAME_ACQUISITION_DATE_TIME))
            .or_else(classic),
        frame_reference_time_ms: object.number(tags::FRAME_REFERENCE_TIME),
        actual_frame_duration_ms: content
            .and_then(|item| item.number(tags::FRAME_ACQUISITION_DURATION))
            .or_else(|| object.number(tags::ACTUAL_FRAME_DURATION)),
        rescale_intercept: instance
            .frames
            .get(frame)
            .filter(|frame| frame.has_rescale)
            .map(|frame| frame.rescale.intercept),
    }
}
