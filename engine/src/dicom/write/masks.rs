//! Masks on the grid of a series to a segmentation: only frames that hold a voxel are written.

use super::segmentation::{
    Segment, SegmentFrame, Segmentation, SegmentationType, SourceSeries, segmentation,
};
use super::study::slice_spacing_mm;
use super::{DateTime, Error, Instance, Pixels, Series, SourceImages, Study};
use crate::voi::{Mask, Run};

/// What is particular to a segmentation made of masks.
#[derive(Debug, Clone)]
pub struct Masks<'a> {
    /// How the masks are stored.
    pub segmentation_type: SegmentationType,
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// UID of the frames' dimensions.
    pub dimension_organization_uid: String,
    /// When it was made.
    pub created: DateTime,
    /// Content Label: upper case, at most 16 characters.
    pub label: String,
    /// Content Description.
    pub description: String,
    /// The images whose grid the masks lie on.
    pub images: &'a SourceImages,
    /// The segments, numbered from 1 in this order, and their voxels.
    pub segments: Vec<(Segment, &'a Mask)>,
}

/// Makes a segmentation of masks that lie on the grid of a series.
///
/// Each frame names the image of its slice; slices without a voxel of a segment have no frame.
///
/// # Errors
///
/// [`Error::Invalid`] when a mask lies on another grid, no mask has a voxel, or masks of a labelmap overlap: a
/// labelmap gives each pixel to one segment, so those need [`SegmentationType::Binary`].
pub fn segmentation_of_masks(study: &Study, series: &Series, masks: Masks<'_>) -> Result<Instance, Error> {
    let grid = &masks.images.grid;
    if let Some((_, mask)) = masks.segments.iter().find(|(_, mask)| !mask.lies_on(grid)) {
        let [columns, rows, slices] = mask.grid().size();
        let found = format!("{columns} x {rows} x {slices} voxels, or another place");
        return Err(Error::invalid(
            "grid of a mask",
            "that of the source images",
            found,
        ));
    }
    if masks.segments.iter().all(|(_, mask)| mask.is_empty()) {
        return Err(Error::invalid("masks", "a voxel in at least one", "none"));
    }
    let overlap = first_overlap(&masks);
    let (frames, pixels) = match masks.segmentation_type {
        SegmentationType::Binary => binary(&masks)?,
        SegmentationType::Labelmap => match &overlap {
            None => labelmap(&masks)?,
            Some(found) => {
                let expected = "apart from each other (a binary segmentation may overlap)";
                return Err(Error::invalid("masks of a labelmap", expected, found));
            }
        },
    };
    let seg = Segmentation {
        segmentation_type: masks.segmentation_type,
        sop_instance_uid: masks.sop_instance_uid,
        dimension_organization_uid: masks.dimension_organization_uid,
        created: masks.created,
        label: masks.label,
        description: masks.description,
        segments: masks.segments.into_iter().map(|(segment, _)| segment).collect(),
        overlap: Some(overlap.is_some()),
        frames,
        slice_spacing_mm: slice_spacing_mm(grid),
        source_series: Some(SourceSeries {
            study_instance_uid: Some(masks.images.study_instance_uid.clone()),
            series_instance_uid: masks.images.series_instance_uid.clone(),
        }),
        pixels,
    };
    segmentation(study, series, seg)
}

/// Two segments that share a voxel, in words.
fn first_overlap(masks: &Masks<'_>) -> Option<String> {
    let numbered = masks.segments.iter().zip(1usize..);
    let mut runs: Vec<(Run, usize)> = numbered
        .flat_map(|((_, mask), number)| mask.runs().iter().map(move |run| (*run, number)))
        .collect();
    runs.sort_unstable();
    let [columns, rows, _] = masks.images.grid.size();
    let shared = runs.windows(2).find(|pair| pair[1].0.start < pair[0].0.end)?;
    let voxel = shared[1].0.start;
    let place = [voxel % columns, voxel / columns % rows, voxel / (columns * rows)];
    Some(format!(
        "segments {} and {} with voxel {place:?} in common",
        shared[0].1, shared[1].1
    ))
}

