//! Overlay planes (PS3.3 C.9.2, C.9.3): one bit a pixel beside the image, or, as long ago, in its unused bits.

use dicom_core::{PrimitiveValue, Tag};
use dicom_object::InMemDicomObject;

use super::super::attributes::Attributes;
use super::source::Source;
use crate::dicom::Result;

const ROWS: u16 = 0x0010;
const COLUMNS: u16 = 0x0011;
const NUMBER_OF_FRAMES_IN_OVERLAY: u16 = 0x0015;
const OVERLAY_DESCRIPTION: u16 = 0x0022;
const OVERLAY_TYPE: u16 = 0x0040;
const OVERLAY_ORIGIN: u16 = 0x0050;
const IMAGE_FRAME_ORIGIN: u16 = 0x0051;
const OVERLAY_BITS_ALLOCATED: u16 = 0x0100;
const OVERLAY_BIT_POSITION: u16 = 0x0102;
const OVERLAY_LABEL: u16 = 0x1500;
const OVERLAY_DATA: u16 = 0x3000;

/// What an overlay is for (60xx,0040).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OverlayType {
    /// Drawings and burned text.
    Graphics,
    /// A region of interest.
    RegionOfInterest,
}

/// One overlay plane of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Group number of its attributes: 6000 to 60FE, hexadecimal.
    pub group: u16,
    /// What it is for.
    pub overlay_type: OverlayType,
    /// Overlay Label (60xx,1500), for the user to tell overlays apart.
    pub label: Option<String>,
    /// Overlay Description (60xx,0022).
    pub description: Option<String>,
    /// Columns and rows.
    pub size: [u32; 2],
    /// Column and row of the image at which its first pixel lies, counted from 0; may be outside.
    pub origin: [i32; 2],
    /// Eight pixels a byte, the first in the lowest bit, rows without gaps.
    bits: Vec<u8>,
    /// Bits before the first pixel in the first byte.
    shift: usize,
}

