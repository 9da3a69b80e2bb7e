//! Pictures made anew: decoded under limits, turned upright, cut to size and written again, so that nothing of what was sent
//! beside its pixels (places, serial numbers, scripts, a second file behind the first) stays.

use std::io::Cursor;
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage, Rgba, RgbaImage,
};
use tokio::sync::Semaphore;

use crate::web::Wrong;
use crate::{Error, Result};

/// Pixels at most: what the cameras of phones give.
const MAX_PIXELS: u64 = 50_000_000;
/// Pixels of a side at most.
const MAX_SIDE: u32 = 16_000;
/// Bytes that a decoder may hold.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;
/// Pictures that are made at a time.
const AT_A_TIME: usize = 2;
const QUALITY: u8 = 85;

/// Pixels of a side of a person's picture.
const AVATAR: u32 = 256;
/// Width and height of a logo at most.
const LOGO: (u32, u32) = (640, 240);
/// Width and height of a signature at most.
const SIGNATURE: (u32, u32) = (900, 300);
/// The long side of a document at most, in pixels.
const DOCUMENT: u32 = 2000;

/// What a picture is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A square of 256 pixels, cut from the middle.
    Avatar,
    /// At most 640 by 240 pixels, transparent where it was.
    Logo,
    /// Ink on nothing, trimmed, at most 900 by 300 pixels.
    Signature,
    /// A long side of at most 2000 pixels.
    Document,
}

/// A picture as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Makes pictures, a few at a time; clones share the turns.
#[derive(Debug, Clone)]
pub struct Pictures(Arc<Semaphore>);

impl Default for Pictures {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }
}

impl Pictures {
    /// Makes a picture of what was sent.
    ///
    /// # Errors
    ///
    /// The server's; what is wrong with the picture is the inner one.
    pub async fn make(&self, bytes: Vec<u8>, shape: Shape) -> Result<Result<Made, Wrong>> {
        self.work(move || make(&bytes, shape)).await
    }

    /// Does work on pictures when it is its turn, on a thread that may be busy.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`].
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let turn = turn.map_err(|_| Error::internal("no more pictures are made"))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await
            .map_err(|_| Error::internal("a picture could not be made"))
    }
}

fn make(bytes: &[u8], shape: Shape) -> Result<Made, Wrong> {
    let picture = decode(bytes)?;
    match shape {
        Shape::Avatar => {
            let square = picture.resize_to_fill(AVATAR, AVATAR, FilterType::CatmullRom);
            jpeg(&on_white(&square.into_rgba8()))
        }
        Shape::Logo => png(&fitting(picture, LOGO).into_rgba8()),
        Shape::Signature => png(&signature(picture)?),
        Shape::Document => {
            let fitted = fitting(picture, (DOCUMENT, DOCUMENT));
            jpeg(&on_white(&fitted.into_rgba8()))
        }
    }
}

/// Reads PNG or JPEG, whichever the bytes are, whatever they are called.
///
/// # Errors
///
/// What is wrong with it.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, Wrong> {
    let format = match bytes {
        [0x89, b'P', b'N', b'G', ..] => ImageFormat::Png,
        [0xFF, 0xD8, 0xFF, ..] => ImageFormat::Jpeg,
        _ => return Err(Wrong::new("wrong-file-kind")),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| wrong(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_MEMORY {
        return Err(too_many());
    }
    let orientation = decoder.orientation();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| wrong(&error))?;
    if let Ok(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(picture)
}

fn wrong(error: &image::ImageError) -> Wrong {
    match error {
        image::ImageError::Limits(_) => too_many(),
        _ => Wrong::new("wrong-file-damaged"),
    }
}

fn too_many() -> Wrong {
    Wrong::new("wrong-file-pixels").with("longest", MAX_PIXELS as usize / 1_000_000)
}

/// Within a box, never larger than it was.
fn fitting(picture: DynamicImage, (width, height): (u32, u32)) -> DynamicImage {
    if picture.width() <= width && picture.height() <= height {
        return picture;
    }
    picture.resize(width, height, FilterType::CatmullRom)
}

fn on_white(picture: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let Rgba([red, green, blue, alpha]) = *picture.get_pixel(x, y);
        let over =
            |value: u8| ((u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha))) / 255) as u8;
        Rgb([over(red), over(green), over(blue)])
    })
}

/// Writes a JPEG.
///
/// # Errors
///
/// Where it cannot be written.
pub fn jpeg(picture: &RgbImage) -> Result<Made, Wrong> {
    let mut content = Vec::new();
    let written = JpegEncoder::new_with_quality(&mut content, QUALITY).encode_image(picture);
    written.map_err(|error| wrong(&error))?;
    Ok(Made {
        media_type: "image/jpeg",
        content,
    })
}

fn png(picture: &RgbaImage) -> Result<Made, Wrong> {
    let mut content = Vec::new();
    picture
        .write_with_encoder(PngEncoder::new(&mut content))
        .map_err(|error| wrong(&error))?;
    Ok(Made {
        media_type: "image/png",
        content,
    })
}

