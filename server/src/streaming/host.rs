//! The thread of a session: takes what its viewers say, draws for them in its turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::render::{Cancel, Renderer};
use engine::session::Refusal;
use serde_json::json;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use viewer::{Conversation, Due, Fidelity, Says, To};

use super::coding;
use super::figures;
use super::renderer::Renderers;
use super::schedule::Schedule;

/// Without a viewer a session is kept in memory for so long.
const KEPT: Duration = Duration::from_secs(600);
/// A changed state is saved after so long.
const SAVED_EVERY: Duration = Duration::from_secs(2);
/// With fewer places than this left on the way to a viewer, only what must be said is.
const SPARE: usize = 64;

/// What a session's thread is told.
#[derive(Debug)]
pub enum Input {
    /// Somebody looks, too.
    Join {
        /// Their number.
        participant: u32,
        /// What others call them.
        name: String,
        /// Their language.
        language: String,
        /// Whether the session is another's.
        is_guest: bool,
        /// The way to them.
        out: Sender<Output>,
    },
    /// A participant says something.
    Says(u32, Box<Says>),
    /// A participant is gone.
    Leave(u32),
    /// Series look different.
    Arrived(Vec<String>),
    /// The server ends.
    End,
}

/// What goes to a viewer.
#[derive(Debug)]
pub enum Output {
    /// A text of the protocol.
    Text(String),
    /// A picture with its head.
    Picture(Vec<u8>),
    /// The end of this conversation, and why.
    Close(u16, String),
}

/// What a session's thread works with.
pub struct Host {
    /// The session.
    pub conversation: Conversation,
    /// On what is drawn.
    pub renderers: Renderers,
    /// Whose turn it is.
    pub schedule: Arc<Schedule>,
    /// Stops what is drawn now, where it can wait.
    pub stop: Arc<Stop>,
    /// Fetches what is wanted.
    pub fetch: Box<dyn Fn(viewer::Wanted) + Send>,
    /// Keeps a snapshot.
    pub save: Box<dyn Fn(Vec<u8>) + Send>,
    /// What was said and not yet heard.
    pub ahead: Arc<AtomicUsize>,
    /// Whether others than the owner may take part.
    pub is_shared: Arc<AtomicBool>,
    /// Its name.
    pub id: String,
}

/// Stops a picture that is drawn while somebody wants another.
#[derive(Debug, Default)]
pub struct Stop(Mutex<Option<Cancel>>);

impl Stop {
    /// Stops it, where it is none that moves.
    pub fn stop(&self) {
        if let Some(cancel) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            cancel.cancel();
        }
    }

    fn begin(&self, due: &Due) -> Cancel {
        let cancel = Cancel::new();
        let can_wait = due.fidelity != Fidelity::Moving;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = can_wait.then(|| cancel.clone());
        cancel
    }
}

/// A session under way.
struct Running {
    host: Host,
    renderer: Box<dyn Renderer>,
    out: BTreeMap<u32, Sender<Output>>,
    guests: BTreeSet<u32>,
    begun: Instant,
    saved: Option<Vec<u8>>,
    saved_at: Instant,
    alone_since: Instant,
    /// Whether the server ends.
    is_over: bool,
}

/// Runs a session until nobody has looked for a while, or the server ends.
pub fn run(host: Host, inputs: &Receiver<Input>) {
    let now = Instant::now();
    let mut running = Running {
        renderer: host.renderers.renderer(),
        host,
        out: BTreeMap::new(),
        guests: BTreeSet::new(),
        begun: now,
        saved: None,
        saved_at: now,
        alone_since: now,
        is_over: false,
    };
    if running.host.is_shared.load(Ordering::Relaxed) {
        running.host.conversation.share(true);
    }
    while running.take(inputs) {
        running.say();
        running.fetch();
        running.draw(inputs);
        running.save(false);
    }
    running.save(true);
    for out in running.out.values() {
        let closing = json!({"closing": {"reason": "the server ends this session", "again_in_s": 1}});
        let _ = out.try_send(Output::Text(closing.to_string()));
        let _ = out.try_send(Output::Close(1012, "the session ends here".to_owned()));
    }
}

