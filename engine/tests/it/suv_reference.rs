//! SUV against values from outside: published formulas, digital reference objects, vendors' headers.

use std::collections::HashMap;

use engine::suv::body::{LeanBodyMass, Sex, body_surface_area_m2, ideal_body_weight_kg, lean_body_mass_kg};
use engine::suv::{Acquisition, Attributes, DateTime, Factors, Radionuclide, SuvKind, convert, decay};
use serde_json::Value;

const BODY_MEASURES: &str = include_str!("../../../testdata/reference/suv_body_measures.csv");
const DECAY: &str = include_str!("../../../testdata/reference/suv_decay.csv");
const HALF_LIVES: &str = include_str!("../../../testdata/reference/suv_half_lives.csv");
const SERIES: &str = include_str!("../../../testdata/reference/suv_series.csv");

#[test]
fn body_measures_are_those_published() {
    for row in rows(BODY_MEASURES) {
        let (kg, m) = (row.number("weight_kg"), row.number("height_cm") / 100.0);
        let sex = Sex::from_code(row["sex"]).unwrap();
        let lean = |formula| lean_body_mass_kg(formula, kg, m, sex).unwrap();
        row.check("lbm_james128_kg", lean(LeanBodyMass::James128));
        row.check("lbm_morgan120_kg", lean(LeanBodyMass::Morgan120));
        row.check("lbm_janmahasatian_kg", lean(LeanBodyMass::Janmahasatian));
        row.check("ibw_kg", ideal_body_weight_kg(m, sex).unwrap());
        row.check("bsa_m2", body_surface_area_m2(kg, m).unwrap());
    }
}

#[test]
fn decay_follows_the_formulas_of_the_standard() {
    for row in rows(DECAY) {
        let constant = decay::constant_per_s(row.number("half_life_s"));
        let formula = match row["quantity"] {
            "remaining" => decay::remaining,
            "average_time_s" => decay::average_time_s,
            "frame_correction" => decay::frame_correction,
            other => panic!("no quantity {other}"),
        };
        row.check("expected", formula(constant, row.number("time_s")));
    }
}

#[test]
fn half_lives_are_those_published() {
    let table = rows(HALF_LIVES);
    assert_eq!(table.len(), Radionuclide::all().len());
    for row in table {
        let found = Radionuclide::find(row["name"]).unwrap();
        assert_eq!(found.half_life_s, row.number("half_life_s"), "{}", found.name);
        assert_eq!(found.verified, row["verified"] == "yes", "{}", found.name);
        let unit_s = match row["unit"] {
            "s" => 1.0,
            "min" => 60.0,
            "h" => 3600.0,
            _ => 86_400.0,
        };
        let published = row.number("published");
        let tolerance = half_of_last_digit(row["published"]).max(1e-3 * published);
        assert!(
            (found.half_life_s / unit_s - published).abs() <= tolerance,
            "{}",
            found.name
        );
    }
}

#[test]
fn reference_objects_have_the_suv_they_were_made_with() {
    let table = rows(SERIES);
    assert_eq!(
        table.iter().filter(|row| row["id"].starts_with("DRO_")).count(),
        17
    );
    for row in table {
        check_series(&row);
    }
}

fn check_series(row: &Row) {
    let id = row["id"];
    let series = attributes(row);
    let conversion = convert(&series).unwrap_or_else(|refusal| panic!("{id}: {refusal}"));
    let stored: Vec<&str> = row["stored"].split('|').collect();
    for image in 0..series.acquisitions.len() {
        let factor = conversion.factors_bw.of(image).unwrap();
        let values = stored[image.min(stored.len() - 1)].split('/');
        for (value, expected) in values.zip(row["expected"].split('/')) {
            let (suv, expected) = (
                factor * value.parse::<f64>().unwrap(),
                expected.parse::<f64>().unwrap(),
            );
            assert!(
                (suv - expected).abs() <= row.number("tolerance"),
                "{id}: expected {expected}, found {suv}"
            );
        }
    }
    let audit = conversion.audit;
    assert_eq!(audit.reference_time_rule.code(), row["rule"], "{id}");
    let repairs: Vec<&str> = audit.repairs.iter().map(|repair| repair.code).collect();
    assert_eq!(repairs.join(" "), row["repairs"], "{id}");
    let warnings: Vec<&str> = audit.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(warnings.join(" "), row["warnings"], "{id}");
}

#[test]
fn the_head_and_neck_series_has_the_factor_and_times_computed_elsewhere() {
    let row = rows(SERIES)
        .into_iter()
        .find(|row| row["id"].starts_with("QIN"))
        .unwrap();
    let conversion = convert(&attributes(&row)).unwrap();
    let factor = conversion.factors_bw.uniform().unwrap();
    assert!((factor / 4.016_640e-4 - 1.0).abs() < 1e-6, "{factor}");
    assert!((conversion.audit.uptake_s.unwrap() - 6151.687).abs() < 1e-6);
    assert!((conversion.audit.decayed_activity_bq.unwrap() - 307_719_874.0).abs() < 1.0);
}

