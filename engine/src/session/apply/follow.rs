//! Linked views: what one does, others do.

use crate::geometry::{Patient, Point, Vector};
use crate::session::apply::Work;
use crate::session::command::Link;
use crate::session::error::Refusal;
use crate::session::sight::numbers;
use crate::session::stage::Way;
use crate::session::state::{Kind, Shown};

/// Planes whose normals differ by less are parallel (cosine).
const PARALLEL: f64 = 0.9999;

impl Work<'_> {
    /// The other views that follow a view in something, with the way from its space to theirs.
    ///
    /// Views follow within their group, and within one frame of reference; beyond it only where spaces were registered or
    /// an offset was set.
    pub(super) fn followers(&self, viewport: u32, link: Link) -> Result<Vec<(u32, Way)>, Refusal> {
        let shown = self.shown(viewport, "a link")?;
        if !self.state.links.contains(&link) {
            return Ok(Vec::new());
        }
        let space = self.space(shown)?;
        let mut found = Vec::new();
        for (n, view) in &self.state.desk.viewports {
            let Some(other) = view
                .shown
                .as_ref()
                .filter(|other| *n != viewport && shown.shares(link, other))
            else {
                continue;
            };
            let theirs = self.space(other)?;
            if let Some(way) = self.stage.way(&self.state.joints, &theirs, &space) {
                found.push((*n, way));
            }
        }
        Ok(found)
    }

    /// The views that follow in what has no place: window, palette, scale.
    pub(super) fn alike(&self, viewport: u32, link: Link) -> Result<Vec<u32>, Refusal> {
        let shown = self.shown(viewport, "a link")?;
        if !self.state.links.contains(&link) {
            return Ok(Vec::new());
        }
        let views = self.state.desk.viewports.iter();
        let shares = |other: &Shown| shown.shares(link, other);
        let linked = views.filter(|(n, view)| **n != viewport && view.shown.as_ref().is_some_and(shares));
        Ok(linked.map(|(n, _)| *n).collect())
    }

    /// Moves the planes of followers that are parallel to this view's along their normals by as much.
    pub(super) fn scroll_followers(&mut self, viewport: u32, moved: Vector<Patient>) -> Result<(), Refusal> {
        let normal = self.shown(viewport, "a link")?.away();
        for (n, way) in self.followers(viewport, Link::Scroll)? {
            let other = self.shown(n, "a link")?;
            let (theirs, step) = (other.away(), way.fixed_from_moving * moved);
            let is_parallel = is_parallel(way.fixed_from_moving * normal, theirs);
            if other.kind.is_plane() && is_parallel {
                let to = other.focus() + theirs * theirs.dot(step);
                self.move_focus(n, to)?;
            }
        }
        Ok(())
    }

    /// Moves a view so that `to` is its middle; stacks stay on their slices.
    pub(super) fn move_focus(&mut self, viewport: u32, to: Point<Patient>) -> Result<(), Refusal> {
        let shown = self.shown(viewport, "a place")?.clone();
        let grid = self.grid(&shown)?;
        let mut next = Shown {
            focus_mm: numbers(to),
            crosshair_mm: None,
            ..shown
        };
        if next.is_by_slices() {
            let slice = next.slice(&grid);
            next.focus_mm = numbers(next.on_slice(&grid, slice));
        }
        if next.kind == Kind::Interleaved {
            next = self.nearest_turn(&next, to)?;
        }
        *self.shown_mut(viewport, "a place")? = next;
        Ok(())
    }
}

pub(super) fn is_parallel(a: Vector<Patient>, b: Vector<Patient>) -> bool {
    let (Some(a), Some(b)) = (a.normalized(), b.normalized()) else {
        return false;
    };
    a.dot(b).abs() > PARALLEL
}

impl Shown {
    /// Whether it shows slices as they were made.
    pub(in crate::session) fn is_by_slices(&self) -> bool {
        matches!(self.kind, Kind::Stack | Kind::Tiles { .. })
    }

    /// Whether its planes lie as the slices do, or along a curve.
    pub(in crate::session) fn has_fixed_direction(&self) -> bool {
        self.is_by_slices() || matches!(self.kind, Kind::Interleaved | Kind::Curved { .. })
    }
}
