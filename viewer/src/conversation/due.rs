//! Which picture is due, and for whom.

use engine::presentation::Size;

use super::{Conversation, MOVES_FOR_S, Sent, Viewer};
use crate::pace::Fidelity;

/// After so long without a command what was drawn in a hurry is drawn well.
const STILL_AFTER_S: f64 = 0.1;
/// After so long it is sent pixel for pixel: it was drawn in full meanwhile, and is only coded anew.
const EXACT_AFTER_S: f64 = 0.15;
/// While voxels come, a picture that rests for so long is sent pixel for pixel.
const PART_EXACT_AFTER_S: f64 = 0.5;

/// A picture that is to be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Due {
    /// For whom.
    pub participant: u32,
    /// Of which view.
    pub viewport: u32,
    /// How large it is drawn.
    pub size: Size,
    /// How large the view is.
    pub full: Size,
    /// How good.
    pub fidelity: Fidelity,
    /// Quality of a JPEG, where it is one.
    pub quality: u8,
}

impl Conversation {
    /// The picture that is to be made next: each participant in turn, of theirs the view that was touched last first.
    pub fn due(&mut self, now_s: f64) -> Option<Due> {
        let numbers: Vec<u32> = self.viewers.keys().copied().collect();
        let later = numbers.iter().filter(|n| **n > self.last_served);
        let in_turn: Vec<u32> = later
            .chain(numbers.iter().filter(|n| **n <= self.last_served))
            .copied()
            .collect();
        let due = in_turn.into_iter().find_map(|n| self.due_for(n, now_s))?;
        self.last_served = due.participant;
        Some(due)
    }

    /// When something may become due by time alone.
    #[must_use]
    pub fn next_s(&self, now_s: f64) -> Option<f64> {
        // What is under way is answered, and the answer is heard.
        let idle = self.viewers.values().filter(|viewer| !viewer.link.is_busy());
        let rests = idle.flat_map(|viewer| {
            let sent = viewer
                .sent
                .values()
                .filter(|sent| sent.fidelity != Fidelity::Exact);
            sent.map(|sent| match sent.fidelity {
                Fidelity::Moving => viewer.last_command_s + STILL_AFTER_S,
                _ => viewer.exact_s(sent),
            })
        });
        rests
            .fold(None, |least: Option<f64>, at| {
                Some(least.map_or(at, |least| least.min(at)))
            })
            .map(|at| at.max(now_s))
    }

    fn due_for(&mut self, participant: u32, now_s: f64) -> Option<Due> {
        let shows_something = |n: u32| {
            let view = self.session.state().desk.viewports.get(&n);
            view.is_some_and(|view| view.shown.is_some())
        };
        let viewer = self.viewers.get(&participant)?;
        let mut views: Vec<u32> = viewer
            .sizes
            .keys()
            .copied()
            .filter(|n| shows_something(*n))
            .collect();
        // The view under the hand first, then the one that was drawn longest ago.
        let last = |n: &u32| viewer.sent.get(n).map_or(f64::NEG_INFINITY, |sent| sent.at_s);
        views.sort_by(|a, b| {
            let is_other = |n: &u32| viewer.active != Some(*n);
            is_other(a).cmp(&is_other(b)).then(last(a).total_cmp(&last(b)))
        });
        let wanted = |n: &u32| {
            let of = Of {
                viewer,
                viewport: *n,
                picture_turn: self.turns.picture(*n),
                now_s,
            };
            of.wanted().map(|fidelity| (*n, fidelity))
        };
        let found: Vec<(u32, Fidelity)> = views.iter().filter_map(wanted).collect();
        // What is stale comes before what could be finer.
        let (viewport, fidelity) = found
            .iter()
            .copied()
            .min_by_key(|(_, fidelity)| *fidelity == Fidelity::Exact)?;
        let draw_s = self.draw_s.get(&viewport).copied().unwrap_or(0.0);
        let viewer = self.viewers.get_mut(&participant)?;
        if !viewer.link.has_room(now_s) || (fidelity == Fidelity::Exact && viewer.link.is_busy()) {
            return None;
        }
        let full = viewer.sizes[&viewport];
        let (quality, divisor) = match fidelity {
            Fidelity::Moving => viewer.link.moving(full, draw_s),
            _ => (95, 1),
        };
        let size = Size {
            width: full.width.div_ceil(divisor),
            height: full.height.div_ceil(divisor),
        };
        Some(Due {
            participant,
            viewport,
            size,
            full,
            fidelity,
            quality,
        })
    }
}

impl Viewer {
    /// From when on a picture that was sent in full is wanted pixel for pixel.
    fn exact_s(&self, sent: &Sent) -> f64 {
        let rests_s = self.last_command_s + EXACT_AFTER_S;
        if sent.is_whole {
            rests_s
        } else {
            rests_s.max(sent.at_s + PART_EXACT_AFTER_S)
        }
    }
}

/// A view of a participant.
struct Of<'a> {
    viewer: &'a Viewer,
    viewport: u32,
    picture_turn: u64,
    now_s: f64,
}

impl Of<'_> {
    /// How good a picture it wants now.
    fn wanted(&self) -> Option<Fidelity> {
        let viewer = self.viewer;
        let rests_s = self.now_s - viewer.last_command_s;
        let moves = viewer.is_moving && rests_s < MOVES_FOR_S;
        let sent = viewer.sent.get(&self.viewport);
        let Some(sent) = sent.filter(|sent| sent.turn >= self.picture_turn) else {
            return Some(if moves { Fidelity::Moving } else { Fidelity::Still });
        };
        match sent.fidelity {
            Fidelity::Moving if !moves && (!viewer.is_moving || rests_s >= STILL_AFTER_S) => {
                Some(Fidelity::Still)
            }
            Fidelity::Still if self.now_s >= viewer.exact_s(sent) => Some(Fidelity::Exact),
            _ => None,
        }
    }
}