/// Ink on nothing: of a drawing what is not transparent, of a photograph what is darker than the paper around it.
fn signature(picture: DynamicImage) -> Result<RgbaImage, Wrong> {
    // Twice the size that is kept: enough for the edges of ink.
    let picture = fitting(picture, (2 * SIGNATURE.0, 2 * SIGNATURE.0)).into_rgba8();
    let is_drawn = picture.pixels().any(|pixel| pixel.0[3] < 128);
    let ink = if is_drawn { picture } else { ink_on_paper(&picture) };
    let trimmed = trimmed(&ink).ok_or_else(|| Wrong::new("wrong-signature-empty"))?;
    Ok(fitting(trimmed.into(), SIGNATURE).into_rgba8())
}

/// How much darker than the paper ink is, of 255.
const INK: f32 = 40.0;
/// Where it is as dark as ink gets.
const FULL: f32 = 110.0;

/// Takes the paper away. What paper is like is told place by place, as light falls unevenly on a photograph: it is the
/// lightest around.
fn ink_on_paper(picture: &RgbaImage) -> RgbaImage {
    const TILE: u32 = 48;
    let light = |pixel: &Rgba<u8>| {
        let [red, green, blue, _] = pixel.0.map(f32::from);
        0.299 * red + 0.587 * green + 0.114 * blue
    };
    let (across, down) = (picture.width().div_ceil(TILE), picture.height().div_ceil(TILE));
    let paper = image::ImageBuffer::<image::Luma<f32>, Vec<f32>>::from_fn(across, down, |tile_x, tile_y| {
        let mut lights: Vec<f32> = Vec::new();
        for y in (tile_y * TILE..((tile_y + 1) * TILE).min(picture.height())).step_by(2) {
            for x in (tile_x * TILE..((tile_x + 1) * TILE).min(picture.width())).step_by(2) {
                lights.push(light(picture.get_pixel(x, y)));
            }
        }
        lights.sort_by(f32::total_cmp);
        // Within 0 and 1, which resizing keeps to.
        image::Luma([lights[lights.len() * 9 / 10] / 255.0])
    });
    let paper = imageops::resize(&paper, picture.width(), picture.height(), FilterType::Triangle);
    RgbaImage::from_fn(picture.width(), picture.height(), |x, y| {
        let pixel = picture.get_pixel(x, y);
        let darker = paper.get_pixel(x, y).0[0] * 255.0 - light(pixel);
        let part = ((darker - INK) / (FULL - INK)).clamp(0.0, 1.0);
        let [red, green, blue, _] = pixel.0;
        Rgba([red, green, blue, (part * 255.0) as u8])
    })
}

