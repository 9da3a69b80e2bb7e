//! What hosts use: commands in, events and images out.
//!
//! A [`Session`] holds what a reader sees and has drawn. Everything that changes it is a [`Command`], plain data that
//! comes from a window, a browser, a socket, a script or a test alike; it answers with [`Event`]s, and gives a
//! [`Picture`] of each view. The same commands give the same pictures everywhere: there is no clock, no file and no
//! network here, voxels come through a [`Source`] and pixels from the renderer that the host lends. How panels look,
//! which key does what, and where words are typed is the hosts'.
//!
//! ```text
//! host -- Entry{do: Command} --> Session::apply --> State --> Vec<Event> --> host
//! host -- (viewport, size) ----> Session::image --> Scene --> Renderer ----> Picture
//!                                  Source --> Volume ^
//! ```
//!
//! Views lie on a [`state::Desk`] of one or several screens: a host asks it for the numbers of a screen's views.
//! [`State`] is all that undo brings back and a snapshot keeps. A refused command changes nothing.

mod apply;
mod collection;
mod command;
mod controls;
mod cursor;
mod curve;
mod department;
mod error;
mod event;
mod figures;
mod listing;
mod livewire;
mod masks;
mod measure;
mod picture;
mod readouts;
mod saved;
mod scale;
mod search;
mod seen;
mod sheet;
mod shutter;
mod sight;
mod snapshot;
mod source;
mod stage;
pub mod state;
mod surface;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use collection::Collection;
pub use command::{Command, Entry, HandChange, Link, Spot};
pub use controls::{Control, Controls, Setting};
pub use department::Department;
pub use error::Refusal;
pub use event::Event;
pub use figures::{Figure, Readout};
pub use listing::{Listed, Listing};
pub use masks::VoiCache;
pub use picture::{Hit, Line, Picture, Sharpness, Written};
pub use saved::{SavedJoint, SavedVoi, SavedVois};
pub use search::{Found, Search};
pub use source::{Arrival, ImageArrival, InMemory, PATIENT_FIELDS, PlanarImage, SeriesFacts, Source};
pub use state::State;

use stage::Stage;

/// How many changes can be taken back.
pub const STEPS: usize = 200;
/// Most entries of a log: a host takes them from time to time ([`Session::take_log`]); none is dropped silently.
pub const MAX_LOG: usize = 1_000_000;

/// What one reader, or several together, see and have drawn.
pub struct Session {
    stage: Stage,
    state: Arc<State>,
    done: VecDeque<Arc<State>>,
    undone: Vec<Arc<State>>,
    /// The gesture that the last change belongs to, and who makes it.
    gesture: Option<(Option<u32>, u64)>,
    people: People,
    log: Vec<Entry>,
    vois: VoiCache,
    drawn: picture::Drawn,
    /// Tried before those that come with the engine.
    department: Department,
}

/// Who takes part. Nothing of it is undone or kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct People {
    /// Names and cursors by number.
    pub participants: BTreeMap<u32, Participant>,
    /// The one whose commands count; none for all.
    pub presenter: Option<u32>,
}

/// A person who takes part.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Participant {
    /// What the others call them.
    pub name: String,
    /// The view they point into and the place there, LPS mm in the space of its lowest layer.
    pub cursor: Option<(u32, [f64; 3])>,
}

impl Session {
    /// A session over what a source has: one empty view.
    #[must_use]
    pub fn new(source: Box<dyn Source + Send>) -> Self {
        Self {
            stage: Stage::new(source),
            state: Arc::default(),
            done: VecDeque::new(),
            undone: Vec::new(),
            gesture: None,
            people: People::default(),
            log: Vec::new(),
            vois: VoiCache::default(),
            drawn: picture::Drawn::default(),
            department: Department::default(),
        }
    }

    /// Takes what a department sets for its readers; what is shown already stays as it is.
    pub fn set_department(&mut self, department: Department) {
        self.department = department;
    }

    /// Does what a command says and tells what has changed.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; nothing has changed then.
    pub fn apply(&mut self, entry: impl Into<Entry>) -> Result<Vec<Event>, Refusal> {
        let entry = entry.into();
        if self.log.len() >= MAX_LOG {
            return Err(Refusal::Count {
                what: "entries of the log (take it)",
                expected: format!("at most {MAX_LOG}"),
                found: MAX_LOG + 1,
            });
        }
        let entry = self.searched(entry)?;
        let events = self.act(&entry)?;
        self.log.push(entry);
        Ok(events)
    }

