//! A log of commands without a window: pictures, numbers, films, movies, and pictures as DICOM.

use std::path::Path;

use serde_json::Value;

use crate::command_line::{check_failure, json, petct, scratch, uptake};

const SCRIPT: &str = r#"
{"do": {"hang": {"studies": ["@study1"]}}}
{"picture": {"viewport": 3, "size": [200, 160], "file": "fused.png"}}
{"do": {"add_mark": {"viewport": 3, "kind": "circle", "points": [[100, 80, 200, 160], [130, 80, 200, 160]], "text": "肝"}}}
{"readout": {"mark": 1}}
{"do": {"set_layout": {"layout": {"name": "1x2", "rows": 1, "columns": 2}}}}
{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["@CT"]}}}
{"do": {"show": {"viewport": 2, "kind": {"projection": {"of": "maximum"}}, "series": ["@PT"]}}}
{"do": {"add_to_film": {"viewport": 1}}}
{"do": {"add_to_film": {"viewport": 2}}}
{"do": {"edit_film_item": {"item": 2, "caption": "轴位 CT"}}}
{"film": {"format": "STANDARD\\1,2", "size": "A4", "dpi": 100, "header": "核医学科", "file": "film.pdf"}}
{"movie": {"viewport": 2, "over": "rotation", "steps": 12, "size": [96, 96], "rate": 6, "file": "mip.avi"}}
{"movie": {"viewport": 2, "over": "rotation", "steps": 6, "size": [64, 64], "rate": 6, "file": "mip.mp4"}}
{"batch": {"viewport": 1, "over": "slices", "size": [64, 64], "stem": "ct", "jpeg_quality": 90, "bare": true}}
{"snapshot": "here.json"}
{"do": "undo"}
{"restore": "here.json"}
{"do": {"scroll": {"viewport": 2, "steps": 1}}}
{"do": {"nothing": {}}}
"#;