#[test]
fn uncorrected_images_have_a_factor_each() {
    let row = rows(SERIES)
        .into_iter()
        .find(|row| row["id"] == "DRO_3_4")
        .unwrap();
    assert!(
        matches!(convert(&attributes(&row)).unwrap().factors_bw, Factors::PerSlice(factors) if factors.len() == 2)
    );
}

/// The factor that cornerstone's calculate-suv (MIT, at dc72aa17) expects of each of its header sets, the
/// rule that gives it here, and what is repaired or doubted.
const VENDORS: [(&str, f64, &str, &[&str]); 8] = [
    ("SIEMENS", 0.000_427_483_16, "series-date-time", &[]),
    ("GE_MEDICAL_AND_BQML", 0.000_536_738_77, "series-date-time", &[]),
    (
        "PHILIPS_BQML",
        0.000_746_374_70,
        "series-date-time",
        &["reference-times-disagree"],
    ),
    ("PHILIPS_CNTS_AND_BQML_SUV", 0.000_551, "not-needed", &[]),
    ("PHILIPS_CNTS_AND_SUV", 0.000_728, "not-needed", &[]),
    (
        "BQML_AC_DT_lessThan_S_DT_SIEMENS",
        0.000_406_915_69,
        "frame-reference-time",
        &[],
    ),
    (
        "CPS_AND_BQML_AC_DT_-_S_DT",
        0.000_265_033_13,
        "earliest-acquisition",
        &["reference-time-doubtful"],
    ),
    (
        "RADIOPHARM_DATETIME_UNDEFINED",
        0.000_372_108_92,
        "series-date-time",
        &[],
    ),
];

#[test]
fn vendors_headers_give_the_factors_of_calculate_suv() {
    let Some(folder) = shared_data::set("pet/calculate-suv-metadata") else {
        return;
    };
    for (name, expected, rule, warnings) in VENDORS {
        let text = std::fs::read_to_string(folder.join(format!("{name}-instances.json"))).unwrap();
        let images: Vec<Value> = serde_json::from_str(&text).unwrap();
        let conversion =
            convert(&attributes_of_json(&images)).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let factor = conversion.factors_bw.uniform().unwrap();
        assert!(
            (factor / expected - 1.0).abs() < 1e-6,
            "{name}: expected {expected}, found {factor}"
        );
        assert_eq!(conversion.audit.reference_time_rule.code(), rule, "{name}");
        let found: Vec<&str> = conversion
            .audit
            .warnings
            .iter()
            .map(|warning| warning.code)
            .collect();
        assert_eq!(found, warnings, "{name}");
    }
}

#[test]
fn kinds_are_multiples_of_the_factor_that_calculate_suv_gives() {
    // Its test: 75 kg, 1.85 m, male, 100 Bq without decay. 100 MBq here, since 100 would be read as MBq.
    let series = Attributes {
        radionuclide_total_dose: Some(100e6),
        patient_weight: Some(75.0),
        patient_size: Some(1.85),
        patient_sex: Some(Sex::Male),
        decay_correction: Some("ADMIN".to_owned()),
        ..attributes(&rows(SERIES)[0])
    };
    let conversion = convert(&series).unwrap();
    let bw = conversion.factors_bw.uniform().unwrap() * 1e6;
    let kinds = [
        (SuvKind::Bw, 750.0),
        (SuvKind::Bsa, 198.137_58),
        (SuvKind::LbmMorgan120, 627.775_75),
        (SuvKind::LbmJanmahasatian, 609.153_36),
    ];
    for (kind, expected) in kinds {
        let found = bw * conversion.multiplier(kind).unwrap();
        assert!(
            (found / expected - 1.0).abs() < 1e-7,
            "{}: expected {expected}, found {found}",
            kind.key()
        );
    }
}

/// One line of a reference table, by the names of its columns.
struct Row(HashMap<&'static str, &'static str>);

impl std::ops::Index<&str> for Row {
    type Output = &'static str;
    fn index(&self, column: &str) -> &Self::Output {
        &self.0[column]
    }
}

impl Row {
    fn number(&self, column: &str) -> f64 {
        self[column]
            .parse()
            .unwrap_or_else(|_| panic!("no number in {column}: {:?}", self[column]))
    }

    fn optional(&self, column: &str) -> Option<f64> {
        (!self[column].is_empty()).then(|| self.number(column))
    }

    fn text(&self, column: &str) -> Option<String> {
        (!self[column].is_empty()).then(|| self[column].to_owned())
    }

    /// Compares with a field, to half of the last digit written there; an empty field says nothing.
    fn check(&self, column: &str, found: f64) {
        let Some(expected) = self.optional(column) else {
            return;
        };
        let tolerance = half_of_last_digit(self[column]) * (1.0 + 1e-6);
        assert!(
            (found - expected).abs() <= tolerance,
            "{column} of {:?}: found {found}",
            self.0
        );
    }
}

