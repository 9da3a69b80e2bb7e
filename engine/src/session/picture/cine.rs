//! What a view shows step by step.

use crate::geometry::Affine;
use crate::session::Session;
use crate::session::apply::shown;
use crate::session::error::Refusal;
use crate::session::sight::{components, numbers, point, vector};
use crate::session::state::{Kind, Over, Shown};

impl Session {
    /// What a view shows step by step: its slices, its phases, or a whole rotation in so many steps (1 to 720).
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an empty view, or one that has no such steps.
    pub fn cine(&self, viewport: u32, over: Over, rotation_steps: u32) -> Result<Vec<Shown>, Refusal> {
        let shown = shown(&self.state, viewport, "a cine")?;
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let not = |expected| Refusal::NotShown {
            what: "a cine",
            expected,
            found: shown.kind.title(),
        };
        let still = Shown {
            motion: None,
            since_step_s: 0.0,
            ..shown.clone()
        };
        match over {
            Over::Slices if shown.is_by_slices() => {
                let slices = 0..facts.grid.size()[2];
                let on = |slice| numbers(shown.on_slice(&facts.grid, slice));
                let step = |slice| Shown {
                    focus_mm: on(slice),
                    ..still.clone()
                };
                Ok(slices.map(step).collect())
            }
            Over::Slices => Err(not("a stack or tiles")),
            Over::Phases if facts.phases > 1 => {
                let step = |phase| Shown {
                    phase,
                    ..still.clone()
                };
                Ok((0..facts.phases as u32).map(step).collect())
            }
            Over::Phases => Err(not("a series of several phases")),
            Over::Rotation if matches!(shown.kind, Kind::Projection { .. } | Kind::Rendering { .. }) => {
                let steps = rotation_steps.clamp(1, 720);
                let head = vector([0.0, 0.0, 1.0]);
                let turned = |n: u32| {
                    let angle = std::f64::consts::TAU * f64::from(n) / f64::from(steps);
                    let turn = Affine::rotation(point([0.0; 3]), head, angle).unwrap_or(Affine::identity());
                    Shown {
                        axes: shown.axes.map(|axis| components(turn * vector(axis))),
                        ..still.clone()
                    }
                };
                Ok((0..steps).map(turned).collect())
            }
            Over::Rotation => Err(not("a projection or rendering")),
        }
    }
}
