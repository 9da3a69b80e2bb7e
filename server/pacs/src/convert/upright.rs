//! Pictures as they are to be seen: rows from the top, columns from the left (EXIF and TIFF, Orientation 0112).

use super::picture::Form;

/// Gives a picture's pixels in the order that its orientation asks for, and their form; `None` for one that does not exist.
pub(super) fn turned((form, values): (Form, Vec<u8>), orientation: u16) -> Option<(Form, Vec<u8>)> {
    if orientation <= 1 {
        return Some((form, values));
    }
    let (rows, columns) = (usize::from(form.rows), usize::from(form.columns));
    let (last_row, last_column) = (rows - 1, columns - 1);
    // Where a pixel of the upright picture is in the stored one.
    let stored = |row: usize, column: usize| {
        Some(match orientation {
            2 => (row, last_column - column),
            3 => (last_row - row, last_column - column),
            4 => (last_row - row, column),
            5 => (column, row),
            6 => (last_row - column, row),
            7 => (last_row - column, last_column - row),
            8 => (column, last_column - row),
            _ => return None,
        })
    };
    let upright = match orientation {
        5..=8 => Form {
            rows: form.columns,
            columns: form.rows,
            ..form
        },
        _ => form,
    };
    let pixel_bytes = usize::from(form.samples() * form.bits / 8);
    let mut turned = Vec::with_capacity(values.len());
    for row in 0..usize::from(upright.rows) {
        for column in 0..usize::from(upright.columns) {
            let (row, column) = stored(row, column)?;
            let at = (row * columns + column) * pixel_bytes;
            turned.extend_from_slice(&values[at..at + pixel_bytes]);
        }
    }
    Some((upright, turned))
}

/// Orientation (0112) of EXIF's first directory.
pub(super) fn orientation(exif: &[u8]) -> Option<u16> {
    let is_big = exif.starts_with(b"MM");
    let short = |at: usize| {
        let two: [u8; 2] = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_big {
            u16::from_be_bytes(two)
        } else {
            u16::from_le_bytes(two)
        })
    };
    let long = |at: usize| {
        let four: [u8; 4] = exif.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if is_big {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        })
    };
    let directory = long(4)? as usize;
    let entries = usize::from(short(directory)?);
    let entry = (0..entries)
        .map(|n| directory + 2 + 12 * n)
        .find(|at| short(*at) == Some(0x0112))?;
    short(entry + 8)
}
