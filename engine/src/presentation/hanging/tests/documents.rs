//! The documents that come with the engine, and those that are refused.

use std::collections::BTreeSet;

use proptest::prelude::{any, proptest};

use super::{current, pet_ct};
use crate::presentation::hanging::catalog::{LOOKS, PROTOCOLS};
use crate::presentation::hanging::{
    Button, Look, MAX_DOCUMENT_BYTES, Modifier, Preferences, Protocol, Tool, WindowRule, hang, look, looks,
    protocol, protocols,
};
use crate::presentation::{Layout, WindowPresets};

#[test]
fn every_document_reads_and_is_written_as_it_was_read() {
    let windows = WindowPresets::default();
    for (name, text) in PROTOCOLS {
        let found = Protocol::read(text.as_bytes(), &windows).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.name, *name);
        let written = serde_json::to_vec(&found).unwrap();
        assert_eq!(Protocol::read(&written, &windows), Ok(found));
    }
    for (name, text) in LOOKS {
        let found = Look::read(text.as_bytes(), &windows).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.name, *name);
        for (n, binding) in found.keys.iter().enumerate() {
            if let Some(preset) = binding.command.strip_prefix("window.preset.") {
                assert!(windows.named("CT", preset).is_some(), "{name}, key {n}");
            }
        }
        for arrangement in &found.arrangements {
            let protocol = protocol(&arrangement.protocol).expect("looks arrange protocols that exist");
            assert_eq!(arrangement.cells.len(), protocol.views.len(), "{name}");
        }
        let written = serde_json::to_vec(&found).unwrap();
        assert_eq!(Look::read(&written, &windows), Ok(found));
    }
    let names: BTreeSet<_> = protocols().into_iter().map(|protocol| protocol.name).collect();
    assert_eq!(names.len(), PROTOCOLS.len());
    assert_eq!(protocol("pet-ct").unwrap().layout, Layout::pet_ct());
    assert!(protocol("nothing").is_none() && look("nothing").is_none());
}

/// What a document of ours says when a part of it is replaced.
fn refusal(text: &str, part: &str, other: &str) -> String {
    assert!(text.contains(part), "{part}");
    let text = text.replacen(part, other, 1);
    let windows = WindowPresets::default();
    let error = if text.contains("\"views\"") {
        Protocol::read(text.as_bytes(), &windows).unwrap_err()
    } else {
        Look::read(text.as_bytes(), &windows).unwrap_err()
    };
    error.to_string()
}