/// The runs of a mask slice by slice, counted from the first voxel of the slice.
fn by_slice(mask: &Mask) -> impl Iterator<Item = (usize, impl Iterator<Item = Run> + '_)> {
    let [columns, rows, _] = mask.grid().size();
    let slice_voxels = columns * rows;
    let slices = mask
        .runs()
        .chunk_by(move |a, b| a.start / slice_voxels == b.start / slice_voxels);
    slices.map(move |runs| {
        let slice = runs[0].start / slice_voxels;
        let first = slice * slice_voxels;
        let within = runs.iter().map(move |run| Run {
            start: run.start - first,
            end: run.end - first,
        });
        (slice, within)
    })
}

fn frame(masks: &Masks<'_>, segment: Option<usize>, slice: usize) -> Result<SegmentFrame, Error> {
    Ok(SegmentFrame {
        segment,
        plane: masks.images.plane(slice)?,
        source: masks.images.slices.get(slice).cloned(),
    })
}

fn binary(masks: &Masks<'_>) -> Result<(Vec<SegmentFrame>, Pixels), Error> {
    let [columns, rows, _] = masks.images.grid.size();
    let mut frames = Vec::new();
    let mut bits = Vec::new();
    for (segment, (_, mask)) in masks.segments.iter().enumerate() {
        for (slice, runs) in by_slice(mask) {
            let first = frames.len() * columns * rows;
            frames.push(frame(masks, Some(segment), slice)?);
            bits.resize((frames.len() * columns * rows).div_ceil(8), 0);
            runs.for_each(|run| set_bits(&mut bits, first + run.start, first + run.end));
        }
    }
    let pixels = Pixels::from_packed_bits(columns as u32, rows as u32, frames.len(), bits);
    Ok((frames, pixels))
}

/// Sets bits `start` to `end`, the first of a byte being its lowest.
fn set_bits(bits: &mut [u8], start: usize, end: usize) {
    if start >= end {
        return;
    }
    let (first, last) = (start / 8, (end - 1) / 8);
    let from = 0xFFu8 << (start % 8);
    let to = 0xFFu8 >> (7 - (end - 1) % 8);
    if first == last {
        bits[first] |= from & to;
        return;
    }
    bits[first] |= from;
    bits[first + 1..last].fill(0xFF);
    bits[last] |= to;
}

fn labelmap(masks: &Masks<'_>) -> Result<(Vec<SegmentFrame>, Pixels), Error> {
    let [columns, rows, slices] = masks.images.grid.size();
    let mut frame_of_slice = vec![None; slices];
    for (_, mask) in &masks.segments {
        by_slice(mask).for_each(|(slice, _)| frame_of_slice[slice] = Some(0));
    }
    let used: Vec<usize> = (0..slices)
        .filter(|slice| frame_of_slice[*slice].is_some())
        .collect();
    used.iter()
        .enumerate()
        .for_each(|(frame, slice)| frame_of_slice[*slice] = Some(frame));
    let frames = used
        .iter()
        .map(|slice| frame(masks, None, *slice))
        .collect::<Result<Vec<_>, _>>()?;
    let mut labels = vec![0u16; used.len() * columns * rows];
    for ((_, mask), number) in masks.segments.iter().zip(1u16..) {
        for (slice, runs) in by_slice(mask) {
            let first = frame_of_slice[slice].expect("every slice of a mask has a frame") * columns * rows;
            runs.for_each(|run| labels[first + run.start..first + run.end].fill(number));
        }
    }
    let (columns, rows) = (columns as u32, rows as u32);
    let pixels = if masks.segments.len() <= usize::from(u8::MAX) {
        Pixels::from_u8(columns, rows, labels.iter().map(|number| *number as u8).collect())
    } else {
        Pixels::from_u16(columns, rows, &labels)
    };
    Ok((frames, pixels))
}

#[cfg(test)]
mod tests {
    use super::set_bits;

    proptest::proptest! {
        #[test]
        fn bits_of_a_run_are_set_and_no_others(start in 0usize..80, length in 0usize..80) {
            let mut bits = vec![0u8; 20];
            set_bits(&mut bits, start, start + length);
            for n in 0..160 {
                let inside = (start..start + length).contains(&n);
                proptest::prop_assert_eq!(bits[n / 8] >> (n % 8) & 1 == 1, inside, "bit {}", n);
            }
        }
    }
}
