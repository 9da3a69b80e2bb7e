//! A log of commands without a window: pictures, numbers, films, movies.

use std::path::Path;

use serde_json::Value;

use crate::command_line::{check_failure, petct, scratch, uptake};

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
    ] {
        std::fs::write(&script, text).unwrap();
        check_failure(
            &["session", &script, &petct(), "-o", &out, "--backend", "cpu"],
            code,
            part,
        );
    }
}
