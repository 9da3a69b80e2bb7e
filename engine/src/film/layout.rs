//! Where everything is on a page, in pixels.

use crate::film::{DisplayFormat, Error, Sheet};
use crate::render::MAX_SIDE;

/// Fewest pixels an inch.
pub const MIN_DPI: f64 = 36.0;
/// Most pixels an inch.
pub const MAX_DPI: f64 = 1200.0;
/// Most pixels of a page: 14 x 17 inches at 600 pixels an inch and some.
pub const MAX_PAGE_PIXELS: u64 = 100_000_000;

/// Least side of the room for a picture.
pub(super) const LEAST_SIDE: u32 = 16;
/// Millimetres of an inch.
const MM: f64 = 25.4;

/// A part of a page, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// A page, divided.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Columns of the page.
    pub width: u32,
    /// Rows of the page.
    pub height: u32,
    /// Where the header is; without rows when there is none.
    pub header: Rectangle,
    /// Where the footer is; without rows when there is none.
    pub footer: Rectangle,
    /// The image boxes in the order in which they are filled.
    pub boxes: Vec<Rectangle>,
    /// Rows at the lower end of each box for its caption; 0 when no item has one.
    pub caption: u32,
    /// Pixels of a millimetre.
    pub pixels_per_mm: f64,
}

impl Layout {
    /// Divides the pages of a sheet, which are all alike.
    ///
    /// Boxes of a row (or column) differ by a pixel at most, and with the gaps fill the room between the margins.
    ///
    /// # Errors
    ///
    /// [`Error`] for a film, resolution, format, margin, gap or text size that cannot be used, and when no room is
    /// left for pictures. Nothing is allocated for pixels.
    pub fn of(sheet: &Sheet) -> Result<Self, Error> {
        sheet.format.boxes()?;
        let (width, height, pixels_per_mm) = page_size(sheet)?;
        let pixels = |what, mm: f64, least: f64| {
            if (least..=50.0).contains(&mm) {
                return Ok((mm * pixels_per_mm).round() as u32);
            }
            Err(Error::Number {
                what,
                expected: "a number of mm from 0 (text: 0.5) to 50",
                found: mm,
            })
        };
        let margin = pixels("a margin", sheet.margin_mm, 0.0)?;
        let gap = pixels("a gap", sheet.gap_mm, 0.0)?;
        // A line, and half of one to what follows.
        let line = pixels("a height of text", sheet.text_mm, 0.5)?.max(1) * 3 / 2;
        let captioned = sheet.items.iter().any(|item| !item.caption.is_empty());
        let rows = |there: bool| if there { line } else { 0 };
        let (header, footer) = (rows(!sheet.header.is_empty()), rows(!sheet.footer.is_empty()));
        let room = [
            i64::from(width) - 2 * i64::from(margin),
            i64::from(height) - 2 * i64::from(margin) - i64::from(header) - i64::from(footer),
        ];
        let [Ok(room_width), Ok(room_height)] = room.map(u32::try_from) else {
            return Err(no_room(room));
        };
        let strip = |top, height| Rectangle {
            left: margin,
            top,
            width: room_width,
            height,
        };
        let inner = strip(margin + header, room_height);
        let layout = Self {
            width,
            height,
            header: strip(margin, header),
            footer: strip(height - margin - footer, footer),
            boxes: divided(&sheet.format, inner, gap)?,
            caption: rows(captioned),
            pixels_per_mm,
        };
        for part in &layout.boxes {
            let left = [part.width, part.height.saturating_sub(layout.caption)];
            if left.iter().any(|side| *side < LEAST_SIDE) {
                return Err(no_room(left.map(i64::from)));
            }
        }
        Ok(layout)
    }
}

fn no_room([width, height]: [i64; 2]) -> Error {
    Error::NoRoom {
        needed: LEAST_SIDE,
        width,
        height,
    }
}

/// Columns and rows of a page, and pixels of a millimetre.
fn page_size(sheet: &Sheet) -> Result<(u32, u32, f64), Error> {
    let sides_mm = sheet.sides_mm();
    if !sides_mm.iter().all(|side| (20.0..=1500.0).contains(side)) {
        return Err(Error::Film(sides_mm[0], sides_mm[1]));
    }
    if !(MIN_DPI..=MAX_DPI).contains(&sheet.dpi) {
        return Err(Error::Dpi(sheet.dpi));
    }
    let pixels_per_mm = sheet.dpi / MM;
    let [width, height] = sides_mm.map(|side| (side * pixels_per_mm).round() as u64);
    if width.max(height) > u64::from(MAX_SIDE) || width * height > MAX_PAGE_PIXELS {
        return Err(Error::PageSize(width, height));
    }
    Ok((width as u32, height as u32, pixels_per_mm))
}

/// `count` pieces of `length` pixels from `start` on with gaps between: start and length of each.
fn pieces(start: u32, length: u32, count: u32, gap: u32) -> Result<Vec<[u32; 2]>, Error> {
    let gaps = u64::from(gap) * u64::from(count - 1);
    let Some(inner) = u64::from(length).checked_sub(gaps) else {
        return Err(no_room([i64::from(length) - gaps as i64; 2]));
    };
    let edge = |n: u32| (inner * u64::from(n) / u64::from(count)) as u32;
    let piece = |n| [start + edge(n) + gap * n, edge(n + 1) - edge(n)];
    Ok((0..count).map(piece).collect())
}

