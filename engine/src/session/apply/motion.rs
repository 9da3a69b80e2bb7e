//! What plays: slices, phases, rotations. Time comes from the host.

use crate::geometry::Affine;
use crate::session::apply::Work;
use crate::session::command::Command;
use crate::session::error::{Refusal, within};
use crate::session::sight::{components, numbers, point, vector};
use crate::session::state::{Kind, Motion, Over, Shown};

/// Steps of a whole rotation.
pub(in crate::session) const ROTATION_STEPS: u32 = 72;
/// Most steps that one tick makes: a host that slept does not make the picture race.
const MOST_STEPS: f64 = 16.0;

impl Work<'_> {
    pub(super) fn motion(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::Play { viewport, motion } => self.play(*viewport, *motion)?,
            Command::Tick { elapsed_s } => self.tick(*elapsed_s)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn play(&mut self, viewport: u32, motion: Option<Motion>) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "playing")?.clone();
        if let Some(motion) = motion {
            within("steps in a second", "0.1 to 120", 0.1..=120.0, motion.steps_per_s)?;
            let expected = match motion.over {
                Over::Slices if !shown.kind.is_plane() => Some("a plane"),
                Over::Rotation if shown.kind.is_plane() || matches!(shown.kind, Kind::Curved { .. }) => {
                    Some("a projection or rendering")
                }
                Over::Phases if self.phases(&shown)? < 2 => Some("a series of several phases"),
                _ => None,
            };
            if let Some(expected) = expected {
                return Err(Refusal::NotShown {
                    what: "playing",
                    expected,
                    found: shown.kind.title(),
                });
            }
        }
        let shown = self.shown_mut(viewport, "playing")?;
        shown.motion = motion;
        shown.since_step_s = 0.0;
        Ok(())
    }

    fn phases(&self, shown: &Shown) -> Result<u32, Refusal> {
        let mut phases = 1;
        for layer in &shown.layers {
            phases = phases.max(self.stage.facts(&layer.series)?.phases as u32);
        }
        Ok(phases)
    }

    fn tick(&mut self, elapsed_s: f64) -> Result<(), Refusal> {
        let elapsed_s = within("the time", "0 to 3600 s", 0.0..=3600.0, elapsed_s)?;
        let plays = |shown: &Shown| shown.motion.is_some();
        let views = self.state.desk.viewports.iter();
        let playing: Vec<u32> = views
            .filter(|(_, view)| view.shown.as_ref().is_some_and(plays))
            .map(|(n, _)| *n)
            .collect();
        for n in playing {
            let shown = self.shown_mut(n, "playing")?;
            let Some(motion) = shown.motion else { continue };
            // A hair more, so that a second has all its steps whatever the ticks were.
            let due = (shown.since_step_s + elapsed_s) * motion.steps_per_s + 1e-9;
            let steps = due.floor();
            shown.since_step_s = ((due - steps) / motion.steps_per_s).max(0.0);
            for _ in 0..steps.min(MOST_STEPS) as u32 {
                self.step(n)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, viewport: u32) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "playing")?.clone();
        let Some(motion) = shown.motion else { return Ok(()) };
        let forward = if motion.backward { -1 } else { 1 };
        match motion.over {
            Over::Rotation => {
                let angle = std::f64::consts::TAU / f64::from(ROTATION_STEPS) * f64::from(forward);
                let head = vector([0.0, 0.0, 1.0]);
                if let Some(turn) = Affine::rotation(point([0.0; 3]), head, angle) {
                    let axes = shown.axes.map(|axis| components(turn * vector(axis)));
                    self.shown_mut(viewport, "playing")?.axes = axes;
                }
                Ok(())
            }
            Over::Phases => {
                let phases = self.phases(&shown)?;
                let (next, turns) = next(shown.phase, phases, motion);
                let shown = self.shown_mut(viewport, "playing")?;
                shown.phase = next;
                shown.motion = Some(turned(motion, turns));
                Ok(())
            }
            Over::Slices => {
                let grid = self.grid(&shown)?;
                let slices = grid.size()[2] as u32;
                if shown.is_by_slices() {
                    let (next, turns) = next(shown.slice(&grid) as u32, slices, motion);
                    let to = numbers(shown.on_slice(&grid, next as usize));
                    let shown = self.shown_mut(viewport, "playing")?;
                    shown.focus_mm = to;
                    shown.motion = Some(turned(motion, turns));
                    return Ok(());
                }
                if shown.kind == Kind::Interleaved {
                    let turns = self.stage.turns(&self.state.joints, &shown)?;
                    let (turn, turns_round) = next(shown.turn, turns.len() as u32, motion);
                    let mut at = self.at_turn(&shown, &turns, turn as usize)?;
                    at.motion = Some(turned(motion, turns_round));
                    *self.shown_mut(viewport, "playing")? = at;
                    return Ok(());
                }
                self.step_plane(viewport, &shown, motion)
            }
        }
    }

    /// A plane goes by voxels; at the end of the body it begins again, or turns round.
    fn step_plane(&mut self, viewport: u32, shown: &Shown, motion: Motion) -> Result<(), Refusal> {
        let grid = self.grid(shown)?;
        let normal = shown.away();
        let step_mm = super::place::step_mm(&grid, normal) * if motion.backward { -1.0 } else { 1.0 };
        let along = grid.corners().map(|corner| normal.dot(corner - shown.focus()));
        let low = along.iter().copied().fold(f64::INFINITY, f64::min);
        let high = along.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_inside = (low..=high).contains(&step_mm);
        let (to, turns) = match (is_inside, motion.swings) {
            (true, _) => (step_mm, false),
            (false, true) => (0.0, true),
            (false, false) => (if motion.backward { high } else { low }, false),
        };
        let next = self.shown_mut(viewport, "playing")?;
        next.focus_mm = numbers(shown.focus() + normal * to);
        next.motion = Some(turned(motion, turns));
        Ok(())
    }
}

/// The next of `count`, and whether the motion turns round there.
fn next(at: u32, count: u32, motion: Motion) -> (u32, bool) {
    let last = count.saturating_sub(1);
    match (motion.backward, motion.swings) {
        (false, false) => (if at >= last { 0 } else { at + 1 }, false),
        (true, false) => (if at == 0 { last } else { at - 1 }, false),
        (false, true) if at >= last => (last.saturating_sub(1), true),
        (true, true) if at == 0 => (1.min(last), true),
        (false, true) => (at + 1, false),
        (true, true) => (at - 1, false),
    }
}

fn turned(motion: Motion, turns: bool) -> Motion {
    Motion {
        backward: motion.backward != turns,
        ..motion
    }
}
