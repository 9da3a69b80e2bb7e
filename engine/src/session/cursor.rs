//! Where the places that participants point at are seen in pictures of views.

use crate::geometry::{Patient, Point};
use crate::presentation::Size;
use crate::session::Session;
use crate::session::apply::{shown, step_mm};
use crate::session::error::Refusal;
use crate::session::sight::point;
use crate::session::state::{Kind, Shown};

impl Session {
    /// Where what a participant points at is seen in a picture of a view, as a pixel: in the view they point into, and on
    /// planes of other views that go through the place.
    ///
    /// `None` for a participant who points at nothing, and for a view that does not show the place. What lies under a
    /// pointer on a projection or rendering is seen in that view only: how deep it lies nobody has said.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a view that there is not or that shows nothing.
    pub fn cursor_in(
        &self,
        participant: u32,
        viewport: u32,
        size: Size,
    ) -> Result<Option<[f64; 2]>, Refusal> {
        let person = self.people.participants.get(&participant);
        let Some((pointed, place_mm)) = person.and_then(|person| person.cursor) else {
            return Ok(None);
        };
        let here = shown(&self.state, viewport, "a cursor")?;
        let place = if pointed == viewport {
            Some(point(place_mm))
        } else {
            let there = shown(&self.state, pointed, "a cursor")?;
            self.on_plane_of(here, there, point(place_mm))?
        };
        let Some(place) = place else { return Ok(None) };
        let grid = &self.stage.facts(&here.layers[0].series)?.grid;
        let is_within = |[x, y]: &[f64; 2]| {
            let edge = |side: u32| -0.5..=f64::from(side) - 0.5;
            edge(size.width).contains(x) && edge(size.height).contains(y)
        };
        Ok(here.pixel(grid, place, size)?.filter(is_within))
    }

    /// A place of one view in the space of another, where both are planes and the other's goes through it.
    fn on_plane_of(
        &self,
        here: &Shown,
        there: &Shown,
        place: Point<Patient>,
    ) -> Result<Option<Point<Patient>>, Refusal> {
        if !(here.kind.is_plane() && there.kind.is_plane()) {
            return Ok(None);
        }
        let facts = self.stage.facts(&here.layers[0].series)?;
        let theirs = self.stage.facts(&there.layers[0].series)?.space();
        let Some(way) = self.stage.way(&self.state.joints, &facts.space(), &theirs) else {
            return Ok(None);
        };
        let place = way.fixed_from_moving * place;
        // Of tiles each has a plane of its own.
        let is_tiled = matches!(here.kind, Kind::Tiles { .. });
        let normal = here.away();
        let near_mm = step_mm(&facts.grid, normal) / 2.0 + 1e-6;
        let is_near = is_tiled || normal.dot(place - here.focus()).abs() <= near_mm;
        Ok(is_near.then_some(place))
    }
}
