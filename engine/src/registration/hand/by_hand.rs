//! Where a person has laid the moving image, and how it came there.

use std::collections::VecDeque;

use super::change::{Change, ChangeError, usable};
use super::pose::Pose;
use crate::geometry::{Affine, DisplacementField, Patient, Point, Transform};

/// Steps that can be undone; the oldest are forgotten.
pub const STEPS: usize = 256;

/// Volume of a field's voxel as a part of that of an upright one with the same sides.
const LEAST_UPRIGHT: f64 = 1e-3;
/// How far a field may displace, mm.
const FARTHEST_MM: f64 = 1e6;

/// A registration in a person's hands: where it started, where the moving image lies now, and the steps between.
///
/// When the start bends, what a person moves is the bent image as it is seen, as a whole: the bending goes along, so
/// that every place of the picture makes the same move. A view may therefore keep the moving volume as it was warped
/// at the start and lay it by [`ByHand::now_from_start`].
///
/// ```
/// use engine::geometry::{Affine, Patient, Point};
/// use engine::registration::{ByHand, Change};
/// let mut by_hand = ByHand::new(Affine::identity()).unwrap();
/// // A drag of 8 mm to the patient's left: two moves of one gesture, one step to undo.
/// let from = Point::new(10.0, 0.0, 50.0);
/// for x in [14.0, 18.0] {
///     by_hand.change(&Change::Drag { from, to: Point::new(x, 0.0, 50.0) }, Some(1)).unwrap();
/// }
/// assert_eq!(by_hand.fixed_from_moving() * from, Point::new(18.0, 0.0, 50.0));
/// // What is now seen at a place of the fixed volume comes from 8 mm to the right of it.
/// assert_eq!(by_hand.moving_from_fixed().apply(from), Point::new(2.0, 0.0, 50.0));
/// assert!(by_hand.undo() && !by_hand.undo());
/// assert!(!by_hand.has_changes());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ByHand {
    moving_from_fixed_at_start: Transform,
    at_start: Affine<Patient, Patient>,
    /// From the moving volume's patient space to the fixed one's, without the bending.
    now: Affine<Patient, Patient>,
    saved: Affine<Patient, Patient>,
    done: VecDeque<Affine<Patient, Patient>>,
    undone: Vec<Affine<Patient, Patient>>,
    /// The gesture that goes on, and what it began from.
    gesture: Option<(u64, Affine<Patient, Patient>)>,
}

impl ByHand {
    /// Begins from a registration: the identity, what a search found, or what was saved.
    ///
    /// # Errors
    ///
    /// [`ChangeError::NotFinite`] or [`ChangeError::Beyond`] when an image cannot be shown by it.
    pub fn new(moving_from_fixed: impl Into<Transform>) -> Result<Self, ChangeError> {
        let moving_from_fixed_at_start = moving_from_fixed.into();
        if !moving_from_fixed_at_start.field().is_none_or(is_carried) {
            return Err(ChangeError::Beyond);
        }
        let affine = usable(*moving_from_fixed_at_start.affine_part())?;
        let at_start = affine
            .inverse()
            .map_err(|_| ChangeError::Beyond)
            .and_then(usable)?;
        Ok(Self {
            moving_from_fixed_at_start,
            at_start,
            now: at_start,
            saved: at_start,
            done: VecDeque::new(),
            undone: Vec::new(),
            gesture: None,
        })
    }

    /// Makes a change: one step to undo, which makes what was undone before unreachable.
    ///
    /// Changes of one `gesture` (any number of the host's) that follow each other are one step, and each replaces the
    /// one before: a drag tells where the pointer went down and where it is now, and moves that get lost do no harm.
    /// A gesture that ends where it began leaves no step.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; nothing has changed then.
    pub fn change(&mut self, change: &Change, gesture: Option<u64>) -> Result<(), ChangeError> {
        let goes_on = self.gesture.filter(|(known, _)| gesture == Some(*known));
        let before = goes_on.map_or(self.now, |(_, before)| before);
        let next = change.after(&before)?;
        self.gesture = gesture.map(|gesture| (gesture, before));
        self.step(before, next);
        Ok(())
    }

