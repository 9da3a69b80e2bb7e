//! Measurements and texts: drawing, moving, deleting.

use std::sync::Arc;

use crate::geometry::{Affine, Patient, Point};
use crate::session::apply::place::finite_place;
use crate::session::apply::{Work, at_most};
use crate::session::command::{Command, Spot};
use crate::session::error::Refusal;
use crate::session::measure;
use crate::session::sight::{numbers, point, size_of};
use crate::session::state::{Kind, Mark, MarkKind, Shown};

/// Most marks of a session.
pub(super) const MAX_MARKS: usize = 10_000;
/// Most points of a mark.
const MAX_POINTS: usize = 4096;
/// Most points that a smooth curve is set by.
const MAX_SPLINE: usize = 256;
/// Most characters of a mark's text.
const MAX_TEXT: usize = 2000;

impl MarkKind {
    /// How many points it has.
    #[must_use]
    pub const fn points(self) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::Text | Self::Probe => 1..=1,
            Self::Length | Self::Rectangle | Self::Circle | Self::Arrow => 2..=2,
            Self::Angle | Self::Ellipse => 3..=3,
            Self::Cobb | Self::Bidirectional => 4..=4,
            Self::Cardiothoracic => 6..=6,
            Self::Polyline => 2..=MAX_POINTS,
            Self::Polygon | Self::Freehand => 3..=MAX_POINTS,
            Self::Spline => 3..=MAX_SPLINE,
        }
    }

    /// Whether it is what it is wherever its points lie in space: what is measured on the surface of a rendering.
    #[must_use]
    pub const fn is_spatial(self) -> bool {
        !matches!(
            self,
            Self::Rectangle
                | Self::Ellipse
                | Self::Circle
                | Self::Freehand
                | Self::Spline
                | Self::Cardiothoracic
        )
    }
}