impl Running {
    fn now_s(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Waits for what is said, or for what is due by time alone; gives whether the session goes on.
    fn take(&mut self, inputs: &Receiver<Input>) -> bool {
        let now_s = self.now_s();
        let due = self.host.conversation.next_s(now_s);
        let wait = due.map_or(1.0, |at| (at - now_s).clamp(0.001, 1.0));
        match inputs.recv_timeout(Duration::from_secs_f64(wait)) {
            Ok(input) => {
                self.hear(input);
                self.hear_all(inputs);
                !self.is_over
            }
            Err(RecvTimeoutError::Timeout) => !self.out.is_empty() || self.alone_since.elapsed() < KEPT,
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    /// Takes what has been said meanwhile.
    fn hear_all(&mut self, inputs: &Receiver<Input>) {
        while !self.is_over
            && let Ok(input) = inputs.try_recv()
        {
            self.hear(input);
        }
    }

    fn hear(&mut self, input: Input) {
        let now_s = self.now_s();
        let conversation = &mut self.host.conversation;
        match input {
            Input::Join {
                participant,
                name,
                language,
                is_guest,
                out,
            } => match conversation.join(participant, &name, &language) {
                Ok(()) => {
                    let opened = json!({"opened": {
                        "session": self.host.id,
                        "participant": participant,
                        "drawer": "server",
                    }});
                    let _ = out.try_send(Output::Text(opened.to_string()));
                    self.out.insert(participant, out);
                    if is_guest {
                        self.guests.insert(participant);
                    }
                }
                Err(refusal) => {
                    let _ = out.try_send(Output::Close(1013, refusal.to_string()));
                }
            },
            Input::Says(participant, says) => {
                self.host.ahead.fetch_sub(1, Ordering::Relaxed);
                if let Says::Share(is_shared) = *says {
                    self.share(participant, is_shared);
                    return;
                }
                if let Err(malformed) = conversation.receive(participant, *says, now_s) {
                    self.drop_viewer(participant, 1008, &malformed.to_string());
                }
            }
            Input::Leave(participant) => self.gone(participant),
            Input::Arrived(keys) => conversation.arrived(&keys),
            Input::End => self.is_over = true,
        }
    }

    /// The owner lets others in, or sends them away.
    fn share(&mut self, participant: u32, is_shared: bool) {
        if self.guests.contains(&participant) {
            let why = "expected the one whose session it is, found a guest";
            self.host.conversation.refuse(participant, why);
            return;
        }
        self.host.is_shared.store(is_shared, Ordering::Relaxed);
        self.host.conversation.share(is_shared);
        if !is_shared {
            for guest in self.guests.clone() {
                self.drop_viewer(guest, 1008, "the session is no longer shared");
            }
        }
        self.saved = None;
    }

    fn gone(&mut self, participant: u32) {
        self.out.remove(&participant);
        self.guests.remove(&participant);
        self.host.conversation.leave(participant);
        self.alone_since = Instant::now();
    }

    fn drop_viewer(&mut self, participant: u32, code: u16, reason: &str) {
        if let Some(out) = self.out.get(&participant) {
            let _ = out.try_send(Output::Close(code, reason.to_owned()));
        }
        self.gone(participant);
    }

    /// Sends what is to be said.
    fn say(&mut self) {
        for (participant, out) in &self.out {
            self.host.conversation.hold(*participant, out.capacity() < SPARE);
        }
        let mut slow = Vec::new();
        for (to, text) in self.host.conversation.take_texts() {
            let is_meant = |n: u32| match to {
                To::All => true,
                To::One(one) => one == n,
            };
            for (participant, out) in self.out.iter().filter(|(n, _)| is_meant(**n)) {
                if let Err(TrySendError::Full(_)) = out.try_send(Output::Text(text.clone())) {
                    slow.push(*participant);
                }
            }
        }
        slow.dedup();
        for participant in slow {
            self.drop_viewer(
                participant,
                1013,
                "the viewer takes too long to read what it is told",
            );
        }
    }

    fn fetch(&self) {
        for wanted in self.host.conversation.arrivals().wanted() {
            (self.host.fetch)(wanted);
        }
    }

    /// Draws what is due, until somebody says something or all that can be sent is.
    fn draw(&mut self, inputs: &Receiver<Input>) {
        loop {
            let Some(due) = self.host.conversation.due(self.now_s()) else {
                return;
            };
            let cancel = self.host.stop.begin(&due);
            let place = self.host.schedule.enter();
            let began = Instant::now();
            let renderer = &mut *self.renderer;
            let drawn = self.host.conversation.draw(due, renderer, &cancel);
            let draw_s = began.elapsed().as_secs_f64();
            drop(place);
            match drawn {
                Ok(Some(drawn)) => self.send(&drawn, draw_s),
                Ok(None) => {}
                Err(Refusal::Render(engine::render::Error::Cancelled)) => return,
                Err(error) => {
                    tracing::error!(%error, "a picture was not made");
                    self.drop_viewer(due.participant, 1011, "a picture could not be made");
                    return;
                }
            }
            self.say();
            self.fetch();
            // What was said meanwhile comes before what rests.
            self.hear_all(inputs);
            if self.is_over {
                return;
            }
            self.say();
        }
    }

    fn send(&mut self, drawn: &viewer::Drawn, draw_s: f64) {
        let participant = drawn.due.participant;
        let Some(out) = self.out.get(&participant).cloned() else {
            return;
        };
        match coding::coded(&drawn.image, &drawn.due) {
            Ok((coding, coded)) => {
                let picture = self.host.conversation.number();
                let mut message = drawn.header(picture, coding);
                message.extend(coded);
                let bytes = message.len();
                if out.try_send(Output::Picture(message)).is_ok() {
                    figures::sent(drawn.due.fidelity.word(), bytes, draw_s);
                    let now_s = self.now_s();
                    self.host.conversation.sent(drawn, picture, bytes, draw_s, now_s);
                }
            }
            Err(error) => {
                tracing::error!(%error, "a picture was not coded");
                self.drop_viewer(participant, 1011, "a picture could not be coded");
            }
        }
    }

    fn save(&mut self, is_last: bool) {
        if !is_last && self.saved_at.elapsed() < SAVED_EVERY {
            return;
        }
        self.saved_at = Instant::now();
        let snapshot = self.host.conversation.session().snapshot();
        if self.saved.as_ref() != Some(&snapshot) {
            (self.host.save)(snapshot.clone());
            self.saved = Some(snapshot);
        }
    }
}