    /// Ends the gesture: a change that follows is a step of its own, whatever its gesture's number.
    pub fn end_gesture(&mut self) {
        self.gesture = None;
    }

    /// Goes back to where it started, which is a step to undo too.
    pub fn reset(&mut self) {
        self.gesture = None;
        self.step(self.now, self.at_start);
    }

    /// Puts `next` in place of what followed `before`, the last step or one that is to come.
    fn step(&mut self, before: Affine<Patient, Patient>, next: Affine<Patient, Patient>) {
        if self.now != before {
            self.done.pop_back();
        }
        if next != before {
            self.undone.clear();
            self.done.push_back(before);
        }
        if self.done.len() > STEPS {
            self.done.pop_front();
        }
        self.now = next;
    }

    /// Takes the last step back; says whether there was one.
    pub fn undo(&mut self) -> bool {
        self.gesture = None;
        let Some(before) = self.done.pop_back() else {
            return false;
        };
        self.undone.push(std::mem::replace(&mut self.now, before));
        true
    }

    /// Makes the step again that was undone last; says whether there was one.
    pub fn redo(&mut self) -> bool {
        self.gesture = None;
        let Some(next) = self.undone.pop() else {
            return false;
        };
        self.done.push_back(std::mem::replace(&mut self.now, next));
        true
    }

    /// Whether there is a step to undo.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is a step to make again.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// The registration as it is now: to show, to save, or as the start of an automatic search that refines it.
    #[must_use]
    pub fn moving_from_fixed(&self) -> Transform {
        let start = &self.moving_from_fixed_at_start;
        if self.now == self.at_start {
            return start.clone();
        }
        let moving_from_now = self.now.inverse().ok();
        let moved = match start {
            Transform::Affine(_) => moving_from_now.map(Transform::from),
            Transform::Deformable(_) => {
                moving_from_now.and_then(|moving_from_now| start.preceded_by(self.at_start * moving_from_now))
            }
        };
        moved.expect("maps within the bounds of a change, and products of two, have inverses")
    }

    /// The place of the moving image that is seen at a place of the fixed one's patient space, without the bending:
    /// the center for [`ByHand::pose`] that makes its angles turn about a view's crosshair.
    #[must_use]
    pub fn center_at(&self, place: Point<Patient>) -> Point<Patient> {
        let moving_from_now = self.now.inverse();
        moving_from_now.expect("a change leaves a map with an inverse") * place
    }

    /// Where a place of the moving image is seen in the fixed one's patient space; of a registration that bends,
    /// without the bending.
    #[must_use]
    pub fn fixed_from_moving(&self) -> Affine<Patient, Patient> {
        self.now
    }

    /// Where the moving image lies now in the fixed volume's patient space, from where it lay at the start.
    #[must_use]
    pub fn now_from_start(&self) -> Affine<Patient, Patient> {
        if self.now == self.at_start {
            return Affine::identity();
        }
        self.now * *self.moving_from_fixed_at_start.affine_part()
    }

    /// What it started from.
    #[must_use]
    pub fn start(&self) -> &Transform {
        &self.moving_from_fixed_at_start
    }

    /// The numbers to show, about a center of rotation in the moving volume's patient space: the middle of its grid,
    /// or [`ByHand::center_at`] of the crosshair. [`Change::Place`] sets them.
    #[must_use]
    pub fn pose(&self, center: Point<Patient>) -> Pose {
        Pose::of(&self.now, center)
    }

    /// Whether it differs from what was saved last, or from the start.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.now != self.saved
    }

    /// Takes what is now as saved.
    pub fn mark_saved(&mut self) {
        self.saved = self.now;
    }
}

/// Whether a field can go along with the moving image wherever that may go.
fn is_carried(field: &DisplacementField) -> bool {
    let axes = field.grid().patient_from_voxel().linear;
    let sides: f64 = axes.column_iter().map(|side| side.norm()).product();
    axes.determinant().abs() >= LEAST_UPRIGHT * sides && field.largest_mm() <= FARTHEST_MM
}

#[cfg(test)]
mod tests;
