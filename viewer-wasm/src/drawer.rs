//! A conversation with the element, in the page: what comes in, what is loaded, which picture is made next.

use std::collections::{BTreeMap, VecDeque};

use engine::dicom::read::collect;
use engine::render::{Cancel, CpuRenderer, Error, Image};
use engine::session::state::{Desk, ViewLayer};
use engine::session::{Command, Department, Listing, Refusal};
use serde_json::{Value, json};
use viewer::message::Open;
use viewer::{Arrivals, Conversation, Due, Fidelity, Says, Wanted};

use crate::limits::Limits;
use crate::loading::{AHEAD, Loading};
use crate::prefetched::{Missing, Prefetched};

/// The only one who looks.
const VIEWER: u32 = 1;
/// Seconds between two words on how much has come.
const TOLD_EVERY_S: f64 = 0.25;

/// On what pictures are made.
#[derive(Debug)]
pub enum On {
    /// A graphics device: the host makes what [`Step::Missing`] says.
    Gpu,
    /// The processor, at once.
    Cpu(Box<CpuRenderer>),
}

impl On {
    fn word(&self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Cpu(_) => "cpu",
        }
    }
}

/// The drawer ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// Why: one sentence without a patient's name.
    pub reason: String,
    /// Whether the server can draw what the page cannot.
    pub is_for_server: bool,
    /// All that was the case, so that whoever draws next goes on.
    pub snapshot: Option<Value>,
}

impl Closing {
    /// What the page cannot do, and the server can.
    #[must_use]
    pub fn to_server(reason: impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            is_for_server: true,
            snapshot: None,
        }
    }

    /// For what has no place in a conversation.
    pub(crate) fn malformed(reason: impl ToString) -> Self {
        Self {
            is_for_server: false,
            ..Self::to_server(reason)
        }
    }

    /// As a text of the protocol.
    #[must_use]
    pub fn text(&self) -> String {
        let mut said = json!({"reason": self.reason});
        if self.is_for_server {
            said["again_in_s"] = json!(0);
            said["remote"] = json!(true);
        }
        if let Some(snapshot) = &self.snapshot {
            said["snapshot"] = snapshot.clone();
        }
        json!({"closing": said}).to_string()
    }
}

/// What comes next.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is moved once"
)]
pub enum Step {
    /// Nothing is due.
    Nothing,
    /// A picture has to be made; [`Drawer::made`] takes it.
    Missing(Missing),
    /// A picture for the element: what stands before it, and its pixels.
    Picture(Vec<u8>, Image),
}

/// A picture that is being made.
#[derive(Debug)]
struct Making {
    due: Due,
    cancel: Cancel,
    /// Seconds that its parts took so far.
    took_s: f64,
    since_s: f64,
}

/// Draws for one element.
pub struct Drawer {
    conversation: Conversation,
    loadings: BTreeMap<String, Loading>,
    limits: Limits,
    on: On,
    prefetched: Prefetched,
    making: Option<Making>,
    /// What was said while a picture was made: a picture is of one moment.
    waiting: VecDeque<Says>,
    texts: Vec<String>,
    told_s: f64,
}

impl Drawer {
    /// Opens what an element asked for, of the metadata of its studies (DICOM JSON, one text a study).
    ///
    /// # Errors
    ///
    /// [`Closing`] when it cannot be shown here.
    pub fn open(open: &Open, metadata: &[String], on: On, limits: Limits) -> Result<Self, Closing> {
        let mut instances = Vec::new();
        for text in metadata {
            let read = viewer::instances(text, instances.len()).map_err(Closing::to_server)?;
            instances.extend(read);
        }
        let arrivals = Arrivals::new(Listing::new(collect(instances)));
        let mut conversation = Conversation::new(arrivals, Department::default());
        match &open.snapshot {
            Some(snapshot) => conversation.restore(snapshot.to_string().as_bytes()),
            None => conversation.hang(open),
        }
        .map_err(Closing::to_server)?;
        let opened = json!({"opened": {"session": null, "participant": VIEWER, "drawer": on.word()}});
        conversation
            .join(VIEWER, "", &open.language)
            .map_err(Closing::to_server)?;
        // What is hung will be looked at: it is fetched while the element lays its views out.
        let desk = &conversation.session().state().desk;
        let cells = desk.screens().next().map_or(0, |layout| layout.cells().len());
        let hung = (0..cells).filter_map(|cell| desk.viewports.get(&Desk::number(0, cell))?.shown.as_ref());
        let layers = hung.flat_map(|shown| &shown.layers);
        layers.for_each(|layer| conversation.arrivals().want(&layer.series));
        Ok(Self {
            conversation,
            loadings: BTreeMap::new(),
            limits,
            on,
            prefetched: Prefetched::default(),
            making: None,
            waiting: VecDeque::new(),
            texts: vec![opened.to_string()],
            told_s: 0.0,
        })
    }

