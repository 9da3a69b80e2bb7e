//! Random commands: nothing panics, undo comes back, the log replays.

use proptest::prelude::*;

use super::{SCENARIOS, lines, world};
use crate::session::{Command, Entry, Session, Spot};

/// Every command of the scenarios, and what is set in them, is where random ones come from.
fn known() -> Vec<Entry> {
    let scripts = SCENARIOS.iter().flat_map(|(_, script)| lines(script));
    let entries = scripts.filter_map(|(_, line)| serde_json::from_str::<Entry>(line).ok());
    // A search takes seconds.
    entries
        .filter(|entry| !matches!(entry.command, Command::Align { .. }))
        .collect()
}

/// Numbers in the JSON of a command become others now and then.
fn changed(entry: &Entry, seeds: &[(u8, f64)]) -> Option<Entry> {
    let mut value = serde_json::to_value(entry).ok()?;
    let mut at = 0;
    change(&mut value, seeds, &mut at);
    serde_json::from_value(value).ok()
}

fn change(value: &mut serde_json::Value, seeds: &[(u8, f64)], at: &mut usize) {
    match value {
        serde_json::Value::Number(number) => {
            let (choice, by) = seeds[*at % seeds.len()];
            *at += 1;
            let known = number.as_f64().unwrap_or(0.0);
            let next = match choice % 8 {
                0 => by,
                1 => -known,
                2 => known * by,
                3 => 1e308,
                _ => return,
            };
            if number.is_u64() || number.is_i64() {
                *value = serde_json::Value::from((next.abs().min(9.0)) as u64);
            } else if let Some(next) = serde_json::Number::from_f64(next) {
                *value = serde_json::Value::Number(next);
            }
        }
        serde_json::Value::Array(parts) => parts.iter_mut().for_each(|part| change(part, seeds, at)),
        serde_json::Value::Object(parts) => parts.values_mut().for_each(|part| change(part, seeds, at)),
        _ => {}
    }
}

fn prepared() -> Session {
    let mut session = world::session();
    for line in SCENARIOS[1].1.lines().take(7) {
        session.apply_json(line);
    }
    session
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_sequences_are_undone_and_replayed(
        picks in proptest::collection::vec(
            (any::<prop::sample::Index>(), proptest::collection::vec((any::<u8>(), -300.0..300.0f64), 1..8)),
            1..60,
        ),
    ) {
        let known = known();
        let mut session = prepared();
        let first = session.done.len();
        let mut moments = Vec::new();
        for (index, seeds) in &picks {
            let Some(entry) = changed(index.get(&known), seeds) else { continue };
            let (before, steps) = (session.snapshot(), session.done.len());
            let is_done = session.apply(entry).is_ok();
            if !is_done {
                prop_assert!(session.snapshot() == before);
            }
            match session.done.len() {
                now if now > steps => moments.push(before),
                now if now < steps => {
                    moments.pop();
                }
                _ => {}
            }
        }
        let end = session.snapshot();
        let log = session.log().to_vec();
        for moment in moments.iter().rev() {
            if session.done.len() <= first {
                break;
            }
            session.apply(Command::Undo).unwrap();
            prop_assert!(session.snapshot() == *moment);
        }
        let mut replayed = world::session();
        for entry in log {
            replayed.apply(entry).unwrap();
        }
        prop_assert!(replayed.snapshot() == end);
        let mut restored = world::session();
        restored.restore(&end).unwrap();
        prop_assert!(restored.snapshot() == end);
    }

    #[test]
    fn any_text_is_an_event(text in ".{0,200}") {
        let mut session = world::session();
        let before = session.snapshot();
        session.apply_json(&text);
        prop_assert!(session.snapshot() == before);
    }

    /// What is asked of a view has an answer, or a reason why not.
    #[test]
    fn any_spot_of_any_view_can_be_asked(
        kind in 0..6_usize,
        ends in proptest::array::uniform4(prop_oneof![0.0..128.0f64, -1e8..1e8f64]),
        side in prop_oneof![Just(128.0), 0.0..2e4f64],
        reach in -1.0..80.0f64,
    ) {
        let mut session = prepared();
        let kind = [
            r#""stack""#,
            r#""plane""#,
            r#"{"tiles": {"rows": 2, "columns": 2}}"#,
            r#"{"projection": {"of": "maximum"}}"#,
            r#"{"rendering": {"preset": "ct-bone"}}"#,
            r#"{"rendering": {}}"#,
        ][kind];
        for line in [
            format!(r#"{{"do": {{"show": {{"viewport": 1, "kind": {kind}, "series": ["ct", "pet"]}}}}}}"#),
            r#"{"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": {"sphere": {"center_mm": [0, 0, 0], "radius_mm": 30}}}}}"#.to_owned(),
        ] {
            session.apply_json(&line);
        }
        let [from, to] = [[ends[0], ends[1]], [ends[2], ends[3]]]
            .map(|[x, y]| Spot { x, y, width: side, height: 128.0 });
        let before = session.snapshot();
        let _ = session.hit(1, from, reach);
        let _ = session.probe(1, from);
        if let Ok(way) = session.livewire(1, from, to) {
            prop_assert!(way.len() >= 2);
        }
        prop_assert!(session.snapshot() == before);
    }

    /// After anything, reset gives the first pictures.
    #[test]
    fn reset_gives_the_first_pictures(picks in proptest::collection::vec(
        (any::<prop::sample::Index>(), 1.0..100.0f64, 1.0..100.0f64), 1..12,
    )) {
        let mut session = prepared();
        let first = super::pictures(&mut session);
        let spot = |x, y| Spot { x, y, width: 128.0, height: 128.0 };
        for (index, a, b) in &picks {
            let viewport = 1 + index.index(6) as u32;
            let commands = [
                Command::Pan { viewport, from: spot(*a, *b), to: spot(*b, *a) },
                Command::Zoom { viewport, factor: a / 50.0, about: Some(spot(*b, *a)) },
                Command::Rotate { viewport, angle_rad: *a },
                Command::DragWindow { viewport, layer: 0, by: [a - 50.0, b - 50.0] },
                Command::Scroll { viewport, steps: (*a - 50.0) as i32 },
                Command::Crosshair { viewport, at: spot(*a, *b) },
                Command::Turn { viewport, from: spot(*a, *b), to: spot(*b, *a) },
                Command::Invert { viewport, layer: 0 },
                Command::FlipVertically { viewport },
                Command::Sharpen { viewport, amount: a / 20.0 },
            ];
            let _ = session.apply(commands[index.index(commands.len())].clone());
        }
        session.apply(Command::Reset { viewport: None }).unwrap();
        prop_assert!(super::pictures(&mut session) == first);
    }
}
