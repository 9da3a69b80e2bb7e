//! Registration objects: read from files, and what they say of two series.

use std::path::Path;

use anyhow::{Context, bail};
use engine::dicom::read::{Registration, Series, Stack, registration};
use engine::dicom::write::SourceImages;
use engine::geometry::{Route, Transform};

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

/// Whether a way leaves every place where it is.
pub fn is_nothing(route: &Route) -> bool {
    *route.transform() == Transform::identity()
}

/// The way from `source` to `target` by the first of `registrations` that says it, else by one frame of reference.
/// Nothing is guessed; `option` is how registrations are given.
pub fn route(
    registrations: &[Registration],
    option: &str,
    target: (&Series, &Stack),
    source: (&Series, &Stack),
) -> anyhow::Result<Route> {
    let [target, source] = [target, source].map(|(series, stack)| SourceImages::of(series, stack));
    if target.slices == source.slices {
        return Ok(Route::along(Transform::identity()));
    }
    let is_shared = target.frame_of_reference_uid.is_some()
        && target.frame_of_reference_uid == source.frame_of_reference_uid;
    let mut refused = None;
    for registration in registrations {
        match registration.route(&target, &source) {
            // It speaks of others: another may move these apart.
            Ok(route) if is_shared && is_nothing(&route) => {}
            Ok(route) => return Ok(route),
            Err(error) => refused = Some(error),
        }
    }
    if is_shared {
        return Ok(Route::along(Transform::identity()));
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
