//! Paths on the command line to studies and volumes.

use std::path::PathBuf;

use anyhow::{Context, bail};
use engine::dicom::read::{Series, Stack, load};
use engine::local::{Opened, open};
use engine::volume::Volume;

use super::progress::Progress;

/// Opens what was pointed at; fails when nothing of it is DICOM.
pub fn studies(paths: &[PathBuf]) -> anyhow::Result<Opened> {
    let progress = Progress::start("reading");
    let opened = open(paths, &|done, all| progress.set(done, all));
    drop(progress);
    if opened.studies.is_empty() {
        let count = opened.rejected.len();
        match opened.rejected.first() {
            Some(first) if count == 1 => bail!("{}: {}", first.path, first.reason),
            Some(first) => bail!(
                "expected DICOM objects, found none in {count} files; the first, {}: {}",
                first.path,
                first.reason
            ),
            None => bail!("expected DICOM objects, found an empty folder"),
        }
    }
    Ok(opened)
}

/// Every series with at least one volume.
pub fn with_volumes(opened: &Opened) -> impl Iterator<Item = &Series> {
    let series = opened.studies.iter().flat_map(|study| study.series.iter());
    series.filter(|series| {
        !series.sorted.stacks.is_empty() && !matches!(series.modality.as_str(), "SEG" | "RTDOSE")
    })
}

/// Finds the series with the UID, or the only one that `suits`.
pub fn choose<'a>(
    opened: &'a Opened,
    uid: Option<&str>,
    what: &str,
    suits: impl Fn(&Series) -> bool,
) -> anyhow::Result<&'a Series> {
    if let Some(uid) = uid {
        let found = opened
            .studies
            .iter()
            .flat_map(|study| &study.series)
            .find(|series| series.series_instance_uid == uid);
        return found.with_context(|| format!("expected series {uid}, found no such series"));
    }
    let mut suiting: Vec<&Series> = with_volumes(opened).filter(|series| suits(series)).collect();
    suiting.sort_by_key(|series| std::cmp::Reverse(slices(series)));
    match suiting.as_slice() {
        [] => bail!("expected {what}, found none with a volume"),
        [only] => Ok(only),
        several => {
            let uids: Vec<&str> = several
                .iter()
                .map(|series| series.series_instance_uid.as_str())
                .collect();
            bail!(
                "expected one {what}, found {}: choose one with --series, of {}",
                several.len(),
                uids.join(", ")
            )
        }
    }
}

/// Slices of a series' largest volume.
pub fn slices(series: &Series) -> usize {
    series.sorted.stacks.first().map_or(0, |stack| stack.frames.len())
}

/// The largest volume of a series, and a warning on standard error when there are others.
pub fn main_stack(series: &Series) -> anyhow::Result<&Stack> {
    let stack = series.sorted.stacks.first();
    let stack = stack.with_context(|| {
        format!(
            "expected a volume in series {}, found images only",
            series.series_instance_uid
        )
    })?;
    let others = series.sorted.stacks.len() - 1;
    if others > 0 {
        eprintln!(
            "uptake: warning: series {} holds {others} more volumes; the first is used",
            series.series_instance_uid
        );
    }
    Ok(stack)
}

/// Loads a stack; what was odd about its pixels goes to standard error.
pub fn volume(opened: &Opened, series: &Series, stack: &Stack) -> anyhow::Result<Volume> {
    let progress = Progress::start(&format!("loading {}", series.modality));
    let (volume, warnings) = load(series, stack, &opened.files, &|done, all| progress.set(done, all))
        .with_context(|| format!("series {}", series.series_instance_uid))?;
    drop(progress);
    for warning in warnings.iter().take(5) {
        eprintln!("uptake: warning: {}: {}", warning.code, warning.text);
    }
    Ok(volume)
}