fn half_of_last_digit(number: &str) -> f64 {
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    0.5 * 0.1f64.powi(i32::try_from(decimals).unwrap())
}

fn rows(table: &'static str) -> Vec<Row> {
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), columns.len(), "{line}");
            Row(columns.iter().copied().zip(fields).collect())
        })
        .collect()
}

fn attributes(row: &Row) -> Attributes {
    let acquisitions = row["acquisitions"].split('|').map(|acquisition| {
        let parts: Vec<&str> = acquisition.split('/').collect();
        Acquisition {
            acquisition_date_time: date_time(parts[0]),
            frame_reference_time_ms: parts[1].parse().ok(),
            actual_frame_duration_ms: parts[2].parse().ok(),
            rescale_intercept: Some(0.0),
        }
    });
    Attributes {
        modality: Some("PT".to_owned()),
        units: row.text("units"),
        suv_type: row.text("suv_type"),
        decay_correction: row.text("decay_correction"),
        corrected_image: Some(row["corrected_image"].split(' ').map(str::to_owned).collect()),
        series_date_time: date_time(row["series"]),
        acquisitions: acquisitions.collect(),
        radiopharmaceutical_start_date_time: date_time(row["start_date_time"]),
        radiopharmaceutical_start_time_s: second_of_day(row["start_time"]),
        ge_scan_date_time: date_time(row["ge_scan"]),
        radionuclide_total_dose: row.optional("dose"),
        radionuclide_half_life_s: row.optional("half_life_s"),
        patient_weight: row.optional("weight"),
        patient_size: row.optional("size"),
        patient_sex: Sex::from_code(row["sex"]),
        philips_suv_scale_factor: row.optional("philips_suv"),
        philips_activity_concentration_scale_factor: row.optional("philips_activity"),
        ..Attributes::default()
    }
}

fn attributes_of_json(images: &[Value]) -> Attributes {
    let first = &images[0];
    let text = |key: &str| first[key].as_str().map(str::to_owned);
    let moment = |image: &Value, date: &str, time: &str| {
        date_time(&format!(
            "{}{}",
            image[date].as_str().unwrap_or(""),
            image[time].as_str().unwrap_or("")
        ))
    };
    let philips = |key: &str| {
        first["PhilipsPETPrivateGroup"][key]
            .as_str()
            .and_then(|text| text.trim().parse().ok())
    };
    let corrections = first["CorrectedImage"].as_array().unwrap();
    Attributes {
        modality: Some("PT".to_owned()),
        units: text("Units"),
        decay_correction: text("DecayCorrection"),
        corrected_image: Some(
            corrections
                .iter()
                .map(|found| found.as_str().unwrap().to_owned())
                .collect(),
        ),
        series_date_time: moment(first, "SeriesDate", "SeriesTime"),
        acquisitions: images
            .iter()
            .map(|image| Acquisition {
                acquisition_date_time: moment(image, "AcquisitionDate", "AcquisitionTime"),
                frame_reference_time_ms: image["FrameReferenceTime"].as_f64(),
                actual_frame_duration_ms: image["ActualFrameDuration"].as_f64(),
                rescale_intercept: None,
            })
            .collect(),
        radiopharmaceutical_start_date_time: text("RadiopharmaceuticalStartDateTime")
            .and_then(|text| date_time(&text)),
        radiopharmaceutical_start_time_s: text("RadiopharmaceuticalStartTime")
            .and_then(|text| second_of_day(&text)),
        radionuclide_total_dose: first["RadionuclideTotalDose"].as_f64(),
        radionuclide_half_life_s: first["RadionuclideHalfLife"].as_f64(),
        patient_weight: first["PatientWeight"].as_f64(),
        patient_size: first["PatientSize"].as_f64(),
        patient_sex: first["PatientSex"].as_str().and_then(Sex::from_code),
        philips_suv_scale_factor: philips("SUVScaleFactor"),
        philips_activity_concentration_scale_factor: philips("ActivityConcentrationScaleFactor"),
        ..Attributes::default()
    }
}

/// Reads YYYYMMDDHHMMSS with a fraction: enough for these tables.
fn date_time(text: &str) -> Option<DateTime> {
    let second = second_of_day(text.get(8..)?)?;
    DateTime::new(
        text[..4].parse().ok()?,
        text[4..6].parse().ok()?,
        text[6..8].parse().ok()?,
        second,
    )
}

fn second_of_day(text: &str) -> Option<f64> {
    let (hours, minutes) = (
        text.get(..2)?.parse::<f64>().ok()?,
        text.get(2..4)?.parse::<f64>().ok()?,
    );
    Some(hours * 3600.0 + minutes * 60.0 + text.trim().get(4..)?.parse::<f64>().ok()?)
}
