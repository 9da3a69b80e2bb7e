//! How series lie on each other: offsets, by hand, by landmarks, as a search found.

use std::sync::Arc;

use crate::geometry::{Affine, Patient, Point};
use crate::registration::{ByHand, Change, LandmarkPair, Model, Pose, fit_landmarks};
use crate::session::apply::{Work, at_most};
use crate::session::command::{Command, HandChange, Spot};
use crate::session::error::{Refusal, within};
use crate::session::search::{Found, different};
use crate::session::sight::{map, point, rows, vector};
use crate::session::state::{Joint, Origin};

/// Most pairs of spaces, and most landmarks of one.
const MAX_JOINTS: usize = 64;
const MAX_LANDMARKS: usize = 256;

impl Work<'_> {
    pub(super) fn align(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::SetOffset { moving, fixed, mm } => self.set_offset(moving, fixed, *mm)?,
            Command::AlignByHand {
                moving,
                fixed,
                change,
            } => self.by_hand(moving, fixed, change)?,
            Command::AddLandmark {
                moving,
                fixed,
                moving_mm,
                fixed_mm,
            } => {
                for part in moving_mm.iter().chain(fixed_mm) {
                    within("a landmark", "within 100 m", -1e5..=1e5, *part)?;
                }
                let joint = self.joint_mut(moving, fixed)?;
                at_most("landmarks", MAX_LANDMARKS, joint.landmarks.len() + 1)?;
                joint.landmarks.push([*moving_mm, *fixed_mm]);
            }
            Command::DeleteLandmark { moving, fixed, index } => {
                let joint = self.joint_mut(moving, fixed)?;
                if *index as usize >= joint.landmarks.len() {
                    return Err(Refusal::NoSuch {
                        what: "landmark",
                        found: u64::from(*index),
                    });
                }
                joint.landmarks.remove(*index as usize);
            }
            Command::LayFound(found) => self.lay(found)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn spaces(&self, moving: &str, fixed: &str) -> Result<[String; 2], Refusal> {
        // A picture of its own has no place in the body.
        for key in [moving, fixed] {
            if self.stage.facts(key)?.planar.is_some() {
                return Err(Refusal::NoVolume(key.to_owned()));
            }
        }
        Ok([
            self.stage.facts(moving)?.space(),
            self.stage.facts(fixed)?.space(),
        ])
    }

    /// The joint of two spaces, made if there is none.
    pub(super) fn joint_mut(&mut self, moving: &str, fixed: &str) -> Result<&mut Joint, Refusal> {
        let [moving_space, fixed_space] = self.spaces(moving, fixed)?;
        different(&moving_space, &fixed_space)?;
        let is_it = |joint: &Arc<Joint>| joint.moving == moving_space && joint.fixed == fixed_space;
        let at = match self.state.joints.iter().position(is_it) {
            Some(at) => at,
            None => {
                at_most("pairs of spaces", MAX_JOINTS, self.state.joints.len() + 1)?;
                // The other way round it is the same pair: what was known is taken over.
                let is_back = |joint: &Arc<Joint>| joint.moving == fixed_space && joint.fixed == moving_space;
                let back = self
                    .state
                    .joints
                    .iter()
                    .position(is_back)
                    .map(|at| self.state.joints.remove(at));
                let joint = match back {
                    Some(back) => reversed(&back)?,
                    None => Joint {
                        moving: moving_space,
                        fixed: fixed_space,
                        fixed_from_moving: rows(&Affine::identity()),
                        origin: Origin::None,
                        landmarks: Vec::new(),
                    },
                };
                self.state.joints.push(Arc::new(joint));
                self.state.joints.len() - 1
            }
        };
        Ok(Arc::make_mut(&mut self.state.joints[at]))
    }

    fn set_offset(&mut self, moving: &str, fixed: &str, mm: Option<[f64; 3]>) -> Result<(), Refusal> {
        for part in mm.iter().flatten() {
            within("an offset", "within 100 m", -1e5..=1e5, *part)?;
        }
        let joint = self.joint_mut(moving, fixed)?;
        match mm {
            Some(mm) => {
                joint.fixed_from_moving = rows(&Affine::translation(vector(mm)));
                joint.origin = Origin::Offset;
                self.remark("views are linked by an offset that the reader set");
            }
            None => self.forget(moving, fixed)?,
        }
        Ok(())
    }

    fn forget(&mut self, moving: &str, fixed: &str) -> Result<(), Refusal> {
        let joint = self.joint_mut(moving, fixed)?;
        joint.fixed_from_moving = rows(&Affine::identity());
        joint.origin = Origin::None;
        Ok(())
    }

    fn by_hand(&mut self, moving: &str, fixed: &str, change: &HandChange) -> Result<(), Refusal> {
        if *change == HandChange::Forget {
            return self.forget(moving, fixed);
        }
        let joint = self.joint_mut(moving, fixed)?.clone();
        let fixed_space = joint.fixed.clone();
        let before = map(&joint.fixed_from_moving);
        let change = match change {
            HandChange::Drag { viewport, from, to } => Change::Drag {
                from: self.fixed_place(*viewport, *from, &fixed_space)?,
                to: self.fixed_place(*viewport, *to, &fixed_space)?,
            },
            HandChange::Turn { viewport, from, to } => {
                let shown = self.shown(*viewport, "turning by hand")?;
                let (pivot, axis) = (shown.crosshair(), shown.away());
                let there = self.to_space(*viewport, &fixed_space)?;
                Change::Turn {
                    pivot: there * pivot,
                    axis: there * axis,
                    from: self.fixed_place(*viewport, *from, &fixed_space)?,
                    to: self.fixed_place(*viewport, *to, &fixed_space)?,
                }
            }
            HandChange::MoveBy { mm } => Change::MoveBy(vector(*mm)),
            HandChange::TurnBy { axis, angle_rad } => Change::TurnBy {
                pivot: self.stage.facts(fixed)?.grid.center(),
                axis: vector(*axis),
                angle_rad: *angle_rad,
            },
            HandChange::Place {
                translation_mm,
                rotation_degrees,
            } => Change::Place {
                center: self.stage.facts(moving)?.grid.center(),
                pose: Pose {
                    translation_mm: *translation_mm,
                    angles_degrees: *rotation_degrees,
                    scale: 1.0,
                },
            },
            HandChange::Landmarks => {
                let pair = |[moving, fixed]: &[[f64; 3]; 2]| LandmarkPair::new(point(*fixed), point(*moving));
                let pairs: Vec<LandmarkPair> = joint.landmarks.iter().map(pair).collect();
                let fitted = fit_landmarks(&pairs, Model::Rigid)?;
                self.remark(format!(
                    "the landmarks are {:.1} mm off (root mean square)",
                    fitted.rms_mm
                ));
                Change::Replace {
                    fixed_from_moving: fitted.fixed_from_moving,
                }
            }
            HandChange::Forget => return Ok(()),
        };
        let moving_from_fixed = before
            .inverse()
            .map_err(|_| Refusal::NotJoined(moving.to_owned(), fixed.to_owned()))?;
        let mut hand = ByHand::new(moving_from_fixed)?;
        hand.change(&change, None)?;
        let joint = self.joint_mut(moving, fixed)?;
        joint.fixed_from_moving = rows(&hand.fixed_from_moving());
        joint.origin = Origin::Hand;
        Ok(())
    }

    fn to_space(&self, viewport: u32, space: &str) -> Result<Affine<Patient, Patient>, Refusal> {
        let here = self.space(self.shown(viewport, "a place")?)?;
        let way = self.stage.way(&self.state.joints, space, &here);
        way.map(|way| way.fixed_from_moving)
            .ok_or_else(|| Refusal::NotJoined(here, space.to_owned()))
    }

    fn fixed_place(&self, viewport: u32, spot: Spot, space: &str) -> Result<Point<Patient>, Refusal> {
        Ok(self.to_space(viewport, space)? * self.place_of(viewport, spot)?)
    }

    fn lay(&mut self, found: &Found) -> Result<(), Refusal> {
        found.check()?;
        let joint = self.joint_mut(&found.moving, &found.fixed)?;
        joint.fixed_from_moving = found.fixed_from_moving;
        let reasons = &found.reasons_to_check;
        if reasons.is_empty() {
            joint.origin = Origin::Search;
        } else {
            joint.origin = Origin::SearchToCheck(reasons.clone());
            self.remark(format!("look at the registration: {}", reasons.join("; ")));
        }
        Ok(())
    }
}

fn reversed(joint: &Joint) -> Result<Joint, Refusal> {
    let back = map(&joint.fixed_from_moving).inverse();
    Ok(Joint {
        moving: joint.fixed.clone(),
        fixed: joint.moving.clone(),
        fixed_from_moving: rows(
            &back.map_err(|_| Refusal::NotJoined(joint.moving.clone(), joint.fixed.clone()))?,
        ),
        origin: joint.origin.clone(),
        landmarks: joint
            .landmarks
            .iter()
            .map(|[moving, fixed]| [*fixed, *moving])
            .collect(),
    })
}
