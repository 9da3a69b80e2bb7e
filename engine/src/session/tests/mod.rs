//! Scripts of commands in `tests/scenarios`, each with what is the case after them; every one is taken back to its
//! beginning, done again, and replayed.

mod figures;
#[cfg(feature = "gpu")]
mod gpu;
mod hanging;
mod pictures;
mod planar;
mod radiographs;
mod random;
mod saved;
mod search;
mod seen;
mod surface;
mod tools;
mod world;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Command, Event, Session};
use crate::presentation::Size;
use crate::render::{Cancel, CpuRenderer, Image};
use crate::session::Sharpness;

const SCENARIOS: &[(&str, &str)] = &[
    ("layouts", include_str!("../../../tests/scenarios/layouts.jsonl")),
    ("places", include_str!("../../../tests/scenarios/places.jsonl")),
    ("hanging", include_str!("../../../tests/scenarios/hanging.jsonl")),
    ("links", include_str!("../../../tests/scenarios/links.jsonl")),
    ("screens", include_str!("../../../tests/scenarios/screens.jsonl")),
    ("film", include_str!("../../../tests/scenarios/film.jsonl")),
    ("looks", include_str!("../../../tests/scenarios/looks.jsonl")),
    ("marks", include_str!("../../../tests/scenarios/marks.jsonl")),
    ("vois", include_str!("../../../tests/scenarios/vois.jsonl")),
    (
        "alignment",
        include_str!("../../../tests/scenarios/alignment.jsonl"),
    ),
    (
        "restored",
        include_str!("../../../tests/scenarios/restored.jsonl"),
    ),
    ("motion", include_str!("../../../tests/scenarios/motion.jsonl")),
    ("planar", include_str!("../../../tests/scenarios/planar.jsonl")),
    ("people", include_str!("../../../tests/scenarios/people.jsonl")),
];

fn lines(script: &str) -> impl Iterator<Item = (usize, &str)> {
    script
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
}

/// Pictures of all visible views.
fn pictures(session: &mut Session) -> Vec<Result<Image, String>> {
    let size = Size {
        width: 48,
        height: 40,
    };
    let mut renderer = CpuRenderer::new();
    let views = session.state().desk.visible();
    let mut picture = |n| session.image(n, size, Sharpness::Still, &mut renderer, &Cancel::new());
    let mut image = |n| {
        picture(n)
            .map(|picture| picture.image)
            .map_err(|refusal| refusal.to_string())
    };
    views.into_iter().map(&mut image).collect()
}

fn expect(session: &mut Session, expected: &Value, refused: &Option<String>, at: &str) {
    if let Some(part) = expected["refused"].as_str() {
        let found = refused.as_deref().unwrap_or("nothing was refused");
        assert!(found.contains(part), "{at}: expected {part:?}, found {found:?}");
        return;
    }
    let found = if let Some(pointer) = expected["at"].as_str() {
        let state = serde_json::to_value(session.state()).unwrap();
        state
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{at}: nothing at {pointer}"))
            .clone()
    } else {
        let name = expected["figure"].as_str().unwrap();
        let readout = match (expected["mark"].as_u64(), expected["voi"].as_u64()) {
            (Some(mark), _) => session.mark_readout(mark).unwrap(),
            (_, Some(voi)) => session.voi_readout(voi).unwrap(),
            _ => panic!("{at}: expected a mark or a voi"),
        };
        let value = readout.get(name, expected["series"].as_str());
        value
            .unwrap_or_else(|| panic!("{at}: no {name} in {readout:?}"))
            .into()
    };
    let is_it = match (expected["within"].as_f64(), &found) {
        (Some(within), Value::Number(found)) => {
            (found.as_f64().unwrap() - expected["is"].as_f64().unwrap()).abs() <= within
        }
        _ => found == expected["is"],
    };
    assert!(is_it, "{at}: expected {}, found {found}", expected["is"]);
}

