//! How spaces lie on each other as a registration object (PS3.3 A.39), and back.

use crate::dicom::read::{Registration, Unregistered};
use crate::dicom::registration::RegistrationMethod;
use crate::dicom::write::SourceImages;
use crate::geometry::{Affine, Patient, Transform};
use crate::session::command::Command;
use crate::session::error::Refusal;
use crate::session::saved::source_images;
use crate::session::sight::{map, rows};
use crate::session::state::Origin;
use crate::session::{SeriesFacts, Session};

/// Stands before the reasons why a registration is to be looked at, in the comment of an object.
const TO_CHECK: &str = "to be checked";
/// Most characters of a comment.
const MAX_COMMENT: usize = 64;

/// Where a series lies on another, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedJoint {
    /// The images that stay.
    pub fixed: SourceImages,
    /// The images that move.
    pub moving: SourceImages,
    /// From each place of the fixed images to that of the moving ones.
    pub moving_from_fixed: Transform,
    /// What it was found by.
    pub method: RegistrationMethod,
    /// What is to be known of it: that it is to be looked at, and why. At most 64 characters.
    pub comment: String,
}

impl Session {
    /// Where a series lies on another; with what an object cannot hold.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotJoined`] unless the two spaces are joined themselves; [`Refusal::NotSaved`] for an offset, which is
    /// no registration, and for series whose objects are not known.
    pub fn saved_joint(&self, moving: &str, fixed: &str) -> Result<(SavedJoint, Vec<String>), Refusal> {
        const WHAT: &str = "a registration";
        let [moving, fixed] = [self.stage.facts(moving)?, self.stage.facts(fixed)?];
        let [moving_space, fixed_space] = [moving.space(), fixed.space()];
        let not_joined = || Refusal::NotJoined(moving.key.clone(), fixed.key.clone());
        let pair = [&moving_space, &fixed_space];
        let mut joints = self.state.joints.iter();
        let joint = joints
            .find(|joint| pair == [&joint.moving, &joint.fixed] || pair == [&joint.fixed, &joint.moving])
            .filter(|joint| joint.origin != Origin::None)
            .ok_or_else(not_joined)?;
        let (mut told, mut comment) = (Vec::new(), String::new());
        let method = match &joint.origin {
            Origin::Offset | Origin::None => {
                return Err(Refusal::NotSaved {
                    what: WHAT,
                    reason: "an offset that the reader set links views and registers nothing".to_owned(),
                });
            }
            Origin::Hand if joint.landmarks.len() >= 3 => RegistrationMethod::Fiducials,
            Origin::Hand => RegistrationMethod::Visual,
            Origin::Search | Origin::Object => RegistrationMethod::ImageContent,
            Origin::SearchToCheck(reasons) => {
                let whole = format!("{TO_CHECK}: {}", reasons.join("; "));
                comment = line(&whole);
                if comment != whole {
                    told.push(format!("the object says only {comment:?}"));
                }
                RegistrationMethod::ImageContent
            }
        };
        if joint.origin == Origin::Object {
            told.push("by what the registration that was read was found is not kept".to_owned());
        }
        if !joint.landmarks.is_empty() {
            told.push("the landmarks are not in the object".to_owned());
        }
        let there = map(&joint.fixed_from_moving);
        let back = there.inverse().map_err(|_| not_joined())?;
        let is_as_said = joint.moving == moving_space;
        let saved = SavedJoint {
            fixed: source_images(fixed, WHAT)?,
            moving: source_images(moving, WHAT)?,
            moving_from_fixed: if is_as_said { back } else { there }.into(),
            method,
            comment,
        };
        Ok((saved, told))
    }

    /// The commands that lay series on each other as a registration says; with what is not followed.
    ///
    /// # Errors
    ///
    /// [`Refusal::OtherSeries`] when it joins no two spaces of series that are open.
    pub fn commands_of_registration(
        &self,
        registration: &Registration,
    ) -> Result<(Vec<Command>, Vec<String>), Refusal> {
        const WHAT: &str = "a registration";
        let mut told = Vec::new();
        let placed: Vec<(&SeriesFacts, SourceImages)> = self
            .series()
            .iter()
            .filter_map(|facts| Some((facts, source_images(facts, WHAT).ok()?)))
            .filter(|(_, images)| registration.between(images, images).is_ok())
            .collect();
        let is_registered = |facts: &SeriesFacts| {
            facts.hanging.frame_of_reference_uid.as_ref() == Some(&registration.frame_of_reference_uid)
        };
        let first = placed.iter().find(|(facts, _)| is_registered(facts));
        let (fixed, fixed_images) = first.or(placed.first()).ok_or(Refusal::OtherSeries(WHAT))?;
        let mut commands: Vec<Command> = Vec::new();
        let mut spaces = vec![fixed.space()];
        for (moving, images) in &placed {
            let found = affine(registration, fixed_images, images);
            let is_same_space = spaces.contains(&moving.space());
            match found {
                Ok(map) if is_same_space => {
                    if moving.space() == fixed.space() && map != Affine::identity() {
                        told.push(format!(
                            "{:?} is moved within its frame of reference, which is not followed",
                            moving.key
                        ));
                    }
                }
                Ok(map) => {
                    spaces.push(moving.space());
                    commands.push(Command::RestoreJoint {
                        moving: moving.key.clone(),
                        fixed: fixed.key.clone(),
                        fixed_from_moving: rows(&map),
                        to_check: to_check(registration, images),
                    });
                }
                Err(text) => told.push(format!("{:?}: {text}", moving.key)),
            }
        }
        match (commands.is_empty(), told.first()) {
            (false, _) => Ok((commands, told)),
            (true, None) => Err(Refusal::OtherSeries(WHAT)),
            (true, Some(text)) => Err(Refusal::NotShown {
                what: WHAT,
                expected: "two frames of reference joined by a matrix",
                found: if text.contains("bends") {
                    "one that bends"
                } else {
                    "others"
                },
            }),
        }
    }
}

/// The matrix from the moving space to the fixed one.
fn affine(
    registration: &Registration,
    fixed: &SourceImages,
    moving: &SourceImages,
) -> Result<Affine<Patient, Patient>, String> {
    match registration.between(fixed, moving) {
        Ok(Transform::Affine(map)) => Ok(map),
        Ok(Transform::Deformable(_)) | Err(Unregistered::OneWay(_)) => {
            Err("a registration that bends is not followed".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// What an object that was written here says of a search that was not sure.
fn to_check(registration: &Registration, moving: &SourceImages) -> Vec<String> {
    let is_its = |named: &str| {
        let mut slices = moving.slices.iter();
        slices.any(|image| image.sop_instance_uid == named)
    };
    let uid = moving.frame_of_reference_uid.as_ref();
    let items = registration.registered.iter().filter(|item| {
        let names = item
            .images
            .iter()
            .any(|image| is_its(&image.reference.sop_instance_uid));
        names || (uid.is_some() && item.frame_of_reference_uid.as_ref() == uid)
    });
    let comments = items.filter_map(|item| item.comment.strip_prefix(TO_CHECK));
    comments
        .map(|rest| rest.trim_start_matches([':', ' ']).to_owned())
        .map(|rest| {
            if rest.is_empty() {
                TO_CHECK.to_owned()
            } else {
                rest
            }
        })
        .collect()
}

/// A text of one line that is not too long.
fn line(text: &str) -> String {
    let plain = text
        .chars()
        .map(|c| if c == '\\' || c.is_control() { '/' } else { c });
    plain.take(MAX_COMMENT).collect::<String>().trim_end().to_owned()
}
