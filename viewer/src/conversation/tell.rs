//! What participants are told of changes.

use engine::presentation::Size;
use engine::session::Event;
use serde_json::json;

use super::{Conversation, To};
use crate::cards;

/// Shorter side of a view in which texts are of their plain size, points.
const ROOMY_POINTS: f64 = 300.0;
/// Texts are not made smaller than by this: they are read.
const LEAST: f64 = 0.8;

impl Conversation {
    /// Tells what events mean.
    pub(super) fn tell(&mut self, events: &[Event]) {
        self.tell_rooms();
        let mut changed: Vec<&str> = Vec::new();
        for event in events {
            match event {
                Event::Redraw { viewports } => self.redraw(viewports),
                Event::LayoutChanged => {
                    let all: Vec<u32> = self.session.state().desk.viewports.keys().copied().collect();
                    self.redraw(&all);
                }
                Event::MarksChanged => changed.push("marks"),
                Event::VoisChanged => changed.push("vois"),
                Event::ControlsChanged => changed.push("controls"),
                Event::KeyImagesChanged => changed.push("key_images"),
                Event::FilmChanged => changed.push("film"),
                Event::AlignmentChanged => changed.push("alignment"),
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

    /// Tells each participant where views lie, what is set for all of them, and who takes part, where that is not what
    /// they were told last: commands change it without saying so.
    fn tell_rooms(&mut self) {
        let people = cards::people(self.session.people(), self.is_shared);
        for (n, viewer) in &mut self.viewers {
            let layout = cards::layout(self.session.state(), &viewer.language);
            for (told, now) in [(&mut viewer.layout, &layout), (&mut viewer.people, &people)] {
                if told != now {
                    told.clone_from(now);
                    self.texts.push((To::One(*n), now.to_string()));
                }
            }
        }
    }

    /// Tells each participant where the others point in the views on their page, where that has changed.
    pub(super) fn tell_cursors(&mut self) {
        let people = &self.session.people().participants;
        let pointing: Vec<u32> = people
            .iter()
            .filter(|(_, person)| person.cursor.is_some())
            .map(|(n, _)| *n)
            .collect();
        for (n, viewer) in &mut self.viewers {
            if !viewer.can_hear() {
                continue;
            }
            let mut cursors = Vec::new();
            for participant in pointing.iter().filter(|other| *other != n) {
                for (viewport, size) in &viewer.sizes {
                    // A view that shows nothing shows no cursor.
                    let found = self
                        .session
                        .cursor_in(*participant, *viewport, *size)
                        .ok()
                        .flatten();
                    if let Some([x, y]) = found {
                        let at = [x, y, f64::from(size.width), f64::from(size.height)];
                        cursors.push(json!({"participant": participant, "viewport": viewport, "at": at}));
                    }
                }
            }
            if viewer.cursors != cursors {
                self.texts
                    .push((To::One(*n), json!({"cursors": cursors}).to_string()));
                viewer.cursors = cursors;
            }
        }
    }

    /// Tells each participant what is drawn over the views that changed.
    pub(super) fn tell_views(&mut self) {
        let numbers: Vec<u32> = self.viewers.keys().copied().collect();
        for n in numbers {
            let Some(viewer) = self.viewers.get_mut(&n).filter(|viewer| viewer.can_hear()) else {
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