/// Without the empty edges; `None` where there is nothing else.
fn trimmed(ink: &RgbaImage) -> Option<RgbaImage> {
    let seen = |&(_, _, pixel): &(u32, u32, &Rgba<u8>)| pixel.0[3] > 64;
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    let mut count = 0_u32;
    for (x, y, _) in ink.enumerate_pixels().filter(seen) {
        (left, top) = (left.min(x), top.min(y));
        (right, bottom) = (right.max(x), bottom.max(y));
        count += 1;
    }
    // A speck of dust is no signature.
    if count < 30 || right - left < 8 {
        return None;
    }
    let edge = 2;
    let (left, top) = (left.saturating_sub(edge), top.saturating_sub(edge));
    let right = (right + edge).min(ink.width() - 1);
    let bottom = (bottom + edge).min(ink.height() - 1);
    Some(imageops::crop_imm(ink, left, top, right - left + 1, bottom - top + 1).to_image())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn png_of(picture: DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        bytes
    }

    /// A photograph of a stroke on paper that is lit from the left.
    fn photograph() -> DynamicImage {
        RgbImage::from_fn(1200, 900, |x, y| {
            let paper = 230 - (x / 12) as u8;
            let is_ink = (300..900).contains(&x) && (440..455).contains(&y);
            if is_ink {
                Rgb([20, 20, 60])
            } else {
                Rgb([paper, paper, paper])
            }
        })
        .into()
    }

    fn check(bytes: &[u8], shape: Shape, expected: Result<(&str, u32, u32), &'static str>) {
        match (make(bytes, shape), expected) {
            (Ok(made), Ok((media_type, width, height))) => {
                let read = decode(&made.content).unwrap();
                assert_eq!(
                    (made.media_type, read.width(), read.height()),
                    (media_type, width, height)
                );
            }
            (Err(wrong), Err(key)) => assert_eq!(format!("{wrong:?}").split('"').nth(1), Some(key)),
            (found, expected) => panic!(
                "expected {expected:?}, found {:?}",
                found.map(|made| made.media_type)
            ),
        }
    }

    #[test]
    fn each_shape_has_its_size() {
        let wide = png_of(RgbImage::from_pixel(4000, 1000, Rgb([9, 90, 200])).into());
        check(&wide, Shape::Avatar, Ok(("image/jpeg", 256, 256)));
        check(&wide, Shape::Logo, Ok(("image/png", 640, 160)));
        check(&wide, Shape::Document, Ok(("image/jpeg", 2000, 500)));
        let small = png_of(RgbImage::from_pixel(40, 30, Rgb([9, 90, 200])).into());
        check(&small, Shape::Document, Ok(("image/jpeg", 40, 30)));
        check(&small, Shape::Avatar, Ok(("image/jpeg", 256, 256)));
    }

    #[test]
    fn what_is_no_picture_is_told_apart_from_what_is_a_damaged_one() {
        let whole = png_of(photograph());
        let mut no_photo = jpeg(&photograph().into_rgb8()).unwrap().content;
        no_photo.truncate(300);
        let cases: [(&[u8], &str); 9] = [
            (b"", "wrong-file-kind"),
            (
                b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
                "wrong-file-kind",
            ),
            (b"<html><script>alert(1)</script></html>", "wrong-file-kind"),
            (b"GIF89a\x01\x00\x01\x00", "wrong-file-kind"),
            (b"%PDF-1.7", "wrong-file-kind"),
            (
                b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
                "wrong-file-damaged",
            ),
            (&whole[..whole.len() / 2], "wrong-file-damaged"),
            (&no_photo, "wrong-file-damaged"),
            (b"\xFF\xD8\xFF\xE0", "wrong-file-damaged"),
        ];
        for (bytes, key) in cases {
            for shape in [Shape::Avatar, Shape::Logo, Shape::Signature, Shape::Document] {
                check(bytes, shape, Err(key));
            }
        }
    }

    /// A PNG that says it is of a size, of one colour: a few bytes that would be gigabytes.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().unwrap();
        writer
            .write_chunk(png::chunk::IDAT, b"\x78\x9c\x63\x00\x00\x00\x01\x00\x01")
            .unwrap();
        drop(writer);
        bytes
    }

    #[test]
    fn a_few_bytes_that_would_be_gigabytes_are_refused_before_they_are() {
        for (width, height) in [
            (15_000, 15_000),
            (60_000, 60_000),
            (16_001, 10),
            (10, u32::MAX / 8),
        ] {
            let bytes = bomb(width, height);
            assert!(bytes.len() < 200);
            check(&bytes, Shape::Avatar, Err("wrong-file-pixels"));
        }
    }

    #[test]
    fn nothing_stays_of_what_was_sent_beside_the_pixels() {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 20, 20);
        encoder.set_color(png::ColorType::Rgb);
        encoder
            .add_text_chunk("Comment".to_owned(), "CANARY".to_owned())
            .unwrap();
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&[200; 1200])
            .unwrap();
        bytes.extend_from_slice(b"PK\x03\x04CANARY<script>alert(1)</script>");
        for shape in [Shape::Avatar, Shape::Logo, Shape::Document] {
            let made = make(&bytes, shape).unwrap();
            assert!(
                !made.content.windows(6).any(|part| part == b"CANARY"),
                "{shape:?}"
            );
        }
    }

    #[test]
    fn a_photograph_that_was_taken_sideways_stands_upright() {
        let mut bytes = jpeg(&RgbImage::from_pixel(60, 20, Rgb([200, 0, 0])))
            .unwrap()
            .content;
        // An Exif segment that says: turn by 90 degrees (orientation 6).
        let exif =
            b"\xFF\xE1\x00\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        bytes.splice(2..2, exif.iter().copied());
        check(&bytes, Shape::Document, Ok(("image/jpeg", 20, 60)));
    }

    #[test]
    fn a_signature_is_ink_on_nothing_trimmed() {
        let made = make(&png_of(photograph()), Shape::Signature).unwrap();
        let read = decode(&made.content).unwrap();
        assert!(read.width() <= 900 && read.height() <= 300);
        // 600 by 15 pixels with two around.
        assert_eq!((read.width(), read.height()), (604, 19));
        let read = read.into_rgba8();
        assert_eq!(read.get_pixel(0, 0).0[3], 0);
        assert_eq!(read.get_pixel(300, 9).0[3], 255);
        // Drawn on a phone: transparent already.
        let drawn = RgbaImage::from_fn(400, 200, |x, y| Rgba([0, 0, 0, if x / 2 == y { 255 } else { 0 }]));
        let read = decode(&make(&png_of(drawn.into()), Shape::Signature).unwrap().content).unwrap();
        assert_eq!((read.width(), read.height()), (400, 200));
        for empty in [
            DynamicImage::from(RgbaImage::new(300, 100)),
            RgbImage::from_pixel(300, 100, Rgb([255, 255, 255])).into(),
            RgbImage::from_pixel(300, 100, Rgb([0, 0, 0])).into(),
        ] {
            check(&png_of(empty), Shape::Signature, Err("wrong-signature-empty"));
        }
    }
}
