//! Sheet to images.

use crate::film::layout::LEAST_SIDE;
use crate::film::lettering::{self, Words};
use crate::film::scale::scaled;
use crate::film::whole::whole;
use crate::film::{Background, Error, Item, Layout, PictureId, Placement, Rectangle, Sheet};
use crate::geometry::Point;
use crate::presentation::{Fonts, ImagePlane, Orientation, Size, scale_bar};
use crate::render::Image;

/// Most pixels that [`pages`] makes at once.
pub const MAX_PIXELS_AT_ONCE: u64 = 1 << 28;

/// Gives all pages of a sheet; `picture` hands over the pictures by their names.
///
/// # Errors
///
/// As [`page`]; [`Error::Pages`] when they are too many to be held together.
///
/// ```
/// use engine::film::{DisplayFormat, FilmSize, Item, PictureId, Sheet, pages};
/// use engine::presentation::Fonts;
/// use engine::render::Image;
///
/// let picture = Image { width: 4, height: 4, rgba: vec![200; 64] };
/// let mut sheet = Sheet::new(FilmSize::A4, "STANDARD\\1,2".parse::<DisplayFormat>()?);
/// sheet.dpi = 72.0;
/// sheet.items = vec![Item::new(PictureId(7)); 3];
/// let pages = pages(&sheet, |id| (id == PictureId(7)).then_some(&picture), &Fonts::default())?;
/// assert_eq!(pages.len(), 2);
/// assert_eq!([pages[0].width, pages[0].height], [595, 842]);
/// # Ok::<(), engine::film::Error>(())
/// ```
pub fn pages<'a>(
    sheet: &Sheet,
    picture: impl Fn(PictureId) -> Option<&'a Image>,
    fonts: &Fonts,
) -> Result<Vec<Image>, Error> {
    let layout = Layout::of(sheet)?;
    let count = sheet.page_count()?;
    let pixels = u64::from(layout.width) * u64::from(layout.height) * count as u64;
    if pixels > MAX_PIXELS_AT_ONCE {
        return Err(Error::Pages(pixels));
    }
    (0..count)
        .map(|number| page(sheet, number, &picture, fonts))
        .collect()
}

/// Gives page `number` of a sheet, from 0.
///
/// # Errors
///
/// [`Error`] for a sheet that cannot be divided ([`Layout::of`]), a page or picture that is not there, a picture
/// whose bytes do not fit its size, an item in true size that does not fit its box, and a scale that is missing.
pub fn page<'a>(
    sheet: &Sheet,
    number: usize,
    picture: impl Fn(PictureId) -> Option<&'a Image>,
    fonts: &Fonts,
) -> Result<Image, Error> {
    let layout = Layout::of(sheet)?;
    let range = sheet.items_of(number)?;
    check_letters(sheet, fonts)?;
    let ground = match sheet.background {
        Background::Black => 0,
        Background::White => 255,
    };
    let mut page = Page {
        image: Image {
            width: layout.width,
            height: layout.height,
            rgba: [ground, ground, ground, 255].repeat(layout.width as usize * layout.height as usize),
        },
        ink: [255 - ground; 3],
        line: sheet.text_mm * layout.pixels_per_mm,
        fonts,
        printed_mark: &sheet.printed_mark,
        layout: &layout,
    };
    let pages = sheet.page_count()?;
    let numbered = |text: &str| {
        text.replace("{pages}", &pages.to_string())
            .replace("{page}", &(number + 1).to_string())
    };
    for (text, part) in [(&sheet.header, layout.header), (&sheet.footer, layout.footer)] {
        page.text(&numbered(&text.left), &numbered(&text.right), part)?;
    }
    for (n, part) in range.zip(&layout.boxes) {
        let item = &sheet.items[n];
        let shown = picture(item.picture).ok_or(Error::NoPicture(n))?;
        page.item(n, item, shown, *part)?;
    }
    Ok(page.image)
}

/// What leaves the house says all that it should, or is not made.
fn check_letters(sheet: &Sheet, fonts: &Fonts) -> Result<(), Error> {
    let captions = sheet.items.iter().map(|item| &item.caption);
    let lines = [&sheet.header, &sheet.footer]
        .into_iter()
        .flat_map(|text| [&text.left, &text.right]);
    let all = captions.chain(lines).chain([&sheet.printed_mark]);
    let missing: std::collections::BTreeSet<char> = all.flat_map(|text| fonts.missing(text)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Letters(missing.into_iter().collect()))
}

/// A page that is being filled.
struct Page<'a> {
    image: Image,
    ink: [u8; 3],
    /// Height of a line of text, pixels.
    line: f64,
    fonts: &'a Fonts,
    printed_mark: &'a str,
    layout: &'a Layout,
}

