//! Tiles of slides put together (PS3.3 C.8.12.4, C.7.6.17.3).

use std::collections::BTreeMap;

use dicom_dictionary_std::tags;

use super::SegmentationKind;
use super::groups::{Groups, directions};
use super::layout::{FrameAt, Layout, SegmentationSpace};
use super::planes::Planes;
use super::segment::Described;
use crate::dicom::read::attributes::Attributes;
use crate::dicom::{Error, Result};
use crate::geometry::{Affine, Patient, Point, Vector};

/// Most frames whose places follow from their number alone: nothing else in the object bounds them.
const MAX_IMPLIED_FRAMES: usize = 1 << 20;

/// The matrix that tiles are parts of.
struct Matrix {
    size: [usize; 2],
    origin: Point<Patient>,
    axes: [Vector<Patient>; 2],
}

impl Matrix {
    fn of(groups: &Groups<'_>) -> Result<Self> {
        let missing = |attribute| Error::Missing {
            attribute,
            purpose: "put the tiles together",
        };
        let total = |tag, attribute| {
            let found = groups.object.integer(tag).filter(|n| (1..=1 << 31).contains(n));
            found
                .and_then(|n| usize::try_from(n).ok())
                .ok_or(missing(attribute))
        };
        let orientation = groups
            .object
            .numbers_of(tags::IMAGE_ORIENTATION_SLIDE)
            .and_then(directions);
        let [row, column] = orientation.ok_or(missing("Image Orientation (Slide)"))?;
        let [between_rows, between_columns] = groups.pixel_spacing_mm().ok_or(missing("Pixel Spacing"))?;
        let origin = groups.object.item(tags::TOTAL_PIXEL_MATRIX_ORIGIN_SEQUENCE);
        let place = |tag| origin.and_then(|item| item.number(tag));
        let x =
            place(tags::X_OFFSET_IN_SLIDE_COORDINATE_SYSTEM).ok_or(missing("Total Pixel Matrix Origin"))?;
        let y =
            place(tags::Y_OFFSET_IN_SLIDE_COORDINATE_SYSTEM).ok_or(missing("Total Pixel Matrix Origin"))?;
        Ok(Self {
            size: [
                total(tags::TOTAL_PIXEL_MATRIX_COLUMNS, "Total Pixel Matrix Columns")?,
                total(tags::TOTAL_PIXEL_MATRIX_ROWS, "Total Pixel Matrix Rows")?,
            ],
            origin: Point::new(x, y, 0.0),
            axes: [row * between_columns, column * between_rows],
        })
    }

    fn layout(&self, size: [usize; 2], planes: &Planes, frames: Vec<FrameAt>) -> Result<Layout> {
        let normal = self.axes[0]
            .cross(self.axes[1])
            .normalized()
            .unwrap_or(Vector::new(0.0, 0.0, 1.0));
        let affine = Affine::from_axes([self.axes[0], self.axes[1], normal * planes.step_mm], self.origin);
        Ok(Layout {
            grid: planes.grid(self.size, affine)?,
            space: SegmentationSpace::Slide,
            size,
            frames,
        })
    }
}

/// Tiles that say where they lie.
pub(super) fn tiled_sparse(groups: &Groups<'_>, size: [usize; 2], numbers: &[u16]) -> Result<Layout> {
    let matrix = Matrix::of(groups)?;
    let mut depths_mm = Vec::new();
    let mut corners = Vec::new();
    for frame in 0..numbers.len() {
        let place = groups.group(frame, tags::PLANE_POSITION_SLIDE_SEQUENCE);
        let from_one = |tag| place.and_then(|item| item.integer(tag)).unwrap_or(0);
        let corner = [
            from_one(tags::COLUMN_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX),
            from_one(tags::ROW_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX),
        ];
        if (0..2).any(|axis| corner[axis] < 1 || corner[axis] > matrix.size[axis] as i64) {
            return Err(Error::Invalid {
                attribute: "Column and Row Position In Total Image Pixel Matrix",
                expected: "a place within the matrix",
                found: format!("{corner:?}"),
            });
        }
        corners.push(corner.map(|n| n as usize - 1));
        // Depths are in micrometres, unlike the other two coordinates (PS3.3 C.8.12.2.1).
        let depth_um = place.and_then(|item| item.number(tags::Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM));
        depths_mm.push(depth_um.unwrap_or(0.0) / 1000.0);
    }
    // Focal planes lie micrometres apart, below what counts as one plane in a patient.
    let planes = Planes::of(&depths_mm, groups, &mut Vec::new())?;
    let frames = (0..numbers.len()).map(|frame| FrameAt {
        slice: planes.of_frame[frame],
        corner: corners[frame],
        segment: numbers[frame],
    });
    matrix.layout(size, &planes, frames.collect())
}

/// Tiles in the fixed order of TILED_FULL: columns, rows, focal planes, segments.
pub(super) fn tiled_full(
    groups: &Groups<'_>,
    size: [usize; 2],
    stated: usize,
    kind: SegmentationKind,
    segments: &BTreeMap<u16, Described>,
) -> Result<Layout> {
    let matrix = Matrix::of(groups)?;
    let tiles = [0, 1].map(|axis| matrix.size[axis].div_ceil(size[axis]));
    let depths = groups
        .object
        .integer(tags::TOTAL_PIXEL_MATRIX_FOCAL_PLANES)
        .unwrap_or(1)
        .clamp(1, 65_535) as usize;
    let numbers: Vec<u16> = match kind {
        SegmentationKind::Labelmap => vec![0],
        _ => segments.keys().copied().collect(),
    };
    let expected = [tiles[1], depths, numbers.len()]
        .iter()
        .try_fold(tiles[0], |n, more| n.checked_mul(*more));
    if expected != Some(stated) || stated > MAX_IMPLIED_FRAMES {
        return Err(Error::Invalid {
            attribute: "Number of Frames",
            expected: "a frame for each tile of each segment",
            found: format!(
                "{stated} for {tiles:?} tiles, {depths} planes and {} segments",
                numbers.len()
            ),
        });
    }
    let frames = (0..stated).map(|frame| {
        let (tile, plane) = (frame % (tiles[0] * tiles[1]), frame / (tiles[0] * tiles[1]));
        FrameAt {
            slice: plane % depths,
            corner: [tile % tiles[0] * size[0], tile / tiles[0] * size[1]],
            segment: numbers[plane / depths],
        }
    });
    let planes = Planes {
        step_mm: groups
            .measure(tags::SPACING_BETWEEN_SLICES)
            .or_else(|| groups.measure(tags::SLICE_THICKNESS))
            .unwrap_or(1.0),
        positions: None,
        count: depths,
        of_frame: Vec::new(),
        first: 0,
        last: 0,
    };
    matrix.layout(size, &planes, frames.collect())
}