impl Overlay {
    /// Whether it covers a pixel, by column and row of the image.
    #[must_use]
    pub fn covers(&self, column: i64, row: i64) -> bool {
        let [columns, rows] = self.size.map(i64::from);
        let (x, y) = (
            column - i64::from(self.origin[0]),
            row - i64::from(self.origin[1]),
        );
        if !(0..columns).contains(&x) || !(0..rows).contains(&y) {
            return false;
        }
        let bit = (y * columns + x) as usize + self.shift;
        // Bits that the object lacks are not set.
        self.bits
            .get(bit / 8)
            .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// Its own pixels in reading order, 1 where set.
    pub fn bitmap(&self) -> impl Iterator<Item = u8> {
        let [columns, rows] = self.size.map(|length| length as usize);
        let bit = |at: usize| self.bits.get(at / 8).map_or(0, |byte| byte >> (at % 8) & 1);
        (self.shift..self.shift + columns * rows).map(bit)
    }
}

/// Gives the overlays of a frame; what cannot be read is passed over with a warning.
///
/// # Errors
///
/// When the frame's cells cannot be decoded for overlays in unused bits.
pub(super) fn read(source: &mut Source<'_>) -> Result<Vec<Overlay>> {
    let mut overlays = Vec::new();
    let mut cells = None;
    for group in (0x6000..=0x60FE_u16).step_by(2) {
        let tag = |element| Tag(group, element);
        let frames = source.object.number(tag(NUMBER_OF_FRAMES_IN_OVERLAY));
        let bits_allocated = source.object.integer(tag(OVERLAY_BITS_ALLOCATED));
        let Some(mut overlay) = describe(source, group) else {
            continue;
        };
        if source.object.get(tag(OVERLAY_DATA)).is_some() {
            let Some(index) = frame_of_overlay(source, group, frames.is_some()) else {
                continue;
            };
            separate(source, &mut overlay, index);
        } else if bits_allocated.is_some_and(|bits| bits > 1) {
            if cells.is_none() {
                cells = Some(source.pixels.decode_cells(source.frame_number())?);
            }
            if !embedded(source, &mut overlay, cells.as_deref().unwrap_or_default()) {
                continue;
            }
        } else {
            source.warn(
                "overlay",
                format!("overlay {group:04X}: no Overlay Data; passed over"),
            );
            continue;
        }
        overlays.push(overlay);
    }
    Ok(overlays)
}

/// Gives an overlay without its bits; `None` when the group is no overlay.
fn describe(source: &mut Source<'_>, group: u16) -> Option<Overlay> {
    let object: &InMemDicomObject = source.object;
    let tag = |element| Tag(group, element);
    object
        .get(tag(OVERLAY_DATA))
        .or_else(|| object.get(tag(OVERLAY_BIT_POSITION)))?;
    let image = source.pixels.description();
    let length = |element, of_image| match object.integer(tag(element)) {
        Some(length) => u16::try_from(length).map(u32::from).ok(),
        None => Some(of_image),
    };
    let lengths = length(COLUMNS, image.columns).zip(length(ROWS, image.rows));
    let Some((columns, rows)) = lengths else {
        source.warn("overlay", format!("overlay {group:04X}: no size; passed over"));
        return None;
    };
    // Row, then column, counted from 1.
    let [row, column] = object.numbers_of(tag(OVERLAY_ORIGIN)).unwrap_or([1.0, 1.0]);
    let overlay_type = match object.text(tag(OVERLAY_TYPE)).as_deref() {
        Some("R" | "ROI") => OverlayType::RegionOfInterest,
        _ => OverlayType::Graphics,
    };
    Some(Overlay {
        group,
        overlay_type,
        label: object.text(tag(OVERLAY_LABEL)),
        description: object.text(tag(OVERLAY_DESCRIPTION)),
        size: [columns, rows],
        origin: [column, row].map(|place| (place as i32).saturating_sub(1)),
        bits: Vec::new(),
        shift: 0,
    })
}

/// Gives which frame of an overlay belongs to the image's frame (PS3.3 C.9.3.1.1); `None` when none does.
///
/// An overlay that says nothing of frames belongs to all of them.
fn frame_of_overlay(source: &Source<'_>, group: u16, is_multi_frame: bool) -> Option<u64> {
    let origin = source.object.integer(Tag(group, IMAGE_FRAME_ORIGIN));
    if !is_multi_frame && origin.is_none() {
        return Some(0);
    }
    let frames = source
        .object
        .integer(Tag(group, NUMBER_OF_FRAMES_IN_OVERLAY))
        .unwrap_or(1);
    let index = i64::from(source.frame_number()) - (origin.unwrap_or(1).max(1) - 1);
    (0..frames.max(1)).contains(&index).then_some(index as u64)
}

/// Takes the bits of one overlay frame from Overlay Data; frames follow each other without padding.
fn separate(source: &mut Source<'_>, overlay: &mut Overlay, index: u64) {
    let bytes = data(source.object, Tag(overlay.group, OVERLAY_DATA));
    let pixels = u64::from(overlay.size[0]) * u64::from(overlay.size[1]);
    let first = pixels.saturating_mul(index);
    let end = first.saturating_add(pixels).div_ceil(8);
    if end > bytes.len() as u64 {
        let text = format!(
            "overlay {:04X}: expected {end} bytes, found {}; what is missing is not set",
            overlay.group,
            bytes.len()
        );
        source.warn("overlay", text);
    }
    let within = |at: u64| (at as usize).min(bytes.len());
    overlay.bits = bytes[within(first / 8)..within(end)].to_vec();
    overlay.shift = (first % 8) as usize;
}

/// Gives the bytes of Overlay Data as pixels follow each other: words hold the first eight in the low byte.
fn data(object: &InMemDicomObject, tag: Tag) -> Vec<u8> {
    match object.get(tag).and_then(|element| element.value().primitive()) {
        Some(PrimitiveValue::U8(bytes)) => bytes.to_vec(),
        Some(PrimitiveValue::U16(words)) => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        _ => Vec::new(),
    }
}

/// Takes the bits of an overlay from the image's `cells` (PS3.3-2004 C.9.2); gives whether they are there.
fn embedded(source: &mut Source<'_>, overlay: &mut Overlay, cells: &[u8]) -> bool {
    let image = *source.pixels.description();
    let position = source.object.integer(Tag(overlay.group, OVERLAY_BIT_POSITION));
    let lowest = image.high_bit + 1 - image.bits_stored;
    let bit = position
        .and_then(|bit| u16::try_from(bit).ok())
        .filter(|bit| *bit < image.bits_allocated && !(lowest..=image.high_bit).contains(bit));
    let (Some(bit), 1) = (bit, image.samples_per_pixel) else {
        let text = format!(
            "overlay {:04X}: expected a bit outside the pixels' own, found {position:?}; passed over",
            overlay.group
        );
        source.warn("overlay", text);
        return false;
    };
    overlay.size = [image.columns, image.rows];
    let (byte, bit) = (usize::from(bit / 8), bit % 8);
    let is_set = |cell: &[u8]| cell[byte] >> bit & 1;
    let bytes = image.bytes_per_sample();
    let pack = |eight: &[u8]| {
        let pixels = eight.chunks_exact(bytes).enumerate();
        pixels.fold(0, |packed, (at, cell)| packed | is_set(cell) << at)
    };
    overlay.bits = cells.chunks(8 * bytes).map(pack).collect();
    true
}