impl Work<'_> {
    pub(super) fn marks(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::AddMark {
                viewport,
                kind,
                points,
                text,
            } => self.add_mark(*viewport, *kind, points, text)?,
            Command::PlaceMark {
                viewport,
                kind,
                points_mm,
                text,
            } => {
                for place in points_mm {
                    finite_place(*place)?;
                }
                check_count(*kind, points_mm.len())?;
                let shown = self.shown(*viewport, "a mark")?.clone();
                self.keep_mark(&shown, *kind, points_mm.clone(), text)?;
            }
            Command::MoveHandle {
                mark,
                handle,
                viewport,
                to,
            } => self.move_handle(*mark, *handle, *viewport, *to)?,
            Command::MoveMark {
                mark,
                viewport,
                from,
                to,
            } => self.move_mark(*mark, *viewport, *from, *to)?,
            Command::EditMark { mark, text, color } => {
                let checked = text.as_deref().map(short).transpose()?;
                let mark = self.mark_mut(*mark)?;
                if let Some(text) = checked {
                    mark.text = text;
                }
                mark.color = color.unwrap_or(mark.color);
            }
            Command::SelectMark { mark } => {
                self.state.selected_mark = None;
                if let Some(n) = mark {
                    self.mark(*n)?;
                    self.choose_mark(*n);
                }
            }
            Command::DeleteMark { mark } => {
                self.mark(*mark)?;
                self.state.marks.remove(mark);
                self.state.selected_mark = self.state.selected_mark.filter(|chosen| chosen != mark);
            }
            Command::ClearMarks { viewport } => self.clear_marks(*viewport)?,
            Command::SetColor { color } => self.state.color = *color,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn mark(&self, n: u64) -> Result<&Arc<Mark>, Refusal> {
        self.state.marks.get(&n).ok_or(Refusal::NoSuch {
            what: "mark",
            found: n,
        })
    }

    fn mark_mut(&mut self, n: u64) -> Result<&mut Mark, Refusal> {
        self.mark(n)?;
        let mark = self.state.marks.get_mut(&n).ok_or(Refusal::NoSuch {
            what: "mark",
            found: n,
        })?;
        Ok(Arc::make_mut(mark))
    }

    fn add_mark(
        &mut self,
        viewport: u32,
        kind: MarkKind,
        points: &[Spot],
        text: &str,
    ) -> Result<(), Refusal> {
        check_count(kind, points.len())?;
        let shown = self.shown(viewport, "a mark")?.clone();
        check_kind(kind, &shown)?;
        let places = points.iter().map(|spot| self.seen_at(&shown, *spot));
        let points_mm = places
            .map(|place| Ok(numbers(place?)))
            .collect::<Result<_, Refusal>>()?;
        self.keep_mark(&shown, kind, points_mm, text)
    }

    fn keep_mark(
        &mut self,
        shown: &Shown,
        kind: MarkKind,
        points_mm: Vec<[f64; 3]>,
        text: &str,
    ) -> Result<(), Refusal> {
        at_most("marks", MAX_MARKS, self.state.marks.len() + 1)?;
        check_kind(kind, shown)?;
        let mark = Mark {
            kind,
            space: self.space(shown)?,
            series: shown.layers[0].series.clone(),
            layers: shown.layers.iter().map(|layer| layer.series.clone()).collect(),
            phase: shown.phase,
            points_mm,
            axes: shown.axes,
            is_in_space: !shown.kind.is_plane(),
            text: short(text)?,
            color: self.state.color,
            by: self.by,
        };
        measure::check(&mark)?;
        let n = self.number();
        self.state.marks.insert(n, Arc::new(mark));
        self.choose_mark(n);
        Ok(())
    }

    pub(super) fn number(&mut self) -> u64 {
        let n = self.state.next;
        self.state.next += 1;
        n
    }

    /// The place that is seen under a spot.
    fn seen_at(&self, shown: &Shown, spot: Spot) -> Result<Point<Patient>, Refusal> {
        self.stage.seen_at(&self.state.joints, shown, spot, "a mark")
    }

    /// Makes a mark the chosen thing.
    fn choose_mark(&mut self, n: u64) {
        self.state.selected_mark = Some(n);
        self.state.selected_voi = None;
    }

    /// From the space of a view to that of a mark.
    fn to_mark(&self, viewport: u32, mark: &Mark) -> Result<Affine<Patient, Patient>, Refusal> {
        let space = self.space(self.shown(viewport, "a mark")?)?;
        let way = self.stage.way(&self.state.joints, &mark.space, &space);
        way.map(|way| way.fixed_from_moving)
            .ok_or_else(|| Refusal::NotJoined(mark.space.clone(), space))
    }

    fn move_handle(&mut self, n: u64, handle: u32, viewport: u32, to: Spot) -> Result<(), Refusal> {
        let mut mark = Mark::clone(self.mark(n)?);
        let to_mark = self.to_mark(viewport, &mark)?;
        let place = to_mark * self.seen_at(self.shown(viewport, "a mark")?, to)?;
        let points = mark.points_mm.len();
        let moved = mark.points_mm.get_mut(handle as usize).ok_or(Refusal::Count {
            what: "as the handle, from 0",
            expected: format!("0 to {}", points - 1),
            found: handle as usize,
        })?;
        *moved = numbers(place);
        measure::check(&mark)?;
        self.state.marks.insert(n, Arc::new(mark));
        self.choose_mark(n);
        Ok(())
    }

    /// Moves all points by one step; on a rendering each to where it is then seen.
    fn move_mark(&mut self, n: u64, viewport: u32, from: Spot, to: Spot) -> Result<(), Refusal> {
        let mut mark = Mark::clone(self.mark(n)?);
        let to_mark = self.to_mark(viewport, &mark)?;
        let step = to_mark * (self.place_of(viewport, to)? - self.place_of(viewport, from)?);
        for place in &mut mark.points_mm {
            *place = numbers(point(*place) + step);
        }
        let shown = self.shown(viewport, "a mark")?;
        if mark.is_in_space && matches!(shown.kind, Kind::Rendering { .. }) {
            self.lay_on(shown, to, &to_mark, &mut mark.points_mm)?;
            measure::check(&mark)?;
        }
        self.state.marks.insert(n, Arc::new(mark));
        self.choose_mark(n);
        Ok(())
    }

    /// Brings places to where the surface of a rendering is seen in their pixels.
    fn lay_on(
        &self,
        shown: &Shown,
        picture: Spot,
        to_mark: &Affine<Patient, Patient>,
        places_mm: &mut [[f64; 3]],
    ) -> Result<(), Refusal> {
        let plane = shown.plane(&self.grid(shown)?, size_of(picture)?)?;
        let from_mark = to_mark
            .inverse()
            .map_err(|error| Refusal::Voi(error.to_string()))?;
        for place in places_mm {
            let Some([x, y]) = plane.pixel(from_mark * point(*place)) else {
                continue;
            };
            *place = numbers(*to_mark * self.seen_at(shown, Spot { x, y, ..picture })?);
        }
        Ok(())
    }

    fn clear_marks(&mut self, viewport: Option<u32>) -> Result<(), Refusal> {
        match viewport {
            None => self.state.marks.clear(),
            Some(n) => {
                let shown = self.shown(n, "marks")?.clone();
                self.state
                    .marks
                    .retain(|_, mark| mark.series != shown.layers[0].series);
            }
        }
        let marks = &self.state.marks;
        self.state.selected_mark = self
            .state
            .selected_mark
            .filter(|chosen| marks.contains_key(chosen));
        Ok(())
    }
}

/// Refuses more or fewer points than a mark has.
pub(in crate::session) fn check_count(kind: MarkKind, found: usize) -> Result<(), Refusal> {
    let counts = kind.points();
    if counts.contains(&found) {
        return Ok(());
    }
    Err(Refusal::Count {
        what: "points",
        expected: match (counts.start(), counts.end()) {
            (low, high) if low == high => low.to_string(),
            (low, high) => format!("{low} to {high}"),
        },
        found,
    })
}

/// Refuses on a rendering what has a size on the screen only.
fn check_kind(kind: MarkKind, shown: &Shown) -> Result<(), Refusal> {
    if matches!(shown.kind, Kind::Rendering { .. }) && !kind.is_spatial() {
        return Err(Refusal::NotShown {
            what: "this kind of mark",
            expected: "a plane",
            found: shown.kind.title(),
        });
    }
    Ok(())
}

/// A text that is not too long.
pub(super) fn short(text: &str) -> Result<String, Refusal> {
    at_most("characters of a text", MAX_TEXT, text.chars().count())?;
    Ok(text.to_owned())
}
