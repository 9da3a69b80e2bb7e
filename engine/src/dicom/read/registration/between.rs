//! What a registration says of two volumes.

use std::collections::HashSet;

use super::{Placement, Registered, Registration};
use crate::dicom::write::SourceImages;
use crate::geometry::{Affine, Deformation, Patient, Route, SingularError, Transform};

/// Why a registration gives no way from one volume to another.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unregistered {
    /// It says nothing of one of them.
    #[error("the registration must name the images or the frame of reference of series {0}")]
    NotNamed(String),
    /// It places the volume in several ways.
    #[error("the registration must place series {0} in one way, found several")]
    Ambiguous(String),
    /// A grid of displacements leads one way only.
    #[error("the registration leads from its registered space to series {0} and not back")]
    OneWay(String),
    /// A matrix cannot be turned round.
    #[error(transparent)]
    Singular(#[from] SingularError),
}

/// Where a volume lies.
#[derive(Clone, Copy, PartialEq)]
enum Place<'a> {
    /// In the registered space by a matrix.
    Matrix(Affine<Patient, Patient>),
    /// Displaced from it.
    Deformable(&'a Deformation),
}

impl Registration {
    /// The map from patient space of `source` to that of `target`.
    ///
    /// A volume is found by its images first. So two series of one frame of reference can be told apart, as where a
    /// patient moved within a scan. Else it is found by its frame of reference: then what holds for the images of an
    /// item holds for others of the same frame of reference, such as the PET beside a CT that was registered; only
    /// where the item's frame of reference is the registered one itself are its images alone moved.
    ///
    /// # Errors
    ///
    /// [`Unregistered`]. A deformable registration leads from the registered volume to the deformed one, not back:
    /// [`Registration::route`] gives either way.
    pub fn between(&self, target: &SourceImages, source: &SourceImages) -> Result<Transform, Unregistered> {
        let (to, from) = (self.place(target)?, self.place(source)?);
        match (to, from) {
            (to, from) if to == from => Ok(Transform::identity()),
            (_, Place::Deformable(_)) => Err(Unregistered::OneWay(source.series_instance_uid.clone())),
            (Place::Matrix(to), Place::Matrix(from)) => Ok((to.inverse()? * from).into()),
            (Place::Deformable(to), Place::Matrix(from)) => {
                let determinant = from.linear.determinant();
                let map = Transform::from(to.clone()).preceded_by(from);
                map.ok_or(Unregistered::Singular(SingularError { determinant }))
            }
        }
    }

    /// The way from patient space of `source` to that of `target`, along or against the map that the object holds.
    ///
    /// # Errors
    ///
    /// As [`Registration::between`]; [`Unregistered::OneWay`] only where both are deformed.
    pub fn route(&self, target: &SourceImages, source: &SourceImages) -> Result<Route, Unregistered> {
        match self.between(target, source) {
            Err(Unregistered::OneWay(_)) => self.between(source, target).map(Route::against),
            found => found.map(Route::along),
        }
    }

    fn place(&self, images: &SourceImages) -> Result<Place<'_>, Unregistered> {
        let slices = Slices::of(images);
        let by_image = |item: &&Registered| slices.are_of(item);
        let uid = images.frame_of_reference_uid.as_ref();
        let by_space = |item: &&Registered| {
            let others_too = item.images.is_empty() || uid != Some(&self.frame_of_reference_uid);
            uid.is_some() && item.frame_of_reference_uid.as_ref() == uid && others_too
        };
        let series = || images.series_instance_uid.clone();
        let found = match one(self.registered.iter().filter(by_image)) {
            Ok(None) => one(self.registered.iter().filter(by_space)),
            found => found,
        };
        match found {
            Ok(Some(place)) => Ok(place),
            Ok(None) if uid == Some(&self.frame_of_reference_uid) => Ok(Place::Matrix(Affine::identity())),
            Ok(None) => Err(Unregistered::NotNamed(series())),
            Err(Several) => Err(Unregistered::Ambiguous(series())),
        }
    }
}

/// Items that place their data in different ways.
struct Several;

/// The placement that all items share.
fn one<'a>(items: impl Iterator<Item = &'a Registered>) -> Result<Option<Place<'a>>, Several> {
    let places = items.map(|item| match &item.placement {
        Placement::Matrix {
            registered_from_source,
        } => Place::Matrix(*registered_from_source),
        Placement::Deformable {
            source_from_registered,
        } => Place::Deformable(source_from_registered),
    });
    let mut found = None;
    for place in places {
        if found.is_some_and(|found| found != place) {
            return Err(Several);
        }
        found = Some(place);
    }
    Ok(found)
}

/// What a volume is made of.
struct Slices<'a> {
    /// SOP Instance UIDs.
    objects: HashSet<&'a str>,
    /// SOP Instance UIDs and frames, from 1.
    frames: HashSet<(&'a str, u32)>,
}

impl<'a> Slices<'a> {
    fn of(images: &'a SourceImages) -> Self {
        let slices = images.slices.iter();
        let frames = slices.map(|image| (image.sop_instance_uid.as_str(), image.frame.unwrap_or(1)));
        let frames: HashSet<_> = frames.collect();
        let objects = frames.iter().map(|(uid, _)| *uid).collect();
        Self { objects, frames }
    }

    /// Whether an item names any of them.
    fn are_of(&self, item: &Registered) -> bool {
        item.images.iter().any(|image| {
            let uid = image.reference.sop_instance_uid.as_str();
            let mut frames = image.frames.iter();
            self.objects.contains(uid)
                && (image.frames.is_empty() || frames.any(|frame| self.frames.contains(&(uid, *frame))))
        })
    }
}
