//! Units, corrections, written numbers, kinds.

use super::*;
use crate::suv::body::{LeanBodyMass, ideal_body_weight_kg, lean_body_mass_kg};
use crate::suv::{Refusal, SuvKind, UnitPath};

#[test]
fn a_faultless_series_has_no_notes() {
    check(|_| {}, 1.0, &[]);
    check(|series| series.modality = text("NM"), 1.0, &[]);
    check(|series| series.units = text(" bqml "), 1.0, &[]);
    check(|series| series.acquisitions.truncate(1), 1.0, &[]);
}

#[test]
fn units_that_lead_to_no_suv_are_refused() {
    for units in ["CPS", "PROPCPS", "PROPCNTS", "1CM", "PCNT", "XYZ"] {
        let expected = format!("units: expected BQML, GML, CM2ML or CNTS, found {units}");
        check_refused(|series| series.units = text(units), &expected);
    }
    check_refused(
        |series| series.units = None,
        "no Units in the images; expected a value",
    );
    check_refused(
        |series| series.units = text("  "),
        "no Units in the images; expected a value",
    );
    check_refused(
        |series| series.modality = text("CT"),
        "modality: expected PT or NM, found CT",
    );
    check_refused(
        |series| series.acquisitions[1].rescale_intercept = Some(-1024.0),
        "rescale intercept: expected 0, found -1024",
    );
}

#[test]
fn images_that_were_not_corrected_are_refused() {
    check_refused(
        |series| series.corrected_image = terms(&["DECY", "NORM"]),
        r"corrected image: expected ATTN among the corrections, found DECY\NORM",
    );
    check_refused(
        |series| series.corrected_image = None,
        "no Corrected Image in the images; expected a value",
    );
    check_refused(
        |series| series.corrected_image = terms(&[]),
        "corrected image: expected ATTN among the corrections, found none",
    );
    check_refused(
        |series| series.corrected_image = terms(&["ATTN"]),
        "corrected image: expected DECY as decay correction is START, found ATTN",
    );
    check_refused(
        |series| {
            series.decay_correction = text("ADMIN");
            series.corrected_image = terms(&["ATTN"]);
        },
        "corrected image: expected DECY as decay correction is ADMIN, found ATTN",
    );
    check_refused(
        |series| series.decay_correction = text("NONE"),
        r"corrected image: expected no DECY as decay correction is NONE, found NORM\ATTN\DECY",
    );
    check_refused(
        |series| series.decay_correction = None,
        "no Decay Correction in the images; expected a value",
    );
    check_refused(
        |series| series.decay_correction = text("SCAN"),
        "decay correction: expected START, ADMIN or NONE, found SCAN",
    );
}

#[test]
fn a_missing_number_is_never_guessed() {
    check_refused(
        |series| series.patient_weight = None,
        "no Patient's Weight in the images; expected a value",
    );
    check_refused(
        |series| series.patient_weight = Some(0.0),
        "Patient's Weight: expected a positive number, found 0",
    );
    check_refused(
        |series| series.patient_weight = Some(f64::NAN),
        "Patient's Weight: expected a positive number, found NaN",
    );
    check_refused(
        |series| series.radionuclide_total_dose = None,
        "no Radionuclide Total Dose in the images; expected a value",
    );
    check_refused(
        |series| series.radionuclide_total_dose = Some(0.0),
        "Radionuclide Total Dose: expected a positive number, found 0",
    );
    check_refused(
        |series| {
            series.radionuclide_half_life_s = Some(0.0);
            series.radionuclide_code_value = text("C-XXXXX");
        },
        "no Radionuclide Half Life in the images; expected a value",
    );
    check_refused(
        |series| {
            series.radiopharmaceutical_start_date_time = None;
            series.radiopharmaceutical_start_time_s = None;
        },
        "no injection time in the images; expected a value",
    );
    check_refused(
        |series| series.acquisitions.clear(),
        "no Acquisition Date and Time in the images; expected a value",
    );
}

