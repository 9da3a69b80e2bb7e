//! A session as bytes and back, and commands from text. All of it comes from outside: sizes are met first.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::presentation::hanging::MAX_SCREENS;
use crate::session::Session;
use crate::session::apply::at_most;
use crate::session::command::Entry;
use crate::session::error::{Refusal, within};
use crate::session::event::Event;
use crate::session::sight::ZOOM;
use crate::session::state::{Desk, Kind, Shown, State, Viewport};

/// What snapshots and logs of this program are called.
const VERSION: u32 = 1;
/// Largest snapshot.
const MAX_SNAPSHOT: usize = 64 << 20;
/// Largest command.
const MAX_LINE: usize = 4 << 20;
/// Most views of a desk.
const MAX_VIEWS: usize = 256;

#[derive(Serialize)]
struct Written<'a> {
    uptake_session: u32,
    state: &'a State,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    uptake_session: u32,
    state: State,
}

#[derive(Deserialize)]
struct Version {
    uptake_session: u32,
}

/// A command from a line of JSON.
///
/// # Errors
///
/// [`Refusal::Malformed`] for what is no command, or is longer than 4 MB.
pub(super) fn entry(line: &str) -> Result<Entry, Refusal> {
    let malformed = |found| Refusal::Malformed {
        expected: "a command as JSON".to_owned(),
        found,
    };
    if line.len() > MAX_LINE {
        return Err(malformed(format!("{} bytes", line.len())));
    }
    serde_json::from_str(line).map_err(|error| malformed(error.to_string()))
}

impl Session {
    /// All that is the case now as bytes: the same state gives the same bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let written = Written {
            uptake_session: VERSION,
            state: &self.state,
        };
        serde_json::to_vec(&written).expect("a state has text keys and finite numbers only")
    }

    /// Goes back to what a snapshot says; it can be undone. Views of series that the source lacks are emptied.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for bytes that are no snapshot of this version, or whose numbers cannot be used; nothing has changed
    /// then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Refusal> {
        let mut state = parsed(bytes)?;
        let mut missing = Vec::new();
        let desks = std::iter::once(&mut state.desk).chain(state.desks.values_mut());
        for desk in desks {
            self.without_unknown(desk, &mut missing)?;
        }
        state.vois.retain(|_, voi| {
            let is_known = self.stage.facts(&voi.series).is_ok();
            if !is_known {
                missing.push(voi.series.clone());
            }
            is_known
        });
        for item in &state.film {
            check_shown(&item.shown)?;
        }
        state.film.retain(|item| {
            let keys = item.shown.layers.iter().map(|layer| layer.series.clone());
            let unknown: Vec<String> = keys.filter(|key| self.stage.facts(key).is_err()).collect();
            let is_known = unknown.is_empty();
            missing.extend(unknown);
            is_known
        });
        state
            .marks
            .retain(|_, mark| super::figures::geometry(mark).is_ok());
        state.calibrations.retain(|_, mm| (1e-9..=1e9).contains(mm));
        state.selected_mark = state.selected_mark.filter(|n| state.marks.contains_key(n));
        state.selected_voi = state.selected_voi.filter(|n| state.vois.contains_key(n));
        let before = std::mem::replace(&mut self.state, Arc::new(state));
        self.remember(before.clone());
        // A log of what came before does not lead here.
        self.log.clear();
        self.undone.clear();
        self.gesture = None;
        let mut events = self.changes(&before);
        missing.sort();
        missing.dedup();
        events.extend(missing.into_iter().map(|key| Event::Remark {
            text: Refusal::NoSeries(key).to_string(),
        }));
        Ok(events)
    }

    fn without_unknown(&self, desk: &mut Arc<Desk>, missing: &mut Vec<String>) -> Result<(), Refusal> {
        let desk = Arc::make_mut(desk);
        for view in desk.viewports.values_mut() {
            let parts = [view.shown.as_ref(), view.home.as_deref()];
            let mut is_known = true;
            for shown in parts.into_iter().flatten() {
                check_shown(shown)?;
                for layer in &shown.layers {
                    if self.stage.facts(&layer.series).is_err() {
                        missing.push(layer.series.clone());
                        is_known = false;
                    }
                }
            }
            if !is_known {
                *view = Arc::new(Viewport::default());
            }
        }
        Ok(())
    }
}

fn parsed(bytes: &[u8]) -> Result<State, Refusal> {
    let expected = format!("a session's snapshot of version {VERSION}");
    let malformed = |found: String| Refusal::Malformed {
        expected: expected.clone(),
        found,
    };
    if bytes.len() > MAX_SNAPSHOT {
        return Err(malformed(format!("{} bytes", bytes.len())));
    }
    let Version { uptake_session } =
        serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    if uptake_session != VERSION {
        return Err(malformed(format!("one of version {uptake_session}")));
    }
    let read: Read = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    debug_assert_eq!(read.uptake_session, VERSION);
    for desk in std::iter::once(&read.state.desk).chain(read.state.desks.values()) {
        let screens = desk.screens().count();
        if screens > MAX_SCREENS {
            return Err(malformed(format!("{screens} screens")));
        }
        let cells: usize = desk.screens().map(|layout| layout.cells().len()).sum();
        let has_all = desk.numbers().iter().all(|n| desk.viewports.contains_key(n));
        if !has_all || desk.viewports.len() > MAX_VIEWS {
            return Err(malformed(format!(
                "{} views for {cells} cells",
                desk.viewports.len()
            )));
        }
        if desk.maximized.is_some_and(|n| !desk.viewports.contains_key(&n)) {
            return Err(malformed("a view shown alone that is none".to_owned()));
        }
    }
    Ok(read.state)
}

/// Numbers that a command could not have set.
fn check_shown(shown: &Shown) -> Result<(), Refusal> {
    within("the magnification", "0.02 to 200", ZOOM, shown.zoom)?;
    let places = shown.focus_mm.iter().chain(shown.crosshair_mm.iter().flatten());
    for part in places {
        within("a place", "within 1000 m", -1e6..=1e6, *part)?;
    }
    for (n, axis) in shown.axes.iter().enumerate() {
        let along = axis.iter().map(|part| part * part).sum::<f64>().sqrt();
        within("the length of a view's axis", "1", 0.999..=1.001, along)?;
        let next = &shown.axes[(n + 1) % 3];
        let dot: f64 = axis.iter().zip(next).map(|(a, b)| a * b).sum();
        within("the angle of a view's axes", "a right one", -1e-3..=1e-3, dot)?;
    }
    for name in shown.groups.iter().flat_map(|groups| groups.values()) {
        at_most("bytes of a group's name", 512, name.len())?;
    }
    for part in shown
        .layers
        .iter()
        .flat_map(|layer| layer.percent_of_max)
        .flatten()
    {
        within("a percentage", "within 1e6", -1e6..=1e6, part)?;
    }
    let is_tiled = |count: &u32| (1..=12).contains(count);
    let kind_is_sound = match &shown.kind {
        Kind::Tiles { rows, columns } => is_tiled(rows) && is_tiled(columns),
        _ => true,
    };
    let most = crate::render::MAX_LAYERS;
    if !kind_is_sound || !(1..=most).contains(&shown.layers.len()) {
        return Err(Refusal::Count {
            what: "layers, rows or columns of a view",
            expected: format!("1 to {most} layers and 1 to 12 rows and columns"),
            found: shown.layers.len(),
        });
    }
    Ok(())
}
