//! A search how a series lies on another, as work of its own: a host runs it on any thread, and lays in what it found.

use serde::{Deserialize, Serialize};

use crate::geometry::Affine;
use crate::registration::{Confidence, Error, Options, Start, Watch, register};
use crate::session::Session;
use crate::session::command::Command;
use crate::session::error::{Refusal, within};
use crate::session::sight::{map, rows};
use crate::volume::Volume;

/// Most reasons to look at what was found, and most characters of one.
const MAX_REASONS: usize = 32;
const MAX_REASON: usize = 500;

/// A search that has not begun. It holds its volumes and needs the session no more.
#[derive(Debug, Clone)]
pub struct Search {
    moving: String,
    fixed: String,
    moving_volume: Volume,
    fixed_volume: Volume,
    start: Start,
}

/// What a search found, and all that is needed to lay it in: plain data, so that a log with it is replayed without
/// searching again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The series that moves.
    pub moving: String,
    /// The series that stays.
    pub fixed: String,
    /// From the moving space to the fixed one, row by row, LPS mm.
    pub fixed_from_moving: [[f64; 4]; 3],
    /// Why it must be looked at before it is used; empty where every check agreed.
    #[serde(default)]
    pub reasons_to_check: Vec<String>,
}

impl From<Found> for Command {
    fn from(found: Found) -> Self {
        Self::LayFound(found)
    }
}

impl Session {
    /// A search how a series lies on another, to be run where the host likes: from where it lies now with `refine`,
    /// else from anywhere. Nothing changes until [`Command::LayFound`].
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an unknown series, two series of one space, and voxels that have not come.
    pub fn search(&self, moving: &str, fixed: &str, refine: bool) -> Result<Search, Refusal> {
        let [moving_space, fixed_space] = [moving, fixed].map(|key| self.stage.facts(key));
        let (moving_space, fixed_space) = (moving_space?.space(), fixed_space?.space());
        different(&moving_space, &fixed_space)?;
        let start = if refine {
            let way = self.stage.way(&self.state.joints, &fixed_space, &moving_space);
            let fixed_from_moving = way.map_or(Affine::identity(), |way| way.fixed_from_moving);
            fixed_from_moving.inverse().map_or(Start::Automatic, Start::From)
        } else {
            Start::Automatic
        };
        Ok(Search {
            moving: moving.to_owned(),
            fixed: fixed.to_owned(),
            moving_volume: self.stage.whole(moving, 0)?,
            fixed_volume: self.stage.whole(fixed, 0)?,
            start,
        })
    }
}

impl Search {
    /// Searches: seconds of work, on this thread and those of the pool.
    ///
    /// # Errors
    ///
    /// [`Refusal::Cancelled`] when the watcher gives it up, [`Refusal::RegistrationFailed`] when nothing was found that
    /// may be used.
    pub fn run(&self, watch: &dyn Watch) -> Result<Found, Refusal> {
        let options = Options {
            start: self.start,
            ..Options::default()
        };
        let registration = register(&self.fixed_volume, &self.moving_volume, &options, watch);
        let registration = registration.map_err(|error| match error {
            Error::Cancelled => Refusal::Cancelled,
            other => Refusal::RegistrationFailed(other.to_string()),
        })?;
        let verdict = &registration.verdict;
        let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
        let fixed_from_moving = registration.moving_from_fixed.affine_part().inverse();
        match fixed_from_moving {
            Ok(fixed_from_moving) if verdict.confidence < Confidence::Failed => Ok(Found {
                moving: self.moving.clone(),
                fixed: self.fixed.clone(),
                fixed_from_moving: rows(&fixed_from_moving),
                reasons_to_check: reasons,
            }),
            _ => Err(Refusal::RegistrationFailed(reasons.join("; "))),
        }
    }
}

impl Found {
    /// Refuses what no search finds; what is laid in may come from outside.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        for row in &self.fixed_from_moving {
            for part in &row[..3] {
                within("a part of a map", "-2 to 2", -2.0..=2.0, *part)?;
            }
            within("the shift of a map", "within 100 m", -1e5..=1e5, row[3])?;
        }
        let linear = map(&self.fixed_from_moving).linear;
        let (factors, sign) = (linear.singular_values(), linear.determinant().signum());
        for factor in [factors.min() * sign, factors.max()] {
            // As registration::Reason::Stretched: beyond this it is no registration.
            within(
                "the factor by which a map stretches",
                "0.7 to 1.4",
                0.7..=1.4,
                factor,
            )?;
        }
        let longest = self.reasons_to_check.iter().map(|reason| reason.chars().count());
        for (what, most, found) in [
            ("reasons to check", MAX_REASONS, self.reasons_to_check.len()),
            ("characters of a reason", MAX_REASON, longest.max().unwrap_or(0)),
        ] {
            crate::session::apply::at_most(what, most, found)?;
        }
        Ok(())
    }
}

/// Refuses series of one space: their scanner has aligned them.
pub(super) fn different(moving_space: &str, fixed_space: &str) -> Result<(), Refusal> {
    if moving_space != fixed_space {
        return Ok(());
    }
    Err(Refusal::NotShown {
        what: "aligning",
        expected: "series of two frames of reference",
        found: "series of one",
    })
}
