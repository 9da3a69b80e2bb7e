//! Frames to an encapsulated value.

use super::items::{HEADER, ITEM, SEQUENCE_DELIMITER, UNDEFINED_LENGTH};
use crate::{Error, Result};

/// Writes frames as one fragment each behind a Basic Offset Table, the sequence delimiter last.
///
/// The table is left empty when its offsets would not fit into 32 bits.
///
/// # Errors
///
/// [`Error::TooLarge`] when a frame takes 4 GiB.
pub fn encapsulate<'f>(frames: impl IntoIterator<Item = &'f [u8]>) -> Result<Vec<u8>> {
    let mut items = Vec::new();
    let mut offsets = Some(Vec::new());
    for frame in frames {
        offsets = offsets.and_then(|mut offsets: Vec<u8>| {
            offsets.extend(u32::try_from(items.len()).ok()?.to_le_bytes());
            Some(offsets)
        });
        push_item(&mut items, frame)?;
    }
    let mut value = Vec::with_capacity(items.len() + 2 * HEADER + offsets.as_ref().map_or(0, Vec::len));
    push_item(&mut value, &offsets.unwrap_or_default())?;
    value.append(&mut items);
    value.extend(SEQUENCE_DELIMITER);
    value.extend([0; 4]);
    Ok(value)
}

fn push_item(items: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    let even = bytes.len().next_multiple_of(2);
    let length = u32::try_from(even)
        .ok()
        .filter(|length| *length != UNDEFINED_LENGTH)
        .ok_or(Error::TooLarge {
            what: "fragment in bytes",
            limit: u64::from(UNDEFINED_LENGTH) - 1,
            found: bytes.len() as u64,
        })?;
    items.extend(ITEM);
    items.extend(length.to_le_bytes());
    items.extend(bytes);
    items.resize(items.len() + even - bytes.len(), 0);
    Ok(())
}
