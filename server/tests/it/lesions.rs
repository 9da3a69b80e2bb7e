//! `uptake lesions` and `uptake measure` on the synthetic study, and on what cannot work.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::command_line::{check_failure, json, petct, scratch, uptake};

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("expected a number, found {value}"))
}

fn lesions(report: &Value) -> Vec<&Value> {
    let all = report["lesions"].as_array().unwrap().iter();
    all.filter(|one| one["physiological"].is_null()).collect()
}

#[test]
fn the_table_has_every_number_and_its_totals() {
    let report = json(&["lesions", &petct(), "--json", "--min-volume-ml", "0"]);
    let found = lesions(&report);
    assert!(!found.is_empty(), "{report}");
    for one in &found {
        for name in [
            "volume_ml",
            "suv_max",
            "suv_mean",
            "suv_sd",
            "long_axis_mm",
            "short_axis_mm",
            "mtv_ml",
            "tlg",
        ] {
            assert!(number(&one[name]) >= 0.0, "{name} of {one}");
        }
        for peak in ["local", "global", "global_pv", "percist", "qpet4"] {
            assert!(
                number(&one["suv_peak"][peak]) <= number(&one["suv_max"]) + 1e-9,
                "{one}"
            );
        }
        assert!(one["hu_mean"].is_number() && one["site"].is_string(), "{one}");
        let rules = one["mtv_by_rule"].as_array().unwrap();
        assert_eq!(
            rules.iter().map(|of| &of["rule"]).collect::<Vec<_>>(),
            ["fixed 4.0", "41 % of max"]
        );
        assert_eq!(one["mtv_ml"], rules[0]["mtv_ml"]);
    }
    let sum: f64 = found.iter().map(|one| number(&one["mtv_ml"])).sum();
    assert!((sum - number(&report["totals"]["mtv_ml"])).abs() < 1e-9);
    assert_eq!(report["totals"]["lesions"], found.len());
    let uids: BTreeSet<&str> = found
        .iter()
        .map(|one| one["tracking_uid"].as_str().unwrap())
        .collect();
    assert_eq!(uids.len(), found.len());
    let organs: BTreeSet<&str> = report["lesions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["physiological"]["organ"].as_str())
        .collect();
    assert!(
        organs.contains("brain") && organs.contains("urinary tract"),
        "{organs:?}"
    );
}

#[test]
fn what_is_written_is_measured_alike_when_read_back() {
    let folder = scratch("lesion-objects");
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let [seg, rtstruct, sr, csv] = ["seg.dcm", "rtstruct.dcm", "sr.dcm", "lesions.csv"].map(file);
    let report = json(&[
        "lesions",
        &petct(),
        "--json",
        "--min-volume-ml",
        "0",
        "--seg",
        &seg,
        "--rtstruct",
        &rtstruct,
        "--sr",
        &sr,
        "--csv",
        &csv,
    ]);
    let found = lesions(&report);
    for (n, one) in found.iter().enumerate() {
        // Segments and regions are numbered in the order of the lesions.
        for object in [&seg, &rtstruct] {
            let measured = json(&[
                "measure",
                &petct(),
                "--voi",
                &format!("{object}#{}", n + 1),
                "--json",
            ]);
            let bw = &measured["kinds"]["bw"];
            let near = |a: &Value, b: &Value| (number(a) - number(b)).abs() <= 1e-9 * (1.0 + number(b).abs());
            assert!(
                near(&bw["volume_ml"], &one["mtv_ml"]) && near(&bw["tlg"], &one["tlg"]),
                "{object} {one} {bw}"
            );
            assert!(near(&bw["max"], &one["suv_max"]), "{object}: {one} {bw}");
        }
    }
    let table = std::fs::read_to_string(&csv).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 1 + report["lesions"].as_array().unwrap().len());
    let columns = rows[0].split(',').count();
    assert!(
        rows[1..=found.len()]
            .iter()
            .all(|row| row.split(',').count() == columns),
        "{table}"
    );
    let (text, _) = engine::dicom::read::measurement_report(&std::fs::read(&sr).unwrap()).unwrap();
    for one in &found {
        let group = text.group(one["tracking_uid"].as_str().unwrap()).unwrap();
        let maximum = group
            .measurements
            .iter()
            .find(|of| of.derivation.as_ref().is_some_and(|d| d.meaning == "Maximum"));
        assert_eq!(maximum.unwrap().value, one["suv_max"].as_f64(), "{one}");
    }
}