fn text_of(documents: &[(&str, &'static str)], name: &str) -> &'static str {
    documents.iter().find(|(found, _)| *found == name).unwrap().1
}

#[test]
fn malformed_protocols_are_refused_with_a_sentence() {
    let text = text_of(PROTOCOLS, "ct-chest");
    let check = |part: &str, other: &str, expected: &str| {
        let found = refusal(text, part, other);
        assert!(found.contains(expected), "{found}");
    };
    let same = r#"hanging protocol "ct-chest" cannot be used: "#;
    check("{", "", "a hanging protocol does not read: ");
    check(
        r#""zh""#,
        r#""fr""#,
        "unknown field `fr`, expected `zh` or `en` at line 3",
    );
    check(r#""axial""#, r#""diagonal""#, "unknown variant `diagonal`");
    check(
        r#""mediastinum"}"#,
        r#""heel"}"#,
        &format!("{same}view 0: expected the name of a window preset for CT, found \"heel\""),
    );
    check(
        r#""series": "ct", "#,
        r#""series": "ct", "palette": "vendor", "#,
        "view 0: expected the name of a colour map such as",
    );
    check(
        r#""series": "ct", "#,
        r#""series": "pet", "#,
        "view 0: expected the name of a series, found \"pet\"",
    );
    check(
        r#""needs": ["ct"]"#,
        r#""needs": ["pt"]"#,
        "expected the name of a series, found \"pt\"",
    );
    check(
        r#""needs": ["ct"]"#,
        r#""needs": []"#,
        "needed series must be 1 to 64, found 0",
    );
    check(
        r#""cell": 1"#,
        r#""cell": 0"#,
        "view 1: a cell shows one view, found cell 0 again",
    );
    check(
        r#""cell": 1"#,
        r#""cell": 4"#,
        "view 1: its layout has 4 cells, found cell 4",
    );
    check(
        r#""rows": 2"#,
        r#""rows": 9"#,
        "a layout has 1 to 8 rows and columns, found 9 x 2",
    );
    check(
        r#"{"preset": "lung"}"#,
        r#"{"range": {"low": 3, "high": 3, "unit": "hu"}}"#,
        "found 3 to 3",
    );
    check(
        r#""ct-chest""#,
        r#""CT chest""#,
        "its name must be 1 to 64 lower-case letters",
    );
    check(r#"胸部 CT"#, " ", "its titles must be texts");
    check(
        r#""prefer": [{"#,
        r#""prefer": [{"same_frame_of_reference_as": "pet", "#,
        "expected the name of an earlier series, found \"pet\"",
    );
    let stack = text_of(PROTOCOLS, "ct-stack");
    assert!(refusal(stack, r#""modality": ["CT"]"#, "").contains("series \"ct\" must ask for something"));
    assert!(
        refusal(stack, r#""stack""#, r#"{"tiles": {"rows": 0, "columns": 2}}"#)
            .contains("tiles need 1 to 16")
    );
    let overlay = refusal(stack, r#""base""#, r#""overlays": [{"series": "ct"}], "base""#);
    assert!(
        overlay.contains("only planes and projections have overlays, found a stack"),
        "{overlay}"
    );
    let ratio = refusal(stack, r#""base""#, r#""fusion_ratio": 1.5, "base""#);
    assert!(ratio.contains("a fusion ratio is 0 to 1, found 1.5"), "{ratio}");
    let long = vec![b' '; MAX_DOCUMENT_BYTES + 1];
    let found = Protocol::read(&long, &WindowPresets::default()).unwrap_err();
    assert_eq!(
        found.to_string(),
        "a hanging protocol has at most 262144 bytes, found 262145"
    );
}

#[test]
fn malformed_looks_are_refused_with_a_sentence() {
    let text = text_of(LOOKS, "ge");
    let check = |part: &str, other: &str, expected: &str| {
        let found = refusal(text, part, other);
        assert!(found.contains(expected), "{found}");
    };
    check(
        r#""tool": "pan""#,
        r#""tool": "fly""#,
        "unknown variant `fly`, expected one of `window`",
    );
    check(
        "style_ge_hot_iron",
        "ge_original",
        "look \"ge\" cannot be used: expected the name of a colour map",
    );
    check(
        "suv_0_7",
        "suv_0_6",
        "expected the name of a window preset for PT, found \"suv_0_6\"",
    );
    check(
        r#"{"button": "middle", "tool""#,
        r#"{"button": "left", "tool""#,
        "found Left {} twice",
    );
    check(r#""key": "f""#, r#""key": "R""#, "found \"r\" {} twice");
    check("view.fit", "View Fit!", "a command is lower-case letters");
    check(
        r#"[1, 2, 3"#,
        "[2, 2, 3",
        "arrangement of \"pet-ct\": a cell shows one view, found cell 2 again",
    );
    check(
        r#""protocol": "pet-mr""#,
        r#""protocol": "pet-ct""#,
        "found pet-ct twice",
    );
    check(
        r#""fusion_ratio": 0.5"#,
        r#""fusion_ratio": -1"#,
        "a fusion ratio is 0 to 1",
    );
}

#[test]
fn looks_answer_for_mouse_and_keys() {
    let ours = &looks()[0];
    assert_eq!(ours.name, "uptake");
    assert_eq!(ours.tool(Button::Left, &[]), Tool::Window);
    assert_eq!(ours.tool(Button::Left, &[Modifier::Shift]), Tool::Crosshair);
    assert_eq!(ours.tool(Button::Right, &[Modifier::Alt]), Tool::None);
    assert_eq!(ours.tool(Button::Wheel, &[]), Tool::Scroll);
    assert_eq!(ours.command("R", &[]), Some("view.reset"));
    assert_eq!(
        ours.command("z", &[Modifier::Ctrl, Modifier::Ctrl]),
        Some("edit.undo")
    );
    assert_eq!(ours.command("z", &[]), None);
    let head = ours.window("CT", "head").unwrap();
    assert_eq!(*head, WindowRule::Preset("brain".into()));
    let other = ours.window("ct", "KNEE").unwrap();
    assert_eq!(*other, WindowRule::Preset("soft_tissue".into()));
    assert_eq!(ours.window("MR", ""), None);
}

#[test]
fn the_example_of_the_manual_reads() {
    let manual = include_str!("../../../../../docs/hanging-protocols.md");
    let (_, after) = manual.split_once("```json").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    let found = Protocol::read(example.as_bytes(), &WindowPresets::default()).unwrap();
    assert_eq!(found.views.len(), 2);
}

proptest! {
    #[test]
    fn bytes_from_anywhere_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..2000usize) {
        let windows = WindowPresets::default();
        let mut text = text_of(PROTOCOLS, "pet-ct").as_bytes().to_vec();
        let end = (at + bytes.len()).min(text.len());
        text.splice(at.min(end)..end, bytes.iter().copied());
        if let Ok(protocol) = Protocol::read(&text, &windows) {
            let _ = hang(&current(pet_ct()), &[protocol], &Preferences::default());
        }
        if let Ok(look) = Look::read(&text, &windows) {
            panic!("a protocol is no look: {look:?}");
        }
    }
}