const SAVING: &str = r#"
{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["@CT", "@PT"]}}}
{"do": {"mark_key_image": {"viewport": 1}}}
{"save": {"as": "blending", "file": "fused.dcm"}}
{"do": {"add_mark": {"viewport": 1, "kind": "circle", "points": [[100, 80, 200, 160], [130, 80, 200, 160]], "text": "肝"}}}
{"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[100, 80, 200, 160], [130, 80, 200, 160]]}}}
{"save": {"as": "measurements", "file": "sr.dcm"}}
{"save": {"as": "key_images", "file": "kos.dcm"}}
{"do": {"detect_lesions": {"viewport": 1, "layer": 1}}}
{"save": {"as": "segmentation", "file": "seg.dcm"}}
{"save": {"as": "structure_set", "file": "rtss.dcm"}}
"#;
const OPENING: &str = r#"
{"open": {"file": "fused.dcm"}}
{"open": {"file": "sr.dcm"}}
{"do": "undo"}
{"do": "redo"}
{"open": {"file": "kos.dcm"}}
{"open": {"file": "seg.dcm"}}
{"open": {"file": "rtss.dcm"}}
"#;

/// The answers by line of the script.
fn answers(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let parsed = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    parsed.map(|line| line["answer"].clone()).collect()
}

fn run(folder: &Path, script: &str) -> String {
    let path = folder.join("script.jsonl");
    std::fs::write(&path, script).unwrap();
    let [path, out] = [path, folder.to_path_buf()].map(|path| path.to_str().unwrap().to_owned());
    let arguments = [
        "session",
        &path,
        &petct(),
        "-o",
        &out,
        "--size",
        "640x360",
        "--backend",
        "cpu",
    ];
    let output = uptake(&arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn a_log_runs_without_a_window() {
    let folder = scratch("session");
    let said = run(&folder, SCRIPT);
    assert!(said.contains("2 commands were refused"), "{said}");
    let answers = answers(&folder);
    let refused: Vec<usize> = (0..answers.len())
        .filter(|n| answers[*n].to_string().contains("\"refused\""))
        .collect();
    assert_eq!(refused, [answers.len() - 2, answers.len() - 1], "{answers:#?}");
    let figures = answers[3]["figures"].as_array().unwrap();
    // The same circle in HU and in SUV.
    let units: Vec<&str> = figures
        .iter()
        .filter(|figure| figure["name"] == "mean")
        .map(|figure| figure["unit"].as_str().unwrap())
        .collect();
    assert_eq!(units, ["HU", "SUVbw"]);
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap();
    for name in ["fused.png", "screen.png"] {
        assert!(bytes(name).starts_with(b"\x89PNG"), "{name}");
    }
    assert!(bytes("film.pdf").starts_with(b"%PDF"));
    assert!(bytes("mip.avi").starts_with(b"RIFF"));
    assert_eq!(&bytes("mip.mp4")[4..8], b"ftyp");
    assert_eq!(answers[11]["pictures"], 12);
    assert_eq!(answers[12]["pictures"], 6);
    let files = answers[13]["files"].as_u64().unwrap() as usize;
    let written = std::fs::read_dir(&folder).unwrap().filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .path()
            .extension()
            .is_some_and(|ending| ending == "jpg")
    });
    assert!(files > 1);
    assert_eq!(written.count(), files);
    assert_eq!(
        bytes("here.json"),
        bytes("snapshot.json"),
        "refused commands and undo left no trace"
    );
}

#[test]
fn a_deidentified_session_saves_no_object() {
    let folder = scratch("session-deidentified");
    let script = r#"
{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["@CT"]}}}
{"do": {"mark_key_image": {"viewport": 1}}}
{"do": {"deidentify": {"on": true}}}
{"save": {"as": "key_images", "file": "kos.dcm"}}
{"save": {"as": "presentation_state", "viewport": 1, "file": "state.dcm"}}
"#;
    run(&folder, script);
    for answer in &answers(&folder)[3..] {
        assert!(answer.to_string().contains("de-identified"), "{answer}");
    }
    assert!(!folder.join("kos.dcm").exists() && !folder.join("state.dcm").exists());
}

#[test]
fn what_is_saved_is_opened() {
    let folder = scratch("session-objects");
    run(&folder, SAVING);
    let saved = answers(&folder);
    for answer in &saved {
        assert!(!answer.to_string().contains("\"refused\""), "{answer}");
    }
    let before: Value =
        serde_json::from_slice(&std::fs::read(folder.join("snapshot.json")).unwrap()).unwrap();
    // One step takes all of an object back.
    run(&folder, OPENING);
    for answer in answers(&folder) {
        assert!(!answer.to_string().contains("\"refused\""), "{answer}");
        if let Some(told) = answer.get("told") {
            assert_eq!(told.as_array().map(Vec::len), Some(0), "{answer}");
        }
    }
    let after: Value = serde_json::from_slice(&std::fs::read(folder.join("snapshot.json")).unwrap()).unwrap();
    let [before, after] = [&before["state"], &after["state"]];
    assert_eq!(before["key_images"], after["key_images"]);
    let vois = |state: &Value| -> Vec<Value> {
        let vois = state["vois"].as_object().unwrap().values();
        vois.map(|voi| voi["name"].clone()).collect()
    };
    // As segments and as contours.
    assert_eq!([vois(before), vois(before)].concat(), vois(after));
    let kinds = |state: &Value| -> Vec<Value> {
        let marks = state["marks"].as_object().unwrap().values();
        marks.map(|mark| mark["kind"].clone()).collect()
    };
    assert_eq!(kinds(before), kinds(after));
}