#[test]
fn the_same_exam_again_is_stable_and_keeps_its_tracking() {
    let report = json(&[
        "lesions",
        &petct(),
        "--prior",
        &petct(),
        "--json",
        "--min-volume-ml",
        "0",
    ]);
    let alone = json(&["lesions", &petct(), "--json", "--min-volume-ml", "0"]);
    let uids = |of: &Value| -> Vec<String> {
        lesions(of)
            .iter()
            .map(|one| one["tracking_uid"].to_string())
            .collect()
    };
    assert_eq!(uids(&report), uids(&alone));
    let follow_up = &report["follow_up"];
    assert_eq!(follow_up["exams"].as_array().unwrap().len(), 2);
    let tracks = follow_up["tracks"].as_array().unwrap();
    assert_eq!(tracks.len(), lesions(&report).len());
    for track in tracks {
        let [first, second] = track["lesions"].as_array().unwrap().as_slice() else {
            panic!("{track}")
        };
        assert_eq!(
            (&first["arrival"], &second["arrival"]),
            (&"first".into(), &"persistent".into())
        );
        assert_eq!(first["id"], second["id"]);
    }
    let recist = &follow_up["response"]["recist"];
    assert_eq!(
        recist["category"], "NE",
        "anatomic diameters are not measured on PET: {recist}"
    );
    let eortc = &follow_up["response"]["eortc"];
    assert_eq!(eortc["category"], "SMD", "{eortc}");
    assert!(!eortc["reasons"].as_array().unwrap().is_empty());
}

#[test]
fn an_organ_map_overrides_the_rules() {
    let names = format!("{}/organs.json", petct());
    let labels = format!("{}/organs.nii.gz", petct());
    let arguments = [
        "lesions",
        &petct(),
        "--json",
        "--labels",
        &labels,
        "--label-names",
        &names,
    ];
    let report = json(&arguments);
    let aside = report["lesions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| !one["physiological"].is_null());
    let reasons: Vec<&str> = aside
        .map(|one| one["physiological"]["reason"].as_str().unwrap())
        .collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("label")),
        "{reasons:?}"
    );
}

#[test]
fn one_voi_is_measured_on_both_modalities() {
    let seg = format!("{}/lesions-seg.dcm", petct());
    let report = json(&["measure", &petct(), "--voi", &format!("{seg}#5"), "--json"]);
    let suv = json(&["suv", &petct(), "--mask", &format!("{seg}#5"), "--json"]);
    for kind in ["bw", "lbm_janmahasatian", "bsa"] {
        for name in ["min", "median", "max", "mean", "sd", "voxels", "volume_ml"] {
            let (ours, theirs) = (
                number(&report["kinds"][kind][name]),
                number(&suv["kinds"][kind][name]),
            );
            assert!(
                (ours - theirs).abs() <= 1e-9 * (1.0 + theirs.abs()),
                "{kind} {name}: {ours} {theirs}"
            );
        }
    }
    let bw = &report["kinds"]["bw"];
    assert!((number(&bw["tlg"]) - number(&bw["mean"]) * number(&bw["volume_ml"])).abs() < 1e-9);
    assert!(number(&bw["peak"]["global"]["value"]) >= number(&bw["peak"]["local"]["value"]));
    assert!(number(&bw["peak"]["global_pv"]["sphere_ml"]) > 0.9);
    assert!(report["hu"]["mean"].is_number() && report["audit"]["uptake_s"].is_number());
}

#[test]
fn what_cannot_be_says_what_was_expected() {
    let petct = petct();
    check_failure(
        &["lesions", &petct, "--rule", "fixed:-1"],
        2,
        "expected a number above 0",
    );
    check_failure(
        &["lesions", &petct, "--mtv", "half"],
        2,
        "expected fixed:SUV, max:FRACTION, liver or blood-pool",
    );
    check_failure(&["lesions", &petct, "--min-volume-ml=-1"], 2, "must be 0 or more");
    let four = [
        "lesions", &petct, "--prior", "a", "--prior", "b", "--prior", "c", "--prior", "d",
    ];
    check_failure(&four, 2, "expected up to 3 earlier exams, found 4");
    check_failure(
        &["lesions", &format!("{petct}/ct")],
        1,
        "expected PET or SPECT series",
    );
    let labels = format!("{petct}/organs.nii.gz");
    check_failure(
        &["lesions", &petct, "--labels", &labels],
        1,
        "needs --label-names",
    );
    let not_labels = format!("{petct}/truth.json");
    check_failure(&["lesions", &petct, "--labels", &not_labels], 1, "truth.json");
    check_failure(&["measure", &petct, "--voi", &not_labels], 1, "truth.json");
    let output = uptake(&["measure", &petct]);
    assert_eq!(output.status.code(), Some(2));
}