#[test]
fn every_scenario_holds_and_is_undone_redone_and_replayed() {
    for (name, script) in SCENARIOS {
        let mut session = world::session();
        let mut moments = Vec::new();
        let mut refused = None;
        for (n, line) in lines(script) {
            let at = format!("{name}.jsonl:{}", n + 1);
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{at}: {error}"));
            if let Some(expected) = value.get("expect") {
                expect(&mut session, expected, &refused, &at);
                continue;
            }
            let (before, steps) = (session.snapshot(), session.done.len());
            let events = session.apply_json(line);
            refused = events.iter().find_map(|event| match event {
                Event::Refused { text } => Some(text.clone()),
                _ => None,
            });
            if refused.is_some() {
                assert_eq!(
                    session.snapshot(),
                    before,
                    "{at}: a refused command changed something"
                );
            }
            let next = lines(script).find(|(m, _)| *m > n).map_or("", |(_, line)| line);
            let is_expected = next.contains("\"refused\"");
            assert_eq!(refused.is_some(), is_expected, "{at}: {refused:?}");
            match session.done.len() {
                now if now > steps => moments.push(before),
                now if now < steps => moments.truncate(now),
                _ => {}
            }
        }
        let end = session.snapshot();
        let drawn = pictures(&mut session);
        assert_eq!(session.done.len(), moments.len(), "{name}");
        for (n, moment) in moments.iter().enumerate().rev() {
            session.apply(Command::Undo).unwrap();
            assert!(session.snapshot() == *moment, "{name}: undo of step {n}");
        }
        for _ in 0..moments.len() {
            session.apply(Command::Redo).unwrap();
        }
        assert!(session.snapshot() == end, "{name}: redo");
        let mut replayed = world::session();
        for entry in session.log().to_vec() {
            replayed.apply(entry).unwrap();
        }
        assert!(replayed.snapshot() == end, "{name}: replay");
        assert!(pictures(&mut replayed) == drawn, "{name}: pictures of the replay");
        // A host that crashed begins with the snapshot.
        let mut restored = world::session();
        restored.restore(&end).unwrap();
        assert!(restored.snapshot() == end, "{name}: restored");
        assert!(
            pictures(&mut restored) == drawn,
            "{name}: pictures of what was restored"
        );
    }
}

#[test]
fn every_command_stands_in_a_scenario() {
    let error = serde_json::from_str::<Command>("\"none\"")
        .unwrap_err()
        .to_string();
    let known: BTreeSet<&str> = error.split('`').skip(3).step_by(2).collect();
    assert!(known.len() > 60, "{known:?}");
    let mut used = BTreeSet::new();
    for (_, script) in SCENARIOS {
        for (_, line) in lines(script) {
            let value: Value = serde_json::from_str(line).unwrap();
            match &value["do"] {
                Value::String(name) => used.insert(name.clone()),
                Value::Object(map) => used.insert(map.keys().next().unwrap().clone()),
                _ => false,
            };
        }
    }
    let missing: Vec<_> = known.iter().filter(|name| !used.contains(**name)).collect();
    assert!(missing.is_empty(), "no scenario has {missing:?}");
}

#[test]
fn snapshots_of_other_programs_are_refused() {
    let mut session = world::session();
    let before = session.snapshot();
    for (bytes, part) in [
        (&b"nothing"[..], "expected a session's snapshot of version 1"),
        (b"{\"uptake_session\": 2}", "one of version 2"),
        (b"{\"uptake_session\": 1, \"state\": {}}", "missing field"),
        (b"", "EOF"),
    ] {
        let refusal = session.restore(bytes).unwrap_err().to_string();
        assert!(refusal.contains(part), "{refusal}");
    }
    let text = String::from_utf8(before.clone()).unwrap();
    let broken = text.replace("\"rows\":1", "\"rows\":0");
    assert!(session.restore(broken.as_bytes()).is_err());
    assert_eq!(session.snapshot(), before);
}
