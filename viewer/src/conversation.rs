//! One session and those who look at it: commands in, texts out, and which picture is due for whom.

mod due;
mod tell;
mod turns;

use std::collections::{BTreeMap, BTreeSet};

use engine::presentation::Size;
use engine::render::{Cancel, Error, Image, Renderer};
use engine::session::{Command, Department, Entry, Event, Refusal, Session, Sharpness};
use serde_json::{Value, json};

use crate::arrivals::Arrivals;
use crate::message::{Malformed, Open, Sizes};
use crate::pace::{Fidelity, Link};
use crate::{answers, cards};
use turns::Turns;

pub use crate::message::Says;
pub use due::Due;

/// Most time that passes at once.
const MAX_TICK_S: f64 = 1.0;
/// What is heard of one gesture counts as movement for so long.
const MOVES_FOR_S: f64 = 0.12;

/// To whom something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Everybody.
    All,
    /// One participant.
    One(u32),
}

/// A session with those who look at it.
pub struct Conversation {
    session: Session,
    arrivals: Arrivals,
    viewers: BTreeMap<u32, Viewer>,
    turns: Turns,
    texts: Vec<(To, String)>,
    pictures: u64,
    /// Seconds that the last picture of each view took at full size.
    draw_s: BTreeMap<u32, f64>,
    /// Whose turn it is to be drawn for.
    last_served: u32,
    is_shared: bool,
}

/// One who looks.
#[derive(Debug, Default)]
struct Viewer {
    language: String,
    sizes: BTreeMap<u32, Size>,
    scale: f64,
    link: Link,
    /// The last picture of each view that was sent.
    sent: BTreeMap<u32, Sent>,
    /// Views whose drawing is to be told anew.
    to_tell: BTreeSet<u32>,
    /// The view of the last command, which comes first.
    active: Option<u32>,
    is_moving: bool,
    last_command_s: f64,
    /// Whether what is drawn over its views waits until its link has room.
    is_held: bool,
    /// The layout, the people and the cursors that they were told last.
    layout: Value,
    people: Value,
    cursors: Vec<Value>,
}

impl Viewer {
    /// Whether what is drawn over views is told now: where the link is full, it goes with the next picture.
    fn can_hear(&self) -> bool {
        !self.is_held && !self.link.is_full()
    }
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    turn: u64,
    fidelity: Fidelity,
    size: Size,
    at_s: f64,
    /// Whether all voxels had come.
    is_whole: bool,
}

/// A picture that was made for a participant.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// Bare pixels.
    pub image: Image,
    /// For whom, and what of.
    pub due: Due,
    turn: u64,
    fraction: f64,
}

impl Drawn {
    /// What goes before the coded picture: name, length and JSON of the protocol.
    #[must_use]
    pub fn header(&self, picture: u64, coding: &str) -> Vec<u8> {
        let text = json!({
            "picture": picture,
            "viewport": self.due.viewport,
            "turn": self.turn,
            "width": self.image.width,
            "height": self.image.height,
            "coding": coding,
            "fidelity": self.due.fidelity.word(),
            "fraction": self.fraction,
        })
        .to_string();
        let mut bytes = b"UPTKPIC1".to_vec();
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    }
}

impl Conversation {
    /// A session over what arrives.
    #[must_use]
    pub fn new(arrivals: Arrivals, department: Department) -> Self {
        let mut session = Session::new(Box::new(arrivals.clone()));
        session.set_department(department);
        Self {
            session,
            arrivals,
            viewers: BTreeMap::new(),
            turns: Turns::default(),
            texts: Vec::new(),
            pictures: 0,
            draw_s: BTreeMap::new(),
            last_served: 0,
            is_shared: false,
        }
    }

