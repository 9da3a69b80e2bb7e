//! BMP: uncompressed, 24 or 32 bits of colour, or 8 bits of a palette.

use super::picture::{self, Colour, Form};
use super::{Error, Header, Limits, pixels_within};

const FORMAT: &str = "BMP";

pub(super) fn convert(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Vec<u8>, Error> {
    let cut = || Error::Damaged {
        format: FORMAT,
        why: "it is cut short",
    };
    let unsupported = |expected, found: String| Error::Unsupported {
        format: FORMAT,
        expected,
        found,
    };
    let number = |at: usize| u32_at(bytes, at).ok_or_else(cut);
    let short = |at: usize| number(at).map(|both| both as u16);
    let (pixels_at, head_bytes) = (number(10)? as usize, number(14)?);
    if head_bytes < 40 {
        return Err(unsupported("a header of Windows", "another".to_owned()));
    }
    let columns = number(18)?;
    let height = number(22)? as i32;
    // A negative height: the first row is the top one.
    let (rows, from_top) = (height.unsigned_abs(), height < 0);
    let (bits, compression) = (short(28)?, number(30)?);
    if compression != 0 {
        return Err(unsupported("no compression", format!("kind {compression}")));
    }
    let palette = match bits {
        8 => palette(bytes, 14 + head_bytes as usize, pixels_at).ok_or_else(cut)?,
        24 | 32 => Vec::new(),
        _ => return Err(unsupported("8, 24 or 32 bits", bits.to_string())),
    };
    let size = pixels_within(FORMAT, (rows, columns), 3, limits)?;
    let pixel_bytes = usize::from(bits / 8);
    let used = columns as usize * pixel_bytes;
    // Each row fills whole words of 32 bits.
    let stride = used.next_multiple_of(4);
    let all = pixels_at..pixels_at.saturating_add(stride * rows as usize);
    let stored = bytes.get(all).ok_or_else(cut)?;
    let mut values = Vec::with_capacity(size as usize);
    for row in 0..rows as usize {
        let row = if from_top { row } else { rows as usize - 1 - row };
        for pixel in stored[row * stride..][..used].chunks_exact(pixel_bytes) {
            match pixel {
                [index] => values.extend(palette.get(usize::from(*index)).ok_or_else(cut)?),
                [blue, green, red, ..] => values.extend([red, green, blue]),
                _ => {}
            }
        }
    }
    let form = Form {
        rows: rows as u16,
        columns: columns as u16,
        colour: Colour::Rgb,
        bits: 8,
    };
    picture::native(form, 1, None, values, header)
}

/// Red, green and blue of each colour; in the file blue is first, and a fourth byte unused.
fn palette(bytes: &[u8], at: usize, end: usize) -> Option<Vec<[u8; 3]>> {
    let colours = bytes.get(at..end)?.chunks_exact(4).take(256);
    Some(colours.map(|colour| [colour[2], colour[1], colour[0]]).collect())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}
