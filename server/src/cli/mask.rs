//! Masks named on the command line: DICOM SEG, RTSTRUCT or NIfTI, and a region in them.

use std::path::Path;

use anyhow::{Context, bail};
use engine::dicom::read::rtstruct::StructureSet;
use engine::dicom::read::seg::{Segmentation, SegmentationSpace};
use engine::dicom::read::{Regions, read_regions};
use engine::nifti::{self, Selection};
use engine::voi::Mask;
use engine::volume::Volume;

/// Reads `FILE` or `FILE#ROI` as a mask on the grid of `volume`.
pub fn read(text: &str, volume: &Volume) -> anyhow::Result<Mask> {
    let (path, region) = split(text);
    let bytes = std::fs::read(path).with_context(|| path.to_owned())?;
    let mask = of_bytes(&bytes, path, region, volume).with_context(|| path.to_owned())?;
    if mask.is_empty() {
        bail!("{text}: expected voxels of the series inside the mask, found none");
    }
    Ok(mask)
}

/// A file whose own name holds a `#` is taken whole.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('#') {
        Some((path, region)) if !Path::new(text).exists() => (path, Some(region)),
        _ => (text, None),
    }
}

fn of_bytes(bytes: &[u8], path: &str, region: Option<&str>, volume: &Volume) -> anyhow::Result<Mask> {
    let lower = path.to_lowercase();
    if lower.ends_with(".nii") || lower.ends_with(".nii.gz") {
        return of_nifti(bytes, region, volume);
    }
    let (regions, warnings) = read_regions(bytes)?;
    for warning in &warnings {
        eprintln!("uptake: warning: {}: {}", warning.code, warning.text);
    }
    match regions {
        Regions::Segmentation(segmentation) => of_segmentation(&segmentation, region, volume),
        Regions::StructureSet(set) => of_structure_set(&set, region, volume),
        _ => bail!("expected a DICOM SEG, an RTSTRUCT or a NIfTI file, found regions of another kind"),
    }
}

fn of_nifti(bytes: &[u8], region: Option<&str>, volume: &Volume) -> anyhow::Result<Mask> {
    let (labels, warnings) = nifti::read(bytes)?;
    for warning in &warnings {
        eprintln!("uptake: warning: {warning}");
    }
    let selection = match region {
        None => Selection::Above(0.5),
        Some(text) => Selection::Label(
            text.parse()
                .with_context(|| format!("expected a label number after #, found {text}"))?,
        ),
    };
    // NIfTI names no frame of reference: it is taken for that of the series, as the person says by giving it.
    Ok(nifti::mask(&labels, selection).carry_to(volume.grid().clone()))
}

fn of_segmentation(
    segmentation: &Segmentation,
    region: Option<&str>,
    volume: &Volume,
) -> anyhow::Result<Mask> {
    if segmentation.space != SegmentationSpace::Patient {
        bail!(
            "expected a segmentation in patient space, found one of {:?} space",
            segmentation.space
        );
    }
    require_frame(segmentation.frame_of_reference_uid.as_deref(), volume)?;
    let segment = match (region, segmentation.segments.as_slice()) {
        (Some(name), _) => segmentation.segment(name)?,
        (None, [only]) => only,
        (None, several) => bail!(
            "expected one segment, found {}: choose one with #NUMBER or #LABEL",
            several.len()
        ),
    };
    Ok(segment.mask.carry_to(volume.grid().clone()))
}

fn of_structure_set(set: &StructureSet, region: Option<&str>, volume: &Volume) -> anyhow::Result<Mask> {
    let roi = match (region, set.rois.as_slice()) {
        (Some(name), _) => set.roi(name)?,
        (None, [only]) => only,
        (None, several) => bail!(
            "expected one region, found {}: choose one with #NUMBER or #NAME",
            several.len()
        ),
    };
    require_frame(roi.frame_of_reference_uid.as_deref(), volume)?;
    let (mask, warnings) = roi.contours.rasterise(volume.grid().clone());
    for warning in &warnings {
        eprintln!("uptake: warning: {warning}");
    }
    Ok(mask)
}

/// A mask of another frame of reference lies somewhere else in the body.
fn require_frame(mask: Option<&str>, volume: &Volume) -> anyhow::Result<()> {
    match (mask, volume.frame_of_reference_uid()) {
        (Some(mask), Some(series)) if mask != series => {
            bail!("expected a mask in the series' frame of reference {series}, found {mask}")
        }
        _ => Ok(()),
    }
}
