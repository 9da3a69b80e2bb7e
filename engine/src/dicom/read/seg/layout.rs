//! Where the frames of a segmentation lie on one grid.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use codec::Warning;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::SegmentationKind;
use super::groups::Groups;
use super::planes::{Planes, SAME_PLANE_MM};
use super::segment::Described;
use super::slide::{tiled_full, tiled_sparse};
use crate::dicom::read::attributes::Attributes;
use crate::dicom::{Error, Result};
use crate::geometry::{Affine, Grid, Patient, Point, Vector};

/// Directions that differ by less are one (radians): more than rounding, less than any tilt.
const SAME_DIRECTION: f64 = 1e-3;

/// What the grid of a segmentation is a grid of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentationSpace {
    /// Patient space; masks lie where the patient does.
    Patient,
    /// A slide: mm in its own coordinates, nowhere in a patient.
    Slide,
    /// Pixels of images without a place, such as radiographs: the grid's steps are pixels, not mm, and no
    /// volume can be stated.
    Image,
}

/// One frame on the grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FrameAt {
    pub slice: usize,
    /// Column and row of its first pixel.
    pub corner: [usize; 2],
    /// Its segment; without meaning in a labelmap.
    pub segment: u16,
}

/// The common grid and the place of every frame.
#[derive(Debug)]
pub(super) struct Layout {
    pub grid: Arc<Grid>,
    pub space: SegmentationSpace,
    /// Columns and rows of a frame.
    pub size: [usize; 2],
    pub frames: Vec<FrameAt>,
}