#[test]
fn units_of_the_input_are_repaired_and_said() {
    check(
        |series| series.radionuclide_total_dose = Some(368.08),
        1.0,
        &["activity-in-mbq"],
    );
    check(
        |series| series.patient_weight = Some(70_000.0),
        1.0,
        &["weight-in-grams"],
    );
    check(
        |series| series.patient_size = Some(175.0),
        1.0,
        &["height-in-centimetres"],
    );
    check(
        |series| series.patient_size = Some(0.7),
        1.0,
        &["body-implausible"],
    );
    check(
        |series| series.radionuclide_half_life_s = None,
        1.0,
        &["half-life-from-radionuclide"],
    );
    check(
        |series| {
            series.radionuclide_half_life_s = None;
            series.radionuclide_code_value = None;
            series.radionuclide_code_meaning = text("^18^Fluorine");
        },
        1.0,
        &["half-life-from-radionuclide"],
    );
    check(
        |series| series.radionuclide_total_dose = Some(0.368_08),
        1e3,
        &["activity-in-mbq", "activity-implausible"],
    );
}

#[test]
fn a_doubtful_half_life_is_a_warning() {
    let zr89 = |series: &mut Attributes| {
        series.radionuclide_half_life_s = None;
        series.radionuclide_code_value = text("^89^Zirconium");
    };
    let warnings = convert(&changed(zr89)).unwrap().audit.warnings;
    assert_eq!(warnings[0].code, "half-life-unverified");
    let ga68 = changed(|series| series.radionuclide_code_value = text("C-131A3"));
    assert_eq!(
        convert(&ga68).unwrap().audit.warnings[0].code,
        "half-life-differs-from-radionuclide"
    );
}

#[test]
fn stored_suv_is_turned_back_to_body_weight() {
    let stored = |units: &'static str, suv_type: Option<&str>| {
        let suv_type = suv_type.map(str::to_owned);
        move |series: &mut Attributes| {
            series.units = text(units);
            series.suv_type = suv_type;
        }
    };
    check(stored("GML", None), 3600.0, &[]);
    check(stored("GML", Some("BW")), 3600.0, &[]);
    check(stored("GML", Some("LBM")), 3600.0 * 70.0 / 57.80, &[]);
    check(stored("GML", Some("LBMJAMES128")), 3600.0 * 70.0 / 56.52, &[]);
    check(stored("GML", Some("LBMJANMA")), 3600.0 * 70.0 / 55.8571, &[]);
    check(stored("GML", Some("IBW")), 3600.0 * 70.0 / 72.38, &[]);
    check(stored("CM2ML", Some("BSA")), 3600.0 * 70_000.0 / 18_481.43, &[]);
    check_refused(
        stored("GML", Some("BSA")),
        "SUV type of GML: expected BW, LBM, LBMJAMES128, LBMJANMA or IBW, found BSA",
    );
    check_refused(
        stored("CM2ML", Some("BW")),
        "SUV type of CM2ML: expected BSA, found BW",
    );
    check_refused(
        |series| {
            stored("GML", Some("LBM"))(series);
            series.patient_sex = None;
        },
        "no Patient's Sex in the images; expected a value",
    );
}

#[test]
fn stored_suv_needs_no_times_but_doubts_them() {
    let bare = |series: &mut Attributes| {
        series.units = text("GML");
        series.decay_correction = None;
        series.acquisitions.clear();
        series.radionuclide_total_dose = None;
        series.patient_weight = None;
    };
    check(bare, 3600.0, &[]);
    check(
        |series| {
            series.units = text("GML");
            series.corrected_image = terms(&["ATTN"]);
            series.radiopharmaceutical_start_date_time = at(SERIES_START_S + 60.0);
        },
        3600.0,
        &["not-decay-corrected", "uptake-doubtful"],
    );
    check_refused(
        |series| {
            bare(series);
            series.corrected_image = terms(&["DECY"]);
        },
        "corrected image: expected ATTN among the corrections, found DECY",
    );
}

