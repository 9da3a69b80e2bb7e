//! What pictures are made of, and whether they tell who the patient is.

use super::world;
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer};
use crate::session::seen::tells;
use crate::session::{Session, Source};

/// A session in which view 1 is what a command shows, after some more.
fn showing(kind: &str, series: &str, then: &[&str]) -> Session {
    let mut session = world::session();
    let show = format!(r#"{{"do": {{"show": {{"viewport": 1, "kind": {kind}, "series": {series}}}}}}}"#);
    for line in [show.as_str()].iter().chain(then) {
        let events = session.apply_json(line);
        assert!(!format!("{events:?}").contains("Refused"), "{line}: {events:?}");
    }
    session
}

fn shown(session: &Session) -> crate::session::state::Shown {
    session.state().desk.viewports[&1].shown.clone().unwrap()
}

/// Objects of the slices that are expected, by series and slice from 1.
fn check(kind: &str, series: &str, then: &[&str], expected: &[(&str, std::ops::RangeInclusive<usize>)]) {
    let session = showing(kind, series, then);
    let images = session.images_seen(&shown(&session)).unwrap();
    let found: Vec<&str> = images
        .iter()
        .map(|image| image.reference.sop_instance_uid.as_str())
        .collect();
    let uid = |(key, slices): &(&str, std::ops::RangeInclusive<usize>)| {
        let known = ["ct", "pet", "mr", "dyn"].iter().position(|name| name == key);
        let n = known.unwrap() + 2;
        slices
            .clone()
            .map(move |slice| format!("1.2.3.{n}.{slice}"))
            .collect::<Vec<_>>()
    };
    let expected: Vec<String> = expected.iter().flat_map(uid).collect();
    assert_eq!(found, expected, "{kind} {series} {then:?}");
}

#[test]
fn a_picture_names_the_images_that_it_is_made_of() {
    let slice = r#"{"do": {"go_to_slice": {"viewport": 1, "slice": 6}}}"#;
    check(r#""stack""#, r#"["ct"]"#, &[slice], &[("ct", 7..=7)]);
    check(
        r#""stack""#,
        r#"["ct", "pet"]"#,
        &[slice],
        &[("ct", 7..=7), ("pet", 7..=7)],
    );
    check(
        r#"{"tiles": {"rows": 2, "columns": 2}}"#,
        r#"["ct"]"#,
        &[slice],
        &[("ct", 7..=10)],
    );
    // Slices lie 3 mm apart, the middle of the body between two of them.
    check(r#""plane""#, r#"["ct"]"#, &[], &[("ct", 20..=21)]);
    let slab = r#"{"do": {"set_slab": {"viewport": 1, "thickness_mm": 12, "kind": "maximum"}}}"#;
    check(r#""plane""#, r#"["ct"]"#, &[slab], &[("ct", 18..=23)]);
    let coronal = r#"{"do": {"set_axis": {"viewport": 1, "axis": "coronal"}}}"#;
    check(r#""plane""#, r#"["ct"]"#, &[coronal], &[("ct", 1..=40)]);
    check(
        r#"{"projection": {"of": "maximum"}}"#,
        r#"["pet"]"#,
        &[],
        &[("pet", 1..=40)],
    );
    check(r#""stack""#, r#"["dyn"]"#, &[], &[("dyn", 5..=5)]);
    let phase = r#"{"do": {"go_to_phase": {"viewport": 1, "phase": 2}}}"#;
    check(r#""stack""#, r#"["dyn"]"#, &[phase], &[]);
}

#[test]
fn a_picture_tells_whether_it_may_name_the_patient() {
    let tells = |then: &[&str]| {
        let mut session = showing(r#""stack""#, r#"["ct"]"#, then);
        let size = Size {
            width: 64,
            height: 64,
        };
        let shown = shown(&session);
        let picture = session.picture_of(&shown, size, &mut CpuRenderer::new(), &Cancel::new());
        session.may_name_patient(&shown, &picture.unwrap())
    };
    let hidden = r#"{"do": {"deidentify": {"on": true}}}"#;
    let corners =
        |fields: &str| format!(r#"{{"do": {{"set_corners": {{"fields": [[{fields}], [], [], []]}}}}}}"#);
    let mark = |text: &str| {
        format!(
            r#"{{"do": {{"add_mark": {{"viewport": 1, "kind": "arrow", "points": [[20, 20, 64, 64], [30, 30, 64, 64]], "text": "{text}"}}}}}}"#
        )
    };
    assert!(tells(&[]), "the usual corners begin with the name");
    assert!(!tells(&[hidden]));
    assert!(!tells(&[&corners(r#""Slice", "Window""#)]));
    assert!(!tells(&[&mark(""), hidden]), "numbers name nobody");
    assert!(tells(&[&mark("made up"), hidden]), "people type names");
}

#[test]
fn names_are_found_within_descriptions() {
    let check = |name: &str, line, expected| {
        let mut facts = world::source().series()[0].clone();
        facts.texts.insert("PatientName".to_owned(), name.to_owned());
        facts.texts.insert("PatientSex".to_owned(), "M".to_owned());
        assert_eq!(tells(line, &facts), expected, "{line} of {name}");
    };
    check("Somebody^Made^Up", "Somebody^Made^Up", true);
    check("Somebody^Made^Up", "CT OF SOMEBODY", true);
    check("Somebody^Made^Up", "CT 2.0 x 2.0 x 3.0", false);
    check("Somebody^Made^Up", "M", true);
    check("Somebody^Made^Up", "", false);
    check("Wang^Wei=王^伟", "王伟 CT", true);
    check("Wang^Wei=王^伟", "伟大的 CT", false);
    check("", "CT", false);
}