fn divided(format: &DisplayFormat, room: Rectangle, gap: u32) -> Result<Vec<Rectangle>, Error> {
    let rows = |counts: &[u32]| -> Result<Vec<Rectangle>, Error> {
        let mut boxes = Vec::new();
        let down = pieces(room.top, room.height, counts.len() as u32, gap)?;
        for (count, [top, height]) in counts.iter().zip(down) {
            for [left, width] in pieces(room.left, room.width, *count, gap)? {
                boxes.push(Rectangle {
                    left,
                    top,
                    width,
                    height,
                });
            }
        }
        Ok(boxes)
    };
    match format {
        DisplayFormat::Standard { columns, rows: down } => rows(&vec![*columns; *down as usize]),
        DisplayFormat::Rows(counts) => rows(counts),
        DisplayFormat::Columns(counts) => {
            let turned = |part: Rectangle| Rectangle {
                left: part.top,
                top: part.left,
                width: part.height,
                height: part.width,
            };
            let boxes = divided(&DisplayFormat::Rows(counts.clone()), turned(room), gap)?;
            Ok(boxes.into_iter().map(turned).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, Rectangle};
    use crate::film::{DisplayFormat, Error, FilmOrientation, FilmSize, Item, PictureId, Sheet};

    fn sheet(format: &str) -> Sheet {
        Sheet {
            dpi: 254.0,
            ..Sheet::new(FilmSize::Cm24x30, format.parse().unwrap())
        }
    }

    /// The boxes with their gaps cover the room exactly once.
    fn check(format: &str, expected_first: [u32; 4], expected_second: [u32; 4]) {
        let layout = Layout::of(&sheet(format)).unwrap();
        assert_eq!([layout.width, layout.height], [2400, 3000]);
        let plain = |part: &Rectangle| [part.left, part.top, part.width, part.height];
        assert_eq!(plain(&layout.boxes[0]), expected_first);
        assert_eq!(plain(&layout.boxes[1]), expected_second);
        let last = |along: fn(&Rectangle) -> u32| layout.boxes.iter().map(along).max().unwrap();
        assert_eq!(last(|part| part.left + part.width), 2340);
        assert_eq!(last(|part| part.top + part.height), 2940);
        for (n, one) in layout.boxes.iter().enumerate() {
            for other in &layout.boxes[..n] {
                // In one direction at least there is the gap of 20 pixels between two boxes.
                let across =
                    one.left >= other.left + other.width + 20 || other.left >= one.left + one.width + 20;
                let down = one.top >= other.top + other.height + 20 || other.top >= one.top + one.height + 20;
                assert!(across || down, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn boxes_fill_the_room_in_the_order_of_the_format() {
        check("STANDARD\\3,4", [60, 60, 746, 705], [826, 60, 747, 705]);
        check("ROW\\1,3", [60, 60, 2280, 1430], [60, 1510, 746, 1430]);
        check("COL\\2,1", [60, 60, 1130, 1430], [60, 1510, 1130, 1430]);
    }

    #[test]
    fn texts_take_their_lines_from_the_room() {
        let mut sheet = sheet("STANDARD\\1,1");
        sheet.orientation = FilmOrientation::Landscape;
        sheet.header.left = "above".into();
        sheet.items = vec![Item {
            caption: "below".into(),
            ..Item::new(PictureId(0))
        }];
        let layout = Layout::of(&sheet).unwrap();
        assert_eq!([layout.width, layout.height], [3000, 2400]);
        // 3.5 mm of 10 pixels, and half a line.
        assert_eq!(
            [layout.header.height, layout.footer.height, layout.caption],
            [52, 0, 52]
        );
        assert_eq!([layout.boxes[0].top, layout.boxes[0].height], [112, 2228]);
    }

    fn refused(change: impl FnOnce(&mut Sheet), expected: &str) {
        let mut sheet = sheet("STANDARD\\3,4");
        change(&mut sheet);
        let error = Layout::of(&sheet).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_cannot_be_a_page_is_refused() {
        let custom = |side| FilmSize::Custom {
            width_mm: side,
            height_mm: 100.0,
        };
        refused(|sheet| sheet.size = custom(f64::NAN), "found NaN");
        refused(|sheet| sheet.size = custom(1e300), "20 to 1500 mm");
        refused(|sheet| sheet.dpi = f64::INFINITY, "found inf");
        refused(|sheet| sheet.dpi = 1200.0, "a page has at most");
        refused(|sheet| sheet.margin_mm = -1.0, "a margin must be");
        refused(|sheet| sheet.margin_mm = 50.1, "a margin must be");
        refused(
            |sheet| {
                sheet.size = custom(90.0);
                sheet.margin_mm = 50.0;
            },
            "an image box needs",
        );
        refused(
            |sheet| {
                sheet.size = custom(60.0);
                sheet.gap_mm = 40.0;
            },
            "an image box needs",
        );
        refused(|sheet| sheet.text_mm = f64::NAN, "a height of text");
        refused(
            |sheet| {
                sheet.dpi = 36.0;
                sheet.format = DisplayFormat::Standard {
                    columns: 20,
                    rows: 20,
                };
            },
            "an image box needs",
        );
        refused(
            |sheet| sheet.format = DisplayFormat::Rows(vec![u32::MAX; 3]),
            "expected STANDARD",
        );
        assert!(matches!(
            Layout::of(&sheet("ROW\\400")),
            Err(Error::NoRoom { .. })
        ));
    }
}