impl Layout {
    pub(super) fn of(
        object: &InMemDicomObject,
        kind: SegmentationKind,
        segments: &BTreeMap<u16, Described>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self> {
        let size = [
            side(object, tags::COLUMNS, "Columns")?,
            side(object, tags::ROWS, "Rows")?,
        ];
        let groups = Groups::of(object);
        let stated = object
            .integer(tags::NUMBER_OF_FRAMES)
            .unwrap_or(1)
            .clamp(1, i64::from(u32::MAX)) as usize;
        if object.text(tags::DIMENSION_ORGANIZATION_TYPE).as_deref() == Some("TILED_FULL")
            && groups.per_frame.is_empty()
        {
            return tiled_full(&groups, size, stated, kind, segments);
        }
        if groups.per_frame.len() != stated {
            return Err(Error::Invalid {
                attribute: "Per-Frame Functional Groups Sequence",
                expected: "an item for each frame",
                found: format!("{} items for {stated} frames", groups.per_frame.len()),
            });
        }
        let numbers = segment_numbers(&groups, kind, segments)?;
        if groups.group(0, tags::PLANE_POSITION_SEQUENCE).is_some() {
            in_patient(&groups, size, &numbers, warnings)
        } else if groups.group(0, tags::PLANE_POSITION_SLIDE_SEQUENCE).is_some() {
            tiled_sparse(&groups, size, &numbers)
        } else {
            on_images(&groups, size, &numbers)
        }
    }
}

fn side(object: &InMemDicomObject, tag: Tag, attribute: &'static str) -> Result<usize> {
    let found = object.integer(tag);
    found
        .filter(|n| (1..=65_535).contains(n))
        .map(|n| n as usize)
        .ok_or(Error::Invalid {
            attribute,
            expected: "1 to 65535",
            found: found.map_or("none".to_owned(), |n| n.to_string()),
        })
}

/// The segment of every frame; an object of one segment need not say it.
fn segment_numbers(
    groups: &Groups<'_>,
    kind: SegmentationKind,
    segments: &BTreeMap<u16, Described>,
) -> Result<Vec<u16>> {
    let only = segments.keys().next().filter(|_| segments.len() == 1).copied();
    let number = |frame| match kind {
        SegmentationKind::Labelmap => Ok(0),
        _ => groups.segment(frame).or(only).ok_or(Error::Missing {
            attribute: "Referenced Segment Number",
            purpose: "tell whose frame it is",
        }),
    };
    (0..groups.per_frame.len()).map(number).collect()
}

/// Frames with a place in the patient, stacked along their normal.
fn in_patient(
    groups: &Groups<'_>,
    size: [usize; 2],
    numbers: &[u16],
    warnings: &mut Vec<Warning>,
) -> Result<Layout> {
    const PURPOSE: &str = "place the segments";
    let missing = |attribute| Error::Missing {
        attribute,
        purpose: PURPOSE,
    };
    let [row, column] = groups
        .orientation(0)
        .ok_or(missing("Image Orientation (Patient)"))?;
    let [between_rows, between_columns] = groups.pixel_spacing_mm().ok_or(missing("Pixel Spacing"))?;
    let normal = row
        .cross(column)
        .normalized()
        .ok_or(missing("Image Orientation (Patient)"))?;
    let mut positions = Vec::with_capacity(numbers.len());
    for frame in 0..numbers.len() {
        let [own_row, own_column] = groups
            .orientation(frame)
            .ok_or(missing("Image Orientation (Patient)"))?;
        if (own_row - row).norm() > SAME_DIRECTION || (own_column - column).norm() > SAME_DIRECTION {
            return Err(Error::NoVolume(
                "segments lie in planes of several orientations".to_owned(),
            ));
        }
        positions.push(
            groups
                .position(frame)
                .ok_or(missing("Image Position (Patient)"))?,
        );
    }
    let along_mm: Vec<f64> = positions
        .iter()
        .map(|position| normal.dot(*position - positions[0]))
        .collect();
    let planes = Planes::of(&along_mm, groups, warnings)?;
    let origin = positions[planes.first];
    let direction = stacking(
        &positions,
        &along_mm,
        &planes,
        normal,
        between_rows.min(between_columns),
        warnings,
    )?;
    let axes = [
        row * between_columns,
        column * between_rows,
        direction * planes.step_mm,
    ];
    let frames = numbers
        .iter()
        .zip(&planes.of_frame)
        .map(|(segment, slice)| FrameAt {
            slice: *slice,
            corner: [0, 0],
            segment: *segment,
        });
    Ok(Layout {
        grid: planes.grid(size, Affine::from_axes(axes, origin))?,
        space: SegmentationSpace::Patient,
        size,
        frames: frames.collect(),
    })
}

/// The step along the stack for each mm along the normal: the normal itself, or sheared as the images were.
fn stacking(
    positions: &[Point<Patient>],
    along_mm: &[f64],
    planes: &Planes,
    normal: Vector<Patient>,
    pixel_mm: f64,
    warnings: &mut Vec<Warning>,
) -> Result<Vector<Patient>> {
    let (origin, last) = (planes.first, planes.last);
    let span_mm = along_mm[last] - along_mm[origin];
    if span_mm < SAME_PLANE_MM {
        return Ok(normal);
    }
    let mean = (positions[last] - positions[origin]) * span_mm.recip();
    let beside = (0..positions.len()).map(|frame| {
        let expected = positions[origin] + mean * (along_mm[frame] - along_mm[origin]);
        positions[frame].distance(expected)
    });
    let beside_mm = beside.fold(0.0, f64::max);
    if beside_mm > 0.5 * pixel_mm {
        let text = format!("expected planes of segments on one line, found one {beside_mm:.2} mm beside it");
        return Err(Error::NoVolume(text));
    }
    if beside_mm > 0.1 * pixel_mm {
        let text = format!("expected planes on one line, found one {beside_mm:.2} mm beside it");
        warnings.push(Warning::new("shifted-slices", text));
    }
    // Below a hundredth of a degree it is rounding.
    let upright = (mean - normal).norm() < 2e-4;
    Ok(if upright { normal } else { mean })
}

/// Frames without a place: pixels are all there is, and each frame number a plane of its own.
fn on_images(groups: &Groups<'_>, size: [usize; 2], numbers: &[u16]) -> Result<Layout> {
    // Several segments of one image lie on the same pixels: the image's frame tells the plane.
    let plane = |frame: usize| {
        let source = groups
            .group(frame, tags::DERIVATION_IMAGE_SEQUENCE)?
            .item(tags::SOURCE_IMAGE_SEQUENCE)?;
        let instance = source.text(tags::REFERENCED_SOP_INSTANCE_UID)?;
        Some((
            instance,
            source.integer(tags::REFERENCED_FRAME_NUMBER).unwrap_or(1),
        ))
    };
    let mut planes: HashMap<(String, i64), usize> = HashMap::new();
    let mut frames = Vec::new();
    for (frame, segment) in numbers.iter().enumerate() {
        let own = plane(frame).unwrap_or((String::new(), frame as i64));
        let next = planes.len();
        let slice = *planes.entry(own).or_insert(next);
        frames.push(FrameAt {
            slice,
            corner: [0, 0],
            segment: *segment,
        });
    }
    let axes = [
        Vector::new(1.0, 0.0, 0.0),
        Vector::new(0.0, 1.0, 0.0),
        Vector::new(0.0, 0.0, 1.0),
    ];
    let grid = Grid::new(
        [size[0], size[1], planes.len()],
        Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0)),
    )?;
    Ok(Layout {
        grid: Arc::new(grid),
        space: SegmentationSpace::Image,
        size,
        frames,
    })
}