#[test]
fn scripts_stay_in_their_folder_and_are_understood_whole() {
    let folder = scratch("session-bad");
    let [script, out] = ["bad.jsonl", ""].map(|name| folder.join(name).to_str().unwrap().to_owned());
    for (text, code, part) in [
        (
            r#"{"snapshot": "../elsewhere.json"}"#,
            2,
            "the name of a file in the folder",
        ),
        (
            r#"{"picture": {"viewport": 1, "size": [0, 5], "file": "a.png"}}"#,
            2,
            "sides of 1 to 16384 pixels",
        ),
        (r#"{"picturesque": 1}"#, 1, "unknown variant"),
        (
            r#"{"film": {"format": "STANDARD\\0,2", "file": "f.pdf"}}"#,
            1,
            "expected STANDARD",
        ),
        (
            r#"{"film": {"format": "STANDARD\\1,2", "file": "f.dcm"}}"#,
            1,
            "expected pictures for an object, found none",
        ),
        (
            r#"{"film": {"format": "STANDARD\\1,2", "file": "f.png", "print": "gray8"}}"#,
            2,
            "expected a .dcm of a film for print",
        ),
        (
            r#"{"screen": {"size": [64, 64], "file": "s.dcm"}}"#,
            2,
            "expected a screen as PNG",
        ),
    ] {
        std::fs::write(&script, text).unwrap();
        check_failure(
            &["session", &script, &petct(), "-o", &out, "--backend", "cpu"],
            code,
            part,
        );
    }
}

const OBJECTS: &str = r#"
{"do": {"set_layout": {"layout": {"name": "1x2", "rows": 1, "columns": 2}}}}
{"do": {"show": {"viewport": 1, "kind": "stack", "series": ["@CT"]}}}
{"do": {"show": {"viewport": 2, "kind": {"projection": {"of": "maximum"}}, "series": ["@PT"]}}}
{"do": {"add_to_film": {"viewport": 1}}}
{"do": {"add_to_film": {"viewport": 2}}}
{"film": {"format": "STANDARD\\1,1", "dpi": 50, "file": "film.dcm"}}
{"film": {"format": "STANDARD\\1,2", "size": "14INX17IN", "dpi": 50, "file": "print.dcm", "print": "gray12"}}
{"picture": {"viewport": 1, "size": [65, 63], "file": "one.dcm"}}
{"picture": {"viewport": 2, "size": [64, 64], "file": "two.dcm", "bare": true}}
{"batch": {"viewport": 1, "over": "slices", "size": [64, 64], "stem": "ct", "format": "dicom", "bare": true}}
{"do": {"deidentify": {"on": true}}}
{"picture": {"viewport": 1, "size": [64, 64], "file": "hidden.dcm"}}
{"do": {"add_mark": {"viewport": 1, "kind": "arrow", "points": [[20, 20, 64, 64], [30, 30, 64, 64]], "text": "typed"}}}
{"picture": {"viewport": 1, "size": [64, 64], "file": "typed.dcm"}}
{"do": {"clear": {"viewport": 2}}}
{"picture": {"viewport": 2, "size": [64, 64], "file": "none.dcm"}}
"#;

/// The value of an attribute with a short length, of a file in Explicit VR Little Endian; `None` where there is none.
fn text(bytes: &[u8], group: u16, element: u16, vr: &str) -> Option<String> {
    let tag = [group.to_le_bytes(), element.to_le_bytes()].concat();
    let start = [tag.as_slice(), vr.as_bytes()].concat();
    let at = bytes.windows(6).position(|part| part == start)? + 6;
    let length = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let value = String::from_utf8_lossy(&bytes[at + 2..at + 2 + length]).into_owned();
    Some(value.trim_matches([' ', '\0']).to_owned())
}

#[test]
fn pictures_leave_as_dicom_of_their_patient() {
    let folder = scratch("session-dicom");
    let said = run(&folder, OBJECTS);
    assert!(said.contains("words that people typed"), "{said}");
    let answers = answers(&folder);
    let last = answers.last().unwrap().to_string();
    assert!(last.contains("a picture as DICOM needs a series"), "{last}");
    let slices = answers[9]["files"].as_u64().unwrap();
    let source = json(&["info", &petct(), "--json"]);
    let study = source["studies"][0]["study_instance_uid"].as_str().unwrap();
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let ct = source["studies"][0]["series"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["modality"] == "CT")
        .unwrap();
    let patient = text(&first_object(&petct()), 0x0010, 0x0020, "LO").unwrap();
    assert!(!patient.is_empty());
    let uid = |name: &str, element| text(&bytes(name), 0x0020, element, "UI").unwrap();
    let (of_study, of_series) = (0x000d, 0x000e);
    let burned_in = |name: &str| text(&bytes(name), 0x0028, 0x0301, "CS").unwrap();
    let batch = |n: u64| format!("ct-{n:0digits$}.dcm", digits = slices.to_string().len());
    for (name, number, burned) in [
        ("film-1.dcm", "1", "YES"),
        ("film-2.dcm", "2", "YES"),
        ("print.dcm", "1", "YES"),
        ("one.dcm", "1", "YES"),
        ("two.dcm", "2", "NO"),
        (batch(1).as_str(), "1", "NO"),
        (batch(slices).as_str(), slices.to_string().as_str(), "NO"),
    ] {
        assert_eq!(uid(name, of_study), study, "{name}");
        assert_eq!(
            text(&bytes(name), 0x0010, 0x0020, "LO").unwrap(),
            patient,
            "{name}"
        );
        assert_eq!(
            text(&bytes(name), 0x0020, 0x0013, "IS").unwrap(),
            number,
            "{name}"
        );
        assert_eq!(burned_in(name), burned, "{name}");
    }
    let named = ct["series_instance_uid"].as_str().unwrap().as_bytes();
    let names_ct = |name: &str| bytes(name).windows(named.len()).any(|part| part == named);
    assert!(names_ct(&batch(1)) && names_ct("one.dcm") && !names_ct("two.dcm"));
    let print = bytes("print.dcm");
    assert_eq!(text(&print, 0x2010, 0x0050, "CS").unwrap(), "14INX17IN");
    assert_eq!(text(&print, 0x2010, 0x0010, "ST").unwrap(), "STANDARD\\1,1");
    assert_eq!(text(&print, 0x0028, 0x0004, "CS").unwrap(), "MONOCHROME2");
    for (name, burned, removed) in [("hidden.dcm", "NO", Some("YES")), ("typed.dcm", "YES", None)] {
        assert_eq!(text(&bytes(name), 0x0010, 0x0020, "LO").unwrap(), "", "{name}");
        assert_eq!(burned_in(name), burned, "{name}");
        assert_eq!(
            text(&bytes(name), 0x0012, 0x0062, "CS").as_deref(),
            removed,
            "{name}"
        );
        assert_ne!(uid(name, of_study), study, "{name}");
        assert!(!names_ct(name), "{name}: nothing leads back to the patient");
        assert_eq!(uid(name, of_series), uid("hidden.dcm", of_series), "{name}");
    }
    // All that was written is read again: four series of the patient's study, one of nobody's.
    let written = json(&["info", folder.to_str().unwrap(), "--json"]);
    let studies = written["studies"].as_array().unwrap();
    let own = studies
        .iter()
        .find(|one| one["study_instance_uid"] == study)
        .unwrap();
    let mut counts: Vec<(String, u64)> = own["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let description = one["description"].as_str().unwrap().to_owned();
            (description, one["instances"].as_u64().unwrap())
        })
        .collect();
    counts.sort();
    let expected = [
        ("Film", 2),
        ("Film for print", 1),
        ("Key pictures", 2),
        ("Pictures", slices),
    ];
    assert_eq!(counts, expected.map(|(name, count)| (name.to_owned(), count)));
    assert_eq!(studies.len(), 2);
}

/// The bytes of one DICOM file below a folder.
fn first_object(folder: &str) -> Vec<u8> {
    let mut folders = vec![std::path::PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "dcm") {
                return std::fs::read(path).unwrap();
            }
        }
    }
    panic!("no .dcm in {folder}");
}
