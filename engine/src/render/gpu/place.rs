//! Where a scene's places lie among a layer's voxels.

use crate::geometry::{Affine, Patient, Voxel};
use crate::presentation::Camera;
use crate::render::check::number;
use crate::render::{Error, Layer};
use crate::volume::Volume;

/// Voxel coordinates from the scene's patient space; the third is the position, as in an even stack.
pub(super) fn volume_from_scene(layer: &Layer, volume: &Volume) -> Result<Affine<Voxel, Patient>, Error> {
    let volume_from_scene = layer
        .scene_from_volume
        .inverse()
        .map_err(|_| Error::Singular("a layer's registration"))?;
    Ok(*volume.grid().voxel_from_patient() * volume_from_scene)
}

/// Refuses a layer that lies nowhere.
pub(super) fn check_registration(layer: &Layer) -> Result<(), Error> {
    let scene_from_volume = &layer.scene_from_volume;
    let finite = scene_from_volume
        .linear
        .iter()
        .chain(scene_from_volume.origin.iter())
        .all(|value| value.abs() < 1e100);
    let usable = finite && scene_from_volume.inverse().is_ok();
    usable
        .then_some(())
        .ok_or(Error::Singular("a layer's registration"))
}

/// Refuses a camera whose plane does not span space, or whose eye is nowhere.
pub(super) fn check_camera(camera: &Camera) -> Result<(), Error> {
    let plane = &camera.plane.patient_from_plane;
    let finite = plane.linear.iter().all(|value| value.abs() < 1e100);
    if !finite || plane.inverse().is_err() {
        return Err(Error::Singular("a view's plane"));
    }
    let mut eye = camera.eye.iter().flat_map(|eye| eye.xyz.iter().copied());
    let is_usable = |value: &f64| value.abs() < 1e100;
    match eye.find(|value| !is_usable(value)) {
        Some(found) => Err(number("an eye's coordinate", "finite", found)),
        None => Ok(()),
    }
}

/// Refuses a camera whose plane is nowhere.
pub(super) fn check_origin(camera: &Camera) -> Result<(), Error> {
    let origin = &camera.plane.patient_from_plane.origin;
    let usable = origin.iter().all(|value| value.abs() < 1e100);
    usable.then_some(()).ok_or(Error::Singular("a view's plane"))
}
