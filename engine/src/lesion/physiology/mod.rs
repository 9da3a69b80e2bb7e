//! Which basins are physiological: one rule an organ, each with its reason.
//!
//! Rules are asked in a fixed order, and the first that answers decides: those that know an organ by its size
//! and place (brain, bladder, kidneys, heart) come before those that know a pattern (ureters, glands, gut) and
//! those that find nothing focal (liver, spleen, marrow). Each basin is judged by itself: a lesion that touches
//! an organ has its own maximum, parted from the organ's by a pass. What is small, round and clear of its
//! surroundings stays a lesion wherever the rule leaves a choice: setting aside a lesion harms more than
//! showing an organ.

mod brain;
mod diffuse;
mod glands;
mod gut;
mod heart;
mod injection;
mod urinary;

use crate::lesion::evidence::Scene;
use crate::lesion::organ::{Organ, Physiological};

/// What was found of each basin, `None` while nothing was.
pub(super) type Verdicts = Vec<Option<Physiological>>;

/// Judges every basin of a scene; what a label map already decided stays.
pub(super) fn judge(scene: &Scene, verdicts: &mut Verdicts, decided: &[bool]) {
    let rules = [
        injection::judge,
        brain::judge,
        urinary::bladder,
        urinary::kidneys,
        heart::judge,
        urinary::ureters,
        glands::judge,
        gut::judge,
        diffuse::judge,
    ];
    for rule in rules {
        let mut found = vec![None; verdicts.len()];
        rule(
            scene,
            &mut Asides {
                taken: verdicts,
                decided,
                found: &mut found,
            },
        );
        for (verdict, found) in verdicts.iter_mut().zip(found) {
            if verdict.is_none() {
                *verdict = found;
            }
        }
    }
}

/// What a rule sets aside.
pub(super) struct Asides<'a> {
    taken: &'a Verdicts,
    decided: &'a [bool],
    found: &'a mut Verdicts,
}

impl Asides<'_> {
    /// Whether no rule before this one has taken a basin.
    fn is_open(&self, basin: usize) -> bool {
        self.taken[basin].is_none() && !self.decided[basin]
    }

    /// Sets a basin aside, unless that is decided otherwise.
    fn set(&mut self, basin: usize, organ: Organ, reason: impl Into<String>) {
        if self.is_open(basin) && self.found[basin].is_none() {
            self.found[basin] = Some(Physiological {
                organ,
                reason: reason.into(),
            });
        }
    }

    /// Whether this rule has set a basin aside.
    fn has(&self, basin: usize) -> bool {
        self.found[basin].is_some()
    }
}