    /// Of a search what it found: a log is replayed without searching again.
    fn searched(&self, entry: Entry) -> Result<Entry, Refusal> {
        let Command::Align {
            moving,
            fixed,
            refine,
        } = &entry.command
        else {
            return Ok(entry);
        };
        self.people.may(entry.by, &entry.command)?;
        let found = self.search(moving, fixed, *refine)?.run(&())?;
        Ok(Entry {
            command: found.into(),
            ..entry
        })
    }

    /// Does what a line of JSON says; what is refused comes as an event.
    pub fn apply_json(&mut self, line: &str) -> Vec<Event> {
        let applied = snapshot::entry(line).and_then(|entry| self.apply(entry));
        applied.unwrap_or_else(|refusal| {
            vec![Event::Refused {
                text: refusal.to_string(),
            }]
        })
    }

    fn act(&mut self, entry: &Entry) -> Result<Vec<Event>, Refusal> {
        let by = entry.by;
        self.people.may(by, &entry.command)?;
        match &entry.command {
            Command::Undo => return self.step_back(),
            Command::Redo => return self.step_forward(),
            Command::Join { .. }
            | Command::Leave { .. }
            | Command::Point { .. }
            | Command::Present { .. } => {
                return self.meet(by, &entry.command);
            }
            _ => {}
        }
        let mut next = State::clone(&self.state);
        let remarks = apply::apply(
            &mut next,
            &mut self.stage,
            &mut self.vois,
            &self.department,
            entry,
        )?;
        let mut events = self.advance(next, entry);
        events.extend(remarks);
        Ok(events)
    }

    /// Makes `next` the present, and what was before it something to go back to.
    fn advance(&mut self, next: State, entry: &Entry) -> Vec<Event> {
        if next == *self.state {
            return Vec::new();
        }
        let before = std::mem::replace(&mut self.state, Arc::new(next));
        // What plays changes the picture, and is nothing to take back step by step.
        let is_time = matches!(entry.command, Command::Tick { .. });
        let gesture = entry.gesture.map(|gesture| (entry.by, gesture));
        let goes_on = gesture.is_some() && gesture == self.gesture;
        if !is_time {
            self.gesture = gesture;
            if !goes_on {
                self.remember(before.clone());
            }
            self.undone.clear();
        }
        self.changes(&before)
    }

    fn remember(&mut self, before: Arc<State>) {
        self.done.push_back(before);
        if self.done.len() > STEPS {
            self.done.pop_front();
        }
    }

    fn step_back(&mut self) -> Result<Vec<Event>, Refusal> {
        let before = self.done.pop_back().ok_or(Refusal::Nothing("take back"))?;
        let left = std::mem::replace(&mut self.state, before);
        let events = self.changes(&left);
        self.undone.push(left);
        self.gesture = None;
        Ok(events)
    }

    fn step_forward(&mut self) -> Result<Vec<Event>, Refusal> {
        let next = self.undone.pop().ok_or(Refusal::Nothing("do again"))?;
        let left = std::mem::replace(&mut self.state, next);
        let events = self.changes(&left);
        self.done.push_back(left);
        self.gesture = None;
        Ok(events)
    }

