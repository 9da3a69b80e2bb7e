//! What participants are told of changes.

use engine::presentation::Size;
use engine::session::Event;
use serde_json::{Value, json};

use super::{Conversation, To, Viewer};
use crate::cards;

/// Shorter side of a view in which texts are of their plain size, points.
const ROOMY_POINTS: f64 = 300.0;
/// Texts are not made smaller than by this: they are read.
const LEAST: f64 = 0.8;

impl Conversation {
    /// Tells what events mean.
    pub(super) fn tell(&mut self, events: &[Event]) {
        let mut changed: Vec<&str> = Vec::new();
        for event in events {
            match event {
                Event::Redraw { viewports } => self.redraw(viewports),
                Event::LayoutChanged => {
                    let all: Vec<u32> = self.session.state().desk.viewports.keys().copied().collect();
                    self.redraw(&all);
                    self.tell_layout();
                }
                Event::MarksChanged => changed.push("marks"),
                Event::VoisChanged => changed.push("vois"),
                Event::ControlsChanged => changed.push("controls"),
                Event::KeyImagesChanged => changed.push("key_images"),
                Event::FilmChanged => changed.push("film"),
                Event::AlignmentChanged => changed.push("alignment"),
                Event::ParticipantsChanged => self.tell_people(),
                Event::Remark { text } => self.say(To::All, &json!({"note": text})),
                Event::Refused { text } => self.say(To::All, &json!({"refused": text})),
                _ => {}
            }
        }
        if !changed.is_empty() {
            self.say(To::All, &json!({"changed": changed}));
        }
    }

    fn redraw(&mut self, viewports: &[u32]) {
        for n in viewports {
            self.turns.changed(self.session.state(), *n);
        }
        for viewer in self.viewers.values_mut() {
            viewer.to_tell.extend(viewports.iter().copied());
        }
    }

    pub(super) fn tell_layout(&mut self) {
        let viewers: Vec<(u32, String)> = self
            .viewers
            .iter()
            .map(|(n, viewer)| (*n, viewer.language.clone()))
            .collect();
        for (n, language) in viewers {
            let layout = cards::layout(self.session.state(), &language);
            self.say(To::One(n), &layout);
        }
    }

    pub(super) fn tell_people(&mut self) {
        let people = self.session.people();
        let of = |person: &engine::session::Participant| {
            let cursor = person
                .cursor
                .map(|(viewport, at_mm)| json!({"viewport": viewport, "place_mm": at_mm}));
            json!({"name": person.name, "cursor": cursor})
        };
        let participants: serde_json::Map<String, Value> = people
            .participants
            .iter()
            .map(|(n, person)| (n.to_string(), of(person)))
            .collect();
        let told = json!({"people": {
            "participants": participants,
            "presenter": people.presenter,
            "is_shared": self.is_shared,
        }});
        self.say(To::All, &told);
    }

    /// Tells each participant what is drawn over the views that changed.
    pub(super) fn tell_views(&mut self) {
        let numbers: Vec<u32> = self.viewers.keys().copied().collect();
        for n in numbers {
            // Where the link is full, what is drawn over a view goes with the next picture.
            let can_hear = |viewer: &&mut Viewer| !viewer.is_held && !viewer.link.is_full();
            let Some(viewer) = self.viewers.get_mut(&n).filter(can_hear) else {
                continue;
            };
            let views: Vec<u32> = std::mem::take(&mut viewer.to_tell).into_iter().collect();
            let (sizes, scale, sent) = (viewer.sizes.clone(), viewer.scale, viewer.sent.clone());
            for viewport in views {
                let Some(size) = sizes.get(&viewport).copied() else {
                    continue;
                };
                let view = self.session.state().desk.viewports.get(&viewport);
                let Some(shown) = view.and_then(|view| view.shown.clone()) else {
                    self.say(To::One(n), &json!({"empty": {"viewport": viewport, "why": null}}));
                    continue;
                };
                let picture = self.turns.picture(viewport);
                let changes = sent.get(&viewport).is_none_or(|sent| sent.turn < picture);
                let turn = self.turns.of(viewport);
                let told = match self.session.written(viewport, size) {
                    Ok(written) => {
                        let view = cards::View {
                            viewport,
                            turn,
                            size,
                            picture_changes: changes,
                            shown: &shown,
                            written: &written,
                            scale: fitting(scale, size),
                        };
                        cards::view(&view, self.session.series())
                    }
                    Err(refusal) => json!({"empty": {"viewport": viewport, "why": refusal.to_string()}}),
                };
                self.say(To::One(n), &told);
            }
        }
    }
}

/// Pixels a point of what is drawn over a view: less in small ones, where texts would lie over each other.
fn fitting(scale: f64, size: Size) -> f64 {
    let side_points = f64::from(size.width.min(size.height)) / scale;
    scale * (side_points / ROOMY_POINTS).clamp(LEAST, 1.0)
}
