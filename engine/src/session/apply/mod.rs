//! Commands to changes of the state, one folder's file for each kind of command.

mod align;
mod film;
mod follow;
mod hang;
mod look;
mod marks;
mod motion;
mod place;
mod planar;
mod restore;
mod show;
mod vois;

use std::sync::Arc;

use crate::geometry::Grid;
use crate::session::command::Entry;
use crate::session::department::Department;
use crate::session::error::Refusal;
use crate::session::event::Event;
use crate::session::masks::VoiCache;
use crate::session::stage::Stage;
use crate::session::state::{Shown, State, ViewLayer};

pub(super) use marks::check_count;
pub(super) use place::step_mm;

/// What a command works on.
pub(super) struct Work<'a> {
    pub(super) state: &'a mut State,
    pub(super) stage: &'a mut Stage,
    pub(super) vois: &'a mut VoiCache,
    pub(super) department: &'a Department,
    /// What is to be read beside the pictures.
    pub(super) remarks: Vec<Event>,
    pub(super) by: Option<u32>,
}

/// Changes the state as a command says.
///
/// # Errors
///
/// [`Refusal`]; the state may then be changed in part and is to be thrown away.
pub(super) fn apply(
    state: &mut State,
    stage: &mut Stage,
    vois: &mut VoiCache,
    department: &Department,
    entry: &Entry,
) -> Result<Vec<Event>, Refusal> {
    let mut work = Work {
        state,
        stage,
        vois,
        department,
        remarks: Vec::new(),
        by: entry.by,
    };
    let command = &entry.command;
    let is_done = work.hang(command)?
        || work.show(command)?
        || work.place(command)?
        || work.look(command)?
        || work.planar(command)?
        || work.motion(command)?
        || work.film(command)?
        || work.marks(command)?
        || work.vois(command)?
        || work.align(command)?
        || work.restore(command)?;
    debug_assert!(is_done, "every command has a file that does it");
    Ok(work.remarks)
}

/// What a view shows.
///
/// # Errors
///
/// [`Refusal::NoViewport`], [`Refusal::NotShown`] for an empty view.
pub(super) fn shown<'a>(state: &'a State, viewport: u32, what: &'static str) -> Result<&'a Shown, Refusal> {
    let view = state
        .desk
        .viewports
        .get(&viewport)
        .ok_or(Refusal::NoViewport(viewport))?;
    view.shown.as_ref().ok_or(Refusal::NotShown {
        what,
        expected: "a series",
        found: "nothing",
    })
}

impl Work<'_> {
    /// What a view shows, to be changed.
    fn shown_mut(&mut self, viewport: u32, what: &'static str) -> Result<&mut Shown, Refusal> {
        shown(self.state, viewport, what)?;
        let desk = Arc::make_mut(&mut self.state.desk);
        let view = desk
            .viewports
            .get_mut(&viewport)
            .ok_or(Refusal::NoViewport(viewport))?;
        let shown = Arc::make_mut(view).shown.as_mut();
        shown.ok_or(Refusal::NoViewport(viewport))
    }

    fn shown(&self, viewport: u32, what: &'static str) -> Result<&Shown, Refusal> {
        shown(self.state, viewport, what)
    }

    /// Where the lowest layer of a view has its voxels.
    fn grid(&self, shown: &Shown) -> Result<Grid, Refusal> {
        Ok(self.stage.facts(&shown.layers[0].series)?.grid.clone())
    }

    /// The space that a view's places lie in.
    fn space(&self, shown: &Shown) -> Result<String, Refusal> {
        Ok(self.stage.facts(&shown.layers[0].series)?.space())
    }

    fn layer_mut(
        &mut self,
        viewport: u32,
        layer: u32,
        what: &'static str,
    ) -> Result<&mut ViewLayer, Refusal> {
        let shown = self.shown_mut(viewport, what)?;
        let layers = shown.layers.len();
        shown.layers.get_mut(layer as usize).ok_or(Refusal::NoLayer {
            layers,
            found: layer as usize,
        })
    }

    fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(Event::Remark { text: text.into() });
    }
}

/// Refuses more of something than a session holds.
pub(super) fn at_most(what: &'static str, most: usize, found: usize) -> Result<(), Refusal> {
    if found > most {
        return Err(Refusal::Count {
            what,
            expected: format!("at most {most}"),
            found,
        });
    }
    Ok(())
}
