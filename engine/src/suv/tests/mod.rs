//! The rules of the conversion, one by one: what is refused, repaired, doubted, and which time is taken.

mod properties;
mod times;
mod units;

use crate::suv::{Acquisition, Attributes, DateTime, ReferenceTimeRule, Sex, convert};

const F18_S: f64 = 6586.2;
const SERIES_START_S: f64 = 11.0 * 3600.0;
/// 3600 Bq/mL is SUV 1: 70 kg, 368.08 MBq of F-18 one hour before.
const FACTOR: f64 = 1.0 / 3600.0;

fn at(second: f64) -> Option<DateTime> {
    Some(DateTime::new(2025, 1, 1, 0.0).unwrap().plus_seconds(second))
}

fn text(term: &str) -> Option<String> {
    Some(term.to_owned())
}

fn terms(list: &[&str]) -> Option<Vec<String>> {
    Some(list.iter().map(|term| (*term).to_owned()).collect())
}

fn frame(second: f64, reference_s: f64, duration_s: f64) -> Acquisition {
    Acquisition {
        acquisition_date_time: at(second),
        frame_reference_time_ms: Some(reference_s * 1000.0),
        actual_frame_duration_ms: Some(duration_s * 1000.0),
        rescale_intercept: Some(0.0),
    }
}

/// A whole-body FDG series without fault: two beds of five minutes.
fn faultless() -> Attributes {
    Attributes {
        modality: text("PT"),
        series_type: text("WHOLE BODY"),
        units: text("BQML"),
        decay_correction: text("START"),
        corrected_image: terms(&["NORM", "ATTN", "DECY"]),
        series_date_time: at(SERIES_START_S),
        acquisitions: vec![
            frame(SERIES_START_S, 149.6, 300.0),
            frame(SERIES_START_S + 300.0, 449.6, 300.0),
        ],
        radiopharmaceutical_start_date_time: at(10.0 * 3600.0),
        radiopharmaceutical_start_time_s: Some(10.0 * 3600.0),
        radionuclide_total_dose: Some(368.08e6),
        radionuclide_half_life_s: Some(F18_S),
        radionuclide_code_value: text("C-111A1"),
        patient_weight: Some(70.0),
        patient_size: Some(1.75),
        patient_sex: Some(Sex::Male),
        ..Attributes::default()
    }
}

fn changed(change: impl FnOnce(&mut Attributes)) -> Attributes {
    let mut series = faultless();
    change(&mut series);
    series
}

/// The change makes the series refused, in these words.
fn check_refused(change: impl FnOnce(&mut Attributes), expected: &str) {
    match convert(&changed(change)) {
        Err(refusal) => assert_eq!(refusal.to_string(), expected),
        Ok(conversion) => panic!(
            "expected: {expected}\nfound a factor: {:?}",
            conversion.factors_bw
        ),
    }
}

/// The change leaves an SUV of `expected` times the faultless one, with these repairs and warnings.
fn check(change: impl FnOnce(&mut Attributes), expected: f64, notes: &[&str]) {
    let conversion = convert(&changed(change)).unwrap_or_else(|refusal| panic!("{refusal}"));
    let factor = conversion.factors_bw.uniform().unwrap();
    assert!(
        (factor / FACTOR / expected - 1.0).abs() < 2e-5,
        "expected {expected}, found {}",
        factor / FACTOR
    );
    let repairs = conversion.audit.repairs.iter().map(|repair| repair.code);
    let found: Vec<&str> = repairs
        .chain(conversion.audit.warnings.iter().map(|warning| warning.code))
        .collect();
    assert_eq!(found, notes);
}

/// The change makes the reference time come from this rule, so many seconds after the series' usual start.
fn check_rule(change: impl FnOnce(&mut Attributes), rule: ReferenceTimeRule, later_s: f64, notes: &[&str]) {
    let expected = (later_s / F18_S).exp2();
    let series = changed(change);
    assert_eq!(convert(&series).unwrap().audit.reference_time_rule, rule);
    check(|same| *same = series, expected, notes);
}