#[test]
fn counts_become_suv_by_philips_factors_only() {
    let counts = |suv: Option<f64>, activity: Option<f64>| {
        move |series: &mut Attributes| {
            series.units = text("CNTS");
            series.philips_suv_scale_factor = suv;
            series.philips_activity_concentration_scale_factor = activity;
        }
    };
    check(counts(Some(2.0 * FACTOR), None), 2.0, &[]);
    check(counts(Some(2.0 * FACTOR), Some(2.0)), 2.0, &[]);
    check(
        counts(Some(2.0 * FACTOR), Some(2.1)),
        2.0,
        &["philips-factors-disagree"],
    );
    check(counts(Some(0.0), Some(3.0)), 3.0, &[]);
    check(counts(None, Some(3.0)), 3.0, &[]);
    let expected =
        "units CNTS: expected a Philips SUV or activity concentration scale factor, found none above zero";
    check_refused(counts(None, None), expected);
    check_refused(counts(Some(0.0), Some(0.0)), expected);
    check_refused(counts(Some(-1.0), Some(f64::NAN)), expected);
    let found = convert(&changed(counts(None, Some(3.0))))
        .unwrap()
        .audit
        .unit_path;
    assert_eq!(found, UnitPath::PhilipsActivityFactor);
    // In Bq/mL the factors say nothing.
    check(|series| series.philips_suv_scale_factor = Some(5.0), 1.0, &[]);
}

#[test]
fn a_kind_that_lacks_its_measure_is_refused_alone() {
    let without = |change: fn(&mut Attributes)| convert(&changed(change)).unwrap();
    let no_height = without(|series| series.patient_size = None);
    let no_sex = without(|series| series.patient_sex = None);
    let other = without(|series| series.patient_sex = Some(Sex::Other));
    let tiny = without(|series| series.patient_size = Some(1.0));
    for kind in SuvKind::ALL {
        let by_size_alone = matches!(kind, SuvKind::Bw | SuvKind::Bsa);
        assert_eq!(
            no_height.multiplier(kind).is_ok(),
            kind == SuvKind::Bw,
            "{kind:?}"
        );
        assert_eq!(no_sex.multiplier(kind).is_ok(), by_size_alone, "{kind:?}");
        let expected = if by_size_alone { None } else { Some(Refusal::Sex) };
        assert_eq!(other.multiplier(kind).err(), expected, "{kind:?}");
        assert_eq!(tiny.multiplier(kind).is_ok(), kind != SuvKind::Ibw, "{kind:?}");
    }
}

#[test]
fn a_formula_outside_its_bodies_gives_nothing() {
    let check =
        |found: Result<f64, Refusal>, expected: &str| assert_eq!(found.unwrap_err().to_string(), expected);
    assert!(matches!(
        ideal_body_weight_kg(1.0, Sex::Male),
        Err(Refusal::NotPositive {
            what: "ideal body weight",
            ..
        })
    ));
    let james = |kg| lean_body_mass_kg(LeanBodyMass::James128, kg, 1.5, Sex::Male);
    assert!(james(150.0).is_ok());
    assert!(matches!(
        james(250.0),
        Err(Refusal::NotPositive {
            what: "lean body mass",
            ..
        })
    ));
    check(
        james(-1.0),
        "Patient's Weight: expected a positive number, found -1",
    );
}

#[test]
fn kinds_have_names_of_their_own() {
    for names in [
        SuvKind::key,
        SuvKind::label,
        SuvKind::ucum,
        |kind: SuvKind| kind.code().value,
        |kind: SuvKind| kind.method_code().value,
    ] {
        let mut found = SuvKind::ALL.map(names).to_vec();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), SuvKind::ALL.len(), "{found:?}");
    }
    assert_eq!(SuvKind::SUL.label(), "SUL (Janmahasatian)");
    assert_eq!(SuvKind::Bw.code().value, "126401");
}