impl Page<'_> {
    /// A line at both ends of a strip; each may take half of it, or all when it is alone.
    fn text(&mut self, left: &str, right: &str, part: Rectangle) -> Result<(), Error> {
        let share = if left.is_empty() || right.is_empty() { 1 } else { 2 };
        let longest = part.width / share;
        let top = i64::from(part.top);
        if !left.is_empty() {
            let words = Words::new(left, self.line, longest, self.fonts)?;
            words.write(&mut self.image, [i64::from(part.left), top], self.ink);
        }
        if !right.is_empty() {
            let words = Words::new(right, self.line, longest, self.fonts)?;
            let start = i64::from(part.left) + i64::from(part.width) - i64::from(words.width);
            words.write(&mut self.image, [start, top], self.ink);
        }
        Ok(())
    }

    fn item(&mut self, n: usize, item: &Item, picture: &Image, part: Rectangle) -> Result<(), Error> {
        let frame = if item.trim { self.trim(part) } else { 0 };
        let room = self.room(part, frame)?;
        let [width, height] = self.shown_size(n, item, picture, room)?;
        let mut shown = scaled(picture, width, height)?;
        if item.scale_bar {
            let across_mm = mm_per_pixel(n, item)?[0] * f64::from(picture.width);
            self.ruler(&mut shown, across_mm / f64::from(width))?;
        }
        if item.printed && !self.printed_mark.is_empty() {
            let words = Words::new(self.printed_mark, self.line, shown.width, self.fonts)?;
            let edge = (self.line / 2.0) as i64;
            let left = i64::from(shown.width) - i64::from(words.width) - edge;
            words.write_rimmed(&mut shown, [left, edge / 2], lettering::rim(self.line));
        }
        let left = room.left + (room.width - width) / 2;
        let top = room.top + (room.height - height) / 2;
        self.lay(&shown, left, top);
        if !item.caption.is_empty() {
            let words = Words::new(&item.caption, self.line, room.width, self.fonts)?;
            let below = i64::from(room.top + room.height);
            let start = i64::from(room.left) + i64::from(room.width - words.width.min(room.width)) / 2;
            // A quarter of a line lies between a picture and its caption.
            words.write(
                &mut self.image,
                [start, below + (self.line / 4.0) as i64],
                self.ink,
            );
        }
        Ok(())
    }

    /// What a frame and the caption leave of a box.
    fn room(&self, part: Rectangle, frame: u32) -> Result<Rectangle, Error> {
        let width = i64::from(part.width) - 2 * i64::from(frame);
        let height = i64::from(part.height) - 2 * i64::from(frame) - i64::from(self.layout.caption);
        if width.min(height) < i64::from(LEAST_SIDE) {
            return Err(Error::NoRoom {
                needed: LEAST_SIDE,
                width,
                height,
            });
        }
        Ok(Rectangle {
            left: part.left + frame,
            top: part.top + frame,
            width: width as u32,
            height: height as u32,
        })
    }

    /// Columns and rows of the picture on the page; never more than the room.
    fn shown_size(&self, n: usize, item: &Item, picture: &Image, room: Rectangle) -> Result<[u32; 2], Error> {
        whole(picture)?;
        let per_pixel = match (item.mm_per_pixel, item.placement) {
            (None, Placement::Fit) => [1.0; 2],
            _ => mm_per_pixel(n, item)?,
        };
        let [width, height] =
            [0, 1].map(|axis| [picture.width, picture.height].map(f64::from)[axis] * per_pixel[axis]);
        let most = [room.width, room.height].map(f64::from);
        let zoom = match item.placement {
            Placement::Fit => (most[0] / width).min(most[1] / height),
            Placement::TrueSize => self.layout.pixels_per_mm,
        };
        let sides = [width, height].map(|side| (side * zoom).round().max(1.0));
        if sides[0] > most[0] || sides[1] > most[1] {
            let mm = |pixels: f64| pixels / self.layout.pixels_per_mm;
            return Err(Error::TrueSize {
                item: n,
                width_mm: width,
                height_mm: height,
                box_width_mm: mm(most[0]),
                box_height_mm: mm(most[1]),
            });
        }
        Ok(sides.map(|side| side as u32))
    }

    /// A line around a box; gives the pixels that it takes on each side, with the space inside it.
    fn trim(&mut self, part: Rectangle) -> u32 {
        let thick = (self.layout.pixels_per_mm / 5.0).round().max(1.0) as u32;
        let [left, top] = [part.left, part.top].map(i64::from);
        let [right, bottom] = [part.left + part.width, part.top + part.height].map(i64::from);
        let t = i64::from(thick);
        for line in [
            [left, top, right, top + t],
            [left, bottom - t, right, bottom],
            [left, top, left + t, bottom],
            [right - t, top, right, bottom],
        ] {
            lettering::fill(&mut self.image, line, self.ink);
        }
        3 * thick
    }

    /// A ruler of at most a quarter of the picture, in its lower right corner.
    fn ruler(&self, shown: &mut Image, mm_per_pixel: f64) -> Result<(), Error> {
        let size = Size {
            width: shown.width,
            height: shown.height,
        };
        let center = Point::new(0.0, 0.0, 0.0);
        let plane = ImagePlane::centered(Orientation::Axial, center, mm_per_pixel, size);
        let bar = plane.ok().and_then(|plane| scale_bar(&plane, shown.width));
        if let Some(bar) = bar {
            let edge = (self.line / 2.0).round() as i64;
            let foot = [i64::from(shown.width) - edge, i64::from(shown.height) - edge];
            lettering::ruler(shown, &bar, foot, self.line, self.fonts)?;
        }
        Ok(())
    }

    fn lay(&mut self, shown: &Image, left: u32, top: u32) {
        let bytes = shown.width as usize * 4;
        for (n, row) in shown.rgba.chunks_exact(bytes).enumerate() {
            let at = ((top as usize + n) * self.image.width as usize + left as usize) * 4;
            self.image.rgba[at..at + bytes].copy_from_slice(row);
        }
    }
}

/// The item's scale.
fn mm_per_pixel(n: usize, item: &Item) -> Result<[f64; 2], Error> {
    let per_pixel = item.mm_per_pixel.ok_or(Error::NoScale(n))?;
    match per_pixel.iter().find(|mm| !(1e-6..=1e6).contains(*mm)) {
        Some(found) => Err(Error::Number {
            what: "millimetres per pixel",
            expected: "a positive number",
            found: *found,
        }),
        None => Ok(per_pixel),
    }
}

#[cfg(test)]
mod tests;
