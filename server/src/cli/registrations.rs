//! Registration objects: read from files, and what they say of two series.

use std::path::Path;

use anyhow::{Context, bail};
use engine::dicom::read::{Registration, Series, Stack, Unregistered, registration};
use engine::dicom::write::SourceImages;
use engine::geometry::{Affine, Patient, Transform};

/// Reads a registration object; what was odd goes to standard error.
pub fn read(file: &Path) -> anyhow::Result<Registration> {
    let shown = || file.display().to_string();
    let bytes = std::fs::read(file).with_context(shown)?;
    let (registration, warnings) = registration(&bytes).with_context(shown)?;
    for warning in warnings {
        eprintln!("uptake: warning: {}: {}: {}", shown(), warning.code, warning.text);
    }
    Ok(registration)
}

/// How one volume lies in another's patient space.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// By a map that goes both ways: target from source.
    Affine(Affine<Patient, Patient>),
    /// The source is deformed: source from target.
    SourceDeformed(Transform),
    /// The target is deformed: target from source.
    TargetDeformed(Transform),
}

impl Way {
    /// Whether both lie where they say, in one frame of reference.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Affine(map) if *map == Affine::identity())
    }
}

/// How `source` lies in the patient space of `target` by a registration.
pub fn way(
    registration: &Registration,
    target: &SourceImages,
    source: &SourceImages,
) -> Result<Way, Unregistered> {
    match registration.between(target, source) {
        Ok(Transform::Affine(map)) => Ok(Way::Affine(map)),
        Ok(bent) => Ok(Way::TargetDeformed(bent)),
        Err(Unregistered::OneWay(_)) => registration.between(source, target).map(Way::SourceDeformed),
        Err(error) => Err(error),
    }
}

/// How `source` lies in the patient space of `target` by the first of `registrations` that says it, else by one
/// frame of reference. Nothing is guessed.
pub fn way_by_any(
    registrations: &[Registration],
    option: &str,
    target: (&Series, &Stack),
    source: (&Series, &Stack),
) -> anyhow::Result<Way> {
    let [target, source] = [target, source].map(|(series, stack)| SourceImages::of(series, stack));
    let is_shared = target.frame_of_reference_uid.is_some()
        && target.frame_of_reference_uid == source.frame_of_reference_uid;
    let mut refused = None;
    for registration in registrations {
        match way(registration, &target, &source) {
            // It speaks of others: another may move these apart.
            Ok(way) if is_shared && way.is_nothing() => {}
            Ok(way) => return Ok(way),
            Err(error) => refused = Some(error),
        }
    }
    if is_shared {
        return Ok(Way::Affine(Affine::identity()));
    }
    let spaces = [&target, &source].map(|images| {
        let uid = images.frame_of_reference_uid.as_deref();
        uid.map_or_else(|| "none".to_owned(), |uid| format!("frame of reference {uid}"))
    });
    let expected = format!(
        "expected {option} with a registration between {} and {}",
        spaces[0], spaces[1]
    );
    match refused {
        None => bail!("{expected}, found none"),
        Some(error) => Err(error).context(expected),
    }
}
