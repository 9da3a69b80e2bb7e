//! Searches as work of their own: on another thread, given up, laid in later, replayed without searching.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{pictures, world};
use crate::geometry::Point;
use crate::registration::{Options, Watch, register};
use crate::session::sight::map;
use crate::session::state::Origin;
use crate::session::{Arrival, Command, Event, InMemory, Refusal, Search, Session, Source};

/// Gives up when it has heard of so much progress.
#[derive(Default)]
struct Watcher {
    heard: AtomicUsize,
    patience: Option<usize>,
}

impl Watch for Watcher {
    fn progress(&self, done: f64) {
        assert!((0.0..=1.0).contains(&done), "{done}");
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        let heard = self.heard.load(Ordering::Relaxed);
        self.patience.is_some_and(|patience| heard >= patience)
    }
}

fn fused() -> Vec<&'static str> {
    vec![
        r#"{"do": {"set_layout": {"layout": {"name": "1x2", "rows": 1, "columns": 2}}}}"#,
        r#"{"do": {"show": {"viewport": 1, "kind": "plane", "series": ["ct"]}}}"#,
        r#"{"do": {"align_by_hand": {"moving": "mr", "fixed": "ct", "change": {"move_by": {"mm": [-3, 1, 0]}}}}}"#,
        r#"{"do": {"show": {"viewport": 2, "kind": "plane", "series": ["ct", "mr"]}}}"#,
    ]
}

fn prepared() -> Session {
    let mut session = world::session();
    for line in fused() {
        let events = session.apply_json(line);
        let is_refused = events.iter().any(|event| matches!(event, Event::Refused { .. }));
        assert!(!is_refused, "{line}: {events:?}");
    }
    session
}

#[test]
fn a_search_runs_elsewhere_and_is_laid_in_where_the_views_are_then() {
    let mut session = prepared();
    let watcher = Watcher::default();
    let search = session.search("mr", "ct", false).unwrap();
    let found = std::thread::scope(|scope| {
        let work = scope.spawn(|| search.run(&watcher));
        // Meanwhile the reader goes on.
        session
            .apply(Command::Scroll {
                viewport: 1,
                steps: 3,
            })
            .unwrap();
        session.apply(Command::Clear { viewport: 2 }).unwrap();
        work.join().unwrap()
    })
    .unwrap();
    assert!(watcher.heard.load(Ordering::Relaxed) > 1, "progress was told");
    // As the registration of the same volumes, from the moving space to the fixed one.
    let volume = |key| match world::source().volume(key, 0) {
        Arrival::Whole(volume) => volume,
        other => panic!("{key}: {other:?}"),
    };
    let direct = register(&volume("ct"), &volume("mr"), &Options::default(), &()).unwrap();
    let place = Point::new(10.0, 20.0, 30.0);
    let there = map(&found.fixed_from_moving) * direct.moving_from_fixed.apply(place);
    assert!(there.distance(place) < 1e-9, "{found:?}");
    // A body that is the same all round: what was found is doubted, and that is said.
    let reason = direct.verdict.reasons[0].to_string();
    let events = session.apply(Command::from(found.clone())).unwrap();
    assert!(events.contains(&Event::AlignmentChanged), "{events:?}");
    assert!(format!("{events:?}").contains(&format!("look at the registration: {reason}")));
    let origin = &session.state().joints[0].origin;
    assert_eq!(*origin, Origin::SearchToCheck(found.reasons_to_check.clone()));
    assert_eq!(
        session.state().joints[0].fixed_from_moving,
        found.fixed_from_moving
    );
    session.apply(Command::Undo).unwrap();
    assert_ne!(
        session.state().joints[0].fixed_from_moving,
        found.fixed_from_moving
    );
}

#[test]
fn at_once_and_elsewhere_is_the_same_and_replays_without_voxels() {
    let align = |refine| Command::Align {
        moving: "mr".to_owned(),
        fixed: "ct".to_owned(),
        refine,
    };
    let mut at_once = prepared();
    at_once.apply(align(true)).unwrap();
    let mut elsewhere = prepared();
    let found = elsewhere.search("mr", "ct", true).unwrap().run(&()).unwrap();
    elsewhere.apply(Command::from(found)).unwrap();
    assert_eq!(at_once.snapshot(), elsewhere.snapshot());
    assert_eq!(at_once.log(), elsewhere.log(), "the log has what was found");
    let mut replayed = world::session();
    for entry in at_once.log() {
        let line = serde_json::to_string(entry).unwrap();
        replayed.apply_json(&line);
    }
    assert_eq!(replayed.snapshot(), at_once.snapshot());
    assert!(pictures(&mut replayed) == pictures(&mut at_once));
    // A source that has sent no voxels yet could not search.
    let mut facts_only = InMemory::new();
    for facts in world::source().series() {
        facts_only.add(facts.clone(), []);
    }
    let mut waiting = Session::new(Box::new(facts_only));
    for entry in at_once.log() {
        waiting.apply(entry.clone()).unwrap();
    }
    assert_eq!(waiting.snapshot(), at_once.snapshot());
    assert!(matches!(
        waiting.search("mr", "ct", false),
        Err(Refusal::Waiting(_))
    ));
    assert!(matches!(waiting.apply(align(false)), Err(Refusal::Waiting(_))));
}

#[test]
fn what_is_given_up_changes_nothing() {
    fn is_sent<T: Send + 'static>(work: T) -> T {
        work
    }
    let session = prepared();
    let (before, entries) = (session.snapshot(), session.log().len());
    for patience in [0, 1, 2] {
        let search: Search = is_sent(session.search("mr", "ct", false).unwrap());
        let watcher = Watcher {
            patience: Some(patience),
            ..Watcher::default()
        };
        let given_up = std::thread::scope(|scope| scope.spawn(move || search.run(&watcher)).join().unwrap());
        assert_eq!(given_up, Err(Refusal::Cancelled), "after {patience}");
    }
    assert_eq!(session.snapshot(), before);
    assert_eq!(session.log().len(), entries);
}

#[test]
fn what_cannot_be_searched_is_refused_before_it_begins() {
    let session = prepared();
    let said = |moving, fixed| session.search(moving, fixed, false).unwrap_err().to_string();
    assert!(said("none", "ct").contains("no series has the key"));
    assert!(said("pet", "ct").contains("series of two frames of reference"));
    let mut presented = prepared();
    for line in [
        r#"{"do": {"join": {"participant": 1, "name": "A"}}}"#,
        r#"{"do": {"join": {"participant": 2, "name": "B"}}}"#,
        r#"{"by": 1, "do": {"present": {"on": true}}}"#,
    ] {
        presented.apply_json(line);
    }
    let events = presented.apply_json(r#"{"by": 2, "do": {"align": {"moving": "mr", "fixed": "ct"}}}"#);
    assert!(
        format!("{events:?}").contains("participant 1 presents"),
        "{events:?}"
    );
}
