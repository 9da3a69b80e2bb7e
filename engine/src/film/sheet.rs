//! What a film shows, as plain data.

use std::ops::Range;

use crate::film::{DisplayFormat, Error, FilmOrientation, FilmSize};

/// The host's name for a picture that it can hand over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PictureId(pub u64);

/// What lies under the pictures and in boxes without one (Border Density and Empty Image Density).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Background {
    /// As film: text is white.
    #[default]
    Black,
    /// As paper: text is black.
    White,
}

/// How large a picture becomes in its box; its aspect is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// As large as the box allows.
    #[default]
    Fit,
    /// A millimetre of the body is a millimetre of the film; refused where the box is too small.
    TrueSize,
}

/// One picture on a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Which picture.
    pub picture: PictureId,
    /// A line below it.
    pub caption: String,
    /// Millimetres of the body from one pixel to the next, right and down; `None` where there is no one scale, as
    /// in a perspective. Pixels that are not square are shown in the body's aspect.
    pub mm_per_pixel: Option<[f64; 2]>,
    /// How large it becomes.
    pub placement: Placement,
    /// Draws a ruler of a round length on it.
    pub scale_bar: bool,
    /// Draws a line around its box (Trim).
    pub trim: bool,
    /// It has left the printer before; [`Sheet::mark_printed`] sets it.
    pub printed: bool,
}

impl Item {
    /// A picture as large as its box allows, with nothing around it.
    #[must_use]
    pub fn new(picture: PictureId) -> Self {
        Self {
            picture,
            caption: String::new(),
            mm_per_pixel: None,
            placement: Placement::Fit,
            scale_bar: false,
            trim: false,
            printed: false,
        }
    }
}

/// A line of text at the left and one at the right edge of a page; `{page}` and `{pages}` become numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// At the left.
    pub left: String,
    /// At the right.
    pub right: String,
}

impl Text {
    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty() && self.right.is_empty()
    }
}

/// A film of one or more pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The film's size.
    pub size: FilmSize,
    /// How it lies.
    pub orientation: FilmOrientation,
    /// Pixels an inch; 300 for printers of text, near 320 for many of film.
    pub dpi: f64,
    /// How each page is divided.
    pub format: DisplayFormat,
    /// From the film's edge to texts and pictures, mm.
    pub margin_mm: f64,
    /// Between boxes, mm.
    pub gap_mm: f64,
    /// Height of a line of text, mm.
    pub text_mm: f64,
    /// What lies under the pictures.
    pub background: Background,
    /// Above the pictures.
    pub header: Text,
    /// Below the pictures.
    pub footer: Text,
    /// What is shown, in order.
    pub items: Vec<Item>,
    /// What is written on pictures that were printed before; empty for the printer, a word for the screen.
    pub printed_mark: String,
}

impl Sheet {
    /// A sheet without items, with the margins and text that suit its size.
    #[must_use]
    pub fn new(size: FilmSize, format: DisplayFormat) -> Self {
        Self {
            size,
            orientation: FilmOrientation::Portrait,
            dpi: 300.0,
            format,
            margin_mm: 6.0,
            gap_mm: 2.0,
            text_mm: 3.5,
            background: Background::Black,
            header: Text::default(),
            footer: Text::default(),
            items: Vec::new(),
            printed_mark: String::new(),
        }
    }

    /// Width and height of a page, mm.
    #[must_use]
    pub fn sides_mm(&self) -> [f64; 2] {
        self.size.sides_mm(self.orientation)
    }

    /// Number of pages; 1 without items.
    ///
    /// # Errors
    ///
    /// [`Error::Format`].
    pub fn page_count(&self) -> Result<usize, Error> {
        Ok(self.items.len().div_ceil(self.format.boxes()?).max(1))
    }

    /// Which items are on page `page`, from 0.
    ///
    /// # Errors
    ///
    /// [`Error::Format`], [`Error::NoPage`].
    pub fn items_of(&self, page: usize) -> Result<Range<usize>, Error> {
        let (boxes, pages) = (self.format.boxes()?, self.page_count()?);
        if page >= pages {
            return Err(Error::NoPage { pages, found: page });
        }
        let first = page * boxes;
        Ok(first..(first + boxes).min(self.items.len()))
    }

    /// Marks the items of page `page` as printed.
    ///
    /// # Errors
    ///
    /// As [`Sheet::items_of`].
    pub fn mark_printed(&mut self, page: usize) -> Result<(), Error> {
        let range = self.items_of(page)?;
        for item in &mut self.items[range] {
            item.printed = true;
        }
        Ok(())
    }

    /// The same sheet with those items only that were not printed, in order.
    #[must_use]
    pub fn unprinted(&self) -> Self {
        let mut sheet = self.clone();
        sheet.items.retain(|item| !item.printed);
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, PictureId, Sheet};
    use crate::film::{DisplayFormat, FilmSize};

    fn sheet(items: u64) -> Sheet {
        let mut sheet = Sheet::new(FilmSize::A4, DisplayFormat::Standard { columns: 2, rows: 3 });
        sheet.items = (0..items).map(|n| Item::new(PictureId(n))).collect();
        sheet
    }

    #[test]
    fn items_fill_pages_in_order() {
        let check = |items, expected: &[[usize; 2]]| {
            let sheet = sheet(items);
            assert_eq!(sheet.page_count().unwrap(), expected.len());
            let found: Vec<_> = (0..expected.len())
                .map(|page| sheet.items_of(page).unwrap())
                .map(|range| [range.start, range.end])
                .collect();
            assert_eq!(found, expected);
            assert!(sheet.items_of(expected.len()).is_err());
        };
        check(0, &[[0, 0]]);
        check(6, &[[0, 6]]);
        check(14, &[[0, 6], [6, 12], [12, 14]]);
    }

    #[test]
    fn what_was_printed_is_known() {
        let mut sheet = sheet(14);
        sheet.mark_printed(1).unwrap();
        let left: Vec<u64> = sheet
            .unprinted()
            .items
            .iter()
            .map(|item| item.picture.0)
            .collect();
        assert_eq!(left, [0, 1, 2, 3, 4, 5, 12, 13]);
        assert!(sheet.mark_printed(3).is_err());
    }
}