    /// What arrives.
    #[must_use]
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Goes back to what a snapshot says.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for one that cannot be used; nothing has changed then.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), Refusal> {
        let events = self.session.restore(snapshot)?;
        self.tell(&events);
        Ok(())
    }

    /// Hangs what was asked for.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for studies that are not here or cannot be hung.
    pub fn hang(&mut self, open: &Open) -> Result<(), Refusal> {
        let command = Command::Hang {
            studies: open.studies.clone(),
            protocol: None,
            screens: open.screens.clone(),
        };
        let mut events = self.session.apply(command)?;
        if let Some(series) = &open.series {
            events.extend(self.session.apply(Command::SetLayout {
                layout: engine::presentation::Layout::grid(1, 1).expect("one view"),
                screen: 0,
            })?);
            let facts = self.session.series().iter().find(|facts| facts.key == *series);
            let facts = facts.ok_or_else(|| Refusal::NoSeries(series.clone()))?;
            events.extend(self.session.apply(Command::Show {
                viewport: 1,
                kind: engine::session::state::Kind::Stack,
                series: vec![facts.key.clone()],
                axis: None,
            })?);
        }
        self.tell(&events);
        Ok(())
    }

    /// Takes somebody in: they are told all that there is.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when there are too many.
    pub fn join(&mut self, participant: u32, name: &str, language: &str) -> Result<(), Refusal> {
        let command = Command::Join {
            participant,
            name: name.to_owned(),
        };
        let events = self.session.apply(command)?;
        let viewer = Viewer {
            language: language.to_owned(),
            scale: 1.0,
            ..Viewer::default()
        };
        self.viewers.insert(participant, viewer);
        self.say(To::One(participant), &cards::series(self.session.series()));
        self.tell(&events);
        Ok(())
    }

    /// Lets somebody go.
    pub fn leave(&mut self, participant: u32) {
        if self.viewers.remove(&participant).is_some()
            && let Ok(events) = self.session.apply(Command::Leave { participant })
        {
            self.tell(&events);
        }
    }

    /// Whether others than the owner may take part, which all are told.
    pub fn share(&mut self, is_shared: bool) {
        self.is_shared = is_shared;
        self.tell(&[]);
    }

    /// Answers what a participant said and may not.
    pub fn refuse(&mut self, participant: u32, why: &str) {
        self.say(To::One(participant), &json!({"refused": why}));
    }

    /// Participants.
    pub fn participants(&self) -> impl Iterator<Item = u32> {
        self.viewers.keys().copied()
    }

    /// Does what a participant says; what cannot be done is answered.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what has no place here: whoever says it is let go.
    pub fn receive(&mut self, participant: u32, says: Says, now_s: f64) -> Result<(), Malformed> {
        match says {
            Says::Open(_) => {
                return Err(Malformed::Other {
                    expected: "one opening".to_owned(),
                    found: "another".to_owned(),
                });
            }
            Says::Do(command, gesture) => self.command(participant, *command, gesture, now_s),
            Says::Sizes(sizes) => self.sized(participant, &sizes),
            Says::Shown(picture) => {
                if let Some(viewer) = self.viewers.get_mut(&participant) {
                    viewer.link.shown(picture, now_s);
                }
            }
            Says::Rest => {
                if let Some(viewer) = self.viewers.get_mut(&participant) {
                    viewer.is_moving = false;
                }
            }
            // Who may take part is the host's to say, where others can.
            Says::Share(_) => {
                let why = json!({"refused": "expected a session that others can take part in, found one of this page"});
                self.say(To::One(participant), &why);
            }
            Says::Ask(number, question) => {
                let answer = match answers::answer(&mut self.session, &self.arrivals, &question) {
                    Ok(is) => json!({"answer": number, "is": is}),
                    Err(refused) => json!({"answer": number, "refused": refused}),
                };
                self.say(To::One(participant), &answer);
            }
        }
        Ok(())
    }

    fn command(&mut self, participant: u32, command: Command, gesture: Option<u64>, now_s: f64) {
        let command = match command {
            Command::Tick { elapsed_s } => Command::Tick {
                elapsed_s: elapsed_s.clamp(0.0, MAX_TICK_S),
            },
            // Who comes and goes is the host's to say.
            Command::Join { .. } | Command::Leave { .. } => return,
            other => other,
        };
        let is_time = matches!(command, Command::Tick { .. });
        let entry = Entry {
            by: Some(participant),
            gesture,
            command,
        };
        let about = viewport_of(&entry.command);
        let applied = self.session.apply(entry);
        // A host that replays keeps its own log; this one keeps snapshots.
        self.session.take_log();
        match applied {
            Ok(events) => {
                if let Some(viewer) = self.viewers.get_mut(&participant) {
                    // Who points moves no picture.
                    let has_changed = events.iter().any(|event| *event != Event::ParticipantsChanged);
                    viewer.is_moving = has_changed && (gesture.is_some() || is_time);
                    viewer.active = about.or(viewer.active);
                    if has_changed {
                        viewer.last_command_s = now_s;
                    }
                }
                self.tell(&events);
            }
            Err(refusal) => self.say(To::One(participant), &json!({"refused": refusal.to_string()})),
        }
    }

    fn sized(&mut self, participant: u32, sizes: &Sizes) {
        let Some(viewer) = self.viewers.get_mut(&participant) else {
            return;
        };
        let of = |[width, height]: [u32; 2]| Size { width, height };
        let known = std::mem::take(&mut viewer.sizes);
        viewer.sizes = sizes.sizes.iter().map(|(n, size)| (*n, of(*size))).collect();
        let has_scale_changed = (viewer.scale - sizes.scale).abs() > f64::EPSILON;
        viewer.scale = sizes.scale;
        let changed = viewer
            .sizes
            .iter()
            .filter(|(n, size)| has_scale_changed || known.get(n) != Some(size));
        viewer.to_tell.extend(changed.map(|(n, _)| *n));
        let sizes = &viewer.sizes;
        viewer.sent.retain(|n, sent| sizes.get(n) == Some(&sent.size));
    }

    /// Says that voxels of these series have come, or that they never will.
    pub fn arrived(&mut self, keys: &[String]) {
        let state = self.session.state();
        let views = state.desk.viewports.iter();
        let of = |layer: &engine::session::state::ViewLayer| keys.contains(&layer.series);
        let shows = |view: &engine::session::state::Viewport| {
            view.shown
                .as_ref()
                .is_some_and(|shown| shown.layers.iter().any(of))
        };
        let changed: Vec<u32> = views.filter(|(_, view)| shows(view)).map(|(n, _)| *n).collect();
        for n in &changed {
            self.turns.force(*n);
        }
        for viewer in self.viewers.values_mut() {
            viewer.to_tell.extend(changed.iter().copied());
        }
        for key in keys {
            let told = json!({"loading": {"series": key, "fraction": self.arrivals.fraction(key)}});
            self.say(To::All, &told);
        }
    }

    /// Makes the picture that is due. `None`: there is nothing to be seen, which was said in words.
    ///
    /// # Errors
    ///
    /// [`engine::render::Error::Cancelled`] as [`Refusal::Render`] when the host stopped it, and what else is the
    /// renderer's fault ([`is_renderers`]): the picture stays due.
    pub fn draw(
        &mut self,
        due: Due,
        renderer: &mut dyn Renderer,
        cancel: &Cancel,
    ) -> Result<Option<Drawn>, Refusal> {
        let turn = self.turns.of(due.viewport);
        let sharpness = match due.fidelity {
            Fidelity::Moving => Sharpness::Moving,
            Fidelity::Still | Fidelity::Exact => Sharpness::Still,
        };
        let drawn = self
            .session
            .image(due.viewport, due.size, sharpness, renderer, cancel);
        match drawn {
            // Nothing has come: what is loading is told, and black is no picture.
            Ok(picture) if picture.fraction <= 0.0 && !self.has_something(due.viewport) => {
                self.note_nothing(due, turn);
                Ok(None)
            }
            Ok(picture) => {
                let to = To::One(due.participant);
                if picture.fraction >= 1.0
                    && self
                        .turns
                        .remarked(due.participant, due.viewport, &picture.remarks)
                {
                    let texts = json!({"remark": {"viewport": due.viewport, "texts": picture.remarks}});
                    self.say(to, &texts);
                }
                Ok(Some(Drawn {
                    image: picture.image,
                    due,
                    turn,
                    fraction: picture.fraction,
                }))
            }
            Err(Refusal::Render(error)) if is_renderers(&error) => Err(Refusal::Render(error)),
            Err(refusal) => {
                let why = json!({"empty": {"viewport": due.viewport, "why": refusal.to_string()}});
                self.say(To::One(due.participant), &why);
                self.note_nothing(due, turn);
                Ok(None)
            }
        }
    }

    fn has_something(&self, viewport: u32) -> bool {
        let view = self.session.state().desk.viewports.get(&viewport);
        let shown = view.and_then(|view| view.shown.as_ref());
        shown.is_some_and(|shown| {
            let mut layers = shown.layers.iter();
            layers.any(|layer| self.arrivals.has_something(&layer.series))
        })
    }

    /// The number of the next picture, which the host sends.
    pub fn number(&mut self) -> u64 {
        self.pictures += 1;
        self.pictures
    }

    /// Notes that a picture was sent, as so many bytes, drawn in so many seconds.
    pub fn sent(&mut self, drawn: &Drawn, picture: u64, bytes: usize, draw_s: f64, now_s: f64) {
        let due = &drawn.due;
        let times = f64::from(due.full.width) * f64::from(due.full.height)
            / (f64::from(due.size.width) * f64::from(due.size.height));
        self.draw_s.insert(due.viewport, draw_s * times);
        if let Some(viewer) = self.viewers.get_mut(&due.participant) {
            viewer.link.sent(picture, bytes, now_s);
        }
        self.note(due, drawn.turn, now_s, drawn.fraction >= 1.0);
    }

    /// Of nothing there is nothing finer.
    fn note_nothing(&mut self, due: Due, turn: u64) {
        let fidelity = Fidelity::Exact;
        self.note(&Due { fidelity, ..due }, turn, 0.0, false);
    }

    fn note(&mut self, due: &Due, turn: u64, at_s: f64, is_whole: bool) {
        if let Some(viewer) = self.viewers.get_mut(&due.participant) {
            let sent = Sent {
                turn,
                fidelity: due.fidelity,
                size: due.full,
                at_s,
                is_whole,
            };
            viewer.sent.insert(due.viewport, sent);
        }
    }

    /// Holds back, or no more, what is drawn over a participant's views: only the latest of it is told then.
    pub fn hold(&mut self, participant: u32, is_held: bool) {
        if let Some(viewer) = self.viewers.get_mut(&participant) {
            viewer.is_held = is_held;
        }
    }

    /// Texts that are to be sent, in order.
    pub fn take_texts(&mut self) -> Vec<(To, String)> {
        self.tell_views();
        self.tell_cursors();
        std::mem::take(&mut self.texts)
    }

    fn say(&mut self, to: To, what: &Value) {
        self.texts.push((to, what.to_string()));
    }
}

/// Whether it is not the scene's fault that there is no picture, so that it may be made again, or by another renderer.
#[must_use]
pub fn is_renderers(error: &Error) -> bool {
    matches!(
        error,
        Error::Cancelled
            | Error::NoAdapter(_)
            | Error::DeviceLost
            | Error::DeviceMemory { .. }
            | Error::DeviceFull
            | Error::Device(_)
    )
}

/// The view that a command is about.
fn viewport_of(command: &Command) -> Option<u32> {
    let value = serde_json::to_value(command).ok()?;
    let inside = value.as_object()?.values().next()?;
    let n = inside.get("viewport")?.as_u64()?;
    u32::try_from(n).ok()
}
