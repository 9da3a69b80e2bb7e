//! TIFF: grey of 8 and 16 bits, colour of 8 bits; pages of one form become frames.

use std::io::Cursor;

use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

use super::picture::{self, Colour, Form};
use super::{Error, Header, Limits, pixels_within, upright, within};

const FORMAT: &str = "TIFF";

pub(super) fn convert(bytes: &[u8], header: &Header, limits: &Limits) -> Result<Vec<u8>, Error> {
    let damaged = |_| Error::Damaged {
        format: FORMAT,
        why: "it cannot be decoded",
    };
    let unsupported = |expected, found: String| Error::Unsupported {
        format: FORMAT,
        expected,
        found,
    };
    let mut most = tiff::decoder::Limits::default();
    most.decoding_buffer_size = usize::try_from(limits.pixel_bytes).unwrap_or(usize::MAX);
    most.intermediate_buffer_size = most.decoding_buffer_size;
    most.ifd_value_size = 16 << 20;
    let mut decoder = Decoder::new(Cursor::new(bytes))
        .map_err(damaged)?
        .with_limits(most);
    let mut first: Option<Form> = None;
    let mut icc = None;
    let mut values = Vec::new();
    let mut pages = 0;
    loop {
        let (form, orientation) = form(&mut decoder, limits)?;
        pages += 1;
        within("pages", limits.pages as u64, pages as u64)?;
        let page_bytes =
            u64::from(form.rows) * u64::from(form.columns) * u64::from(form.samples() * form.bits / 8);
        let all = page_bytes.saturating_mul(pages as u64);
        within("bytes of the pixels", limits.pixel_bytes, all)?;
        let page = match decoder.read_image().map_err(damaged)? {
            DecodingResult::U8(page) => page,
            DecodingResult::U16(page) => page.iter().flat_map(|value| value.to_le_bytes()).collect(),
            _ => return Err(unsupported("whole numbers without sign", "others".to_owned())),
        };
        if page.len() as u64 != page_bytes {
            return Err(unsupported("samples side by side", "planes".to_owned()));
        }
        let (form, page) = upright::turned((form, page), orientation)
            .ok_or_else(|| unsupported("an orientation of 1 to 8", orientation.to_string()))?;
        if *first.get_or_insert(form) != form {
            return Err(unsupported(
                "pages of one size and kind",
                "different ones".to_owned(),
            ));
        }
        values.extend(page);
        if pages == 1 {
            icc = decoder.get_tag_u8_vec(Tag::IccProfile).ok();
        }
        if !decoder.more_images() {
            break;
        }
        decoder.next_image().map_err(damaged)?;
    }
    let form = first.ok_or(Error::Unknown)?;
    picture::native(form, pages, icc.as_deref(), values, header)
}

/// A page's form as it is stored, and how it is to be turned.
fn form(decoder: &mut Decoder<Cursor<&[u8]>>, limits: &Limits) -> Result<(Form, u16), Error> {
    let damaged = |_| Error::Damaged {
        format: FORMAT,
        why: "it cannot be decoded",
    };
    let (columns, rows) = decoder.dimensions().map_err(damaged)?;
    let (colour, bits) = match decoder.colortype().map_err(damaged)? {
        ColorType::Gray(bits @ (8 | 16)) => (Colour::Grey, u16::from(bits)),
        ColorType::RGB(8) => (Colour::Rgb, 8),
        other => {
            return Err(Error::Unsupported {
                format: FORMAT,
                expected: "grey of 8 or 16 bits or RGB of 8",
                found: format!("{other:?}"),
            });
        }
    };
    let samples: u64 = if colour == Colour::Grey { 1 } else { 3 };
    pixels_within(FORMAT, (rows, columns), samples * u64::from(bits / 8), limits)?;
    let orientation = decoder
        .find_tag_unsigned(Tag::Orientation)
        .map_err(damaged)?
        .unwrap_or(1);
    let form = Form {
        rows: rows as u16,
        columns: columns as u16,
        colour,
        bits,
    };
    Ok((form, orientation))
}
