//! Pages as a document.

use std::borrow::Borrow;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Content, Date, Filter, Finish as _, Name, Pdf, Rect, Ref, TextStr};

use crate::film::Error;
use crate::film::encode::{jpeg, refused, samples};
use crate::render::Image;

/// How the pages' pixels are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Coding {
    /// Every pixel as it is (Flate).
    #[default]
    Lossless,
    /// Small.
    Jpeg {
        /// 1 to 100.
        quality: u8,
    },
}

/// When a document was made; the host has the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Year.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// Minutes that local time is ahead of UTC.
    pub utc_offset_min: i16,
}

/// What a document says of itself, and how it keeps its pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// Its title; mind that readers show it in their window.
    pub title: String,
    /// When it was made.
    pub created: Option<Created>,
    /// How pixels are kept.
    pub coding: Coding,
}

/// Objects of a page: itself, its picture, what is drawn.
const OBJECTS_OF_PAGE: usize = 3;
/// Objects before the first page: catalogue, list of pages, information.
const OBJECTS_BEFORE: usize = 3;
/// Most pages of a document.
const MAX_PAGES: usize = 10_000;

/// Gives the bytes of a PDF with each page in its true size on paper, `sides_mm` wide and high.
///
/// Pages are taken one after the other: an iterator that makes them needs memory for one, beside the document's.
///
/// # Errors
///
/// [`Error::NoPages`], [`Error::Film`] for sides that no film has, [`Error::Quality`], [`Error::Picture`] for a page
/// whose bytes do not fit its size.
pub fn pdf<P: Borrow<Image>>(
    pages: impl IntoIterator<Item = P>,
    sides_mm: [f64; 2],
    document: &Document,
) -> Result<Vec<u8>, Error> {
    if !sides_mm.iter().all(|side| (20.0..=1500.0).contains(side)) {
        return Err(Error::Film(sides_mm[0], sides_mm[1]));
    }
    let points = sides_mm.map(|side| (side * 72.0 / 25.4) as f32);
    let [catalog, tree, information] = [1, 2, 3].map(Ref::new);
    let mut pdf = Pdf::new();
    let mut kids = Vec::new();
    for page in pages {
        let first = kids.len() * OBJECTS_OF_PAGE + OBJECTS_BEFORE + 1;
        if kids.len() == MAX_PAGES {
            return Err(refused("pdf", format!("more than {MAX_PAGES} pages")));
        }
        let ids = [0, 1, 2].map(|n| Ref::new((first + n) as i32));
        add(&mut pdf, page.borrow(), points, document.coding, tree, ids)?;
        kids.push(ids[0]);
    }
    if kids.is_empty() {
        return Err(Error::NoPages);
    }
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).count(kids.len() as i32).kids(kids);
    let mut about = pdf.document_info(information);
    about.title(TextStr(&document.title)).producer(TextStr("Uptake"));
    if let Some(created) = document.created {
        about.creation_date(date(created));
    }
    about.finish();
    Ok(pdf.finish())
}

fn add(
    pdf: &mut Pdf,
    image: &Image,
    [width, height]: [f32; 2],
    coding: Coding,
    tree: Ref,
    [page_id, image_id, content_id]: [Ref; 3],
) -> Result<(), Error> {
    const NAME: Name<'_> = Name(b"Page");
    let (samples, gray) = samples(image)?;
    let (filter, bytes) = match coding {
        Coding::Lossless => (Filter::FlateDecode, deflated(&samples)?),
        Coding::Jpeg { quality } => (Filter::DctDecode, jpeg(image, quality, None)?),
    };
    let mut object = pdf.image_xobject(image_id, &bytes);
    object.filter(filter);
    object
        .width(image.width as i32)
        .height(image.height as i32)
        .bits_per_component(8);
    if gray {
        object.color_space().device_gray();
    } else {
        object.color_space().device_rgb();
    }
    object.finish();
    let mut page = pdf.page(page_id);
    page.media_box(Rect::new(0.0, 0.0, width, height))
        .parent(tree)
        .contents(content_id);
    page.resources().x_objects().pair(NAME, image_id);
    page.finish();
    let mut content = Content::new();
    content
        .save_state()
        .transform([width, 0.0, 0.0, height, 0.0, 0.0])
        .x_object(NAME)
        .restore_state();
    pdf.stream(content_id, &content.finish());
    Ok(())
}

fn deflated(samples: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(samples)
        .and_then(|()| encoder.finish())
        .map_err(|error| refused("pdf", error))
}

fn date(created: Created) -> Date {
    let offset = created.utc_offset_min;
    Date::new(created.year)
        .month(created.month)
        .day(created.day)
        .hour(created.hour)
        .minute(created.minute)
        .second(created.second)
        .utc_offset_hour((offset / 60).clamp(-23, 23) as i8)
        .utc_offset_minute((offset % 60).unsigned_abs() as u8)
}

#[cfg(test)]
mod tests {
    use super::{Coding, Document, pdf};
    use crate::film::Error;
    use crate::render::Image;

    fn page() -> Image {
        Image {
            width: 20,
            height: 30,
            rgba: vec![99; 20 * 30 * 4],
        }
    }

    #[test]
    fn a_document_has_its_pages_in_points() {
        let bytes = pdf([page(), page()], [254.0, 127.0], &Document::default()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(text.matches("/MediaBox [0 0 720 360]").count(), 2);
        assert!(text.contains("/Count 2") && text.ends_with("%%EOF"), "{text}");
        assert_eq!(text.matches("/DeviceGray").count(), 2);
    }

    #[test]
    fn documents_that_are_none_are_refused() {
        let refused = |pages: &[Image], sides, coding| {
            let document = Document {
                coding,
                ..Document::default()
            };
            pdf(pages, sides, &document).unwrap_err()
        };
        let lossless = Coding::Lossless;
        assert_eq!(refused(&[], [100.0; 2], lossless), Error::NoPages);
        assert!(matches!(
            refused(&[page()], [f64::NAN, 100.0], lossless),
            Error::Film(..)
        ));
        let zero = Coding::Jpeg { quality: 0 };
        assert_eq!(refused(&[page()], [100.0; 2], zero), Error::Quality(0));
        let short = Image { width: 21, ..page() };
        assert!(matches!(
            refused(&[short], [100.0; 2], lossless),
            Error::Picture { .. }
        ));
    }
}
