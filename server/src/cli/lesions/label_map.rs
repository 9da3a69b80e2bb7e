//! Label maps of organs from files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use engine::dicom::read::seg::{Segmentation, SegmentationSpace};
use engine::dicom::read::{Regions, read_regions};
use engine::lesion::LabelMap;
use engine::nifti;
use engine::volume::{Rescale, Unit, Volume, Voxels};

/// Reads a SEG, or a NIfTI file with the names of its numbers.
pub fn read(file: &Path, names: Option<&Path>) -> anyhow::Result<LabelMap> {
    let shown = || file.display().to_string();
    let bytes = std::fs::read(file).with_context(shown)?;
    let name = file.to_string_lossy().to_lowercase();
    if name.ends_with(".nii") || name.ends_with(".nii.gz") {
        let names = names.with_context(|| {
            format!(
                "{}: a NIfTI label map needs --label-names, found none",
                file.display()
            )
        })?;
        return of_nifti(&bytes, names).with_context(shown);
    }
    let (regions, warnings) = read_regions(&bytes).with_context(shown)?;
    for warning in &warnings {
        eprintln!("uptake: warning: {}: {}", warning.code, warning.text);
    }
    match regions {
        Regions::Segmentation(segmentation) => of_segmentation(&segmentation).with_context(shown),
        _ => bail!(
            "{}: expected a DICOM SEG or a NIfTI file as labels, found another object",
            file.display()
        ),
    }
}

fn of_nifti(bytes: &[u8], names: &Path) -> anyhow::Result<LabelMap> {
    let (labels, warnings) = nifti::read(bytes)?;
    for warning in &warnings {
        eprintln!("uptake: warning: {warning}");
    }
    let text = std::fs::read(names).with_context(|| names.display().to_string())?;
    let names: BTreeMap<u32, String> = serde_json::from_slice(&text)
        .with_context(|| format!("{}: expected {{\"1\": \"liver\", …}}", names.display()))?;
    Ok(LabelMap { labels, names })
}

/// Segments painted in their order; where they overlap the later one holds.
fn of_segmentation(segmentation: &Segmentation) -> anyhow::Result<LabelMap> {
    if segmentation.space != SegmentationSpace::Patient {
        bail!(
            "expected labels in patient space, found {:?} space",
            segmentation.space
        );
    }
    let first = segmentation
        .segments
        .first()
        .context("expected segments, found none")?;
    let grid = first.mask.grid();
    let mut labels = vec![0u16; grid.voxels()];
    let mut names = BTreeMap::new();
    for segment in &segmentation.segments {
        names.insert(u32::from(segment.number), segment.label.clone());
        for run in segment.mask.runs() {
            labels[run.start..run.end].fill(segment.number);
        }
    }
    let voxels = Voxels::U16(labels.into());
    let volume = Volume::new(
        grid.as_ref().clone(),
        voxels,
        Rescale::IDENTITY,
        Unit::Unspecified,
    )?;
    let labels = volume.in_frame_of_reference(segmentation.frame_of_reference_uid.clone());
    Ok(LabelMap { labels, names })
}