    /// What has come.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals {
        self.conversation.arrivals().clone()
    }

    /// Takes what the element says. A picture that rests is given up for a command; one that moves is made to its end, or
    /// who moves without pause would see none.
    ///
    /// # Errors
    ///
    /// [`Closing`] for what has no place in a conversation.
    pub fn take(&mut self, text: &str, now_s: f64) -> Result<(), Closing> {
        let says = Says::read(text).map_err(Closing::malformed)?;
        if let (Some(making), Says::Do(command, _)) = (&self.making, &says)
            && making.due.fidelity != Fidelity::Moving
            && !matches!(**command, Command::Point { .. })
        {
            making.cancel.cancel();
        }
        self.waiting.push_back(says);
        if self.making.is_none() {
            self.hear(now_s)?;
        }
        Ok(())
    }

    fn hear(&mut self, now_s: f64) -> Result<(), Closing> {
        while let Some(says) = self.waiting.pop_front() {
            let heard = self.conversation.receive(VIEWER, says, now_s);
            heard.map_err(Closing::malformed)?;
        }
        Ok(())
    }

    /// What is to be posted, in order.
    pub fn take_texts(&mut self) -> Vec<String> {
        let mut texts = std::mem::take(&mut self.texts);
        texts.extend(self.conversation.take_texts().into_iter().map(|(_, text)| text));
        texts
    }

    /// Seconds from now after which something may be due by time alone.
    #[must_use]
    pub fn next_in_s(&self, now_s: f64) -> Option<f64> {
        self.conversation.next_s(now_s).map(|at_s| at_s - now_s)
    }

    /// Series that are to be fetched from now on.
    ///
    /// # Errors
    ///
    /// [`Closing`] when a page cannot hold or draw one.
    pub fn wanted(&mut self) -> Result<Vec<Wanted>, Closing> {
        let wanted = self.conversation.arrivals().wanted();
        for one in &wanted {
            self.check_room(&one.series_instance_uid)?;
            let loading = Loading::new(&one.series_instance_uid);
            self.loadings.insert(one.series_instance_uid.clone(), loading);
        }
        Ok(wanted)
    }

    fn check_room(&self, series: &str) -> Result<(), Closing> {
        let arrivals = self.conversation.arrivals();
        let is_of = |facts: &&engine::session::SeriesFacts| is_part(&facts.key, series);
        let mut parts = self.conversation.session().series().iter().filter(is_of);
        if matches!(self.on, On::Cpu(_)) && !parts.all(|facts| self.limits.takes_without_gpu(facts)) {
            let reason = "the series is too large to be drawn in the page without a graphics device";
            return Err(self.closing(reason));
        }
        let coming = self
            .loadings
            .keys()
            .map(|known| arrivals.bytes_to_come(known))
            .sum();
        let more = arrivals.bytes_to_come(series);
        let has_room = || self.limits.has_room(arrivals.bytes(), coming, more);
        if !has_room() {
            arrivals.forget(|key| self.is_shown(key));
        }
        if has_room() {
            return Ok(());
        }
        let [more, most] = [more, self.limits.memory_bytes].map(|bytes| bytes >> 20);
        Err(self.closing(format!(
            "the page may hold {most} MB of images; the series has {more} MB more"
        )))
    }

    /// Whether voxels of what a view shows are still coming.
    fn is_coming(&self, viewport: u32) -> bool {
        let arrivals = self.conversation.arrivals();
        let view = self.conversation.session().state().desk.viewports.get(&viewport);
        let shown = view.and_then(|view| view.shown.as_ref());
        shown.is_some_and(|shown| {
            let mut layers = shown.layers.iter();
            layers.any(|layer| arrivals.fraction(&layer.series).is_some_and(|part| part < 1.0))
        })
    }

    fn is_shown(&self, key: &str) -> bool {
        let is_it = |layer: &ViewLayer| layer.series == key;
        let mut views = self.conversation.session().state().desk.viewports.values();
        views.any(|view| {
            view.shown
                .as_ref()
                .is_some_and(|shown| shown.layers.iter().any(is_it))
        })
    }

    /// The frame that a series' stream without small pictures is to begin with, so that the slice that is seen first is
    /// there before all others: a volume is opened in its middle. `None` where it is not worth it.
    #[must_use]
    pub fn ahead(&self, series: &str) -> Option<u32> {
        let is_of = |facts: &&engine::session::SeriesFacts| is_part(&facts.key, series);
        let mut parts = self.conversation.session().series().iter().filter(is_of);
        let (Some(facts), None) = (parts.next(), parts.next()) else {
            return None;
        };
        let is_worth = facts.planar.is_none() && facts.phases == 1 && facts.images.len() > 10 * AHEAD;
        is_worth.then(|| (facts.images.len() / 2 - AHEAD / 2) as u32)
    }

    /// Takes bytes of that stream; gives whether no more of it are wanted.
    pub fn push_ahead(&mut self, series: &str, bytes: &[u8]) -> bool {
        let arrivals = self.conversation.arrivals().clone();
        let Some(loading) = self.loadings.get_mut(series) else {
            return true;
        };
        match loading.push_ahead(&arrivals, bytes) {
            Ok(None) => false,
            Ok(Some(changed)) => {
                self.conversation.arrived(&changed);
                true
            }
            // They come again with all others, and what is wrong with them is told then.
            Err(_) => true,
        }
    }

    /// A stream of a series begins; gives the chunk that it is to begin with. `None` for one that is not loaded.
    pub fn begin(&mut self, series: &str) -> Option<u32> {
        self.loadings.get_mut(series).map(Loading::begin)
    }

    /// Takes bytes of a series' stream.
    pub fn push(&mut self, series: &str, bytes: &[u8]) {
        if let Some(loading) = self.loadings.get_mut(series) {
            loading.push(bytes);
        }
    }

    /// Takes in what has come of a series, up to so many frames; gives how many those were, and whether there is more to do.
    /// `None`: the series is whole, or has failed.
    pub fn work(&mut self, series: &str, most_frames: usize, now_s: f64) -> Option<(usize, bool)> {
        let arrivals = self.conversation.arrivals().clone();
        match self.loadings.get_mut(series)?.work(&arrivals, most_frames) {
            Ok(worked) => {
                if worked.changed.is_empty() {
                    self.tell_progress(series, now_s);
                } else {
                    self.conversation.arrived(&worked.changed);
                }
                if worked.is_over {
                    self.loadings.remove(series);
                    self.conversation.arrived(&arrivals.finished(series));
                    return None;
                }
                Some((worked.frames, worked.has_more))
            }
            Err(why) => {
                self.fail(series, &why);
                None
            }
        }
    }

    /// Says how much has come, now and then.
    fn tell_progress(&mut self, series: &str, now_s: f64) {
        if now_s - self.told_s < TOLD_EVERY_S {
            return;
        }
        self.told_s = now_s;
        let arrivals = self.conversation.arrivals();
        for facts in self.conversation.session().series() {
            if is_part(&facts.key, series) {
                let told = json!({"series": facts.key, "fraction": arrivals.fraction(&facts.key)});
                self.texts.push(json!({"loading": told}).to_string());
            }
        }
    }

    /// A series cannot be had, and why: one sentence without a patient's name.
    pub fn fail(&mut self, series: &str, why: &str) {
        self.loadings.remove(series);
        let keys = self.conversation.arrivals().failed(series, why);
        self.conversation.arrived(&keys);
    }

    /// Goes on with the picture that is due. The clock tells seconds.
    ///
    /// # Errors
    ///
    /// [`Closing`] when the page cannot draw.
    pub fn step(&mut self, clock: &dyn Fn() -> f64) -> Result<Step, Closing> {
        loop {
            let now_s = clock();
            if self.making.is_none() {
                self.hear(now_s)?;
                let Some(due) = self.conversation.due(now_s) else {
                    return Ok(Step::Nothing);
                };
                self.prefetched.begin(self.is_coming(due.viewport));
                self.making = Some(Making {
                    due,
                    cancel: Cancel::new(),
                    took_s: 0.0,
                    since_s: now_s,
                });
            }
            if let Some(step) = self.drawn(clock)? {
                return Ok(step);
            }
        }
    }

    /// One look at the picture that is made; `None` when there is another to begin with.
    fn drawn(&mut self, clock: &dyn Fn() -> f64) -> Result<Option<Step>, Closing> {
        let Some(making) = &mut self.making else {
            return Ok(None);
        };
        making.since_s = clock();
        let drawn = match &mut self.on {
            On::Gpu => {
                let drawn = self
                    .conversation
                    .draw(making.due, &mut self.prefetched, &making.cancel);
                if drawn.is_ok() {
                    making.took_s += clock() - making.since_s;
                }
                drawn
            }
            On::Cpu(renderer) => {
                let drawn = self
                    .conversation
                    .draw(making.due, &mut **renderer, &making.cancel);
                making.took_s += clock() - making.since_s;
                drawn
            }
        };
        match drawn {
            Ok(Some(drawn)) => {
                let took_s = making.took_s;
                self.making = None;
                let picture = self.conversation.number();
                let head = drawn.header(picture, "rgba");
                let bytes = head.len() + drawn.image.rgba.len();
                self.conversation.sent(&drawn, picture, bytes, took_s, clock());
                Ok(Some(Step::Picture(head, drawn.image)))
            }
            Ok(None) => {
                self.making = None;
                Ok(None)
            }
            Err(Refusal::Render(Error::Cancelled)) => {
                let missing = self.prefetched.take_missing();
                match missing.filter(|_| self.prefetched.has_room()) {
                    Some(missing) => Ok(Some(Step::Missing(missing))),
                    None => Err(self.closing("a view wants more pictures than the page can make")),
                }
            }
            Err(refusal) => Err(self.closing(refusal)),
        }
    }

    /// Takes a picture that was missing, or why it cannot be made.
    ///
    /// # Errors
    ///
    /// [`Closing`] when it was the device's fault: the next picture would fail as well.
    pub fn made(&mut self, missing: Missing, made: Result<Image, Error>, now_s: f64) -> Result<(), Closing> {
        match made {
            Err(Error::Cancelled) => self.making = None,
            Err(error) if viewer::is_renderers(&error) => return Err(self.closing(error)),
            made => {
                if let Some(making) = &mut self.making {
                    making.took_s += now_s - making.since_s;
                }
                self.prefetched.keep(missing, made);
            }
        }
        Ok(())
    }

    /// All that is the case, as JSON.
    #[must_use]
    pub fn snapshot(&self) -> String {
        String::from_utf8(self.conversation.session().snapshot()).unwrap_or_default()
    }

    /// The end, with all that is the case.
    fn closing(&self, reason: impl ToString) -> Closing {
        Closing {
            snapshot: serde_json::from_str(&self.snapshot()).ok(),
            ..Closing::to_server(reason)
        }
    }
}

/// Whether a key names a DICOM series or a part of it.
fn is_part(key: &str, series: &str) -> bool {
    key.split('#').next() == Some(series)
}