    /// What is different from a moment before.
    fn changes(&mut self, before: &State) -> Vec<Event> {
        let now = self.state.clone();
        let mut events = Vec::new();
        let layout = |state: &State| {
            (
                state.desk.layout.clone(),
                state.desk.further_screens.clone(),
                state.desk.maximized,
                state.desk_name.clone(),
                state.look.clone(),
            )
        };
        if layout(&now) != layout(before) {
            events.push(Event::LayoutChanged);
        }
        let everywhere = now.joints != before.joints
            || now.texts != before.texts
            || now.corners != before.corners
            || now.is_deidentified != before.is_deidentified
            || now.marks != before.marks
            || now.selected_mark != before.selected_mark
            || now.vois != before.vois
            || now.selected_voi != before.selected_voi
            || now.texts.reference_lines;
        let views = now.desk.viewports.iter();
        let viewports: Vec<u32> = views
            .filter(|(n, view)| everywhere || before.desk.viewports.get(n) != Some(view))
            .map(|(n, _)| *n)
            .collect();
        if !viewports.is_empty() {
            events.push(Event::Redraw { viewports });
            events.push(Event::ControlsChanged);
        }
        let tell = [
            (
                now.marks != before.marks || now.selected_mark != before.selected_mark,
                Event::MarksChanged,
            ),
            (
                now.vois != before.vois || now.selected_voi != before.selected_voi,
                Event::VoisChanged,
            ),
            (now.joints != before.joints, Event::AlignmentChanged),
            (now.key_images != before.key_images, Event::KeyImagesChanged),
            (now.film != before.film, Event::FilmChanged),
        ];
        events.extend(
            tell.into_iter()
                .filter(|(is_so, _)| *is_so)
                .map(|(_, event)| event),
        );
        self.stage.keep_only(|key| {
            let desks = std::iter::once(&now.desk).chain(now.desks.values());
            let views = desks.flat_map(|desk| desk.viewports.values());
            let on_film = now.film.iter().map(|item| &item.shown);
            let mut shown = views.filter_map(|view| view.shown.as_ref()).chain(on_film);
            shown.any(|shown| shown.layers.iter().any(|layer| layer.series == key))
        });
        events
    }

    /// What is the case now.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The series that can be shown.
    #[must_use]
    pub fn series(&self) -> &[SeriesFacts] {
        self.stage.series()
    }

    /// Who takes part.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Every command that was done, in order, since the beginning, the last [`Session::take_log`], or a restored snapshot.
    /// A search stands there as what it found.
    #[must_use]
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// Hands the log over; the next entry begins a new one.
    pub fn take_log(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.log)
    }

    /// Whether there is something to take back.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is something to do again.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    fn meet(&mut self, by: Option<u32>, command: &Command) -> Result<Vec<Event>, Refusal> {
        let no_one = || Refusal::NoSuch {
            what: "participant",
            found: by.map_or(0, u64::from),
        };
        if let (Some(by), Command::Join { participant, .. } | Command::Leave { participant }) = (by, command)
            && by != *participant
        {
            return Err(Refusal::NotOneself(by));
        }
        match command {
            Command::Join { participant, name } => {
                let most = 50;
                if self.people.participants.len() >= most {
                    return Err(Refusal::Count {
                        what: "participants",
                        expected: format!("at most {most}"),
                        found: self.people.participants.len() + 1,
                    });
                }
                let person = Participant {
                    name: name.chars().take(64).collect(),
                    cursor: None,
                };
                self.people.participants.insert(*participant, person);
            }
            Command::Leave { participant } => {
                self.people.participants.remove(participant).ok_or_else(no_one)?;
                self.people.presenter = self.people.presenter.filter(|presenter| presenter != participant);
            }
            Command::Present { on } => {
                let by = by
                    .filter(|by| self.people.participants.contains_key(by))
                    .ok_or_else(no_one)?;
                self.people.presenter = on.then_some(by);
            }
            Command::Point { viewport, at } => {
                let cursor = match (viewport, at) {
                    (Some(viewport), Some(at)) => {
                        let shown = apply::shown(&self.state, *viewport, "a cursor")?;
                        let grid = &self.stage.facts(&shown.layers[0].series)?.grid;
                        Some((*viewport, sight::numbers(shown.place(grid, *at)?)))
                    }
                    _ => None,
                };
                let person = by.and_then(|by| self.people.participants.get_mut(&by));
                person.ok_or_else(no_one)?.cursor = cursor;
            }
            _ => {}
        }
        Ok(vec![Event::ParticipantsChanged])
    }
}

impl People {
    /// While somebody presents, only their commands count; all may come, go and point.
    fn may(&self, by: Option<u32>, command: &Command) -> Result<(), Refusal> {
        let is_free = matches!(
            command,
            Command::Join { .. } | Command::Leave { .. } | Command::Point { .. } | Command::Tick { .. }
        );
        match self.presenter {
            Some(presenter) if by.is_some_and(|by| by != presenter) && !is_free => {
                Err(Refusal::OtherPresents(presenter))
            }
            _ => Ok(()),
        }
    }
}
